"""What a panel needs of a turn, and what changed between two moments of it.

``view(state)`` is a value of plain JSON parts: a header and one card for each item.
``frame(before, after)`` is the list of operations that lead from one view to another; the front
end applies them (``js/src/core/store.ts``). The law that ties them, held by tests in both
languages: applying ``frame(a, b)`` to ``a`` gives ``b``. Text that grew is sent as its new end.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from codex_notebook.core.items import (
    ActivityItem,
    AgentMessageItem,
    CollabToolCallItem,
    CommandExecutionItem,
    ErrorItem,
    FileChangeItem,
    FileUpdateChange,
    Item,
    McpToolCallItem,
    PlanItem,
    ReasoningItem,
    TodoListItem,
    ToolCallItem,
    UnknownItem,
    UserMessageItem,
    WebSearchItem,
)
from codex_notebook.core.state import Entry, TurnState
from codex_notebook.core.text import Text

Json = Any
Operation = list[Json]

# Which streamed field of an item is which field of its card.
_STREAMED = {"text": "text", "raw_text": "raw_text", "aggregated_output": "output"}


@dataclass(frozen=True)
class TurnView:
    """A view of a turn: its header, and its entries from which cards are made when needed."""

    header: dict[str, Json]
    entries: tuple[Entry, ...]
    root: str | None

    def to_json(self) -> dict[str, Json]:
        """Return the whole view as plain JSON: ``{"header": {...}, "cards": [...]}``."""
        cards = [_plain(card(entry, self.root)) for entry in self.entries]
        return {"header": self.header, "cards": cards}


def view(state: TurnState) -> TurnView:
    """Return what a panel shows of ``state``."""
    request, usage = state.request, state.usage
    total = state.thread_usage
    header = {
        "status": state.status,
        "interrupting": state.interrupting,
        "prompt": request.prompt,
        "model": request.model,
        "sandbox": request.sandbox_mode,
        "cwd": request.working_directory,
        "output_type": request.output_type,
        "thread_id": state.thread_id,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "usage": usage.model_dump() if usage else None,
        "thread_usage": total.model_dump() if total else None,
        # An error the CLI recovered from is shown only while it may yet be the last word.
        "error": state.error or (None if state.ended else state.last_error),
        "notices": list(state.notices),
    }
    return TurnView(header, state.entries, request.working_directory)


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


def card(entry: Entry, root: str | None = None) -> dict[str, Json]:
    """Return what a panel shows of one item: ``id``, ``kind``, times, ``status`` and its fields.

    Parameters
    ----------
    entry : Entry
        The item in its turn.
    root : str, optional
        The working directory; paths inside it are shown relative to it.
    """
    item = entry.stated
    common = {
        "id": item.id,
        "status": item.get("status") or ("completed" if entry.completed else "in_progress"),
        "started_at": entry.started_at,
        "ended_at": entry.ended_at,
    }
    fields = {**common, **_fields(item, root)}
    for name, text in entry.streams.items():
        fields[_STREAMED.get(name, name)] = text
    return fields


def _fields(item: Item, root: str | None) -> dict[str, Json]:
    match item:
        case AgentMessageItem():
            return {"kind": "message", "text": item.text, "phase": item.phase}
        case UserMessageItem():
            return {"kind": "user", "text": item.text}
        case ReasoningItem():
            return {"kind": "reasoning", "text": item.text, "raw_text": item.raw_text}
        case CommandExecutionItem():
            return {
                "kind": "command",
                "command": inner_command(item.command),
                "output": item.aggregated_output,
                "exit_code": item.exit_code,
                "elsewhere": _elsewhere(item.cwd, root),
                "duration_ms": item.duration_ms,
            }
        case FileChangeItem():
            return {"kind": "files", "changes": [_change(c, root) for c in item.changes]}
        case TodoListItem():
            steps = [{"text": step.text, "completed": step.completed} for step in item.items]
            return {"kind": "todo", "items": steps}
        case PlanItem():
            return {"kind": "plan", "text": item.text}
        case McpToolCallItem():
            error = (item.error or {}).get("message")
            return _tool(item, item.server, tool_text(item.result), error)
        case ToolCallItem():
            told = content_text(item.content) or None
            # What the agent is told of a call that failed is why it did.
            failed = item.success is False or item.status == "failed"
            return _tool(item, item.namespace, None if failed else told, told if failed else None)
        case CollabToolCallItem():
            return {"kind": "agent", "name": item.tool, "prompt": item.prompt or ""}
        case WebSearchItem():
            return {"kind": "search", "query": item.query, "action": _pretty(item.action)}
        case ActivityItem():
            return {"kind": "activity", "label": item.label or item.type.replace("_", " ")}
        case ErrorItem():
            return {"kind": "error", "message": item.message}
        case UnknownItem():
            return {"kind": "unknown", "type": item.type, "raw": _pretty(item.raw)}


def _tool(
    item: McpToolCallItem | ToolCallItem, owner: str | None, result: str | None, error: Json
) -> dict[str, Json]:
    return {
        "kind": "tool",
        "name": f"{owner}.{item.tool}" if owner else item.tool,
        "arguments": _pretty(item.arguments),
        "result": result,
        "error": error,
        "duration_ms": item.duration_ms,
    }


def _change(change: FileUpdateChange, root: str | None) -> dict[str, Json]:
    added, removed = diff_counts(change.diff)
    return {
        "path": shown_path(change.path, root),
        "moved_to": shown_path(change.move_path, root) if change.move_path else None,
        "change": change.kind,
        "diff": change.diff,
        "note": change.diff_note,
        "added": added,
        "removed": removed,
    }


def diff_counts(diff: str | None) -> tuple[int, int]:
    """Return how many lines a unified diff (without file headers) adds and removes."""
    lines = (diff or "").splitlines()
    added = sum(line.startswith("+") for line in lines)
    return added, sum(line.startswith("-") for line in lines)


_SHELLS = ("sh", "bash", "dash", "zsh")
# Content of an MCP server, and of our own tools.
_TEXTS = ("text", "inputText")


def inner_command(command: str) -> str:
    """Return what the agent asked to run, without the ``bash -lc '…'`` that the CLI puts round it.

    Anything else than a shell with one command is returned as it is.
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    match words:
        case [shell, "-c" | "-lc", inner] if PurePath(shell).name in _SHELLS:
            return inner
    return command


def shown_path(path: str, root: str | None) -> str:
    """Return ``path`` relative to ``root`` if it lies inside, else as it is."""
    if root and PurePath(path).is_relative_to(root):
        return str(PurePath(path).relative_to(root))
    return path


def _elsewhere(cwd: str | None, root: str | None) -> str | None:
    """Return where a command ran, if that is known and not the working directory."""
    if not cwd or not root or PurePath(cwd) == PurePath(root):
        return None
    return shown_path(cwd, root)


def tool_text(result: dict[str, Any] | None) -> str | None:
    """Return the text of an MCP result; None if there is none yet."""
    if result is None:
        return None
    content = result.get("content")
    return content_text(content) if isinstance(content, list) else _pretty(result)


def content_text(content: Iterable[object]) -> str:
    """Return the text of a tool's content; what is no text is named by its kind."""
    parts = []
    for block in content:
        said = block if isinstance(block, dict) else {}
        kind, text = said.get("type"), said.get("text")
        if kind not in _TEXTS or not isinstance(text, str):
            text = f"[{'image' if kind == 'inputImage' else kind or 'content'}]"
        parts.append(text)
    return "\n".join(parts)


def _pretty(value: Json) -> str:
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _plain(fields: dict[str, Json]) -> dict[str, Json]:
    return {k: str(v) if isinstance(v, Text) else v for k, v in fields.items()}
