"""How many events are parsed and folded in a second: of recorded turns, and of long streams.

Beside each stands the ratio to `json.loads` of the same lines, which is what any reader of them
has to pay. And beside us stands another SDK, openai-codex-sdk, which reads events and folds
nothing. It refuses some lines that the CLI prints, so it is compared on those that both can read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial

from openai_codex_sdk.errors import EventParseError
from openai_codex_sdk.parsing import parse_thread_event_line
from pydantic import ValidationError

from benchmarks.sampling import alternately
from benchmarks.table import Measurement, Row
from codex_notebook.core.fold import Fold
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnState
from tests.turns import EXEC_TURNS

Lines = Sequence[bytes]

# The time of reading and folding to that of the other SDK's reading alone.
_GOAL = 0.5


def measure(quick: bool) -> Measurement:
    """Fold 100,000 events of each sort seven times (2,000 twice if ``quick``)."""
    repetitions, count = (2, 2_000) if quick else (7, 100_000)
    recorded = _recorded(count)
    readable = _recorded(count, _sdk_can_read)
    refused = _events(_recorded(1)) - _events(_recorded(1, _sdk_can_read))
    deltas = [_delta_stream(count)]
    return Measurement(
        (
            *_rows("recorded turns", recorded, repetitions),
            *_rows_beside_sdk(readable, repetitions),
            *_rows("deltas of one message", deltas, repetitions),
        ),
        (
            f"{_events(recorded):,} events of {', '.join(path.name for path in EXEC_TURNS)} over "
            f"and over, and one message of {count:,} deltas; {repetitions} times each.",
            f"What both can read: {_events(readable):,} of these, without {refused} lines of "
            f"{_events(_recorded(1))} that openai-codex-sdk refuses (a file_change in progress).",
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


def _rows_beside_sdk(turns: Sequence[Lines], repetitions: int) -> list[Row]:
    ways: list[Callable[[Lines], object]] = [_sdk_parse, _parse, _fold]
    sdk, parsed, folded = alternately(repetitions, *(partial(_seconds, way, turns) for way in ways))
    return [
        sdk.rate("what both can read: parsed by openai-codex-sdk", _events(turns)),
        parsed.ratio("parsed / parsed by openai-codex-sdk", sdk),
        folded.ratio("parsed and folded / parsed by openai-codex-sdk", sdk, _GOAL),
    ]


def _seconds(way: Callable[[Lines], object], turns: Sequence[Lines]) -> float:
    # The processor's time: nothing here waits, and what else runs on the machine is not to count.
    begun = time.process_time()
    for lines in turns:
        way(lines)
    return time.process_time() - begun


def _decode(lines: Lines) -> None:
    for line in lines:
        json.loads(line)


def _parse(lines: Lines) -> None:
    for line in lines:
        parse_event(line, at=0.0)


def _fold(lines: Lines) -> TurnState:
    fold = Fold()
    for line in lines:
        fold.add(parse_event(line, at=0.0))
    return fold.state


def _sdk_parse(lines: Lines) -> None:
    for line in lines:
        # Decoded by hand, because what reads the pipe there hands on text.
        parse_thread_event_line(line.decode())


def _sdk_can_read(line: bytes) -> bool:
    try:
        parse_thread_event_line(line.decode())
    except (EventParseError, ValidationError):
        return False
    return True


def _events(turns: Sequence[Lines]) -> int:
    return sum(map(len, turns))


def _recorded(count: int, wanted: Callable[[bytes], bool] = bool) -> Sequence[Lines]:
    """Return the wanted lines of the recorded turns, repeated until they are ``count``."""
    turns = [[*filter(wanted, path.read_bytes().splitlines())] for path in EXEC_TURNS]
    return turns * -(-count // _events(turns))


def _delta_stream(count: int) -> Lines:
    item = {"id": "item_0", "type": "agent_message", "text": ""}
    delta = {"type": "item.delta", "item_id": "item_0", "field": "text", "delta": "forty " * 6}
    start = json.dumps({"type": "item.started", "item": item}).encode()
    return [start, *([json.dumps(delta).encode()] * (count - 1))]
