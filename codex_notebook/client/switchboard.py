"""Who hears what a server says: of a thread the turn that watches it, of none whoever listens.

Knows threads, those of sub-agents beneath them, and whom a message is for; not the process that
said it, nor what a turn makes of it.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from codex_notebook.client.connection import RefusedError, RequestId
from codex_notebook.errors import CodexError

Json = Any
Params = Mapping[str, Json]
Listener = Callable[[str, Params], None]

# What is said of a thread before anybody listens to it, while it is being opened.
_EARLY = 100
# What is said of turns concerns nobody who did not listen when they began.
_OF_TURNS = ("item/", "turn/")
# What is said of no thread and concerns the turns of all of them.
_FOR_ALL = ("account/rateLimits/updated", "deprecationNotice", "warning")


class Watcher(Protocol):
    """Who hears what the server says of a thread."""

    def notified(self, method: str, params: Params, at: float) -> None:
        """Take a notification."""
        ...

    def overheard(self, method: str, params: Params) -> None:
        """Take what is said of the thread of a sub-agent."""
        ...

    async def asked(self, method: str, params: Params, request_id: RequestId) -> Json:
        """Return the answer to a request of the server.

        Raises
        ------
        RefusedError
            If it is none that is known.
        """
        ...

    def died(self, error: CodexError) -> None:
        """Take note that the server has gone."""
        ...


class Switchboard:
    """Passes on what a server says. Used on our own loop."""

    def __init__(self) -> None:
        self._watchers: dict[str, Watcher] = {}
        self._listeners: list[Listener] = []
        # Sub-agents have threads of their own; what they ask, the turn above them answers.
        self._parents: dict[str, str] = {}
        # In which thread each turn ran.
        self._turns: dict[str, str] = {}
        self._early: deque[tuple[str, str, Params, float]] = deque(maxlen=_EARLY)

    @property
    def busy(self) -> bool:
        """Whether anybody hears what is said of a thread."""
        return bool(self._watchers)

    @contextlib.contextmanager
    def watching(self, thread_id: str, watcher: Watcher) -> Iterator[None]:
        """Let ``watcher`` hear what is said of a thread, also what was said just before."""
        self._watchers[thread_id] = watcher
        for about, method, params, at in [*self._early]:
            if about == thread_id:
                watcher.notified(method, params, at)
        self._forget_early(thread_id)
        try:
            yield
        finally:
            self._watchers.pop(thread_id, None)
            self._forget_early(thread_id)

    def listen(self, listener: Listener) -> None:
        """Call ``listener(method, params)`` for what is said of no thread."""
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Stop calling ``listener``."""
        self._listeners.remove(listener)

    def notified(self, method: str, params: Params) -> None:
        """Pass a notification on."""
        about, at = params.get("threadId"), time.time()
        if about is None:
            for listener in [*self._listeners]:
                listener(method, params)
            if method == "thread/started":
                self._adopt(params)
            elif method in _FOR_ALL:
                for watcher in [*self._watchers.values()]:
                    watcher.notified(method, params, at)
            return
        about = str(about)
        if method == "turn/started":
            self._begun(about, params)
        if about in self._watchers:
            self._watchers[about].notified(method, params, at)
        elif about not in self._parents and not method.startswith(_OF_TURNS):
            self._early.append((about, method, params, at))
        elif (above := self._above(about)) is not None:
            above.overheard(method, params)

    async def asked(self, method: str, params: Params, request_id: RequestId) -> Json:
        """Return the answer to a request of the server.

        Raises
        ------
        RefusedError
            If nobody is there who could answer; to the server that is as good as declined.
        """
        watcher = self._above(str(params.get("threadId")))
        if watcher is None:
            raise RefusedError(f"No turn runs here that could answer {method}")
        return await watcher.asked(method, params, request_id)

    def died(self, error: CodexError) -> None:
        """Tell everybody who watches that the server has gone."""
        for watcher in [*self._watchers.values()]:
            watcher.died(error)

    def _above(self, thread_id: str) -> Watcher | None:
        """Return who watches a thread, or the one for which it works."""
        about: str | None = thread_id
        for _ in range(len(self._parents) + 1):
            if about is None:
                return None
            if about in self._watchers:
                return self._watchers[about]
            about = self._parents.get(about)
        return None

    def _begun(self, thread_id: str, params: Params) -> None:
        """Take note of a turn, and of whose sub-agent it is: that tells the turn it began with."""
        turn = params.get("turn")
        if isinstance(turn, Mapping):
            self._turns[str(turn.get("id"))] = thread_id
            root = self._turns.get(str(turn.get("rootTurnId")), thread_id)
            if root != thread_id:
                self._parents[thread_id] = root

    def _adopt(self, params: Params) -> None:
        thread = params.get("thread")
        if isinstance(thread, Mapping) and isinstance(thread.get("parentThreadId"), str):
            self._parents[str(thread.get("id"))] = thread["parentThreadId"]

    def _forget_early(self, thread_id: str) -> None:
        kept = [early for early in self._early if early[0] != thread_id]
        self._early = deque(kept, maxlen=_EARLY)
