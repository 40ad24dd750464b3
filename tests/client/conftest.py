from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import Codex, CodexOptions, Thread, offline
from tests.processes import alive

FAKE = Path(__file__).with_name("fake_cli.py")
FAKE_SERVER = Path(__file__).with_name("fake_app_server.py")


@pytest.fixture
def fake_cli(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes a CLI of one behaviour."""

    def make(behaviour: str) -> Path:
        script = tmp_path / f"codex-{behaviour}"
        command = shlex.join([sys.executable, "-I", "-S", str(FAKE)])
        script.write_text(f'#!/bin/sh\nexec {command} "$@" {behaviour}\n')
        script.chmod(0o755)
        return script

    return make


@pytest.fixture
def fake_codex(fake_cli: Callable[[str], Path]) -> Callable[[str], Codex]:
    """Return a function that makes a client over a CLI of one behaviour."""

    def make(behaviour: str) -> Codex:
        # A key, so that it is not asked whether it is logged in.
        return Codex(CodexOptions(codex_path_override=fake_cli(behaviour), api_key="sk-fake"))

    return make


class FakeServer:
    """A CLI whose app-server plays a script, and what it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "codex-server"
        self._script = folder / "server.json"
        self._log = folder / "server.log"
        self._clients: list[Codex] = []
        command = shlex.join([sys.executable, "-I", "-S", str(FAKE_SERVER), str(self._script)])
        self.path.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        self.path.chmod(0o755)
        self.play()

    def play(self, turns: Any = None, **answers: Any) -> None:
        """Say what the server does; one that runs already goes on as it was told.

        Parameters
        ----------
        turns : dict, optional
            For prompts the steps of their turns.
        **answers
            For methods (``thread__start`` is ``thread/start``) the steps by which they are
            answered; "start" is what is done before anything is read.
        """
        known = {name.replace("__", "/"): steps for name, steps in answers.items()}
        script = {"turns": turns or {}, "answers": known, "log": str(self._log)}
        self._script.write_text(json.dumps(script))

    def client(self, **options: Any) -> Codex:
        """Return a client of it."""
        home = {"CODEX_HOME": str(self.folder)}
        # A key, so that it is not asked whether it is logged in.
        common = {"transport": "app-server", "api_key": "sk-fake", "env": home}
        codex = Codex(CodexOptions(**{"codex_path_override": self.path, **common, **options}))
        self._clients.append(codex)
        return codex

    def thread(self, **options: Any) -> Thread:
        """Return a new thread of a new client, which has these options."""
        return self.client(**options).start_thread(skip_git_repo_check=True)

    @property
    def starts(self) -> list[int]:
        """The ids of its processes, in the order of their starts."""
        return [pid for pid, told in self._told() if "arguments" in told]

    def heard(self, method: str) -> list[Any]:
        """Return the parameters of the requests of one kind."""
        return [told.get("params") for _, told in self._told() if told.get("method") == method]

    def answers(self) -> list[Any]:
        """Return what was answered to its own requests."""
        return [told for _, told in self._told() if "id" in told and "method" not in told]

    def close_clients(self) -> None:
        """End its processes; the next turns start others."""
        for codex in self._clients:
            asyncio.run(codex.close())

    def forget_clients(self) -> None:
        """Hold none of its clients any more."""
        self._clients.clear()

    def _told(self) -> list[tuple[int, Any]]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [tuple(json.loads(line)) for line in lines]


@pytest.fixture
def fake_server(tmp_path: Path) -> Iterator[Callable[..., FakeServer]]:
    """Return a function that makes an app-server that plays a script; see `FakeServer.play`."""
    server = FakeServer(tmp_path)

    def make(turns: Any = None, **answers: Any) -> FakeServer:
        server.play(turns, **answers)
        return server

    yield make
    server.close_clients()
    assert not any(map(alive, server.starts))


@pytest.fixture(scope="module")
def codex(model: offline.ScriptedModel) -> Iterator[Codex]:
    """Return a live client of the module's `model`, whose server its tests share."""
    client = Codex(model.options, transport="app-server")
    yield client
    asyncio.run(client.close())
