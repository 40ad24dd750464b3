"""The panel in Notebook 7: the other front end of the same server."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.lab import Notebook, Server, open_notebook, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.cli]


@pytest.fixture
def notebook(browser: Browser, lab: Server) -> Iterator[Notebook]:
    name = "seven.ipynb"
    cells = ["%load_ext codex_notebook", "%%codex\nsleep long", "%%codex\nquick"]
    write_notebook(lab.folder, name, cells)
    book = open_notebook(browser, lab, name, front_end="Notebook 7")
    book.run(0)
    book.done(0)
    yield book
    book.page.context.close()
    lab.end_kernels()


def test_the_panel_lives_there_and_its_stop_works_while_the_cell_runs(notebook: Notebook) -> None:
    notebook.run(1)
    expect(notebook.panel.get_by_text("sleep 600")).to_be_visible()
    notebook.screenshot("notebook7-running")
    notebook.panel.get_by_role("button", name=re.compile("Stop")).click()
    notebook.done(1, timeout=10)
    expect(notebook.cell(1)).to_contain_text("TurnInterruptedError")
    expect(notebook.panel).to_have_count(0)
    notebook.run(2)
    notebook.done(2)
    expect(notebook.output(2)).to_contain_text("Quick.")
    notebook.screenshot("notebook7-record")
