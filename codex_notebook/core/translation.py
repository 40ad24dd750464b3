"""What the live protocol says of one turn, as the events that all transports share.

A `Translator` takes the notifications of a turn in their order and gives events. It holds back
what ``codex exec`` holds back, too (the prompt itself, thoughts without words), so that one turn
folds into the same state over either. Source: ``codex app-server``, version 0.163. Pure; knows
neither connections nor requests of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from codex_notebook.core.events import (
    DiffUpdatedEvent,
    Event,
    ItemCompletedEvent,
    ItemStartedEvent,
    ItemUpdatedEvent,
    NoticeEvent,
    RateLimitsUpdatedEvent,
    ThreadError,
    ThreadErrorEvent,
    TurnCompletedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    TurnStartedEvent,
    UnknownEvent,
    UsageUpdatedEvent,
    delta_event,
)
from codex_notebook.core.items import (
    AgentMessageItem,
    ErrorItem,
    Item,
    ReasoningItem,
    TodoListItem,
    UserMessageItem,
)
from codex_notebook.core.protocol_items import changes_of, item_of
from codex_notebook.core.usage import Usage

Json = Any
Params = Mapping[str, Json]

_PLAN = "plan"


class Translator:
    """Makes events of the notifications of one turn; never raises, whatever they say.

    Attributes
    ----------
    usage : Usage or None
        The thread's total of tokens, as it was last told.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        # Items that began and have said nothing yet; they become events with their first word.
        self._silent: dict[str, Item] = {}
        self._known: dict[str, Item] = {}
        # Of which kind the items were, and what one is called here whose id another kind had.
        self._kinds: dict[str, str] = {}
        self._renamed: dict[str, str] = {}
        self._prompted = False
        self._plan: TodoListItem | None = None
        self._diff = ""
        self._limits: Json = None
        self._warned: set[str] = set()

    def events(self, method: str, params: Params, at: float | None) -> Iterable[Event]:
        """Return the events that one notification comes to; none for what is not shown.

        Parameters
        ----------
        method : str
            Its name, such as ``item/started``.
        params : mapping
            What it says.
        at : float or None
            When it came, in seconds since the epoch.
        """
        translate = _TRANSLATE.get(method)
        if translate is None:
            return ()
        try:
            return tuple(translate(self, params, at))
        except (TypeError, ValueError, AttributeError, LookupError):
            # Of another shape than this version knows: what it is stays readable in `raw`.
            return (UnknownEvent(type=method, raw=dict(params), at=at),)

    def item(self, item_id: object) -> Item | None:
        """Return an item that has begun and not ended."""
        return self._known.get(item_id) if isinstance(item_id, str) else None

    @property
    def running(self) -> Iterable[Item]:
        """The items that have begun and not ended."""
        return self._known.values()

    def has_begun(self, params: Params) -> bool:
        """Return whether a notification is about an item that has begun and not ended."""
        item = params.get("item")
        item_id = item.get("id") if isinstance(item, Mapping) else params.get("itemId")
        return isinstance(item_id, str) and item_id in self._known

    @property
    def running_commands(self) -> set[str]:
        """The ids of the commands that have begun and not ended."""
        return {item.id for item in self.running if item.type == "command_execution"}

    # ---- items ---------------------------------------------------------------------------

    def _item(self, params: Params, *, completed: bool) -> Item:
        item = item_of(params.get("item"), completed=completed)
        # An item's id comes from its model, and two kinds of items have each their own.
        if self._kinds.setdefault(item.id, item.type) == item.type:
            return item
        self._renamed[item.id] = f"{item.type}_{item.id}"
        return item.model_copy(update={"id": self._renamed[item.id]})

    def _started(self, params: Params, at: float | None) -> Iterator[Event]:
        item = self._item(params, completed=False)
        if isinstance(item, UserMessageItem):
            # Said whole when it completes.
            return
        if isinstance(item, AgentMessageItem | ReasoningItem) and not item.text:
            self._silent[item.id] = item
            return
        self._known[item.id] = item
        yield ItemStartedEvent(item=item, at=at)

    def _completed(self, params: Params, at: float | None) -> Iterator[Event]:
        item = self._item(params, completed=True)
        self._known.pop(item.id, None)
        self._silent.pop(item.id, None)
        if isinstance(item, UserMessageItem) and not self._prompted:
            # The prompt itself, which the turn's request has already.
            self._prompted = True
            return
        if isinstance(item, ReasoningItem) and not (item.text or item.raw_text):
            return
        yield ItemCompletedEvent(item=item, at=at)

    def _text(self, params: Params, at: float | None) -> Iterable[Event]:
        return self._delta(params, "text", at)

    def _raw_text(self, params: Params, at: float | None) -> Iterable[Event]:
        return self._delta(params, "raw_text", at)

    def _output(self, params: Params, at: float | None) -> Iterable[Event]:
        return self._delta(params, "aggregated_output", at)

    def _delta(self, params: Params, field: str, at: float | None) -> Iterable[Event]:
        item_id, delta = params.get("itemId"), params.get("delta")
        if not isinstance(item_id, str) or not isinstance(delta, str):
            return ()
        if self._renamed:
            item_id = self._renamed.get(item_id, item_id)
        event = delta_event(item_id, field, delta, at)
        if item_id not in self._silent:
            return (event,)
        item = self._known[item_id] = self._silent.pop(item_id)
        return ItemStartedEvent(item=item, at=at), event

    def _part_added(self, params: Params, at: float | None) -> Iterable[Event]:
        # Between two parts of a summary, as the completed item joins them.
        if not params.get("summaryIndex"):
            return ()
        return self._delta({**params, "delta": "\n"}, "text", at)

    def _patched(self, params: Params, at: float | None) -> Iterator[Event]:
        item = self._known.get(str(params.get("itemId")))
        if item is not None and item.type == "file_change":
            raw = {**item.model_dump(), "changes": changes_of(params.get("changes"))}
            yield ItemUpdatedEvent.model_validate({"item": raw, "at": at})

    def _planned(self, params: Params, at: float | None) -> Iterator[Event]:
        steps = [
            {"text": str(step.get("step")), "completed": step.get("status") == "completed"}
            for step in params.get("plan") or ()
            if isinstance(step, Mapping)
        ]
        first = self._plan is None
        plan = TodoListItem.model_validate({"id": _PLAN, "items": steps})
        if plan != self._plan:
            self._plan = plan
            kind = ItemStartedEvent if first else ItemUpdatedEvent
            yield kind(item=plan, at=at)

    # ---- the turn ------------------------------------------------------------------------

    def _counted(self, params: Params, at: float | None) -> Iterator[Event]:
        told = params.get("tokenUsage")
        if isinstance(told, Mapping) and isinstance(told.get("total"), Mapping):
            self.usage = _usage(told["total"])
            last = told.get("last")
            yield UsageUpdatedEvent(
                thread_usage=self.usage,
                context_tokens=last.get("totalTokens") if isinstance(last, Mapping) else None,
                context_window=told.get("modelContextWindow"),
                at=at,
            )

    def _limited(self, params: Params, at: float | None) -> Iterator[Event]:
        limits = params.get("rateLimits")
        # Told after each request, and without an account it holds nothing.
        if isinstance(limits, Mapping) and limits != self._limits:
            self._limits = limits
            if limits.get("primary") or limits.get("secondary") or limits.get("credits"):
                yield RateLimitsUpdatedEvent(rate_limits=dict(limits), at=at)

    def _differed(self, params: Params, at: float | None) -> Iterator[Event]:
        diff = params.get("diff")
        # The CLI says it again after each request to the model.
        if isinstance(diff, str) and diff != self._diff:
            self._diff = diff
            yield DiffUpdatedEvent(diff=diff, at=at)

    def _began(self, params: Params, at: float | None) -> Iterator[Event]:
        turn = params.get("turn")
        turn_id = turn.get("id") if isinstance(turn, Mapping) else None
        yield TurnStartedEvent(turn_id=turn_id, at=at)

    def _erred(self, params: Params, at: float | None) -> Iterator[Event]:
        error = params.get("error")
        message = error.get("message") if isinstance(error, Mapping) else None
        yield ThreadErrorEvent(
            message=str(message or ""), will_retry=params.get("willRetry"), at=at
        )

    def _warned_of(self, params: Params, at: float | None) -> Iterator[Event]:
        summary = params.get("message") or params.get("summary")
        details = params.get("details")
        message = "\n".join(str(part) for part in (summary, details) if part)
        # The CLI says some of it twice.
        if message and message not in self._warned:
            self._warned.add(message)
            item = ErrorItem(id=f"warning_{len(self._warned)}", message=message)
            yield ItemCompletedEvent(item=item, at=at)

    def _mcp_started(self, params: Params, at: float | None) -> Iterator[Event]:
        if params.get("status") == "failed":
            name = params.get("name")
            message = params.get("error") or f"The MCP server {name} could not be started."
            yield NoticeEvent(message=str(message), at=at)

    def _rerouted(self, params: Params, at: float | None) -> Iterator[Event]:
        old, new = params.get("fromModel"), params.get("toModel")
        yield NoticeEvent(message=f"The model {new} answers instead of {old}.", at=at)

    def _ended(self, params: Params, at: float | None) -> Iterator[Event]:
        if self._plan is not None:
            # As `codex exec` does: what is left of a plan ends with its turn.
            yield ItemCompletedEvent(item=self._plan, at=at)
        turn = params.get("turn")
        turn = turn if isinstance(turn, Mapping) else {}
        status = turn.get("status")
        if status == "completed":
            yield TurnCompletedEvent(usage=self.usage, at=at)
        elif status == "interrupted":
            yield TurnInterruptedEvent(at=at)
        else:
            yield TurnFailedEvent(error=error_of(turn.get("error")), at=at)


def error_of(raw: object) -> ThreadError:
    """Return why a turn failed, from a ``TurnError``."""
    if not isinstance(raw, Mapping):
        return ThreadError()
    info = raw.get("codexErrorInfo")
    status = None
    if isinstance(info, Mapping) and info:
        info, details = next(iter(info.items()))
        status = details.get("httpStatusCode") if isinstance(details, Mapping) else None
    said = [raw.get("message"), raw.get("additionalDetails")]
    return ThreadError(
        message="\n".join(str(part) for part in said if part),
        code=info if isinstance(info, str) else None,
        http_status=status if isinstance(status, int) else None,
    )


def _usage(total: Params) -> Usage:
    return Usage(
        input_tokens=total.get("inputTokens") or 0,
        cached_input_tokens=total.get("cachedInputTokens") or 0,
        cache_write_input_tokens=total.get("cacheWriteInputTokens") or 0,
        output_tokens=total.get("outputTokens") or 0,
        reasoning_output_tokens=total.get("reasoningOutputTokens") or 0,
    )


_Translate = Callable[[Translator, Params, float | None], Iterable[Event]]

_TRANSLATE: dict[str, _Translate] = {
    "item/agentMessage/delta": Translator._text,
    "item/plan/delta": Translator._text,
    "item/reasoning/summaryTextDelta": Translator._text,
    "item/reasoning/summaryPartAdded": Translator._part_added,
    "item/reasoning/textDelta": Translator._raw_text,
    "item/commandExecution/outputDelta": Translator._output,
    "item/started": Translator._started,
    "item/completed": Translator._completed,
    "item/fileChange/patchUpdated": Translator._patched,
    "turn/started": Translator._began,
    "turn/plan/updated": Translator._planned,
    "turn/diff/updated": Translator._differed,
    "turn/completed": Translator._ended,
    "thread/tokenUsage/updated": Translator._counted,
    "account/rateLimits/updated": Translator._limited,
    "mcpServer/startupStatus/updated": Translator._mcp_started,
    "model/rerouted": Translator._rerouted,
    "error": Translator._erred,
    "warning": Translator._warned_of,
    "guardianWarning": Translator._warned_of,
    "deprecationNotice": Translator._warned_of,
}
