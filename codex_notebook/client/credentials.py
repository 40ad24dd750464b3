"""With what a client's server is logged in, beside the login in the CLI's own home.

A key or a device code goes into the memory of the server and nowhere else: not into the file in
which ``codex login`` keeps its own login, which stays as it is. Knows the server's methods for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import SecretStr

from codex_notebook.client.options import CodexOptions
from codex_notebook.client.secrets import KEY_VARIABLE

if TYPE_CHECKING:
    from codex_notebook.client.app_server import AppServer


class Credentials:
    """The login of a client.

    Attributes
    ----------
    in_memory : bool
        Whether the server keeps its login in memory, instead of using that of the CLI's home.
    """

    def __init__(self, options: CodexOptions) -> None:
        self._options = options
        self._key: SecretStr | None = options.api_key
        self._by_device = False

    @property
    def key(self) -> str | None:
        """The API key, if there is one: ours, or that in the environment of the CLI."""
        if self._key is not None:
            return self._key.get_secret_value()
        inherited = os.environ if self._options.inherit_env else {}
        known: Mapping[str, str] = {**inherited, **self._options.env}
        return known.get(KEY_VARIABLE) or None

    @property
    def in_memory(self) -> bool:
        """See above."""
        return self._by_device or self.key is not None

    def use_key(self, key: SecretStr) -> None:
        """Log servers in with a key from now on."""
        self._key, self._by_device = key, False

    def use_device(self) -> None:
        """Let servers keep a login in memory that comes by device code."""
        self._key, self._by_device = None, True

    def forget(self) -> None:
        """Use what was given when the client was made, or the login of the CLI's home."""
        self._key, self._by_device = self._options.api_key, False

    async def log_in(self, server: AppServer) -> None:
        """Log a new server in, if there is a key.

        Source: ``account/login/start``.

        Raises
        ------
        AppServerError
            If it does not take the key.
        """
        if not self._by_device and self.key is not None:
            await server.request("account/login/start", {"type": "apiKey", "apiKey": self.key})
