"""What a panel lives through: floods, long turns, gaps in its channel, the death of its kernel."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from codex_notebook.core.fold import reduce
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.view import view
from tests.browser.lab import Server, open_notebook, write_notebook
from tests.browser.stage import Stage, open_stage

pytestmark = pytest.mark.browser

RUNNING = TurnState(request=TurnRequest(prompt="Go on"), status="running", started_at=1000.0)


@pytest.fixture(scope="module")
def stage(browser: Browser) -> Iterator[Stage]:
    with open_stage(browser) as stage:
        stage.page.evaluate(
            "() => { window.tasks = []; new PerformanceObserver((list) => {"
            " for (const entry of list.getEntries()) window.tasks.push(entry.duration); })"
            ".observe({ type: 'longtask' }); }"
        )
        yield stage


def items(*given: dict[str, object]) -> TurnState:
    state = RUNNING
    for item in given:
        state = reduce(state, parse_event({"type": "item.completed", "item": item}, at=1001.0))
    return state


def longest_task(stage: Stage) -> float:
    longest: float = stage.page.evaluate(
        "async () => { await new Promise((done) => setTimeout(done, 0));"
        " const longest = Math.max(0, ...window.tasks); window.tasks.length = 0; return longest; }"
    )
    return longest


def test_a_hundred_thousand_deltas_are_all_there_and_the_page_stays_responsive(
    stage: Stage,
) -> None:
    command = {"id": "c", "type": "command_execution", "command": "make", "status": "in_progress"}
    stage.show(reduce(RUNNING, parse_event({"type": "item.started", "item": command}, at=1001.0)))
    longest_task(stage)
    # As the pacer puts them together: many deltas in a frame, one frame after the other.
    stage.page.evaluate(
        """async () => {
          for (let frame = 0; frame < 100; frame++) {
            let text = '';
            for (let n = 0; n < 1000; n++)
              text += `line ${String(frame * 1000 + n).padStart(6, '0')} of the output of it\\n`;
            const ops = [['append', 'c', 'output', text]];
            window.kernel.emit('msg:custom', { op: 'frame', seq: frame + 2, at: 1000, ops });
            await new Promise(requestAnimationFrame);
          }
        }"""
    )
    expect(stage.panel.get_by_text("line 099999 of the output")).to_be_visible()
    assert longest_task(stage) < 1000
    while (more := stage.panel.get_by_role("button", name=re.compile("^Show (all|more)"))).count():
        more.first.click()
    shown = stage.panel.locator(".cdx-output pre").all_text_contents()
    said = "".join(f"line {n:06} of the output of it\n" for n in range(100_000))
    assert digest("".join(shown)) == digest(said)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_of_a_long_turn_the_newest_steps_are_drawn_and_the_others_on_request(stage: Stage) -> None:
    many: list[dict[str, object]] = [
        {"id": f"m{n}", "type": "agent_message", "text": f"message {n}."} for n in range(500)
    ]
    stage.show(items(*many))
    expect(stage.panel.get_by_text("message 499.")).to_be_visible()
    drawn = stage.panel.locator(".cdx-card")
    assert drawn.count() <= 120
    stage.panel.get_by_role("button", name=re.compile("earlier")).click()
    expect(stage.panel.get_by_text("message 350.")).to_have_count(1)
    assert 120 < drawn.count() < 300
    assert longest_task(stage) < 1000


def test_a_megabyte_of_output_is_shown_by_its_end(stage: Stage) -> None:
    output = "".join(f"row {n:07} \x1b[3{n % 8}mcolour\x1b[0m\n" for n in range(40_000))
    assert len(output) > 1_048_576
    stage.show(
        items(
            {
                "id": "c",
                "type": "command_execution",
                "command": "make",
                "status": "failed",
                "exit_code": 2,
                "aggregated_output": output,
            }
        )
    )
    expect(stage.panel.get_by_text("row 0039999")).to_be_visible()
    expect(stage.panel.get_by_text("row 0000001")).to_have_count(0)
    assert longest_task(stage) < 1000


def test_a_panel_that_missed_a_frame_asks_for_the_whole_and_goes_on(stage: Stage) -> None:
    state = items({"id": "m", "type": "agent_message", "text": "One."})
    stage.show(state)
    frame = {"op": "frame", "seq": 5, "at": 1000.0, "ops": [["append", "m", "text", " Lost."]]}
    stage.page.evaluate("(frame) => window.kernel.emit('msg:custom', frame)", frame)
    stage.page.wait_for_function("() => window.kernel.sent.some(({ op }) => op === 'resync')")
    whole = {"op": "snapshot", "seq": 5, "at": 1000.0}
    whole["view"] = view(items({"id": "m", "type": "agent_message", "text": "One. Two."})).to_json()
    stage.page.evaluate("(whole) => window.kernel.emit('msg:custom', whole)", whole)
    expect(stage.panel.get_by_text("One. Two.")).to_be_visible()


@pytest.mark.cli
def test_a_panel_says_that_its_kernel_is_gone(browser: Browser, lab: Server) -> None:
    name = f"survival{time.monotonic_ns()}.ipynb"
    cells = ["%load_ext codex_notebook\nimport os\nprint('pid', os.getpid())"]
    write_notebook(lab.folder, name, [*cells, "%%codex\nsleep long"])
    book = open_notebook(browser, lab, name)
    book.run(0)
    book.done(0)
    book.run(1)
    expect(book.panel.get_by_text("sleep 600")).to_be_visible()
    os.kill(int(book.output(0).inner_text().split()[1]), signal.SIGKILL)
    expect(book.panel.get_by_text(re.compile("kernel gone"))).to_be_visible(timeout=20_000)
    book.screenshot("kernel-gone")
    book.page.context.close()
    lab.end_kernels()
