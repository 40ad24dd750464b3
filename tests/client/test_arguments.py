from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook import (
    Codex,
    CodexOptions,
    InvalidOptionError,
    ReviewOptions,
    ThreadOptions,
    TurnOptions,
)
from codex_notebook.client.arguments import TurnArguments, environment, exec_arguments, flattened

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FIRST = ["exec", "--experimental-json"]
SAFE = ["--sandbox", "read-only"]
PLAN = ["--config", "tools.update_plan.enabled=true"]


def arguments(
    codex: dict[str, Any] | None = None, thread: dict[str, Any] | None = None, **rest: Any
) -> list[str]:
    turn = TurnArguments(**rest)
    return exec_arguments(CodexOptions(**codex or {}), ThreadOptions(**thread or {}), turn)


def config(*settings: str) -> list[str]:
    return [argument for setting in settings for argument in ("--config", setting)]


def test_without_options_the_sandbox_is_read_only_and_the_plan_is_on() -> None:
    assert arguments() == [*FIRST, *SAFE, *PLAN]


CODEX_ARGUMENTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"config": {"a": {"b": 1}}}, config("a.b=1")),
    ({"config_overrides": ['p."/a b".c="d"', "x=1"]}, config('p."/a b".c="d"', "x=1")),
    ({"config_overrides": []}, []),
    ({"base_url": "http://ü/v1"}, config('openai_base_url="http://ü/v1"')),
    ({"env": {"A": "b"}, "inherit_env": False, "codex_path_override": "/codex"}, []),
]


@pytest.mark.parametrize(("options", "expected"), CODEX_ARGUMENTS)
def test_each_option_of_a_client_has_its_arguments(
    options: dict[str, Any], expected: list[str]
) -> None:
    assert arguments(options) == [*FIRST, *expected, *SAFE, *PLAN]


BEFORE_PLAN: list[tuple[dict[str, Any], list[str]]] = [
    ({"working_directory": "/w"}, ["--cd", "/w"]),
    ({"additional_directories": ["/a", "/b"]}, ["--add-dir", "/a", "--add-dir", "/b"]),
    ({"skip_git_repo_check": True}, ["--skip-git-repo-check"]),
    ({"model_reasoning_effort": "high"}, config('model_reasoning_effort="high"')),
    (
        {"network_access_enabled": True},
        config("sandbox_workspace_write.network_access=true"),
    ),
    (
        {"network_access_enabled": False},
        config("sandbox_workspace_write.network_access=false"),
    ),
    ({"web_search_mode": "indexed"}, config('web_search="indexed"')),
    ({"web_search_enabled": True}, config('web_search="live"')),
    ({"web_search_enabled": False}, config('web_search="disabled"')),
    ({"web_search_mode": "cached", "web_search_enabled": False}, config('web_search="cached"')),
    ({"approval_policy": "on-request"}, config('approval_policy="on-request"')),
    ({"approval_policy": "on-failure"}, config('approval_policy="on-failure"')),
    ({"approval_policy": "auto"}, config('approval_policy="never"')),
    ({"approval_policy": "manual"}, config('approval_policy="on-request"')),
]
BEHIND_PLAN: list[tuple[dict[str, Any], list[str]]] = [
    ({"profile": "work"}, ["--profile", "work"]),
    ({"ephemeral": True}, ["--ephemeral"]),
    ({"enable": ["a", "b"]}, ["--enable", "a", "--enable", "b"]),
    ({"disable": ["a"]}, ["--disable", "a"]),
]


@pytest.mark.parametrize(("options", "expected"), BEFORE_PLAN)
def test_each_option_of_a_thread_has_its_arguments(
    options: dict[str, Any], expected: list[str]
) -> None:
    assert arguments(thread=options) == [*FIRST, *SAFE, *expected, *PLAN]


@pytest.mark.parametrize(("options", "expected"), BEHIND_PLAN)
def test_each_option_that_only_we_have_comes_behind_those_of_the_typescript_sdk(
    options: dict[str, Any], expected: list[str]
) -> None:
    assert arguments(thread=options) == [*FIRST, *SAFE, *PLAN, *expected]


def test_model_source_and_sandbox_come_first_and_the_source_only_for_a_new_thread() -> None:
    options = {"model": "m", "thread_source": "ci", "sandbox_mode": "workspace-write"}
    first = [*FIRST, "--model", "m"]
    rest = ["--sandbox", "workspace-write", *PLAN]
    assert arguments(thread=options) == [*first, "--thread-source", "ci", *rest]
    assert arguments(thread=options, fork="t") == [
        *first,
        *("--thread-source", "ci"),
        *rest,
        *("fork", "t"),
    ]
    assert arguments(thread=options, resume="t") == [*first, *rest, "resume", "t"]


REVIEWS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["--uncommitted"]),
    ({"uncommitted": True}, ["--uncommitted"]),
    ({"base": "main"}, ["--base", "main"]),
    ({"commit": "abc"}, ["--commit", "abc"]),
    ({"commit": "abc", "title": "Fix it"}, ["--commit", "abc", "--title", "Fix it"]),
    ({"instructions": "Look at the tests"}, ["-"]),
]


@pytest.mark.parametrize(("options", "expected"), REVIEWS)
def test_a_review_says_what_it_looks_at(options: dict[str, Any], expected: list[str]) -> None:
    review = ReviewOptions(**options)
    assert arguments(review=review) == [*FIRST, *SAFE, *PLAN, "review", *expected]


def test_all_options_together_have_the_order_of_the_typescript_sdk() -> None:
    assert arguments(
        {
            "config": {"a": {"b": 1}},
            "config_overrides": ["a.b=2"],
            "base_url": "http://127.0.0.1:1/v1",
        },
        {
            "model": "gpt-5.5",
            "sandbox_mode": "workspace-write",
            "working_directory": "/w",
            "additional_directories": ["/x"],
            "skip_git_repo_check": True,
            "model_reasoning_effort": "low",
            "network_access_enabled": True,
            "web_search_mode": "live",
            "approval_policy": "never",
            "thread_source": "ci",
            "todo_list": False,
        },
        resume="t1",
        images=[Path("a.png"), Path("b.png")],
        schema_file=Path("/s.json"),
        cyber_access_program="standard",
    ) == [
        *FIRST,
        *config("a.b=1", "a.b=2", 'openai_base_url="http://127.0.0.1:1/v1"'),
        *("--model", "gpt-5.5"),
        *("--sandbox", "workspace-write"),
        *("--cd", "/w"),
        *("--add-dir", "/x"),
        "--skip-git-repo-check",
        *("--output-schema", "/s.json"),
        *("--cyber-access-program", "standard"),
        *config(
            'model_reasoning_effort="low"',
            "sandbox_workspace_write.network_access=true",
            'web_search="live"',
            'approval_policy="never"',
        ),
        *("resume", "t1"),
        *("--image", "a.png", "--image", "b.png"),
    ]


def test_every_option_is_tried_here() -> None:
    tried = [each for options, _ in (*BEFORE_PLAN, *BEHIND_PLAN) for each in options]
    others = {"model", "thread_source", "sandbox_mode", "todo_list"}
    # What only the live transport takes is no argument.
    live = {"transport", "approvals", "questions", "ask_timeout", "tools"}
    assert {*tried} | others == {*ThreadOptions.model_fields} - live
    assert {each for options, _ in CODEX_ARGUMENTS for each in options} | {"api_key"} == {
        *CodexOptions.model_fields
    } - live
    assert {each for options, _ in REVIEWS for each in options} | {"signal"} == {
        *ReviewOptions.model_fields
    }


def test_an_api_key_is_in_the_environment_and_in_no_argument_or_repr() -> None:
    options = CodexOptions(api_key="sk-secret", env={"TOKEN": "t-secret"})
    assert environment(options, {})["CODEX_API_KEY"] == "sk-secret"
    shown = repr(options) + str(options) + repr(exec_arguments(options, ThreadOptions()))
    assert "secret" not in shown


def test_the_environment_is_ones_own_with_the_given_variables_over_it() -> None:
    env = environment(CodexOptions(env={"A": "new"}), {"A": "old", "B": "kept"})
    assert (env["A"], env["B"]) == ("new", "kept")
    assert env["CODEX_INTERNAL_ORIGINATOR_OVERRIDE"] == "codex_notebook"


def test_the_environment_can_be_exactly_what_is_given() -> None:
    env = environment(CodexOptions(env={"A": "a"}, inherit_env=False), {"B": "b"})
    assert env == {"A": "a", "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "codex_notebook"}
    named = {"CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "mine"}
    assert environment(CodexOptions(env=named), {}) == named


def test_a_key_is_kept_from_commands_wherever_it_comes_from() -> None:
    expected = [*FIRST, *SAFE, *PLAN, *config('shell_environment_policy.set.CODEX_API_KEY=""')]
    assert exec_arguments(CodexOptions(), ThreadOptions(), has_key=True) == expected
    assert arguments({"api_key": "sk-1"}) == expected


def test_nested_config_becomes_dotted_names() -> None:
    assert flattened(
        {
            "approval_policy": "never",
            "sandbox_workspace_write": {"network_access": True},
            "retry_budget": 3,
            "tool_rules": {"allow": ["git status", "git diff"]},
            "empty": {},
            "servers": [{"name": "a", "odd key": 1.5}],
        }
    ) == [
        'approval_policy="never"',
        "sandbox_workspace_write.network_access=true",
        "retry_budget=3",
        'tool_rules.allow=["git status", "git diff"]',
        "empty={}",
        'servers=[{name = "a", "odd key" = 1.5}]',
    ]
    assert flattened({}) == []


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), object(), b"x", {1: 2}])
def test_config_that_toml_cannot_express_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(InvalidOptionError, match=r"config"):
        flattened({"a": {"b": value}})


@given(
    st.recursive(
        st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.lists(st.dictionaries(st.text(min_size=1), inner, max_size=2), max_size=2)
        ),
    )
)
def test_every_config_value_reads_back_as_itself(value: Any) -> None:
    (override,) = flattened({"v": value})
    assert tomllib.loads(override)["v"] == value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"modle": "x"}, "has no option 'modle'; did you mean 'model'; it has additional_"),
        ({"sandbox_mode": "readonly"}, "'read-only', 'workspace-write' or 'danger-full-access'"),
        ({"skip_git_repo_check": "perhaps"}, "skip_git_repo_check"),
        ({"approval_policy": "untrusted"}, "no longer supports 'untrusted'; use 'on-request'"),
        ({"approval_policy": 3}, "'never', 'on-request' or 'on-failure'"),
        ({"model_reasoning_effort": "silly"}, "'minimal', 'low', 'medium', 'high', 'xhigh'"),
        ({"web_search_mode": "on"}, "'disabled', 'cached', 'indexed' or 'live'"),
        ({"model": ""}, "'model' of ThreadOptions: Text must not be empty"),
        ({"model": "a\0b"}, "Text must not hold a NUL"),
        ({"additional_directories": 3}, "valid tuple"),
        ({"enable": [""]}, "enable.0"),
    ],
)
def test_a_misspelt_or_impossible_option_is_refused_with_what_is_possible(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidOptionError, match=said):
        ThreadOptions(**options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_key": " "}, "The key is empty"),
        ({"api_key": "a\0b"}, "holds a NUL"),
        ({"config_overrides": ["model"]}, "'model' is not of the form key=value"),
        ({"config_overrides": ["=1"]}, "not of the form key=value"),
        ({"env": {"A": "\0"}}, "env.A"),
        ({"env": {"": "a"}}, "Text must not be empty"),
        ({"env": {"A": 1}}, "valid string"),
        ({"base_url": ""}, "Text must not be empty"),
    ],
)
def test_an_impossible_option_of_a_client_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOptionError, match=said):
        CodexOptions(**options)


def test_a_class_in_place_of_a_schema_is_refused_with_the_way_for_types() -> None:
    with pytest.raises(InvalidOptionError, match="for a Python type use output_type"):
        TurnOptions(output_schema=CodexOptions)  # type: ignore[arg-type]


def test_one_text_or_path_where_there_may_be_several_is_a_list_of_it() -> None:
    options = ThreadOptions(enable="a", additional_directories="/x")
    assert (options.enable, options.additional_directories) == (("a",), (Path("/x"),))
    assert CodexOptions(config_overrides="a=1").config_overrides == ("a=1",)
    assert TurnOptions(images="a.png").images == (Path("a.png"),)


def test_options_of_another_kind_are_refused_with_the_ways_there_are() -> None:
    for options in (TurnOptions(), "gpt-5.5", ["model"]):
        with pytest.raises(
            InvalidOptionError, match=r"ThreadOptions\(…\), as a dict or as keywords"
        ):
            Codex().start_thread(options)  # type: ignore[arg-type]


def test_a_refused_option_does_not_quote_the_other_values() -> None:
    with pytest.raises(InvalidOptionError) as caught:
        CodexOptions(api_key="sk-secret", typo=1)  # type: ignore[call-arg]
    assert "secret" not in str(caught.value) + repr(caught.value.__cause__)
