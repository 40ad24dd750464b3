"""What can be done to a turn while it runs: add input, give leave, answer.

May be called from any thread and any loop; the transport does it on ours. Knows nothing of how
the turn is run or watched.
"""

from __future__ import annotations

import asyncio

from codex_notebook.client.failure import unsupported
from codex_notebook.client.inputs import Input, parse_input
from codex_notebook.client.loop import submit
from codex_notebook.client.transport import Controls, TransportTurn
from codex_notebook.core.asks import Answers, Decision
from codex_notebook.errors import AppServerError


class Controllable:
    """A turn to which something can be done, once it runs."""

    def __init__(self) -> None:
        self._transport: TransportTurn | None = None
        # Set when there is something that can be done to it, or never will be.
        self._controllable = asyncio.Event()

    def _controlled_by(self, transport: TransportTurn | None) -> None:
        self._transport = transport
        self._controllable.set()

    async def steer(self, input: Input) -> None:
        """Add input to the turn while it runs (live transport only).

        The agent sees it with its next step. If the turn is interrupted before, it is lost.
        Source: ``turn/steer``.

        Parameters
        ----------
        input : str or list
            As for `Thread.run`.

        Raises
        ------
        InvalidOptionError
            If it cannot be sent.
        UnsupportedError
            If the transport is ``exec``.
        AppServerError
            If the turn is over, or takes no more input.
        """
        prompt = parse_input(input)

        async def steer() -> None:
            await (await self._controls("steer")).steer(prompt)

        await asyncio.wrap_future(submit(steer()))

    async def respond(self, approval_id: str, decision: Decision) -> None:
        """Decide what the agent asked leave for (live transport only).

        Parameters
        ----------
        approval_id : str
            The `Approval.id`, from an ``approval.requested`` event or ``state.approvals``.
        decision : str
            One of its `Approval.decisions`.

        Raises
        ------
        InvalidOptionError
            If nothing of that id waits, or it cannot be decided so.
        UnsupportedError
            If the transport is ``exec``.
        """

        async def respond() -> None:
            (await self._controls("respond")).respond(approval_id, decision)

        await asyncio.wrap_future(submit(respond()))

    async def answer(self, input_id: str, answers: Answers | str | None) -> None:
        """Answer what the agent asked (live transport only).

        Parameters
        ----------
        input_id : str
            The `InputRequest.id`, from an ``input.requested`` event or ``state.inputs``.
        answers : dict, str or None
            For each question's id its answer or answers; for a form, each field's value. A text
            alone answers the only question. None declines to answer.

        Raises
        ------
        InvalidOptionError
            If nothing of that id waits, or these are no answers to it.
        UnsupportedError
            If the transport is ``exec``.
        """

        async def answer() -> None:
            (await self._controls("answer")).answer(input_id, answers)

        await asyncio.wrap_future(submit(answer()))

    async def _controls(self, feature: str) -> Controls:
        """Return what can be done to the turn, once it has begun; runs on our own loop."""
        await self._controllable.wait()
        if self._transport is None:
            raise AppServerError("The turn is over and never began.", method=feature)
        if self._transport.controls is None:
            raise unsupported(f"RunningTurn.{feature}")
        return self._transport.controls
