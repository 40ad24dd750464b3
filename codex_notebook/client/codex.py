"""The client: where threads begin."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from pydantic import SecretStr

from codex_notebook.client.cli import Cli
from codex_notebook.client.conversation import Conversation
from codex_notebook.client.exec import CodexExec
from codex_notebook.client.failure import unsupported
from codex_notebook.client.loop import refuse_on_io_loop, submit
from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.client.options_base import merged
from codex_notebook.client.secrets import hidden
from codex_notebook.client.thread import Thread
from codex_notebook.client.transport import Transport
from codex_notebook.core.viewing import viewer
from codex_notebook.errors import InvalidOptionError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from codex_notebook.client.account import Accounts, DeviceLogin
    from codex_notebook.client.archive import Archive
    from codex_notebook.client.keywords import CodexKeywords, ThreadKeywords
    from codex_notebook.client.live import CodexLive
    from codex_notebook.client.running import RunningTurn
    from codex_notebook.core.account import Account, ModelInfo, RateLimits
    from codex_notebook.core.history import ThreadInfo
    from codex_notebook.core.turn import Turn
    from codex_notebook.core.viewing import View

T = TypeVar("T")


class Codex:
    """A client of the Codex CLI. Making one starts nothing.

    Parameters
    ----------
    options : CodexOptions, optional
        Which CLI, in which environment, with which configuration.
    **keywords
        Each option may also be given as a keyword: ``Codex(api_key=…)``.

    Raises
    ------
    InvalidOptionError
        If an option is unknown or impossible.

    Examples
    --------
    >>> codex = Codex()
    >>> thread = codex.start_thread(sandbox_mode="workspace-write")
    >>> turn = await thread.run("Fix the failing test")  # doctest: +SKIP
    """

    def __init__(
        self,
        options: CodexOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[CodexKeywords],
    ) -> None:
        # Before anything is refused, with a traceback in which they could be seen.
        keywords = cast("CodexKeywords", hidden(keywords))
        options = hidden(options) if isinstance(options, Mapping) else options
        self.options = merged(CodexOptions, options, keywords)
        self._cli = Cli(self.options)
        self._transport: Transport = self._chosen()

    def _chosen(self) -> Transport:
        if self.options.transport == "app-server":
            return self._live
        if self.options.transport == "exec":
            return CodexExec(self._cli)
        from codex_notebook.client.auto import CodexAuto

        return CodexAuto(self._live, CodexExec(self._cli))

    # Loaded when they are needed: a client of `codex exec` may never be asked for any of them.

    @cached_property
    def _live(self) -> CodexLive:
        from codex_notebook.client.live import CodexLive

        return CodexLive(self._cli)

    @cached_property
    def _archive(self) -> Archive:
        from codex_notebook.client.archive import Archive

        # Where the server lives on for turns; without `self`, which would hold itself by it.
        transport = self._transport
        return Archive(self._live, keep=lambda: transport.keeps_ephemeral)

    @cached_property
    def _accounts(self) -> Accounts:
        from codex_notebook.client.account import Accounts

        return Accounts(self._live, self._archive)

    def start_thread(
        self,
        options: ThreadOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[ThreadKeywords],
    ) -> Thread:
        """Return a new thread; the CLI creates it with the first turn.

        Parameters
        ----------
        options : ThreadOptions, optional
            Options of all its turns; each may also be given as a keyword.

        Raises
        ------
        InvalidOptionError
            If an option is unknown or impossible.
        """
        chosen = merged(ThreadOptions, options, keywords)
        return Thread(Conversation(self._transport, None, None), chosen, lambda: self._archive)

    def resume_thread(
        self,
        thread_id: str | None,
        options: ThreadOptions | Mapping[str, Any] | None = None,
        **keywords: Unpack[ThreadKeywords],
    ) -> Thread:
        """Return a thread of an earlier day, which goes on where it was (``exec resume``).

        Parameters
        ----------
        thread_id : str
            The `Thread.id` it had; None, that of a thread without a turn, is refused. Whether the
            CLI has such a thread shows in the first turn, which ends with `ThreadNotFoundError`
            if not.
        options : ThreadOptions, optional
            As for `start_thread`; the CLI does not remember them.

        Raises
        ------
        InvalidOptionError
            If that is no id of a thread, or an option is unknown or impossible.
        """
        try:
            # As the CLI writes it: it is compared with what the CLI opens.
            known = str(UUID(thread_id))
        except (ValueError, TypeError, AttributeError):
            # For a name that it does not know the CLI would begin a new thread, and say nothing.
            raise InvalidOptionError(
                f"{thread_id!r} is no id of a thread; use the `id` of one that had a turn, such "
                "as 01a2048e-fb92-7212-b87d-f21b77426a7d.",
                option="thread_id",
            ) from None
        chosen = merged(ThreadOptions, options, keywords)
        return Thread(Conversation(self._transport, known, None), chosen, lambda: self._archive)

    def panel(self, turn: RunningTurn | Turn) -> View:
        """Return the live panel of a turn, for whatever host shows anywidgets.

        In JupyterLab it is shown when it is a cell's value; in marimo, too, or as
        ``mo.ui.anywidget(codex.panel(running))``. `View.close` ends it; the turn goes on.

        Parameters
        ----------
        turn : RunningTurn or Turn
            What is shown; one that runs can be stopped there.
        """
        return viewer().panel(turn)

    async def threads(
        self,
        *,
        search: str | None = None,
        working_directory: str | os.PathLike[str] | None = None,
        archived: bool = False,
        limit: int | None = 50,
    ) -> list[ThreadInfo]:
        """Return the threads that the CLI keeps, whatever program began them; the newest first.

        Source: ``thread/list``. Those of sub-agents are left out.

        Parameters
        ----------
        search : str, optional
            Only those whose name or first prompt has this text, to the letter.
        working_directory : path, optional
            Only those that work in this directory.
        archived : bool
            Those that were archived, instead of the others. Default False.
        limit : int or None
            How many at most. Default 50; None: all.

        Raises
        ------
        AppServerError
            If the CLI refuses.
        """
        folder = _real(working_directory)
        listing = self._archive.threads(
            search=search, folder=folder, archived=archived, limit=limit
        )
        return await _done(listing)

    async def models(self, *, hidden: bool = False) -> list[ModelInfo]:
        """Return the models that there are (``model/list``), with ``hidden`` all of them."""
        return await _done(self._accounts.models(hidden=hidden))

    async def account(self) -> Account | None:
        """Return who is logged in (``account/read``); None if nobody is, or need be."""
        return await _done(self._accounts.account())

    async def rate_limits(self) -> RateLimits:
        """Return how much of the account's limits is used (``account/rateLimits/read``).

        Raises
        ------
        NotLoggedInError
            If the login has no limits to read: an API key has none.
        """
        return await _done(self._accounts.rate_limits())

    async def login(self, api_key: str | SecretStr) -> None:
        """Log this client in with an API key, which is kept in memory only.

        The login of the CLI's home (``codex login``) stays as it is. Source:
        ``account/login/start``.

        Raises
        ------
        InvalidOptionError
            If that is no key.
        UnsupportedError
            If the transport is ``exec``: give the key when the client is made.
        CodexError
            If turns are running.
        """
        self._refuse_exec("login")
        checked = CodexOptions(api_key=api_key).api_key
        if checked is None:
            raise InvalidOptionError("There is no key: it is None.", option="api_key")
        await _done(self._accounts.login(checked))

    async def login_device(self) -> DeviceLogin:
        """Begin to log this client in by a code that is entered on a page; see `DeviceLogin`.

        The login is kept in memory only, and goes with the client's server.

        Raises
        ------
        AppServerError
            If the CLI cannot get a code.
        UnsupportedError
            If the transport is ``exec``.
        CodexError
            If turns are running.
        """
        self._refuse_exec("login_device")
        return await _done(self._accounts.login_device())

    async def logout(self) -> None:
        """Forget what `login` and `login_device` gave; the login of the CLI's home stays.

        Raises
        ------
        UnsupportedError
            If the transport is ``exec``.
        CodexError
            If turns are running.
        """
        self._refuse_exec("logout")
        await _done(self._accounts.logout())

    async def close(self) -> None:
        """End the live transport's process, and the turns that run on it, as interrupted.

        Not needed at the end of a program, or of the last thread of the client: it goes with
        them. The next turn starts it anew. As a context manager a client closes itself::

            async with Codex(transport="app-server") as codex:
                ...
        """
        if self._has_live:
            await _done(self._live.close())

    def close_sync(self) -> None:
        """End it and block until nothing of it is left; see `close`.

        Raises
        ------
        CodexError
            On the thread on which turns run, where this would wait for itself.
        """
        refuse_on_io_loop()
        if self._has_live:
            submit(self._live.close()).result()

    @property
    def busy(self) -> bool:
        """Whether turns run on the live transport's process, which `close` would end."""
        return self._has_live and self._live.busy

    @property
    def _has_live(self) -> bool:
        return "_live" in self.__dict__

    async def __aenter__(self) -> Codex:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _refuse_exec(self, feature: str) -> None:
        if self.options.transport == "exec":
            raise unsupported(f"Codex.{feature}")

    def __repr__(self) -> str:
        # Also of one whose options were refused, in a traceback that shows variables.
        return f"Codex({getattr(self, 'options', '')!r})"


async def _done(work: Coroutine[Any, Any, T]) -> T:
    """Await what runs on our own loop."""
    return await asyncio.wrap_future(submit(work))


def _real(path: str | os.PathLike[str] | None) -> str | None:
    # As a thread is begun: the CLI compares to the letter.
    return None if path is None else os.path.realpath(os.path.expanduser(path))  # noqa: PTH111
