"""What a panel and a record show of one item: its card, as plain JSON parts.

One kind of card for each kind of item. Knows items; not turns, frames or how a card looks.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
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
from codex_notebook.core.state import Entry

Json = Any

# Which streamed field of an item is which field of its card.
_STREAMED = {"text": "text", "raw_text": "raw_text", "aggregated_output": "output"}


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
                "elsewhere": elsewhere(item.cwd, root),
                "duration_ms": item.duration_ms,
            }
        case FileChangeItem():
            return {"kind": "files", "changes": [change_of(c, root) for c in item.changes]}
        case TodoListItem():
            steps = [{"text": step.text, "completed": step.completed} for step in item.items]
            return {"kind": "todo", "items": steps}
        case PlanItem():
            return {"kind": "plan", "text": item.text}
        case McpToolCallItem():
            error = (item.error or {}).get("message")
            content = (item.result or {}).get("content")
            return _tool(item, item.server, tool_text(item.result), error, images_in(content))
        case ToolCallItem():
            told = content_text(item.content) or None
            # What the agent is told of a call that failed is why it did.
            failed = item.success is False or item.status == "failed"
            result, error = (None, told) if failed else (told, None)
            return _tool(item, item.namespace, result, error, images_in(item.content))
        case CollabToolCallItem():
            return {
                "kind": "agent",
                "name": item.tool,
                "prompt": item.prompt or "",
                "agents": [_agent(name, said) for name, said in item.agents_states.items()],
            }
        case WebSearchItem():
            return _search(item)
        case ActivityItem():
            return {"kind": "activity", "label": item.label or item.type.replace("_", " ")}
        case ErrorItem():
            return {"kind": "error", "message": item.message}
        case UnknownItem():
            return {"kind": "unknown", "type": item.type, "raw": pretty(item.raw)}


def _tool(
    item: McpToolCallItem | ToolCallItem,
    owner: str | None,
    result: str | None,
    error: Json,
    images: list[str],
) -> dict[str, Json]:
    return {
        "kind": "tool",
        "name": f"{owner}.{item.tool}" if owner else item.tool,
        "arguments": pretty(item.arguments),
        "result": result,
        "error": error,
        "images": images,
        "duration_ms": item.duration_ms,
    }


def _agent(name: str, said: object) -> dict[str, Json]:
    """Return how one sub-agent stands: its thread, its status, and its last word."""
    state = said if isinstance(said, Mapping) else {}
    message = state.get("message")
    return {
        "thread_id": name,
        "status": str(state.get("status") or ""),
        "message": message if isinstance(message, str) else None,
    }


def _search(item: WebSearchItem) -> dict[str, Json]:
    action = item.action or {}
    url, pattern = action.get("url"), action.get("pattern")
    queries = action.get("queries")
    listed = queries if isinstance(queries, (list, tuple)) else ()
    return {
        "kind": "search",
        "query": item.query,
        # Of a search that was several at once, the others.
        "queries": [q for q in listed if isinstance(q, str) and q != item.query],
        # The page that was opened, and what was looked for in it.
        "url": url if isinstance(url, str) else None,
        "pattern": pattern if isinstance(pattern, str) else None,
        "action": pretty(item.action),
    }


def change_of(change: FileUpdateChange, root: str | None) -> dict[str, Json]:
    """Return what is shown of one changed file."""
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
# Where the system keeps them; one that lies elsewhere may be anything, and is shown.
_BINARIES = ("/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
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
            folder, slash, _ = shell.rpartition("/")
            if not slash or folder in _BINARIES:
                return inner
    return command


def shown_path(path: str, root: str | None) -> str:
    """Return ``path`` relative to ``root`` if it lies inside, else as it is."""
    if root and PurePath(path).is_relative_to(root):
        return str(PurePath(path).relative_to(root))
    return path


def elsewhere(cwd: str | None, root: str | None) -> str | None:
    """Return where a command ran, if that is known and not the working directory."""
    if not cwd or not root or PurePath(cwd) == PurePath(root):
        return None
    return shown_path(cwd, root)


def tool_text(result: dict[str, Any] | None) -> str | None:
    """Return the text of an MCP result; None if there is none yet."""
    if result is None:
        return None
    content = result.get("content")
    return content_text(content) if isinstance(content, list) else pretty(result)


# What a page may show without asking anybody for it. No SVG: it is a document, with scripts.
_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
# Larger ones are only named: they would be sent to the browser again with every snapshot.
MAX_IMAGE = 4_000_000


def images_in(content: object) -> list[str]:
    """Return the images among a tool's content, as data URLs of known types."""
    blocks = content if isinstance(content, (list, tuple)) else ()
    urls = (_image_url(block) for block in blocks if isinstance(block, Mapping))
    return [url for url in urls if len(url) <= MAX_IMAGE and _IMAGE.fullmatch(url)]


def _image_url(block: Mapping[str, Any]) -> str:
    if block.get("type") == "image":
        # Of an MCP server.
        return f"data:{block.get('mimeType')};base64,{block.get('data')}"
    return str(block.get("imageUrl", ""))


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


def pretty(value: Json) -> str:
    """Return a JSON value laid out for reading; nothing for None."""
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False, default=str)
