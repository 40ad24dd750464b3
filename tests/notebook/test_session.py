from __future__ import annotations

from pathlib import Path

import pytest

from codex_notebook.notebook.session import notebook_folder


def test_the_folder_is_the_one_that_vs_code_names(tmp_path: Path) -> None:
    assert notebook_folder({"__vsc_ipynb_file__": str(tmp_path / "a.ipynb")}) == tmp_path


def test_the_folder_is_the_one_of_the_jupyter_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "a.ipynb"))
    assert notebook_folder({}) == tmp_path


@pytest.mark.parametrize("name", ["relative/a.ipynb", "/no/such/folder/a.ipynb", "", None])
def test_otherwise_the_folder_is_where_the_kernel_runs(
    name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert notebook_folder({"__vsc_ipynb_file__": name}) == tmp_path
