from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook import CodexOptions, InvalidOptionError, ThreadOptions
from codex_notebook.client.arguments import config_overrides, environment, exec_arguments

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
    return exec_arguments(CodexOptions(**codex or {}), ThreadOptions(**thread or {}), **rest)


def test_without_options_the_sandbox_is_read_only_and_the_plan_is_on() -> None:
    assert arguments() == [*FIRST, *SAFE, *PLAN]


def test_each_option_has_its_place_in_the_order_of_the_typescript_sdk() -> None:
    assert arguments(
        {"config": {"a": {"b": 1}}, "base_url": "http://127.0.0.1:1/v1"},
        {
            "model": "gpt-5.5",
            "sandbox_mode": "workspace-write",
            "working_directory": "/w",
            "skip_git_repo_check": True,
            "todo_list": False,
        },
        thread_id="t1",
        images=[Path("a.png"), Path("b.png")],
        schema_file=Path("/s.json"),
    ) == [
        *FIRST,
        *("--config", "a.b=1"),
        *("--config", 'openai_base_url="http://127.0.0.1:1/v1"'),
        *("--model", "gpt-5.5"),
        *("--sandbox", "workspace-write"),
        *("--cd", "/w"),
        "--skip-git-repo-check",
        *("--output-schema", "/s.json"),
        *("resume", "t1"),
        *("--image", "a.png", "--image", "b.png"),
    ]


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


def test_nested_config_becomes_dotted_names() -> None:
    assert config_overrides(
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
    assert config_overrides({}) == []


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), object(), b"x", {1: 2}])
def test_config_that_toml_cannot_express_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(InvalidOptionError, match=r"config"):
        config_overrides({"a": {"b": value}})


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
    (override,) = config_overrides({"v": value})
    assert tomllib.loads(override)["v"] == value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"modle": "x"}, "has no option 'modle'; it has model"),
        ({"sandbox_mode": "readonly"}, "'read-only', 'workspace-write' or 'danger-full-access'"),
        ({"skip_git_repo_check": "perhaps"}, "skip_git_repo_check"),
    ],
)
def test_a_misspelt_or_impossible_option_is_refused_with_what_is_possible(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidOptionError, match=said):
        ThreadOptions(**options)


def test_a_refused_option_does_not_quote_the_other_values() -> None:
    with pytest.raises(InvalidOptionError) as caught:
        CodexOptions(**{"api_key": "sk-secret", "typo": 1})
    assert "secret" not in str(caught.value) + repr(caught.value.__cause__)
