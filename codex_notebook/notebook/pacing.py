"""Turns a stream of states into few, small frames for a panel.

Between two frames lies at least `INTERVAL`, however fast the states come; the first after a
pause goes out at once, and so does a change of status, because somebody is waiting for it. All
of it happens on one loop. Knows views and frames; not the channel on which they go.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from codex_notebook.core.state import TurnState
from codex_notebook.core.view import TurnView, frame, view

# 20 frames a second. Jupyter puts some 400 bytes round each: with 30, a message of 1,000 deltas a
# second took 1.4 times the bytes of its text, and the page a third more time.
INTERVAL = 1 / 20

Message = dict[str, Any]


class Pacer:
    """Sends a turn's views as numbered frames.

    Parameters
    ----------
    state : TurnState
        The state from which it starts.
    send : callable
        Takes a message: ``{"op": "frame", "seq": …, "at": …, "ops": […]}`` or
        ``{"op": "snapshot", "seq": …, "at": …, "view": …}``. ``at`` is our clock, in seconds.
    """

    def __init__(self, state: TurnState, send: Callable[[Message], None]) -> None:
        self._send = send
        self._state = state
        # One value, so that any thread reads a number and the view that belongs to it.
        self._sent: tuple[int, TurnView] = (0, view(state))
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def update(self, state: TurnState) -> None:
        """Take the newest state; call on the loop."""
        urgent = (state.status, state.interrupting) != (
            self._state.status,
            self._state.interrupting,
        )
        self._state = state
        wait = INTERVAL - (time.monotonic() - self._last)
        if urgent or wait <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    def flush(self) -> None:
        """Send what has changed since the last frame, if anything; call on the loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        number, before = self._sent
        after = view(self._state)
        operations = frame(before, after)
        if not operations:
            return
        self._sent = (number + 1, after)
        self._last = time.monotonic()
        self._send({"op": "frame", "seq": number + 1, "at": time.time(), "ops": operations})

    def resend(self) -> None:
        """Send the whole view, to a front end that has none or has missed a frame."""
        self.flush()
        self._send({"op": "snapshot", **self.snapshot()})

    def snapshot(self) -> Message:
        """Return the view as it was last sent, with its number; from any thread."""
        number, sent = self._sent
        return {"seq": number, "at": time.time(), "view": sent.to_json()}
