"""What a person decides in the panel while the cell runs, in both front ends of the server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.lab import FRONT_ENDS, Notebook, Server

pytestmark = [pytest.mark.browser, pytest.mark.cli]


@pytest.fixture(params=FRONT_ENDS)
def front_end(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _nothing_left_over(lab: Server) -> None:
    for leftover in ("escaped", "steered"):
        (lab.folder / leftover).unlink(missing_ok=True)


def button(book: Notebook, name: str) -> Locator:
    return book.panel.get_by_role("button", name=re.compile(name))


def pictures(book: Notebook, name: str) -> None:
    """Take a picture of the window in both themes, where they can be switched from here."""
    if book.page.evaluate("() => 'commands' in (window.jupyterapp ?? {})"):
        for theme in ("Dark", "Light"):
            book.theme(f"JupyterLab {theme}")
            book.screenshot(f"{name}-{theme.lower()}")
    else:
        book.screenshot(f"{name}-notebook7")


def test_what_is_approved_is_done_and_what_is_denied_is_not(
    notebook: Callable[..., Notebook], lab: Server
) -> None:
    book = notebook("%%codex\nescape", "%%codex\nescape")
    book.run(1)
    expect(book.panel.get_by_text("the build writes there")).to_be_visible()
    expect(book.panel.get_by_text("touch escaped").first).to_be_visible()
    expect(book.panel.get_by_role("status").get_by_text("Waiting for you")).to_be_visible()
    pictures(book, "approval")
    button(book, "^Approve$").click()
    book.done(1)
    assert (lab.folder / "escaped").exists()
    record = book.output(1)
    expect(record).to_contain_text("Went on.")
    expect(record).to_contain_text("approved by you")
    pictures(book, "approval-record")

    (lab.folder / "escaped").unlink()
    book.run(2)
    button(book, "^Deny$").click()
    book.done(2)
    assert not (lab.folder / "escaped").exists()
    expect(book.output(2)).to_contain_text("denied by you")


def test_a_question_is_answered(notebook: Callable[..., Notebook]) -> None:
    book = notebook("%%codex\nquestion")
    book.run(1)
    expect(book.panel.get_by_text("Which one?", exact=True)).to_be_visible()
    book.panel.get_by_role("radio", name=re.compile("blue")).check()
    pictures(book, "question")
    button(book, "^Send$").first.click()
    book.done(1)
    expect(book.output(1)).to_contain_text("Thanks.")
    expect(book.output(1)).to_contain_text("blue")


def test_the_agent_hears_what_is_said_while_it_works(
    notebook: Callable[..., Notebook], lab: Server
) -> None:
    book = notebook("%%codex\nsteer me")
    book.run(1)
    expect(book.panel.get_by_text("until [ -e steered ]")).to_be_visible()
    box = book.panel.get_by_role("textbox")
    box.fill("Leave the tests alone")
    box.press("Enter")
    expect(book.panel.get_by_text("the agent sees it with its next step")).to_be_visible()
    pictures(book, "steered")
    (lab.folder / "steered").touch()
    book.done(1)
    expect(book.output(1)).to_contain_text("Leave the tests alone")
    expect(book.output(1)).to_contain_text("Left alone, as you said.")
