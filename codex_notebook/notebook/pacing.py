"""Turns a stream of states into few, small frames for a panel.

Between two frames lies at least `INTERVAL`, however fast the states come; the first after a
pause goes out at once, and so does what somebody is waiting for: a change of status, and whatever
is asked or decided. A turn that says nothing for long sends an empty frame, by which a panel
knows that the kernel lives. All of it happens on one loop. Knows views and frames; not the channel
on which they go.
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
# How long a panel hears nothing while its turn runs, in seconds.
QUIET = 5.0

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
    quiet : float, default: 5
        After how many seconds without any frame an empty one goes out, while the turn runs.
    """

    def __init__(
        self, state: TurnState, send: Callable[[Message], None], quiet: float = QUIET
    ) -> None:
        self._send = send
        self._state = state
        self._quiet = quiet
        # One value, so that any thread reads a number and the view that belongs to it.
        self._sent: tuple[int, TurnView] = (0, view(state))
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._pulse: asyncio.TimerHandle | None = None
        self._stopped = False

    def update(self, state: TurnState) -> None:
        """Take the newest state; call on the loop."""
        if self._stopped:
            return
        urgent = _awaited(self._state, state)
        self._state = state
        wait = INTERVAL - (time.monotonic() - self._last)
        if urgent or wait <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self.flush)
        if state.ended:
            self._rest()
        elif self._pulse is None:
            self._watch(self._quiet)

    def flush(self) -> None:
        """Send what has changed since the last frame, if anything; call on the loop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        before, after = self._sent[1], view(self._state)
        operations = frame(before, after)
        if operations:
            self._say(after, operations)

    def resend(self) -> None:
        """Send the whole view, to a front end that has none or has missed a frame."""
        self.flush()
        self._send({"op": "snapshot", **self.snapshot()})

    def snapshot(self) -> Message:
        """Return the view as it was last sent, with its number; from any thread."""
        number, sent = self._sent
        return {"seq": number, "at": time.time(), "view": sent.to_json()}

    def stop(self) -> None:
        """Send nothing more by itself; call on the loop."""
        self._stopped = True
        self._rest()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _say(self, after: TurnView, operations: list[Any]) -> None:
        number = self._sent[0] + 1
        self._sent = (number, after)
        self._last = time.monotonic()
        self._send({"op": "frame", "seq": number, "at": time.time(), "ops": operations})

    def _watch(self, wait: float) -> None:
        self._pulse = asyncio.get_running_loop().call_later(wait, self._beat)

    def _beat(self) -> None:
        wait = self._last + self._quiet - time.monotonic()
        if wait <= 0:
            self._say(self._sent[1], [])
            wait = self._quiet
        self._watch(wait)

    def _rest(self) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None


def _awaited(before: TurnState, after: TurnState) -> bool:
    """Return whether something has changed that somebody is waiting for."""
    # What the agent asks by identity: states share what did not change, and deltas are many.
    return (
        after.status != before.status
        or after.interrupting != before.interrupting
        or after.approvals is not before.approvals
        or after.inputs is not before.inputs
    )
