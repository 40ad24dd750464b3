"""The record of a turn: what stays in the notebook when the panel is gone.

Pure functions of a `TurnState`, finished or not, in three formats: plain text for terminals,
markdown, and HTML that needs no script, no style sheet and no kernel. All of them say the same
(``record_content``), hold a limit of size exactly (``record_room``), and treat the agent's text
as hostile (``markup``, ``markdown``). The prompt is not repeated: it is in the cell.
"""

from __future__ import annotations

from codex_notebook.core.record_content import describe
from codex_notebook.core.record_html import HtmlFormat
from codex_notebook.core.record_markdown import MarkdownFormat
from codex_notebook.core.record_room import compose, size
from codex_notebook.core.record_text import TextFormat
from codex_notebook.core.state import TurnState

MAX_BYTES = 64 * 1024
"""What a turn may add to a notebook file, if nobody asks for more or less."""

MIN_BYTES = 16 * 1024
"""The smallest limit: below it there would be no room for what must be said."""


def text_record(state: TurnState, *, limit: int = MAX_BYTES) -> str:
    """Return the record of a turn as plain text, without escape sequences.

    Parameters
    ----------
    state : TurnState
        The turn; it may still be running.
    limit : int
        How many bytes of UTF-8 it may have, `MIN_BYTES` at least.

    Raises
    ------
    ValueError
        If the limit is too small.
    """
    return compose(describe(state), TextFormat(), _checked(limit))


def markdown_record(state: TurnState, *, limit: int = MAX_BYTES) -> str:
    """Return the record of a turn as markdown without HTML; see `text_record`."""
    return compose(describe(state), MarkdownFormat(), _checked(limit))


def html_record(state: TurnState, *, limit: int = MAX_BYTES) -> str:
    """Return the record of a turn as HTML, inline styles and ``<details>`` only.

    See `text_record` for the parameters. It reads well on light and dark pages, and where a
    sanitiser or a site drops the styles.
    """
    return compose(describe(state), HtmlFormat(), _checked(limit))


def mime_bundle(state: TurnState, *, limit: int = MAX_BYTES) -> dict[str, str]:
    """Return the record of a turn as the data of a notebook's output.

    Parameters
    ----------
    state : TurnState
        The turn; it may still be running.
    limit : int
        How many bytes of UTF-8 all formats together may have, `MIN_BYTES` at least.

    Returns
    -------
    dict of str to str
        ``text/plain``, ``text/markdown`` and ``text/html``.

    Raises
    ------
    ValueError
        If the limit is too small.
    """
    record, room = describe(state), _checked(limit)
    # Notebooks show the HTML, so it has all the room that the others leave.
    text = compose(record, TextFormat(), limit // 8)
    markdown = compose(record, MarkdownFormat(), limit // 4)
    page = compose(record, HtmlFormat(), room - size(text) - size(markdown))
    return {"text/plain": text, "text/markdown": markdown, "text/html": page}


def _checked(limit: int) -> int:
    if limit < MIN_BYTES:
        raise ValueError(f"A record needs at least {MIN_BYTES:,} bytes, not {limit:,}.")
    return limit
