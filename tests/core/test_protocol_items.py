"""The items of the live protocol, as ours."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from codex_notebook.core.items import (
    ActivityItem,
    CollabToolCallItem,
    CommandExecutionItem,
    FileChangeItem,
    McpToolCallItem,
    PlanItem,
    ToolCallItem,
    UnknownItem,
    WebSearchItem,
)
from codex_notebook.core.protocol_items import item_of, message_text, snake


def test_a_command_has_what_the_live_protocol_tells_beside() -> None:
    raw = {
        "type": "commandExecution",
        "id": "c",
        "command": "/bin/bash -lc ls",
        "cwd": "/w",
        "status": "inProgress",
        "aggregatedOutput": None,
        "exitCode": None,
        "durationMs": 12,
    }
    assert item_of(raw, completed=False) == CommandExecutionItem(
        id="c", command="/bin/bash -lc ls", status="in_progress", cwd="/w", duration_ms=12
    )


@pytest.mark.parametrize(
    ("kind", "given", "diff"),
    [
        ({"type": "add"}, "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b"),
        ({"type": "add"}, "", ""),
        ({"type": "delete"}, "bye\n", "@@ -1 +0,0 @@\n-bye"),
        ({"type": "update", "move_path": None}, "@@ -1 +1 @@\n-x\n+y\n", "@@ -1 +1 @@\n-x\n+y"),
    ],
)
def test_a_change_has_a_unified_diff_whatever_it_is(
    kind: dict[str, Any], given: str, diff: str
) -> None:
    change = {"path": "/f", "kind": kind, "diff": given}
    raw = {"type": "fileChange", "id": "f", "changes": [change], "status": "completed"}
    item = item_of(raw, completed=True)
    assert isinstance(item, FileChangeItem)
    assert (item.changes[0].kind, item.changes[0].diff) == (kind["type"], diff)


def test_where_a_file_was_moved_is_no_part_of_its_diff() -> None:
    change = {
        "path": "/old",
        "kind": {"type": "update", "move_path": "/new"},
        "diff": "@@ -1 +1 @@\n-x\n+y\n\n\nMoved to: /new",
    }
    raw = {"type": "fileChange", "id": "f", "changes": [change], "status": "declined"}
    item = item_of(raw, completed=True)
    assert isinstance(item, FileChangeItem)
    assert item.status == "declined"
    assert item.changes[0].move_path == "/new"
    assert item.changes[0].diff == "@@ -1 +1 @@\n-x\n+y"


def test_the_result_of_an_mcp_tool_is_called_as_exec_calls_it() -> None:
    result = {"content": [{"type": "text", "text": "hi"}], "structuredContent": {"k": 1}}
    raw = {"type": "mcpToolCall", "id": "m", "server": "s", "tool": "t", "result": result}
    item = item_of({**raw, "status": "completed", "error": None}, completed=True)
    assert isinstance(item, McpToolCallItem)
    assert item.result == {"content": result["content"], "structured_content": {"k": 1}}


def test_a_call_of_our_tool_has_what_the_agent_got_to_see() -> None:
    raw = {
        "type": "dynamicToolCall",
        "id": "d",
        "namespace": None,
        "tool": "look",
        "arguments": {"x": 1},
        "status": "completed",
        "contentItems": [{"type": "inputText", "text": "2"}],
        "success": True,
        "durationMs": 1,
    }
    item = item_of(raw, completed=True)
    assert isinstance(item, ToolCallItem)
    assert item.content == ({"type": "inputText", "text": "2"},)
    assert (item.tool, item.success, item.duration_ms) == ("look", True, 1)


def test_a_sub_agent_and_a_search_are_called_as_exec_calls_them() -> None:
    agent = item_of(
        {
            "type": "collabAgentToolCall",
            "id": "a",
            "tool": "spawnAgent",
            "status": "inProgress",
            "senderThreadId": "t",
            "receiverThreadIds": ["u"],
            "agentsStates": {"u": {"status": "pendingInit", "message": None}},
        },
        completed=False,
    )
    assert isinstance(agent, CollabToolCallItem)
    assert (agent.tool, agent.status) == ("spawn_agent", "in_progress")
    assert agent.agents_states == {"u": {"status": "pending_init", "message": None}}
    action = {"type": "openPage", "url": "u", "query": None}
    search = item_of(
        {"type": "webSearch", "id": "w", "query": "", "action": action}, completed=True
    )
    assert isinstance(search, WebSearchItem)
    assert search.action == {"type": "open_page", "url": "u"}


def test_a_plan_is_text() -> None:
    raw = {"type": "plan", "id": "p", "text": "# First"}
    assert item_of(raw, completed=True) == PlanItem(id="p", text="# First")


ACTIVITIES: list[dict[str, Any]] = [
    {"type": "contextCompaction"},
    {"type": "imageView", "path": "/a.png"},
    {"type": "imageGeneration", "result": "…"},
    {"type": "subAgentActivity", "kind": "started", "agentPath": "kid"},
    {"type": "enteredReviewMode", "review": "x"},
    {"type": "exitedReviewMode", "review": "x"},
    {"type": "sleep", "durationMs": 5},
    {"type": "hookPrompt", "fragments": []},
    {"type": "functionCallOutput", "name": "f", "output": "o"},
]


@pytest.mark.parametrize("raw", ACTIVITIES, ids=lambda raw: str(raw["type"]))
def test_other_activities_are_a_line_and_keep_what_the_protocol_said(raw: dict[str, Any]) -> None:
    item = item_of({"id": "x", **raw}, completed=False)
    assert isinstance(item, ActivityItem)
    assert item.label
    assert item.status == "in_progress"
    assert item.raw == {"id": "x", **raw}
    done = item_of({"id": "x", **raw}, completed=True)
    assert isinstance(done, ActivityItem)
    assert done.status == "completed"


def test_every_kind_of_activity_is_tried_here() -> None:
    items = [item_of({"id": "x", **raw}, completed=True) for raw in ACTIVITIES]
    known = get_args(ActivityItem.model_fields["type"].annotation)
    assert {item.type for item in items} == set(known)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        7,
        {"type": "hologram", "id": "h", "spin": 1},
        {"type": "fileChange", "id": "f", "changes": [3], "status": "completed"},
        {"type": "fileChange", "id": "f", "changes": [{"kind": "add"}]},
        {"type": "reasoning", "id": "r", "summary": [1]},
        {"type": "collabAgentToolCall", "id": "a", "agentsStates": {"u": 1}},
        {"type": 5, "id": "n"},
        {"id": "none"},
    ],
    ids=str,
)
def test_what_is_not_understood_is_kept(raw: object) -> None:
    item = item_of(raw, completed=True)
    assert isinstance(item, UnknownItem)
    assert item.raw


def test_the_text_of_a_message_is_that_of_its_parts() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, 3, {"type": "text", "text": "b"}]
    assert message_text(parts) == "a\n\nb"
    assert message_text(None) == ""


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("inProgress", "in_progress"),
        ("completed", "completed"),
        (None, ""),
        ("webSearch2", "web_search2"),
    ],
)
def test_words_are_written_as_exec_writes_them(name: object, ours: str) -> None:
    assert snake(name) == ours
