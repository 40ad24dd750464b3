"""A turn while it runs: its state, its events, its end, and the ways to stop it.

The turn is pumped by a task on our own loop, so it goes on whether or not anybody awaits it, and
everything here may be called from any thread. Knows a transport by the small `TransportTurn`
protocol; knows nothing of who watches.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import replace
from typing import Any

from codex_notebook.client.answer import ending
from codex_notebook.client.controls import Controllable
from codex_notebook.client.feed import Feed, Listener
from codex_notebook.client.loop import io_loop, refuse_on_io_loop, submit, ticking
from codex_notebook.client.transport import Owner
from codex_notebook.client.turnstile import Turnstile
from codex_notebook.core.events import (
    Event,
    ThreadError,
    ThreadStartedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    TurnInterruptingEvent,
)
from codex_notebook.core.schema import OutputFormat
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError, TurnFailedError

log = logging.getLogger(__name__)


def _failed(message: str) -> Event:
    return TurnFailedEvent(error=ThreadError(message=message), at=time.time())


class RunningTurn(Controllable):
    """A turn that was started. ``await running`` gives the finished `Turn`."""

    def __init__(
        self,
        request: TurnRequest,
        answer: OutputFormat | None = None,
        output_type: object = None,
    ) -> None:
        super().__init__()
        self._feed = Feed(TurnState(request=request))
        self._answer = answer
        self._output_type = output_type
        self._interrupts = 0
        self._pid = os.getpid()
        self._queued: asyncio.Future[None] | None = None
        # The turn and how it failed, if it did. Never cancelled, never an exception: whoever
        # asks for the result gets it raised, and a result nobody asks for is no error.
        self._end: Future[tuple[Turn, CodexError | None]] = Future()

    # ---- watching ------------------------------------------------------------------------

    @property
    def state(self) -> TurnState:
        """The newest state; a frozen value that may be read at any time from any thread."""
        return self._feed.state

    @property
    def done(self) -> bool:
        """Whether the turn is over."""
        return self._end.done()

    def events(self) -> AsyncGenerator[Event, None]:
        """Yield every event from the first on, until the turn is over.

        Any number of readers may iterate, on any loop, from any time on. How the turn ended is
        its last event; nothing is raised.
        """
        return self._feed.read()

    def events_blocking(self) -> Generator[Event, None, None]:
        """Yield the same events where nothing can be awaited."""
        return self._feed.read_blocking()

    def listen(self, listener: Listener) -> None:
        """Call ``listener(state)`` after each event, on our own loop's thread, and at the end."""
        self._feed.listen(listener)

    def unlisten(self, listener: Listener) -> None:
        """Stop calling ``listener``."""
        self._feed.unlisten(listener)

    # ---- the end -------------------------------------------------------------------------

    async def result(self) -> Turn:
        """Wait for the end and return the turn.

        Cancelling this waits no longer, and leaves the turn running; see `interrupt`.

        Raises
        ------
        TurnFailedError
            If it failed.
        TurnInterruptedError
            If it was stopped; ``error.turn`` has what it did until then.
        OutputValidationError
            If the answer does not fit the output type.
        """
        self._refuse_if_forked()
        with ticking():
            turn, error = await asyncio.shield(asyncio.wrap_future(self._end))
        if error is not None:
            # Anew each time: raising it again would make what it shows longer and longer.
            raise error.with_traceback(None)
        return turn

    def __await__(self) -> Generator[Any, None, Turn]:
        return self.result().__await__()

    def when_done(self, callback: Callable[[Turn, CodexError | None], object]) -> None:
        """Call ``callback(turn, error)`` once the turn is over, on our own loop's thread."""

        def call(end: Future[tuple[Turn, CodexError | None]]) -> None:
            try:
                callback(*end.result())
            except BaseException:
                # Not even `sys.exit` in a callback may end the thread on which all turns run.
                log.warning("A callback of a turn failed", exc_info=True)

        self._end.add_done_callback(call)

    def outcome(self, timeout: float | None = None) -> tuple[Turn, CodexError | None]:
        """Block until the end; return the turn, and the error with which it ended if it did.

        Raises
        ------
        TimeoutError
            If it has not ended within ``timeout`` seconds.
        CodexError
            If this is the thread on which turns run, where it would wait for itself.
        """
        if not self.done:
            refuse_on_io_loop()
            self._refuse_if_forked()
        try:
            return self._end.result(timeout)
        except NotYet:
            # The same as the built-in only since Python 3.11.
            raise TimeoutError(f"The turn has not ended within {timeout} s.") from None

    async def interrupt(self) -> Turn:
        """Stop the turn and return what it did.

        The CLI is asked to stop, and made to if it does not; either way no process is left. A
        turn that ends by itself at the same moment stays completed.
        """
        self.request_interrupt()
        return await self.ended()

    async def ended(self) -> Turn:
        """Wait for the end and return the turn, however it ended."""
        self._refuse_if_forked()
        with ticking():
            turn, _ = await asyncio.shield(asyncio.wrap_future(self._end))
        return turn

    def _refuse_if_forked(self) -> None:
        if self._pid != os.getpid() and not self.done:
            raise CodexError("This turn runs in the process from which this one was forked.")

    def request_interrupt(self) -> None:
        """Ask the turn to stop and return at once; a second call ends it by force.

        Safe to call from any thread and from a signal handler.
        """
        # A forked child has a copy of this and of the means, but it is its parent's turn.
        if self._pid == os.getpid():
            io_loop().call_soon_threadsafe(self._interrupt)

    # ---- on our own loop -----------------------------------------------------------------

    def pump(self, turnstile: Turnstile, owner: Owner) -> None:
        """Begin to run, once the turns before it have left their thread's turnstile.

        Parameters
        ----------
        turnstile : Turnstile
            Passed by the one turn of the thread that runs.
        owner : Owner
            Whose turn it is.
        """
        submit(self._pump(turnstile, owner))

    async def _pump(self, turnstile: Turnstile, owner: Owner) -> None:
        ticket = self._queued = turnstile.ticket()
        try:
            if await self._admitted(ticket):
                await self._conclude(await self._run(owner), owner)
            else:
                # The turn before it goes on; this one never began.
                self._feed.publish(TurnInterruptedEvent(at=time.time()))
                await self._conclude(None, owner)
            if self._transport is not None:
                # The result is there; only the next turn of the thread has to wait for this.
                await self._transport.left()
        except BaseException as fault:
            log.exception("A turn broke off where it must not")
            if self._end.done():
                raise
            # Whatever it was, somebody waits for this turn.
            self._controlled_by(self._transport)
            error = self._broken_off(fault)
            self._end.set_result((error.turn, error))
            self._feed.close()
        finally:
            turnstile.leave(ticket)

    async def _admitted(self, ticket: asyncio.Future[None]) -> bool:
        """Wait at the turnstile; return whether it was passed before an interrupt came."""
        if self._interrupts:
            ticket.cancel()
        try:
            await ticket
        except asyncio.CancelledError:
            return False
        return not self._interrupts

    async def _run(self, owner: Owner) -> CodexError | None:
        """Pump the events of the transport; return how that failed, if it did."""
        try:
            transport, usage = await owner.begin()
            self._feed.state = replace(self.state, thread_usage_before=usage)
            if self._interrupts:
                # Asked while it was being prepared.
                self._feed.publish(TurnInterruptedEvent(at=time.time()))
                return None
            self._controlled_by(transport)
            async for event in transport.events():
                if type(event) is ThreadStartedEvent:
                    owner.opened(event.thread_id)
                self._feed.publish(event)
        except CodexError as fault:
            self._feed.publish(_failed(str(fault)))
            return fault
        except Exception as fault:
            log.exception("A turn broke off")
            return self._broken_off(fault)
        return None

    def _broken_off(self, fault: BaseException) -> TurnFailedError:
        message = f"The turn broke off: {type(fault).__name__}: {fault}"
        self._feed.publish(_failed(message))
        error = TurnFailedError(message, turn=Turn(self.state))
        error.__cause__ = fault
        return error

    async def _conclude(self, error: CodexError | None, owner: Owner) -> None:
        failure = self._transport.error if self._transport is not None else None
        turn = Turn(self.state, output_type=self._output_type)
        if error is None or turn.status == "interrupted":
            error = await ending(turn, self._answer, failure)
        self._controlled_by(self._transport)
        owner.ended(turn, began=self._transport is not None)
        self._end.set_result((turn, error))
        self._feed.close()

    def _interrupt(self) -> None:
        if self.state.ended:
            return
        self._interrupts += 1
        if self._interrupts == 1:
            self._feed.publish(TurnInterruptingEvent(at=time.time()))
        if self._transport is not None:
            self._transport.interrupt(at_once=self._interrupts > 1)
        elif self._queued is not None:
            self._queued.cancel()

    def __repr__(self) -> str:
        return f"<RunningTurn {self.state.status}: {len(self.state.entries)} items>"
