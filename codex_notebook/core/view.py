"""What a panel needs of a turn, and what changed between two moments of it.

``view(state)`` is a value of plain JSON parts: a header, one card for each item, and what the
agent has asked.
``frame(before, after)`` is the list of operations that lead from one view to another; the front
end applies them (``js/src/core/store.ts``). The law that ties them, held by tests in both
languages: applying ``frame(a, b)`` to ``a`` gives ``b``. Text that grew is sent as its new end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codex_notebook.core.ask_view import ask_view
from codex_notebook.core.asks import Approval, InputRequest
from codex_notebook.core.cards import card
from codex_notebook.core.state import Entry, TurnState
from codex_notebook.core.text import Text

Json = Any
Operation = list[Json]


@dataclass(frozen=True)
class TurnView:
    """A view of a turn: its header, and what its cards and asks are made of when needed."""

    header: dict[str, Json]
    entries: tuple[Entry, ...]
    asks: tuple[Approval | InputRequest, ...]
    root: str | None

    def to_json(self) -> dict[str, Json]:
        """Return the whole view as JSON: ``{"header": {...}, "cards": [...], "asks": [...]}``."""
        cards = [_plain(card(entry, self.root)) for entry in self.entries]
        asks = [ask_view(ask, self.root) for ask in self.asks]
        return {"header": self.header, "cards": cards, "asks": asks}


def view(state: TurnState) -> TurnView:
    """Return what a panel shows of ``state``."""
    request, usage = state.request, state.usage
    total = state.thread_usage
    header = {
        "status": state.status,
        "interrupting": state.interrupting,
        "prompt": request.prompt,
        "model": state.model or request.model,
        "effort": state.effort or request.effort,
        "sandbox": request.sandbox_mode,
        "cwd": request.working_directory,
        "output_type": request.output_type,
        "thread_id": state.thread_id,
        "thread_name": state.thread_name or request.thread_name,
        # Only the live transport tells it, so it also says that the turn can be steered.
        "turn_id": state.turn_id,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "usage": usage.model_dump() if usage else None,
        "thread_usage": total.model_dump() if total else None,
        "context_tokens": state.context_tokens,
        "context_window": state.context_window,
        # An error the CLI recovered from is shown only while it may yet be the last word.
        "error": state.error or (None if state.ended else state.last_error),
        "notices": list(state.notices),
    }
    asks: tuple[Approval | InputRequest, ...] = (*state.approvals, *state.inputs)
    return TurnView(header, state.entries, asks, request.working_directory)


def frame(before: TurnView, after: TurnView) -> list[Operation]:
    """Return the operations that turn ``before`` into ``after``.

    Returns
    -------
    list
        ``["header", {field: value, …}]`` changes fields of the header;
        ``["card", card]`` adds a card at the end;
        ``["set", id, {field: value, …}]`` changes fields of a card;
        ``["replace", id, card]`` puts another card in its place, for an item whose kind changed;
        ``["append", id, field, text]`` appends text to a field of a card;
        ``["ask", place, ask]`` puts what was asked in its place among the asks, where the one
        of its id gives way to it and others move on;
        ``["reset", view]`` replaces everything, where a turn does not grow out of the other.
    """
    if len(before.entries) > len(after.entries) or before.root != after.root:
        return [["reset", after.to_json()]]
    operations: list[Operation] = []
    changed = {k: v for k, v in after.header.items() if before.header.get(k) != v}
    if changed:
        operations.append(["header", changed])
    for old, new in zip(before.entries, after.entries, strict=False):
        if old is new:
            continue
        if old.id != new.id:
            return [["reset", after.to_json()]]
        operations += _card_changes(card(old, before.root), card(new, after.root))
    operations += [
        ["card", _plain(card(e, after.root))] for e in after.entries[len(before.entries) :]
    ]
    known = {ask.id: ask for ask in before.asks}
    operations += [
        ["ask", place, ask_view(ask, after.root)]
        for place, ask in enumerate(after.asks)
        if known.get(ask.id) is not ask
    ]
    return operations


def _card_changes(old: dict[str, Json], new: dict[str, Json]) -> list[Operation]:
    if old.keys() != new.keys():
        return [["replace", new["id"], _plain(new)]]
    operations: list[Operation] = []
    fields: dict[str, Json] = {}
    for name, value in new.items():
        grown = _grown(old[name], value)
        if grown:
            operations.append(["append", new["id"], name, grown])
        elif grown is None:
            fields[name] = str(value) if isinstance(value, Text) else value
    if fields:
        operations.append(["set", new["id"], fields])
    return operations


def _grown(old: Json, new: Json) -> str | None:
    """Return what was appended ("" for no change), or None if ``new`` is something else."""
    if isinstance(old, Text) and isinstance(new, Text):
        grown = new.since(old)
        if grown is not None:
            return grown
    if isinstance(old, (str, Text)) and isinstance(new, (str, Text)):
        old, new = str(old), str(new)
        return new[len(old) :] if new.startswith(old) else None
    return "" if old == new else None


def _plain(fields: dict[str, Json]) -> dict[str, Json]:
    return {k: str(v) if isinstance(v, Text) else v for k, v in fields.items()}
