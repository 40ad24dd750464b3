"""The Codex agent, native to notebooks; and an async Python SDK for the Codex CLI.

In a notebook: ``%load_ext codex_notebook``, then ``%%codex``. In Python::

    from codex_notebook import Codex

    turn = await Codex().start_thread().run("What does this project do?")
    print(turn.final_response)
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from codex_notebook.client.codex import Codex
from codex_notebook.client.options import CodexOptions, ThreadOptions, TurnOptions
from codex_notebook.client.running import RunningTurn
from codex_notebook.client.thread import StreamedTurn, Thread
from codex_notebook.core.turn import Turn
from codex_notebook.errors import (
    CodexError,
    CodexExecError,
    CodexNotFoundError,
    CodexVersionError,
    InvalidOptionError,
    InvalidOutputTypeError,
    MissingDependencyError,
    NotLoggedInError,
    OutputValidationError,
    TurnError,
    TurnFailedError,
    TurnInterruptedError,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

# What is logged is for who asks for it: without a handler, Python would print it into cells.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "Codex",
    "CodexError",
    "CodexExecError",
    "CodexNotFoundError",
    "CodexOptions",
    "CodexVersionError",
    "InvalidOptionError",
    "InvalidOutputTypeError",
    "MissingDependencyError",
    "NotLoggedInError",
    "OutputValidationError",
    "RunningTurn",
    "StreamedTurn",
    "Thread",
    "ThreadOptions",
    "Turn",
    "TurnError",
    "TurnFailedError",
    "TurnInterruptedError",
    "TurnOptions",
    "load_ipython_extension",
    "unload_ipython_extension",
]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the ``codex`` magics to a shell; called by ``%load_ext codex_notebook``."""
    # Imported here: the SDK must not cost the start-up of widgets.
    from codex_notebook.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away again; called by ``%unload_ext codex_notebook``."""
    from codex_notebook.notebook.extension import unload

    unload(shell)
