"""What the agent asks while a cell runs, in a real kernel over the real CLI: who decides it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest

from codex_notebook import offline
from codex_notebook.offline import command, text, tool, turn
from tests.notebook.kernel import Kernel, Outputs, running_kernel
from tests.notebook.test_kernel import says

pytestmark = [pytest.mark.kernel, pytest.mark.cli]

BEYOND = {"sandbox_permissions": "require_escalated", "justification": "Because\x1b[2J."}
OPTIONS = [{"label": name, "description": name.title()} for name in ("red", "blue")]
QUESTION = {"id": "colour", "header": "Colour", "question": "Which one?", "options": OPTIONS}

SCENARIO = [
    turn(
        tool("exec_command", {"cmd": "touch escaped", "login": False, **BEYOND}),
        text("Went on."),
        when="escape",
    ),
    turn(tool("request_user_input", {"questions": [QUESTION]}), text("Done."), when="question"),
    turn(
        tool("request_user_input", {"questions": [{**QUESTION, "isSecret": True}]}),
        text("Done."),
        when="secret",
    ),
    turn(command("touch written"), text("Done."), when="write"),
    turn(text("Hello."), when="."),
]

# As in Jupyter Console, but at once.
AT_ONCE = """
from codex_notebook.notebook.showing import InPanel
InPanel.patience = 0.0
"""
CELLS = {
    "awaited": "%%codex\n{prompt}",
    "blocking": "def f():\n    %codex {prompt}\nf()",
}
WAYS = pytest.mark.parametrize("way", list(CELLS))


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture(scope="module")
def shared(
    model: offline.ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernel]:
    with running_kernel({**os.environ, **model.env}, tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(shared: Kernel, tmp_path: Path) -> Kernel:
    """Return the kernel, at work in a folder that is the test's own."""
    shared.run(f"import os\nos.chdir({str(tmp_path)!r})")
    return shared


@pytest.fixture
def console(kernel: Kernel) -> Iterator[Kernel]:
    """Return the kernel, before a front end that shows no panels."""
    kernel.run(AT_ONCE)
    yield kernel
    kernel.run("InPanel.patience = 2.0")


def ended(kernel: Kernel, cell: Outputs) -> None:
    kernel.until(lambda: cell.status is not None)


def evaluated(kernel: Kernel, expression: str) -> str:
    result = kernel.run(expression).result
    assert result is not None
    return str(result["text/plain"])


DECIDED = "_turn.state.approvals[0].decision, _turn.state.approvals[0].decided_by, _turn.status"


# ---- in text -----------------------------------------------------------------------------


@WAYS
def test_without_a_panel_it_is_asked_in_text(console: Kernel, tmp_path: Path, way: str) -> None:
    cell = console.send(CELLS[way].format(prompt="escape"))
    assert console.asked()["password"] is False
    console.reply("1")
    ended(console, cell)
    assert (cell.status, (tmp_path / "escaped").exists()) == ("ok", True)
    assert "run a command" in cell.stream
    assert "touch escaped" in cell.stream
    # What the agent says clears no screen.
    assert "Why: Because⟨U+001B⟩[2J." in cell.stream
    assert "[1] approve" in cell.stream
    assert evaluated(console, DECIDED) == "('accept', 'user', 'completed')"


@WAYS
@pytest.mark.parametrize("said", ["", "\x04", "no", "DENY"])
def test_an_empty_line_or_the_end_of_input_denies_and_the_agent_goes_on(
    console: Kernel, tmp_path: Path, way: str, said: str
) -> None:
    cell = console.send(CELLS[way].format(prompt="escape"))
    console.asked()
    console.reply(said)
    ended(console, cell)
    assert evaluated(console, DECIDED) == "('decline', 'user', 'completed')"
    assert not (tmp_path / "escaped").exists()


@WAYS
def test_an_interrupt_at_the_question_denies_it_and_the_agent_goes_on(
    console: Kernel, way: str
) -> None:
    cell = console.send(CELLS[way].format(prompt="escape"))
    console.asked()
    console.manager.interrupt_kernel()
    ended(console, cell)
    assert evaluated(console, DECIDED) == "('decline', 'user', 'completed')"


def test_a_wrong_word_is_asked_again(console: Kernel, tmp_path: Path) -> None:
    cell = console.send("%%codex\nescape")
    for said in ("maybe", "99", "yes"):
        console.asked()
        console.reply(said)
    ended(console, cell)
    assert cell.stream.count("cannot be decided here") == 2
    assert (tmp_path / "escaped").exists()


def test_to_cancel_ends_the_turn(console: Kernel) -> None:
    cell = console.send("%%codex\nescape")
    console.asked()
    console.reply("cancel")
    ended(console, cell)
    assert "TurnInterruptedError" in (cell.error or "")


def test_an_answer_that_comes_too_late_says_so(console: Kernel, tmp_path: Path) -> None:
    console.run(
        "from codex_notebook import Codex\n"
        "from codex_notebook.notebook.magics import session_of\n"
        "session = session_of(get_ipython())\n"
        "usual = session.codex\n"
        "session.codex = Codex(usual.options, ask_timeout=0.5)"
    )
    cell = console.send("%%codex\nescape")
    console.asked()
    console.until(lambda: says(console, "timeout"))
    console.reply("1")
    ended(console, cell)
    assert "decided meanwhile (denied, because its time was up)" in cell.stream
    assert not (tmp_path / "escaped").exists()
    console.run("session.codex = Codex(usual.options)")


@WAYS
@pytest.mark.parametrize(("said", "answer"), [("2", "blue"), ("RED", "red"), ("green", "green")])
def test_a_question_is_asked_with_its_options(
    console: Kernel, way: str, said: str, answer: str
) -> None:
    cell = console.send(CELLS[way].format(prompt="question"))
    console.asked()
    console.reply(said)
    ended(console, cell)
    assert "Which one?" in cell.stream
    assert "[2] blue (Blue)" in cell.stream
    assert evaluated(console, "_turn.state.inputs[0].answers") == repr({"colour": [answer]})


def test_an_answer_that_is_secret_is_not_shown(
    console: Kernel, model: offline.ScriptedModel
) -> None:
    cell = console.send("%%codex\nsecret")
    assert console.asked()["password"] is True
    console.reply("hunter2")
    ended(console, cell)
    assert evaluated(console, "_turn.state.inputs[0].answers") == "{}"
    assert "hunter2" in json.dumps(model.requests[-1].body)


# ---- by the panel, or by nobody ----------------------------------------------------------


def test_a_panel_that_gets_clicks_through_decides(kernel: Kernel) -> None:
    cell = kernel.send("%%codex\nescape")
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.click(cell.panels[0], op="hello", have=0)
    kernel.until(lambda: says(kernel, '"decision": null'))
    with pytest.raises(Empty):
        kernel.asked(within=2.5)
    kernel.click(cell.panels[0], op="interrupt")
    ended(kernel, cell)
    assert "TurnInterruptedError" in (cell.error or "")


def test_a_panel_that_says_nothing_for_two_seconds_is_not_waited_for(kernel: Kernel) -> None:
    cell = kernel.send("%%codex\nescape")
    kernel.until(lambda: says(kernel, '"decision": null'))
    with pytest.raises(Empty):
        kernel.asked(within=1.0)
    kernel.asked(within=5.0)
    kernel.reply("")
    ended(kernel, cell)
    assert cell.status == "ok"


@pytest.mark.parametrize("prompt", ["escape", "question"])
def test_with_nobody_there_it_is_declined_at_once_and_said(kernel: Kernel, prompt: str) -> None:
    cell = kernel.send(f"%%codex\n{prompt}", allow_stdin=False)
    ended(kernel, cell)
    assert cell.status == "ok"
    assert "nobody was there to decide" in cell.texts[0]
    by = "(*_turn.state.approvals, *_turn.state.inputs)[0]"
    assert "'nobody'" in evaluated(kernel, by)


def test_a_turn_in_the_background_asks_nothing_in_text(console: Kernel, tmp_path: Path) -> None:
    cell = console.run("%%codex --bg -o running\nescape")
    console.until(lambda: says(console, '"decision": null'))
    with pytest.raises(Empty):
        console.asked(within=0.5)
    status = console.run("%codex status")
    assert "waits for you: approval_1: to run a command: touch escaped" in status.stream
    assert console.run("%codex approve").stream == "Approved: to run a command: touch escaped\n"
    assert evaluated(console, "(await running).status") == "'completed'"
    assert (tmp_path / "escaped").exists()
    assert len(cell.displays) == 1


# ---- sandboxes ---------------------------------------------------------------------------


def test_a_sandbox_opened_for_one_cell_is_closed_again_over_the_live_transport(
    kernel: Kernel, tmp_path: Path
) -> None:
    kernel.run("%codex --new write")
    assert not (tmp_path / "written").exists()
    kernel.run("%codex --sandbox workspace-write write")
    assert (tmp_path / "written").exists()
    (tmp_path / "written").unlink()
    kernel.run("%codex write")
    assert not (tmp_path / "written").exists()
    assert evaluated(kernel, "_turn.id is not None, _turn.state.model") == "(True, 'gpt-5.5')"
