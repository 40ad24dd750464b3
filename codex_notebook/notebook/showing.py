"""Where a turn is shown: as a panel in a notebook, as text where there is none.

Whatever was shown while the turn ran becomes the static record when it ends, so that the saved
notebook reads well without a kernel.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from math import inf
from typing import Protocol

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import DisplayHandle, display

from codex_notebook.client.loop import io_loop
from codex_notebook.client.running import RunningTurn
from codex_notebook.core.record import mime_bundle, text_record
from codex_notebook.core.turn import Turn
from codex_notebook.notebook.names import LAST_TURN
from codex_notebook.notebook.terminal import console_for, watch


class Showing(Protocol):
    """A turn that is being shown.

    Attributes
    ----------
    only_in_cell : bool
        Whether the record can be shown only while the cell runs that started the turn.
    greeted : bool
        Whether somebody sees a panel that gets clicks through, and so decides what is asked.
    patience : float
        For how many seconds something that is asked waits for that, before it is asked in text.
    """

    only_in_cell: bool
    patience: float

    @property
    def greeted(self) -> bool:
        """See above."""
        ...

    def paused(self) -> AbstractContextManager[object]:
        """Keep still meanwhile, for something is asked where this shows what it shows."""
        ...

    def ended(self, turn: Turn) -> None:
        """Show the record of the finished turn."""
        ...


def show(shell: InteractiveShell, running: RunningTurn, *, waits: bool) -> Showing:
    """Show a turn in the way that fits the shell, and return how to end it.

    A notebook with somebody before it gets a panel. A run without anybody (nbclient, nbconvert,
    papermill) gets the record alone: a widget would only leave its state in the file. Such a
    run says so by not allowing questions on the stdin channel.

    Parameters
    ----------
    shell : InteractiveShell
        Where the cell runs.
    running : RunningTurn
        The turn.
    waits : bool
        Whether the cell waits for it.
    """
    if getattr(shell, "kernel", None) is None:
        return InTerminal(running, live=waits)
    return InPanel(running) if somebody_is_there(shell) else InOutput()


def preload(shell: InteractiveShell) -> None:
    """Begin to load what a panel needs, so that the first one need not wait for it."""
    if getattr(shell, "kernel", None) is not None and somebody_is_there(shell):
        threading.Thread(target=_load_widget, daemon=True, name="codex-preload").start()


def _load_widget() -> None:
    # If something is wrong with it, the first panel says so.
    with contextlib.suppress(Exception):
        import codex_notebook.notebook.widget  # noqa: F401


def somebody_is_there(shell: InteractiveShell) -> bool:
    """Return whether anybody sits before a shell who could be asked something."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", True))
    # A script that is piped into the shell must not be read as answers.
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


class InPanel:
    """A live panel in the cell's output."""

    only_in_cell = False
    # A page that takes longer to load its panel can still decide until somebody has answered.
    patience = 2.0

    def __init__(self, running: RunningTurn) -> None:
        # Imported here: a run without anybody needs no widgets.
        from codex_notebook.notebook.widget import TurnPanel

        self._panel = TurnPanel(running, io_loop())
        view = {"version_major": 2, "version_minor": 0, "model_id": self._panel.model_id}
        bundle = {
            "application/vnd.jupyter.widget-view+json": view,
            # All that a front end without widgets shows (Jupyter Console), and it keeps showing it.
            "text/plain": f"A turn of the Codex agent; `print({LAST_TURN})` shows what it did.",
        }
        self._handle: DisplayHandle = display(bundle, raw=True, display_id=True)

    @property
    def greeted(self) -> bool:
        """Whether a page has drawn the panel while its messages get through."""
        return self._panel.greeted

    def paused(self) -> AbstractContextManager[object]:
        """Do nothing: a question has a place of its own beside the panel."""
        return nullcontext()

    def ended(self, turn: Turn) -> None:
        """Put the record in the panel's place."""
        self._handle.update(mime_bundle(turn.state), raw=True)
        # A page that was reloaded during the turn does not get the update: JupyterLab no longer
        # knows the cell as running. There the panel is all that shows the end, so it stays.
        if not self._panel.reopened:
            self._panel.close()


class InOutput:
    """The record in the cell's output, once the turn has ended."""

    # nbclient takes no output of a cell that has ended.
    only_in_cell = True
    greeted = False
    patience = inf

    def paused(self) -> AbstractContextManager[object]:
        """Do nothing: nothing is shown until the end."""
        return nullcontext()

    def ended(self, turn: Turn) -> None:
        """Display the record."""
        display(mime_bundle(turn.state), raw=True)


class InTerminal:
    """A live view in a terminal, which gives way to the record.

    Parameters
    ----------
    running : RunningTurn
        The turn.
    live : bool
        Whether the cell waits for the turn; else somebody types at the prompt meanwhile.
    """

    only_in_cell = False
    greeted = False
    patience = 0.0

    def __init__(self, running: RunningTurn, *, live: bool) -> None:
        self._view = watch(running) if live else None
        if self._view is None:
            print("Codex is working in the background.", file=sys.stderr)
        else:
            # However the wait for it ends, the terminal must not be left half drawn.
            view = self._view
            running.when_done(lambda *_: view.stop())

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Keep still meanwhile, for somebody is asked something."""
        _forget_what_was_typed()
        if self._view is None:
            yield
            return
        self._view.pause()
        try:
            yield
        finally:
            self._view.resume()

    def ended(self, turn: Turn) -> None:
        """Print the record, in colour where that can be shown."""
        if self._view is not None:
            self._view.stop()
        console = console_for()
        if console is None:
            print(text_record(turn.state))
        else:
            from codex_notebook.notebook.terminal_text import finished_text

            console.print(finished_text(turn.state))


def _forget_what_was_typed() -> None:
    """Forget keys that were pressed before the question was there: they are no answer to it."""
    # Where there is no such module, or no terminal, there is nothing to forget either.
    with contextlib.suppress(ImportError, OSError, ValueError, AttributeError):
        import termios

        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
