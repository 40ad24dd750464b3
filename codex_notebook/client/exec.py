"""The exec transport: ``codex exec --experimental-json``, one process for each turn.

Makes turns and forks threads for a client, and checks before what can be known before. Knows
nothing of how a turn is read (see ``exec_turn``) or who listens.
"""

from __future__ import annotations

import asyncio
import os

from codex_notebook.client.arguments import TurnArguments, environment, exec_arguments, flattened
from codex_notebook.client.binary import Binary, find_binary
from codex_notebook.client.checks import check_arguments, check_thread
from codex_notebook.client.exec_turn import ExecRequest, ExecTurn, turn_arguments
from codex_notebook.client.failure import Death
from codex_notebook.client.home import codex_home, thread_usage
from codex_notebook.client.launch import DEATH_GRACE, NotStartedError, launch, see_off
from codex_notebook.client.login import check_login
from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.client.secrets import KEY_VARIABLE, Environment, Redactor
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.events import ThreadStartedEvent, Usage, parse_event
from codex_notebook.core.plain import clean
from codex_notebook.errors import ForkError


class CodexExec:
    """The ``codex exec`` of a client: checks once what all its turns need."""

    def __init__(self, options: CodexOptions) -> None:
        self.options = options
        self._logged_in = False

    @property
    def home(self) -> str:
        """The CLI's home, as it is now; empty if there is none."""
        return str(codex_home(self.environment()) or "")

    def environment(self) -> Environment:
        """Return the environment of the CLI, as it is now."""
        return environment(self.options, os.environ)

    def binary(self) -> Binary:
        """Return the CLI that turns will run.

        Raises
        ------
        CodexNotFoundError
            If there is none.
        """
        # With the PATH of this process, also where the CLI is not to have it.
        env = Environment({**os.environ, **self.options.env})
        return find_binary(self.options.codex_path_override, env)

    def turn(self, request: ExecRequest, thread: ThreadOptions, workspace: Workspace) -> ExecTurn:
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
        env = self.environment()
        check_thread(thread, env)
        # Made here for its errors: they belong before the turn, not into it.
        check_arguments(exec_arguments(self.options, thread, turn_arguments(request)))
        binary = self.binary()
        if not self._logged_in and thread.profile is None:
            settings = [*flattened(self.options.config), *self.options.config_overrides]
            check_login(binary, env, settings)
            self._logged_in = True
        return ExecTurn(self.options, binary, request, thread, workspace)

    def thread_usage(self, thread_id: str) -> Usage | None:
        """Return a thread's running total of tokens, from what the CLI keeps of it."""
        home = codex_home(self.environment())
        return None if home is None else thread_usage(home, thread_id)

    async def fork(self, thread_id: str, thread: ThreadOptions) -> str:
        """Make a new thread that begins as another one is now; return its id.

        Source: ``codex exec fork <id>`` without a prompt, which asks the model nothing.

        Raises
        ------
        ForkError
            If the CLI did not make one.
        """
        env = self.environment()
        check_thread(thread, env)
        arguments = exec_arguments(
            self.options, thread, TurnArguments(fork=thread_id), has_key=KEY_VARIABLE in env
        )
        check_arguments(arguments)
        redact = Redactor(env)
        try:
            process = launch(
                self.binary(), arguments, env=env, cwd=thread.working_directory, stdin=b""
            )
        except NotStartedError as error:
            raise ForkError(Death(None, str(error)).epitaph, thread_id=thread_id) from None
        forked = None
        lines = process.lines()
        try:
            async for line in lines:
                event = parse_event(redact.line(line))
                forked = event.thread_id if isinstance(event, ThreadStartedEvent) else forked
        finally:
            process.end_unless_it_exits(DEATH_GRACE)
            leaving = asyncio.create_task(see_off(process, lines))
            code = await asyncio.shield(leaving)
        if forked is None or code != 0:
            death = Death(code, clean(redact.end(process.stderr)))
            raise ForkError(death.epitaph, thread_id=thread_id, stderr=death.stderr)
        return forked
