"""The panel: a widget that shows one turn and hands clicks on.

Frames go out as custom messages, which are appended to and never re-sent; what comes in are
``hello``, ``resync`` and the controls. A message may arrive on any thread, so a handler only hops
to the loop where the turn lives. Knows a turn by the small `Controls` protocol, not the client.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets

from codex_notebook.core.state import TurnState
from codex_notebook.notebook.envelope import without_parent
from codex_notebook.notebook.pacing import Message, Pacer

log = logging.getLogger(__name__)

_STATIC = Path(__file__).parent.parent / "static"


class Controls(Protocol):
    """What a panel needs of the turn that it shows."""

    @property
    def state(self) -> TurnState:
        """The newest state."""
        ...

    def listen(self, listener: Callable[[TurnState], None]) -> None:
        """Call ``listener`` with each new state, on the turn's loop."""
        ...

    def unlisten(self, listener: Callable[[TurnState], None]) -> None:
        """Stop calling ``listener``."""
        ...

    def request_interrupt(self) -> None:
        """Ask the turn to stop."""
        ...


class TurnPanel(anywidget.AnyWidget):
    """A live view of one turn.

    Parameters
    ----------
    turn : Controls
        The turn to show.
    loop : asyncio.AbstractEventLoop
        The loop on which it tells of new states.
    """

    # As text: for a path, anywidget would have the file hold on to every panel there ever was.
    _esm = (_STATIC / "widget.js").read_text(encoding="utf-8")
    _css = (_STATIC / "widget.css").read_text(encoding="utf-8")

    # Computed when it is asked for (see `get_state`): a trait that followed the turn would send
    # the whole of it again with every delta.
    snapshot = traitlets.Unicode("").tag(sync=True)

    def __init__(self, turn: Controls, loop: asyncio.AbstractEventLoop) -> None:
        # Before the widget opens its channel, because that asks for the snapshot.
        self._turn = turn
        self._loop = loop
        self._pacer = Pacer(turn.state, without_parent(self.send))
        self._hellos = 0
        super().__init__()
        self.on_msg(self._heard)
        turn.listen(self._pacer.update)
        # What came between reading the state and listening.
        loop.call_soon_threadsafe(lambda: self._pacer.update(turn.state))

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the traits to send; the snapshot as it is now."""
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        if "snapshot" in state:
            state["snapshot"] = json.dumps(self._pacer.snapshot(), ensure_ascii=False)
        return state

    @property
    def reopened(self) -> bool:
        """Whether more than one page has shown this panel, as after a reload."""
        return self._hellos > 1

    def close(self) -> None:
        """Stop following the turn, and let the front end forget this panel."""
        self._turn.unlisten(self._pacer.update)
        # A widget of its own that every widget brings, and that nobody else would close.
        self.layout.close()
        super().close()

    def _heard(self, _: object, message: Message, __: object) -> None:
        if isinstance(message, dict):
            self._loop.call_soon_threadsafe(self._do, message.get("op"))

    def _do(self, op: object) -> None:
        if op in ("hello", "resync"):
            self._hellos += op == "hello"
            self._pacer.resend()
        elif op == "interrupt":
            self._turn.request_interrupt()
        else:
            log.warning("A panel sent a message that is not known: %r", op)
