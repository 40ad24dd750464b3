"""The public names: complete, the same to type checkers and to programs, loaded when asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

import pytest

import codex_notebook
from codex_notebook.core import events, items

EXTENSION = {"load_ipython_extension", "unload_ipython_extension"}


def typed() -> Iterator[tuple[str, str]]:
    """Yield what type checkers see: each public name and its module, or the name it stands for."""
    module = ast.parse(Path(codex_notebook.__file__).read_text(encoding="utf-8"))
    for block in module.body:
        if not isinstance(block, ast.If) or ast.unparse(block.test) != "TYPE_CHECKING":
            continue
        for statement in block.body:
            if isinstance(statement, ast.ImportFrom):
                home = (statement.module or "").removeprefix("codex_notebook.")
                yield from ((alias.asname or alias.name, home) for alias in statement.names)
            elif isinstance(statement, ast.Assign):
                yield ast.unparse(statement.targets[0]), ast.unparse(statement.value)


def test_the_table_the_list_and_the_typed_imports_name_the_same() -> None:
    table = {**codex_notebook._HOMES, **codex_notebook._ALIASES}
    assert dict(typed()) == {**table, "InteractiveShell": "IPython.core.interactiveshell"}
    assert set(codex_notebook.__all__) == table.keys() | EXTENSION
    assert len(set(codex_notebook.__all__)) == len(codex_notebook.__all__)


@pytest.mark.parametrize("name", codex_notebook.__all__)
def test_a_public_name_is_what_its_own_module_has(name: str) -> None:
    value = getattr(codex_notebook, name)
    known = codex_notebook._ALIASES.get(name, name)
    if name not in EXTENSION:
        home = import_module(f"codex_notebook.{codex_notebook._HOMES[known]}")
        assert value is getattr(home, known)
    assert getattr(codex_notebook, name) is value


def test_every_event_and_item_that_a_turn_can_have_is_public() -> None:
    kinds = {*get_args(events.Event), *get_args(items.Item)}
    assert {kind.__name__ for kind in kinds} <= set(codex_notebook.__all__)


def test_all_public_names_are_listed_before_they_are_loaded() -> None:
    shown = run("import codex_notebook; print(dir(codex_notebook))")
    assert set(codex_notebook.__all__) <= set(ast.literal_eval(shown))


def test_a_name_that_there_is_not_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = codex_notebook.nothing  # type: ignore[attr-defined]
    with pytest.raises(ImportError, match="nothing"):
        exec("from codex_notebook import nothing")


@pytest.mark.parametrize(
    ("statement", "unloaded"),
    [
        ("import codex_notebook", {"pydantic", "asyncio"}),
        ("from codex_notebook import Codex, Turn", {"markdown_it", "nh3", "pandas"}),
    ],
)
def test_an_import_loads_only_what_it_needs(statement: str, unloaded: set[str]) -> None:
    loaded = set(ast.literal_eval(run(f"{statement}\nimport sys\nprint([*sys.modules])")))
    assert loaded & unloaded == set()


def run(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
