"""A server that lacks something: it is said once, or the turn fails in words; nothing breaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from codex_notebook import (
    RunningTurn,
    Thread,
    TurnFailedError,
    TurnInterruptedError,
    UnsupportedError,
)
from tests.client.conftest import FakeServer
from tests.client.fake_app_server import BEGIN, completed, refuse

pytestmark = pytest.mark.process

Fake = Callable[..., FakeServer]

# A turn that has done something and goes on.
HALF = [*BEGIN, completed(type="plan", id="p", text="half")]


def unknown(method: str) -> list[Any]:
    """Return how the real CLI refuses a method that it does not know."""
    return [refuse(f"Invalid request: unknown variant `{method}`, expected one of `initialize`")]


def until_it_runs(running: RunningTurn) -> None:
    for event in running.events_blocking():
        if event.type == "item.completed":
            return


def test_commands_that_the_cli_cannot_end_are_one_notice_in_an_interrupted_turn(
    fake_server: Fake,
) -> None:
    method = "thread/backgroundTerminals/clean"
    server = fake_server({"half": HALF}, **{method: unknown(method)})
    thread = server.thread()
    for _ in range(2):
        running = thread.start_nowait("half")
        until_it_runs(running)
        running.request_interrupt()
        turn, error = running.outcome(20)
        assert isinstance(error, TurnInterruptedError)
        [notice] = turn.state.notices
        assert "goes on until the client is closed" in notice
        assert method in notice
        assert "expected one of" not in notice
    assert thread.run_sync("again").final_response == "again"
    # It is known by then.
    assert len(server.heard(method)) == 1


def test_options_that_cannot_change_are_not_ignored(fake_server: Fake) -> None:
    method = "thread/unsubscribe"
    server = fake_server(**{method: unknown(method)})
    codex = server.client()
    thread = codex.start_thread(skip_git_repo_check=True, sandbox_mode="workspace-write")
    thread.run_sync("one")
    thread.options = {**dict(thread.options), "sandbox_mode": "read-only"}
    with pytest.raises(UnsupportedError, match=r"did not begin.*codex\.close") as caught:
        thread.run_sync("two")
    assert caught.value.feature == method
    assert len(server.heard("turn/start")) == 1
    asyncio.run(codex.close())
    assert thread.run_sync("three").final_response == "three"
    assert server.heard("thread/resume")[0]["sandbox"] == "read-only"


def test_a_thread_whose_new_options_are_refused_goes_on_with_the_old_ones(
    fake_server: Fake,
) -> None:
    words = "Invalid request: unknown variant `huge`"
    server = fake_server(**{"thread/resume": [refuse(words)]})
    codex = server.client()
    thread = codex.start_thread(skip_git_repo_check=True)
    old = thread.options
    thread.run_sync("one")
    thread.options = {**dict(old), "model": "huge"}
    with pytest.raises(TurnFailedError, match=words):
        thread.run_sync("two")
    thread.options = old
    with pytest.raises(TurnFailedError, match=words):
        # It is not open any more, so it is opened again, with what it is told now.
        thread.run_sync("three")
    assert [told.get("model") for told in server.heard("thread/resume")] == ["huge", None]


@pytest.mark.parametrize("method", ["model/list", "thread/list"])
def test_what_the_cli_does_not_know_is_named_with_its_version_and_asked_for_once(
    fake_server: Fake, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    server = fake_server(**{method: unknown(method)})
    codex = server.client()
    asks: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {
        "model/list": codex.models,
        "thread/list": codex.threads,
    }
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with pytest.raises(UnsupportedError) as caught:
                asyncio.run(asks[method]())
            assert caught.value.feature == method
            assert f"This Codex CLI (0.163.0) is too old for this: it has no {method}." in str(
                caught.value
            )
    assert len(server.heard(method)) == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize("code", [-32601, -32600])
def test_a_turn_that_the_cli_cannot_steer_goes_on(fake_server: Fake, code: int) -> None:
    words = "nope" if code == -32601 else "unknown variant `turn/steer`"
    server = fake_server({"half": HALF}, **{"turn/steer": [refuse(words, code)]})
    running = server.thread().start_nowait("half")
    until_it_runs(running)
    with pytest.raises(UnsupportedError, match="turn/steer"):
        asyncio.run(running.steer("more"))
    assert not running.done
    running.request_interrupt()
    assert running.outcome(20)[0].status == "interrupted"


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("thread/start", "thread/start.dynamicTools requires experimentalApi capability"),
        ("turn/start", "turn/start.additionalContext requires experimentalApi capability"),
        ("turn/start", "Invalid request: unknown field `additionalContext`"),
    ],
)
def test_what_was_asked_for_and_is_not_offered_fails_the_turn_and_says_what_it_is(
    fake_server: Fake, method: str, words: str
) -> None:
    def double(number: int) -> int:
        """Double a number."""
        return 2 * number

    server = fake_server(**{method: [refuse(words)]})
    thread: Thread = server.thread(tools=[double])
    running = thread.start_nowait("hello", additional_context={"cell": "1 + 1"})
    turn, error = running.outcome(20)
    assert isinstance(error, TurnFailedError)
    assert words in str(error) == turn.error
    assert "This Codex CLI is too old for that." in str(error)
    assert "pip install" in str(error)
