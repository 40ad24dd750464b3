"""The feed of one turn: its events in order, the state they fold into, and whoever watches.

Written on our own loop; read from any thread and any loop, from the first event on, at any time.
Knows neither transports nor how a turn is run.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator

from codex_notebook.core.events import Event
from codex_notebook.core.fold import Fold
from codex_notebook.core.state import TurnState

log = logging.getLogger(__name__)

Listener = Callable[[TurnState], object]


class Feed:
    """Events that come until the feed is closed.

    Attributes
    ----------
    closed : bool
        Whether no more will come.
    """

    def __init__(self, state: TurnState) -> None:
        self.closed = False
        self._fold = Fold(state)
        self._events: list[Event] = []
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()

    @property
    def state(self) -> TurnState:
        """The newest state; a frozen value that may be read at any time from any thread."""
        with self._lock:
            return self._fold.state

    @state.setter
    def state(self, state: TurnState) -> None:
        with self._lock:
            self._fold = Fold(state)

    def publish(self, event: Event) -> None:
        """Fold an event into the state and tell all listeners."""
        with self._lock:
            self._fold.add(event)
        self._events.append(event)
        self._tell()

    def close(self) -> None:
        """Say that no more will come."""
        self.closed = True
        self._tell()

    def listen(self, listener: Listener) -> None:
        """Call ``listener(state)`` after each event and at the end, on the thread that writes."""
        with self._lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Stop calling ``listener``."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    async def read(self) -> AsyncGenerator[Event, None]:
        """Yield every event from the first on, until the feed is closed."""
        loop = asyncio.get_running_loop()
        news = asyncio.Event()

        def tell(_: TurnState) -> None:
            loop.call_soon_threadsafe(news.set)

        self.listen(tell)
        position = 0
        try:
            while True:
                events, closed = self._since(position)
                for event in events:
                    yield event
                position += len(events)
                if closed:
                    return
                await news.wait()
                news.clear()
        finally:
            self.unlisten(tell)

    def read_blocking(self) -> Generator[Event, None, None]:
        """Yield the same, where nothing can be awaited."""
        news = threading.Event()

        def tell(_: TurnState) -> None:
            news.set()

        self.listen(tell)
        position = 0
        try:
            while True:
                events, closed = self._since(position)
                yield from events
                position += len(events)
                if closed:
                    return
                news.wait()
                news.clear()
        finally:
            self.unlisten(tell)

    def _since(self, position: int) -> tuple[list[Event], bool]:
        # Asked before the rest is read: what is written before the end is then in it.
        closed = self.closed
        return self._events[position:], closed

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(self.state)
            except Exception:
                # One watcher that breaks (its loop may be closed) must not stop the turn.
                log.warning("A listener of a turn failed and is dropped", exc_info=True)
                self.unlisten(listener)
