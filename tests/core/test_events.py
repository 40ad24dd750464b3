from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.core.events import (
    BaseEvent,
    ItemCompletedEvent,
    NoticeEvent,
    ThreadStartedEvent,
    TurnCompletedEvent,
    UnknownEvent,
)
from codex_notebook.core.items import (
    AgentMessageItem,
    CommandExecutionItem,
    UnknownItem,
    WebSearchItem,
    parse_item,
)
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.usage import Usage
from tests.turns import EXEC_TURNS, events_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize("recording", EXEC_TURNS, ids=lambda p: p.stem)
def test_every_event_and_item_of_a_recorded_turn_is_known(recording: Path) -> None:
    for event in events_of(recording):
        assert not isinstance(event, UnknownEvent | NoticeEvent)
        assert not isinstance(event.get("item"), UnknownItem)


def test_an_event_answers_by_attribute_and_like_a_mapping() -> None:
    event = parse_event('{"type": "thread.started", "thread_id": "t1"}')
    assert isinstance(event, ThreadStartedEvent)
    assert event.thread_id == event["thread_id"] == "t1"
    assert event["type"] == "thread.started"
    assert "thread_id" in event
    assert event.get("nothing", 3) == 3
    assert dict(event)["thread_id"] == "t1"
    with pytest.raises(KeyError):
        event["model_fields"]


def test_fields_that_are_not_known_are_kept() -> None:
    item = parse_item({"id": "a", "type": "agent_message", "text": "hi", "phase": "final"})
    assert isinstance(item, AgentMessageItem)
    assert item["phase"] == "final"
    assert "phase" in item.keys()  # noqa: SIM118 (the mapping manner is what is tested)


def test_a_line_that_is_no_json_is_a_notice_that_quotes_it() -> None:
    event = parse_event(b"WARNING: proxy \xff says hi")
    assert isinstance(event, NoticeEvent)
    assert "WARNING: proxy \ufffd says hi" in event.message


def test_a_very_long_line_of_noise_is_quoted_in_part() -> None:
    event = parse_event("x" * 1_000_000)
    assert isinstance(event, NoticeEvent)
    assert len(event.message) < 300


@pytest.mark.parametrize("line", ["[1]", "3", "null", '"text"'])
def test_json_that_is_no_object_is_a_notice(line: str) -> None:
    assert isinstance(parse_event(line), NoticeEvent)


def test_an_event_of_a_new_kind_keeps_everything() -> None:
    event = parse_event('{"type": "turn.paused", "why": {"a": 1}}', at=2.0)
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.raw["why"], event.at) == ("turn.paused", {"a": 1}, 2.0)


def test_a_known_event_of_an_unknown_shape_keeps_everything() -> None:
    event = parse_event('{"type": "thread.started", "thread_id": {"v": 2}}')
    assert isinstance(event, UnknownEvent)
    assert event.raw["thread_id"] == {"v": 2}


def test_an_item_of_a_new_kind_keeps_everything() -> None:
    item = parse_item({"id": "x", "type": "hologram", "light": [1]})
    assert isinstance(item, UnknownItem)
    assert (item.id, item.type, item.raw["light"]) == ("x", "hologram", [1])


def test_an_item_without_an_id_or_no_object_at_all_is_a_value() -> None:
    assert parse_item({"type": "agent_message", "text": "hi"}).id == ""
    assert parse_item(None).type == "unknown"
    assert parse_item({"type": ["odd"]}).type == "unknown"


def test_a_status_of_a_newer_cli_is_kept_as_it_is() -> None:
    item = parse_item({"id": "a", "type": "command_execution", "status": "teleported"})
    assert isinstance(item, CommandExecutionItem)
    assert item.status == "teleported"


def test_a_web_search_that_comes_with_two_ids_has_the_same_one_throughout() -> None:
    lines = [
        f'{{"type":"item.{when}","item":{{"id":"item_9","type":"web_search","id":"ws1"}}}}'
        for when in ("started", "completed")
    ]
    items = [parse_event(line)["item"] for line in lines]
    assert all(isinstance(item, WebSearchItem) for item in items)
    assert items[0].id == items[1].id


@pytest.mark.parametrize(
    "said",
    [
        {"type": "turn.started", "at": "noon"},
        {"type": "turn.completed", "usage": {"input_tokens": "3", "more": None}},
        {"type": "item.completed"},
        {"type": "item.completed", "item": 3},
        {"type": "item.completed", "item": {"type": "hologram", "light": [1]}},
        {"type": "item.completed", "item": {"type": "agent_message", "text": 3}},
        {"type": "item.completed", "item": {"type": "file_change", "changes": [{"path": "a"}]}},
        {"type": "item.started", "item": {"type": "mcp_tool_call", "arguments": {"a": [1.5]}}},
        {"type": "turn.paused"},
        {"type": ["odd"]},
        {},
    ],
    ids=json.dumps,
)
def test_a_line_and_its_decoded_object_are_the_same_event(said: dict[str, Any]) -> None:
    assert parse_event(json.dumps(said), at=2.0) == parse_event(said, at=2.0)
    assert parse_event(json.dumps(said).encode(), at=2.0) == parse_event(said, at=2.0)


@pytest.mark.parametrize("recording", EXEC_TURNS, ids=lambda p: p.stem)
def test_a_recorded_line_and_its_decoded_object_are_the_same_event(recording: Path) -> None:
    for line in recording.read_bytes().splitlines():
        assert parse_event(line, at=2.0) == parse_event(json.loads(line), at=2.0)


def test_an_event_with_an_item_of_a_new_kind_can_be_written_as_json() -> None:
    event = parse_event('{"type": "item.started", "item": {"id": "x", "type": "hologram"}}')
    assert json.loads(event.model_dump_json())["item"]["raw"]["type"] == "hologram"


def test_a_turn_that_completes_without_usage_completes() -> None:
    event = parse_event('{"type": "turn.completed"}')
    assert isinstance(event, TurnCompletedEvent)
    assert event.usage is None


def test_usage_since_an_earlier_total_is_the_difference() -> None:
    total = Usage(input_tokens=142, output_tokens=12)
    before = Usage(input_tokens=42, output_tokens=5)
    assert total.since(before) == Usage(input_tokens=100, output_tokens=7)
    assert total.since(None) == total


def test_values_are_frozen() -> None:
    event = parse_event('{"type": "turn.started"}')
    with pytest.raises(ValueError, match="frozen"):
        event.type = "x"  # type: ignore[misc]


@given(json_values)
def test_no_json_value_makes_parsing_raise(value: Any) -> None:
    assert isinstance(parse_event(json.dumps(value)), BaseEvent)
    event = {"type": "item.completed", "item": value}
    assert isinstance(parse_event(event), ItemCompletedEvent)


@given(st.binary())
def test_no_bytes_make_parsing_raise(line: bytes) -> None:
    assert isinstance(parse_event(line), BaseEvent)
