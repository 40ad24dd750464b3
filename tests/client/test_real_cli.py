"""The SDK over the real CLI and a scripted model."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from codex_notebook import (
    Codex,
    CodexExecError,
    NotLoggedInError,
    Thread,
    TurnFailedError,
    TurnInterruptedError,
    offline,
)
from codex_notebook.core.items import (
    CommandExecutionItem,
    FileChangeItem,
    ReasoningItem,
    TodoListItem,
)
from codex_notebook.offline import command, http_error, patch, plan, reasoning, text, turn
from tests.processes import descendants, eventually, runs

pytestmark = pytest.mark.cli


class Row(BaseModel):
    name: str
    n: int


PATCH = """*** Begin Patch
*** Update File: a.txt
@@
 one
-two
+TWO
*** Add File: new.txt
+new
*** Delete File: gone.txt
*** End Patch"""

SCENARIO = [
    turn(reasoning("**Hm**"), command("echo out"), text("Done."), when="command"),
    turn(patch(PATCH), text("Patched."), when="patch"),
    turn(plan(("a", "completed"), ("b", "pending")), text("Planned."), when="plan"),
    turn(text({"value": [{"name": "a", "n": 1}]}), when="rows"),
    turn(text("Begun."), command("sleep 600"), text("never"), when="sleep"),
    turn(http_error(401, "Missing bearer authentication"), when="login"),
    turn(text("Hello."), when="hello"),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "gone.txt").write_text("bye\n")
    return tmp_path


@pytest.fixture
def thread(model: offline.ScriptedModel, folder: Path) -> Thread:
    return start_thread(model, folder)


def start_thread(model: offline.ScriptedModel, folder: Path, **options: Any) -> Thread:
    options = {"sandbox_mode": "workspace-write", "skip_git_repo_check": True, **options}
    return Codex(model.options).start_thread(working_directory=folder, **options)


def test_a_turn_has_its_items_its_answer_and_its_usage(thread: Thread) -> None:
    done = asyncio.run(thread.run("command"))
    thought, ran, said = done.items
    assert isinstance(thought, ReasoningItem)
    assert isinstance(ran, CommandExecutionItem)
    assert (ran.aggregated_output, ran.exit_code, ran.status) == ("out\n", 0, "completed")
    assert (said["text"], done.final_response, done.status) == ("Done.", "Done.", "completed")
    assert done.thread_id == thread.id
    assert done.duration is not None


def test_the_usage_of_a_turn_is_its_own_and_not_the_threads(thread: Thread) -> None:
    async def two_turns() -> list[Any]:
        return [await thread.run("hello"), await thread.run("hello again")]

    first, second = asyncio.run(two_turns())
    assert first.usage == second.usage == first.thread_usage
    assert second.thread_usage.input_tokens == 2 * first.usage.input_tokens


def test_a_resumed_thread_remembers_what_was_said(
    thread: Thread, model: offline.ScriptedModel, folder: Path
) -> None:
    first = asyncio.run(thread.run("hello, I am Ada"))
    assert first.thread_id is not None
    again = Codex(model.options).resume_thread(
        first.thread_id, working_directory=folder, skip_git_repo_check=True
    )
    second = asyncio.run(again.run("hello again"))
    assert second.thread_id == first.thread_id
    assert "I am Ada" in str(model.requests[-1].body)
    assert first.usage is not None
    assert second.thread_usage is not None
    assert second.usage == first.usage
    assert second.thread_usage.input_tokens == 2 * first.usage.input_tokens


EXITS_AT_ONCE = """
import asyncio, json, os, sys
from codex_notebook import Codex

options = json.loads(sys.argv[1])
thread = Codex(**options).start_thread(working_directory=sys.argv[2], skip_git_repo_check=True)
turn = asyncio.run(thread.run("hello, I am Grace"))
os.write(1, turn.thread_id.encode())
os._exit(0)
"""


def test_a_program_may_end_as_soon_as_it_has_its_answer(
    model: offline.ScriptedModel, folder: Path
) -> None:
    options = json.dumps({"config": model.config, "env": model.env})
    ran = subprocess.run(
        [sys.executable, "-c", EXITS_AT_ONCE, options, str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    again = Codex(model.options).resume_thread(
        ran.stdout, working_directory=folder, skip_git_repo_check=True
    )
    assert asyncio.run(again.run("hello again")).thread_id == ran.stdout
    assert "I am Grace" in str(model.requests[-1].body)


def test_a_file_change_has_the_diffs_that_the_cli_does_not_give(
    thread: Thread, folder: Path
) -> None:
    done = asyncio.run(thread.run("patch"))
    (change,) = [item for item in done.items if isinstance(item, FileChangeItem)]
    diffs = {Path(c.path).name: (c.kind, c.diff) for c in change.changes}
    assert diffs == {
        "a.txt": ("update", "@@ -1,2 +1,2 @@\n one\n-two\n+TWO"),
        "new.txt": ("add", "@@ -0,0 +1 @@\n+new"),
        "gone.txt": ("delete", "@@ -1 +0,0 @@\n-bye"),
    }
    assert (folder / "a.txt").read_text() == "one\nTWO\n"


def test_the_agents_plan_is_on_by_default(thread: Thread) -> None:
    done = asyncio.run(thread.run("plan"))
    (plan_item,) = [item for item in done.items if isinstance(item, TodoListItem)]
    assert [(step.text, step.completed) for step in plan_item.items] == [("a", True), ("b", False)]


def test_a_type_reaches_the_model_as_a_strict_schema_and_comes_back_as_objects(
    thread: Thread, model: offline.ScriptedModel
) -> None:
    done = asyncio.run(thread.run("rows", output_type=list[Row]))
    assert done.output == [Row(name="a", n=1)]
    assert list(done.to_frame()["n"]) == [1]
    sent = model.requests[-1].body["text"]["format"]
    assert (sent["type"], sent["strict"]) == ("json_schema", True)
    assert sent["schema"]["properties"]["value"]["type"] == "array"


@pytest.mark.parametrize("sandbox", ["read-only", "workspace-write", "danger-full-access"])
def test_an_interrupt_leaves_no_process_of_the_agents_in_any_sandbox(
    model: offline.ScriptedModel, folder: Path, sandbox: str
) -> None:
    thread = start_thread(model, folder, sandbox_mode=sandbox)

    async def interrupted() -> str:
        running = await thread.start("sleep")
        assert await asyncio.to_thread(eventually, lambda: runs("sleep 600"), 10)
        stopped = await running.interrupt()
        with pytest.raises(TurnInterruptedError):
            await running.result()
        return stopped.final_response

    assert asyncio.run(interrupted()) == "Begun."
    assert eventually(lambda: descendants() == [])
    assert asyncio.run(thread.run("hello")).final_response == "Hello."


def test_a_folder_without_git_is_refused_with_the_remedy(
    model: offline.ScriptedModel, folder: Path
) -> None:
    thread = start_thread(model, folder, skip_git_repo_check=False)
    with pytest.raises(CodexExecError, match="skip_git_repo_check=True") as caught:
        asyncio.run(thread.run("hello"))
    assert caught.value.exit_code == 1


def test_without_a_login_the_error_says_how_to_log_in(thread: Thread) -> None:
    with pytest.raises(TurnFailedError, match="codex login") as caught:
        asyncio.run(thread.run("login"))
    assert caught.value.turn.status == "failed"


def test_a_cli_that_was_never_logged_in_is_an_error_before_the_turn(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    before = len(model.requests)
    codex = Codex(base_url=model.url, env={"CODEX_HOME": str(tmp_path), "CODEX_API_KEY": ""})
    with pytest.raises(NotLoggedInError, match=r"Run `codex login` .* CODEX_API_KEY"):
        asyncio.run(codex.start_thread(skip_git_repo_check=True).run("hello"))
    assert len(model.requests) == before


def test_a_turn_runs_in_a_loop_that_is_then_closed_and_in_another(thread: Thread) -> None:
    assert asyncio.run(thread.run("hello")).status == "completed"
    assert asyncio.run(thread.run("hello")).status == "completed"


def test_nothing_of_a_turn_is_left_in_the_temporary_folder(
    thread: Thread, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path_factory.mktemp("tmp")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    asyncio.run(thread.run("rows", output_type=list[Row]))
    assert list(temporary.iterdir()) == []
