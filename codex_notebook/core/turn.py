"""A finished turn, as a value: what a program reads and what a notebook shows of it.

Knows the state it was made of and how to render itself; not how the turn was run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codex_notebook.core.events import Usage
from codex_notebook.core.frames import to_frame
from codex_notebook.core.items import Item
from codex_notebook.core.record import html_record, markdown_record, text_record
from codex_notebook.core.state import TurnState, TurnStatus

if TYPE_CHECKING:
    import pandas as pd

_MAPPED = ("items", "final_response", "usage", "thread_usage", "thread_id", "status", "output")


class Turn:
    """One prompt and everything that came of it.

    Also answers like a mapping: ``turn["final_response"]``, ``turn["items"]``, ``turn["usage"]``.

    Parameters
    ----------
    state : TurnState
        The last state of the turn.
    output : object, optional
        The answer as an object of the output type, if one was asked for.
    output_type : object, optional
        That type.
    """

    def __init__(
        self, state: TurnState, *, output: object = None, output_type: object = None
    ) -> None:
        self.state = state
        self.output: Any = output
        self.output_type = output_type

    @property
    def prompt(self) -> str:
        """What was asked."""
        return self.state.request.prompt

    @property
    def status(self) -> TurnStatus:
        """``completed``, ``failed`` or ``interrupted``."""
        return self.state.status

    @property
    def items(self) -> tuple[Item, ...]:
        """The items in the order in which they began."""
        return self.state.items

    @property
    def final_response(self) -> str:
        """The text of the last agent message; empty if there is none."""
        return self.state.final_response

    @property
    def usage(self) -> Usage | None:
        """The turn's own share of the thread's tokens.

        None if the turn did not complete, or if the thread was resumed and its total before
        this turn is not known; `thread_usage` is what the CLI reported.
        """
        return self.state.usage

    @property
    def thread_usage(self) -> Usage | None:
        """The thread's running total of tokens (``turn.completed.usage`` of ``codex exec``)."""
        return self.state.thread_usage

    @property
    def thread_id(self) -> str | None:
        """The thread's id; None if the turn ended before the CLI had said it."""
        return self.state.thread_id

    @property
    def error(self) -> str | None:
        """Why the turn failed, if it did."""
        return self.state.error

    @property
    def duration(self) -> float | None:
        """Seconds from the turn's start to its end."""
        started, ended = self.state.started_at, self.state.ended_at
        return None if started is None or ended is None else ended - started

    def to_frame(self) -> pd.DataFrame:
        """Return `output` as a pandas dataframe; see `codex_notebook.core.frames.to_frame`.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed.
        """
        return to_frame(self.output, output_type=self.output_type)

    def __getitem__(self, name: str) -> Any:
        if name not in _MAPPED:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in _MAPPED

    def keys(self) -> tuple[str, ...]:
        """Return the names that ``turn[name]`` knows."""
        return _MAPPED

    def __repr__(self) -> str:
        seconds = "" if self.duration is None else f" in {self.duration:.1f} s"
        return f"<Turn {self.status}{seconds}: {len(self.items)} items>"

    def __str__(self) -> str:
        return text_record(self.state)

    def _repr_html_(self) -> str:
        return html_record(self.state)

    def _repr_markdown_(self) -> str:
        return markdown_record(self.state)
