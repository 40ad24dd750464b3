"""A turn in a terminal while it runs: a live view that is drawn anew, or lines as they come.

Where the output is no real terminal (a pipe, ``TERM=dumb``, an encoding without the signs), each
finished step is a line. Knows a turn by the small `Watched` protocol; not how it is drawn.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol, TextIO

from codex_notebook.core.state import TurnState

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

log = logging.getLogger(__name__)

_REFRESHES = 10  # a second


class Watched(Protocol):
    """What a view needs of the turn that it shows."""

    @property
    def state(self) -> TurnState:
        """The newest state; may be read from any thread."""
        ...


class Watching(Protocol):
    """A turn that is being watched in a terminal."""

    def pause(self) -> None:
        """Draw nothing until `resume`, for somebody types meanwhile."""
        ...

    def resume(self) -> None:
        """Go on after `pause`."""
        ...

    def stop(self) -> None:
        """Draw nothing any more; from any thread, and as often as you like."""
        ...


def watch(turn: Watched, stream: TextIO | None = None) -> Watching:
    """Show a running turn in the way that the output allows, until `Watching.stop`.

    Parameters
    ----------
    turn : Watched
        The turn.
    stream : text file, optional
        The output; by default ``sys.stdout`` as it is now.
    """
    console = console_for(stream)
    return LiveView(turn, console) if console is not None else PlainLines(turn)


def console_for(stream: TextIO | None = None) -> Console | None:
    """Return how to write in colour to a stream; None if it is no terminal that could show it."""
    stream = stream or sys.stdout
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown", "")
    if not stream.isatty() or dumb or encoding != "utf8":
        return None
    # Imported late: who shows no turn in a terminal does not need it.
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


class LiveView:
    """A view that is drawn anew some times a second, below what else is printed.

    Parameters
    ----------
    turn : Watched
        The turn.
    console : Console
        The terminal.
    """

    def __init__(self, turn: Watched, console: Console) -> None:
        from rich.live import Live

        self._turn = turn
        self._console = console
        self._over = False
        self._live = Live(
            console=console,
            get_renderable=self._draw,
            refresh_per_second=_REFRESHES,
            transient=True,
            redirect_stderr=False,
        )
        self._live.start()

    def pause(self) -> None:
        """Take the view off the screen until `resume`."""
        self._live.stop()

    def resume(self) -> None:
        """Draw again."""
        if not self._over:
            self._live.start(refresh=True)

    def stop(self) -> None:
        """Take the view off the screen for good."""
        self._over = True
        self._live.stop()

    def _draw(self) -> RenderableType:
        from codex_notebook.notebook.terminal_text import live_text

        try:
            # The state is a frozen value, so it needs no lock, and no hop from the turn's loop.
            return live_text(self._turn.state, time.time(), self._console)
        except Exception:
            # It would end the thread that draws, and the screen would stand still.
            log.warning("A turn could not be drawn", exc_info=True)
            return "Codex is working; Ctrl-C stops it."


class PlainLines:
    """A line on standard error for each step that has ended.

    It looks some times a second and is not told of each event, of which there may be very many.
    """

    def __init__(self, turn: Watched) -> None:
        self._turn = turn
        self._stream = sys.stderr
        self._told: set[str] = set()
        self._over = threading.Event()
        self._free = threading.Lock()
        print("Codex is working; Ctrl-C stops it.", file=self._stream, flush=True)
        threading.Thread(target=self._tell, name="codex-terminal", daemon=True).start()

    def pause(self) -> None:
        """Say nothing until `resume`."""
        self._free.acquire()

    def resume(self) -> None:
        """Go on, with what has ended meanwhile."""
        self._free.release()

    def stop(self) -> None:
        """Say no more."""
        self._over.set()

    def _tell(self) -> None:
        from codex_notebook.notebook.terminal_text import step_lines

        while not self._over.wait(1 / _REFRESHES):
            state = self._turn.state
            with self._free:
                for index, entry in enumerate(state.entries):
                    if entry.completed and entry.id not in self._told:
                        self._told.add(entry.id)
                        for line in step_lines(state, entry, index):
                            self._print(line)

    def _print(self, line: str) -> None:
        encoding = self._stream.encoding or "ascii"
        shown = line.encode(encoding, "replace").decode(encoding)
        print(shown, file=self._stream, flush=True)
