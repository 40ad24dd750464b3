"""What the agent asked, in a record: for leave, or for an answer, and what became of it.

It is told at the step that waited for it, or as a step of its own where no item did. How a step
looks is decided elsewhere; answers to secret questions are not in a turn, so they cannot be here.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from codex_notebook.core.ask_view import ask_view
from codex_notebook.core.asks import Approval, InputRequest, Question
from codex_notebook.core.record_parts import Block, Fact, Part, Tone, fact, sentence, subject
from codex_notebook.core.state import TurnState

_GRANTED = {
    "accept": "approved",
    "accept_for_session": "approved for the session",
    "accept_with_rule": "always allowed",
}
_REFUSED = {"decline": "denied", "cancel": "denied, and the turn stopped,"}
_DECIDERS = {"user": "you", "handler": "the handler"}
# Why nobody decided.
_UNDECIDED = {
    "timeout": "nobody answered in time",
    "nobody": "there was nobody to ask",
    "error": "the handler failed",
    "turn": "the turn ended or went on",
}
_ACTS = {
    "command": "Asked to run",
    "stdin": "Asked to write to a command",
    "file_change": "Asked to change",
    "permissions": "Asked for permissions",
    "mcp_tool": "Asked to call",
}


def with_asks(parts: Sequence[Part], state: TurnState) -> Iterator[Part]:
    """Yield the parts of the items of ``state`` and those of what the agent asked.

    Parameters
    ----------
    parts : sequence of Part
        What its items become, in their order.
    state : TurnState
        The turn.
    """
    items = {entry.id for entry in state.entries}
    told = [*_approvals(state), *_inputs(state)]
    waiting: dict[str, list[Part]] = {}
    for item_id, part in told:
        if item_id in items:
            waiting.setdefault(item_id or "", []).append(part)
    done: set[int] = set()
    for part in parts:
        asked = waiting.get(state.entries[part.index].id, []) if part.index not in done else []
        # Of an item with several parts the first tells it.
        done.add(part.index)
        if asked:
            blocks = (block for ask in asked for block in ask.blocks)
            facts = (known for ask in asked for known in ask.facts)
            part = replace(
                part,
                blocks=(*part.blocks, *blocks),
                facts=(*part.facts, *facts),
                open=part.open or any(ask.open for ask in asked),
                weight=max(part.weight, *(ask.weight for ask in asked)),
            )
        yield part
    yield from (part for item_id, part in told if item_id not in items)


def _approvals(state: TurnState) -> Iterator[tuple[str | None, Part]]:
    items = {entry.id for entry in state.entries}
    for number, ask in enumerate(state.approvals):
        yield ask.item_id, _approval(ask, state, number, alone=ask.item_id not in items)


def _approval(ask: Approval, state: TurnState, number: int, *, alone: bool) -> Part:
    shown = ask_view(ask, state.request.working_directory)
    where = f"turn.state.approvals[{number}]"
    reason = [
        f"Why: {shown['reason']}" if shown["reason"] else "",
        f"To write below {shown['grant_root']}" if shown["grant_root"] else "",
        f"To reach {shown['host']}" if shown["host"] else "",
        f"The rule: {shown['rule']}" if ask.decision == "accept_with_rule" else "",
    ]
    blocks = [Block("prose", "\n".join(filter(None, reason)), where, "asked for leave")]
    if shown["permissions"]:
        blocks.append(Block("code", shown["permissions"], where, "permissions", "json"))
    title = ""
    if alone:
        paths = [str(change["path"]) for change in shown["changes"]]
        tool = ".".join(filter(None, (ask.server, ask.tool)))
        title = shown["command"] or shlex.join(paths) or tool or ask.host or ""
        if shown["command"] and title != subject(title):
            blocks.append(Block("code", shown["command"], where, "command", "bash"))
        if shown["arguments"]:
            blocks.append(Block("code", shown["arguments"], where, "arguments", "json"))
        for change in shown["changes"]:
            blocks.append(Block("diff", change["diff"] or "", where, subject(change["path"])))
    words, tone = _decision(ask)
    facts = [Fact(f"in {subject(shown['elsewhere'])}")] if alone and shown["elsewhere"] else []
    if alone and ask.thread_id and state.thread_id and ask.thread_id != state.thread_id:
        facts.append(Fact("by a sub-agent"))
    return _step(
        ("⊘" if tone == "note" else "●" if tone == "busy" else "✓", tone),
        (_ACTS[ask.kind], title),
        (*facts, words),
        blocks,
        len(state.entries),
    )


def _step(
    sign: tuple[str, Tone],
    words: tuple[str, str],
    facts: tuple[Fact, ...],
    blocks: Sequence[Block],
    index: int,
) -> Part:
    mark, tone = sign
    verb, about = words
    return Part(
        mark,
        verb,
        subject(about),
        tuple(block for block in blocks if block.text.strip()),
        facts=facts,
        tone=tone,
        open=tone == "busy",
        # Who let it do what is read even when the rest has no room.
        weight=4,
        index=index,
        of_item=False,
    )


def _decision(ask: Approval) -> tuple[Fact, Tone]:
    by = ask.decided_by or ""
    if ask.decision is None:
        return Fact("waiting for leave", "busy"), "busy"
    granted = _GRANTED.get(ask.decision)
    if granted is None and by in _UNDECIDED:
        return Fact(f"declined: {_UNDECIDED[by]}", "note"), "note"
    who = f" by {_DECIDERS.get(by, by)}" if by else ""
    if granted is None:
        return fact(f"{_REFUSED.get(ask.decision, ask.decision)}{who}", "note"), "note"
    return fact(f"{granted}{who}"), "calm"


def _inputs(state: TurnState) -> Iterator[tuple[str | None, Part]]:
    for number, ask in enumerate(state.inputs):
        yield ask.item_id, _input(ask, number, len(state.entries))


def _input(ask: InputRequest, number: int, index: int) -> Part:
    answers = ask.answers or {}
    lines = [line for question in ask.questions for line in _asked(question, ask)]
    known = {question.id for question in ask.questions}
    lines += [f"{name}: {_said(value)}" for name, value in answers.items() if name not in known]
    if ask.url or len(ask.questions) == 1 or not ask.message:
        first = ask.url or (ask.questions[0].question if ask.questions else ask.message)
    else:
        first = ask.message
    if ask.message and ask.message != first:
        lines.insert(0, ask.message)
    words, tone = _answered(ask)
    part = _step(
        ("?", tone),
        ("Asked you to open" if ask.url else "Asked you", ""),
        (*((fact(f"for {ask.server}"),) if ask.server else ()), words),
        (Block("prose", "\n".join(lines), f"turn.state.inputs[{number}]", "questions"),),
        index,
    )
    if ask.url:
        return replace(part, subject=subject(ask.url), link=ask.url)
    return replace(part, subject=sentence(first), quoted=False)


def _asked(question: Question, ask: InputRequest) -> Iterator[str]:
    yield question.question or question.header or question.id
    if ask.answers is None:
        if question.options:
            yield f"  ({' / '.join(option.label for option in question.options)})"
    elif question.id in ask.answers:
        yield f"→ {_said(ask.answers[question.id])}"
    elif question.is_secret:
        yield "→ (secret: not kept)"
    else:
        yield "→ (no answer)"


def _said(value: object) -> str:
    """Return an answer as words; those of a list one after the other."""
    if isinstance(value, Mapping):
        value = value.get("answers", value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_said, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _answered(ask: InputRequest) -> tuple[Fact, Tone]:
    by = ask.resolved_by
    if by is None:
        return Fact("waiting for an answer", "busy"), "busy"
    if ask.answers is None:
        reason = _UNDECIDED.get(by)
        if reason:
            return Fact(f"not answered: {reason}", "note"), "note"
        return fact(f"declined by {_DECIDERS.get(by, by)}", "note"), "note"
    return fact(f"answered by {_DECIDERS.get(by, by)}"), "calm"
