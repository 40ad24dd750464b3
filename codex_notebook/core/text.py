"""Text that grows: an immutable value to which appending costs the length of what is appended.

A plain ``str`` costs its whole length at each append, so a message of 100,000 deltas would be
copied 100,000 times. Here all versions of a growing text share one list of pieces, and each
version knows how many of them are its own; nothing a version shows ever changes.
"""

from __future__ import annotations


class Text:
    """An immutable text with cheap `append` and a cheap answer to "what came since then?"."""

    __slots__ = ("_count", "_pieces")

    def __init__(self, start: str = "") -> None:
        self._pieces = [start] if start else []
        self._count = len(self._pieces)

    def append(self, more: str) -> Text:
        """Return this text with ``more`` behind it."""
        if not more:
            return self
        # Only the newest version may extend the shared list; an older one starts its own.
        newest = self._count == len(self._pieces)
        longer = Text.__new__(Text)
        longer._pieces = self._pieces if newest else self._pieces[: self._count]
        longer._pieces.append(more)
        longer._count = self._count + 1
        return longer

    def since(self, earlier: Text) -> str | None:
        """Return what was appended to ``earlier`` to get this, or None if it is another text."""
        if earlier._count == 0:
            return str(self)
        if earlier._pieces is not self._pieces or earlier._count > self._count:
            return None
        return "".join(self._pieces[earlier._count : self._count])

    def __str__(self) -> str:
        return "".join(self._pieces[: self._count])

    def __repr__(self) -> str:
        return f"Text({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Text):
            same = self._pieces is other._pieces and self._count == other._count
            return same or str(self) == str(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))
