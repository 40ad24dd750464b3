"""Opens views of turns and threads: joins the client's turns with the widgets that show them.

What is returned is shown when it is a cell's value. In a notebook with somebody before it that is
a widget; in a terminal, or in a run without anybody, the list of turns as text, for which it then
waits. The widget is made only when it is shown, because a widget leaves its state in the file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display, update_display

from codex_notebook.client.loop import io_loop, submit
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.seen import SeenTurn, SeenTurns
from codex_notebook.client.thread import Thread
from codex_notebook.core.contents import mime_bundle_of_list, one_line
from codex_notebook.core.merged import merged
from codex_notebook.core.state import TurnState
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError, InvalidOptionError
from codex_notebook.notebook.session import Session

if TYPE_CHECKING:
    from codex_notebook.notebook.inspector import Chapter, InspectorWidget
    from codex_notebook.notebook.widget import TurnPanel

log = logging.getLogger(__name__)

# So long does a terminal, or a run without anybody, wait for the CLI to read its history.
_READING = 60.0
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# Takes a fork where it belongs, and says in a sentence where that is.
OnFork = Callable[[Thread], str]


class Widgets:
    """Makes the views; see `codex_notebook.core.viewing.Viewer`."""

    def turn(self, turn: Turn) -> Inspector:
        """Return a view of one finished turn."""
        return Inspector(OneTurn(turn))

    def thread(self, thread: Thread, seen: SeenTurns) -> Inspector:
        """Return a view of a thread's turns."""
        return Inspector(ThreadTurns(thread, seen))

    def panel(self, turn: RunningTurn | Turn) -> TurnPanel:
        """Return the panel of one turn."""
        from codex_notebook.notebook.widget import TurnPanel

        return TurnPanel(_Finished(turn) if isinstance(turn, Turn) else turn, io_loop())


def inspect_session(shell: InteractiveShell, session: Session) -> Inspector:
    """Return a view of the turns of the notebook's thread; the magic ``%codex inspect``.

    The notebook goes on with a fork that is made there.

    Raises
    ------
    InvalidOptionError
        If the notebook has had no turn yet.
    """
    del shell
    thread = session.thread
    if thread is None:
        raise InvalidOptionError(
            "This notebook has had no turn yet, so there is nothing to inspect. Run one with "
            "%%codex, or take up a thread of an earlier day.",
            option="inspect",
        )

    def taken_up(fork: Thread) -> str:
        session.thread = fork
        return "The notebook goes on with it: the next %%codex continues there."

    inspector = thread.inspect()
    assert isinstance(inspector, Inspector)
    inspector.on_fork(taken_up)
    return inspector


def _left_in_forks(_: Thread) -> str:
    return "It is the last of `forks` of this inspector; this thread stays as it is."


class Inspector:
    """A view of turns: what `Thread.inspect` and `Turn.inspect` return.

    Attributes
    ----------
    forks : list of Thread
        The threads that were forked in it, the newest last.
    """

    def __init__(self, turns: OneTurn | ThreadTurns) -> None:
        self._turns = turns
        self.forks = turns.forks
        self._shown = False
        turns.on_change = self._changed
        turns.leave = self.close
        turns.open()

    def on_fork(self, take: OnFork) -> None:
        """Have ``take(fork)`` called for each fork; it returns in a sentence where that is now."""
        if isinstance(self._turns, ThreadTurns):
            self._turns.on_fork = take

    @cached_property
    def widget(self) -> InspectorWidget:
        """The widget itself, to be put into others (``ipywidgets.VBox([inspector.widget])``)."""
        # Imported here: a run without anybody needs no widgets.
        from codex_notebook.notebook.inspector import InspectorWidget

        return InspectorWidget(self._turns, io_loop())

    def close(self) -> None:
        """End the view. In a notebook the list of turns stays in its place, as a table."""
        self._turns.close()
        if "widget" in self.__dict__:
            if self._shown:
                update_display(self._list(), display_id=self.widget.model_id, raw=True)
            self.widget.close()

    def _changed(self, *, read: bool) -> None:
        # Runs on the loop of the turns.
        if "widget" not in self.__dict__:
            return
        self.widget.tell()
        if read and self._shown:
            update_display(self._bundle(), display_id=self.widget.model_id, raw=True)

    def _ipython_display_(self) -> None:
        kernel = getattr(get_ipython(), "kernel", None)
        # Whoever allows no questions is nobody (nbclient); see `showing.show`.
        if kernel is None or not getattr(kernel, "_allow_stdin", True):
            self._turns.wait(_READING)
            display(self._list(), raw=True)
            return
        # Before the front end asks.
        self._shown = self._turns.closes = True
        display(self._bundle(), raw=True, display_id=self.widget.model_id)

    def _display_(self) -> InspectorWidget:
        # What marimo asks for.
        return self.widget

    def _list(self) -> dict[str, str]:
        states = [chapter.state for chapter in self._turns.chapters]
        about = self._turns.about
        return mime_bundle_of_list(states, about["title"], about["error"] or "")

    def _bundle(self) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        # The list beside it is what is shown where there are no widgets.
        return {_WIDGET_VIEW: view, **self._list()}

    def __repr__(self) -> str:
        return f"<Inspector of {self._turns.about['title']}: {len(self._turns.chapters)} turns>"


class OneTurn:
    """A finished turn as the only one of a list; see `inspector.Library`."""

    def __init__(self, turn: Turn) -> None:
        from codex_notebook.notebook.inspector import Chapter

        self.forks: list[Thread] = []
        self.on_change: Callable[..., None] = _nobody
        self.leave: Callable[[], None] = _nobody
        self.closes = False
        self.chapters: tuple[Chapter, ...] = (Chapter("1", turn.state),)

    @property
    def about(self) -> Mapping[str, Any]:
        """See `inspector.Library`."""
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
        """See `inspector.Library`."""
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
        """See `inspector.Library`."""
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
        """See `inspector.Library`."""
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
        """See `inspector.Library`."""
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
    from codex_notebook.notebook.inspector import Chapter

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


class _Finished:
    """A finished turn, where a panel expects one that may be running."""

    def __init__(self, turn: Turn) -> None:
        self.state = turn.state

    def listen(self, _: Callable[[TurnState], None]) -> None:
        """Do nothing: it does not change any more."""

    def unlisten(self, _: Callable[[TurnState], None]) -> None:
        """Do nothing."""

    def request_interrupt(self) -> None:
        """Do nothing: it is over."""

    async def respond(self, *_: object) -> None:
        """Refuse."""
        raise CodexError("The turn is over.")

    answer = steer = respond
