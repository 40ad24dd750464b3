"""The live transport over the real CLI: what streams, what a thread is told, how a server ends."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from codex_notebook import (
    Codex,
    CodexExecError,
    InvalidOptionError,
    RunningTurn,
    Thread,
    Turn,
    offline,
)
from codex_notebook.core.events import (
    DiffUpdatedEvent,
    Event,
    ItemDeltaEvent,
    ItemStartedEvent,
    UsageUpdatedEvent,
)
from codex_notebook.core.items import (
    AgentMessageItem,
    CommandExecutionItem,
    ErrorItem,
    ReasoningItem,
    TodoListItem,
)
from codex_notebook.offline import command, fail, patch, pause, plan, reasoning, text, turn
from tests.processes import alive, descendants, eventually

pytestmark = pytest.mark.cli

SERVER = Path(__file__).with_name("mcp_server.py")
KEY = "sk-kept-in-memory"

# What a command says at once may be lost as a delta, and is in the completed item.
TICKING = "echo first; until [ -e go ]; do echo tick; sleep 0.02; done; echo last"

FIRST_PATCH = """*** Begin Patch
*** Add File: new.txt
+new
*** End Patch"""

SECOND_PATCH = """*** Begin Patch
*** Update File: new.txt
@@
-new
+newer
*** End Patch"""

SCENARIO = [
    turn(reasoning("**Hm**\n\nI see.", chunk=4), text("All done.", chunk=3), when="think"),
    turn(command(TICKING), text("Done."), when="tick"),
    turn(
        plan(("a", "in_progress"), ("b", "pending")),
        plan(("a", "completed"), ("b", "pending")),
        text("Planned."),
        when="plan",
    ),
    turn(patch(FIRST_PATCH), patch(SECOND_PATCH), text("Patched."), when="patch"),
    turn(command("touch written; echo $?"), text("Tried."), when="write"),
    turn(command("env"), text("Listed."), when="environment"),
    turn(text("Begun."), command("echo here; sleep 600"), text("never"), when="sleep"),
    turn(text("Half of it."), pause(until="the dead"), text("never"), when="wait"),
    turn(fail("boom", code="context_length_exceeded"), when="fail"),
    turn(text("Hello."), when="."),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def thread(codex: Codex, tmp_path: Path) -> Thread:
    return thread_in(codex, tmp_path)


def thread_in(codex: Codex, folder: Path, **options: Any) -> Thread:
    options = {"sandbox_mode": "workspace-write", "skip_git_repo_check": True, **options}
    return codex.start_thread(working_directory=folder, **options)


# ---- what streams ----------------------------------------------------------------------------


async def events_of(running: RunningTurn) -> list[Event]:
    return [event async for event in running.events()]


def deltas(events: list[Event], field: str) -> list[str]:
    return [e.delta for e in events if isinstance(e, ItemDeltaEvent) and e.field == field]


def test_messages_and_thoughts_come_word_by_word_and_add_up(thread: Thread) -> None:
    async def streamed() -> tuple[list[Event], Turn]:
        running = await thread.start("think")
        return await events_of(running), await running

    events, done = asyncio.run(streamed())
    thought, said = done.items
    assert isinstance(thought, ReasoningItem)
    assert isinstance(said, AgentMessageItem)
    assert said.text == "All done."
    assert said.phase == "final_answer"
    texts = deltas(events, "text")
    assert texts[-3:] == ["All", " do", "ne."]
    assert "".join(texts[:-3]) == thought.text == "**Hm**\n\nI see."


def test_the_output_of_a_command_is_here_while_it_runs(thread: Thread, tmp_path: Path) -> None:
    async def streamed() -> tuple[str, Turn]:
        running = await thread.start("tick")
        seen = ""
        async for event in running.events():
            if isinstance(event, ItemDeltaEvent) and "tick" not in seen:
                (ran,) = running.state.items
                seen = ran["aggregated_output"]
                if "tick" in seen:
                    (tmp_path / "go").touch()
        return seen, await running

    seen, done = asyncio.run(streamed())
    assert "tick" in seen
    assert "last" not in seen
    ran = done.items[0]
    assert isinstance(ran, CommandExecutionItem)
    first, *ticks, last = ran.aggregated_output.splitlines()
    assert (first, {*ticks}, last) == ("first", {"tick"}, "last")
    assert (ran.exit_code, ran.status, ran.cwd) == (0, "completed", str(tmp_path))
    assert ran.duration_ms is not None


def test_a_plan_is_one_item_that_changes(thread: Thread) -> None:
    async def streamed() -> tuple[list[Event], Turn]:
        running = await thread.start("plan")
        return await events_of(running), await running

    events, done = asyncio.run(streamed())
    kinds = [e.type for e in events if isinstance(getattr(e, "item", None), TodoListItem)]
    assert kinds == ["item.started", "item.updated", "item.completed"]
    planned, _ = done.items
    assert isinstance(planned, TodoListItem)
    assert [(step.text, step.completed) for step in planned.items] == [("a", True), ("b", False)]


def test_the_diff_of_the_whole_turn_grows_with_its_patches(thread: Thread, tmp_path: Path) -> None:
    async def streamed() -> tuple[list[Event], Turn]:
        running = await thread.start("patch")
        return await events_of(running), await running

    events, done = asyncio.run(streamed())
    first, second = [e.diff for e in events if isinstance(e, DiffUpdatedEvent)]
    assert first.startswith("diff --git ")
    assert first.endswith("@@ -0,0 +1 @@\n+new\n")
    assert second.endswith("@@ -0,0 +1 @@\n+newer\n")
    assert done.diff == second
    assert [change["diff"] for item in done.items[:2] for change in item["changes"]] == [
        "@@ -0,0 +1 @@\n+new",
        "@@ -1 +1 @@\n-new\n+newer",
    ]
    assert (tmp_path / "new.txt").read_text() == "newer\n"


def test_tokens_are_counted_as_they_are_spent_with_the_room_there_is(thread: Thread) -> None:
    async def streamed() -> tuple[list[Event], Turn, Turn]:
        await thread.run("hello")
        running = await thread.start("environment")
        return await events_of(running), await running, await thread.run("hello")

    events, done, last = asyncio.run(streamed())
    counted = [e for e in events if isinstance(e, UsageUpdatedEvent)]
    assert [e.thread_usage.input_tokens for e in counted] == [84, 126]
    assert {e.context_tokens for e in counted} == {47}
    assert done.state.context_window is not None
    assert done.state.context_window > 100_000
    assert done.usage is not None
    assert last.usage is not None
    assert (done.usage.input_tokens, last.usage.input_tokens) == (84, 42)
    assert last.thread_usage is not None
    assert last.thread_usage.input_tokens == 168


# ---- what goes wrong, and is said ------------------------------------------------------------


def test_an_mcp_server_that_does_not_start_is_one_notice(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    servers = {
        "works": {"command": sys.executable, "args": [str(SERVER)]},
        "broken": {"command": "/no/such/program"},
    }

    async def two_turns() -> list[Turn]:
        async with Codex(
            model.options, transport="app-server", config=with_mcp(model, servers)
        ) as codex:
            thread = thread_in(codex, tmp_path)
            return [await thread.run("hello"), await thread.run("hello again")]

    first, second = asyncio.run(two_turns())
    (notice,) = first.state.notices
    assert "`broken` failed to start" in notice
    assert "No such file" in notice
    assert second.state.notices == ()


def with_mcp(model: offline.ScriptedModel, servers: dict[str, Any]) -> dict[str, Any]:
    return {**model.config, "mcp_servers": servers}


def test_a_warning_of_the_cli_is_an_item_of_the_turn(codex: Codex, tmp_path: Path) -> None:
    done = asyncio.run(thread_in(codex, tmp_path, enable=["runtime_metrics"]).run("hello"))
    warned, _ = done.items
    assert isinstance(warned, ErrorItem)
    assert "Under-development features enabled: runtime_metrics" in warned.message


def test_a_failure_of_the_models_side_has_its_code(thread: Thread) -> None:
    async def failed() -> Turn:
        running = await thread.start("fail")
        return await running.ended()

    done = asyncio.run(failed())
    assert done.status == "failed"
    assert done.state.error_code == "contextWindowExceeded"


# ---- what a thread is told -------------------------------------------------------------------


def output(done: Turn) -> str:
    (ran,) = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    return ran.aggregated_output


def test_what_a_thread_is_told_may_change_from_turn_to_turn(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    closed = {"sandbox_mode": "read-only", "skip_git_repo_check": True}
    thread = thread_in(codex, tmp_path, **closed)

    async def four_turns() -> list[str]:
        outputs = [output(await thread.run("write, and I am Ada"))]
        thread.options = {**closed, "sandbox_mode": "workspace-write", "working_directory": other}
        outputs.append(output(await thread.run("write")))
        # What was opened once does not stay open.
        thread.options = {**closed, "working_directory": other, "model": "gpt-5.4"}
        outputs.append(output(await thread.run("write")))
        return outputs

    first, second, third = asyncio.run(four_turns())
    assert "Read-only file system" in first
    assert second == "0\n"
    assert "Read-only file system" in third
    assert list(tmp_path.iterdir()) == [other]
    assert list(other.iterdir()) == [other / "written"]
    assert model.requests[-1].model == "gpt-5.4"
    assert "I am Ada" in str(model.requests[-1].body)


def test_a_web_search_is_switched_on_and_off_in_one_thread(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    thread = thread_in(codex, tmp_path, web_search_mode="live")

    async def offers_search() -> bool:
        await thread.run("hello")
        return "web_search" in str(model.requests[-1].body["tools"])

    async def both() -> list[bool]:
        offered = [await offers_search()]
        thread.options = {"skip_git_repo_check": True, "web_search_mode": "disabled"}
        return [*offered, await offers_search()]

    assert asyncio.run(both()) == [True, False]


def test_an_ephemeral_thread_goes_on_and_leaves_nothing(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    thread = thread_in(codex, tmp_path, ephemeral=True)

    async def two_turns() -> list[Turn]:
        return [await thread.run("hello, I am Grace"), await thread.run("hello again")]

    first, second = asyncio.run(two_turns())
    assert first.thread_id == second.thread_id
    assert "I am Grace" in str(model.requests[-1].body)
    assert first.usage == second.usage
    assert first.thread_id is not None
    kept = Path(model.env["CODEX_HOME"]).rglob(f"*{first.thread_id}*")
    assert list(kept) == []


def test_the_options_of_an_ephemeral_thread_cannot_change(codex: Codex, tmp_path: Path) -> None:
    thread = thread_in(codex, tmp_path, ephemeral=True)

    async def changed() -> Turn:
        await thread.run("hello")
        known = thread.options
        thread.options = {**known.model_dump(exclude_unset=True), "sandbox_mode": "read-only"}
        with pytest.raises(InvalidOptionError, match="ephemeral"):
            await thread.run("hello")
        thread.options = known
        return await thread.run("hello")

    assert asyncio.run(changed()).status == "completed"


def test_a_profile_is_read_beneath_what_the_thread_says(
    codex: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    profile = Path(model.env["CODEX_HOME"], "careful.config.toml")
    careful = 'model_reasoning_effort = "low"\nweb_search = "live"'
    profile.write_text(f'{careful}\nsandbox_mode = "danger-full-access"\n')

    def asked(**options: Any) -> tuple[str, bool]:
        thread = thread_in(codex, tmp_path, profile="careful", sandbox_mode="read-only", **options)
        assert "Read-only file system" in output(asyncio.run(thread.run("write")))
        body = model.requests[-1].body
        return body["reasoning"]["effort"], "web_search" in str(body["tools"])

    assert asked() == ("low", True)
    assert asked(model_reasoning_effort="high", web_search_mode="disabled") == ("high", False)


# ---- the server ------------------------------------------------------------------------------


def servers() -> list[psutil.Process]:
    """Return the servers that run, without the guards above them."""
    return [p for p in descendants() if arguments(p)[1:2] == ["app-server"]]


def arguments(process: psutil.Process) -> list[str]:
    with suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


def test_all_threads_of_a_client_share_one_process(codex: Codex, tmp_path: Path) -> None:
    async def together() -> list[Turn]:
        before = servers()
        threads = [thread_in(codex, tmp_path) for _ in range(8)]
        turns = await asyncio.gather(*(thread.run("hello") for thread in threads))
        assert len(servers()) == 1
        assert not before or servers() == before
        return turns

    turns = asyncio.run(together())
    assert {done.final_response for done in turns} == {"Hello."}
    assert len({done.thread_id for done in turns}) == 8


def test_when_the_server_is_killed_its_turns_keep_what_they_had_and_the_next_ones_go_on(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    codex = Codex(model.options, transport="app-server")
    known = servers()
    busy, waiting = thread_in(codex, tmp_path), thread_in(codex, tmp_path)

    async def killed() -> list[Turn]:
        ran, waited = await busy.start("sleep, I am Ada"), await waiting.start("wait")
        async for event in ran.events():
            if isinstance(event, ItemStartedEvent) and event.item.type == "command_execution":
                break
        async for event in waited.events():
            if event.type == "item.delta":
                break
        (server,) = [p for p in servers() if p not in known]
        started = descendants(server.pid)
        server.kill()
        for running in (ran, waited):
            with pytest.raises(
                CodexExecError, match="server of the Codex CLI was ended by SIGKILL"
            ):
                await running
        assert await asyncio.to_thread(eventually, lambda: not any(alive(p.pid) for p in started))
        after = [await busy.run("hello again"), await waiting.run("hello")]
        await codex.close()
        return [await ran.ended(), await waited.ended(), *after]

    ran, waited, *after = asyncio.run(killed())
    assert [item.type for item in ran.items] == ["agent_message", "command_execution"]
    assert waited.final_response == "Half of it."
    assert ran.status == waited.status == "failed"
    assert [done.final_response for done in after] == ["Hello.", "Hello."]
    assert [done.thread_id for done in after] == [ran.thread_id, waited.thread_id]
    assert "I am Ada" in str(model.requests[-2].body)
    assert [p for p in servers() if p not in known] == []


def test_a_server_that_died_between_turns_is_not_noticed(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    known = servers()

    async def two_turns() -> list[Turn]:
        async with Codex(model.options, transport="app-server") as codex:
            thread = thread_in(codex, tmp_path)
            first = await thread.run("hello")
            (server,) = [p for p in servers() if p not in known]
            server.kill()
            # Its end must have been heard of; a turn that begins before that fails with it.
            ours = codex._live._slot.server
            assert await asyncio.to_thread(eventually, lambda: ours is None or not ours.alive)
            return [first, await thread.run("hello")]

    first, second = asyncio.run(two_turns())
    assert second.status == "completed"
    assert first.thread_id == second.thread_id


def test_a_closed_client_starts_anew_with_the_next_turn(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    codex = Codex(model.options, transport="app-server")
    thread = thread_in(codex, tmp_path)

    async def closed_between() -> list[Turn]:
        first = await thread.run("hello")
        await codex.close()
        await codex.close()
        second = await thread.run("hello")
        await codex.close()
        return [first, second]

    first, second = asyncio.run(closed_between())
    assert first.thread_id == second.thread_id


def test_a_client_that_nobody_holds_any_more_takes_its_server_with_it(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    known = servers()
    # It must not take the collector of garbage to notice.
    gc.disable()
    try:
        asyncio.run(thread_in(Codex(model.options, transport="app-server"), tmp_path).run("hello"))
        assert eventually(lambda: [p for p in servers() if p not in known] == [])
    finally:
        gc.enable()


# ---- keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["option", "login"])
def test_a_key_is_in_the_servers_memory_and_nowhere_else(
    model: offline.ScriptedModel, tmp_path: Path, way: str
) -> None:
    # The CLI's own provider, because that one takes a key.
    ours = ("model_provider", "model_providers")
    auth = tmp_path / "home" / "auth.json"
    auth.parent.mkdir()
    auth.write_text(json.dumps({"OPENAI_API_KEY": "sk-of-the-home"}))
    before = auth.read_bytes()
    codex = Codex(
        config={name: value for name, value in model.config.items() if name not in ours},
        env={**model.env, "CODEX_HOME": str(auth.parent)},
        base_url=model.url,
        transport="app-server",
        api_key=KEY if way == "option" else None,
    )
    known = {p.pid for p in descendants()}

    async def logged_in() -> tuple[list[Event], Turn, str]:
        async with codex:
            if way == "login":
                await codex.login(KEY)
            running = await thread_in(codex, tmp_path).start("environment")
            events = await events_of(running)
            started = "".join(map(seen_by_others, [p for p in descendants() if p.pid not in known]))
            account = await codex.account()
            assert account is not None
            assert account.type == "apiKey"
            if way == "login":
                await codex.logout()
                await thread_in(codex, tmp_path).run("hello")
            return events, await running, started

    events, done, started = asyncio.run(logged_in())
    keys = [request.headers.get("authorization") for request in model.requests]
    assert f"Bearer {KEY}" in keys
    assert (keys[-1] == "Bearer sk-of-the-home") is (way == "login")
    assert "app-server" in started
    assert "PATH=" in output(done)
    for place in (started, str(events), repr(done.state), repr(codex)):
        assert KEY not in place
    assert auth.read_bytes() == before
    assert not [file for file in auth.parent.rglob("*") if file.is_file() and holds(file, KEY)]


def seen_by_others(process: psutil.Process) -> str:
    """Return what the system shows of a process."""
    with suppress(psutil.NoSuchProcess):
        return f"{process.cmdline()} {process.environ()}"
    return ""


def holds(file: Path, words: str) -> bool:
    return words.encode() in file.read_bytes()
