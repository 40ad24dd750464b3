"""A turn as a stream of its events, for who iterates over them: awaited, or in blocking code.

Leaving a stream early ends its turn. Knows a running turn; not how it runs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from codex_notebook.client.running import RunningTurn
from codex_notebook.core.events import Event
from codex_notebook.core.model import Mapped
from codex_notebook.core.turn import Turn


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
    events : async generator of Event
        Its events.
    """

    _names = ("events",)

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
        await self.running.result()

    async def __aenter__(self) -> StreamedTurn:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.events.aclose()
        if not self.running.done:
            await self.running.interrupt()


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
        turn, error = running.outcome()
    except BaseException:
        end_blocking(running)
        raise
    if error is not None:
        raise error
    return turn


def events_blocking(running: RunningTurn) -> Generator[Event, None, None]:
    """Yield a turn's events and then raise how it ended, if not well; as `StreamedTurn.events`."""
    try:
        yield from running.events_blocking()
    finally:
        if not running.done:
            end_blocking(running)
    result_blocking(running)


def end_blocking(running: RunningTurn) -> None:
    """Interrupt a turn and block until it is over, or until a Ctrl-C that ends it by force."""
    running.request_interrupt()
    try:
        running.outcome()
    except KeyboardInterrupt:
        running.request_interrupt()
        running.outcome()
