"""What is done to a turn while it runs, over the real CLI: steered, stopped, given tools."""

from __future__ import annotations

import asyncio
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import BaseModel

from codex_notebook import (
    AppServerError,
    Codex,
    InvalidOptionError,
    RunningTurn,
    Thread,
    Turn,
    TurnInterruptedError,
    UnsupportedError,
    offline,
)
from codex_notebook.core.events import ItemDeltaEvent, ItemStartedEvent
from codex_notebook.core.items import (
    CommandExecutionItem,
    ToolCallItem,
    UserMessageItem,
)
from codex_notebook.offline import command, pause, text, tool, turn
from tests.processes import descendants, eventually, runs

pytestmark = pytest.mark.cli

# The smallest picture there is.
PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg"
    "=="
)

# The agent looks for it no longer than this, and goes on without.
LEFT = {"cmd": "until [ -e go ]; do sleep 0.02; done; echo late", "yield_time_ms": 250}

SCENARIO = [
    turn(tool("exec_command", {**LEFT, "login": False}), text("Left it."), when="leave"),
    turn(command("until [ -e go ]; do sleep 0.02; done"), text("never"), when="listen"),
    turn(text("Listening."), pause(until="at once"), command("true"), when="at once"),
    turn(text("As you say."), when="rather"),
    turn(text("Begun."), command("echo here; sleep 600"), text("never"), when="sleep"),
    turn(command("trap '' INT TERM HUP; sleep 601 & wait"), text("never"), when="stubborn"),
    turn(text("Half of it."), pause(until="never"), text("never"), when="wait"),
    turn(text("Working."), pause(until="beside"), text("Done."), when="beside"),
    turn(tool("add", {"a": 1, "b": 2}), text("Added."), when="add"),
    turn(tool("add", {"a": "one"}), text("Tried."), when="wrongly"),
    turn(tool("later", {"row": {"name": "x"}}), text("Waited."), when="later"),
    turn(tool("picture"), text("Seen."), when="picture"),
    turn(tool("broken"), text("Failed."), when="broken"),
    turn(tool("stuck"), text("never"), when="stuck"),
    turn(text("Hello."), when="."),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


def thread_in(codex: Codex, folder: Path, **options: Any) -> Thread:
    return codex.start_thread(working_directory=folder, skip_git_repo_check=True, **options)


async def said(running: RunningTurn, words: str) -> None:
    """Wait until the agent has said something."""
    async for event in running.events():
        if isinstance(event, ItemDeltaEvent) and words in event.delta:
            return
    raise AssertionError(f"It did not say {words!r}.")


async def until_it_runs(running: RunningTurn) -> None:
    """Wait until the turn has a command."""
    async for event in running.events():
        if isinstance(event, ItemStartedEvent) and event.item.type == "command_execution":
            return
    raise AssertionError("It ran nothing.")


# ---- steering --------------------------------------------------------------------------------


def test_what_is_said_while_a_turn_runs_reaches_the_agent_with_its_next_step(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def steered() -> Turn:
        running = await thread_in(codex, tmp_path).start("listen")
        await until_it_runs(running)
        await running.steer(["rather", "do this", PIXEL])
        (tmp_path / "go").touch()
        return await running

    done = asyncio.run(steered())
    kinds = [item.type for item in done.items]
    assert kinds == ["command_execution", "user_message", "agent_message"]
    assert isinstance(done.items[1], UserMessageItem)
    assert done.items[1].text == "rather\n\ndo this"
    assert done.final_response == "As you say."
    assert model.requests[-1].user_message == "rather\n\ndo this"
    assert "data:image/png;base64," in str(model.requests[-1].body["input"])


def test_a_turn_can_be_steered_as_soon_as_it_is_started(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def steered() -> Turn:
        running = await thread_in(codex, tmp_path).start("at once")
        await running.steer("rather this")
        model.release("at once")
        return await running

    assert asyncio.run(steered()).final_response == "As you say."


def test_a_turn_that_is_over_takes_no_more_input(codex: Codex, tmp_path: Path) -> None:
    async def too_late() -> None:
        running = await thread_in(codex, tmp_path).start("hello")
        await running
        with pytest.raises(AppServerError, match="over"):
            await running.steer("rather this")

    asyncio.run(too_late())


def test_what_cannot_be_sent_is_refused_and_the_turn_goes_on(codex: Codex, tmp_path: Path) -> None:
    async def wrongly() -> Turn:
        running = await thread_in(codex, tmp_path).start("hello")
        wrong: Any = 3
        with pytest.raises(InvalidOptionError):
            await running.steer(wrong)
        return await running

    assert asyncio.run(wrongly()).status == "completed"


def test_over_exec_a_turn_can_only_be_stopped(model: offline.ScriptedModel, tmp_path: Path) -> None:
    async def tried() -> Turn:
        running = await thread_in(Codex(model.options), tmp_path).start("wait")
        with pytest.raises(UnsupportedError, match=r"steer.*app-server"):
            await running.steer("rather this")
        with pytest.raises(UnsupportedError, match=r"respond.*app-server"):
            await running.respond("approval_1", "accept")
        with pytest.raises(UnsupportedError, match=r"answer.*app-server"):
            await running.answer("input_1", "blue")
        return await running.interrupt()

    assert asyncio.run(tried()).status == "interrupted"


# ---- stopping --------------------------------------------------------------------------------


async def until_it_sleeps(running: RunningTurn, line: str = "sleep 600") -> None:
    """Wait until the command is an item of the turn and a process."""
    await until_it_runs(running)
    assert await asyncio.to_thread(eventually, lambda: runs(line), 10)


def gone(line: str = "sleep 600") -> bool:
    return eventually(lambda: not runs(line))


@pytest.mark.parametrize("sandbox", ["read-only", "workspace-write", "danger-full-access"])
def test_an_interrupt_ends_the_turn_at_once_and_what_it_runs(
    codex: Codex, tmp_path: Path, sandbox: Any
) -> None:
    thread = thread_in(codex, tmp_path, sandbox_mode=sandbox)

    async def interrupted() -> tuple[float, Turn, Turn]:
        running = await thread.start("sleep")
        await until_it_sleeps(running)
        began = time.monotonic()
        stopped = await running.interrupt()
        took = time.monotonic() - began
        with pytest.raises(TurnInterruptedError) as caught:
            await running
        assert caught.value.turn.items == stopped.items
        return took, stopped, await thread.run("hello")

    took, stopped, after = asyncio.run(interrupted())
    assert took < 2
    assert gone()
    assert stopped.final_response == "Begun."
    ran = stopped.items[1]
    assert isinstance(ran, CommandExecutionItem)
    assert ran.status == "failed"
    assert ran.aggregated_output == "here\n"
    assert stopped.state.entries[1].completed
    assert stopped.usage is not None
    assert (after.final_response, after.thread_id) == ("Hello.", stopped.thread_id)


def test_a_command_that_hears_no_signal_is_ended_too(codex: Codex, tmp_path: Path) -> None:
    async def interrupted() -> Turn:
        thread = thread_in(codex, tmp_path, sandbox_mode="danger-full-access")
        running = await thread.start("stubborn")
        await until_it_sleeps(running, "sleep 601")
        return await running.interrupt()

    assert asyncio.run(interrupted()).status == "interrupted"
    assert gone("sleep 601")


def test_who_stops_waiting_by_cancelling_stops_the_turn(codex: Codex, tmp_path: Path) -> None:
    thread = thread_in(codex, tmp_path)

    async def cancelled() -> Turn:
        waiting = asyncio.create_task(thread.run("sleep"))
        assert await asyncio.to_thread(eventually, lambda: runs("sleep 600"), 10)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert thread.last_turn is not None
        return thread.last_turn

    stopped = asyncio.run(cancelled())
    assert gone()
    assert (stopped.status, stopped.final_response) == ("interrupted", "Begun.")
    assert asyncio.run(thread.run("hello")).status == "completed"


def test_an_interrupt_may_come_again_and_spares_the_turns_beside_it(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def interrupted() -> tuple[Turn, Turn]:
        beside = await thread_in(codex, tmp_path).start("beside")
        running = await thread_in(codex, tmp_path).start("sleep")
        await until_it_sleeps(running)
        for _ in range(3):
            running.request_interrupt()
        stopped = await running.interrupt()
        assert await running.interrupt() is stopped
        model.release("beside")
        return stopped, await beside

    stopped, beside = asyncio.run(interrupted())
    assert stopped.status == "interrupted"
    assert beside.final_response == "Done."
    assert gone()


def test_an_interrupt_in_the_middle_of_a_message_keeps_its_half(
    codex: Codex, tmp_path: Path
) -> None:
    async def interrupted() -> Turn:
        running = await thread_in(codex, tmp_path).start("wait")
        await said(running, "Half of it.")
        return await running.interrupt()

    assert asyncio.run(interrupted()).final_response == "Half of it."


def test_a_command_that_outlives_its_turn_is_none_of_the_next_ones(
    codex: Codex, tmp_path: Path
) -> None:
    thread = thread_in(codex, tmp_path, sandbox_mode="workspace-write")

    async def two_turns() -> tuple[Turn, Turn]:
        first = await thread.run("leave")
        running = await thread.start("wait")
        await said(running, "Half of it.")
        assert looks()
        # Its last words come now.
        (tmp_path / "go").touch()
        assert await asyncio.to_thread(eventually, lambda: not looks())
        return first, await running.interrupt()

    first, second = asyncio.run(two_turns())
    assert [item.type for item in first.items] == ["command_execution", "agent_message"]
    assert [item.type for item in second.items] == ["agent_message"]


def looks() -> bool:
    """Return whether the command runs that looks for its file."""
    for process in descendants():
        with suppress(psutil.NoSuchProcess):
            if LEFT["cmd"] in process.cmdline():
                return True
    return False


@pytest.mark.parametrize("warm", [True, False])
def test_a_turn_that_has_hardly_begun_can_be_stopped(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path, warm: bool
) -> None:
    client = codex if warm else Codex(model.options, transport="app-server")
    thread = thread_in(client, tmp_path)

    async def interrupted() -> tuple[Turn, Turn]:
        running = await thread.start("sleep")
        stopped = await running.interrupt()
        after = await thread.run("hello")
        if not warm:
            await client.close()
        return stopped, after

    stopped, after = asyncio.run(interrupted())
    assert stopped.status == "interrupted"
    assert after.final_response == "Hello."
    assert gone()


def test_a_turn_that_waits_for_the_one_before_is_stopped_without_having_begun(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    thread = thread_in(codex, tmp_path)

    async def interrupted() -> tuple[Turn, Turn]:
        running = await thread.start("wait")
        await said(running, "Half of it.")
        before = len(model.requests)
        queued = await thread.start("hello")
        stopped = await queued.interrupt()
        assert len(model.requests) == before
        assert not running.done
        with pytest.raises(AppServerError, match="never began"):
            await queued.steer("rather this")
        return stopped, await running.interrupt()

    queued, running = asyncio.run(interrupted())
    assert queued.items == ()
    assert running.final_response == "Half of it."


def test_many_turns_are_stopped_together_and_the_client_goes_on(
    codex: Codex, tmp_path: Path
) -> None:
    async def interrupted() -> list[Turn]:
        turns = [await thread_in(codex, tmp_path).start("wait") for _ in range(12)]
        await asyncio.gather(*(said(running, "Half of it.") for running in turns))
        return await asyncio.gather(*(running.interrupt() for running in turns))

    assert {stopped.status for stopped in asyncio.run(interrupted())} == {"interrupted"}
    assert asyncio.run(thread_in(codex, tmp_path).run("hello")).status == "completed"


# ---- tools -----------------------------------------------------------------------------------


class Row(BaseModel):
    name: str
    n: int = 3


def add(a: int, b: int) -> int:
    """Add two numbers."""
    called_on.append(threading.current_thread())
    return a + b


async def later(row: Row) -> dict[str, Any]:
    called_on.append(asyncio.get_running_loop())
    await asyncio.sleep(0)
    return {"name": row.name, "n": row.n}


def picture() -> bytes:
    return PIXEL


def broken() -> None:
    raise LookupError("no such row")


called_on: list[object] = []
TOOLS = [add, later, picture, broken]


def call_of(done: Turn) -> ToolCallItem:
    (call,) = [item for item in done.items if isinstance(item, ToolCallItem)]
    return call


def seen(model: offline.ScriptedModel) -> str:
    """Return what the agent got to see of a tool."""
    outputs = [item["output"] for item in model.requests[-1].body["input"] if "output" in item]
    return str(outputs[-1])


def test_a_function_is_called_by_the_agent_off_the_loop(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    done = asyncio.run(thread_in(codex, tmp_path, tools=TOOLS).run("add"))
    call = call_of(done)
    assert (call.tool, call.arguments, call.success) == ("add", {"a": 1, "b": 2}, True)
    assert (call.status, call.content) == ("completed", ({"type": "inputText", "text": "3"},))
    assert seen(model) == "3"
    assert called_on.pop() is not threading.current_thread()
    (offered,) = [one for one in model.requests[-1].body["tools"] if one.get("name") == "add"]
    assert offered["description"] == "Add two numbers."
    assert offered["parameters"]["required"] == ["a", "b"]


def test_an_async_function_runs_on_the_loop_that_started_the_turn(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def called() -> Turn:
        done = await thread_in(codex, tmp_path, tools=TOOLS).run("later")
        assert called_on.pop() is asyncio.get_running_loop()
        return done

    done = asyncio.run(called())
    assert done.final_response == "Waited."
    assert seen(model) == '{"name": "x", "n": 3}'


def test_the_agent_sees_a_picture(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    asyncio.run(thread_in(codex, tmp_path, tools=TOOLS).run("picture"))
    assert "'type': 'input_image'" in seen(model)
    assert "data:image/png;base64,iVBOR" in seen(model)


@pytest.mark.parametrize(
    ("prompt", "told"),
    [("broken", "LookupError: no such row"), ("wrongly", "b: Field required")],
)
def test_the_agent_is_told_why_a_call_failed_and_goes_on(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path, prompt: str, told: str
) -> None:
    done = asyncio.run(thread_in(codex, tmp_path, tools=TOOLS).run(prompt))
    call = call_of(done)
    assert (call.success, call.status, done.status) == (False, "failed", "completed")
    assert told in seen(model)


def test_an_interrupt_cancels_the_tool_that_runs(codex: Codex, tmp_path: Path) -> None:
    entered, left = asyncio.Event(), threading.Event()

    async def stuck() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    async def interrupted() -> Turn:
        running = await thread_in(codex, tmp_path, tools=[stuck]).start("stuck")
        await asyncio.wait_for(entered.wait(), 10)
        return await running.interrupt()

    stopped = asyncio.run(interrupted())
    assert stopped.status == "interrupted"
    assert left.wait(5)


def test_a_resumed_thread_keeps_its_tools_and_says_so_where_they_differ(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def resumed() -> list[Turn]:
        async with Codex(model.options, transport="app-server") as first:
            begun = await thread_in(first, tmp_path, tools=[add, broken]).run("hello")
        options: Any = {"working_directory": tmp_path, "skip_git_repo_check": True}
        async with Codex(model.options, transport="app-server", tools=[later, broken]) as second:
            thread = second.resume_thread(begun.thread_id, options)
            return [await thread.run("broken"), await thread.run("add")]

    known, unknown = asyncio.run(resumed())
    assert call_of(known).status == "failed"
    (notice,) = known.state.notices
    assert "takes tools only for a new thread" in notice
    assert "begun with add, broken" in notice
    assert "cannot call later" in notice
    assert "still believes in add" in notice
    assert unknown.state.notices == ()
    assert call_of(unknown).success is False
    assert "The tool add is not available" in seen(model)


def test_a_resumed_thread_with_the_same_tools_says_nothing(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def resumed() -> Turn:
        async with Codex(model.options, transport="app-server", tools=[add]) as first:
            begun = await thread_in(first, tmp_path).run("hello")
        async with Codex(model.options, transport="app-server", tools=[add]) as second:
            options: Any = {"working_directory": tmp_path, "skip_git_repo_check": True}
            return await second.resume_thread(begun.thread_id, options).run("add")

    done = asyncio.run(resumed())
    assert (call_of(done).success, done.state.notices) == (True, ())


def test_over_exec_there_are_no_tools_and_no_context(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    before = len(model.requests)
    for client, options in (
        (Codex(model.options, tools=[add]), {}),
        (Codex(model.options), {"tools": [add]}),
    ):
        with pytest.raises(UnsupportedError, match=r"tools.*app-server"):
            asyncio.run(thread_in(client, tmp_path, **options).run("add"))
    with pytest.raises(UnsupportedError, match=r"additional_context.*app-server"):
        asyncio.run(
            thread_in(Codex(model.options), tmp_path).run("hello", additional_context={"a": "b"})
        )
    assert len(model.requests) == before


# ---- context ---------------------------------------------------------------------------------


def test_what_surrounds_the_user_reaches_the_model_beside_the_prompt(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    thread = thread_in(codex, tmp_path)
    context = {"variables": "df: DataFrame of 3 rows", "cell": "In [3]"}
    asyncio.run(thread.run("hello", additional_context=context))
    told = str(model.requests[-1].body["input"])
    assert "<external_variables>df: DataFrame of 3 rows</external_variables>" in told
    assert "<external_cell>In [3]</external_cell>" in told
    assert model.requests[-1].user_message == "hello"
