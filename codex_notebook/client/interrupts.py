"""Ctrl-C (SIGINT) in code that blocks: noted while something begins, raised while it is waited for.

Knows signals and threads; not what is begun or waited for.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def may_handle_interrupts() -> bool:
    """Return whether the caller may set a handler of SIGINT, and put the old one back."""
    # Only the main thread may (a cell in a subshell is not interrupted at all), and one that was
    # not set by Python could not be put back.
    on_main_thread = threading.current_thread() is threading.main_thread()
    return on_main_thread and signal.getsignal(signal.SIGINT) is not None


@contextmanager
def interrupts_noted() -> Iterator[list[int]]:
    """Give a list of the interrupts that come meanwhile, instead of being torn apart by them.

    For the start of a turn: one that has begun and is not yet kept could be stopped by nobody.
    """
    pressed: list[int] = []
    if not may_handle_interrupts():
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ctrl_c_raises() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt also below ``asyncio.run``.

    Its handler only cancels the task that we block, which would hear of it when we have done.
    """
    handler: Any = signal.getsignal(signal.SIGINT)
    runner = getattr(asyncio, "Runner", None)
    owner = getattr(getattr(handler, "func", None), "__self__", None)
    if not may_handle_interrupts() or runner is None or not isinstance(owner, runner):
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
