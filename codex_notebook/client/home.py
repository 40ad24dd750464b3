"""The CLI's home folder: where it keeps its configuration, its login and its threads.

Reads what the CLI wrote there and writes nothing; knows neither processes nor turns.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic_core

from codex_notebook.core.usage import Usage
from codex_notebook.errors import InvalidOptionError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

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


def thread_tools(home: Path, thread_id: str) -> set[str] | None:
    """Return the names of the tools that a thread was begun with.

    Returns
    -------
    set of str or None
        None if the CLI keeps no rollout of the thread, or not one that is understood.

    Notes
    -----
    Source: ``dynamic_tools`` in the first line, ``session_meta``, of the thread's rollout.
    """
    try:
        for rollout in _rollouts(home, thread_id):
            with rollout.open("rb") as stream:
                meta = pydantic_core.from_json(stream.readline())["payload"]
            return {str(tool["name"]) for tool in meta.get("dynamic_tools") or ()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return None


def read_profile(home: Path, profile: str) -> dict[str, Any]:
    """Return what a profile's file says, as nested names.

    Raises
    ------
    InvalidOptionError
        If it cannot be read.
    """
    file = home / f"{profile}.config.toml"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidOptionError(
            f"The profile {profile!r} cannot be read from {file}: {error}", option="profile"
        ) from None


def _rollouts(home: Path, thread_id: str) -> Iterator[Path]:
    """Yield the files of a thread, the newest first: one that was reverted has several."""
    for name in (f"rollout-*-{thread_id}_*.jsonl", f"rollout-*-{thread_id}.jsonl"):
        found = [
            *(home / "sessions").glob(f"*/*/*/{name}"),
            *(home / "archived_sessions").glob(name),
        ]
        yield from sorted(found, key=lambda file: file.name, reverse=True)


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
