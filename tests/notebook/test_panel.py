"""The panel's end of the channel: what travels with it, what it hears, and what it answers."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from comm.base_comm import BaseComm

from codex_notebook.core.asks import Answers, Decision
from codex_notebook.core.state import TurnState
from codex_notebook.errors import InvalidOptionError
from codex_notebook.notebook import panel as panel_module
from codex_notebook.notebook.program import PROGRAM, Program
from codex_notebook.notebook.widget import TurnPanel

# What a later panel may cost, in bytes of its messages' contents.
ROOM = 5_000


class Turn:
    """A turn that notes what is done to it, and fails in a way of the test's choice."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.state = TurnState()
        self.done: list[tuple[object, ...]] = []
        self.fault = fault
        self.acted = asyncio.Event()

    def listen(self, listener: Callable[[TurnState], None]) -> None:
        self.listener = listener

    def unlisten(self, listener: Callable[[TurnState], None]) -> None:
        del self.listener

    def request_interrupt(self) -> None:
        self.done.append(("interrupt",))

    async def respond(self, approval_id: str, decision: Decision) -> None:
        await self._do("respond", approval_id, decision)

    async def answer(self, input_id: str, answers: Answers | None) -> None:
        await self._do("answer", input_id, answers)

    async def steer(self, input: str) -> None:
        await self._do("steer", input)

    async def _do(self, *what: object) -> None:
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        self.done.append(what)
        self.acted.set()


class Channel:
    """Notes what widgets send, in the order in which they send it."""

    def __init__(self) -> None:
        self.contents: list[dict[str, Any]] = []
        self.news = asyncio.Event()

    def note(self, content: dict[str, Any]) -> None:
        self.contents.append(content)
        self.news.set()

    @property
    def states(self) -> list[dict[str, Any]]:
        """With what panels were opened."""
        states = [c["data"].get("state", {}) for c in self.contents]
        return [state for state in states if state.get("_model_name") == "AnyModel"]

    def said(self, op: str) -> list[dict[str, Any]]:
        """Return the messages of one kind."""
        messages = [c["data"].get("content", {}) for c in self.contents]
        return [m for m in messages if m.get("op") == op]

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until what was sent fulfils ``condition``."""
        while not condition():
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 5)


@pytest.fixture
def channel() -> Iterator[Channel]:
    channel = Channel()

    class NotingComm(BaseComm):
        def publish_msg(self, msg_type: str, data: Any = None, *_: Any, **keys: Any) -> None:
            keys = {k: v for k, v in keys.items() if k in ("target_name", "target_module")}
            content = {"data": data or {}, "comm_id": self.comm_id, **keys}
            # As a kernel packs it, and in the state in which it was sent.
            channel.note(json.loads(json.dumps(content)))

    with mock.patch("comm.create_comm", NotingComm):
        yield channel


@pytest.fixture
def in_kernel() -> Iterator[None]:
    shell = SimpleNamespace(kernel=object())
    with mock.patch.object(panel_module, "get_ipython", return_value=shell):
        yield


def opened(turn: Turn | None = None, program: Program | None = None) -> TurnPanel:
    """Open a panel on the running loop."""
    return TurnPanel(turn or Turn(), asyncio.get_running_loop(), program or Program())


def tell(panel: TurnPanel, content: object) -> None:
    """Send a message as a front end does."""
    data = {"method": "custom", "content": content}
    panel.comm.handle_msg({"content": {"data": data}, "buffers": []})


def on_a_loop(scene: Coroutine[Any, Any, None]) -> None:
    """Play a scene, and close its panels while their loop runs."""

    async def play() -> None:
        try:
            await scene
        finally:
            TurnPanel.close_all()

    asyncio.run(play())


# ---- what travels ----------------------------------------------------------------------------


@pytest.mark.usefixtures("in_kernel")
def test_the_first_panel_of_a_kernel_brings_the_program_and_the_others_do_not(
    channel: Channel,
) -> None:
    async def scene() -> None:
        program = Program()
        first = opened(program=program)
        before = len(channel.contents)
        second = opened(program=program)
        one, two = channel.states
        assert one["program"] == program.texts
        assert two["program"] is None
        assert one["program_id"] == two["program_id"] == program.id
        # All that its opening sends, the layout that each widget brings included.
        assert sum(len(json.dumps(c)) for c in channel.contents[before:]) <= ROOM
        # What a page that is reloaded gets of each.
        assert first.get_state()["program"] == program.texts
        assert second.get_state()["program"] is None

    on_a_loop(scene())


def test_without_a_kernel_that_could_be_asked_every_panel_brings_it(channel: Channel) -> None:
    async def scene() -> None:
        program = Program()
        opened(program=program)
        opened(program=program)
        assert [state["program"] for state in channel.states] == [program.texts] * 2

    on_a_loop(scene())


@pytest.mark.usefixtures("in_kernel")
def test_a_page_that_asks_for_the_program_gets_it_even_while_the_loop_is_busy(
    channel: Channel,
) -> None:
    async def scene() -> None:
        tell(opened(), {"op": "program"})
        assert channel.said("program") == [{"op": "program", **PROGRAM.texts}]

    on_a_loop(scene())


def test_programs_of_two_versions_have_two_names(tmp_path: Path) -> None:
    def made(name: str, js: str, css: str) -> Program:
        folder = tmp_path / name
        folder.mkdir()
        for file, text in (("loader.js", ""), ("widget.js", js), ("widget.css", css)):
            (folder / file).write_text(text)
        return Program(folder)

    ids = [made("a", "one", "").id, made("b", "two", "").id, made("c", "one", ".x{}").id]
    assert len(set(ids)) == 3
    assert made("d", "one", "").id == ids[0]


# ---- who is there ----------------------------------------------------------------------------


def test_the_first_hello_says_that_somebody_is_there_and_the_second_that_the_page_is_new(
    channel: Channel,
) -> None:
    async def scene() -> None:
        panel = opened()
        greeted: list[str] = []
        panel.when_greeted(lambda: greeted.append(threading.current_thread().name))
        assert not panel.greeted
        tell(panel, {"op": "hello", "have": 0})
        await channel.until(lambda: channel.said("snapshot"))
        await asyncio.sleep(0)
        assert (panel.greeted, panel.reopened) == (True, False)
        tell(panel, {"op": "hello", "have": 0})
        await channel.until(lambda: len(channel.said("snapshot")) == 2)
        assert panel.reopened
        assert len(greeted) == 1
        panel.when_greeted(lambda: greeted.append("later"))
        assert greeted[1:] == ["later"]

    on_a_loop(scene())


# ---- what is done to the turn ----------------------------------------------------------------

COMMANDS = [
    (
        {"op": "respond", "id": "approval_1", "decision": "accept_for_session"},
        ("respond", "approval_1", "accept_for_session"),
    ),
    (
        {"op": "answer", "id": "input_1", "answers": {"q": ["yes"], "n": 3}},
        ("answer", "input_1", {"q": ["yes"], "n": 3}),
    ),
    ({"op": "answer", "id": "input_1", "answers": None}, ("answer", "input_1", None)),
    ({"op": "steer", "text": "Use tabs.\n"}, ("steer", "Use tabs.\n")),
]


@pytest.mark.parametrize(("message", "done"), COMMANDS)
def test_a_command_is_done_to_the_turn_and_replied_to(
    channel: Channel, message: dict[str, Any], done: tuple[object, ...]
) -> None:
    async def scene() -> None:
        turn = Turn()
        tell(opened(turn), {**message, "ref": 7})
        await channel.until(lambda: channel.said("reply"))
        assert channel.said("reply") == [{"op": "reply", "ref": 7, "error": None}]
        assert turn.done == [done]

    on_a_loop(scene())


@pytest.mark.parametrize(("message", "done"), COMMANDS)
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (InvalidOptionError("No \x1b[31mred\x1b[0m,\n  no\u202ereverse.", option="x"), None),
        (RuntimeError("out of\nluck"), "It could not be done: RuntimeError: out of luck"),
    ],
)
def test_what_could_not_be_done_is_said_in_one_harmless_line(
    channel: Channel, message: dict[str, Any], done: object, fault: Exception, said: str | None
) -> None:
    async def scene() -> None:
        tell(opened(Turn(fault)), {**message, "ref": 1})
        await channel.until(lambda: channel.said("reply"))
        (reply,) = channel.said("reply")
        assert reply["error"] == (said or "No red, no[U+202E]reverse.")

    on_a_loop(scene())


MALFORMED: list[Any] = [
    {},
    {"op": "dance"},
    {"op": ["respond"]},
    {"op": "respond", "id": "a"},
    {"op": "respond", "id": "a", "decision": True},
    {"op": "respond", "id": 3, "decision": "accept"},
    {"op": "respond", "decision": "accept"},
    {"op": "answer", "id": "a"},
    {"op": "answer", "id": "a", "answers": "yes"},
    {"op": "answer", "id": "a", "answers": ["yes"]},
    {"op": "answer", "id": None, "answers": {}},
    {"op": "steer"},
    {"op": "steer", "text": ["x"]},
    {"op": "steer", "text": None},
]


@pytest.mark.parametrize("message", MALFORMED)
def test_a_malformed_message_is_refused_in_words_and_does_nothing(
    channel: Channel, caplog: pytest.LogCaptureFixture, message: dict[str, Any]
) -> None:
    async def scene() -> None:
        turn = Turn()
        tell(opened(turn), {**message, "ref": 3})
        await channel.until(lambda: channel.said("reply"))
        (reply,) = channel.said("reply")
        assert "does not understand" in reply["error"]
        assert turn.done == []
        assert "malformed" in caplog.text

    on_a_loop(scene())


@pytest.mark.parametrize("ref", [None, "1", 1.5, True, [1]])
def test_a_message_without_a_number_is_not_replied_to(channel: Channel, ref: object) -> None:
    async def scene() -> None:
        turn = Turn()
        panel = opened(turn)
        tell(panel, {"op": "steer", "text": "x", "ref": ref})
        tell(panel, {"op": "steer", "text": "y", "ref": 2})
        await channel.until(lambda: channel.said("reply"))
        assert [reply["ref"] for reply in channel.said("reply")] == [2]
        assert [what[1] for what in turn.done] == ["x", "y"]

    on_a_loop(scene())


@pytest.mark.parametrize("message", [None, 3, "interrupt", ["op", "interrupt"]])
def test_what_is_no_message_at_all_is_logged_and_harms_nothing(
    channel: Channel, caplog: pytest.LogCaptureFixture, message: object
) -> None:
    async def scene() -> None:
        turn = Turn()
        panel = opened(turn)
        tell(panel, message)
        tell(panel, {"op": "interrupt"})
        tell(panel, {"op": "resync", "have": 0})
        await channel.until(lambda: channel.said("snapshot"))
        assert turn.done == [("interrupt",)]
        assert "no message" in caplog.text

    on_a_loop(scene())


def test_an_answer_that_may_be_secret_is_not_logged(
    channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        tell(opened(), {"op": "answer", "id": 1, "answers": {"q": "hunter2"}, "ref": 1})
        await channel.until(lambda: channel.said("reply"))
        assert "hunter2" not in caplog.text + str(channel.said("reply"))

    on_a_loop(scene())


def test_a_command_whose_panel_is_closed_meanwhile_ends_quietly(channel: Channel) -> None:
    async def scene() -> None:
        turn = Turn()
        panel = opened(turn)
        tell(panel, {"op": "steer", "text": "x", "ref": 1})
        panel.close()
        await asyncio.wait_for(turn.acted.wait(), 5)
        await asyncio.sleep(0)
        assert channel.said("reply") == []

    on_a_loop(scene())
