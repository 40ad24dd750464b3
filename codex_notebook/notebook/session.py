"""The notebook's thread: one conversation for each kernel, and where its agent works.

Knows the client and the shell's namespace; not how a turn is shown.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from codex_notebook.client.codex import Codex
from codex_notebook.client.options import ThreadOptions, TurnOptions
from codex_notebook.client.options_base import merged
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.thread import Thread


class Session:
    """What the magics of one shell share.

    Attributes
    ----------
    thread : Thread or None
        The notebook's thread; None until the first turn.
    """

    def __init__(self) -> None:
        # Whoever has hold of a running turn decides what its agent asks.
        self._codex = Codex(transport="auto", approvals=True, questions=True)
        self.thread: Thread | None = None
        # What `%codex inspect` showed last.
        self.inspector: object = None
        self._names: WeakKeyDictionary[RunningTurn, str] = WeakKeyDictionary()
        self._started = 0

    @property
    def codex(self) -> Codex:
        """The client; assign another to change the CLI, its environment or its configuration.

        The thread goes on with the new one from its next turn. The old one is closed, unless a
        turn runs on it.
        """
        return self._codex

    @codex.setter
    def codex(self, codex: Codex) -> None:
        old, self._codex = self._codex, codex
        if codex is not old and not old.busy:
            # It holds on to the thread that the new one is to go on with.
            old.close_sync()
        if self.thread is not None:
            known = self.thread.id
            self.thread = codex.resume_thread(known, self.thread.options) if known else None

    @property
    def turns(self) -> dict[str, RunningTurn]:
        """The turns that were started here and are not over, by their names, the oldest first."""
        return {name: running for running, name in [*self._names.items()] if not running.done}

    def start(
        self,
        prompt: str,
        turn: TurnOptions,
        *,
        changes: dict[str, Any],
        new: bool,
        folder: Path,
        attended: bool = True,
    ) -> RunningTurn:
        """Start a turn on the notebook's thread.

        Parameters
        ----------
        prompt : str
            What the agent is to do.
        turn : TurnOptions
            Options of the turn.
        changes : dict
            Thread options for this turn only; a sandbox opened for one cell is closed again in
            the next.
        new : bool
            Whether to begin a new thread.
        folder : path
            The notebook's directory, where the agent works.
        attended : bool
            Whether anybody is there to decide what the agent asks. Default True.

        Raises
        ------
        CodexError
            If something is wrong that can be known before the turn; the thread is then as before.
        """
        if "working_directory" in changes:
            # As a shell's `cd` would take it, from the notebook's directory.
            chosen = folder / Path(changes["working_directory"]).expanduser()
            changes = {**changes, "working_directory": chosen}
        notebook = ThreadOptions(working_directory=folder, skip_git_repo_check=True)
        options = merged(ThreadOptions, notebook, changes)
        thread = self.thread
        if new or thread is None:
            thread = self.codex.start_thread(options)
        thread.options = options
        running = thread.start_nowait(prompt, turn, attended=attended)
        self.thread = thread
        self._started += 1
        self._names[running] = f"turn_{self._started}"
        return running


def notebook_folder(names: Mapping[str, object]) -> Path:
    """Return the directory of the notebook that a shell runs.

    Parameters
    ----------
    names : mapping
        The user's namespace, where VS Code leaves the notebook's path.
    """
    path = names.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME")
    if isinstance(path, str) and Path(path).is_absolute() and Path(path).parent.is_dir():
        return Path(path).parent
    return Path.cwd()
