"""The panel's program: what draws it in the browser, and which panels have to bring it along.

It is too long to travel with every panel, so the first one of a kernel carries it and the page
keeps it; a page that does not have it asks. What every panel brings is a loader. Knows files and
who has what; no widget and no channel.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

_STATIC = Path(__file__).parent.parent / "static"


class Program:
    """The program of this process's panels.

    Attributes
    ----------
    loader : str
        The module that every panel brings along: takes the program from wherever it is.
    id : str
        Tells the program from those of other versions, whose kernels may be on the same page.
    texts : dict of str to str
        The program itself: ``js`` and ``css``.
    """

    def __init__(self, folder: Path = _STATIC) -> None:
        def text(name: str) -> str:
            return (folder / name).read_text(encoding="utf-8")

        self.loader = text("loader.js")
        self.texts = {"js": text("widget.js"), "css": text("widget.css")}
        self.id = hashlib.sha256("\0".join(self.texts.values()).encode()).hexdigest()[:12]
        self._carried = False

    def luggage(self, *, asks: bool) -> dict[str, str] | None:
        """Return what a new panel has to bring along: the program's texts, or None for nothing.

        Parameters
        ----------
        asks : bool
            Whether a page that lacks it can ask for it. If not, each panel has to bring it.
        """
        if asks and self._carried:
            return None
        self._carried = True
        return self.texts


PROGRAM = Program()
