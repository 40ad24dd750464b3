"""A thread's turns as one list: those that the CLI has kept, and those that we were there for.

The CLI keeps no tokens and no times of items, and may not yet have a turn that runs; whoever was
there knows them. So a turn of which both tell is taken from whoever was there. Pure; knows states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from codex_notebook.core.state import TurnState

# Between when the CLI says that a turn began, in whole seconds, and when we heard of it.
_APART = 5.0
# Two that began so close are the same, whatever each says was asked: a review says it its own way.
_TOGETHER = 1.0


class Stated(Protocol):
    """Something that has the state of a turn."""

    @property
    def state(self) -> TurnState:
        """The state."""
        ...


K = TypeVar("K", bound=Stated)
S = TypeVar("S", bound=Stated)


def merged(kept: Sequence[K], ours: Sequence[S]) -> list[tuple[K | None, S | None]]:
    """Return the turns of a thread in the order in which they began.

    Parameters
    ----------
    kept, ours : sequence
        What the CLI has kept, and what we were there for; each the oldest first.

    Returns
    -------
    list of tuple
        For each turn what was kept of it and what is ours; None for what there is not.
    """
    twins = dict(_twins(kept, ours))
    whole: list[tuple[K | None, S | None]] = [
        (turn, ours[twins[place]] if place in twins else None) for place, turn in enumerate(kept)
    ]
    found = set(twins.values())
    for place, turn in enumerate(ours):
        if place not in found:
            whole.insert(_behind(whole, turn.state.started_at), (None, turn))
    return whole


def _twins(kept: Sequence[Stated], ours: Sequence[Stated]) -> Iterator[tuple[int, int]]:
    """Yield the places of those that are the same turn, in ``kept`` and in ``ours``."""
    by_id = {turn.state.turn_id: place for place, turn in enumerate(kept) if turn.state.turn_id}
    free = 0
    for place, turn in enumerate(ours):
        if turn.state.turn_id is not None:
            twin = by_id.get(turn.state.turn_id)
        else:
            # Of `codex exec`, which tells no ids; its turns are at least in their order.
            twin = _alike(kept, turn.state, free)
        if twin is not None:
            free = twin + 1
            yield twin, place


def _alike(kept: Sequence[Stated], ours: TurnState, free: int) -> int | None:
    """Return the place of the turn that is ours, from ``free`` on; by what was asked, if it can."""
    asked = together = None
    for place in range(free, len(kept)):
        state = kept[place].state
        if state.started_at is None or ours.started_at is None:
            continue
        apart = abs(state.started_at - ours.started_at)
        if asked is None and apart <= _APART and state.request.prompt == ours.request.prompt:
            asked = place
        if together is None and apart <= _TOGETHER:
            together = place
    return together if asked is None else asked


def _behind(turns: Sequence[tuple[Stated | None, Stated | None]], at: float | None) -> int:
    """Return the place behind all turns that began before ``at``."""
    if at is None:
        return len(turns)
    for place in range(len(turns), 0, -1):
        kept, ours = turns[place - 1]
        began = (ours or kept).state.started_at  # type: ignore[union-attr]
        if began is not None and began <= at:
            return place
    return 0
