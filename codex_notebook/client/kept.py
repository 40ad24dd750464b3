"""A thread as the CLI keeps it: read, named, put away and cut back, between its turns.

Knows nothing of how turns run; a `Thread` is this and its turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from codex_notebook.client.conversation import Conversation
from codex_notebook.client.loop import submit
from codex_notebook.core.turn import Turn
from codex_notebook.core.viewing import viewer
from codex_notebook.errors import InvalidOptionError

if TYPE_CHECKING:
    from codex_notebook.client.archive import Archive
    from codex_notebook.core.history import ThreadInfo
    from codex_notebook.core.viewing import Inspection

T = TypeVar("T")


class KeptThread:
    """What the CLI keeps of a thread."""

    def __init__(self, conversation: Conversation, archive: Callable[[], Archive]) -> None:
        self._conversation = conversation
        self._to_archive = archive

    @property
    def _archive(self) -> Archive:
        # Asked for when it is needed: loading it takes a while.
        return self._to_archive()

    @property
    def id(self) -> str | None:
        """The thread's id; None until the CLI has said it in the first turn."""
        return self._conversation.id

    @property
    def name(self) -> str | None:
        """The name that `set_name` gave it, or of which `info` told last; else None."""
        return self._conversation.name

    async def read(self, *, now: bool = False) -> list[Turn]:
        """Return the turns that the CLI has kept, the oldest first (``thread/turns/list``).

        They have their prompts, items, times and ids. What the CLI does not keep is not in them:
        tokens, plans, what was asked and decided, commands that were declined, the whole diff,
        the middle of long output, and how an answer became an object (`Turn.output`).

        Parameters
        ----------
        now : bool
            Whether not to wait for a turn that runs, of which there is only a part yet. Default
            False.

        Raises
        ------
        InvalidOptionError
            If the thread has had no turn yet.
        AppServerError
            If the CLI does not know the thread.
        """
        if now:
            return await asyncio.wrap_future(submit(self._archive.turns(self._known_id())))
        return await self._kept(self._archive.turns)

    async def info(self) -> ThreadInfo:
        """Return what the CLI knows of the thread, its name for one (``thread/read``).

        Raises
        ------
        InvalidOptionError, AppServerError
            As for `read`.
        """
        info = await self._kept(self._archive.info)
        self._conversation.name = info.name
        return info

    async def set_name(self, name: str) -> None:
        """Give the thread a name, under which the CLI lists it (``thread/name/set``).

        Raises
        ------
        InvalidOptionError, AppServerError
            As for `read`; also if the name is empty.
        """
        if not isinstance(name, str) or not name.strip():
            raise InvalidOptionError(
                f"A thread cannot be called {name!r}: a name is a text that is not empty.",
                option="name",
            )
        await self._kept(lambda thread_id: self._archive.rename(thread_id, name))
        self._conversation.name = name

    async def archive(self) -> None:
        """Put the thread away (``thread/archive``); it cannot go on until it is taken out.

        Raises
        ------
        InvalidOptionError, AppServerError
            As for `read`.
        """
        await self._kept(self._archive.put_away)

    async def unarchive(self) -> None:
        """Take the thread out of the archive (``thread/unarchive``).

        Raises
        ------
        InvalidOptionError, AppServerError
            As for `read`.
        """
        await self._kept(self._archive.take_out)

    async def revert(self, *, before_turn: Turn | str) -> None:
        """Take back a turn and all that came behind it (``thread/revert``).

        The agent forgets them; the files that they changed stay as they are.

        Parameters
        ----------
        before_turn : Turn or str
            The first turn that is taken back, or its `Turn.id`; see `read`.

        Raises
        ------
        InvalidOptionError, AppServerError
            As for `read`; also if the turn has no id.
        """
        turn_id = turn_id_of(before_turn, "before_turn")
        await self._kept(lambda thread_id: self._archive.revert(thread_id, turn_id), changes=True)
        self._conversation.seen.forget_from(turn_id)

    def inspect(self) -> Inspection:
        """Return a view of the thread's turns: searched, filtered, read, copied, forked.

        In a notebook it is shown when it is a cell's value. The turns are those that the CLI has
        kept, also of earlier days, with all that this process knows of those that it has run;
        one that runs is shown live. They are read while the view is open already. What is forked
        there is in its `forks`.
        """
        return viewer().thread(self, self._conversation.seen)

    async def _kept(
        self, work: Callable[[str], Coroutine[Any, Any, T]], *, changes: bool = False
    ) -> T:
        done = self._conversation.between_turns(work, self._known_id(), changes=changes)
        return await asyncio.wrap_future(submit(done))

    def _known_id(self) -> str:
        if self.id is None:
            raise InvalidOptionError(
                "This thread has had no turn yet, so the CLI knows nothing of it.", option="thread"
            )
        return self.id


def turn_id_of(turn: Turn | str, option: str) -> str:
    """Return the CLI's id of a turn.

    Raises
    ------
    InvalidOptionError
        If it has none; it names ``option``.
    """
    turn_id = turn.id if isinstance(turn, Turn) else turn
    if isinstance(turn_id, str) and turn_id:
        return turn_id
    raise InvalidOptionError(
        f"{turn!r} has no id: `codex exec` does not tell those of its turns. Take one of "
        "`await thread.read()`.",
        option=option,
    )
