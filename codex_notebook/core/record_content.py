"""What the record of a turn says: its status in words, its facts, its steps and its answer.

`describe(state)` is the one reading of a turn that all formats share. What each kind of item
becomes is in ``record_steps``; how it looks, and how much of it fits, is decided elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from codex_notebook.core.items import (
    CommandExecutionItem,
    FileChangeItem,
)
from codex_notebook.core.record_asks import with_asks
from codex_notebook.core.record_parts import (
    Block,
    Fact,
    Part,
    Record,
    Tone,
    counted,
    fact,
    lasted,
    sentence,
)
from codex_notebook.core.record_steps import steps_of
from codex_notebook.core.state import TurnState
from codex_notebook.core.view import view

_STATUS: dict[str, tuple[str, str, Tone]] = {
    "pending": ("○", "Not started", "calm"),
    "running": ("●", "Running", "busy"),
    "completed": ("✓", "Completed", "good"),
    "failed": ("✗", "Failed", "bad"),
    "interrupted": ("■", "Interrupted", "note"),
}


def describe(state: TurnState) -> Record:
    """Return what a record of ``state`` says, however long that is."""
    mark, status, tone = _STATUS[state.status]
    parts = [
        replace(part, index=index)
        for index, entry in enumerate(state.entries)
        for part in steps_of(entry, state.request.working_directory, index, ended=state.ended)
    ]
    parts = list(with_asks(parts, state))
    answer = None
    last = next((n for n in reversed(range(len(parts))) if _speaks(parts[n])), None)
    if last is not None:
        parts[last] = _as_answer(parts[last], typed=state.request.output_type is not None)
        # In a turn that broke off, the last message is no answer: it stays where it was said.
        if state.status == "completed":
            answer = parts.pop(last)
    parts += _notices(state)
    return Record(
        mark=mark,
        status="Stopping" if state.interrupting else status,
        tone=tone,
        facts=tuple(_facts(state)),
        reason=_reason(state),
        parts=tuple(parts),
        answer=answer,
        tally=tuple(_tally(parts)),
    )


def _speaks(part: Part) -> bool:
    """Return whether a part is what a turn may have been for: text for the reader, or a plan."""
    return any(block.kind == "message" for block in part.blocks)


def _as_answer(part: Part, *, typed: bool) -> Part:
    blocks = part.blocks
    if typed:
        try:
            text = json.dumps(json.loads(blocks[0].text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass  # what did not become the type that was asked for is shown as it was written
        else:
            blocks = (replace(blocks[0], kind="code", text=text, language="json"),)
    return replace(part, blocks=blocks, weight=8)


def _facts(state: TurnState) -> Iterator[Fact]:
    duration = lasted(state.started_at, state.ended_at)
    if duration:
        yield Fact(duration)
    header = view(state).header
    if header["thread_name"]:
        yield fact(f"thread {header['thread_name']}")
    model, sandbox = header["model"], header["sandbox"]
    # Of a turn of the past neither is known; of one that was run here, the sandbox always is.
    if model or sandbox:
        yield fact(model or "default model")
        if header["effort"]:
            yield fact(f"{header['effort']} effort")
        full = sandbox == "danger-full-access"
        yield Fact("full access", "bad") if full else fact(sandbox or "default sandbox")
    usage = state.usage or state.thread_usage
    if usage is not None:
        whose = "" if state.usage else " in the whole thread"
        yield Fact(f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out{whose}")
    if state.context_tokens and state.context_window:
        yield Fact(f"{state.context_tokens / state.context_window:.0%} of the context used")
    items = [entry.stated for entry in state.entries]
    commands = sum(isinstance(item, CommandExecutionItem) for item in items)
    files = {c.path for item in items if isinstance(item, FileChangeItem) for c in item.changes}
    for count in (counted(commands, "command"), counted(len(files), "file")):
        if count:
            yield Fact(count)


def _reason(state: TurnState) -> Block | None:
    text = view(state).header["error"]
    if state.status == "interrupted":
        text = "The turn was stopped before it finished."
        if state.entries:
            text += " What it did until then is kept."
        if state.last_error:
            text += f"\nThe last error before that: {state.last_error}"
    where = "turn.error" if state.error else "turn.state.last_error"
    return Block("prose", text, where) if text else None


def _notices(state: TurnState) -> Iterator[Part]:
    if not state.notices:
        return
    text = "\n".join(state.notices)
    first = sentence(state.notices[0])
    yield Part(
        "i",
        "Notice" if len(state.notices) == 1 else counted(len(state.notices), "notice"),
        first,
        () if first == text else (Block("prose", text, "turn.state.notices"),),
        quoted=False,
        tone="note",
        index=len(state.entries),
        of_item=False,
    )


def _tally(parts: list[Part]) -> Iterator[Fact]:
    yield Fact(counted(len(parts), "step"))
    failed = sum(part.mark == "✗" for part in parts)
    if failed:
        yield Fact(f"{failed:,} failed", "bad")
