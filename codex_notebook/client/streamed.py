"""A turn as a stream of its events, for who iterates over them: awaited, or in blocking code.

Leaving a stream early ends its turn. Knows a running turn; not how it runs.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

from codex_notebook.client.interrupts import ctrl_c_raises, interrupts_noted
from codex_notebook.client.loop import refuse_on_io_loop
from codex_notebook.client.running import RunningTurn
from codex_notebook.core.events import Event
from codex_notebook.core.model import Mapped
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError

# A turn that is left is over in 50 ms, unless its CLI is deaf.
_PATIENCE = 10.0


class EventStream(AsyncIterator[Event]):
    """The events of a turn, and then how it ended: a turn that did not end well raises.

    A class and no generator, because closing one that has not begun would run nothing of it.
    """

    def __init__(self, running: RunningTurn) -> None:
        self._running = running
        self._source = running.events()
        self._left = False

    async def __anext__(self) -> Event:
        try:
            return await self._source.__anext__()
        except StopAsyncIteration:
            await self._running.result()
            raise
        except BaseException:
            # Cancelled, most likely: whoever iterated has left.
            self.leave()
            raise

    def leave(self) -> None:
        """Interrupt the turn, unless it has ended; once, because a second time is by force."""
        if not self._left:
            self._left = True
            self._running.request_interrupt()

    async def aclose(self) -> None:
        """Interrupt the turn, unless it has ended."""
        self.leave()
        # Somebody may just be reading; it ends for them with the turn.
        with suppress(RuntimeError):
            await self._source.aclose()


class StreamedTurn(Mapped):
    """What `Thread.run_streamed` gives: ``streamed.events`` or ``streamed["events"]``.

    How the turn ended is its last event; if it did not end well, the iterator then raises the
    `TurnError`, as the TypeScript SDK does.

    Closing the iterator before its end interrupts the turn. A ``break`` out of ``async for`` does
    not close it; as a context manager this does::

        async with await thread.run_streamed("…") as streamed:
            async for event in streamed.events:
                break

    Attributes
    ----------
    running : RunningTurn
        The turn while it runs; ``await streamed.running`` gives the finished `Turn`.
    events : async iterator of Event
        Its events.
    """

    _names = ("events",)

    def __init__(self, running: RunningTurn) -> None:
        self.running = running
        self.events = EventStream(running)

    async def __aenter__(self) -> StreamedTurn:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.events.aclose()
        await self.running.ended()


class BlockingEventStream(Iterator[Event]):
    """The same for code that blocks. One that nobody holds any more ends its turn, too."""

    _running: RunningTurn | None = None

    def __init__(self, running: RunningTurn) -> None:
        self._running = running
        self._source = running.events_blocking()

    def __next__(self) -> Event:
        try:
            with ctrl_c_raises():
                return next(self._source)
        except StopIteration:
            if self._running is not None:
                result_blocking(self._running)
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Interrupt the turn, unless it has ended, and block until it is over."""
        if self._running is not None and not self._running.done:
            end_blocking(self._running)

    def __del__(self) -> None:
        # When Python ends, the loop of the turns has been stopped already: nothing to wait for.
        if self._running is None or self._running.done or sys.is_finalizing():
            return
        # Not for ever: it may be collected where the turn itself waits for something, such as on
        # the very thread of the turns.
        with suppress(CodexError, TimeoutError):
            end_blocking(self._running, _PATIENCE)


def run_blocking(start: Callable[[], RunningTurn]) -> RunningTurn:
    """Start a turn so that a Ctrl-C meanwhile ends it, instead of losing hold of it.

    Raises
    ------
    KeyboardInterrupt
        If there was one, after the turn has been ended.
    """
    refuse_on_io_loop()
    with interrupts_noted() as pressed:
        running = start()
    if pressed:
        end_blocking(running)
        raise KeyboardInterrupt
    return running


def result_blocking(running: RunningTurn) -> Turn:
    """Block until a turn is over and return it.

    Raises
    ------
    TurnError
        If it did not end well.
    KeyboardInterrupt
        On Ctrl-C, after the turn has been ended; a second one does not wait for the polite part.
    """
    try:
        with ctrl_c_raises():
            turn, error = running.outcome()
    except BaseException:
        end_blocking(running)
        raise
    if error is not None:
        raise error.with_traceback(None)
    return turn


def end_blocking(running: RunningTurn, patience: float | None = None) -> None:
    """Interrupt a turn and block until it is over, or until a Ctrl-C that ends it by force.

    Raises
    ------
    TimeoutError
        If it is not over within ``patience`` seconds.
    """
    running.request_interrupt()
    try:
        with ctrl_c_raises():
            running.outcome(patience)
    except KeyboardInterrupt:
        running.request_interrupt()
        running.outcome(patience)
