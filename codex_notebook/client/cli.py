"""The CLI of a client: which program, in which environment, with which home and login.

What both transports need of it. Knows options and the file system; starts nothing but what is
asked for its version or its login.
"""

from __future__ import annotations

import os

from codex_notebook.client.arguments import environment, flattened
from codex_notebook.client.binary import Binary, find_binary
from codex_notebook.client.checks import check_thread
from codex_notebook.client.home import codex_home, thread_usage
from codex_notebook.client.login import check_login
from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.client.secrets import Environment
from codex_notebook.core.usage import Usage


class Cli:
    """The CLI of a client.

    Attributes
    ----------
    options : CodexOptions
        The client's options.
    """

    def __init__(self, options: CodexOptions) -> None:
        self.options = options
        self._logged_in = False

    @property
    def home(self) -> str:
        """The CLI's home, as it is now; empty if there is none."""
        return str(codex_home(self.environment()) or "")

    def environment(self) -> Environment:
        """Return the environment of the CLI, as it is now."""
        return environment(self.options, os.environ)

    def binary(self) -> Binary:
        """Return the program.

        Raises
        ------
        CodexNotFoundError
            If there is none.
        """
        # With the PATH of this process, also where the CLI is not to have it.
        env = Environment({**os.environ, **self.options.env})
        return find_binary(self.options.codex_path_override, env)

    def check(self, thread: ThreadOptions, env: Environment, *, logged_in: bool = False) -> Binary:
        """Make sure of what a turn needs and return the program; asks for the login once.

        Parameters
        ----------
        thread : ThreadOptions
            The options of the turn's thread.
        env : Environment
            That of the CLI.
        logged_in : bool
            Whether there is a login of which the CLI's home knows nothing.

        Raises
        ------
        CodexNotFoundError
            If there is no CLI.
        InvalidOptionError
            If a directory or profile of the thread does not exist.
        NotLoggedInError
            If the CLI has no login.
        """
        check_thread(thread, env)
        binary = self.binary()
        if not (self._logged_in or logged_in) and thread.profile is None:
            settings = [*flattened(self.options.config), *self.options.config_overrides]
            check_login(binary, env, settings)
            self._logged_in = True
        return binary

    def thread_usage(self, thread_id: str) -> Usage | None:
        """Return a thread's running total of tokens, from what the CLI keeps of it."""
        home = codex_home(self.environment())
        return None if home is None else thread_usage(home, thread_id)
