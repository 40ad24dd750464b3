"""The record of a turn as HTML that needs nothing else: inline styles and ``<details>``.

It is read in light and in dark pages, in notebooks that strip styles or scripts, and on GitHub,
so the tags alone say what matters, colours are mixed from the reader's own text colour, and a
change is an ``<ins>`` or a ``<del>``. All text from the agent passes through ``markup``.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from codex_notebook.core.markup import (
    FRAME,
    PICTURE,
    PRE_STYLE,
    link_html,
    markdown_html,
    plain_html,
)
from codex_notebook.core.record_parts import Block, Fact, Part, Record, Tone, joined
from codex_notebook.core.record_room import (
    details_remark,
    excerpt,
    image_kind,
    image_remark,
    size,
    steps_remark,
    text_remark,
)

# No single colour can be read on both white and black, so each is mixed with the colour of the
# text around it; a sanitiser that does not know ``color-mix`` leaves plain text.
HUES: dict[Tone, str] = {
    "good": "#2da44e",
    "bad": "#e5484d",
    "busy": "#388bfd",
    "note": "#b87a10",
}
OWN_COLOUR = 35  # per cent of the mix
MUTED = "opacity:.72"
ADDED = "rgba(46,160,67,.18)"
REMOVED = "rgba(229,72,77,.18)"

# With more steps than these, a completed turn shows its answer and folds them.
_FEW = 12

# Notebooks would make a formula of what stands between two prices; MathJax 3 and 2 heed these.
_NO_MATH = "mathjax_ignore tex2jax_ignore"
_PAGE = (
    f"border:1px solid {FRAME};border-radius:8px;padding:.7em 1em;line-height:1.5;"
    "overflow-wrap:break-word"
)
_STEPS = "margin:.5em 0 0"
_RULE = f"margin:.7em 0;border:0;border-top:1px solid {FRAME}"
_REASON = "margin:.5em 0 0;padding:.1em .8em;border-left:3px solid {}"
_INSIDE = "margin:.1em 0 .6em 1.1em"
_PROSE = "margin:.2em 0;white-space:pre-wrap;overflow-wrap:break-word;font:inherit"
# On white, for what was drawn for a page of paper is mostly transparent there.
_PICTURE = "max-width:100%;max-height:32em;background:#fff"
_TASKS = "margin:.2em 0;padding:0;list-style:none"
# From edge to edge of the block, whose padding this is.
_CHANGE = "display:block;margin:0 -.7em;padding:0 .7em;text-decoration:none;background:"
_TASK_BOXES = {"[x]": "☑", "[ ]": "☐"}


def tone_style(tone: Tone) -> str:
    """Return the style of words in a tone; none in the calm one."""
    hue = HUES.get(tone)
    return f"color:color-mix(in srgb,currentColor {OWN_COLOUR}%,{hue})" if hue else ""


class HtmlFormat:
    """Writes a record as HTML; see `record_room.Format`."""

    def page(self, record: Record, reason: str, steps: str, answer: str) -> str:
        """Return the whole record."""
        status = _styled("strong", tone_style(record.tone), f"{record.mark} {record.status}")
        head = f"<header>{status} · {_facts(record.facts)}</header>"
        if record.reason is not None:
            edge = _REASON.format(HUES["bad" if record.tone == "bad" else "note"])
            head += f'<blockquote style="{edge}">{reason}</blockquote>'
        if record.parts:
            steps = f'<div style="{_STEPS}">{steps}</div>'
            if record.answer is not None and len(record.parts) > _FEW:
                summary = f"<summary>{_facts(record.tally)}</summary>"
                steps = f'<details style="{_STEPS}">{summary}{steps}</details>'
        if record.answer is not None:
            rule = f'<hr style="{_RULE}">' if record.parts else ""
            answer = f"{rule}<section>{answer}</section>"
        return f'<article class="{_NO_MATH}" style="{_PAGE}">{head}{steps}{answer}</article>'

    def title(self, part: Part) -> str:
        """Return a step without what unfolds."""
        # As far in as the titles that have a triangle to unfold them.
        return f'<div style="padding-left:1.1em">{self._title(part)}</div>'

    def card(self, part: Part, bodies: str) -> str:
        """Return a step with what unfolds."""
        if part.is_message:
            return f"<div>{bodies}</div>"
        is_open = " open" if part.open else ""
        return (
            f"<details{is_open}><summary>{self._title(part)}</summary>"
            f'<div style="{_INSIDE}">{bodies}</div></details>'
        )

    def _title(self, part: Part) -> str:
        pieces = [_styled("span", tone_style(part.tone), part.mark)]
        if part.verb:
            pieces.append(plain_html(part.verb))
        if part.subject:
            linked = link_html(part.subject, part.link)
            pieces.append(linked or _styled("code" if part.quoted else "em", "", part.subject))
        if part.facts:
            pieces.append(f"· {_facts(part.facts)}")
        return " ".join(pieces)

    def body(self, block: Block, room: int, *, labelled: bool) -> str:
        """Return a block in at most ``room`` bytes; nothing where that is too little."""
        label = _styled("div", MUTED, block.label) if labelled else ""
        draw = _DRAWN.get(block.kind, _text)
        html = draw(block, room - size(label))
        return label + html if html else ""

    def gap(self, first: Part, last: Part, count: int) -> str:
        """Return a remark in place of ``count`` steps."""
        return f"<div><em>{plain_html(steps_remark(first, last, count))}</em></div>"

    def remainder(self, count: int) -> str:
        """Return a remark on ``count`` steps of which only the title is shown."""
        return f"<div><em>{plain_html(details_remark(count))}</em></div>"


def _styled(tag: str, style: str, text: str) -> str:
    """Return an element that holds plain text; no ``<span>`` where it would say nothing."""
    if tag == "span" and not style:
        return plain_html(text)
    opening = f'{tag} style="{style}"' if style else tag
    return f"<{opening}>{plain_html(text)}</{tag}>"


def _facts(facts: tuple[Fact, ...]) -> str:
    if all(fact.tone == "calm" for fact in facts):
        return _styled("span", MUTED, joined(facts, lambda fact: fact.text))
    return joined(facts, lambda fact: _styled("span", tone_style(fact.tone) or MUTED, fact.text))


def _message(block: Block, room: int) -> str:
    def remark(count: int) -> str:
        return _styled("em", "", text_remark(count, "characters", block.where))

    html, hidden = markdown_html(block.text, room - size(remark(len(block.text))))
    return html + remark(hidden) if html and hidden else html


def _text(block: Block, room: int) -> str:
    opening = f'<pre style="{_PROSE if block.kind == "prose" else PRE_STYLE}">'
    return _within(block, room, (opening, "</pre>"), plain_html, "\n{}\n")


def _diff(block: Block, room: int) -> str:
    return _within(block, room, (f'<pre style="{PRE_STYLE}">', "</pre>"), _diff_lines, "{}\n")


def _tasks(block: Block, room: int) -> str:
    return _within(block, room, (f'<ul style="{_TASKS}">', "</ul>"), _task_items, "<li>{}</li>")


def _image(block: Block, room: int) -> str:
    alt = f"image: {image_kind(block)}"
    # Asked only of what would fit: the pattern reads all of it.
    if len(block.text) < room and PICTURE.fullmatch(block.text):
        shown = f'<p><img src="{plain_html(block.text)}" alt="{alt}" style="{_PICTURE}"></p>'
        if size(shown) <= room:
            return shown
    remark = f"<p>{_styled('em', '', image_remark(block))}</p>"
    return remark if size(remark) <= room else ""


def _within(
    block: Block, room: int, tags: tuple[str, str], draw: Callable[[str], str], around: str
) -> str:
    """Return an element of what ``draw`` makes of the text, and of a remark if some is left out."""

    def remark(words: str) -> str:
        return around.format(_styled("em", "", words))

    part = excerpt(
        block,
        room - size("".join(tags)),
        lambda text: size(draw(text)),
        lambda words: size(remark(words)),
    )
    if part is None:
        return ""
    rest = remark(part.remark) + draw(part.tail) if part.remark else ""
    return f"{tags[0]}{draw(part.head)}{rest}{tags[1]}"


def _diff_lines(text: str) -> str:
    pieces = []
    for sign, group in groupby(text.split("\n") if text else (), key=lambda line: line[:1]):
        # The newline inside makes lines of it where the style is lost, and none too many elsewhere.
        lines = plain_html("\n".join(group)) + "\n"
        match sign:
            case "+":
                pieces.append(f'<ins style="{_CHANGE}{ADDED}">{lines}</ins>')
            case "-":
                pieces.append(f'<del style="{_CHANGE}{REMOVED}">{lines}</del>')
            case "@":
                pieces.append(f'<span style="{MUTED}">{lines}</span>')
            case _:
                pieces.append(lines)
    return "".join(pieces)


def _task_items(text: str) -> str:
    items = []
    for line in filter(None, text.split("\n")):
        box = _TASK_BOXES.get(line[:3])
        items.append(f"<li>{plain_html(f'{box}{line[3:]}' if box else line)}</li>")
    return "".join(items)


_DRAWN: dict[str, Callable[[Block, int], str]] = {
    "message": _message,
    "thought": _message,
    "tasks": _tasks,
    "diff": _diff,
    "image": _image,
}
