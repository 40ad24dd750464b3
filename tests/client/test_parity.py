"""What the TypeScript SDK's tests of a run hold it to (run, runStreamed, abort), held to us.

Over the real CLI, and by what it did: what reached the model, which files were written. What goes
into its arguments and environment is in ``test_parity_exec``.
"""

from __future__ import annotations

import asyncio
import base64
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import (
    AbortController,
    Codex,
    CodexExecError,
    CommandExecutionItem,
    InvalidOptionError,
    Thread,
    Turn,
    TurnFailedError,
    TurnInterruptedError,
    offline,
)
from codex_notebook.offline import command, fail, pause, reasoning, text, turn
from codex_notebook.offline.home import DEFAULT_MODEL
from tests.processes import descendants, eventually, runs

pytestmark = pytest.mark.cli

SCENARIO = [
    turn(reasoning("**Hm**"), command("echo out"), text("Done."), when="items"),
    turn(command("pwd"), text("There."), when="where"),
    turn(command("touch ../one/x; touch ../two/x; touch ../three/x"), text("Ok"), when="touch"),
    turn(text("Begun."), command("sleep 600"), text("never"), when="sleep"),
    turn(*[command("true")] * 1000, when="endlessly"),
    turn(pause(until="looked"), text({"city": "Rome"}), when="slowly"),
    turn(text({"city": "Rome"}), when="city"),
    turn(fail("the wire broke"), when="break"),
    turn(text("First answer."), when="first"),
    turn(text("Hello.")),
]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
# Else a sandboxed command could write to pytest's own folders, which lie in the temporary one.
NO_TMP = {"sandbox_workspace_write": {"exclude_slash_tmp": True, "exclude_tmpdir_env_var": True}}

Model = offline.ScriptedModel
Start = Callable[..., Thread]


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def start(model: Model, folder: Path) -> Start:
    """Return a function that starts a thread, with `config` or `overrides` of its client."""

    def thread(
        config: dict[str, Any] | None = None, overrides: tuple[str, ...] = (), **options: Any
    ) -> Thread:
        codex = Codex(
            model.options, config={**model.config, **(config or {})}, config_overrides=overrides
        )
        options = {"working_directory": folder, "skip_git_repo_check": True, **options}
        return codex.start_thread(**options)

    return thread


def ask(thread: Thread, prompt: Any = "hello", **options: Any) -> Turn:
    return asyncio.run(thread.run(prompt, **options))


def texts(model: Model, role: str) -> list[str]:
    """Return what has been said by one side in the conversation that the model saw last."""
    items = model.requests[-1].body["input"]
    return [
        part["text"]
        for item in items
        if item.get("role") == role
        for part in item["content"]
        if "text" in part
    ]


def permissions(model: Model) -> str:
    (said,) = [t for t in texts(model, "developer") if t.startswith("<permissions instructions>")]
    return said


def web_search(model: Model) -> str:
    """Return the mode of the tool that the model was given."""
    found = [tool for tool in model.requests[-1].body["tools"] if tool["type"] == "web_search"]
    if not found:
        return "disabled"
    if found[0].get("indexed_web_access"):
        return "indexed"
    return "live" if found[0]["external_web_access"] else "cached"


# ---- run ---------------------------------------------------------------------------------------


def test_a_turn_has_its_items_its_usage_and_the_threads_id(start: Start) -> None:
    thread = start()
    known = thread.id
    done = ask(thread, "items")
    assert known is None
    assert [item.type for item in done.items] == ["reasoning", "command_execution", "agent_message"]
    assert done.final_response == "Done."
    # Two requests, because a command is one more.
    assert done.usage is not None
    assert (done.usage.input_tokens, done.usage.cached_input_tokens) == (84, 24)
    assert (done.usage.output_tokens, done.usage.reasoning_output_tokens) == (10, 4)
    assert thread.id == done.thread_id


def test_a_second_turn_sends_what_was_said_before(start: Start, model: Model) -> None:
    thread = start()
    first, second = ask(thread, "first"), ask(thread, "second")
    assert first.thread_id == second.thread_id
    assert texts(model, "user")[-2:] == ["first", "second"]
    assert texts(model, "assistant") == ["First answer."]


def test_a_second_turn_keeps_the_options_of_its_thread(start: Start, model: Model) -> None:
    thread = start(
        model="gpt-5.4",
        sandbox_mode="workspace-write",
        model_reasoning_effort="high",
        web_search_mode="live",
    )
    for prompt in ("first", "second"):
        ask(thread, prompt)
        body = model.requests[-1].body
        assert (body["model"], body["reasoning"]["effort"]) == ("gpt-5.4", "high")
        assert "`sandbox_mode` is `workspace-write`" in permissions(model)
        assert web_search(model) == "live"


def test_a_thread_is_resumed_by_its_id_in_another_client(
    start: Start, model: Model, folder: Path
) -> None:
    first = ask(start(), "first")
    assert first.thread_id is not None
    resumed = Codex(model.options).resume_thread(
        first.thread_id, working_directory=folder, skip_git_repo_check=True
    )
    assert resumed.id == first.thread_id
    assert ask(resumed, "second").thread_id == first.thread_id
    assert texts(model, "assistant") == ["First answer."]


def test_the_model_is_the_one_that_was_asked_for(start: Start, model: Model) -> None:
    ask(start())
    assert model.requests[-1].model == DEFAULT_MODEL
    ask(start(model="gpt-5.4"))
    assert model.requests[-1].model == "gpt-5.4"


@pytest.mark.parametrize("mode", ["read-only", "workspace-write", "danger-full-access"])
def test_a_sandbox_mode_is_the_one_the_agent_works_in(
    start: Start, model: Model, folder: Path, mode: str
) -> None:
    for name in ("one", "two", "three"):
        (folder.parent / name).mkdir()
    thread = start(NO_TMP, sandbox_mode=mode, additional_directories=[folder.parent / "one"])
    ask(thread, "touch")
    assert f"`sandbox_mode` is `{mode}`" in permissions(model)
    written = [n for n in ("one", "two", "three") if (folder.parent / n / "x").exists()]
    may_write = {"workspace-write": ["one"], "danger-full-access": ["one", "two", "three"]}
    assert written == may_write.get(mode, [])


def test_several_additional_directories_can_be_written_and_no_other(
    start: Start, model: Model, folder: Path
) -> None:
    one, two, three = (folder.parent / name for name in ("one", "two", "three"))
    for directory in (one, two, three):
        directory.mkdir()
    thread = start(NO_TMP, sandbox_mode="workspace-write", additional_directories=[one, str(two)])
    ask(thread, "touch")
    assert [d.name for d in (one, two, three) if (d / "x").exists()] == ["one", "two"]
    roots = permissions(model).partition("writable roots are ")[2]
    assert f"`{one}`" in roots
    assert f"`{two}`" in roots
    assert f"`{three}`" not in roots


@pytest.mark.parametrize("effort", ["low", "xhigh"])
def test_the_reasoning_effort_reaches_the_model(start: Start, model: Model, effort: str) -> None:
    ask(start(model_reasoning_effort=effort))
    assert model.requests[-1].body["reasoning"]["effort"] == effort


@pytest.mark.parametrize(("given", "said"), [(True, "enabled"), (False, "restricted")])
def test_network_access_is_given_and_withheld(
    start: Start, model: Model, given: bool, said: str
) -> None:
    # Set to the opposite in the configuration, so that leaving the option out would show.
    config = {"sandbox_workspace_write": {"network_access": not given}}
    ask(start(config, sandbox_mode="workspace-write", network_access_enabled=given))
    assert f"Network access is {said}." in permissions(model)


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"web_search_enabled": True}, "live"),
        ({"web_search_enabled": False}, "disabled"),
        ({"web_search_mode": "cached"}, "cached"),
        ({"web_search_mode": "disabled"}, "disabled"),
        ({"web_search_mode": "live"}, "live"),
        ({"web_search_mode": "cached", "web_search_enabled": True}, "cached"),
        ({"web_search_mode": "live", "web_search_enabled": False}, "live"),
        ({"web_search_mode": "indexed"}, "indexed"),
    ],
)
def test_web_search_has_the_mode_that_was_asked_for(
    start: Start, model: Model, options: dict[str, Any], mode: str
) -> None:
    # Configured to be another, so that leaving the option out would show.
    ask(start({"web_search": "cached" if mode == "indexed" else "indexed"}, **options))
    assert web_search(model) == mode


@pytest.mark.parametrize("policy", ["never", "on-request", "on-failure"])
def test_each_approval_policy_is_one_that_the_cli_takes_and_exec_asks_nobody(
    start: Start, model: Model, policy: str
) -> None:
    assert ask(start(approval_policy=policy)).status == "completed"
    assert "Approval policy is currently never" in permissions(model)


def test_configuration_of_the_client_reaches_the_cli(start: Start, model: Model) -> None:
    config = {
        "model_reasoning_effort": "low",
        "sandbox_workspace_write": {"network_access": True},
        "web_search": "disabled",
        # Quotes and an emoji must survive TOML.
        "developer_instructions": 'Say "hi" 😀',
    }
    ask(start(config, sandbox_mode="workspace-write"))
    assert model.requests[-1].body["reasoning"]["effort"] == "low"
    assert "Network access is enabled." in permissions(model)
    assert web_search(model) == "disabled"
    assert 'Say "hi" 😀' in texts(model, "developer")


def test_raw_overrides_win_over_configuration_and_thread_options_over_both(
    start: Start, model: Model
) -> None:
    def effort(*overrides: str, **options: Any) -> str:
        ask(start({"model_reasoning_effort": "low"}, overrides, **options))
        return str(model.requests[-1].body["reasoning"]["effort"])

    raw = 'model_reasoning_effort="high"'
    assert effort() == "low"
    assert effort(raw) == "high"
    assert effort(raw, model_reasoning_effort="xhigh") == "xhigh"


def test_a_schema_is_in_a_file_while_the_turn_runs_and_reaches_the_model(
    start: Start,
    model: Model,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    temporary = tmp_path_factory.mktemp("tmp")
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    async def looked_at() -> tuple[list[Path], Turn]:
        asked = len(model.requests)
        running = await start().start("slowly", output_schema=SCHEMA)
        await asyncio.to_thread(model.wait_for_requests, asked + 1)
        files = list(temporary.rglob("schema.json"))
        model.release("looked")
        return files, await running

    files, done = asyncio.run(looked_at())
    assert len(files) == 1
    assert list(temporary.iterdir()) == []
    assert done.final_response == '{"city": "Rome"}'
    assert model.requests[-1].body["text"]["format"] == {
        "name": "codex_output_schema",
        "type": "json_schema",
        "strict": True,
        "schema": SCHEMA,
    }


def test_a_schema_that_is_no_object_is_refused_before_anything_starts(
    start: Start, model: Model
) -> None:
    asked = len(model.requests)
    with pytest.raises(InvalidOptionError, match="output_schema"):
        ask(start(), "city", output_schema=["type", "object"])
    assert len(model.requests) == asked


def test_texts_of_one_input_are_joined_by_a_blank_line(start: Start, model: Model) -> None:
    parts = [{"type": "text", "text": "Describe this."}, {"type": "text", "text": "Be brief."}]
    ask(start(), parts)
    assert texts(model, "user")[-1] == "Describe this.\n\nBe brief."


def png(file: Path, shade: int) -> Path:
    """Write an image of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes([0, shade]))
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return file


def test_images_reach_the_model_in_their_order_in_first_and_later_turns(
    start: Start, model: Model, tmp_path: Path
) -> None:
    names = ["a.png", "with, comma.png", "c.png"]
    first, second, third = (png(tmp_path / name, shade) for shade, name in enumerate(names))
    parts = [
        {"type": "local_image", "path": str(second)},
        {"type": "text", "text": "Compare them."},
        {"type": "local_image", "path": first},
    ]
    thread = start()
    for turn_number in (1, 2):
        ask(thread, parts, images=[third])
        sent = [
            part["image_url"]
            for item in model.requests[-1].body["input"]
            for part in item.get("content", [])
            if part["type"] == "input_image"
        ]
        prefix = "data:image/png;base64,"
        assert sent == turn_number * [
            prefix + base64.b64encode(file.read_bytes()).decode() for file in (second, first, third)
        ]
        assert "Compare them." in texts(model, "user")


def test_the_agent_works_in_the_working_directory(start: Start, model: Model, folder: Path) -> None:
    done = ask(start(working_directory=folder), "where")
    (ran,) = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    # The last line, because a shell may have remarks of its own before it.
    assert ran.aggregated_output.splitlines()[-1] == str(folder)
    assert f"<cwd>{folder}</cwd>" in "".join(texts(model, "user"))


def test_a_folder_that_is_no_git_repository_is_refused_unless_told_otherwise(start: Start) -> None:
    with pytest.raises(CodexExecError, match="Not inside a trusted directory"):
        ask(start(skip_git_repo_check=False))
    assert ask(start(skip_git_repo_check=True)).status == "completed"


def test_the_model_is_told_who_asks_and_the_environment_may_say_otherwise(
    start: Start, model: Model, folder: Path
) -> None:
    ask(start())
    assert model.requests[-1].headers["originator"] == "codex_notebook"
    other = {**model.env, "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "somebody_else"}
    codex = Codex(model.options, env=other)
    ask(codex.start_thread(working_directory=folder, skip_git_repo_check=True))
    assert model.requests[-1].headers["originator"] == "somebody_else"


def test_a_turn_that_fails_is_an_exception_with_the_clis_own_words(start: Start) -> None:
    with pytest.raises(TurnFailedError, match="stream disconnected before completion: the wire"):
        ask(start(), "break")


# ---- run_streamed ------------------------------------------------------------------------------


async def stream(thread: Thread, prompt: str, **options: Any) -> list[Any]:
    streamed = await thread.run_streamed(prompt, **options)
    return [event async for event in streamed.events]


def test_a_stream_has_every_event_from_the_threads_start_to_the_turns_end(start: Start) -> None:
    thread = start()
    events = asyncio.run(stream(thread, "items"))
    assert [(e.type, e["item"].type if "item" in e else None) for e in events] == [
        ("thread.started", None),
        ("turn.started", None),
        ("item.completed", "reasoning"),
        ("item.started", "command_execution"),
        ("item.completed", "command_execution"),
        ("item.completed", "agent_message"),
        ("turn.completed", None),
    ]
    assert events[0].thread_id == thread.id
    assert events[-1].usage.input_tokens == 84


def test_a_thread_can_be_streamed_twice_and_then_resumed(
    start: Start, model: Model, folder: Path
) -> None:
    thread = start()
    asyncio.run(stream(thread, "first"))
    asyncio.run(stream(thread, "second"))
    assert texts(model, "assistant") == ["First answer."]
    assert thread.id is not None
    resumed = Codex(model.options).resume_thread(
        thread.id, working_directory=folder, skip_git_repo_check=True
    )
    (started, *_) = asyncio.run(stream(resumed, "third"))
    assert started.thread_id == thread.id
    assert texts(model, "assistant") == ["First answer.", "Hello."]


def test_a_streamed_turn_takes_a_schema(start: Start, model: Model) -> None:
    events = asyncio.run(stream(start(), "city", output_schema=SCHEMA))
    assert events[-2].item.text == '{"city": "Rome"}'
    assert model.requests[-1].body["text"]["format"]["schema"] == SCHEMA


# ---- abort -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["run", "run_streamed", "start"])
def test_with_a_signal_that_was_aborted_before_nothing_begins(
    start: Start, model: Model, way: str
) -> None:
    controller = AbortController()
    controller.abort()
    thread, asked = start(), len(model.requests)
    with pytest.raises(TurnInterruptedError, match="did not begin") as caught:
        asyncio.run(getattr(thread, way)("hello", signal=controller.signal))
    assert caught.value.turn.status == "interrupted"
    assert (thread.id, len(model.requests)) == (None, asked)


def test_aborting_during_a_run_ends_it_with_what_it_did(start: Start) -> None:
    async def aborted() -> Turn:
        controller = AbortController()
        running = asyncio.create_task(start().run("sleep", signal=controller.signal))
        assert await asyncio.to_thread(eventually, lambda: runs("sleep 600"), 10)
        controller.abort()
        with pytest.raises(TurnInterruptedError) as caught:
            await running
        return caught.value.turn

    stopped = asyncio.run(aborted())
    assert (stopped.status, stopped.final_response) == ("interrupted", "Begun.")
    assert eventually(lambda: descendants() == [])


def test_aborting_during_an_iteration_ends_it_with_an_exception_behind_its_last_event(
    start: Start,
) -> None:
    async def aborted() -> list[str]:
        controller = AbortController()
        streamed = await start().run_streamed("sleep", signal=controller.signal)
        seen = []

        async def iterate() -> None:
            async for event in streamed.events:
                seen.append(event.type)
                if event.type == "item.completed":
                    controller.abort()

        with pytest.raises(TurnInterruptedError):
            await iterate()
        return seen

    assert asyncio.run(aborted())[-1] == "turn.interrupted"
    assert eventually(lambda: descendants() == [])


def test_a_signal_that_is_not_aborted_changes_nothing_and_serves_many_turns(start: Start) -> None:
    controller, thread = AbortController(), start()
    for _ in range(2):
        assert ask(thread, signal=controller.signal).final_response == "Hello."
    # The turns are over, and what is over stays as it was.
    controller.abort()
    assert thread.last_turn is not None
    assert thread.last_turn.status == "completed"
    with pytest.raises(TurnInterruptedError):
        ask(thread, signal=controller.signal)
    assert ask(thread).status == "completed"


def test_aborting_from_another_thread_ends_an_endless_loop_of_tools_at_once(
    start: Start, model: Model
) -> None:
    async def aborted() -> tuple[Turn, float]:
        controller, asked = AbortController(), len(model.requests)
        running = asyncio.create_task(start().run("endlessly", signal=controller.signal))
        await asyncio.to_thread(model.wait_for_requests, asked + 4)
        begun = time.monotonic()
        await asyncio.to_thread(controller.abort)
        with pytest.raises(TurnInterruptedError) as caught:
            await running
        return caught.value.turn, time.monotonic() - begun

    stopped, seconds = asyncio.run(aborted())
    assert len([i for i in stopped.items if isinstance(i, CommandExecutionItem)]) >= 3
    # It takes 50 ms; a busy machine needs more.
    assert seconds < 2
    assert eventually(lambda: descendants() == [])
