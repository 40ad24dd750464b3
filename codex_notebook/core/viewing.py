"""Who shows turns and threads in widgets: a place for them, filled from outside of the rings.

`Turn.inspect` and its kin are asked where no notebook is known, and what they open is made where
one is. So whoever can show something says so here (see ``codex_notebook/__init__.py``), as a
function that is called when somebody first wants to see anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from codex_notebook.errors import UnsupportedError


class View(Protocol):
    """A live view: a notebook shows it when it is the value of a cell."""

    def close(self) -> None:
        """Take the view from the screen."""
        ...


class Inspection(View, Protocol):
    """A view of finished and running turns.

    Attributes
    ----------
    forks : list of Thread
        The threads that were forked from it, the newest last.
    """

    forks: list[Any]


class Viewer(Protocol):
    """Who makes views. What it is given are values of the client, which is not known here."""

    def turn(self, turn: Any) -> Inspection:
        """Return a view of one finished turn."""
        ...

    def thread(self, thread: Any, seen: Any) -> Inspection:
        """Return a view of a thread's turns; ``seen`` are those that this process has run."""
        ...

    def panel(self, turn: Any) -> View:
        """Return the panel of one turn, which may be running."""
        ...


_load: Callable[[], Viewer] | None = None


def viewer() -> Viewer:
    """Return who shows things.

    Raises
    ------
    UnsupportedError
        If nobody does.
    """
    if _load is None:
        raise UnsupportedError(
            "Nothing here can show a turn in a widget. Import codex_notebook as a whole, or print "
            "the turn.",
            feature="inspect",
        )
    return _load()


def set_viewer(load: Callable[[], Viewer] | None) -> None:
    """Say who shows things: what ``load`` returns when somebody wants to see something."""
    global _load
    _load = load
