"""Many turns at once: whether one has to wait for the others, and what memory each takes.

One client, a thread for each turn, all of them awaited together. The CLI is a fake one that says
something, pauses, says something, …: a turn takes as long as its pauses, if nothing holds it up.
Of what they take longer, most is the start of two processes for each turn.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fake_cli import fake_codex
from benchmarks.fresh import in_fresh_process, peak_memory
from benchmarks.table import Measurement, Row
from codex_notebook import Thread

# All say the same, so what one of them takes longer is what it waited for the others.
_SLOWEST_GOAL = 1.25
_GROWTH_GOAL = 2.2


@dataclass(frozen=True)
class _Plan:
    """How many turns at once, how often it is measured, and what each turn says."""

    turns: int
    repetitions: int
    commands: int
    size: int
    pause: float

    @property
    def prompt(self) -> str:
        return f"commands {self.commands} {self.size} {self.pause}"


_FULL = _Plan(turns=50, repetitions=3, commands=40, size=50_000, pause=0.05)
_QUICK = _Plan(turns=4, repetitions=1, commands=4, size=50_000, pause=0.01)


def measure(quick: bool) -> Measurement:
    """Run 50 turns at once, 25, and one alone, in three fresh processes each.

    If ``quick``, these are four, two and one, each in one process.
    """
    plan = _QUICK if quick else _FULL
    alone, half, all_ = (_runs(plan, count) for count in (1, plan.turns // 2, plan.turns))
    many, fewer = f"{plan.turns} turns at once", f"{plan.turns // 2}"
    growth = statistics.median(run.growth for run in all_)
    half_growth = statistics.median(run.growth for run in half)
    return Measurement(
        (
            _seconds("one turn alone", [run.slowest for run in alone]),
            _seconds(f"{many}: the median turn", [run.median for run in all_]),
            _seconds(f"{many}: the slowest turn", [run.slowest for run in all_]),
            Row(
                f"{many}: the slowest turn / the median turn",
                statistics.median(run.slowest / run.median for run in all_),
                "x",
                _SLOWEST_GOAL,
            ),
            Row(f"{many}: growth of the peak memory", growth / 1e6, "MB"),
            Row(f"{many}: growth / that of {fewer}", growth / half_growth, "x", _GROWTH_GOAL),
        ),
        (
            f"Thread.run over a fake CLI: {plan.commands} commands of {plan.size:,} bytes in each "
            f"turn, and a pause of {1000 * plan.pause:.0f} ms after each command; medians of "
            f"{plan.repetitions} fresh processes.",
        ),
    )


@dataclass(frozen=True)
class _Run:
    """What one process measured: seconds of its turns, and bytes."""

    median: float
    slowest: float
    growth: int


def _runs(plan: _Plan, turns: int) -> list[_Run]:
    runs = []
    for _ in range(plan.repetitions):
        growth, seconds = in_fresh_process(at_once, turns, plan.prompt)
        runs.append(_Run(statistics.median(seconds), max(seconds), growth))
    return runs


def _seconds(name: str, values: Sequence[float]) -> Row:
    return Row(name, statistics.median(values), "s")


def at_once(turns: int, prompt: str) -> tuple[int, list[float]]:
    """Run turns at once; return the growth of the peak memory, and the seconds of each turn."""
    with tempfile.TemporaryDirectory() as folder:
        codex = fake_codex(Path(folder))
        threads = [codex.start_thread(working_directory=folder) for _ in range(turns)]
        # The first turn is there for what is loaded and built but once.
        asyncio.run(_timed(codex.start_thread(working_directory=folder), "commands 1 1000"))
        before = peak_memory()
        seconds = asyncio.run(_all_timed(threads, prompt))
        return peak_memory() - before, seconds


async def _all_timed(threads: Sequence[Thread], prompt: str) -> list[float]:
    return await asyncio.gather(*(_timed(thread, prompt) for thread in threads))


async def _timed(thread: Thread, prompt: str) -> float:
    begun = time.perf_counter()
    turn = await thread.run(prompt)
    assert turn.status == "completed"
    return time.perf_counter() - begun
