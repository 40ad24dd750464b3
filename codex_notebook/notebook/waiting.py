"""Waits for a turn inside a running cell, so that clicks and interrupts are heard meanwhile.

Two ways: awaited, when the cell is one that IPython awaits; blocking, everywhere else. In both
the first interrupt asks the turn to stop and the second ends it. Knows the kernel and a running
turn; not panels, nor what is looked for meanwhile.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from codex_notebook.client.interrupts import may_handle_interrupts
from codex_notebook.client.running import RunningTurn
from codex_notebook.notebook.pump import heard_while_awaiting, heard_while_blocking

# The kernel's own handler, which is in place until ours is, cancels the cell's task without
# waking the loop.
AWAIT_TICK = 0.25
# How late a click may be heard in a cell that blocks.
BLOCK_TICK = 0.02


async def wait_awaited(running: RunningTurn, kernel: Any, look: Callable[[], object]) -> None:
    """Wait until ``running`` is over, in a cell that is awaited.

    Parameters
    ----------
    running : RunningTurn
        The turn.
    kernel : object or None
        The ipykernel, if there is one.
    look : callable
        Is called every now and then, on the thread of the cell; it may block.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    running.when_done(lambda *_: loop.call_soon_threadsafe(ended.set))
    try:
        with _interrupts(running), heard_while_awaiting(kernel):
            while not running.done:
                try:
                    await asyncio.wait_for(ended.wait(), AWAIT_TICK)
                except asyncio.TimeoutError:
                    look()
                except asyncio.CancelledError:
                    # Not by our handler, but by whoever runs the cell; the end is the same.
                    running.request_interrupt()
    except BaseException:
        # Nobody would wait for the turn any more.
        running.request_interrupt()
        raise


def wait_blocking(running: RunningTurn, kernel: Any, look: Callable[[], object]) -> None:
    """Wait until ``running`` is over, in a cell that blocks; parameters as for `wait_awaited`."""
    try:
        with _interrupts(running), heard_while_blocking(kernel) as hear:
            due = time.monotonic()
            while not running.done:
                try:
                    running.outcome(BLOCK_TICK)
                except TimeoutError:
                    hear()
                    if time.monotonic() >= due:
                        look()
                        due = time.monotonic() + AWAIT_TICK
    except BaseException:
        # An interrupt just before our handler was in place: nobody would wait for the turn.
        running.request_interrupt()
        raise


@contextmanager
def _interrupts(running: RunningTurn) -> Iterator[None]:
    """Let SIGINT (■, Ctrl-C) stop the turn instead of tearing the cell out of it."""
    if not may_handle_interrupts():
        yield
        return
    handler = _Handler(running)
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        handler.over = True
        _remove_handlers_that_are_over()


class _Handler:
    """The SIGINT handler of one wait.

    Waits need not end in the reverse order of their beginning: a cell may await several turns
    side by side, and a task may wait for one longer than its cell runs, under handlers that the
    kernel sets and restores with each cell. So a handler whose wait is over is taken away only
    from the top, and wherever it is left or put back it does what the one before it does.

    Attributes
    ----------
    over : bool
        Whether the wait is over.
    before : object
        The handler in whose place it was put.
    """

    def __init__(self, running: RunningTurn) -> None:
        self._running = running
        self.over = False
        self.before = signal.getsignal(signal.SIGINT)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self.over:
            self._running.request_interrupt()
        # What is awaited side by side in a cell is stopped with one press.
        if callable(self.before) and (self.over or isinstance(self.before, _Handler)):
            self.before(number, frame)


def _remove_handlers_that_are_over() -> None:
    handler = signal.getsignal(signal.SIGINT)
    while isinstance(handler, _Handler) and handler.over:
        handler = handler.before
    signal.signal(signal.SIGINT, handler)
