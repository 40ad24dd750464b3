"""The panel in marimo, by the Python API: live for a turn in the background, and Stop works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from codex_notebook import offline
from codex_notebook.demo import free_port
from tests.browser.lab import ARTIFACTS

pytest.importorskip("marimo", reason="marimo is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.cli]

APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    from codex_notebook import Codex

    codex = Codex(transport="app-server")
    thread = codex.start_thread(skip_git_repo_check=True)
    return codex, thread


@app.cell
def _(codex, thread):
    running = thread.start_nowait("sleep long")
    codex.panel(running)
    return


@app.cell
def _(thread):
    thread.inspect()
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def page(browser: Browser, model: offline.ScriptedModel, tmp_path: Path) -> Iterator[Page]:
    """Return a page with the app in it."""
    (tmp_path / "app.py").write_text(APP)
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        *(sys.executable, "-m", "marimo", "run", "app.py", "--headless", "--no-token"),
        *("--host=127.0.0.1", f"--port={port}"),
    ]
    log = tmp_path / "marimo.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, **model.env}, stdout=output, stderr=output
        )
    context = browser.new_context(viewport={"width": 1000, "height": 900})
    try:
        until = time.monotonic() + 60
        while True:
            with suppress(OSError):
                urllib.request.urlopen(f"{url}/health", timeout=5).close()
                break
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        page = context.new_page()
        page.goto(url)
        yield page
    finally:
        context.close()
        server.terminate()
        server.wait()


def test_a_background_turn_is_live_in_marimo_and_can_be_stopped(page: Page) -> None:
    panel = page.locator(".cdx-panel:not(.cdx-inspector)")
    expect(panel.get_by_text("sleep 600")).to_be_visible(timeout=60_000)
    inspector = page.locator(".cdx-inspector")
    expect(inspector.get_by_text("sleep 600")).to_be_visible()
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / "marimo-running.png", full_page=True)
    # The styles reach into the shadow root where marimo draws it.
    assert panel.evaluate("panel => getComputedStyle(panel).borderRadius") == "8px"
    panel.get_by_role("button", name=re.compile("Stop")).click()
    expect(panel.get_by_text("Interrupted")).to_be_visible(timeout=15_000)
    expect(inspector.get_by_text("Interrupted")).to_be_visible()
    page.screenshot(path=ARTIFACTS / "marimo-stopped.png", full_page=True)
