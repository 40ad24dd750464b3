"""The client: where threads begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from codex_notebook.client.conversation import Conversation
from codex_notebook.client.exec import CodexExec
from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.client.options_base import merged
from codex_notebook.client.secrets import hidden
from codex_notebook.client.thread import Thread
from codex_notebook.errors import InvalidOptionError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from codex_notebook.client.keywords import CodexKeywords, ThreadKeywords


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
        self._exec = CodexExec(self.options)

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
        return Thread(Conversation(self._exec, None, None), chosen)

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
        return Thread(Conversation(self._exec, known, None), chosen)

    def __repr__(self) -> str:
        # Also of one whose options were refused, in a traceback that shows variables.
        return f"Codex({getattr(self, 'options', '')!r})"
