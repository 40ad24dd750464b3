"""The log of a turn: its events from the first on, for readers who may come at any time.

An event of streamed text takes 800 bytes for a few characters, and a turn may have a hundred
thousand of them. So of these the log keeps the text, which the turn's state holds anyway, and
makes the event anew when it is read. Knows neither who reads nor what the events come to.
"""

from __future__ import annotations

import math
from array import array

from codex_notebook.core.events import Event, ItemDeltaEvent, delta_event

# Of an event that is kept whole, and of a text whose time is not known: an array holds numbers.
_NO_TIME = math.nan
_NO_ORIGIN = "", ""


class EventLog:
    """Events by their position; a sequence that only grows.

    Written on one thread at a time. What lies before ``len(log)`` may be read on any other.
    """

    __slots__ = ("_entries", "_known", "_origins", "_times")

    def __init__(self) -> None:
        # Events, and the texts of those that are made anew. At the same position the other two
        # say of which item and field the text is, and when it came. Not once for a whole run of
        # texts: those of several items may come by turns.
        self._entries: list[Event | str] = []
        self._origins: list[tuple[str, str]] = []
        self._times = array("d")
        # Every event brings a copy of the names of its own; one is enough.
        self._known: dict[tuple[str, str], tuple[str, str]] = {}

    def append(self, event: Event) -> None:
        """Keep the next event."""
        # One that says more than we know of is kept whole. A model's attributes are read where
        # they lie, because asking for each takes as long as keeping it.
        if type(event) is ItemDeltaEvent and not event.__pydantic_extra__:
            fields = event.__dict__
            at = fields["at"]
            origin = fields["item_id"], fields["field"]
            self._origins.append(self._known.setdefault(origin, origin))
            self._times.append(_NO_TIME if at is None else at)
            entry = fields["delta"]
        else:
            self._origins.append(_NO_ORIGIN)
            self._times.append(_NO_TIME)
            entry = event
        # Last, for readers go by its length.
        self._entries.append(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, position: int) -> Event:
        entry = self._entries[position]
        if not isinstance(entry, str):
            return entry
        item_id, field = self._origins[position]
        at = self._times[position]
        return delta_event(item_id, field, entry, None if math.isnan(at) else at)
