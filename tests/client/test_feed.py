"""The feed of a turn: every reader gets every event, and neither memory nor wake-ups run away."""

from __future__ import annotations

import asyncio
import sys
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import pytest

from codex_notebook.client.event_log import EventLog
from codex_notebook.client.feed import Feed
from codex_notebook.core.events import (
    Event,
    ItemCompletedEvent,
    ItemDeltaEvent,
    ItemStartedEvent,
    NoticeEvent,
    TurnStartedEvent,
)
from codex_notebook.core.items import AgentMessageItem
from codex_notebook.core.state import TurnState

PATIENCE = 30.0


def delta(text: str, item: str = "item_0", at: float | None = None) -> ItemDeltaEvent:
    return ItemDeltaEvent(item_id=item, field="text", delta=text, at=at)


def stream(count: int) -> Iterator[Event]:
    """Yield a message of that many deltas of five characters, with ids of their own as of JSON."""
    yield ItemStartedEvent(item=AgentMessageItem(id="item_0", text=""), at=1.0)
    for number in range(count):
        yield delta(f"{number:05}", "".join(("item", "_0")), at=float(number))


MIXED: list[Event] = [
    TurnStartedEvent(at=1.0),
    ItemStartedEvent(item=AgentMessageItem(id="item_0", text=""), at=2.0),
    delta("one", at=3.25),
    delta("two"),
    delta("", at=0.0),
    delta("of another item", "item_1", at=4.0),
    delta("three", at=5.0),
    ItemDeltaEvent(item_id="item_0", field="other", delta="of another field", at=6.0),
    NoticeEvent(message="between them"),
    delta("a\ud800\x00é😀", at=7.0),
    ItemDeltaEvent.model_validate({**delta("says more").model_dump(), "more": [1]}),
    ItemCompletedEvent(item=AgentMessageItem(id="item_0", text="onetwo"), at=9.0),
    delta("late", at=10.0),
]


def fed(events: Iterable[Event]) -> Feed:
    feed = Feed(TurnState())
    for event in events:
        feed.publish(event)
    return feed


async def read(feed: Feed) -> list[Event]:
    return [event async for event in feed.read()]


def publish_next(feed: Feed, rest: Iterator[Event]) -> None:
    event = next(rest, None)
    if event is None:
        feed.close()
    else:
        feed.publish(event)


def test_a_late_reader_gets_the_events_as_they_were_published() -> None:
    feed = fed(MIXED)
    feed.close()
    for got in (asyncio.run(read(feed)), [*feed.read_blocking()]):
        assert got == MIXED
        assert [type(event) for event in got] == [type(event) for event in MIXED]


@pytest.mark.parametrize("seen", range(len(MIXED) + 1))
def test_a_reader_in_the_middle_goes_on_where_it_was(seen: int) -> None:
    feed = fed(MIXED[:seen])
    reader = feed.read_blocking()
    got = [*islice(reader, seen)]
    for event in MIXED[seen:]:
        feed.publish(event)
    feed.close()
    assert [*got, *reader] == MIXED


def test_what_is_published_while_a_reader_has_its_hands_full_is_not_missed() -> None:
    async def awaited(feed: Feed, rest: Iterator[Event]) -> list[Event]:
        got = []
        async for event in feed.read():
            got.append(event)
            publish_next(feed, rest)
        return got

    feed, rest = fed(MIXED[:1]), iter(MIXED[1:])
    assert asyncio.run(asyncio.wait_for(awaited(feed, rest), PATIENCE)) == MIXED
    feed, rest = fed(MIXED[:1]), iter(MIXED[1:])
    got = []
    for event in feed.read_blocking():
        got.append(event)
        publish_next(feed, rest)
    assert got == MIXED


def test_what_is_published_just_after_a_reader_has_looked_wakes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = EventLog.__len__

    def looked_at(events: EventLog) -> int:
        known = count(events)
        publish_next(feed, rest)
        return known

    monkeypatch.setattr(EventLog, "__len__", looked_at)
    feed, rest = fed(MIXED[:1]), iter(MIXED[1:])
    assert [*feed.read_blocking()] == MIXED
    feed, rest = fed(MIXED[:1]), iter(MIXED[1:])
    assert asyncio.run(asyncio.wait_for(read(feed), PATIENCE)) == MIXED


def test_readers_on_other_threads_get_all_that_is_published_meanwhile() -> None:
    events = [*stream(5_000), *MIXED]
    feed = Feed(TurnState())
    got: list[list[Event]] = []
    readers = [
        threading.Thread(target=lambda: got.append([*feed.read_blocking()]), daemon=True),
        threading.Thread(target=lambda: got.append(asyncio.run(read(feed))), daemon=True),
    ]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for reader in readers:
            reader.start()
        for event in events:
            feed.publish(event)
        feed.close()
        for reader in readers:
            reader.join(PATIENCE)
    finally:
        sys.setswitchinterval(interval)
    assert got == [events, events]


def test_a_reader_is_woken_once_until_it_looks_and_never_after_it_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def wakes() -> list[int]:
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe
        woken: list[object] = []

        def counted(*call: Any) -> object:
            woken.append(call)
            return wake(*call)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        feed = Feed(TurnState())
        reader = feed.read()
        counts = []
        for _ in range(3):
            for event in MIXED:
                feed.publish(event)
            # When the writer has published all that it has.
            await asyncio.sleep(0)
            counts.append(len(woken))
            for _ in MIXED:
                await anext(reader)
        await reader.aclose()
        feed.publish(MIXED[0])
        return [*counts, len(woken)]

    # It begins to watch when the first event is asked for.
    assert asyncio.run(wakes()) == [0, 1, 2, 2]


def test_a_reader_whose_loop_has_closed_meanwhile_breaks_nothing() -> None:
    feed = fed(MIXED[:1])
    its_loop = asyncio.new_event_loop()
    reader = feed.read()
    its_loop.run_until_complete(anext(reader))
    broken: list[object] = []

    async def write() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: broken.append(fault))
        feed.publish(MIXED[1])
        its_loop.close()
        # By now it would be woken.
        await asyncio.sleep(0)

    asyncio.run(write())
    assert not broken


def test_a_listener_sees_the_state_after_each_event_and_at_the_end() -> None:
    feed = Feed(TurnState())
    seen: list[str] = []
    feed.listen(lambda state: seen.append(state.final_response))
    for event in stream(2):
        feed.publish(event)
    feed.close()
    assert seen == ["", "00000", "0000000001", "0000000001"]


def test_of_a_delta_little_more_than_its_text_is_kept() -> None:
    count = 10_000
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        feed = fed(stream(count))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(feed.state.final_response) == 5 * count
    # A string of five characters is 54 bytes long; kept as an event it would take 750.
    assert (after - before) / count < 54 + 50
