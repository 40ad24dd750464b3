"""The panel in a real JupyterLab: what a person sees and clicks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from codex_notebook import offline
from tests.browser.lab import Notebook, Server, open_notebook

pytestmark = [pytest.mark.browser, pytest.mark.cli]

BUGGY = "def total(prices, discount=0.0):\n    return sum(prices) * discount\n"


def test_a_turn_is_shown_as_it_happens_and_then_as_its_record(
    notebook: Callable[..., Notebook], model: offline.ScriptedModel, lab: Server
) -> None:
    (lab.folder / "prices.py").write_text(BUGGY)
    book = notebook("%%codex --sandbox workspace-write\nrich turn")
    book.run(1)
    expect(book.panel).to_be_visible(timeout=1000)
    panel = book.panel
    expect(panel.get_by_text("Looking around")).to_be_visible()
    expect(panel.get_by_text("ls; echo done")).to_be_visible()
    expect(panel.get_by_role("button", name=re.compile("Stop"))).to_be_visible()
    expect(panel.get_by_text("Both tests pass")).to_have_count(0)
    for theme in ("Light", "Dark"):
        book.theme(f"JupyterLab {theme}")
        book.screenshot(f"running-{theme.lower()}")
    model.release("look")
    book.done(1)
    expect(book.panel).to_have_count(0)
    record = book.output(1)
    expect(record).to_contain_text("Both tests pass now.")
    expect(record.locator("strong", has_text="now")).to_be_visible()
    for theme in ("Dark", "Light"):
        book.theme(f"JupyterLab {theme}")
        book.screenshot(f"record-{theme.lower()}")
    assert "(1 - discount)" in (lab.folder / "prices.py").read_text()


LIVE = """from codex_notebook import Codex
from codex_notebook.notebook.magics import session_of

def double(n: int) -> int:
    "Double a number."
    return 2 * n

session_of(get_ipython()).codex = Codex(transport="app-server", tools=[double])"""


def test_over_the_live_transport_output_and_words_are_shown_as_they_come(
    notebook: Callable[..., Notebook],
) -> None:
    book = notebook(LIVE, "%%codex\nword by word", "%%codex\nagain")
    book.run(1)
    book.done(1)
    book.run(2)
    panel = book.panel
    # Before the command has ended, and before the message is whole.
    expect(panel.get_by_text("line 2")).to_be_visible()
    expect(panel.get_by_text("line 3")).to_have_count(0)
    expect(panel.get_by_text("One word comes")).to_be_visible()
    expect(panel.get_by_text("none is late")).to_have_count(0)
    for theme in ("Light", "Dark"):
        book.theme(f"JupyterLab {theme}")
        book.screenshot(f"live-{theme.lower()}")
    book.done(2)
    expect(book.panel).to_have_count(0)
    record = book.output(2)
    expect(record).to_contain_text("One word comes after the other, and none is late.")
    expect(record).to_contain_text("Called double")
    book.screenshot("live-record")
    book.run(3)
    book.done(3)
    expect(book.output(3)).to_contain_text("Quick.")


def test_stop_in_the_panel_ends_the_turn_while_the_cell_runs(
    notebook: Callable[..., Notebook],
) -> None:
    book = notebook("%%codex\nsleep long", "1 + 1")
    book.run(1)
    expect(book.panel.get_by_text("sleep 600")).to_be_visible()
    book.panel.get_by_role("button", name=re.compile("Stop")).click()
    book.done(1, timeout=10)
    expect(book.cell(1)).to_contain_text("TurnInterruptedError")
    expect(book.panel).to_have_count(0)
    expect(book.output(1).first).to_contain_text("On it.")
    book.screenshot("stopped")
    book.run(2)
    book.done(2)
    expect(book.output(2)).to_contain_text("2")


def test_the_notebooks_own_interrupt_ends_the_turn(notebook: Callable[..., Notebook]) -> None:
    book = notebook("%%codex\nsleep long", "%%codex\nquick")
    book.run(1)
    expect(book.panel.get_by_text("sleep 600")).to_be_visible()
    book.page.get_by_role("button", name=re.compile("Interrupt")).first.click()
    book.done(1, timeout=10)
    expect(book.cell(1)).to_contain_text("TurnInterruptedError")
    book.run(2)
    book.done(2)
    expect(book.output(2)).to_contain_text("Quick.")


def test_the_record_stays_when_the_notebook_is_reopened_without_a_kernel(
    notebook: Callable[..., Notebook], browser: Browser, lab: Server
) -> None:
    book = notebook("%%codex\nquick")
    book.run(1)
    book.done(1)
    expect(book.output(1)).to_contain_text("Quick.")
    saved = book.save()
    assert "widgets" not in saved["metadata"]  # type: ignore[operator]
    book.page.context.close()
    lab.end_kernels()
    again = open_notebook(browser, lab, book.name, kernel=False)
    expect(again.output(1)).to_contain_text("Quick.")
    expect(again.page.get_by_text("Error displaying widget")).to_have_count(0)
    again.page.context.close()


def test_a_panel_comes_back_when_the_page_is_reloaded_during_a_turn(
    notebook: Callable[..., Notebook],
) -> None:
    book = notebook("%%codex\nsleep long")
    book.run(1)
    expect(book.panel.get_by_text("sleep 600")).to_be_visible()
    book.save()
    book.page.reload()
    expect(book.panel.get_by_text("sleep 600")).to_be_visible(timeout=30_000)
    book.panel.get_by_role("button", name=re.compile("Stop")).click()
    expect(book.panel.get_by_text("Interrupted")).to_be_visible(timeout=10_000)
