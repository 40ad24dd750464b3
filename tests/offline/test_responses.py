"""Steps as events of the Responses API: pure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codex_notebook.offline import (
    command,
    fail,
    http_error,
    patch,
    pause,
    plan,
    reasoning,
    search,
    text,
    tool,
)
from codex_notebook.offline.responses import Beat, respond
from codex_notebook.offline.steps import HttpError, Pause, Step, Until
from codex_notebook.offline.turns import Usage


def told(*steps: Step, usage: Usage | None = None) -> list[Beat]:
    return list(respond(steps, ident="x", model="m", usage=usage or Usage()))


def events(*steps: Step) -> list[dict[str, Any]]:
    return [beat for beat in told(*steps) if isinstance(beat, dict)]


def items(*steps: Step) -> list[dict[str, Any]]:
    return [e["item"] for e in events(*steps) if e["type"] == "response.output_item.done"]


def test_a_response_is_created_and_completed_with_all_its_items() -> None:
    first, *_, last = events(reasoning("think"), text("say"))
    assert first["type"] == "response.created"
    assert last["type"] == "response.completed"
    assert last["response"]["output"] == items(reasoning("think"), text("say"))


def test_nothing_left_to_say_is_an_empty_response() -> None:
    assert [e["type"] for e in events()] == ["response.created", "response.completed"]


def test_text_streams_in_chunks_with_pauses_between_them_only() -> None:
    beats = told(text("abcde", chunk=2, delay=0.5))
    deltas = [
        b.seconds if isinstance(b, Pause) else b["delta"]
        for b in beats
        if isinstance(b, Pause) or (isinstance(b, dict) and b["type"].endswith("text.delta"))
    ]
    assert deltas == ["ab", 0.5, "cd", 0.5, "e"]


def test_text_is_told_from_added_to_done() -> None:
    assert [e["type"].removeprefix("response.") for e in events(text("Hi."))[1:-1]] == [
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
    ]
    (item,) = items(text("Hi."))
    assert item["content"] == [{"type": "output_text", "text": "Hi.", "annotations": []}]


def test_empty_text_has_no_delta() -> None:
    assert not [e for e in events(text("")) if e["type"].endswith(".delta")]


def test_data_is_told_as_its_json() -> None:
    (item,) = items(text({"name": "Zoë", "n": [1]}))
    assert item["content"][0]["text"] == '{"name": "Zoë", "n": [1]}'


def test_only_the_last_text_of_a_turn_is_the_final_answer() -> None:
    phases = [item.get("phase") for item in items(text("a"), search("q"), text("b"))]
    assert phases == ["commentary", None, "final_answer"]
    assert items(text("a"), command("ls"))[0]["phase"] == "commentary"


def test_reasoning_streams_as_a_summary() -> None:
    told_events = events(reasoning("abc", chunk=2))
    deltas = [e["delta"] for e in told_events if e["type"].endswith("summary_text.delta")]
    assert deltas == ["ab", "c"]
    (item,) = items(reasoning("abc"))
    assert item["summary"] == [{"type": "summary_text", "text": "abc"}]


def test_a_command_calls_exec_command_outside_a_login_shell() -> None:
    (item,) = items(command("echo 'é'"))
    assert (item["type"], item["name"]) == ("function_call", "exec_command")
    arguments = json.loads(item["arguments"])
    assert arguments == {"cmd": "echo 'é'", "login": False, "yield_time_ms": 30_000}


def test_a_patch_is_a_freeform_call() -> None:
    body = "*** Begin Patch\n*** Delete File: a\n*** End Patch"
    (item,) = items(patch(body))
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "apply_patch", body)


def test_a_plan_calls_update_plan() -> None:
    (item,) = items(plan(("Read", "completed")))
    assert item["name"] == "update_plan"
    assert json.loads(item["arguments"]) == {"plan": [{"step": "Read", "status": "completed"}]}


def test_a_tool_is_called_in_its_namespace() -> None:
    (item,) = items(tool("echo", {"a": 1}, namespace="mcp__lab"))
    assert (item["name"], item["namespace"]) == ("echo", "mcp__lab")
    assert json.loads(item["arguments"]) == {"a": 1}
    assert "namespace" not in items(tool("echo"))[0]


def test_a_search_shows_its_query_only_when_it_is_done() -> None:
    added = next(e for e in events(search("q")) if e["type"] == "response.output_item.added")
    assert "action" not in added["item"]
    assert items(search("q"))[0]["action"] == {"type": "search", "query": "q"}


@pytest.mark.parametrize(
    "step", [reasoning("a"), text("a"), command("a"), patch("*** Begin Patch"), plan(), search("a")]
)
def test_an_item_begins_without_what_it_will_hold(step: Step) -> None:
    (added,) = [e for e in events(step) if e["type"] == "response.output_item.added"]
    begun, (done,) = added["item"], items(step)
    assert (begun["id"], begun["type"]) == (done["id"], done["type"])
    assert begun.get("status", "in_progress") == "in_progress"
    assert not any(begun.get(name) for name in ("content", "summary", "input", "arguments"))


def test_each_call_of_a_conversation_has_an_id_of_its_own() -> None:
    one, two = (
        [b["item"]["call_id"] for b in respond([command("ls")], ident=i, model="m", usage=Usage())
         if isinstance(b, dict) and b["type"] == "response.output_item.done"]
        for i in ("x", "y")
    )  # fmt: skip
    assert one != two


def test_pauses_stand_where_they_were_written() -> None:
    kinds = [type(beat) for beat in told(text("a"), pause(1), pause(until="go"), text("b"))]
    assert kinds[7:9] == [Pause, Until]


def test_a_failure_ends_the_response_without_completing_it() -> None:
    *_, last = events(text("part"), fail("boom", code="insufficient_quota"))
    assert last["type"] == "response.failed"
    assert last["response"]["error"] == {"code": "insufficient_quota", "message": "boom"}


def test_a_refusal_comes_without_any_event() -> None:
    assert told(pause(1), http_error(429)) == [Pause(1), HttpError(429)]


def test_usage_is_told_in_the_words_of_the_api() -> None:
    last = told(usage=Usage(cache_write_input_tokens=7))[-1]
    assert isinstance(last, dict)
    assert last["response"]["usage"] == {
        "input_tokens": 42,
        "input_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 7},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 47,
    }
