"""Text from the agent as part of markdown of ours: it cannot break out, and it cannot reach out.

Whoever reads the markdown renders it with a parser and a sanitiser of their own. Here the agent
loses what a trusting reader would pass on: raw HTML, pictures from elsewhere, and links to
anything but the web and mail. Code stays as it was written, so that it can still be copied.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from urllib.parse import quote

from markdown_it.token import Token

from codex_notebook.core.markup import MARKDOWN, PICTURE, WEB, is_address
from codex_notebook.core.plain import clean

_INLINE = re.compile(r"([\\`*_\[\]<>&$~|^@])")
_LINE_START = re.compile(r"[#+\-=:]|\d+(?=[.)])")
# By its number: two of them before a bracket begin a formula for pandoc.
_BACKSLASH = "&#92;"
_BACKTICKS = re.compile(r"`+")
_INDENTED = re.compile(r"^(?: {4}| {0,3}\t)", re.M)
_DELIMITER = re.compile(r"^[ \t|:]*-[ \t|:-]*$", re.M)
_FENCES = re.compile(r"`+|~+")
# What acts outside code, apart from links: tags, and what pandoc would hand to TeX.
_ACTIVE = re.compile(r"\\(?P<escaped>.)?|<(?:(?P<web>https?://[^\s<>]*)>)?|\$", re.I | re.S)
# A rule, or else the beginning of metadata, which pandoc would swallow, or fail on.
_RULE = re.compile(r"-{3,}(?=[ \t]*$)")
_IMAGE = re.compile(rf"!\[(?![^\[\]]*\]\({PICTURE.pattern}\))")
# Where a link's target may begin, in a quotation too: behind "](" or, in a definition, "]:".
_TARGET = re.compile(r"\]([(:])(?=[\s<>]*([^\s)>]{0,200}))")
# A link whose target or title could hold the backtick that seems to begin a code span behind it.
_INTRICATE = re.compile(r"\]\((?![^\s()<>\"'`\\]*\))")
_LONE_TICK = re.compile(r"(?<!\\)((?:\\\\)*)`")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*:", re.I)
_ENTITY = re.compile(r"&#(?:x[0-9a-f]{1,6}|[0-9]{1,7});", re.I)
_CELL_END = re.compile(r"(?<!\\)\|")
_ESCAPE_OR_TICKS = re.compile(r"\\.|`+", re.S)


def prose(text: str) -> str:
    """Return markdown that shows exactly ``text``, which is on one line and not at its start."""
    return _INLINE.sub(_escaped, clean(text))


def _escaped(match: re.Match[str]) -> str:
    return _BACKSLASH if match[0] == "\\" else f"\\{match[0]}"


def prose_line(text: str) -> str:
    """Return markdown that shows exactly ``text``, which is a line."""
    escaped = prose(text.strip())
    start = _LINE_START.match(escaped)
    if start is None:
        return escaped
    at = start.end() if start[0].isdigit() else 0
    return f"{escaped[:at]}\\{escaped[at:]}"


def code_span(text: str) -> str:
    """Return ``text``, which is on one line, as a code span."""
    text = clean(text)
    ticks = "`" * (1 + _longest(_BACKTICKS, text))
    # Backticks at its ends would join the delimiters.
    inside = f" {text} " if text.startswith("`") or text.endswith("`") else text
    return f"{ticks}{inside}{ticks}"


def link(text: str, url: str) -> str:
    """Return a link on the web; nothing where ``url`` is no such address."""
    if not is_address(url):
        return ""
    target = quote(url, safe=":/?#@!&+,;=%-._~").replace("&", "&amp;")
    return f"[{prose(text)}](<{target}>)"


def fence_of(text: str) -> str:
    """Return a fence that no line of ``text`` can close."""
    return "`" * max(3, 1 + _longest(_BACKTICKS, text))


def _longest(pattern: re.Pattern[str], text: str) -> int:
    return max(map(len, pattern.findall(text)), default=0)


def message(text: str) -> str:
    """Return the agent's markdown as markdown that is safe to pass on.

    Tags are shown instead of acting, images become links, a link that leads to a program or into
    the machine becomes text, and a fence that was left open is closed.
    """
    lines = clean(text).split("\n")
    regions: dict[int, tuple[int, str]] = {}
    apart: set[int] = set()
    closing = ""
    depth = deepest = 0
    endless = False
    for token in MARKDOWN.parse("\n".join(lines)):
        if token.type.startswith(_CONTAINERS):
            depth += token.nesting
            deepest = max(deepest, depth)
        endless = endless or (token.type == "inline" and _is_endless(token.content))
        if token.map is None:
            continue
        first, end = token.map
        if token.level == 0 and token.type in ("fence", "code_block", "table_open"):
            # Pandoc may take it for something else without empty lines around it.
            apart |= {first, end}
        if token.type not in _REGIONS:
            continue
        # The cells of a table say the same lines as their row, which came before them.
        regions.setdefault(first, (end, token.type))
        if token.type == "fence" and token.level == 0 and _is_open(token):
            closing = f"\n{token.markup}"
    if deepest > _LEVELS or endless:
        whole = "\n".join(lines)
        fence = fence_of(whole)
        return f"{fence}markdown\n{whole}\n{fence}"
    return "\n".join(_defused(lines, regions, apart)) + closing


def message_bound(text: str) -> int:
    """Return how many bytes `message` of a cleaned text has at most."""
    longer = 3 * text.count("<") + 7 * text.count("&#") + text.count("$")
    longer += 4 * text.count("\\") + 2 * text.count("`")
    longer += 5 * sum(map(text.count, ("![", "](", "]:")))
    longer += len(_FENCES.findall(text)) + 2 * len(_INDENTED.findall(text))
    longer += 2 * len(_DELIMITER.findall(text)) + 2 * _longest(_FENCES, text)
    return len(text.encode()) + longer + len("```markdown\n\n```")


# LaTeX fails on lists in lists deeper than four levels, so such a message is shown as written.
_LEVELS = 4
# It takes nearly twice as long with each, and two seconds with 16.
_OPEN_BRACKETS = 8
_BRACKET = re.compile(r"(?<!\\)[\[\]]")
_CONTAINERS = ("bullet_list", "ordered_list", "blockquote")
_REGIONS = ("fence", "code_block", "tr_open", "inline", "hr")


def _is_endless(text: str) -> bool:
    """Whether brackets are open in brackets so deep that pandoc would take minutes over them."""
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1)
        if depth > _OPEN_BRACKETS:
            return True
    return False


def _is_open(fence: Token) -> bool:
    """Whether a fence goes on to the end of the text; a closed one has one line more."""
    first, end = fence.map or (0, 0)
    content = fence.content.removesuffix("\n")
    return end - first < 2 + (content.count("\n") + 1 if fence.content else 0)


def _defused(
    lines: list[str], regions: dict[int, tuple[int, str]], apart: set[int]
) -> Iterator[str]:
    n = 0
    while n < len(lines):
        if n in apart and n and lines[n - 1].strip() and lines[n].strip():
            yield ""
        end, kind = regions.get(n, (n, ""))
        if kind == "inline":
            yield _with_code("\n".join(lines[n:end]))
        elif kind == "tr_open":
            yield "|".join(map(_with_code, _CELL_END.split(lines[n])))
        elif kind == "fence":
            # Pandoc passes ```{=latex} on as it is.
            yield _inert(lines[n].replace("{", "").replace("}", ""))
            yield from lines[n + 1 : end]
        elif kind == "hr":
            yield _RULE.sub("***", lines[n])
        elif kind == "code_block":
            yield from lines[n:end]
        else:
            # Definitions of links, which may go over several lines, and what separates blocks.
            end = next((m for m in range(n + 1, len(lines)) if m in regions), len(lines))
            between = "\n".join(lines[n:end])
            yield _inert(between)
            if _TARGET.sub(_safe_target, between) != between:
                # What is no definition any more must not become part of the next block.
                yield ""
        n = end


def _with_code(text: str) -> str:
    """Return a text made inert, except for its code spans."""
    runs: dict[int, list[int]] = {}
    for run in _BACKTICKS.finditer(text):
        runs.setdefault(len(run[0]), []).append(run.start())
    intricate = _INTRICATE.search(text)
    doubtful = intricate.start() if intricate else len(text)
    pieces = []
    start = position = 0
    while opening := _ESCAPE_OR_TICKS.search(text, position):
        position = opening.end()
        if opening[0].startswith("\\"):
            continue
        length = len(opening[0])
        same = runs.get(length, [])
        closer = bisect_left(same, position)
        if closer < len(same):
            end = same[closer] + length
            code = text[opening.start() : end]
            pieces.append(_around(text[start : opening.start()], start))
            # On a line of its own a tag would end the paragraph, and the code with it.
            certain = "\n" not in code and opening.start() < doubtful
            pieces.append(code if certain else code.replace("<", "&lt;"))
            start = position = end
    return "".join((*pieces, _around(text[start:], start)))


def _around(text: str, start: int) -> str:
    """Return the text before or behind code spans, where no backtick is that of a span."""
    # Pandoc would pass `code`{=latex} on as it is, and pairs backticks in its own way.
    text = f"\\{text}" if start and text.startswith("{") else text
    return _inert(_LONE_TICK.sub(r"\1\\`", text))


def _inert(text: str) -> str:
    """Return markdown that is no code without what acts when a reader trusts it."""
    text = _ENTITY.sub(_safe_entity, text)
    text = _TARGET.sub(_safe_target, text)
    text = _IMAGE.sub("&#33;[", text)
    return _ACTIVE.sub(_safe, text)


def _safe_target(match: re.Match[str]) -> str:
    target = re.sub(r"[\\\s\x00-\x20]", "", html.unescape(match[2]))
    if not _SCHEME.match(target) or WEB.match(target) or PICTURE.match(target):
        return match[0]
    return f"]&#{ord(match[1])};"


def _safe(match: re.Match[str]) -> str:
    first, escaped = match[0][0], match["escaped"]
    if first == "$":
        return "\\$"
    if first == "<":
        return match["web"] or "&lt;"
    if escaped is None or escaped == "\n" or (escaped != "\\" and _PUNCTUATION.match(escaped)):
        return match[0]
    # The backslash is one that is shown; before letters TeX would obey it.
    return _BACKSLASH + escaped.replace("\\", "")


def _safe_entity(match: re.Match[str]) -> str:
    named = html.unescape(match[0])
    harmless = clean(named)
    return match[0] if harmless == named else prose(harmless)
