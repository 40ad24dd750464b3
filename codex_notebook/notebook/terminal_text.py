"""A turn as coloured text for a terminal: as it stands now, and as it ended.

Text from the agent is only ever the content of `rich.text.Text`, or markdown that passed
``core.markdown``: never markup of rich, nor an escape sequence. Knows states and rich; not when
something is drawn, nor where.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rich.console import Console, Group, RenderableType
from rich.markdown import Markdown
from rich.rule import Rule
from rich.segment import Segment, Segments
from rich.text import Text as Line

from codex_notebook.core.items import AgentMessageItem
from codex_notebook.core.markdown import message
from codex_notebook.core.plain import clean
from codex_notebook.core.record_asks import with_asks
from codex_notebook.core.record_content import describe
from codex_notebook.core.record_parts import Block, Fact, Part, Tone, lasted, sentence
from codex_notebook.core.record_room import image_remark, text_remark
from codex_notebook.core.record_steps import steps_of
from codex_notebook.core.state import Entry, TurnState
from codex_notebook.core.view import view

_STYLES: dict[Tone, str] = {"good": "green", "bad": "red", "busy": "cyan", "note": "yellow"}
_MUTED = "dim"
_CHANGED = {"+": "green", "-": "red", "@": "cyan"}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_GUTTER = "    │ "
# How many lines of an output, and of a list, are seen while the turn runs, and at its end.
_LIVE_LINES = 6
_ENDED_LINES = 20
# Of a message that is being written, only so much of its end is laid out anew each time.
_STREAMED = 4_000
# An answer longer than this is not printed whole.
_ANSWER = 64_000


def live_text(state: TurnState, now: float, console: Console) -> RenderableType:
    """Return a running turn as it stands, no higher than the terminal.

    Parameters
    ----------
    state : TurnState
        The turn.
    now : float
        Seconds since the epoch.
    console : Console
        Where it will be drawn.
    """
    height = max(1, console.size.height - 1)
    bottom = [*_notice(state), _status(state, now)][-height:]
    room = height - len(bottom)
    said = _streamed(state, console)
    said = said[max(0, len(said) - max(1, room * 2 // 3)) :] if room else []
    room -= len(said)
    rows = list(_rows(state, room)) if room else []
    rows = rows[max(0, len(rows) - room) :]
    written = (piece for line in said for piece in (*line, Segment.line()))
    return Group(*rows, Segments(written), *bottom)


def finished_text(state: TurnState) -> RenderableType:
    """Return an ended turn: its facts, its steps in a line each, what went wrong, its answer."""
    record = describe(state)
    rows: list[RenderableType] = []
    head = Line(f"{record.mark} {record.status}", style=f"bold {_STYLES.get(record.tone, '')}")
    facts = _with_facts(head, record.facts)
    # Of the facts of a whole turn none is cut off.
    facts.no_wrap, facts.overflow = False, "fold"
    rows.append(facts)
    if record.reason is not None:
        rows += _body(record.reason, _ENDED_LINES)
    for part in record.parts:
        if part.is_message:
            rows += [_markdown(block) for block in part.blocks]
            continue
        rows.append(_title(part))
        if part.open:
            for block in part.blocks:
                rows += [_markdown(block)] if block.kind == "message" else _body(block)
    if record.answer is not None:
        rows.append(Rule(style=_MUTED))
        for block in record.answer.blocks:
            rows.append(_markdown(block) if block.kind == "message" else Line(clean(block.text)))
    return Group(*rows)


def step_lines(state: TurnState, entry: Entry, index: int) -> Iterator[str]:
    """Yield the steps that an item became as plain lines."""
    for part in steps_of(entry, state.request.working_directory, index, ended=state.ended):
        yield _title(part).plain


def _rows(state: TurnState, room: int) -> Iterator[Line]:
    """Yield lines for the newest steps; more than fit, perhaps."""
    first = max(0, len(state.entries) - room)
    root = state.request.working_directory
    parts = [
        part
        for index, entry in enumerate(state.entries[first:], start=first)
        if not _is_streaming(entry)
        for part in _indexed(entry, root, index)
    ]
    for part in with_asks(parts, state):
        # What was asked apart from the steps matters here only while it waits.
        if part.of_item or part.tone == "busy":
            yield _title(part)
            if part.open and (part.tone != "calm" or part.verb == "Plan"):
                for block in part.blocks:
                    yield from _body(block)


def _indexed(entry: Entry, root: str | None, index: int) -> Iterator[Part]:
    for part in steps_of(entry, root, index, ended=False):
        yield replace(part, index=index)


def _is_streaming(entry: Entry) -> bool:
    return isinstance(entry.stated, AgentMessageItem) and not entry.completed


def _streamed(state: TurnState, console: Console) -> list[list[Segment]]:
    """Return the lines of the message that is being written."""
    if not state.entries or not _is_streaming(state.entries[-1]):
        return []
    text = str(state.entries[-1].item.get("text") or "")
    if len(text) > _STREAMED:
        _, _, text = text[-_STREAMED:].partition("\n")
    return console.render_lines(_rendered(text), pad=False)


def _status(state: TurnState, now: float) -> Line:
    header = view(state).header
    spin = _SPINNER[int(now * 10) % len(_SPINNER)]
    line = Line(f"{spin} {'Stopping' if state.interrupting else 'Working'}", style="cyan")
    facts = [Fact(lasted(state.started_at, now) or "0.0 s")]
    facts += [Fact(sentence(str(header[name]))) for name in ("model", "effort") if header[name]]
    sandbox = header["sandbox"]
    if sandbox == "danger-full-access":
        facts.append(Fact("full access", "bad"))
    elif sandbox:
        facts.append(Fact(sentence(str(sandbox))))
    usage = state.usage
    if usage is not None:
        facts.append(Fact(f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out"))
    if state.context_tokens and state.context_window:
        facts.append(Fact(f"{state.context_tokens / state.context_window:.0%} of the context"))
    if header["error"]:
        facts.append(Fact(sentence(str(header["error"])), "note"))
    facts.append(Fact("Ctrl-C again ends it" if state.interrupting else "Ctrl-C stops it"))
    return _with_facts(line, tuple(facts))


def _notice(state: TurnState) -> list[Line]:
    if not state.notices:
        return []
    return [_row(Line(f"i {sentence(state.notices[-1])}", style=_STYLES["note"]))]


def _title(part: Part) -> Line:
    line = Line("  ")
    line.append(part.mark, style=_STYLES.get(part.tone, ""))
    if part.verb:
        line.append(f" {part.verb}")
    if part.subject:
        line.append(f" {clean(part.subject)}", style="bold" if part.quoted else "italic")
    return _with_facts(line, part.facts)


def _with_facts(line: Line, facts: tuple[Fact, ...]) -> Line:
    whole = Line.assemble(line)
    for fact in facts:
        whole.append(" " if fact.close else " · ", style=_MUTED)
        whole.append(clean(fact.text), style=_STYLES.get(fact.tone, _MUTED))
    return _row(whole)


def _row(line: Line) -> Line:
    """Return a text that is one line however narrow the terminal."""
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _body(block: Block, most: int = _LIVE_LINES) -> list[Line]:
    """Return the last lines of a block; of a change its first, in colour."""
    if block.kind == "image":
        return [_row(Line(f"{_GUTTER}{image_remark(block)}", style=_MUTED))]
    # Enough for the lines that are shown, so that a long output costs no more than a short one.
    tail = block.text if block.kind in ("diff", "tasks") else block.text[-200 * most :]
    lines = clean(tail).rstrip("\n").split("\n")
    shown = lines[: _ENDED_LINES if block.kind == "diff" else most]
    if block.kind not in ("diff", "tasks"):
        shown = lines[-most:]
    rows = []
    for text in shown:
        changed = _CHANGED.get(text[:1], "") if block.kind == "diff" else _MUTED
        rows.append(_row(Line.assemble((_GUTTER, _MUTED), (text, changed))))
    return rows


def _markdown(block: Block) -> RenderableType:
    if len(block.text) <= _ANSWER:
        return _rendered(block.text)
    remark = text_remark(len(block.text) - _ANSWER, "characters", block.where)
    return Group(_rendered(block.text[:_ANSWER]), Line(remark, style=_MUTED))


def _rendered(text: str) -> Markdown:
    # Links are written out: a terminal would show the words, and hide where they lead.
    return Markdown(message(text), hyperlinks=False)
