"""The items of the live protocol, as ours: the same classes that ``codex exec`` gives, with more.

Source: ``ThreadItem`` of ``codex app-server``, version 0.163. Pure; knows neither notifications
(see ``translation``) nor connections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from codex_notebook.core.diff import unified
from codex_notebook.core.items import Item, UnknownItem, parse_item

Json = Any
Raw = Mapping[str, Json]

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
# The CLI appends this to the diff of a file that it also moves.
_MOVED = re.compile(r"\n*Moved to: [^\n]*\Z")


def snake(name: object) -> str:
    """Return a word of the live protocol as ``codex exec`` writes it: ``inProgress`` so."""
    return _CAPITAL.sub(r"_\1", name if isinstance(name, str) else "").lower()


def item_of(raw: object, *, completed: bool) -> Item:
    """Return the item that the protocol describes; never raises.

    Parameters
    ----------
    raw : object
        A ``ThreadItem``, decoded.
    completed : bool
        Whether it has ended, for the kinds that do not say so themselves.
    """
    if not isinstance(raw, Mapping):
        return parse_item(raw)
    kind = raw.get("type")
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        return parse_item({**raw, "type": snake(kind) or "unknown"})
    try:
        fields = shape(raw)
    except (TypeError, ValueError, AttributeError, LookupError):
        # Of another shape than this version knows: what it is stays readable in `raw`.
        return UnknownItem(id=str(raw.get("id") or ""), type=snake(kind), raw=dict(raw))
    if fields["type"] in _LABELS:
        fields["status"] = "completed" if completed else "in_progress"
    return parse_item({"id": raw.get("id"), **fields})


def message_text(content: object) -> str:
    """Return the text of a user's message."""
    parts = content if isinstance(content, (list, tuple)) else ()
    texts = [part.get("text") for part in parts if isinstance(part, Mapping)]
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _user_message(raw: Raw) -> dict[str, Json]:
    return {"type": "user_message", "text": message_text(raw.get("content"))}


def _agent_message(raw: Raw) -> dict[str, Json]:
    return {"type": "agent_message", "text": raw.get("text") or "", "phase": raw.get("phase")}


def _reasoning(raw: Raw) -> dict[str, Json]:
    return {
        "type": "reasoning",
        # As `codex exec` joins them.
        "text": "\n".join(raw.get("summary") or ()),
        "raw_text": "\n".join(raw.get("content") or ()),
    }


def _plan(raw: Raw) -> dict[str, Json]:
    return {"type": "plan", "text": raw.get("text") or ""}


def _command(raw: Raw) -> dict[str, Json]:
    return {
        "type": "command_execution",
        "command": raw.get("command") or "",
        "aggregated_output": raw.get("aggregatedOutput") or "",
        "exit_code": raw.get("exitCode"),
        "status": snake(raw.get("status")),
        "cwd": raw.get("cwd"),
        "duration_ms": raw.get("durationMs"),
    }


def _file_change(raw: Raw) -> dict[str, Json]:
    changes = changes_of(raw.get("changes"))
    return {"type": "file_change", "changes": changes, "status": snake(raw.get("status"))}


def changes_of(raw: object) -> list[dict[str, Json]]:
    """Return the changes of a file change, their diffs as unified diffs.

    The protocol gives the content itself for a file that is added or deleted.
    """
    changes = raw if isinstance(raw, (list, tuple)) else ()
    return [_change(change) for change in changes]


def _change(raw: Raw) -> dict[str, Json]:
    said = raw.get("kind")
    kind = said.get("type") if isinstance(said, Mapping) else said
    moved = said.get("move_path") if isinstance(said, Mapping) else None
    diff = raw.get("diff") or ""
    content = diff.encode("utf-8", "surrogatepass")
    if kind == "add":
        diff = unified(b"", content)
    elif kind == "delete":
        diff = unified(content, b"")
    else:
        diff = _MOVED.sub("", diff).removesuffix("\n")
    return {"path": raw["path"], "kind": kind, "diff": diff, "move_path": moved}


def _mcp_tool_call(raw: Raw) -> dict[str, Json]:
    result = raw.get("result")
    if isinstance(result, Mapping):
        structured, meta = result.get("structuredContent"), result.get("_meta")
        result = {"content": result.get("content"), "structured_content": structured}
        if meta is not None:
            # As `codex exec` has it.
            result["_meta"] = meta
    return {
        "type": "mcp_tool_call",
        "server": raw.get("server") or "",
        "tool": raw.get("tool") or "",
        "arguments": raw.get("arguments"),
        "result": result,
        "error": raw.get("error"),
        "status": snake(raw.get("status")),
        "duration_ms": raw.get("durationMs"),
    }


def _tool_call(raw: Raw) -> dict[str, Json]:
    return {
        "type": "tool_call",
        "tool": raw.get("tool") or "",
        "namespace": raw.get("namespace"),
        "arguments": raw.get("arguments"),
        "content": raw.get("contentItems") or (),
        "success": raw.get("success"),
        "status": snake(raw.get("status")),
        "duration_ms": raw.get("durationMs"),
    }


def _collab(raw: Raw) -> dict[str, Json]:
    states = raw.get("agentsStates") or {}
    return {
        "type": "collab_tool_call",
        "tool": snake(raw.get("tool")),
        "sender_thread_id": raw.get("senderThreadId") or "",
        "receiver_thread_ids": raw.get("receiverThreadIds") or (),
        "prompt": raw.get("prompt"),
        "agents_states": {
            agent: {**state, "status": snake(state.get("status"))}
            for agent, state in states.items()
        },
        "status": snake(raw.get("status")),
    }


def _web_search(raw: Raw) -> dict[str, Json]:
    action = raw.get("action")
    if isinstance(action, Mapping):
        said = {name: value for name, value in action.items() if value is not None}
        action = {**said, "type": snake(said.get("type"))}
    return {"type": "web_search", "query": raw.get("query") or "", "action": action}


# The kinds that become a line, and what it says.
_LABELS: dict[str, Callable[[Raw], str]] = {
    "context_compaction": lambda _: "The conversation was compacted to make room.",
    "image_view": lambda raw: f"Looked at {raw.get('path')}",
    "image_generation": lambda _: "Made an image",
    "sub_agent_activity": lambda raw: (
        f"Sub-agent {raw.get('agentPath') or raw.get('agentThreadId')}: {snake(raw.get('kind'))}"
    ),
    "review_mode": lambda raw: (
        "Review began" if raw.get("type") == "enteredReviewMode" else "Review ended"
    ),
    "sleep": lambda _: "Waited",
    "hook_prompt": lambda _: "A hook added to the prompt",
    "function_call_output": lambda raw: f"{raw.get('name')} returned",
}


def _activity(kind: str) -> Callable[[Raw], dict[str, Json]]:
    label = _LABELS[kind]
    return lambda raw: {"type": kind, "label": label(raw), "raw": dict(raw)}


_SHAPES: dict[str, Callable[[Raw], dict[str, Json]]] = {
    "userMessage": _user_message,
    "agentMessage": _agent_message,
    "reasoning": _reasoning,
    "plan": _plan,
    "commandExecution": _command,
    "fileChange": _file_change,
    "mcpToolCall": _mcp_tool_call,
    "dynamicToolCall": _tool_call,
    "collabAgentToolCall": _collab,
    "webSearch": _web_search,
    "contextCompaction": _activity("context_compaction"),
    "imageView": _activity("image_view"),
    "imageGeneration": _activity("image_generation"),
    "subAgentActivity": _activity("sub_agent_activity"),
    "enteredReviewMode": _activity("review_mode"),
    "exitedReviewMode": _activity("review_mode"),
    "sleep": _activity("sleep"),
    "hookPrompt": _activity("hook_prompt"),
    "functionCallOutput": _activity("function_call_output"),
}
