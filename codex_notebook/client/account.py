"""A client's account: who is logged in, by what, with which models and limits.

A login of ours is kept in the memory of the client's server and goes with it. Knows the protocol's
methods for it; not turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import SecretStr

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.archive import Archive
from codex_notebook.client.live import CodexLive
from codex_notebook.client.loop import submit
from codex_notebook.core.account import (
    Account,
    ModelInfo,
    RateLimits,
    account_of,
    model_info,
    rate_limits_of,
)
from codex_notebook.errors import AppServerError, CodexError, NotLoggedInError

Json = Any
Params = Mapping[str, Json]

_COMPLETED = "account/login/completed"


class DeviceLogin:
    """A login that waits for its user to enter a code on a page.

    Attributes
    ----------
    url : str
        The page.
    code : str
        The code.
    """

    def __init__(self, server: AppServer, told: Params) -> None:
        self.url = str(told.get("verificationUrl"))
        self.code = str(told.get("userCode"))
        self._id = told.get("loginId")
        self._server = server
        self._ended: asyncio.Future[Params] = asyncio.get_running_loop().create_future()
        server.listen(self._heard)

    async def wait(self) -> None:
        """Wait until the user is logged in.

        Cancelling this calls the login off.

        Raises
        ------
        NotLoggedInError
            If the login failed.
        """
        await asyncio.wrap_future(submit(self._wait()))

    async def _wait(self) -> None:
        try:
            told = await self._ended
        except asyncio.CancelledError:
            await self._server.try_request("account/login/cancel", {"loginId": self._id})
            raise
        finally:
            self._server.unlisten(self._heard)
        if not told.get("success"):
            raise NotLoggedInError(
                f"The login by device code failed: {told.get('error') or 'no reason was given'}. "
                "Begin another with `await codex.login_device()`."
            )

    def _heard(self, method: str, params: Params) -> None:
        if method == _COMPLETED and params.get("loginId") == self._id and not self._ended.done():
            self._ended.set_result(params)

    def __repr__(self) -> str:
        return f"<DeviceLogin: enter {self.code} at {self.url}>"


class Accounts:
    """The account of a client. Everything here runs on our own loop."""

    def __init__(self, live: CodexLive, archive: Archive) -> None:
        self._live = live
        self._archive = archive

    async def models(self, *, hidden: bool) -> list[ModelInfo]:
        """Return the models that there are. Source: ``model/list``."""
        found: list[ModelInfo] = []
        cursor = None
        async with self._archive.server() as server:
            while True:
                params = {"includeHidden": hidden, "cursor": cursor}
                page = await server.request("model/list", params)
                found += [model_info(raw) for raw in page.get("data") or ()]
                cursor = page.get("nextCursor")
                if cursor is None:
                    return found

    async def account(self) -> Account | None:
        """Return who is logged in. Source: ``account/read``."""
        return account_of(await self._archive.request("account/read", {}))

    async def rate_limits(self) -> RateLimits:
        """Return the account's limits. Source: ``account/rateLimits/read``.

        Raises
        ------
        NotLoggedInError
            If the login has none: a ChatGPT account has, an API key has not.
        """
        try:
            told = await self._archive.request("account/rateLimits/read", {})
        except AppServerError as error:
            if "authentication required" not in str(error):
                raise
            raise NotLoggedInError(
                "Only a ChatGPT login has rate limits to read, and there is none here: run `codex "
                "login` in a terminal, or `await codex.login_device()`."
            ) from error
        return rate_limits_of(told)

    async def login(self, key: SecretStr) -> None:
        """Log in with an API key. Source: ``account/login/start``."""
        await self._renew(lambda: self._live.credentials.use_key(key))

    async def login_device(self) -> DeviceLogin:
        """Begin a login by device code. Source: ``account/login/start``."""
        server = await self._renew(self._live.credentials.use_device)
        told = await server.request("account/login/start", {"type": "chatgptDeviceCode"})
        return DeviceLogin(server, told)

    async def logout(self) -> None:
        """Forget such a login."""
        await self._renew(self._live.credentials.forget)

    async def _renew(self, change: Callable[[], None]) -> AppServer:
        """Change the credentials, and start the server anew with them."""
        if self._live.busy:
            raise CodexError(
                "Turns are running on this client, and another login would end them; wait until "
                "they are over."
            )
        change()
        await self._live.close()
        return await self._live.server()
