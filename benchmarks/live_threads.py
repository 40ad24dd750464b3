"""Many threads at once on one ``codex app-server``: whether one waits for the others, and memory.

Each runs the same turn, awaited together, of a scripted model that pauses after each piece: a turn
takes as long as its pauses, if nothing holds it up. What they take together is told apart: what our
process takes, and what the server does.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.fresh import in_fresh_process, peak_memory
from benchmarks.scripted_model import scripted_model
from benchmarks.table import Measurement, Row
from codex_notebook import Codex, CodexOptions, Thread
from tests.processes import descendants

# As for turns of a process each, in `many_turns`: what the slowest takes longer, it waited.
_SLOWEST_GOAL = 1.25

_PROMPT = "Tell me all."
_PIECE = "words"


@dataclass(frozen=True)
class _Plan:
    """How many threads at once, how often it is measured, and what each turn says."""

    threads: int
    repetitions: int
    pieces: int
    pause: float

    @property
    def scenario(self) -> list[dict[str, Any]]:
        text = {"text": _PIECE * self.pieces, "chunk": len(_PIECE), "delay": self.pause}
        return [{"when": _PROMPT, "steps": [text]}, {"steps": [{"text": _PIECE}]}]


_TAKEN = (
    ("growth of our peak memory", "MB"),
    ("growth of the server's memory", "MB"),
    ("our time of the processor", "ms"),
    ("the server's time of the processor", "ms"),
)

_FULL = _Plan(threads=50, repetitions=3, pieces=100, pause=0.02)
_QUICK = _Plan(threads=10, repetitions=1, pieces=10, pause=0.01)


def measure(quick: bool) -> Measurement:
    """Run 50 threads at once, and one alone, in three fresh processes each.

    If ``quick``, ten at once, and one process each.
    """
    plan = _QUICK if quick else _FULL
    with scripted_model(plan.scenario) as options:
        alone, all_ = (
            [_Run(*in_fresh_process(at_once, count, options.env)) for _ in range(plan.repetitions)]
            for count in (1, plan.threads)
        )
    taken = map(statistics.median, zip(*(run.taken for run in all_), strict=True))
    many = f"{plan.threads} threads at once"
    return Measurement(
        (
            Row("one turn alone", statistics.median(run.slowest for run in alone), "s"),
            Row(f"{many}: the median turn", statistics.median(run.median for run in all_), "s"),
            Row(f"{many}: the slowest turn", statistics.median(run.slowest for run in all_), "s"),
            Row(
                f"{many}: the slowest turn / the median turn",
                statistics.median(run.slowest / run.median for run in all_),
                "x",
                _SLOWEST_GOAL,
            ),
            *(
                Row(f"{many}: {name}, for each", value / plan.threads, unit)
                for (name, unit), value in zip(_TAKEN, taken, strict=True)
            ),
        ),
        (
            f"Thread.run over one codex app-server, the first turn of each thread: {plan.pieces} "
            f"deltas, and a pause of {1000 * plan.pause:.0f} ms after each; medians of "
            f"{plan.repetitions} fresh processes.",
        ),
    )


class _Run:
    """What one process measured.

    Attributes
    ----------
    median, slowest : float
        Seconds of its turns.
    taken : list of float
        What they took together, as `_TAKEN` says.
    """

    def __init__(self, seconds: list[float], taken: list[float]) -> None:
        self.median = statistics.median(seconds)
        self.slowest = max(seconds)
        self.taken = taken


def at_once(threads: int, env: dict[str, str]) -> tuple[list[float], list[float]]:
    """Run turns at once; return the seconds of each, and what they took, as `_TAKEN` says."""
    with tempfile.TemporaryDirectory() as folder:
        codex = Codex(CodexOptions(env=env, transport="app-server"))
        return asyncio.run(_at_once(codex, folder, threads))


async def _at_once(codex: Codex, folder: str, count: int) -> tuple[list[float], list[float]]:
    first, *threads = (
        codex.start_thread(working_directory=folder, skip_git_repo_check=True)
        for _ in range(count + 1)
    )
    async with codex:
        # The first turn is there for what is started, loaded and built but once.
        await first.run("Say hello.")
        before = _taken()
        seconds = await asyncio.gather(*map(_timed, threads))
        return seconds, [now - then for now, then in zip(_taken(), before, strict=True)]


def _taken() -> tuple[float, ...]:
    # The other one of the two that run is its guard.
    server = max(descendants(), key=lambda process: process.memory_info().rss)
    times = server.cpu_times()
    return (
        peak_memory() / 1e6,
        server.memory_info().rss / 1e6,
        1000 * time.process_time(),
        1000 * (times.user + times.system),
    )


async def _timed(thread: Thread) -> float:
    begun = time.perf_counter()
    turn = await thread.run(_PROMPT)
    assert turn.status == "completed"
    return time.perf_counter() - begun
