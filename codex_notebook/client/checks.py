"""What must hold before a CLI process is started, as far as the file system can tell.

The CLI passes over much of it in silence: a profile or a directory that does not exist, for
instance. Looks and asks, and changes nothing.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from codex_notebook.client.home import codex_home
from codex_notebook.client.options import ReviewOptions, ThreadOptions
from codex_notebook.errors import InvalidOptionError

# It looks into one folder; one that hangs must not keep a review from trying.
_GIT_TIMEOUT = 5.0


def check_thread(thread: ThreadOptions, env: Mapping[str, str]) -> None:
    """Make sure that the directories and the profile of a thread exist.

    Parameters
    ----------
    thread : ThreadOptions
        Its options, with absolute paths.
    env : mapping
        The environment of the CLI, which says where its home is.

    Raises
    ------
    InvalidOptionError
        If one does not.
    """
    directory = thread.working_directory
    if directory is not None and not directory.is_dir():
        raise InvalidOptionError(
            f"The working directory {directory} does not exist; create it or name another.",
            option="working_directory",
        )
    for directory in thread.additional_directories:
        if not directory.is_dir():
            raise InvalidOptionError(
                f"The additional directory {directory} does not exist, and the CLI would leave it "
                "out silently; create it or name another.",
                option="additional_directories",
            )
    home = codex_home(env)
    if thread.profile is not None and home is not None:
        _check_profile(thread.profile, home)


def check_kept(thread: ThreadOptions) -> None:
    """Make sure that a thread that is resumed is not to be ephemeral.

    Raises
    ------
    InvalidOptionError
        If it is.
    """
    if thread.ephemeral:
        raise InvalidOptionError(
            "A thread that is resumed cannot be ephemeral: the CLI would keep its turns all the "
            "same. Leave ephemeral out.",
            option="ephemeral",
        )


def check_git(thread: ThreadOptions, root: Path) -> None:
    """Make sure that the agent works in a git repository, unless the thread says it need not.

    The app-server does not ask, and ``codex exec`` does: where nothing can be undone, an agent is
    let loose only by somebody who says so.

    Raises
    ------
    InvalidOptionError
        If the directory is in no repository.
    """
    if thread.skip_git_repo_check or git_of(root) is not None:
        return
    raise InvalidOptionError(
        f"{root} is not inside a git repository. Run in one, or pass skip_git_repo_check=True.",
        option="skip_git_repo_check",
    )


def git_of(folder: Path) -> Path | None:
    """Return the ``.git`` of the repository in which a folder lies; None if it lies in none."""
    for parent in (folder, *folder.parents):
        git = parent / ".git"
        # An empty one is none: the CLI's sandbox may put it there, while a command runs.
        if git.is_file() or (git / "HEAD").is_file():
            return git
    return None


def check_arguments(arguments: Iterable[str]) -> None:
    """Make sure that arguments can be passed to a process.

    Raises
    ------
    InvalidOptionError
        If one holds a NUL, or a character that the file system's encoding lacks.
    """
    for argument in arguments:
        try:
            fit = b"\0" not in os.fsencode(argument)
        except UnicodeEncodeError:
            fit = False
        if not fit:
            raise InvalidOptionError(
                f"{argument!r} cannot be an argument of a process: it holds a NUL or a character "
                "without an encoding.",
                option="options",
            )


def check_review_target(review: ReviewOptions, directory: Path) -> None:
    """Make sure that the branch or commit of a review exists, if git is there to ask.

    Raises
    ------
    InvalidOptionError
        If git says that it does not.
    """
    option, name = ("base", review.base) if review.base else ("commit", review.commit)
    if name is None:
        return
    try:
        known = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return
    # Where there is no repository it is 128, and the CLI says so.
    if known.returncode == 1:
        raise InvalidOptionError(
            f"There is no {'branch' if option == 'base' else 'commit'} {name!r} in {directory}, "
            "and the CLI would review something else without a word.",
            option=option,
        )


def _check_profile(profile: str, home: Path) -> None:
    file = home / f"{profile}.config.toml"
    if file.is_file():
        return
    known = sorted(path.name.removesuffix(".config.toml") for path in home.glob("*.config.toml"))
    raise InvalidOptionError(
        f"There is no profile {profile!r}, and the CLI would go on without it: {file} does not "
        f"exist. Known here: {', '.join(known) or 'none'}.",
        option="profile",
    )
