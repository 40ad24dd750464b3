"""How soon the panel shows what was said, and what that costs the page.

A real JupyterLab and Chromium; the deltas come from a spoken turn in the kernel, which keeps the
time at which it said each, and a probe in the page keeps the time at which each was painted. Both
read the same machine's clock. Beside the panel stand the two ways that a notebook's author would
take first, with the same turn: a synced trait, and a display that is updated.
"""

from __future__ import annotations

from benchmarks.in_kernel import UPDATES
from benchmarks.spoken_turn import DELTA_BYTES, Stream
from benchmarks.table import Measurement, Row
from benchmarks.watched_page import Lab, Run, lab

# In milliseconds from saying to painting.
_HALF, _NEARLY_ALL = 60.0, 150.0
_WIRE = 1.3
# A stream that is said as fast as was asked for takes no longer than it should, give or take.
_SUSTAINED = 1.02

_PANEL, _TRAIT, _DISPLAY = "panel", "trait", "updated_display"
# What is shown before the run that counts: the widget's program is then in the page.
_WARM = Stream(100, 1_000)


def measure(quick: bool) -> Measurement:
    """Show streams of ten seconds each way (of a fifth of a second if ``quick``)."""
    message = Stream(200 if quick else 10_000, 1_000)
    output = Stream(20_000 if quick else 1_000_000, 100_000, "aggregated_output")
    # A trait that is sent whole with each delta does not survive many of them.
    short = message if quick else Stream(1_000, 1_000)
    with lab() as place:
        opening, long_run = _show(place, _PANEL, message)
        _, fast_run = _show(place, _PANEL, output)
        _, updated = _show(place, _DISPLAY, message)
        short_run = long_run if short == message else _show(place, _PANEL, short)[1]
        _, synced = _show(place, _TRAIT, short)
    runs = (long_run, fast_run, updated, short_run, synced)
    return Measurement(
        (
            Row("first panel of a kernel, its program included", opening.wire / 1000, "kB"),
            *_rows("panel", message, long_run, goals=True, half=_HALF),
            *_rows("panel", output, fast_run, goals=True),
            *_rows("synced trait", short, synced),
            *_rows("update_display", message, updated),
            *_ratios("synced trait / panel", short, synced, short_run),
            *_ratios("update_display / panel", message, updated, long_run),
            Row("frame of the page: looking at it", _probe(runs), "ms"),
        ),
        (
            f"JupyterLab and Chromium without a window; deltas of {DELTA_BYTES} bytes from a "
            "RunningTurn in the kernel, each way in a kernel of its own that showed "
            f"{_WARM.count} deltas before. Every character of the panels arrived (by SHA-256).",
            "To paint: from handing a delta to the turn until the task behind the frame in which "
            "it, or a later one, was on the page.",
            "On the wire: payload of all that the page got over the kernel's channel, from the "
            "cell's start on.",
            f"synced trait: the whole text, with each delta; update_display: HTML, {UPDATES} "
            "times a second.",
            "Load of the machine behind each: " + ", ".join(f"{run.load:.1f}" for run in runs),
        ),
    )


def _show(place: Lab, way: str, stream: Stream) -> tuple[Run, Run]:
    """Show a stream in a new kernel, behind a short one; return how both runs were."""
    told = place.file("told")
    cells = [
        f"await in_kernel.stream({str(told)!r}, in_kernel.{way}, count={each.count}, "
        f"rate={each.rate}, field={each.field!r})"
        for each in (_WARM, stream)
    ]
    with place.notebook("from benchmarks import in_kernel", *cells) as book:
        book.run_and_wait(0)
        warm, run = (
            book.run(cell, told, until=f"probe.newest() >= {each.count - 1}")
            for cell, each in enumerate((_WARM, stream), start=1)
        )
        if way == _PANEL:
            assert book.holds(2, stream.text), "Something was lost on the way to the panel."
    return warm, run


def _rows(
    what: str, stream: Stream, run: Run, *, goals: bool = False, half: float | None = None
) -> list[Row]:
    name = f"{what}, {stream.name}"
    seconds = run.said[-1] - run.said[0]
    planned = stream.count / stream.rate if stream.rate else seconds
    nearly, wire, sustained = (_NEARLY_ALL, _WIRE, _SUSTAINED) if goals else (None, None, None)
    busy = run.main_thread
    return [
        Row(f"{name}: time taken / planned", seconds / planned, "x", sustained),
        Row(f"{name}: to paint, p50", run.late(0.5), "ms", half),
        Row(f"{name}: to paint, p99", run.late(0.99), "ms", nearly),
        Row(f"{name}: on the wire / text", run.wire / len(stream.text), "x", wire),
        Row(f"{name}: main thread", busy["whole"], "s"),
        Row(f"{name}: of that script", busy["script"], "s"),
        Row(f"{name}: of that style and layout", busy["style"] + busy["layout"], "s"),
        Row(f"{name}: longest task", 1000 * run.longest_task, "ms"),
        Row(f"{name}: frames with news", len(run.numbers) / (run.painted[-1] - run.said[0]), "/s"),
    ]


def _ratios(what: str, stream: Stream, other: Run, ours: Run) -> list[Row]:
    """How many times as much the other way takes for the same stream."""
    name = f"{what}, {stream.name}"
    busy = other.main_thread["whole"] / ours.main_thread["whole"]
    return [
        Row(f"{name}: on the wire", other.wire / ours.wire, "x"),
        Row(f"{name}: main thread", busy, "x"),
        Row(f"{name}: to paint, p99", other.late(0.99) / ours.late(0.99), "x"),
    ]


def _probe(runs: tuple[Run, ...]) -> float:
    return 1000 * sum(run.probe for run in runs) / sum(run.frames for run in runs)
