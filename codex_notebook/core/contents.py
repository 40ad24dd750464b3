"""A thread's turns at a glance: what a list says of each, and the list as a notebook keeps it.

Also what a search looks through, and a turn as text for whoever copies it. Pure functions of
states. All text from the agent passes through ``markup`` and ``markdown``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from codex_notebook.core.cards import card
from codex_notebook.core.markdown import prose, prose_line
from codex_notebook.core.markup import FRAME, plain_html
from codex_notebook.core.plain import clean
from codex_notebook.core.record import markdown_record
from codex_notebook.core.state import TurnState

Json = Any

# So much of a prompt is shown in a list.
_LINE = 160
# Who copies a turn wants all of it, and a clipboard has room.
_COPY_BYTES = 1024 * 1024

# For each kind of card, what a reader would look for in it.
_SEARCHED = {
    "message": ("text",),
    "user": ("text",),
    "plan": ("text",),
    "command": ("command",),
    "tool": ("name",),
    "search": ("query", "url"),
    "error": ("message",),
}


def summary(state: TurnState) -> dict[str, Json]:
    """Return what a list shows of a turn: ``prompt`` in a line, how and when it ended, tokens.

    ``counts`` says how many cards of each kind it has.
    """
    return {
        "prompt": one_line(state.request.prompt),
        "status": state.status,
        "started_at": state.started_at,
        "ended_at": state.ended_at,
        "usage": state.usage.model_dump() if state.usage else None,
        "counts": dict(Counter(card(entry)["kind"] for entry in state.entries)),
    }


def words_of(state: TurnState) -> str:
    """Return what a search looks through, in small letters: prompt, answers, commands, files."""
    root = state.request.working_directory
    cards = [card(entry, root) for entry in state.entries]
    parts = [state.request.prompt, state.error or ""]
    parts += [str(c[name] or "") for c in cards for name in _SEARCHED.get(c["kind"], ())]
    changes = [change for c in cards for change in c.get("changes", ())]
    parts += [f"{change['path']}\n{change['moved_to'] or ''}" for change in changes]
    return clean("\n".join(parts)).lower()


def copied(state: TurnState) -> str:
    """Return a turn as markdown to paste elsewhere: what was asked, and the record of it."""
    asked = "\n".join(f"> {prose_line(line)}" for line in clean(state.request.prompt).split("\n"))
    return f"{asked}\n\n{markdown_record(state, limit=_COPY_BYTES)}"


def one_line(text: str) -> str:
    """Return a text as one line that is not too long for a list."""
    line = " ".join(clean(text[: 4 * _LINE]).split())
    return line if len(line) <= _LINE else f"{line[: _LINE - 1]}…"


def mime_bundle_of_list(states: Sequence[TurnState], title: str, remark: str) -> dict[str, str]:
    """Return the list of a thread's turns as the data of a notebook's output.

    Parameters
    ----------
    states : sequence of TurnState
        The turns, the oldest first.
    title : str
        What they are the turns of.
    remark : str
        What else is to be said; "" for nothing.
    """
    rows = [_row(number, state) for number, state in enumerate(states, start=1)]
    return {
        "text/plain": _text(title, rows, remark),
        "text/markdown": _markdown(title, rows, remark),
        "text/html": _html(title, rows, remark),
    }


_COLUMNS = ("", "Prompt", "Status", "Began", "Took", "Tokens in", "Tokens out")


def _row(number: int, state: TurnState) -> tuple[str, ...]:
    began, ended, usage = state.started_at, state.ended_at, state.usage
    return (
        str(number),
        one_line(state.request.prompt),
        state.status,
        "" if began is None else f"{datetime.fromtimestamp(began):%Y-%m-%d %H:%M}",
        "" if began is None or ended is None else f"{ended - began:.1f} s",
        f"{usage.input_tokens:,}" if usage else "",
        f"{usage.output_tokens:,}" if usage else "",
    )


def _lines(title: str, rows: Sequence[object], remark: str) -> tuple[str, ...]:
    count = f"{len(rows)} turn{'' if len(rows) == 1 else 's'}"
    return tuple(filter(None, (f"{clean(title)}: {count}", clean(remark))))


def _text(title: str, rows: Sequence[tuple[str, ...]], remark: str) -> str:
    lines = [*_lines(title, rows, remark)]
    for number, prompt, *facts in rows:
        lines.append(f"{number:>3}. {prompt}")
        lines.append(f"     {_facts(facts)}")
    return "\n".join(lines)


def _facts(facts: Iterable[str]) -> str:
    status, began, took, tokens_in, tokens_out = facts
    tokens = f"{tokens_in} tokens in, {tokens_out} out" if tokens_in else ""
    return ", ".join(filter(None, (status, began, took, tokens)))


def _markdown(title: str, rows: Sequence[tuple[str, ...]], remark: str) -> str:
    head = [" | ".join(_COLUMNS), " | ".join("---" for _ in _COLUMNS)]
    body = [" | ".join(map(prose, row)) for row in rows]
    table = "\n".join(f"| {line} |" for line in (*head, *body))
    above = "\n\n".join(map(prose_line, _lines(title, rows, remark)))
    return f"{above}\n\n{table}" if rows else above


def _html(title: str, rows: Sequence[tuple[str, ...]], remark: str) -> str:
    edge = f"padding:.25em .7em;border-bottom:1px solid {FRAME};vertical-align:top;text-align:"
    # Words to the left, numbers to the right.
    styles = [edge + ("left" if 0 < n < 4 else "right") for n in range(len(_COLUMNS))]

    def line(tag: str, cells: Iterable[str]) -> str:
        written = (
            f'<{tag} style="{style}">{plain_html(cell)}</{tag}>'
            for style, cell in zip(styles, cells, strict=True)
        )
        return f"<tr>{''.join(written)}</tr>"

    first, *more = (plain_html(words) for words in _lines(title, rows, remark))
    above = f"<p><strong>{first}</strong></p>" + "".join(f"<p>{words}</p>" for words in more)
    if not rows:
        return f"<div>{above}</div>"
    body = "".join(line("td", row) for row in rows)
    table = f"<thead>{line('th', _COLUMNS)}</thead><tbody>{body}</tbody>"
    return f'<div>{above}<table style="border-collapse:collapse">{table}</table></div>'
