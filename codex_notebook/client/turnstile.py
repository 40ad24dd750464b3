"""The turnstile of a thread: one of its turns at a time, and what its tokens come to.

All objects of one process that stand for the same thread share it. Used on our own loop only;
knows nothing of what passes it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from weakref import WeakValueDictionary

from codex_notebook.core.usage import Usage

# The home of the CLI that keeps a thread, and its id.
Key = tuple[str, str]

_lock = threading.Lock()
_known: WeakValueDictionary[Key, Turnstile] = WeakValueDictionary()


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


# A fork may come while another thread holds it, and the child has no such thread.
os.register_at_fork(after_in_child=_renew_lock)


class Turnstile:
    """Lets one turn of a thread run at a time, in the order in which they came.

    Attributes
    ----------
    usage : Usage or None
        The thread's running total of tokens; None if it has to be looked up.
    """

    def __init__(self, usage: Usage | None) -> None:
        self.usage = usage
        self._queue: list[asyncio.Future[None]] = []
        self._pid = os.getpid()

    @classmethod
    def of(cls, key: Key, usage: Usage | None = None) -> Turnstile:
        """Return the turnstile of a thread that the CLI knows."""
        with _lock:
            return _known.setdefault(key, cls(usage))

    def belongs_to(self, key: Key) -> None:
        """Share this turnstile with whoever comes for the thread from now on."""
        with _lock:
            _known[key] = self

    def ticket(self) -> asyncio.Future[None]:
        """Return a place in the queue, to be awaited; give it back by `leave`, come what may."""
        if self._pid != os.getpid():
            # In a forked child: the parent's turns, loop and tokens are no longer ours to see.
            self._pid, self._queue, self.usage = os.getpid(), [], None
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(ticket)
        self._admit()
        return ticket

    def leave(self, ticket: asyncio.Future[None]) -> None:
        """Give a ticket back, whether or not it came to be admitted, and admit the next one."""
        self._queue.remove(ticket)
        self._admit()

    def _admit(self) -> None:
        # One that was cancelled gives its ticket back in a moment.
        if self._queue and not self._queue[0].done():
            self._queue[0].set_result(None)
