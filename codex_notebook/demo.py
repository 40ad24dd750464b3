"""The demo: the first notebook, in JupyterLab or headless, with a scripted model.

The notebook runs in a copy of its folder, so that nothing of the project or the user's changes.
Knows Jupyter's programs; everything about turns is in the notebook itself.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from codex_notebook import offline
from codex_notebook.client.binary import find_binary
from codex_notebook.errors import CodexError, MissingDependencyError

NOTEBOOK = "01_first_turn"
# How long JupyterLab may take to answer; a cold start on two slow cores took 8 s.
START_TIMEOUT = 60.0


def run_in_lab(port: int | None) -> int:
    """Start JupyterLab on the notebook, print its address, and wait until it ends.

    Parameters
    ----------
    port : int or None
        The port on loopback; None for a free one.

    Returns
    -------
    int
        JupyterLab's exit code; 0 if it was ended by Ctrl-C.

    Raises
    ------
    CodexError
        If JupyterLab is missing or does not start, or there is no Codex CLI.
    """
    _require("jupyterlab", "ipykernel")
    with _prepared() as (folder, env):
        port = port or free_port()
        token = secrets.token_hex(16)
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
            *(f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"),
            *(() if os.geteuid() else ("--allow-root",)),
        ]
        # Beside the folder and not in it: the agent lists the folder.
        log_file = folder.parent / "jupyterlab.log"
        with log_file.open("w") as log:
            lab = subprocess.Popen(
                command, env={**env, "JUPYTER_TOKEN": token}, stdout=log, stderr=log
            )
        for number in (signal.SIGTERM, signal.SIGHUP):
            # Like Ctrl-C: an end without clean-up would leave JupyterLab running.
            signal.signal(number, signal.default_int_handler)
        try:
            _wait_until_up(lab, f"http://127.0.0.1:{port}/api", log_file)
            print(f"The demo notebook is a copy in {folder}")
            print(f"Open http://127.0.0.1:{port}/lab/tree/{NOTEBOOK}.ipynb?token={token}")
            print("Ctrl-C ends it.", flush=True)
            return lab.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            lab.terminate()
            lab.wait()


def execute() -> int:
    """Run the notebook headless; write it and an HTML page of it, and print their paths.

    Returns
    -------
    int
        0.

    Raises
    ------
    CodexError
        If a package is missing, or there is no Codex CLI.
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    _require("nbclient", "nbconvert", "ipykernel")
    import nbformat
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    with _prepared() as (folder, env):
        source = folder / f"{NOTEBOOK}.ipynb"
        notebook = nbformat.read(source, as_version=4)
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources)
        client.execute(env=env)
        executed = folder / f"{NOTEBOOK}.executed.ipynb"
        nbformat.write(notebook, executed)
        page = executed.with_suffix(".html")
        page.write_text(HTMLExporter().from_notebook_node(notebook)[0], encoding="utf-8")
        print(executed)
        print(page)
    return 0


@contextlib.contextmanager
def _prepared() -> Iterator[tuple[Path, dict[str, str]]]:
    """Give a copy of the notebook's folder, and the environment in which a model is scripted."""
    # Before anything is started: the error says how to get a CLI.
    find_binary(None, os.environ)
    source = _notebooks()
    folder = Path(tempfile.mkdtemp(prefix="codex-notebook-demo-")) / "notebook"
    shutil.copytree(source / f"{NOTEBOOK}_files", folder)
    shutil.copy(source / f"{NOTEBOOK}.ipynb", folder)
    with offline.serve(source / f"{NOTEBOOK}.scenario.json", repeat=True) as model:
        yield folder, {**os.environ, **model.env}


def _notebooks() -> Path:
    here = Path(__file__).parent
    # In a wheel the notebooks lie inside the package, in a checkout beside it.
    return next(p for p in (here / "notebooks", here.parent / "notebooks") if p.is_dir())


def _require(*packages: str) -> None:
    missing = [p for p in packages if importlib.util.find_spec(p) is None]
    if missing:
        raise MissingDependencyError(
            f"The demo needs {', '.join(missing)}; run: "
            'pip install "codex-notebook[cli,demo,pandas]"',
            package=missing[0],
        )


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(lab: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT
    while time.monotonic() < until and lab.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise CodexError("JupyterLab did not start. Its last words:\n" + "\n".join(last))
