"""Sub-agents over the real CLI: what they ask reaches the turn above them, and end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import Approval, Codex, Turn, offline
from codex_notebook.offline import command, patch, pause, text, tool, turn
from codex_notebook.offline.steps import Step
from tests.processes import eventually, runs

pytestmark = pytest.mark.cli

# The names of the tool that starts one, in the two ways in which the CLI has them.
NAMESPACES = {"multi_agent_v1": {}, "collaboration": {"enable": ["multi_agent_v2"]}}

ESCAPE = {"cmd": "touch escaped", "login": False, "sandbox_permissions": "require_escalated"}


def spawn(task: str, namespace: str) -> Step:
    return tool("spawn_agent", {"message": task, "task_name": "kid"}, namespace)


SCENARIO = [
    turn(
        tool("exec_command", {**ESCAPE, "justification": "Because."}),
        patch("*** Begin Patch\n*** Add File: new.txt\n+new\n*** End Patch"),
        text("Went on."),
        when="please leave",
    ),
    turn(command("sleep 605"), text("never"), when="please sleep"),
    *(
        turn(
            spawn(f"please {task}", space),
            pause(until=f"{task} {space}"),
            text("Done."),
            when=f"{task} {space}",
        )
        for task in ("leave", "sleep")
        for space in NAMESPACES
    ),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_what_a_sub_agent_asks_the_handler_of_its_turn_decides(
    model: offline.ScriptedModel, tmp_path: Path, namespace: str
) -> None:
    asked: list[Approval] = []

    def handler(approval: Approval) -> bool:
        asked.append(approval)
        if approval.kind == "file_change":
            model.release(f"leave {namespace}")
        return approval.kind == "file_change"

    async def spawned() -> Turn:
        async with Codex(model.options, transport="app-server", approvals=handler) as codex:
            options: dict[str, Any] = {"skip_git_repo_check": True, **NAMESPACES[namespace]}
            thread = codex.start_thread(working_directory=tmp_path, **options)
            done = await thread.run(f"leave {namespace}")
            assert await asyncio.to_thread(eventually, (tmp_path / "new.txt").exists)
            return done

    done = asyncio.run(spawned())
    ran, changed = asked
    assert ran.command == "/bin/bash -c 'touch escaped'"
    assert ran.thread_id not in (None, done.thread_id)
    # Nobody can decide on a change that is not shown.
    assert [(change.path, change.diff) for change in changed.changes] == [
        (str(tmp_path / "new.txt"), "@@ -0,0 +1 @@\n+new")
    ]
    assert [kept.decision for kept in done.state.approvals] == ["decline", "accept"]
    assert not (tmp_path / "escaped").exists()


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_an_interrupt_ends_the_commands_of_sub_agents_too(
    model: offline.ScriptedModel, tmp_path: Path, namespace: str
) -> None:
    async def interrupted() -> Turn:
        async with Codex(model.options, transport="app-server") as codex:
            options: dict[str, Any] = {"skip_git_repo_check": True, **NAMESPACES[namespace]}
            thread = codex.start_thread(
                working_directory=tmp_path, sandbox_mode="danger-full-access", **options
            )
            running = await thread.start(f"sleep {namespace}")
            assert await asyncio.to_thread(eventually, lambda: runs("sleep 605"), 10)
            stopped = await running.interrupt()
            assert await asyncio.to_thread(eventually, lambda: not runs("sleep 605"), 2)
            return stopped

    assert asyncio.run(interrupted()).status == "interrupted"
