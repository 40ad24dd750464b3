"""What the server asks, as values; and what is decided, as the protocol hears it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from codex_notebook import InputRequest, InvalidOptionError
from codex_notebook.client.approvals import (
    COMMAND,
    ELICITATION,
    FILE_CHANGE,
    PERMISSIONS,
    approval_of,
    check_decision,
    decided,
    is_approval,
)
from codex_notebook.client.questions import (
    USER_INPUT,
    answered,
    can_be_asked,
    check_answers,
    input_request_of,
    shown_answers,
)
from codex_notebook.core.items import FileChangeItem, FileUpdateChange

RULE = ["touch", "/opt/x"]
OFFERED: dict[str, Any] = {
    "itemId": "c",
    "threadId": "t",
    "reason": "please",
    "command": "touch /opt/x",
    "cwd": "/w",
    "proposedExecpolicyAmendment": RULE,
    "availableDecisions": [
        "accept",
        {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": RULE}},
        "cancel",
    ],
}
MCP: dict[str, Any] = {
    "threadId": "t",
    "serverName": "lab",
    "mode": "form",
    "message": "May it?",
    "_meta": {
        "codex_approval_kind": "mcp_tool_call",
        "persist": ["session", "always"],
        "tool_params": {"x": 1},
    },
}


def test_a_command_waits_with_what_would_be_run_and_what_can_be_decided() -> None:
    approval = approval_of(COMMAND, OFFERED, "a1", None)
    assert (approval.id, approval.kind, approval.item_id) == ("a1", "command", "c")
    assert (approval.command, approval.cwd, approval.reason) == ("touch /opt/x", "/w", "please")
    assert approval.rule == ("touch", "/opt/x")
    # The server's own interface has no button to decline here, and takes it all the same.
    assert approval.decisions == ("accept", "accept_with_rule", "decline", "cancel")


def test_without_a_list_all_can_be_decided_and_a_rule_if_one_is_proposed() -> None:
    plain = {"command": "ls"}
    assert approval_of(COMMAND, plain, "a", None).decisions == (
        "accept",
        "accept_for_session",
        "decline",
        "cancel",
    )
    ruled = {**plain, "proposedExecpolicyAmendment": RULE}
    assert "accept_with_rule" in approval_of(COMMAND, ruled, "a", None).decisions


def test_a_decision_that_nobody_knows_is_not_offered() -> None:
    offered = {"availableDecisions": ["accept", "acceptForever", {"no": 1}, {}]}
    assert approval_of(COMMAND, offered, "a", None).decisions == ("accept", "decline", "cancel")


def test_a_change_waits_with_its_diffs() -> None:
    change = FileUpdateChange(path="/a", kind="add", diff="@@")
    approval = approval_of(
        FILE_CHANGE, {"itemId": "f", "grantRoot": "/"}, "a", FileChangeItem(changes=(change,))
    )
    assert (approval.kind, approval.changes, approval.grant_root) == ("file_change", (change,), "/")


def test_writing_to_a_command_and_reaching_a_host_are_told_as_such() -> None:
    asked = {"kind": "writeStdin", "networkApprovalContext": {"host": "example.org"}}
    approval = approval_of(COMMAND, asked, "a", None)
    assert (approval.kind, approval.host) == ("stdin", "example.org")


def test_the_tool_of_an_mcp_server_waits_as_an_approval_and_other_forms_as_questions() -> None:
    assert is_approval(ELICITATION, MCP)
    assert not is_approval(ELICITATION, {**MCP, "_meta": None})
    approval = approval_of(ELICITATION, MCP, "a", None)
    assert (approval.kind, approval.server, approval.arguments) == ("mcp_tool", "lab", {"x": 1})
    assert approval.decisions == (
        "accept",
        "accept_for_session",
        "accept_with_rule",
        "decline",
        "cancel",
    )


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("accept", {"decision": "accept"}),
        ("accept_for_session", {"decision": "acceptForSession"}),
        (
            "accept_with_rule",
            {"decision": {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": RULE}}},
        ),
        ("decline", {"decision": "decline"}),
        ("cancel", {"decision": "cancel"}),
    ],
)
def test_a_decision_is_said_in_the_words_of_the_protocol(decision: Any, said: Any) -> None:
    assert decided(COMMAND, OFFERED, decision) == said


def test_to_decline_permissions_is_to_grant_none() -> None:
    asked = {"permissions": {"network": {"enabled": True}, "fileSystem": None}}
    granted = {"network": {"enabled": True}}
    assert decided(PERMISSIONS, asked, "accept") == {"permissions": granted, "scope": "turn"}
    session = decided(PERMISSIONS, asked, "accept_for_session")
    assert session == {"permissions": granted, "scope": "session"}
    for no in ("decline", "cancel"):
        assert decided(PERMISSIONS, asked, no) == {"permissions": {}, "scope": "turn"}


@pytest.mark.parametrize(
    ("decision", "action", "meta"),
    [
        ("accept", "accept", None),
        ("accept_for_session", "accept", {"persist": "session"}),
        ("accept_with_rule", "accept", {"persist": "always"}),
        ("decline", "decline", None),
        ("cancel", "cancel", None),
    ],
)
def test_the_leave_for_a_tool_is_given_as_an_answer_to_a_form(
    decision: Any, action: str, meta: Any
) -> None:
    said = decided(ELICITATION, MCP, decision)
    assert (said["action"], said["_meta"]) == (action, meta)
    assert said["content"] == ({} if action == "accept" else None)


def test_what_cannot_be_decided_is_refused_with_what_can() -> None:
    approval = approval_of(COMMAND, OFFERED, "a", None)
    assert check_decision(approval, "accept") == "accept"
    for wrong in ("accept_for_session", "yes", None, True):
        with pytest.raises(InvalidOptionError, match="accept, accept_with_rule, decline, cancel"):
            check_decision(approval, wrong)


ASKED: dict[str, Any] = {
    "threadId": "t",
    "itemId": "u",
    "questions": [
        {
            "id": "q",
            "header": "h",
            "question": "which?",
            "isOther": True,
            "isSecret": False,
            "options": [{"label": "a", "description": "A"}],
        },
        {"id": "s", "header": "", "question": "password?", "isSecret": True, "options": None},
    ],
}


def test_the_questions_of_the_agent_have_their_options() -> None:
    request = input_request_of(USER_INPUT, ASKED, "i1")
    assert (request.id, request.kind, request.item_id) == ("i1", "questions", "u")
    first, second = request.questions
    assert (first.id, first.question, first.is_other, first.is_secret) == (
        "q",
        "which?",
        True,
        False,
    )
    assert [(option.label, option.description) for option in first.options] == [("a", "A")]
    assert second.is_secret
    assert second.options == ()


def test_a_form_asks_for_each_of_its_fields() -> None:
    form = {
        "type": "object",
        "properties": {
            "size": {"type": "string", "enum": ["s", "m"], "title": "Size"},
            "gift": {"type": "boolean", "description": "As a gift?"},
            "kind": {"type": "string", "oneOf": [{"const": "x", "title": "X"}]},
            "note": {"type": "string"},
        },
    }
    asked = {"mode": "form", "message": "Order", "serverName": "shop", "requestedSchema": form}
    request = input_request_of(ELICITATION, asked, "i")
    assert (request.kind, request.message, request.server) == ("form", "Order", "shop")
    assert request.form == form
    shown = [(q.id, q.question, [o.label for o in q.options]) for q in request.questions]
    assert shown == [
        ("size", "Size", ["s", "m"]),
        ("gift", "As a gift?", ["true", "false"]),
        ("kind", "kind", ["x"]),
        ("note", "note", []),
    ]


def test_a_page_to_visit_is_a_request_too() -> None:
    asked = {"mode": "url", "message": "Sign in", "url": "https://x.test", "serverName": "s"}
    request = input_request_of(ELICITATION, asked, "i")
    assert (request.kind, request.url, request.questions) == ("url", "https://x.test", ())
    assert check_answers(request, True) == {}


def test_answers_may_be_given_short_or_in_full() -> None:
    request = input_request_of(USER_INPUT, ASKED, "i")
    assert check_answers(request, {"q": "a", "s": ["x"]}) == {"q": ["a"], "s": ["x"]}
    only = InputRequest.model_validate({"id": "i", "questions": [{"id": "q"}]})
    assert check_answers(only, "a") == {"q": ["a"]}


@pytest.mark.parametrize("wrong", ["a", {"z": "a"}, {"q": 3}, {"q": [3]}, 7, None])
def test_what_is_no_answer_is_refused_with_the_questions(wrong: object) -> None:
    with pytest.raises(InvalidOptionError, match=r"question|'q'"):
        check_answers(input_request_of(USER_INPUT, ASKED, "i"), wrong)


def test_answers_are_said_in_the_words_of_the_protocol() -> None:
    assert answered(USER_INPUT, {"q": ["a"]}) == {"answers": {"q": {"answers": ["a"]}}}
    assert answered(USER_INPUT, None) == {"answers": {}}
    accepted = {"action": "accept", "content": {"size": "s"}, "_meta": None}
    assert answered(ELICITATION, {"size": "s"}) == accepted
    assert answered(ELICITATION, None)["action"] == "decline"


def test_a_secret_answer_is_not_kept() -> None:
    request = input_request_of(USER_INPUT, ASKED, "i")
    assert shown_answers(request, {"q": ["a"], "s": ["pw"]}) == {"q": ["a"]}
    assert shown_answers(request, None) is None


def test_a_field_of_which_several_can_be_chosen_offers_its_choices() -> None:
    form = {
        "properties": {
            "a": {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}},
            "b": {"type": "array", "items": {"anyOf": [{"const": "z", "title": "Z"}]}},
        }
    }
    request = input_request_of(ELICITATION, {"mode": "form", "requestedSchema": form}, "i")
    shown = [[option.label for option in question.options] for question in request.questions]
    assert shown == [["x", "y"], ["z"]]


def test_a_proof_of_who_the_user_is_cannot_be_asked_for_here() -> None:
    assert not can_be_asked(ELICITATION, {"mode": "openai/userVerification"})
    assert all(can_be_asked(ELICITATION, {"mode": mode}) for mode in ("form", "url", "openai/form"))
    assert can_be_asked(USER_INPUT, {})


def test_an_answer_is_not_quoted_because_it_may_be_a_secret() -> None:
    request = input_request_of(USER_INPUT, ASKED, "i")
    for wrong in ({"s": 987654}, "hunter2", ["hunter2"]):
        with pytest.raises(InvalidOptionError) as caught:
            check_answers(request, wrong)
        assert "987654" not in str(caught.value)
        assert "hunter2" not in str(caught.value)


def test_the_answers_to_a_form_are_values_of_json() -> None:
    form = {"properties": {"when": {"type": "string"}}}
    request = input_request_of(ELICITATION, {"mode": "form", "requestedSchema": form}, "i")
    assert check_answers(request, {"when": "today"}) == {"when": "today"}
    for wrong in (date(2026, 1, 2), float("nan")):
        with pytest.raises(InvalidOptionError, match="values of JSON"):
            check_answers(request, {"when": wrong})


def test_a_form_that_only_wants_a_yes_takes_true() -> None:
    asked = {"mode": "form", "requestedSchema": {"type": "object", "properties": {}}}
    assert check_answers(input_request_of(ELICITATION, asked, "i"), True) == {}
