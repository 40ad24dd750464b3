"""A thread: a conversation with the agent, turn after turn.

Turns of one thread never overlap: a second one waits until the first is over. Knows how to
start a turn; how it runs is the transport's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from codex_notebook.client.exec import CodexExec, ExecRequest, ExecTurn
from codex_notebook.client.inputs import Input, parse_input
from codex_notebook.client.options import ThreadOptions, TurnOptions, merged
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.events import Event, Usage
from codex_notebook.core.schema import OutputFormat, output_format
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.turn import Turn
from codex_notebook.errors import InvalidOptionError


class StreamedTurn:
    """What `Thread.run_streamed` gives: ``streamed.events`` or ``streamed["events"]``.

    Closing the iterator before its end interrupts the turn. A ``break`` out of ``async for`` does
    not close it; as a context manager this does::

        async with await thread.run_streamed("…") as streamed:
            async for event in streamed.events:
                break
    """

    def __init__(self, running: RunningTurn) -> None:
        self.running = running
        self.events = self._events()

    async def _events(self) -> AsyncGenerator[Event, None]:
        try:
            async for event in self.running.events():
                yield event
        finally:
            if not self.running.done:
                self.running.request_interrupt()

    async def __aenter__(self) -> StreamedTurn:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.events.aclose()
        if not self.running.done:
            await self.running.interrupt()

    def __getitem__(self, name: str) -> AsyncGenerator[Event, None]:
        if name != "events":
            raise KeyError(name)
        return self.events


class Thread:
    """A conversation. Made by `Codex.start_thread` or `Codex.resume_thread`.

    Attributes
    ----------
    options : ThreadOptions
        What its turns are told; assign others for the turns to come.
    last_turn : Turn or None
        The turn that ended last, however it ended.
    """

    def __init__(
        self, transport: CodexExec, options: ThreadOptions, thread_id: str | None = None
    ) -> None:
        self.options = options
        self.last_turn: Turn | None = None
        self._transport = transport
        self._id = thread_id
        # A new thread has used nothing; what a resumed one has used, only its next turn tells.
        self._usage: Usage | None = Usage() if thread_id is None else None
        self._workspace: Workspace | None = None
        # Belongs to our own loop, where alone it is used: `asyncio.Lock` binds on first use.
        self._turnstile = asyncio.Lock()

    @property
    def id(self) -> str | None:
        """The thread's id; None until the CLI has said it in the first turn."""
        return self._id

    async def run(
        self,
        input: Input,
        options: TurnOptions | None = None,
        **changes: Any,
    ) -> Turn:
        """Run one turn to its end.

        Parameters
        ----------
        input : str or list of dict
            The prompt: text, or parts of text and local images.
        options : TurnOptions, optional
            Options of this turn; each may also be given as a keyword, such as
            ``output_type=list[Invoice]``.

        Returns
        -------
        Turn
            The finished turn.

        Raises
        ------
        CodexNotFoundError, InvalidOptionError, InvalidOutputTypeError
            Before anything starts.
        TurnError
            If the turn fails, is interrupted, or its answer does not fit; see its subclasses.

        Notes
        -----
        Cancelling the task that awaits this interrupts the turn, and waits until no process of
        it is left; what it did is then in `last_turn`.
        """
        running = self._start(input, options, changes)
        try:
            return await running.result()
        except asyncio.CancelledError:
            await running.interrupt()
            raise

    async def run_streamed(
        self,
        input: Input,
        options: TurnOptions | None = None,
        **changes: Any,
    ) -> StreamedTurn:
        """Start one turn and return its events as they come; parameters as for `run`."""
        return StreamedTurn(self._start(input, options, changes))

    async def start(
        self,
        input: Input,
        options: TurnOptions | None = None,
        **changes: Any,
    ) -> RunningTurn:
        """Start one turn and return it while it runs; parameters as for `run`."""
        return self._start(input, options, changes)

    def start_nowait(
        self,
        input: Input,
        options: TurnOptions | None = None,
        **changes: Any,
    ) -> RunningTurn:
        """Start one turn where nothing can be awaited; parameters as for `run`."""
        return self._start(input, options, changes)

    def _start(
        self, given: Input, options: TurnOptions | None, changes: dict[str, Any]
    ) -> RunningTurn:
        turn_options = merged(TurnOptions, options, changes)
        prompt = parse_input(given)
        answer = _answer(turn_options)
        schema = answer.schema if answer else turn_options.output_schema
        # As they are now: the turn may begin only when the one before it is over.
        workspace = self._workspace_now()
        thread_options = self.options
        if thread_options.working_directory is not None:
            thread_options = merged(
                ThreadOptions, thread_options, {"working_directory": workspace.root}
            )

        def begin() -> tuple[ExecTurn, Usage | None]:
            request = ExecRequest(prompt, self._id, schema)
            return self._transport.turn(request, thread_options, workspace), self._usage

        # Once now, for its errors; again when its turn has come, because the thread's id may
        # come only with the turn before it.
        begin()
        request = TurnRequest(
            prompt=prompt.text,
            model=thread_options.model,
            sandbox_mode=thread_options.sandbox_mode,
            working_directory=str(workspace.root),
            output_type=answer.name if answer else None,
        )
        running = RunningTurn(request, answer, turn_options.output_type)
        running.listen(self._learn_id)
        running.pump(self._turnstile, begin, self._ended)
        return running

    def _workspace_now(self) -> Workspace:
        # Absolute, because it is both where the process starts and what it is told; and without
        # symbolic links, through which the CLI's sandbox lets nobody write.
        try:
            root = (self.options.working_directory or Path.cwd()).expanduser().resolve()
        except OSError as error:
            raise InvalidOptionError(
                f"This process's own working directory is gone ({error.strerror}); name another.",
                option="working_directory",
            ) from None
        if self._workspace is None or self._workspace.root != root:
            self._workspace = Workspace(root)
        return self._workspace

    def _learn_id(self, state: TurnState) -> None:
        # As soon as it is said: a program that dies in its first turn can still resume it.
        self._id = state.thread_id or self._id

    def _ended(self, turn: Turn) -> None:
        self.last_turn = turn
        # A turn that did not complete has used tokens that the CLI never tells.
        self._usage = turn.thread_usage


def _answer(options: TurnOptions) -> OutputFormat | None:
    if options.output_type is None:
        return None
    if options.output_schema is not None:
        raise InvalidOptionError(
            "output_type and output_schema both say what the answer is to be; give one of them.",
            option="output_type",
        )
    return output_format(options.output_type)
