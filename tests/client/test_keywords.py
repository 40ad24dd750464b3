"""The options as keywords: as many names, and the same options whichever way they are given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import (
    AbortController,
    Codex,
    CodexOptions,
    ReviewOptions,
    Thread,
    ThreadOptions,
    Tool,
    TurnOptions,
)
from codex_notebook.client.keywords import (
    CodexKeywords,
    ReviewKeywords,
    ThreadKeywords,
    TurnKeywords,
)
from codex_notebook.client.options_base import Options, merged


def look(name: str) -> str:
    """Return what a variable holds."""
    return name


# Typed, so that mypy holds the types of the keywords to what the options take; and no value is
# the default, so that one that got lost would show.
CODEX: CodexKeywords = {
    "codex_path_override": Path("/codex"),
    "env": {"A": "b"},
    "inherit_env": False,
    "base_url": "http://127.0.0.1/v1",
    "api_key": "sk-keywords",
    "config": {"a": {"b": [1, "c"]}},
    "config_overrides": ["a.b=1"],
    "transport": "app-server",
    "approvals": lambda approval: approval.kind == "command",
    "questions": True,
    "ask_timeout": 2.5,
    "tools": [Tool.of(look)],
}
THREAD: ThreadKeywords = {
    "model": "gpt-5.4",
    "sandbox_mode": "workspace-write",
    "working_directory": "/w",
    "additional_directories": ["/a", Path("/b")],
    "skip_git_repo_check": True,
    "model_reasoning_effort": "high",
    "network_access_enabled": False,
    "web_search_mode": "cached",
    "web_search_enabled": True,
    "approval_policy": "on-request",
    "thread_source": "ci",
    "profile": "work",
    "ephemeral": True,
    "enable": ["goals"],
    "disable": ["apps"],
    "todo_list": False,
    "tools": [Tool.of(look)],
}
TURN: TurnKeywords = {
    "output_schema": {"type": "object"},
    "output_type": list[int],
    "images": ["a.png", Path("b.png")],
    "signal": AbortController().signal,
    "cyber_access_program": "standard",
    "additional_context": {"df": "3 rows"},
}
REVIEW: ReviewKeywords = {
    "uncommitted": True,
    "base": "main",
    "commit": "HEAD",
    "title": "Fix it",
    "instructions": "Look closely.",
    "signal": AbortController().signal,
}


Given = Mapping[str, Any] | None


def turn_options(options: TurnOptions | Given = None, **keywords: Any) -> TurnOptions:
    return merged(TurnOptions, options, keywords)


def review_options(options: ReviewOptions | Given = None, **keywords: Any) -> ReviewOptions:
    return merged(ReviewOptions, options, keywords)


def client_options(options: CodexOptions | Given = None, **keywords: Any) -> CodexOptions:
    return Codex(options, **keywords).options


def thread_options(options: ThreadOptions | Given = None, **keywords: Any) -> ThreadOptions:
    return Codex().start_thread(options, **keywords).options


# The keywords, the options that they become, a value of each, and what takes them.
KINDS: list[tuple[Any, type[Options], Mapping[str, Any], Callable[..., Options]]] = [
    (CodexKeywords, CodexOptions, CODEX, client_options),
    (ThreadKeywords, ThreadOptions, THREAD, thread_options),
    (TurnKeywords, TurnOptions, TURN, turn_options),
    (ReviewKeywords, ReviewOptions, REVIEW, review_options),
]
EACH = [
    pytest.param(kind, take, name, value, id=f"{kind.__name__}.{name}")
    for _, kind, values, take in KINDS
    for name, value in values.items()
]


@pytest.mark.parametrize(("keywords", "kind", "values", "take"), KINDS)
def test_the_keywords_have_the_names_of_the_options_and_no_other(
    keywords: Any, kind: type[Options], values: Mapping[str, Any], take: object
) -> None:
    assert set(keywords.__annotations__) == set(kind.model_fields)
    # Not one of them is required, and each is tried below.
    assert keywords.__required_keys__ == frozenset()
    assert set(values) == set(kind.model_fields)


@pytest.mark.parametrize(("kind", "take", "name", "value"), EACH)
def test_an_option_is_the_same_as_a_keyword_in_a_dict_and_in_an_object(
    kind: type[Options], take: Callable[..., Options], name: str, value: Any
) -> None:
    by_keyword = take(**{name: value})
    assert by_keyword == take({name: value}) == take(kind(**{name: value})) == kind(**{name: value})
    assert by_keyword.model_fields_set == {name}
    assert getattr(by_keyword, name) != kind.model_fields[name].get_default(
        call_default_factory=True
    )


@pytest.mark.parametrize(("keywords", "kind", "values", "take"), KINDS)
def test_all_options_together_are_the_same_in_every_way_and_a_keyword_wins(
    keywords: Any,
    kind: type[Options],
    values: Mapping[str, Any],
    take: Callable[..., Options],
) -> None:
    options = kind(**values)
    assert options == take(**values) == take(values) == take(options)
    (name, value), *others = values.items()
    for begun in (dict(others), kind(**dict(others)), {**dict(others), name: None}):
        assert take(begun, **{name: value}) == options


@pytest.mark.parametrize(
    ("takes", "keywords"),
    [
        (Codex.__init__, CodexKeywords),
        (Codex.start_thread, ThreadKeywords),
        (Codex.resume_thread, ThreadKeywords),
        (Thread.fork, ThreadKeywords),
        (Thread.fork_sync, ThreadKeywords),
        (Thread.run, TurnKeywords),
        (Thread.run_streamed, TurnKeywords),
        (Thread.run_streamed_sync, TurnKeywords),
        (Thread.run_sync, TurnKeywords),
        (Thread.start, TurnKeywords),
        (Thread.start_nowait, TurnKeywords),
        (Thread.review, ReviewKeywords),
        (Thread.review_sync, ReviewKeywords),
        (Thread.start_review, ReviewKeywords),
    ],
)
def test_editors_and_type_checkers_are_told_the_keywords_of_each_function(
    takes: Callable[..., Any], keywords: type
) -> None:
    parameters = inspect.signature(takes).parameters
    assert parameters["keywords"].kind is inspect.Parameter.VAR_KEYWORD
    assert parameters["keywords"].annotation == f"Unpack[{keywords.__name__}]"
    assert parameters["options"].default is None


def test_every_public_function_with_keywords_is_named_above() -> None:
    taking = {
        f"{kind.__name__}.{name}"
        for kind in (Codex, Thread)
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and "keywords" in inspect.signature(member).parameters
    }
    assert {name for name in taking if "._" not in name} == {
        *("Codex.start_thread", "Codex.resume_thread", "Thread.fork", "Thread.fork_sync"),
        *("Thread.run", "Thread.run_streamed", "Thread.run_streamed_sync", "Thread.run_sync"),
        *("Thread.start", "Thread.start_nowait"),
        *("Thread.review", "Thread.review_sync", "Thread.start_review"),
    }
