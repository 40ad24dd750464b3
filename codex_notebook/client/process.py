"""One CLI process: spawned under the guard, read line by line, ended by one ladder.

Knows processes and pipes; not what the lines mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from codex_notebook.client import guard
from codex_notebook.client.loop import start_in_thread

_CHUNK = 1 << 16

# How much of stderr is kept: its end says why a process died, its beginning is chatter. Twice as
# much is held, so that what is blotted out of it can be seen whole before the end is cut out.
STDERR_KEPT = 8192
# `codex exec` ends its commands and itself within 50 ms of SIGINT; a busy machine needs more.
INTERRUPT_GRACE = 3.2
INTERRUPT_AGAIN = 0.4
# What a guard that was killed leaves behind may still say what it has to.
ORPHAN_GRACE = 1.0
# The guard needs its own 2 s + 1 s to end everything.
GUARD_GRACE = 5.0
# A CLI that has said its last word gets this to save its files and exit; it needs 20 ms.
EXIT_GRACE = 3.0
# A server that is told nothing more ends its commands and itself; the guard then ends the rest.
SERVER_GRACE = 1.5


def guard_program() -> str:
    """Return the guard's file; compiled, if Python keeps it so (2 ms of start-up less)."""
    compiled = getattr(guard, "__cached__", None)
    return compiled if compiled and _is_up_to_date(compiled) else guard.__file__


def _is_up_to_date(compiled: str) -> bool:
    # Python asks that when it imports a file, and not when it is told to run one.
    try:
        with Path(compiled).open("rb") as file:
            header = file.read(16)
        source = Path(guard.__file__).stat()
    except OSError:
        return False
    # PEP 552: a file with other flags says by a hash of which source it is.
    seen = struct.pack("<III", 0, int(source.st_mtime) & 0xFFFFFFFF, source.st_size & 0xFFFFFFFF)
    return header == importlib.util.MAGIC_NUMBER + seen


class LineSplitter:
    """Splits chunks of bytes into lines of any length."""

    def __init__(self) -> None:
        # One buffer and no list of chunks: these would be held, and joined, beside each other.
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the lines that ``chunk`` completes, without their newline."""
        *ended, rest = chunk.split(b"\n")
        for line in ended:
            if self._rest:
                self._rest += line
                # Let go of before it is read, so that a long line is not held twice.
                line, self._rest = bytes(self._rest), bytearray()
            yield line
        self._rest += rest

    def flush(self) -> Iterator[bytes]:
        """Yield what is left at the end of the stream, if anything."""
        if self._rest:
            line, self._rest = bytes(self._rest), bytearray()
            yield line


class CliProcess:
    """A running CLI.

    Make one with `spawn`; read `lines` to their end; then `wait`. `end` may be called at any
    time, from the loop's own thread.

    Attributes
    ----------
    input : ProcessInput or None
        What is written to it while it runs, if it was started without a whole ``stdin``.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], lifeline: socket.socket, stdin: bytes | None
    ) -> None:
        self._process = process
        self._lifeline = lifeline
        self._stderr = b""
        # Those that are open: ends of pipes that somebody may still write into.
        self._pipes: set[asyncio.BaseTransport] = set()
        self._ending: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._exit = start_in_thread(process.wait)
        self._exit.add_done_callback(self._see_that_all_is_said)
        # All run beside the reading of lines: a CLI may write much before it reads anything.
        self.input = ProcessInput(process.stdin) if stdin is None else None
        self._feeding = None if stdin is None else start_in_thread(_feed, process.stdin, stdin)
        self._draining = asyncio.create_task(self._drain())

    @classmethod
    def spawn(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None,
        stdin: bytes | None,
    ) -> CliProcess:
        """Start ``command``, and give it ``stdin`` and then the end of file; or leave it open.

        By `subprocess` and not by asyncio, whose way is in the hands of the program's event loop
        policy (uvloop's has none), and cancelled half-way kills the guard and leaves the CLI.

        Raises
        ------
        OSError
            If no process can be started.
        """
        lifeline, held = socket.socketpair()
        held.setblocking(False)
        number, parent = str(lifeline.fileno()), str(os.getpid())
        guarded = [sys.executable, "-I", "-S", guard_program(), number, parent]
        try:
            process = subprocess.Popen(
                [*guarded, *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                # Not copied: a plain dict would show its keys in a traceback with variables.
                env=env,
                cwd=cwd,
                pass_fds=(lifeline.fileno(),),
                # Its own session: the kernel's interrupt signals the kernel's whole group.
                start_new_session=True,
            )
        except BaseException:
            held.close()
            raise
        finally:
            lifeline.close()
        try:
            return cls(process, held, stdin)
        except RuntimeError as error:
            # No more threads to attend to it.
            held.close()
            with process:
                process.kill()
            raise OSError(str(error)) from None

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the lines of stdout until it closes; a last line without a newline too."""
        splitter = LineSplitter()
        async for chunk in self._chunks(self._process.stdout):
            for line in splitter.feed(chunk):
                yield line
        for line in splitter.flush():
            yield line

    async def wait(self) -> int:
        """Wait for the process and everything it started; return its exit code or -signal.

        Must be called once for each process: it also lets go of its pipes.
        """
        try:
            code = await asyncio.shield(self._exit)
            await self._draining
            if self._feeding is not None:
                await self._feeding
            return code
        finally:
            if self._timer is not None:
                self._timer.cancel()
            if self.input is not None:
                self.input.close()
            self._lifeline.close()

    @property
    def stderr(self) -> str:
        """The end of what the process wrote to stderr so far (at most 16 KiB)."""
        return self._stderr.decode("utf-8", "replace").strip()

    def end(self, *, at_once: bool = False) -> None:
        """Begin to end the process: politely, then by SIGTERM and SIGKILL to all that it started.

        Politely is SIGINT, or the end of its input if that is still open.

        Parameters
        ----------
        at_once : bool
            Skip the polite part. May follow an earlier, polite call.
        """
        if at_once and self._ending is not None:
            self._ending.cancel()
            self._ending = None
        if self._ending is None:
            self._ending = asyncio.create_task(self._descend(at_once))

    def end_unless_it_exits(self, patience: float) -> None:
        """Begin to end the process if it has not gone by itself within ``patience`` seconds."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(patience, self.end)

    async def _descend(self, at_once: bool) -> None:
        # `codex exec` ends its commands on SIGINT only: SIGTERM would orphan them, were it not
        # for the guard, which ends all that the CLI started.
        # And it loses a SIGINT that comes while it opens its thread, so there is more than one.
        times = round(INTERRUPT_GRACE / INTERRUPT_AGAIN)
        rungs = [] if at_once else [(guard.INTERRUPT, INTERRUPT_AGAIN)] * times
        if self.input is not None and not at_once:
            # The app-server is the other way round: it orphans its commands on SIGINT.
            self.input.close()
            rungs = [(b"", SERVER_GRACE)]
        for order, patience in [*rungs, (guard.TERMINATE, GUARD_GRACE)]:
            # A guard that has ended no longer listens.
            with contextlib.suppress(OSError):
                self._lifeline.send(order)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._exit), patience)
                return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _drain(self) -> None:
        async for chunk in self._chunks(self._process.stderr):
            self._stderr = (self._stderr + chunk)[-2 * STDERR_KEPT :]

    async def _chunks(self, pipe: IO[bytes] | None) -> AsyncIterator[bytes]:
        """Yield what comes out of a pipe, as it comes, until it closes."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        self._pipes.add(transport)
        while chunk := await reader.read(_CHUNK):
            yield chunk
        self._pipes.discard(transport)

    def _see_that_all_is_said(self, _: object) -> None:
        # The guard goes last, when nobody is left; unless it was killed itself, out of memory say.
        asyncio.get_running_loop().call_later(ORPHAN_GRACE, self._end_orphans)

    def _end_orphans(self) -> None:
        if self._pipes:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            for transport in self._pipes:
                transport.close()


class ProcessInput:
    """The open stdin of a process. Writing never blocks: what is not read yet is kept here."""

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._transport: asyncio.WriteTransport | None = None

    async def open(self) -> None:
        """Get ready to write; to be awaited once, before anything is written."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, self._pipe)
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Write ``data``; of a process that has gone nothing is heard here."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    @property
    def unread(self) -> int:
        """How many bytes the process has not read yet, beside those in the pipe."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Say that nothing more will come."""
        if self._transport is None:
            self._pipe.close()
        elif self.unread:
            # It would wait for what was written before to be read.
            self._transport.abort()
        else:
            self._transport.close()


def _feed(pipe: IO[bytes], data: bytes) -> None:
    """Write everything into a pipe and close it; blocks until it is read, or nobody can."""
    # A CLI that refuses its options exits without reading: its stderr says why, not this.
    with contextlib.suppress(BrokenPipeError), pipe:
        rest = memoryview(data)
        while rest:
            rest = rest[pipe.write(rest) :]
