"""What is built and installed: the bundle is the one of the sources, and a wheel needs no Node."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "codex_notebook" / "static"
BUNDLE = ("loader.js", "widget.js", "widget.css")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.mark.install
def test_the_committed_bundle_is_what_the_sources_build() -> None:
    committed = {name: (STATIC / name).read_bytes() for name in BUNDLE}
    try:
        subprocess.run(["make", "js"], cwd=ROOT, check=True, capture_output=True)
        built = {name: (STATIC / name).read_bytes() for name in BUNDLE}
    finally:
        for name, data in committed.items():
            (STATIC / name).write_bytes(data)
    assert built == committed, "run: make js"


def test_the_wheel_holds_the_bundle_the_types_and_the_demo(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        for name in BUNDLE:
            assert archive.read(f"codex_notebook/static/{name}") == (STATIC / name).read_bytes()
    assert {
        "codex_notebook/py.typed",
        "codex_notebook/client/guard.py",
        "codex_notebook/notebooks/01_first_turn.ipynb",
        "codex_notebook/notebooks/01_first_turn.scenario.json",
        "codex_notebook/notebooks/01_first_turn_files/prices.py",
    } <= names
    assert not [name for name in names if name.startswith(("js/", "tests/"))]


@pytest.mark.install
def test_the_wheel_installs_and_loads_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    python = environment / "bin" / "python"
    subprocess.run([*uv, "venv", "--python", sys.executable, str(environment)], check=True)
    install = [*uv, "pip", "install", "--python", str(python), f"{wheel}[pandas]"]
    subprocess.run(install, check=True)
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell()\n"
        "shell.run_line_magic('load_ext', 'codex_notebook')\n"
        "from codex_notebook.notebook.program import PROGRAM\n"
        "print(len(PROGRAM.texts['js']), shell.find_cell_magic('codex') is not None)\n"
    )
    # No PATH: neither Node nor a Codex CLI is needed to load.
    env = {"HOME": str(tmp_path), "PATH": "", "PYTHONPATH": ""}
    loaded = subprocess.run(
        [str(python), "-c", script],
        env=env,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    size, found = loaded.stdout.split()
    assert int(size) > 10_000
    assert found == "True"
    # Without the `cli` extra and without a CLI on PATH, a cell says how to get one.
    ask = "shell.run_cell('%codex hi', store_history=True)"
    asked = subprocess.run(
        [str(python), "-c", script + ask],
        env=env,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "CodexNotFoundError" in asked.stdout
    assert 'pip install "codex-notebook[cli]"' in asked.stdout


def test_the_locks_name_no_address() -> None:
    for lock in ("requirements.lock", "js/package-lock.json"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "://" not in text
        assert os.sep + "root" not in text


def test_on_windows_the_import_says_what_to_do() -> None:
    script = "import sys; sys.platform = 'win32'\nfrom codex_notebook import Codex"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stderr.endswith("on Linux and macOS; on Windows, use it in WSL.\n")
