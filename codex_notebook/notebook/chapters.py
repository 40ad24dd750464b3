"""What an inspector needs of the turns that it lists: each as a chapter, all of them in a library.

Knows no widget and not the client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from codex_notebook.core.state import TurnState
from codex_notebook.notebook.controls import Controls


@dataclass(frozen=True)
class Chapter:
    """One turn of the list.

    Attributes
    ----------
    key : str
        What it is called between panel and kernel, for as long as the list is open.
    state : TurnState
        Its newest state.
    running : Controls or None
        The turn, while it runs here.
    forks : bool
        Whether the thread can be forked at it, as far as is known before it is tried.
    """

    key: str
    state: TurnState
    running: Controls | None = None
    forks: bool = False


class Library(Protocol):
    """Where the turns come from, and what can be done with them; used on the loop of the turns."""

    @property
    def chapters(self) -> Sequence[Chapter]:
        """The turns as they are known now, the oldest first."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """What is said above the list: ``title``, ``reading``, ``error``, ``note``, ``closes``."""
        ...

    def read(self) -> None:
        """Begin to read the turns again."""
        ...

    def leave(self) -> None:
        """End the view, because the reader closed it."""
        ...

    async def fork(self, key: str) -> None:
        """Fork the thread at a turn, and say so.

        Raises
        ------
        CodexError
            If it cannot be forked there.
        """
        ...
