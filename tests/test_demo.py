"""The project's own command, as a newcomer runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import pytest

from tests.processes import alive, descendants, eventually

DEMO = [sys.executable, "-m", "codex_notebook", "demo"]

pytestmark = [pytest.mark.kernel, pytest.mark.cli]


def test_the_demo_runs_headless_and_names_the_notebook_and_the_page() -> None:
    ran = subprocess.run([*DEMO, "--execute"], capture_output=True, text=True, check=True)
    executed, page = map(Path, ran.stdout.split())
    notebook = nbformat.read(executed, as_version=4)
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    shown = "".join(str(o.get("data", "")) for o in outputs)
    assert "Both tests pass now" in shown
    assert "Northwind Tea" in shown
    assert "return sum(prices) * (1 - discount)" in (executed.parent / "prices.py").read_text()
    assert "A first turn" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_prints_an_address_that_works_and_ends_without_a_trace(
    how: signal.Signals,
) -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder, address, _ = (process.stdout.readline() for _ in range(3))
        url = address.split()[1]
        assert "01_first_turn.ipynb?token=" in url
        with urllib.request.urlopen(url, timeout=10) as page:
            assert page.status == 200
        assert Path(folder.split()[-1], "01_first_turn.ipynb").is_file()
        started = descendants(process.pid)
        process.send_signal(how)
        assert process.wait(20) == 0
    assert eventually(lambda: not any(alive(one.pid) for one in started))


def test_without_jupyterlab_the_demo_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['jupyterlab'] = None; from codex_notebook import __main__ as m"
    )
    ran = subprocess.run(
        [sys.executable, "-c", f"{script}; sys.exit(m.main(['demo']))"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert 'pip install "codex-notebook[cli,demo,pandas]"' in ran.stderr
