"""What the CLI knows as one thread, seen from here: its id, its tokens, and one turn at a time.

Turns of one conversation never overlap: a second one waits until the first is over. `Thread` is
the face of it; what a user may ask in which form is known there, not here.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from codex_notebook.client.checks import check_review_target
from codex_notebook.client.loop import in_thread
from codex_notebook.client.options import ThreadOptions
from codex_notebook.client.options_base import merged
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.seen import SeenTurns
from codex_notebook.client.transport import Transport, TransportTurn, TurnSpec
from codex_notebook.client.turnstile import Turnstile
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.schema import OutputFormat
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.turn import Turn
from codex_notebook.core.usage import Usage
from codex_notebook.errors import InvalidOptionError, TurnInterruptedError

if TYPE_CHECKING:
    from codex_notebook.client.abort import AbortSignal

T = TypeVar("T")


class Conversation:
    """A thread of the CLI and its turns.

    Attributes
    ----------
    transport : Transport
        What its turns run over.
    id : str or None
        The thread's id; None until the CLI has said it.
    name : str or None
        Its name, as far as it is known.
    last_turn : Turn or None
        The turn that ended last, however it ended.
    seen : SeenTurns
        Its turns that this process has run.
    """

    def __init__(self, transport: Transport, id: str | None, usage: Usage | None) -> None:
        self.transport = transport
        self.id = id
        self.name: str | None = None
        self.last_turn: Turn | None = None
        self.seen = SeenTurns()
        # A new thread has used nothing; of another one it is looked up when it is needed.
        self._turnstile = Turnstile(Usage())
        if id is not None:
            self._turnstile = Turnstile.of((transport.home, id), usage)
        self._workspace: Workspace | None = None
        # Whether the CLI has kept nothing of the turn that it had.
        self._gone = False

    def launch(
        self,
        spec: TurnSpec,
        options: ThreadOptions,
        prompt: str,
        *,
        signal: AbortSignal | None,
        answer: OutputFormat | None = None,
        output_type: object = None,
    ) -> RunningTurn:
        """Start a turn, which begins when those before it are over.

        Parameters
        ----------
        spec : TurnSpec
            What is asked; the thread it goes on with is ours to add.
        options : ThreadOptions
            What the thread is told, as it is now.
        prompt : str
            What was asked, for whoever reads the turn.
        signal : AbortSignal or None
            What else may end it.
        answer, output_type : optional
            How the answer is read, and the type that was asked for.

        Raises
        ------
        CodexError
            If something is wrong that can be known before the turn.
        """
        # As they are now: the turn may begin only when the one before it is over.
        options = absolute(options)
        workspace = self._workspace_in(options.working_directory)

        def prepared() -> TransportTurn:
            self._refuse_if_gone()
            return self.transport.turn(replace(spec, thread_id=self.id), options, workspace)

        # Once now, for its errors; again when its turn has come, because the thread's id may
        # come only with the turn before it.
        prepared()
        if spec.review is not None:
            check_review_target(spec.review, workspace.root)
        asked = TurnRequest(
            prompt=prompt,
            model=options.model,
            effort=options.model_reasoning_effort,
            sandbox_mode=options.sandbox_mode,
            working_directory=str(workspace.root),
            thread_name=self.name,
            output_type=answer.name if answer else None,
        )
        if signal is not None and signal.aborted:
            raise TurnInterruptedError(
                "The turn did not begin, because its signal had been aborted before.",
                turn=Turn(TurnState(request=asked, status="interrupted")),
            )
        running = RunningTurn(asked, answer, output_type)
        self.seen.began(running)
        running.pump(self._turnstile, _Launched(self, prepared, ephemeral=options.ephemeral))
        if signal is not None:
            unlisten = signal.listen(running.request_interrupt)
            running.when_done(lambda *_: unlisten())
        return running

    async def fork(self, options: ThreadOptions, at_turn: str | None) -> Conversation:
        """Return a new conversation that begins as this one; runs on our own loop.

        Parameters
        ----------
        options : ThreadOptions
            Of the new one.
        at_turn : str or None
            The turn with which it ends; None: the last one.

        Raises
        ------
        InvalidOptionError
            If this one has had no turn yet, or an option cannot work.
        ForkError
            If the CLI cannot fork it.
        """
        # Behind the turn that runs, for the CLI would fork what it has written down of it.
        ticket = self._turnstile.ticket()
        try:
            await ticket
            self._refuse_if_gone()
            if self.id is None:
                raise InvalidOptionError(
                    "This thread has had no turn yet, so there is nothing to fork; use "
                    "start_thread().",
                    option="thread",
                )
            # Of an earlier moment nobody knows what had been used by then.
            usage = await self.usage_now() if at_turn is None else None
            options = absolute(options)
            workspace = self._workspace_in(options.working_directory)
            forked = await self.transport.fork(self.id, options, workspace, at_turn)
            return Conversation(self.transport, forked, usage)
        finally:
            self._turnstile.leave(ticket)

    async def between_turns(
        self, work: Callable[[str], Coroutine[Any, Any, T]], thread_id: str, *, changes: bool
    ) -> T:
        """Do something with the thread while no turn of it runs; runs on our own loop.

        Parameters
        ----------
        work : callable
            Is awaited with the thread's id.
        thread_id : str
            That id.
        changes : bool
            Whether it may change how many tokens the thread has used.
        """
        ticket = self._turnstile.ticket()
        try:
            await ticket
            if changes:
                self._turnstile.usage = None
            return await work(thread_id)
        finally:
            self._turnstile.leave(ticket)

    async def usage_now(self) -> Usage | None:
        """Return the thread's total of tokens before its next turn; None if nobody tells."""
        if self._turnstile.usage is None and self.id is not None:
            self._turnstile.usage = await in_thread(self.transport.thread_usage, self.id)
        return self._turnstile.usage

    def opened(self, thread_id: str, *, ephemeral: bool) -> None:
        """Take note of the id, as soon as it is said: who dies in the first turn can resume it."""
        if self.id is None:
            self.id = thread_id
            self._gone = ephemeral and not self.transport.keeps_ephemeral
            self._turnstile.belongs_to((self.transport.home, thread_id))

    def ended(self, turn: Turn, *, began: bool) -> None:
        """Take note of a turn that ended."""
        self.last_turn = turn
        # What has not begun has used nothing, nor has a thread that the CLI did not even open.
        if began and self.id is not None:
            self._turnstile.usage = turn.thread_usage

    def _workspace_in(self, directory: Path | None) -> Workspace:
        root = _resolved(Path()) if directory is None else directory
        if self._workspace is None or self._workspace.root != root:
            self._workspace = Workspace(root)
        return self._workspace

    def _refuse_if_gone(self) -> None:
        if self._gone:
            raise InvalidOptionError(
                "This thread is ephemeral, so the CLI has kept nothing of the turn that it had, "
                "and it cannot go on. Start a new one, without ephemeral=True if it is to have "
                "more turns.",
                option="ephemeral",
            )


class _Launched:
    """A turn as its conversation sees it."""

    def __init__(
        self, conversation: Conversation, prepared: Callable[[], TransportTurn], *, ephemeral: bool
    ) -> None:
        self._conversation = conversation
        self._prepared = prepared
        self._ephemeral = ephemeral

    async def begin(self) -> tuple[TransportTurn, Usage | None]:
        return self._prepared(), await self._conversation.usage_now()

    def opened(self, thread_id: str) -> None:
        self._conversation.opened(thread_id, ephemeral=self._ephemeral)

    def ended(self, turn: Turn, *, began: bool) -> None:
        self._conversation.ended(turn, began=began)


def absolute(options: ThreadOptions) -> ThreadOptions:
    """Return options whose paths mean the same to the CLI, which runs elsewhere.

    Raises
    ------
    InvalidOptionError
        If a path cannot be made absolute.
    """
    changes: dict[str, Any] = {}
    if options.working_directory is not None:
        changes["working_directory"] = _resolved(options.working_directory)
    if options.additional_directories:
        directories = tuple(_resolved(path) for path in options.additional_directories)
        changes["additional_directories"] = directories
    return merged(ThreadOptions, options, changes)


def _resolved(path: Path) -> Path:
    # Absolute, because it is both where the process starts and what it is told; and without
    # symbolic links, through which the CLI's sandbox lets nobody write.
    try:
        return path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidOptionError(
            f"The directory {path} cannot be found ({error}); name another.",
            option="working_directory",
        ) from None
