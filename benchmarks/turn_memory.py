"""How much memory a large turn takes at its peak, for each byte that the CLI prints.

Measured is the process that runs the turn: its reader, its events, its state, and the turn that
comes of them. The CLI is a fake one, for the real one cuts what commands say at 1 MiB.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

from benchmarks.fake_cli import fake_codex
from benchmarks.fresh import in_fresh_process, peak_memory
from benchmarks.table import Measurement, Row

_GOAL = 3.0
_MEGABYTE = 1_000_000


def measure(quick: bool) -> Measurement:
    """Stream 50 MB in two shapes, each in three fresh processes (5 MB in one if ``quick``)."""
    megabytes, repetitions = (5, 1) if quick else (50, 3)
    size = megabytes * _MEGABYTE
    prompts = {
        f"{megabytes} MB in one line": f"message {size}",
        f"{megabytes} outputs of 1 MB": f"commands {megabytes} {_MEGABYTE}",
    }
    rows = []
    for name, prompt in prompts.items():
        growths = [in_fresh_process(growth, prompt) for _ in range(repetitions)]
        value = statistics.median(growths) / size
        rows.append(Row(f"{name}: growth of the peak / bytes of the turn", value, "x", _GOAL))
    return Measurement(
        tuple(rows),
        (
            "Thread.run over a fake CLI that prints the turn, in a process that had run a turn of "
            f"a few lines before; the median of {repetitions}.",
        ),
    )


def growth(prompt: str) -> int:
    """Return by how many bytes the peak of this process's memory grows with one turn."""
    with tempfile.TemporaryDirectory() as folder:
        thread = fake_codex(Path(folder)).start_thread(working_directory=folder)
        before = 0
        # The first turn is there for what is loaded and built but once.
        for prompt_now in ("commands 1 1000", prompt):
            before = peak_memory()
            turn = asyncio.run(thread.run(prompt_now))
            assert turn.status == "completed"
        return peak_memory() - before
