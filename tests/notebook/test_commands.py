"""``%codex approve`` and its like: which lines are commands, and what they do to turns that run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_notebook import offline
from codex_notebook.notebook.commands import COMMANDS, parse, usage
from codex_notebook.offline import command, pause, text, tool, turn
from tests.notebook.kernel import Kernel, Outputs, running_kernel
from tests.notebook.test_kernel import OVER, says

LEAVE = {"sandbox_permissions": "require_escalated", "justification": "Because."}


# ---- which lines are commands ------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "word", "said"),
    [
        ("approve", "approve", {"id": None, "how": None}),
        ("  approve  ", "approve", {"id": None, "how": None}),
        ("approve approval_12", "approve", {"id": "approval_12", "how": None}),
        ("approve --session", "approve", {"id": None, "how": "--session"}),
        ("approve turn_2:approval_1 --rule", "approve", {"id": "turn_2:approval_1"}),
        ("deny --cancel", "deny", {"how": "--cancel"}),
        ("deny input_1", "deny", {"id": "input_1"}),
        ("answer 42", "answer", {"id": None, "text": "42"}),
        ("answer input_1 red and blue", "answer", {"id": "input_1", "text": "red and blue"}),
        ("steer only the tests", "steer", {"turn": None, "text": "only the tests"}),
        ("steer turn_3 only them", "steer", {"turn": "turn_3", "text": "only them"}),
        ("stop", "stop", {"turn": None}),
        ("stop turn_1", "stop", {"turn": "turn_1"}),
        ("status", "status", {}),
        ("inspect", "inspect", {}),
    ],
)
def test_a_line_that_fits_the_grammar_is_a_command(
    line: str, word: str, said: dict[str, str | None]
) -> None:
    found = parse(line, None)
    assert found is not None
    one, match = found
    assert one is COMMANDS[word]
    assert {name: match[name] for name in said} == said


@pytest.mark.parametrize(
    "line",
    [
        *("", "stop the server", "stop it", "stop?", "-- stop", "--new stop", "Stop"),
        *("status of the build", "approve the change", "approve --rule approval_1 now"),
        *("approve --cancel", "deny everything", "deny --session", "answer", "steer", "stopping"),
        *("approve approval_", "stop turn_1 turn_2", "what is the status", "inspect the code"),
    ],
)
def test_any_other_line_is_a_prompt(line: str) -> None:
    assert parse(line, None) is None


@pytest.mark.parametrize("word", list(COMMANDS))
def test_a_cell_is_always_a_prompt_and_the_help_names_every_command(word: str) -> None:
    assert parse(word, "and more\n") is None
    assert f"%codex {word}" in usage()


# ---- what they do ------------------------------------------------------------------------

QUESTION = {
    "id": "colour",
    "header": "Colour",
    "question": "Which one?",
    "options": [{"label": name, "description": ""} for name in ("red", "blue")],
}
SCENARIO = [
    turn(
        tool("exec_command", {"cmd": "touch escaped", "login": False, **LEAVE}),
        text("Went on."),
        when="escape",
    ),
    turn(
        tool("exec_command", {"cmd": "mkdir ruled", "login": False, **LEAVE}),
        text("Went on."),
        when="rule",
    ),
    turn(
        tool("exec_command", {"cmd": "touch other", "login": False, **LEAVE}),
        text("Went on."),
        when="flee",
    ),
    turn(tool("request_user_input", {"questions": [QUESTION]}), text("Done."), when="question"),
    turn(text("Begun."), command("sleep 600"), text("never said"), when="sleep long"),
    turn(pause(until="go"), command("true"), text("Done."), when="wait for it"),
    turn(text("Hello."), when="."),
]


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
def kernel(shared: Kernel, tmp_path: Path) -> Iterator[Kernel]:
    """Return the kernel, at work in a folder that is the test's own; nothing runs afterwards."""
    shared.run(f"import os\nos.chdir({str(tmp_path)!r})")
    yield shared
    shared.run(
        "from codex_notebook.notebook.magics import session_of\n"
        "for one in session_of(get_ipython()).turns.values():\n    await one.interrupt()"
    )


def background(kernel: Kernel, prompt: str, name: str = "running") -> Outputs:
    """Start a turn that asks something and wait until it does."""
    cell = kernel.run(f"%codex --bg --new -o {name} {prompt}")
    assert cell.status == "ok"
    kernel.run("import asyncio")
    asks = f"{name}.state.approvals or {name}.state.inputs or {name}.done"
    kernel.run(f"while not ({asks}):\n    await asyncio.sleep(0.01)")
    return cell


def said(kernel: Kernel, line: str) -> str:
    cell = kernel.run(line)
    assert cell.error is None, cell.error
    assert (cell.displays, cell.result) == ({}, None)
    return cell.stream


def refused(kernel: Kernel, line: str) -> str:
    cell = kernel.run(line)
    assert cell.error is not None
    assert "Traceback" not in cell.error
    assert cell.displays == {}
    return cell.error


def evaluated(kernel: Kernel, expression: str) -> str:
    result = kernel.run(expression).result
    assert result is not None
    return str(result["text/plain"])


kernels = [pytest.mark.kernel, pytest.mark.cli]


class TestInAKernel:
    pytestmark = kernels

    @pytest.mark.parametrize("line", ["%codex approve", "def f():\n    %codex approve\nf()"])
    def test_approve_gives_leave(self, kernel: Kernel, tmp_path: Path, line: str) -> None:
        background(kernel, "escape")
        assert said(kernel, line) == "Approved: to run a command: touch escaped\n"
        assert evaluated(kernel, "(await running).status") == "'completed'"
        assert (tmp_path / "escaped").exists()

    def test_approve_with_a_rule_keeps_it(self, kernel: Kernel, tmp_path: Path) -> None:
        background(kernel, "rule")
        assert said(kernel, "%codex approve approval_1 --rule").startswith("Approved")
        ask = "(await running).state.approvals[0].decision"
        assert evaluated(kernel, ask) == "'accept_with_rule'"
        assert (tmp_path / "ruled").exists()

    def test_deny_withholds_it_and_the_agent_goes_on(self, kernel: Kernel, tmp_path: Path) -> None:
        background(kernel, "escape")
        assert "goes on without: to run" in said(kernel, "%codex deny")
        assert evaluated(kernel, "(await running).final_response") == "'Went on.'"
        assert not (tmp_path / "escaped").exists()

    def test_deny_with_cancel_ends_the_turn(self, kernel: Kernel) -> None:
        background(kernel, "escape")
        assert "the turn ends" in said(kernel, "%codex deny --cancel")
        assert evaluated(kernel, "(await running.ended()).status") == "'interrupted'"

    @pytest.mark.parametrize("words", ["2", "blue", "input_1 Blue"])
    def test_answer_answers(self, kernel: Kernel, words: str) -> None:
        background(kernel, "question")
        assert said(kernel, f"%codex answer {words}") == "Answered: Which one?\n"
        answers = "(await running).state.inputs[0].answers"
        assert evaluated(kernel, answers) == "{'colour': ['blue']}"

    def test_deny_declines_to_answer(self, kernel: Kernel) -> None:
        background(kernel, "question")
        assert "goes on without: Which one?" in said(kernel, "%codex deny")
        answers = "(await running).state.inputs[0].answers is None"
        assert evaluated(kernel, answers) == "True"

    def test_what_cannot_be_decided_is_refused_and_still_waits(self, kernel: Kernel) -> None:
        background(kernel, "question")
        assert "No turn that runs asks for leave" in refused(kernel, "%codex approve")
        assert "input_1 is not of that kind" in refused(kernel, "%codex approve input_1")
        assert "input_7 does not wait" in refused(kernel, "%codex answer input_7 red")
        assert "--cancel is for approvals" in refused(kernel, "%codex deny --cancel")
        assert "input_1: Which one?" in said(kernel, "%codex status")

    def test_of_several_things_that_wait_one_has_to_be_named(
        self, kernel: Kernel, tmp_path: Path
    ) -> None:
        background(kernel, "escape", "one")
        background(kernel, "flee", "two")
        error = refused(kernel, "%codex approve")
        names = [word.rstrip(":") for word in error.split() if ":approval_1:" in word]
        assert len(names) == 2
        assert "touch escaped" in error
        assert "touch other" in error
        assert said(kernel, f"%codex approve {names[1]}").endswith("touch other\n")
        # Now its own name is enough.
        assert said(kernel, "%codex approve approval_1").endswith("touch escaped\n")
        statuses = "[(await turn).status for turn in (one, two)]"
        assert evaluated(kernel, statuses) == "['completed', 'completed']"

    def test_steer_reaches_the_agent(self, kernel: Kernel, model: offline.ScriptedModel) -> None:
        kernel.run("%codex --bg --new -o running wait for it")
        kernel.run("while running.state.turn_id is None:\n    await asyncio.sleep(0.01)")
        words = "Sent; the agent sees it with its next step.\n"
        assert said(kernel, "%codex steer only the tests") == words
        model.release("go")
        assert evaluated(kernel, "(await running).status") == "'completed'"
        assert "only the tests" in str(model.requests[-1].body["input"])

    def test_stop_ends_what_runs(self, kernel: Kernel) -> None:
        for name in ("one", "two"):
            kernel.run(f"%codex --bg --new -o {name} sleep long")
        kernel.until(lambda: says(kernel, "Begun."))
        assert "has run for" in said(kernel, "%codex status")
        assert said(kernel, "%codex stop").startswith("Stopping turn_")
        statuses = "[(await turn.ended()).status for turn in (one, two)]"
        assert evaluated(kernel, statuses) == "['interrupted', 'interrupted']"
        assert said(kernel, "%codex status") == "No turn of this notebook runs.\n"

    def test_of_several_turns_one_can_be_stopped(self, kernel: Kernel) -> None:
        for name in ("one", "two"):
            kernel.run(f"%codex --bg --new -o {name} sleep long")
        first = said(kernel, "%codex status").split()[0]
        assert "say which" in refused(kernel, "%codex steer on")
        assert "turn_0 does not run" in refused(kernel, "%codex stop turn_0")
        assert said(kernel, f"%codex stop {first}") == f"Stopping {first}.\n"
        assert evaluated(kernel, "(await one.ended()).status, two.done") == "('interrupted', False)"

    @pytest.mark.parametrize("line", ["approve", "deny", "answer red", "steer on", "stop"])
    def test_with_nothing_there_it_is_one_clear_error_that_tells_of_prompts(
        self, kernel: Kernel, model: offline.ScriptedModel, line: str
    ) -> None:
        before = len(model.requests)
        assert "%codex -- " in refused(kernel, f"%codex {line}")
        assert len(model.requests) == before

    def test_what_begins_with_such_a_word_is_still_a_prompt(
        self, kernel: Kernel, model: offline.ScriptedModel
    ) -> None:
        for line in ("stop the server", "-- stop", "status of the build?"):
            before = len(model.requests)
            assert kernel.run(f"%codex {line}").status == "ok"
            # A turn that a test before this one stopped may still say a last word.
            said = [request.user_message for request in model.requests[before:]]
            assert line.removeprefix("-- ") in said

    def test_over_exec_a_turn_can_be_stopped_and_not_steered(self, shared: Kernel) -> None:
        shared.run("usual = session_of(get_ipython()).codex")
        shared.run(OVER["exec"])
        shared.run("%codex --bg --new -o running sleep long")
        shared.run("while running.state.status == 'pending':\n    await asyncio.sleep(0.01)")
        assert "`codex exec` cannot do this" in refused(shared, "%codex steer on")
        said(shared, "%codex stop")
        assert evaluated(shared, "(await running.ended()).status") == "'interrupted'"
        shared.run("from codex_notebook import Codex")
        shared.run("session_of(get_ipython()).codex = Codex(usual.options)")
