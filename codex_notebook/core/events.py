"""The events of a turn, as the transports report them. One class for each kind.

The names are those of ``codex exec --json``, and those of ours that it does not print: most of
them only the live transport can give. Knows their shape; how they are read is in ``parsing`` and
``translation``, what becomes of them in ``fold``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from codex_notebook.core.asks import Answers, Approval, Decision, InputRequest
from codex_notebook.core.model import Value
from codex_notebook.core.tolerant import AnyItem
from codex_notebook.core.usage import Usage


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
    """The CLI opened the thread (a new one, or the one that was resumed).

    Attributes
    ----------
    thread_id : str
        Its id.
    name : str or None
        The name that it was given (live transport only).
    model, effort : str or None
        The model that will answer, and its reasoning effort (live transport only).
    """

    type: Literal["thread.started"] = "thread.started"
    thread_id: str
    name: str | None = None
    model: str | None = None
    effort: str | None = None


class TurnStartedEvent(BaseEvent):
    """The agent began to work.

    Attributes
    ----------
    turn_id : str or None
        The CLI's id of the turn (live transport only).
    """

    type: Literal["turn.started"] = "turn.started"
    turn_id: str | None = None


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
    """Text was appended to a field of a running item (live transport only).

    Attributes
    ----------
    item_id : str
        The item.
    field : str
        ``text``, ``raw_text`` or ``aggregated_output``.
    delta : str
        What was appended. The completed item is the authority: it may hold more.
    """

    type: Literal["item.delta"] = "item.delta"
    item_id: str
    field: str
    delta: str


_DELTA_FIELDS = {"type", "item_id", "field", "delta", "at"}

_new, _set = object.__new__, object.__setattr__


def delta_event(item_id: str, field: str, delta: str, at: float | None) -> ItemDeltaEvent:
    """Return such an event unchecked: there are 100,000 in a long turn, and pydantic takes long."""
    event = _new(ItemDeltaEvent)
    values = {"type": "item.delta", "at": at, "item_id": item_id, "field": field, "delta": delta}
    _set(event, "__dict__", values)
    _set(event, "__pydantic_fields_set__", _DELTA_FIELDS)
    _set(event, "__pydantic_extra__", None)
    _set(event, "__pydantic_private__", None)
    return event


class UsageUpdatedEvent(BaseEvent):
    """The thread's running total of tokens, where it comes apart from the turn's end.

    Attributes
    ----------
    thread_usage : Usage
        The total, this turn included as far as it has come.
    context_tokens : int or None
        How many tokens the model last had in view (live transport only).
    context_window : int or None
        How many it can have in view (live transport only).
    """

    type: Literal["usage.updated"] = "usage.updated"
    thread_usage: Usage
    context_tokens: int | None = None
    context_window: int | None = None


class RateLimitsUpdatedEvent(BaseEvent):
    """How much of the account's limits is used (live transport only).

    Attributes
    ----------
    rate_limits : dict
        As ``account/rateLimits/updated`` has it, such as
        ``{"primary": {"usedPercent": 12, "windowDurationMins": 300, "resetsAt": …}, …}``.
    """

    type: Literal["rate_limits.updated"] = "rate_limits.updated"
    rate_limits: dict[str, Any]


class DiffUpdatedEvent(BaseEvent):
    """What the turn has changed in files so far, all of it (live transport only).

    Attributes
    ----------
    diff : str
        A unified diff with git's headers.
    """

    type: Literal["diff.updated"] = "diff.updated"
    diff: str


class ApprovalRequestedEvent(BaseEvent):
    """The agent waits for leave to do something (live transport only)."""

    type: Literal["approval.requested"] = "approval.requested"
    approval: Approval


class ApprovalResolvedEvent(BaseEvent):
    """The agent got leave, or did not.

    Attributes
    ----------
    approval_id : str
        The `Approval.id`.
    decision : str
        What was decided.
    by : str
        Who did: ``user``, ``handler``, ``timeout``, ``error`` (the handler failed), ``nobody``
        (there was nobody to ask), or ``turn`` (it was over, or went on without).
    """

    type: Literal["approval.resolved"] = "approval.resolved"
    approval_id: str
    decision: Decision
    by: str


class InputRequestedEvent(BaseEvent):
    """The agent, or a tool of it, asks the user something (live transport only)."""

    type: Literal["input.requested"] = "input.requested"
    request: InputRequest


class InputResolvedEvent(BaseEvent):
    """A question was answered, or will not be.

    Attributes
    ----------
    input_id : str
        The `InputRequest.id`.
    answers : dict or None
        For each question its answers; None if nobody answered. Those to secret questions are
        not told.
    by : str
        As for `ApprovalResolvedEvent`.
    """

    type: Literal["input.resolved"] = "input.resolved"
    input_id: str
    answers: Answers | None = None
    by: str


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
    """Why a turn failed.

    Attributes
    ----------
    message : str
        In words.
    code : str or None
        The protocol's name for it, such as ``contextWindowExceeded`` or ``usageLimitExceeded``
        (live transport only).
    http_status : int or None
        The status of the HTTP response that was the cause, if one was (live transport only).
    """

    message: str = ""
    code: str | None = None
    http_status: int | None = None


class TurnFailedEvent(BaseEvent):
    """The turn ended badly."""

    type: Literal["turn.failed"] = "turn.failed"
    error: ThreadError = ThreadError()


class ThreadErrorEvent(BaseEvent):
    """The CLI reports an error; the turn may still recover.

    Attributes
    ----------
    message : str
        In words.
    will_retry : bool or None
        Whether the CLI tries again; None where it does not say (``codex exec``).
    """

    type: Literal["error"] = "error"
    message: str = ""
    will_retry: bool | None = None


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
    | RateLimitsUpdatedEvent
    | DiffUpdatedEvent
    | ApprovalRequestedEvent
    | ApprovalResolvedEvent
    | InputRequestedEvent
    | InputResolvedEvent
    | TurnCompletedEvent
    | TurnFailedEvent
    | ThreadErrorEvent
    | TurnInterruptingEvent
    | TurnInterruptedEvent
    | NoticeEvent
    | UnknownEvent
)

# Which class a `type` names; an event of any other type is an `UnknownEvent`.
KINDS: Mapping[str, type[Event]] = {
    "thread.started": ThreadStartedEvent,
    "turn.started": TurnStartedEvent,
    "item.started": ItemStartedEvent,
    "item.updated": ItemUpdatedEvent,
    "item.completed": ItemCompletedEvent,
    "item.delta": ItemDeltaEvent,
    "usage.updated": UsageUpdatedEvent,
    "rate_limits.updated": RateLimitsUpdatedEvent,
    "diff.updated": DiffUpdatedEvent,
    "approval.requested": ApprovalRequestedEvent,
    "approval.resolved": ApprovalResolvedEvent,
    "input.requested": InputRequestedEvent,
    "input.resolved": InputResolvedEvent,
    "turn.completed": TurnCompletedEvent,
    "turn.failed": TurnFailedEvent,
    "error": ThreadErrorEvent,
    "turn.interrupting": TurnInterruptingEvent,
    "turn.interrupted": TurnInterruptedEvent,
    "notice": NoticeEvent,
}
