"""The time that our client adds to a turn over ``codex app-server``.

It and a bare loop (``bare_rpc``) run the same scripted turns, each on a server and a thread that
had a turn before: short ones, for the time until the first piece of text is in our hands, and long
ones of thousands of pieces. Of a long one the server takes most of the time, so that what we add
shows in the processor's time, which is that of this process with all its threads.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

from benchmarks.bare_rpc import BareServer
from benchmarks.sampling import Sample, alternately
from benchmarks.scripted_model import scripted_model
from benchmarks.table import Measurement
from codex_notebook import Codex, CodexOptions, ThreadOptions
from codex_notebook.client.arguments import environment
from codex_notebook.client.binary import cli_version, find_binary
from codex_notebook.client.live_params import server_arguments, thread_params
from codex_notebook.core.events import ItemDeltaEvent

_GOAL = 1.2

_SHORT, _LONG = "Say hello.", "Tell me all."
_PIECE = "words"
_PIECES_OF_SHORT = 6


def measure(quick: bool) -> Measurement:
    """Run 40 short turns each way, and 9 of 10,000 deltas (two, and two of 1,000, if ``quick``)."""
    repetitions, long_repetitions, pieces = (2, 2, 1_000) if quick else (40, 9, 10_000)
    binary = find_binary(None, os.environ)
    model = scripted_model(
        [
            {"when": _LONG, "steps": [_said_in(pieces)]},
            {"steps": [_said_in(_PIECES_OF_SHORT)]},
        ]
    )
    with (
        model as options,
        tempfile.TemporaryDirectory() as folder,
        closing(asyncio.new_event_loop()) as loop,
    ):
        thread = ThreadOptions(working_directory=Path(folder), skip_git_repo_check=True)
        arguments = server_arguments(options, ephemeral_login=False)
        command = [str(binary.path), "app-server", *arguments]
        ours = _Turns(loop, _OurClient(options, thread))
        bare = _Turns(loop, _BareClient(command, options, thread))
        bare_first, our_first = alternately(repetitions, bare.first, ours.first)
        bare_long, our_long = alternately(
            long_repetitions, lambda: bare.long(pieces), lambda: ours.long(pieces)
        )
        bare_processor, our_processor = Sample(bare.processor), Sample(ours.processor)
        for turns in (ours, bare):
            turns.close()
    many = f"{pieces:,} deltas"
    return Measurement(
        (
            bare_first.milliseconds("first delta: bare loop"),
            our_first.milliseconds("first delta: Thread.start"),
            our_first.ratio("first delta: Thread.start / bare loop", bare_first, _GOAL),
            bare_long.milliseconds(f"{many}: bare loop"),
            our_long.milliseconds(f"{many}: Thread.start"),
            our_long.ratio(f"{many}: Thread.start / bare loop", bare_long, _GOAL),
            bare_processor.microseconds("processor time of a delta: bare loop", pieces),
            our_processor.microseconds("processor time of a delta: Thread.start", pieces),
            our_processor.ratio("processor time: Thread.start / bare loop", bare_processor, _GOAL),
        ),
        (
            f"{cli_version(binary)}: {shlex.join(command)}",
            f"{repetitions} short turns each, alternately, then {long_repetitions} of {many} of "
            f"{len(_PIECE)} characters, with a scripted model in a process of its own.",
        ),
    )


def _said_in(pieces: int) -> dict[str, object]:
    return {"text": _PIECE * pieces, "chunk": len(_PIECE)}


class _Client(Protocol):
    """Who runs turns on a thread: what is timed."""

    async def new_thread(self) -> None:
        """Run the turns that follow on a thread of their own."""
        ...

    def deltas(self, prompt: str) -> AsyncIterator[str]:
        """Run a turn, and yield what its message is made of."""
        ...

    async def close(self) -> None:
        """End what runs."""
        ...


class _Turns:
    """The turns of a client, timed.

    Attributes
    ----------
    processor : tuple of float
        For each long turn, the seconds that this process took of the processor.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, client: _Client) -> None:
        self.processor: tuple[float, ...] = ()
        self._loop = loop
        self._client = client
        self._warm()

    def first(self) -> float:
        """Return the seconds until the first delta of a short turn."""
        first, _ = self._timed(_SHORT, _PIECES_OF_SHORT)
        return first

    def long(self, pieces: int) -> float:
        """Return the seconds of a whole long turn."""
        # What was said before goes to the model again, and would make each turn longer.
        self._warm()
        begun = time.process_time()
        _, whole = self._timed(_LONG, pieces)
        self.processor += (time.process_time() - begun,)
        return whole

    def close(self) -> None:
        """End what runs."""
        self._loop.run_until_complete(self._client.close())

    def _warm(self) -> None:
        self._loop.run_until_complete(self._client.new_thread())
        self.first()

    def _timed(self, prompt: str, pieces: int) -> tuple[float, float]:
        return self._loop.run_until_complete(self._turn(prompt, pieces))

    async def _turn(self, prompt: str, pieces: int) -> tuple[float, float]:
        begun = time.perf_counter()
        first, count = 0.0, 0
        async for delta in self._client.deltas(prompt):
            if not count:
                first = time.perf_counter() - begun
            count += 1
            assert delta == _PIECE
        assert count == pieces
        return first, time.perf_counter() - begun


class _BareClient:
    """The bare loop, which says to its server what ours says."""

    def __init__(
        self, command: Sequence[str], options: CodexOptions, thread: ThreadOptions
    ) -> None:
        self._command = command
        self._env = environment(options, os.environ)
        assert thread.working_directory is not None
        self._params = thread_params(options, thread, thread.working_directory, {})
        self._server: BareServer | None = None
        self._thread_id = ""

    async def new_thread(self) -> None:
        if self._server is None:
            self._server = await BareServer.start(self._command, self._env)
        told = await self._server.request("thread/start", self._params)
        self._thread_id = told["thread"]["id"]

    def deltas(self, prompt: str) -> AsyncIterator[str]:
        assert self._server is not None
        return self._server.deltas(self._thread_id, prompt)

    async def close(self) -> None:
        assert self._server is not None
        await self._server.close()


class _OurClient:
    """`Codex` over the live transport."""

    def __init__(self, options: CodexOptions, thread: ThreadOptions) -> None:
        self._codex = Codex(options, transport="app-server")
        self._options = thread
        self._thread = self._codex.start_thread(thread)

    async def new_thread(self) -> None:
        self._thread = self._codex.start_thread(self._options)

    async def deltas(self, prompt: str) -> AsyncIterator[str]:
        running = await self._thread.start(prompt)
        async for event in running.events():
            if isinstance(event, ItemDeltaEvent):
                yield event.delta

    async def close(self) -> None:
        await self._codex.close()
