"""Text from the agent, made safe to show: the one place where it becomes HTML.

The agent's text is hostile: a web page it read may have written it. `plain_html` is for text,
`markdown_html` for messages; nothing else in this package may turn the agent's words into markup.
Markdown passes two fences: a parser that knows no raw HTML, and a sanitiser that lets through
only the few tags, links and styles named here. This file knows nothing of turns.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import accumulate

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from codex_notebook.core.plain import clean


def plain_html(text: str) -> str:
    """Return HTML that shows exactly ``text``, for element content and quoted attributes alike."""
    return html.escape(clean(text))


# The only styles that the sanitiser admits, each on its own tag; an agent can name none of them,
# because its markdown cannot carry a style. No fixed background: pages are light and dark.
FRAME = "rgba(128,128,128,.35)"
PRE_STYLE = (
    "margin:.35em 0;padding:.5em .7em;border-radius:6px;background:rgba(128,128,128,.1);"
    # Said outright, and twice: nbconvert's pages have <pre> inherit the font of prose, and a lone
    # `monospace` makes browsers count sizes from 13 pixels.
    "font-family:monospace,monospace;font-size:.9em;line-height:1.45;"
    "white-space:pre-wrap;overflow-wrap:break-word;max-height:24em;overflow:auto"
)
CODE_STYLE = "padding:0 .25em;border-radius:4px;background:rgba(128,128,128,.16)"
_TABLE_STYLE = "border-collapse:collapse;margin:.5em 0"
_CELL = f"border:1px solid {FRAME};padding:.2em .6em;text-align:"
_CELL_STYLES = {side: _CELL + side for side in ("left", "center", "right")}
_QUOTE_STYLE = f"margin:.5em 0;padding-left:.8em;border-left:3px solid {FRAME}"
# The browser's own blue cannot be read on black.
_LINK_STYLE = "color:inherit;text-decoration:underline"
_LINK_REL = "noopener noreferrer nofollow"
_HEADING_STYLES = {
    "h5": "margin:.8em 0 .3em;font-size:1.1em",
    "h6": "margin:.8em 0 .3em;font-size:1em",
}

WEB = re.compile(r"(?:https?://|mailto:)", re.I)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("a", "href"):
        return value if WEB.match(value) else None
    if (tag, name) == ("img", "src"):
        return value if PICTURE.fullmatch(value) else None
    return value


_SANITISER = nh3.Cleaner(
    tags={
        *("p", "br", "hr", "h5", "h6", "em", "strong", "s", "a", "img", "code", "pre"),
        *("blockquote", "ol", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
    },
    # Without the first, titles of their links would pass: words that come up under the pointer.
    attributes={"*": set(), "a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}},
    tag_attribute_values={
        "code": {"style": {CODE_STYLE}},
        "td": {"style": set(_CELL_STYLES.values())},
        "th": {"style": set(_CELL_STYLES.values())},
    },
    set_tag_attribute_values={
        "a": {"style": _LINK_STYLE, "target": "_blank"},
        "blockquote": {"style": _QUOTE_STYLE},
        "img": {"style": "max-width:100%"},
        "p": {"style": "margin:.5em 0"},
        "pre": {"style": PRE_STYLE},
        "table": {"style": _TABLE_STYLE},
        **{tag: {"style": style} for tag, style in _HEADING_STYLES.items()},
    },
    attribute_filter=_attribute,
    url_schemes={"http", "https", "mailto", "data"},
    url_relative="deny",
    link_rel=_LINK_REL,
)


# Longer ones lead nobody anywhere, and would take the room of what can be read.
_LONGEST_LINK = 500
_ADDRESS = re.compile(r"https?://[!-~\u00a1-\ud7ff\uf900-\ufffc]+", re.I)


def is_address(url: str) -> bool:
    """Whether ``url`` is one of the web that a title may link to."""
    return len(url) <= _LONGEST_LINK and clean(url) == url and bool(_ADDRESS.fullmatch(url))


def link_html(text: str, url: str) -> str:
    """Return a link on the web; nothing where ``url`` is no such address."""
    if not is_address(url):
        return ""
    return (
        f'<a href="{plain_html(url)}" style="{_LINK_STYLE}" target="_blank" '
        f'rel="{_LINK_REL}">{plain_html(text)}</a>'
    )


# So many levels of quotations and lists (a list has two) are read as such. What is deeper the
# parser would drop without a word, and a deeper parser takes too long over "[[[[[".
_LEVELS = 20


class _Markdown(MarkdownIt):
    """CommonMark with tables and ~~strikethrough~~, without raw HTML."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "maxNesting": _LEVELS})
        self.enable(["table", "strikethrough"])

    def validateLink(self, url: str) -> bool:  # noqa: N802 (the parser's name)
        """Accept every target: `_inline` shows those that may not be links as text."""
        return True


MARKDOWN = _Markdown()


def markdown_html(text: str, room: int) -> tuple[str, int]:
    """Return the agent's markdown as safe HTML, as much of it as there is room for.

    Parameters
    ----------
    text : str
        The markdown. Raw HTML in it is shown as text, images other than embedded ones as links,
        and headings become small ones, which do not enter the notebook's table of contents.
    room : int
        How many bytes of UTF-8 the HTML may have.

    Returns
    -------
    tuple of str and int
        Balanced HTML of whole blocks from the beginning (the last of them as plain text, if it is
        too long), and how many characters of ``text`` are not in it.
    """
    # A character of text is a byte of HTML at least; what is further back has no chance.
    source, beyond = clean(text[:room]), max(0, len(text) - room)
    environment: dict[str, object] = {}
    tokens = _styled(MARKDOWN.parse(source, environment))
    if any(token.level >= _LEVELS - 2 for token in tokens):
        piece, used = _cut(source, room)
        return piece, len(source) - used + beyond
    if not beyond:
        whole = _rendered(tokens, environment)
        if _size(whole) <= room:
            return whole, 0
    ends = [0, *accumulate(len(line) + 1 for line in source.split("\n"))]
    pieces: list[str] = []
    shown = 0
    for block in _blocks(tokens):
        piece = _rendered(block, environment)
        first, end = block[0].map or (0, 0)
        shown = min(len(source), ends[end])
        if _size(piece) > room:
            piece, used = _cut(source[ends[first] : ends[end]], room)
            shown = ends[first] + used
        pieces.append(piece)
        room -= _size(piece)
        if shown < ends[end] - 1:
            break
    return "".join(pieces), len(source) - shown + beyond


def _rendered(tokens: list[Token], environment: dict[str, object]) -> str:
    # Cleaned once more, because markdown's numeric entities name characters, bidi ones too.
    return clean(_SANITISER.clean(MARKDOWN.renderer.render(tokens, MARKDOWN.options, environment)))


def _size(text: str) -> int:
    return len(text.encode())


def _cut(text: str, room: int) -> tuple[str, int]:
    opening, closing = f'<pre style="{PRE_STYLE}">', "</pre>"
    room -= len(opening) + len(closing)
    text = text[: max(0, room)]
    while text and (size := _size(html.escape(text))) > room:
        text = text[: len(text) * room // size]
    return (f"{opening}{html.escape(text)}{closing}", len(text)) if text else ("", 0)


def _blocks(tokens: list[Token]) -> Iterator[list[Token]]:
    start = depth = 0
    for position, token in enumerate(tokens, start=1):
        depth += token.nesting
        if depth == 0:
            yield tokens[start:position]
            start = position


def _styled(tokens: list[Token]) -> list[Token]:
    for token in tokens:
        if token.tag in ("td", "th") and token.nesting == 1:
            side = str(token.attrs.get("style", "")).partition(":")[2]
            token.attrs = {"style": _CELL_STYLES.get(side, _CELL_STYLES["left"])}
        elif token.type in ("heading_open", "heading_close"):
            token.tag = "h5" if token.tag in ("h1", "h2") else "h6"
        elif token.children:
            token.children = list(_inline(token.children))
    return tokens


def _inline(tokens: list[Token]) -> Iterator[Token]:
    target = ""
    linked = False
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrs.get("href", ""))
            linked = WEB.match(target) is not None
            if linked:
                yield token
        elif token.type == "link_close":
            if linked:
                yield token
            elif target:
                # A file's path, mostly: worth reading, even where it cannot be followed.
                yield from (_text(" ("), _code(target), _text(")"))
            linked, target = False, ""
        elif token.type == "image" and not PICTURE.fullmatch(str(token.attrs.get("src", ""))):
            yield from _pictureless(token, linkable=not linked)
        elif token.type == "code_inline":
            yield _code(token.content)
        else:
            yield token


def _pictureless(token: Token, *, linkable: bool) -> Iterator[Token]:
    """Yield a link in place of an image from elsewhere, which would tell who reads it, and when."""
    target = str(token.attrs.get("src", ""))
    words = _text(f"[image: {token.content or target}]")
    if linkable and WEB.match(target):
        yield Token("link_open", "a", 1, attrs={"href": target})
        yield words
        yield Token("link_close", "a", -1)
    else:
        yield words


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _code(content: str) -> Token:
    return Token("code_inline", "code", 0, content=content, attrs={"style": CODE_STYLE})
