"""Keeps keys out of what is seen: of tracebacks with variables, and of what a process says.

Knows options, lines, texts and diffs; not where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from codex_notebook.client.process import STDERR_KEPT
from codex_notebook.core.items import FileChangeItem

KEY_VARIABLE = "CODEX_API_KEY"
# Something shorter is no key, and blotting it out would tear words apart.
_SHORTEST = 8
_BLOT = "[API key]"


class Environment(dict[str, str]):
    """The environment of a process, which no traceback or log shows: it holds keys."""

    def __repr__(self) -> str:
        return f"<Environment of {len(self)} variables>"


def hidden(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a client whose key and environment no traceback shows."""
    shown = dict(options)
    if isinstance(shown.get("api_key"), str):
        shown["api_key"] = SecretStr(shown["api_key"])
    if isinstance(shown.get("env"), Mapping):
        shown["env"] = Environment(shown["env"])
    return shown


class Redactor:
    """Takes the key of an environment out of what is said.

    Parameters
    ----------
    env : mapping
        The environment of the process, with or without a key.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        key = env.get(KEY_VARIABLE, "").strip()
        self._key = key if len(key) >= _SHORTEST else None
        self._bytes = key.encode("utf-8", "surrogateescape")

    def line(self, line: bytes) -> bytes:
        """Return a line without the key."""
        if self._key is None or self._bytes not in line:
            return line
        return line.replace(self._bytes, _BLOT.encode())

    def text(self, text: str) -> str:
        """Return a text without the key."""
        return text if self._key is None else text.replace(self._key, _BLOT)

    def end(self, stderr: str) -> str:
        """Return the end of what was written to stderr, without the key or a part of it."""
        return self.text(stderr)[-STDERR_KEPT:].strip()

    def file_change(self, item: FileChangeItem) -> FileChangeItem:
        """Return a file change whose diffs, which we read from files, do not show the key."""
        if self._key is None:
            return item
        changes = [
            change.model_copy(update={"diff": change.diff and self.text(change.diff)})
            for change in item.changes
        ]
        return item.model_copy(update={"changes": tuple(changes)})

    def __repr__(self) -> str:
        return "<Redactor>"
