from __future__ import annotations

import itertools
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.core.cards import card, diff_counts, inner_command, shown_path, tool_text
from codex_notebook.core.fold import reduce
from codex_notebook.core.items import parse_item
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import Entry, TurnState
from codex_notebook.core.view import frame, view
from tests.turns import ALL_TURNS, EVENT_TURNS, golden_file, golden_text, start, states_of

ids = st.sampled_from(["a", "b", "c"])
texts = st.text(max_size=6)
items = st.one_of(
    st.fixed_dictionaries({"id": ids, "type": st.just("agent_message"), "text": texts}),
    st.fixed_dictionaries(
        {
            "id": ids,
            "type": st.just("command_execution"),
            "command": texts,
            "aggregated_output": texts,
            "exit_code": st.none() | st.integers(),
        }
    ),
    st.fixed_dictionaries({"id": ids, "type": st.just("hologram"), "light": texts}),
    st.fixed_dictionaries({"id": ids, "type": st.just("reasoning"), "raw_text": texts}),
    st.fixed_dictionaries(
        {"id": ids, "type": st.sampled_from(["user_message", "plan"]), "text": texts}
    ),
    st.fixed_dictionaries(
        {
            "id": ids,
            "type": st.just("tool_call"),
            "tool": texts,
            "content": st.lists(st.builds(lambda t: {"type": "inputText", "text": t}, texts)),
            "success": st.none() | st.booleans(),
        }
    ),
    st.fixed_dictionaries({"id": ids, "type": st.just("image_view"), "label": texts}),
)
events = st.one_of(
    st.builds(
        lambda when, item: {"type": f"item.{when}", "item": item},
        st.sampled_from(["started", "updated", "completed"]),
        items,
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("item.delta"),
            "item_id": ids,
            "field": st.sampled_from(["text", "raw_text", "aggregated_output", "new"]),
            "delta": texts,
        }
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["turn.started", "turn.interrupting", "huh"])}),
    st.fixed_dictionaries({"type": st.just("error"), "message": texts}),
    st.builds(
        lambda name: {"type": "approval.requested", "approval": {"id": name, "kind": "command"}},
        st.sampled_from(["approval_1", "approval_2"]),
    ),
    st.builds(
        lambda name: {"type": "input.requested", "request": {"id": name, "message": "?"}},
        st.sampled_from(["input_1", "input_2"]),
    ),
    st.builds(
        lambda name, word: {
            "type": "approval.resolved",
            "approval_id": name,
            "decision": word,
            "by": "user",
        },
        st.sampled_from(["approval_1", "approval_2"]),
        st.sampled_from(["accept", "decline"]),
    ),
    st.just({"type": "input.resolved", "input_id": "input_1", "answers": {"q": "a"}, "by": "user"}),
    st.just({"type": "turn.completed", "usage": {"input_tokens": 3}}),
    st.just({"type": "turn.interrupted"}),
)


def applied(before: dict[str, Any], operations: list[Any]) -> dict[str, Any]:
    """Apply a frame as the front end does; the law is tested against this."""
    after = deepcopy(before)
    for name, *rest in operations:
        cards = after["cards"]
        place = {card["id"]: number for number, card in enumerate(cards)}
        if name == "header":
            after["header"].update(rest[0])
        elif name == "card":
            cards.append(rest[0])
        elif name == "set":
            cards[place[rest[0]]].update(rest[1])
        elif name == "replace":
            cards[place[rest[0]]] = rest[1]
        elif name == "append":
            cards[place[rest[0]]][rest[1]] += rest[2]
        elif name == "ask":
            asks = after["asks"]
            same = rest[0] < len(asks) and asks[rest[0]]["id"] == rest[1]["id"]
            asks[rest[0] : rest[0] + same] = [rest[1]]
        else:
            assert name == "reset"
            after = rest[0]
    return after


def assert_law(states: list[TurnState], every: int = 1) -> None:
    views = [view(state) for state in states[::every]]
    shown = views[0].to_json()
    for before, after in itertools.pairwise(views):
        operations = json.loads(json.dumps(frame(before, after)))
        shown = applied(shown, operations)
        assert shown == json.loads(json.dumps(after.to_json()))


@pytest.mark.parametrize("recording", ALL_TURNS, ids=lambda p: p.stem)
@pytest.mark.parametrize("every", [1, 3])
def test_applying_the_frames_of_a_recording_gives_its_views(recording: Path, every: int) -> None:
    assert_law(list(states_of(recording)), every)


@given(st.lists(events, max_size=20), st.integers(1, 4))
def test_applying_the_frames_of_any_turn_gives_its_views(
    sequence: list[dict[str, Any]], every: int
) -> None:
    states = [TurnState()]
    for event in sequence:
        states.append(reduce(states[-1], parse_event(event, 1.0)))
    assert_law(states, every)


@pytest.mark.parametrize("recording", EVENT_TURNS, ids=lambda p: p.stem)
def test_the_frames_kept_for_the_front_end_are_up_to_date(recording: Path) -> None:
    kept = golden_file(recording).read_text(encoding="utf-8")
    assert kept == golden_text(recording), "run: python -m tests.turns"


def test_nothing_is_sent_when_nothing_changed() -> None:
    assert frame(view(start()), view(start())) == []


@pytest.mark.parametrize(
    ("kind", "field", "shown"),
    [
        ("agent_message", "text", "text"),
        ("plan", "text", "text"),
        ("reasoning", "text", "text"),
        ("reasoning", "raw_text", "raw_text"),
        ("command_execution", "aggregated_output", "output"),
    ],
)
def test_text_that_grew_is_sent_as_its_new_end(kind: str, field: str, shown: str) -> None:
    state = reduce(start(), parse_event({**delta_start(), "item": {"id": "m", "type": kind}}))
    grown = state
    for piece in ("one ", "two"):
        grown = reduce(
            grown,
            parse_event({"type": "item.delta", "item_id": "m", "field": field, "delta": piece}),
        )
    assert frame(view(state), view(grown)) == [["append", "m", shown, "one two"]]


def test_the_traffic_of_a_long_message_is_its_length_and_not_its_square() -> None:
    state = reduce(start(), parse_event(delta_start()))
    sent = 0
    for _ in range(1000):
        before = view(state)
        event = {"type": "item.delta", "item_id": "m", "field": "text", "delta": "forty bytes " * 4}
        state = reduce(state, parse_event(event))
        sent += len(json.dumps(frame(before, view(state))))
    assert sent < 2 * len(state.final_response)


def delta_start() -> dict[str, Any]:
    return {"type": "item.started", "item": {"id": "m", "type": "agent_message", "text": ""}}


@pytest.mark.parametrize(
    ("given_command", "shown"),
    [
        ("/bin/bash -lc 'sleep 2'", "sleep 2"),
        ('/bin/bash -lc "echo hi"', "echo hi"),
        ("bash -lc 'a\nb'", "a\nb"),
        ("/usr/bin/zsh -c 'ls'", "ls"),
        ("ls -la", "ls -la"),
        ("/bin/bash -lc 'it'\\''s'", "it's"),
        ('/bin/bash -c "echo \\"b\\" it\'s"', 'echo "b" it\'s'),
        ("/bin/bash -lc 'never closed", "/bin/bash -lc 'never closed"),
        ("/bin/bash -lc 'a' 'b'", "/bin/bash -lc 'a' 'b'"),
        # A shell that the agent may have written itself is part of what would run.
        ("/w/bash -lc 'ls'", "/w/bash -lc 'ls'"),
        ("./sh -c ls", "./sh -c ls"),
    ],
)
def test_a_command_is_shown_without_the_shell_round_it(given_command: str, shown: str) -> None:
    assert inner_command(given_command) == shown


def test_a_path_inside_the_working_directory_is_shown_relative_to_it() -> None:
    assert shown_path("/w/src/a.py", "/w") == "src/a.py"
    assert shown_path("/etc/passwd", "/w") == "/etc/passwd"
    assert shown_path("/w2/a.py", "/w") == "/w2/a.py"
    assert shown_path("/w/a", None) == "/w/a"


def test_a_diff_is_counted_by_its_lines() -> None:
    assert diff_counts("@@ -1,2 +1,2 @@\n a\n-b\n+c\n+d\n") == (2, 1)
    assert diff_counts(None) == (0, 0)


def test_a_tool_result_shows_its_text_and_names_the_rest() -> None:
    blocks = [
        {"type": "text", "text": "hey"},
        {"type": "image", "data": "…"},
        "odd",
        {"type": "text"},
    ]
    assert tool_text({"content": blocks}) == "hey\n[image]\n[content]\n[text]"
    assert tool_text(None) is None
    assert tool_text({"other": 1}) == '{\n  "other": 1\n}'


def fields_of(kind: str, root: str | None = "/w", **fields: Any) -> dict[str, Any]:
    """Return what the card of an item says of it, without what all cards have."""
    shown = card(Entry(parse_item({"id": "i", "type": kind, **fields})), root)
    return {k: v for k, v in shown.items() if k not in ("id", "status", "started_at", "ended_at")}


@pytest.mark.parametrize("name", ["live_items", "live_asks"])
def test_the_turns_written_for_the_live_transport_have_nothing_unknown_in_them(name: str) -> None:
    *_, state = states_of(next(path for path in EVENT_TURNS if path.stem == name))
    shown = view(state).to_json()
    assert shown["header"]["notices"] == []
    assert "unknown" not in {card["kind"] for card in shown["cards"]}


def test_what_only_the_live_transport_tells_has_its_cards() -> None:
    said = fields_of("user_message", text="No, the other one")
    assert said == {"kind": "user", "text": "No, the other one"}
    assert fields_of("plan", text="1. read") == {"kind": "plan", "text": "1. read"}
    looked = fields_of("image_view", label="Looked at a.png", raw={"path": "a.png"})
    assert looked == {"kind": "activity", "label": "Looked at a.png"}
    assert fields_of("context_compaction")["label"] == "context compaction"
    assert fields_of("agent_message", text="Hm", phase="commentary")["phase"] == "commentary"


def test_a_tool_of_our_own_is_shown_like_any_other() -> None:
    seen = [
        {"type": "inputText", "text": "one row"},
        {"type": "inputImage", "imageUrl": "data:image/png;base64,AAAA"},
    ]
    call: dict[str, Any] = {"tool": "query", "namespace": "lab", "arguments": {"n": 1}}
    end: dict[str, Any] = {"success": True, "status": "completed", "duration_ms": 12}
    assert fields_of("tool_call", **call, **end, content=seen) == {
        "kind": "tool",
        "name": "lab.query",
        "arguments": '{\n  "n": 1\n}',
        "result": "one row\n[image]",
        "error": None,
        "images": ["data:image/png;base64,AAAA"],
        "duration_ms": 12,
    }
    running = fields_of("tool_call", tool="query")
    assert (running["name"], running["result"], running["error"]) == ("query", None, None)


@pytest.mark.parametrize("end", [{"success": False}, {"status": "failed"}])
def test_what_a_tool_of_our_own_tells_when_it_fails_is_its_error(end: dict[str, Any]) -> None:
    shown = fields_of(
        "tool_call", tool="query", content=[{"type": "inputText", "text": "no"}], **end
    )
    assert (shown["result"], shown["error"]) == (None, "no")


def test_a_command_says_where_it_ran_only_if_that_was_elsewhere() -> None:
    def where(cwd: str | None, root: str | None = "/w") -> object:
        return fields_of("command_execution", root, command="ls", cwd=cwd)["elsewhere"]

    assert [where("/w"), where("/w/"), where(None), where("/x", root=None)] == [None] * 4
    assert [where("/w/src"), where("/tmp")] == ["src", "/tmp"]


def test_a_file_that_moved_says_where_to() -> None:
    moved = {"path": "/w/a.py", "kind": "update", "diff": "", "move_path": "/w/src/b.py"}
    shown = fields_of("file_change", changes=[moved, {"path": "/w/c.py"}])
    told = [(change["path"], change["moved_to"]) for change in shown["changes"]]
    assert told == [("a.py", "src/b.py"), ("c.py", None)]
