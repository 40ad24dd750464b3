"""A client's account: who is logged in, by what, with which models and limits.

A login of ours is kept in the memory of the client's server and goes with it. Knows the protocol's
methods for it; not turns.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import SecretStr

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.archive import Archive, pages_of
from codex_notebook.client.connection import understood
from codex_notebook.client.credentials import Login
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

    def __init__(self, server: AppServer, give_up: Callable[[], Awaitable[None]]) -> None:
        self.url = self.code = ""
        self._id: Json = None
        self._server = server
        self._give_up = give_up
        self._ended: asyncio.Future[Params] = asyncio.get_running_loop().create_future()
        # From now on, because it may end in the same breath in which it begins.
        server.switchboard.listen(self._heard)

    async def _begin(self) -> None:
        params = {"type": "chatgptDeviceCode"}
        told = await self._server.request("account/login/start", params)
        with understood("account/login/start"):
            self.url, self.code = str(told["verificationUrl"]), str(told["userCode"])
            self._id = told["loginId"]

    async def wait(self) -> None:
        """Wait until the user is logged in.

        Cancelling this calls the login off. If it fails or is called off, the client is logged
        in as it was before.

        Raises
        ------
        NotLoggedInError
            If the login failed.
        """
        try:
            await asyncio.wrap_future(submit(self._wait()))
        except asyncio.CancelledError:
            await asyncio.wrap_future(submit(self._call_off()))
            raise

    async def _wait(self) -> None:
        gone = asyncio.ensure_future(self._server.ended())
        try:
            await asyncio.wait((self._ended, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        told = self._ended.result() if self._ended.done() else {"error": "its server has ended"}
        if not told.get("success"):
            await self._give_up()
            raise NotLoggedInError(
                f"The login by device code failed: {told.get('error') or 'no reason was given'}. "
                "Begin another with `await codex.login_device()`."
            )

    async def _call_off(self) -> None:
        if not self._ended.done():
            with contextlib.suppress(CodexError):
                await self._server.request("account/login/cancel", {"loginId": self._id})
            await self._give_up()

    def _heard(self, method: str, params: Params) -> None:
        # The server was started for this login, so there is no other.
        if method == _COMPLETED:
            self._server.switchboard.unlisten(self._heard)
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
        async with self._archive.server() as server:
            with understood("model/list"):
                pages = pages_of(server, "model/list", {"includeHidden": hidden})
                return [model_info(raw) async for raw in pages]

    async def account(self) -> Account | None:
        """Return who is logged in. Source: ``account/read``."""
        told = await self._archive.request("account/read", {})
        with understood("account/read"):
            return account_of(told)

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
                'login` in a terminal, or, with Codex(transport="app-server"), `await '
                "codex.login_device()`."
            ) from None
        with understood("account/rateLimits/read"):
            return rate_limits_of(told)

    async def login(self, key: SecretStr) -> None:
        """Log in with an API key. Source: ``account/login/start``."""
        await self._renew(Login(key))

    async def login_device(self) -> DeviceLogin:
        """Begin a login by device code. Source: ``account/login/start``."""
        before, ours = self._live.credentials.login, Login(by_device=True)

        async def give_up() -> None:
            # Unless there was another login since.
            if self._live.credentials.login is ours:
                self._live.credentials.login = before
                if not self._live.busy:
                    await self._live.close()

        await self._renew(ours)
        try:
            async with self._archive.server() as server:
                login = DeviceLogin(server, give_up)
                await login._begin()
        except BaseException:
            await give_up()
            raise
        return login

    async def logout(self) -> None:
        """Use what was given when the client was made, or the login of the CLI's home."""
        await self._renew(self._live.credentials.given)

    async def _renew(self, login: Login) -> None:
        """Start the server anew with another login, or leave all as it was."""
        if self._live.busy:
            raise CodexError(
                "Turns are running on this client, and another login would end them; wait until "
                "they are over."
            )
        credentials = self._live.credentials
        before, credentials.login = credentials.login, login
        try:
            await self._live.close()
            await self._live.server()
        except BaseException:
            credentials.login = before
            raise
