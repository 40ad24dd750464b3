"""What the cells of a benchmark run: turns that say what we want, shown in one of three ways.

A page cannot know when something was said, so each leaves the times in a file when it is done.
"""

from __future__ import annotations

import asyncio
import html
import time
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import HTML, display

from benchmarks import spoken_turn
from benchmarks.spoken_turn import Stream, Times, begin, new_turn
from codex_notebook.client.loop import io_loop
from codex_notebook.client.running import RunningTurn
from codex_notebook.core.events import Event
from codex_notebook.core.state import TurnState
from codex_notebook.notebook.widget import TurnPanel

# How often a second a display is updated that is sent whole each time.
UPDATES = 16
_PATIENCE = 60.0

# Shows a turn that has not begun, and goes on when a page has it.
Way = Callable[[RunningTurn], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def panel(running: RunningTurn) -> AsyncGenerator[None]:
    """Show a turn in our panel."""
    await _display(TurnPanel(running, io_loop()))
    yield


class SyncedText(anywidget.AnyWidget):
    """The shortest widget that shows a growing text: a trait, sent whole with each change."""

    _esm = """
    export default {
      render({ model, el }) {
        const pre = document.createElement("pre");
        pre.style.cssText = "max-height: 30em; overflow: auto";
        el.append(pre);
        const show = () => {
          pre.textContent = model.get("text");
          pre.scrollTop = pre.scrollHeight;
        };
        model.on("change:text", show);
        show();
        model.send("here");
      },
    };
    """
    text = traitlets.Unicode("").tag(sync=True)


@asynccontextmanager
async def trait(running: RunningTurn) -> AsyncGenerator[None]:
    """Show its text as a synced trait that is set with each delta."""
    widget = SyncedText()
    await _display(widget)

    def update(state: TurnState) -> None:
        widget.text = _text(state)

    running.listen(update)
    yield


@asynccontextmanager
async def updated_display(running: RunningTurn) -> AsyncGenerator[None]:
    """Show its text as HTML that is displayed anew `UPDATES` times a second."""
    handle = display(HTML("<pre></pre>"), display_id=True)

    def update() -> None:
        handle.update(HTML(f"<pre>{html.escape(_text(running.state))}</pre>"))

    async def update_again_and_again() -> None:
        while True:
            await asyncio.sleep(1 / UPDATES)
            update()

    updating = asyncio.create_task(update_again_and_again())
    yield
    updating.cancel()
    update()


async def stream(told: str, way: Way, **fields: Any) -> None:
    """Say a `Stream` of these fields."""
    times: Times = array("d")
    running = new_turn()
    async with way(running):
        await _say(running, Stream(**fields).deltas(times))
    _tell(told, times)


async def piece(told: str, length: int) -> None:
    """Say that much output of a command at once."""
    times: Times = array("d")
    running = new_turn()
    async with panel(running):
        await _say(running, spoken_turn.piece(length, times))
    _tell(told, times)


async def items(told: str, count: int) -> None:
    """Open a panel on a turn that has so many items; the time is that of opening it."""
    running = new_turn()
    await _say(running, spoken_turn.items(count))
    times: Times = array("d", [time.time()])
    async with panel(running):
        _tell(told, times)


async def _say(running: RunningTurn, events: AsyncIterator[Event]) -> None:
    """Let a turn say ``events``, and go on when it has.

    It does not end, for then a panel may fold what was said last before it was painted.
    """
    said, loop = asyncio.Event(), asyncio.get_running_loop()

    async def without_end() -> AsyncIterator[Event]:
        async for event in events:
            yield event
        loop.call_soon_threadsafe(said.set)
        await asyncio.Event().wait()

    begin(running, without_end())
    await said.wait()


async def _display(widget: anywidget.AnyWidget) -> None:
    """Display a widget whose front end sends something when it is there, and wait for that."""
    opened, loop = asyncio.Event(), asyncio.get_running_loop()
    # It may come on any thread.
    widget.on_msg(lambda *_: loop.call_soon_threadsafe(opened.set))
    display(widget)
    await asyncio.wait_for(opened.wait(), _PATIENCE)


def _text(state: TurnState) -> str:
    return "".join(str(text) for entry in state.entries for text in entry.streams.values())


def _tell(told: str, times: Times) -> None:
    file = Path(told)
    unfinished = file.with_suffix(".part")
    unfinished.write_bytes(times.tobytes())
    unfinished.rename(file)
