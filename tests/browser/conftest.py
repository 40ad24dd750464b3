from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from codex_notebook import offline
from codex_notebook.offline import command, patch, pause, plan, reasoning, text, tool, turn
from tests.browser.chromium import NO_BROWSER, find_chromium, launched
from tests.browser.lab import (
    Notebook,
    Server,
    open_notebook,
    own_environment,
    running_lab,
    write_notebook,
)

PATCH = """*** Begin Patch
*** Update File: prices.py
@@
 def total(prices, discount=0.0):
-    return sum(prices) * discount
+    return sum(prices) * (1 - discount)
*** End Patch"""

MESSAGE = """Both tests pass **now**.

| a | b |
|---|---|
| 1 | `x` |

```python
x = 1
```
"""

BEYOND = {
    "sandbox_permissions": "require_escalated",
    "justification": "The sandbox is read-only, and the build writes there.",
}
OPTIONS = [
    {"label": "red", "description": "As the sign is"},
    {"label": "blue", "description": "As the sea is"},
]
QUESTION = {"id": "colour", "header": "Colour", "question": "Which one?", "options": OPTIONS}

SCENARIO = [
    turn(
        reasoning("**Looking around**\n\nI list the files first."),
        plan(("Look", "completed"), ("Mend", "in_progress")),
        command("ls; echo done"),
        pause(until="look"),
        command("exit 3"),
        patch(PATCH),
        plan(("Look", "completed"), ("Mend", "completed")),
        text(MESSAGE),
        when="rich turn",
    ),
    turn(
        command("ls; echo done"),
        pause(until="both views"),
        text("Seen in both."),
        when="two views",
    ),
    turn(text("On it."), command("sleep 600"), when="sleep long"),
    turn(
        reasoning("**Counting**\n\nOne line at a time."),
        command("for n in 1 2 3; do echo line $n; sleep 0.4; done"),
        tool("double", {"n": 21}),
        text("One word comes after the other, and none is late.", chunk=6, delay=0.3),
        when="word by word",
    ),
    turn(
        text("I need the folder to be writable."),
        tool("exec_command", {"cmd": "touch escaped", "login": False, **BEYOND}),
        text("Went on."),
        when="escape",
    ),
    turn(
        tool("request_user_input", {"questions": [QUESTION]}),
        text("Thanks."),
        when="question",
    ),
    turn(text("On it."), command("until [ -e steered ]; do sleep 0.1; done"), when="steer me"),
    turn(text("Left alone, as you said."), when="Leave the tests alone"),
    turn(text("Quick."), when="."),
]


# For the package and not the session: while Playwright is open, a loop runs in this thread, and the
# tests behind could run none of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(NO_BROWSER)
        pytest.skip(NO_BROWSER)
    with launched(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture(scope="package")
def lab(
    browser: Browser, model: offline.ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("notebooks")
    env = {**own_environment(), **model.env}
    with running_lab(folder, env, tmp_path_factory.mktemp("lab")) as server:
        yield server


@pytest.fixture
def front_end() -> str:
    """Return where notebooks are opened; tests that try several give it other values."""
    return "JupyterLab"


@pytest.fixture
def notebook(browser: Browser, lab: Server, front_end: str) -> Iterator[Callable[..., Notebook]]:
    """Return what opens a notebook of the given cells, with the extension loaded by a first one."""
    opened: list[Notebook] = []

    def make(*cells: str) -> Notebook:
        name = f"test{time.monotonic_ns()}.ipynb"
        write_notebook(lab.folder, name, ["%load_ext codex_notebook", *cells])
        opened.append(open_notebook(browser, lab, name, front_end=front_end))
        opened[0].run(0)
        opened[0].done(0)
        return opened[0]

    yield make
    for one in opened:
        one.page.context.close()
    lab.end_kernels()
