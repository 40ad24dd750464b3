"""A running ``codex app-server``: its process, the handshake, and who hears what it says.

One serves all threads of a client. Knows the protocol's envelope and which thread a message is
about; not what turns make of it (see ``live_turn``), nor when to start another (see ``live``).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, Protocol

from codex_notebook.client.binary import HOW_TO_GET_IT, Binary, cli_version
from codex_notebook.client.connection import Connection, RefusedError, RequestId
from codex_notebook.client.failure import Death
from codex_notebook.client.launch import DEATH_GRACE, NotStartedError, launch, see_off
from codex_notebook.client.loop import in_thread
from codex_notebook.client.process import CliProcess
from codex_notebook.client.secrets import Environment, Redactor
from codex_notebook.core.plain import clean
from codex_notebook.errors import AppServerError, CodexError, CodexVersionError

log = logging.getLogger(__name__)

Json = Any
Params = Mapping[str, Json]

# The CLI is ready in 0.15 s; a busy machine, or a first start after an update, needs more.
START_TIMEOUT = 30.0
# What it has not read by then it will not read: it hangs, and what is written would pile up.
MAX_UNREAD = 256 * 1024 * 1024
# What is said of a thread before anybody listens to it, while it is being opened.
_EARLY = 100
_NAME = "codex_notebook"
# What is said often and is of no use here.
_UNHEARD = ("thread/status/changed", "thread/readState/changed", "remoteControl/status/changed")
# What is said of no thread and concerns the turns of all of them.
_FOR_ALL = ("account/rateLimits/updated", "deprecationNotice", "warning")
# How the CLI's own words say that it does not know a method.
_UNKNOWN_METHOD = re.compile(r"unknown variant|method not found", re.I)


class Watcher(Protocol):
    """Who hears what the server says of a thread."""

    def notified(self, method: str, params: Params, at: float) -> None:
        """Take a notification."""
        ...

    async def asked(self, method: str, params: Params, request_id: RequestId) -> Json:
        """Return the answer to a request of the server.

        Raises
        ------
        RefusedError
            If it is none that is known.
        """
        ...

    def died(self, error: CodexError) -> None:
        """Take note that the server has gone."""
        ...


class AppServer:
    """A server process. Made by `start`.

    Attributes
    ----------
    opened : dict
        The threads that it has opened, and the parameters with which it did; ours to keep.
    death : Death or None
        How the process ended, once it has.
    lacking : set of str
        Methods that it does not know.
    """

    def __init__(self, process: CliProcess, redact: Redactor) -> None:
        assert process.input is not None
        self.opened: dict[str, Params] = {}
        self.death: Death | None = None
        self.lacking: set[str] = set()
        self.user_agent = ""
        self._process = process
        self._input = process.input
        self._redact = redact
        self._connection = Connection(self._write, self._notified, self._asked)
        self._watchers: dict[str, Watcher] = {}
        self._listeners: list[Callable[[str, Params], None]] = []
        # Sub-agents have threads of their own; what they ask, the turn above them answers.
        self._parents: dict[str, str] = {}
        self._early: deque[tuple[str, str, Params, float]] = deque(maxlen=_EARLY)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, binary: Binary, arguments: Sequence[str], *, env: Environment, redact: Redactor
    ) -> AppServer:
        """Start the server and shake hands with it.

        Parameters
        ----------
        binary : Binary
            The CLI.
        arguments : sequence of str
            What it is told behind ``app-server``.
        env : Environment
            Its environment.
        redact : Redactor
            Takes the key out of what it says.

        Raises
        ------
        CodexVersionError
            If the CLI is too old to have one.
        AppServerError
            If it cannot be started.
        """
        try:
            process = launch(binary, ["app-server", *arguments], env=env, cwd=None, stdin=None)
        except NotStartedError as error:
            raise _not_started(Death(None, str(error))) from None
        assert process.input is not None
        server = cls(process, redact)
        try:
            await process.input.open()
            ours = version("codex-notebook")
            client = {"name": _NAME, "title": "Codex Notebook", "version": ours}
            abilities = {
                # Tools, context and the ending of commands are experimental in the protocol.
                "experimentalApi": True,
                "requestAttestation": False,
                "optOutNotificationMethods": list(_UNHEARD),
            }
            hello = await server.request(
                "initialize", {"clientInfo": client, "capabilities": abilities}, START_TIMEOUT
            )
            server.user_agent = str((hello or {}).get("userAgent") or "")
            server._connection.notify("initialized")
        except BaseException as error:
            server.end()
            await server.ended()
            if isinstance(error, CodexError) and server.death is not None:
                raise await _start_error(error, server.death, binary) from None
            raise
        return server

    @property
    def alive(self) -> bool:
        """Whether it still takes requests."""
        return self.death is None and not self._reading.done()

    async def request(self, method: str, params: Params, timeout: float | None = None) -> Json:
        """Send a request and return its result.

        Raises
        ------
        AppServerError
            If it is refused, not answered in time, or the server has gone.
        """
        if timeout is None:
            return await self._connection.request(method, params)
        return await self._connection.request(method, params, timeout)

    async def try_request(self, method: str, params: Params) -> Json:
        """Do the same with a method that older servers lack; None if this one does."""
        if method in self.lacking:
            return None
        try:
            return await self.request(method, params)
        except AppServerError as error:
            if not _UNKNOWN_METHOD.search(str(error)):
                raise
            self.lacking.add(method)
            log.warning("This Codex CLI (%s) has no %s", self.user_agent, method)
            return None

    @contextlib.contextmanager
    def watching(self, thread_id: str, watcher: Watcher) -> Iterator[None]:
        """Let ``watcher`` hear what is said of a thread, also what was said just before."""
        self._watchers[thread_id] = watcher
        for about, method, params, at in [*self._early]:
            if about == thread_id:
                watcher.notified(method, params, at)
        self._forget_early(thread_id)
        try:
            yield
        finally:
            self._watchers.pop(thread_id, None)
            self._forget_early(thread_id)

    @property
    def busy(self) -> bool:
        """Whether anybody hears what is said of a thread."""
        return bool(self._watchers)

    def listen(self, listener: Callable[[str, Params], None]) -> None:
        """Call ``listener(method, params)`` for what is said of no thread."""
        self._listeners.append(listener)

    def unlisten(self, listener: Callable[[str, Params], None]) -> None:
        """Stop calling ``listener``."""
        self._listeners.remove(listener)

    def end(self, *, at_once: bool = False) -> None:
        """Begin to end the process, and the commands that it runs."""
        self._process.end(at_once=at_once)

    async def ended(self) -> None:
        """Wait until nothing of it is left."""
        await asyncio.shield(self._reading)

    # ---- what it says --------------------------------------------------------------------

    async def _read(self) -> None:
        lines = self._process.lines()
        try:
            await self._receive(lines)
        except Exception:
            log.exception("What the server says could not be taken")
        self._process.end_unless_it_exits(DEATH_GRACE)
        code = await see_off(self._process, lines)
        stderr = clean(self._redact.end(self._process.stderr))
        self.death = Death(code, stderr, what="server of the Codex CLI")
        error = AppServerError(self.death.epitaph, method="")
        self._connection.close(error)
        for watcher in [*self._watchers.values()]:
            watcher.died(error)

    async def _receive(self, lines: AsyncIterator[bytes]) -> None:
        receive, redact = self._connection.receive, self._redact
        async for line in lines:
            receive(redact.line(line))

    def _write(self, data: bytes) -> None:
        self._input.write(data)
        if self._input.unread > MAX_UNREAD:
            log.warning("The server has stopped reading and is ended")
            self.end(at_once=True)

    def _notified(self, method: str, params: Params) -> None:
        about = params.get("threadId")
        at = time.time()
        if about is None:
            for listener in [*self._listeners]:
                listener(method, params)
            if method == "thread/started":
                self._adopt(params)
            elif method in _FOR_ALL:
                for watcher in [*self._watchers.values()]:
                    watcher.notified(method, params, at)
            return
        if about in self._watchers:
            self._watchers[about].notified(method, params, at)
        elif about not in self._parents:
            self._early.append((about, method, params, at))

    async def _asked(self, method: str, params: Params, request_id: RequestId) -> Json:
        about = params.get("threadId")
        for _ in range(len(self._parents) + 1):
            if str(about) in self._watchers:
                return await self._watchers[str(about)].asked(method, params, request_id)
            about = self._parents.get(str(about))
        raise RefusedError(f"No turn runs here that could answer {method}")

    def _adopt(self, params: Params) -> None:
        thread = params.get("thread")
        if isinstance(thread, Mapping) and isinstance(thread.get("parentThreadId"), str):
            self._parents[str(thread.get("id"))] = thread["parentThreadId"]

    def _forget_early(self, thread_id: str) -> None:
        kept = [early for early in self._early if early[0] != thread_id]
        self._early = deque(kept, maxlen=_EARLY)


def _not_started(death: Death) -> AppServerError:
    return AppServerError(death.epitaph, method="initialize")


async def _start_error(error: CodexError, death: Death, binary: Binary) -> CodexError:
    """Return why the server could not be started."""
    if death.knows_no_server:
        known = await in_thread(cli_version, binary)
        return CodexVersionError(
            f"This Codex CLI ({known or 'of an unknown version'}) has no `app-server`, which "
            f"transport='app-server' needs. {HOW_TO_GET_IT} Or use transport='exec'.",
            path=str(binary.path),
            version=known,
        )
    # A server that refused to shake hands was ended by us; what it said is the reason.
    refused = isinstance(error, AppServerError) and error.code is not None
    return error if refused else _not_started(death)
