"""The threads that the CLI keeps: listed, read, named, put away and cut back.

Works for the threads of both transports, by the server of the live one; where that runs no turns,
it is started for the purpose and ended again. Knows the protocol's methods for it; not turns.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.connection import understood
from codex_notebook.client.failure import remedy
from codex_notebook.client.live import CodexLive
from codex_notebook.client.open_thread import OpenThread
from codex_notebook.core.history import ThreadInfo, past_turns, thread_info
from codex_notebook.core.turn import Turn
from codex_notebook.errors import AppServerError, InvalidOptionError

Json = Any
Params = Mapping[str, Json]

# How many the server gives at once.
_PAGE = 100
# All that people and programs began; not the threads of sub-agents.
_SOURCES = ("cli", "vscode", "exec", "appServer", "unknown")

# What to do about a refusal, where the CLI's own words do not say it or mean its commands.
_ADVICE = (
    (
        ("no rollout found", "thread not loaded"),
        "The CLI has no such thread in its home (CODEX_HOME), or it is archived: use the `id` of "
        "one that had a turn there and was not ephemeral, or take it out of the archive by "
        "`await thread.unarchive()`.",
    ),
    (
        ("no archived rollout found",),
        "Only a thread of `await codex.threads(archived=True)` can be taken out of the archive.",
    ),
    (("persisted start boundary",), "A review cannot be taken back; start another thread."),
    (
        ("only supports paginated threads",),
        "An older CLI began this thread. To leave out turns, go on with a fork that ends before "
        'them: `await thread.fork(at_turn=…)`, with Codex(transport="app-server").',
    ),
    (
        ("ephemeral thread",),
        "The CLI keeps nothing of an ephemeral thread; start one without ephemeral=True.",
    ),
    (
        ("failed to request device code",),
        "It takes the network. With a key, `await codex.login(api_key)` takes none.",
    ),
)


class Archive:
    """What the CLI of a client has kept. Everything here runs on our own loop.

    Parameters
    ----------
    live : CodexLive
        The client's server.
    keep : callable
        Returns whether the server is to go on when something has been asked, because turns run
        on it.
    """

    def __init__(self, live: CodexLive, *, keep: Callable[[], bool]) -> None:
        self._live = live
        self._keep = keep
        self._users = 0

    @contextlib.asynccontextmanager
    async def server(self) -> AsyncIterator[AppServer]:
        """Lend the server; what it refuses meanwhile is raised with advice.

        Raises
        ------
        CodexError
            If it cannot be started.
        """
        self._users += 1
        try:
            yield await self._live.server()
        except AppServerError as error:
            advised = _advised(error)
            if advised is None:
                raise
            raise advised from None
        finally:
            self._users -= 1
            # It would hold on to the threads that it has opened, against `codex exec`.
            if not self._keep() and not self._users:
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
        if limit is not None and (type(limit) is not int or limit < 0):
            raise InvalidOptionError(
                f"limit={limit!r} is no number of threads; None stands for all.", option="limit"
            )
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
        async with self.server() as server:
            pages = pages_of(server, "thread/list", params, limit)
            with understood("thread/list"):
                return [thread_info(raw) async for raw in pages]

    async def info(self, thread_id: str) -> ThreadInfo:
        """Return what is known of one thread. Source: ``thread/read``."""
        async with self.server() as server:
            return await _info(server, thread_id)

    async def turns(self, thread_id: str) -> list[Turn]:
        """Return the turns of a thread, the oldest first. Source: ``thread/turns/list``."""
        params = {"threadId": thread_id, "itemsView": "full", "sortDirection": "asc"}
        async with self.server() as server:
            thread = await _info(server, thread_id)
            pages = pages_of(server, "thread/turns/list", params)
            with understood("thread/turns/list"):
                return past_turns([raw async for raw in pages], thread)

    async def rename(self, thread_id: str, name: str) -> None:
        """Give a thread a name. Source: ``thread/name/set``."""
        async with self.server() as server:
            await server.request("thread/name/set", {"threadId": thread_id, "name": name})
            known = server.opened.get(thread_id)
            if known is not None:
                server.opened[thread_id] = replace(known, name=name)

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
                # Opened as it was saved, whatever comes of this: its next turn opens it anew,
                # with what it is told then.
                server.opened[thread_id] = OpenThread(thread_id)
                opening = {"threadId": thread_id, "excludeTurns": True}
                await server.request("thread/resume", opening)
            await server.request("thread/revert", {"threadId": thread_id, "beforeTurnId": turn_id})
            server.opened[thread_id] = OpenThread(thread_id)


async def _info(server: AppServer, thread_id: str) -> ThreadInfo:
    told = await server.request("thread/read", {"threadId": thread_id})
    with understood("thread/read"):
        return thread_info(told["thread"])


async def pages_of(
    server: AppServer, method: str, params: Params, most: int | None = None
) -> AsyncIterator[Params]:
    """Yield all that a method lists, or ``most`` of it.

    Raises
    ------
    AppServerError
        If it is refused.
    """
    cursor = None
    left = most
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


def _advised(error: AppServerError) -> AppServerError | None:
    """Return a refusal with what to do about it; None if nothing is known."""
    said = str(error)
    known = (f"\n{advice}" for words, advice in _ADVICE if any(part in said for part in words))
    advice = next(known, remedy(said))
    if not advice:
        return None
    return AppServerError(said + advice, method=error.method, code=error.code, data=error.data)
