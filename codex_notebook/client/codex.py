"""The client: where threads begin."""

from __future__ import annotations

from typing import Any

from codex_notebook.client.exec import CodexExec
from codex_notebook.client.options import CodexOptions, ThreadOptions, merged
from codex_notebook.client.thread import Thread
from codex_notebook.errors import InvalidOptionError


class Codex:
    """A client of the Codex CLI. Making one starts nothing.

    Parameters
    ----------
    options : CodexOptions, optional
        Which CLI, in which environment, with which configuration.
    **changes
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

    def __init__(self, options: CodexOptions | None = None, **changes: Any) -> None:
        self.options = merged(CodexOptions, options, changes)
        self._exec = CodexExec(self.options)

    def start_thread(self, options: ThreadOptions | None = None, **changes: Any) -> Thread:
        """Return a new thread; the CLI creates it with the first turn.

        Parameters
        ----------
        options : ThreadOptions, optional
            Options of all its turns; each may also be given as a keyword.
        """
        return Thread(self._exec, merged(ThreadOptions, options, changes))

    def resume_thread(
        self, thread_id: str, options: ThreadOptions | None = None, **changes: Any
    ) -> Thread:
        """Return a thread of an earlier day, which goes on where it was (``exec resume``).

        Parameters
        ----------
        thread_id : str
            The `Thread.id` it had.
        options : ThreadOptions, optional
            As for `start_thread`; the CLI does not remember them.

        Raises
        ------
        InvalidOptionError
            If the id is empty.
        """
        if not thread_id.strip():
            raise InvalidOptionError(
                "The thread id is empty; use the `id` of a thread that had a turn.",
                option="thread_id",
            )
        return Thread(self._exec, merged(ThreadOptions, options, changes), thread_id)
