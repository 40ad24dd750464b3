"""JSON-RPC over lines: requests and their answers, in both directions.

Knows the envelope of the live protocol (no ``jsonrpc`` field, one object to a line) and none of
its methods. Garbage, answers to nobody and late ones are logged, never raised. Used on one loop.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NoReturn

import pydantic_core

from codex_notebook.errors import AppServerError, CodexError

log = logging.getLogger(__name__)

Json = Any
RequestId = int | str

# The server answers each request at once; what takes long comes as notifications.
ANSWER_TIMEOUT = 30.0

METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603


class RefusedError(Exception):
    """We do not do what the server asks; answered as a JSON-RPC error.

    Parameters
    ----------
    message : str
        Why.
    code : int
        JSON-RPC's number for that.
    """

    def __init__(self, message: str, code: int = METHOD_NOT_FOUND) -> None:
        super().__init__(message)
        self.code = code


class Connection:
    """One end of a conversation of requests, answers and notifications.

    Parameters
    ----------
    send : callable
        Takes a line to the other end, without waiting.
    notified : callable
        Is called with the method and the parameters of each notification.
    asked : callable
        Is awaited with the method, the parameters and the id of each request of the other end;
        returns the answer or raises `RefusedError`.
    """

    def __init__(
        self,
        send: Callable[[bytes], object],
        notified: Callable[[str, Mapping[str, Json]], object],
        asked: Callable[[str, Mapping[str, Json], RequestId], Coroutine[Any, Any, Json]],
    ) -> None:
        self._send = send
        self._notified = notified
        self._asked = asked
        self._numbers = itertools.count(1)
        self._waiting: dict[RequestId, asyncio.Future[Json]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._closed: CodexError | None = None

    async def request(
        self, method: str, params: Mapping[str, Json], timeout: float = ANSWER_TIMEOUT
    ) -> Json:
        """Send a request and return its result.

        Parameters
        ----------
        method : str
            Such as ``thread/start``.
        params : mapping
            What goes with it.
        timeout : float
            For how many seconds to wait for the answer.

        Raises
        ------
        AppServerError
            If it is refused, or not answered in time.
        CodexError
            If the connection is closed, or closes meanwhile: the error that it was closed with.
        """
        if self._closed is not None:
            raise self._closed.with_traceback(None)
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._write({"id": number, "method": method, "params": params})
            reply = await asyncio.wait_for(answer, timeout)
        except asyncio.TimeoutError:
            raise AppServerError(
                f"The Codex CLI has not answered {method} within {timeout:g} s. It may hang: end "
                "it by `await codex.close()`; the next turn starts it anew.",
                method=method,
            ) from None
        finally:
            del self._waiting[number]
        if "error" in reply:
            _refused(method, reply["error"])
        return reply.get("result")

    def notify(self, method: str) -> None:
        """Send a notification."""
        self._write({"method": method})

    def receive(self, line: bytes) -> None:
        """Take a line of the other end; never raises, whatever it holds."""
        try:
            message = pydantic_core.from_json(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            if line.strip():
                log.warning("The server printed a line that is no message: %.200r", line)
            return
        method = message.get("method")
        if method is None:
            self._answered(message)
            return
        params = message.get("params")
        if not isinstance(method, str) or not isinstance(params, dict | None):
            log.warning("The server sent a message of an unknown shape: %.200r", line)
        elif "id" not in message:
            self._notified(method, params or {})
        else:
            task = asyncio.create_task(self._answer(method, params or {}, message["id"]))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    def close(self, error: CodexError) -> None:
        """Let everybody who waits for an answer get an error, and whoever asks from now on."""
        self._closed = error
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)
        for task in self._answering:
            task.cancel()

    def _answered(self, message: dict[str, Json]) -> None:
        number = message.get("id")
        answer = self._waiting.get(number) if isinstance(number, int | str) else None
        if answer is None or answer.done():
            # It came too late, or twice, or to nobody.
            log.warning("The server answered a request that nobody waits for: %.200r", message)
        else:
            answer.set_result(message)

    async def _answer(self, method: str, params: Mapping[str, Json], number: RequestId) -> None:
        reply: dict[str, Json] = {"id": number}
        try:
            reply["result"] = await self._asked(method, params, number)
        except RefusedError as refusal:
            reply["error"] = {"code": refusal.code, "message": str(refusal)}
        except Exception as fault:
            log.exception("A request of the server could not be answered")
            message = f"{type(fault).__name__} in the client"
            reply["error"] = {"code": INTERNAL_ERROR, "message": message}
        if self._closed is None:
            self._write(reply)

    def _write(self, message: Mapping[str, Json]) -> None:
        # A lone surrogate has no UTF-8, and as an escape the server would not read the line.
        text = json.dumps(message, ensure_ascii=False)
        self._send(text.encode("utf-8", "replace") + b"\n")


def _refused(method: str, error: object) -> NoReturn:
    told = error if isinstance(error, dict) else {"message": str(error)}
    code = told.get("code")
    raise AppServerError(
        str(told.get("message") or "The server gave no reason."),
        method=method,
        code=code if isinstance(code, int) else None,
        data=told.get("data"),
    )
