"""The scripted model on an asyncio loop: connections in, answers out.

Joins the pure files (which answer, told how) to the wire (HTTP). It never connects to anywhere,
and knows nothing of threads but that `release` and `stop` come from others.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any

from codex_notebook.offline.answer import answer
from codex_notebook.offline.conversation import Conversation, read_conversation
from codex_notebook.offline.record import Journal, RecordedRequest
from codex_notebook.offline.responses import Event, failed, respond
from codex_notebook.offline.scenario import Scenario
from codex_notebook.offline.steps import Fail, HttpError, Pause, Until
from codex_notebook.offline.wire import Exchange, Request

# A test that forgot to release a pause must fail with a reason, well before its own time is up.
RELEASE_BOUND = 60.0
# The CLI describes the workspace in a header.
_HEAD_LIMIT = 1024 * 1024


class ModelService:
    """Answers requests from a scenario.

    Parameters
    ----------
    scenario : Scenario
        What to answer.
    repeat : bool
        Whether a conversation that has used up the scenario starts over.
    model : str
        The one model there is, for ``/v1/models``.

    Attributes
    ----------
    requests, others : Journal
        What was asked of the model, and everything else.
    """

    def __init__(self, scenario: Scenario, *, repeat: bool, model: str) -> None:
        self._scenario = scenario
        self._repeat = repeat
        self._model = model
        self.requests = Journal()
        self.others = Journal()
        # asyncio itself holds tasks weakly.
        self._connections: set[asyncio.Task[None]] = set()
        self._gates = {name: asyncio.Event() for name in scenario.names}
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, host: str, port: int, started: Future[int]) -> None:
        """Serve until `stop`, and tell `started` the port."""
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._accept, host, port, limit=_HEAD_LIMIT)
        started.set_result(server.sockets[0].getsockname()[1])
        await self._stopped.wait()
        # The connections are tasks of this loop; asyncio.run cancels and awaits them.
        server.close()

    def stop(self) -> None:
        """Let `run` end; from any thread."""
        self._signal(self._stopped.set)

    def release(self, name: str) -> None:
        """Let all pauses end that wait for `name`, now and later; from any thread."""
        self._signal(self._gates[name].set)

    def _signal(self, act: Callable[[], None]) -> None:
        if self._loop is None:
            act()
        else:
            # After the end there is nothing left to signal to.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(act)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: of those that start_server makes, Python 3.11 reports each one that is
        # cancelled at the end on stderr (https://github.com/python/cpython/issues/113538).
        task = asyncio.ensure_future(self._connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(Exchange(reader, writer))
            writer.close()
            await writer.wait_closed()
        except (OSError, asyncio.IncompleteReadError):
            # The client is gone, as a stopped CLI goes: there is nobody to tell.
            pass
        finally:
            writer.transport.abort()

    async def _converse(self, exchange: Exchange) -> None:
        try:
            request = await exchange.read()
        except ValueError as error:
            await exchange.reply(HTTPStatus.BAD_REQUEST, _error(f"No HTTP request: {error}."))
            return
        # A client that leaves ends its answer at once, pauses and all.
        race = [
            asyncio.ensure_future(self._reply(exchange, request)),
            asyncio.ensure_future(exchange.disconnected()),
        ]
        try:
            done, _ = await asyncio.wait(race, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in race:
                task.cancel()
            await asyncio.gather(*race, return_exceptions=True)

    async def _reply(self, exchange: Exchange, request: Request) -> None:
        body = _object(request.content)
        conversation = read_conversation(body)
        recorded = RecordedRequest(
            method=request.method,
            path=request.path,
            user_message=conversation.prompt,
            model=str(body.get("model", "")),
            at=time.time(),
            body=body,
            headers=request.headers,
        )
        route = (request.method, request.path)
        if route == ("POST", "/v1/responses") and body:
            self.requests.add(recorded)
            await self._answer(exchange, conversation, recorded.model)
            return
        self.others.add(recorded)
        if route == ("GET", "/v1/models"):
            await exchange.reply(HTTPStatus.OK, _models(self._model))
        elif "upgrade" in request.headers:
            # The CLI tries WebSockets first where the provider is not ours (openai_base_url);
            # this status makes it turn to HTTP at once, where any other makes it try again.
            await exchange.reply(HTTPStatus.UPGRADE_REQUIRED, _error("Only HTTP is served here."))
        elif route == ("POST", "/v1/responses"):
            await exchange.reply(HTTPStatus.BAD_REQUEST, _error("The body is no JSON object."))
        else:
            message = f"The scripted model serves no {request.method} {request.path}."
            await exchange.reply(HTTPStatus.NOT_FOUND, _error(message))

    async def _answer(self, exchange: Exchange, conversation: Conversation, model: str) -> None:
        chosen = answer(self._scenario, conversation, repeat=self._repeat)
        ident = uuid.uuid4().hex
        for beat in respond(chosen.steps, ident=ident, model=model, usage=chosen.usage):
            match beat:
                case Pause():
                    await exchange.flush()
                    await asyncio.sleep(beat.seconds)
                case Until():
                    await exchange.flush()
                    if not await self._released(beat.name):
                        message = f"Nobody released the pause {beat.name!r} in {RELEASE_BOUND:g} s."
                        await exchange.event(failed(Fail(message), ident=ident))
                        break
                case HttpError():
                    await exchange.reply(beat.status, _error(beat.message))
                    return
                case _:
                    await exchange.event(beat)
        await exchange.flush()

    async def _released(self, name: str) -> bool:
        try:
            await asyncio.wait_for(self._gates[name].wait(), RELEASE_BOUND)
        except asyncio.TimeoutError:
            return False
        return True


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _error(message: str) -> Event:
    return {"error": {"type": "scripted_error", "code": None, "param": None, "message": message}}


def _models(model: str) -> Event:
    # `models` is the shape in which the CLI keeps its own catalogue, where an empty list adds
    # nothing to what it knows; `data` is the public API's.
    listed = {"id": model, "object": "model", "created": 0, "owned_by": "codex-notebook"}
    return {"object": "list", "data": [listed], "models": []}
