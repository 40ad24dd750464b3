"""How a turn of the live transport is stopped: politely, and with its server if it does not listen.

Knows the protocol's method for it and the clock; not what the turn does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

from codex_notebook.client.app_server import AppServer
from codex_notebook.errors import CodexError

# A turn ends within 20 ms of `turn/interrupt`. One that does not is ended with its server.
INTERRUPT_GRACE = 5.0
# The same after a second request to stop, which is impatient.
HURRY_GRACE = 0.5
# A turn cannot be interrupted before it has quite begun, so it is asked more than once.
INTERRUPT_AGAIN = 0.1


class Stopping:
    """The end of one turn. Used on our own loop.

    Parameters
    ----------
    ids : callable
        Returns the ids of the thread and of the turn, as far as they are known.
    over : Event
        Set when the turn is over.
    """

    def __init__(self, ids: Callable[[], tuple[str, str | None]], over: asyncio.Event) -> None:
        self._ids = ids
        self._over = over
        self._task: asyncio.Task[None] | None = None
        self._grace = INTERRUPT_GRACE

    @property
    def begun(self) -> bool:
        """Whether the turn was asked to end while it ran."""
        return self._task is not None

    def begin(self, server: AppServer) -> None:
        """Begin to end the turn, if that has not begun yet."""
        if self._task is None:
            self._task = asyncio.create_task(self._end(server))

    def hurry(self) -> None:
        """Have less patience from now on."""
        self._grace = min(self._grace, HURRY_GRACE)

    async def _end(self, server: AppServer) -> None:
        began = time.monotonic()
        while not self._over.is_set() and server.alive:
            left = began + self._grace - time.monotonic()
            if left <= 0:
                # Other turns that it runs end with it, and say so.
                server.end(at_once=True)
                return
            thread_id, turn_id = self._ids()
            if turn_id is not None:
                params = {"threadId": thread_id, "turnId": turn_id}
                # Refused while the turn is just beginning, or just ending.
                with contextlib.suppress(CodexError):
                    await server.request("turn/interrupt", params, min(left, HURRY_GRACE))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over.wait(), min(left, INTERRUPT_AGAIN))
