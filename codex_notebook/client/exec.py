"""The exec transport: ``codex exec --experimental-json``, one process for each turn.

Makes turns and forks threads for a client, and checks before what can be known before. Knows
nothing of how a turn is read (see ``exec_turn``) or who listens.
"""

from __future__ import annotations

import asyncio

from codex_notebook.client.arguments import TurnArguments, exec_arguments
from codex_notebook.client.checks import check_arguments, check_kept, check_thread
from codex_notebook.client.cli import Cli
from codex_notebook.client.exec_turn import ExecTurn, turn_arguments
from codex_notebook.client.failure import Death, unsupported
from codex_notebook.client.launch import DEATH_GRACE, NotStartedError, launch, see_off
from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.client.secrets import KEY_VARIABLE, Redactor
from codex_notebook.client.transport import TurnSpec
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.events import ThreadStartedEvent
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.plain import clean
from codex_notebook.core.usage import Usage
from codex_notebook.errors import ForkError, InvalidOptionError


class CodexExec:
    """The ``codex exec`` of a client."""

    # The CLI ends with the turn, and has kept nothing.
    keeps_ephemeral = False

    def __init__(self, cli: Cli) -> None:
        self._cli = cli

    @property
    def home(self) -> str:
        """The CLI's home, as it is now; empty if there is none."""
        return self._cli.home

    def turn(self, spec: TurnSpec, thread: ThreadOptions, workspace: Workspace) -> ExecTurn:
        """Return the turn, checked but not started.

        Raises
        ------
        CodexNotFoundError
            If there is no CLI.
        InvalidOptionError
            If an option cannot work, such as a working directory that does not exist.
        NotLoggedInError
            If the CLI has no login.
        UnsupportedError
            If only the live transport can do it.
        """
        env = self._cli.environment()
        options = self._cli.options
        _check_spec(spec, options, thread)
        # Made here for its errors: they belong before the turn, not into it.
        check_arguments(exec_arguments(options, thread, turn_arguments(spec)))
        return ExecTurn(options, self._cli.check(thread, env), spec, thread, workspace)

    def thread_usage(self, thread_id: str) -> Usage | None:
        """Return a thread's running total of tokens, from what the CLI keeps of it."""
        return self._cli.thread_usage(thread_id)

    async def fork(
        self, thread_id: str, thread: ThreadOptions, workspace: Workspace, at_turn: str | None
    ) -> str:
        """Make a new thread that begins as another one is now; return its id.

        Source: ``codex exec fork <id>`` without a prompt, which asks the model nothing.

        Raises
        ------
        ForkError
            If the CLI did not make one.
        UnsupportedError
            If it is to begin as the other one was at an earlier turn.
        """
        del workspace
        if at_turn is not None:
            raise unsupported("fork(at_turn=…)")
        if thread.ephemeral:
            raise InvalidOptionError(
                "A fork cannot be ephemeral: the CLI would keep nothing of it that its first "
                "turn could go on with. Leave ephemeral out.",
                option="ephemeral",
            )
        env = self._cli.environment()
        check_thread(thread, env)
        arguments = exec_arguments(
            self._cli.options, thread, TurnArguments(fork=thread_id), has_key=KEY_VARIABLE in env
        )
        check_arguments(arguments)
        redact = Redactor(env)
        try:
            process = launch(
                self._cli.binary(), arguments, env=env, cwd=thread.working_directory, stdin=b""
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


def _check_spec(spec: TurnSpec, options: CodexOptions, thread: ThreadOptions) -> None:
    if spec.thread_id is not None:
        check_kept(thread)
    if spec.review is not None and spec.thread_id is not None:
        raise InvalidOptionError(
            "The CLI reviews only in a thread of its own, and this one has had a turn; use "
            "start_thread().review(…).",
            option="thread",
        )
    # Where the transport was not chosen, they are for when it is the other one.
    chosen = options.transport == "exec"
    for feature, wanted in (
        ("additional_context", spec.context),
        ("compact", spec.compact),
        ("tools", options.tools if thread.tools is None else thread.tools),
        ("approvals", chosen and options.approvals),
        ("questions", chosen and options.questions),
    ):
        if wanted:
            raise unsupported(feature)
