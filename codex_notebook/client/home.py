"""The CLI's home folder: where it keeps its configuration, its login and its threads.

Reads what the CLI wrote there and writes nothing; knows neither processes nor turns.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from pathlib import Path

import pydantic_core

from codex_notebook.core.events import Usage

# A rollout is read from its end, in pieces of this many bytes.
_PIECE = 1 << 16


def codex_home(env: Mapping[str, str]) -> Path | None:
    """Return the CLI's home in an environment, or None if it has none.

    Source: ``CODEX_HOME``, else ``.codex`` in ``HOME`` or in the home that the system knows.
    """
    if env.get("CODEX_HOME"):
        return Path(env["CODEX_HOME"])
    if env.get("HOME"):
        return Path(env["HOME"]) / ".codex"
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir) / ".codex"
    except KeyError:
        return None


def thread_usage(home: Path, thread_id: str) -> Usage | None:
    """Return the running total of a thread's tokens, as the CLI last wrote it down.

    Parameters
    ----------
    home : path
        The CLI's home.
    thread_id : str
        The thread's id.

    Returns
    -------
    Usage or None
        Zero for a thread for which the CLI has counted nothing yet; None if it keeps no rollout
        of the thread.

    Notes
    -----
    Source: the ``token_count`` lines of ``sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl``. What
    `codex exec` prints at the end of a turn is the same number, but a turn that was stopped or
    failed prints none.
    """
    try:
        for rollout in _rollouts(home, thread_id):
            for line in _lines_from_the_end(rollout):
                if b'"token_count"' in line:
                    usage = _total(line)
                    if usage is not None:
                        return usage
            return Usage()
    except OSError:
        # Not ours to mend: the CLI says what is wrong with its home when it needs it.
        return None
    return None


def _rollouts(home: Path, thread_id: str) -> Iterator[Path]:
    name = f"rollout-*-{thread_id}.jsonl"
    yield from (home / "sessions").glob(f"*/*/*/{name}")
    yield from (home / "archived_sessions").glob(name)


def _lines_from_the_end(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        position = stream.seek(0, os.SEEK_END)
        beginning = b""
        while position:
            size = min(_PIECE, position)
            position -= size
            stream.seek(position)
            beginning, *lines = (stream.read(size) + beginning).split(b"\n")
            yield from reversed(lines)
        yield beginning


def _total(line: bytes) -> Usage | None:
    try:
        total = pydantic_core.from_json(line)["payload"]["info"]["total_token_usage"]
        # Without what `codex exec` does not report, so that the two are alike.
        return Usage.model_validate({k: total[k] for k in Usage.model_fields if k in total})
    except (ValueError, LookupError, TypeError):
        return None
