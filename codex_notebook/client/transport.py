"""What threads and turns need of a transport, whichever it is: the shapes.

``exec`` and ``live`` are the transports there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from codex_notebook.client.inputs import Prompt
from codex_notebook.client.options import ReviewOptions, ThreadOptions
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.events import Event
from codex_notebook.core.turn import Turn
from codex_notebook.core.usage import Usage
from codex_notebook.errors import CodexError


@dataclass(frozen=True)
class TurnSpec:
    """One turn, ready to run.

    Attributes
    ----------
    prompt : Prompt
        What goes in.
    thread_id : str or None
        The thread to go on with, or None for a new one.
    schema : dict or None
        The JSON schema of the answer.
    review : ReviewOptions or None
        What to review, if the turn is a review.
    compact : bool
        Whether the turn makes room in the thread's context, instead of taking a prompt.
    cyber_access_program : str or None
        As in `TurnOptions`.
    context : dict of str to str
        What the agent is told of its surroundings beside the prompt.
    attended : bool
        Whether anybody gets hold of the running turn.
    loop : event loop or None
        That of whoever started it, on which handlers and tools of theirs run.
    """

    prompt: Prompt
    thread_id: str | None = None
    schema: dict[str, Any] | None = None
    review: ReviewOptions | None = None
    compact: bool = False
    cyber_access_program: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    attended: bool = True
    loop: asyncio.AbstractEventLoop | None = None


class Controls(Protocol):
    """What can be done to a turn while it runs, where the transport can do it."""

    async def steer(self, prompt: Prompt) -> None:
        """Add input."""
        ...

    def respond(self, approval_id: str, decision: str) -> None:
        """Decide what the agent asked leave for."""
        ...

    def answer(self, input_id: str, answers: object) -> None:
        """Answer what the agent asked."""
        ...


class TransportTurn(Protocol):
    """One turn, over whatever the transport runs; used on our own loop only."""

    @property
    def controls(self) -> Controls | None:
        """What else can be done to it; None if nothing."""
        ...

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


class Transport(Protocol):
    """What the threads of a client run over.

    Attributes
    ----------
    home : str
        The CLI's home, which keeps the threads; empty if there is none.
    keeps_ephemeral : bool
        Whether a thread that leaves nothing on disk can have a second turn.
    """

    @property
    def home(self) -> str:
        """See above."""
        ...

    @property
    def keeps_ephemeral(self) -> bool:
        """See above."""
        ...

    def turn(self, spec: TurnSpec, thread: ThreadOptions, workspace: Workspace) -> TransportTurn:
        """Return the turn, checked but not started.

        Raises
        ------
        CodexError
            If something is wrong that can be known before.
        """
        ...

    async def fork(
        self, thread_id: str, thread: ThreadOptions, workspace: Workspace, at_turn: str | None
    ) -> str:
        """Make a new thread that begins as another one is now, or was; return its id.

        Raises
        ------
        CodexError
            If it cannot be made.
        """
        ...

    def thread_usage(self, thread_id: str) -> Usage | None:
        """Return a thread's total of tokens so far; None if nobody tells. May block."""
        ...


class Owner(Protocol):
    """Whose turn it is; asked and told on our own loop only."""

    async def begin(self) -> tuple[TransportTurn, Usage | None]:
        """Return the turn to run, and the thread's token total before it."""
        ...

    def opened(self, thread_id: str) -> None:
        """Take note of the thread's id."""
        ...

    def ended(self, turn: Turn, *, began: bool) -> None:
        """Take note of the finished turn, and of whether it had come to run at all."""
        ...
