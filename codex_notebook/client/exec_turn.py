"""One turn over ``codex exec``: a process and its lines, as events.

It closes the gaps that the CLI leaves: an end for a turn whose process just died, diffs for file
changes, the tokens of a turn that did not complete. Knows nothing of threads or of who listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from codex_notebook.client.arguments import TurnArguments, environment, exec_arguments
from codex_notebook.client.binary import Binary, cli_version
from codex_notebook.client.failure import Death, remedy
from codex_notebook.client.home import codex_home, thread_usage
from codex_notebook.client.launch import DEATH_GRACE, NotStartedError, launch, see_off
from codex_notebook.client.loop import in_thread
from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.client.process import EXIT_GRACE, CliProcess
from codex_notebook.client.scratch import Scratch, sweep_once
from codex_notebook.client.secrets import KEY_VARIABLE, Redactor
from codex_notebook.client.transport import TurnSpec
from codex_notebook.client.workspace import Workspace
from codex_notebook.core.events import (
    Event,
    ItemCompletedEvent,
    ItemStartedEvent,
    ThreadError,
    ThreadErrorEvent,
    ThreadStartedEvent,
    TurnCompletedEvent,
    TurnFailedEvent,
    TurnInterruptedEvent,
    UsageUpdatedEvent,
)
from codex_notebook.core.items import FileChangeItem
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.plain import clean
from codex_notebook.core.turn import Turn
from codex_notebook.core.usage import Usage
from codex_notebook.errors import CodexError, ThreadNotFoundError, TurnFailedError

_ENDS = (TurnCompletedEvent, TurnFailedEvent, TurnInterruptedEvent)


def turn_arguments(spec: TurnSpec, scratch: Scratch | None = None) -> TurnArguments:
    """Return what a turn adds to the arguments; without ``scratch`` no file is written."""
    images, schema_file = spec.prompt.images, None
    if scratch is None:
        files = tuple(image for image in images if isinstance(image, Path))
    else:
        files = tuple(scratch.image_file(image, n) for n, image in enumerate(images))
        schema_file = scratch.schema_file(spec.schema) if spec.schema is not None else None
    return TurnArguments(
        resume=spec.thread_id,
        review=spec.review,
        schema_file=schema_file,
        cyber_access_program=spec.cyber_access_program,
        images=files,
    )


class ExecTurn:
    """One turn over one process. Iterate `events` to its end, once."""

    def __init__(
        self,
        options: CodexOptions,
        binary: Binary,
        spec: TurnSpec,
        thread: ThreadOptions,
        workspace: Workspace,
    ) -> None:
        self._options = options
        self._binary = binary
        self._spec = spec
        self._thread = thread
        self._workspace = workspace
        self._env = environment(options, os.environ)
        self._redact = Redactor(self._env)
        self._process: CliProcess | None = None
        self._leaving: asyncio.Task[int] | None = None
        self._interrupted = False
        self._thread_id: str | None = None
        self._other_thread = False
        self._death: Death | None = None
        self._last_error = ""

    async def events(self) -> AsyncIterator[Event]:
        """Run the turn and yield its events; the last is its end, whatever happens.

        Raises
        ------
        TemporaryFileError
            If a file that the CLI is to read cannot be written.
        """
        sweeping = threading.Thread(target=sweep_once, daemon=True)
        with contextlib.suppress(RuntimeError):
            # Not while Python shuts down; the next process does it then.
            sweeping.start()
        with Scratch() as scratch:
            arguments = exec_arguments(
                self._options,
                self._thread,
                turn_arguments(self._spec, scratch),
                has_key=KEY_VARIABLE in self._env,
            )
            async for event in self._run(arguments):
                yield event

    @property
    def controls(self) -> None:
        """None: ``codex exec`` hears nothing while it runs."""

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
        asked_for = self._spec.thread_id
        if self._other_thread and asked_for is not None:
            return ThreadNotFoundError(turn.error or "", turn=turn, thread_id=asked_for)
        if self._death is None:
            return TurnFailedError(turn.error or "", turn=turn)
        return self._death.error(turn, path=str(self._binary.path), thread_id=asked_for)

    async def _run(self, arguments: list[str]) -> AsyncIterator[Event]:
        scanning = None
        if self._thread.sandbox_mode != "read-only":
            scanning = asyncio.create_task(in_thread(self._workspace.scan))
        try:
            process = self._process = launch(
                self._binary,
                arguments,
                env=self._env,
                cwd=self._thread.working_directory,
                # A lone surrogate has no UTF-8; better a "?" in the prompt than no turn.
                stdin=self._spec.prompt.text.encode("utf-8", "replace"),
            )
        except NotStartedError as error:
            self._death = Death(None, str(error))
            yield _failed(self._death.epitaph)
            return
        if self._interrupted:
            # Asked while the process was being started.
            process.end()
        end: Event | None = None
        lines = process.lines()
        try:
            async for line in lines:
                if not line.strip():
                    continue
                event = self._understood(parse_event(self._redact.line(line), at=time.time()))
                if isinstance(event, _ENDS):
                    end = event
                    break
                yield await self._with_diffs(event, scanning)
        finally:
            # However reading ended, even by an error of ours: no process outlives its turn.
            process.end_unless_it_exits(EXIT_GRACE if end else DEATH_GRACE)
            self._leaving = asyncio.create_task(see_off(process, lines, scanning))
        if not isinstance(end, TurnCompletedEvent):
            code = await self._leaving
            usage = await in_thread(self._usage_so_far)
            if usage is not None:
                yield UsageUpdatedEvent(thread_usage=usage, at=time.time())
            end = end or await self._end_event(code)
        yield end

    def _understood(self, event: Event) -> Event:
        if isinstance(event, ThreadStartedEvent):
            return self._opened(event)
        if isinstance(event, ThreadErrorEvent):
            self._last_error = event.message
        if isinstance(event, TurnCompletedEvent) and self._spec.review is not None:
            # The CLI counts only what the thread itself used, and a review runs in one beneath.
            return event.model_copy(update={"usage": None})
        if not isinstance(event, TurnFailedEvent):
            return event
        if self._interrupted:
            return TurnInterruptedEvent(at=event.at)
        message = clean(event.error.message)
        error = event.error.model_copy(update={"message": message + remedy(message)})
        return event.model_copy(update={"error": error})

    def _opened(self, event: ThreadStartedEvent) -> Event:
        """Make sure that the thread is the one that was to be resumed."""
        asked_for = self._spec.thread_id
        if asked_for is None or event.thread_id == asked_for:
            self._thread_id = event.thread_id
            return event
        # For a name that it does not know the CLI begins a new thread, and says nothing.
        self._other_thread = True
        assert self._process is not None
        self._process.end(at_once=True)
        return _failed(
            f"The CLI was to resume the thread {asked_for} and opened {event.thread_id}, so the "
            "turn was ended. Resume a thread by its `id`."
        )

    def _usage_so_far(self) -> Usage | None:
        home = codex_home(self._env)
        if home is None or self._thread_id is None or self._spec.review is not None:
            return None
        return thread_usage(home, self._thread_id)

    async def _end_event(self, code: int) -> Event:
        """Return the end of a turn of which the CLI did not say how it ended."""
        # Until it has its own session, a kernel's interrupt reaches it directly, maybe before us.
        if self._interrupted or code == -signal.SIGINT:
            return TurnInterruptedEvent(at=time.time())
        assert self._process is not None
        stderr = clean(self._redact.end(self._process.stderr))
        self._death = Death(code, stderr, clean(self._last_error))
        if self._death.is_too_old:
            version = await in_thread(cli_version, self._binary)
            self._death = replace(self._death, version=version)
        return _failed(self._death.epitaph)

    async def _with_diffs(self, event: Event, scanning: asyncio.Task[None] | None) -> Event:
        if not isinstance(event, ItemStartedEvent | ItemCompletedEvent):
            return event
        item = event.item
        if not isinstance(item, FileChangeItem) or scanning is None:
            return event
        if isinstance(event, ItemStartedEvent):
            await in_thread(self._workspace.started, item)
            return event
        await asyncio.shield(scanning)
        item = await in_thread(self._workspace.completed, item)
        return event.model_copy(update={"item": self._redact.file_change(item)})


def _failed(message: str) -> TurnFailedEvent:
    return TurnFailedEvent(error=ThreadError(message=message), at=time.time())
