"""Whether the CLI may believe what a repository says of itself in its ``.codex`` folder.

With a sandbox that can write, the CLI takes a repository that it does not know for trusted, writes
that into its home, and loads the repository's configuration, whose MCP servers run outside the
sandbox: somebody else's code, and nobody was asked. Reads folders and configurations; starts
nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from codex_notebook.client.checks import git_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Json = Any


def untrusted(root: Path, home: Path | None, settings: Iterable[str]) -> dict[str, Json]:
    """Return the setting that keeps the CLI from trusting a repository by itself.

    Parameters
    ----------
    root : path
        The working directory.
    home : path or None
        The CLI's home, whose ``config.toml`` says what its user trusts.
    settings : iterable of str
        What the client's own configuration sets, as ``key=TOML``.

    Returns
    -------
    dict
        Nothing if somebody has decided about the repository: in the home, by answering the CLI
        in a terminal, or in the client's configuration, by ``projects``.
    """
    if any(setting.startswith("projects") for setting in settings):
        return {}
    projects = {str(folder) for folder in _projects(root)}
    if projects & _decided(home):
        return {}
    return {"projects": {project: {"trust_level": "untrusted"} for project in sorted(projects)}}


def _projects(root: Path) -> Iterator[Path]:
    """Yield the folders by which the CLI may know the project of a directory."""
    yield root
    git = git_of(root)
    if git is not None:
        yield git.parent
        if git.is_file():
            yield from _main_of(git)


def _main_of(git: Path) -> Iterator[Path]:
    """Yield the repository of which a folder is a further working tree."""
    try:
        named = git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    except (OSError, ValueError):
        return
    inner = (git.parent / named).resolve()
    if inner.parent.name == "worktrees" and inner.parent.parent.name == ".git":
        yield inner.parent.parent.parent


def _decided(home: Path | None) -> set[str]:
    """Return the projects about which the user of a home has decided."""
    try:
        text = "" if home is None else (home / "config.toml").read_text(encoding="utf-8")
        projects = tomllib.loads(text).get("projects")
    except (OSError, ValueError):
        return set()
    return set(projects) if isinstance(projects, dict) else set()
