"""The real Codex CLI, with the scripted model behind it."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from codex_notebook.offline import (
    RecordedRequest,
    ScriptedModel,
    command,
    fail,
    http_error,
    patch,
    pause,
    plan,
    reasoning,
    search,
    serve,
    text,
    turn,
)

codex_cli_bin = pytest.importorskip("codex_cli_bin", reason="the real CLI is not installed")
pytestmark = pytest.mark.cli

# A turn takes half a second.
BOUND = 60.0
PATCH = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch\n"


@dataclass(frozen=True)
class Run:
    code: int
    events: list[dict[str, Any]]
    stderr: str

    @property
    def thread(self) -> str:
        return str(self.events[0]["thread_id"])

    @property
    def done(self) -> list[dict[str, Any]]:
        return [e["item"] for e in self.events if e["type"] == "item.completed"]

    def item(self, kind: str) -> dict[str, Any]:
        (item,) = [item for item in self.done if item["type"] == kind]
        return item

    @property
    def said(self) -> list[str]:
        return [item["text"] for item in self.done if item["type"] == "agent_message"]


def argv(directory: Path, *arguments: str) -> list[str]:
    options = ["--experimental-json", "--skip-git-repo-check", "-s", "workspace-write"]
    binary = str(codex_cli_bin.bundled_codex_path())
    return [binary, "exec", *options, "-C", str(directory), *arguments]


def run(
    server: ScriptedModel, directory: Path, *arguments: str, prompt: str = "go", **env: str
) -> Run:
    done = subprocess.run(
        argv(directory, *arguments),
        input=prompt,
        capture_output=True,
        text=True,
        env={**os.environ, **server.env, **env},
        timeout=BOUND,
        check=False,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return Run(done.returncode, events, done.stderr)


@dataclass(frozen=True)
class FullTurn:
    directory: Path
    run: Run
    requests: list[RecordedRequest]
    others: list[RecordedRequest]
    called_elsewhere: bool


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullTurn]:
    """One turn with every kind of step, of a CLI whose way out leads into a trap."""
    directory = tmp_path_factory.mktemp("full")
    (directory / "AGENTS.md").write_text("Be nice.\n")
    steps = [
        reasoning("**Looking around**\n\nI list the files.", chunk=7),
        command("echo out; exit 3"),
        patch(PATCH),
        plan(("Read", "completed"), ("Write", "in_progress")),
        text("Now I search."),
        search("python asyncio"),
        text("All **done**.", chunk=4, delay=0.001),
    ]
    with (
        socket.create_server(("127.0.0.1", 0)) as trap,
        serve([turn(*steps, when="the .* test")]) as server,
    ):
        proxy = f"http://127.0.0.1:{trap.getsockname()[1]}"
        done = run(
            server,
            directory,
            *("-c", "tools.update_plan.enabled=true"),
            prompt="fix the broken test",
            **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy),
        )
        called, _, _ = select.select([trap], [], [], 0)
        yield FullTurn(directory, done, server.requests, server.other_requests, bool(called))


def test_the_turn_ends_well(full: FullTurn) -> None:
    assert full.run.code == 0
    assert full.run.events[-1]["type"] == "turn.completed"


def test_the_cli_has_nothing_to_complain_about(full: FullTurn) -> None:
    assert [item for item in full.run.done if item["type"] == "error"] == []
    assert full.run.stderr == "Reading prompt from stdin...\n"


def test_the_cli_calls_nobody_but_the_scripted_model(full: FullTurn) -> None:
    assert not full.called_elsewhere
    assert full.others == []


def test_texts_and_reasoning_come_whole(full: FullTurn) -> None:
    assert full.run.said == ["Now I search.", "All **done**."]
    assert full.run.item("reasoning")["text"] == "**Looking around**\n\nI list the files."


def test_the_command_really_runs_and_its_output_reaches_the_model(full: FullTurn) -> None:
    item = full.run.item("command_execution")
    assert (item["exit_code"], item["aggregated_output"]) == (3, "out\n")
    assert "Output:\nout\n" in full.requests[1].body["input"][-1]["output"]


def test_the_patch_really_changes_files(full: FullTurn) -> None:
    assert (full.directory / "new.txt").read_text() == "hello\n"
    changes = full.run.item("file_change")["changes"]
    assert changes == [{"path": str(full.directory / "new.txt"), "kind": "add"}]


def test_the_plan_becomes_a_todo_list(full: FullTurn) -> None:
    assert full.run.item("todo_list")["items"] == [
        {"text": "Read", "completed": True},
        {"text": "Write", "completed": False},
    ]


def test_the_search_shows_its_query(full: FullTurn) -> None:
    assert full.run.item("web_search")["action"] == {"type": "search", "query": "python asyncio"}


def test_each_call_costs_one_more_request(full: FullTurn) -> None:
    assert len(full.requests) == 4
    assert full.run.events[-1]["usage"] == {
        "input_tokens": 4 * 42,
        "cached_input_tokens": 4 * 12,
        "cache_write_input_tokens": 0,
        "output_tokens": 4 * 5,
        "reasoning_output_tokens": 4 * 2,
    }


def test_the_users_message_is_found_among_what_the_cli_adds(full: FullTurn) -> None:
    assert "Be nice." in json.dumps(full.requests[0].body)
    assert {request.user_message for request in full.requests} == {"fix the broken test"}
    assert {request.model for request in full.requests} == {"gpt-5.5"}


def test_a_thread_goes_on_with_the_next_turn_through_failures(tmp_path: Path) -> None:
    scenario = [
        turn(text("one"), usage={"input_tokens": 100, "cache_write_input_tokens": 7}),
        turn(text("part"), fail("boom")),
        turn(http_error(401, "no entry")),
        turn(text("four")),
    ]
    with serve(scenario) as server:
        first = run(server, tmp_path)
        failed, refused, last = (
            run(server, tmp_path, "resume", first.thread, prompt=prompt) for prompt in "abc"
        )
    assert first.said == ["one"]
    assert first.events[-1]["usage"]["input_tokens"] == 100
    assert first.events[-1]["usage"]["cache_write_input_tokens"] == 7
    assert (failed.code, failed.said) == (1, ["part"])
    assert "boom" in failed.events[-1]["error"]["message"]
    assert refused.code == 1
    assert "401 Unauthorized: no entry" in refused.events[-1]["error"]["message"]
    assert last.said == ["four"]
    assert last.thread == first.thread


def test_two_threads_at_once_keep_their_places(tmp_path: Path) -> None:
    scenario = [
        turn(text("slow begins"), command("echo slow"), text("slow ends"), when="slow"),
        turn(pause(until="both"), command("echo quick"), text("quick ends")),
    ]
    with serve(scenario) as server, ThreadPoolExecutor() as pool:
        runs = [pool.submit(run, server, tmp_path, prompt=prompt) for prompt in ("slow", "quick")]
        # The slow thread has made its call while the quick one was waiting.
        server.wait_for_requests(3, BOUND)
        server.release("both")
        slow, quick = (future.result(BOUND) for future in runs)
    assert slow.said == ["slow begins", "slow ends"]
    assert quick.said == ["quick ends"]


def test_an_output_schema_and_an_image_reach_the_model(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"total": {"type": "integer"}},
        "required": ["total"],
        "additionalProperties": False,
    }
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    (tmp_path / "dot.png").write_bytes(PNG)
    with serve([text({"total": 3})]) as server:
        done = run(
            server,
            tmp_path,
            *("--output-schema", str(tmp_path / "schema.json")),
            *("--image", str(tmp_path / "dot.png")),
            prompt="count",
        )
        (request,) = server.requests
    assert json.loads(done.said[-1]) == {"total": 3}
    assert request.body["text"]["format"]["schema"] == schema
    assert request.user_message == "count"
    content = [part["type"] for part in request.body["input"][-1]["content"]]
    assert "input_image" in content


def test_a_plan_that_the_cli_does_not_offer_fails_with_the_remedy(tmp_path: Path) -> None:
    with serve([plan(("Read", "pending")), text("never")]) as server:
        done = run(server, tmp_path)
    assert "tools.update_plan.enabled=true" in done.events[-1]["error"]["message"]


def test_a_model_whose_tools_are_wrapped_in_code_runs_the_same_scenario(tmp_path: Path) -> None:
    with serve([command("echo hi"), patch(PATCH), text("done")], model="gpt-6.1-sol") as server:
        done = run(server, tmp_path)
    assert done.item("command_execution")["aggregated_output"] == "hi\n"
    assert done.item("file_change")["status"] == "completed"


def test_the_clis_own_provider_turns_to_the_server_at_once(tmp_path: Path) -> None:
    with serve([text("hi")]) as server:
        provider = ("-c", 'model_provider="openai"', "-c", f'openai_base_url="{server.url}"')
        done = run(server, tmp_path, *provider, CODEX_API_KEY="sk-test")
        assert [request.method for request in server.other_requests] == ["GET"]
        assert server.requests[0].headers["authorization"] == "Bearer sk-test"
    assert done.said == ["hi"]
    assert "error" not in {event["type"] for event in done.events}


def test_a_killed_cli_and_a_closed_server_leave_each_other_in_peace(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serve([text("begun"), pause(600)]) as server:
        with subprocess.Popen(
            argv(tmp_path, "go"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **server.env},
        ) as process:
            server.wait_for_requests(1, BOUND)
            process.kill()
        home = Path(server.env["CODEX_HOME"])
    assert not home.exists()
    assert capfd.readouterr().err == ""


def _png() -> bytes:
    """Return a picture of one white pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff")
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


PNG = _png()
