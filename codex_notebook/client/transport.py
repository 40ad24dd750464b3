"""What a running turn needs of a transport, whichever it is.

Knows the shapes only; ``exec`` is the transport there is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from codex_notebook.core.events import Event
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError


class TransportTurn(Protocol):
    """One turn, over whatever the transport runs; used on our own loop only."""

    def events(self) -> AsyncIterator[Event]:
        """Run the turn; the last event is its end."""
        ...

    async def left(self) -> None:
        """Wait until nothing of the turn is left that the next one could meet."""
        ...

    def interrupt(self, *, at_once: bool = False) -> None:
        """Ask the turn to end."""
        ...

    def error(self, turn: Turn) -> CodexError:
        """Return the exception for a turn that failed."""
        ...
