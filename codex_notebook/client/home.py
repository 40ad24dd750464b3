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
        of the thread, or not one that is understood.

    Notes
    -----
    Source: the ``token_count`` lines of ``sessions/YYYY/MM/DD/rollout-<time>-<id>.jsonl``. What
    `codex exec` prints at the end of a turn is the same number, but a turn that was stopped or
    failed prints none. A fork, and a thread from which turns were taken back, begin in the midst
    of another such file, which ``history_base`` in their first line names.
    """
    try:
        rollout, end = _newest(home, thread_id), None
        while rollout is not None:
            for line in _lines_from_the_end(rollout, end):
                if b'"token_count"' in line:
                    usage = _total(line)
                    if usage is not None:
                        return usage
            base = _meta(rollout).get("history_base")
            if base is None:
                return Usage()
            rollout, end = _part(home, str(base["thread_id"])), int(base["end_byte_offset"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
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
        rollout = _newest(home, thread_id)
        if rollout is not None:
            return {str(tool["name"]) for tool in _meta(rollout).get("dynamic_tools") or ()}
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


def _newest(home: Path, thread_id: str) -> Path | None:
    """Return the file with the end of a thread: one that was reverted has several."""
    # What comes behind the thread's id is the id of the part, which grows with time.
    parts = sorted(_named(home, f"rollout-*-{thread_id}_*.jsonl"), key=_part_id)
    return parts[-1] if parts else _part(home, thread_id)


def _part(home: Path, part_id: str) -> Path | None:
    """Return the file of one part of a thread; the first part has the thread's own id."""
    return next(_named(home, f"rollout-*[-_]{part_id}.jsonl"), None)


def _part_id(file: Path) -> str:
    return file.name.rpartition("_")[2]


def _named(home: Path, name: str) -> Iterator[Path]:
    yield from (home / "sessions").glob(f"*/*/*/{name}")
    yield from (home / "archived_sessions").glob(name)


def _meta(rollout: Path) -> Mapping[str, Any]:
    """Return what the first line of a rollout says of it.

    Raises
    ------
    OSError, ValueError, LookupError, TypeError
        If it cannot be read.
    """
    with rollout.open("rb") as stream:
        meta: Mapping[str, Any] = pydantic_core.from_json(stream.readline())["payload"]
    return meta


def _lines_from_the_end(file: Path, end: int | None) -> Iterator[bytes]:
    """Yield the lines up to a place in the file, the last one first."""
    with file.open("rb") as stream:
        position = stream.seek(0, os.SEEK_END) if end is None else end
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
