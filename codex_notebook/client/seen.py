"""The turns of a conversation that this process has run, so that they can be looked at later.

The CLI keeps them, too, but not their tokens and times (see ``core.merged``). Of those that are
over the latest are held. Knows turns; not how they are run or shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from codex_notebook.client.running import RunningTurn
from codex_notebook.core.state import TurnState
from codex_notebook.core.turn import Turn

LATEST = 50
"""So many turns of a conversation are held, with all that they said."""


@dataclass(eq=False)
class SeenTurn:
    """One turn: as it runs, and from its end on as the finished value.

    Attributes
    ----------
    number : int
        Which one it is, for this conversation in this process.
    turn : RunningTurn or Turn
        What there is of it now.
    """

    number: int
    turn: RunningTurn | Turn

    @property
    def state(self) -> TurnState:
        """Its newest state."""
        return self.turn.state


class SeenTurns:
    """The turns that were seen, the oldest first. Everything here may be called on any thread."""

    def __init__(self) -> None:
        self._turns: list[SeenTurn] = []
        self._count = 0
        self._listeners: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    @property
    def turns(self) -> list[SeenTurn]:
        """Those that are held now."""
        with self._lock:
            return list(self._turns)

    def began(self, running: RunningTurn) -> None:
        """Take note of a turn that was started, and follow it to its end."""
        with self._lock:
            self._count += 1
            seen = SeenTurn(self._count, running)
            self._turns = [*self._turns, seen][-LATEST:]
        running.when_done(lambda turn, _: self._ended(seen, turn))
        self._tell()

    def forget_from(self, turn_id: str) -> None:
        """Forget a turn and all behind it, because they were taken back."""
        with self._lock:
            ids = [seen.state.turn_id for seen in self._turns]
            # One that is not held was before them, or nobody told its id.
            self._turns = self._turns[: ids.index(turn_id)] if turn_id in ids else []
        self._tell()

    def listen(self, listener: Callable[[], object]) -> None:
        """Call ``listener()`` when a turn has begun, ended or been forgotten, on any thread."""
        with self._lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Callable[[], object]) -> None:
        """Stop calling ``listener``; one that is not called is no matter."""
        with self._lock:
            self._listeners = [known for known in self._listeners if known != listener]

    def _ended(self, seen: SeenTurn, turn: Turn) -> None:
        with self._lock:
            seen.turn = turn
            if turn.state.started_at is None:
                # It never began: it is no part of the conversation.
                self._turns = [known for known in self._turns if known is not seen]
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
