"""Waits for a turn inside a running cell, so that clicks and interrupts are heard meanwhile.

Two ways: awaited, when the cell is one that IPython awaits; blocking, everywhere else. In both
the first interrupt asks the turn to stop and the second ends it. Knows the kernel and a running
turn; not panels.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager, nullcontext
from typing import Any

from codex_notebook.client.running import RunningTurn
from codex_notebook.notebook.pump import (
    heard_while_awaiting,
    heard_while_blocking,
    needs_pump_when_awaiting,
)

# An interrupt during an await that nothing else wakes goes unnoticed until a message comes in.
AWAIT_TICK = 0.25
# How late a click may be heard in a cell that blocks.
BLOCK_TICK = 0.02


async def wait_awaited(running: RunningTurn, kernel: Any) -> None:
    """Wait until ``running`` is over, in a cell that is awaited.

    Parameters
    ----------
    running : RunningTurn
        The turn.
    kernel : object or None
        The ipykernel, if there is one.
    """
    pump = kernel is not None and needs_pump_when_awaiting()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    running.when_done(lambda *_: loop.call_soon_threadsafe(ended.set))
    with _interrupts(running), heard_while_awaiting(kernel) if pump else nullcontext():
        while not running.done:
            try:
                await asyncio.wait_for(ended.wait(), AWAIT_TICK)
            except asyncio.TimeoutError:
                continue
            except asyncio.CancelledError:
                # Not by our handler, but by whoever runs the cell; the end is the same.
                running.request_interrupt()


def wait_blocking(running: RunningTurn, kernel: Any) -> None:
    """Wait until ``running`` is over, in a cell that blocks; parameters as for `wait_awaited`."""
    hearing = heard_while_blocking(kernel) if kernel is not None else nullcontext(lambda: None)
    with _interrupts(running), hearing as hear:
        while not running.done:
            try:
                running.outcome(BLOCK_TICK)
            except NotYet:
                hear()


@contextmanager
def _interrupts(running: RunningTurn) -> Iterator[None]:
    """Let SIGINT (■, Ctrl-C) stop the turn instead of tearing the cell out of it."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may set a handler; a cell in a subshell is not interrupted at all.
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: running.request_interrupt())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
