"""Where the Codex CLI is.

Looks at the file system; whether the CLI is new enough shows when it runs a turn.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codex_notebook.errors import CodexNotFoundError

HOW_TO_GET_IT = (
    'Install it with `pip install "codex-notebook[cli]"`, or install it your own way '
    "(`npm install -g @openai/codex`, `brew install --cask codex`) so that `codex` is on PATH."
)

# One that hangs must not keep a turn from trying.
_ANSWER_TIMEOUT = 5.0


@dataclass(frozen=True)
class Binary:
    """A CLI, and the folder of its helper programs (such as ``rg``) if it brings one."""

    path: Path
    helpers: Path | None = None


def ask_cli(
    binary: Binary, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str] | None:
    """Run the CLI for a short answer, which blocks for some 20 to 80 ms; None if it gives none.

    Parameters
    ----------
    binary : Binary
        The CLI.
    *arguments : str
        Such as ``--version``.
    env : mapping, optional
        Its environment; by default this process's own.
    """
    try:
        return subprocess.run(
            [binary.path, *arguments],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def cli_version(binary: Binary) -> str | None:
    """Return what ``codex --version`` says, such as ``codex-cli 0.163.0``; None if nothing."""
    answer = ask_cli(binary, "--version")
    return answer.stdout.strip() or None if answer is not None else None


def find_binary(override: Path | str | None, env: Mapping[str, str]) -> Binary:
    """Return the CLI to run.

    Parameters
    ----------
    override : path, str or None
        The one to take, whatever else is there.
    env : mapping
        The environment whose PATH is searched last, behind the CLI of the ``cli`` extra.

    Raises
    ------
    CodexNotFoundError
        If there is none.
    """
    if override is not None:
        # A bare name is looked up on PATH, anything with a separator is a path, as in a shell.
        named = os.path.expanduser(override)  # noqa: PTH111 (Path would drop the "./")
        found = shutil.which(named, path=env.get("PATH"))
        if found is None:
            raise CodexNotFoundError(
                f"codex_path_override is {override}, and there is no program there. "
                f"{HOW_TO_GET_IT}",
                searched=(str(override),),
            )
        # Absolute, because the CLI runs in the thread's working directory and not in ours.
        return Binary(Path(found).absolute())
    bundled = _bundled()
    if bundled is not None:
        return bundled
    found = shutil.which("codex", path=env.get("PATH", os.defpath))
    if found is not None:
        return Binary(Path(found))
    raise CodexNotFoundError(
        f"The Codex CLI is not on this machine. {HOW_TO_GET_IT}",
        searched=("openai-codex-cli-bin", "PATH"),
    )


def _bundled() -> Binary | None:
    try:
        import codex_cli_bin
    except ImportError:
        return None
    try:
        path = Path(codex_cli_bin.bundled_codex_path())
    except (OSError, RuntimeError):
        # Installed for another platform, or half removed: as good as not installed.
        return None
    helpers = codex_cli_bin.bundled_path_dir()
    return Binary(path, Path(helpers) if helpers else None)
