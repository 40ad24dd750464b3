"""What every panel is: a widget that is drawn by our program, and has one of its faces.

Answers a page that lacks the program. What is shown, and all other messages, are the business of
each kind of panel.
"""

from __future__ import annotations

import logging
from typing import Any

import anywidget
import traitlets
from IPython.core.getipython import get_ipython

from codex_notebook.notebook.program import PROGRAM, Program

log = logging.getLogger(__name__)

Message = dict[str, Any]


class Panel(anywidget.AnyWidget):
    """A widget that is drawn by our program.

    Parameters
    ----------
    program : Program
        What draws it.
    **traits
        As for any widget.
    """

    # As text: for a path, anywidget would have the file hold on to every panel there ever was.
    _esm = PROGRAM.loader

    # Which of the program's faces it has; each kind of panel has its own.
    face = traitlets.Unicode().tag(sync=True)
    program_id = traitlets.Unicode().tag(sync=True)
    # The program, in the panels that carry it.
    program = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)

    def __init__(self, program: Program = PROGRAM, **traits: Any) -> None:
        self._program = program
        # Without a kernel (marimo) nobody may hear a page that asks.
        asks = getattr(get_ipython(), "kernel", None) is not None
        super().__init__(program_id=program.id, program=program.luggage(asks=asks), **traits)
        self.on_msg(self._message)

    def close(self) -> None:
        """Let the front end forget this panel."""
        # A widget of its own that every widget brings, and that nobody else would close.
        self.layout.close()
        super().close()

    def _message(self, _: object, message: object, __: object) -> None:
        if not isinstance(message, dict):
            log.warning("A panel sent a %s, which is no message", type(message).__name__)
        elif message.get("op") == "program":
            self.send({"op": "program", **self._program.texts})
        else:
            self._heard(message)

    def _heard(self, message: Message) -> None:
        """Take a message from the front end; it may come on any thread."""
        raise NotImplementedError
