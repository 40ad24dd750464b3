"""How soon a panel is there: of a turn that begins, and of one that has much to show already.

Turns begin as a user begins them: a key is pressed in a ``%%codex`` cell of a real JupyterLab, and
the real CLI runs over a scripted model. What is large comes from a spoken turn in the kernel.
"""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.scripted_model import scripted_model
from benchmarks.table import Measurement, Row
from benchmarks.watched_page import Lab, Run, lab

_GOAL = 300.0

_MEBIBYTE = 1 << 20
_ITEMS = 500
# Long enough for its panel to be painted before it ends, on a busy machine too.
_SCENARIO = [{"steps": [{"text": "Hello from the scripted model.", "chunk": 5, "delay": 0.3}]}]

# Before the user's cells: the kernel keeps when it begins each, and leaves it in a file.
_LOAD = """\
%load_ext codex_notebook
import time
from array import array
from pathlib import Path
begun = array("d")
get_ipython().events.register("pre_run_cell", lambda info: begun.append(time.time()))"""
_LEAVE = "_ = Path({!r}).write_bytes(begun.tobytes())"


@dataclass
class _Openings:
    """How long panels took to be painted.

    Attributes
    ----------
    from_start : list of float
        From the moment at which the kernel began the cell, in milliseconds.
    from_key : list of float
        From the key that was pressed.
    """

    from_start: list[float] = field(default_factory=list)
    from_key: list[float] = field(default_factory=list)

    def rows(self, which: str) -> list[Row]:
        """Return the table's rows."""
        start, key = self.from_start, self.from_key
        return [
            Row(f"{which}: from the cell's start, p50", statistics.median(start), "ms", _GOAL),
            Row(f"{which}: from the cell's start, p95", _p95(start), "ms", _GOAL),
            Row(f"{which}: from the key, p50", statistics.median(key), "ms"),
            Row(f"{which}: from the key, p95", _p95(key), "ms"),
        ]


def measure(quick: bool) -> Measurement:
    """Begin five turns in each of five kernels (two in one if ``quick``)."""
    kernels, turns = (1, 2) if quick else (5, 5)
    items = 50 if quick else _ITEMS
    first, later = _Openings(), _Openings()
    with scripted_model(_SCENARIO) as model, lab(model.env) as place:
        loads = [_begin(place, turns, first, later) for _ in range(kernels)]
        many = _large(place, "items", items)
        piece = _large(place, "piece", _MEBIBYTE)
    return Measurement(
        (
            *first.rows("first turn of a kernel"),
            *later.rows("later turn of a kernel"),
            Row(f"panel of {items} items: to paint", many.late(1), "ms"),
            Row(f"panel of {items} items: longest task", 1000 * many.longest_task, "ms"),
            Row("1 MiB of output in one piece: to paint", piece.late(1), "ms"),
            Row("1 MiB of output in one piece: longest task", 1000 * piece.longest_task, "ms"),
        ),
        (
            f"{kernels} kernels of {turns} turns each: %%codex with the real CLI and a scripted "
            "model; painted is a panel when it is visible behind a frame.",
            f"A TurnPanel opened on a turn of {items} messages and commands that goes on; a delta "
            "of 1 MiB in a panel that is open.",
            f"Load of the machine behind each kernel: {', '.join(f'{each:.1f}' for each in loads)}",
        ),
    )


def _begin(place: Lab, turns: int, first: _Openings, later: _Openings) -> float:
    """Begin turns in a new kernel; return the machine's load at the end."""
    file = place.file("begun")
    with place.notebook(_LOAD, "%%codex\nSay hello.", _LEAVE.format(str(file))) as book:
        book.run_and_wait(0)
        runs = []
        for _ in range(turns):
            runs.append(book.run(1, until="probe.seen().panelAt !== null"))
            book.book.done(1)
        book.run_and_wait(2)
    begun = array("d")
    begun.frombytes(file.read_bytes())
    for number, (run, start) in enumerate(zip(runs, begun, strict=False)):
        assert run.panel_at is not None
        assert run.pressed_at is not None
        openings = later if number else first
        openings.from_start.append(1000 * (run.panel_at - start))
        openings.from_key.append(1000 * (run.panel_at - run.pressed_at))
    return runs[-1].load


def _large(place: Lab, what: str, size: int) -> Run:
    """Show something large in a kernel that has shown something small before."""
    told = place.file("told")
    cells = [f"await in_kernel.{what}({str(told)!r}, {each})" for each in (1, size)]
    with place.notebook("from benchmarks import in_kernel", *cells) as book:
        book.run_and_wait(0)
        _, run = (book.run(cell, told, until="probe.newest() === 0") for cell in (1, 2))
    return run


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1) + 0.5)]
