"""The exec transport: one ``codex exec --experimental-json`` process for each turn.

Turns options and a prompt into a process, and its lines into events. It closes the gaps that the
CLI leaves: an end for a turn whose process just died, and diffs for file changes. Knows
nothing of threads or of who listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_notebook.client.arguments import environment, exec_arguments
from codex_notebook.client.binary import Binary, find_binary
from codex_notebook.client.inputs import Prompt
from codex_notebook.client.login import check_login
from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.client.process import EXIT_GRACE, CliProcess
from codex_notebook.client.remedies import remedy
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.events import (
    Event,
    ItemCompletedEvent,
    ItemStartedEvent,
    ThreadError,
    ThreadErrorEvent,
    TurnCompletedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    parse_event,
)
from codex_notebook.core.items import FileChangeItem
from codex_notebook.core.markup import clean
from codex_notebook.core.turn import Turn
from codex_notebook.errors import (
    CodexError,
    CodexExecError,
    CodexVersionError,
    InvalidOptionError,
    TurnFailedError,
)

# A CLI that has closed stdout without a last word is about to exit, or broken.
DEATH_GRACE = 1.0


_ENDS = (TurnCompletedEvent, TurnFailedEvent, TurnInterruptedEvent)


@dataclass(frozen=True)
class ExecRequest:
    """One turn, ready to run.

    Attributes
    ----------
    prompt : Prompt
        What goes in.
    thread_id : str or None
        The thread to resume, or None for a new one.
    schema : dict or None
        The JSON schema of the answer.
    """

    prompt: Prompt
    thread_id: str | None = None
    schema: dict[str, Any] | None = None


class CodexExec:
    """The ``codex exec`` of a client: checks once what all its turns need."""

    def __init__(self, options: CodexOptions) -> None:
        self.options = options
        self._logged_in = False

    def binary(self) -> Binary:
        """Return the CLI that turns will run.

        Raises
        ------
        CodexNotFoundError
            If there is none.
        """
        return find_binary(self.options.codex_path_override, {**os.environ, **self.options.env})

    def turn(self, request: ExecRequest, thread: ThreadOptions, workspace: Workspace) -> ExecTurn:
        """Return the turn, checked but not started.

        Raises
        ------
        CodexNotFoundError
            If there is no CLI.
        InvalidOptionError
            If an option cannot work, such as a working directory that does not exist.
        NotLoggedInError
            If the CLI has no login.
        """
        if os.name == "nt":
            raise CodexError("codex_notebook runs on Linux and macOS; on Windows, use it in WSL.")
        directory = thread.working_directory
        if directory is not None and not directory.is_dir():
            raise InvalidOptionError(
                f"The working directory {directory} does not exist; create it or name another.",
                option="working_directory",
            )
        # Made here for its errors: they belong before the turn, not into it.
        exec_arguments(self.options, thread, thread_id=request.thread_id)
        binary = self.binary()
        if not self._logged_in:
            check_login(binary, environment(self.options, os.environ), self.options.config)
            self._logged_in = True
        return ExecTurn(self.options, binary, request, thread, workspace)


class ExecTurn:
    """One turn over one process. Iterate `events` to its end, once."""

    def __init__(
        self,
        options: CodexOptions,
        binary: Binary,
        request: ExecRequest,
        thread: ThreadOptions,
        workspace: Workspace,
    ) -> None:
        self._options = options
        self._binary = binary
        self._request = request
        self._thread = thread
        self._workspace = workspace
        self._process: CliProcess | None = None
        self._leaving: asyncio.Task[int] | None = None
        self._interrupted = False
        self._exit_code: int | None = None
        self._died = False
        self._last_error = ""

    async def events(self) -> AsyncIterator[Event]:
        """Run the turn and yield its events; the last is its end, whatever happens.

        Raises
        ------
        OSError
            If no process can be started.
        """
        if self._request.schema is None:
            async for event in self._run(None):
                yield event
            return
        # A folder that only its owner can read, gone also if Python exits during the turn.
        with tempfile.TemporaryDirectory(prefix="codex-output-schema-") as folder:
            async for event in self._run(self._write_schema(Path(folder))):
                yield event

    async def left(self) -> None:
        """Wait until the process has gone, with which the thread's next turn would collide."""
        if self._leaving is not None:
            await self._leaving

    def interrupt(self, *, at_once: bool = False) -> None:
        """Ask the process to end, or with ``at_once`` end it."""
        self._interrupted = True
        if self._process is not None:
            self._process.end(at_once=at_once)

    def error(self, turn: Turn) -> CodexError:
        """Return the exception that says how this failed turn failed."""
        stderr = self._process.stderr if self._process is not None else ""
        message = turn.error or ""
        if not self._died:
            return TurnFailedError(message, turn=turn)
        if "--experimental-json" in stderr and self._exit_code == 2:
            return CodexVersionError(message, path=str(self._binary.path))
        code = self._exit_code
        died_of = -code if code is not None and code < 0 else None
        return CodexExecError(
            message,
            turn=turn,
            exit_code=None if died_of else code,
            signal=died_of,
            stderr=stderr,
        )

    async def _run(self, schema_file: Path | None) -> AsyncIterator[Event]:
        env = environment(self._options, os.environ)
        if self._binary.helpers is not None:
            env["PATH"] = os.pathsep.join(
                filter(None, [str(self._binary.helpers), env.get("PATH")])
            )
        arguments = exec_arguments(
            self._options,
            self._thread,
            thread_id=self._request.thread_id,
            images=self._request.prompt.images,
            schema_file=schema_file,
        )
        scanning = None
        if self._thread.sandbox_mode != "read-only":
            scanning = asyncio.create_task(asyncio.to_thread(self._workspace.scan))
        process = self._process = await CliProcess.spawn(
            [str(self._binary.path), *arguments],
            env=env,
            cwd=self._thread.working_directory,
            # A lone surrogate has no UTF-8; better a "?" in the prompt than no turn.
            stdin=self._request.prompt.text.encode("utf-8", "replace"),
        )
        if self._interrupted:
            # Asked while the process was being started.
            process.end()
        ended = False
        lines = process.lines()
        try:
            async for line in lines:
                if not line.strip():
                    continue
                event = self._understood(parse_event(line, at=time.time()))
                ended = isinstance(event, _ENDS)
                yield await self._with_diffs(event, scanning)
                if ended:
                    break
        finally:
            # However reading ended, even by an error of ours: no process outlives its turn.
            process.end_unless_it_exits(EXIT_GRACE if ended else DEATH_GRACE)
            self._leaving = asyncio.create_task(_see_off(process, lines))
            if scanning is not None:
                with contextlib.suppress(Exception):
                    await scanning
        if not ended:
            self._exit_code = await self._leaving
            yield self._end_event()

    def _understood(self, event: Event) -> Event:
        if isinstance(event, ThreadErrorEvent):
            self._last_error = event.message
        if not isinstance(event, TurnFailedEvent):
            return event
        if self._interrupted:
            return TurnInterruptedEvent(at=event.at)
        message = clean(event.error.message)
        error = event.error.model_copy(update={"message": message + remedy(message)})
        return event.model_copy(update={"error": error})

    def _end_event(self) -> Event:
        """Return the end of a turn of which the CLI did not say how it ended."""
        at = time.time()
        # Until it has its own session, a kernel's interrupt reaches it directly, maybe before us.
        if self._interrupted or self._exit_code == -signal.SIGINT:
            return TurnInterruptedEvent(at=at)
        self._died = True
        assert self._process is not None
        said = "\n".join(filter(None, [self._last_error, self._process.stderr]))
        message = _epitaph(self._exit_code, clean(said))
        return TurnFailedEvent(error=ThreadError(message=message), at=at)

    async def _with_diffs(self, event: Event, scanning: asyncio.Task[None] | None) -> Event:
        if not isinstance(event, ItemStartedEvent | ItemCompletedEvent):
            return event
        item = event.item
        if not isinstance(item, FileChangeItem) or scanning is None:
            return event
        if isinstance(event, ItemStartedEvent):
            await asyncio.to_thread(self._workspace.started, item)
            return event
        await asyncio.shield(scanning)
        item = await asyncio.to_thread(self._workspace.completed, item)
        return event.model_copy(update={"item": item})

    def _write_schema(self, folder: Path) -> Path:
        file = folder / "schema.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(self._request.schema), encoding="utf-8")
        return file


async def _see_off(process: CliProcess, lines: AsyncIterator[bytes]) -> int:
    """Read what a process still says, for it could not exit otherwise; return its exit code."""
    async for _ in lines:
        pass
    return await process.wait()


def _epitaph(code: int | None, last_words: str) -> str:
    if code is not None and code < 0:
        names = {number.value: number.name for number in signal.Signals}
        how = f"was ended by {names.get(-code, f'signal {-code}')}"
    else:
        how = f"exited with code {code}"
    said = f": {last_words}" if last_words else " and did not say why."
    return f"The Codex CLI {how} before the turn was finished{said}{remedy(last_words)}"
