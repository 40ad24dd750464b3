"""Turns in code that blocks: scripts, threads, running loops, cells; and Ctrl-C in each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from codex_notebook import Codex, CodexExecError, OutputValidationError, Thread, TurnFailedError
from codex_notebook.client.process import INTERRUPT_GRACE
from tests.notebook.kernel import Kernel, running_kernel
from tests.processes import alive, descendants, eventually

pytestmark = pytest.mark.process

Fake = Callable[[str], Codex]


def nothing_is_left() -> bool:
    return eventually(lambda: descendants() == [])


# ---- where it blocks ---------------------------------------------------------------------


def test_a_turn_runs_where_there_is_no_loop(fake_codex: Fake) -> None:
    thread = fake_codex("echo").start_thread()
    assert thread.run_sync("one").final_response == "one"
    done = thread.run_sync('{"value": [2]}', output_type=list[int])
    assert (done.output, thread.last_turn) == ([2], done)


def test_a_turn_runs_where_a_loop_runs(fake_codex: Fake) -> None:
    thread = fake_codex("echo").start_thread()

    async def main() -> list[Any]:
        handler = signal.getsignal(signal.SIGINT)
        before = thread.run_sync("one").final_response
        events = [event.type for event in thread.run_streamed_sync("two")]
        # While it blocks Ctrl-C is ours; the loop gets it back.
        assert signal.getsignal(signal.SIGINT) is handler
        return [before, events[-1], (await thread.run("three")).final_response]

    assert asyncio.run(main()) == ["one", "turn.completed", "three"]


def test_a_turn_runs_in_a_second_thread_beside_a_loop(fake_codex: Fake) -> None:
    thread = fake_codex("echo").start_thread()

    async def main() -> str:
        return (await asyncio.to_thread(thread.run_sync, "hi")).final_response

    assert asyncio.run(main()) == "hi"


def test_turns_of_many_threads_run_at_once(fake_codex: Fake) -> None:
    codex = fake_codex("echo")
    prompts = [f"prompt {number}" for number in range(8)]

    def ask(prompt: str) -> str:
        return codex.start_thread().run_sync(prompt).final_response

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, prompts)) == prompts


def test_turns_of_one_thread_from_many_threads_are_one_conversation(fake_codex: Fake) -> None:
    thread = fake_codex("arguments").start_thread()
    with ThreadPoolExecutor(4) as pool:
        turns = list(pool.map(thread.run_sync, ["hi"] * 4))
    resumed = [json.loads(done.final_response)["argv"][-2:] for done in turns]
    assert resumed.count(["resume", "fake"]) == 3


# ---- streams -----------------------------------------------------------------------------


def test_a_stream_gives_every_event_and_the_turn_is_the_last_one(fake_codex: Fake) -> None:
    thread = fake_codex("echo").start_thread()
    types = [event.type for event in thread.run_streamed_sync("hi")]
    assert types == ["thread.started", "turn.started", "item.completed", "turn.completed"]
    assert thread.last_turn is not None
    assert thread.last_turn.final_response == "hi"


def test_events_come_while_the_turn_runs(fake_codex: Fake) -> None:
    thread = fake_codex("polite").start_thread()
    events = thread.run_streamed_sync("hi")
    assert [next(events).type for _ in range(3)][-1] == "item.completed"
    assert descendants() != []
    events.close()
    assert descendants() == []


def leave_by_break(thread: Thread) -> None:
    for event in thread.run_streamed_sync("hi"):
        if event.type == "item.completed":
            break


def leave_by_exception(thread: Thread) -> None:
    with contextlib.suppress(LookupError):
        for event in thread.run_streamed_sync("hi"):
            if event.type == "item.completed":
                raise LookupError


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_exception])
def test_leaving_a_stream_early_ends_its_turn_and_waits_for_its_end(
    fake_codex: Fake, leave: Callable[[Thread], None]
) -> None:
    thread = fake_codex("with_child").start_thread()
    leave(thread)
    assert descendants() == []
    assert thread.last_turn is not None
    assert thread.last_turn.status == "interrupted"


def test_closing_a_stream_before_its_first_event_ends_its_turn(fake_codex: Fake) -> None:
    thread = fake_codex("polite").start_thread()
    thread.run_streamed_sync("hi").close()
    # A turn behind it begins when it has ended.
    behind = thread.start_nowait("hi")
    try:
        assert eventually(lambda: behind.state.status == "running", 1)
    finally:
        behind.request_interrupt()
        for guard in psutil.Process().children():
            guard.terminate()
        assert nothing_is_left()


def test_a_turn_that_is_left_has_the_time_to_end_politely(
    fake_cli: Callable[[str], Path], tmp_path: Path
) -> None:
    log = tmp_path / "starts.log"
    cli = fake_cli("saves_when_interrupted")
    codex = Codex(codex_path_override=cli, api_key="sk-fake", env={"FAKE_CLI_LOG": str(log)})
    events = codex.start_thread().run_streamed_sync("hi")
    next(events)
    assert eventually(Path(f"{log}.waits").exists)
    events.close()
    assert Path(f"{log}.saved").exists()


LEFT_HALF_READ = """
import sys
from codex_notebook import Codex

codex = Codex(codex_path_override=sys.argv[1], api_key="sk-fake")
events = codex.start_thread().run_streamed_sync("hi")
print([next(events).type for _ in range(3)][-1], flush=True)
"""


def test_a_program_may_end_with_a_stream_that_was_left_half_read(
    fake_cli: Callable[[str], Path], tmp_path: Path
) -> None:
    log = tmp_path / "starts.log"
    command = [sys.executable, "-c", LEFT_HALF_READ, str(fake_cli("with_child"))]
    env = {**os.environ, "FAKE_CLI_LOG": str(log)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.communicate(timeout=5)[0] == "item.completed\n"
            assert process.returncode == 0
        finally:
            process.kill()
    pid, *_ = json.loads(log.read_text())
    assert eventually(lambda: not alive(pid))


# ---- errors ------------------------------------------------------------------------------


def test_a_turn_that_fails_raises_with_the_turn(fake_codex: Fake) -> None:
    with pytest.raises(TurnFailedError, match="the model is gone") as caught:
        fake_codex("error_then_exit_0").start_thread().run_sync("hi")
    assert (caught.value.turn.status, caught.value.turn.thread_id) == ("failed", "fake")
    with pytest.raises(OutputValidationError) as unfit:
        fake_codex("echo").start_thread().run_sync("no number", output_type=int)
    assert unfit.value.turn.final_response == unfit.value.raw == "no number"


def test_a_stream_that_fails_raises_behind_its_last_event(fake_codex: Fake) -> None:
    types: list[str] = []

    def read() -> None:
        for event in fake_codex("dies_mid_line").start_thread().run_streamed_sync("hi"):
            types.append(event.type)

    with pytest.raises(CodexExecError, match="SIGKILL") as caught:
        read()
    assert types[-1] == "turn.failed"
    assert caught.value.turn.final_response == "kept"


# ---- on the thread of the turns ----------------------------------------------------------

IN_A_LISTENER = """
import sys, threading
from codex_notebook import Codex, CodexError

codex = Codex(codex_path_override=sys.argv[1], api_key="sk-fake")
said = []
told = threading.Event()

def block(*_):
    if not said:
        said.append("")
        try:
            BLOCK
        except CodexError as error:
            said[0] = str(error)
        told.set()

running = codex.start_thread().start_nowait("hi")
running.WAY(block)
print(running.outcome()[0].status if told.wait(2) else "deadlock", *said)
"""


@pytest.mark.parametrize("where", ["listen", "when_done"])
@pytest.mark.parametrize(
    "here",
    [
        'codex.start_thread().run_sync("hi")',
        "codex.start_thread().fork_sync()",
        'list(codex.start_thread().run_streamed_sync("hi"))',
    ],
)
def test_blocking_the_thread_of_the_turns_is_an_error_and_no_deadlock(
    fake_cli: Callable[[str], Path], here: str, where: str
) -> None:
    script = IN_A_LISTENER.replace("BLOCK", here).replace("WAY", where)
    command = [sys.executable, "-c", script, str(fake_cli("echo"))]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert "completed This would block the thread on which all turns run" in ran.stdout
    assert "thread.start_nowait" in ran.stdout


# ---- Ctrl-C ------------------------------------------------------------------------------

SCRIPT = """
import asyncio, json, sys, time
import psutil
from codex_notebook import Codex, RunningTurn

outcome = RunningTurn.outcome

def told(running, patience=None):
    print("waits", flush=True)
    return outcome(running, patience)

RunningTurn.outcome = told
thread = Codex(codex_path_override=sys.argv[1], api_key="sk-fake").start_thread()

async def main():
    thread.run_sync("hi")

try:
    HERE
except KeyboardInterrupt:
    left = [process.name() for process in psutil.Process().children(recursive=True)]
    print(json.dumps([thread.last_turn.status, thread.last_turn.final_response, left]))
"""


class Script:
    """A program that runs a turn over a fake CLI, until it gets a Ctrl-C."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log

    def interrupt_when_the_cli_waits(self) -> None:
        """Send a Ctrl-C as a terminal does, once the CLI has said all it says."""
        assert eventually(Path(f"{self._log}.waits").exists, 10)
        self.process.send_signal(signal.SIGINT)

    @property
    def line(self) -> str:
        """The next line that it prints: "waits" each time that it begins to, and its result."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    @property
    def result(self) -> Any:
        """What it knows of the turn when it has got its KeyboardInterrupt."""
        while (line := self.line) == "waits":
            pass
        return json.loads(line)

    @property
    def cli_runs(self) -> bool:
        pids = [json.loads(line)[0] for line in self._log.read_text().splitlines()]
        return any(alive(pid) for pid in pids)


StartScript = Callable[..., Any]


@pytest.fixture
def script(fake_cli: Callable[[str], Path], tmp_path: Path) -> StartScript:
    """Return a context manager that runs a program with a blocking call."""

    @contextlib.contextmanager
    def start(here: str, behaviour: str) -> Iterator[Script]:
        log = tmp_path / "starts.log"
        command = [sys.executable, "-c", SCRIPT.replace("HERE", here), str(fake_cli(behaviour))]
        env = {**os.environ, "FAKE_CLI_LOG": str(log)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
            try:
                yield Script(process, log)
            finally:
                process.kill()
                assert eventually(lambda: not Script(process, log).cli_runs)

    return start


@pytest.mark.parametrize(
    "here",
    [
        'thread.run_sync("hi")',
        'list(thread.run_streamed_sync("hi"))',
        pytest.param(
            'for _ in thread.run_streamed_sync("hi"):\n'
            '        if _.type == "item.completed": time.sleep(60)',
            id="in the body of a loop",
        ),
        'asyncio.run(thread.run("hi"))',
        "asyncio.run(main())",
    ],
)
def test_ctrl_c_ends_the_turn_and_leaves_no_process(script: StartScript, here: str) -> None:
    with script(here, "with_child") as program:
        program.interrupt_when_the_cli_waits()
        assert eventually(lambda: not program.cli_runs, 2)
        status, response, left = program.result
        assert (status, left) == ("interrupted", [])
        assert eventually(lambda: not alive(int(response)))
        assert program.process.wait(10) == 0


def test_a_second_ctrl_c_does_not_wait_for_a_deaf_cli(script: StartScript) -> None:
    with script('thread.run_sync("hi")', "deaf_to_interrupts") as program:
        program.interrupt_when_the_cli_waits()
        assert [program.line, program.line] == ["waits", "waits"]
        assert program.cli_runs
        second = time.monotonic()
        program.process.send_signal(signal.SIGINT)
        assert program.result == ["interrupted", "deaf", []]
        # The polite way alone takes longer.
        assert time.monotonic() - second < INTERRUPT_GRACE - 0.5
        assert program.process.wait(10) == 0


def test_one_ctrl_c_is_enough_for_a_deaf_cli(script: StartScript) -> None:
    with script('thread.run_sync("hi")', "deaf_to_interrupts") as program:
        program.interrupt_when_the_cli_waits()
        assert program.result == ["interrupted", "deaf", []]


# ---- in a kernel -------------------------------------------------------------------------


@pytest.fixture
def kernel(fake_cli: Callable[[str], Path], tmp_path: Path) -> Iterator[Kernel]:
    """Start a kernel that has a thread of an echo and one that waits."""
    env = {**os.environ, "FAKE_CLI_LOG": str(tmp_path / "starts.log"), "CODEX_API_KEY": "sk-fake"}
    with running_kernel(env, tmp_path) as kernel:
        kernel.run(
            "from codex_notebook import Codex\n"
            f"thread = Codex(codex_path_override={str(fake_cli('echo'))!r}).start_thread()\n"
            f"slow = Codex(codex_path_override={str(fake_cli('with_child'))!r}).start_thread()\n"
            "import asyncio\n"
            "async def main():\n"
            "    print((await thread.run('in main')).final_response)\n"
            "    return thread.last_turn.status\n"
        )
        yield kernel


@pytest.mark.kernel
def test_in_a_cell_a_turn_blocks_and_ctrl_c_ends_it(kernel: Kernel, tmp_path: Path) -> None:
    assert kernel.run("print(thread.run_sync('hi').final_response)").stream == "hi\n"
    streamed = kernel.run("print(*(e.type for e in thread.run_streamed_sync('hi')))")
    assert streamed.stream.endswith("turn.completed\n")
    cell = kernel.send("slow.run_sync('hi')")
    kernel.until((tmp_path / "starts.log.waits").exists)
    kernel.manager.interrupt_kernel()
    kernel.until(lambda: cell.status is not None)
    assert "KeyboardInterrupt" in str(cell.error)
    assert descendants(kernel.pid) == []
    assert kernel.run("print(slow.last_turn.status)").stream == "interrupted\n"


@pytest.mark.kernel
def test_asyncio_run_works_in_a_cell_once_it_is_allowed_and_not_before(kernel: Kernel) -> None:
    refused = kernel.run("work = main()\ntry:\n    asyncio.run(work)\nfinally:\n    work.close()")
    assert "asyncio.run() cannot be called from a running event loop" in str(refused.error)
    assert kernel.run("import codex_notebook; codex_notebook.allow_nested_asyncio()").status == "ok"
    for _ in range(2):
        allowed = kernel.run("print(asyncio.run(main()))")
        assert (allowed.error, allowed.stream) == (None, "in main\ncompleted\n")
    # And what worked before goes on working.
    assert kernel.run("print(await main())").stream == "in main\ncompleted\n"
    assert kernel.run("print(thread.run_sync('hi').final_response)").stream == "hi\n"
    assert kernel.run("codex_notebook.allow_nested_asyncio()").status == "ok"
