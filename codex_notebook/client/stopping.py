"""How a turn of the live transport is stopped: politely, and with its server if it does not listen.

Knows the protocol's method for it and the clock; not what the turn does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from codex_notebook.client.app_server import AppServer
from codex_notebook.errors import CodexError

# A turn ends within 20 ms of `turn/interrupt`. One that does not is ended with its server.
INTERRUPT_GRACE = 5.0
# The same after a second request to stop, which is impatient.
HURRY_GRACE = 0.5
# A turn cannot be interrupted before it has quite begun, so it is asked more than once.
INTERRUPT_AGAIN = 0.1
_DEAF = (
    "A turn of this client was to be stopped and did not stop, so the server of the Codex CLI was "
    "ended, and with it this turn. The next one starts another server."
)


class Stopping:
    """The end of one turn. Used on our own loop.

    Parameters
    ----------
    over : Event
        Set when the turn is over.
    """

    def __init__(self, over: asyncio.Event) -> None:
        self._over = over
        # Which turn it is, in the protocol's words; None as long as nobody knows.
        self._turn: dict[str, str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._grace = INTERRUPT_GRACE

    @property
    def begun(self) -> bool:
        """Whether the turn was asked to end while it ran."""
        return self._task is not None

    def know(self, thread_id: str, turn_id: str) -> None:
        """Take note of which turn it is, without which it cannot be asked to end."""
        self._turn = {"threadId": thread_id, "turnId": turn_id}

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
                server.end(_DEAF, at_once=True)
                return
            if self._turn is not None:
                # Refused while the turn is just beginning, or just ending.
                with contextlib.suppress(CodexError):
                    await server.request("turn/interrupt", self._turn, min(left, HURRY_GRACE))
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._over.wait(), min(left, INTERRUPT_AGAIN))
