"""What a conversation remembers of the turns that this process has run, over the real CLI."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import Codex, Thread, Turn, TurnError, offline
from codex_notebook.client import seen as seen_module
from codex_notebook.client.seen import SeenTurns
from codex_notebook.core.merged import merged
from codex_notebook.offline import command, fail, text, turn

pytestmark = pytest.mark.cli

SCENARIO = [
    turn(text("Begun."), command("sleep 600"), when="sleep long"),
    turn(fail("No."), when="fail"),
    turn(text("Hello."), when="."),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture(params=["exec", "app-server"])
def codex(request: pytest.FixtureRequest, model: offline.ScriptedModel) -> Iterator[Codex]:
    codex = Codex(model.options, transport=request.param)
    yield codex
    asyncio.run(codex.close())


def seen_of(thread: Thread) -> SeenTurns:
    return thread._conversation.seen


async def had(thread: Thread, *prompts: str) -> list[Turn]:
    turns = []
    for prompt in prompts:
        try:
            turns.append(await thread.run(prompt))
        except TurnError as error:
            turns.append(error.turn)
    return turns


def thread_of(codex: Codex, folder: Path) -> Thread:
    return codex.start_thread(working_directory=folder, skip_git_repo_check=True)


def test_what_was_seen_and_what_was_kept_are_the_same_turns(codex: Codex, tmp_path: Path) -> None:
    async def told() -> tuple[list[Turn], list[Any]]:
        thread = thread_of(codex, tmp_path)
        turns = await had(thread, "one", "one", "fail", "two")
        return turns, merged(await thread.read(), seen_of(thread).turns)

    turns, whole = asyncio.run(told())
    assert [seen.turn for _, seen in whole] == turns
    assert None not in [kept for kept, _ in whole]


def test_a_turn_that_runs_is_told_of_at_once_and_read_without_waiting(
    codex: Codex, tmp_path: Path
) -> None:
    async def told() -> tuple[list[Turn], list[Any], Turn, list[Any]]:
        thread = thread_of(codex, tmp_path)
        changes = []
        await had(thread, "one")
        seen_of(thread).listen(lambda: changes.append(len(seen_of(thread).turns)))
        running = await thread.start("sleep long")
        async for event in running.events():
            if event.type == "item.started":
                break
        # Behind the turn this would wait for ever.
        kept = await asyncio.wait_for(thread.read(now=True), 30)
        now = [seen.turn for seen in seen_of(thread).turns]
        assert now[-1] is running
        stopped = await running.interrupt()
        return kept, changes, stopped, [seen.turn for seen in seen_of(thread).turns]

    kept, changes, stopped, turns = asyncio.run(told())
    assert kept[0].final_response == "Hello."
    assert changes[0] == 2
    assert turns[-1] is stopped


def test_what_never_began_is_no_part_of_it(codex: Codex, tmp_path: Path) -> None:
    async def told() -> list[Any]:
        thread = thread_of(codex, tmp_path)
        first = await thread.start("sleep long")
        async for event in first.events():
            if event.type == "item.started":
                break
        second = await thread.start("one")
        await second.interrupt()
        await first.interrupt()
        return [seen.state.request.prompt for seen in seen_of(thread).turns]

    assert asyncio.run(told()) == ["sleep long"]


def test_only_the_latest_are_held(
    codex: Codex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_module, "LATEST", 2)

    async def told() -> list[Any]:
        thread = thread_of(codex, tmp_path)
        await had(thread, "one", "two", "three")
        return [seen.state.request.prompt for seen in seen_of(thread).turns]

    assert asyncio.run(told()) == ["two", "three"]


def test_what_was_taken_back_is_forgotten(model: offline.ScriptedModel, tmp_path: Path) -> None:
    async def told() -> tuple[list[Any], list[Turn]]:
        async with Codex(model.options, transport="app-server") as codex:
            thread = thread_of(codex, tmp_path)
            turns = await had(thread, "one", "two", "three")
            await thread.revert(before_turn=turns[1])
            return [seen.turn for seen in seen_of(thread).turns], turns

    held, turns = asyncio.run(told())
    assert held == turns[:1]
