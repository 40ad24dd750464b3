"""JSON-RPC over lines: requests and their answers, in both directions.

Knows the envelope of the live protocol (no ``jsonrpc`` field, one object to a line) and none of
its methods. Garbage, answers to nobody and late ones are logged, never raised. Used on one loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, NoReturn

import pydantic_core

from codex_notebook.errors import AppServerError, CodexError

log = logging.getLogger(__name__)

Json = Any
RequestId = int | str

# The server answers each request at once; what takes long comes as notifications.
ANSWER_TIMEOUT = 30.0

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INTERNAL_ERROR = -32603

# Made once: `dict | None` where it is asked for would be made anew for each message.
_PARAMS = (dict, type(None))

# A line of noise can be megabytes long; the log quotes only its beginning.
_QUOTED = 200


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


@contextlib.contextmanager
def understood(method: str) -> Iterator[None]:
    """Make an error of ours of an answer to ``method`` that is read here and has another shape.

    Raises
    ------
    AppServerError
        If it has.
    """
    try:
        yield
    except (TypeError, ValueError, AttributeError, LookupError) as fault:
        raise AppServerError(
            f"The Codex CLI has answered {method} with what this package does not understand; one "
            "of the two may be too old for the other.",
            method=method,
        ) from fault


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
        self, method: str, params: Mapping[str, Json], timeout: float | None = None
    ) -> Json:
        """Send a request and return its result.

        Parameters
        ----------
        method : str
            Such as ``thread/start``.
        params : mapping
            What goes with it.
        timeout : float, optional
            For how many seconds to wait for the answer; by default `ANSWER_TIMEOUT`.

        Raises
        ------
        AppServerError
            If it is refused, or not answered in time, or nothing that JSON can say.
        CodexError
            If the connection is closed, or closes meanwhile: the error that it was closed with.
        """
        if self._closed is not None:
            raise self._closed.with_traceback(None)
        number = next(self._numbers)
        timeout = ANSWER_TIMEOUT if timeout is None else timeout
        try:
            line = _line({"id": number, "method": method, "params": params})
        except (TypeError, ValueError) as fault:
            raise AppServerError(
                f"What {method} was to be told cannot be said in JSON: {fault}.", method=method
            ) from None
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(line)
            reply = await asyncio.wait_for(answer, timeout)
        except asyncio.TimeoutError:
            raise AppServerError(
                f"The Codex CLI has not answered {method} within {timeout:g} s. It may hang: end "
                "it by `await codex.close()`; the next turn starts it anew.",
                method=method,
            ) from None
        finally:
            del self._waiting[number]
        if reply.get("error") is not None:
            _refused(method, reply["error"])
        return reply.get("result")

    def notify(self, method: str) -> None:
        """Send a notification."""
        self._send(_line({"method": method}))

    def receive(self, line: bytes) -> None:
        """Take a line of the other end; never raises, whatever it holds."""
        try:
            message = pydantic_core.from_json(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            if line.strip():
                log.warning("The server printed a line that is no message: %r", line[:_QUOTED])
            return
        method = message.get("method")
        if method is None:
            self._answered(message)
            return
        params = message.get("params")
        if not isinstance(method, str) or not isinstance(params, _PARAMS):
            log.warning("The server sent a message of an unknown shape: %r", line[:_QUOTED])
            if "id" in message:
                # Else it would wait for ever.
                words = "The client does not know messages of this shape"
                self._send(_refusal(message["id"], INVALID_REQUEST, words))
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
        # Not `isinstance`: true is a number to Python.
        answer = self._waiting.get(number) if type(number) is int else None
        if answer is None or answer.done():
            # It came too late, or twice, or to nobody.
            log.warning("The server answered a request that nobody waits for: %.200r", number)
        else:
            answer.set_result(message)

    async def _answer(self, method: str, params: Mapping[str, Json], number: RequestId) -> None:
        try:
            reply = _line({"id": number, "result": await self._asked(method, params, number)})
        except RefusedError as refusal:
            reply = _refusal(number, refusal.code, str(refusal))
        except Exception as fault:
            log.exception("A request of the server could not be answered")
            reply = _refusal(number, INTERNAL_ERROR, f"{type(fault).__name__} in the client")
        if self._closed is None:
            self._send(reply)


def _line(message: Mapping[str, Json]) -> bytes:
    # The server does not read NaN, nor answer a line that it cannot read. And a lone surrogate has
    # no UTF-8, and as an escape is one more thing that it does not read.
    text = json.dumps(message, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"


def _refusal(number: RequestId, code: int, message: str) -> bytes:
    return _line({"id": number, "error": {"code": code, "message": message}})


def _refused(method: str, error: object) -> NoReturn:
    told = error if isinstance(error, dict) else {"message": str(error)}
    code = told.get("code")
    raise AppServerError(
        str(told.get("message") or "The server gave no reason."),
        method=method,
        code=code if isinstance(code, int) else None,
        data=told.get("data"),
    )
