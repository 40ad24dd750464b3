"""A real JupyterLab, driven by a real browser, as a person would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page, expect

from codex_notebook.demo import free_port
from tests.processes import eventually

START_TIMEOUT = 60.0
# Screenshots for people to look at; not committed.
ARTIFACTS = Path(__file__).parents[2] / "artifacts" / "screenshots"

_SETTINGS = {
    # Asks the network for news, and the user whether it may.
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}


class Server:
    """A running JupyterLab."""

    def __init__(self, url: str, token: str, folder: Path) -> None:
        self.url = url
        self.token = token
        self.folder = folder

    def end_kernels(self) -> None:
        """Shut every kernel down."""
        with self._ask("api/sessions") as reply:
            sessions = json.load(reply)
        for session in sessions:
            self._ask(f"api/sessions/{session['id']}", "DELETE").close()

    def _ask(self, path: str, method: str = "GET"):  # type: ignore[no-untyped-def]
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.url}/{path}", method=method, headers=headers)
        return urllib.request.urlopen(request, timeout=10)


@contextmanager
def running_lab(folder: Path, env: Mapping[str, str], state: Path) -> Iterator[Server]:
    """Start JupyterLab on ``folder`` with settings and log in ``state``."""
    port, token = free_port(), "token"
    for name, values in _SETTINGS.items():
        file = state / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--allow-root"),
        # Lets a test give commands to the application, such as a change of theme.
        "--expose-app-in-browser",
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"),
    ]
    own = {"JUPYTER_TOKEN": token, "JUPYTERLAB_SETTINGS_DIR": str(state / "settings")}
    with (state / "lab.log").open("w") as log:
        lab = subprocess.Popen(command, env={**env, **own}, stdout=log, stderr=log)
    server = Server(f"http://127.0.0.1:{port}", token, folder)
    try:
        until = time.monotonic() + START_TIMEOUT
        while True:
            with suppress(OSError):
                server._ask("api").close()
                break
            assert lab.poll() is None, (state / "lab.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.1)
        yield server
    finally:
        lab.terminate()
        lab.wait()


class Notebook:
    """An open notebook."""

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page = page
        self.server = server
        self.name = name

    @property
    def panel(self) -> Locator:
        """The live panels."""
        return self.page.locator(".cdx-panel")

    def cell(self, number: int) -> Locator:
        """The cell of that number, from 0."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> Locator:
        """What the cell has put out."""
        return self.cell(number).locator(".jp-OutputArea-output")

    def focus(self, number: int) -> None:
        """Put the cursor into a cell."""
        editor = self.cell(number).locator(".cm-content")
        editor.click()
        expect(editor).to_be_focused()

    def run(self, number: int) -> None:
        """Run a cell, without waiting for its end."""
        self.focus(number)
        self.page.keyboard.press("Control+Enter")
        prompt = self.cell(number).locator(".jp-InputArea-prompt")
        try:
            expect(prompt).not_to_have_text("[ ]:", timeout=2000)
        except AssertionError:
            # Notebook 7 says that its kernel is idle before it would run a cell.
            self.page.keyboard.press("Control+Enter")

    def done(self, number: int, timeout: float = 30) -> None:
        """Wait until a cell has run."""
        prompt = self.cell(number).locator(".jp-InputArea-prompt")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"), timeout=timeout * 1000)

    def save(self) -> dict[str, object]:
        """Save the notebook and return the file."""
        file = self.server.folder / self.name
        before = file.stat().st_mtime_ns
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        assert eventually(lambda: file.stat().st_mtime_ns != before)
        saved: dict[str, object] = json.loads(file.read_text())
        return saved

    def screenshot(self, name: str) -> None:
        """Take a picture of the window."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png")

    def theme(self, name: str) -> None:
        """Switch JupyterLab's theme."""
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
            name,
        )
        light = "true" if "Light" in name else "false"
        expect(self.page.locator(f"body[data-jp-theme-light='{light}']")).to_be_attached()
        # The old theme's curtain falls over everything for a moment.
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)


def write_notebook(folder: Path, name: str, cells: list[str]) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, folder / name)


# Where each front end shows a notebook, and what says there that its kernel is ready: what says it
# last, for a cell that is run before is silently not run.
FRONT_ENDS = {
    "JupyterLab": ("lab/tree/{}?reset&", "text=Python 3 (ipykernel) | Idle"),
    "Notebook 7": ("notebooks/{}?", ".jp-Notebook-ExecutionIndicator[data-status='idle']"),
}


def open_notebook(
    browser: Browser,
    server: Server,
    name: str,
    *,
    kernel: bool = True,
    front_end: str = "JupyterLab",
    script: str = "",
) -> Notebook:
    """Open a notebook in a window of its own; ``script`` runs there before the page's own do."""
    path, ready = FRONT_ENDS[front_end]
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    context.add_init_script(script)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{server.url}/{path.format(name)}token={server.token}")
    expect(page.locator(".jp-Notebook .jp-Cell").first).to_be_visible(timeout=60_000)
    if kernel:
        expect(page.locator(ready)).to_be_visible(timeout=60_000)
    return Notebook(page, server, name)


def own_environment() -> dict[str, str]:
    """Return this process's environment for a server."""
    return dict(os.environ)
