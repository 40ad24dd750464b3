"""What the sub-agents of a turn do, as far as the turn above them must know it.

They work in threads of their own. Knows which of their turns run, and which changes of files they
are about to make; who answers what they ask is in ``switchboard``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.stopping import HURRY_GRACE
from codex_notebook.core.items import Item
from codex_notebook.core.protocol_items import item_of
from codex_notebook.errors import CodexError

Params = Mapping[str, Any]


class Beneath:
    """The sub-agents of one turn. Used on our own loop."""

    def __init__(self) -> None:
        # For each of their threads the turn that runs, in the protocol's words.
        self._turns: dict[str, dict[str, str]] = {}
        self._items: dict[str, Item] = {}

    def heard(self, method: str, params: Params) -> None:
        """Take what the server says of one of their threads."""
        thread_id = str(params.get("threadId"))
        turn, raw = params.get("turn"), params.get("item")
        if method == "turn/started" and isinstance(turn, Mapping):
            self._turns[thread_id] = {"threadId": thread_id, "turnId": str(turn.get("id"))}
        elif method == "turn/completed":
            self._turns.pop(thread_id, None)
        elif method == "item/started":
            item = item_of(raw, completed=False)
            self._items[item.id] = item
        elif method == "item/completed" and isinstance(raw, Mapping):
            self._items.pop(str(raw.get("id")), None)

    def item(self, item_id: object) -> Item | None:
        """Return an item of theirs that has begun and not ended."""
        return self._items.get(item_id) if isinstance(item_id, str) else None

    async def stop(self, server: AppServer) -> None:
        """End their turns and the commands of these."""
        for turn in [*self._turns.values()]:
            with contextlib.suppress(CodexError):
                await server.request("turn/interrupt", turn, HURRY_GRACE)
                thread = {"threadId": turn["threadId"]}
                await server.request("thread/backgroundTerminals/clean", thread, HURRY_GRACE)
