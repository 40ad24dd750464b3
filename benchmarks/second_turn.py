"""How much quicker a thread goes on over ``codex app-server`` than over ``codex exec``.

The same two turns by the same `Thread.run`; what is timed is the second. For it the one transport
starts a process, which reads the thread from its file; the other has both in memory.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.sampling import alternately
from benchmarks.scripted_model import scripted_model
from benchmarks.table import Measurement
from codex_notebook import Codex, ThreadOptions
from tests.processes import descendants, eventually

_PROMPT = "Say hello."
_ANSWER = "Hello from the scripted model."


def measure(quick: bool) -> Measurement:
    """Run 20 second turns over each transport (two if ``quick``)."""
    repetitions = 2 if quick else 20
    with (
        scripted_model([{"text": _ANSWER}]) as options,
        tempfile.TemporaryDirectory() as folder,
    ):
        thread = ThreadOptions(working_directory=Path(folder), skip_git_repo_check=True)
        over_exec = _SecondTurn(Codex(options), thread)
        over_server = _SecondTurn(Codex(options, transport="app-server"), thread)
        exec_, server = alternately(repetitions, over_exec, over_server)
        over_server.close()
    return Measurement(
        (
            exec_.milliseconds("second turn over codex exec"),
            server.milliseconds("second turn over codex app-server"),
            exec_.ratio("second turn: exec / app-server", server),
        ),
        (
            f"Thread.run: {repetitions} threads of two turns each way, alternately, with a "
            "scripted model in a process of its own; one short text as the answer.",
        ),
    )


class _SecondTurn:
    """The second turn of a new thread of a client that had turns before."""

    def __init__(self, codex: Codex, thread: ThreadOptions) -> None:
        self._codex = codex
        self._options = thread
        asyncio.run(self._timed())

    def __call__(self) -> float:
        before = len(descendants())
        taken = asyncio.run(self._timed())
        # Nothing of a turn is left when the next one begins.
        assert eventually(lambda: len(descendants()) <= before)
        return taken

    def close(self) -> None:
        """End the server."""
        asyncio.run(self._codex.close())

    async def _timed(self) -> float:
        thread = self._codex.start_thread(self._options)
        await thread.run(_PROMPT)
        begun = time.perf_counter()
        turn = await thread.run(_PROMPT)
        taken = time.perf_counter() - begun
        assert turn.final_response == _ANSWER
        return taken
