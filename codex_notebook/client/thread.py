"""A thread: a conversation with the agent, turn after turn.

Takes what users ask, in all its forms, and makes turns of it; how these follow each other is in
``conversation``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from codex_notebook.client.conversation import Conversation
from codex_notebook.client.inputs import Input, Prompt, parse_input
from codex_notebook.client.kept import KeptThread, turn_id_of
from codex_notebook.client.loop import refuse_on_io_loop, running_loop, submit
from codex_notebook.client.options import ReviewOptions, ThreadOptions, TurnOptions
from codex_notebook.client.options_base import merged
from codex_notebook.client.review import check_review, describe_review
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.streamed import (
    BlockingEventStream,
    StreamedTurn,
    result_blocking,
    run_blocking,
)
from codex_notebook.client.transport import TurnSpec
from codex_notebook.core.schema import OutputFormat, output_format
from codex_notebook.core.strict import strict_schema
from codex_notebook.core.turn import Turn
from codex_notebook.errors import InvalidOptionError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from codex_notebook.client.archive import Archive
    from codex_notebook.client.keywords import ReviewKeywords, ThreadKeywords, TurnKeywords


class Thread(KeptThread):
    """A conversation. Made by `Codex.start_thread`, `Codex.resume_thread` or `Thread.fork`."""

    def __init__(
        self, conversation: Conversation, options: ThreadOptions, archive: Callable[[], Archive]
    ) -> None:
        super().__init__(conversation, archive)
        self._options = options

    @property
    def options(self) -> ThreadOptions:
        """What its turns are told; assign others (or a dict) for the turns to come."""
        return self._options

    @options.setter
    def options(self, options: ThreadOptions | Mapping[str, Any]) -> None:
        self._options = merged(ThreadOptions, options, {})

    @property
    def last_turn(self) -> Turn | None:
        """The turn that ended last, however it ended."""
        return self._conversation.last_turn

    async def run(
        self,
        input: Input,
        options: TurnOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[TurnKeywords],
    ) -> Turn:
        """Run one turn to its end.

        Parameters
        ----------
        input : str or list
            The prompt: text, or parts of text and images; see `parse_input`.
        options : TurnOptions, optional
            Options of this turn; each may also be given as a keyword, such as
            ``output_type=list[Invoice]``.

        Returns
        -------
        Turn
            The finished turn.

        Raises
        ------
        CodexNotFoundError, InvalidOptionError, InvalidOutputTypeError, NotLoggedInError
            Before anything starts.
        TurnError
            If the turn fails, is interrupted, or its answer does not fit; see its subclasses.

        Notes
        -----
        Cancelling the task that awaits this interrupts the turn, and waits until no process of
        it is left; what it did is then in `last_turn`.
        """
        return await _result(self._start(input, options, keywords, attended=False))

    async def run_streamed(
        self,
        input: Input,
        options: TurnOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[TurnKeywords],
    ) -> StreamedTurn:
        """Start one turn and return its events as they come; parameters as for `run`."""
        return StreamedTurn(self._start(input, options, keywords))

    async def start(
        self,
        input: Input,
        options: TurnOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[TurnKeywords],
    ) -> RunningTurn:
        """Start one turn and return it while it runs; parameters as for `run`."""
        return self._start(input, options, keywords)

    def start_nowait(
        self,
        input: Input,
        options: TurnOptions | Mapping[str, Any] | None = None,
        attended: bool = True,
        **keywords: Unpack[TurnKeywords],
    ) -> RunningTurn:
        """Start one turn where nothing can be awaited; parameters as for `run`.

        Parameters
        ----------
        attended : bool
            Whether anybody is there to decide what the agent asks. Default True; False declines
            it at once where ``approvals=True`` or ``questions=True`` would wait for somebody.
        """
        return self._start(input, options, keywords, attended=attended)

    def run_sync(
        self,
        input: Input,
        options: TurnOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[TurnKeywords],
    ) -> Turn:
        """Run one turn to its end and block until then; parameters as for `run`.

        Works everywhere, also where an event loop runs (which it blocks). Ctrl-C ends the turn,
        waits until no process of it is left, and raises KeyboardInterrupt as everywhere.
        """
        return result_blocking(
            run_blocking(lambda: self._start(input, options, keywords, attended=False))
        )

    def run_streamed_sync(
        self,
        input: Input,
        options: TurnOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[TurnKeywords],
    ) -> BlockingEventStream:
        """Start one turn and return an iterator that blocks for its events.

        Parameters as for `run`. A ``break`` out of the loop ends the turn; a turn that does not
        end well raises its `TurnError` behind the last event. The finished turn is in
        `last_turn`.
        """
        return BlockingEventStream(run_blocking(lambda: self._start(input, options, keywords)))

    async def review(
        self,
        options: ReviewOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[ReviewKeywords],
    ) -> Turn:
        """Have changes reviewed, as the first turn of a new thread (``codex exec review``).

        Parameters
        ----------
        options : ReviewOptions, optional
            What is reviewed: the uncommitted changes, unless it says otherwise. Each may also be
            given as a keyword, such as ``base="main"``.

        Returns
        -------
        Turn
            Its `final_response` is the review; the thread can go on, to mend what it found. Its
            `usage` is None, because the CLI does not tell what a review used.

        Raises
        ------
        InvalidOptionError
            If the thread has had a turn, or the options contradict each other.
        TurnError
            As for `run`.
        """
        return await _result(self._start_review(options, keywords, attended=False))

    async def start_review(
        self,
        options: ReviewOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[ReviewKeywords],
    ) -> RunningTurn:
        """Start a review and return it while it runs; parameters as for `review`."""
        return self._start_review(options, keywords)

    def review_sync(
        self,
        options: ReviewOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[ReviewKeywords],
    ) -> Turn:
        """Have changes reviewed and block until it is done; parameters as for `review`."""
        return result_blocking(
            run_blocking(lambda: self._start_review(options, keywords, attended=False))
        )

    async def fork(
        self,
        options: ThreadOptions | Mapping[str, Any] | None = None,
        *,
        at_turn: Turn | str | None = None,
        **keywords: Unpack[ThreadKeywords],
    ) -> Thread:
        """Return a new thread that begins with all that was said in this one.

        The two then go their own ways; the files they work on are the same. Source: ``codex exec
        fork`` or ``thread/fork``, which ask the model nothing.

        Parameters
        ----------
        options : ThreadOptions, optional
            Options of the new thread; otherwise those of this one. Each may also be given as a
            keyword.
        at_turn : Turn or str, optional
            The turn (or its `Turn.id`) with which the new thread ends; otherwise the last one.
            Only with ``transport="app-server"``.

        Raises
        ------
        InvalidOptionError
            If this thread has had no turn yet.
        ForkError
            If the CLI cannot fork it.
        """
        chosen, forking = self._fork(options, keywords, at_turn)
        return Thread(await asyncio.wrap_future(forking), chosen, self._to_archive)

    def fork_sync(
        self,
        options: ThreadOptions | Mapping[str, Any] | None = None,
        *,
        at_turn: Turn | str | None = None,
        **keywords: Unpack[ThreadKeywords],
    ) -> Thread:
        """Return a fork and block until the CLI has made it; parameters as for `fork`."""
        refuse_on_io_loop()
        chosen, forking = self._fork(options, keywords, at_turn)
        try:
            return Thread(forking.result(), chosen, self._to_archive)
        finally:
            # Does nothing to one that is done; of an interrupted one it ends the process.
            forking.cancel()

    async def compact(self) -> Turn:
        """Let the CLI sum up what was said so far, to make room in the model's context.

        A turn of its own, which asks the model. Only with ``transport="app-server"``. Source:
        ``thread/compact/start``.

        Raises
        ------
        InvalidOptionError
            If the thread has had no turn yet.
        UnsupportedError
            If the transport is ``exec``.
        TurnError
            As for `run`.
        """
        self._known_id()
        spec = TurnSpec(Prompt(""), compact=True, attended=False, loop=running_loop())
        launched = self._conversation.launch(spec, self.options, "/compact", signal=None)
        return await _result(launched)

    def __repr__(self) -> str:
        return f"<Thread {self.id or 'without a turn yet'}: {self.options.sandbox_mode}>"

    # ---- starting ------------------------------------------------------------------------

    def _start(
        self,
        given: Input,
        options: TurnOptions | Mapping[str, Any] | None,
        keywords: TurnKeywords,
        *,
        attended: bool = True,
    ) -> RunningTurn:
        turn = merged(TurnOptions, options, keywords)
        prompt = parse_input(given, turn.images)
        answer = _answer(turn)
        schema = (
            answer.schema if answer else turn.output_schema and strict_schema(turn.output_schema)
        )
        spec = TurnSpec(
            prompt,
            schema=schema,
            cyber_access_program=turn.cyber_access_program,
            context=turn.additional_context,
            attended=attended,
            loop=running_loop(),
        )
        return self._conversation.launch(
            spec,
            self.options,
            prompt.text,
            signal=turn.signal,
            answer=answer,
            output_type=turn.output_type,
        )

    def _fork(
        self,
        options: ThreadOptions | Mapping[str, Any] | None,
        keywords: ThreadKeywords,
        at_turn: Turn | str | None,
    ) -> tuple[ThreadOptions, Future[Conversation]]:
        chosen = merged(ThreadOptions, self.options if options is None else options, keywords)
        turn_id = None if at_turn is None else turn_id_of(at_turn, "at_turn")
        return chosen, submit(self._conversation.fork(chosen, turn_id))

    def _start_review(
        self,
        options: ReviewOptions | Mapping[str, Any] | None,
        keywords: ReviewKeywords,
        *,
        attended: bool = True,
    ) -> RunningTurn:
        review = merged(ReviewOptions, options, keywords)
        check_review(review)
        spec = TurnSpec(
            Prompt(review.instructions or ""),
            review=review,
            attended=attended,
            loop=running_loop(),
        )
        asked = describe_review(review)
        return self._conversation.launch(spec, self.options, asked, signal=review.signal)


async def _result(running: RunningTurn) -> Turn:
    try:
        return await running.result()
    except asyncio.CancelledError:
        await running.interrupt()
        raise


def _answer(options: TurnOptions) -> OutputFormat | None:
    if options.output_type is None:
        return None
    if options.output_schema is not None:
        raise InvalidOptionError(
            "output_type and output_schema both say what the answer is to be; give one of them.",
            option="output_type",
        )
    return output_format(options.output_type)
