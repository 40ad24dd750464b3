"""Text from anywhere, made safe to read as text: `clean`; and to decide about: `exact`.

Apart from `markup`, so that who only cleans text does not load the parsers of markdown and HTML.
"""

from __future__ import annotations

import re
import unicodedata

# Escape sequences as a terminal reads them, then whatever control characters are left. The bodies
# exclude every introducer, so that a flood of unfinished sequences is still read in linear time.
_UNSAFE = re.compile(
    r"\r\n?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])"
    r"(?:[^\x07\n\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c))?"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u202a-\u202e\u2066-\u2069]"
    r"|[\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Return ``text`` without what acts instead of being read; its lines stay its lines.

    Terminal sequences and control characters go, characters that reorder what the reader sees are
    named (``[U+202E]``), half a surrogate pair becomes U+FFFD, carriage returns become newlines.
    """
    return _UNSAFE.sub(_harmless, text)


def _harmless(match: re.Match[str]) -> str:
    first = match[0][0]
    if first == "\r":
        return "\n"
    if first < "\u202a":
        return ""
    return "\ufffd" if first >= "\ud800" else f"[U+{ord(first):04X}]"


# Invisible, though their category says letter or mark.
_BLANK = frozenset("\u034f\u115f\u1160\u3164\uffa0\u2028\u2029")


def exact(text: str) -> str:
    """Return ``text`` with all of it visible, for somebody who decides about it.

    What cannot be seen, or would act, is written out (``⟨U+200B⟩``), where `clean` may leave it
    out: of a command that is to run, nothing may be hidden. Newlines and tabs stay.
    """
    return "".join(map(_written_out, text.replace("\r\n", "\n")))


def _written_out(character: str) -> str:
    if character in "\n\t":
        return character
    hidden = character in _BLANK or unicodedata.category(character).startswith("C")
    return f"⟨U+{ord(character):04X}⟩" if hidden else character
