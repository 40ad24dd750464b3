"""The live transport in a real kernel: shown as it streams, and gone when the kernel is."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from codex_notebook import offline
from codex_notebook.offline import command, text, turn
from tests.notebook.kernel import Kernel, Outputs, running_kernel
from tests.notebook.test_kernel import says
from tests.processes import alive, descendants, eventually, runs

pytestmark = [pytest.mark.kernel, pytest.mark.cli]

SANDBOXES = ["danger-full-access", "workspace-write"]

# Each sandbox has a command of its own, to be told apart.
SLEEP = {"danger-full-access": "sleep 600", "workspace-write": "sleep 601"}

SCENARIO = [
    turn(command("until [ -e go ]; do echo tick; sleep 0.02; done"), text("Done."), when="tick"),
    *(
        turn(text("Working."), command(line), text("never said"), when=sandbox)
        for sandbox, line in SLEEP.items()
    ),
    turn(text("Hello."), when="."),
]

# A client of the live transport for the magics, and a thread for each sandbox.
LIVE = """
from codex_notebook import Codex
from codex_notebook.notebook.magics import session_of
codex = session_of(get_ipython()).codex = Codex(transport="app-server")
def thread(sandbox):
    return codex.start_thread(sandbox_mode=sandbox, skip_git_repo_check=True)
threads = {sandbox: thread(sandbox) for sandbox in ["danger-full-access", "workspace-write"]}
"""


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture(scope="module")
def shared(
    model: offline.ScriptedModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kernel]:
    """Return a kernel for the tests that leave it alive."""
    with live_kernel(model, tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@contextmanager
def live_kernel(model: offline.ScriptedModel, folder: Path) -> Iterator[Kernel]:
    with running_kernel({**os.environ, **model.env}, folder) as kernel:
        assert kernel.run(LIVE).status == "ok"
        yield kernel


def test_a_cell_shows_a_live_turn_as_it_streams(shared: Kernel) -> None:
    cell = shared.send("%%codex --sandbox workspace-write\ntick")
    # What a command says is shown while it runs.
    shared.until(lambda: says(shared, "tick\\n"))
    assert not ended(cell)
    Path(psutil.Process(shared.pid).cwd(), "go").touch()
    shared.until(lambda: ended(cell))
    assert (cell.status, cell.panels) == ("ok", [])
    assert "Done." in cell.texts[0]
    assert shared.run("_turn.id is not None").result == {"text/plain": "True"}


def ended(cell: Outputs) -> bool:
    return cell.status is not None


def server(kernel: Kernel) -> list[int]:
    """Return the process that serves the kernel's client."""
    found = []
    for process in descendants(kernel.pid):
        with suppress(psutil.NoSuchProcess):
            if process.cmdline()[1:2] == ["app-server"]:
                found.append(process.pid)
    return found


CELLS = {
    "%%codex": "%%codex --sandbox {sandbox}\n{sandbox}",
    "blocking": "threads['{sandbox}'].run_sync('{sandbox}')",
    "awaiting": "await threads['{sandbox}'].run('{sandbox}')",
    "streaming": (
        "async for _ in (await threads['{sandbox}'].run_streamed('{sandbox}')).events: pass"
    ),
}


@pytest.mark.parametrize("sandbox", SANDBOXES)
@pytest.mark.parametrize("way", list(CELLS))
def test_an_interrupt_ends_what_the_agent_runs_and_the_same_client_goes_on(
    shared: Kernel, way: str, sandbox: str
) -> None:
    shared.run(f"await threads['{sandbox}'].run('hello')")
    before = server(shared)
    cell = shared.send(CELLS[way].format(sandbox=sandbox))
    assert eventually(lambda: runs(SLEEP[sandbox], shared.pid), 10)
    shared.manager.interrupt_kernel()
    shared.until(lambda: ended(cell), within=5)
    assert cell.error is not None
    assert "Interrupt" in cell.error or "Cancelled" in cell.error
    assert eventually(lambda: not runs(SLEEP[sandbox], shared.pid))
    done = shared.run(f"(await threads['{sandbox}'].run('hello')).final_response")
    assert done.result == {"text/plain": "'Hello.'"}
    assert shared.run("%%codex\nhello").status == "ok"
    assert server(shared) == before


def busy(kernel: Kernel) -> list[psutil.Process]:
    """Let turns run in all sandboxes, and return all processes that this takes."""
    cell = kernel.run("turns = [await thread.start(name) for name, thread in threads.items()]")
    assert cell.status == "ok"
    for line in SLEEP.values():
        assert eventually(lambda line=line: runs(line, kernel.pid), 10)  # type: ignore[misc]
    return descendants(kernel.pid)


def gone(processes: list[psutil.Process]) -> bool:
    return eventually(lambda: not any(alive(process.pid) for process in processes))


@pytest.mark.parametrize("now", [True, False])
def test_nothing_is_left_when_the_kernel_restarts(
    model: offline.ScriptedModel, tmp_path: Path, now: bool
) -> None:
    with live_kernel(model, tmp_path) as kernel:
        started = busy(kernel)
        kernel.manager.restart_kernel(now=now)
        assert gone(started)


def test_nothing_is_left_when_the_kernel_is_killed(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    with live_kernel(model, tmp_path) as kernel:
        started = busy(kernel)
        kernel.manager.signal_kernel(signal.SIGKILL)
        assert gone(started)
