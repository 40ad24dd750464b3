"""``%%codex`` and ``%codex``: from the words of a cell to a `Cell`. Arguments only."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Awaitable
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)

from codex_notebook.errors import CodexError
from codex_notebook.notebook import commands
from codex_notebook.notebook.cell import Cell, as_one_line
from codex_notebook.notebook.command import USAGE, parse_command
from codex_notebook.notebook.names import AWAITED, MAGIC
from codex_notebook.notebook.session import Session


@magics_class
class CodexMagics(Magics):
    """The magics of one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.session = Session()

    # `no_var_expand`: IPython would fill in `{…}` and `$…`, and prompts are full of both.
    # `needs_local_scope`: in a function, its own variables are meant.
    @no_var_expand
    @needs_local_scope
    @line_cell_magic(MAGIC)  # type: ignore[arg-type]  # IPython types only the bare decorator
    def codex(
        self, line: str, cell: str | None = None, local_ns: dict[str, object] | None = None
    ) -> object:
        """Run a turn of the Codex agent on this notebook's thread, or command one that runs."""
        try:
            command = commands.parse(line, cell)
            if command is not None:
                return self._do(*command)
            return self._cell(line, cell, local_ns).blocking()
        except CodexError as error:
            raise as_one_line(error) from error.__cause__

    @no_var_expand
    @needs_local_scope
    @line_cell_magic(AWAITED)  # type: ignore[arg-type]
    def codex_awaited(
        self, line: str, cell: str | None = None, local_ns: dict[str, object] | None = None
    ) -> Awaitable[object]:
        """Run a turn like ``%codex``, and return something to await; what cells are turned into."""

        async def value() -> object:
            try:
                command = commands.parse(line, cell)
                if command is not None:
                    return self._do(*command)
                return await self._cell(line, cell, local_ns).awaited()
            except CodexError as error:
                raise as_one_line(error) from error.__cause__

        return value()

    def _do(self, command: commands.Subcommand, said: re.Match[str]) -> object:
        assert self.shell is not None
        return command.run(commands.Call(self.shell, self.session, said))

    def _cell(self, line: str, cell: str | None, local_ns: dict[str, object] | None) -> Cell:
        assert self.shell is not None
        names = ChainMap(local_ns or {}, self.shell.user_ns)
        return Cell(self.shell, self.session, parse_command(line, cell), names)

    # What `%codex?` shows.
    codex.__doc__ = f"{codex.__doc__}\n\n{USAGE}\n\n{commands.usage()}"  # type: ignore[assignment]


def session_of(shell: Any) -> Session | None:
    """Return the session of a shell that has the magics loaded."""
    magics = shell.magics_manager.registry.get(CodexMagics.__name__)
    return magics.session if isinstance(magics, CodexMagics) else None
