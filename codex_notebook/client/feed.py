"""The feed of one turn: its events in order, the state they fold into, and whoever watches.

Written on our own loop; read from any thread and any loop, from the first event on, at any time.
Knows neither transports nor how a turn is run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Generator

from codex_notebook.client.event_log import EventLog
from codex_notebook.client.loop import ticking
from codex_notebook.core.events import Event
from codex_notebook.core.fold import Fold
from codex_notebook.core.state import TurnState

log = logging.getLogger(__name__)

Listener = Callable[[TurnState], object]


class _Bell:
    """Wakes a reader: once for all that comes until it looks, however much that is.

    For waking another loop writes to a pipe, which takes longer than the rest of an event; and a
    reader that is woken takes the interpreter from the writer. So the writer, if it runs on a
    loop, first publishes all that it has.
    """

    def __init__(self, wake: Callable[[], object]) -> None:
        self._wake = wake
        self._rung = False

    def ring(self) -> None:
        """Wake the reader, unless it was woken and has not looked yet."""
        if self._rung:
            return
        self._rung = True
        try:
            writer = asyncio.get_running_loop()
        except RuntimeError:
            self._wake()
        else:
            writer.call_soon(self._wake)

    def still(self) -> None:
        """Let it ring again. The reader calls this before it looks; later, it would miss some."""
        self._rung = False


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
        self._events = EventLog()
        # Who watches, and how to tell them that there is something new.
        self._watchers: list[tuple[object, Callable[[], object]]] = []
        # Reentrant, because what is collected while it is held may stop watching.
        self._lock = threading.RLock()

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
        """Fold an event into the state and tell all who watch."""
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
        self._watch(listener, lambda: listener(self.state))

    def unlisten(self, listener: object) -> None:
        """Stop calling ``listener``."""
        with self._lock:
            for known in tuple(self._watchers):
                if known[0] == listener:
                    self._watchers.remove(known)
                    break

    async def read(self) -> AsyncGenerator[Event, None]:
        """Yield every event from the first on, until the feed is closed."""
        loop = asyncio.get_running_loop()
        news = asyncio.Event()

        def wake() -> None:
            # A reader that has left may have closed its loop.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(news.set)

        bell = _Bell(wake)
        self._watch(bell, bell.ring)
        position = 0
        try:
            while True:
                end, closed = self._look(bell)
                while position < end:
                    yield self._events[position]
                    position += 1
                if closed:
                    return
                with ticking():
                    await news.wait()
                news.clear()
        finally:
            self.unlisten(bell)

    def read_blocking(self) -> Generator[Event, None, None]:
        """Yield the same, where nothing can be awaited."""
        news = threading.Event()
        bell = _Bell(news.set)
        self._watch(bell, bell.ring)
        position = 0
        try:
            while True:
                end, closed = self._look(bell)
                while position < end:
                    yield self._events[position]
                    position += 1
                if closed:
                    return
                news.wait()
                news.clear()
        finally:
            self.unlisten(bell)

    def _look(self, bell: _Bell) -> tuple[int, bool]:
        """Return how many events there are, and whether no more will come."""
        bell.still()
        # Asked before they are counted: what is written before the end is then among them.
        closed = self.closed
        return len(self._events), closed

    def _watch(self, watcher: object, tell: Callable[[], object]) -> None:
        with self._lock:
            self._watchers.append((watcher, tell))

    def _tell(self) -> None:
        for watcher, tell in tuple(self._watchers):
            try:
                tell()
            except BaseException:
                # One that breaks (its loop may be closed), or calls `sys.exit`, must not stop the
                # turn, let alone the thread on which all turns run.
                log.warning("A listener of a turn failed and is dropped", exc_info=True)
                self.unlisten(watcher)
