"""A scenario as people write it: in Python, as dicts, in a file; and what is said of mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_notebook.errors import CodexError
from codex_notebook.offline import (
    Scenario,
    ScenarioError,
    command,
    fail,
    http_error,
    patch,
    pause,
    plan,
    reasoning,
    search,
    text,
    tool,
    turn,
)
from codex_notebook.offline.turns import Turn

PATCH = "*** Begin Patch\n*** Add File: a.txt\n+a\n*** End Patch\n"

EVERY_STEP = turn(
    reasoning("**Looking**\n\nFirst the files.", chunk=5, delay=0.1),
    command("ls -la"),
    patch(PATCH),
    plan(("Read", "completed"), ("Write", "in_progress")),
    tool("echo", {"text": "hé"}, namespace="mcp__lab"),
    search("python asyncio"),
    pause(0.5),
    pause(until="go"),
    text({"total": 3}, chunk=12, delay=0.02),
    fail("boom", code="insufficient_quota"),
    when="fix .* test",
    usage={"input_tokens": 100},
)


def test_a_list_of_steps_is_one_turn() -> None:
    steps = [command("ls"), text("Done.")]
    assert Scenario.of(steps) == Scenario((turn(*steps),))


def test_a_step_alone_and_a_turn_alone_are_scenarios() -> None:
    assert Scenario.of(text("Hi.")) == Scenario.of(turn(text("Hi."))) == Scenario.of([text("Hi.")])


def test_dicts_mean_what_the_python_words_mean() -> None:
    dicts: list[dict[str, Any]] = [
        {
            "when": "fix .* test",
            "usage": {"input_tokens": 100},
            "steps": [
                {"reasoning": "**Looking**\n\nFirst the files.", "chunk": 5, "delay": 0.1},
                {"command": "ls -la"},
                {"patch": PATCH},
                {"plan": [["Read", "completed"], ["Write", "in_progress"]]},
                {"tool": "echo", "arguments": {"text": "hé"}, "namespace": "mcp__lab"},
                {"search": "python asyncio"},
                {"pause": 0.5},
                {"until": "go"},
                {"text": {"total": 3}, "chunk": 12, "delay": 0.02},
                {"fail": "boom", "code": "insufficient_quota"},
            ],
        },
        {"steps": [{"http_error": 429, "message": "slow down"}]},
    ]
    expected = Scenario((EVERY_STEP, turn(http_error(429, "slow down"))))
    assert Scenario.of(dicts) == expected
    assert json.loads(expected.to_json()) == dicts


def test_a_list_of_step_dicts_is_one_turn() -> None:
    assert Scenario.of([{"command": "ls"}, {"text": "Done."}]) == Scenario.of(
        [command("ls"), text("Done.")]
    )


def test_a_scenario_can_be_read_from_a_file(tmp_path: Path) -> None:
    scenario = Scenario((EVERY_STEP,))
    file = tmp_path / "scenario.json"
    file.write_text(scenario.to_json(), "utf-8")
    assert Scenario.of(file) == Scenario.of(str(file)) == scenario


WORDS = st.text(min_size=1)
STEPS = st.one_of(
    st.builds(reasoning, WORDS, st.none() | st.integers(1, 99), st.floats(0, 9)),
    st.builds(text, st.text() | st.dictionaries(st.text(), st.integers()) | st.lists(st.text())),
    st.builds(command, WORDS),
    st.lists(st.tuples(WORDS, st.sampled_from(["pending", "completed"]))).map(lambda e: plan(*e)),
    st.builds(tool, WORDS, st.dictionaries(st.text(), st.integers()), st.none() | WORDS),
    st.builds(pause, st.floats(0, 9)),
    WORDS.map(lambda name: pause(until=name)),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(STEPS, min_size=1).map(lambda steps: turn(*steps)), min_size=1))
def test_json_gives_back_the_scenario_it_was_made_from(turns: list[Turn]) -> None:
    scenario = Scenario(tuple(turns))
    assert Scenario.from_json(scenario.to_json()) == scenario


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        ([{"comand": "ls"}], "scenario, step 1", "'comand'; allowed: reasoning, text, command,"),
        ([{"steps": [{"text": "a"}, {"txt": 1}]}], "scenario: turn 1, step 2", "'txt'; allowed:"),
        ([{"text": "a", "chunks": 3}], "scenario, step 1", "'chunks'; allowed: chunk, delay"),
        ([{"command": "ls", "delay": 1}], "scenario, step 1", "'delay'; allowed: none"),
        ([{"fail": "a", "text": "b"}], "scenario, step 1", "no option of fail 'text'"),
        ([{"steps": [{"text": "a"}]}, {"text": "b"}], "scenario: turn 2", '"steps"'),
        ([{"wen": "a", "steps": [{"text": "a"}]}], "scenario: turn 1", "allowed: when, usage"),
        ([{"when": "(", "steps": [{"text": "a"}]}], "scenario: turn 1", "is no regex"),
        ([{"when": 3, "steps": [{"text": "a"}]}], "scenario: turn 1", "is no regex"),
        ([{"usage": 3, "steps": [{"text": "a"}]}], "scenario: turn 1", "usage needs an object"),
        (
            [{"usage": {"inputs": 3}, "steps": [{"text": "a"}]}],
            "scenario: turn 1",
            "usage has no 'inputs'; it has input_tokens, cached_input_tokens,",
        ),
        ([{"steps": []}], "scenario: turn 1", "at least one step"),
        ([{"text": 5}], "scenario, step 1", "text needs a str, dict or list"),
        ([{"plan": 5}], "scenario, step 1", "pairs of text and status"),
        ([{"plan": [["a", "done"]]}], "scenario, step 1", "pending, in_progress, completed"),
        ([3], "scenario, step 1", "needs an object"),
        ({"text": "a"}, "scenario", "needs a list"),
    ],
)
def test_a_mistake_in_json_is_named_with_its_place(data: object, place: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_json(json.dumps(data))
    assert caught.value.place == place
    assert str(caught.value).startswith(f"{place}: ")
    assert words in str(caught.value)


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text("[", "utf-8")
    with pytest.raises(ScenarioError, match=r"scenario\.json: is no JSON"):
        Scenario.read(file)


def test_a_scenario_needs_turns() -> None:
    with pytest.raises(ScenarioError, match="at least one turn"):
        Scenario.of([])


def test_turns_and_steps_do_not_mix() -> None:
    with pytest.raises(ScenarioError, match="not of both"):
        Scenario.of([turn(text("a")), text("b")])  # type: ignore[arg-type]


def test_what_is_no_step_is_refused() -> None:
    with pytest.raises(ScenarioError, match="step 2 of the turn is no step"):
        turn(command("ls"), "Done.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda: text("a", chunk=0),
        lambda: text("a", delay=-1),
        lambda: text("a", delay=float("nan")),
        lambda: text({"a": object()}),
        lambda: text({"a": float("nan")}),
        lambda: reasoning(""),
        lambda: command(""),
        lambda: patch("diff --git a b"),
        lambda: tool("echo", {"a": object()}),
        lambda: tool("echo", "text"),  # type: ignore[arg-type]
        lambda: pause(float("inf")),
        lambda: pause(),
        lambda: pause(1, until="go"),
        lambda: http_error(200),
        lambda: fail(""),
        lambda: turn(text("a"), usage={"input_tokens": -1}),
    ],
)
def test_an_impossible_step_is_refused_when_it_is_made(make: Any) -> None:
    with pytest.raises(ScenarioError):
        make()


def test_nothing_can_follow_a_failure() -> None:
    with pytest.raises(ScenarioError, match="step 1 ends the turn"):
        turn(fail("boom"), text("never"))


def test_an_http_error_must_come_before_the_answer_has_begun() -> None:
    with pytest.raises(ScenarioError, match="first in its turn"):
        turn(text("a"), http_error(500))
    assert turn(pause(0.1), http_error(500))
    assert turn(command("ls"), pause(until="go"), http_error(500))


def test_a_scenario_error_is_an_error_of_this_package_and_a_value_error() -> None:
    assert issubclass(ScenarioError, CodexError)
    assert issubclass(ScenarioError, ValueError)
