"""The record of a turn as plain text, for terminals: no colours, no escapes, nothing folded."""

from __future__ import annotations

from codex_notebook.core.plain import clean
from codex_notebook.core.record_parts import Block, Fact, Part, Record, joined
from codex_notebook.core.record_room import (
    beginning,
    details_remark,
    excerpt,
    image_remark,
    size,
    steps_remark,
)

# Nothing can be folded here, so of a long output only this much is shown, room or not.
_LINES = 40
_GUTTER = "    │ "


class TextFormat:
    """Writes a record as plain text; see `record_room.Format`."""

    def page(self, record: Record, reason: str, steps: str, answer: str) -> str:
        """Return the whole record."""
        head = f"{_title(record.mark, record.status, '', record.facts)}\n{reason}"
        if record.parts:
            head += f"\n{steps}"
        return head + answer

    def title(self, part: Part) -> str:
        """Return a step without what unfolds."""
        return f"  {_title(part.mark, part.verb, part.subject, part.facts)}\n"

    def card(self, part: Part, bodies: str) -> str:
        """Return a step with what unfolds."""
        # What is not indented stands apart from the steps around it.
        if part.is_message or any(block.kind == "message" for block in part.blocks):
            bodies = f"\n{bodies}\n"
        return bodies if part.is_message else self.title(part) + bodies

    def body(self, block: Block, room: int, *, labelled: bool) -> str:
        """Return a block in at most ``room`` bytes; nothing where that is too little."""
        if block.kind == "message":
            part = beginning(block, room - len("\n\n"))
            return "" if part is None else "".join(f"{p}\n" for p in (part.head, part.remark) if p)
        if block.kind == "image":
            line = _indented(image_remark(block))
            return line if size(line) <= room else ""
        label = f"    {clean(block.label)}:\n" if labelled else ""
        part = excerpt(block, room - size(label), _indented_size, _indented_size, _LINES)
        if part is None:
            return ""
        return label + "".join(_indented(p) for p in (part.head, part.remark, part.tail) if p)

    def gap(self, first: Part, last: Part, count: int) -> str:
        """Return a remark in place of ``count`` steps."""
        return f"  {steps_remark(first, last, count)}\n"

    def remainder(self, count: int) -> str:
        """Return a remark on ``count`` steps of which only the title is shown."""
        return f"  {details_remark(count)}\n"


def _title(mark: str, verb: str, subject: str, facts: tuple[Fact, ...]) -> str:
    words = " ".join(filter(None, (mark, verb, subject)))
    return clean(" · ".join(filter(None, (words, joined(facts, lambda fact: fact.text)))))


def _indented(text: str) -> str:
    return "".join(f"{_GUTTER}{line}\n" for line in text.split("\n"))


def _indented_size(text: str) -> int:
    return size(_indented(text))
