"""A page with nothing on it but panels: the built program, a model that is not a kernel's, a theme.

For what many states of a panel have to hold and no notebook is needed for. Everything that the page
asks of a network is refused and remembered, and so is all else that text of the agent must not do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

import codex_notebook
from codex_notebook.core.state import TurnState
from codex_notebook.core.view import view
from tests.browser.lab import ARTIFACTS

STATIC = Path(codex_notebook.__file__).parent / "static"
ORIGIN = "http://panel.test"

# What JupyterLab's own themes say of the variables that the panel reads.
THEMES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "layout-color1": "white",
        "ui-font-color1": "rgba(0, 0, 0, 0.87)",
        "brand-color1": "#1976d2",
        "success-color1": "#388e3c",
        "error-color1": "#d32f2f",
        "warn-color1": "#f57c00",
        "mirror-editor-keyword-color": "#008000",
        "mirror-editor-string-color": "#ba2121",
        "mirror-editor-number-color": "#080",
        "mirror-editor-def-color": "#00f",
    },
    "dark": {
        "layout-color1": "#212121",
        "ui-font-color1": "rgba(255, 255, 255, 0.87)",
        "brand-color1": "#2196f3",
        "success-color1": "#4caf50",
        "error-color1": "#f44336",
        "warn-color1": "#ff9800",
        "mirror-editor-keyword-color": "#58b4cb",
        "mirror-editor-string-color": "#ff6f60",
        "mirror-editor-number-color": "#7cb342",
        "mirror-editor-def-color": "#64b5f6",
    },
}

# Remembers what nothing on this page may do, and stands in for a kernel.
_SCRIPT = """
window.done = [];
for (const name of ['alert', 'confirm', 'prompt', 'open', 'print'])
  window[name] = () => { window.done.push(name); };
window.addEventListener('error', (event) => window.done.push(`error: ${event.message}`));
window.addEventListener('beforeunload', () => window.done.push('left the page'));
document.addEventListener('submit', (event) => {
  event.preventDefault();
  window.done.push('sent');
});
window.model = (traits) => {
  const handlers = new Map();
  return {
    comm_live: true,
    sent: [],
    get: (name) => traits[name],
    on: (name, handler) => handlers.set(name, [...(handlers.get(name) ?? []), handler]),
    off: () => {},
    send(message) { this.sent.push(message); },
    emit(name, ...what) { for (const handler of handlers.get(name) ?? []) handler(...what); },
  };
};
"""


class Stage:
    """An open page on which panels can be shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self._seq = 0

    @property
    def panel(self) -> Locator:
        """The panel that is shown."""
        return self.page.locator(".cdx-panel")

    @property
    def done(self) -> list[str]:
        """What was done that nothing here may do: dialogs, windows, errors, requests."""
        done: list[str] = self.page.evaluate("() => window.done")
        return [*done, *self.requests]

    def show(self, state: TurnState, *, answers: bool = True) -> None:
        """Show the panel of a turn in the place of whatever was there; kernels answer its hello."""
        self._seq = 1
        shown = {"seq": 1, "at": state.ended_at or 1000.0, "view": view(state).to_json()}
        self.page.evaluate(
            """async ({ snapshot, answers }) => {
              window.close?.();
              document.body.replaceChildren();
              const traits = { face: 'turn', snapshot: JSON.stringify(snapshot) };
              window.kernel = window.model(traits);
              const face = window.start(window.kernel);
              const close = face.render(document.body);
              window.close = () => { close(); face.close(); };
              if (answers) window.kernel.emit('msg:custom', { op: 'snapshot', ...snapshot });
            }""",
            {"snapshot": json.loads(json.dumps(shown)), "answers": answers},
        )
        expect(self.panel).to_be_visible()

    def frame(self, *operations: Any) -> None:
        """Send the panel a frame."""
        self._seq += 1
        frame = {"op": "frame", "seq": self._seq, "at": 1000.0, "ops": list(operations)}
        self.page.evaluate("(frame) => window.kernel.emit('msg:custom', frame)", frame)

    def sent(self) -> list[dict[str, Any]]:
        """Return what the panel has sent."""
        sent: list[dict[str, Any]] = self.page.evaluate("() => window.kernel.sent")
        return sent

    def open_all(self) -> None:
        """Unfold every card, to the last."""
        for button in self.panel.get_by_role("button", name="Expand all").all():
            button.click()

    def theme(self, name: str) -> None:
        """Put on a theme of JupyterLab."""
        css = "".join(f"--jp-{key}: {value};" for key, value in THEMES[name].items())
        ground = THEMES[name]["layout-color1"]
        self.page.evaluate(
            "([css, ground]) => { document.documentElement.style.cssText = css;"
            " document.body.style.background = ground; }",
            [css, ground],
        )

    def screenshot(self, name: str) -> None:
        """Take a picture of the whole page."""
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)


@contextmanager
def open_stage(browser: Browser, *, width: int = 900, **context: Any) -> Iterator[Stage]:
    """Open a page with the program on it."""
    opened = browser.new_context(viewport={"width": width, "height": 900}, **context)
    page = opened.new_page()
    page.set_default_timeout(10_000)
    stage = Stage(page)
    page.add_init_script(_SCRIPT)

    def serve(route: Any) -> None:
        if route.request.url == f"{ORIGIN}/":
            route.fulfill(
                body="<!doctype html><html lang=en><title>A panel</title><body></body>",
                content_type="text/html",
            )
        else:
            stage.requests.append(f"request: {route.request.url}")
            route.abort()

    page.route("**/*", serve)
    page.on("dialog", lambda dialog: stage.requests.append(f"dialog: {dialog.message}"))
    page.on("popup", lambda popup: stage.requests.append(f"popup: {popup.url}"))
    page.goto(f"{ORIGIN}/")
    page.add_style_tag(content=(STATIC / "widget.css").read_text(encoding="utf-8"))
    page.evaluate(
        """async (code) => {
          const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
          window.start = (await import(url)).default;
        }""",
        (STATIC / "widget.js").read_text(encoding="utf-8"),
    )
    # The program's own address is a blob, which no route sees; nothing else may be asked for.
    stage.requests.clear()
    try:
        yield stage
    finally:
        opened.close()
