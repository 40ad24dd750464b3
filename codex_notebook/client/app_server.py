"""A running ``codex app-server``: its process, the handshake, what it lacks, and its end.

One serves all threads of a client. Knows the protocol's envelope; not whom a message is for (see
``switchboard``), nor when to start another (see ``live``).
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from codex_notebook.client.binary import HOW_TO_GET_IT, Binary, cli_version
from codex_notebook.client.connection import METHOD_NOT_FOUND, Connection
from codex_notebook.client.failure import Death
from codex_notebook.client.launch import DEATH_GRACE, NotStartedError, launch, see_off
from codex_notebook.client.loop import in_thread
from codex_notebook.client.open_thread import OpenThread
from codex_notebook.client.process import CliProcess
from codex_notebook.client.secrets import Environment, Redactor
from codex_notebook.client.switchboard import Switchboard
from codex_notebook.core.plain import clean
from codex_notebook.errors import (
    AppServerError,
    CodexError,
    CodexVersionError,
    UnsupportedError,
)

log = logging.getLogger(__name__)

Json = Any
Params = Mapping[str, Json]

# The CLI is ready in 0.15 s; a busy machine, or a first start after an update, needs more.
START_TIMEOUT = 30.0
# What it has not read by then it will not read: it hangs, and what is written would pile up.
MAX_UNREAD = 256 * 1024 * 1024
_NAME = "codex_notebook"
# What is said often and is of no use here.
_UNHEARD = ("thread/status/changed", "thread/readState/changed", "remoteControl/status/changed")
# What it calls itself begins with the name of its client and its own version.
_VERSION = re.compile(r"[^/\s]*/(\S+)")


# Held here until they have gone, because a loop holds its tasks but weakly.
_running: set[AppServer] = set()


class AppServer:
    """A server process. Made by `start`.

    Attributes
    ----------
    opened : dict
        The threads that it has open, by their ids; ours to keep.
    switchboard : Switchboard
        Who hears what it says.
    closed : bool
        Whether somebody closed it, and the turns that run on it end as interrupted ones.
    """

    def __init__(self, process: CliProcess, redact: Redactor) -> None:
        assert process.input is not None
        self.opened: dict[str, OpenThread] = {}
        self.switchboard = Switchboard()
        self.closed = False
        self._version = "of an unknown version"
        self._death: Death | None = None
        # Methods that it does not know.
        self._lacking: set[str] = set()
        self._process = process
        self._input = process.input
        self._redact = redact
        self._connection = Connection(
            self._write, self.switchboard.notified, self.switchboard.asked
        )
        # Whether it is about to go, and why if we are ending it.
        self._leaving = False
        self._why: str | None = None
        self._reading = asyncio.create_task(self._read())
        _running.add(self)
        self._reading.add_done_callback(lambda _: _running.discard(self))

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
            raise _gone(Death(None, str(error))) from None
        assert process.input is not None
        server = cls(process, redact)
        try:
            await process.input.open()
            client = {"name": _NAME, "title": "Codex Notebook", "version": _our_version()}
            abilities = {
                # Tools, context and the ending of commands are experimental in the protocol.
                "experimentalApi": True,
                "requestAttestation": False,
                "optOutNotificationMethods": list(_UNHEARD),
            }
            hello = await server._connection.request(
                "initialize", {"clientInfo": client, "capabilities": abilities}, START_TIMEOUT
            )
            server._greeted(hello)
        except BaseException as error:
            # What ended it, if it was not what comes now.
            death = server._death
            server.end("The server of the Codex CLI could not be started.")
            await server.ended()
            if isinstance(error, AppServerError):
                raise await _start_error(error, death, binary) from None
            raise
        return server

    @property
    def alive(self) -> bool:
        """Whether it still takes requests."""
        return not self._leaving

    async def request(self, method: str, params: Params, timeout: float | None = None) -> Json:
        """Send a request and return its result.

        Raises
        ------
        AppServerError
            If it is refused, not answered in time, or the server has gone.
        UnsupportedError
            If the CLI does not know the method.
        """
        if method not in self._lacking:
            try:
                return await self._connection.request(method, params, timeout)
            except AppServerError as error:
                if not _is_unknown(method, error):
                    raise
                self._lacking.add(method)
                log.warning("This Codex CLI (%s) has no %s", self._version, method)
        raise UnsupportedError(
            f"This Codex CLI ({self._version}) is too old for this: it has no {method}. "
            f"{HOW_TO_GET_IT}",
            feature=method,
        )

    def end(self, why: str, *, at_once: bool = False) -> None:
        """Begin to end the process, and the commands that it runs.

        Parameters
        ----------
        why : str
            What those are told whose turns and requests end with it.
        at_once : bool
            Whether it gets no time to end by itself.
        """
        self._leaving = True
        self._why = self._why or why
        self._process.end(at_once=at_once)

    async def close(self) -> None:
        """End the process because somebody wants it closed, and wait until it has gone."""
        self.closed = True
        self.end("The client was closed.")
        await self.ended()

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
        self._leaving = True
        self._process.end_unless_it_exits(DEATH_GRACE)
        code = await see_off(self._process, lines)
        stderr = clean(self._redact.end(self._process.stderr))
        self._death = Death(code, stderr, what="server of the Codex CLI")
        error = _gone(self._death, self._why)
        self._connection.close(error)
        self.switchboard.died(error)

    async def _receive(self, lines: AsyncIterator[bytes]) -> None:
        receive, redact = self._connection.receive, self._redact
        async for line in lines:
            receive(redact.line(line))

    def _write(self, data: bytes) -> None:
        self._input.write(data)
        if self._input.unread > MAX_UNREAD:
            self.end("The server of the Codex CLI stopped reading, so it was ended.", at_once=True)

    def _greeted(self, hello: Json) -> None:
        agent = hello.get("userAgent") if isinstance(hello, Mapping) else None
        told = _VERSION.match(str(agent))
        self._version = told[1] if told else self._version
        self._connection.notify("initialized")


def _is_unknown(method: str, error: AppServerError) -> bool:
    # The CLI says the latter, and all methods that it knows.
    return error.code == METHOD_NOT_FOUND or f"unknown variant `{method}`" in str(error)


def _gone(death: Death, why: str | None = None) -> AppServerError:
    return AppServerError(why or death.epitaph, method="", data=death)


async def _start_error(error: AppServerError, death: Death | None, binary: Binary) -> CodexError:
    """Return why the server could not be started."""
    if death is None:
        refused = f"refused to begin: {error}"
        hung = f"has not answered within {START_TIMEOUT:g} s"
        return AppServerError(
            f"The server of the Codex CLI {hung if error.code is None else refused}. It was ended; "
            "the next turn starts another. If none starts, the CLI may be of a version that does "
            f"not fit: {HOW_TO_GET_IT}",
            method="initialize",
            code=error.code,
            data=error.data,
        )
    if death.knows_no_server:
        known = await in_thread(cli_version, binary)
        return CodexVersionError(
            f"This Codex CLI ({known or 'of an unknown version'}) has no `app-server`, which "
            f"transport='app-server' needs. {HOW_TO_GET_IT} Or use transport='exec'.",
            path=str(binary.path),
            version=known,
        )
    return error


def _our_version() -> str:
    try:
        return version("codex-notebook")
    except PackageNotFoundError:
        # Run from its source, and not installed.
        return "0"
