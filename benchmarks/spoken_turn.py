"""A turn whose transport says deltas at a pace of ours, so that no model and no CLI is measured.

The turn itself, its feed and its fold are the real ones. Knows nothing of who watches.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from codex_notebook.client.running import RunningTurn
from codex_notebook.client.turnstile import Turnstile
from codex_notebook.core.events import Event, delta_event
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnRequest
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError

DELTA_BYTES = 40

# How many deltas a transport reads off its pipe at once when they come as fast as they can.
_BATCH = 500
# A message is written in paragraphs of that many deltas.
_PARAGRAPH = 12
_ITEM = "item_0"

# When each delta was said, in seconds of `time.time`.
Times: TypeAlias = "array[float]"


@dataclass(frozen=True)
class Stream:
    """What is said, and how fast.

    Attributes
    ----------
    count : int
        How many deltas, of `DELTA_BYTES` each.
    rate : int or None
        How many in a second; None for as fast as they fold.
    field : str
        Of what: the text of a message, or the output of a command.
    """

    count: int
    rate: int | None
    field: Literal["text", "aggregated_output"] = "text"

    @property
    def name(self) -> str:
        """The stream in words."""
        pace = "as fast as they fold" if self.rate is None else f"{self.rate:,}/s"
        return f"{self.count:,} deltas, {pace}"

    @property
    def text(self) -> str:
        """All that is said."""
        return "".join(map(self.delta, range(self.count)))

    @property
    def item(self) -> dict[str, Any]:
        """The item of which it is a field, before the first delta."""
        if self.field == "text":
            return {"id": _ITEM, "type": "agent_message", "text": ""}
        running = {"status": "in_progress", "exit_code": None, "aggregated_output": ""}
        return {"id": _ITEM, "type": "command_execution", "command": "make", **running}

    def delta(self, number: int) -> str:
        """Return a delta; its number is in it, so that a page shows how far it is."""
        if self.field == "aggregated_output":
            return f"n{number:07} of the many lines of a build..\n"
        if number % _PARAGRAPH == _PARAGRAPH - 1:
            return f"n{number:07} is the end of a paragraph....\n\n"
        return f"n{number:07} is **one** of the many `words`\n"

    async def events(self) -> AsyncIterator[Event]:
        """Yield the events of a turn that says all of it and ends."""
        async for said in self.deltas(array("d")):
            yield said
        ended = {self.field: self.text, "status": "completed", "exit_code": 0}
        yield _event(type="item.completed", item={**self.item, **ended})
        yield _event(type="turn.completed", usage={"input_tokens": 1000, "output_tokens": 1000})

    async def deltas(self, times: Times) -> AsyncIterator[Event]:
        """Yield the events of a turn until all is said; ``times`` takes when each delta was."""
        for first in (*_beginning(), _event(type="item.started", item=self.item)):
            yield first
        begun = time.monotonic()
        for number in range(self.count):
            ahead = 0.0
            if self.rate is not None:
                ahead = begun + number / self.rate - time.monotonic()
            if ahead > 0 or number % _BATCH == 0:
                await asyncio.sleep(ahead)
            now = time.time()
            times.append(now)
            yield delta_event(_ITEM, self.field, self.delta(number), now)


async def piece(length: int, times: Times) -> AsyncIterator[Event]:
    """Yield the events of a turn with a command, up to its output, which comes in one piece."""
    lines = Stream(length // DELTA_BYTES, None, "aggregated_output")
    for first in (*_beginning(), _event(type="item.started", item=lines.item)):
        yield first
    # The number that a page looks for is that of the piece, and at its end.
    text = lines.text + lines.delta(0)
    times.append(time.time())
    yield delta_event(_ITEM, lines.field, text, times[0])


async def items(count: int) -> AsyncIterator[Event]:
    """Yield the events of a turn up to so many items, of which the last is numbered 0."""
    for first in _beginning():
        yield first
    words = Stream(_PARAGRAPH, None, "text")
    lines = Stream(20, None, "aggregated_output")
    for number in range(count - 1):
        of = words if number % 2 else lines
        item = {**of.item, "id": f"item_{number}", of.field: of.text.replace("n", "m")}
        yield _event(type="item.completed", item={**item, "status": "completed", "exit_code": 0})
    last = {**words.item, "id": f"item_{count - 1}"}
    yield _event(type="item.completed", item={**last, "text": words.delta(0)})


def new_turn() -> RunningTurn:
    """Return a turn that has not begun."""
    return RunningTurn(TurnRequest(prompt="Write.", model="gpt-5.5"))


def begin(running: RunningTurn, events: AsyncIterator[Event]) -> None:
    """Let a turn that has not begun say ``events``."""
    running.pump(Turnstile(None), _SpokenTo(events))


@dataclass(frozen=True)
class _SpokenTo:
    """Whose turn it is: nobody's, there is no thread that goes on with it."""

    events: AsyncIterator[Event]

    async def begin(self) -> tuple[_SpokenTurn, None]:
        return _SpokenTurn(self.events), None

    def opened(self, thread_id: str) -> None:
        pass

    def ended(self, turn: Turn, *, began: bool) -> None:
        pass


class _SpokenTurn:
    """What a transport gives for a turn."""

    controls = None

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events

    def events(self) -> AsyncIterator[Event]:
        return self._events

    async def left(self) -> None:
        pass

    def interrupt(self, *, at_once: bool = False) -> None:
        raise NotImplementedError

    def error(self, turn: Turn) -> CodexError:
        raise NotImplementedError


def _event(**fields: Any) -> Event:
    """Return an event as the CLI would say it now."""
    return parse_event(fields, at=time.time())


def _beginning() -> tuple[Event, Event]:
    """Return the events with which a turn begins."""
    thread_id = "0199a213-81c0-7800-8aa1-bbab2a035a53"
    return _event(type="thread.started", thread_id=thread_id), _event(type="turn.started")
