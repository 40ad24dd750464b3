"""Recorded turns, shared with the front end's tests.

``exec_*.jsonl`` and ``appserver_*.jsonl`` are what the real CLI said; ``live_*.jsonl`` are events
of our own, written for the items that only the live transport gives. ``*.frames.json`` is what a
panel is sent for it; made by ``python -m tests.turns``, and a test holds that it is up to date.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codex_notebook.core.events import Event
from codex_notebook.core.fold import reduce
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.usage import Usage
from codex_notebook.core.view import frame, view

FOLDER = Path(__file__).parent
EXEC_TURNS = sorted(FOLDER.glob("exec_*.jsonl"))
# Those whose lines are events.
EVENT_TURNS = [*EXEC_TURNS, *sorted(FOLDER.glob("live_*.jsonl"))]
ALL_TURNS = sorted(FOLDER.glob("*.jsonl"))


def events_of(recording: Path) -> list[Event]:
    """Return the events of a recording, one a second."""
    lines = recording.read_bytes().splitlines()
    return [parse_event(line, at=float(number)) for number, line in enumerate(lines)]


def start() -> TurnState:
    """Return the state from which the recordings are folded."""
    request = TurnRequest(
        prompt="Do it", sandbox_mode="workspace-write", working_directory="/home/user/project/ws"
    )
    return TurnState(request=request, thread_usage_before=Usage())


def states_of(recording: Path) -> Iterator[TurnState]:
    """Yield the state before the first event and after each."""
    state = start()
    yield state
    for event in events_of(recording):
        state = reduce(state, event)
        yield state


def golden(recording: Path) -> dict[str, Any]:
    """Return the frames that a panel gets for a recording, and the view they lead to."""
    views = [view(state) for state in states_of(recording)]
    frames = [
        {"seq": number, "at": float(number), "ops": frame(before, after)}
        for number, (before, after) in enumerate(itertools.pairwise(views), start=1)
    ]
    first = {"seq": 0, "at": 0.0, "view": views[0].to_json()}
    return {"snapshot": first, "frames": frames, "view": views[-1].to_json()}


def golden_file(recording: Path) -> Path:
    """Return where the frames of a recording are kept."""
    return recording.with_suffix(".frames.json")


def golden_text(recording: Path) -> str:
    """Return what is kept there."""
    return json.dumps(golden(recording), indent=1, ensure_ascii=False) + "\n"
