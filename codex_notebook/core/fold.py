"""The one fold from events to states: everything that is shown or returned of a turn is its fruit.

`reduce` is the fold as a function. A `Fold` is the same for a turn as it grows: a state is made
only when somebody reads it, so that events cost next to nothing in between. Knows events and
states; not where events come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from codex_notebook.core.asks import Approval, InputRequest
from codex_notebook.core.events import (
    ApprovalRequestedEvent,
    ApprovalResolvedEvent,
    DiffUpdatedEvent,
    Event,
    InputRequestedEvent,
    InputResolvedEvent,
    ItemCompletedEvent,
    ItemDeltaEvent,
    ItemStartedEvent,
    ItemUpdatedEvent,
    NoticeEvent,
    RateLimitsUpdatedEvent,
    ThreadErrorEvent,
    ThreadStartedEvent,
    TurnCompletedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    TurnInterruptingEvent,
    TurnStartedEvent,
    UnknownEvent,
    UsageUpdatedEvent,
)
from codex_notebook.core.items import Item, UnknownItem
from codex_notebook.core.state import ENDED, NO_STREAMS, Entry, TurnState, TurnStatus
from codex_notebook.core.text import Text
from codex_notebook.core.usage import Usage

# What an `Entry` is made of.
_Draft = tuple[Item, Mapping[str, Text], float | None, float | None, bool]

_NOTHING = TurnState()


def reduce(state: TurnState, event: Event) -> TurnState:
    """Return the state after ``event``; never raises, whatever the event says.

    After the turn has ended only late items and notices still count: the first end is the end.
    """
    fold = Fold(state)
    fold.add(event)
    return fold.state


class Fold:
    """A turn that grows by events. Used on one thread at a time.

    Parameters
    ----------
    state : TurnState, optional
        The state from which it grows, which stays as it is; by default that of a turn of which
        nothing is known yet.
    """

    __slots__ = ("_drafts", "_entries", "_fields", "_notices", "_places", "_state")

    def __init__(self, state: TurnState = _NOTHING) -> None:
        self._state: TurnState | None = state
        self._fields = state.__dict__.copy()
        self._entries: list[Entry] = list(state.entries)
        self._notices: list[str] = list(state.notices)
        self._places = {entry.id: place for place, entry in enumerate(self._entries)}
        # What has changed since a state was made, and becomes entries when the next one is.
        self._drafts: dict[int, _Draft] = {}

    @property
    def state(self) -> TurnState:
        """The state after all events that were added."""
        if self._state is None:
            for place, draft in self._drafts.items():
                # New places come in their order.
                self._entries[place : place + 1] = [Entry(*draft)]
            self._drafts.clear()
            # As its own `__init__` would make it, which sets each field of a frozen class by a
            # call and takes six times as long.
            self._state = object.__new__(TurnState)
            fields = self._fields.copy()
            fields["entries"] = tuple(self._entries)
            if self._notices:
                fields["notices"] = tuple(self._notices)
            object.__setattr__(self._state, "__dict__", fields)
        return self._state

    def add(self, event: Event) -> None:
        """Take the next event."""
        self._state = None
        _ADD[type(event)](self, event)

    def _place(self, event: ItemStartedEvent | ItemUpdatedEvent | ItemCompletedEvent) -> None:
        item, started_at = event.item, event.at
        # Asked once: an attribute of a pydantic model takes as long as much of the rest.
        item_id = item.id
        if not item_id:
            # Never drop an item for want of an id; it only cannot be updated later.
            item_id = f"unnamed_{len(self._places)}"
            item = item.model_copy(update={"id": item_id})
        completed = type(event) is ItemCompletedEvent
        ended_at = started_at if completed else None
        place = self._places.get(item_id)
        if place is None:
            place = self._places[item_id] = len(self._places)
        else:
            draft = self._drafts.get(place)
            started_at = draft[2] if draft is not None else self._entries[place].started_at
        self._drafts[place] = (item, NO_STREAMS, started_at, ended_at, completed)

    def _append(self, event: ItemDeltaEvent) -> None:
        place = self._places.get(event.item_id)
        if place is None:
            place = self._places[event.item_id] = len(self._places)
            unknown = UnknownItem(id=event.item_id, type="unknown")
            self._drafts[place] = (unknown, NO_STREAMS, event.at, None, False)
        item, streams, started_at, _, completed = self._draft(place)
        if completed:
            # The completed item is the authority; a late delta is already in it.
            return
        stream = streams.get(event.field)
        if stream is None:
            start = item.get(event.field, "")
            stream = Text(start if isinstance(start, str) else "")
        streams = {**streams, event.field: stream.append(event.delta)}
        self._drafts[place] = (item, streams, started_at, None, False)

    def _draft(self, place: int) -> _Draft:
        draft = self._drafts.get(place)
        if draft is not None:
            return draft
        known = self._entries[place]
        return known.stated, known.streams, known.started_at, known.ended_at, known.completed

    def _open(self, event: ThreadStartedEvent) -> None:
        fields = self._fields
        fields["thread_id"] = event.thread_id
        fields["thread_name"] = event.name
        fields["model"] = event.model
        fields["effort"] = event.effort

    def _count(self, event: UsageUpdatedEvent) -> None:
        fields = self._fields
        fields["thread_usage"] = event.thread_usage
        fields["context_tokens"] = event.context_tokens or fields["context_tokens"]
        fields["context_window"] = event.context_window or fields["context_window"]

    def _limit(self, event: RateLimitsUpdatedEvent) -> None:
        self._fields["rate_limits"] = event.rate_limits

    def _differ(self, event: DiffUpdatedEvent) -> None:
        self._fields["diff"] = event.diff

    def _ask_leave(self, event: ApprovalRequestedEvent) -> None:
        self._fields["approvals"] += (event.approval,)

    def _give_leave(self, event: ApprovalResolvedEvent) -> None:
        update = {"decision": event.decision, "decided_by": event.by}
        self._settle("approvals", event.approval_id, update)

    def _ask(self, event: InputRequestedEvent) -> None:
        self._fields["inputs"] += (event.request,)

    def _answer(self, event: InputResolvedEvent) -> None:
        update = {"answers": event.answers, "resolved_by": event.by}
        self._settle("inputs", event.input_id, update)

    def _settle(self, name: str, ask_id: str, update: Mapping[str, object]) -> None:
        asks: tuple[Approval | InputRequest, ...] = self._fields[name]
        self._fields[name] = tuple(
            ask.model_copy(update=update) if ask.id == ask_id else ask for ask in asks
        )

    def _note(self, event: NoticeEvent) -> None:
        self._notices.append(event.message)

    def _note_unknown(self, event: UnknownEvent) -> None:
        self._notices.append(f"An event of an unknown kind: {event.type}")

    def _start(self, event: TurnStartedEvent) -> None:
        fields = self._fields
        if fields["status"] not in ENDED:
            fields["status"] = "running"
            fields["turn_id"] = event.turn_id
            fields["started_at"] = fields["started_at"] or event.at

    def _err(self, event: ThreadErrorEvent) -> None:
        if self._fields["status"] not in ENDED:
            self._fields["last_error"] = event.message

    def _interrupt(self, _: TurnInterruptingEvent) -> None:
        if self._fields["status"] not in ENDED:
            self._fields["interrupting"] = True

    def _complete(self, event: TurnCompletedEvent) -> None:
        self._end("completed", event.at, thread_usage=event.usage)

    def _fail(self, event: TurnFailedEvent) -> None:
        reason = event.error.message or self._fields["last_error"]
        if self._fields["status"] not in ENDED:
            self._fields["error_code"] = event.error.code
            self._fields["error_http_status"] = event.error.http_status
        self._end("failed", event.at, error=reason or "The turn failed without a reason.")

    def _stop(self, event: TurnInterruptedEvent) -> None:
        self._end("interrupted", event.at)

    def _end(
        self,
        status: TurnStatus,
        at: float | None,
        *,
        thread_usage: Usage | None = None,
        error: str | None = None,
    ) -> None:
        fields = self._fields
        if fields["status"] not in ENDED:
            fields["status"] = status
            fields["interrupting"] = False
            fields["ended_at"] = at
            # What was asked and not decided by then is declined: nobody waits for it any more.
            for ask in fields["approvals"]:
                if ask.decision is None:
                    self._settle("approvals", ask.id, {"decision": "decline", "decided_by": "turn"})
            for ask in fields["inputs"]:
                if ask.resolved_by is None:
                    self._settle("inputs", ask.id, {"resolved_by": "turn"})
            fields["thread_usage"] = thread_usage or fields["thread_usage"]
            fields["error"] = error


# By exact type and not by `match`: a class that an event is not of is asked by way of pydantic's
# metaclass, which takes longer than the rest of the fold.
_ADD: dict[type[Event], Callable[[Fold, Any], None]] = {
    ItemDeltaEvent: Fold._append,
    ItemStartedEvent: Fold._place,
    ItemUpdatedEvent: Fold._place,
    ItemCompletedEvent: Fold._place,
    ThreadStartedEvent: Fold._open,
    UsageUpdatedEvent: Fold._count,
    RateLimitsUpdatedEvent: Fold._limit,
    DiffUpdatedEvent: Fold._differ,
    ApprovalRequestedEvent: Fold._ask_leave,
    ApprovalResolvedEvent: Fold._give_leave,
    InputRequestedEvent: Fold._ask,
    InputResolvedEvent: Fold._answer,
    NoticeEvent: Fold._note,
    UnknownEvent: Fold._note_unknown,
    TurnStartedEvent: Fold._start,
    ThreadErrorEvent: Fold._err,
    TurnInterruptingEvent: Fold._interrupt,
    TurnCompletedEvent: Fold._complete,
    TurnFailedEvent: Fold._fail,
    TurnInterruptedEvent: Fold._stop,
}
