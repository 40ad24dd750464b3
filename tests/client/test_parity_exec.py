"""How ``codex exec`` is called: the TypeScript SDK's own tests of it, held to us over a fake."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codex_notebook import (
    Codex,
    CodexExecError,
    InvalidOptionError,
    Thread,
    Turn,
    offline,
)
from codex_notebook.client.loop import io_loop
from tests.processes import alive, descendants, eventually

ID = "01a2048e-fb92-7212-b87d-f21b77426a7d"
KEY = "sk-parity-0123456789abcdef"

MakeCli = Callable[[str], Path]
Fake = Callable[[str], Codex]
Model = offline.ScriptedModel
Start = Callable[..., Thread]


def ask(thread: Thread, prompt: Any = "hello", **options: Any) -> Turn:
    return asyncio.run(thread.run(prompt, **options))


# ---- arguments and environment, over a fake CLI ------------------------------------------------


def told(thread: Thread, prompt: Any = "hello", **options: Any) -> Any:
    """Return the arguments, environment and working directory of a turn's process."""
    return json.loads(ask(thread, prompt, **options).final_response)


def configs(argv: list[str]) -> list[str]:
    return [value for flag, value in itertools.pairwise(argv) if flag == "--config"]


@pytest.fixture
def shell_cli(tmp_path: Path) -> Callable[[str], Thread]:
    """Return a function that makes a thread over a shell script."""

    def make(script: str) -> Thread:
        cli = tmp_path / "codex"
        cli.write_text(f"#!/bin/sh\n{script}\n")
        cli.chmod(0o755)
        return Codex(codex_path_override=cli, api_key=KEY).start_thread()

    return make


# The guard is ready when it has let go of its own stdout.
GUARDED = 'until [ "$(readlink /proc/$PPID/fd/1)" = /dev/null ]; do :; done'
DIES = "echo 'the disk is full' >&2; exit 2"


def test_an_exit_before_stdout_closes_is_an_error_with_what_was_said_on_stderr(
    shell_cli: Callable[[str], Thread],
) -> None:
    running = shell_cli(f"{GUARDED}; sleep 600 & {DIES}").start_nowait("hello")
    _, error = running.outcome(10)
    assert isinstance(error, CodexExecError)
    assert error.exit_code == 2
    assert "exited with code 2 before it was finished: the disk is full" in str(error)
    assert eventually(lambda: descendants() == [])


def test_an_exit_at_once_with_a_child_that_holds_stdout_is_no_reason_to_wait_for_ever(
    shell_cli: Callable[[str], Thread], tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    running = shell_cli(f"sleep 600 & echo $! > {pid}; {DIES}").start_nowait("hello")
    try:
        _, error = running.outcome(3)
    except TimeoutError:
        os.kill(int(pid.read_text()), signal.SIGKILL)
        running.outcome(10)
        raise
    assert isinstance(error, CodexExecError)
    assert eventually(lambda: not alive(int(pid.read_text())))


def test_resuming_comes_before_images_in_the_arguments(fake_codex: Fake, tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n")
    thread = fake_codex("arguments").start_thread()
    assert told(thread, images=[image])["argv"][-2:] == ["--image", str(image)]
    again = told(thread, images=[image])["argv"]
    assert again[-4:] == ["resume", "fake", "--image", str(image)]


def test_names_with_dots_and_raw_overrides_reach_the_cli_to_the_letter(fake_cli: MakeCli) -> None:
    raw = ['projects."/a b/c.d".trust_level="trusted"', "retry_budget=4", " spaced = [1,  2]"]
    codex = Codex(
        codex_path_override=fake_cli("arguments"),
        inherit_env=False,
        config={"retry_budget": 3, "a.b": {"c.d": "e"}, "tool_rules": {"allow": ["git status"]}},
        config_overrides=raw,
    )
    assert configs(told(codex.start_thread(todo_list=False))["argv"]) == [
        "retry_budget=3",
        'a.b.c.d="e"',
        'tool_rules.allow=["git status"]',
        *raw,
    ]


def test_an_empty_list_of_raw_overrides_is_none(fake_cli: MakeCli) -> None:
    codex = Codex(codex_path_override=fake_cli("arguments"), inherit_env=False, config_overrides=[])
    assert configs(told(codex.start_thread(todo_list=False))["argv"]) == []


def test_a_thread_source_is_told_for_new_threads_only(fake_codex: Fake) -> None:
    thread = fake_codex("arguments").start_thread(thread_source="automation")
    first, second = told(thread)["argv"], told(thread)["argv"]
    assert first[first.index("--thread-source") + 1] == "automation"
    assert "--thread-source" not in second


@pytest.mark.parametrize("policy", ["never", "on-request", "on-failure"])
def test_an_approval_policy_comes_behind_a_raw_override_of_it(
    fake_cli: MakeCli, policy: Any
) -> None:
    raw = 'approval_policy="untrusted"'
    codex = Codex(
        codex_path_override=fake_cli("arguments"), inherit_env=False, config_overrides=[raw]
    )
    thread = codex.start_thread(approval_policy=policy, todo_list=False)
    assert configs(told(thread)["argv"]) == [raw, f'approval_policy="{policy}"']


def test_what_a_client_and_a_thread_say_comes_behind_raw_overrides_on_resume_too(
    fake_cli: MakeCli, tmp_path: Path
) -> None:
    codex = Codex(
        codex_path_override=fake_cli("arguments"),
        inherit_env=False,
        base_url="https://ours.test/v1",
        config_overrides=['openai_base_url="https://raw.test"', 'model_reasoning_effort="low"'],
    )
    thread = codex.start_thread(
        model="gpt-5.4",
        sandbox_mode="workspace-write",
        working_directory=tmp_path,
        model_reasoning_effort="high",
        todo_list=False,
    )
    first, second = told(thread)["argv"], told(thread)["argv"]
    assert second == [*first, "resume", "fake"]
    assert first == [
        *("exec", "--experimental-json"),
        *("--config", 'openai_base_url="https://raw.test"'),
        *("--config", 'model_reasoning_effort="low"'),
        *("--config", 'openai_base_url="https://ours.test/v1"'),
        *("--model", "gpt-5.4"),
        *("--sandbox", "workspace-write"),
        *("--cd", str(tmp_path)),
        *("--config", 'model_reasoning_effort="high"'),
    ]


def test_an_environment_of_ones_own_leaks_nothing_in_and_gets_key_and_originator(
    fake_cli: MakeCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAK", "out")
    monkeypatch.setenv("CODEX_API_KEY", "sk-of-the-machine")
    codex = Codex(
        codex_path_override=fake_cli("arguments"),
        env={"MARK": "in"},
        inherit_env=False,
        api_key=KEY,
        base_url="https://ours.test/v1",
    )
    process = asyncio.run(codex.start_thread().run("hello"))
    seen = json.loads(process.final_response)
    assert "LEAK" not in seen["env"]
    assert "OPENAI_BASE_URL" not in seen["env"]
    assert seen["env"]["MARK"] == "in"
    assert seen["env"]["CODEX_INTERNAL_ORIGINATOR_OVERRIDE"] == "codex_notebook"
    assert 'openai_base_url="https://ours.test/v1"' in configs(seen["argv"])
    # The CLI had the key, for it is blotted out of what it printed; no argument had it.
    assert seen["env"]["CODEX_API_KEY"] == "[API key]"
    assert "[API key]" not in str(seen["argv"])
    inherits = Codex(codex_path_override=fake_cli("arguments"), env={"MARK": "in"})
    assert told(inherits.start_thread())["env"]["LEAK"] == "out"


@pytest.fixture
def bundle(fake_cli: MakeCli, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that installs a wheel of the CLI, with a folder of helpers or without."""

    def install(behaviour: str, helpers: Path | None) -> None:
        cli = fake_cli(behaviour)
        wheel = SimpleNamespace(
            bundled_codex_path=lambda: cli, bundled_path_dir=lambda: helpers and str(helpers)
        )
        monkeypatch.setitem(sys.modules, "codex_cli_bin", wheel)

    return install


def test_the_helpers_of_an_installed_cli_come_first_on_its_path(
    bundle: Callable[..., None], tmp_path: Path
) -> None:
    bundle("arguments", tmp_path / "helpers")
    path = told(Codex(api_key=KEY, env={"PATH": "/bin:/x"}).start_thread())["env"]["PATH"]
    assert path == f"{tmp_path / 'helpers'}:/bin:/x"


def test_an_installed_cli_without_helpers_keeps_the_path(bundle: Callable[..., None]) -> None:
    bundle("arguments", None)
    path = told(Codex(api_key=KEY, env={"PATH": "/bin:/x"}).start_thread())["env"]["PATH"]
    assert path == "/bin:/x"


def test_the_helpers_of_a_cli_that_was_named_are_its_own_affair(
    bundle: Callable[..., None], fake_cli: MakeCli, tmp_path: Path
) -> None:
    bundle("arguments", tmp_path / "helpers")
    codex = Codex(codex_path_override=fake_cli("arguments"), api_key=KEY, env={"PATH": "/bin"})
    assert told(codex.start_thread())["env"]["PATH"] == "/bin"


def test_helpers_that_are_on_the_path_already_are_there_once(
    bundle: Callable[..., None], tmp_path: Path
) -> None:
    helpers = tmp_path / "helpers"
    bundle("arguments", helpers)
    codex = Codex(api_key=KEY, env={"PATH": f"/bin:{helpers}:/x"})
    assert told(codex.start_thread())["env"]["PATH"] == f"{helpers}:/bin:/x"


# ---- what runs at the same time, over a fake CLI -----------------------------------------------


@pytest.fixture
def held_loop() -> Iterator[Callable[[], None]]:
    """Hold the loop of all turns, and return what lets it go.

    What is asked meanwhile comes to it at once, as it may when the machine is busy.
    """
    let_go = threading.Event()
    io_loop().call_soon_threadsafe(let_go.wait, 10)
    yield let_go.set
    let_go.set()


def test_a_fork_right_behind_a_turn_waits_for_it(
    fake_codex: Fake, held_loop: Callable[[], None]
) -> None:
    thread = fake_codex("echo").start_thread()

    async def forked() -> str | None:
        running = thread.start_nowait("hello")
        fork = asyncio.create_task(thread.fork())
        # So that both wait for the loop.
        await asyncio.sleep(0)
        held_loop()
        await running
        return (await fork).id

    assert asyncio.run(forked()) is not None


def test_a_review_right_behind_a_turn_is_refused(
    fake_codex: Fake, held_loop: Callable[[], None]
) -> None:
    thread = fake_codex("echo").start_thread()

    async def reviewed() -> Turn:
        running = thread.start_nowait("hello")
        review = asyncio.create_task(thread.review())
        await asyncio.sleep(0)
        held_loop()
        with pytest.raises(InvalidOptionError, match="only in a thread of its own"):
            await review
        return await running

    assert asyncio.run(reviewed()).final_response == "hello"


@pytest.mark.process
def test_cancelling_a_fork_leaves_no_process(fake_codex: Fake) -> None:
    thread = fake_codex("polite").resume_thread(ID)

    async def cancelled() -> None:
        fork = asyncio.create_task(thread.fork())
        assert await asyncio.to_thread(eventually, descendants)
        fork.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fork

    asyncio.run(cancelled())
    assert eventually(lambda: descendants() == [])
