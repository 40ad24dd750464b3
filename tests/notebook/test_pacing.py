from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

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
