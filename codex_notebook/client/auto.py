"""Live where the CLI can, ``codex exec`` where it cannot: the choice between the transports.

The live one is tried with each turn until its server cannot be started or proves too old, before
the turn has begun; from then on all turns of the client run over ``codex exec``, and the first of
them says so. Knows when to change over; how a turn runs is each transport's own business.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from codex_notebook.client.exec import CodexExec
from codex_notebook.client.failure import unsupported
from codex_notebook.client.inputs import Prompt
from codex_notebook.client.live import CodexLive
from codex_notebook.client.live_turn import LiveTurn
from codex_notebook.client.options import ThreadOptions
from codex_notebook.client.transport import Controls, TransportTurn, TurnSpec
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.events import (
    Event,
    NoticeEvent,
    ThreadStartedEvent,
    TurnInterruptedEvent,
)
from codex_notebook.core.turn import Turn
from codex_notebook.core.usage import Usage
from codex_notebook.errors import AppServerError, CodexError, CodexVersionError, UnsupportedError


class CodexAuto:
    """The transport that is live where it can be.

    Attributes
    ----------
    live, exec : CodexLive, CodexExec
        The two that there are.
    why : CodexError or None
        Why the live one is not used any more.
    """

    def __init__(self, live: CodexLive, exec: CodexExec) -> None:
        self.live = live
        self.exec = exec
        self.why: CodexError | None = None
        self._told = False

    @property
    def home(self) -> str:
        """The CLI's home, as it is now; empty if there is none."""
        return self.live.home

    @property
    def keeps_ephemeral(self) -> bool:
        """Whether a thread that leaves nothing on disk can have a second turn."""
        return self._current.keeps_ephemeral

    @property
    def _current(self) -> CodexLive | CodexExec:
        return self.live if self.why is None else self.exec

    def turn(self, spec: TurnSpec, thread: ThreadOptions, workspace: Workspace) -> AutoTurn:
        """Return the turn, checked but not started.

        Raises
        ------
        CodexError
            As either transport does.
        """
        return AutoTurn(self, spec, thread, workspace)

    async def fork(
        self, thread_id: str, thread: ThreadOptions, workspace: Workspace, at_turn: str | None
    ) -> str:
        """Make a new thread that begins as another one is now, or was; return its id.

        Raises
        ------
        CodexError
            As either transport does.
        """
        why = self.why
        if why is None:
            try:
                await self.live.server()
            except (AppServerError, CodexVersionError) as fault:
                why = fault
            else:
                return await self.live.fork(thread_id, thread, workspace, at_turn)
        forked = await self.exec.fork(thread_id, thread, workspace, at_turn)
        self.why = why
        return forked

    def thread_usage(self, thread_id: str) -> Usage | None:
        """Return a thread's running total of tokens, from what the CLI keeps of it."""
        return self._current.thread_usage(thread_id)

    def notice(self) -> str | None:
        """Return what is to be said of the change, once; None if it was said."""
        if self._told or self.why is None:
            return None
        self._told = True
        return (
            "This turn and those to come run over `codex exec`, because the live transport cannot "
            f"be used: {self.why}\nSo text comes in whole pieces, the agent can ask for nothing "
            "(what would need leave is declined), and a turn can be stopped but not steered."
        )


class AutoTurn:
    """One turn, over the live transport if that can be had. Iterate `events` once."""

    def __init__(
        self, auto: CodexAuto, spec: TurnSpec, thread: ThreadOptions, workspace: Workspace
    ) -> None:
        self._auto = auto
        self._asked = spec, thread, workspace
        self._interrupted = False
        # Set when it is known over which transport the turn runs.
        self._chosen = asyncio.Event()
        # What the live transport has said of it while it was tried.
        self._first: list[Event] = []
        self._turn: LiveTurn | TransportTurn = auto._current.turn(*self._asked)

    @property
    def controls(self) -> Controls | None:
        """What else can be done to it; None if that is nothing."""
        return self if self._turn.controls is not None else None

    async def events(self) -> AsyncIterator[Event]:
        """Run the turn and yield its events; the last is its end."""
        try:
            async for event in self._run():
                yield event
        finally:
            # However it ended: whoever waits to steer it hears that it is over.
            self._chosen.set()

    async def _run(self) -> AsyncIterator[Event]:
        if isinstance(self._turn, LiveTurn):
            events = self._turn.events()
            fault = await self._try(self._turn, events)
            if fault is None:
                self._chosen.set()
                for event in self._first:
                    yield event
                async for event in events:
                    yield event
                return
            if not self._auto.live.busy:
                # A server that is too old holds the thread.
                await self._auto.live.close()
            try:
                self._turn = self._auto.exec.turn(*self._asked)
            except UnsupportedError as error:
                raise UnsupportedError(f"{error} {fault}", feature=error.feature) from fault
            if self._interrupted:
                yield TurnInterruptedEvent(at=time.time())
                return
        else:
            fault = self._auto.why
        self._chosen.set()
        async for event in self._turn.events():
            if type(event) is not ThreadStartedEvent:
                yield event
                continue
            # If it does not come to this, the fault may be in what both were told.
            self._auto.why = fault
            yield event
            notice = self._auto.notice()
            if notice is not None:
                yield NoticeEvent(message=notice, at=time.time())

    async def _try(self, turn: LiveTurn, events: AsyncIterator[Event]) -> CodexError | None:
        """Begin the turn over the live transport; return why that cannot be, if it cannot."""
        try:
            self._first.append(await anext(events))
        except CodexError as fault:
            if fault is not turn.unserved:
                raise
            return fault
        if turn.unserved is None or type(self._first[0]) is TurnInterruptedEvent:
            return None
        async for _ in events:
            # To its end, so that it has left its server.
            pass
        return turn.unserved

    async def left(self) -> None:
        """Wait until nothing of the turn is left that the next one could meet."""
        await self._turn.left()

    def error(self, turn: Turn) -> CodexError:
        """Return the exception for a turn that failed."""
        return self._turn.error(turn)

    def interrupt(self, *, at_once: bool = False) -> None:
        """Ask the turn to end."""
        self._interrupted = True
        self._turn.interrupt(at_once=at_once)

    # ---- what is done to it --------------------------------------------------------------

    async def steer(self, prompt: Prompt) -> None:
        """Add input to the turn, once it has begun.

        Raises
        ------
        UnsupportedError
            If it runs over ``codex exec`` after all.
        """
        await self._chosen.wait()
        await self._controls("steer").steer(prompt)

    def respond(self, approval_id: str, decision: str) -> None:
        """Decide what the agent asked leave for."""
        self._controls("respond").respond(approval_id, decision)

    def answer(self, input_id: str, answers: object) -> None:
        """Answer what the agent asked."""
        self._controls("answer").answer(input_id, answers)

    def _controls(self, feature: str) -> Controls:
        if self._turn.controls is None:
            raise unsupported(f"RunningTurn.{feature}")
        return self._turn.controls
