"""Live where the CLI can, ``codex exec`` where it cannot: when that is, and what is said of it."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from codex_cli_bin import bundled_codex_path

from codex_notebook import (
    Codex,
    CodexExecError,
    CodexNotFoundError,
    InvalidOptionError,
    RunningTurn,
    ThreadNotFoundError,
    TurnFailedError,
    UnsupportedError,
    offline,
)
from codex_notebook.offline import command, text, turn
from tests.client.conftest import FAKE, FakeServer
from tests.client.fake_app_server import BEGIN, completed, die, refuse, wait_for_file

Fake = Callable[..., FakeServer]

NO_SERVER = die(2, "error: unrecognized subcommand 'app-server'\n\nUsage: codex [OPTIONS]\n")
THREAD = "01a2048e-fb92-7212-b87d-f21b77426a7d"


@pytest.fixture
def both(fake_server: Fake) -> Fake:
    """Return a function that makes a CLI that also knows ``exec``, and echoes there."""

    def make(turns: Any = None, **answers: Any) -> FakeServer:
        server = fake_server(turns, **answers)
        live = server.path.read_text().splitlines()[-1]
        fake = shlex.join([sys.executable, "-I", "-S", str(FAKE)])
        server.path.write_text(
            f'#!/bin/sh\ncase "$1" in exec) exec {fake} "$@" echo;; esac\n{live}\n'
        )
        return server

    return make


def auto(server: FakeServer, **options: Any) -> Codex:
    return server.client(**{"transport": "auto", **options})


def ended(running: RunningTurn) -> tuple[str, list[str]]:
    turn, error = running.outcome(20)
    assert error is None
    return turn.final_response, list(turn.state.notices)


def start(codex: Codex, prompt: str = "hello", **options: Any) -> RunningTurn:
    return codex.start_thread(skip_git_repo_check=True, **options).start_nowait(prompt)


def is_live(running: RunningTurn) -> bool:
    return running.state.turn_id is not None


# ---- when the live one can be had ---------------------------------------------------------


def test_it_is_live_where_the_cli_can(both: Fake) -> None:
    server = both()
    running = start(auto(server, approvals=True, questions=True))
    assert ended(running) == ("hello", [])
    assert is_live(running)
    assert server.heard("thread/start")[0]["approvalPolicy"] == "on-request"


def test_a_turn_that_fails_live_has_failed(both: Fake) -> None:
    server = both(**{"turn/start": [refuse("the model is not there")]})
    _, error = start(auto(server)).outcome(20)
    assert isinstance(error, TurnFailedError)
    assert "the model is not there" in str(error)
    assert len(server.starts) == 1


def test_a_thread_that_the_server_does_not_know_is_looked_for_nowhere_else(both: Fake) -> None:
    server = both(**{"thread/resume": [refuse(f"no rollout found for thread id {THREAD}")]})
    thread = auto(server).resume_thread(THREAD, skip_git_repo_check=True)
    _, error = thread.start_nowait("hello").outcome(20)
    assert isinstance(error, ThreadNotFoundError)


def test_a_server_that_dies_in_a_turn_is_no_reason_to_change_over(both: Fake) -> None:
    server = both({"fall": [*BEGIN, die(3)]})
    codex = auto(server)
    _, error = start(codex, "fall").outcome(20)
    assert isinstance(error, CodexExecError)
    again = start(codex)
    assert ended(again) == ("hello", [])
    assert is_live(again)


def test_what_can_be_done_to_a_live_turn_reaches_it(both: Fake) -> None:
    server = both({"half": [*BEGIN, completed(type="plan", id="p", text="half")]})
    running = start(auto(server), "half")
    asyncio.run(running.steer("more"))
    assert server.heard("turn/steer")[0]["input"][0]["text"] == "more"
    with pytest.raises(InvalidOptionError, match="what waits is nothing"):
        asyncio.run(running.respond("approval_1", "accept"))
    with pytest.raises(InvalidOptionError, match="what waits is nothing"):
        asyncio.run(running.answer("input_1", "red"))
    running.request_interrupt()
    assert running.outcome(20)[0].status == "interrupted"


def test_a_cli_that_is_missing_is_refused_before_anything_starts(both: Fake) -> None:
    with pytest.raises(CodexNotFoundError):
        start(auto(both(), codex_path_override="/no/codex"))


def test_an_option_that_cannot_work_is_refused_before_anything_starts(both: Fake) -> None:
    server = both()
    with pytest.raises(InvalidOptionError):
        start(auto(server), working_directory="/no/such")
    assert server.starts == []


# ---- when it cannot -----------------------------------------------------------------------

CANNOT = {
    "no such subcommand": {"start": [NO_SERVER]},
    "dies": {"start": [die(3, "broken\n")]},
    "refuses to begin": {"initialize": [refuse("unknown field `clientInfo`")]},
    "lacks a method": {"thread/start": [refuse("no", -32601)]},
    "lacks a field": {"thread/start": [refuse("Invalid request: unknown field `sandbox`")]},
}


@pytest.mark.parametrize("answers", CANNOT.values(), ids=list(CANNOT))
def test_it_goes_on_over_exec_and_says_so_once(both: Fake, answers: dict[str, Any]) -> None:
    server = both(**answers)
    codex = auto(server, approvals=True, questions=lambda request: None)
    thread = codex.start_thread(skip_git_repo_check=True)
    first = thread.start_nowait("hello")
    said, [notice] = ended(first)
    assert (said, is_live(first)) == ("hello", False)
    assert "`codex exec`" in notice
    assert "not steered" in notice
    assert ended(thread.start_nowait("again")) == ("again", [])
    assert ended(start(codex, "other")) == ("other", [])
    assert len(server.starts) == 1
    assert not codex.busy


def test_turns_side_by_side_change_over_together(both: Fake) -> None:
    server = both(start=[NO_SERVER])
    codex = auto(server)
    running = [start(codex, prompt) for prompt in ("one", "two", "three")]
    turns = [ended(one) for one in running]
    assert [said for said, _ in turns] == ["one", "two", "three"]
    assert sum(len(notices) for _, notices in turns) == 1


def test_why_it_cannot_is_in_the_notice(both: Fake) -> None:
    _, [notice] = ended(start(auto(both(start=[die(3, "the disk is full\n")]))))
    assert "the disk is full" in notice


def test_such_a_turn_cannot_be_steered_and_says_so(both: Fake) -> None:
    running = start(auto(both(start=[NO_SERVER])))
    running.outcome(20)
    with pytest.raises(UnsupportedError, match="steer"):
        asyncio.run(running.steer("more"))


def test_what_only_the_live_one_can_is_refused_with_the_reason(both: Fake) -> None:
    server = both(start=[die(3, "the disk is full\n")])

    def double(number: int) -> int:
        """Double a number."""
        return 2 * number

    _, error = start(auto(server, tools=[double])).outcome(20)
    assert isinstance(error, UnsupportedError)
    assert (error.feature, "the disk is full" in str(error)) == ("tools", True)


def test_what_is_wrong_for_both_does_not_change_anything_over(fake_server: Fake) -> None:
    """Here even ``exec`` ends before it opens a thread."""
    server = fake_server(start=[die(1, "Error: the config is bad\n")])
    codex = auto(server)
    _, error = start(codex).outcome(20)
    assert isinstance(error, CodexExecError)
    assert "the config is bad" in str(error)
    server.play()
    again = start(codex)
    assert ended(again) == ("hello", [])
    assert is_live(again)


def test_a_fork_changes_over_too_and_the_next_turn_says_so(both: Fake) -> None:
    server = both(start=[NO_SERVER])
    codex = auto(server)
    thread = codex.resume_thread(THREAD, skip_git_repo_check=True)
    fork = asyncio.run(thread.fork())
    assert fork.id == "forked"
    said, notices = ended(start(codex))
    assert (said, len(notices), len(server.starts)) == ("hello", 1, 1)


def test_an_interrupt_while_the_server_starts_ends_the_turn(both: Fake, tmp_path: Path) -> None:
    server = both(start=[wait_for_file(tmp_path / "go"), NO_SERVER])
    running = start(auto(server))
    running.request_interrupt()
    (tmp_path / "go").touch()
    turn, _ = running.outcome(20)
    assert (turn.status, list(turn.state.notices)) == ("interrupted", [])


# ---- over the real CLI --------------------------------------------------------------------


@pytest.mark.cli
@pytest.mark.parametrize("old", [False, True])
def test_the_real_cli_goes_on_with_a_thread_over_either(tmp_path: Path, old: bool) -> None:
    real = shlex.quote(str(bundled_codex_path()))
    cli = tmp_path / "codex"
    refusing = "echo \"error: unrecognized subcommand 'app-server'\" >&2; exit 2"
    broken = tmp_path / "broken"
    cli.write_text(
        f'#!/bin/sh\n[ -e {broken} ] && [ "$1" = app-server ] && {{ {refusing}; }}\n'
        f'exec {real} "$@"\n'
    )
    cli.chmod(0o755)
    scenario = [turn(command("echo hi"), text("Done."), when="."), turn(text("Hello."), when=".")]
    with offline.serve(scenario, repeat=True) as model:

        async def played() -> list[RunningTurn]:
            options = {"transport": "auto", "approvals": True, "codex_path_override": cli}
            known = model.options.model_dump(include=model.options.model_fields_set)
            async with Codex({**known, **options}) as codex:
                thread = codex.start_thread(working_directory=tmp_path, skip_git_repo_check=True)
                first = await thread.start("one")
                await first
                # As after an update that went wrong.
                await codex.close()
                if old:
                    broken.touch()
                second = await thread.start("two")
                await second
                fork = await thread.fork()
                third = await fork.start("three")
                await third
                return [first, second, third]

        first, second, third = asyncio.run(played())
        assert [request.user_message for request in model.requests][-1] == "three"
    assert first.state.thread_id == second.state.thread_id != third.state.thread_id
    assert [is_live(one) for one in (first, second, third)] == [True, not old, not old]
    assert [len(one.state.notices) for one in (first, second, third)] == [0, int(old), 0]
