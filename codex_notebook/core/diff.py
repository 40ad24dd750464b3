"""The difference of two contents of a file, as text.

Knows bytes and lines; not files.
"""

from __future__ import annotations

import difflib


def unified(before: bytes, after: bytes) -> str:
    """Return the unified diff of two texts, without file headers."""
    lines = difflib.unified_diff(_lines(before), _lines(after), n=3, lineterm="")
    return "\n".join(line for number, line in enumerate(lines) if number > 1)


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "replace")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    elif text:
        # As git says it, so that a change of the last newline shows.
        lines[-1] += "\n\\ No newline at end of file"
    return lines
