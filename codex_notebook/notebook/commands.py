"""Commands to turns that run: ``%codex approve``, ``deny``, ``answer``, ``steer`` and the like.

For where no click arrives, or nobody wants to click: each acts on the turns that this session
started and that still run, prints one line and returns; ``inspect`` opens a view of all of the
thread's turns. `COMMANDS` is the table of all; when a line is one of them, and not a prompt, is
said in ``command``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from codex_notebook.client.loop import submit
from codex_notebook.client.running import RunningTurn
from codex_notebook.core.asks import Approval, Decision, InputRequest
from codex_notebook.errors import CodexError, InvalidOptionError
from codex_notebook.notebook.ask_words import (
    Ask,
    answers_in,
    one_line,
    summary,
    waiting,
)
from codex_notebook.notebook.command import parse_subcommand
from codex_notebook.notebook.inspecting import Inspector, inspect_session
from codex_notebook.notebook.session import Session

# A turn that hangs must not hang the cell that asks it for something.
PATIENCE = 10.0


@dataclass(frozen=True)
class Call:
    """One use of a command.

    Attributes
    ----------
    shell : InteractiveShell
        Where it was used.
    session : Session
        Whose turns it is about.
    said : re.Match
        What stood behind its name, as its grammar took it apart.
    """

    shell: InteractiveShell
    session: Session
    said: re.Match[str]


@dataclass(frozen=True)
class Subcommand:
    """What a word behind ``%codex`` does.

    Attributes
    ----------
    usage : str
        What may stand behind the word, and what it does: two columns.
    grammar : re.Pattern
        What may stand there; anything else is a prompt.
    run : callable
        Does it; what it returns is the value of the line.
    """

    usage: tuple[str, str]
    grammar: re.Pattern[str]
    run: Callable[[Call], object]


@dataclass(frozen=True)
class Waiting:
    """Something that waits for a decision.

    Attributes
    ----------
    name : str
        What it is called here: its id, which is made unique by its turn's name.
    running : RunningTurn
        The turn that waits.
    ask : Approval or InputRequest
        What was asked.
    """

    name: str
    running: RunningTurn
    ask: Ask

    @property
    def words(self) -> str:
        """What was asked, in one line."""
        return summary(self.ask, self.running.state.request.working_directory)


def parse(line: str, cell: str | None) -> tuple[Subcommand, re.Match[str]] | None:
    """Return the command that a use of the magic is; None if it is a prompt."""
    if cell is not None:
        return None
    found = parse_subcommand(line, {word: one.grammar for word, one in COMMANDS.items()})
    return None if found is None else (COMMANDS[found[0]], found[1])


def usage() -> str:
    """Return how all of them are used."""
    lines = [f"%codex {word} {one.usage[0]}".rstrip() for word, one in COMMANDS.items()]
    width = max(map(len, lines))
    does = [one.usage[1] for one in COMMANDS.values()]
    told = "\n".join(f"{line:{width}}   {what}" for line, what in zip(lines, does, strict=True))
    return f"{told}\n\n{_RULE}"


_RULE = """\
Such a line is a command only if nothing else stands on it: `%codex stop` stops, `%codex stop the
server` is a prompt, and so is `%codex -- stop`. `approval_1` and `input_1` need be named only where
several things wait."""


# ---- what waits ------------------------------------------------------------------------------


def _waiting(session: Session) -> list[Waiting]:
    found = [
        (turn, running, ask)
        for turn, running in session.turns.items()
        for ask in waiting(running.state)
    ]
    ids = [ask.id for *_, ask in found]
    return [
        Waiting(ask.id if ids.count(ask.id) == 1 else f"{turn}:{ask.id}", running, ask)
        for turn, running, ask in found
    ]


def _chosen(call: Call, kinds: tuple[type[Ask], ...], word: str) -> Waiting:
    """Return what a command is about: what it names, or the one thing that waits."""
    name = call.said["id"]
    every = _waiting(call.session)
    fitting = [one for one in every if isinstance(one.ask, kinds)]
    if name is not None:
        named = [one for one in every if one.name == name]
        if named and named[0] in fitting:
            return named[0]
        told = "is not of that kind" if named else "does not wait"
        raise _refusal(f"{name} {told}.{_listed(every)}", word)
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        what = "asks for leave" if kinds == (Approval,) else "asks a question"
        raise _refusal(
            f"No turn that runs {what if len(kinds) == 1 else 'asks anything'}.{_listed(every)} "
            f"If this was to be a prompt, write %codex -- {word} …",
            word,
        )
    raise _refusal(
        f"Several things wait; say which: %codex {word} {fitting[0].name}{_listed(fitting)}", word
    )


def _listed(every: Sequence[Waiting]) -> str:
    lines = "".join(f"\n  {one.name}: {one.words}" for one in every)
    return f" What waits:{lines}" if lines else ""


def _turns(call: Call, word: str) -> dict[str, RunningTurn]:
    """Return the turns that a command is about: the one that it names, or all that run."""
    running, name = call.session.turns, call.said["turn"]
    if not running:
        raise _refusal(
            f"No turn of this notebook runs. If this was to be a prompt, write %codex -- {word} …",
            word,
        )
    if name is None:
        return running
    if name not in running:
        raise _refusal(f"{name} does not run; {', '.join(running)} do.", word)
    return {name: running[name]}


def _refusal(message: str, word: str) -> InvalidOptionError:
    return InvalidOptionError(message, option=f"%codex {word}")


def _do(work: Coroutine[Any, Any, None]) -> None:
    try:
        submit(work).result(PATIENCE)
    except NotYet:
        raise CodexError(
            f"The turn has not taken it within {PATIENCE:g} s; `%codex stop` ends it."
        ) from None


# ---- the commands ----------------------------------------------------------------------------


_HOW: dict[str | None, Decision] = {
    None: "accept",
    "--session": "accept_for_session",
    "--rule": "accept_with_rule",
}


def _approve(call: Call) -> None:
    one = _chosen(call, (Approval,), "approve")
    _do(one.running.respond(one.ask.id, _HOW[call.said["how"]]))
    print(f"Approved: {one.words}")


def _deny(call: Call) -> None:
    one = _chosen(call, (Approval, InputRequest), "deny")
    cancels = call.said["how"] is not None
    if isinstance(one.ask, Approval):
        _do(one.running.respond(one.ask.id, "cancel" if cancels else "decline"))
    elif cancels:
        raise _refusal(f"{one.name} is a question; --cancel is for approvals.", "deny")
    else:
        _do(one.running.answer(one.ask.id, None))
    then = "the turn ends" if cancels else "the agent goes on without"
    print(f"Denied, {then}: {one.words}")


def _answer(call: Call) -> None:
    one = _chosen(call, (InputRequest,), "answer")
    assert isinstance(one.ask, InputRequest)
    try:
        answers = answers_in(one.ask, call.said["text"])
    except ValueError as error:
        raise _refusal(str(error), "answer") from None
    _do(one.running.answer(one.ask.id, answers))
    print(f"Answered: {one.words}")


def _steer(call: Call) -> None:
    turns = _turns(call, "steer")
    if len(turns) > 1:
        raise _refusal(f"Several turns run; say which: {_told(call.session)}", "steer")
    ((name, running),) = turns.items()
    if running.state.status == "pending":
        raise _refusal(f"{name} has not begun; steer it when it has.", "steer")
    _do(running.steer(call.said["text"]))
    print("Sent; the agent sees it with its next step.")


def _stop(call: Call) -> None:
    turns = _turns(call, "stop")
    for running in turns.values():
        running.request_interrupt()
    print(f"Stopping {' and '.join(turns)}.")


def _status(call: Call) -> None:
    print(_told(call.session) if call.session.turns else "No turn of this notebook runs.")


def _inspect(call: Call) -> Inspector:
    return inspect_session(call.session)


def _told(session: Session) -> str:
    """Return what runs and what waits, in lines."""
    waits = _waiting(session)
    lines = []
    for name, running in session.turns.items():
        prompt = one_line(running.state.request.prompt)
        lines.append(f"{name} {_how_it_stands(running)}: {prompt}")
        lines += [
            f"  waits for you: {one.name}: {one.words}" for one in waits if one.running is running
        ]
    return "\n".join(lines)


def _how_it_stands(running: RunningTurn) -> str:
    state = running.state
    if state.interrupting:
        return "is being stopped"
    if state.started_at is None:
        return "has not begun"
    return f"has run for {time.time() - state.started_at:.0f} s"


_ID = r"(?:(?P<id>(?:turn_\d+:)?(?:approval|input)_\d+)(?:\s+|$))?"
_TURN = r"(?:(?P<turn>turn_\d+)(?:\s+|$))?"

COMMANDS: dict[str, Subcommand] = {
    "approve": Subcommand(
        ("[ID] [--session | --rule]", "give leave; for the session; always, by a rule"),
        re.compile(rf"{_ID}(?P<how>--session|--rule)?"),
        _approve,
    ),
    "deny": Subcommand(
        ("[ID] [--cancel]", "withhold it, or decline to answer; --cancel also ends the turn"),
        re.compile(rf"{_ID}(?P<how>--cancel)?"),
        _deny,
    ),
    "answer": Subcommand(
        ("[ID] TEXT", "answer a question: a number or a text; several as JSON"),
        re.compile(rf"{_ID}(?P<text>\S.*)", re.S),
        _answer,
    ),
    "steer": Subcommand(
        ("[TURN] TEXT", "tell the agent something while it works"),
        re.compile(rf"{_TURN}(?P<text>\S.*)", re.S),
        _steer,
    ),
    "stop": Subcommand(("[TURN]", "stop what runs"), re.compile(_TURN), _stop),
    "status": Subcommand(("", "what runs, and what waits"), re.compile(""), _status),
    "inspect": Subcommand(
        ("", "the turns of this notebook's thread: search, copy, fork"), re.compile(""), _inspect
    ),
}
