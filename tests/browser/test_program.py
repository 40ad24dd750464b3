"""The panel's program on a real page: it comes once, and comes again where it is missing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from codex_notebook import offline
from codex_notebook.notebook.program import PROGRAM
from tests.browser.lab import Notebook, Server, open_notebook, write_notebook
from tests.processes import eventually

pytestmark = [pytest.mark.browser, pytest.mark.cli]

# Words of the program that nothing else says.
SIGN = "kernel gone"


class Wire:
    """How often the program came to a page, and how often the page asked for it."""

    def __init__(self, page: Page) -> None:
        self.came = 0
        self.asked = 0
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: self._count("came", SIGN, data))
        socket.on("framesent", lambda data: self._count("asked", '"op":"program"', data))

    def _count(self, name: str, sign: str, data: str | bytes) -> None:
        text = data if isinstance(data, str) else data.decode(errors="replace")
        setattr(self, name, getattr(self, name) + (sign in text.replace(": ", ":")))


def styles(book: Notebook) -> int:
    return book.page.locator(f"style.codex-notebook-{PROGRAM.id}").count()


def test_the_program_comes_with_the_first_turn_and_draws_the_later_ones_too(
    browser: Browser, lab: Server
) -> None:
    assert SIGN in PROGRAM.texts["js"]
    name = f"program{time.monotonic_ns()}.ipynb"
    cells = ["%load_ext codex_notebook", "%%codex\nsleep long", "%%codex\nsleep long"]
    write_notebook(lab.folder, name, cells)
    book = open_notebook(browser, lab, name)
    # Its kernel's channel is opened anew, where it is heard from the beginning.
    wire = Wire(book.page)
    book.page.reload()
    expect(book.page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    book.run(0)
    book.done(0)
    for number in (1, 2):
        book.run(number)
        expect(book.panel.get_by_text("sleep 600")).to_be_visible()
        assert (wire.came, wire.asked, styles(book)) == (1, 0, 1)
        book.panel.get_by_role("button", name=re.compile("Stop")).click()
        book.done(number)

    book.run(2)
    expect(book.panel.get_by_text("sleep 600")).to_be_visible()
    book.save()
    # A page that was reloaded has lost it, and the panel that brought it is closed.
    book.page.reload()
    expect(book.panel.get_by_text("sleep 600")).to_be_visible(timeout=30_000)
    assert (wire.came, wire.asked, styles(book)) == (2, 1, 1)
    book.screenshot("program-reloaded")
    book.panel.get_by_role("button", name=re.compile("Stop")).click()
    expect(book.panel.get_by_text("Interrupted")).to_be_visible(timeout=10_000)
    book.page.context.close()
    lab.end_kernels()


def test_two_views_of_one_output_stay_equal(
    notebook: Callable[..., Notebook], model: offline.ScriptedModel
) -> None:
    book = notebook("%%codex\ntwo views")
    book.run(1)
    expect(book.panel.get_by_text("ls; echo done")).to_be_visible()
    book.page.evaluate("() => window.jupyterapp.commands.execute('notebook:create-output-view')")
    expect(book.panel).to_have_count(2)
    for panel in book.panel.all():
        expect(panel.get_by_text("ls; echo done")).to_be_visible()
    assert styles(book) == 1

    def said() -> list[str]:
        # The clocks of two views need not tick in the same moment.
        texts = [str(panel.text_content()) for panel in book.panel.all()]
        return [re.sub(r"\d+s\b|\d+\.\d", "", text) for text in texts]

    assert eventually(lambda: len(set(said())) == 1)
    book.screenshot("two-views")
    model.release("both views")
    book.done(1)
    expect(book.output(1).first).to_contain_text("Seen in both.")


def test_two_kernels_on_one_page_share_the_program(browser: Browser, lab: Server) -> None:
    names = [f"program{time.monotonic_ns()}-{n}.ipynb" for n in range(2)]
    for name in names:
        write_notebook(lab.folder, name, ["%load_ext codex_notebook", "%%codex\nsleep long"])
    book = open_notebook(browser, lab, names[0])
    book.run(0)
    book.done(0)
    book.run(1)
    expect(book.panel.get_by_text("sleep 600")).to_be_visible()
    book.page.evaluate(
        "path => window.jupyterapp.commands.execute('docmanager:open', {path})", names[1]
    )
    other = book.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
    expect(other.locator(".jp-Cell")).to_have_count(2)
    expect(book.page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    # Its promise is not waited for, because it takes as long as the turn.
    book.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    expect(other.locator(".cdx-panel").get_by_text("sleep 600")).to_be_visible(timeout=30_000)
    book.screenshot("two-kernels")
    assert styles(book) == 1
    book.page.context.close()
    lab.end_kernels()
