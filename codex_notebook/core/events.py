"""The events of a turn, as the transports report them. One class for each kind.

The names are those of ``codex exec --json``, and a few of ours that no CLI prints: ``item.delta``
(the live transport's text as it grows), ``usage.updated`` (the tokens of a turn that did not
complete), ``turn.interrupting`` and ``turn.interrupted`` (we asked the turn to stop; it did), and
``notice`` (a remark about the turn, such as a line on stdout that is no JSON). `parse_event` never
raises: what it does not know becomes a value.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import Field, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, core_schema

from codex_notebook.core.items import KINDS, Item, parse_item
from codex_notebook.core.model import Value

log = logging.getLogger(__name__)


def _item(data: object) -> object:
    return data if isinstance(data, Value) else parse_item(data)


class _ToleratesAll:
    """How pydantic reads an item: whatever it is, it becomes one.

    Out of JSON the known kinds are read without a detour through Python, which halves the time of
    a line; `parse_item` then sees only what is none of them.
    """

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        anything = core_schema.no_info_plain_validator_function(_item)
        known = _OneOf(KINDS).__get_pydantic_core_schema__(_, handler)
        json = core_schema.union_schema([known, anything], mode="left_to_right")
        return core_schema.json_or_python_schema(json, anything)


@dataclass(frozen=True)
class _OneOf:
    """How pydantic reads a value of one of several classes: its ``type`` says of which."""

    kinds: Mapping[str, type[Value]]

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {name: handler.generate_schema(kind) for name, kind in self.kinds.items()}
        return core_schema.tagged_union_schema(choices, "type")


AnyItem = Annotated[Item, _ToleratesAll()]


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


class UsageUpdatedEvent(BaseEvent):
    """The thread's running total of tokens, where it comes apart from the turn's end.

    Attributes
    ----------
    thread_usage : Usage
        The total, this turn included as far as it has come.
    """

    type: Literal["usage.updated"] = "usage.updated"
    thread_usage: Usage


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
    | UsageUpdatedEvent
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
    "usage.updated": UsageUpdatedEvent,
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
    try:
        event = _reader()(line)  # type: ignore[arg-type]
    except ValueError:
        # No text, no JSON, or nothing that is known: what it is, the slow way below finds out.
        data = line if isinstance(line, Mapping) else _decode(line)
    else:
        # It is frozen, but nobody has seen it yet; making a copy would double the time.
        event.__dict__["at"] = at
        return event
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


@cache
def _reader() -> Callable[[str | bytes], Event]:
    """Return what reads a line in one go; made for the first line, because it takes a while."""
    reader: TypeAdapter[Event] = TypeAdapter(Annotated[Event, _OneOf(_KINDS)])
    return reader.validator.validate_json


def _decode(line: str | bytes) -> object:
    if isinstance(line, bytes):
        line = line.decode("utf-8", "replace")
    try:
        return pydantic_core.from_json(line)
    except ValueError:
        return None
