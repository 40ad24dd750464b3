"""What the user's own document says of the package holds, with ``from codex_notebook import …``.

The examples are written in its manner: values are read by name, options may be dicts.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

import codex_notebook
from codex_notebook import (
    Codex,
    CodexNotFoundError,
    CodexOptions,
    InvalidOptionError,
    Thread,
    ThreadOptions,
    Turn,
    TurnFailedError,
    TurnInterruptedError,
    TurnOptions,
    offline,
)
from codex_notebook.client.arguments import exec_arguments
from codex_notebook.client.binary import find_binary
from codex_notebook.core.items import parse_item
from codex_notebook.core.parsing import parse_event
from codex_notebook.offline import command, fail, patch, pause, plan, reasoning, search, text, turn
from tests.processes import descendants, eventually, runs

PATCH = "*** Begin Patch\n*** Add File: made.txt\n+made\n*** End Patch"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
SCENARIO = [
    turn(command("ls"), text("There is a.txt."), when="List files"),
    turn(text("It says one."), when="What does it say"),
    turn(text({"name": "Ada", "priority": 1}), when="Describe the task"),
    turn(
        reasoning("**Hm**"),
        plan(("Make", "in_progress"), ("Tell", "pending")),
        patch(PATCH),
        plan(("Make", "completed"), ("Tell", "pending")),
        search("codex"),
        text("Made."),
        when="everything",
    ),
    turn(fail("The model is gone"), when="fail"),
    turn(text("A pixel."), when="^Describe the picture$"),
    turn(text("I begin."), command("sleep 600"), text("never"), when="slow"),
    turn(pause(until="asked"), text("Here."), when="wait"),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture(autouse=True)
def project(model: offline.ScriptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a git repository, with an environment that leads every CLI to the scripted model."""
    folder = tmp_path / "project"
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    (folder / "a.txt").write_text("one\n")
    (folder / "a.png").write_bytes(PIXEL)
    (tmp_path / "shared").mkdir()
    monkeypatch.chdir(folder)
    for name, value in model.env.items():
        monkeypatch.setenv(name, value)
    return folder


def nothing_is_left() -> bool:
    return eventually(lambda: descendants() == [])


# ---- the quick start and the examples, as scripts --------------------------------------------

QUICK_START = """
import asyncio
from codex_notebook import Codex

async def main():
    codex = Codex()
    thread = codex.start_thread()
    turn = await thread.run("List files in the current directory")
    print(turn["final_response"])

asyncio.run(main())
"""

BASIC_USAGE = """
import asyncio
from codex_notebook import Codex

async def main():
    thread = Codex().start_thread()
    first = await thread.run("List files in the current directory")
    print(len(first["items"]), first["usage"]["input_tokens"] > 0)
    second = await thread.run("What does it say?")
    print(second["final_response"])

asyncio.run(main())
"""

STREAMING = """
import asyncio
from codex_notebook import Codex

async def main():
    thread = Codex().start_thread()
    result = await thread.run_streamed("List files in the current directory")
    async for event in result["events"]:
        if event["type"] == "item.completed":
            print(event["item"]["type"])
        elif event["type"] == "turn.completed":
            print(sorted(event["usage"].keys())[0])

asyncio.run(main())
"""

STRUCTURED_OUTPUT = """
import asyncio
from codex_notebook import Codex, TurnOptions
from pydantic import BaseModel

class Task(BaseModel):
    name: str
    priority: int = 3

async def main():
    thread = Codex().start_thread()
    schema = Task.model_json_schema()
    turn = await thread.run("Describe the task", TurnOptions(output_schema=schema))
    print(Task.model_validate_json(turn["final_response"]))
    turn = await thread.run("Describe the task", {"output_schema": schema})
    print(Task.model_validate_json(turn["final_response"]).priority)

asyncio.run(main())
"""

RESUME_THREAD = """
import asyncio
from codex_notebook import Codex

async def main():
    codex = Codex()
    thread = codex.start_thread()
    await thread.run("List files in the current directory")
    thread_id = thread.id
    again = codex.resume_thread(thread_id)
    turn = await again.run("What does it say?")
    print(turn["final_response"], again.id == thread_id)

asyncio.run(main())
"""

CONFIGURATION = """
import asyncio
from codex_notebook import Codex, CodexOptions, ThreadOptions

async def main():
    codex = Codex(CodexOptions(env={"GREETING": "hello"}))
    thread = codex.start_thread(ThreadOptions(
        model="gpt-5.5",
        sandbox_mode="workspace-write",
        working_directory=".",
        additional_directories=["../shared"],
        skip_git_repo_check=True,
        model_reasoning_effort="high",
        network_access_enabled=True,
        web_search_enabled=True,
        approval_policy="auto",
    ))
    turn = await thread.run("List files in the current directory")
    print(turn["final_response"])

asyncio.run(main())
"""

SCRIPTS = {
    "quick start": (QUICK_START, ["There is a.txt."]),
    "basic usage": (BASIC_USAGE, ["2 True", "It says one."]),
    "streaming": (
        STREAMING,
        ["command_execution", "agent_message", "cache_write_input_tokens"],
    ),
    "structured output": (STRUCTURED_OUTPUT, ["name='Ada' priority=1", "1"]),
    "resume thread": (RESUME_THREAD, ["It says one. True"]),
    "configuration": (CONFIGURATION, ["There is a.txt."]),
}


def script(source: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", source],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.cli
@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_runs_as_a_script(name: str) -> None:
    source, printed = SCRIPTS[name]
    with script(source) as process:
        out, err = process.communicate(timeout=60)
    assert (out.splitlines(), err, process.returncode) == (printed, "", 0)


@pytest.mark.cli
def test_ctrl_c_in_a_script_ends_it_and_leaves_no_process() -> None:
    with script(QUICK_START.replace("List files in the current directory", "slow")) as process:
        assert eventually(lambda: runs("sleep 600", process.pid), 10)
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert eventually(lambda: not any(one.is_running() for one in started))


# ---- Codex -----------------------------------------------------------------------------------


def the_cli(name: Path, then: str = "") -> Path:
    """Return a program that does ``then`` and becomes the real CLI."""
    name.parent.mkdir(parents=True, exist_ok=True)
    real = shlex.quote(str(find_binary(None, os.environ).path))
    name.write_text(f'#!/bin/sh\n{then}\nexec {real} "$@"\n')
    name.chmod(0o755)
    return name


@pytest.mark.cli
def test_the_client_takes_address_key_program_and_environment(
    model: offline.ScriptedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A home that knows no other model; without these settings the CLI would call out by itself.
    home = tmp_path / "home"
    home.mkdir()
    names = ("model", "features.plugins", "analytics.enabled")
    values = ('"gpt-5.5"', "false", "false")
    settings = (f"{name} = {value}\n" for name, value in zip(names, values, strict=True))
    (home / "config.toml").write_text("".join(settings))
    monkeypatch.setenv("CODEX_HOME", str(home))
    program = the_cli(tmp_path / "custom" / "path" / "to" / "codex", f"echo >>{tmp_path}/ran")
    codex = Codex(
        options=CodexOptions(
            base_url=model.url,
            api_key="sk-of-the-example",
            codex_path_override=str(program),
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
    )
    before = len(model.requests)
    done = asyncio.run(codex.start_thread().run("List files"))
    assert done["final_response"] == "There is a.txt."
    asked = model.requests[before]
    assert asked.headers["authorization"] == "Bearer sk-of-the-example"
    assert (tmp_path / "ran").read_text() == "\n"


@pytest.mark.cli
@pytest.mark.parametrize("options", [ThreadOptions(model="gpt-5.4"), {"model": "gpt-5.4"}])
def test_threads_start_and_resume_with_options(
    model: offline.ScriptedModel, options: ThreadOptions | dict[str, Any]
) -> None:
    codex = Codex()
    thread = codex.start_thread(options)
    asyncio.run(thread.run("List files"))
    assert thread.id is not None
    resumed = codex.resume_thread(thread.id, options)
    done = asyncio.run(resumed.run("What does it say?"))
    assert (done["final_response"], resumed.id) == ("It says one.", thread.id)
    assert {request.model for request in model.requests[-3:]} == {"gpt-5.4"}


@pytest.mark.cli
def test_all_options_may_be_plain_dicts(project: Path) -> None:
    codex = Codex({"env": {"MARK": "1"}, "codex_path_override": None})
    thread = codex.start_thread({"working_directory": str(project), "sandbox_mode": "read-only"})
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    done = asyncio.run(thread.run("Describe the task", {"output_schema": schema}))
    assert done["final_response"].startswith("{")


# ---- the options -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "gpt-4"}, "--model gpt-4"),
        *(
            ({"sandbox_mode": mode}, f"--sandbox {mode}")
            for mode in ("read-only", "workspace-write", "danger-full-access")
        ),
        ({"working_directory": "/w"}, "--cd /w"),
        ({"additional_directories": ["/a", "/b"]}, "--add-dir /a --add-dir /b"),
        ({"skip_git_repo_check": True}, "--skip-git-repo-check"),
        *(
            ({"model_reasoning_effort": effort}, f'model_reasoning_effort="{effort}"')
            for effort in ("low", "medium", "high")
        ),
        ({"network_access_enabled": True}, "sandbox_workspace_write.network_access=true"),
        ({"web_search_enabled": True}, 'web_search="live"'),
        ({"web_search_enabled": False}, 'web_search="disabled"'),
        ({"approval_policy": "auto"}, 'approval_policy="never"'),
        ({"approval_policy": "manual"}, 'approval_policy="on-request"'),
    ],
    ids=str,
)
def test_every_option_of_a_thread_reaches_the_cli(options: dict[str, Any], told: str) -> None:
    assert told in " ".join(exec_arguments(CodexOptions(), ThreadOptions(**options)))


@pytest.mark.cli
@pytest.mark.parametrize("policy", ["auto", "manual"])
def test_the_cli_takes_both_approval_policies(policy: Literal["auto", "manual"]) -> None:
    done = asyncio.run(Codex().start_thread(approval_policy=policy).run("List files"))
    assert done["final_response"] == "There is a.txt."


# ---- turns -----------------------------------------------------------------------------------


@pytest.mark.cli
def test_a_turn_answers_for_its_three_names() -> None:
    done = asyncio.run(Codex().start_thread().run("List files"))
    assert done["final_response"] == "There is a.txt."
    assert [item["type"] for item in done["items"]] == ["command_execution", "agent_message"]
    assert done["items"][0]["exit_code"] == 0
    assert done["usage"]["output_tokens"] == 10
    assert dict(done)["final_response"] == done.final_response


@pytest.mark.cli
def test_the_events_and_items_of_a_turn_are_of_the_types_that_are_named(project: Path) -> None:
    async def read(prompt: str) -> list[Any]:
        thread = Codex().start_thread(sandbox_mode="workspace-write")
        result = await thread.run_streamed(prompt)
        seen = []
        try:
            async for event in result["events"]:
                seen.append(event)
        except TurnFailedError:
            pass
        return seen

    seen = asyncio.run(read("everything")) + asyncio.run(read("fail"))
    assert {type(event).__name__ for event in seen} >= {
        "ThreadStartedEvent",
        "TurnStartedEvent",
        "TurnCompletedEvent",
        "TurnFailedEvent",
        "ItemStartedEvent",
        "ItemUpdatedEvent",
        "ItemCompletedEvent",
        "ThreadErrorEvent",
    }
    assert {type(event["item"]).__name__ for event in seen if "item" in event} >= {
        "AgentMessageItem",
        "ReasoningItem",
        "FileChangeItem",
        "WebSearchItem",
        "TodoListItem",
    }
    assert (project / "made.txt").read_text() == "made\n"


NAMED_EVENTS: dict[str, dict[str, Any]] = {
    "ThreadStartedEvent": {"type": "thread.started", "thread_id": "t"},
    "TurnStartedEvent": {"type": "turn.started"},
    "TurnCompletedEvent": {"type": "turn.completed", "usage": {"input_tokens": 1}},
    "TurnFailedEvent": {"type": "turn.failed", "error": {"message": "m"}},
    "ItemStartedEvent": {"type": "item.started", "item": {"type": "error", "message": "m"}},
    "ItemUpdatedEvent": {"type": "item.updated", "item": {"type": "error", "message": "m"}},
    "ItemCompletedEvent": {"type": "item.completed", "item": {"type": "error", "message": "m"}},
    "ThreadErrorEvent": {"type": "error", "message": "m"},
}
NAMED_ITEMS = {
    "AgentMessageItem": "agent_message",
    "ReasoningItem": "reasoning",
    "CommandExecutionItem": "command_execution",
    "FileChangeItem": "file_change",
    "McpToolCallItem": "mcp_tool_call",
    "WebSearchItem": "web_search",
    "TodoListItem": "todo_list",
    "ErrorItem": "error",
}


@pytest.mark.parametrize("name", NAMED_EVENTS)
def test_an_event_that_is_named_is_public_and_what_its_line_becomes(name: str) -> None:
    event = parse_event(NAMED_EVENTS[name])
    assert type(event) is getattr(codex_notebook, name)
    assert event["type"] == NAMED_EVENTS[name]["type"]


@pytest.mark.parametrize("name", NAMED_ITEMS)
def test_an_item_that_is_named_is_public_and_what_its_type_becomes(name: str) -> None:
    item = parse_item({"id": "i", "type": NAMED_ITEMS[name]})
    assert type(item) is getattr(codex_notebook, name)
    assert item["type"] == NAMED_ITEMS[name]


def test_the_main_classes_are_public_and_typed() -> None:
    assert {"Codex", "Thread", "CodexOptions", "ThreadOptions", "TurnOptions"} <= {
        *codex_notebook.__all__
    }
    assert Path(codex_notebook.__file__).with_name("py.typed").is_file()


@pytest.mark.cli
def test_an_image_goes_with_the_prompt(model: offline.ScriptedModel) -> None:
    parts = [
        {"type": "text", "text": "Describe the picture"},
        {"type": "local_image", "path": "a.png"},
    ]
    done = asyncio.run(Codex().start_thread().run(parts))
    assert done["final_response"] == "A pixel."
    assert "data:image/png;base64," in str(model.requests[-1].body)


class Task(BaseModel):
    name: str
    priority: int = 3


@pytest.mark.cli
def test_temporary_files_are_their_owners_alone_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, log = tmp_path / "temporary", tmp_path / "modes"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    look = f'find {temporary} -mindepth 1 -printf "%y %m %f\\n" >{log}'
    codex = Codex(codex_path_override=the_cli(tmp_path / "codex", look))
    options = TurnOptions(output_schema=Task.model_json_schema())
    asyncio.run(codex.start_thread().run("Describe the task", options))
    folder, file = sorted(log.read_text().splitlines())
    assert folder.startswith("d 700 ")
    assert file == "f 600 schema.json"
    assert list(temporary.iterdir()) == []


# ---- how it ends -----------------------------------------------------------------------------


@pytest.mark.cli
def test_a_program_goes_on_while_it_awaits_a_turn(model: offline.ScriptedModel) -> None:
    async def main() -> Turn:
        asked = len(model.requests)
        task = asyncio.create_task(Codex().start_thread().run("wait"))
        await asyncio.to_thread(model.wait_for_requests, asked + 1)
        # The turn cannot end before this loop, which it must not block, says so.
        model.release("asked")
        return await task

    assert asyncio.run(main())["final_response"] == "Here."


async def begun(thread: Thread) -> asyncio.Task[Turn]:
    """Return the task of a turn whose agent runs a command."""
    task = asyncio.create_task(thread.run("slow"))
    assert await asyncio.to_thread(eventually, lambda: runs("sleep 600"), 10)
    return task


@pytest.mark.cli
def test_cancelling_is_clean_and_the_thread_goes_on() -> None:
    thread = Codex().start_thread()

    async def main() -> Turn:
        task = await begun(thread)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Not eventually: it was waited for.
        assert not runs("sleep 600")
        return await thread.run("What does it say?")

    assert asyncio.run(main())["final_response"] == "It says one."
    assert nothing_is_left()


@pytest.mark.cli
def test_a_signal_stops_a_turn_from_elsewhere() -> None:
    thread = Codex().start_thread()
    controller = codex_notebook.AbortController()

    async def main() -> None:
        task = asyncio.create_task(thread.run("slow", {"signal": controller.signal}))
        assert await asyncio.to_thread(eventually, lambda: runs("sleep 600"), 10)
        controller.abort()
        await task

    with pytest.raises(TurnInterruptedError) as caught:
        asyncio.run(main())
    assert caught.value.turn["final_response"] == "I begin."
    assert nothing_is_left()


@pytest.mark.cli
def test_a_turn_that_fails_raises_an_error_of_its_own_type() -> None:
    with pytest.raises(TurnFailedError, match="The model is gone") as caught:
        asyncio.run(Codex().start_thread().run("fail"))
    assert caught.value.turn["status"] == "failed"


def test_what_can_be_known_before_the_turn_is_an_error_before_the_turn() -> None:
    with pytest.raises(CodexNotFoundError, match="npm install -g @openai/codex"):
        asyncio.run(Codex(codex_path_override="/custom/path/to/codex").start_thread().run("hi"))
    with pytest.raises(InvalidOptionError, match="does not exist"):
        asyncio.run(Codex().start_thread(working_directory="/no/such").run("hi"))
    assert descendants() == []
