"""Turns over a CLI that misbehaves: what a caller gets, and what is left behind."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from codex_notebook import (
    Codex,
    CodexExecError,
    CodexNotFoundError,
    CodexVersionError,
    InvalidOptionError,
    OutputValidationError,
    TurnFailedError,
    TurnInterruptedError,
)
from codex_notebook.core.events import Event
from tests.processes import alive, descendants, eventually

Fake = Callable[[str], Codex]


def run(codex: Codex, prompt: str = "hi", **options: Any) -> Any:
    return asyncio.run(codex.start_thread().run(prompt, **options))


async def first_message(events: Any) -> str:
    async for event in events:
        if event.type == "item.completed":
            return str(event.item.text)
    raise AssertionError("no message came")


def nothing_is_left() -> bool:
    return eventually(lambda: descendants() == [])


def test_a_prompt_reaches_the_cli_to_the_letter(fake_codex: Fake) -> None:
    prompt = "  {a} ${b} `c` \"d\" 'e' \\n \u2028 😀\n\tend\n"
    assert run(fake_codex("echo"), prompt).final_response == prompt


def test_a_lone_surrogate_in_a_prompt_is_no_reason_to_fail(fake_codex: Fake) -> None:
    assert run(fake_codex("echo"), "a\ud800b").final_response == "a?b"


def test_a_turn_answers_like_a_mapping(fake_codex: Fake) -> None:
    turn = run(fake_codex("echo"), "hi")
    assert turn["final_response"] == "hi"
    assert turn["items"] == turn.items
    assert turn["usage"]["input_tokens"] == 1
    assert {*turn} == {*turn.keys()} >= {"items", "final_response", "usage"}
    assert turn.get("final_response") == "hi"
    assert (turn.get("nothing"), turn.get("nothing", 1), "nothing" in turn) == (None, 1, False)
    with pytest.raises(KeyError):
        turn["prompt_"]


def test_the_cli_runs_in_the_working_directory_with_the_environment(
    fake_cli: Callable[[str], Path], tmp_path: Path
) -> None:
    codex = Codex(codex_path_override=fake_cli("arguments"), env={"MARK": "1"}, api_key="sk-1")
    turn = asyncio.run(codex.start_thread(working_directory=tmp_path).run("hi"))
    told = json.loads(turn.final_response)
    assert told["cwd"] == str(tmp_path)
    assert (told["env"]["MARK"], told["env"]["CODEX_API_KEY"]) == ("1", "sk-1")
    assert "sk-1" not in " ".join(told["argv"])


def test_the_options_of_a_thread_can_be_changed_for_the_turns_to_come(fake_codex: Fake) -> None:
    thread = fake_codex("arguments").start_thread(model="one")
    thread.options = {"model": "two"}
    argv = json.loads(asyncio.run(thread.run("hi")).final_response)["argv"]
    assert argv[argv.index("--model") + 1] == "two"
    with pytest.raises(InvalidOptionError, match="has no option 'modle'"):
        thread.options = {"modle": "three"}
    assert thread.options.model == "two"


def test_the_second_turn_resumes_the_thread_of_the_first(fake_codex: Fake) -> None:
    thread = fake_codex("arguments").start_thread()

    async def two_turns() -> list[str]:
        await thread.run("one")
        turn = await thread.run("two")
        return list(json.loads(turn.final_response)["argv"])

    assert asyncio.run(two_turns())[-2:] == ["resume", "fake"]
    assert thread.id == "fake"


def test_two_turns_of_one_thread_never_overlap(fake_codex: Fake) -> None:
    thread = fake_codex("arguments").start_thread()

    async def at_once() -> tuple[Any, Any]:
        return await asyncio.gather(thread.run("one"), thread.run("two"))

    _, second = asyncio.run(at_once())
    assert json.loads(second.final_response)["argv"][-2:] == ["resume", "fake"]


def test_a_thread_can_be_used_from_one_event_loop_after_another(fake_codex: Fake) -> None:
    thread = fake_codex("echo").start_thread()
    assert asyncio.run(thread.run("one")).final_response == "one"
    assert asyncio.run(thread.run("two")).final_response == "two"


def test_a_line_of_20_megabytes_comes_whole(fake_codex: Fake) -> None:
    assert len(run(fake_codex("long_line")).final_response) == 20_000_000


def test_a_cli_that_writes_before_it_reads_does_not_hang(fake_codex: Fake) -> None:
    assert len(run(fake_codex("never_reads"), "p" * 1_000_000).final_response) == 400_000


def test_noise_on_stdout_is_a_notice_and_no_end(fake_codex: Fake) -> None:
    turn = run(fake_codex("noise"))
    assert turn.final_response == "fine"
    assert "hello from a proxy" in turn.state.notices[0]


def test_a_flood_on_stderr_is_drained_and_its_end_kept(fake_codex: Fake) -> None:
    with pytest.raises(CodexExecError, match="exited with code 3") as caught:
        run(fake_codex("floods_stderr"))
    assert caught.value.exit_code == 3
    assert caught.value.stderr.endswith("last words")
    assert len(caught.value.stderr) <= 8192


def test_a_cli_that_is_killed_mid_line_is_named_by_its_signal(fake_codex: Fake) -> None:
    with pytest.raises(CodexExecError, match="SIGKILL") as caught:
        run(fake_codex("dies_mid_line"))
    assert caught.value.signal == signal.SIGKILL
    assert caught.value.exit_code is None
    assert caught.value.turn.final_response == "kept"
    assert caught.value.turn.status == "failed"


def test_an_error_event_and_exit_0_is_a_failure_and_no_empty_success(fake_codex: Fake) -> None:
    with pytest.raises(TurnFailedError, match="the model is gone"):
        run(fake_codex("error_then_exit_0"))


def test_a_cli_that_is_too_old_is_called_so_with_the_remedy(fake_codex: Fake) -> None:
    with pytest.raises(CodexVersionError, match=r"too old.*pip install") as caught:
        run(fake_codex("old"))
    assert "codex-old" in caught.value.path


def test_a_missing_cli_is_an_error_with_two_ways_to_get_it(tmp_path: Path) -> None:
    codex = Codex(codex_path_override=tmp_path / "nothing")
    with pytest.raises(CodexNotFoundError, match=r"pip install.*npm install"):
        run(codex)


def test_a_working_directory_that_does_not_exist_is_refused_before_the_turn(
    fake_codex: Fake,
) -> None:
    thread = fake_codex("echo").start_thread(working_directory="/no/such/folder")
    with pytest.raises(InvalidOptionError, match="/no/such/folder does not exist"):
        asyncio.run(thread.run("hi"))


def test_an_interrupted_turn_keeps_what_it_had(fake_codex: Fake) -> None:
    async def interrupted() -> None:
        running = await fake_codex("polite").start_thread().start("hi")
        assert await first_message(running.events()) == "half"
        turn = await running.interrupt()
        assert (turn.status, turn.final_response) == ("interrupted", "half")
        with pytest.raises(TurnInterruptedError) as caught:
            await running.result()
        assert caught.value.turn is turn

    asyncio.run(interrupted())
    assert nothing_is_left()


def test_the_state_says_that_the_turn_is_being_interrupted(fake_codex: Fake) -> None:
    async def interrupted() -> list[str]:
        running = await fake_codex("polite").start_thread().start("hi")
        await first_message(running.events())
        await running.interrupt()
        return [event.type async for event in running.events()]

    assert asyncio.run(interrupted())[-2:] == ["turn.interrupting", "turn.interrupted"]


@pytest.mark.process
def test_a_cli_deaf_to_every_polite_signal_is_ended_all_the_same(fake_codex: Fake) -> None:
    async def interrupted() -> None:
        running = await fake_codex("deaf").start_thread().start("hi")
        await first_message(running.events())
        running.request_interrupt()
        # The second press does not wait for the polite part.
        turn = await running.interrupt()
        assert turn.status == "interrupted"

    asyncio.run(interrupted())
    assert nothing_is_left()


@pytest.mark.parametrize("behaviour", ["leaves_child", "with_child"])
def test_no_process_of_the_agents_outlives_its_turn(fake_codex: Fake, behaviour: str) -> None:
    async def child_of_the_turn() -> int:
        running = await fake_codex(behaviour).start_thread().start("hi")
        pid = int(await first_message(running.events()))
        assert alive(pid) or behaviour == "leaves_child"
        if behaviour == "with_child":
            await running.interrupt()
        else:
            await running
        return pid

    pid = asyncio.run(child_of_the_turn())
    assert eventually(lambda: not alive(pid))
    assert nothing_is_left()


def test_cancelling_run_interrupts_the_turn_and_keeps_it(fake_codex: Fake) -> None:
    thread = fake_codex("with_child").start_thread()

    async def cancelled() -> None:
        task = asyncio.create_task(thread.run("hi"))
        assert await asyncio.to_thread(eventually, descendants)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert nothing_is_left()
    assert thread.last_turn is not None
    assert thread.last_turn.status == "interrupted"


def test_a_turn_interrupted_before_its_process_starts_never_starts_one(fake_codex: Fake) -> None:
    thread = fake_codex("with_child").start_thread()

    async def waiting_turn() -> str:
        first = await thread.start("one")
        await first_message(first.events())
        second = await thread.start("two")
        # At once, although the first goes on.
        turn = await asyncio.wait_for(second.interrupt(), 2)
        assert not first.done
        await first.interrupt()
        return turn.status

    assert asyncio.run(waiting_turn()) == "interrupted"
    assert nothing_is_left()


def test_every_reader_gets_every_event_whenever_it_begins(fake_codex: Fake) -> None:
    async def read() -> list[list[Event]]:
        running = await fake_codex("echo").start_thread().start("hi")

        async def all_events() -> list[Event]:
            return [event async for event in running.events()]

        early = await asyncio.gather(all_events(), all_events())
        return [*early, await all_events()]

    first, second, late = asyncio.run(read())
    assert first == second == late
    assert next(e.type for e in first) == "thread.started"
    assert [e.type for e in first][-1] == "turn.completed"


def test_streamed_events_come_by_attribute_and_by_name(fake_codex: Fake) -> None:
    async def read() -> list[str]:
        streamed = await fake_codex("echo").start_thread().run_streamed("hi")
        assert streamed["events"] is streamed.get("events") is streamed.events
        assert "events" in streamed
        return [event["type"] async for event in streamed["events"]]

    assert asyncio.run(read())[-1] == "turn.completed"


def test_closing_the_stream_ends_the_turn(fake_codex: Fake) -> None:
    async def leave() -> None:
        streamed = await fake_codex("with_child").start_thread().run_streamed("hi")
        assert await first_message(streamed.events)
        await streamed.events.aclose()

    asyncio.run(leave())
    assert nothing_is_left()


def test_leaving_the_stream_as_a_context_manager_ends_the_turn(fake_codex: Fake) -> None:
    thread = fake_codex("with_child").start_thread()

    async def leave() -> None:
        async with await thread.run_streamed("hi") as streamed:
            async for event in streamed.events:
                if event.type == "item.completed":
                    break

    asyncio.run(leave())
    assert thread.last_turn is not None
    assert thread.last_turn.status == "interrupted"
    assert nothing_is_left()


def test_the_threads_id_is_known_as_soon_as_the_cli_says_it(fake_codex: Fake) -> None:
    thread = fake_codex("with_child").start_thread()

    async def begin() -> str | None:
        running = await thread.start("hi")
        await first_message(running.events())
        known = thread.id
        await running.interrupt()
        return known

    assert asyncio.run(begin()) == "fake"


def test_a_relative_working_directory_is_taken_from_ours_and_only_once(
    fake_cli: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = fake_cli("arguments")
    (tmp_path / "project").mkdir()
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    monkeypatch.chdir(tmp_path)
    codex = Codex(codex_path_override=f"./{cli.name}", api_key="sk")
    parts = [{"type": "text", "text": "hi"}, {"type": "local_image", "path": "a.png"}]
    turn = asyncio.run(codex.start_thread(working_directory="project").run(parts))
    told = json.loads(turn.final_response)
    assert told["cwd"] == str(tmp_path / "project")
    assert told["argv"][told["argv"].index("--cd") + 1] == str(tmp_path / "project")
    assert told["argv"][-1] == str(tmp_path / "a.png")


def test_a_working_directory_is_told_without_symbolic_links(
    fake_codex: Fake, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    thread = fake_codex("arguments").start_thread(working_directory=tmp_path / "link")
    told = json.loads(asyncio.run(thread.run("hi")).final_response)
    assert told["cwd"] == str(tmp_path / "real")
    assert told["argv"][told["argv"].index("--cd") + 1] == str(tmp_path / "real")


def test_a_result_does_not_wait_for_a_process_that_lingers(fake_codex: Fake) -> None:
    thread = fake_codex("stays_after_end").start_thread()
    assert asyncio.run(asyncio.wait_for(thread.run("hi"), 5)).final_response == "done"
    (guard, *_) = descendants()
    guard.terminate()
    assert nothing_is_left()


def test_a_validator_that_ends_the_program_ends_only_its_turn(fake_codex: Fake) -> None:
    class Deadly(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def die(cls, n: int) -> int:
            sys.exit(3)

    thread = fake_codex("echo").start_thread()
    with pytest.raises(OutputValidationError, match=r"SystemExit\(3\)"):
        asyncio.run(thread.run('{"n": 1}', output_type=Deadly))
    assert asyncio.run(thread.run("still here")).final_response == "still here"


def test_what_a_cli_says_last_cannot_command_a_terminal(fake_codex: Fake) -> None:
    with pytest.raises(CodexExecError) as caught:
        run(fake_codex("escapes"))
    assert "last words" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_an_answer_comes_back_as_the_type_that_was_asked_for(fake_codex: Fake) -> None:
    turn = run(fake_codex("echo"), '{"value": [1, 2]}', output_type=list[int])
    assert turn.output == [1, 2]
    assert list(turn.to_frame()["value"]) == [1, 2]


def test_an_answer_that_does_not_fit_is_an_error_with_the_raw_text(fake_codex: Fake) -> None:
    with pytest.raises(OutputValidationError) as caught:
        run(fake_codex("echo"), '{"value": ["one"]}', output_type=list[int])
    assert caught.value.raw == '{"value": ["one"]}'
    assert "valid integer" in caught.value.reason
    assert caught.value.turn.status == "completed"
    assert caught.value.schema["properties"]["value"]["type"] == "array"


def test_a_schema_reaches_the_cli_in_a_file_that_is_gone_afterwards(fake_codex: Fake) -> None:
    turn = run(fake_codex("arguments"), output_schema={"type": "object"})
    argv = json.loads(turn.final_response)["argv"]
    file = Path(argv[argv.index("--output-schema") + 1])
    assert file.name == "schema.json"
    assert not file.parent.exists()


def test_an_unknown_turn_option_is_refused(fake_codex: Fake) -> None:
    with pytest.raises(InvalidOptionError, match="has no option 'schema'"):
        run(fake_codex("echo"), schema={})


def test_a_type_and_a_schema_together_are_refused(fake_codex: Fake) -> None:
    with pytest.raises(InvalidOptionError, match="give one of them"):
        run(fake_codex("echo"), output_type=int, output_schema={})
