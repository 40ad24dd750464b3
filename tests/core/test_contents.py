from __future__ import annotations

from typing import Any

from markdown_it import MarkdownIt

from codex_notebook.core.contents import copied, mime_bundle_of_list, summary, words_of
from codex_notebook.core.fold import Fold
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnRequest, TurnState

HOSTILE = "<img src=x onerror=alert(1)>|<script>`</script>\x1b[31m\u202e"


def state_of(prompt: str, *items: dict[str, Any], **fields: Any) -> TurnState:
    request = TurnRequest(prompt=prompt, working_directory="/work")
    fold = Fold(TurnState(request=request, **fields))
    for number, item in enumerate(items):
        event = {"type": "item.completed", "item": {"id": f"i{number}", **item}}
        found = parse_event(event)
        assert found is not None
        fold.add(found)
    return fold.state


MESSAGE = {"type": "agent_message", "text": "The **Answer** is 42."}
COMMAND = {
    "type": "command_execution",
    "command": "bash -lc 'grep needle'",
    "aggregated_output": "hay",
    "status": "completed",
}
CHANGE = {
    "type": "file_change",
    "changes": [{"path": "/w/src/Prices.py", "kind": "update"}],
    "status": "completed",
}


def test_a_list_says_what_was_asked_in_a_line_and_what_was_done() -> None:
    state = state_of("Look\n  at   it", MESSAGE, COMMAND, CHANGE, started_at=1.0, ended_at=3.0)
    facts = summary(state)
    assert facts["prompt"] == "Look at it"
    assert facts["counts"] == {"message": 1, "command": 1, "files": 1}
    assert (facts["started_at"], facts["ended_at"], facts["usage"]) == (1.0, 3.0, None)


def test_a_prompt_of_a_megabyte_is_a_short_line() -> None:
    line = summary(state_of("x " * 500_000))["prompt"]
    assert len(line) <= 160
    assert line.endswith("…")


def test_a_search_looks_through_prompts_answers_commands_and_files_but_not_outputs() -> None:
    words = words_of(state_of("Please Look", MESSAGE, COMMAND, CHANGE))
    for found in ("please look", "answer", "grep needle", "src/prices.py"):
        assert found in words
    assert "hay" not in words


def test_a_copied_turn_begins_with_what_was_asked() -> None:
    text = copied(state_of("Do\n# it", MESSAGE, status="completed"))
    assert text.startswith("> Do\n> \\# it\n\n")
    assert "The **Answer** is 42." in text


def test_the_table_that_stays_in_a_notebook_is_inert() -> None:
    states = [state_of(HOSTILE, started_at=0.0, ended_at=2.0), state_of("second")]
    bundle = mime_bundle_of_list(states, HOSTILE, HOSTILE)
    page = bundle["text/html"]
    assert "&lt;script&gt;" in page
    assert "second" in page
    rendered = MarkdownIt("commonmark").enable("table").render(bundle["text/markdown"])
    for written in (page, rendered):
        assert "<img" not in written
        assert "<script" not in written
    for written in bundle.values():
        assert "\x1b" not in written
        assert "\u202e" not in written
    # Two rows, whatever bars and newlines are in the prompts.
    assert rendered.count("<tr>") == 3
    assert "2 turns" in bundle["text/plain"]


def test_a_thread_without_turns_is_said_in_words() -> None:
    bundle = mime_bundle_of_list([], "Thread x", "")
    assert "0 turns" in bundle["text/plain"]
    assert "<table" not in bundle["text/html"]
