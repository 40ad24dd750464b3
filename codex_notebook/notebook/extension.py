"""Puts the magics into a shell, and takes them out again."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from codex_notebook.notebook.formatting import Formatting
from codex_notebook.notebook.magics import CodexMagics
from codex_notebook.notebook.names import AWAITED, MAGIC
from codex_notebook.notebook.showing import preload
from codex_notebook.notebook.transform import TOKEN_TRANSFORMERS, awaiting, literal_cell

_LOADED = "_codex_notebook"


class Extension:
    """What was put into a shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._running_cells = 0
        self._await = awaiting(self._may_await)
        self._formatting = Formatting(shell)

    def install(self) -> None:
        """Register everything."""
        shell = self._shell
        taken = shell.find_line_magic(MAGIC) or shell.find_cell_magic(MAGIC)
        if taken is not None:
            owner = getattr(taken, "__module__", "another extension")
            print(
                f"codex_notebook takes the place of the %{MAGIC} magic of {owner}.",
                file=sys.stderr,
            )
        shell.register_magics(CodexMagics)
        shell.input_transformers_cleanup.insert(0, literal_cell)
        shell.input_transformers_post.append(self._await)
        shell.input_transformer_manager.token_transformers.extend(TOKEN_TRANSFORMERS)
        shell.events.register("pre_run_cell", self._cell_begins)
        shell.events.register("post_run_cell", self._cell_ends)
        self._formatting.install()

    def remove(self) -> None:
        """Take out what `install` put in."""
        shell = self._shell
        for kind in ("line", "cell"):
            for name in (MAGIC, AWAITED):
                shell.magics_manager.magics[kind].pop(name, None)
        shell.magics_manager.registry.pop(CodexMagics.__name__, None)
        shell.input_transformers_cleanup.remove(literal_cell)
        shell.input_transformers_post.remove(self._await)
        for transformer in TOKEN_TRANSFORMERS:
            shell.input_transformer_manager.token_transformers.remove(transformer)
        shell.events.unregister("pre_run_cell", self._cell_begins)
        shell.events.unregister("post_run_cell", self._cell_ends)
        self._formatting.remove()

    def _may_await(self) -> bool:
        # Code that is transformed while a cell runs (%%time, %%capture, run_cell) is run by
        # code that cannot await it.
        return bool(self._shell.autoawait) and self._running_cells == 0

    def _cell_begins(self, _: Any) -> None:
        self._running_cells += 1

    def _cell_ends(self, _: Any) -> None:
        # The cell that loads the extension began before it could be counted.
        self._running_cells = max(0, self._running_cells - 1)


def load(shell: InteractiveShell) -> None:
    """Put the magics into ``shell``; a second time does nothing."""
    if getattr(shell, _LOADED, None) is None:
        extension = Extension(shell)
        extension.install()
        setattr(shell, _LOADED, extension)
        preload(shell)


def unload(shell: InteractiveShell) -> None:
    """Take the magics out of ``shell``."""
    extension = getattr(shell, _LOADED, None)
    if extension is not None:
        extension.remove()
        delattr(shell, _LOADED)
