"""A turn in a terminal: what its live view and its record in colour say, and what they must not."""

from __future__ import annotations

import io
import re
import time
from typing import Any

import pytest
from rich.console import Console, RenderableType

from codex_notebook.core.fold import reduce
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnState
from codex_notebook.notebook.terminal import LiveView, PlainLines, console_for, watch
from codex_notebook.notebook.terminal_text import finished_text, live_text
from tests.core.test_record import DIFF, LINES, changed, done, ran, said, started, turn
from tests.hostile import HOSTILE, hostile_state
from tests.processes import eventually


def console(**options: Any) -> Console:
    plain = {"markup": False, "highlight": False, "emoji": False}
    shape = {"width": 100, "height": 30, "force_terminal": True, "color_system": "truecolor"}
    return Console(file=io.StringIO(), **{**plain, **shape, **options})


def printed(what: RenderableType, on: Console) -> str:
    on.print(what)
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def words(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def live(state: TurnState, **options: Any) -> str:
    on = console(**options)
    return words(printed(live_text(state, 1010.0, on), on))


def ended(state: TurnState) -> str:
    return words(printed(finished_text(state), console()))


def test_a_running_turn_shows_its_steps_the_end_of_an_output_and_how_it_stands() -> None:
    state = turn(
        done("reasoning", text="**Reading the tests**\n\nAll of them."),
        changed({"path": "/a.py", "diff": DIFF}),
        started(ran("make", "\n".join(f"line {n}" for n in range(100)))),
        ended=None,
        model="gpt-5",
        sandbox_mode="danger-full-access",
    )
    shown = live(state)
    for expected in (
        "✻ Thought Reading the tests",
        "✎ Changed /a.py · +2 −1",  # noqa: RUF001
        "● Ran make · running",
        "line 99",
        "Working · 10.0 s · gpt-5 · full access · Ctrl-C stops it",
    ):
        assert expected in shown
    assert "line 90" not in shown


def test_a_plan_is_a_checklist_and_what_waits_for_leave_is_shown() -> None:
    steps = [{"text": "Read", "completed": True}, {"text": "Fix", "completed": False}]
    ask = {"id": "a", "kind": "command", "command": "rm -r build", "reason": "It is stale."}
    state = turn(
        done("todo_list", items=steps), {"type": "approval.requested", "approval": ask}, ended=None
    )
    shown = live(state)
    for expected in (
        "[x] Read",
        "[ ] Fix",
        "Asked to run rm -r build · waiting for leave",
        "stale",
    ):
        assert expected in shown


def test_a_message_is_laid_out_while_it_is_written() -> None:
    delta = {"type": "item.delta", "item_id": "m", "field": "text", "delta": "It is **bold** and"}
    message = {"type": "item.started", "item": {"id": "m", "type": "agent_message", "text": ""}}
    assert "It is bold and" in live(turn(message, delta, ended=None))
    endless = {**delta, "delta": "word\n\n" * 50_000}
    assert live(turn(message, endless, ended=None)).count("\n") <= 30


@pytest.mark.parametrize("size", [(100, 30), (40, 10), (20, 4), (8, 2)])
def test_the_view_is_never_higher_than_the_terminal(size: tuple[int, int]) -> None:
    width, height = size
    steps = [ran(f"step {n}", LINES[:2000], n % 2) for n in range(60)]
    message = {
        "type": "item.started",
        "item": {"id": "m", "type": "agent_message", "text": "x" * 999},
    }
    for events in ([*steps, message], [*steps, {"type": "notice", "message": "x" * 500}]):
        shown = live(turn(*events, ended=None), width=width, height=height)
        assert shown.count("\n") <= height


def test_a_finished_turn_shows_its_facts_its_steps_and_its_answer() -> None:
    state = turn(
        ran("ls", "hidden output"),
        ran("pytest", "1 failed\n", 2),
        said("It is **done**."),
        model="m",
    )
    shown = ended(state)
    for expected in (
        "✓ Completed · 2.0 s · m · default sandbox",
        "✓ Ran ls · exit 0",
        "✗ Ran pytest · exit 2",
        "1 failed",
        "It is done.",
    ):
        assert expected in shown
    assert "hidden output" not in shown


def test_a_failed_turn_says_why() -> None:
    end = {"type": "turn.failed", "error": {"message": "the stream was cut"}}
    assert "the stream was cut" in ended(turn(ran(), ended=end))


def test_links_are_written_out_and_lead_nowhere_by_themselves() -> None:
    on = console()
    shown = printed(finished_text(turn(said("[here](https://a.example/x)"))), on)
    assert "\x1b]8" not in shown
    assert "https://a.example/x" in words(shown)


def test_no_colour_is_used_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    on = console()
    shown = printed(finished_text(turn(ran("pytest", "x", 1), said("Done."))), on)
    assert not re.search(r"\x1b\[(?:\d+;)*(?:3|4|9)\d", shown)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_that_the_agent_says_is_obeyed_by_the_terminal(text: str) -> None:
    for running in (True, False):
        on = console(height=400)
        state = hostile_state(text, None) if running else hostile_state(text)
        drawn = live_text(state, 1010.0, on) if running else finished_text(state)
        shown = words(printed(drawn, on))
        assert not re.search(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown
        )


def test_a_view_is_drawn_from_what_is_known_quickly() -> None:
    steps = [ran(f"step {n}", "out\n" * 20) for n in range(500)]
    message = {"type": "item.started", "item": {"id": "m", "type": "agent_message"}}
    delta = {
        "type": "item.delta",
        "item_id": "m",
        "field": "text",
        "delta": "a *b* `c`\n\n" * 50_000,
    }
    state = turn(*steps, started(ran("big", LINES)), message, delta, ended=None)

    def seconds() -> float:
        on = console()
        start = time.perf_counter()
        printed(live_text(state, 1010.0, on), on)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.1


# --- where it is shown


class Terminal(io.StringIO):
    """A stream that says what a terminal does."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Running:
    """A turn that grows."""

    def __init__(self) -> None:
        self.state = turn(ended=None)

    def add(self, event: dict[str, Any]) -> None:
        self.state = reduce(self.state, parse_event(event, at=1001))


def test_only_a_real_terminal_is_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    assert console_for(Terminal()) is not None
    assert console_for(io.StringIO()) is None
    latin = Terminal()
    latin.encoding = "latin-1"
    assert console_for(latin) is None
    monkeypatch.setenv("TERM", "dumb")
    assert console_for(Terminal()) is None


def test_the_view_gives_way_while_somebody_types_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    stream, running = Terminal(), Running()
    view = watch(running, stream)
    assert isinstance(view, LiveView)
    running.add(started(ran("make")))
    assert eventually(lambda: "Ran" in stream.getvalue(), 5)
    view.pause()
    before = stream.getvalue()
    running.add(started(ran("other")))
    assert stream.getvalue() == before
    view.resume()
    assert eventually(lambda: "other" in stream.getvalue(), 5)
    view.stop()
    view.stop()
    view.resume()
    after = stream.getvalue()
    # The cursor is shown again.
    assert after.rindex("\x1b[?25h") > after.rindex("\x1b[?25l")


def test_elsewhere_each_finished_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    running = Running()
    view = watch(running, io.StringIO())
    assert isinstance(view, PlainLines)
    told = ""

    def says(line: str) -> bool:
        nonlocal told
        told += capsys.readouterr().err
        return line in told

    assert says("Codex is working; Ctrl-C stops it.")
    running.add(ran("make"))
    assert eventually(lambda: says("Ran make · exit 0"), 5)
    view.pause()
    running.add(ran("other"))
    view.resume()
    assert eventually(lambda: says("Ran other"), 5)
    view.stop()
    assert told.count("Ran make") == 1
