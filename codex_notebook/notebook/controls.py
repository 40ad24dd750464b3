"""What a panel needs of the turn that it shows, and how its messages are done to that turn.

A message comes from a page, so it may be anything; whatever it is, the answer is words or None.
Knows neither widgets nor the client.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from codex_notebook.core.asks import Answers, Decision
from codex_notebook.core.plain import clean
from codex_notebook.core.state import TurnState
from codex_notebook.errors import CodexError

log = logging.getLogger(__name__)

_LOST = (
    "The panel sent something that the kernel does not understand, so nothing was done. If it goes "
    "on, reload the page."
)


class Controls(Protocol):
    """What a panel needs of the turn that it shows."""

    @property
    def state(self) -> TurnState:
        """The newest state."""
        ...

    def listen(self, listener: Callable[[TurnState], None]) -> None:
        """Call ``listener`` with each new state, on the turn's loop."""
        ...

    def unlisten(self, listener: Callable[[TurnState], None]) -> None:
        """Stop calling ``listener``."""
        ...

    def request_interrupt(self) -> None:
        """Ask the turn to stop."""
        ...

    async def respond(self, approval_id: str, decision: Decision) -> None:
        """Decide what the agent asked leave for."""
        ...

    async def answer(self, input_id: str, answers: Answers | None) -> None:
        """Answer what the agent asked; None declines to."""
        ...

    async def steer(self, input: str) -> None:
        """Add input to the turn."""
        ...


async def obey(turn: Controls, message: Mapping[str, Any]) -> str | None:
    """Do what a message asks for.

    Parameters
    ----------
    turn : Controls
        To what it is done.
    message : mapping
        ``respond`` with an ``id`` and a ``decision``, ``answer`` with an ``id`` and ``answers``, or
        ``steer`` with a ``text``; which of them says ``op``.

    Returns
    -------
    str or None
        Why it was not done, for the reader and without what acts in a terminal; None if it was.
    """
    try:
        match message:
            # A decision goes on to the letter, and the turn takes only those that it offers.
            case {"op": "respond", "id": str(ask), "decision": str(decision)}:
                await turn.respond(ask, cast(Decision, decision))
            case {"op": "answer", "id": str(ask), "answers": (dict() | None) as answers}:
                await turn.answer(ask, answers)
            case {"op": "steer", "text": str(text)}:
                await turn.steer(text)
            case _:
                # Not the message itself: it may hold an answer that is secret.
                log.warning("A panel sent a malformed message: op %.40r", message.get("op"))
                return _LOST
    except CodexError as error:
        return _in_one_line(str(error))
    except Exception as error:
        log.exception("What a panel asked for could not be done")
        return _in_one_line(f"It could not be done: {type(error).__name__}: {error}")
    return None


def _in_one_line(words: str) -> str:
    return " ".join(clean(words).split())
