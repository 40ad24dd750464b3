"""A turn as a stream of its events, for who iterates over them: awaited, or in blocking code.

Leaving a stream early ends its turn. Knows a running turn; not how it runs.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from codex_notebook.client.running import RunningTurn
from codex_notebook.core.events import Event
from codex_notebook.core.model import Mapped
from codex_notebook.core.turn import Turn


class EventStream(AsyncIterator[Event]):
    """The events of a turn, and then how it ended: a turn that did not end well raises.

    A class and no generator, because closing one that has not begun would run nothing of it.
    """

    def __init__(self, running: RunningTurn) -> None:
        self._running = running
        self._source = running.events()

    async def __anext__(self) -> Event:
        try:
            return await self._source.__anext__()
        except StopAsyncIteration:
            await self._running.result()
            raise
        except BaseException:
            # Cancelled, most likely: whoever iterated has left.
            self._running.request_interrupt()
            raise

    async def aclose(self) -> None:
        """Interrupt the turn, unless it has ended."""
        self._running.request_interrupt()
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
        if not self.running.done:
            await self.running.interrupt()


class BlockingEventStream(Iterator[Event]):
    """The same for code that blocks; it also closes itself when nobody holds it any more."""

    def __init__(self, running: RunningTurn) -> None:
        self._running = running
        self._source = running.events_blocking()

    def __next__(self) -> Event:
        try:
            with _ctrl_c_raises():
                return next(self._source)
        except StopIteration:
            result_blocking(self._running)
            raise
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Interrupt the turn, unless it has ended, and block until it is over."""
        if not self._running.done:
            end_blocking(self._running)

    __del__ = close


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
        with _ctrl_c_raises():
            turn, error = running.outcome()
    except BaseException:
        end_blocking(running)
        raise
    if error is not None:
        raise error
    return turn


def end_blocking(running: RunningTurn) -> None:
    """Interrupt a turn and block until it is over, or until a Ctrl-C that ends it by force."""
    running.request_interrupt()
    try:
        with _ctrl_c_raises():
            running.outcome()
    except KeyboardInterrupt:
        running.request_interrupt()
        running.outcome()


@contextmanager
def _ctrl_c_raises() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt also below ``asyncio.run``.

    Its handler only cancels the task that we block, which would hear of it when we have done.
    """
    handler: Any = signal.getsignal(signal.SIGINT)
    runner = getattr(asyncio, "Runner", None)
    owner = getattr(getattr(handler, "func", None), "__self__", None)
    on_main_thread = threading.current_thread() is threading.main_thread()
    if not on_main_thread or runner is None or not isinstance(owner, runner):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
