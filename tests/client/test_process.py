from __future__ import annotations

import asyncio
import os
import py_compile
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.client import guard
from codex_notebook.client.process import CliProcess, LineSplitter, guard_program
from tests.processes import alive, eventually


@given(st.lists(st.binary()))
def test_lines_are_the_same_however_the_bytes_are_cut(chunks: list[bytes]) -> None:
    splitter = LineSplitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)] + list(splitter.flush())
    whole = b"".join(chunks)
    expected = whole.split(b"\n")
    assert lines == (expected[:-1] if expected[-1] == b"" else expected)


def test_lines_are_the_same_when_cut_at_every_single_byte() -> None:
    whole = '{"a": "ü😀"}\n\n{"b": 2}\nend'.encode()
    splitter = LineSplitter()
    lines = [line for byte in whole for line in splitter.feed(bytes([byte]))]
    assert [*lines, *splitter.flush()] == whole.split(b"\n")


def outcome(*command: str) -> tuple[int, list[bytes], str]:
    async def run() -> tuple[int, list[bytes], str]:
        process = CliProcess.spawn(command, env=dict(os.environ), cwd=None, stdin=b"in")
        lines = [line async for line in process.lines()]
        return await process.wait(), lines, process.stderr

    return asyncio.run(run())


def test_the_guard_ends_as_its_command_did() -> None:
    assert outcome("/bin/sh", "-c", "cat; echo; echo oops >&2; exit 7") == (7, [b"in"], "oops")
    assert outcome("/bin/sh", "-c", "kill -SEGV $$")[0] == -signal.SIGSEGV
    assert outcome("/bin/sh", "-c", "kill -KILL $$")[0] == -signal.SIGKILL


def test_a_command_that_cannot_be_run_says_so() -> None:
    code, _, stderr = outcome("/no/such/program")
    assert (code, stderr) == (127, "/no/such/program: No such file or directory")


PARENT = """
import asyncio, os, signal, sys
from codex_notebook import Codex

async def main():
    running = await Codex(codex_path_override=sys.argv[1], api_key="sk").start_thread().start("hi")
    async for event in running.events():
        if event.type == "item.completed":
            print(event.item.text, flush=True)
            HERE

asyncio.run(main())
"""


def parent_of_a_turn(cli: Path, here: str = "pass") -> subprocess.Popen[str]:
    """Start a program of ours that runs a turn, prints the agent's pid and goes on by ``here``."""
    script = PARENT.replace("HERE", here)
    command = [sys.executable, "-c", script, str(cli)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def printed_pid(parent: subprocess.Popen[str]) -> int:
    assert parent.stdout is not None
    return int(parent.stdout.readline())


@pytest.mark.process
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "SIGTERM"])
def test_no_process_is_left_when_our_own_is_killed(
    fake_cli: Callable[[str], Path], how: signal.Signals
) -> None:
    with parent_of_a_turn(fake_cli("with_child")) as parent:
        child = printed_pid(parent)
        assert alive(child)
        parent.send_signal(how)
    assert eventually(lambda: not alive(child))


@pytest.mark.process
@pytest.mark.parametrize("way", ["os._exit(0)", "sys.exit(0)"])
def test_no_process_is_left_when_our_own_exits(fake_cli: Callable[[str], Path], way: str) -> None:
    with parent_of_a_turn(fake_cli("with_child"), here=way) as parent:
        child = printed_pid(parent)
    assert eventually(lambda: not alive(child))


@pytest.mark.process
def test_a_forked_child_that_holds_the_lifeline_does_not_keep_the_turn_alive(
    fake_cli: Callable[[str], Path],
) -> None:
    # multiprocessing in a notebook forks the kernel, and the copy has the lifeline open.
    fork = "os.fork() or (os.close(1), signal.pause())"
    with parent_of_a_turn(fake_cli("with_child"), here=fork) as parent:
        child = printed_pid(parent)
        assert eventually(lambda: len(psutil.Process(parent.pid).children()) == 2)
        started = psutil.Process(parent.pid).children()
        parent.kill()
    forked = [p for p in started if p.is_running() and "guard." not in " ".join(p.cmdline())]
    try:
        assert len(forked) == 1
        assert eventually(lambda: not alive(child))
    finally:
        for process in forked:
            process.kill()


def test_the_compiled_guard_runs_only_if_it_is_that_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "guard.py"
    source.write_text("x = 1\n")
    compiled = str(tmp_path / "guard.pyc")
    monkeypatch.setattr(guard, "__file__", str(source))
    monkeypatch.setattr(guard, "__cached__", compiled, raising=False)
    assert guard_program() == str(source)
    py_compile.compile(str(source), compiled)
    assert guard_program() == compiled
    source.write_text("x = 12\n")
    assert guard_program() == str(source)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), compiled, invalidation_mode=mode)
    assert guard_program() == str(source)
