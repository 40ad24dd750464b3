"""Diffs of the files that a turn changes, from our own reading of them before and after.

``codex exec`` reports only the paths of a file change, and only while the change is being made.
So a `Workspace` remembers the working directory's small text files when a turn begins, and again
reads the files that a change names when it starts and when it has ended. All of it is bounded:
where the bounds leave something out, the change says so instead of showing half a diff.
Knows files; not processes, and not how a diff is shown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from codex_notebook.core.diff import unified
from codex_notebook.core.items import FileChangeItem, FileUpdateChange

MAX_FILE = 256 * 1024
# Comparing lines takes their number squared, at worst; 10,000 that are much alike took 0.6 s.
MAX_LINES = 10_000
MAX_TOTAL = 32 * 1024 * 1024
MAX_FILES = 5_000
# The CLI needs 200 ms before it asks the model anything; a scan must not outlast that by much.
MAX_SECONDS = 1.0

# Folders whose files an agent's patches do not touch, and which hold most files of a project.
_SKIPPED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        ".venv",
        "venv",
        "env",
        "__pycache__",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
        ".cache",
        "dist",
        "build",
        "site-packages",
        "target",
    }
)


@dataclass(frozen=True)
class _Content:
    """What a file held: its bytes, or why they are not known."""

    data: bytes | None
    why_not: str | None = None


_ABSENT = _Content(b"")
_NOT_SEEN = _Content(None, "No diff: the file was not among those read when the turn began.")


@dataclass
class Workspace:
    """What the files of a working directory held; good for all the turns of a thread.

    Parameters
    ----------
    root : path
        The working directory.
    """

    root: Path
    _known: dict[Path, _Content] = field(default_factory=dict)
    _stamps: dict[Path, tuple[int, int, int]] = field(default_factory=dict)
    _complete: bool = False
    _starting: dict[str, dict[Path, _Content]] = field(default_factory=dict)

    def scan(self) -> None:
        """Read the small files below `root`, or only those that changed since the last scan."""
        deadline = time.monotonic() + MAX_SECONDS
        known: dict[Path, _Content] = {}
        stamps: dict[Path, tuple[int, int, int]] = {}
        total = 0
        self._complete = True
        for entry in _files(self.root):
            if len(known) >= MAX_FILES or total >= MAX_TOTAL or time.monotonic() > deadline:
                self._complete = False
                break
            path = Path(entry.path)
            try:
                stat = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            unchanged = self._stamps.get(path) == stamp
            content = self._known[path] if unchanged else _read(path)
            known[path], stamps[path] = content, stamp
            total += len(content.data or b"")
        self._known, self._stamps = known, stamps
        self._starting.clear()

    def started(self, item: FileChangeItem) -> None:
        """Note what the files of a change hold as it starts, or just after."""
        self._starting[item.id] = {Path(c.path): _read(Path(c.path)) for c in item.changes}

    def completed(self, item: FileChangeItem) -> FileChangeItem:
        """Return ``item`` with a diff, or the reason for having none, on each change."""
        starting = self._starting.pop(item.id, {})
        if item.status != "completed":
            return item
        changes = tuple(self._with_diff(change, starting) for change in item.changes)
        return item.model_copy(update={"changes": changes})

    def _with_diff(
        self, change: FileUpdateChange, starting: dict[Path, _Content]
    ) -> FileUpdateChange:
        if change.diff is not None:
            return change
        path = Path(change.path)
        after = _read(path)
        before = starting.get(path, _NOT_SEEN)
        if before == after:
            # A patch changes something, so we read "before" too late: the CLI does not wait.
            before = self._known.get(path, self._unseen(change))
        self._known[path] = after
        note = before.why_not or after.why_not
        if before.data is None or after.data is None:
            return change.model_copy(update={"diff_note": note})
        return change.model_copy(update={"diff": unified(before.data, after.data)})

    def _unseen(self, change: FileUpdateChange) -> _Content:
        # A file that a complete scan has not seen and that was then added did not exist.
        inside = Path(change.path).is_relative_to(self.root)
        return _ABSENT if change.kind == "add" and (self._complete or not inside) else _NOT_SEEN


def _read(path: Path) -> _Content:
    try:
        if not path.is_file():
            return _ABSENT
        size = path.stat().st_size
        if size > MAX_FILE:
            kib, limit = size // 1024, MAX_FILE // 1024
            return _Content(None, f"No diff: the file has {kib:,} KiB, more than {limit} KiB.")
        data = path.read_bytes()
    except OSError as error:
        return _Content(None, f"No diff: the file cannot be read ({error.strerror}).")
    if b"\0" in data:
        return _Content(None, "No diff: the file is binary.")
    if (lines := data.count(b"\n")) > MAX_LINES:
        return _Content(None, f"No diff: the file has {lines:,} lines, more than {MAX_LINES:,}.")
    return _Content(data)


def _files(root: Path) -> Iterator[os.DirEntry[str]]:
    """Yield the files below ``root``, nearest first, so that the bounds cut off the far ones."""
    folders = [str(root)]
    while folders:
        deeper: list[str] = []
        for folder in folders:
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            if entry.name not in _SKIPPED:
                                deeper.append(entry.path)
                        elif entry.is_file(follow_symlinks=False):
                            yield entry
            except OSError:
                continue
        folders = deeper
