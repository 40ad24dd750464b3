"""One turn over the live transport: what the server says of it, as events.

It asks who is to be asked, runs our tools, steers and stops. Knows one turn of one thread; which
server runs and how a thread is opened is in ``live``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.approvals import ELICITATION, is_approval, waiting_id
from codex_notebook.client.beneath import Beneath
from codex_notebook.client.binary import Binary
from codex_notebook.client.connection import RefusedError, RequestId
from codex_notebook.client.desk import Desk
from codex_notebook.client.failure import Death, remedy, request_error, too_old
from codex_notebook.client.inbox import Entry, Inbox, reach
from codex_notebook.client.inputs import Prompt
from codex_notebook.client.live_params import input_params
from codex_notebook.client.loop import in_thread
from codex_notebook.client.options import ThreadOptions
from codex_notebook.client.questions import USER_INPUT, answered, can_be_asked
from codex_notebook.client.stopping import INTERRUPT_GRACE, Stopping
from codex_notebook.client.toolbox import TOOL_CALL, Toolbox
from codex_notebook.client.transport import TurnSpec
from codex_notebook.client.turn_start import start_turn
from codex_notebook.client.user_code import called
from codex_notebook.core.events import (
    ApprovalResolvedEvent,
    BaseEvent,
    Event,
    NoticeEvent,
    ThreadError,
    ThreadStartedEvent,
    TurnCompletedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    TurnStartedEvent,
    UsageUpdatedEvent,
)
from codex_notebook.core.plain import clean
from codex_notebook.core.translation import Translator
from codex_notebook.core.turn import Turn
from codex_notebook.errors import (
    AppServerError,
    CodexError,
    CodexVersionError,
    TurnFailedError,
)

if TYPE_CHECKING:
    from codex_notebook.client.live import CodexLive

Json = Any
Params = Mapping[str, Json]

_ENDS = (TurnCompletedEvent, TurnFailedEvent, TurnInterruptedEvent)

# What an ended command has to say still comes then.
LATE_GRACE = 1.0


class LiveTurn:
    """One turn in a thread of the server. Iterate `events` to its end, once.

    Attributes
    ----------
    unserved : CodexError or None
        Why there is no server for it, or only one that is too old, if so: it has not begun.
    """

    def __init__(
        self,
        live: CodexLive,
        spec: TurnSpec,
        thread: ThreadOptions,
        root: Path,
        binary: Binary,
    ) -> None:
        self._live = live
        self._spec = spec
        self._thread = thread
        self._root = root
        self._binary = binary
        self.unserved: CodexError | None = None
        self._server: AppServer | None = None
        self._starting: asyncio.Task[AppServer] | None = None
        self._thread_id = ""
        self._turn_id: str | None = None
        self._begun = asyncio.Event()
        self._over = asyncio.Event()
        self._interrupted = False
        # Items that waited for leave when the turn was interrupted: no word of their end comes.
        self._never_ran: set[str | None] = set()
        self._stopping = Stopping(self._over)
        self._inbox = Inbox()
        self._translator = Translator()
        self._beneath = Beneath()
        self._fault: AppServerError | None = None
        self._toolbox = Toolbox(live.tools(thread), spec.loop)
        options = live.cli.options
        self._desk = Desk(
            self._inbox.put_nowait,
            lambda handler, ask: called(handler, ask, loop=spec.loop),
            approvals=options.approvals,
            questions=options.questions,
            timeout=options.ask_timeout,
            attended=spec.attended,
        )

    @property
    def controls(self) -> LiveTurn:
        """The turn itself: it can be steered, and hears what was decided."""
        return self

    # ---- what comes of it ----------------------------------------------------------------

    async def events(self) -> AsyncIterator[Event]:
        """Run the turn and yield its events; the last is its end, whatever happens."""
        try:
            async for event in self._run():
                yield event
        except AppServerError as fault:
            closed = self._server is not None and self._server.closed
            if self._interrupted or closed:
                yield TurnInterruptedEvent(at=time.time())
                return
            self._fault = fault
            yield _failed(str(fault))
        finally:
            self._close()

    async def left(self) -> None:
        """Wait until nothing of the turn is left that the next one could meet: nothing is."""

    def error(self, turn: Turn) -> CodexError:
        """Return the exception that says how this failed turn failed."""
        if self._fault is None:
            return TurnFailedError(turn.error or "", turn=turn)
        death, thread_id = self._fault.data, self._spec.thread_id
        if isinstance(death, Death):
            return death.error(turn, path=str(self._binary.path), thread_id=thread_id)
        return request_error(self._fault, turn, thread_id=thread_id)

    async def _run(self) -> AsyncIterator[Event]:
        self._live.entered(self)
        self._starting = asyncio.create_task(self._live.server())
        await asyncio.wait({self._starting})
        if self._starting.cancelled():
            yield TurnInterruptedEvent(at=time.time())
            return
        try:
            server = self._server = self._starting.result()
        except (AppServerError, CodexVersionError) as fault:
            self.unserved = fault
            raise
        if self._interrupted:
            # Asked when it had just started.
            self._stopping.begin(server)
        known = self._spec.thread_id
        try:
            opened = await self._live.open_thread(server, known, self._thread, self._root)
        except CodexError as fault:
            self.unserved = fault if too_old(fault) else None
            raise
        self._thread_id = opened.id
        with server.switchboard.watching(self._thread_id, self):
            yield ThreadStartedEvent(
                thread_id=opened.id,
                name=opened.name,
                model=opened.model,
                effort=opened.effort,
                at=time.time(),
            )
            remark = await self._live.tool_remark(self._thread_id, self._thread)
            if remark is not None:
                yield NoticeEvent(message=remark, at=time.time())
            if self._interrupted:
                yield TurnInterruptedEvent(at=time.time())
                return
            turn_id = await start_turn(server, self._thread_id, self._spec)
            if turn_id is not None:
                self._began(turn_id)
            end: Event | None = None
            while end is None:
                for event in self._understood(await self._inbox.get()):
                    if type(event) in _ENDS:
                        end = event
                    else:
                        yield event
            self._over.set()
            self._desk.close()
            # What was declined by that is told before the end.
            await self._desk.settled()
            for told in self._inbox.own_events():
                yield told  # type: ignore[misc]
            if self._stopping.begun:
                async for event in self._last_words(server):
                    yield event
            if self._translator.usage is None and self._spec.review is None:
                # Nothing was counted, so the thread's total is what it was before.
                usage = await in_thread(self._live.thread_usage, self._thread_id)
                if usage is not None:
                    yield UsageUpdatedEvent(thread_usage=usage, at=time.time())
            yield end

    def _began(self, turn_id: str) -> None:
        self._turn_id = turn_id
        self._stopping.know(self._thread_id, turn_id)
        self._begun.set()

    def _understood(self, entry: Entry) -> Iterable[Event]:
        # What comes by the ten thousand first.
        if isinstance(entry, tuple):
            method, params, at = entry
            if self._is_ours(method, params):
                return map(self._completed, self._translator.events(method, params, at))
        elif isinstance(entry, BaseEvent):
            if isinstance(entry, ApprovalResolvedEvent) and entry.decision == "cancel":
                # The CLI itself ends the turn for some kinds only, and its commands for none.
                self.interrupt()
            return (entry,)  # type: ignore[return-value]
        elif isinstance(entry, CodexError):
            # The server has gone.
            raise entry
        else:
            reach(entry)
        return ()

    def _is_ours(self, method: str, params: Params) -> bool:
        """Return whether a notification is of this turn, and not of a command of an earlier one."""
        about = params.get("turnId")
        if about is not None and about == self._turn_id:
            return True
        if method == "turn/completed":
            turn = params.get("turn")
            about = turn.get("id") if isinstance(turn, Mapping) else None
        elif (
            not method.startswith("item/")
            or self._translator.has_begun(params)
            or self._spec.review is not None
        ):
            return True
        return about in (None, self._turn_id)

    def _completed(self, event: Event) -> Event:
        """Return an event with what this turn knows beside it."""
        # By exact type, as the fold does: pydantic's own answer takes longer than the rest.
        if type(event) is TurnStartedEvent:
            if self._turn_id is None and event.turn_id is not None:
                self._began(event.turn_id)
            # A review runs in a turn beneath its own.
            return event.model_copy(update={"turn_id": self._turn_id})
        if type(event) is TurnCompletedEvent and self._spec.review is not None:
            # As over `codex exec`: what runs beneath it is not counted.
            return event.model_copy(update={"usage": None})
        if type(event) is TurnFailedEvent:
            message = clean(event.error.message)
            error = event.error.model_copy(update={"message": message + remedy(message)})
            return event.model_copy(update={"error": error})
        return event

    async def _last_words(self, server: AppServer) -> AsyncIterator[Event]:
        """End the commands that an interrupted turn leaves running, and yield how they ended."""
        await self._beneath.stop(server)
        clean_up = {"threadId": self._thread_id}
        try:
            await server.request("thread/backgroundTerminals/clean", clean_up, INTERRUPT_GRACE)
        except CodexError as fault:
            if server.alive:
                yield NoticeEvent(message=_NOT_CLEANED + str(fault), at=time.time())
            return
        until = time.monotonic() + LATE_GRACE
        while self._translator.running_commands - self._never_ran:
            if (left := until - time.monotonic()) <= 0:
                return
            try:
                entry = await asyncio.wait_for(self._inbox.get(), left)
            except asyncio.TimeoutError:
                return
            if isinstance(entry, CodexError):
                return
            for event in self._understood(entry):
                yield event

    def _close(self) -> None:
        self._over.set()
        self._begun.set()
        self._desk.close()
        self._toolbox.close()
        self._live.left(self)
        for _ in self._inbox.own_events():
            pass

    # ---- what the server says and asks ---------------------------------------------------

    def notified(self, method: str, params: Params, at: float) -> None:
        """Take a notification."""
        if method == "serverRequest/resolved":
            self._desk.withdraw(params.get("requestId"))
        elif method == "thread/closed":
            message = "The Codex CLI has closed the thread while its turn ran."
            self._inbox.put_nowait(AppServerError(message, method=method))
        else:
            self._inbox.put_nowait((method, params, at))

    def overheard(self, method: str, params: Params) -> None:
        """Take what is said of the thread of a sub-agent."""
        if method == "serverRequest/resolved":
            self._desk.withdraw(params.get("requestId"))
        else:
            self._beneath.heard(method, params)

    def died(self, error: CodexError) -> None:
        """Take note that the server has gone."""
        self._inbox.put_nowait(error)

    async def asked(self, method: str, params: Params, request_id: RequestId) -> Json:
        """Return the answer to a request of the server."""
        if not self._over.is_set():
            # What it is about is said before, and may not have been read yet.
            await self._inbox.caught_up()
        waiting = waiting_id(params, self._translator.running)
        item = self._translator.item(waiting) or self._beneath.item(waiting)
        # An MCP server may call a question of its own an approval; of the CLI's there is a call.
        if is_approval(method, params) and (method != ELICITATION or item is not None):
            return await self._desk.approve(method, params, request_id, item)
        if method in (USER_INPUT, ELICITATION):
            if not can_be_asked(method, params):
                return answered(method, None)
            return await self._desk.ask(method, params, request_id)
        if method == TOOL_CALL:
            return await self._toolbox.call(params)
        raise RefusedError(f"codex_notebook does not answer {method}")

    # ---- what is done to it --------------------------------------------------------------

    async def steer(self, prompt: Prompt) -> None:
        """Add input to the turn, once it has begun.

        Raises
        ------
        AppServerError
            If the turn is over, or is of a kind that takes no more input.
        """
        await self._begun.wait()
        if self._server is None or self._turn_id is None or self._over.is_set():
            raise AppServerError(_OVER, method="turn/steer")
        params = {
            "threadId": self._thread_id,
            "expectedTurnId": self._turn_id,
            "input": input_params(prompt),
        }
        await self._server.request("turn/steer", params)

    def respond(self, approval_id: str, decision: str) -> None:
        """Decide what the agent asked leave for."""
        self._desk.respond(approval_id, decision)

    def answer(self, input_id: str, answers: object) -> None:
        """Answer what the agent asked."""
        self._desk.answer(input_id, answers)

    def interrupt(self, *, at_once: bool = False) -> None:
        """Ask the turn to end; with ``at_once`` impatiently."""
        self._interrupted = True
        self._never_ran |= self._desk.held_up
        self._desk.close()
        self._toolbox.close()
        if at_once:
            self._stopping.hurry()
        if self._server is not None:
            self._stopping.begin(self._server)
        elif self._starting is not None:
            # It may hang; whoever else waits for it starts another.
            self._starting.cancel()


_OVER = "The turn is over and takes no more input; say it with the next turn of the thread."
_NOT_CLEANED = (
    "The commands of the interrupted turn were not ended: what runs in the background goes on "
    "until the client is closed. "
)


def _failed(message: str) -> TurnFailedEvent:
    text = clean(message)
    return TurnFailedEvent(error=ThreadError(message=text + remedy(text)), at=time.time())
