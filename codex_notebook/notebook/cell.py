"""One use of the magic, from start to value: start a turn, show it, wait, hand back its value.

This is the one place that joins client and panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from codex_notebook.client.interrupts import interrupts_noted
from codex_notebook.client.options import TurnOptions
from codex_notebook.client.running import RunningTurn
from codex_notebook.core.plain import clean
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError, InvalidOptionError
from codex_notebook.notebook.asking import Asking
from codex_notebook.notebook.command import Command, interpolated
from codex_notebook.notebook.formatting import already_shown
from codex_notebook.notebook.names import LAST_TURN
from codex_notebook.notebook.session import Session, notebook_folder
from codex_notebook.notebook.showing import Showing, show, somebody_is_there
from codex_notebook.notebook.waiting import wait_awaited, wait_blocking


class Cell:
    """One use of the magic in a shell.

    Parameters
    ----------
    shell : InteractiveShell
        Where it was used.
    session : Session
        The notebook's thread.
    command : Command
        What was asked.
    names : mapping
        The variables that are seen where it was used; in a function its own come first.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        session: Session,
        command: Command,
        names: Mapping[str, object],
    ) -> None:
        self._shell = shell
        self._names = names
        self._command = command
        with interrupts_noted() as pressed:
            self._running = self._start(session)
            try:
                self._keep(self._running)
                self._showing: Showing = show(shell, self._running, waits=not command.bg)
                self._asking = Asking(self._running, self._showing)
            except BaseException:
                # Nobody will wait for the turn, so it must not go on.
                self._running.request_interrupt()
                raise
        if pressed:
            self._running.request_interrupt()

    @property
    def _kernel(self) -> Any:
        return getattr(self._shell, "kernel", None)

    async def awaited(self) -> object:
        """Return the cell's value, in a cell that is awaited; see `blocking`."""
        if self._waits:
            await wait_awaited(self._running, self._kernel, self._asking.look)
        return self._value()

    def blocking(self) -> object:
        """Return the cell's value.

        Returns
        -------
        object
            The running turn with ``--bg``; with a type the answer as an object of it; else the
            `Turn`.

        Raises
        ------
        TurnError
            If the turn did not end well; shown as one line, and it stops Run All.
        """
        if self._waits:
            wait_blocking(self._running, self._kernel, self._asking.look)
        return self._value()

    @property
    def _waits(self) -> bool:
        # Where a record can be shown only now, a turn in the background would leave no trace.
        return not self._command.bg or self._showing.only_in_cell

    def _start(self, session: Session) -> RunningTurn:
        command, names = self._command, self._names
        prompt = interpolated(command.prompt, names) if command.interpolate else command.prompt
        return session.start(
            prompt,
            TurnOptions(output_type=self._output_type()),
            changes=command.thread_options,
            new=command.new,
            folder=notebook_folder(self._shell.user_ns),
            attended=self._attended,
        )

    @property
    def _attended(self) -> bool:
        # In a terminal the lines to come may decide what a turn in the background asks.
        in_background = self._command.bg and self._kernel is None
        return somebody_is_there(self._shell) or in_background

    def _output_type(self) -> object:
        expression = self._command.type
        if expression is None:
            return None
        try:
            return eval(expression, self._shell.user_global_ns, self._names)
        except Exception as error:
            raise InvalidOptionError(
                f"--type {expression} does not evaluate: {type(error).__name__}: {error}. It "
                "takes a Python expression of this notebook, such as list[Invoice].",
                option="--type",
            ) from None

    def _value(self) -> object:
        if self._command.bg:
            self._running.when_done(lambda turn, _: self._ended_in_background(turn))
            already_shown(self._running, self._shell)
            return self._running
        turn, error = self._running.outcome()
        self._keep(turn)
        self._showing.ended(turn)
        if error is not None:
            raise error
        if self._command.type is None:
            already_shown(turn, self._shell)
            return turn
        if self._command.out is not None:
            self._shell.user_ns[self._command.out] = turn.output
        return turn.output

    def _ended_in_background(self, turn: Turn) -> None:
        if self._shell.user_ns.get(LAST_TURN) is self._running:
            self._shell.user_ns[LAST_TURN] = turn
        self._showing.ended(turn)

    def _keep(self, turn: RunningTurn | Turn) -> None:
        """Leave the turn where the user finds it, whatever becomes of the cell."""
        self._shell.user_ns[LAST_TURN] = turn
        if self._command.out is not None:
            self._shell.user_ns[self._command.out] = turn


def as_one_line(error: CodexError) -> CodexError:
    """Return ``error`` so that IPython shows its message and no frames of ours."""
    # A message may quote the CLI or the model, and a terminal would obey what it says.
    lines = [f"\x1b[31m{type(error).__name__}\x1b[0m: {clean(str(error))}"]
    error._render_traceback_ = _Lines(lines)  # type: ignore[attr-defined]
    return error


class _Lines:
    """What IPython shows for an error; a class and no lambda, so that the error can be pickled."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def __call__(self) -> list[str]:
        return self._lines
