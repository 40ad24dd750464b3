"""What has come for a turn and has not been read yet, in order.

Notifications of the server, events of our own, the server's end, and marks that say how far the
reading is. Knows their order; not what they mean. Used on our own loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from codex_notebook.core.events import BaseEvent
from codex_notebook.errors import CodexError

# A notification, an event of our own, the server's end, or a mark.
Entry = tuple[str, Mapping[str, Any], float] | BaseEvent | CodexError | asyncio.Future[None]


class Inbox(asyncio.Queue[Entry]):
    """A queue of entries."""

    async def caught_up(self) -> None:
        """Wait until all that has come so far has been read."""
        mark: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.put_nowait(mark)
        await mark

    def own_events(self) -> Iterator[BaseEvent]:
        """Yield the events of our own that nobody has read, and let go of all marks."""
        kept: list[Entry] = []
        while not self.empty():
            entry = self.get_nowait()
            if isinstance(entry, asyncio.Future):
                reach(entry)
            elif isinstance(entry, BaseEvent):
                yield entry
            else:
                kept.append(entry)
        for entry in kept:
            self.put_nowait(entry)


def reach(mark: asyncio.Future[None]) -> None:
    """Say that a mark has been read; nobody may wait for it any more."""
    if not mark.done():
        mark.set_result(None)
