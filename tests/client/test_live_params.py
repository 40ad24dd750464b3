"""From options to the parameters of the live protocol, to the letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codex_notebook import CodexOptions, InvalidOptionError, ReviewOptions, ThreadOptions
from codex_notebook.client.images import ImageData
from codex_notebook.client.inputs import Prompt
from codex_notebook.client.live_params import (
    approval_policy,
    context_params,
    input_params,
    review_target,
    server_arguments,
    start_params,
    thread_params,
)
from codex_notebook.client.tools import parse_tools

ROOT = Path("/w")


def params(thread: ThreadOptions | None = None, **codex: Any) -> dict[str, Any]:
    return thread_params(CodexOptions(**codex), thread or ThreadOptions(), ROOT, {})


def test_a_thread_is_told_all_that_guards_the_user_whatever_it_was_saved_with() -> None:
    assert params() == {
        "cwd": "/w",
        "runtimeWorkspaceRoots": ["/w"],
        "sandbox": "read-only",
        "approvalPolicy": "never",
        "approvalsReviewer": "user",
        "config": {"tools.update_plan.enabled": True},
    }


def test_every_option_of_a_thread_is_told() -> None:
    thread = ThreadOptions(
        model="m",
        sandbox_mode="workspace-write",
        additional_directories=["/a", "/b"],
        model_reasoning_effort="low",
        network_access_enabled=False,
        web_search_mode="live",
        enable=["x"],
        disable=["y"],
        todo_list=False,
    )
    told = params(thread)
    assert told["model"] == "m"
    assert told["sandbox"] == "workspace-write"
    assert told["runtimeWorkspaceRoots"] == ["/w", "/a", "/b"]
    assert told["config"] == {
        "model_reasoning_effort": "low",
        "sandbox_workspace_write.network_access": False,
        "web_search": "live",
        "features.x": True,
        "features.y": False,
    }


def test_what_a_profile_says_is_beneath_what_the_thread_says() -> None:
    thread = ThreadOptions(model_reasoning_effort="high", todo_list=False)
    profile = {"model_reasoning_effort": "low", "mcp_servers": {"x": {"command": "y"}}}
    config = thread_params(CodexOptions(), thread, ROOT, profile)["config"]
    assert config == {"model_reasoning_effort": "high", "mcp_servers": {"x": {"command": "y"}}}


@pytest.mark.parametrize(
    ("asked", "handler", "policy"),
    [
        (None, None, "never"),
        (None, True, "on-request"),
        ("never", True, "never"),
        ("on-request", None, "on-request"),
        ("on-failure", None, "on-request"),
    ],
)
def test_the_cli_asks_where_somebody_is_there_or_the_thread_says_so(
    asked: Any, handler: Any, policy: str
) -> None:
    options = CodexOptions(transport="app-server", approvals=handler)
    thread = ThreadOptions(approval_policy=asked)
    assert approval_policy(options, thread) == policy
    told = thread_params(options, thread, ROOT, {})
    assert told["approvalPolicy"] == policy
    assert "approval_policy" not in told["config"]


def test_the_agent_may_ask_questions_where_somebody_answers() -> None:
    assert "features.default_mode_request_user_input" not in params()["config"]
    told = params(transport="app-server", questions=True)["config"]
    assert told["features.default_mode_request_user_input"] is True
    assert told["suppress_unstable_features_warning"] is True


def test_mcp_servers_may_ask_too_where_somebody_answers_and_nobody_gives_leave() -> None:
    policy = params(transport="app-server", questions=True)["approvalPolicy"]["granular"]
    assert policy.pop("mcp_elicitations") is True
    assert set(policy.values()) == {False}
    thread = ThreadOptions(approval_policy="never")
    assert params(thread, questions=True)["approvalPolicy"] == "never"


def test_only_a_new_thread_is_told_its_tools_its_source_and_that_it_leaves_nothing() -> None:
    def look() -> None:
        """Look."""

    thread = ThreadOptions(ephemeral=True, thread_source="tests")
    told = start_params(thread, {"cwd": "/w"}, parse_tools([look]))
    assert told["cwd"] == "/w"
    assert told["ephemeral"] is True
    assert told["threadSource"] == "tests"
    assert [tool["name"] for tool in told["dynamicTools"]] == ["look"]
    assert start_params(ThreadOptions(), {}, ()) == {"threadSource": "user"}


def test_a_server_is_told_the_configuration_and_no_key() -> None:
    options = CodexOptions(
        config={"a": {"b": 1}}, config_overrides=["c.d=true"], base_url="u", api_key="sk-secret-key"
    )
    assert server_arguments(options, ephemeral_login=False) == [
        "--config",
        "a.b=1",
        "--config",
        "c.d=true",
        "--config",
        'openai_base_url="u"',
    ]
    assert server_arguments(CodexOptions(), ephemeral_login=True) == [
        "--config",
        'cli_auth_credentials_store="ephemeral"',
    ]


def test_a_value_that_toml_lacks_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="TOML cannot express"):
        server_arguments(CodexOptions(config={"a": None}), ephemeral_login=False)


def test_images_go_in_order_as_files_or_as_data() -> None:
    prompt = Prompt("Look", (Path("/a.png"), ImageData(b"\x89PNG", "image/png")))
    assert input_params(prompt) == [
        {"type": "localImage", "path": "/a.png"},
        {"type": "image", "url": "data:image/png;base64,iVBORw=="},
        {"type": "text", "text": "Look", "text_elements": []},
    ]


def test_surroundings_are_told_as_what_nobody_vouches_for() -> None:
    assert context_params({"df": "3 rows"}) == {"df": {"value": "3 rows", "kind": "untrusted"}}


@pytest.mark.parametrize(
    ("review", "target"),
    [
        (ReviewOptions(), {"type": "uncommittedChanges"}),
        (ReviewOptions(uncommitted=True), {"type": "uncommittedChanges"}),
        (ReviewOptions(base="main"), {"type": "baseBranch", "branch": "main"}),
        (
            ReviewOptions(commit="abc", title="T"),
            {"type": "commit", "sha": "abc", "title": "T"},
        ),
        (ReviewOptions(instructions="Look."), {"type": "custom", "instructions": "Look."}),
    ],
)
def test_a_review_has_a_target(review: ReviewOptions, target: dict[str, Any]) -> None:
    assert review_target(review) == target
