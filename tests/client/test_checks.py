from __future__ import annotations

import json
import os
import pwd
import subprocess
from pathlib import Path

import pytest

from codex_notebook import InvalidOptionError, ReviewOptions, ThreadOptions, Usage
from codex_notebook.client.checks import check_arguments, check_review_target, check_thread
from codex_notebook.client.home import codex_home, thread_usage

ID = "01a2048e-fb92-7212-b87d-f21b77426a7d"
NOISE = json.dumps({"type": "response_item", "payload": {"text": "ü" * 300_000}})


def counted(tokens: int | None) -> str:
    info = None if tokens is None else {"total_token_usage": {"input_tokens": tokens}}
    return json.dumps({"type": "event_msg", "payload": {"type": "token_count", "info": info}})


def rollout(home: Path, *lines: str, folder: str = "sessions/2026/11/22") -> None:
    (home / folder).mkdir(parents=True)
    file = home / folder / f"rollout-2026-11-22T18-40-09-{ID}.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_home_is_where_the_cli_looks_for_it() -> None:
    assert codex_home({"CODEX_HOME": "/c", "HOME": "/h"}) == Path("/c")
    assert codex_home({"CODEX_HOME": "", "HOME": "/h"}) == Path("/h/.codex")
    # As the CLI does, which asks the system.
    assert codex_home({}) == Path(pwd.getpwuid(os.getuid()).pw_dir) / ".codex"


@pytest.mark.parametrize(
    "lines",
    [
        [counted(1), counted(2)],
        [counted(1), NOISE, counted(2), NOISE],
        [counted(2), counted(None), '{"type": "token_count", "half'],
        [counted(2), '"token_count" in another line', "[]"],
    ],
)
def test_the_total_of_a_thread_is_the_last_that_the_cli_wrote_down(
    tmp_path: Path, lines: list[str]
) -> None:
    rollout(tmp_path, *lines)
    assert thread_usage(tmp_path, ID) == Usage(input_tokens=2)


def test_an_archived_thread_has_its_total_too(tmp_path: Path) -> None:
    rollout(tmp_path, counted(7), folder="archived_sessions")
    assert thread_usage(tmp_path, ID) == Usage(input_tokens=7)


def test_a_thread_for_which_nothing_was_counted_has_used_nothing(tmp_path: Path) -> None:
    rollout(tmp_path, NOISE)
    assert thread_usage(tmp_path, ID) == Usage()


def test_the_total_of_a_thread_that_is_not_there_is_not_known(tmp_path: Path) -> None:
    rollout(tmp_path, counted(7))
    assert thread_usage(tmp_path, ID.replace("0", "1")) is None
    assert thread_usage(tmp_path / "nowhere", ID) is None


def test_a_profile_that_does_not_exist_is_refused_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "work.config.toml").touch()
    env = {"CODEX_HOME": str(tmp_path)}
    check_thread(ThreadOptions(profile="work"), env)
    with pytest.raises(InvalidOptionError, match=r"no profile 'wrok'.*Known here: work\."):
        check_thread(ThreadOptions(profile="wrok"), env)
    with pytest.raises(InvalidOptionError, match=r"no profile '\.\./work'"):
        check_thread(ThreadOptions(profile="../work"), {"CODEX_HOME": str(tmp_path / "sub")})


def test_a_directory_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    with pytest.raises(InvalidOptionError, match=r"working directory .*nowhere does not exist"):
        check_thread(ThreadOptions(working_directory=nowhere), {})
    with pytest.raises(InvalidOptionError, match=r"additional directory .*nowhere does not exist"):
        check_thread(ThreadOptions(additional_directories=(tmp_path, nowhere)), {})


@pytest.mark.parametrize("argument", ["a\0b", "\ud800"])
def test_what_cannot_be_an_argument_of_a_process_is_refused(argument: str) -> None:
    check_arguments(["fine", "ü😀"])
    with pytest.raises(InvalidOptionError, match="cannot be an argument"):
        check_arguments(["fine", argument])


def test_a_review_of_a_branch_or_commit_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    check_review_target(ReviewOptions(base="nowhere"), tmp_path)  # no repository, nothing to ask
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (
        ["init", "-q", "-b", "main"],
        [*who, "commit", "-q", "--allow-empty", "-m", "x"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    for known in ("main", "HEAD"):
        check_review_target(ReviewOptions(base=known), tmp_path)
        check_review_target(ReviewOptions(commit=known), tmp_path)
    check_review_target(ReviewOptions(), tmp_path)
    with pytest.raises(InvalidOptionError, match="no branch 'mian' in"):
        check_review_target(ReviewOptions(base="mian"), tmp_path)
    with pytest.raises(InvalidOptionError, match="no commit '--all' in"):
        check_review_target(ReviewOptions(commit="--all"), tmp_path)
