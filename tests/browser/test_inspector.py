"""The inspector in a real JupyterLab: chosen, filtered, searched, copied, forked, reopened."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from codex_notebook import offline
from tests.browser.lab import ARTIFACTS, Notebook, Server, open_notebook, write_notebook
from tests.browser.test_panel import BUGGY

pytestmark = [pytest.mark.browser, pytest.mark.cli]

LIVE = """from codex_notebook import Codex
from codex_notebook.notebook.magics import session_of

def double(n: int) -> int:
    "Double a number."
    return 2 * n

session = session_of(get_ipython())
session.codex = Codex(transport="app-server", tools=[double])"""
# Comes with what the front end's own tests need.
AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
TURNS = ("word by word", "rich turn", "a quick one")
RUN = "\n".join(f"%codex --sandbox workspace-write {prompt}" for prompt in TURNS)
INSPECT = "inspector = %codex inspect\ninspector"


@pytest.fixture
def book(browser: Browser, lab: Server, model: offline.ScriptedModel) -> Iterator[Notebook]:
    """Return a notebook with three turns and their inspector, which the cell 3 shows."""
    (lab.folder / "prices.py").write_text(BUGGY)
    name = f"inspector{time.monotonic_ns()}.ipynb"
    last = "print(len(inspector.forks), session.thread is inspector.forks[-1])"
    write_notebook(lab.folder, name, ["%load_ext codex_notebook", LIVE, RUN, INSPECT, last])
    model.release("look")
    book = open_notebook(browser, lab, name)
    for cell in range(4):
        book.run(cell)
        book.done(cell, timeout=60)
    yield book
    book.page.context.close()
    lab.end_kernels()


def inspector_of(book: Notebook) -> Locator:
    return book.output(3).locator(".cdx-inspector")


def test_a_thread_is_inspected(book: Notebook) -> None:
    inspector = inspector_of(book)
    turns = inspector.get_by_role("option")
    expect(turns).to_have_count(3)
    book.cell(3).scroll_into_view_if_needed()
    turns.filter(has_text="rich turn").click()
    expect(inspector.get_by_text("ls; echo done")).to_be_visible()
    for theme in ("Dark", "Light"):
        book.theme(f"JupyterLab {theme}")
        book.screenshot(f"inspector-{theme.lower()}")

    # Colours too, which need a layout.
    book.page.add_script_tag(content=AXE.read_text())
    found = book.page.evaluate("async () => (await axe.run('.cdx-inspector')).violations")
    assert [(rule["id"], rule["impact"]) for rule in found] == []

    # Only some kinds of steps.
    inspector.locator("label", has_text="Commands").click()
    expect(inspector.get_by_text("Looking around")).to_have_count(0)
    expect(inspector.get_by_text("exit 3").first).to_be_visible()
    book.screenshot("inspector-filtered")
    inspector.get_by_role("checkbox", name="Commands").focus()
    book.page.keyboard.press("Space")
    expect(inspector.get_by_text("Looking around")).to_be_visible()

    # By keyboard: to the search, to what it found, to the turn.
    inspector.get_by_role("listbox").focus()
    book.page.keyboard.press("/")
    book.page.keyboard.type("double discount")
    expect(turns).to_have_count(0)
    book.screenshot("inspector-nothing-found")
    book.page.keyboard.press("Escape")
    expect(turns).to_have_count(3)
    book.page.keyboard.type("echo line")
    expect(turns).to_have_count(1)
    book.page.keyboard.press("ArrowDown")
    expect(turns).to_have_attribute("aria-selected", "true")
    expect(inspector.get_by_text("none is late")).to_be_visible()
    book.screenshot("inspector-searched")
    book.page.keyboard.press("Enter")
    expect(inspector.get_by_role("group", name="Turn 1", exact=True)).to_be_focused()

    # Copied.
    book.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    inspector.get_by_role("button", name="Copy as markdown").click()
    expect(inspector.get_by_role("button", name="Copied")).to_be_visible()
    copied = book.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("> ")
    assert "One word comes after the other" in copied

    # Forked, and the notebook goes on there.
    inspector.get_by_role("button", name="Fork here").click()
    expect(inspector.get_by_text("ends with turn 1")).to_be_visible()
    book.screenshot("inspector-forked")
    book.run(4)
    book.done(4)
    expect(book.output(4)).to_contain_text("1 True")


def test_in_a_narrow_window_the_list_is_above_the_turn(book: Notebook) -> None:
    inspector = inspector_of(book)
    inspector.get_by_role("option").filter(has_text="rich turn").click()
    expect(inspector.get_by_text("ls; echo done")).to_be_visible()
    book.cell(3).scroll_into_view_if_needed()
    for width in (600, 320):
        inspector.evaluate("(box, width) => { box.style.width = `${width}px` }", width)
        list_box, turn_box = (
            inspector.locator(name).bounding_box() for name in (".cdx-side", ".cdx-chosen")
        )
        assert list_box is not None
        assert turn_box is not None
        assert list_box["y"] + list_box["height"] <= turn_box["y"] + 1
        # Nothing sticks out.
        assert inspector.evaluate("box => box.scrollWidth <= box.clientWidth")
        inspector.screenshot(path=ARTIFACTS / f"inspector-{width}.png")


def test_what_stays_in_the_file_is_a_table(book: Notebook, browser: Browser, lab: Server) -> None:
    saved = book.save()
    assert "widgets" not in saved["metadata"]  # type: ignore[operator]
    shown = saved["cells"][3]["outputs"][0]["data"]  # type: ignore[index]
    assert {"text/html", "text/markdown", "text/plain"} <= shown.keys()
    assert "rich turn" in "".join(shown["text/html"])
    inspector_of(book).get_by_role("button", name="Close").click()
    expect(inspector_of(book)).to_have_count(0)
    expect(book.output(3).locator("table")).to_contain_text("rich turn")
    book.save()
    book.page.context.close()
    lab.end_kernels()
    again = open_notebook(browser, lab, book.name, kernel=False)
    expect(again.output(3).locator("table")).to_contain_text("rich turn")
    again.cell(3).scroll_into_view_if_needed()
    again.screenshot("inspector-reopened")
    expect(again.page.get_by_text("Error displaying widget")).to_have_count(0)
    again.page.context.close()


def test_a_page_that_is_reloaded_shows_the_inspector_again(book: Notebook) -> None:
    book.save()
    book.page.reload()
    inspector = inspector_of(book)
    expect(inspector.get_by_role("option")).to_have_count(3, timeout=30_000)
    expect(inspector.get_by_text("Quick.")).to_be_visible()


def test_a_turn_that_runs_is_live_and_can_be_stopped(book: Notebook) -> None:
    inspector = inspector_of(book)
    editor = book.cell(4).locator(".cm-content")
    editor.click()
    book.page.keyboard.press("Control+A")
    book.page.keyboard.type("%codex --bg sleep long")
    book.run(4)
    book.done(4)
    running = inspector.get_by_role("option").filter(has_text="sleep long")
    running.click()
    expect(inspector.get_by_text("sleep 600")).to_be_visible()
    book.cell(3).scroll_into_view_if_needed()
    book.screenshot("inspector-live")
    inspector.get_by_role("button", name=re.compile("Stop")).click()
    expect(inspector.locator(".cdx-chosen").get_by_text("Interrupted")).to_be_visible()
    expect(running).to_contain_text("interrupted")
