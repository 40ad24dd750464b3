"""One contract for both transports: every scenario is played on each, and comes to the same.

Over the real CLI and the scripted model. What may differ, and why, is listed in ``contract``; what
the model says is in ``contract_script``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel

from codex_notebook import (
    Codex,
    CodexError,
    CodexExecError,
    InvalidOptionError,
    OutputValidationError,
    Thread,
    ThreadBusyError,
    ThreadNotFoundError,
    Turn,
    TurnFailedError,
    TurnInterruptedError,
    offline,
)
from codex_notebook.client.binary import find_binary
from codex_notebook.client.inputs import MAX_PROMPT
from codex_notebook.client.options import TransportName
from codex_notebook.core.events import (
    Event,
    ItemCompletedEvent,
    ItemDeltaEvent,
    ItemStartedEvent,
)
from codex_notebook.core.items import CommandExecutionItem
from codex_notebook.core.state import Entry, TurnState
from tests.client.comparison import Comparison, Outcome
from tests.client.contract import ALLOWED, UNSAID
from tests.client.contract_script import FILES, MODEL, PIXEL, PROFILES, SCRIPTED, Scripted

E = TypeVar("E", bound=CodexError)

TRANSPORTS: tuple[TransportName, TransportName] = ("exec", "app-server")
# Ids of threads.
SOME = "01a2048e-fb92-7212-b87d-f21b77426a7d"
OTHER = "01a205a4-3795-7650-8e42-9b8e412b8068"
MCP_SERVER = Path(__file__).with_name("scripted_mcp.py")


class Row(BaseModel):
    name: str
    n: int


# ---- playing -----------------------------------------------------------------------------------


class Stage:
    """One transport, on which one scenario is played.

    Attributes
    ----------
    transport : str
        Which one.
    model : ScriptedModel
        What is asked.
    folder : path
        The working directory.
    outcome : Outcome
        What has come of it so far.
    """

    def __init__(
        self, model: offline.ScriptedModel, transport: TransportName, codex: Codex, folder: Path
    ) -> None:
        self.model = model
        self.transport = transport
        self.folder = folder
        self.outcome = Outcome()
        self._codex = codex
        self._options: dict[str, Any] = {
            "working_directory": folder,
            "sandbox_mode": "workspace-write",
            "skip_git_repo_check": True,
        }

    def client(self, transport: TransportName | None = None, **options: Any) -> Codex:
        """Return a client of its own, instead of the one that scenarios share."""
        return Codex(self.model.options, transport=transport or self.transport, **options)

    def start(self, codex: Codex | None = None, **options: Any) -> Thread:
        """Begin a thread."""
        return (codex or self._codex).start_thread(**{**self._options, **options})

    def resume(self, thread: Thread | str, codex: Codex | None = None) -> Thread:
        """Go on with a thread."""
        thread_id = thread if isinstance(thread, str) else thread.id
        return (codex or self._codex).resume_thread(thread_id, **self._options)

    async def turn(self, ending: Awaitable[Turn]) -> Turn:
        """Wait for a turn that ends well."""
        done = await ending
        self.outcome.ends.append((done, None))
        return done

    async def fails(self, ending: Awaitable[Turn], kind: type[E]) -> E:
        """Wait for a turn that does not, or does not even begin."""
        with pytest.raises(kind) as caught:
            await ending
        self.outcome.ends.append((getattr(caught.value, "turn", None), caught.value))
        return caught.value

    async def stopped(
        self, thread: Thread, prompt: str, when: Callable[[Event], bool]
    ) -> TurnState:
        """Run a turn, stop it at an event, and return what it kept."""
        running = await thread.start(prompt)
        async for event in running.events():
            if when(event):
                running.request_interrupt()
        return (await self.fails(running, TurnInterruptedError)).turn.state


Play = Callable[[Stage], Awaitable[object]]
PLAYS: dict[str, Play] = {}


def play(function: Play) -> Play:
    PLAYS[function.__name__.replace("_", " ")] = function
    return function


def _scripted(name: str, scripted: Scripted) -> Play:
    async def played(stage: Stage) -> None:
        running = stage.start(**scripted.options).run(name)
        if scripted.fails:
            done = (await stage.fails(running, TurnFailedError)).turn
        else:
            done = await stage.turn(running)
        if stage.transport == "exec":
            assert " ".join(item.type for item in done.items) == scripted.items
        asked = json.dumps(stage.model.requests[-1].body)
        assert scripted.sees in asked
        assert scripted.misses is None or scripted.misses not in asked

    return played


PLAYS.update({name: _scripted(name, scripted) for name, scripted in SCRIPTED.items()})


@play
async def a_thread_of_several_turns(stage: Stage) -> None:
    thread = stage.start()
    first = await stage.turn(thread.run("a command"))
    assert first.usage == first.thread_usage
    second = await stage.turn(thread.run("a text"))
    assert second.usage is not None
    assert second.usage.input_tokens == 42
    await stage.fails(thread.run("no login"), TurnFailedError)
    await stage.turn(thread.run("a text"))


@play
async def a_thread_whose_options_change(stage: Stage) -> None:
    thread = stage.start(sandbox_mode="read-only")
    await stage.turn(thread.run("a text"))
    thread.options = {**dict(thread.options), "sandbox_mode": "workspace-write"}
    await stage.turn(thread.run("a file updated"))
    assert (stage.folder / "a.txt").read_text() == "one\nTWO\n"


@play
async def a_thread_that_another_client_goes_on_with(stage: Stage) -> None:
    async with stage.client() as codex:
        first = await stage.turn(stage.start(codex).run("a command"))
    async with stage.client() as codex:
        second = await stage.turn(stage.resume(str(first.thread_id), codex).run("a text"))
    assert second.thread_id == first.thread_id
    assert second.usage != second.thread_usage


async def alternately(stage: Stage, order: Sequence[TransportName]) -> None:
    """Have the transports take turns with one thread; over ``exec`` that has all of them."""
    thread_id = None
    for over, prompt in zip(
        order, ("a command", "thoughts and several texts", "no login", "a plan"), strict=True
    ):
        async with stage.client("exec" if stage.transport == "exec" else over) as codex:
            thread = stage.start(codex) if thread_id is None else stage.resume(thread_id, codex)
            if prompt == "no login":
                await stage.fails(thread.run(prompt), TurnFailedError)
            else:
                await stage.turn(thread.run(prompt))
            thread_id = thread.id


@play
async def a_thread_that_goes_back_and_forth_from_exec(stage: Stage) -> None:
    await alternately(stage, TRANSPORTS * 2)


@play
async def a_thread_that_goes_back_and_forth_from_app_server(stage: Stage) -> None:
    await alternately(stage, TRANSPORTS[::-1] * 2)


@play
async def a_thread_and_its_fork(stage: Stage) -> None:
    thread = stage.start()
    await stage.turn(thread.run("a command"))
    fork = await thread.fork()
    assert fork.id != thread.id
    await stage.turn(fork.run("a text"))
    await stage.turn(thread.run("a plan"))


@play
async def a_thread_with_a_name(stage: Stage) -> None:
    async with stage.client() as codex:
        thread = stage.start(codex, model_reasoning_effort="high")
        await stage.turn(thread.run("a text"))
        await thread.set_name("Prices")
        done = await stage.turn(thread.run("a text"))
    assert (done.state.request.thread_name, done.state.request.effort) == ("Prices", "high")


@play
async def a_thread_that_there_is_not(stage: Stage) -> None:
    await stage.fails(stage.resume(SOME).run("a text"), ThreadNotFoundError)


@play
async def a_thread_that_another_process_writes_to(stage: Stage) -> None:
    async with stage.client() as codex:
        thread = stage.start(codex)
        await stage.turn(thread.run("a text"))
    assert thread.id is not None
    async with stage.client() as codex:
        with writer(stage, thread.id):
            await stage.fails(stage.resume(thread, codex).run("a text"), ThreadBusyError)
        await stage.turn(stage.resume(thread, codex).run("a text"))


@contextlib.contextmanager
def writer(stage: Stage, thread_id: str) -> Iterator[None]:
    """Have a CLI that is not ours run a turn of a thread."""
    asked = len(stage.model.requests)
    arguments = ["exec", "--skip-git-repo-check", "resume", thread_id, "wait"]
    with subprocess.Popen(
        [str(find_binary(None, os.environ).path), *arguments],
        env={**os.environ, **stage.model.env},
        cwd=stage.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            stage.model.wait_for_requests(asked + 1)
            yield
        finally:
            process.kill()


@play
async def a_conversation_that_is_compacted(stage: Stage) -> None:
    thread = stage.start()
    await stage.turn(thread.run("a large text"))
    await stage.turn(thread.run("a text"))
    assert "scripted model's compaction" in str(stage.model.requests[-1].body)


@play
async def a_review(stage: Stage) -> None:
    git = await asyncio.create_subprocess_exec("git", "init", "--quiet", stage.folder)
    assert await git.wait() == 0
    thread = stage.start(skip_git_repo_check=False)
    done = await stage.turn(thread.review())
    assert (done.final_response, done.usage) == ("Reviewed.", None)
    await stage.turn(thread.run("a text"))


@play
async def a_directory_without_git(stage: Stage) -> None:
    await stage.fails(stage.start(skip_git_repo_check=False).run("a text"), CodexError)


@play
async def a_setting_that_the_cli_does_not_know(stage: Stage) -> None:
    async with stage.client(config={"no_such_key": 1}) as codex:
        done = await stage.turn(stage.start(codex).run("a text"))
    assert "no_such_key" in done.items[0]["message"]


@play
async def a_schema(stage: Stage) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    await stage.turn(stage.start().run("a row", output_schema=schema))
    assert stage.model.requests[-1].body["text"]["format"]["strict"] is True


@play
async def a_type(stage: Stage) -> None:
    thread = stage.start()
    assert (await stage.turn(thread.run("a row", output_type=Row))).output == Row(name="a", n=1)
    assert (await stage.turn(thread.run("numbers", output_type=list[int]))).output == [1, 2]
    error = await stage.fails(thread.run("a text", output_type=Row), OutputValidationError)
    assert error.raw == "Hello."


@play
async def images(stage: Stage) -> None:
    thread = stage.start()
    await stage.turn(thread.run(["Look:", stage.folder / "pixel.png", "Well?"]))
    await stage.turn(thread.run("From memory", images=[PIXEL, stage.folder / "pixel.png"]))
    sent = json.dumps(stage.model.requests[-1].body["input"])
    assert sent.count(base64.b64encode(PIXEL).decode()) == 3


@play
async def a_prompt_of_odd_characters(stage: Stage) -> None:
    await stage.turn(stage.start().run("a \ud800 😀 \x00 \x1b[31m \u2028 \r\n b"))
    assert stage.model.requests[-1].user_message.startswith("a ? 😀 \x00")


@play
async def the_longest_prompt_and_a_longer_one(stage: Stage) -> None:
    thread = stage.start()
    await stage.turn(thread.run("é" * MAX_PROMPT))
    assert len(stage.model.requests[-1].user_message) == MAX_PROMPT
    await stage.fails(thread.run("é" * (MAX_PROMPT + 1)), InvalidOptionError)


@play
async def a_cyber_access_program(stage: Stage) -> None:
    await stage.turn(stage.start().run("a text", cyber_access_program="daybreak_blue"))


@play
async def a_turn_stopped_in_a_command(stage: Stage) -> None:
    thread = stage.start()
    kept = await stage.stopped(
        thread,
        "run for long",
        lambda e: isinstance(e, ItemStartedEvent) and e.item.type == "command_execution",
    )
    types = [item.type for item in kept.items]
    assert types == ["reasoning", "agent_message", "command_execution"]
    await stage.turn(thread.run("a text"))


@play
async def a_turn_stopped_in_a_text(stage: Stage) -> None:
    def begun(event: Event) -> bool:
        if stage.transport == "exec":
            # It does not tell of texts that have begun, so what came before has to do.
            return isinstance(event, ItemCompletedEvent)
        return isinstance(event, ItemDeltaEvent) and event.delta == "S"

    thread = stage.start()
    kept = await stage.stopped(thread, "speak slowly", begun)
    assert kept.items[0]["text"] == "Hm"
    await stage.turn(thread.run("a text"))


@play
async def a_turn_stopped_before_the_model_has_answered(stage: Stage) -> None:
    asked = len(stage.model.requests)
    running = await stage.start().start("wait")
    await asyncio.to_thread(stage.model.wait_for_requests, asked + 1)
    await running.interrupt()
    await stage.fails(running, TurnInterruptedError)


@play
async def a_command_that_outlives_its_turn(stage: Stage) -> None:
    async with stage.client() as codex:
        thread = stage.start(codex)
        done = await stage.turn(thread.run("begin something"))
        assert done.items[0]["status"] == "in_progress"
        await stage.turn(thread.run("a text"))


@play
async def tools_of_an_mcp_server(stage: Stage) -> None:
    server = {"command": sys.executable, "args": ["-I", "-S", str(MCP_SERVER)]}
    async with stage.client(config={"mcp_servers": {"lab": server}}) as codex:
        done = await stage.turn(stage.start(codex).run("call tools"))
    statuses = [item["status"] for item in done.items if item.type == "mcp_tool_call"]
    assert statuses == ["completed", "completed", "failed", "failed", "failed"]


@play
async def an_mcp_server_that_does_not_start(stage: Stage) -> None:
    async with stage.client(config={"mcp_servers": {"lab": {"command": "false"}}}) as codex:
        await stage.turn(stage.start(codex).run("a text"))


@play
async def a_sub_agent(stage: Stage) -> None:
    async with stage.client() as codex:
        done = await stage.turn(stage.start(codex).run("spawn"))
    assert done.items[0].type == "collab_tool_call"


# ---- comparing ---------------------------------------------------------------------------------


class Contract:
    """Plays scenarios on both transports, each once."""

    def __init__(self, model: offline.ScriptedModel, folder: Path) -> None:
        self._model = model
        self._folder = folder
        self._clients = {each: Codex(model.options, transport=each) for each in TRANSPORTS}
        self._compared: dict[str, Comparison] = {}

    def compared(self, name: str) -> Comparison:
        """Return what came of a scenario, side by side."""
        if name not in self._compared:
            outcomes = [self._played(name, transport) for transport in TRANSPORTS]
            self._compared[name] = Comparison(*outcomes)
        return self._compared[name]

    def _played(self, name: str, transport: TransportName) -> Outcome:
        # The same place for both, so that paths are alike.
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        for file, content in FILES.items():
            (self._folder / file).write_bytes(content)
        stage = Stage(self._model, transport, self._clients[transport], self._folder)
        asked = len(self._model.requests)
        asyncio.run(_awaited(PLAYS[name](stage)))
        stage.outcome.requests = self._model.requests[asked:]
        stage.outcome.files = {
            str(path.relative_to(self._folder)): path.read_bytes()
            for path in sorted(self._folder.rglob("*"))
            if path.is_file() and ".git" not in path.parts
        }
        # What its user has written is the user's.
        home = Path(self._model.env["CODEX_HOME"])
        stage.outcome.files["config.toml"] = (home / "config.toml").read_bytes()
        return stage.outcome

    def close(self) -> None:
        """End what runs."""
        for codex in self._clients.values():
            asyncio.run(codex.close())


async def _awaited(work: Awaitable[object]) -> None:
    await work


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contract]:
    with offline.serve(MODEL, repeat=True) as model:
        for name, profile in PROFILES.items():
            Path(model.env["CODEX_HOME"], f"{name}.config.toml").write_text(profile)
        contract = Contract(model, tmp_path_factory.mktemp("contract") / "folder")
        yield contract
        contract.close()


# Where the two come to something else, and why.
OTHERWISE = {
    "a directory without git": "The server does not ask, so it is asked before there is one.",
}


@pytest.mark.cli
@pytest.mark.parametrize("name", [name for name in PLAYS if name not in OTHERWISE])
def test_a_scenario_comes_to_the_same_over_both_transports(contract: Contract, name: str) -> None:
    assert contract.compared(name).differences == []


@pytest.mark.cli
@pytest.mark.parametrize("name", OTHERWISE)
def test_where_the_two_come_to_something_else_it_is_listed(contract: Contract, name: str) -> None:
    assert contract.compared(name).differences != []


@pytest.mark.cli
def test_a_feature_that_there_is_not_is_refused_over_exec_and_passed_over_by_the_server(
    tmp_path: Path,
) -> None:
    with offline.serve([offline.text("Hello.")], repeat=True) as model:
        options: dict[str, Any] = {"skip_git_repo_check": True, "working_directory": tmp_path}
        refused = Codex(model.options).start_thread(enable=["nonsense"], **options)
        with pytest.raises(CodexExecError, match="nonsense"):
            refused.run_sync("hello")
        live = Codex(model.options, transport="app-server")
        taken = live.start_thread(enable=["nonsense"], **options).run_sync("hello")
        live.close_sync()
    assert taken.status == "completed"


@pytest.mark.cli
def test_nothing_is_listed_that_does_not_differ_in_some_scenario(contract: Contract) -> None:
    used = [contract.compared(name).used for name in PLAYS if name not in OTHERWISE]
    assert {*ALLOWED, *UNSAID} - set().union(*used) == set()


# ---- the comparison itself ---------------------------------------------------------------------


def outcome(*states: TurnState) -> Outcome:
    return Outcome([(Turn(state), None) for state in states])


def item(**fields: Any) -> TurnState:
    ended = CommandExecutionItem.model_validate({"id": "i", "status": "completed", **fields})
    return TurnState(entries=(Entry(ended, completed=True),))


@pytest.mark.parametrize(
    ("exec_", "live", "differs"),
    [
        (item(status="failed"), item(status="completed"), "entries[0].item.status"),
        (item(aggregated_output="a\n"), item(aggregated_output="a"), "item.aggregated_output"),
        (item(), item(new_field=1), "item.new_field"),
        (item(), TurnState(), "turn.entries"),
        (TurnState(thread_id=SOME), TurnState(), "turn.thread_id"),
        # What only the live transport knows is not to be known to the other one.
        (item(cwd="/a"), item(cwd="/b"), "item.cwd"),
        (item(cwd="/a"), item(), "item.cwd"),
    ],
)
def test_what_is_not_listed_may_not_differ(exec_: TurnState, live: TurnState, differs: str) -> None:
    (difference,) = Comparison(outcome(exec_), outcome(live)).differences
    assert differs in difference


def test_what_is_listed_may_differ_as_it_is_listed() -> None:
    comparison = Comparison(outcome(item()), outcome(item(cwd="/a")))
    assert comparison.differences == []
    assert [rule.where for rule in comparison.used] == ["command_execution"]


def test_an_id_may_be_another_one_and_must_stay_it() -> None:
    some, other = TurnState(thread_id=SOME), TurnState(thread_id=OTHER)
    assert Comparison(outcome(some, some), outcome(other, other)).differences == []
    assert len(Comparison(outcome(some, some), outcome(some, other)).differences) == 1
    assert len(Comparison(outcome(some, other), outcome(other, other)).differences) == 1
