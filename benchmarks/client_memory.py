"""What memory a program takes that runs a turn, by our client and by the official SDK.

Each in a fresh process: it imports the client, runs one turn of the real CLI (see ``one_turn``),
and tells its peak. The CLI's own memory is not in it.
"""

from __future__ import annotations

import statistics
import tempfile
from functools import partial

from benchmarks.fresh import in_fresh_process
from benchmarks.one_turn import ANSWER, by_codex_notebook, by_nothing, by_openai_codex
from benchmarks.scripted_model import scripted_model
from benchmarks.table import Measurement, Row

_GOAL = 1.0


def measure(quick: bool) -> Measurement:
    """Run each program in five fresh processes, by turns (in one if ``quick``)."""
    repetitions = 1 if quick else 5
    with scripted_model([{"text": ANSWER}]) as options, tempfile.TemporaryDirectory() as folder:
        ours = partial(in_fresh_process, by_codex_notebook)
        programs = (
            partial(in_fresh_process, by_nothing),
            partial(ours, "exec", folder, options.env),
            partial(ours, "app-server", folder, options.env),
            partial(in_fresh_process, by_openai_codex, folder, options.env),
        )
        rounds = [[program() for program in programs] for _ in range(repetitions)]
    nothing, over_exec, over_server, official = map(statistics.median, zip(*rounds, strict=True))
    return Measurement(
        (
            _megabytes("Python without a client", nothing),
            _megabytes("codex_notebook over codex exec", over_exec),
            _megabytes("codex_notebook over codex app-server", over_server),
            _megabytes("openai_codex, which is over codex app-server", official),
            Row("codex_notebook / openai_codex", over_server / official, "x", _GOAL),
        ),
        (
            "The peak of a process that imports a client and runs one turn by its blocking call; "
            f"medians of {repetitions} fresh processes, by turns.",
        ),
    )


def _megabytes(name: str, value: float) -> Row:
    return Row(name, value / 1e6, "MB")
