"""The thread on which all CLI processes live, with an asyncio loop of its own.

A user's loop may be blocked by their own code, nested, of another make, or gone after
``asyncio.run``; a turn must go on through all of that. So every turn runs here, and callers on
any loop or none await it from outside. Knows nothing of turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from codex_notebook.errors import CodexError

log = logging.getLogger(__name__)

T = TypeVar("T")

# Short enough not to be noticed, and long enough to cost nothing; in seconds.
TICK = 0.25


class LoopThread:
    """A daemon thread that runs an asyncio loop."""

    def __init__(self) -> None:
        # Of asyncio's own make, whatever policy (such as uvloop's) the program has chosen.
        self.loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop()
        self.loop.set_exception_handler(_unless_python_ends)
        self.pid = os.getpid()
        # A daemon: an interpreter that exits must not wait for a turn. The guard ends its CLI.
        threading.Thread(target=self._run, daemon=True, name="codex-io").start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:
            try:
                self.loop.run_forever()
            except BaseException:
                # What ends a loop, such as SystemExit, ends one task; the other turns go on.
                log.exception("The loop of the turns was broken off and goes on")
            else:
                return


def _unless_python_ends(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # A turn that runs when the program ends is ended by its guard, and no fault to report.
    if not sys.is_finalizing():
        loop.default_exception_handler(context)


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


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs the caller, if one does and it is not ours."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return None if loop is io_loop() else loop


@contextlib.contextmanager
def ticking() -> Iterator[None]:
    """Wake the running loop every now and then, while it waits for something.

    ■ in a notebook cancels the task of its cell without waking the kernel's loop, which then has
    to wake by itself to hear of it.
    """
    loop = asyncio.get_running_loop()

    def tick() -> None:
        timers[0] = loop.call_later(TICK, tick)

    timers = [loop.call_later(TICK, tick)]
    try:
        yield
    finally:
        timers[0].cancel()


# Held here, because a loop holds its tasks but weakly.
_submitted: set[Future[Any]] = set()


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Run a coroutine on the loop; may be called from any thread."""
    future = asyncio.run_coroutine_threadsafe(work, io_loop())
    _submitted.add(future)
    future.add_done_callback(_submitted.discard)
    return future


async def in_thread(function: Callable[..., T], *arguments: object) -> T:
    """Await what a function returns that blocks, on a thread of its own.

    `asyncio.to_thread` has few threads, which user code (a type's validators) may hold for as long
    as it likes, and none once the main thread has ended.
    """
    return await start_in_thread(function, *arguments)


def start_in_thread(function: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Start the same at once; call it on a loop.

    Raises
    ------
    RuntimeError
        If the system gives no more threads.
    """
    done: Future[T] = Future()

    def run() -> None:
        # From here on it cannot be cancelled, only not be awaited any more.
        if not done.set_running_or_notify_cancel():
            return
        try:
            done.set_result(function(*arguments))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, daemon=True, name="codex-work").start()
    return asyncio.wrap_future(done)
