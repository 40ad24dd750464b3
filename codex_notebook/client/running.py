"""A turn while it runs: its state, its events, its end, and the ways to stop it.

The turn is pumped by a task on our own loop, so it goes on whether or not anybody awaits it, and
everything here may be called from any thread. Knows a transport by the small `TransportTurn`
protocol; knows nothing of who watches.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from codex_notebook.client.answer import read_answer
from codex_notebook.client.feed import Feed, Listener
from codex_notebook.client.loop import io_loop, refuse_on_io_loop, submit
from codex_notebook.client.transport import TransportTurn
from codex_notebook.core.events import (
    Event,
    ThreadError,
    TurnFailedEvent,
    TurnInterruptedEvent,
    TurnInterruptingEvent,
    Usage,
)
from codex_notebook.core.schema import OutputFormat
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError, TurnFailedError, TurnInterruptedError

log = logging.getLogger(__name__)

# Both are called on our own loop only.
Begin = Callable[[], Awaitable[tuple[TransportTurn, Usage | None]]]
Ended = Callable[[Turn], None]


def _failed(message: str) -> Event:
    return TurnFailedEvent(error=ThreadError(message=message), at=time.time())


class RunningTurn:
    """A turn that was started. ``await running`` gives the finished `Turn`."""

    def __init__(
        self,
        request: TurnRequest,
        answer: OutputFormat | None = None,
        output_type: object = None,
    ) -> None:
        self._feed = Feed(TurnState(request=request))
        self._answer = answer
        self._output_type = output_type
        self._transport: TransportTurn | None = None
        self._interrupts = 0
        self._queued: asyncio.Task[Any] | None = None
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
        turn, error = await asyncio.shield(asyncio.wrap_future(self._end))
        if error is not None:
            raise error
        return turn

    def __await__(self) -> Generator[Any, None, Turn]:
        return self.result().__await__()

    def when_done(self, callback: Callable[[Turn, CodexError | None], object]) -> None:
        """Call ``callback(turn, error)`` once the turn is over, on our own loop's thread."""
        self._end.add_done_callback(lambda end: callback(*end.result()))

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
        return self._end.result(timeout)

    async def interrupt(self) -> Turn:
        """Stop the turn and return what it did.

        The CLI is asked to stop, and made to if it does not; either way no process is left. A
        turn that ends by itself at the same moment stays completed.
        """
        self.request_interrupt()
        turn, _ = await asyncio.shield(asyncio.wrap_future(self._end))
        return turn

    def request_interrupt(self) -> None:
        """Ask the turn to stop and return at once; a second call ends it by force.

        Safe to call from any thread and from a signal handler.
        """
        io_loop().call_soon_threadsafe(self._interrupt)

    # ---- on our own loop -----------------------------------------------------------------

    def pump(self, turnstile: asyncio.Lock, begin: Begin, ended: Ended) -> None:
        """Begin to run, once the turns before it have left their thread's turnstile.

        Parameters
        ----------
        turnstile : asyncio.Lock
            Held by the one turn of the thread that runs.
        begin : callable
            Gives the turn to run and the thread's token total before it.
        ended : callable
            Takes note of the finished turn before the next one begins.
        """
        submit(self._pump(turnstile, begin, ended))

    async def _pump(self, turnstile: asyncio.Lock, begin: Begin, ended: Ended) -> None:
        if not await self._admitted(turnstile):
            # The turn before it goes on; this one never began.
            self._feed.publish(TurnInterruptedEvent(at=time.time()))
            await self._conclude(None, ended)
            return
        try:
            await self._conclude(await self._run(begin), ended)
            if self._transport is not None:
                # The result is there; only the next turn of the thread has to wait for this.
                await self._transport.left()
        finally:
            turnstile.release()

    async def _admitted(self, turnstile: asyncio.Lock) -> bool:
        """Wait at the turnstile; return whether it was passed before an interrupt came."""
        self._queued = asyncio.ensure_future(turnstile.acquire())
        if self._interrupts:
            self._queued.cancel()
        try:
            await self._queued
        except asyncio.CancelledError:
            return False
        if self._interrupts:
            turnstile.release()
            return False
        return True

    async def _run(self, begin: Begin) -> CodexError | None:
        """Pump the events of the transport; return how that failed, if it did."""
        try:
            transport, usage = await begin()
            self._feed.state = replace(self.state, thread_usage_before=usage)
            if self._interrupts:
                # Asked while it was being prepared.
                self._feed.publish(TurnInterruptedEvent(at=time.time()))
                return None
            self._transport = transport
            async for event in transport.events():
                self._feed.publish(event)
        except CodexError as fault:
            self._feed.publish(_failed(str(fault)))
            return fault
        except Exception as fault:
            log.exception("A turn broke off")
            self._feed.publish(_failed(f"The turn broke off: {type(fault).__name__}: {fault}"))
            error = TurnFailedError(self.state.error or "", turn=Turn(self.state))
            error.__cause__ = fault
            return error
        return None

    async def _conclude(self, error: CodexError | None, ended: Ended) -> None:
        turn, error = await self._finished(error)
        if self._transport is not None:
            ended(turn)
        self._end.set_result((turn, error))
        self._feed.close()

    async def _finished(self, error: CodexError | None) -> tuple[Turn, CodexError | None]:
        turn = Turn(self.state, output_type=self._output_type)
        if self.state.status == "interrupted":
            error = TurnInterruptedError(
                "The turn was interrupted. What it did is kept in `turn` of this error, and the "
                "thread goes on with its next turn.",
                turn=turn,
            )
        elif self.state.status == "failed":
            if error is None and self._transport is not None:
                error = self._transport.error(turn)
        elif self._answer is not None:
            error = await read_answer(turn, self._answer)
        return turn, error

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
