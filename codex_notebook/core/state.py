"""The state of a turn, and the one fold that everything else reads: ``reduce(state, event)``.

A state is a frozen value; `reduce` returns a new one and shares what did not change, so keeping
an old state to compare with costs nothing. Panels, records, results and dataframes are all
functions of a `TurnState`; none of them looks at events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from codex_notebook.core.events import (
    Event,
    ItemCompletedEvent,
    ItemDeltaEvent,
    ItemStartedEvent,
    ItemUpdatedEvent,
    NoticeEvent,
    ThreadErrorEvent,
    ThreadStartedEvent,
    TurnCompletedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    TurnInterruptingEvent,
    TurnStartedEvent,
    UnknownEvent,
    Usage,
    UsageUpdatedEvent,
)
from codex_notebook.core.items import AgentMessageItem, Item, UnknownItem
from codex_notebook.core.model import Value
from codex_notebook.core.text import Text

TurnStatus = Literal["pending", "running", "completed", "failed", "interrupted"]


class TurnRequest(Value):
    """What a turn was asked to do, as far as whoever reads the turn should know.

    Attributes
    ----------
    prompt : str
        The text of the input.
    model, sandbox_mode, working_directory : str or None
        As asked for; None where the CLI's own configuration decides.
    output_type : str or None
        The name of the type that the answer is to have.
    """

    prompt: str = ""
    model: str | None = None
    sandbox_mode: str | None = None
    working_directory: str | None = None
    output_type: str | None = None


# Shared, because they are frozen and most turns and items have no other.
_NO_REQUEST = TurnRequest()
_NO_STREAMS: Mapping[str, Text] = {}


@dataclass(frozen=True, init=False)
class Entry:
    """An item of a turn, with the text that came for it since the CLI last stated it whole.

    Attributes
    ----------
    id : str
        The item's id.
    stated : Item
        The item as an event last gave it.
    streams : dict of str to Text
        For each field that grows by deltas, what has come.
    started_at, ended_at : float or None
        When it began and ended, in seconds since the epoch.
    """

    id: str
    stated: Item
    streams: Mapping[str, Text]
    started_at: float | None
    ended_at: float | None
    completed: bool

    def __init__(
        self,
        stated: Item,
        streams: Mapping[str, Text] = _NO_STREAMS,
        started_at: float | None = None,
        ended_at: float | None = None,
        completed: bool = False,
    ) -> None:
        # A frozen dataclass would set each by a call, which takes more than twice as long.
        fields = self.__dict__
        fields["id"] = stated.id
        fields["stated"] = stated
        fields["streams"] = streams
        fields["started_at"] = started_at
        fields["ended_at"] = ended_at
        fields["completed"] = completed

    @cached_property
    def item(self) -> Item:
        """The item with its streamed text in place."""
        if not self.streams:
            return self.stated
        return self.stated.model_copy(update={k: str(text) for k, text in self.streams.items()})


@dataclass(frozen=True)
class TurnState:
    """Everything known of a turn at one moment.

    Attributes
    ----------
    request : TurnRequest
        What was asked.
    status : str
        ``pending``, ``running``, ``completed``, ``failed`` or ``interrupted``.
    interrupting : bool
        Somebody asked it to stop, and it has not stopped yet.
    thread_id : str or None
        The thread's id, once the CLI has said it.
    entries : tuple of Entry
        The items in the order in which they began.
    thread_usage_before : Usage or None
        The thread's running total before this turn: zero for a new thread, None if unknown.
    thread_usage : Usage or None
        The thread's running total after this turn, once it has ended; None if nobody tells.
    error : str or None
        Why it failed.
    last_error : str or None
        The last ``error`` event; the CLI may have recovered from it.
    notices : tuple of str
        Remarks, and events of unknown kinds.
    started_at, ended_at : float or None
        Seconds since the epoch.
    """

    request: TurnRequest = _NO_REQUEST
    status: TurnStatus = "pending"
    interrupting: bool = False
    thread_id: str | None = None
    entries: tuple[Entry, ...] = ()
    thread_usage_before: Usage | None = None
    thread_usage: Usage | None = None
    error: str | None = None
    last_error: str | None = None
    notices: tuple[str, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the turn is over."""
        return self.status in ("completed", "failed", "interrupted")

    @property
    def items(self) -> tuple[Item, ...]:
        """The items, streamed text in place."""
        return tuple(entry.item for entry in self.entries)

    @property
    def final_response(self) -> str:
        """The text of the last agent message; empty if there is none."""
        for entry in reversed(self.entries):
            if isinstance(entry.stated, AgentMessageItem):
                item = entry.item
                assert isinstance(item, AgentMessageItem)
                return item.text
        return ""

    @property
    def usage(self) -> Usage | None:
        """The turn's own share of the thread's tokens; None if it cannot be known."""
        if self.thread_usage is None or self.thread_usage_before is None:
            return None
        return self.thread_usage.since(self.thread_usage_before)


def reduce(state: TurnState, event: Event) -> TurnState:
    """Return the state after ``event``; never raises, whatever the event says.

    After the turn has ended only late items and notices still count: the first end is the end.
    """
    # By exact types, and not by `match`: a class that an event is not of is asked by way of
    # pydantic's metaclass, which takes longer than the rest of the fold.
    if type(event) is ItemDeltaEvent:
        return _append(state, event)
    if (
        type(event) is ItemStartedEvent
        or type(event) is ItemUpdatedEvent
        or type(event) is ItemCompletedEvent
    ):
        return _place(state, event)
    if type(event) is ThreadStartedEvent:
        return _with(state, thread_id=event.thread_id)
    if type(event) is UsageUpdatedEvent:
        return _with(state, thread_usage=event.thread_usage)
    if type(event) is NoticeEvent:
        return _with(state, notices=(*state.notices, event.message))
    if type(event) is UnknownEvent:
        notice = f"An event of an unknown kind: {event.type}"
        return _with(state, notices=(*state.notices, notice))
    if state.ended:
        return state
    if type(event) is TurnStartedEvent:
        return _with(state, status="running", started_at=state.started_at or event.at)
    if type(event) is ThreadErrorEvent:
        return _with(state, last_error=event.message)
    if type(event) is TurnInterruptingEvent:
        return _with(state, interrupting=True)
    if type(event) is TurnCompletedEvent:
        return _end(state, "completed", event.at, thread_usage=event.usage)
    if type(event) is TurnFailedEvent:
        message = event.error.message or state.last_error or "The turn failed without a reason."
        return _end(state, "failed", event.at, error=message)
    if type(event) is TurnInterruptedEvent:
        return _end(state, "interrupted", event.at)
    return state


def _with(state: TurnState, **changes: Any) -> TurnState:
    """Return `state` with other values in some fields.

    As `dataclasses.replace` does in six times the time: the ``__init__`` of a frozen class sets
    each field by a call. What comes of this is as frozen; it is filled before anybody sees it.
    """
    fields = state.__dict__.copy()
    fields.update(changes)
    after = object.__new__(TurnState)
    object.__setattr__(after, "__dict__", fields)
    return after


def _end(
    state: TurnState,
    status: TurnStatus,
    at: float | None,
    *,
    thread_usage: Usage | None = None,
    error: str | None = None,
) -> TurnState:
    return _with(
        state,
        status=status,
        interrupting=False,
        ended_at=at,
        thread_usage=thread_usage or state.thread_usage,
        error=error,
    )


def _find(entries: tuple[Entry, ...], item_id: str) -> int | None:
    # From the end: nearly every event is about one of the latest items.
    position = len(entries)
    for entry in reversed(entries):
        position -= 1
        if entry.id == item_id:
            return position
    return None


def _put(state: TurnState, position: int | None, entry: Entry) -> TurnState:
    entries = state.entries
    if position is None:
        return _with(state, entries=(*entries, entry))
    return _with(state, entries=(*entries[:position], entry, *entries[position + 1 :]))


def _place(
    state: TurnState, event: ItemStartedEvent | ItemUpdatedEvent | ItemCompletedEvent
) -> TurnState:
    item, at = event.item, event.at
    if not item.id:
        # Never drop an item for want of an id; it only cannot be updated later.
        item = item.model_copy(update={"id": f"unnamed_{len(state.entries)}"})
    position = _find(state.entries, item.id)
    started_at = at if position is None else state.entries[position].started_at
    completed = type(event) is ItemCompletedEvent
    entry = Entry(item, _NO_STREAMS, started_at, at if completed else None, completed)
    return _put(state, position, entry)


def _append(state: TurnState, event: ItemDeltaEvent) -> TurnState:
    position = _find(state.entries, event.item_id)
    if position is None:
        known = Entry(UnknownItem(id=event.item_id, type="unknown"), started_at=event.at)
    else:
        known = state.entries[position]
    if known.completed:
        # The completed item is the authority; a late delta is already in it.
        return state
    stream = known.streams.get(event.field)
    if stream is None:
        start = known.stated.get(event.field, "")
        stream = Text(start if isinstance(start, str) else "")
    streams = {**known.streams, event.field: stream.append(event.delta)}
    entry = Entry(stated=known.stated, streams=streams, started_at=known.started_at)
    return _put(state, position, entry)
