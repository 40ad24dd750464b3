"""A turn while it runs: its state, its events, its end, and the ways to stop it.

The turn is pumped by a task on our own loop, so it goes on whether or not anybody awaits it, and
everything here may be called from any thread. Knows a transport by the small `TransportTurn`
protocol; knows nothing of who watches.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from codex_notebook.client.answer import read_answer
from codex_notebook.client.loop import io_loop, submit
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
from codex_notebook.core.state import TurnRequest, TurnState, reduce
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError, TurnFailedError, TurnInterruptedError

log = logging.getLogger(__name__)

Listener = Callable[[TurnState], None]


# Both are called on our own loop only.
Begin = Callable[[], tuple[TransportTurn, Usage | None]]
Ended = Callable[[Turn], None]


def _failed(message: str) -> Event:
    return TurnFailedEvent(error=ThreadError(message=message), at=time.time())


class RunningTurn:
    """A turn that was started. ``await running`` gives the finished `Turn`.

    Attributes
    ----------
    state : TurnState
        The newest state; a frozen value that may be read at any time from any thread.
    """

    def __init__(
        self,
        request: TurnRequest,
        answer: OutputFormat | None = None,
        output_type: object = None,
    ) -> None:
        self.state = TurnState(request=request)
        self._answer = answer
        self._output_type = output_type
        self._log: list[Event] = []
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._transport: TransportTurn | None = None
        self._interrupts = 0
        self._queued: asyncio.Task[Any] | None = None
        # The turn and how it failed, if it did. Never cancelled, never an exception: whoever
        # asks for the result gets it raised, and a result nobody asks for is no error.
        self._end: Future[tuple[Turn, CodexError | None]] = Future()

    # ---- watching ------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """Whether the turn is over and its process gone."""
        return self._end.done()

    async def events(self) -> AsyncIterator[Event]:
        """Yield every event from the first on, until the turn is over.

        Any number of readers may iterate, on any loop, from any time on. How the turn ended is
        its last event; nothing is raised.
        """
        loop = asyncio.get_running_loop()
        news = asyncio.Event()

        def tell(_: TurnState) -> None:
            loop.call_soon_threadsafe(news.set)

        self.listen(tell)
        position = 0
        try:
            while True:
                done = self.done
                while position < len(self._log):
                    yield self._log[position]
                    position += 1
                if done:
                    return
                await news.wait()
                news.clear()
        finally:
            self.unlisten(tell)

    def listen(self, listener: Listener) -> None:
        """Call ``listener(state)`` after each event, on our own loop's thread, and at the end."""
        with self._lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Stop calling ``listener``."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

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
        """
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
            self._publish(TurnInterruptedEvent(at=time.time()))
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
            self._transport, usage = begin()
            self.state = replace(self.state, thread_usage_before=usage)
            async for event in self._transport.events():
                self._publish(event)
        except CodexError as fault:
            self._publish(_failed(str(fault)))
            return fault
        except Exception as fault:
            log.exception("A turn broke off")
            self._publish(_failed(f"The turn broke off: {type(fault).__name__}: {fault}"))
            error = TurnFailedError(self.state.error or "", turn=Turn(self.state))
            error.__cause__ = fault
            return error
        return None

    async def _conclude(self, error: CodexError | None, ended: Ended) -> None:
        turn, error = await self._finished(error)
        if self._transport is not None:
            ended(turn)
        self._end.set_result((turn, error))
        self._tell()

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

    def _publish(self, event: Event) -> None:
        self.state = reduce(self.state, event)
        self._log.append(event)
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            try:
                listener(self.state)
            except Exception:
                # One watcher that breaks (its loop may be closed) must not stop the turn.
                log.warning("A listener of a turn failed and is dropped", exc_info=True)
                self.unlisten(listener)

    def _interrupt(self) -> None:
        if self.done:
            return
        self._interrupts += 1
        if self._interrupts == 1:
            self._publish(TurnInterruptingEvent(at=time.time()))
        if self._transport is not None:
            self._transport.interrupt(at_once=self._interrupts > 1)
        elif self._queued is not None:
            self._queued.cancel()

    def __repr__(self) -> str:
        return f"<RunningTurn {self.state.status}: {len(self.state.entries)} items>"
