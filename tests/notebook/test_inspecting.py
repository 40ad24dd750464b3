"""Inspecting turns in a real kernel: what is listed, opened, searched, copied and forked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import Codex, Thread, Turn, offline
from codex_notebook.core import viewing
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.errors import InvalidOptionError, UnsupportedError
from codex_notebook.notebook.inspecting import Inspector, inspect_session
from codex_notebook.notebook.session import Session
from codex_notebook.offline import command, text, turn
from tests.notebook.kernel import WIDGET_VIEW, Kernel, Outputs, running_kernel

kernels = [pytest.mark.kernel, pytest.mark.cli]

SCENARIO = [
    turn(text("Begun."), command("sleep 600"), text("never said"), when="sleep long"),
    turn(command("echo needle"), text("Looked."), when="look"),
    turn(text("Hello."), when="."),
]

SET_UP = """
from codex_notebook import Codex
from codex_notebook.notebook.magics import session_of
session = session_of(get_ipython())
session.codex = Codex(transport="{}")
thread = session.codex.start_thread(sandbox_mode="read-only", skip_git_repo_check=True)
session.thread = thread
"""


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def kernel(model: offline.ScriptedModel, tmp_path: Path) -> Iterator[Kernel]:
    with running_kernel({**os.environ, **model.env}, tmp_path) as kernel:
        yield kernel


class Page:
    """The front end of the one inspector that a cell shows."""

    def __init__(self, kernel: Kernel, cell: Outputs) -> None:
        self.kernel = kernel
        self.cell = cell
        (self.name,) = cell.panels
        self._ref = 0
        kernel.click(self.name, op="hello")

    @property
    def heard(self) -> list[dict[str, Any]]:
        messages = [m["content"]["data"] for m in self.kernel.comms[self.name]]
        return [m["content"] for m in messages if m.get("method") == "custom"]

    @property
    def listed(self) -> list[dict[str, Any]]:
        return [m for m in self.heard if m["op"] == "turns"]

    def turns(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many turns are listed, and all has been read."""
        self.kernel.until(
            lambda: (
                bool(self.listed)
                and len(self.listed[-1]["turns"]) == count
                and not self.listed[-1]["reading"]
            )
        )
        found: list[dict[str, Any]] = self.listed[-1]["turns"]
        return found

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Ask for something and wait for the reply."""
        self._ref += 1
        ref = self._ref
        self.kernel.click(self.name, op=op, ref=ref, **fields)

        def replies() -> list[dict[str, Any]]:
            return [m for m in self.heard if m["op"] == "reply" and m["ref"] == ref]

        self.kernel.until(lambda: bool(replies()))
        return replies()[0]


def begun(kernel: Kernel, transport: str, *prompts: str) -> None:
    assert kernel.run(SET_UP.format(transport)).status == "ok"
    for prompt in prompts:
        assert kernel.run(f"turn = thread.run_sync({prompt!r})").status == "ok"


class TestInAKernel:
    pytestmark = kernels

    def test_the_turns_of_a_thread_are_listed_opened_searched_and_copied(
        self, kernel: Kernel
    ) -> None:
        begun(kernel, "app-server", "look", "hi")
        page = Page(kernel, kernel.run("thread.inspect()"))
        first, second = page.turns(2)
        assert [first["prompt"], first["status"], first["counts"]] == [
            *("look", "completed"),
            {"command": 1, "message": 1},
        ]
        assert first["usage"]["input_tokens"] > 0
        opened = page.ask("turn", key=first["key"])
        assert opened["error"] is None
        assert [card["kind"] for card in opened["view"]["cards"]] == ["command", "message"]
        assert page.ask("search", text="NEEDLE look")["keys"] == [first["key"]]
        assert page.ask("search", text="hello")["keys"] == [second["key"]]
        assert "Looked." in page.ask("markdown", key=first["key"])["text"]
        assert "not in the list" in page.ask("turn", key="nonsense")["error"]

    def test_a_fork_is_where_the_user_finds_it(self, kernel: Kernel) -> None:
        begun(kernel, "app-server", "look", "hi", "ho")
        page = Page(kernel, kernel.run("inspector = thread.inspect()\ninspector"))
        key = page.turns(3)[0]["key"]
        assert page.ask("fork", key=key)["error"] is None
        kernel.until(lambda: page.listed[-1]["note"] is not None)
        assert "ends with turn 1" in page.listed[-1]["note"]
        assert "`forks`" in page.listed[-1]["note"]
        shown = kernel.run(
            "[len(await fork.read()) for fork in inspector.forks], session.thread is thread"
        )
        assert shown.result == {"text/plain": "([1], True)"}

    def test_the_notebook_goes_on_with_a_fork_of_its_own_thread(self, kernel: Kernel) -> None:
        begun(kernel, "app-server", "look", "hi")
        page = Page(kernel, kernel.run("inspector = %codex inspect\ninspector"))
        key = page.turns(2)[0]["key"]
        assert page.ask("fork", key=key)["error"] is None
        kernel.until(lambda: page.listed[-1]["note"] is not None)
        assert "%%codex" in page.listed[-1]["note"]
        assert kernel.run("session.thread is inspector.forks[0]").result == {"text/plain": "True"}

    def test_exec_forks_at_the_end_and_says_that_it_cannot_elsewhere(self, kernel: Kernel) -> None:
        begun(kernel, "exec", "look", "hi")
        page = Page(kernel, kernel.run("inspector = thread.inspect()\ninspector"))
        first, last = page.turns(2)
        assert "app-server" in page.ask("fork", key=first["key"])["error"]
        assert page.ask("fork", key=last["key"])["error"] is None
        shown = kernel.run("[len(await fork.read()) for fork in inspector.forks]")
        assert shown.result == {"text/plain": "[2]"}

    def test_a_turn_that_begins_later_is_listed_followed_and_stopped(self, kernel: Kernel) -> None:
        begun(kernel, "app-server", "hi")
        page = Page(kernel, kernel.run("thread.inspect()"))
        page.turns(1)
        assert kernel.run("running = thread.start_nowait('sleep long')").status == "ok"
        running = page.turns(2)[-1]
        assert (running["live"], running["forks"]) == (True, False)
        key = running["key"]
        assert page.ask("turn", key=key)["view"]["header"]["prompt"] == "sleep long"

        def frames() -> str:
            return str([m for m in page.heard if m.get("key") == key and m["op"] == "frame"])

        # It may have said so before it was opened, so it is asked for as a whole.
        kernel.click(page.name, op="resync", key=key, have=0)
        kernel.until(lambda: "sleep 600" in frames() + str(page.heard))
        kernel.click(page.name, op="interrupt", key=key)
        kernel.until(lambda: page.listed[-1]["turns"][-1]["status"] == "interrupted")
        assert page.listed[-1]["turns"][-1]["key"] == key
        assert "interrupted" in frames()

    def test_after_a_restart_the_history_is_there(
        self, model: offline.ScriptedModel, kernel: Kernel, tmp_path: Path
    ) -> None:
        begun(kernel, "app-server", "look", "hi")
        name = kernel.run("print(thread.id)").stream.strip()
        kernel.manager.shutdown_kernel(now=True)
        with running_kernel({**os.environ, **model.env}, tmp_path) as again:
            cell = again.run(
                "from codex_notebook import Codex\n"
                f"Codex(transport='app-server').resume_thread('{name}').inspect()"
            )
            page = Page(again, cell)
            first, second = page.turns(2)
            assert [first["prompt"], second["prompt"]] == ["look", "hi"]
            assert first["usage"] is None
            cards = page.ask("turn", key=first["key"])["view"]["cards"]
            assert cards[0]["command"] == "echo needle"

    def test_what_cannot_be_read_is_said_in_words(self, kernel: Kernel) -> None:
        begun(kernel, "app-server")
        unknown = "01a2048e-fb92-7212-b87d-f21b77426a7d"
        page = Page(kernel, kernel.run(f"session.codex.resume_thread('{unknown}').inspect()"))
        kernel.until(lambda: bool(page.listed) and page.listed[-1]["error"] is not None)
        assert page.listed[-1]["turns"] == []
        assert not page.listed[-1]["reading"]
        # Asked again, it is read again.
        heard = len(page.listed)
        kernel.click(page.name, op="turns")
        kernel.until(lambda: len(page.listed) > heard)

    def test_beside_the_widget_there_is_a_table_and_it_stays_when_it_is_closed(
        self, kernel: Kernel
    ) -> None:
        begun(kernel, "app-server", "look")
        cell = kernel.run("inspector = thread.inspect()\ninspector")
        Page(kernel, cell).turns(1)
        (shown,) = cell.displays.values()
        assert {WIDGET_VIEW, "text/html", "text/markdown", "text/plain"} == shown.keys()
        kernel.run("inspector.close()")
        (left,) = cell.displays.values()
        assert {"text/html", "text/markdown", "text/plain"} == left.keys()
        assert "look" in left["text/plain"]

    def test_a_run_without_anybody_waits_for_the_list_and_gets_no_widget(
        self, kernel: Kernel
    ) -> None:
        begun(kernel, "app-server", "look")
        kernel.run("get_ipython().kernel._allow_stdin")
        before = set(kernel.comms)
        code = "get_ipython().kernel._allow_stdin = False\nthread.inspect()"
        cell = kernel.run(code)
        assert cell.panels == []
        assert "look" in cell.texts[0]
        assert set(kernel.comms) == before

    def test_one_turn_is_inspected_alone(self, kernel: Kernel) -> None:
        begun(kernel, "app-server", "look")
        page = Page(kernel, kernel.run("turn.inspect()"))
        (only,) = page.turns(1)
        assert not only["forks"]
        assert len(page.ask("turn", key=only["key"])["view"]["cards"]) == 2
        assert "thread" in page.ask("fork", key=only["key"])["error"]

    @pytest.mark.parametrize("code", ["running", "await running"])
    def test_a_panel_is_had_by_the_python_api(self, kernel: Kernel, code: str) -> None:
        begun(kernel, "app-server")
        kernel.run("running = thread.start_nowait('hi')")
        cell = kernel.run(f"panel = session.codex.panel({code})\nrunning.outcome()\npanel")
        assert cell.result is not None
        assert WIDGET_VIEW in cell.result
        name = cell.result[WIDGET_VIEW]["model_id"]
        kernel.click(name, op="hello")
        kernel.until(lambda: "Hello." in str(kernel.comms[name]))


def test_a_notebook_without_a_turn_has_nothing_to_inspect() -> None:
    with pytest.raises(InvalidOptionError, match="no turn yet"):
        inspect_session(Session())


def test_a_thread_without_a_turn_starts_no_process() -> None:
    thread: Thread = Codex(codex_path_override="/no/such/cli").start_thread()
    inspector = thread.inspect()
    assert isinstance(inspector, Inspector)
    assert "without a turn" in repr(inspector)
    inspector.close()


def test_in_a_terminal_the_list_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    turn = Turn(TurnState(request=TurnRequest(prompt="look"), status="completed"))
    view = turn.inspect()
    assert isinstance(view, Inspector)
    view._ipython_display_()
    assert "1. look" in capsys.readouterr().out


def test_where_nobody_shows_anything_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "_load", None)
    with pytest.raises(UnsupportedError, match="Import codex_notebook"):
        Turn(TurnState()).inspect()


def test_what_shows_things_is_loaded_when_it_is_asked_for() -> None:
    script = (
        "import sys, codex_notebook\n"
        "from codex_notebook.core.turn import Turn\n"
        "from codex_notebook.core.state import TurnState\n"
        "assert not {'anywidget', 'IPython'} & sys.modules.keys()\n"
        "Turn(TurnState()).inspect()\n"
        "assert 'anywidget' not in sys.modules, 'no widget before it is shown'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
