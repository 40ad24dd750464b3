from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from codex_notebook.core.fold import reduce
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnState
from codex_notebook.notebook.pacing import Pacer

BEGIN: list[dict[str, Any]] = [
    {"type": "turn.started"},
    {"type": "item.started", "item": {"id": "m", "type": "agent_message", "text": ""}},
]


def delta(text: str) -> dict[str, Any]:
    return {"type": "item.delta", "item_id": "m", "field": "text", "delta": text}


class Turn:
    """A pacer, what it has sent, and the state it was last given."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.news = asyncio.Event()
        self.state = TurnState()
        self.pacer = Pacer(self.state, self.send)

    def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self.news.set()

    def happen(self, *events: dict[str, Any]) -> None:
        for event in events:
            self.state = reduce(self.state, parse_event(event, 1.0))
            self.pacer.update(self.state)


def on_a_loop(scene: Callable[[Turn], Any]) -> Turn:
    async def run() -> Turn:
        turn = Turn()
        await scene(turn)
        return turn

    return asyncio.run(run())


def test_a_burst_of_deltas_goes_as_few_frames_that_hold_all_of_it() -> None:
    async def burst(turn: Turn) -> None:
        turn.happen(*BEGIN, *(delta("abc ") for _ in range(5_000)))
        turn.pacer.flush()

    sent = on_a_loop(burst).sent
    appended = "".join(op[3] for m in sent for op in m["ops"] if op[0] == "append")
    cards = "".join(op[1]["text"] for m in sent for op in m["ops"] if op[0] == "card")
    assert cards + appended == "abc " * 5_000
    assert len(sent) < 100


def test_frames_are_numbered_without_a_gap() -> None:
    async def three(turn: Turn) -> None:
        for event in (*BEGIN, delta("a")):
            turn.happen(event)
            turn.pacer.flush()

    assert [m["seq"] for m in on_a_loop(three).sent] == [1, 2, 3]


def test_what_came_in_the_pause_is_sent_by_itself_after_it() -> None:
    async def pause(turn: Turn) -> None:
        turn.happen(*BEGIN)
        turn.pacer.flush()
        turn.news.clear()
        turn.happen(delta("late"))
        assert not turn.news.is_set()
        await asyncio.wait_for(turn.news.wait(), 5)

    assert on_a_loop(pause).sent[-1]["ops"] == [["append", "m", "text", "late"]]


def test_the_end_of_a_turn_does_not_wait() -> None:
    async def end(turn: Turn) -> None:
        turn.happen(*BEGIN, delta("x"), {"type": "turn.completed"})

    assert on_a_loop(end).sent[-1]["ops"][0][1]["status"] == "completed"


def test_nothing_is_sent_when_nothing_is_new() -> None:
    async def twice(turn: Turn) -> None:
        turn.happen(*BEGIN)
        turn.pacer.flush()
        turn.pacer.flush()

    assert len(on_a_loop(twice).sent) <= 2


def test_a_snapshot_is_the_view_as_of_its_number() -> None:
    async def resync(turn: Turn) -> None:
        turn.happen(*BEGIN, delta("a"))
        held_back = turn.pacer.snapshot()
        assert held_back["view"]["cards"] == []
        turn.pacer.resend()

    *_, snapshot = on_a_loop(resync).sent
    assert snapshot["op"] == "snapshot"
    assert snapshot["view"]["cards"][0]["text"] == "a"
    assert json.loads(json.dumps(snapshot)) == snapshot


APPROVAL = {"id": "approval_1", "kind": "command", "command": "make"}
REQUEST = {"id": "input_1", "questions": [{"id": "q", "question": "Why?"}]}


@pytest.mark.parametrize(
    ("asked", "settled"),
    [
        (
            {"type": "approval.requested", "approval": APPROVAL},
            {
                "type": "approval.resolved",
                "approval_id": "approval_1",
                "decision": "accept",
                "by": "user",
            },
        ),
        (
            {"type": "input.requested", "request": REQUEST},
            {"type": "input.resolved", "input_id": "input_1", "by": "user"},
        ),
    ],
)
def test_what_is_asked_and_decided_does_not_wait(
    asked: dict[str, Any], settled: dict[str, Any]
) -> None:
    async def ask(turn: Turn) -> None:
        turn.happen(*BEGIN, delta("x"))
        for event in (asked, settled):
            turn.happen(event)
            last = turn.sent[-1]["ops"][-1]
            assert last[0] == "ask"
            assert (last[2]["by"] is None) == (event is asked)

    on_a_loop(ask)


class Quiet(Turn):
    """A turn whose panel hears of it even when it says nothing for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.pacer = Pacer(self.state, self.send, quiet=0.02)

    async def until_sent(self, count: int) -> None:
        while len(self.sent) < count:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 5)


def test_a_turn_that_says_nothing_shows_by_empty_frames_that_it_lives() -> None:
    async def scene() -> None:
        turn = Quiet()
        turn.happen({"type": "turn.started"})
        await turn.until_sent(4)
        first, *others = turn.sent
        assert first["ops"]
        assert [m["ops"] for m in others] == [[]] * len(others)
        assert [m["seq"] for m in turn.sent] == list(range(1, len(turn.sent) + 1))
        # What comes then goes on from there.
        turn.happen(BEGIN[1])
        turn.pacer.flush()
        assert turn.sent[-1]["seq"] == len(turn.sent)
        assert turn.sent[-1]["ops"][0][0] == "card"

    asyncio.run(scene())


def test_a_turn_that_waits_for_its_own_shows_that_it_lives_too() -> None:
    async def scene() -> None:
        turn = Quiet()
        turn.pacer.update(turn.state)
        await turn.until_sent(1)
        assert turn.sent[0]["ops"] == []

    asyncio.run(scene())


@pytest.mark.parametrize("end", ["ends", "is closed"])
def test_nothing_more_is_sent_once_the_turn_ends_or_its_panel_is_closed(end: str) -> None:
    async def scene() -> None:
        turn, other = Quiet(), Quiet()
        turn.happen({"type": "turn.started"})
        if end == "ends":
            turn.happen({"type": "turn.completed"})
        else:
            turn.happen(*BEGIN)
            turn.pacer.stop()
            turn.happen(delta("late"))
        sent = len(turn.sent)
        # A clock of the same pace, by which it would long have spoken.
        other.happen({"type": "turn.started"})
        await other.until_sent(4)
        assert len(turn.sent) == sent

    asyncio.run(scene())
