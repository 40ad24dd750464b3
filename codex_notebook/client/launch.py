"""Starts the CLI's process for a turn or a fork, and sees it off when it has said its last word.

Knows the program and its environment; not what it says.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Sequence
from pathlib import Path

from codex_notebook.client.binary import Binary
from codex_notebook.client.process import CliProcess
from codex_notebook.client.secrets import Environment

# A CLI that has closed stdout without a last word is about to exit, or broken.
DEATH_GRACE = 1.0


class NotStartedError(Exception):
    """A process could not be started; the message says why."""


def launch(
    binary: Binary,
    arguments: Sequence[str],
    *,
    env: Environment,
    cwd: Path | None,
    stdin: bytes | None,
) -> CliProcess:
    """Start the CLI, with its helper programs on its PATH; without ``stdin`` it stays open.

    Raises
    ------
    NotStartedError
        If no process can be started.
    """
    if binary.helpers is not None:
        helpers = str(binary.helpers)
        others = [folder for folder in env.get("PATH", "").split(os.pathsep) if folder]
        path = [helpers, *(folder for folder in others if folder != helpers)]
        env = Environment({**env, "PATH": os.pathsep.join(path)})
    try:
        return CliProcess.spawn([str(binary.path), *arguments], env=env, cwd=cwd, stdin=stdin)
    except OSError as error:
        why = str(error)
    # Raised out here, without the frames of `subprocess`: they hold the environment and its keys.
    raise NotStartedError(why)


async def see_off(
    process: CliProcess, lines: AsyncIterator[bytes], work: Awaitable[object] | None = None
) -> int:
    """Read what a process still says, for it could not exit otherwise; return its exit code.

    Parameters
    ----------
    process : CliProcess
        The process.
    lines : iterator
        The rest of its lines.
    work : awaitable, optional
        What was done beside it and must be over, too, however it ends.
    """
    async for _ in lines:
        pass
    if work is not None:
        with contextlib.suppress(Exception):
            await work
    return await process.wait()
