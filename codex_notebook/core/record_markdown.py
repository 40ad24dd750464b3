"""The record of a turn as markdown without HTML: for files, for LaTeX, and to be read as it is.

Nothing is folded, so long outputs are shortened more than the limit of size asks for. All text
from the agent passes through ``markdown``.
"""

from __future__ import annotations

from collections.abc import Callable

from codex_notebook.core.markdown import (
    code_span,
    fence_of,
    link,
    message,
    message_bound,
    prose,
    prose_line,
)
from codex_notebook.core.record_parts import Block, Fact, Part, Record, joined
from codex_notebook.core.record_room import (
    beginning,
    details_remark,
    excerpt,
    image_remark,
    size,
    steps_remark,
)

_LINES = 40


class MarkdownFormat:
    """Writes a record as markdown; see `record_room.Format`."""

    def page(self, record: Record, reason: str, steps: str, answer: str) -> str:
        """Return the whole record."""
        rule = "---\n\n" if record.parts and record.answer is not None else ""
        status = f"**{record.mark} {record.status}**{_facts(record.facts)}"
        return f"{status}\n\n{reason}{steps}{rule}{answer}"

    def title(self, part: Part) -> str:
        """Return a step without what unfolds."""
        draw = code_span if part.quoted else prose
        about = part.subject and (link(part.subject, part.link) or draw(part.subject))
        verb = part.verb and f"**{part.verb}**"
        words = " ".join(filter(None, (part.mark, verb, about)))
        return f"{words}{_facts(part.facts)}\n\n"

    def card(self, part: Part, bodies: str) -> str:
        """Return a step with what unfolds."""
        return bodies if part.is_message else self.title(part) + bodies

    def body(self, block: Block, room: int, *, labelled: bool) -> str:
        """Return a block in at most ``room`` bytes; nothing where that is too little."""
        label = f"{prose(block.label)}:\n\n" if labelled else ""
        draw = _DRAWN.get(block.kind, _fenced)
        text = draw(block, room - size(label))
        return label + text if text else ""

    def gap(self, first: Part, last: Part, count: int) -> str:
        """Return a remark in place of ``count`` steps."""
        return _remark(steps_remark(first, last, count))

    def remainder(self, count: int) -> str:
        """Return a remark on ``count`` steps of which only the title is shown."""
        return _remark(details_remark(count))


def _facts(facts: tuple[Fact, ...]) -> str:
    return " · " + joined(facts, lambda fact: prose(fact.text)) if facts else ""


def _message(block: Block, room: int) -> str:
    part = beginning(block, room - len("\n\n"), message_bound, lambda words: size(_remark(words)))
    if part is None:
        return ""
    return f"{message(part.head)}\n\n{_remark(part.remark) if part.remark else ''}"


def _image(block: Block, room: int) -> str:
    remark = _remark(image_remark(block))
    return remark if size(remark) <= room else ""


def _thought(block: Block, room: int) -> str:
    def bound(text: str) -> int:
        return message_bound(text) + 2 * (text.count("\n") + 1)

    part = beginning(block, room - len("\n\n"), bound, lambda words: size(_remark(words)))
    if part is None:
        return ""
    quoted = "".join(f"> {line}\n" for line in message(part.head).split("\n"))
    return f"{quoted}\n{_remark(part.remark) if part.remark else ''}"


def _remark(words: str) -> str:
    return f"*{prose(words)}*\n\n"


def _fenced(block: Block, room: int) -> str:
    language = "diff" if block.kind == "diff" else block.language
    room -= len(language) + len("\n\n\n\n\n\n")
    part = excerpt(block, room, _fenced_size, _fenced_size, _LINES)
    if part is None:
        return ""
    text = "\n".join(filter(None, (part.head, part.remark, part.tail)))
    fence = fence_of(text)
    return f"{fence}{language}\n{text}\n{fence}\n\n"


def _fenced_size(text: str) -> int:
    return size(text) + 2 * len(fence_of(text))


def _prose(block: Block, room: int) -> str:
    return _listed(block, room, lambda line: f"> {prose_line(line)}  \n")


def _tasks(block: Block, room: int) -> str:
    return _listed(block, room, _task)


def _task(line: str) -> str:
    box, text = (line[:3], line[3:]) if line.startswith(("[x]", "[ ]")) else ("", line)
    return f"- {box} {prose_line(text)}\n"


def _listed(block: Block, room: int, draw: Callable[[str], str]) -> str:
    """Return the lines of a block, each written by ``draw``."""

    def draw_all(text: str) -> str:
        return "".join(map(draw, text.split("\n")))

    def cost(text: str) -> int:
        return size(draw_all(text))

    part = excerpt(block, room - len("\n"), cost, cost, _LINES)
    if part is None:
        return ""
    return "".join(draw_all(p) for p in (part.head, part.remark, part.tail) if p) + "\n"


_DRAWN: dict[str, Callable[[Block, int], str]] = {
    "message": _message,
    "thought": _thought,
    "prose": _prose,
    "tasks": _tasks,
    "image": _image,
}
