"""What a notebook shows for a turn that is a cell's value.

The cell that ran a turn shows it already, so its value is not shown once more; evaluated in a
later cell, the same turn shows its record. Knows IPython's formatters.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from codex_notebook.client.running import RunningTurn
from codex_notebook.core.record import mime_bundle
from codex_notebook.core.turn import Turn

# In which execution a turn was shown as a panel and returned as the value.
_shown: WeakKeyDictionary[Turn | RunningTurn, int] = WeakKeyDictionary()


def already_shown(turn: Turn | RunningTurn, shell: InteractiveShell) -> None:
    """Note that the running cell shows ``turn`` and is about to return it."""
    _shown[turn] = shell.execution_count


class Formatting:
    """Our entry in the formatters of a shell with a kernel; a terminal shows the plain repr."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def install(self) -> None:
        """Register for turns."""
        if getattr(self._shell, "kernel", None) is not None:
            for kind in (Turn, RunningTurn):
                self._formatter.for_type(kind, self._display)

    def remove(self) -> None:
        """Take out what `install` put in."""
        for kind in (Turn, RunningTurn):
            self._formatter.pop(kind, None)

    @property
    def _formatter(self) -> Any:
        assert self._shell.display_formatter is not None
        return self._shell.display_formatter.ipython_display_formatter

    def _display(self, turn: Turn | RunningTurn) -> None:
        if _shown.pop(turn, None) != self._shell.execution_count:
            display(mime_bundle(turn.state), raw=True)
