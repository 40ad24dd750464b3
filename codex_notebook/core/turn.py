"""A finished turn, as a value: what a program reads and what a notebook shows of it.

Knows the state it was made of and how to render itself; not how the turn was run. Frames and
records are imported by the methods that make them: the parsers of markdown and HTML that they
need take longer to load than the rest of the SDK's own modules, and many programs show no turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codex_notebook.core.items import Item
from codex_notebook.core.model import Mapped
from codex_notebook.core.state import TurnState, TurnStatus
from codex_notebook.core.usage import Usage
from codex_notebook.core.viewing import viewer

if TYPE_CHECKING:
    import pandas as pd

    from codex_notebook.core.viewing import Inspection


class Turn(Mapped):
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

    _names = ("items", "final_response", "usage", "thread_usage", "thread_id", "status", "output")

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

        None if it cannot be known: for a review, for an ephemeral thread's turn that did not
        complete, or if the CLI did not keep what the thread had used before.
        """
        return self.state.usage

    @property
    def thread_usage(self) -> Usage | None:
        """The thread's running total of tokens, this turn included.

        Source: ``turn.completed.usage`` of ``codex exec``, else what the CLI keeps of the thread.
        """
        return self.state.thread_usage

    @property
    def thread_id(self) -> str | None:
        """The thread's id; None if the turn ended before the CLI had said it."""
        return self.state.thread_id

    @property
    def id(self) -> str | None:
        """The CLI's id of the turn; None over ``codex exec``, which does not tell."""
        return self.state.turn_id

    @property
    def diff(self) -> str | None:
        """What the turn changed in files, with git's headers; None over ``codex exec``."""
        return self.state.diff

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
        from codex_notebook.core.frames import to_frame

        return to_frame(self.output, output_type=self.output_type)

    def inspect(self) -> Inspection:
        """Return a view of the turn, its items filtered by kind, with times and tokens.

        In a notebook it is shown when it is a cell's value; see `Thread.inspect` for all turns of
        a thread.
        """
        return viewer().turn(self)

    def __repr__(self) -> str:
        seconds = "" if self.duration is None else f" in {self.duration:.1f} s"
        return f"<Turn {self.status}{seconds}: {len(self.items)} items>"

    def __str__(self) -> str:
        from codex_notebook.core.record import text_record

        return text_record(self.state)

    def _repr_html_(self) -> str:
        from codex_notebook.core.record import html_record

        return html_record(self.state)

    def _repr_markdown_(self) -> str:
        from codex_notebook.core.record import markdown_record

        return markdown_record(self.state)
