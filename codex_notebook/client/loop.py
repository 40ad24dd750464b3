"""The thread on which all CLI processes live, with an asyncio loop of its own.

A user's loop may be blocked by their own code, nested, of another make, or gone after
``asyncio.run``; a turn must go on through all of that. So every turn runs here, and callers on
any loop or none await it from outside. Knows nothing of turns.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from codex_notebook.errors import CodexError

T = TypeVar("T")


class LoopThread:
    """A daemon thread that runs an asyncio loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pid = os.getpid()
        # A daemon: an interpreter that exits must not wait for a turn. The guard ends its CLI.
        threading.Thread(target=self.loop.run_forever, daemon=True, name="codex-io").start()


_lock = threading.Lock()
_thread: LoopThread | None = None


def io_loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process, started on first use."""
    thread = _thread
    # A forked child has the object and not the thread; it gets its own.
    if thread is None or thread.pid != os.getpid():
        thread = _started()
    return thread.loop


def _started() -> LoopThread:
    # Locked only here: a signal handler asks for the loop, too, and may interrupt one that does.
    global _thread
    with _lock:
        if _thread is None or _thread.pid != os.getpid():
            _thread = LoopThread()
        return _thread


def refuse_on_io_loop() -> None:
    """Make sure that the caller may block.

    Raises
    ------
    CodexError
        If it runs on the loop, where it would wait for itself.
    """
    try:
        blocks_itself = asyncio.get_running_loop() is io_loop()
    except RuntimeError:
        return
    if blocks_itself:
        raise CodexError(
            "This would block the thread on which all turns run, for ever. In a listener or a "
            "callback of a turn, start the next one with `thread.start_nowait`."
        )


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the loop; may be called from any thread."""
    return asyncio.run_coroutine_threadsafe(work, io_loop())
