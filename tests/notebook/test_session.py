from __future__ import annotations

from pathlib import Path

import pytest

from codex_notebook import Codex, Turn, TurnOptions, offline
from codex_notebook.notebook.session import Session, notebook_folder
from codex_notebook.offline import text


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


@pytest.mark.cli
def test_the_thread_goes_on_whatever_the_client_it_is_given_runs_turns_over(tmp_path: Path) -> None:
    session = Session()

    def ask(prompt: str) -> Turn:
        options = TurnOptions()
        running = session.start(prompt, options, changes={}, new=False, folder=tmp_path)
        turn, error = running.outcome(30)
        assert error is None
        return turn

    with offline.serve([text("Hello.")], repeat=True) as model:
        known = model.options.model_dump(include=model.options.model_fields_set)
        threads = set()
        for transport in ("exec", "app-server", "exec", "app-server"):
            # The old one is still held, and would hold the thread.
            before = session.codex
            session.codex = Codex({**known, "transport": transport})
            threads.add(ask(transport).thread_id)
            assert not before.busy
        said = [request.user_message for request in model.requests]
        assert said == ["exec", "app-server", "exec", "app-server"]
        assert "exec" in str(model.requests[-1].body["input"])
        session.codex.close_sync()
    assert len(threads) == 1
