"""What other SDKs of the CLI fail at: each test is such a failure, survived.

Over a CLI that misbehaves, and where that is what matters over the real one.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import json
import logging
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import pytest
from pydantic import BaseModel

from codex_notebook import (
    Codex,
    CodexError,
    CodexExecError,
    CodexVersionError,
    ForkError,
    InvalidOptionError,
    OutputValidationError,
    TemporaryFileError,
    Thread,
    ThreadBusyError,
    ThreadNotFoundError,
    Turn,
    TurnFailedError,
    TurnInterruptedError,
    offline,
)
from codex_notebook.client.inputs import parse_input
from codex_notebook.client.loop import submit
from codex_notebook.core.items import CommandExecutionItem, UnknownItem
from codex_notebook.offline import pause, text, turn
from tests.processes import descendants, eventually

pytestmark = pytest.mark.process

Cli = Callable[[str], Path]

KEY = "sk-proj-Zq8w3VtY0pLx5uKc"
END_OF_KEY = KEY[-8:]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg=="
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {},
    "required": [],
    "additionalProperties": False,
}
UNKNOWN_THREAD = "01a2048e-fb92-7212-b87d-f21b77426a7d"


class Starts:
    """The starts of a fake CLI, one list of arguments for each."""

    def __init__(self, log: Path) -> None:
        self.env = {"FAKE_CLI_LOG": str(log)}
        self._log = log

    @property
    def arguments(self) -> list[list[str]]:
        if not self._log.exists():
            return []
        return [json.loads(line)[1:] for line in self._log.read_text().splitlines()]


@pytest.fixture
def starts(tmp_path: Path) -> Starts:
    return Starts(tmp_path / "starts.log")


@pytest.fixture
def new_thread(fake_cli: Cli, starts: Starts) -> Callable[[str], Thread]:
    """Return a function that begins a thread over a CLI of one behaviour."""

    def make(behaviour: str) -> Thread:
        cli = fake_cli(behaviour)
        return Codex(codex_path_override=cli, api_key=KEY, env=starts.env).start_thread()

    return make


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is this process's temporary one."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return an image at whose path the CLI would take two files."""
    folder = tmp_path / "a, b"
    folder.mkdir()
    file = folder / "c,d.png"
    file.write_bytes(PNG)
    return file


def run(thread: Thread, prompt: Any = "hi", **options: Any) -> Turn:
    return asyncio.run(thread.run(prompt, **options))


def with_image(path: Path | str, prompt: str = "look") -> list[dict[str, Any]]:
    return [{"type": "text", "text": prompt}, {"type": "local_image", "path": path}]


# ---- what the CLI prints -----------------------------------------------------------------


def test_output_that_comes_byte_by_byte_is_read_whole(
    new_thread: Callable[[str], Thread],
) -> None:
    done = run(new_thread("byte_by_byte"))
    assert done.final_response == 'ü€😀\u2028\r\n"\\'
    assert (done.status, done.state.notices) == ("completed", ())


def test_bytes_that_are_no_utf_8_cost_only_themselves(
    new_thread: Callable[[str], Thread],
) -> None:
    done = run(new_thread("invalid_utf_8"))
    assert done.final_response == "a\ufffd\ufffdb"
    assert done.state.notices == ("Not an event: \ufffd\ufffd",)


def test_noise_before_the_first_event_is_a_notice_and_no_end(
    new_thread: Callable[[str], Thread],
) -> None:
    done = run(new_thread("noise_first"))
    assert (done.status, done.final_response, done.thread_id) == ("completed", "hi", "fake")
    assert "WARNING: hello" in done.state.notices[0]
    # Empty lines are nothing at all.
    assert len(done.state.notices) == 6


def test_items_without_an_id_and_an_end_without_usage_are_taken(
    new_thread: Callable[[str], Thread],
) -> None:
    thread = new_thread("without_id_and_usage")
    done = run(thread)
    assert [item["text"] for item in done.items] == ["one", "two"]
    assert (done.status, done.usage, done.thread_usage) == ("completed", None, None)
    assert run(thread).status == "completed"


def test_items_and_events_of_unknown_kinds_are_kept(
    new_thread: Callable[[str], Thread],
) -> None:
    done = run(new_thread("unknown_kinds"))
    holograms = [item for item in done.items if isinstance(item, UnknownItem)]
    assert [item.type for item in holograms] == ["hologram", "hologram", "unknown"]
    assert holograms[0].raw["light"] == [1, 2]
    assert [("dreamt" in notice) for notice in done.state.notices] == [True, False]
    assert (done.status, done.final_response) == ("completed", "fine")
    assert done.thread_usage is not None
    assert done.thread_usage["dreams"] == 2


def test_a_command_that_never_ended_is_there_and_said_not_to_have_ended(
    new_thread: Callable[[str], Thread],
) -> None:
    done = run(new_thread("dangling"))
    (ran,) = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    assert (ran.command, ran.status, ran.exit_code) == ("sleep 9", "in_progress", None)
    assert done.status == "completed"
    assert "Ran sleep 9 · did not finish" in str(done)


def test_a_cli_that_refuses_before_it_has_read_the_prompt_is_heard(
    new_thread: Callable[[str], Thread], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(CodexExecError, match="the config is bad") as caught:
        run(new_thread("refuses"), "p" * 1_000_000)
    assert (caught.value.exit_code, caught.value.stderr) == (1, "Error: the config is bad")
    assert caught.value.__context__ is None
    assert caplog.records == []


def test_an_argument_that_the_cli_does_not_know_is_named_with_the_remedy(
    new_thread: Callable[[str], Thread],
) -> None:
    with pytest.raises(CodexVersionError, match=r"too old for --cyber-access-program\. Install"):
        run(new_thread("unknown_argument"), cyber_access_program="standard")


# ---- threads -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["my-thread", "", "last", "--last", None, 7, f"{UNKNOWN_THREAD}0"])
def test_a_name_that_is_no_id_of_a_thread_is_refused(name: Any) -> None:
    # For a name that it does not know the CLI begins a new thread, and exits with 0.
    with pytest.raises(InvalidOptionError, match="is no id of a thread"):
        Codex().resume_thread(name)


def test_another_thread_than_the_one_to_resume_is_ended_at_once(
    new_thread: Callable[[str], Thread],
) -> None:
    thread = new_thread("other_thread")
    run(thread)
    # It is deaf to the polite way, which alone would take longer than this.
    with pytest.raises(ThreadNotFoundError, match="resume the thread fake and opened other") as e:
        asyncio.run(asyncio.wait_for(thread.run("hi"), 2.5))
    assert (e.value.thread_id, thread.id, e.value.turn.thread_id) == ("fake", "fake", None)
    assert descendants() == []


def test_a_thread_that_another_process_writes_to_is_busy(
    new_thread: Callable[[str], Thread],
) -> None:
    thread = new_thread("busy_when_resumed")
    run(thread)
    with pytest.raises(ThreadBusyError, match="wait until its turn ends") as caught:
        run(thread)
    assert caught.value.turn.status == "failed"
    assert thread.id == "fake"


# ---- images ------------------------------------------------------------------------------


def not_an_image(kind: str, folder: Path) -> Path:
    file = folder / "file.png"
    if kind == "text":
        file.write_text("I am no picture.\n")
    elif kind == "folder":
        file.mkdir()
    elif kind == "below a file":
        file.write_bytes(PNG)
        return file / "image.png"
    return file


@pytest.mark.parametrize("way", ["part", "option"])
@pytest.mark.parametrize("kind", ["missing", "folder", "below a file", "text"])
def test_an_image_that_cannot_be_sent_is_refused_before_anything_starts(
    new_thread: Callable[[str], Thread], starts: Starts, tmp_path: Path, kind: str, way: str
) -> None:
    file = not_an_image(kind, tmp_path)
    thread = new_thread("echo")
    said = "is no PNG" if kind == "text" else "cannot be read"
    prompt, options = (with_image(file), {}) if way == "part" else ("look", {"images": [file]})
    with pytest.raises(InvalidOptionError, match=said) as caught:
        run(thread, prompt, **options)
    assert str(file) in str(caught.value)
    assert (starts.arguments, thread.last_turn) == ([], None)


def test_a_pipe_in_place_of_an_image_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    refused = threading.Event()

    def ask() -> None:
        with pytest.raises(InvalidOptionError):
            parse_input(with_image(pipe))
        refused.set()

    asking = threading.Thread(target=ask)
    asking.start()
    answered = refused.wait(0.5)
    # A writer that comes and goes lets it off.
    eventually(lambda: refused.is_set() or _touch(pipe))
    asking.join()
    assert answered


def _touch(pipe: Path) -> bool:
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


# ---- temporary files ---------------------------------------------------------------------


def test_temporary_files_are_only_their_owners_while_the_turn_runs(
    new_thread: Callable[[str], Thread], temporary: Path, image: Path
) -> None:
    before = os.umask(0)
    try:
        done = run(new_thread("temporary_files"), with_image(image), output_schema=SCHEMA)
    finally:
        os.umask(before)
    schema, copy = json.loads(done.final_response)
    assert json.loads(schema["content"]) == SCHEMA
    assert copy["content"].encode("latin-1") == PNG
    for file in (schema, copy):
        assert Path(file["path"]).parent.parent == temporary
        assert (file["mode"], file["folder_mode"]) == (0o600, 0o700)
        assert "," not in file["path"]
    assert list(temporary.iterdir()) == []
    assert image.read_bytes() == PNG


@contextmanager
def full_disk() -> Iterator[None]:
    """Let files be made in temporary folders, but nothing be written to them."""

    def write(*arguments: Any, **_: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(arguments[-1]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_text", write)
        patch.setattr(shutil, "copyfile", write)
        yield


@pytest.mark.parametrize("what", ["schema", "image"])
def test_a_full_disk_is_an_error_before_a_process_starts(
    new_thread: Callable[[str], Thread], starts: Starts, temporary: Path, image: Path, what: str
) -> None:
    thread = new_thread("echo")
    options: dict[str, Any] = {"output_schema": SCHEMA} if what == "schema" else {"images": [image]}
    said = r"No space left on device.*TMPDIR"
    with full_disk(), pytest.raises(TemporaryFileError, match=said) as caught:
        run(thread, **options)
    assert isinstance(caught.value, OSError)
    assert (starts.arguments, list(temporary.iterdir())) == ([], [])
    assert run(thread, "there is room again", output_schema=SCHEMA).status == "completed"


def test_a_temporary_folder_that_cannot_be_written_is_an_error_before_a_process_starts(
    new_thread: Callable[[str], Thread],
    starts: Starts,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").touch()
    # Below a file, so that it cannot be written by root either.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file" / "folder"))
    thread = new_thread("echo")
    with pytest.raises(TemporaryFileError, match="Not a directory") as caught:
        run(thread, output_schema=SCHEMA)
    assert caught.value.folder.startswith(str(tmp_path / "file"))
    assert starts.arguments == []
    assert run(thread).status == "completed"


def test_a_tmpdir_that_cannot_be_written_is_passed_over(
    new_thread: Callable[[str], Thread], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file" / "folder"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert run(new_thread("echo"), output_schema=SCHEMA).status == "completed"


def test_a_temporary_folder_that_has_a_comma_itself_is_an_error(
    new_thread: Callable[[str], Thread],
    starts: Starts,
    image: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "e,f"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(TemporaryFileError, match="has a comma, too"):
        run(new_thread("echo"), with_image(image))
    assert (starts.arguments, list(folder.iterdir())) == ([], [])


HOLDS_A_SCHEMA = """
import asyncio, json, sys
from codex_notebook import Codex

async def main():
    thread = Codex(codex_path_override=sys.argv[1], api_key="sk").start_thread()
    running = await thread.start("hi", output_schema={"type": "object", "properties": {}})
    async for event in running.events():
        if event.type == "item.completed":
            print(json.loads(event.item.text)[0]["path"], flush=True)

asyncio.run(main())
"""


def test_what_a_killed_process_left_goes_with_the_next_turn_and_nothing_else(
    fake_cli: Cli, temporary: Path
) -> None:
    @contextmanager
    def process(behaviour: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", HOLDS_A_SCHEMA, str(fake_cli(behaviour))]
        env = {**os.environ, "TMPDIR": str(temporary)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as started:
            try:
                yield started
            finally:
                started.kill()

    def schema(of: subprocess.Popen[str]) -> Path:
        assert of.stdout is not None
        return Path(of.stdout.readline().strip())

    with process("holds_files") as killed, process("holds_files") as running:
        left, held = schema(killed), schema(running)
        killed.kill()
        killed.wait()
        assert left.exists()
        with process("temporary_files") as following:
            of_its_own = schema(following)
            assert following.wait() == 0
        assert not left.parent.exists()
        assert held.exists()
        assert not of_its_own.parent.exists()


@pytest.mark.parametrize("failure", ["no temporary file", "no process that opened a thread"])
def test_the_usage_of_the_first_turn_that_works_is_its_own(fake_cli: Cli, failure: str) -> None:
    cli = fake_cli("echo")
    thread = Codex(codex_path_override=cli, api_key=KEY).start_thread()
    if failure == "no temporary file":
        with full_disk(), pytest.raises(TemporaryFileError):
            run(thread, output_schema=SCHEMA)
    else:
        whole = cli.read_text()
        cli.write_text("#!/bin/sh\nexit 1\n")
        with pytest.raises(CodexExecError):
            run(thread)
        cli.write_text(whole)
    done = run(thread)
    assert done.thread_usage is not None
    assert done.usage == done.thread_usage


# ---- secrets -----------------------------------------------------------------------------


def everything_in(value: object, seen: dict[int, object] | None = None) -> Iterator[str]:
    """Yield all that a value says of itself and of what it holds, however deep."""
    seen = {} if seen is None else seen
    if id(value) in seen or isinstance(
        value, type | ModuleType | FunctionType | BuiltinFunctionType
    ):
        return
    seen[id(value)] = value
    yield repr(value)
    yield str(value)
    held: list[object] = []
    if isinstance(value, Mapping):
        held += [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        held += value
    if isinstance(value, BaseException):
        held += [value.args, value.__cause__, value.__context__]
    if isinstance(value, BaseModel):
        held += [value.model_extra]
    held += getattr(value, "__dict__", {}).values()
    for each in held:
        yield from everything_in(each, seen)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that are behind it, also those that a traceback leaves out."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def all_of(error: BaseException) -> str:
    """Return everything that could be shown, logged, sent or kept of an error."""
    shown = [*everything_in(error), pickle.dumps(error).decode("latin-1")]
    for each in chain(error):
        shown += traceback.format_exception(each)
        shown += traceback.TracebackException.from_exception(each, capture_locals=True).format()
    return "\n".join(shown)


@pytest.fixture
def debugged_loop() -> Iterator[None]:
    """Have asyncio say all it can of our own loop."""

    async def debug(on: bool) -> None:
        asyncio.get_running_loop().set_debug(on)

    submit(debug(True)).result()
    yield
    submit(debug(False)).result()


def codex_with_key(way: str, cli: Path, monkeypatch: pytest.MonkeyPatch) -> Codex:
    if way == "inherited":
        monkeypatch.setenv("CODEX_API_KEY", KEY)
        return Codex(codex_path_override=cli)
    if way == "env":
        return Codex(codex_path_override=cli, env={"CODEX_API_KEY": KEY})
    return Codex(codex_path_override=cli, api_key=KEY)


@pytest.mark.usefixtures("debugged_loop")
@pytest.mark.parametrize("way", ["api_key", "env", "inherited"])
@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        ("leaks_and_completes", OutputValidationError),
        ("leaks_and_fails", TurnFailedError),
        ("leaks_and_dies", CodexExecError),
        ("leaks_and_hangs", TurnInterruptedError),
    ],
)
def test_a_key_that_the_cli_prints_is_in_no_error_and_in_no_log(
    fake_cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    behaviour: str,
    kind: type[CodexError],
    way: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    thread = codex_with_key(way, fake_cli(behaviour), monkeypatch).start_thread()

    async def fail() -> None:
        async with await thread.run_streamed("hi", output_type=int) as streamed:
            async for event in streamed.events:
                assert not any(KEY in said for said in everything_in(event))
                if "The key is" in str(event) and kind is TurnInterruptedError:
                    streamed.running.request_interrupt()

    with pytest.raises(kind) as caught:
        asyncio.run(fail(), debug=True)
    shown = all_of(caught.value)
    assert "[API key]" in shown
    assert KEY not in shown
    assert thread.last_turn is not None
    assert len(thread.last_turn.items) == 3
    logged = [said for record in caplog.records for said in everything_in(vars(record))]
    assert any(record.name == "asyncio" for record in caplog.records)
    assert any("a proxy logs [API key]" in said for said in logged)
    assert KEY not in caplog.text + "".join(logged)


def test_a_key_that_the_cli_prints_is_in_nothing_of_a_turn(
    new_thread: Callable[[str], Thread],
) -> None:
    done = run(new_thread("leaks_and_completes"))
    assert done.final_response == "The key is [API key]."
    shown = [*everything_in(done), pickle.dumps(done).decode("latin-1"), done._repr_html_()]
    shown += [done._repr_markdown_()]
    assert not any(KEY in said for said in shown)


def test_no_part_of_a_key_is_left_where_stderr_is_cut(new_thread: Callable[[str], Thread]) -> None:
    with pytest.raises(CodexExecError) as caught:
        run(new_thread("leaks_at_the_cut"))
    # Taken before it is compared: the parts of an `assert` are variables of this function, too.
    shown = all_of(caught.value)
    assert END_OF_KEY not in shown


def test_a_key_that_the_cli_prints_is_not_in_the_error_of_a_fork(
    new_thread: Callable[[str], Thread],
) -> None:
    thread = new_thread("fails_to_fork")
    run(thread)
    with pytest.raises(ForkError, match=r"cannot fork with \[API key\]") as caught:
        asyncio.run(thread.fork())
    shown = all_of(caught.value)
    assert KEY not in shown


@pytest.mark.parametrize("way", ["api_key", "env", "inherited"])
@pytest.mark.parametrize("what", ["turn", "fork"])
def test_a_key_is_not_in_the_error_of_a_process_that_cannot_start(
    fake_cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, way: str
) -> None:
    thread = codex_with_key(way, fake_cli("echo"), monkeypatch).start_thread()
    run(thread)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(tmp_path / "no python"))
        with pytest.raises(CodexError, match="could not be started") as caught:
            asyncio.run(thread.run("hi") if what == "turn" else thread.fork())
    shown = all_of(caught.value)
    assert KEY not in shown
    assert run(thread).status == "completed"


def test_a_key_is_not_in_the_error_of_another_option_with_its_locals_shown() -> None:
    with pytest.raises(InvalidOptionError, match="typo") as caught:
        Codex(api_key=KEY, typo=1)  # type: ignore[call-arg]
    shown = all_of(caught.value)
    assert KEY not in shown


@pytest.mark.parametrize("way", ["env", "inherited"])
def test_a_key_is_not_in_the_error_of_a_missing_cli_with_its_locals_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    thread = codex_with_key(way, tmp_path / "nothing", monkeypatch).start_thread()
    with pytest.raises(CodexError, match="there is no program there") as caught:
        run(thread)
    shown = all_of(caught.value)
    assert KEY not in shown


# ---- over the real CLI -------------------------------------------------------------------

SCENARIO = [
    turn(text("Hello."), when="hello"),
    turn(text("I see."), when="look"),
    turn(pause(until="seen"), text("I see."), when="stare"),
    turn(pause(until="go"), text("At last."), when="wait"),
    turn(text({"name": "a", "size": {"n": 1}}), when="schema"),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def real_thread(model: offline.ScriptedModel, tmp_path: Path) -> Thread:
    return Codex(model.options).start_thread(
        working_directory=tmp_path, skip_git_repo_check=True, sandbox_mode="danger-full-access"
    )


def resumed(model: offline.ScriptedModel, thread_id: str, folder: Path) -> Thread:
    return Codex(model.options).resume_thread(
        thread_id, working_directory=folder, skip_git_repo_check=True
    )


def check_the_copy_in(temporary: Path) -> None:
    (copy,) = temporary.glob("*/*.png")
    assert copy.read_bytes() == PNG
    assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.cli
def test_an_image_with_a_comma_reaches_the_model_in_a_later_turn_of_its_thread(
    model: offline.ScriptedModel, real_thread: Thread, temporary: Path, image: Path
) -> None:
    async def two_turns() -> tuple[str | None, Turn]:
        first = await real_thread.run("hello, I am Ada")
        before = len(model.requests)
        running = await real_thread.start(with_image(image, "stare"))
        await asyncio.to_thread(model.wait_for_requests, before + 1)
        check_the_copy_in(temporary)
        model.release("seen")
        return first.thread_id, await running

    thread_id, second = asyncio.run(two_turns())
    assert second.thread_id == thread_id
    sent = model.requests[-1].body["input"]
    assert "I am Ada" in str(sent)
    (picture,) = [p for m in sent for p in m.get("content", ()) if p["type"] == "input_image"]
    assert picture["image_url"].startswith("data:image/png;base64,")
    assert "could not be processed" not in str(sent)
    assert list(temporary.iterdir()) == []


@pytest.mark.cli
def test_a_thread_that_the_real_cli_does_not_know_is_not_found(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    thread = resumed(model, UNKNOWN_THREAD, tmp_path)
    with pytest.raises(ThreadNotFoundError, match=r"no such thread.*CODEX_HOME.*`id`") as caught:
        run(thread, "hello")
    assert caught.value.thread_id == thread.id == UNKNOWN_THREAD
    assert caught.value.turn.status == "failed"


WRITES = """
import json, sys
from codex_notebook import Codex

options, thread_id, folder = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
thread = Codex(options).resume_thread(
    thread_id, working_directory=folder, skip_git_repo_check=True
)
print(thread.run_sync("wait for it").final_response)
"""


@pytest.mark.cli
def test_a_thread_that_another_process_writes_to_is_busy_until_that_ends(
    model: offline.ScriptedModel, real_thread: Thread, tmp_path: Path
) -> None:
    first = run(real_thread, "hello")
    before = len(model.requests)
    options = json.dumps({"config": model.config, "env": model.env})
    command = [sys.executable, "-c", WRITES, options, str(first.thread_id), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        model.wait_for_requests(before + 1)
        with pytest.raises(ThreadBusyError, match="wait until its turn ends"):
            run(real_thread, "hello")
        model.release("go")
        assert writer.communicate()[0] == "At last.\n"
    second = run(real_thread, "hello")
    assert second.thread_id == first.thread_id
    assert "At last." in str(model.requests[-1].body)


@pytest.mark.cli
def test_a_real_cli_that_refuses_its_options_is_heard_over_a_long_prompt(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    codex = Codex(model.options, config_overrides=['model_provider="nobody"'])
    thread = codex.start_thread(working_directory=tmp_path, skip_git_repo_check=True)
    with pytest.raises(CodexExecError, match="nobody") as caught:
        run(thread, "p" * 1_000_000)
    assert caught.value.exit_code == 1


class Size(BaseModel):
    n: int
    unit: str = "cm"


class Thing(BaseModel):
    name: str
    size: Size
    also: list[Size] = []


@pytest.mark.cli
def test_the_schema_of_a_pydantic_class_goes_out_strict(
    model: offline.ScriptedModel, real_thread: Thread
) -> None:
    run(real_thread, "schema", output_schema=Thing.model_json_schema())
    sent = model.requests[-1].body["text"]["format"]
    assert (sent["type"], sent["strict"]) == ("json_schema", True)
    for part in (sent["schema"], sent["schema"]["$defs"]["Size"]):
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
        assert not any("default" in field for field in part["properties"].values())


def test_a_class_in_place_of_a_schema_is_refused_by_its_option(
    new_thread: Callable[[str], Thread], starts: Starts
) -> None:
    with pytest.raises(InvalidOptionError, match="output_schema") as caught:
        run(new_thread("echo"), output_schema=Thing)
    assert caught.value.option == "output_schema"
    assert starts.arguments == []
