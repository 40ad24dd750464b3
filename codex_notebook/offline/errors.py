"""The error of a scenario that cannot work; a leaf of the package's tree of errors."""

from __future__ import annotations

from codex_notebook.errors import CodexError


class ScenarioError(CodexError, ValueError):
    """A scenario that cannot work; raised when it is made or read, never while it plays.

    Attributes
    ----------
    place : str
        Where the fault is, such as ``scenario.json: turn 2, step 3``; empty for a step or turn
        written in Python, where the traceback names the line.
    """

    def __init__(self, message: str, *, place: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message)
        self.place = place
