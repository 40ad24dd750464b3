from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from codex_notebook.core.events import Event
from codex_notebook.core.fold import reduce
from codex_notebook.core.items import AgentMessageItem, CommandExecutionItem, UnknownItem
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnState
from codex_notebook.core.usage import Usage
from tests.turns import ALL_TURNS, EXEC_TURNS, events_of, states_of


def folded(*events: Mapping[str, object] | Event, state: TurnState | None = None) -> TurnState:
    state = state or TurnState()
    for number, event in enumerate(events):
        state = reduce(
            state, parse_event(event, float(number)) if isinstance(event, Mapping) else event
        )
    return state


def item(when: str, **fields: object) -> dict[str, object]:
    return {"type": f"item.{when}", "item": fields}


def message(text: str, name: str = "m") -> dict[str, object]:
    return item("completed", id=name, type="agent_message", text=text)


@pytest.mark.parametrize("recording", ALL_TURNS, ids=lambda p: p.stem)
def test_folding_a_recording_never_raises(recording: Path) -> None:
    assert list(states_of(recording))


@pytest.mark.parametrize(
    ("name", "status", "response"),
    [
        ("exec_basic", "completed", "Hello world"),
        ("exec_tools", "completed", "final"),
        ("exec_collab", "completed", "ok"),
        ("exec_dangling_command", "completed", "ok"),
        ("exec_failed", "failed", ""),
    ],
)
def test_a_recorded_turn_ends_as_it_did(name: str, status: str, response: str) -> None:
    recording = next(path for path in EXEC_TURNS if path.stem == name)
    *_, state = states_of(recording)
    assert (state.status, state.final_response) == (status, response)
    assert state.ended


def test_an_old_state_stays_what_it_was() -> None:
    states = list(states_of(EXEC_TURNS[-1]))
    assert states[0].items == ()
    assert len({len(state.items) for state in states}) > 5


def test_states_and_their_entries_are_frozen_and_can_be_pickled() -> None:
    *_, state = states_of(EXEC_TURNS[-1])
    with pytest.raises(FrozenInstanceError):
        state.status = "running"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        state.entries[0].completed = False  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(state)) == state
    assert replace(state, status="failed").entries is state.entries


def test_the_final_response_is_the_last_message() -> None:
    assert folded(message("commentary", "a"), message("final", "b")).final_response == "final"
    assert folded().final_response == ""


def test_a_completed_item_replaces_what_it_said_before() -> None:
    state = folded(
        item("started", id="c", type="command_execution", command="ls", status="in_progress"),
        item("completed", id="c", type="command_execution", command="ls", status="completed"),
    )
    (entry,) = state.entries
    assert isinstance(entry.item, CommandExecutionItem)
    assert entry.item.status == "completed"
    assert (entry.started_at, entry.ended_at) == (0.0, 1.0)


def test_deltas_grow_a_field_and_the_completed_item_is_the_authority() -> None:
    started = item("started", id="m", type="agent_message", text="")
    deltas = [
        {"type": "item.delta", "item_id": "m", "field": "text", "delta": d} for d in ("He", "llo")
    ]
    growing = folded(started, *deltas)
    assert growing.final_response == "Hello"
    ended = folded(message("Hello, all."), deltas[0], state=growing)
    assert ended.final_response == "Hello, all."


def test_a_delta_for_an_item_that_never_began_is_not_lost() -> None:
    state = folded({"type": "item.delta", "item_id": "x", "field": "text", "delta": "hi"})
    (lost,) = state.items
    assert isinstance(lost, UnknownItem)
    assert lost["text"] == "hi"


def test_items_without_an_id_are_kept_apart() -> None:
    state = folded(item("completed", type="agent_message", text="a"), message("b", ""))
    assert [i["text"] for i in state.items] == ["a", "b"]
    assert len({i.id for i in state.items}) == 2


def test_the_share_of_a_turn_is_the_total_less_what_was_before() -> None:
    before = TurnState(thread_usage_before=Usage(input_tokens=42))
    state = folded({"type": "turn.completed", "usage": {"input_tokens": 142}}, state=before)
    assert state.usage == Usage(input_tokens=100)
    assert state.thread_usage == Usage(input_tokens=142)


def test_the_share_of_a_turn_is_unknown_if_the_total_before_it_is() -> None:
    state = folded({"type": "turn.completed", "usage": {"input_tokens": 142}})
    assert state.usage is None


def test_an_error_the_cli_recovered_from_is_no_failure() -> None:
    state = folded({"type": "error", "message": "retrying"}, {"type": "turn.completed"})
    assert (state.status, state.error) == ("completed", None)


def test_a_failure_without_a_reason_takes_the_last_error() -> None:
    state = folded(
        {"type": "error", "message": "quota"}, {"type": "turn.failed", "error": {"message": ""}}
    )
    assert state.error == "quota"


def test_the_first_end_is_the_end_and_late_items_still_count() -> None:
    state = folded(
        {"type": "turn.interrupting"},
        {"type": "turn.interrupted"},
        {"type": "turn.completed"},
        {"type": "turn.started"},
        message("late"),
    )
    assert (state.status, state.interrupting) == ("interrupted", False)
    assert state.ended_at == 1.0
    assert state.final_response == "late"


def test_noise_and_events_of_new_kinds_become_notices() -> None:
    state = folded(parse_event("noise"), {"type": "turn.paused"})
    assert len(state.notices) == 2
    assert "turn.paused" in state.notices[1]


def test_an_interrupted_turn_keeps_its_partial_message() -> None:
    state = folded(
        item("started", id="m", type="agent_message", text=""),
        {"type": "item.delta", "item_id": "m", "field": "text", "delta": "half a"},
        {"type": "turn.interrupted"},
    )
    assert state.final_response == "half a"
    assert isinstance(state.items[0], AgentMessageItem)


def test_events_of_a_recording_carry_the_time_they_came() -> None:
    assert [event.at for event in events_of(EXEC_TURNS[0])][:3] == [0.0, 1.0, 2.0]
