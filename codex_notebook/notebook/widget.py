"""The panel of a turn: a widget that shows one turn and hands on what is done to it.

Frames go out as custom messages, which are appended to and never re-sent; what comes in are
``hello``, ``resync`` and the controls. A message may arrive on any thread, so a handler only hops
to the loop where the turn lives. Knows a turn by the small `Controls` protocol, not the client.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import traitlets

from codex_notebook.notebook.controls import Controls, obey
from codex_notebook.notebook.envelope import without_parent
from codex_notebook.notebook.pacing import Message, Pacer
from codex_notebook.notebook.panel import Panel
from codex_notebook.notebook.program import PROGRAM, Program


class TurnPanel(Panel):
    """A live view of one turn.

    Parameters
    ----------
    turn : Controls
        The turn to show.
    loop : asyncio.AbstractEventLoop
        The loop on which it tells of new states.
    program : Program
        What draws it.
    """

    # Computed when it is asked for (see `get_state`): a trait that followed the turn would send
    # the whole of it again with every delta.
    snapshot = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, turn: Controls, loop: asyncio.AbstractEventLoop, program: Program = PROGRAM
    ) -> None:
        # Before the widget opens its channel, because that asks for the snapshot.
        self._turn = turn
        self._loop = loop
        self._pacer = Pacer(turn.state, without_parent(self.send))
        self._hellos = 0
        self._greeting: Future[None] = Future()
        # Held here, because a loop holds its tasks but weakly.
        self._commands: set[asyncio.Task[None]] = set()
        super().__init__(program, face="turn")
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
    def greeted(self) -> bool:
        """Whether a page that shows this panel has said hello, so that somebody can click."""
        return self._greeting.done()

    def when_greeted(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` on the turn's loop at the first hello, or at once if it has come."""
        self._greeting.add_done_callback(lambda _: callback())

    @property
    def reopened(self) -> bool:
        """Whether more than one page has shown this panel, as after a reload."""
        return self._hellos > 1

    def close(self) -> None:
        """Stop following the turn, and let the front end forget this panel."""
        # A widget that is collected is closed once more, when its loop may be gone.
        if self.comm is not None:
            self._turn.unlisten(self._pacer.update)
            self._loop.call_soon_threadsafe(self._pacer.stop)
        super().close()

    def _heard(self, message: Message) -> None:
        self._loop.call_soon_threadsafe(self._do, message)

    def _do(self, message: Message) -> None:
        op = message.get("op")
        if op == "hello":
            self._hellos += 1
            self._pacer.resend()
            if not self._greeting.done():
                self._greeting.set_result(None)
        elif op == "resync":
            self._pacer.resend()
        elif op == "interrupt":
            self._turn.request_interrupt()
        else:
            task = asyncio.create_task(self._obey(message))
            self._commands.add(task)
            task.add_done_callback(self._commands.discard)

    async def _obey(self, message: Message) -> None:
        error = await obey(self._turn, message)
        ref = message.get("ref")
        if type(ref) is int:
            self.send({"op": "reply", "ref": ref, "error": error})
