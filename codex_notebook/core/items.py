"""The items of a turn: what the agent said, ran and changed. One class for each kind.

The names and fields are those of ``codex exec --json``; the live transport fills in more of them.
Statuses stay plain strings, because a new CLI may bring a new one and that must not end a turn.
This file knows the shape of items, not how they follow each other (see ``state``).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from codex_notebook.core.model import Value

log = logging.getLogger(__name__)


class BaseItem(Value):
    """What all items have.

    Attributes
    ----------
    id : str
        Unique within its turn (``codex exec`` counts ``item_0``, ``item_1``, … in each process).
    """

    id: str = ""
    type: str


class AgentMessageItem(BaseItem):
    """A message from the agent, in markdown (or JSON, if an output type was asked for).

    Attributes
    ----------
    text : str
        The message.
    phase : str or None
        ``commentary`` or ``final_answer`` (live transport only).
    """

    type: Literal["agent_message"] = "agent_message"
    text: str = ""
    phase: str | None = None


class UserMessageItem(BaseItem):
    """What the user said while the turn ran, to steer it (live transport only)."""

    type: Literal["user_message"] = "user_message"
    text: str = ""


class ReasoningItem(BaseItem):
    """The agent's reasoning.

    Attributes
    ----------
    text : str
        A summary of it, in markdown.
    raw_text : str
        The reasoning itself, where the model shows it (live transport only).
    """

    type: Literal["reasoning"] = "reasoning"
    text: str = ""
    raw_text: str = ""


class CommandExecutionItem(BaseItem):
    """A command that the agent ran.

    Attributes
    ----------
    command : str
        The command line with the shell that wraps it, such as ``/bin/bash -lc 'ls'``.
    aggregated_output : str
        Standard output and standard error together; ``codex exec`` gives it at the end only and
        cuts it at 1 MiB.
    exit_code : int or None
        None while it runs.
    status : str
        ``in_progress``, ``completed``, ``failed`` or ``declined``.
    cwd : str or None
        Where it ran (live transport only).
    duration_ms : int or None
        How long it ran, in milliseconds (live transport only).
    """

    type: Literal["command_execution"] = "command_execution"
    command: str = ""
    aggregated_output: str = ""
    exit_code: int | None = None
    status: str = "in_progress"
    cwd: str | None = None
    duration_ms: int | None = None


class FileUpdateChange(Value):
    """One file of a file change.

    Attributes
    ----------
    path : str
        Absolute path.
    kind : str
        ``add``, ``delete`` or ``update``.
    diff : str or None
        The change as a unified diff without file headers; None where it is not known.
    diff_note : str or None
        Why there is no diff, or what it leaves out.
    move_path : str or None
        Where the file was moved to (live transport only).
    """

    path: str
    kind: str = "update"
    diff: str | None = None
    diff_note: str | None = None
    move_path: str | None = None


class FileChangeItem(BaseItem):
    """A patch that the agent applied to files; ``status`` as for a command."""

    type: Literal["file_change"] = "file_change"
    changes: tuple[FileUpdateChange, ...] = ()
    status: str = "in_progress"


class McpToolCallItem(BaseItem):
    """A call of a tool on an MCP server.

    Attributes
    ----------
    server, tool : str
        Where the tool lives, and its name.
    arguments : object
        JSON value of the arguments.
    result : dict or None
        ``content`` (a list of MCP content blocks) and ``structured_content``.
    error : dict or None
        ``message``, if the call itself failed.
    status : str
        ``in_progress``, ``completed`` or ``failed``.
    duration_ms : int or None
        How long it took, in milliseconds (live transport only).
    """

    type: Literal["mcp_tool_call"] = "mcp_tool_call"
    server: str = ""
    tool: str = ""
    arguments: Any = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    status: str = "in_progress"
    duration_ms: int | None = None


class ToolCallItem(BaseItem):
    """A call of one of our own tools: a Python function that the agent was given.

    Attributes
    ----------
    tool : str
        The tool's name.
    namespace : str or None
        What it belongs to, if anything.
    arguments : object
        JSON value of the arguments.
    content : tuple of dict
        What the agent got to see: ``{"type": "inputText", "text": …}`` and
        ``{"type": "inputImage", "imageUrl": …}``.
    success : bool or None
        Whether the function returned; None while it runs.
    status : str
        ``in_progress``, ``completed`` or ``failed``.
    duration_ms : int or None
        How long it took, in milliseconds.
    """

    type: Literal["tool_call"] = "tool_call"
    tool: str = ""
    namespace: str | None = None
    arguments: Any = None
    content: tuple[dict[str, Any], ...] = ()
    success: bool | None = None
    status: str = "in_progress"
    duration_ms: int | None = None


class CollabToolCallItem(BaseItem):
    """The agent started, instructed or awaited a sub-agent."""

    type: Literal["collab_tool_call"] = "collab_tool_call"
    tool: str = ""
    sender_thread_id: str = ""
    receiver_thread_ids: tuple[str, ...] = ()
    prompt: str | None = None
    agents_states: dict[str, Any] = Field(default_factory=dict)
    status: str = "in_progress"


class WebSearchItem(BaseItem):
    """A web search; ``query`` is empty until it completes."""

    type: Literal["web_search"] = "web_search"
    query: str = ""
    action: dict[str, Any] | None = None


class TodoItem(Value):
    """One step of the agent's plan."""

    text: str
    completed: bool = False


class TodoListItem(BaseItem):
    """The agent's plan, updated as it works."""

    type: Literal["todo_list"] = "todo_list"
    items: tuple[TodoItem, ...] = ()


class PlanItem(BaseItem):
    """What the agent plans to do, in markdown (in the CLI's plan mode; live transport only)."""

    type: Literal["plan"] = "plan"
    text: str = ""


class ActivityItem(BaseItem):
    """Something else that happened in the turn (live transport only).

    Attributes
    ----------
    type : str
        ``context_compaction``, ``image_view``, ``image_generation``, ``sub_agent_activity``,
        ``review_mode``, ``sleep``, ``hook_prompt`` or ``function_call_output``.
    label : str
        What happened, in a line.
    status : str
        ``in_progress`` or ``completed``.
    raw : dict
        The protocol's own item.
    """

    type: Literal[
        "context_compaction",
        "image_view",
        "image_generation",
        "sub_agent_activity",
        "review_mode",
        "sleep",
        "hook_prompt",
        "function_call_output",
    ]
    label: str = ""
    status: str = "in_progress"
    raw: dict[str, Any] = Field(default_factory=dict)


class ErrorItem(BaseItem):
    """A warning or an error that did not end the turn."""

    type: Literal["error"] = "error"
    message: str = ""


class UnknownItem(BaseItem):
    """An item of a kind, or of a shape, that this version does not know; ``raw`` has all of it."""

    raw: dict[str, Any] = Field(default_factory=dict)


Item = (
    AgentMessageItem
    | UserMessageItem
    | ReasoningItem
    | CommandExecutionItem
    | FileChangeItem
    | McpToolCallItem
    | ToolCallItem
    | CollabToolCallItem
    | WebSearchItem
    | TodoListItem
    | PlanItem
    | ActivityItem
    | ErrorItem
    | UnknownItem
)

# Which class a `type` names; an item of any other type is an `UnknownItem`.
KINDS: dict[str, type[Item]] = {
    "agent_message": AgentMessageItem,
    "user_message": UserMessageItem,
    "reasoning": ReasoningItem,
    "command_execution": CommandExecutionItem,
    "file_change": FileChangeItem,
    "mcp_tool_call": McpToolCallItem,
    "tool_call": ToolCallItem,
    "collab_tool_call": CollabToolCallItem,
    "web_search": WebSearchItem,
    "todo_list": TodoListItem,
    "plan": PlanItem,
    **dict.fromkeys(get_args(ActivityItem.model_fields["type"].annotation), ActivityItem),
    "error": ErrorItem,
}


def parse_item(data: object) -> Item:
    """Return the item that ``data`` describes; never raises.

    Parameters
    ----------
    data : object
        The decoded JSON value of an ``item`` field. A mapping of a known ``type`` and the right
        shape becomes that class; anything else becomes an `UnknownItem` that keeps it.
    """
    if not isinstance(data, Mapping):
        return UnknownItem(id="", type="unknown", raw={"value": data})
    item_id, item_type = data.get("id"), data.get("type")
    kind = KINDS.get(item_type) if isinstance(item_type, str) else None
    if kind is not None:
        try:
            return kind.model_validate(data)
        except ValidationError as error:
            log.warning("An item of type %r has an unexpected shape: %s", item_type, error)
    return UnknownItem(
        id=item_id if isinstance(item_id, str) else "",
        type=item_type if isinstance(item_type, str) else "unknown",
        raw=dict(data),
    )
