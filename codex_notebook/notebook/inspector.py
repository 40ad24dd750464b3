"""The inspector: a widget that lists a thread's turns and sends what it is asked for of each.

Panel -> kernel: ``hello``; ``turns`` (read them again); ``close``; with a number ``ref`` ``turn``,
``markdown`` and ``fork`` with the ``key`` of a turn, and ``search`` with ``text``; to a turn that
runs whatever its own panel sends, with its ``key``.
Kernel -> panel: ``turns``, the list as it is now; ``reply`` with ``ref``, ``error`` and what was
asked for; of a turn that runs whatever its own panel gets, with its ``key``. A message may arrive
on any thread, so a handler only hops to the loop of the turns. Knows turns by the small `Library`
protocol, not the client.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from codex_notebook.core.contents import copied, summary, words_of
from codex_notebook.core.state import TurnState
from codex_notebook.core.view import view
from codex_notebook.errors import CodexError
from codex_notebook.notebook.chapters import Chapter, Library
from codex_notebook.notebook.controls import Controls, obey
from codex_notebook.notebook.pacing import Message, Pacer
from codex_notebook.notebook.panel import Panel
from codex_notebook.notebook.program import PROGRAM, Program

log = logging.getLogger(__name__)

# What is asked of the list, and not of a turn that runs.
_ASKED = ("turn", "markdown", "fork", "search")


class InspectorWidget(Panel):
    """A list of turns, and the one that was chosen.

    Parameters
    ----------
    library : Library
        The turns.
    loop : asyncio.AbstractEventLoop
        The loop on which the library is used.
    program : Program
        What draws it.
    """

    def __init__(
        self, library: Library, loop: asyncio.AbstractEventLoop, program: Program = PROGRAM
    ) -> None:
        self._library = library
        self._loop = loop
        self._followed: dict[str, tuple[Controls, Pacer]] = {}
        # By key, and of which state: neither is made twice of a turn that does not change.
        self._facts: dict[str, tuple[TurnState, dict[str, Any]]] = {}
        self._words: dict[str, tuple[TurnState, str]] = {}
        self._work: set[asyncio.Task[None]] = set()
        super().__init__(program, face="inspector")

    def tell(self) -> None:
        """Send the list as it is now; call on the loop."""
        turns = [
            {
                "key": chapter.key,
                "live": chapter.running is not None,
                "forks": chapter.forks,
                **self._summary(chapter),
            }
            for chapter in self._library.chapters
        ]
        self.send({"op": "turns", **self._library.about, "turns": turns})

    def close(self) -> None:
        """Stop following turns, and let the front end forget this widget."""
        # A widget that is collected is closed once more, when its loop may be gone.
        if self.comm is not None:
            for turn, pacer in self._followed.values():
                turn.unlisten(pacer.update)
                self._loop.call_soon_threadsafe(pacer.stop)
        super().close()

    def _heard(self, message: Message) -> None:
        self._loop.call_soon_threadsafe(self._do, message)

    def _do(self, message: Message) -> None:
        op, ref = message.get("op"), message.get("ref")
        turn, pacer = self._followed.get(str(message.get("key")), (None, None))
        if op == "hello":
            self.tell()
        elif op == "turns":
            self._library.read()
        elif op == "close":
            self._library.leave()
        elif op in _ASKED and type(ref) is int:
            self._begin(self._answer(op, message, ref))
        elif turn is None or pacer is None:
            log.warning("An inspector sent a malformed message: op %.40r", op)
        elif op == "resync":
            pacer.resend()
        elif op == "interrupt":
            turn.request_interrupt()
        else:
            self._begin(self._obey(turn, message))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        # Held here, because a loop holds its tasks but weakly.
        task = self._loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _obey(self, turn: Controls, message: Message) -> None:
        error = await obey(turn, message)
        answered = {name: message.get(name) for name in ("key", "ref")}
        self.send({"op": "reply", **answered, "error": error})

    async def _answer(self, op: str, message: Message, ref: int) -> None:
        try:
            answer = await self._answered(op, message)
        except CodexError as error:
            self.send({"op": "reply", "ref": ref, "error": str(error)})
        except Exception as fault:
            log.exception("An inspector could not do what it was asked for")
            said = f"This did not work: {type(fault).__name__}: {fault}"
            self.send({"op": "reply", "ref": ref, "error": said})
        else:
            self.send({"op": "reply", "ref": ref, "error": None, **answer})

    async def _answered(self, op: str, message: Message) -> dict[str, Any]:
        if op == "search":
            return await asyncio.to_thread(self._search, str(message.get("text")))
        key = str(message.get("key"))
        chapter = next((c for c in self._library.chapters if c.key == key), None)
        if chapter is None:
            raise CodexError("This turn is not in the list any more.")
        if op == "fork":
            await self._library.fork(key)
            return {}
        if op == "markdown":
            return {"text": await asyncio.to_thread(copied, chapter.state)}
        if chapter.running is not None:
            return self._follow(chapter.key, chapter.running)
        # Beside the loop, on which all turns run: it may be megabytes.
        shown = await asyncio.to_thread(lambda: view(chapter.state).to_json())
        return {"seq": 1, "at": time.time(), "view": shown}

    def _follow(self, key: str, turn: Controls) -> dict[str, Any]:
        """Send what changes in a running turn from now on; return it as it is."""
        if key not in self._followed:
            pacer = Pacer(turn.state, lambda message: self.send({**message, "key": key}))
            self._followed[key] = (turn, pacer)
            turn.listen(pacer.update)
            pacer.update(turn.state)
        pacer = self._followed[key][1]
        pacer.flush()
        return pacer.snapshot()

    def _search(self, text: str) -> dict[str, Any]:
        """Return the keys of the turns that have all words of a text."""
        wanted = text.lower().split()
        found = []
        for chapter in self._library.chapters:
            state, words = self._words.get(chapter.key, (None, ""))
            if state is not chapter.state:
                words = words_of(chapter.state)
                self._words[chapter.key] = (chapter.state, words)
            if all(word in words for word in wanted):
                found.append(chapter.key)
        return {"keys": found}

    def _summary(self, chapter: Chapter) -> dict[str, Any]:
        state, facts = self._facts.get(chapter.key, (None, {}))
        if state is not chapter.state:
            facts = summary(chapter.state)
            self._facts[chapter.key] = (chapter.state, facts)
        return facts
