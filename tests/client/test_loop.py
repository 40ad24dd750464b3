"""The thread of the turns outlives what users do on it, and around it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from codex_notebook import (
    AbortController,
    Codex,
    CodexExecError,
    OutputValidationError,
    TurnInterruptedError,
)
from codex_notebook.client.turnstile import Turnstile
from tests.processes import alive, descendants, eventually

pytestmark = pytest.mark.process

Fake = Callable[[str], Codex]
PATIENCE = 20.0


class Leaving(BaseException):
    """What pytest raises to fail a test, for one, is no `Exception`."""


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), Leaving()], ids=repr)
def test_what_a_callback_raises_ends_neither_its_turn_nor_those_to_come(
    fake_codex: Fake, error: BaseException
) -> None:
    def raises(*_: object) -> None:
        raise error

    thread = fake_codex("echo").start_thread()
    running = thread.start_nowait("one")
    running.listen(raises)
    running.when_done(raises)
    assert running.outcome(PATIENCE)[0].final_response == "one"
    assert thread.start_nowait("two").outcome(PATIENCE)[0].final_response == "two"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), Leaving()], ids=repr)
def test_what_a_validator_raises_is_an_answer_that_does_not_fit(
    fake_codex: Fake, error: BaseException
) -> None:
    class Refused:
        @classmethod
        def __get_pydantic_core_schema__(cls, *_: Any) -> Any:
            from pydantic_core import core_schema

            def refuse(_: str) -> None:
                raise error

            return core_schema.no_info_after_validator_function(refuse, core_schema.str_schema())

    thread = fake_codex("echo").start_thread()
    running = thread.start_nowait('{"value": "x"}', output_type=Refused)
    turn, fault = running.outcome(PATIENCE)
    assert isinstance(fault, OutputValidationError)
    assert type(error).__name__ in fault.reason
    assert turn.status == "completed"
    assert thread.start_nowait("two").outcome(PATIENCE)[1] is None


def test_an_abort_stops_every_turn_though_one_who_listens_breaks(fake_codex: Fake) -> None:
    controller = AbortController()
    controller.signal.listen(lambda: 1 / 0)
    threads = [fake_codex("polite").start_thread() for _ in range(2)]
    turns = [thread.start_nowait("hi", signal=controller.signal) for thread in threads]
    with pytest.raises(ZeroDivisionError):
        controller.abort()
    for running in turns:
        assert isinstance(running.outcome(PATIENCE)[1], TurnInterruptedError)
    assert eventually(lambda: descendants() == [])


FORKS = """
import os, sys
from codex_notebook import Codex

codex = Codex(codex_path_override=sys.argv[1], api_key="sk-fake")
thread = codex.start_thread()
thread.run_sync("one")
held = thread.start_nowait("two")
queued = thread.start_nowait("three")
if os.fork() == 0:
    said = thread.run_sync("in the child").final_response
    said += thread.run_sync("again").final_response
    os.write(1, said.encode())
    os._exit(0)
os.wait()
held.outcome(10), queued.outcome(10)
"""


def test_a_forked_child_goes_on_with_a_thread_that_is_busy_in_its_parent(
    fake_cli: Callable[[str], Path],
) -> None:
    said = script(FORKS, str(fake_cli("echo")))
    assert said == "in the childagain"


HALF_READ_FORKS = """
import os, sys
from codex_notebook import Codex

thread = Codex(codex_path_override=sys.argv[1], api_key="sk-fake").start_thread()
stream = thread.run_streamed_sync("hi")
next(event for event in stream if event.type == "item.completed")
if os.fork() == 0:
    del stream
    sys.exit(0)
os.wait()
print(stream._running.state.interrupting)
print(stream._running.done)
stream.close()
print(thread.last_turn.status)
"""


def test_a_turn_goes_on_when_a_forked_child_lets_go_of_its_copy(
    fake_cli: Callable[[str], Path],
) -> None:
    said = script(HALF_READ_FORKS, str(fake_cli("polite")))
    assert said == "False\nFalse\ninterrupted\n"


def test_a_turn_whose_guard_is_killed_ends_and_leaves_nothing(fake_codex: Fake) -> None:
    thread = fake_codex("deaf").start_thread()
    running = thread.start_nowait("hi")
    assert next(e for e in running.events_blocking() if e.type == "item.completed")
    (guard,) = psutil.Process().children()
    (cli,) = guard.children()
    guard.kill()
    _, error = running.outcome(PATIENCE)
    assert isinstance(error, CodexExecError)
    assert error.signal == signal.SIGKILL
    assert eventually(lambda: not alive(cli.pid))


def test_without_a_thread_to_attend_to_it_a_process_is_not_started(
    fake_codex: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("codex_notebook.client.process.start_in_thread", none_left)
    with pytest.raises(CodexExecError, match="could not be started: can't start new thread"):
        fake_codex("with_child").start_thread().run_sync("hi")
    assert eventually(lambda: descendants() == [])


def test_a_thread_has_one_turnstile_however_many_ask_for_it_at_once() -> None:
    ids = [str(number) for number in range(2_000)]
    found: list[list[Turnstile]] = [[] for _ in range(4)]

    def ask(own: list[Turnstile]) -> None:
        own += [Turnstile.of(("/home", known)) for known in ids]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        asking = [threading.Thread(target=ask, args=(own,)) for own in found]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
    finally:
        sys.setswitchinterval(interval)
    assert all(len({id(each) for each in same}) == 1 for same in zip(*found, strict=True))


def test_threads_of_two_homes_are_two_whatever_their_ids() -> None:
    mine, other = Turnstile.of(("/mine", "1")), Turnstile.of(("/other", "1"))
    assert mine is not other
    assert Turnstile.of(("/mine", "1")) is mine


LATE = """
import sys, threading
from codex_notebook import Codex

thread = Codex(codex_path_override=sys.argv[1], api_key="sk-fake").start_thread()
before = thread.run_sync("before")

def work():
    threading.main_thread().join()
    print(thread.run_sync('{"value": "late"}', output_type=str).output)

threading.Thread(target=work).start()
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python starts no threads by then")
def test_a_turn_runs_when_the_main_thread_has_ended(fake_cli: Callable[[str], Path]) -> None:
    assert script(LATE, str(fake_cli("echo"))) == "late\n"


FOREIGN_POLICY = """
import asyncio, sys
from codex_notebook import Codex

class Policy(asyncio.events.BaseDefaultEventLoopPolicy):
    # As uvloop's, which makes loops of its own and has no watcher of children.
    def _loop_factory(self):
        raise AssertionError("a loop of the program's own make")

asyncio.set_event_loop_policy(Policy())
thread = Codex(codex_path_override=sys.argv[1], api_key="sk-fake").start_thread()
print(thread.run_sync("hi").final_response)
"""


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="there are no policies any more")
def test_turns_do_not_depend_on_the_event_loops_of_the_program(
    fake_cli: Callable[[str], Path],
) -> None:
    assert script(FOREIGN_POLICY, str(fake_cli("echo"))) == "hi\n"


def script(text: str, *arguments: str) -> str:
    # Since 3.12 Python warns of forking where threads run, which is what is tried here.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", text, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def test_the_exception_of_a_turn_does_not_grow_each_time_it_is_raised(fake_codex: Fake) -> None:
    running = fake_codex("error_then_exit_0").start_thread().start_nowait("hi")

    async def frames() -> int:
        count = 0
        try:
            await running
        except Exception as error:
            trace = error.__traceback__
            while trace is not None:
                count, trace = count + 1, trace.tb_next
        return count

    assert asyncio.run(frames()) == asyncio.run(frames()) > 0
