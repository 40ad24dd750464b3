"""A tool runs, and the agent is told what it returned or raised; whatever it does, all goes on."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import enum
import json
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from codex_notebook.client import user_code
from codex_notebook.client.loop import io_loop, submit
from codex_notebook.client.tool_call import ToolResult, call
from codex_notebook.client.tools import Tool

PATIENCE = 20.0
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
IMAGE = {
    "type": "inputImage",
    "imageUrl": f"data:image/png;base64,{base64.b64encode(PNG).decode()}",
}


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Order(BaseModel):
    number: int
    due: date


class Named:
    def __str__(self) -> str:
        return "my name"


class Unprintable:
    def __str__(self) -> str:
        raise LookupError("no words")


def called(function: Callable[..., Any], arguments: object = None, **where: Any) -> ToolResult:
    """Return what a call comes to, on a loop that is neither the user's nor that of the turns."""
    tool = Tool.of(function, name="tool")
    return asyncio.run(asyncio.wait_for(call(tool, arguments or {}, **where), PATIENCE))


def text(result: ToolResult, *, success: bool = True) -> str:
    assert result["success"] is success
    (item,) = result["contentItems"]
    assert item["type"] == "inputText"
    return item["text"]


@pytest.fixture
def users_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return a loop that runs on a thread of the user's."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    if loop.is_running():
        loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_code, "_PATIENCE", 0.01)


CIRCULAR: list[Any] = []
CIRCULAR.append(CIRCULAR)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Grüße\n", "Grüße\n"),
        ("", ""),
        (None, "Done."),
        (True, "true"),
        (1.5, "1.5"),
        ([], "[]"),
        (["a", 1, None], '["a", 1, null]'),
        (
            {
                "ä": {
                    1,
                }
            },
            '{"ä": [1]}',
        ),
        (Point(1, 2), '{"x": 1, "y": 2}'),
        ([Order(number=1, due=date(2026, 1, 2))], '[{"number": 1, "due": "2026-01-02"}]'),
        (Colour.RED, "red"),
        (date(2026, 1, 2), "2026-01-02"),
        (b"as bytes", "as bytes"),
        (b"\xff\x00", r"b'\xff\x00'"),
        (Named(), "my name"),
        ({"who": Named()}, '{"who": "my name"}'),
        (CIRCULAR, "[[...]]"),
        (iter([1, 2]), "[1, 2]"),
    ],
)
def test_what_is_returned_is_told_as_text_or_json(value: object, said: str) -> None:
    assert text(called(lambda: value)) == said


def test_arguments_arrive_as_their_types() -> None:
    def move(point: Point, by: int = 1) -> Point:
        return Point(point.x + by, point.y)

    assert text(called(move, {"point": {"x": 1, "y": 2}})) == '{"x": 2, "y": 2}'


def test_arguments_that_do_not_fit_are_told_and_nothing_is_run() -> None:
    ran = []

    def move(x: int) -> None:
        ran.append(x)

    said = text(called(move, {"x": "left"}), success=False)
    assert said.startswith("tool was not run, because its arguments do not fit:\n- x: Input should")
    assert ran == []


def test_a_sync_tool_blocks_neither_the_loop_nor_another_tool() -> None:
    first, second = threading.Event(), threading.Event()

    def wait() -> bool:
        second.set()
        return first.wait(PATIENCE)

    def let_go() -> bool:
        return second.wait(PATIENCE)

    async def both() -> list[ToolResult]:
        waiting = asyncio.create_task(call(Tool.of(wait, name="waits"), {}))
        other = await call(Tool.of(let_go), {})
        first.set()
        return [other, await waiting]

    assert [text(result) for result in asyncio.run(both())] == ["true", "true"]


async def where() -> int:
    """Return on which thread this is awaited."""
    await asyncio.sleep(0)
    return threading.get_ident()


def thread_of(loop: asyncio.AbstractEventLoop) -> str:
    return str(asyncio.run_coroutine_threadsafe(where(), loop).result(PATIENCE))


def test_an_async_tool_is_awaited_on_the_loop_of_the_user(
    users_loop: asyncio.AbstractEventLoop,
) -> None:
    assert text(called(where, loop=users_loop)) == thread_of(users_loop)
    assert text(called(lambda: where(), loop=users_loop)) == thread_of(users_loop)


def test_without_a_loop_an_async_tool_gets_one_of_its_own() -> None:
    assert text(called(where)) not in (str(threading.get_ident()), thread_of(io_loop()))


def test_an_async_tool_is_never_awaited_on_the_loop_of_the_turns() -> None:
    result = submit(call(Tool.of(where), {}, loop=io_loop())).result(PATIENCE)
    assert text(result) != thread_of(io_loop())


@pytest.mark.parametrize("closed", [False, True])
def test_a_loop_that_no_longer_runs_is_done_without_at_once(
    monkeypatch: pytest.MonkeyPatch, closed: bool
) -> None:
    monkeypatch.setattr(user_code, "_PATIENCE", None)
    loop = asyncio.new_event_loop()
    if closed:
        loop.close()
    assert text(called(where, loop=loop)).isdecimal()
    loop.close()


def test_a_loop_that_is_closed_meanwhile_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    monkeypatch.setattr(loop, "is_running", lambda: True)
    assert text(called(where, loop=loop)).isdecimal()


@pytest.mark.usefixtures("impatient")
def test_a_tool_is_awaited_elsewhere_and_once_if_the_loop_of_the_user_is_blocked(
    users_loop: asyncio.AbstractEventLoop,
) -> None:
    blocked, release, ran = threading.Event(), threading.Event(), []

    def block() -> None:
        blocked.set()
        release.wait(PATIENCE)

    async def run() -> str:
        ran.append(threading.get_ident())
        return "done"

    users_loop.call_soon_threadsafe(block)
    assert blocked.wait(PATIENCE)
    assert text(called(run, loop=users_loop)) == "done"
    release.set()
    assert [str(one) for one in ran] != [thread_of(users_loop)]
    assert len(ran) == 1


@pytest.mark.usefixtures("impatient")
def test_a_tool_may_take_longer_than_a_loop_may_be_busy(
    users_loop: asyncio.AbstractEventLoop,
) -> None:
    async def long() -> str:
        await asyncio.sleep(0.05)
        return "done"

    assert text(called(long, loop=users_loop)) == "done"


@pytest.mark.usefixtures("impatient")
def test_a_loop_that_stops_under_a_tool_is_told(users_loop: asyncio.AbstractEventLoop) -> None:
    ended = []

    async def stop() -> None:
        users_loop.stop()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    said = text(called(stop, loop=users_loop), success=False)
    assert said == "The event loop on which it was awaited has stopped."
    users_loop.run_until_complete(asyncio.sleep(0))
    assert ended == ["cancelled"]


@pytest.mark.parametrize("on_its_own", [False, True])
def test_cancelling_the_call_cancels_an_async_tool(
    users_loop: asyncio.AbstractEventLoop, on_its_own: bool
) -> None:
    began, ended = threading.Event(), threading.Event()

    async def wait() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    running = submit(call(Tool.of(wait, name="waits"), {}, loop=None if on_its_own else users_loop))
    assert began.wait(PATIENCE)
    assert running.cancel()
    assert ended.wait(PATIENCE)


def test_a_call_that_is_cancelled_before_the_loop_comes_to_it_runs_nothing(
    users_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, release, ran = threading.Event(), threading.Event(), []
    schedule = users_loop.call_soon_threadsafe

    def ask(*arguments: Any) -> None:
        schedule(*arguments)
        asked.set()

    async def run() -> None:
        ran.append(1)

    users_loop.call_soon_threadsafe(release.wait, PATIENCE)
    with monkeypatch.context() as patched:
        patched.setattr(users_loop, "call_soon_threadsafe", ask)
        running = submit(call(Tool.of(run), {}, loop=users_loop))
        assert asked.wait(PATIENCE)
    assert running.cancel()
    submit(asyncio.sleep(0)).result(PATIENCE)
    release.set()
    assert thread_of(users_loop)  # It has come to all that it was asked for before.
    assert ran == []


def test_a_sync_tool_that_is_cancelled_is_heard_no_more() -> None:
    began, release = threading.Event(), threading.Event()

    def wait() -> None:
        began.set()
        release.wait(PATIENCE)

    running = submit(call(Tool.of(wait, name="waits"), {}))
    assert began.wait(PATIENCE)
    assert running.cancel()
    release.set()


def broken(column: str) -> None:
    {"a": 1}[column]


def test_an_exception_is_told_with_the_lines_that_the_user_wrote() -> None:
    def outer(column: str) -> None:
        broken(column)

    said = text(called(outer, {"column": "b"}), success=False)
    lines = said.splitlines()
    assert lines[0] == "tool raised an exception:"
    assert lines[-1] == "KeyError: 'b'"
    places = [line for line in lines if line.startswith("  File ")]
    assert [place.rpartition(" ")[2] for place in places] == ["outer", "broken"]
    assert all(__file__ in place for place in places)
    assert '    {"a": 1}[column]' in lines


def test_lines_of_libraries_are_left_out() -> None:
    def load() -> None:
        json.loads("{")

    said = text(called(load), success=False)
    assert said.count("  File ") == 1
    assert "JSONDecodeError: Expecting property name" in said


def test_the_cause_of_an_exception_is_told() -> None:
    def load() -> None:
        try:
            broken("x")
        except KeyError as error:
            raise RuntimeError("no such column") from error

    said = text(called(load), success=False)
    assert said.index("KeyError: 'x'") < said.index("RuntimeError: no such column")
    assert "tool_call.py" not in said.replace(__file__, "")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups of exceptions yet")
def test_each_exception_of_a_group_is_told() -> None:
    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.to_thread(broken, "x"))

    said = text(called(together), success=False)
    assert "KeyError: 'x'" in said
    assert "taskgroups.py" not in said


def test_what_is_told_of_an_exception_is_bounded() -> None:
    def down(depth: int = 100) -> None:
        if depth == 0:
            raise ValueError("deep " * 100_000)
        further(depth - 1)

    def further(depth: int) -> None:
        down(depth)

    said = text(called(down), success=False)
    assert said.count("  File ") == 5
    assert len(said) < 101_000


ERRORS = [
    SystemExit(3),
    KeyboardInterrupt(),
    asyncio.CancelledError(),
    StopIteration(),
    Exception(),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_what_would_end_a_thread_is_told_as_any_exception(error: BaseException) -> None:
    def leave() -> None:
        raise error

    assert type(error).__name__ in text(called(leave), success=False)


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_what_would_end_a_loop_is_told_and_the_loop_goes_on(
    users_loop: asyncio.AbstractEventLoop, error: BaseException
) -> None:
    async def leave() -> None:
        raise error

    for loop in (users_loop, None):
        # StopIteration cannot leave a coroutine, and becomes a RuntimeError.
        assert type(error).__name__ in text(called(leave, loop=loop), success=False)
    assert thread_of(users_loop)


def test_a_result_that_cannot_be_shown_is_told() -> None:
    said = text(called(lambda: Unprintable()), success=False)
    assert said.startswith("tool has run, but what it returned could not be shown:")
    assert "LookupError: no words" in said


def test_a_system_without_threads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("codex_notebook.client.loop.start_in_thread", none_left)
    said = text(called(lambda: 1), success=False)
    assert said == "tool could not be run: RuntimeError: can't start new thread"


def test_a_long_text_is_cut_and_says_so() -> None:
    said = text(called(lambda: "x" * 1_234_567))
    assert said.startswith("x" * 100_000 + "\n[Cut: ")
    assert said.endswith("the first 100,000 of 1,234,567 characters.]")


def test_half_a_surrogate_pair_does_not_reach_the_cli() -> None:
    assert text(called(lambda: "a\ud800b")) == "a?b"
    assert text(called(lambda: ["\udcff"])) == '["?"]'


def test_bytes_of_an_image_are_an_image() -> None:
    assert called(lambda: PNG) == {"contentItems": [IMAGE], "success": True}


def drawing(module: str, name: str, method: str) -> Any:
    """Return what stands in for an object of a library that draws."""

    def save(_: object, file: Any, **__: object) -> None:
        file.write(PNG)

    return type(name, (), {"__module__": module, method: save})()


@pytest.mark.parametrize(
    "drawn",
    [
        drawing("PIL.Image", "Image", "save"),
        drawing("matplotlib.figure", "Figure", "savefig"),
    ],
)
def test_what_a_library_draws_is_an_image(drawn: object) -> None:
    assert called(lambda: drawn)["contentItems"] == [IMAGE]


def test_a_figure_of_matplotlib_is_an_image() -> None:
    figure = pytest.importorskip("matplotlib.figure").Figure()
    (item,) = called(lambda: figure.add_subplot())["contentItems"]
    assert item["imageUrl"].startswith("data:image/png;base64,")


def test_an_image_of_pillow_is_an_image() -> None:
    image = pytest.importorskip("PIL.Image").new("RGB", (2, 2))
    (item,) = called(lambda: image)["contentItems"]
    assert item["imageUrl"].startswith("data:image/png;base64,")


def test_an_image_that_cannot_be_drawn_is_told() -> None:
    class Image:
        __module__ = "PIL.Image"

        def save(self, *_: object, **__: object) -> None:
            raise ValueError("of size 0")

    said = text(called(lambda: Image()), success=False)
    assert said.startswith("tool has run, but what it returned could not be shown:")
    assert "of size 0" in said


def test_text_and_images_may_be_mixed() -> None:
    assert called(lambda: ("before", PNG, {"n": 1}, None))["contentItems"] == [
        {"type": "inputText", "text": "before"},
        IMAGE,
        {"type": "inputText", "text": '{"n": 1}'},
        {"type": "inputText", "text": "Done."},
    ]


def test_a_dataframe_is_a_table_with_all_of_its_digits() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [1 / 3, None]}, index=["x", "y"])
    assert text(called(lambda: frame)) == ",a,b\nx,1,0.3333333333333333\ny,2,\n"
    assert text(called(lambda: frame["a"])) == ",a\nx,1\ny,2\n"
    items = called(lambda: [frame, "two rows"])["contentItems"]
    assert [item["text"][:4] for item in items] == [",a,b", "two "]


def test_of_a_long_dataframe_the_first_rows_are_told() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(12_345)})
    head, *rows = text(called(lambda: frame)).splitlines()
    assert head == "The first 200 of 12,345 rows:"
    assert (len(rows), rows[-1]) == (201, "199,199")
