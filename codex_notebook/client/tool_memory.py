"""With which tools threads were begun, because the CLI lets nobody change them later.

Knows names of tools and what the CLI has written down of them; not what the tools do.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from codex_notebook.client.home import thread_tools
from codex_notebook.client.loop import in_thread


class ToolMemory:
    """The tools of the threads of one client."""

    def __init__(self) -> None:
        self._begun: dict[str, set[str] | None] = {}
        self._remarks: dict[str, str] = {}

    def begun(self, thread_id: str, names: Iterable[str]) -> None:
        """Take note of a new thread."""
        self._begun[thread_id] = set(names)

    async def forked(self, thread_id: str, parent_id: str, home: Path | None) -> None:
        """Take note of a fork: it has the tools of the thread of which it is one."""
        self._begun[thread_id] = await self._known(parent_id, home)

    async def remark(self, thread_id: str, ours: Iterable[str], home: Path | None) -> str | None:
        """Return what to say of a thread whose tools are not those it is given now.

        Parameters
        ----------
        thread_id : str
            The thread.
        ours : iterable of str
            The names of the tools that it is given.
        home : path or None
            The CLI's home, which knows the tools of threads that others began.

        Returns
        -------
        str or None
            None if there is nothing to say, or nothing that was not said before.
        """
        known, given = await self._known(thread_id, home), set(ours)
        if known is None or known == given:
            return None
        parts = []
        if missing := sorted(given - known):
            parts.append(f"The agent cannot call {', '.join(missing)}.")
        if gone := sorted(known - given):
            parts.append(f"It still believes in {', '.join(gone)}, and is told that they are gone.")
        remark = (
            "The CLI takes tools only for a new thread, and this one was begun with "
            f"{', '.join(sorted(known)) or 'none'}. {' '.join(parts)}"
        )
        if self._remarks.get(thread_id) == remark:
            return None
        self._remarks[thread_id] = remark
        return remark

    async def _known(self, thread_id: str, home: Path | None) -> set[str] | None:
        if thread_id not in self._begun:
            read = None if home is None else await in_thread(thread_tools, home, thread_id)
            self._begun[thread_id] = read
        return self._begun[thread_id]
