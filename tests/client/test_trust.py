"""A repository's own configuration is believed only where somebody decided so."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_notebook import Codex, offline
from codex_notebook.client.trust import untrusted
from codex_notebook.offline import text


def repository(folder: Path) -> Path:
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", folder], check=True)
    return folder


def test_a_repository_is_not_trusted_by_any_of_its_names(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo")
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    projects = untrusted(inner, tmp_path, [])["projects"]
    assert projects == {
        str(inner): {"trust_level": "untrusted"},
        str(root): {"trust_level": "untrusted"},
    }


def test_a_further_working_tree_is_of_its_repository(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo")
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", str(tmp_path / "tree")], check=True)
    assert set(untrusted(tmp_path / "tree", None, [])["projects"]) == {
        str(root),
        str(tmp_path / "tree"),
    }


def test_a_folder_without_a_repository_is_not_trusted_either(tmp_path: Path) -> None:
    # What the CLI's sandbox leaves where there could be one.
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "a"
    inner.mkdir()
    assert set(untrusted(inner, None, [])["projects"]) == {str(inner)}


@pytest.mark.parametrize("level", ["trusted", "untrusted"])
def test_what_the_user_has_decided_stands(tmp_path: Path, level: str) -> None:
    root = repository(tmp_path / "repo")
    config = f'[projects."{root}"]\ntrust_level = "{level}"\n'
    (tmp_path / "config.toml").write_text(config)
    assert untrusted(root, tmp_path, []) == {}
    assert untrusted(root, None, [f'projects."{root}".trust_level="{level}"']) == {}
    assert untrusted(repository(tmp_path / "other"), tmp_path, []) != {}


@pytest.mark.parametrize("config", ["projects = 3", "no toml", ""])
def test_a_home_that_says_nothing_decides_nothing(tmp_path: Path, config: str) -> None:
    (tmp_path / "config.toml").write_text(config)
    assert untrusted(tmp_path, tmp_path, []) != {}


@pytest.fixture
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve([text("Hello.")], repeat=True) as server:
        yield server


@pytest.mark.cli
@pytest.mark.parametrize("trusts", [False, True])
def test_the_programs_that_a_repository_names_run_only_if_it_is_trusted(
    model: offline.ScriptedModel, tmp_path: Path, trusts: bool
) -> None:
    root, ran = repository(tmp_path / "repo"), tmp_path / "ran"
    (root / ".codex").mkdir()
    server = f'[mcp_servers.evil]\ncommand = "/usr/bin/touch"\nargs = ["{ran}"]\n'
    (root / ".codex" / "config.toml").write_text(server)
    home = Path(model.env["CODEX_HOME"]) / "config.toml"
    if trusts:
        with home.open("a") as file:
            file.write(f'[projects."{root}"]\ntrust_level = "trusted"\n')
    before = home.read_text()

    async def run() -> None:
        async with Codex(model.options, transport="app-server", approvals=True) as codex:
            thread = codex.start_thread(working_directory=root, sandbox_mode="workspace-write")
            assert (await thread.run("hello")).final_response == "Hello."

    asyncio.run(run())
    assert ran.exists() is trusts
    assert home.read_text() == before
