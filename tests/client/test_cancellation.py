"""Cancelling at every step: no process, no file and no task is left, and the thread goes on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel, field_validator

from codex_notebook import Codex, Event, StreamedTurn, Thread, Turn, TurnInterruptedError
from codex_notebook.client.loop import submit
from tests.processes import alive, descendants, eventually

pytestmark = pytest.mark.process

PNG = b"\x89PNG\r\n\x1a\n"
# How many steps a coroutine takes differs with what comes at once; some there must be.
FEWEST_STEPS = 5
# More than any coroutine here takes; only so that a test that goes wrong ends.
MOST_STEPS = 500
# So many are taken before the CLI has said anything that would end a turn.
EARLY_STEPS = 4

T = TypeVar("T")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is this process's temporary one."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class Log:
    """What a fake CLI notes of its starts."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def waits(self) -> Path:
        """Is there when the CLI has said all that it says and waits for its end."""
        return Path(f"{self.file}.waits")

    @property
    def saved(self) -> Path:
        """Is there when the CLI was let to write down what it knows."""
        return Path(f"{self.file}.saved")

    @property
    def starts(self) -> list[list[Any]]:
        """For each start the process's id and the arguments."""
        if not self.file.exists():
            return []
        return [json.loads(line) for line in self.file.read_text().splitlines()]

    def has(self, count: int) -> bool:
        """Return whether there have been so many starts."""
        return len(self.starts) >= count

    @property
    def running(self) -> list[int]:
        """The processes that run, also those that nobody here has as a descendant any more."""
        return [pid for pid, *_ in self.starts if alive(pid)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Return the log of the fake CLI; ends what is left of it, which then was a failure."""
    log = Log(tmp_path / "starts.log")
    yield log
    for pid in log.running:
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def loop_of_its_own() -> Iterator[None]:
    """Let what one test leaves on our own loop, which is a failure, not be left in the next."""
    yield

    async def clear() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    if not eventually(lambda: not tasks_of_ours()):
        submit(clear()).result(10)


NewThread = Callable[[str], Thread]
CheckNothingIsLeft = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
def new_thread(fake_cli: Callable[[str], Path], log: Log) -> NewThread:
    """Return a function that begins a thread over a CLI of one behaviour."""

    def make(behaviour: str) -> Thread:
        env = {"FAKE_CLI_LOG": str(log.file)}
        codex = Codex(codex_path_override=fake_cli(behaviour), api_key="sk-fake", env=env)
        return codex.start_thread()

    return make


@pytest.fixture
def with_files(tmp_path: Path) -> dict[str, Any]:
    """Return options of a turn that needs all kinds of temporary files."""
    image = tmp_path / "a,b.png"
    image.write_bytes(PNG)
    return {"images": [image], "output_schema": {"type": "object", "properties": {}}}


def tasks_of_ours() -> list[str]:
    """Return what still runs on the turns' own loop."""

    async def others() -> list[str]:
        return [repr(t) for t in asyncio.all_tasks() if t is not asyncio.current_task()]

    return submit(others()).result(5)


@pytest.fixture
def check_nothing_is_left(log: Log, temporary: Path) -> CheckNothingIsLeft:
    """Return a function that makes sure that nothing is left, if not now then soon."""

    def left_over() -> list[object]:
        return [*temporary.iterdir(), *descendants(), *log.running, *tasks_of_ours()]

    async def check() -> None:
        assert asyncio.all_tasks() == {asyncio.current_task()}
        if not await asyncio.to_thread(eventually, lambda: not left_over()):
            assert await asyncio.to_thread(left_over) == []

    return check


class Steps:
    """Counts how often a coroutine, and what it starts on our own loop, yields; cancels once.

    Each time one of their tasks gives control back to its loop is a step. At the step that is
    asked for the task is cancelled (or twice), and whatever runs on our own loop goes on only when
    the cancellation has arrived, and the process that is being started, if one is, has begun: as on
    a loop that is busy with other turns.
    """

    def __init__(self, cancel_at: int, log: Log, *, twice: bool) -> None:
        self.cancel_at = cancel_at
        self.taken = 0
        self._twice = twice
        self._log = log
        self._starts = len(log.starts)
        self._task: asyncio.Task[Any] | None = None
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()

    async def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run ``work`` to its end, or to that of the cancellation.

        Raises
        ------
        CancelledError
            If it was cancelled.
        """
        await _set_factory(self._factory)
        await asyncio.wrap_future(submit(_set_factory(self._factory)))
        try:
            self._task = task = self._loop.create_task(work)
            await asyncio.wait({task}, timeout=5)
            assert task.done() or not task.cancel(), "it is stuck"
            return await task
        finally:
            self._task = None
            await _set_factory(None)
            await asyncio.wrap_future(submit(_set_factory(None)))

    def _factory(
        self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any
    ) -> asyncio.Task[Any]:
        return asyncio.Task(_Stepped(work, self._step), loop=loop, **options)

    def _step(self) -> None:
        with self._lock:
            self.taken += 1
            now = self.taken == self.cancel_at
        task = self._task
        if not now or task is None:
            return
        arrived = threading.Event()
        # Not from within the step: a task that runs would take note only of the next one.
        self._loop.call_soon_threadsafe(self._cancel, task, arrived)
        if asyncio.get_running_loop() is not self._loop:
            arrived.wait(1)
            eventually(lambda: len(self._log.starts) > self._starts, 0.1)

    def _cancel(self, task: asyncio.Task[Any], arrived: threading.Event, round: int = 0) -> None:
        if round == 0 or (round == 2 and self._twice):
            task.cancel()
        if round == 4:
            # The task has run since, and what it asked of our own loop is on its way.
            arrived.set()
        else:
            self._loop.call_soon(self._cancel, task, arrived, round + 1)


async def _set_factory(factory: Any) -> None:
    asyncio.get_running_loop().set_task_factory(factory)


class _Stepped(Coroutine[Any, Any, Any]):
    """A coroutine that says when it yields."""

    def __init__(self, work: Any, step: Callable[[], None]) -> None:
        self._work = work
        self._said = step

    def send(self, value: Any) -> Any:
        given = self._work.send(value)
        self._said()
        return given

    def throw(self, *error: Any) -> Any:
        given = self._work.throw(*error)
        self._said()
        return given

    def close(self) -> None:
        self._work.close()

    def __await__(self) -> Generator[Any, None, Any]:
        raise NotImplementedError


async def cancelled_at_every_step(
    work: Callable[[str], Coroutine[Any, Any, T]],
    between: Callable[[], Coroutine[Any, Any, None]],
    log: Log,
    *,
    twice: bool,
) -> T:
    """Cancel at each step in turn until there are no more; return what it comes to undisturbed.

    ``work`` gets a prompt, at which the CLI does not end by itself if the cancellation is early.
    """
    for cancel_at in range(1, MOST_STEPS):
        steps = Steps(cancel_at, log, twice=twice)
        with contextlib.suppress(asyncio.CancelledError):
            await steps.run(work("hold" if cancel_at <= EARLY_STEPS else "complete"))
        await between()
        if steps.taken < cancel_at:
            assert steps.taken >= FEWEST_STEPS
            done = await work("complete")
            await between()
            return done
    raise AssertionError("it never came to an end")


ONCE_AND_TWICE = pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])


@ONCE_AND_TWICE
def test_a_run_may_be_cancelled_at_every_step(
    new_thread: NewThread,
    log: Log,
    check_nothing_is_left: CheckNothingIsLeft,
    with_files: dict[str, Any],
    twice: bool,
) -> None:
    thread = new_thread("holds_files")
    ended: list[str] = []

    async def between() -> None:
        await check_nothing_is_left()
        if thread.last_turn is not None:
            ended.append(thread.last_turn.status)

    def work(prompt: str) -> Coroutine[Any, Any, Turn]:
        return thread.run(prompt, **with_files)

    done = asyncio.run(cancelled_at_every_step(work, between, log, twice=twice))
    assert done.status == "completed"
    assert {*ended} == {"interrupted", "completed"}


async def read(thread: Thread, prompt: str, **options: Any) -> list[str]:
    async with await thread.run_streamed(prompt, **options) as streamed:
        return [event.type async for event in streamed.events]


@ONCE_AND_TWICE
def test_a_stream_may_be_cancelled_at_every_step(
    new_thread: NewThread,
    log: Log,
    check_nothing_is_left: CheckNothingIsLeft,
    with_files: dict[str, Any],
    twice: bool,
) -> None:
    thread = new_thread("holds_files")

    def work(prompt: str) -> Coroutine[Any, Any, list[str]]:
        return read(thread, prompt, **with_files)

    types = asyncio.run(cancelled_at_every_step(work, check_nothing_is_left, log, twice=twice))
    assert types[-1] == "turn.completed"


@ONCE_AND_TWICE
def test_a_fork_may_be_cancelled_at_every_step(
    new_thread: NewThread, log: Log, check_nothing_is_left: CheckNothingIsLeft, twice: bool
) -> None:
    thread = new_thread("echo")

    async def all_steps() -> None:
        await thread.run("one")
        forked = await cancelled_at_every_step(
            lambda _: thread.fork(), check_nothing_is_left, log, twice=twice
        )
        assert (forked.id, thread.id) == ("forked", "fake")
        assert (await thread.run("two")).final_response == "two"
        await check_nothing_is_left()

    asyncio.run(all_steps())


async def until(events: AsyncIterator[Event], number: int) -> None:
    async for _ in events:
        number -= 1
        if number == 0:
            break


async def left(streamed: StreamedTurn, way: str, after: int) -> None:
    """Read some events of a stream and leave it."""
    if way == "break":
        async with streamed:
            await until(streamed.events, after)
    elif way == "close":
        await until(streamed.events, after)
        await streamed.events.aclose()
    else:
        came = asyncio.Event()

        async def body() -> None:
            async with streamed:
                await until(streamed.events, after)
                came.set()
                await asyncio.Event().wait()

        async def reading() -> None:
            await until(streamed.events, after)
            came.set()
            await until(streamed.events, 1_000)

        task = asyncio.create_task(body() if way == "cancel in the body" else reading())
        await came.wait()
        task.cancel()
        if way == "cancel twice":
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "way", ["break", "close", "cancel in the body", "cancel while reading", "cancel twice"]
)
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_stream_may_be_left_after_each_event(
    new_thread: NewThread,
    check_nothing_is_left: CheckNothingIsLeft,
    with_files: dict[str, Any],
    after: int,
    way: str,
) -> None:
    thread = new_thread("holds_files")

    async def leave_and_go_on() -> None:
        streamed = await thread.run_streamed("hold", **with_files)
        await left(streamed, way, after)
        await check_nothing_is_left()
        assert thread.last_turn is not None
        assert thread.last_turn.status == "interrupted"
        with pytest.raises(TurnInterruptedError):
            await streamed.running
        assert (await thread.run("complete", **with_files)).status == "completed"
        await check_nothing_is_left()

    asyncio.run(leave_and_go_on())


@pytest.mark.parametrize(
    "way", ["break", "close", "cancel in the body", "cancel while reading", "cancel a run"]
)
def test_a_turn_that_is_left_has_the_time_to_end_politely(
    new_thread: NewThread, check_nothing_is_left: CheckNothingIsLeft, log: Log, way: str
) -> None:
    thread = new_thread("saves_when_interrupted")

    async def leave() -> None:
        if way == "cancel a run":
            task = asyncio.create_task(thread.run("hi"))
            assert await asyncio.to_thread(eventually, log.waits.exists)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            streamed = await thread.run_streamed("hi")
            assert await asyncio.to_thread(eventually, log.waits.exists)
            await left(streamed, way, 3)
        await check_nothing_is_left()

    asyncio.run(leave())
    assert log.saved.exists()
    assert thread.last_turn is not None
    assert thread.last_turn.status == "interrupted"


def test_a_run_that_is_cancelled_before_it_starts_starts_nothing(
    new_thread: NewThread, log: Log, check_nothing_is_left: CheckNothingIsLeft
) -> None:
    thread = new_thread("echo")

    async def cancelled() -> None:
        task = asyncio.create_task(thread.run("hi"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await check_nothing_is_left()
        assert (thread.last_turn, log.starts) == (None, [])
        assert (await thread.run("hi")).status == "completed"

    asyncio.run(cancelled())


def test_a_stream_that_is_closed_before_its_first_event_ends_its_turn(
    new_thread: NewThread,
) -> None:
    thread = new_thread("polite")

    async def closed() -> None:
        streamed = await thread.run_streamed("hi")
        await streamed.events.aclose()
        try:
            assert await asyncio.to_thread(eventually, lambda: streamed.running.done, 1)
        finally:
            await streamed.running.interrupt()

    asyncio.run(closed())


def test_wait_for_ends_the_turn_and_waits_for_its_end(
    new_thread: NewThread, check_nothing_is_left: CheckNothingIsLeft
) -> None:
    thread = new_thread("with_child")

    async def too_long() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(thread.run("hi"), 0.3)
        # Not sooner or later, but now.
        assert descendants() == []
        await check_nothing_is_left()

    asyncio.run(too_long())
    assert thread.last_turn is not None
    assert thread.last_turn.status == "interrupted"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout is new in 3.11")
def test_a_timeout_ends_the_turn_and_waits_for_its_end(
    new_thread: NewThread, check_nothing_is_left: CheckNothingIsLeft
) -> None:
    thread = new_thread("with_child")

    async def at_the_first_message() -> None:
        async with asyncio.timeout(None) as timeout, await thread.run_streamed("hi") as streamed:
            async for event in streamed.events:
                if event.type == "item.completed":
                    timeout.reschedule(asyncio.get_running_loop().time())

    async def too_long() -> None:
        with pytest.raises(TimeoutError):
            await at_the_first_message()
        assert descendants() == []
        await check_nothing_is_left()

    asyncio.run(too_long())
    assert thread.last_turn is not None
    assert thread.last_turn.status == "interrupted"


def test_the_second_of_two_cancellations_does_not_wait_and_leaves_nothing_either(
    new_thread: NewThread, check_nothing_is_left: CheckNothingIsLeft
) -> None:
    thread = new_thread("slow_to_leave")

    async def cancelled() -> None:
        task = asyncio.create_task(thread.run("hi"))
        assert await asyncio.to_thread(eventually, lambda: thread.id is not None)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert descendants() != []
        # But what is left goes.
        await check_nothing_is_left()

    asyncio.run(cancelled())
    assert thread.last_turn is not None
    assert thread.last_turn.status == "interrupted"


@pytest.mark.parametrize("known", [False, True], ids=["at once", "when the thread is known"])
@pytest.mark.parametrize("which", ["first", "second"])
def test_one_of_two_queued_turns_is_cancelled_and_there_is_one_thread(
    new_thread: NewThread,
    log: Log,
    check_nothing_is_left: CheckNothingIsLeft,
    tmp_path: Path,
    which: str,
    known: bool,
) -> None:
    thread = new_thread("waits_for_file")
    gate, open_gate = tmp_path / "gate", tmp_path / "open gate"
    open_gate.touch()

    async def queued() -> tuple[str | None, str, str]:
        tasks = {
            "first": asyncio.create_task(thread.run(str(gate))),
            "second": asyncio.create_task(thread.run(str(open_gate))),
        }
        if known:
            assert await asyncio.to_thread(eventually, lambda: thread.id is not None)
        else:
            # Both have begun.
            await asyncio.sleep(0)
        tasks[which].cancel()
        with pytest.raises(asyncio.CancelledError):
            await tasks.pop(which)
        said = thread.id
        gate.touch()
        (other,) = tasks.values()
        answer = (await other).final_response
        await check_nothing_is_left()
        return said, answer, (await thread.run(str(open_gate))).final_response

    said, answer, again = asyncio.run(queued())
    # The answer is the thread in which the turn ran.
    assert answer == again == thread.id
    assert said in ((thread.id,) if known else (thread.id, None))
    begun = [argv for argv in log.starts if "resume" not in argv]
    assert len(begun) == 1 or (not known and which == "first")


def test_all_turns_of_a_queue_may_be_cancelled_from_its_end_and_from_its_beginning(
    new_thread: NewThread, log: Log, check_nothing_is_left: CheckNothingIsLeft, tmp_path: Path
) -> None:
    thread = new_thread("waits_for_file")
    gate, open_gate = tmp_path / "gate", tmp_path / "open gate"
    open_gate.touch()

    async def queued() -> None:
        for begun, backwards in enumerate((False, True), 1):
            tasks = [asyncio.create_task(thread.run(str(gate))) for _ in range(4)]
            assert await asyncio.to_thread(eventually, partial(log.has, begun))
            for task in reversed(tasks) if backwards else tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert [type(end) for end in ended] == [asyncio.CancelledError] * 4
            await check_nothing_is_left()
            # Of the four only the first had one.
            assert len(log.starts) == begun
        assert (await thread.run(str(open_gate))).status == "completed"

    asyncio.run(queued())


class Slow(BaseModel):
    """A type whose reading takes until `read`."""

    n: int

    @field_validator("n")
    @classmethod
    def wait(cls, n: int) -> int:
        READ.wait(5)
        return n


READ = threading.Event()


@pytest.mark.parametrize("way", ["close", "interrupt"])
def test_a_stream_that_is_left_at_its_turns_end_does_not_interrupt_what_has_ended(
    new_thread: NewThread, check_nothing_is_left: CheckNothingIsLeft, way: str
) -> None:
    thread = new_thread("saves_after_end")
    READ.clear()

    async def leave() -> tuple[str, Any, list[str]]:
        streamed = await thread.run_streamed('{"n": 1}', output_type=Slow)
        async for event in streamed.events:
            if event.type == "turn.completed":
                break
        if way == "close":
            await streamed.events.aclose()
        else:
            streamed.running.request_interrupt()
        # What was asked of our own loop has come there.
        tasks_of_ours()
        READ.set()
        done = await streamed.running
        await check_nothing_is_left()
        return done.status, done.output, [event.type async for event in streamed.running.events()]

    status, output, types = asyncio.run(leave())
    assert (status, output.n) == ("completed", 1)
    assert types[-1] == "turn.completed"
    # The CLI had the time to write down what it knows of the thread.
    assert asyncio.run(thread.run('{"n": 1}')).final_response == "saved"
