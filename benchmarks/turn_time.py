"""The time that `Thread.run` adds to a turn of the bare CLI.

Both run the same scripted turn by the same arguments in the same environment. `Thread.run` ends
when the turn has completed, and leaves the CLI to exit by itself; whoever runs the bare one waits
for its exit. So there are two ratios: to the bare command as it is run, which is the goal, and
to the moment at which it says that the turn has completed. Nothing of a turn is left when the
next one begins.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.sampling import Sample, alternately
from benchmarks.table import Measurement
from codex_notebook import Codex, CodexOptions, ThreadOptions, offline
from codex_notebook.client.arguments import environment, exec_arguments
from codex_notebook.client.binary import Binary, find_binary
from tests.processes import descendants, eventually

_PROMPT = "Say hello."
_ANSWER = "Hello from the scripted model."
_GOAL = 1.05


def measure(quick: bool) -> Measurement:
    """Run the same turn both ways, 40 times each (twice if ``quick``)."""
    repetitions = 2 if quick else 40
    binary = find_binary(None, os.environ)
    scripted = offline.serve([offline.text(_ANSWER)], repeat=True)
    with scripted as server, tempfile.TemporaryDirectory() as folder:
        thread = ThreadOptions(working_directory=Path(folder), skip_git_repo_check=True)
        # The CLI starts a login shell; the user's own profile would be in the numbers.
        env = {**server.options.env, "HOME": folder}
        options = server.options.model_copy(update={"env": env})
        bare_turn = _BareTurn(binary, options, thread)
        sdk_turn = _SdkTurn(options, thread)
        # Once for nothing: the first turn makes the CLI's home and our loop's thread.
        alternately(1, bare_turn, sdk_turn)
        bare_turn.completed.clear()
        exited, sdk = alternately(repetitions, bare_turn, sdk_turn)
        completed = Sample(tuple(bare_turn.completed))
    version = subprocess.run([binary.path, "--version"], capture_output=True, text=True, check=True)
    return Measurement(
        (
            completed.milliseconds("bare codex exec, until turn.completed"),
            exited.milliseconds("bare codex exec, until its exit"),
            sdk.milliseconds("Thread.run"),
            sdk.ratio("Thread.run / bare codex exec", exited, _GOAL),
            sdk.ratio("Thread.run / bare codex exec until turn.completed", completed),
        ),
        (
            f"{version.stdout.strip()}: {shlex.join(map(str, bare_turn.command))}",
            f"{repetitions} turns each, alternately, with a scripted model on loopback; the "
            "prompt on stdin, one short text as the answer.",
        ),
    )


class _BareTurn:
    """A turn by nothing but the CLI.

    Attributes
    ----------
    completed : list of float
        For each turn, the seconds until the CLI said that it had completed.
    """

    def __init__(self, binary: Binary, options: CodexOptions, thread: ThreadOptions) -> None:
        self.command = [str(binary.path), *exec_arguments(options, thread)]
        self.completed: list[float] = []
        self._folder = thread.working_directory
        self._env = environment(options, os.environ)
        if binary.helpers is not None:
            self._env["PATH"] = os.pathsep.join((str(binary.helpers), self._env["PATH"]))

    def __call__(self) -> float:
        begun = time.perf_counter()
        with subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._env,
            cwd=self._folder,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(_PROMPT.encode())
            process.stdin.close()
            lines = []
            for line in process.stdout:
                lines.append(line)
                if b'"turn.completed"' in line:
                    self.completed.append(time.perf_counter() - begun)
            code = process.wait()
            taken = time.perf_counter() - begun
        assert code == 0
        assert any(_ANSWER.encode() in line for line in lines)
        return taken


class _SdkTurn:
    """A turn by `Thread.run`, on a new thread each time."""

    def __init__(self, options: CodexOptions, thread: ThreadOptions) -> None:
        self._codex = Codex(options)
        self._thread = thread

    def __call__(self) -> float:
        taken = asyncio.run(self._timed())
        assert eventually(lambda: not descendants())
        return taken

    async def _timed(self) -> float:
        begun = time.perf_counter()
        turn = await self._codex.start_thread(self._thread).run(_PROMPT)
        taken = time.perf_counter() - begun
        assert turn.final_response == _ANSWER
        return taken
