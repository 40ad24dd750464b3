from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_notebook import Codex, CodexOptions

FAKE = Path(__file__).with_name("fake_cli.py")


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
