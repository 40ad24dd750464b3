"""The benchmarks run; what they find depends on the machine and is no matter of tests."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Literal

import pytest

from benchmarks import __main__ as command
from benchmarks.__main__ import MEASURES, main
from benchmarks.sampling import Sample, alternately
from benchmarks.spoken_turn import DELTA_BYTES, Stream
from benchmarks.table import Measurement, Row, SkippedError, table
from benchmarks.watched_page import Run
from tests.browser.chromium import NO_BROWSER, find_chromium

RUN_THE_CLI = (
    "turn_time",
    "live_turn",
    "second_turn",
    "live_threads",
    "client_memory",
    "panel_opening",
)
RUN_A_BROWSER = ("panel_speed", "panel_opening")
needs_cli = (
    pytest.mark.cli,
    pytest.mark.skipif(find_spec("codex_cli_bin") is None, reason="the real CLI is not installed"),
)
needs_browser = (
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason=NO_BROWSER),
)


def needs(name: str) -> Sequence[pytest.MarkDecorator]:
    return (
        *(needs_cli if name in RUN_THE_CLI else ()),
        *(needs_browser if name in RUN_A_BROWSER else ()),
    )


@pytest.mark.bench
@pytest.mark.parametrize("name", [pytest.param(name, marks=needs(name)) for name in MEASURES])
def test_a_benchmark_runs_and_gives_rows(name: str) -> None:
    measurement = MEASURES[name](True)
    assert measurement.rows
    assert measurement.ran
    assert all(row.value > 0 for row in measurement.rows)
    names = [row.name for row in measurement.rows]
    assert len(set(names)) == len(names)


def test_the_command_prints_where_it_ran_the_table_and_what_it_ran(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["fold_speed", "--quick"])
    said = capsys.readouterr().out
    assert all(word in said for word in ("CPython", "pydantic 2.", "cores", "exec_basic.jsonl"))
    assert "deltas of one message: parsed and folded" in said


def test_the_command_says_what_it_skips_and_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def skipped(quick: bool) -> Measurement:
        raise SkippedError("needs a browser")

    def measured(quick: bool) -> Measurement:
        return Measurement((Row("speed", 1.0, "s"),), ("it ran",))

    monkeypatch.setattr(command, "MEASURES", {"one": skipped, "other": measured})
    main([])
    said = capsys.readouterr()
    assert "one: skipped, needs a browser" in said.err
    assert "speed" in said.out


@pytest.mark.parametrize("field", ["text", "aggregated_output"])
def test_every_delta_of_a_stream_is_as_long_as_the_benchmarks_say(
    field: Literal["text", "aggregated_output"],
) -> None:
    stream = Stream(100, None, field)
    assert {len(stream.delta(number).encode()) for number in range(100)} == {DELTA_BYTES}


def test_a_delta_is_painted_when_it_or_a_later_one_is_on_the_page() -> None:
    run = Run(
        said=[0.0, 0.01, 0.02, 0.03],
        numbers=[0, 2, 3],
        painted=[0.005, 0.025, 0.1],
        panel_at=None,
        pressed_at=None,
        frames=3,
        wire=1,
        main_thread={},
        longest_task=0.0,
        probe=0.0,
        load=0.0,
    )
    assert run.latencies == pytest.approx([0.005, 0.005, 0.015, 0.07])
    assert run.late(0.5) == pytest.approx(15)
    assert run.late(1) == pytest.approx(70)


def test_the_command_says_which_benchmarks_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["no_such"])
    assert "load_time" in capsys.readouterr().err


def test_the_table_marks_which_goals_are_met_and_missed() -> None:
    rows = (
        Row("slow", 1.5, "x", goal=1.05),
        Row("quick", 1.0, "x", goal=1.05, middle_half=(0.9, 1.1)),
        Row("any", 123456.7, "/s"),
    )
    said = table({"some_measure": Measurement(rows, ("it ran",))})
    slow, quick, any_ = said.splitlines()[-3:]
    assert slow.split() == ["slow", "1.500", "x", "<=", "1.050", "MISSED"]
    assert quick.split() == ["quick", "1.000", "x", "0.900", "-", "1.100", "<=", "1.050", "met"]
    assert any_.split() == ["any", "123,457", "/s"]


def test_things_are_timed_alternately_and_compared_within_the_run() -> None:
    order: list[str] = []

    def a() -> float:
        order.append("a")
        return 2.0

    def b() -> float:
        order.append("b")
        return 3.0

    first, second = alternately(3, a, b)
    assert "".join(order) == "abbaab"
    assert second.ratio("b / a", first) == Row("b / a", 1.5, "x", middle_half=(1.5, 1.5))
    assert Sample((0.1, 0.2, 0.4)).rate("events", 10).value == 50.0
