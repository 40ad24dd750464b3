"""What the live protocol says of a turn, as events; over a recorded turn and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from codex_notebook.core.events import (
    DiffUpdatedEvent,
    Event,
    ItemCompletedEvent,
    ItemDeltaEvent,
    ItemStartedEvent,
    ItemUpdatedEvent,
    NoticeEvent,
    RateLimitsUpdatedEvent,
    ThreadErrorEvent,
    TurnCompletedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    UsageUpdatedEvent,
)
from codex_notebook.core.fold import Fold
from codex_notebook.core.items import (
    AgentMessageItem,
    CommandExecutionItem,
    ErrorItem,
    FileChangeItem,
    McpToolCallItem,
    ReasoningItem,
    TodoListItem,
    ToolCallItem,
    UserMessageItem,
)
from codex_notebook.core.state import TurnState
from codex_notebook.core.translation import Translator, error_of
from codex_notebook.core.usage import Usage

RECORDED = Path(__file__).parents[1] / "turns" / "appserver_full_turn.jsonl"

Said = tuple[str, Mapping[str, Any]]


def recorded() -> list[Said]:
    lines = map(json.loads, RECORDED.read_text(encoding="utf-8").splitlines())
    messages = (line["msg"] for line in lines if line["dir"] == "in")
    return [(m["method"], m["params"]) for m in messages if "method" in m and "id" not in m]


def translated(said: Iterable[Said]) -> list[Event]:
    translator = Translator()
    return [
        event
        for at, (method, params) in enumerate(said)
        for event in translator.events(method, params, float(at))
    ]


def folded(events: Iterable[Event]) -> TurnState:
    fold = Fold()
    for event in events:
        fold.add(event)
    return fold.state


def item(raw: Mapping[str, Any], method: str = "item/completed") -> Said:
    return method, {"item": raw, "threadId": "t", "turnId": "u"}


def message(text: str, item_id: str = "m") -> dict[str, Any]:
    return {"type": "agentMessage", "id": item_id, "text": text, "phase": "final_answer"}


def user(text: str, item_id: str) -> Said:
    content = [{"type": "text", "text": text}]
    return item({"type": "userMessage", "id": item_id, "content": content})


def delta(text: str, item_id: str = "m", kind: str = "agentMessage/delta") -> Said:
    return f"item/{kind}", {"itemId": item_id, "delta": text}


def ended(status: str = "completed", **more: Any) -> Said:
    return "turn/completed", {"turn": {"id": "u", "status": status, **more}}


def test_a_recorded_turn_folds_into_its_items_in_the_order_in_which_they_began() -> None:
    state = folded(translated(recorded()))
    kinds = [type(entry) for entry in state.items]
    assert kinds == [
        ErrorItem,
        ReasoningItem,
        CommandExecutionItem,
        FileChangeItem,
        TodoListItem,
        CommandExecutionItem,
        FileChangeItem,
        ToolCallItem,
        McpToolCallItem,
        AgentMessageItem,
    ]
    assert state.status == "completed"
    assert state.final_response == "Hello streaming world! Done."
    assert state.turn_id == "01a20388-04a4-7471-80e9-abafedb9ff2d"
    assert state.thread_usage == Usage(
        input_tokens=378,
        cached_input_tokens=108,
        output_tokens=45,
        reasoning_output_tokens=18,
    )
    assert (state.context_tokens, state.context_window) == (47, 258_400)
    assert state.diff is not None
    assert state.diff.startswith("diff --git a/new.txt b/new.txt")


def test_text_lost_between_deltas_is_repaired_by_the_completed_item() -> None:
    # In the recording the first line of the command's output never came as a delta.
    said = recorded()
    events = translated(said)
    came = "".join(
        event.delta
        for event in events
        if isinstance(event, ItemDeltaEvent) and event.item_id == "c1"
    )
    assert came == "line2\nline3\n"
    command = folded(events).items[2]
    assert isinstance(command, CommandExecutionItem)
    assert command.aggregated_output.endswith("line1\nline2\nline3\n")


def test_two_kinds_of_items_with_one_id_are_two_items() -> None:
    call = {"type": "mcpToolCall", "id": "m", "server": "s", "tool": "t", "status": "completed"}
    events = translated(
        [item(call), item(message(""), "item/started"), delta("Hi"), item(message("Hi."))]
    )
    state = folded(events)
    assert [entry.id for entry in state.items] == ["m", "agent_message_m"]
    assert state.final_response == "Hi."


def test_the_prompt_is_no_item_and_what_is_said_later_is_one() -> None:
    events = translated([user("Do it", "a"), user("Rather this", "b")])
    assert [event.type for event in events] == ["item.completed"]
    (said,) = folded(events).items
    assert isinstance(said, UserMessageItem)
    assert said.text == "Rather this"


def test_a_message_begins_with_its_first_word() -> None:
    events = translated([item(message(""), "item/started"), delta("Hel"), delta("lo")])
    assert [event.type for event in events] == ["item.started", "item.delta", "item.delta"]
    assert folded(events).final_response == "Hello"


def test_a_message_that_begins_and_says_nothing_leaves_no_trace() -> None:
    assert translated([item(message(""), "item/started"), ended()]) == [TurnCompletedEvent(at=1.0)]


def test_thoughts_without_words_are_not_shown() -> None:
    empty = {"type": "reasoning", "id": "r", "summary": [], "content": []}
    assert translated([item(empty, "item/started"), item(empty)]) == []


def test_the_parts_of_a_summary_stand_on_lines_of_their_own_while_they_come_and_after() -> None:
    began = item({"type": "reasoning", "id": "r", "summary": [], "content": []}, "item/started")
    parts: list[Said] = [
        began,
        ("item/reasoning/summaryPartAdded", {"itemId": "r", "summaryIndex": 0}),
        delta("One", "r", "reasoning/summaryTextDelta"),
        ("item/reasoning/summaryPartAdded", {"itemId": "r", "summaryIndex": 1}),
        delta("Two", "r", "reasoning/summaryTextDelta"),
    ]
    (growing,) = folded(translated(parts)).items
    whole = item({"type": "reasoning", "id": "r", "summary": ["One", "Two"], "content": []})
    (final,) = folded(translated([*parts, whole])).items
    assert growing == final == ReasoningItem(id="r", text="One\nTwo")


def test_raw_thoughts_come_apart_from_their_summary() -> None:
    began = item({"type": "reasoning", "id": "r", "summary": [], "content": []}, "item/started")
    events = translated([began, delta("Hmm", "r", "reasoning/textDelta")])
    assert folded(events).items == (ReasoningItem(id="r", raw_text="Hmm"),)


def test_a_plan_begins_once_changes_when_it_does_and_ends_with_its_turn() -> None:
    def plan(*statuses: str) -> Said:
        steps = [{"step": f"s{n}", "status": status} for n, status in enumerate(statuses)]
        return "turn/plan/updated", {"plan": steps}

    events = translated(
        [plan("pending", "inProgress"), plan("pending", "inProgress"), plan("completed"), ended()]
    )
    assert [event.type for event in events] == [
        "item.started",
        "item.updated",
        "item.completed",
        "turn.completed",
    ]
    assert isinstance(events[1], ItemUpdatedEvent)
    assert events[1].item == events[2].item  # type: ignore[union-attr]


def test_the_diff_of_the_turn_is_told_when_it_changes() -> None:
    said: list[Said] = [("turn/diff/updated", {"diff": diff}) for diff in ("a", "a", "b")]
    assert translated(said) == [
        DiffUpdatedEvent(diff="a", at=0.0),
        DiffUpdatedEvent(diff="b", at=2.0),
    ]


def test_limits_are_told_if_there_are_any_and_when_they_change() -> None:
    none: Said = ("account/rateLimits/updated", {"rateLimits": {"primary": None}})
    some: Said = ("account/rateLimits/updated", {"rateLimits": {"primary": {"usedPercent": 5}}})
    assert translated([none, some, some]) == [
        RateLimitsUpdatedEvent(rate_limits={"primary": {"usedPercent": 5}}, at=1.0)
    ]


def test_a_warning_that_is_said_twice_is_one_item() -> None:
    events = translated(
        [
            ("guardianWarning", {"message": "Odd."}),
            ("warning", {"message": "Odd."}),
            ("deprecationNotice", {"summary": "Old.", "details": "Use the new one."}),
        ]
    )
    messages = [entry.message for entry in folded(events).items]  # type: ignore[union-attr]
    assert messages == ["Odd.", "Old.\nUse the new one."]


def test_another_model_than_was_asked_for_is_a_notice() -> None:
    said = ("model/rerouted", {"fromModel": "big", "toModel": "small"})
    (notice,) = translated([said])
    assert isinstance(notice, NoticeEvent)
    assert "small answers instead of big" in notice.message


def test_a_patch_that_grows_is_told_as_it_does() -> None:
    began = {"type": "fileChange", "id": "f", "changes": [], "status": "inProgress"}
    change = {"path": "/a", "kind": {"type": "add"}, "diff": "x\n"}
    grown: Said = ("item/fileChange/patchUpdated", {"itemId": "f", "changes": [change]})
    events = translated([item(began, "item/started"), grown])
    assert isinstance(events[0], ItemStartedEvent)
    (patch,) = folded(events).items
    assert isinstance(patch, FileChangeItem)
    assert patch.changes[0].diff == "@@ -0,0 +1 @@\n+x"


def test_an_error_says_whether_the_cli_tries_again() -> None:
    said = ("error", {"error": {"message": "Lost it."}, "willRetry": True})
    assert translated([said]) == [ThreadErrorEvent(message="Lost it.", will_retry=True, at=0.0)]


def test_tokens_are_told_with_the_room_that_is_left() -> None:
    total = {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}
    usage = {"total": total, "last": {"totalTokens": 3}, "modelContextWindow": 100}
    events = translated([("thread/tokenUsage/updated", {"tokenUsage": usage}), ended()])
    known = Usage(input_tokens=5, output_tokens=2)
    assert events == [
        UsageUpdatedEvent(thread_usage=known, context_tokens=3, context_window=100, at=0.0),
        TurnCompletedEvent(usage=known, at=1.0),
    ]


def test_a_turn_ends_as_the_server_says() -> None:
    (interrupted,) = translated([ended("interrupted")])
    (failed,) = translated([ended("failed", error={"message": "No."})])
    assert isinstance(interrupted, TurnInterruptedEvent)
    assert isinstance(failed, TurnFailedEvent)
    assert failed.error.message == "No."


@pytest.mark.parametrize(
    ("info", "code", "status"),
    [
        ("contextWindowExceeded", "contextWindowExceeded", None),
        ({"httpConnectionFailed": {"httpStatusCode": 401}}, "httpConnectionFailed", 401),
        ({"httpConnectionFailed": None}, "httpConnectionFailed", None),
        (None, None, None),
        ({}, None, None),
        (3, None, None),
    ],
)
def test_why_a_turn_failed_has_a_code(info: object, code: str | None, status: int | None) -> None:
    error = error_of({"message": "No.", "codexErrorInfo": info, "additionalDetails": "At all."})
    assert (error.message, error.code, error.http_status) == ("No.\nAt all.", code, status)


def test_what_is_not_about_a_turn_says_nothing() -> None:
    assert translated([("thread/started", {}), ("skills/changed", {}), ("no/such", {})]) == []


def test_it_is_known_what_has_begun_and_not_ended() -> None:
    translator = Translator()
    command = {"type": "commandExecution", "id": "c", "command": "ls", "status": "inProgress"}
    assert list(translator.events(*item(command, "item/started"), 0.0))
    assert translator.running_commands == {"c"}
    assert translator.has_begun({"item": {"id": "c"}})
    assert translator.has_begun({"itemId": "c"})
    assert not translator.has_begun({"itemId": "d"})
    assert isinstance(translator.item("c"), CommandExecutionItem)
    ending = {**command, "status": "completed", "exitCode": 0}
    (event,) = translator.events(*item(ending), 1.0)
    assert isinstance(event, ItemCompletedEvent)
    assert translator.running_commands == set()
    assert translator.item("c") is None
