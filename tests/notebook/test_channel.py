"""The panel's channel in a real kernel: what each turn sends, and clicks that reach the turn."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import offline
from codex_notebook.notebook.program import PROGRAM
from codex_notebook.offline import command, pause, text, tool, turn
from tests.notebook.kernel import Kernel, Outputs, running_kernel
from tests.notebook.test_kernel import says, sent_to_panel

pytestmark = [pytest.mark.kernel, pytest.mark.cli]

ESCAPE = {
    "cmd": "touch escaped; echo went beyond",
    "login": False,
    "sandbox_permissions": "require_escalated",
    "justification": "Because.",
}

SCENARIO = [
    turn(tool("exec_command", ESCAPE), text("Went on."), when="escape"),
    turn(pause(until="steered"), command("echo looked"), text("Done."), when="wait for it"),
    turn(text("Begun."), command("sleep 600"), text("never said"), when="sleep long"),
    turn(text("Hello."), when="."),
]

LIVE = """
from codex_notebook import Codex
from codex_notebook.notebook.magics import session_of
session_of(get_ipython()).codex = Codex(transport="app-server", approvals=True)
"""
EXEC = LIVE.replace("app-server", "exec").replace(", approvals=True", "")


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def kernel(model: offline.ScriptedModel, tmp_path: Path) -> Iterator[Kernel]:
    with running_kernel({**os.environ, **model.env}, tmp_path) as kernel:
        yield kernel


def opened_by(kernel: Kernel, cell: Callable[[], Outputs]) -> list[dict[str, Any]]:
    """Return the openings of channels that running a cell brings."""
    before = set(kernel.comms)
    assert cell().status == "ok"
    new = [messages[0] for name, messages in kernel.comms.items() if name not in before]
    assert {m["msg_type"] for m in new} == {"comm_open"}
    return [m["content"] for m in new]


def program_in(contents: list[dict[str, Any]]) -> Any:
    (panel,) = [c for c in contents if c["data"]["state"]["_model_name"] == "AnyModel"]
    return panel["data"]["state"]["program"]


def reply(kernel: Kernel, ref: int) -> Any:
    """Wait for what a command is replied with."""

    def said() -> list[Any]:
        return [m for m in sent_to_panel(kernel) if m["op"] == "reply" and m["ref"] == ref]

    kernel.until(lambda: bool(said()))
    (message,) = said()
    return message["error"]


def test_the_program_crosses_with_the_first_turn_of_a_kernel_only(kernel: Kernel) -> None:
    first = opened_by(kernel, lambda: kernel.run("%%codex\nsay hello"))
    assert program_in(first) == PROGRAM.texts
    second = opened_by(kernel, lambda: kernel.run("%%codex\nsay hello again"))
    assert program_in(second) is None
    assert sum(len(json.dumps(content)) for content in second) <= 5_000


def test_what_a_panel_needs_is_loaded_before_there_is_one(kernel: Kernel) -> None:
    found = "'codex_notebook.notebook.widget' in sys.modules"
    wait = "[t.join() for t in threading.enumerate() if t.name == 'codex-preload']"
    result = kernel.run(f"import sys, threading; {wait}\n{found}").result
    assert result == {"text/plain": "True"}


def test_a_page_that_lacks_the_program_gets_it_while_the_cell_runs(kernel: Kernel) -> None:
    cell = kernel.send("%%codex\nsleep long")
    kernel.until(lambda: says(kernel, "Begun."))
    kernel.click(cell.panels[0], op="program")
    kernel.until(lambda: any(m["op"] == "program" for m in sent_to_panel(kernel)))
    (answer,) = [m for m in sent_to_panel(kernel) if m["op"] == "program"]
    assert answer == {"op": "program", **PROGRAM.texts}
    kernel.click(cell.panels[0], op="interrupt")
    kernel.until(lambda: cell.status is not None)


def test_leave_is_given_from_the_panel_and_only_for_what_is_offered(
    kernel: Kernel, tmp_path: Path
) -> None:
    kernel.run(LIVE)
    cell = kernel.send("%%codex\nescape")
    kernel.until(lambda: asked(kernel) is not None)
    ask = asked(kernel)
    assert ask is not None
    panel = cell.panels[0]
    for ref, decision in enumerate(("Accept", "yes", "accept_everything", "accept "), 1):
        kernel.click(panel, op="respond", id=ask["id"], decision=decision, ref=ref)
        assert "cannot be decided" in reply(kernel, ref)
    kernel.click(panel, op="respond", id="approval_99", decision="accept", ref=8)
    assert "Nothing of the id" in reply(kernel, 8)
    kernel.click(panel, op="answer", id=ask["id"], answers={}, ref=9)
    assert "Nothing of the id" in reply(kernel, 9)
    assert not (tmp_path / "escaped").exists()
    kernel.click(panel, op="respond", id=ask["id"], decision="accept", ref=10)
    assert reply(kernel, 10) is None
    kernel.until(lambda: cell.status is not None)
    assert cell.status == "ok"
    assert (tmp_path / "escaped").exists()
    assert "went beyond" in cell.texts[0]


def test_a_turn_is_steered_from_the_panel(kernel: Kernel, model: offline.ScriptedModel) -> None:
    kernel.run(LIVE)
    cell = kernel.send("%%codex\nwait for it")
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.click(cell.panels[0], op="steer", text="Look at b, too.", ref=1)
    assert reply(kernel, 1) is None
    model.release("steered")
    kernel.until(lambda: cell.status is not None)
    assert cell.status == "ok"
    assert any("Look at b, too." in request.user_message for request in model.requests)
    assert "Look at b, too." in cell.texts[0]


def test_what_the_transport_cannot_do_is_said_in_the_panel(kernel: Kernel) -> None:
    kernel.run(EXEC)
    cell = kernel.send("%%codex\nsleep long")
    kernel.until(lambda: says(kernel, "Begun."))
    kernel.click(cell.panels[0], op="steer", text="Hurry.", ref=1)
    assert "app-server" in reply(kernel, 1)
    kernel.click(cell.panels[0], op="interrupt")
    kernel.until(lambda: cell.status is not None)


def asked(kernel: Kernel) -> dict[str, Any] | None:
    """Return what the panel was last told that the agent asks."""
    frames = [m for m in sent_to_panel(kernel) if m["op"] == "frame"]
    asks = [op[2] for f in frames for op in f["ops"] if op[0] == "ask"]
    return asks[-1] if asks else None
