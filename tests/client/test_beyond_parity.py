"""What the TypeScript SDK does not offer, over the real CLI.

Fork, review, ephemeral threads, profiles, features, a turn's own usage, and keys that stay hidden.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import (
    AbortController,
    Codex,
    CodexExecError,
    CommandExecutionItem,
    FileChangeItem,
    InvalidOptionError,
    Thread,
    Turn,
    TurnError,
    TurnFailedError,
    TurnInterruptedError,
    offline,
)
from codex_notebook.offline import command, fail, http_error, patch, pause, text, turn
from tests.processes import descendants, eventually, runs

ID = "01a2048e-fb92-7212-b87d-f21b77426a7d"
KEY = "sk-parity-0123456789abcdef"

MakeCli = Callable[[str], Path]
Fake = Callable[[str], Codex]
Model = offline.ScriptedModel
Start = Callable[..., Thread]


def ask(thread: Thread, prompt: Any = "hello", **options: Any) -> Turn:
    return asyncio.run(thread.run(prompt, **options))


PATCH = """*** Begin Patch
*** Update File: .env
@@
-A=1
+A=2
*** End Patch"""

SCENARIO = [
    # A prompt that is a number costs as many tokens.
    *(
        turn(text("Paid."), when=rf"^{n}$", usage={"input_tokens": n, "cached_input_tokens": 0})
        for n in (1, 10, 100, 1000)
    ),
    # What breaks off in its second request costs what the first did, and what waits both.
    turn(command("true"), fail("boom"), when="fail", usage={"input_tokens": 10_000}),
    turn(command("true"), command("sleep 600"), when="stop", usage={"input_tokens": 50_000}),
    turn(pause(until="forking"), text("At last."), when="slowly"),
    turn(pause(until="looked"), command("env"), text(f"It is {KEY}."), when="key"),
    turn(http_error(401, f"Incorrect API key: {KEY}"), when="wrong"),
    turn(patch(PATCH), text("Set."), when="patch"),
    turn(command("env | grep API_KEY"), text("Seen."), when="grep"),
    turn(text("Noted."), when="I am"),
    turn(text("Hello.")),
]


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def home(model: Model) -> Path:
    return Path(model.env["CODEX_HOME"])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a folder with two commits on the branch main."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-b", "main")
    for number in ("first", "second"):
        (folder / "a.txt").write_text(f"{number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "-m", number)
    return folder


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    ran = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


@pytest.fixture
def start(model: Model, tmp_path: Path) -> Start:
    """Return a function that starts a thread, or resumes one, with options of its client."""

    def thread(resume: str | None = None, codex: Any = None, **options: Any) -> Thread:
        client = Codex(model.options, **(codex or {}))
        options = {"working_directory": tmp_path, "skip_git_repo_check": True, **options}
        if resume is not None:
            return client.resume_thread(resume, **options)
        return client.start_thread(**options)

    return thread


def said(model: Model) -> str:
    """Return all that was said in the conversation that the model saw last."""
    return json.dumps(model.requests[-1].body["input"])


def about_turn(model: Model) -> Any:
    """Return what the CLI tells the provider of the turn."""
    return json.loads(model.requests[-1].headers["x-codex-turn-metadata"])


def tools(model: Model) -> list[str]:
    return [tool.get("name") for tool in model.requests[-1].body["tools"]]


def fork(thread: Thread, **options: Any) -> Thread:
    return asyncio.run(thread.fork(**options))


real = pytest.mark.cli


@real
def test_a_fork_knows_what_was_said_and_the_two_go_their_own_ways(
    start: Start, model: Model
) -> None:
    thread = start()
    ask(thread, "I am Ada")
    asked = len(model.requests)
    other = fork(thread, model="gpt-5.4")
    assert len(model.requests) == asked
    assert other.id not in (None, thread.id)
    assert ask(other, "I am Grace").thread_id == other.id
    assert ("I am Ada" in said(model), model.requests[-1].model) == (True, "gpt-5.4")
    assert ask(thread, "hello").thread_id != other.id
    assert ("I am Ada" in said(model), "I am Grace" in said(model)) == (True, False)
    ask(other, "hello")
    assert ("I am Ada" in said(model), "I am Grace" in said(model)) == (True, True)


@real
def test_a_fork_waits_for_the_turn_that_runs_and_then_knows_it(start: Start, model: Model) -> None:
    thread, asked = start(), len(model.requests)

    async def forked() -> Thread:
        running = await thread.start("slowly")
        await asyncio.to_thread(model.wait_for_requests, asked + 1)
        waiting = asyncio.create_task(thread.fork())
        assert not (await asyncio.wait([waiting], timeout=0.2))[0]
        model.release("forking")
        await running
        return await waiting

    ask(asyncio.run(forked()), "hello")
    assert "At last." in said(model)


@real
def test_a_thread_without_a_turn_cannot_be_forked(start: Start) -> None:
    with pytest.raises(InvalidOptionError, match="no turn yet"):
        fork(start())


@real
def test_an_ephemeral_fork_is_refused_before_anything_starts(start: Start) -> None:
    thread = start()
    ask(thread)
    with pytest.raises(InvalidOptionError, match="ephemeral"):
        fork(thread, ephemeral=True)


def pay(thread: Thread, prompt: str) -> tuple[int, int]:
    """Run a turn, whatever becomes of it; return the tokens it took, and the thread in all."""

    async def paid() -> Turn:
        running = await thread.start(prompt)
        if prompt == "stop":
            assert await asyncio.to_thread(eventually, lambda: runs("sleep 600"), 10)
            running.request_interrupt()
        try:
            return await running
        except TurnError as error:
            return error.turn

    done = asyncio.run(paid())
    endings = {"stop": "interrupted", "fail": "failed"}
    assert done.status == endings.get(prompt, "completed")
    assert done.usage is not None
    assert done.thread_usage is not None
    return done.usage.input_tokens, done.thread_usage.input_tokens


@real
def test_the_usage_of_a_turn_is_its_own_whatever_came_before(start: Start) -> None:
    thread = start()
    assert pay(thread, "1") == (1, 1)
    assert pay(thread, "stop") == (100_000, 100_001)
    assert pay(thread, "10") == (10, 100_011)
    assert pay(thread, "fail") == (10_000, 110_011)
    assert pay(thread, "100") == (100, 110_111)
    resumed = start(thread.id)
    assert pay(resumed, "1000") == (1000, 111_111)
    forked = fork(resumed)
    assert pay(forked, "10") == (10, 111_121)
    assert pay(resumed, "1") == (1, 111_112)


@real
def test_a_fork_of_a_thread_that_was_only_resumed_has_its_own_usage_too(start: Start) -> None:
    thread = start()
    assert pay(thread, "1") == (1, 1)
    assert pay(fork(start(thread.id)), "10") == (10, 11)


@real
def test_two_objects_of_one_thread_count_its_tokens_together(start: Start) -> None:
    thread = start()
    assert pay(thread, "1") == (1, 1)
    assert pay(start(thread.id), "10") == (10, 11)
    assert pay(thread, "100") == (100, 111)


@real
@pytest.mark.parametrize("way", ["new", "resume", "fork"])
@pytest.mark.parametrize(("ending", "cost"), [("stop", 100_000), ("fail", 10_000)])
def test_a_first_turn_that_breaks_off_has_its_own_usage_too(
    start: Start, way: str, ending: str, cost: int
) -> None:
    thread, before = start(), 0
    if way != "new":
        before = 10
        assert pay(thread, "10") == (10, 10)
        thread = start(thread.id) if way == "resume" else fork(thread)
    assert pay(thread, ending) == (cost, before + cost)
    assert pay(thread, "1") == (1, before + cost + 1)


REVIEWS = [
    ({}, "Review the current code changes (staged, unstaged, and untracked files)"),
    ({"uncommitted": True}, "Review the current code changes (staged, unstaged, and untracked"),
    ({"base": "main"}, "Review the code changes against the base branch 'main'."),
    ({"commit": "HEAD"}, "Review the code changes introduced by commit HEAD."),
    ({"commit": "HEAD", "title": "Fix: it"}, 'introduced by commit HEAD ("Fix: it").'),
    ({"instructions": "Look for typos.\nOnly."}, "Look for typos.\nOnly."),
]


@real
@pytest.mark.parametrize(("options", "prompt"), REVIEWS)
def test_a_review_asks_the_model_for_what_was_to_be_reviewed(
    start: Start, model: Model, repository: Path, options: dict[str, Any], prompt: str
) -> None:
    thread = start(working_directory=repository, model="gpt-5.4", skip_git_repo_check=False)
    done = asyncio.run(thread.review(**options))
    assert (done.status, done.final_response, done.usage) == ("completed", "Hello.", None)
    assert done.thread_id == thread.id
    assert prompt in model.requests[-1].user_message
    assert (model.requests[-1].model, about_turn(model)["subagent_kind"]) == ("gpt-5.4", "review")


@real
def test_a_thread_goes_on_with_the_findings_of_its_review(
    start: Start, model: Model, repository: Path
) -> None:
    thread = start(working_directory=repository)

    async def reviewed() -> Turn:
        return await (await thread.start_review(instructions="I am a reviewer"))

    review = asyncio.run(reviewed())
    assert review.prompt == "Review: I am a reviewer"
    # The reviewer's tokens are not the thread's, whose total is what the CLI counts.
    assert pay(thread, "10") == (10, 10)
    assert review.thread_id == thread.id
    assert "Noted." in said(model)
    asked = len(model.requests)
    with pytest.raises(InvalidOptionError, match=r"only in a thread of its own.*start_thread"):
        asyncio.run(thread.review())
    with pytest.raises(InvalidOptionError, match="only in a thread of its own"):
        asyncio.run(start(thread.id).review())
    assert len(model.requests) == asked


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"uncommitted": True, "base": "main"}, "uncommitted and base each say"),
        ({"base": "main", "commit": "HEAD"}, "base and commit each say"),
        ({"commit": "HEAD", "instructions": "x"}, "commit and instructions each say"),
        ({"title": "Fix it"}, "give commit, too"),
        ({"base": "main", "title": "Fix it"}, "give commit, too"),
        ({"instructions": ""}, "must not be empty"),
        ({"instructions": " \n"}, "empty"),
    ],
)
def test_a_review_that_contradicts_itself_is_refused_before_anything_starts(
    fake_codex: Fake, options: dict[str, Any], said: str
) -> None:
    # Over a fake that would take anything.
    with pytest.raises(InvalidOptionError, match=said):
        asyncio.run(fake_codex("echo").start_thread().review(**options))


def test_a_review_with_a_signal_that_was_aborted_does_not_begin(fake_codex: Fake) -> None:
    controller = AbortController()
    controller.abort()
    with pytest.raises(TurnInterruptedError, match="did not begin"):
        asyncio.run(fake_codex("echo").start_thread().review(signal=controller.signal))


def rollouts(home: Path, thread: Thread) -> list[Path]:
    assert thread.id is not None
    return list((home / "sessions").rglob(f"*{thread.id}*"))


@real
def test_of_an_ephemeral_thread_nothing_is_kept_and_it_has_one_turn(
    start: Start, model: Model, home: Path
) -> None:
    kept, gone = start(), start(ephemeral=True)
    assert pay(kept, "10") == pay(gone, "10") == (10, 10)
    assert (len(rollouts(home, kept)), len(rollouts(home, gone))) == (1, 0)
    asked = len(model.requests)
    with pytest.raises(InvalidOptionError, match=r"ephemeral.*Start a new one"):
        ask(gone)
    with pytest.raises(InvalidOptionError, match=r"ephemeral.*Start a new one"):
        fork(gone)
    assert len(model.requests) == asked


@real
def test_a_turn_that_waits_behind_the_only_one_of_an_ephemeral_thread_is_refused(
    start: Start, model: Model
) -> None:
    thread, asked = start(ephemeral=True), len(model.requests)

    async def two_at_once() -> list[Any]:
        both = [thread.start_nowait("hello"), thread.start_nowait("again")]
        return await asyncio.gather(*(each.result() for each in both), return_exceptions=True)

    first, second = asyncio.run(two_at_once())
    assert first.status == "completed"
    assert isinstance(second, InvalidOptionError)
    assert "ephemeral" in str(second)
    assert len(model.requests) == asked + 1


@real
def test_of_an_ephemeral_turn_of_a_resumed_thread_nothing_is_kept(start: Start, home: Path) -> None:
    thread = start()
    ask(thread)
    resumed = start(thread.id, ephemeral=True)
    try:
        ask(resumed, "I am a secret")
    except InvalidOptionError:
        # To refuse it is as good.
        return
    (file,) = rollouts(home, resumed)
    assert "I am a secret" not in file.read_text()


@real
def test_a_profile_is_read_on_top_of_the_configuration(
    start: Start, model: Model, home: Path
) -> None:
    (home / "parity.config.toml").write_text('model = "gpt-5.4"\n')
    # The configuration of its home alone: what is passed as arguments would win.
    plain: dict[str, Any] = {"config": {}}
    ask(start(codex=plain))
    assert model.requests[-1].model == "gpt-5.5"
    thread = start(codex=plain, profile="parity")
    for _ in range(2):
        ask(thread)
        assert model.requests[-1].model == "gpt-5.4"
    ask(start(codex=plain, profile="parity", model="gpt-5.5"))
    assert model.requests[-1].model == "gpt-5.5"


def test_an_unknown_profile_is_refused_with_the_known_ones_before_anything_starts(
    fake_cli: MakeCli, tmp_path: Path
) -> None:
    for name in ("work", "home"):
        (tmp_path / f"{name}.config.toml").touch()
    env = {"CODEX_HOME": str(tmp_path), "FAKE_CLI_LOG": str(tmp_path / "log")}
    codex = Codex(codex_path_override=fake_cli("echo"), env=env, api_key=KEY)
    with pytest.raises(InvalidOptionError, match=r"'wrok'.*Known here: home, work\."):
        ask(codex.start_thread(profile="wrok"))
    with pytest.raises(InvalidOptionError, match="'wrok'"):
        fork(codex.resume_thread(ID, profile="wrok"))
    assert not (tmp_path / "log").exists()


@real
def test_features_are_switched_off_and_on(start: Start, model: Model) -> None:
    ask(start(disable=["goals"]))
    assert ("create_goal" in tools(model), "exec_command" in tools(model)) == (False, True)
    ask(start(disable=["goals", "shell_tool"]))
    assert ("create_goal" in tools(model), "exec_command" in tools(model)) == (False, False)
    off = {"config": {**model.config, "features": {"plugins": False, "goals": False}}}
    ask(start(codex=off))
    assert "create_goal" not in tools(model)
    ask(start(codex=off, enable=["goals"]))
    assert "create_goal" in tools(model)


@real
def test_an_unknown_feature_is_named_in_the_error(start: Start) -> None:
    with pytest.raises(CodexExecError, match="Unknown feature flag: hovercraft"):
        ask(start(enable=["hovercraft"]))


@real
def test_a_thread_is_filed_under_its_source_from_its_first_turn_on(
    start: Start, model: Model
) -> None:
    thread = start(thread_source="parity")
    for _ in range(2):
        ask(thread)
        assert about_turn(model)["thread_source"] == "parity"
    # A thread that is resumed has its source already; a fork is a new one.
    ask(start(thread.id, thread_source="other"))
    assert about_turn(model)["thread_source"] == "parity"
    ask(fork(thread, thread_source="other"))
    assert about_turn(model)["thread_source"] == "other"


@real
@pytest.mark.parametrize("program", ["standard", "daybreak_red"])
def test_a_cyber_access_program_reaches_openai_at_the_base_url_with_the_key(
    model: Model, tmp_path: Path, program: Any
) -> None:
    # The CLI's own provider, led to our model by `base_url` alone.
    ours = ("model_provider", "model_providers")
    codex = Codex(
        config={name: value for name, value in model.config.items() if name not in ours},
        env={**model.env, "CODEX_HOME": str(tmp_path)},
        base_url=model.url,
        api_key=KEY,
    )
    thread = codex.start_thread(working_directory=tmp_path, skip_git_repo_check=True)
    assert ask(thread, cyber_access_program=program).final_response == "Hello."
    assert model.requests[-1].body["access_programs"] == {"cyber": program}
    assert model.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    ask(thread)
    assert "access_programs" not in model.requests[-1].body


def leaks(turn: Turn, *more: object) -> list[str]:
    """Return in which of the forms of a turn, and of what else there is, the key is found."""
    forms = {
        "str": str(turn),
        "repr": repr(turn),
        "html": turn._repr_html_(),
        "markdown": turn._repr_markdown_(),
        "items": str([item.model_dump_json() for item in turn.items]),
        "state": repr(turn.state),
        "pickle": str(pickle.dumps(turn)),
        "more": repr(more) + str(pickle.dumps([m for m in more if not isinstance(m, Thread)])),
    }
    return [name for name, form in forms.items() if KEY in form]


@pytest.fixture
def keyed(start: Start) -> Start:
    """Return a function that starts a thread with a key, for which the provider asks."""
    asks = "model_providers.scripted.requires_openai_auth=true"

    def thread(*overrides: str, **codex: Any) -> Thread:
        client = {"api_key": KEY, "config_overrides": (asks, *overrides), **codex}
        return start(codex=client, sandbox_mode="workspace-write")

    return thread


@real
def test_a_key_reaches_the_model_and_nothing_that_is_seen_shows_it(
    keyed: Start, model: Model
) -> None:
    thread, asked = keyed(), len(model.requests)

    async def looked_at() -> tuple[Turn, list[Any], list[list[str]]]:
        running = await thread.start("the key, please")
        await asyncio.to_thread(model.wait_for_requests, asked + 1)
        arguments = [process.cmdline() for process in descendants()]
        model.release("looked")
        return await running, [event async for event in running.events()], arguments

    done, events, arguments = asyncio.run(looked_at())
    assert {r.headers["authorization"] for r in model.requests[asked:]} == {f"Bearer {KEY}"}
    # The agent's command has it not, and where the model says it, it is blotted out.
    (ran,) = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    assert "CODEX_HOME=" in ran.aggregated_output
    assert "CODEX_API_KEY=\n" in ran.aggregated_output
    assert done.final_response == "It is [API key]."
    assert any("--experimental-json" in argv for argv in arguments)
    assert KEY not in str(arguments)
    codex = Codex(api_key=KEY)
    assert KEY not in repr(codex) + str(codex.options)
    assert leaks(done, *events, codex.options, thread.options) == []
    assert pickle.loads(pickle.dumps(codex.options)).api_key is None


@real
def test_a_key_in_an_error_is_blotted_out(keyed: Start) -> None:
    with pytest.raises(TurnFailedError, match=r"Incorrect API key: \[API key\]") as caught:
        ask(keyed(), "wrong")
    assert KEY not in str(caught.value) + repr(caught.value) + str(pickle.dumps(caught.value))
    assert leaks(caught.value.turn) == []


@real
def test_a_key_in_a_file_that_the_agent_changes_is_blotted_out_of_the_diff(
    keyed: Start, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"A=1\nCODEX_API_KEY={KEY}\n")
    done = ask(keyed(), "patch")
    (change,) = [item for item in done.items if isinstance(item, FileChangeItem)]
    assert "+A=2" in str(change.changes[0].diff)
    assert leaks(done) == []


@real
@pytest.mark.parametrize(
    "override",
    [
        'shell_environment_policy.set.MARK="1"',
        'shell_environment_policy.inherit="all"',
        'shell_environment_policy.set={MARK="1"}',
    ],
)
def test_commands_are_not_given_the_key_whatever_variables_they_are_given(
    keyed: Start, override: str
) -> None:
    done = ask(keyed(override), "grep")
    (ran,) = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    assert ran.aggregated_output.splitlines()[-1] == "CODEX_API_KEY="


@real
def test_commands_are_not_given_a_key_of_our_own_environment_either(
    keyed: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_API_KEY", KEY)
    done = ask(keyed(api_key=None), "grep")
    (ran,) = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    assert ran.aggregated_output.splitlines()[-1] == "CODEX_API_KEY="
