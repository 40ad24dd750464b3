"""Who decides what the agent asks while a cell runs: the panel, or whoever can be asked in text.

A panel that has said hello gets clicks through, so it decides. Where none does, the question is
put by ``input()`` on the thread of the cell, which is the kernel's stdin channel or the terminal;
the agent goes on meanwhile. Knows when to ask; the words are in ``ask_words``.
"""

from __future__ import annotations

import getpass
import logging
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from codex_notebook.client.interrupts import may_handle_interrupts
from codex_notebook.client.loop import submit
from codex_notebook.client.running import RunningTurn
from codex_notebook.core.asks import Answers, Approval, InputRequest, Question
from codex_notebook.errors import CodexError
from codex_notebook.notebook.ask_words import (
    Ask,
    agreed,
    answer_to,
    approval_text,
    decision_in,
    is_optional,
    outcome,
    question_text,
    request_text,
    waiting,
)
from codex_notebook.notebook.showing import Showing

log = logging.getLogger(__name__)

# Decides something, or declines to.
_Reply = Coroutine[Any, Any, None]


class Asking:
    """What the agent of one turn asks in text, while a cell waits for the turn.

    Parameters
    ----------
    running : RunningTurn
        The turn.
    showing : Showing
        How it is shown.
    """

    def __init__(self, running: RunningTurn, showing: Showing) -> None:
        self._running = running
        self._showing = showing
        # When we first saw what waits.
        self._seen: dict[str, float] = {}

    def look(self) -> None:
        """Ask for what waits, if it is ours to ask; blocks until that is answered."""
        for ask in waiting(self._running.state):
            if self._showing.greeted:
                return
            seen = self._seen.setdefault(ask.id, time.monotonic())
            if time.monotonic() - seen >= self._showing.patience:
                self._ask(ask)

    def _ask(self, ask: Ask) -> None:
        with self._showing.paused():
            try:
                with _ctrl_c_raises():
                    reply = self._decision(ask) if isinstance(ask, Approval) else self._answers(ask)
            except (EOFError, KeyboardInterrupt, NotImplementedError):
                # The last is how a kernel says that its front end cannot ask after all.
                print()
                reply = self._declined(ask)
            except Exception:
                log.exception("What the agent asked could not be asked in text")
                print("This could not be asked here, so it is declined.", flush=True)
                reply = self._declined(ask)
            try:
                submit(reply).result()
            except CodexError as error:
                print(self._moot(ask) or error, flush=True)

    def _decision(self, approval: Approval) -> _Reply:
        _say(approval_text(approval, self._running.state.request.working_directory))
        while (decision := decision_in(input("Decision (empty: deny): "), approval)) is None:
            print("That cannot be decided here; type a number of the list.", flush=True)
        return self._running.respond(approval.id, decision)

    def _answers(self, request: InputRequest) -> _Reply:
        _say(request_text(request))
        if not request.questions:
            agrees = _until_it_fits(input, "Yes, when it is done (empty: decline): ", agreed)
            return (
                self._declined(request) if agrees is None else self._running.answer(request.id, {})
            )
        answers: Answers = {}
        for question in request.questions:
            answer = self._answer(request, question)
            if answer is not None:
                answers[question.id] = answer
            elif not is_optional(request, question):
                return self._declined(request)
        return self._running.answer(request.id, answers)

    def _answer(self, request: InputRequest, question: Question) -> object:
        _say(question_text(question))
        empty = "leave it out" if is_optional(request, question) else "decline"
        # By the module's name, under which a kernel puts its own.
        read = getpass.getpass if question.is_secret else input
        prompt = f"Answer (empty: {empty}): "
        return _until_it_fits(read, prompt, lambda said: answer_to(request, question, said))

    def _declined(self, ask: Ask) -> _Reply:
        if isinstance(ask, Approval):
            return self._running.respond(ask.id, "decline")
        return self._running.answer(ask.id, None)

    def _moot(self, ask: Ask) -> str | None:
        """Return how something was decided meanwhile, if it was."""
        state = self._running.state
        every: list[Ask] = [*state.approvals, *state.inputs]
        how = outcome(next((one for one in every if one.id == ask.id), ask))
        return how and f"This was decided meanwhile ({how}), so your answer changes nothing."


def _say(text: str) -> None:
    """Print what a terminal may have no letters for."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)


def _until_it_fits(
    read: Callable[[str], str], prompt: str, understood: Callable[[str], Any]
) -> object:
    """Return what was typed as it is understood; None for an empty line."""
    while (said := read(prompt)).strip():
        try:
            return understood(said)
        except ValueError as error:
            print(error, flush=True)
    return None


@contextmanager
def _ctrl_c_raises() -> Iterator[None]:
    """Let Ctrl-C end the prompt; it is ours to stop the turn, and would be heard after it."""
    if not may_handle_interrupts():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
