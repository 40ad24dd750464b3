"""The turns that an inspector lists: of one thread, from two sources, or one turn alone.

A thread's turns are read from what the CLI has kept, while this process tells of those that it has
run. Everything is kept on the loop of the turns. Knows the client; no widget.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from typing import Any

from codex_notebook.client.loop import io_loop, submit
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.seen import SeenTurn, SeenTurns
from codex_notebook.client.thread import Thread
from codex_notebook.core.contents import one_line
from codex_notebook.core.merged import merged
from codex_notebook.core.state import TurnState
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError
from codex_notebook.notebook.chapters import Chapter

log = logging.getLogger(__name__)

# Takes a fork where it belongs, and says in a sentence where that is.
OnFork = Callable[[Thread], str]


class OneTurn:
    """A finished turn as the only one of a list; see `chapters.Library`."""

    def __init__(self, turn: Turn) -> None:
        self.forks: list[Thread] = []
        self.on_change: Callable[..., None] = _nobody
        self.leave: Callable[[], None] = _nobody
        self.closes = False
        self.chapters: tuple[Chapter, ...] = (Chapter("1", turn.state),)

    @property
    def about(self) -> Mapping[str, Any]:
        """See `chapters.Library`."""
        quiet = {"reading": False, "error": None, "note": None}
        return {**quiet, "title": "Turn", "closes": self.closes}

    def open(self) -> None:
        """Do nothing: it is known already."""

    def read(self) -> None:
        """Do nothing: it does not change."""

    def wait(self, seconds: float) -> None:
        """Do nothing: there is nothing to wait for."""

    def close(self) -> None:
        """Do nothing: nothing is followed."""

    async def fork(self, key: str) -> None:
        """Refuse: a turn does not hold its thread."""
        raise CodexError("A turn alone cannot be forked; inspect its thread.")


def _nobody(*, read: bool = False) -> None:
    del read


class ThreadTurns:
    """The turns of a thread, as the CLI has kept them and as this process has seen them.

    Parameters
    ----------
    thread : Thread
        Whose turns.
    seen : SeenTurns
        Those that this process has run.
    """

    def __init__(self, thread: Thread, seen: SeenTurns) -> None:
        self.forks: list[Thread] = []
        self.on_fork: OnFork = _left_in_forks
        self.on_change: Callable[..., None] = _nobody
        self.leave: Callable[[], None] = _nobody
        self.closes = False
        self._thread = thread
        self._seen = seen
        self._kept: list[Turn] = []
        self._reading = False
        self._read_end: Future[None] | None = None
        self._error: str | None = None
        self._note: str | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """See `chapters.Library`."""
        thread = self._thread
        title = f"Thread {thread.id}" if thread.id else "A thread without a turn yet"
        name = next((c.state.thread_name for c in self.chapters if c.state.thread_name), None)
        return {
            "title": f"{one_line(thread.name or name or '')} ({title})" if name else title,
            "reading": self._reading,
            "error": self._error,
            "note": self._note,
            "closes": self.closes,
        }

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        """See `chapters.Library`."""
        whole = merged(self._kept, self._seen.turns)
        return tuple(_chapter(*one) for one in whole)

    def open(self) -> None:
        """Begin to follow the thread, and to read what was kept of it."""
        self._seen.listen(self._hop)
        self.read()

    def close(self) -> None:
        """Follow the thread no longer."""
        self._seen.unlisten(self._hop)
        self.on_change = _nobody

    def read(self) -> None:
        """See `chapters.Library`."""
        # What has had no turn is not known to the CLI.
        if self._thread.id is not None:
            self._reading = True
            self._read_end = submit(self._read())

    def wait(self, seconds: float) -> None:
        """Block until the turns have been read, or for so many seconds."""
        try:
            if self._read_end is not None:
                self._read_end.result(seconds)
        except NotYet:
            self._error = f"The CLI has not told of the thread's turns within {seconds:.0f} s."

    async def fork(self, key: str) -> None:
        """See `chapters.Library`."""
        chapters = self.chapters
        at = next(n for n, chapter in enumerate(chapters) if chapter.key == key)
        kept, _ = merged(self._kept, self._seen.turns)[at]
        # The end of the thread is where every transport can fork it.
        last = at == len(chapters) - 1
        turn_id = chapters[at].state.turn_id or (kept.id if kept else None) or ""
        fork = await self._thread.fork(at_turn=None if last else turn_id)
        self.forks.append(fork)
        where = self.on_fork(fork)
        self._note = f"A new thread that ends with turn {at + 1} was forked. {where}"
        self.on_change(read=False)

    async def _read(self) -> None:
        try:
            self._kept = await self._thread.read(now=True)
            self._error = None
        except CodexError as error:
            self._error = str(error)
        except Exception as fault:
            log.exception("The turns of a thread could not be read")
            self._error = f"The turns could not be read: {type(fault).__name__}: {fault}"
        self._reading = False
        self.on_change(read=True)

    def _hop(self) -> None:
        io_loop().call_soon_threadsafe(lambda: self.on_change(read=False))


def _chapter(kept: Turn | None, seen: SeenTurn | None) -> Chapter:
    if seen is None:
        assert kept is not None
        return Chapter(f"kept {kept.id}", _ended(kept.state), forks=True)
    turn = seen.turn
    running = turn if isinstance(turn, RunningTurn) else None
    return Chapter(f"seen {seen.number}", turn.state, running, forks=running is None)


def _ended(state: TurnState) -> TurnState:
    """Return what was kept of a turn that does not run here: it is over, told or not."""
    if state.ended:
        return state
    remark = "The CLI has kept no end of this turn; it may be running in another program."
    return replace(state, status="interrupted", notices=(*state.notices, remark))


def _left_in_forks(_: Thread) -> str:
    return "It is the last of `forks` of this inspector; this thread stays as it is."
