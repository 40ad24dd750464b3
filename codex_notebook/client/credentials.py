"""With what a client's server is logged in, beside the login in the CLI's own home.

A key or a device code goes into the memory of the server and nowhere else: not into the file in
which ``codex login`` keeps its own login, which stays as it is. Knows the server's methods for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pydantic import SecretStr

from codex_notebook.client.options import CodexOptions
from codex_notebook.client.secrets import KEY_VARIABLE

if TYPE_CHECKING:
    from codex_notebook.client.app_server import AppServer


class Login(NamedTuple):
    """What a client was told to log in with.

    Attributes
    ----------
    api_key : SecretStr or None
        A key.
    by_device : bool
        Whether the server is to be ready for a login that comes by device code.
    """

    api_key: SecretStr | None = None
    by_device: bool = False


class Credentials:
    """The login of a client.

    Attributes
    ----------
    given : Login
        What the client was told when it was made.
    login : Login
        What it is told now; assign another for the servers to come.
    """

    def __init__(self, options: CodexOptions) -> None:
        self._options = options
        self.given = self.login = Login(options.api_key)

    @property
    def key(self) -> str | None:
        """The API key, if there is one: ours, or that in the environment of the CLI."""
        if self.login.by_device:
            return None
        if self.login.api_key is not None:
            return self.login.api_key.get_secret_value()
        inherited = os.environ if self._options.inherit_env else {}
        known: Mapping[str, str] = {**inherited, **self._options.env}
        return known.get(KEY_VARIABLE) or None

    @property
    def in_memory(self) -> bool:
        """Whether a server keeps its login in memory, instead of using that of the CLI's home."""
        return self.login.by_device or self.key is not None

    async def log_in(self, server: AppServer) -> None:
        """Log a new server in, if there is a key.

        Source: ``account/login/start``.

        Raises
        ------
        AppServerError
            If it does not take the key.
        """
        if self.key is not None:
            await server.request("account/login/start", {"type": "apiKey", "apiKey": self.key})
