"""How many events are parsed and folded in a second: of recorded turns, and of long streams.

Beside each stands the ratio to `json.loads` of the same lines, which is what any reader of them
has to pay.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.sampling import alternately
from benchmarks.table import Measurement, Row
from codex_notebook.core.events import parse_event
from codex_notebook.core.state import TurnState, reduce
from tests.turns import EXEC_TURNS

Lines = Sequence[bytes]


def measure(quick: bool) -> Measurement:
    """Fold 100,000 events of each sort seven times (2,000 twice if ``quick``)."""
    repetitions, count = (2, 2_000) if quick else (7, 100_000)
    recorded = _recorded(count)
    deltas = [_delta_stream(count)]
    return Measurement(
        (
            *_rows("recorded turns", recorded, repetitions),
            *_rows("deltas of one message", deltas, repetitions),
        ),
        (
            f"{_events(recorded):,} events of {', '.join(path.name for path in EXEC_TURNS)} over "
            f"and over, and one message of {count:,} deltas; {repetitions} times each.",
        ),
    )


def _rows(what: str, turns: Sequence[Lines], repetitions: int) -> list[Row]:
    ways: list[Callable[[Lines], object]] = [_decode, _parse, _fold]
    decoded, parsed, folded = alternately(
        repetitions, *(partial(_seconds, way, turns) for way in ways)
    )
    count = _events(turns)
    return [
        parsed.rate(f"{what}: parsed", count),
        folded.rate(f"{what}: parsed and folded", count),
        folded.ratio(f"{what}: parsed and folded / json.loads", decoded),
    ]


def _seconds(way: Callable[[Lines], object], turns: Sequence[Lines]) -> float:
    begun = time.perf_counter()
    for lines in turns:
        way(lines)
    return time.perf_counter() - begun


def _decode(lines: Lines) -> None:
    for line in lines:
        json.loads(line)


def _parse(lines: Lines) -> None:
    for line in lines:
        parse_event(line, at=0.0)


def _fold(lines: Lines) -> TurnState:
    state = TurnState()
    for line in lines:
        state = reduce(state, parse_event(line, at=0.0))
    return state


def _events(turns: Sequence[Lines]) -> int:
    return sum(map(len, turns))


def _recorded(count: int) -> Sequence[Lines]:
    """Return the recorded turns, repeated until they have ``count`` events."""
    turns = [path.read_bytes().splitlines() for path in EXEC_TURNS]
    return turns * -(-count // _events(turns))


def _delta_stream(count: int) -> Lines:
    item = {"id": "item_0", "type": "agent_message", "text": ""}
    delta = {"type": "item.delta", "item_id": "item_0", "field": "text", "delta": "forty " * 6}
    start = json.dumps({"type": "item.started", "item": item}).encode()
    return [start, *([json.dumps(delta).encode()] * (count - 1))]
