"""Where what the agent asks lies until somebody decides: a handler, a person, or the clock.

One desk for each turn. Whatever is not decided is declined. Knows approvals, questions and
handlers; how they reach the server is in ``approvals`` and ``questions``. Used on our own loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from codex_notebook.client.approvals import approval_of, check_decision, decided
from codex_notebook.client.connection import RefusedError
from codex_notebook.client.questions import (
    answered,
    check_answers,
    input_request_of,
    shown_answers,
)
from codex_notebook.client.user_code import UserCodeError
from codex_notebook.core.asks import Answers, Approval, Decision, InputRequest
from codex_notebook.core.events import (
    ApprovalRequestedEvent,
    ApprovalResolvedEvent,
    Event,
    InputRequestedEvent,
    InputResolvedEvent,
    NoticeEvent,
)
from codex_notebook.core.items import Item
from codex_notebook.errors import InvalidOptionError

log = logging.getLogger(__name__)

Json = Any
Params = Mapping[str, Json]

# True stands for a person: whoever has hold of the running turn decides.
Handler = Callable[[Any], Any] | Literal[True] | None
# Runs a handler where it can do no harm to our loop.
Call = Callable[[Callable[..., Any], Any], Awaitable[Any]]

# What was said, and who said it.
_Said = tuple[Any, str]


@dataclass
class _Open:
    """Something that waits for a decision."""

    ask: Approval | InputRequest
    request_id: object
    said: asyncio.Future[_Said] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, what: object, by: str) -> None:
        if not self.said.done():
            self.said.set_result((what, by))


class Desk:
    """What a turn's agent has asked and nobody has decided yet.

    Parameters
    ----------
    publish : callable
        Takes the events that tell of it.
    call : callable
        Runs a handler.
    approvals, questions : callable, True or None
        Who decides; see `CodexOptions`.
    timeout : float or None
        After how many seconds what is undecided is declined; None: never.
    attended : bool
        Whether anybody has hold of the running turn, who could decide.
    """

    def __init__(
        self,
        publish: Callable[[Event], None],
        call: Call,
        *,
        approvals: Handler,
        questions: Handler,
        timeout: float | None,
        attended: bool,
    ) -> None:
        self._publish = publish
        self._call = call
        self._approvals = approvals
        self._questions = questions
        self._timeout = timeout
        self._attended = attended
        self._open: dict[str, _Open] = {}
        # What the server may have said before we came to look at what it asked.
        self._withdrawn: list[object] = []
        self._numbers = itertools.count(1)
        self._remarked: set[str] = set()
        self._closed = False
        # How many asks are between being told of and being settled.
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def approve(
        self, method: str, params: Params, request_id: object, item: Item | None
    ) -> Json:
        """Return the answer to a request for leave, once it is decided.

        Raises
        ------
        RefusedError
            If nobody here can make out what is asked; to the server that is as good as declined.
        """
        with self._making_out(method):
            approval = approval_of(method, params, f"approval_{next(self._numbers)}", item)
        with self._at_work():
            return await self._approved(method, params, _Open(approval, request_id))

    async def _approved(self, method: str, params: Params, known: _Open) -> Json:
        approval = known.ask
        assert isinstance(approval, Approval)
        self._publish(ApprovalRequestedEvent(approval=approval, at=time.time()))
        said, by = await self._decision(known, self._approvals)
        try:
            decision = check_decision(approval, _meant(said))
        except InvalidOptionError as error:
            self._remark(f"The approvals handler decided {said!r}, so it was declined. {error}")
            decision, by = "decline", "error"
        told = ApprovalResolvedEvent(
            approval_id=approval.id, decision=decision, by=by, at=time.time()
        )
        self._publish(told)
        return decided(method, params, decision)

    async def ask(self, method: str, params: Params, request_id: object) -> Json:
        """Return the answer to a question, once somebody gave it or nobody will.

        Raises
        ------
        RefusedError
            As for `approve`.
        """
        with self._making_out(method):
            request = input_request_of(method, params, f"input_{next(self._numbers)}")
        with self._at_work():
            return await self._answered(method, _Open(request, request_id))

    async def _answered(self, method: str, known: _Open) -> Json:
        request = known.ask
        assert isinstance(request, InputRequest)
        self._publish(InputRequestedEvent(request=request, at=time.time()))
        said, by = await self._decision(known, self._questions)
        answers: Answers | None = None
        try:
            answers = None if said is None else check_answers(request, said)
        except InvalidOptionError as error:
            self._remark(f"The questions handler answered what is no answer. {error}")
            by = "error"
        shown = shown_answers(request, answers)
        self._publish(InputResolvedEvent(input_id=request.id, answers=shown, by=by, at=time.time()))
        return answered(method, answers)

    def respond(self, approval_id: str, decision: str) -> None:
        """Decide an approval.

        Raises
        ------
        InvalidOptionError
            If there is none of that id that waits, or it cannot be decided so.
        """
        known = self._waiting(approval_id, Approval)
        assert isinstance(known.ask, Approval)
        known.settle(check_decision(known.ask, decision), "user")

    def answer(self, input_id: str, answers: object) -> None:
        """Answer a question; None declines to.

        Raises
        ------
        InvalidOptionError
            If there is none of that id that waits, or these are no answers to it.
        """
        known = self._waiting(input_id, InputRequest)
        assert isinstance(known.ask, InputRequest)
        known.settle(None if answers is None else check_answers(known.ask, answers), "user")

    def withdraw(self, request_id: object) -> None:
        """Take note that the server no longer waits for an answer."""
        self._withdrawn.append(request_id)
        for known in [*self._open.values()]:
            if known.request_id == request_id:
                known.settle(None, "turn")

    @property
    def held_up(self) -> set[str | None]:
        """The ids of the items that wait for a decision, and so have not really begun."""
        return {known.ask.item_id for known in self._open.values()}

    def close(self) -> None:
        """Decline what waits, and whatever may still come: the turn is over."""
        self._closed = True
        for known in [*self._open.values()]:
            known.settle(None, "turn")

    async def settled(self) -> None:
        """Wait until all is told of what was declined by `close`; that takes no time."""
        await self._idle.wait()

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        self._working += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._idle.set()

    def _waiting(self, ask_id: str, kind: type[Approval | InputRequest]) -> _Open:
        known = self._open.get(ask_id)
        if known is None or not isinstance(known.ask, kind) or known.said.done():
            waiting = [i for i, one in self._open.items() if isinstance(one.ask, kind)]
            raise InvalidOptionError(
                f"Nothing of the id {ask_id!r} waits in this turn; what waits is "
                f"{', '.join(waiting) or 'nothing'}.",
                option="id",
            )
        return known

    async def _decision(self, known: _Open, handler: Handler) -> _Said:
        if self._closed or known.request_id in self._withdrawn:
            return None, "turn"
        if handler is None:
            return None, "nobody"
        if handler is True and not self._attended:
            self._remark_once(
                "The agent asked for something while nobody was there to decide, so it was "
                "declined and the agent went on without."
            )
            return None, "nobody"
        self._open[known.ask.id] = known
        handling = None
        if callable(handler):
            handling = asyncio.create_task(self._handle(known, handler))
        try:
            return await asyncio.wait_for(known.said, self._timeout)
        except asyncio.TimeoutError:
            return None, "timeout"
        finally:
            del self._open[known.ask.id]
            if handling is not None:
                handling.cancel()

    async def _handle(self, known: _Open, handler: Callable[[Any], Any]) -> None:
        try:
            known.settle(await self._call(handler, known.ask), "handler")
        except UserCodeError as fault:
            log.warning("A handler failed", exc_info=True)
            why = f"{type(fault.__cause__ or fault).__name__}: {fault}"
            self._remark(f"The handler of what the agent asked failed, so it was declined. {why}")
            known.settle(None, "error")

    @contextlib.contextmanager
    def _making_out(self, method: str) -> Iterator[None]:
        try:
            yield
        except (TypeError, ValueError, AttributeError, LookupError):
            log.warning("What %s asks could not be made out", method, exc_info=True)
            self._remark(
                f"The CLI asked for something ({method}) in a way that this package does not "
                "understand, so it was declined; one of the two may be too old for the other."
            )
            raise RefusedError(f"The client does not understand this {method}") from None

    def _remark_once(self, message: str) -> None:
        if message not in self._remarked:
            self._remarked.add(message)
            self._remark(message)

    def _remark(self, message: str) -> None:
        self._publish(NoticeEvent(message=message, at=time.time()))


def _meant(said: object) -> object:
    """Return what a handler meant that says yes or no."""
    if said is None or said is False:
        decision: Decision = "decline"
        return decision
    return "accept" if said is True else said
