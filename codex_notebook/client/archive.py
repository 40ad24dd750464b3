"""The threads that the CLI keeps: listed, read, named, put away and cut back.

Works for the threads of both transports, by the server of the live one; where that runs no turns,
it is started for the purpose and ended again. Knows the protocol's methods for it; not turns.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.live import CodexLive
from codex_notebook.core.history import ThreadInfo, past_turn, thread_info
from codex_notebook.core.turn import Turn
from codex_notebook.errors import InvalidOptionError

Json = Any
Params = Mapping[str, Json]

# How many the server gives at once.
_PAGE = 100
# All that people and programs began; not the threads of sub-agents.
_SOURCES = ("cli", "vscode", "exec", "appServer", "unknown")


class Archive:
    """What the CLI of a client has kept. Everything here runs on our own loop.

    Parameters
    ----------
    live : CodexLive
        The client's server.
    keep : bool
        Whether the server is to go on when something has been asked, because turns run on it.
    """

    def __init__(self, live: CodexLive, *, keep: bool) -> None:
        self._live = live
        self._keep = keep
        self._users = 0

    @contextlib.asynccontextmanager
    async def server(self) -> AsyncIterator[AppServer]:
        """Lend the server.

        Raises
        ------
        CodexError
            If it cannot be started.
        """
        self._users += 1
        try:
            yield await self._live.server()
        finally:
            self._users -= 1
            # It would hold on to the threads that it has opened, against `codex exec`.
            if not self._keep and not self._users:
                await self._live.close()

    async def request(self, method: str, params: Params) -> Json:
        """Send one request.

        Raises
        ------
        AppServerError
            If it is refused.
        """
        async with self.server() as server:
            return await server.request(method, params)

    async def threads(
        self, *, search: str | None, folder: str | None, archived: bool, limit: int | None
    ) -> list[ThreadInfo]:
        """Return the threads, the newest first. Source: ``thread/list``."""
        params: dict[str, Json] = {
            "sourceKinds": list(_SOURCES),
            # Of all providers, and not only of the one that is configured now.
            "modelProviders": [],
            "archived": archived,
        }
        if search is not None:
            params["searchTerm"] = search
        if folder is not None:
            params["cwd"] = folder
        return [thread_info(raw) async for raw in self._pages("thread/list", params, limit)]

    async def info(self, thread_id: str) -> ThreadInfo:
        """Return what is known of one thread. Source: ``thread/read``."""
        told = await self.request("thread/read", {"threadId": thread_id})
        return thread_info(told["thread"])

    async def turns(self, thread_id: str) -> list[Turn]:
        """Return the turns of a thread, the oldest first. Source: ``thread/turns/list``."""
        params = {"threadId": thread_id, "itemsView": "full", "sortDirection": "asc"}
        pages = self._pages("thread/turns/list", params, None)
        return [past_turn(raw, thread_id) async for raw in pages]

    async def rename(self, thread_id: str, name: str) -> None:
        """Give a thread a name. Source: ``thread/name/set``."""
        if not name.strip():
            raise InvalidOptionError("A thread's name cannot be empty.", option="name")
        await self.request("thread/name/set", {"threadId": thread_id, "name": name})

    async def put_away(self, thread_id: str) -> None:
        """Archive a thread. Source: ``thread/archive``."""
        async with self.server() as server:
            await server.request("thread/archive", {"threadId": thread_id})
            server.opened.pop(thread_id, None)

    async def take_out(self, thread_id: str) -> None:
        """Take a thread out of the archive again. Source: ``thread/unarchive``."""
        await self.request("thread/unarchive", {"threadId": thread_id})

    async def revert(self, thread_id: str, turn_id: str) -> None:
        """Take back a turn of a thread, and all behind it. Source: ``thread/revert``."""
        async with self.server() as server:
            if thread_id not in server.opened:
                opening = {"threadId": thread_id, "excludeTurns": True}
                await server.request("thread/resume", opening)
            await server.request("thread/revert", {"threadId": thread_id, "beforeTurnId": turn_id})
            # Opened as it had been saved; its next turn opens it with what it is told then.
            server.opened[thread_id] = {}

    async def _pages(self, method: str, params: Params, limit: int | None) -> AsyncIterator[Params]:
        cursor = None
        left = limit
        async with self.server() as server:
            while left is None or left > 0:
                size = _PAGE if left is None else min(left, _PAGE)
                page = await server.request(method, {**params, "limit": size, "cursor": cursor})
                found: Sequence[Params] = page.get("data") or ()
                for raw in found:
                    yield raw
                left = None if left is None else left - len(found)
                cursor = page.get("nextCursor")
                if cursor is None or not found:
                    return
