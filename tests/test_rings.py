"""The rings of the house: core <- client <- notebook. Imports point left only."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import codex_notebook

PACKAGE = Path(codex_notebook.__file__).parent
JUPYTER = {"IPython", "ipykernel", "ipywidgets", "anywidget", "traitlets", "comm", "zmq"}
OUTWARD = {"asyncio", "subprocess", "threading", "socket", "concurrent", "multiprocessing"}

# For each ring, what its files may not import.
FORBIDDEN = {
    "core": {
        *JUPYTER,
        *OUTWARD,
        "codex_notebook.client",
        "codex_notebook.notebook",
        "codex_notebook.offline",
    },
    "client": {*JUPYTER, "codex_notebook.notebook", "codex_notebook.offline"},
    "offline": {*JUPYTER, "codex_notebook.notebook"},
    "notebook": {"codex_notebook.offline"},
}
# In the outermost ring only these may know both the client's turns and what shows them.
COMPOSERS = {"cell", "showing", "magics", "extension", "session", "waiting", "formatting"}
COMPOSERS |= {"asking", "commands"}
# These open widgets on the turns of a thread, which they read and fork.
COMPOSERS |= {"inspecting", "library"}


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            yield node.module or ""


def within(name: str, forbidden: str) -> bool:
    return name == forbidden or name.startswith(forbidden + ".")


@pytest.mark.parametrize("ring", FORBIDDEN)
def test_a_ring_imports_nothing_from_further_out(ring: str) -> None:
    files = sorted((PACKAGE / ring).glob("**/*.py"))
    assert files
    wrong = [
        f"{file.name}: {name}"
        for file in files
        for name in imports(file)
        if any(within(name, forbidden) for forbidden in FORBIDDEN[ring])
    ]
    assert wrong == []


def test_the_panel_does_not_know_the_client() -> None:
    files = sorted((PACKAGE / "notebook").glob("*.py"))
    knowing = {
        file.stem
        for file in files
        if any(within(name, "codex_notebook.client") for name in imports(file))
    }
    assert knowing <= COMPOSERS


def test_every_file_opens_with_what_it_holds() -> None:
    files = [f for f in PACKAGE.glob("**/*.py") if f.stat().st_size]
    without = [f.name for f in files if not ast.get_docstring(ast.parse(f.read_text("utf-8")))]
    assert without == []


def test_the_sdk_is_imported_without_jupyter() -> None:
    script = "import codex_notebook, sys; print(sorted(m for m in sys.modules if '.' not in m))"
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    loaded = set(ast.literal_eval(shown))
    assert loaded & (JUPYTER | {"pandas"}) == set()
