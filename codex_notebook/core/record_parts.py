"""What a record is made of, in no format yet: facts, blocks of text, parts, and the whole.

These values hold the agent's text as it came; each format makes it safe in its own way. Titles
and facts are short, blocks can be of any length. Nothing here knows markup or a limit of size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codex_notebook.core.plain import clean

Tone = Literal["calm", "good", "bad", "busy", "note"]
BlockKind = Literal["message", "thought", "code", "diff", "prose", "tasks", "image"]

# How long they may be on one line: a name or a command, a sentence, a few words.
_SUBJECT = 110
_SENTENCE = 320
_FACT = 40


@dataclass(frozen=True)
class Fact:
    """A few words behind a title, such as ``exit 1`` or ``+3``.

    Attributes
    ----------
    close : bool
        It belongs to the fact before it, as the lines removed to the lines added.
    """

    text: str
    tone: Tone = "calm"
    close: bool = False


@dataclass(frozen=True)
class Block:
    """A text that belongs to a part.

    Attributes
    ----------
    kind : str
        ``message`` and ``thought`` are markdown, ``tasks`` are lines that begin with ``[x]`` or
        ``[ ]``, ``prose`` is for reading, ``code`` for a fixed width, and ``image`` is a data URL.
    where : str
        The expression that gives all of it, for the reader of a record that shows less.
    label : str
        What it is, where a part has several.
    language : str
        Of code.
    """

    kind: BlockKind
    text: str
    where: str
    label: str = ""
    language: str = "text"


@dataclass(frozen=True)
class Part:
    """One step of a turn.

    Attributes
    ----------
    mark, verb, subject : str
        The title: a sign, our words, and what the agent says it is about (on one line). One of
        the last two may be empty.
    quoted : bool
        The subject is code or a name, not a phrase.
    facts : tuple of Fact
        What follows the subject.
    tone : str
        Of the mark.
    open : bool
        Not folded.
    blocks : tuple of Block
        What unfolds.
    weight : int
        How much of the room it may claim beside the other parts.
    index : int
        Of its item; one past the last item for what is of none.
    of_item : bool
        It is in the turn's items; else only in its state.
    is_message : bool
        It is text for the reader, shown without a title.
    link : str
        The address that the subject is, if it is one.
    """

    mark: str
    verb: str
    subject: str
    blocks: tuple[Block, ...] = ()
    quoted: bool = True
    facts: tuple[Fact, ...] = ()
    tone: Tone = "calm"
    open: bool = False
    weight: int = 1
    index: int = 0
    of_item: bool = True
    is_message: bool = False
    link: str = ""

    @property
    def bulk(self) -> int:
        """About how much room its blocks want."""
        return sum(len(block.text) for block in self.blocks)


@dataclass(frozen=True)
class Record:
    """All that a record says: the header, the steps in their order, and the answer.

    Attributes
    ----------
    reason : Block or None
        Why the turn did not end well.
    answer : Part or None
        The last message, or plan, of a completed turn, which is shown behind its steps.
    tally : tuple of Fact
        The steps in a few words.
    """

    mark: str
    status: str
    tone: Tone
    facts: tuple[Fact, ...]
    reason: Block | None
    parts: tuple[Part, ...]
    answer: Part | None
    tally: tuple[Fact, ...]


def subject(text: str) -> str:
    """Return ``text`` as what a title is about: on one line, and cut where it is long."""
    return _one_line(text, _SUBJECT)


def sentence(text: str) -> str:
    """Return ``text`` as a title that is a sentence: on one line, and cut where it is very long."""
    return _one_line(text, _SENTENCE)


def fact(text: str, tone: Tone = "calm") -> Fact:
    """Return a fact of words that may come from outside: on one line, and short."""
    return Fact(_one_line(text, _FACT), tone)


def _one_line(text: str, limit: int) -> str:
    # A generous beginning is enough, so that a title costs the same for any length of text.
    line = " ".join(clean(text[: limit * 8]).split())
    return line if len(line) <= limit and len(text) <= limit * 8 else line[: limit - 1] + "…"


def joined(facts: tuple[Fact, ...], draw: Callable[[Fact], str]) -> str:
    """Return facts, each written by ``draw``, as one line."""
    pieces = [f"{' ' if fact.close else ' · '}{draw(fact)}" for fact in facts]
    return "".join(pieces).removeprefix(" · ")


def counted(number: int, noun: str) -> str:
    """Return such as ``1 step`` or ``2 steps``; nothing for none."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else ""


def lasted(start: float | None, end: float | None) -> str:
    """Return such as ``0.4 s`` or ``2 min 05 s``; nothing where it is not known, or no time."""
    seconds = end - start if start is not None and end is not None else 0.0
    if seconds < 0.05:
        return ""
    # What would be rounded to a full minute is said in minutes.
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def outcome(shown: Mapping[str, Any]) -> tuple[str, Tone, tuple[Fact, ...]]:
    """Return the mark of a step, its tone, and the word for it where the mark is not enough."""
    status = str(shown["status"])
    if shown.get("exit_code"):
        return "✗", "bad", ()
    if status == "failed":
        return "✗", "bad", (Fact("failed", "bad"),)
    if status == "declined":
        return "⊘", "note", (Fact("declined", "note"),)
    if status == "completed":
        return "✓", "calm", ()
    if status == "in_progress" and shown["ended"]:
        return "◌", "note", (Fact("did not finish", "note"),)
    if status == "in_progress":
        return "●", "busy", (Fact("running", "busy"),)
    return "·", "calm", (fact(status),)


def took(shown: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return how long the step of a card took, if that is known."""
    told = shown.get("duration_ms")
    # The CLI's own measure, where it gives one, is free of the way to us.
    span = (shown["started_at"], shown["ended_at"]) if told is None else (0.0, told / 1000)
    duration = lasted(*span)
    return (Fact(duration),) if duration else ()
