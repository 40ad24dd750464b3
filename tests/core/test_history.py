from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from codex_notebook.core.history import ThreadInfo, past_turns, thread_info
from codex_notebook.core.items import AgentMessageItem, UnknownItem, UserMessageItem

RAW: dict[str, Any] = {
    "id": "t1",
    "name": "Sums",
    "preview": "add them up",
    "createdAt": 1_795_386_656,
    "updatedAt": 1_795_386_660,
    "cwd": "/work",
    "model": "gpt-5.5",
    "modelProvider": "openai",
    "source": "vscode",
    "originator": "codex_notebook",
    "forkedFromId": None,
    "ephemeral": False,
    "gitInfo": {"branch": "main"},
}
THREAD = thread_info(RAW)


def said(words: str) -> dict[str, Any]:
    return {"type": "userMessage", "id": "u", "content": [{"type": "text", "text": words}]}


def answered(words: str) -> dict[str, Any]:
    return {"type": "agentMessage", "id": f"a {words}", "text": words, "phase": None}


def kept(number: int, *items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    told = {"id": f"turn {number}", "rootTurnId": f"turn {number}", "status": "completed"}
    times = {"startedAt": 1000 + number, "completedAt": 1000 + number, "durationMs": 250}
    return {**told, **times, "error": None, "items": [*items], **fields}


# ---- threads ---------------------------------------------------------------------------------


def test_what_is_known_of_a_thread_has_our_names_and_keeps_the_protocols() -> None:
    expected = ThreadInfo(
        id="t1",
        name="Sums",
        preview="add them up",
        created_at=1_795_386_656,
        updated_at=1_795_386_660,
        working_directory="/work",
        model="gpt-5.5",
        model_provider="openai",
        source="vscode",
        originator="codex_notebook",
        raw=RAW,
    )
    assert expected == THREAD
    assert THREAD.raw["gitInfo"] == {"branch": "main"}


def test_of_a_thread_of_another_version_what_is_missing_is_empty() -> None:
    info = thread_info({"id": "t1"})
    assert (info.name, info.preview, info.updated_at, info.source) == (None, "", None, "")
    assert not info.ephemeral


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("exec", "exec"),
        ({"subAgent": {"thread_spawn": {}}}, "subAgent"),
        ({"custom": "acme"}, "custom"),
        (None, ""),
    ],
)
def test_the_source_of_a_thread_is_a_word(source: Any, name: str) -> None:
    assert thread_info({**RAW, "source": source}).source == name


def test_a_thread_shows_in_a_line_what_one_knows_it_by() -> None:
    shown = repr(THREAD)
    assert shown.startswith("<ThreadInfo t1: 'Sums', 2026-11-2")
    assert shown.endswith(", /work>")
    assert str(THREAD) == shown
    assert repr(thread_info({**RAW, "name": None})).startswith("<ThreadInfo t1: 'add them up', ")
    assert repr(thread_info({"id": "t1"})) == "<ThreadInfo t1: ''>"


def test_a_long_or_hostile_title_is_a_short_line() -> None:
    shown = repr(thread_info({"id": "t1", "preview": "one\n\ttwo \x1b[31mred\x1b[0m " + "x" * 900}))
    assert shown.startswith("<ThreadInfo t1: 'one two red xxx")
    assert shown.endswith("xxx…'>")
    assert len(shown) < 80


def test_threads_make_a_table() -> None:
    frame = pd.DataFrame(map(dict, [THREAD, thread_info({**RAW, "id": "t2", "name": None})]))
    assert list(frame["id"]) == ["t1", "t2"]
    assert list(frame["preview"]) == ["add them up", "add them up"]
    assert set(frame.columns) == set(ThreadInfo.model_fields)


# ---- turns -----------------------------------------------------------------------------------


def test_a_turn_of_the_past_has_its_prompt_items_times_and_id() -> None:
    (turn,) = past_turns([kept(1, said("hello"), answered("Hi."))], THREAD)
    assert (turn.prompt, turn.status, turn.id, turn.thread_id) == (
        "hello",
        "completed",
        "turn 1",
        "t1",
    )
    assert [type(item) for item in turn.items] == [AgentMessageItem]
    assert turn.final_response == "Hi."
    assert turn.state.request.working_directory == "/work"
    assert (turn.state.started_at, turn.duration) == (1001, 0.25)
    assert (turn.usage, turn.thread_usage, turn.output) == (None, None, None)


def test_what_was_said_while_a_turn_ran_is_an_item_of_it() -> None:
    (turn,) = past_turns([kept(1, said("hello"), answered("a"), said("stop that"))], THREAD)
    assert turn.prompt == "hello"
    assert [type(item) for item in turn.items] == [AgentMessageItem, UserMessageItem]


def test_a_turn_that_failed_says_why() -> None:
    error = {"message": "no more", "codexErrorInfo": "usageLimitExceeded"}
    (turn,) = past_turns([kept(1, said("hello"), status="failed", error=error)], THREAD)
    assert (turn.status, turn.error) == ("failed", "no more")
    assert turn.state.error_code == "usageLimitExceeded"


def test_a_turn_that_still_runs_elsewhere_is_running() -> None:
    running = kept(1, said("hello"), status="inProgress", completedAt=None, durationMs=None)
    (turn,) = past_turns([running], THREAD)
    assert (turn.status, turn.duration) == ("running", None)


def test_an_item_of_an_unknown_kind_or_shape_is_kept() -> None:
    items = [{"type": "telepathy", "id": "x", "thought": "hm"}, "garbage", said("hello")]
    (turn,) = past_turns([kept(1, **{"items": items})], THREAD)
    (item,) = turn.items
    assert isinstance(item, UnknownItem)
    assert item.raw["thought"] == "hm"
    assert turn.prompt == "hello"


def test_turns_without_anything_are_turns() -> None:
    (turn,) = past_turns([{"id": "turn 1", "status": "completed"}], THREAD)
    assert (turn.prompt, turn.items, turn.duration) == ("", (), None)


# In a fork of the thread the one that is beneath comes last.
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2)])
def test_a_review_is_one_turn_though_the_cli_keeps_two(order: tuple[int, ...]) -> None:
    raws = [
        kept(1, said("Review it."), rootTurnId="turn 2", status="interrupted", completedAt=None),
        kept(2, {"type": "enteredReviewMode", "id": "r", "review": "it"}, answered("Bad.")),
        # What begins on a review's behalf, and ends, is a turn as any other.
        kept(3, said("mend it"), answered("Mended."), rootTurnId="turn 2"),
    ]
    turns = past_turns([raws[place] for place in order], THREAD)
    assert [(turn.id, turn.prompt, turn.status) for turn in turns] == [
        ("turn 2", "Review it.", "completed"),
        ("turn 3", "mend it", "completed"),
    ]


def test_a_turn_that_was_interrupted_for_good_is_no_part_of_a_review() -> None:
    raws = [
        kept(1, said("go"), status="interrupted", completedAt=None),
        kept(2, said("on"), rootTurnId="turn 1", status="interrupted", completedAt=None),
    ]
    assert [turn.prompt for turn in past_turns(raws, THREAD)] == ["go", "on"]


def test_a_compaction_is_called_as_it_was_when_it_ran() -> None:
    (turn,) = past_turns([kept(1, {"type": "contextCompaction", "id": "c"})], THREAD)
    assert turn.prompt == "/compact"
