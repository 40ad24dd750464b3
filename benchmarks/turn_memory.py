"""How much memory a large turn takes at its peak, for each byte that the CLI prints.

Measured is the process that runs the turn: its reader, its events, its state, and the turn that
comes of them. The CLI is a fake one, for the real one cuts what commands say at 1 MiB.

And how much is kept of each piece of text that is streamed, for as long as somebody holds the turn.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import tracemalloc
from pathlib import Path

from benchmarks.fake_cli import fake_codex
from benchmarks.fresh import in_fresh_process, peak_memory
from benchmarks.table import Measurement, Row
from codex_notebook.client.feed import Feed
from codex_notebook.core.events import ItemDeltaEvent
from codex_notebook.core.state import TurnState

_GOAL = 3.0
# A string of five characters alone is 54 bytes long.
_GOAL_OF_DELTA = 100.0
_MEGABYTE = 1_000_000


def measure(quick: bool) -> Measurement:
    """Stream 50 MB in two shapes, each in three fresh processes (5 MB in one if ``quick``).

    And 100,000 deltas (10,000 if ``quick``), in one process, because each time gives the same.
    """
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
    deltas = 10_000 if quick else 100_000
    kept = in_fresh_process(kept_of_deltas, deltas) / deltas
    rows.append(Row("a delta of 5 characters: what is kept", kept, "B", _GOAL_OF_DELTA))
    return Measurement(
        tuple(rows),
        (
            "Thread.run over a fake CLI that prints the turn, in a process that had run a turn of "
            f"a few lines before; the median of {repetitions}.",
            f"A feed to which {deltas:,} deltas of one message were published; by tracemalloc.",
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


def kept_of_deltas(count: int) -> int:
    """Return how many bytes the events and the state of a turn take that is all deltas."""
    tracemalloc.start()
    feed = Feed(TurnState())
    for number in range(count):
        # An id of its own, as one that is read from a line.
        item_id = "".join(("item", "_0"))
        feed.publish(ItemDeltaEvent(item_id=item_id, field="text", delta=f"{number:05}", at=1.0))
    return tracemalloc.get_traced_memory()[0]
