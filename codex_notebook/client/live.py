"""The live transport: one ``codex app-server`` for all threads of a client.

Starts it when it is first needed and again after it died, opens threads in it with what they are
told now, and forks them. Knows nothing of how a turn is read (see ``live_turn``).
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.arguments import flattened
from codex_notebook.client.checks import check_arguments, check_git, check_kept
from codex_notebook.client.cli import Cli
from codex_notebook.client.connection import understood
from codex_notebook.client.credentials import Credentials
from codex_notebook.client.failure import remedy
from codex_notebook.client.home import codex_home, read_profile
from codex_notebook.client.live_params import (
    server_arguments,
    start_params,
    thread_params,
    thread_source,
)
from codex_notebook.client.live_turn import LiveTurn
from codex_notebook.client.loop import io_loop
from codex_notebook.client.open_thread import OpenThread, open_thread
from codex_notebook.client.options import ThreadOptions
from codex_notebook.client.secrets import KEY_VARIABLE, Environment, Redactor
from codex_notebook.client.tool_memory import ToolMemory
from codex_notebook.client.tools import Tool
from codex_notebook.client.transport import TurnSpec
from codex_notebook.client.trust import untrusted
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.usage import Usage
from codex_notebook.errors import (
    AppServerError,
    ForkError,
    InvalidOptionError,
    UnsupportedError,
)

Json = Any
Params = Mapping[str, Json]


class CodexLive:
    """The ``codex app-server`` of a client. Making one starts nothing.

    Attributes
    ----------
    cli : Cli
        The CLI that it runs.
    credentials : Credentials
        With what it is logged in, beside what the CLI's home has.
    """

    # The server lives on, and with it what it has not written down.
    keeps_ephemeral = True

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        self.credentials = Credentials(cli.options)
        self._slot = _Slot()
        self._starting = asyncio.Lock()
        # The threads that only the server's memory has.
        self._ephemeral: set[str] = set()
        self._tool_memory = ToolMemory()
        self._turns: set[LiveTurn] = set()
        # Whoever holds a turn or a thread holds this; when nobody does, nobody needs the server.
        ending = weakref.finalize(self, _Slot.end_from_afar, self._slot)
        # When Python ends, its guard ends it.
        ending.atexit = False

    @property
    def home(self) -> str:
        """The CLI's home, as it is now; empty if there is none."""
        return self.cli.home

    async def server(self) -> AppServer:
        """Return the server, started if it does not run.

        Raises
        ------
        CodexError
            If it cannot be started.
        """
        if not self._slot.is_ours:
            self._slot.clear()
            self._turns.clear()
            self._starting = asyncio.Lock()
        async with self._starting:
            server = self._slot.server
            if server is not None and not server.alive:
                # Until it has gone, its threads are still its own.
                await server.ended()
                server = None
            if server is None:
                server = self._slot.server = await self._start()
            return server

    @property
    def busy(self) -> bool:
        """Whether turns run on the server, or are about to."""
        return self._slot.is_ours and bool(self._turns)

    def entered(self, turn: LiveTurn) -> None:
        """Take note of a turn that begins."""
        self._turns.add(turn)

    def left(self, turn: LiveTurn) -> None:
        """Take note of a turn that is over."""
        self._turns.discard(turn)

    async def close(self) -> None:
        """End the server, if one runs, and wait until nothing of it is left."""
        if not self._slot.is_ours:
            return
        # One that is being started is ended, too.
        async with self._starting:
            if self._slot.server is not None:
                await self._slot.server.close()

    def turn(self, spec: TurnSpec, thread: ThreadOptions, workspace: Workspace) -> LiveTurn:
        """Return the turn, checked but not started.

        Raises
        ------
        CodexNotFoundError
            If there is no CLI.
        InvalidOptionError
            If an option cannot work, such as a working directory that does not exist.
        NotLoggedInError
            If the CLI has no login.
        """
        env = self._environment()
        binary = self.cli.check(thread, env, logged_in=self.credentials.in_memory)
        check_git(thread, workspace.root)
        if spec.thread_id is not None and spec.thread_id not in self._ephemeral:
            check_kept(thread)
        # Made here for its errors: they belong before the turn, not into it.
        check_arguments(server_arguments(self.cli.options, ephemeral_login=False))
        self._profile(thread, env)
        return LiveTurn(self, spec, thread, workspace.root, binary)

    async def open_thread(
        self, server: AppServer, thread_id: str | None, thread: ThreadOptions, root: Path
    ) -> OpenThread:
        """Let the server open a thread, or begin one, as its options are now.

        Raises
        ------
        AppServerError
            If it cannot.
        """
        params = self._params(thread, root)
        if thread_id is None:
            request = start_params(thread, params, self.tools(thread))
            told = await server.request("thread/start", request)
            with understood("thread/start"):
                opened = open_thread(told, params)
            self._tool_memory.begun(opened.id, [tool.name for tool in self.tools(thread)])
            if thread.ephemeral:
                self._ephemeral.add(opened.id)
        else:
            known = server.opened.get(thread_id)
            if known is not None and known.params == params:
                return known
            if known is None and thread_id in self._ephemeral:
                raise InvalidOptionError(
                    "This thread is ephemeral, and the server of the CLI whose memory had it has "
                    "ended. Start a new one.",
                    option="ephemeral",
                )
            if thread_id in self._ephemeral:
                raise InvalidOptionError(
                    "The options of an ephemeral thread cannot change: the CLI would have to open "
                    "it again, and has kept nothing of it. Start a new one.",
                    option="ephemeral",
                )
            if known is not None:
                # One that is open stays as it is, whatever it is told; so it is let go of first.
                await _let_go(server, thread_id)
            request = {"threadId": thread_id, "excludeTurns": True, **params}
            told = await server.request("thread/resume", request)
            with understood("thread/resume"):
                opened = open_thread(told, params)
        server.opened[opened.id] = opened
        return opened

    async def fork(
        self, thread_id: str, thread: ThreadOptions, workspace: Workspace, at_turn: str | None
    ) -> str:
        """Make a new thread that begins as another one is now, or was after a turn.

        Source: ``thread/fork``.

        Raises
        ------
        ForkError
            If the server cannot fork it.
        """
        server = await self.server()
        params = self._params(thread, workspace.root)
        request = {"threadId": thread_id, "excludeTurns": True, **params}
        request["threadSource"] = thread_source(thread)
        if at_turn is not None:
            request["lastTurnId"] = at_turn
        if thread.ephemeral:
            request["ephemeral"] = True
        try:
            told = await server.request("thread/fork", request)
        except AppServerError as error:
            message = f"{error}{remedy(str(error))}"
            raise ForkError(message, thread_id=thread_id) from error
        with understood("thread/fork"):
            opened = open_thread(told, params)
        forked = opened.id
        if thread.ephemeral:
            self._ephemeral.add(forked)
        await self._tool_memory.forked(forked, thread_id, codex_home(self._environment()))
        server.opened[forked] = opened
        return forked

    def thread_usage(self, thread_id: str) -> Usage | None:
        """Return a thread's running total of tokens, from what the CLI keeps of it."""
        return self.cli.thread_usage(thread_id)

    def tools(self, thread: ThreadOptions) -> tuple[Tool, ...]:
        """Return our functions that the agent may call in a thread."""
        return self.cli.options.tools if thread.tools is None else thread.tools

    async def tool_remark(self, thread_id: str, thread: ThreadOptions) -> str | None:
        """Return what to say of a thread that has other tools than it is given now, if any."""
        ours = [tool.name for tool in self.tools(thread)]
        return await self._tool_memory.remark(thread_id, ours, codex_home(self._environment()))

    def _params(self, thread: ThreadOptions, root: Path) -> dict[str, Json]:
        env, options = self._environment(), self.cli.options
        settings = [*flattened(options.config), *options.config_overrides]
        beneath = {**untrusted(root, codex_home(env), settings), **self._profile(thread, env)}
        return thread_params(options, thread, root, beneath)

    def _profile(self, thread: ThreadOptions, env: Environment) -> dict[str, Json]:
        home = codex_home(env)
        return {} if thread.profile is None or home is None else read_profile(home, thread.profile)

    def _environment(self) -> Environment:
        env = self.cli.environment()
        key = self.credentials.key
        # For what asks whether there is a login; the server itself does not look for it there.
        return env if key is None else Environment({**env, KEY_VARIABLE: key})

    async def _start(self) -> AppServer:
        env = self._environment()
        redact = Redactor(env)
        # It does not read it, and would pass it on to the agent's commands.
        env.pop(KEY_VARIABLE, None)
        arguments = server_arguments(self.cli.options, ephemeral_login=self.credentials.in_memory)
        server = await AppServer.start(self.cli.binary(), arguments, env=env, redact=redact)
        try:
            await self.credentials.log_in(server)
        except BaseException:
            server.end("The login failed.")
            await server.ended()
            raise
        return server


async def _let_go(server: AppServer, thread_id: str) -> None:
    try:
        await server.request("thread/unsubscribe", {"threadId": thread_id})
    except UnsupportedError as error:
        # To go on with what it was opened with could be to go on with more leave than is given now.
        raise UnsupportedError(
            "The options of a thread cannot change while it is open, so this turn did not begin; "
            f"close the client (`await codex.close()`) and start the turn again. {error}",
            feature=error.feature,
        ) from None
    del server.opened[thread_id]


class _Slot:
    """Where a client's server is, also for who ends it when the client has gone."""

    def __init__(self) -> None:
        self.clear()

    @property
    def is_ours(self) -> bool:
        """Whether the server is not that of the process from which this one was forked."""
        return self._pid == os.getpid()

    def clear(self) -> None:
        """Let go of the server."""
        self.server: AppServer | None = None
        self._pid = os.getpid()

    def end_from_afar(self) -> None:
        """End the server; may be called on any thread."""
        if self.is_ours and self.server is not None:
            io_loop().call_soon_threadsafe(self.server.end, "Nobody holds the client any more.")
