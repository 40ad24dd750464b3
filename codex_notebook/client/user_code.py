"""Runs what users wrote, such as handlers and tools, where it can do our own loop no harm.

What blocks gets a thread of its own; what is async is awaited on the loop of whoever started the
turn, if that has time for it. Knows functions and loops; nothing of what is run.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any

from codex_notebook.client.loop import in_thread, io_loop

# How long a loop may be busy before something is awaited elsewhere, and how often it is looked at.
_PATIENCE = 2.0


class UserCodeError(Exception):
    """What users wrote has failed; the cause says how.

    Whatever it was is wrapped: ``SystemExit`` would end more than what raised it.
    """


async def called(
    function: Callable[..., Any], *arguments: object, loop: asyncio.AbstractEventLoop | None = None
) -> Any:
    """Return what a function of the user's returns, or what comes of awaiting that.

    Cancelling it cancels what is async. What is not runs to its end unheard, because Python
    cannot stop a thread.

    Parameters
    ----------
    function : callable
        What is run.
    *arguments : object
        With what.
    loop : AbstractEventLoop, optional
        Where something async is awaited, if it runs and is free within two seconds. Otherwise,
        and without one, it gets a loop of its own.

    Raises
    ------
    UserCodeError
        If it raised anything.
    """
    returned = await in_thread(_attempt, function, *arguments)
    return await _awaited(returned, loop) if inspect.isawaitable(returned) else returned


class _Awaiting:
    """Something of the user's that is awaited on a loop other than ours, at most once.

    Attributes
    ----------
    outcome : Future
        What came of it, and whether it was raised.
    """

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.outcome: Future[tuple[Any, BaseException | None]] = Future()
        self._awaitable = awaitable
        self._task: asyncio.Task[Any] | None = None

    async def run(self) -> None:
        """Await it here, unless it was called off."""
        self._task = asyncio.current_task()
        if not self.outcome.set_running_or_notify_cancel():
            return
        returned, raised = None, None
        try:
            returned = await self._awaitable
        except BaseException as error:
            # Let through, SystemExit would end the user's loop.
            raised = error
        self.outcome.set_result((returned, raised))

    def cancel(self) -> None:
        """Stop it, however far it has got; may be called from any thread."""
        if self.outcome.cancel():
            if inspect.iscoroutine(self._awaitable):
                self._awaitable.close()
        elif self._task is not None:
            # Its loop may be closed.
            with contextlib.suppress(RuntimeError):
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)


async def _awaited(awaitable: Awaitable[Any], loop: asyncio.AbstractEventLoop | None) -> Any:
    awaiting = _Awaiting(awaitable)
    try:
        if loop is None or not await _found_time(loop, awaiting):
            awaiting = _Awaiting(awaitable)
            await in_thread(lambda: asyncio.run(awaiting.run()))
    except asyncio.CancelledError:
        awaiting.cancel()
        raise
    outcome, error = awaiting.outcome.result()
    if error is not None:
        raise UserCodeError(str(error)) from error
    return outcome


async def _found_time(loop: asyncio.AbstractEventLoop, awaiting: _Awaiting) -> bool:
    """Await it on a loop of the user's to its end, or return False if the loop does not begin."""
    # On the loop of all turns, code of the user's could block them all.
    if loop is io_loop() or not loop.is_running():
        return False
    try:
        loop.call_soon_threadsafe(lambda: loop.create_task(awaiting.run()))
    except RuntimeError:
        # It has been closed meanwhile.
        return False
    over = asyncio.wrap_future(awaiting.outcome)
    while not (await asyncio.wait({over}, timeout=_PATIENCE))[0]:
        # A loop that is blocked may be so until this very turn ends.
        if awaiting.outcome.cancel():
            return False
        if not (loop.is_running() or awaiting.outcome.done()):
            awaiting.cancel()
            raise UserCodeError("The event loop on which it was awaited has stopped.")
    return True


def _attempt(function: Callable[..., Any], *arguments: object) -> Any:
    try:
        return function(*arguments)
    except BaseException as error:
        raise UserCodeError(str(error)) from error
