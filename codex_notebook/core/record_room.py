"""How much of a turn fits into a record: room is shared out, and what is left out is said.

A limit holds exactly, whatever the text: `compose` gives each piece a number of bytes, and a format
returns no more than that. The answer comes first, then the titles of the steps, then what
unfolds, the small before the large. This file knows no format, only the protocol of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from codex_notebook.core.plain import clean
from codex_notebook.core.record_parts import Block, Part, Record

# Room for `Format.remainder`, which counts what is known only in the end.
_REMAINDER = 400

# How much room a step should have for what unfolds; less helps nobody.
_CARD = 600

# A piece of a text that is shorter than this says nothing.
_LEAST = 160


class Format(Protocol):
    """A way to write a record. Pieces are simply put one behind the other."""

    def page(self, record: Record, reason: str, steps: str, answer: str) -> str:
        """Return the whole record; its length is that of the empty page and of what is in it."""

    def title(self, part: Part) -> str:
        """Return a step without what unfolds."""

    def card(self, part: Part, bodies: str) -> str:
        """Return a step with what unfolds."""

    def body(self, block: Block, room: int, *, labelled: bool) -> str:
        """Return a block in at most ``room`` bytes; nothing where that is too little."""

    def gap(self, first: Part, last: Part, count: int) -> str:
        """Return a remark in place of ``count`` steps."""

    def remainder(self, count: int) -> str:
        """Return a remark on ``count`` steps of which only the title is shown."""


def size(text: str) -> int:
    """Return the bytes of ``text`` in UTF-8."""
    return len(text.encode())


def compose(record: Record, form: Format, limit: int) -> str:
    """Return ``record`` written in ``form`` with at most ``limit`` bytes."""
    room = limit - size(form.page(record, "", "", "")) - _REMAINDER
    reason = answer = ""
    if record.reason is not None:
        reason = form.body(record.reason, room // 4, labelled=False)
        room -= size(reason)
    titles = [form.title(part) for part in record.parts]
    if record.answer is not None:
        # Half of the room is the answer's own, and so is what the steps will not need.
        wanted = sum(map(size, titles)) + sum(part.bulk for part in record.parts)
        answer = _unfolded(record.answer, form, max(room // 2, room - 2 * wanted))
        room -= size(answer)
    steps = _steps(record.parts, titles, form, room)
    return form.page(record, reason, steps, answer).rstrip("\n")


def _unfolded(part: Part, form: Format, room: int) -> str:
    """Return the card of ``part`` in at most ``room`` bytes; nothing if a block has no place."""
    room -= size(form.card(part, ""))
    labelled = len(part.blocks) > 1
    bodies = [""] * len(part.blocks)
    waiting = sorted(range(len(bodies)), key=lambda n: len(part.blocks[n].text))
    for done, position in enumerate(waiting):
        share = room // (len(waiting) - done)
        block = part.blocks[position]
        bodies[position] = form.body(block, share, labelled=labelled and bool(block.label))
        if not bodies[position] and not _says_nothing(block):
            return ""
        room -= size(bodies[position])
    return form.card(part, "".join(bodies))


def _says_nothing(block: Block) -> bool:
    """Whether a block is nothing but what is never shown, such as sequences for terminals."""
    return len(block.text) <= _CARD and not clean(block.text).strip()


def _steps(parts: Sequence[Part], titles: Sequence[str], form: Format, room: int) -> str:
    kept = _kept(parts, titles, form, room)
    shown = {n: titles[n] for n in kept}
    gaps = _gaps(parts, shown, form)
    room -= sum(map(size, shown.values())) + sum(map(size, gaps.values()))
    cards = _cards([n for n in kept if parts[n].blocks], parts, titles, form, room)
    titles_only = sum(bool(parts[n].blocks) for n in kept) - len(cards)
    pieces = shown | cards | gaps
    remark = form.remainder(titles_only) if titles_only else ""
    return "".join(pieces[n] for n in sorted(pieces)) + remark


def _cards(
    wanted: Sequence[int], parts: Sequence[Part], titles: Sequence[str], form: Format, room: int
) -> dict[int, str]:
    """Return the cards that fit in place of their titles, if ``room`` is left beside all titles."""
    cards = {}
    while wanted and room >= _CARD:
        some, wanted = wanted[: room // _CARD], wanted[room // _CARD :]
        weight = sum(parts[n].weight for n in some)
        # The small first: what they leave over is there for the large.
        for n in sorted(some, key=lambda n: parts[n].bulk / parts[n].weight):
            share = room * parts[n].weight // weight
            weight -= parts[n].weight
            card = _unfolded(parts[n], form, size(titles[n]) + share)
            if card:
                room -= size(card) - size(titles[n])
                cards[n] = card
    return cards


def _kept(parts: Sequence[Part], titles: Sequence[str], form: Format, room: int) -> list[int]:
    """Return which parts are shown, those that matter most and those at both ends first."""
    last = len(parts) - 1
    order = sorted(range(len(parts)), key=lambda n: (-parts[n].weight, min(n, last - n)))
    costs = [size(title) for title in titles]
    # Titles alone would say too little, so half of the room is not for them.
    room //= 2
    if sum(costs) <= room:
        return order
    # One gap to begin with; a part splits it, shortens it, or closes what is left of it.
    gap = size(form.gap(parts[last], parts[last], len(parts)))
    room -= gap
    kept: dict[int, None] = {}
    for n in order:
        ends = (n == 0 or n - 1 in kept) + (n == last or n + 1 in kept)
        room -= costs[n] + gap * (1 - ends)
        if room < 0:
            break
        kept[n] = None
    return list(kept)


def _gaps(parts: Sequence[Part], shown: Iterable[int], form: Format) -> dict[int, str]:
    """Return the remarks in place of the parts that are not shown, by where they begin."""
    gaps = {}
    start = 0
    for n in [*sorted(shown), len(parts)]:
        if n > start:
            gaps[start] = form.gap(parts[start], parts[n - 1], n - start)
        start = n + 1
    return gaps


@dataclass(frozen=True)
class Excerpt:
    """The beginning and the end of a text, and a remark on what lies between them.

    ``remark`` is empty if nothing does; then ``head`` is the whole text.
    """

    head: str
    remark: str = ""
    tail: str = ""


def excerpt(
    block: Block,
    room: int,
    cost: Callable[[str], int] = size,
    remark_cost: Callable[[str], int] = size,
    lines: int | None = None,
) -> Excerpt | None:
    """Return as much of a block's text as there is room for, cleaned.

    Parameters
    ----------
    block : Block
        The text, and where all of it can be had.
    room : int
        For ``cost(head) + remark_cost(remark) + cost(tail)``.
    cost, remark_cost : callable
        How many bytes a text, and the remark, become in the format. At least as many as the text
        has characters; a part of a text must not cost more than the whole.
    lines : int, optional
        No more lines than these, however much room there is.

    Returns
    -------
    Excerpt or None
        None if there is hardly room for the remark.
    """
    text = block.text
    if room <= 0:
        return None
    if len(text) <= 4 * room:
        head = tail = clean(text).rstrip("\n")
        few = lines is None or head.count("\n") < lines
        if few and len(head) <= room and cost(head) <= room:
            return Excerpt(head)
    else:
        # Only the ends can be shown, so only the ends are read.
        head, tail = clean(text[:room]), clean(text[-room:]).rstrip("\n")
    room -= remark_cost(text_remark(len(text), "characters", block.where))
    if room < _LEAST:
        return None
    if lines is not None:
        head = "\n".join(head.split("\n", lines)[: lines // 3])
        tail = "\n".join(tail.rsplit("\n", lines)[-(lines - lines // 3) :])
    # The end of an output says more than its beginning.
    head, head_ends = _head(head, room // 3, cost)
    tail, tail_begins = _tail(tail, room - room // 3, cost)
    if head_ends and tail_begins:
        lines_shown = sum(piece.count("\n") + bool(piece) for piece in (head, tail))
        hidden, unit = text.rstrip("\n").count("\n") + 1 - lines_shown, "lines"
    else:
        hidden, unit = len(text) - len(head) - len(tail), "characters"
    # Never none: lone carriage returns, which were made lines, may have upset the count.
    return Excerpt(head, text_remark(max(1, hidden), unit, block.where), tail)


def beginning(
    block: Block,
    room: int,
    cost: Callable[[str], int] = size,
    remark_cost: Callable[[str], int] = size,
) -> Excerpt | None:
    """Return the beginning of a block's text and a remark on the rest: for markdown.

    The end of a text that has a structure means nothing alone. The parameters are those of
    `excerpt`.
    """
    text = block.text
    if room <= 0:
        return None
    if len(text) <= room and cost(whole := clean(text).rstrip("\n")) <= room:
        return Excerpt(whole)
    room -= remark_cost(text_remark(len(text), "characters", block.where))
    if room < _LEAST:
        return None
    head, _ = _head(clean(text[:room]), room, cost)
    hidden = max(1, len(text) - len(head))
    return Excerpt(head, text_remark(hidden, "characters", block.where))


def text_remark(count: int, unit: str, where: str) -> str:
    """Return the words for ``count`` lines or characters that are left out."""
    return f"… {count:,} {unit if count > 1 else unit[:-1]} not shown: {where} has all of it"


def image_remark(block: Block) -> str:
    """Return the words for an image that is named and not shown."""
    return f"… an image ({image_kind(block)}) is not shown: {block.where} has it"


def image_kind(block: Block) -> str:
    """Return what kind of image a block is and how large, such as ``PNG, 12 kB``."""
    head, _, data = block.text.partition(",")
    kind = head.removeprefix("data:image/").partition(";")[0].upper()
    return f"{kind}, {max(1, len(data) * 3 // 4000):,} kB"


def steps_remark(first: Part, last: Part, count: int) -> str:
    """Return the words for ``count`` steps that are left out, from one to another."""
    where = f"turn.items[{first.index}:{last.index + 1}]"
    if not last.of_item:
        where = f"turn.items[{first.index}:] and turn.state" if first.of_item else "turn.state"
    return f"… {count:,} {'steps' if count > 1 else 'step'} not shown: {where}"


def details_remark(count: int) -> str:
    """Return the words for ``count`` steps of which only the title is shown."""
    whose = f"{count:,} steps" if count > 1 else "1 step"
    return f"… the details of {whose} are not shown: turn.items has them"


def _head(text: str, room: int, cost: Callable[[str], int]) -> tuple[str, bool]:
    """Return a beginning of ``text``, and whether it ends where a line does."""
    piece = text[:room]
    while piece and (spent := cost(piece)) > room:
        piece = piece[: len(piece) * room // spent]
    if not piece or len(piece) == len(text) or text[len(piece)] == "\n":
        return piece, True
    line_end = piece.rfind("\n")
    return (piece, False) if line_end < len(piece) // 2 else (piece[:line_end], True)


def _tail(text: str, room: int, cost: Callable[[str], int]) -> tuple[str, bool]:
    """Return an end of ``text``, and whether it begins where a line does."""
    piece = text[max(0, len(text) - room) :]
    while piece and (spent := cost(piece)) > room:
        piece = piece[len(piece) - len(piece) * room // spent :]
    start = len(text) - len(piece)
    if not piece or not start or text[start - 1] == "\n":
        return piece, True
    line_end = piece.find("\n")
    return (piece, False) if not 0 <= line_end <= len(piece) // 2 else (piece[line_end + 1 :], True)
