"""A server that does not start, hangs, dies or is closed; over a fake of ``codex app-server``."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import (
    AppServerError,
    CodexError,
    CodexExecError,
    CodexVersionError,
    RunningTurn,
    Thread,
    Turn,
    TurnFailedError,
    TurnInterruptedError,
)
from codex_notebook.client import app_server, connection, live_turn, process, stopping
from codex_notebook.client.loop import submit
from tests.client.conftest import FakeServer
from tests.client.fake_app_server import (
    ANSWER,
    BEGIN,
    END,
    HANG,
    SAYS,
    answer,
    delta,
    die,
    flood,
    kill,
    refuse,
    said,
    wait_for,
    wait_for_file,
)
from tests.processes import alive, descendants, eventually

pytestmark = pytest.mark.process

Fake = Callable[..., FakeServer]

PATIENCE = 20.0
# Less than any time-out that is not changed here, and much more than anything here takes.
SOON = 15.0
LONG = 20_000_000

# A turn that has said something and goes on until something happens.
HALF = [*SAYS, delta("half")]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a server that hangs no time to end by itself."""
    monkeypatch.setattr(process, "SERVER_GRACE", 0.05)


def until_it_says(running: RunningTurn, text: str) -> None:
    """Wait until a turn has said something."""
    heard: Future[None] = Future()

    def listen(_: object) -> None:
        if text in running.state.final_response and not heard.done():
            heard.set_result(None)

    running.listen(listen)
    listen(None)
    heard.result(PATIENCE)


def failed(running: RunningTurn) -> tuple[Turn, CodexError]:
    turn, error = running.outcome(PATIENCE)
    assert turn.status == "failed"
    assert error is not None
    return turn, error


def no_process_is_left() -> bool:
    return eventually(lambda: not descendants(), SOON)


# ---- the start ---------------------------------------------------------------------------


def test_a_server_is_told_who_we_are_and_that_we_know_what_is_experimental(
    fake_server: Fake,
) -> None:
    server = fake_server()
    assert server.thread().run_sync("hello").final_response == "hello"
    [hello] = server.heard("initialize")
    assert hello["clientInfo"]["name"] == "codex_notebook"
    assert hello["capabilities"]["experimentalApi"] is True
    assert server.heard("initialized") == [None]


@pytest.mark.parametrize(
    ("end", "exit_code", "died_of"), [(die(3, "the config is bad\n"), 3, None), (kill(9), None, 9)]
)
def test_a_server_that_dies_at_the_start_says_how_and_the_next_turn_tries_again(
    fake_server: Fake, end: list[Any], exit_code: int | None, died_of: int | None
) -> None:
    server = fake_server(start=[end])
    thread = server.thread()
    turn, error = failed(thread.start_nowait("hello"))
    assert isinstance(error, CodexExecError)
    assert (error.exit_code, error.signal) == (exit_code, died_of)
    assert ("the config is bad" in error.stderr) == (exit_code is not None)
    assert error.stderr in str(error) == turn.error
    server.play()
    assert thread.run_sync("hello").status == "completed"
    assert len(server.starts) == 2


def test_a_cli_without_an_app_server_is_too_old(fake_server: Fake) -> None:
    words = "error: unrecognized subcommand 'app-server'\n\nUsage: codex [OPTIONS]\n"
    server = fake_server(start=[die(2, words)])
    _, error = failed(server.thread().start_nowait("hello"))
    assert isinstance(error, CodexVersionError)
    assert (error.path, error.version) == (str(server.path), "codex-cli 0.1.0-fake")
    assert "transport='exec'" in str(error)


def test_a_cli_that_refuses_to_shake_hands_is_quoted_and_ended(fake_server: Fake) -> None:
    server = fake_server(initialize=[refuse("unknown field `clientInfo`")])
    _, error = failed(server.thread().start_nowait("hello"))
    assert isinstance(error, TurnFailedError)
    assert "refused to begin: unknown field `clientInfo`" in str(error)
    assert "pip install" in str(error)
    assert no_process_is_left()


@pytest.mark.parametrize("hello", [{}, {"userAgent": None}, {"userAgent": "odd"}, [], "text", 3])
def test_it_does_not_matter_what_a_server_calls_itself(fake_server: Fake, hello: Any) -> None:
    server = fake_server(initialize=[answer(hello)])
    assert server.thread().run_sync("hello").status == "completed"


def test_a_server_that_never_shakes_hands_is_ended(
    fake_server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_server, "START_TIMEOUT", 0.3)
    server = fake_server(initialize=[HANG])
    _, error = failed(server.thread().start_nowait("hello"))
    assert "has not answered within 0.3 s" in str(error)
    assert no_process_is_left()


def test_a_turn_can_be_interrupted_while_its_server_hangs_at_the_start(fake_server: Fake) -> None:
    server = fake_server(initialize=[HANG])
    codex = server.client()
    first, second = (codex.start_thread(skip_git_repo_check=True) for _ in range(2))
    hanging = first.start_nowait("one")
    assert eventually(lambda: server.heard("initialize"))
    waiting = second.start_nowait("two")
    server.play()
    hanging.request_interrupt()
    assert hanging.outcome(SOON)[0].status == "interrupted"
    assert waiting.outcome(SOON)[0].final_response == "two"
    assert [alive(pid) for pid in server.starts] == [False, True]


def test_a_login_that_is_refused_fails_the_turn_and_leaves_no_server(fake_server: Fake) -> None:
    words = "API key login is disabled. Use ChatGPT login instead."
    server = fake_server(account__login__start=[refuse(words)])
    _, error = failed(server.thread().start_nowait("hello"))
    assert words in str(error)
    assert no_process_is_left()


# ---- a server that hangs -----------------------------------------------------------------


@pytest.mark.parametrize("method", ["thread/start", "turn/start"])
def test_a_request_that_is_never_answered_fails_its_turn_with_what_to_do(
    fake_server: Fake, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_TIMEOUT", 1.0)
    server = fake_server(**{method: []})
    codex = server.client()
    thread = codex.start_thread(skip_git_repo_check=True)
    _, error = failed(thread.start_nowait("hello"))
    assert f"has not answered {method} within 1 s" in str(error)
    if method == "thread/start":
        assert "codex.close()" in str(error)
        asyncio.run(codex.close())
    else:
        # It could begin the turn after all, and nobody would watch it.
        assert eventually(lambda: not alive(server.starts[0]))
    server.play()
    assert thread.run_sync("again").final_response == "again"


def test_a_turn_that_will_not_stop_is_ended_with_its_server_and_the_others_are_told_why(
    fake_server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "INTERRUPT_GRACE", 0.3)
    server = fake_server({"half": HALF}, turn__interrupt=[])
    codex = server.client()
    deaf, other = (codex.start_thread(skip_git_repo_check=True) for _ in range(2))
    turns = [thread.start_nowait("half") for thread in (deaf, other)]
    for running in turns:
        until_it_says(running, "half")
    turns[0].request_interrupt()
    stopped, _ = turns[0].outcome(SOON)
    assert (stopped.status, stopped.final_response) == ("interrupted", "half")
    turn, error = failed(turns[1])
    assert turn.final_response == "half"
    assert "did not stop" in str(error)
    assert other.run_sync("again").status == "completed"
    assert len(server.starts) == 2


def test_an_impatient_interrupt_does_not_wait_for_a_server_that_hangs(
    fake_server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "INTERRUPT_GRACE", 1000.0)
    monkeypatch.setattr(stopping, "HURRY_GRACE", 0.1)
    server = fake_server({"half": [*HALF, HANG]})
    running = server.thread().start_nowait("half")
    until_it_says(running, "half")
    running.request_interrupt()
    running.request_interrupt()
    assert running.outcome(SOON)[0].status == "interrupted"
    assert no_process_is_left()


def test_commands_that_the_server_does_not_say_it_ended_are_one_notice(
    fake_server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_turn, "INTERRUPT_GRACE", 0.3)
    server = fake_server({"half": HALF}, thread__backgroundTerminals__clean=[])
    running = server.thread().start_nowait("half")
    until_it_says(running, "half")
    running.request_interrupt()
    turn, error = running.outcome(SOON)
    assert isinstance(error, TurnInterruptedError)
    [notice] = turn.state.notices
    assert "were not ended" in notice


def test_a_server_that_stops_reading_does_not_keep_us_and_is_ended_before_much_piles_up(
    fake_server: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_TIMEOUT", 1.0)
    monkeypatch.setattr(app_server, "MAX_UNREAD", 400_000)
    server = fake_server({"deaf": [*HALF, HANG]})
    running = server.thread().start_nowait("deaf")
    until_it_says(running, "half")

    async def steer() -> None:
        with pytest.raises(AppServerError, match="has not answered turn/steer"):
            await running.steer("x" * 300_000)
        with pytest.raises(AppServerError, match="stopped reading"):
            await running.steer("x" * 300_000)

    asyncio.run(asyncio.wait_for(steer(), SOON))
    turn, error = failed(running)
    assert "stopped reading" in str(error)
    assert turn.final_response == "half"


# ---- a server that dies ------------------------------------------------------------------


def test_everybody_who_waits_for_a_server_that_dies_gets_an_error(fake_server: Fake) -> None:
    dies = [wait_for("model/list"), die(4, "out of memory")]
    server = fake_server(account__read=dies, thread__list=[], model__list=[])
    codex = server.client()

    async def ask() -> list[Any]:
        asking = [codex.account(), codex.threads(), codex.models()]
        return await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), SOON)

    for error in asyncio.run(ask()):
        assert isinstance(error, AppServerError)
        assert "exited with code 4" in str(error)
        assert "out of memory" in str(error)
    server.play(model__list=[answer({"data": []})])
    assert asyncio.run(codex.models()) == []


@pytest.mark.parametrize(
    ("end", "exit_code", "died_of"),
    [(die(5, "no space left\n"), 5, None), (kill(signal.SIGSEGV), None, signal.SIGSEGV)],
)
def test_turns_keep_what_they_had_when_their_server_dies_and_their_threads_go_on(
    fake_server: Fake, end: list[Any], exit_code: int | None, died_of: int | None
) -> None:
    server = fake_server({"half": HALF, "dies": [*HALF, end]})
    codex = server.client()
    threads = [codex.start_thread(skip_git_repo_check=True) for _ in range(3)]
    turns = [thread.start_nowait("half") for thread in threads[:2]]
    for running in turns:
        until_it_says(running, "half")
    turns.append(threads[2].start_nowait("dies"))
    for running in turns:
        turn, error = failed(running)
        assert isinstance(error, CodexExecError)
        assert (error.exit_code, error.signal) == (exit_code, died_of)
        assert error.stderr == ("no space left" if exit_code else "")
        assert error.stderr in str(error)
        assert error.turn.final_response == turn.final_response == "half"
    for thread in threads:
        assert thread.run_sync("again").final_response == "again"
    assert {told["threadId"] for told in server.heard("thread/resume")} == {t.id for t in threads}
    assert len(server.starts) == 2


def test_a_turn_that_begins_while_the_server_goes_gets_another_one(fake_server: Fake) -> None:
    server = fake_server()
    codex = server.client()
    thread = codex.start_thread(skip_git_repo_check=True)
    thread.run_sync("one")
    closing = submit(codex._live.close())
    assert thread.run_sync("two").final_response == "two"
    closing.result(SOON)
    assert len(server.starts) == 2


def test_what_a_server_writes_to_stderr_does_not_stop_it_and_only_its_end_is_kept(
    fake_server: Fake,
) -> None:
    server = fake_server({"chatty": [flood(LONG), *BEGIN, said("done"), flood(LONG), END]})
    thread = server.thread()
    assert thread.run_sync("chatty").final_response == "done"
    server.play({"dies": [flood(LONG), die(3, "the end\n")]})
    server.close_clients()
    _, error = failed(thread.start_nowait("dies"))
    assert isinstance(error, CodexExecError)
    assert len(error.stderr) < 10_000
    assert error.stderr.endswith("the end")


# ---- the end of a client -----------------------------------------------------------------


def test_closing_a_client_interrupts_its_turns_and_the_next_one_starts_it_anew(
    fake_server: Fake,
) -> None:
    server = fake_server({"half": HALF})
    codex = server.client()
    thread = codex.start_thread(skip_git_repo_check=True)
    running = thread.start_nowait("half")
    until_it_says(running, "half")
    asyncio.run(codex.close())
    turn, error = running.outcome(SOON)
    assert isinstance(error, TurnInterruptedError)
    assert (turn.status, turn.final_response) == ("interrupted", "half")
    assert no_process_is_left()
    assert thread.run_sync("again").final_response == "again"
    assert server.heard("thread/resume")[0]["threadId"] == thread.id


def test_a_client_is_busy_from_the_start_of_a_turn_to_its_end(fake_server: Fake) -> None:
    server = fake_server(initialize=[])
    codex = server.client()
    assert not codex.busy
    running = codex.start_thread(skip_git_repo_check=True).start_nowait("hello")
    assert eventually(lambda: codex.busy)
    with pytest.raises(CodexError, match="Turns are running"):
        asyncio.run(codex.login("sk-another-key"))
    asyncio.run(running.interrupt())
    assert not codex.busy


def test_a_client_that_is_closed_while_its_server_starts_has_none_afterwards(
    fake_server: Fake, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    server = fake_server(initialize=[wait_for_file(ready), ANSWER])
    codex = server.client()
    running = codex.start_thread(skip_git_repo_check=True).start_nowait("hello")
    assert eventually(lambda: server.heard("initialize"))

    async def close() -> None:
        closing = asyncio.create_task(codex.close())
        await asyncio.sleep(0)
        ready.touch()
        await closing

    asyncio.run(asyncio.wait_for(close(), SOON))
    assert running.outcome(SOON)[0].status == "interrupted"
    assert no_process_is_left()


def test_a_client_that_nobody_holds_takes_its_server_with_it(fake_server: Fake) -> None:
    server = fake_server()
    codex = server.client()
    thread: Thread | None = codex.start_thread(skip_git_repo_check=True)
    assert thread is not None
    thread.run_sync("hello")
    [pid] = server.starts
    gone = weakref.ref(codex)
    server.forget_clients()
    del codex
    gc.collect()
    # Its thread can still have turns.
    assert alive(pid)
    thread.run_sync("hello")
    assert len(server.starts) == 1
    thread = None
    gc.collect()
    assert gone() is None
    assert eventually(lambda: not alive(pid))


def in_a_child(what: Callable[[], bool]) -> bool:
    """Return what comes of something in a forked child."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if what() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_server_of_its_own_and_leaves_ours_alone(fake_server: Fake) -> None:
    server = fake_server()
    codex = server.client()
    threads = [codex.start_thread(skip_git_repo_check=True)]
    threads[0].run_sync("hello")

    def child() -> bool:
        ran = threads[0].run_sync("in the child").final_response == "in the child"
        threads.clear()
        asyncio.run(codex.close())
        return ran

    assert in_a_child(child)
    ours, theirs = server.starts
    assert alive(ours)
    assert eventually(lambda: not alive(theirs))
    assert threads[0].run_sync("again").final_response == "again"
    assert len(server.starts) == 2


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_client_that_a_forked_child_drops_keeps_its_server_here(fake_server: Fake) -> None:
    server = fake_server()
    threads = [server.thread()]
    threads[0].run_sync("hello")

    def child() -> bool:
        dropped = weakref.ref(threads.pop())
        server.forget_clients()
        gc.collect()
        # Long enough for what would end the server, if something did.
        ran = server.thread().run_sync("of its own").status == "completed"
        return ran and dropped() is None

    assert in_a_child(child)
    assert threads[0].run_sync("again").final_response == "again"
    ours, theirs = server.starts
    assert alive(ours)
    assert eventually(lambda: not alive(theirs))


# ---- many, and much ----------------------------------------------------------------------


def test_fifty_threads_run_at_once_on_one_server(fake_server: Fake) -> None:
    server = fake_server()
    codex = server.client()

    async def run() -> list[Turn]:
        threads = [codex.start_thread(skip_git_repo_check=True) for _ in range(50)]
        return await asyncio.gather(*(thread.run(f"turn {n}") for n, thread in enumerate(threads)))

    turns = asyncio.run(asyncio.wait_for(run(), PATIENCE))
    assert [turn.final_response for turn in turns] == [f"turn {n}" for n in range(50)]
    assert len({turn.thread_id for turn in turns}) == 50
    assert len(server.starts) == 1


def test_frames_of_20_mb_pass_both_ways(fake_server: Fake) -> None:
    server = fake_server({"long": [*SAYS, delta("x" * LONG), said("x" * LONG), END]})
    thread = server.thread()
    assert thread.run_sync("long").final_response == "x" * LONG
    thread.run_sync("hello", additional_context={"notes": "y" * LONG})
    assert server.heard("turn/start")[1]["additionalContext"]["notes"]["value"] == "y" * LONG
