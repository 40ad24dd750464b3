"""The state of a turn: everything known of it at one moment, as a frozen value.

Panels, records, results and dataframes are all functions of a `TurnState`; none of them looks at
events. Keeping an old state to compare with costs nothing, for states share what did not change.
How events become states is in ``fold``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from codex_notebook.core.asks import Approval, InputRequest
from codex_notebook.core.items import AgentMessageItem, Item
from codex_notebook.core.model import Value
from codex_notebook.core.text import Text
from codex_notebook.core.usage import Usage

TurnStatus = Literal["pending", "running", "completed", "failed", "interrupted"]


class TurnRequest(Value):
    """What a turn was asked to do, as far as whoever reads the turn should know.

    Attributes
    ----------
    prompt : str
        The text of the input.
    model, effort, sandbox_mode, working_directory : str or None
        As asked for; None where the CLI's own configuration decides.
    thread_name : str or None
        The name of its thread, as far as it is known.
    output_type : str or None
        The name of the type that the answer is to have.
    """

    prompt: str = ""
    model: str | None = None
    effort: str | None = None
    sandbox_mode: str | None = None
    working_directory: str | None = None
    thread_name: str | None = None
    output_type: str | None = None


# Shared, because nobody changes them and most turns and items have no other.
_NO_REQUEST = TurnRequest()
NO_STREAMS: Mapping[str, Text] = {}
ENDED = ("completed", "failed", "interrupted")


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
        streams: Mapping[str, Text] = NO_STREAMS,
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
    thread_name : str or None
        The thread's name, where the CLI tells it (live transport only).
    turn_id : str or None
        The CLI's id of the turn (live transport only).
    model, effort : str or None
        The model that answers, and its reasoning effort (live transport only).
    entries : tuple of Entry
        The items in the order in which they began.
    thread_usage_before : Usage or None
        The thread's running total before this turn: zero for a new thread, None if unknown.
    thread_usage : Usage or None
        The thread's running total after this turn, once it has ended; None if nobody tells.
    context_tokens, context_window : int or None
        How many tokens the model last had in view, and how many it can have (live transport
        only).
    rate_limits : dict or None
        See `RateLimitsUpdatedEvent`.
    diff : str or None
        What the turn has changed in files, as a unified diff with git's headers (live transport
        only).
    approvals : tuple of Approval
        What the agent asked leave for, in order; `Approval.decision` is None while it waits.
    inputs : tuple of InputRequest
        What the agent asked; `InputRequest.resolved_by` is None while it waits.
    error : str or None
        Why it failed.
    error_code, error_http_status : optional
        See `ThreadError`.
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
    thread_name: str | None = None
    turn_id: str | None = None
    model: str | None = None
    effort: str | None = None
    entries: tuple[Entry, ...] = ()
    thread_usage_before: Usage | None = None
    thread_usage: Usage | None = None
    context_tokens: int | None = None
    context_window: int | None = None
    rate_limits: dict[str, Any] | None = None
    diff: str | None = None
    approvals: tuple[Approval, ...] = ()
    inputs: tuple[InputRequest, ...] = ()
    error: str | None = None
    error_code: str | None = None
    error_http_status: int | None = None
    last_error: str | None = None
    notices: tuple[str, ...] = ()
    started_at: float | None = None
    ended_at: float | None = None

    @property
    def ended(self) -> bool:
        """Whether the turn is over."""
        return self.status in ENDED

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
