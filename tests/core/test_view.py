from __future__ import annotations

import itertools
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.core.events import parse_event
from codex_notebook.core.fold import reduce
from codex_notebook.core.state import TurnState
from codex_notebook.core.view import diff_counts, frame, inner_command, shown_path, tool_text, view
from tests.turns import ALL_TURNS, EXEC_TURNS, golden_file, golden_text, start, states_of

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
            "field": st.sampled_from(["text", "aggregated_output", "new"]),
            "delta": texts,
        }
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["turn.started", "turn.interrupting", "huh"])}),
    st.fixed_dictionaries({"type": st.just("error"), "message": texts}),
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


@pytest.mark.parametrize("recording", EXEC_TURNS, ids=lambda p: p.stem)
def test_the_frames_kept_for_the_front_end_are_up_to_date(recording: Path) -> None:
    kept = golden_file(recording).read_text(encoding="utf-8")
    assert kept == golden_text(recording), "run: python -m tests.turns"


def test_nothing_is_sent_when_nothing_changed() -> None:
    assert frame(view(start()), view(start())) == []


def test_text_that_grew_is_sent_as_its_new_end() -> None:
    state = reduce(start(), parse_event(delta_start()))
    grown = state
    for piece in ("one ", "two"):
        grown = reduce(
            grown,
            parse_event({"type": "item.delta", "item_id": "m", "field": "text", "delta": piece}),
        )
    assert frame(view(state), view(grown)) == [["append", "m", "text", "one two"]]


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
    blocks = [{"type": "text", "text": "hey"}, {"type": "image", "data": "…"}, "odd"]
    assert tool_text({"content": blocks}) == "hey\n[image]\n[content]"
    assert tool_text(None) is None
    assert tool_text({"other": 1}) == '{\n  "other": 1\n}'
