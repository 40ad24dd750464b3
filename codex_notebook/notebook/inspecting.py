"""Opens views of turns and threads: joins the client's turns with the widgets that show them.

What is returned is shown when it is a cell's value. In a notebook with somebody before it that is
a widget; in a terminal, or in a run without anybody, the list of turns as text, for which it then
waits. The widget is made only when it is shown, because a widget leaves its state in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.display import display, update_display

from codex_notebook.client.loop import io_loop
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.seen import SeenTurns
from codex_notebook.client.thread import Thread
from codex_notebook.core.contents import mime_bundle_of_list
from codex_notebook.core.state import TurnState
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError, InvalidOptionError
from codex_notebook.notebook.library import OneTurn, OnFork, ThreadTurns
from codex_notebook.notebook.session import Session
from codex_notebook.notebook.showing import somebody_is_there

if TYPE_CHECKING:
    from codex_notebook.notebook.inspector import InspectorWidget
    from codex_notebook.notebook.widget import TurnPanel

# So long does a terminal, or a run without anybody, wait for the CLI to read its history.
_READING = 60.0
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


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


def inspect_session(session: Session) -> Inspector:
    """Return a view of the turns of the notebook's thread; the magic ``%codex inspect``.

    The notebook goes on with a fork that is made there.

    Raises
    ------
    InvalidOptionError
        If the notebook has had no turn yet.
    """
    thread = session.thread
    if thread is None:
        raise InvalidOptionError(
            "This notebook has had no turn yet, so there is nothing to inspect. Run one with "
            "%%codex, or take up a thread of an earlier day.",
            option="%codex inspect",
        )

    def taken_up(fork: Thread) -> str:
        session.thread = fork
        return "The notebook goes on with it: the next %%codex continues there."

    # One view is followed at a time; that of a cell that is run again would never be let go.
    if isinstance(session.inspector, Inspector):
        session.inspector.close()
    inspector = session.inspector = thread.inspect()
    assert isinstance(inspector, Inspector)
    inspector.on_fork(taken_up)
    return inspector


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
        self._shown = self._closed = False
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
        if self._closed:
            return
        self._closed = True
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
        shell = get_ipython()
        # Who has no kernel has no widgets either.
        kernel = getattr(shell, "kernel", None)
        if shell is None or kernel is None or not somebody_is_there(shell):
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
