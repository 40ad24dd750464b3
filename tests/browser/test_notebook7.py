"""The panel in Notebook 7: the other front end of the same server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.lab import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.cli]


@pytest.fixture
def front_end() -> str:
    return "Notebook 7"


def test_the_panel_lives_there_and_its_stop_works_while_the_cell_runs(
    notebook: Callable[..., Notebook],
) -> None:
    book = notebook("%%codex\nsleep long", "%%codex\nquick")
    book.run(1)
    expect(book.panel.get_by_text("sleep 600")).to_be_visible()
    book.screenshot("notebook7-running")
    book.panel.get_by_role("button", name=re.compile("Stop")).click()
    book.done(1, timeout=10)
    expect(book.cell(1)).to_contain_text("TurnInterruptedError")
    expect(book.panel).to_have_count(0)
    book.run(2)
    book.done(2)
    expect(book.output(2)).to_contain_text("Quick.")
    book.screenshot("notebook7-record")
