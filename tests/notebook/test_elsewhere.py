"""The magics where there is no panel: under nbclient, and in a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from codex_notebook import offline
from codex_notebook.offline import command, text, tool, turn
from tests.processes import alive, descendants, eventually, runs

pytestmark = [pytest.mark.kernel, pytest.mark.cli]

LEAVE = {"sandbox_permissions": "require_escalated", "justification": "Because."}

SCENARIO = [
    turn(command("echo from the shell"), text("A **record**."), when="say"),
    turn(text("Begun."), command("sleep 600"), when="sleep long"),
    turn(
        tool("exec_command", {"cmd": "touch escaped", "login": False, **LEAVE}),
        text("Went on."),
        when="escape",
    ),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO) as server:
        yield server


def test_without_anybody_to_click_the_record_alone_is_in_the_file(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    cells = ["%load_ext codex_notebook", "%%codex\nsay", "%%codex --bg\nsay more", "_turn.status"]
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    client = NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute(env={**os.environ, **model.env})
    _, foreground, background, ended = notebook.cells
    for cell in (foreground, background):
        (output,) = cell.outputs
        assert set(output.data) == {"text/plain", "text/markdown", "text/html"}
        assert "from the shell" in output.data["text/plain"]
        assert "<strong>record</strong>" in output.data["text/html"]
    assert ended.outputs[0].data["text/plain"] == "'completed'"
    assert "widgets" not in notebook.metadata


def test_what_is_asked_with_nobody_there_is_declined_and_nothing_hangs(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    cells = ["%load_ext codex_notebook", "%%codex\nescape", "%%codex --bg\nescape again"]
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources)
    client.execute(env={**os.environ, **model.env})
    for cell in notebook.cells[1:]:
        (output,) = cell.outputs
        assert "nobody was there to decide" in output.data["text/plain"]
        assert "Went on." in output.data["text/plain"]
    assert not (tmp_path / "escaped").exists()


def ipython(model: offline.ScriptedModel, folder: Path, *lines: str) -> subprocess.Popen[str]:
    """Start terminal IPython on a script of input lines."""
    return terminal(model, folder, *lines)[0]


def terminal(
    model: offline.ScriptedModel, folder: Path, *lines: str
) -> tuple[subprocess.Popen[str], int]:
    """Start terminal IPython, type some lines, and return it with where more can be typed."""
    env = {**os.environ, **model.env, "IPYTHONDIR": str(folder / "ipython"), "TERM": "dumb"}
    primary, secondary = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "IPython",
        "--simple-prompt",
        "--no-banner",
        "--colors=nocolor",
    ]
    process = subprocess.Popen(
        command,
        stdin=secondary,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=env,
    )
    os.close(secondary)
    os.write(primary, "".join(f"{line}\n" for line in lines).encode())
    return process, primary


def test_in_a_terminal_the_record_is_text(model: offline.ScriptedModel, tmp_path: Path) -> None:
    lines = ("%load_ext codex_notebook", "x = %codex say it?", "x.final_response", "exit")
    with ipython(model, tmp_path, *lines) as process:
        shown, _ = process.communicate(timeout=60)
    assert "Ctrl-C stops it" in shown
    assert "from the shell" in shown
    assert "'A **record**.'" in shown
    assert model.requests[-1].user_message == "say it?"


def seen_in_a_terminal(
    model: offline.ScriptedModel, folder: Path, *lines: str, stop_at: str | None = None
) -> str:
    """Return all that a terminal of 80 by 24 is sent by IPython that runs ``lines``."""
    env = {**os.environ, **model.env, "IPYTHONDIR": str(folder / "ipython"), "TERM": "xterm"}
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner"]
    process = subprocess.Popen(
        command, stdin=secondary, stdout=secondary, stderr=secondary, cwd=folder, env=env
    )
    os.close(secondary)
    os.write(primary, "".join(f"{line}\n" for line in lines).encode())
    seen = b""
    # Linux says that the last writer has gone by an error, and not by an empty read.
    with suppress(OSError):
        while chunk := os.read(primary, 65536):
            seen += chunk
            if stop_at is not None and stop_at.encode() in seen:
                process.send_signal(signal.SIGINT)
                stop_at = None
    os.close(primary)
    assert process.wait(20) == 0
    return seen.decode()


def test_a_real_terminal_gets_a_live_view_and_then_the_record_in_colour(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    lines = ("%load_ext codex_notebook", "x = %codex say it live", "x.final_response", "exit")
    seen = seen_in_a_terminal(model, tmp_path, *lines)
    live, _, rest = seen.partition("Completed")
    assert "Working" in live
    assert "Ctrl-C stops it" in live
    assert "Ran" in rest
    assert "\x1b[1mrecord\x1b[0m" in rest
    assert "'A **record**.'" in rest
    # Taken off the screen line by line, and the cursor is there again.
    assert "\x1b[2K" in live
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")


def test_ctrl_c_at_a_live_view_stops_the_turn_and_leaves_the_terminal_whole(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    lines = ("%load_ext codex_notebook", "%codex sleep long", "_turn.status", "exit")
    seen = seen_in_a_terminal(model, tmp_path, *lines, stop_at="sleep 600")
    assert "Interrupted" in seen
    assert "'interrupted'" in seen
    assert "Traceback" not in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")


def test_a_turn_in_the_background_does_not_draw_over_what_is_typed(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    lines = ("%load_ext codex_notebook", "%codex --bg say it aside", "exit")
    seen = seen_in_a_terminal(model, tmp_path, *lines)
    assert "in the background" in seen
    assert "\x1b[?25l" not in seen


def test_in_a_terminal_ctrl_c_ends_the_turn_and_not_the_shell(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    lines = ("%load_ext codex_notebook", "%codex sleep long", "_turn.status", "exit")
    with ipython(model, tmp_path, *lines) as process:
        assert eventually(lambda: runs("sleep 600", process.pid), 20)
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        shown, _ = process.communicate(timeout=60)
    assert "TurnInterruptedError" in shown
    assert "Traceback" not in shown
    assert "'interrupted'" in shown
    assert eventually(lambda: not any(alive(one.pid) for one in started))


@pytest.mark.parametrize(("said", "happens"), [("1", True), ("no", False), ("", False)])
def test_in_a_terminal_the_agent_asks_in_its_lines(
    model: offline.ScriptedModel, tmp_path: Path, said: str, happens: bool
) -> None:
    # What was typed before there was a question is no answer to it.
    typed_ahead = ("1", "1")
    process, keyboard = terminal(
        model, tmp_path, "%load_ext codex_notebook", "%codex escape", *typed_ahead
    )
    with process:
        assert process.stdout is not None
        shown = ""
        while "Decision (empty: deny)" not in shown:
            shown += process.stdout.read(1)
        os.write(keyboard, f"{said}\n_turn.status\nexit\n".encode())
        shown += process.communicate(timeout=60)[0]
    assert "| touch escaped" in shown
    assert "'completed'" in shown
    assert (tmp_path / "escaped").exists() == happens


def test_in_a_terminal_ctrl_c_at_a_question_denies_it(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    lines = ("%load_ext codex_notebook", "%codex escape")
    with ipython(model, tmp_path, *lines) as process:
        assert process.stdout is not None
        shown = ""
        while "Decision (empty: deny)" not in shown:
            shown += process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        while "Went on." not in shown:
            shown += process.stdout.read(1)
        process.kill()
    assert not (tmp_path / "escaped").exists()


def test_a_script_that_is_piped_into_a_terminal_is_not_read_as_answers(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    script = "%load_ext codex_notebook\n%codex escape\nprint('not an answer')\n"
    env = {**os.environ, **model.env, "IPYTHONDIR": str(tmp_path / "ipython"), "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=nocolor"],
        input=script,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=env,
        timeout=60,
        check=False,
    )
    assert "nobody was there to decide" in done.stdout
    assert "not an answer" in done.stdout
    assert not (tmp_path / "escaped").exists()
