"""The events of a turn, as the transports report them. One class for each kind.

The names are those of ``codex exec --json``, and a few of ours that no CLI prints: ``item.delta``
(the live transport's text as it grows), ``turn.interrupting`` and ``turn.interrupted``
(we asked the turn to stop; it did), and ``notice`` (a remark about the turn, such as a line on
stdout that is no JSON). `parse_event` never raises: what it does not know becomes a value.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import Field, PlainValidator, ValidationError

from codex_notebook.core.items import Item, parse_item
from codex_notebook.core.model import Value

log = logging.getLogger(__name__)


def _item(data: object) -> object:
    return data if isinstance(data, Value) else parse_item(data)


AnyItem = Annotated[Item, PlainValidator(_item)]


class Usage(Value):
    """Tokens, as the model's provider counts them."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0

    def since(self, earlier: Usage | None) -> Usage:
        """Return the difference to an earlier total of the same thread."""
        if earlier is None:
            return self
        names = type(self).model_fields
        return Usage(**{name: max(0, self[name] - earlier[name]) for name in names})


class BaseEvent(Value):
    """What all events have.

    Attributes
    ----------
    at : float or None
        When we received it, in seconds since the epoch; None for events read from a file.
    """

    type: str
    at: float | None = None


class ThreadStartedEvent(BaseEvent):
    """The CLI opened the thread (a new one, or the one that was resumed)."""

    type: Literal["thread.started"] = "thread.started"
    thread_id: str


class TurnStartedEvent(BaseEvent):
    """The agent began to work."""

    type: Literal["turn.started"] = "turn.started"


class ItemStartedEvent(BaseEvent):
    """An item began."""

    type: Literal["item.started"] = "item.started"
    item: AnyItem


class ItemUpdatedEvent(BaseEvent):
    """An item changed and goes on."""

    type: Literal["item.updated"] = "item.updated"
    item: AnyItem


class ItemCompletedEvent(BaseEvent):
    """An item ended; what it says now is final."""

    type: Literal["item.completed"] = "item.completed"
    item: AnyItem


class ItemDeltaEvent(BaseEvent):
    """Text was appended to a field of a running item (live transport only)."""

    type: Literal["item.delta"] = "item.delta"
    item_id: str
    field: str
    delta: str


class TurnCompletedEvent(BaseEvent):
    """The turn ended well.

    Attributes
    ----------
    usage : Usage or None
        The running total of the *thread*, which is what ``codex exec`` reports.
    """

    type: Literal["turn.completed"] = "turn.completed"
    usage: Usage | None = None


class ThreadError(Value):
    """Why a turn failed."""

    message: str = ""


class TurnFailedEvent(BaseEvent):
    """The turn ended badly."""

    type: Literal["turn.failed"] = "turn.failed"
    error: ThreadError = ThreadError()


class ThreadErrorEvent(BaseEvent):
    """The CLI reports an error; the turn may still recover (``codex exec`` does not say)."""

    type: Literal["error"] = "error"
    message: str = ""


class TurnInterruptingEvent(BaseEvent):
    """Somebody asked the turn to stop; the CLI is being told."""

    type: Literal["turn.interrupting"] = "turn.interrupting"


class TurnInterruptedEvent(BaseEvent):
    """The turn stopped because it was asked to."""

    type: Literal["turn.interrupted"] = "turn.interrupted"


class NoticeEvent(BaseEvent):
    """A remark of ours for whoever watches the turn."""

    type: Literal["notice"] = "notice"
    message: str


class UnknownEvent(BaseEvent):
    """An event of a kind, or of a shape, that this version does not know."""

    raw: dict[str, Any] = Field(default_factory=dict)


Event = (
    ThreadStartedEvent
    | TurnStartedEvent
    | ItemStartedEvent
    | ItemUpdatedEvent
    | ItemCompletedEvent
    | ItemDeltaEvent
    | TurnCompletedEvent
    | TurnFailedEvent
    | ThreadErrorEvent
    | TurnInterruptingEvent
    | TurnInterruptedEvent
    | NoticeEvent
    | UnknownEvent
)

_KINDS: dict[str, type[Event]] = {
    "thread.started": ThreadStartedEvent,
    "turn.started": TurnStartedEvent,
    "item.started": ItemStartedEvent,
    "item.updated": ItemUpdatedEvent,
    "item.completed": ItemCompletedEvent,
    "item.delta": ItemDeltaEvent,
    "turn.completed": TurnCompletedEvent,
    "turn.failed": TurnFailedEvent,
    "error": ThreadErrorEvent,
    "turn.interrupting": TurnInterruptingEvent,
    "turn.interrupted": TurnInterruptedEvent,
    "notice": NoticeEvent,
}

# A line of noise can be megabytes long; a notice quotes only its beginning.
_QUOTED = 200


def parse_event(line: str | bytes | Mapping[str, Any], at: float | None = None) -> Event:
    """Return the event that one line of the CLI's output describes; never raises.

    Parameters
    ----------
    line : str, bytes or mapping
        One line of JSON, or the decoded object.
    at : float, optional
        When it was received, in seconds since the epoch.

    Returns
    -------
    Event
        A `NoticeEvent` for a line that is no JSON object, an `UnknownEvent` for an object of an
        unknown kind or shape, else the class of its ``type``.
    """
    data = line if isinstance(line, Mapping) else _decode(line)
    if not isinstance(data, Mapping):
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else str(line)
        log.warning("The CLI printed a line that is no event: %.200r", text)
        more = "…" if len(text) > _QUOTED else ""
        return NoticeEvent(message=f"Not an event: {text[:_QUOTED]}{more}", at=at)
    kind = data.get("type")
    known = _KINDS.get(kind) if isinstance(kind, str) else None
    if known is not None:
        try:
            return known.model_validate({**data, "at": at})
        except ValidationError as error:
            log.warning("An event of type %r has an unexpected shape: %s", kind, error)
    return UnknownEvent(type=kind if isinstance(kind, str) else "unknown", raw=dict(data), at=at)


def _decode(line: str | bytes) -> object:
    if isinstance(line, bytes):
        line = line.decode("utf-8", "replace")
    try:
        return pydantic_core.from_json(line)
    except ValueError:
        return None
