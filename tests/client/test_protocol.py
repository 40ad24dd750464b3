"""The protocol check: what it says of the CLI that is installed, and of one that has changed."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import __main__ as command
from codex_notebook.client.binary import Binary, find_binary
from codex_notebook.client.protocol_check import breaks, findings, report
from codex_notebook.client.protocol_schema import ProtocolSchema
from codex_notebook.client.protocol_shape import (
    FLAG,
    NULL,
    NUMBER,
    TEXT,
    Comparison,
    Either,
    Finding,
    Kinds,
    Shape,
)

Json = Any
Definitions = dict[str, Json]


@pytest.fixture(scope="module")
def binary() -> Binary:
    return find_binary(None, os.environ)


@pytest.fixture(scope="module")
def schema(binary: Binary) -> ProtocolSchema:
    return ProtocolSchema.of(binary)


# ---- a CLI that has changed ------------------------------------------------------------------


def without_method(definitions: Definitions, side: str, method: str) -> None:
    sides = definitions[side]["oneOf"]
    sides[:] = [one for one in sides if one["properties"]["method"]["enum"] != [method]]


def kinds(definitions: Definitions, name: str, kind: str) -> Json:
    return next(
        one
        for one in definitions["v2"][name]["oneOf"]
        if one["properties"]["type"]["enum"] == [kind]
    )


def a_request_goes(definitions: Definitions) -> None:
    without_method(definitions, "ClientRequest", "thread/revert")


def a_notification_goes(definitions: Definitions) -> None:
    without_method(definitions, "ServerNotification", "turn/diff/updated")


def a_request_of_the_servers_goes(definitions: Definitions) -> None:
    without_method(definitions, "ServerRequest", "item/tool/call")


def the_hello_goes(definitions: Definitions) -> None:
    definitions["ClientNotification"]["oneOf"].clear()


def a_field_that_we_send_goes(definitions: Definitions) -> None:
    del definitions["v2"]["ThreadStartParams"]["properties"]["approvalsReviewer"]


def a_field_that_we_read_goes(definitions: Definitions) -> None:
    del definitions["v2"]["TokenUsageBreakdown"]["properties"]["totalTokens"]


def a_field_of_an_item_goes(definitions: Definitions) -> None:
    del kinds(definitions, "ThreadItem", "commandExecution")["properties"]["exitCode"]


def an_answer_loses_a_field(definitions: Definitions) -> None:
    del definitions["DynamicToolCallResponse"]["properties"]["contentItems"]


def an_answer_of_ours_goes(definitions: Definitions) -> None:
    del definitions["DynamicToolCallResponse"]


def an_answer_of_the_servers_goes(definitions: Definitions) -> None:
    del definitions["v2"]["ThreadStartResponse"]


def a_value_that_we_send_goes(definitions: Definitions) -> None:
    definitions["v2"]["SandboxMode"]["enum"].remove("workspace-write")


def a_decision_goes(definitions: Definitions) -> None:
    choices = definitions["FileChangeApprovalDecision"]["oneOf"]
    choices[:] = [one for one in choices if one["enum"] != ["acceptForSession"]]


def a_status_that_we_read_goes(definitions: Definitions) -> None:
    definitions["v2"]["TurnStatus"]["enum"].remove("interrupted")


def a_kind_of_input_goes(definitions: Definitions) -> None:
    definitions["v2"]["UserInput"]["oneOf"].remove(kinds(definitions, "UserInput", "localImage"))


def a_kind_of_item_goes(definitions: Definitions) -> None:
    definitions["v2"]["ThreadItem"]["oneOf"].remove(kinds(definitions, "ThreadItem", "fileChange"))


def another_field_is_required(definitions: Definitions) -> None:
    params = definitions["v2"]["TurnInterruptParams"]
    params["properties"]["why"] = {"type": "string"}
    params["required"].append("why")


def what_we_may_leave_out_is_required(definitions: Definitions) -> None:
    definitions["v2"]["ThreadStartParams"].setdefault("required", []).append("model")


def a_parameter_changes_its_type(definitions: Definitions) -> None:
    definitions["v2"]["TurnSteerParams"]["properties"]["expectedTurnId"] = {"type": "integer"}


def free_text_becomes_a_choice(definitions: Definitions) -> None:
    named = {"type": "string", "enum": ["user", "subagent"]}
    definitions["v2"]["ThreadSource"] = named


def an_answer_changes_its_type(definitions: Definitions) -> None:
    definitions["v2"]["Turn"]["properties"]["id"] = {"type": "integer"}


def what_we_count_on_may_be_null(definitions: Definitions) -> None:
    definitions["v2"]["ItemCompletedNotification"]["properties"]["turnId"] = {
        "type": ["string", "null"]
    }


def what_we_count_on_may_be_missing(definitions: Definitions) -> None:
    definitions["ToolRequestUserInputParams"]["required"].remove("questions")


@pytest.mark.cli
@pytest.mark.parametrize(
    ("change", "kind", "where"),
    [
        (a_request_goes, "gone", "thread/revert"),
        (a_notification_goes, "gone", "turn/diff/updated"),
        (a_request_of_the_servers_goes, "gone", "item/tool/call"),
        (the_hello_goes, "gone", "initialized"),
        (a_field_that_we_send_goes, "gone", "thread/start params.approvalsReviewer"),
        (
            a_field_that_we_read_goes,
            "gone",
            "thread/tokenUsage/updated params.tokenUsage.last.totalTokens",
        ),
        (
            a_field_of_an_item_goes,
            "gone",
            "item/completed params.item.type=commandExecution.exitCode",
        ),
        (an_answer_loses_a_field, "gone", "item/tool/call answer.contentItems"),
        (an_answer_of_ours_goes, "gone", "item/tool/call answer"),
        (an_answer_of_the_servers_goes, "gone", "thread/start result"),
        (a_value_that_we_send_goes, "gone", "thread/fork params.sandbox=workspace-write"),
        (
            a_decision_goes,
            "gone",
            "item/fileChange/requestApproval answer.decision=acceptForSession",
        ),
        (a_status_that_we_read_goes, "gone", "turn/completed params.turn.status=interrupted"),
        (a_kind_of_input_goes, "gone", "turn/start params.input[].type=localImage"),
        (a_kind_of_item_goes, "gone", "thread/turns/list result.data[].items[].type=fileChange"),
        (another_field_is_required, "required", "turn/interrupt params.why"),
        (what_we_may_leave_out_is_required, "required", "thread/start params.model"),
        (a_parameter_changes_its_type, "changed", "turn/steer params.expectedTurnId"),
        (free_text_becomes_a_choice, "changed", "thread/start params.threadSource"),
        (an_answer_changes_its_type, "changed", "turn/start result.turn.id"),
        (what_we_count_on_may_be_null, "changed", "item/completed params.turnId"),
        (what_we_count_on_may_be_missing, "changed", "item/tool/requestUserInput params.questions"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_a_cli_that_no_longer_has_what_we_use_is_found_out(
    schema: ProtocolSchema, change: Callable[[Definitions], None], kind: str, where: str
) -> None:
    altered = copy.deepcopy(schema.bundle)
    change(altered["definitions"])
    found = findings(ProtocolSchema(altered))
    assert (kind, where) in [(one.kind, one.where) for one in found]
    assert breaks(found)


def a_kind_of_item_comes(definitions: Definitions) -> None:
    dream = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "type": {"type": "string", "enum": ["dream"]}},
        "required": ["id", "type"],
    }
    definitions["v2"]["ThreadItem"]["oneOf"].append(dream)


def a_status_comes(definitions: Definitions) -> None:
    definitions["v2"]["TurnStatus"]["enum"].append("dreaming")


def a_request_of_the_servers_comes(definitions: Definitions) -> None:
    asked = {"properties": {"method": {"type": "string", "enum": ["dream/request"]}}}
    definitions["ServerRequest"]["oneOf"].append(asked)


@pytest.mark.cli
@pytest.mark.parametrize(
    ("change", "where"),
    [
        (a_kind_of_item_comes, "item/started params.item.type=dream"),
        (a_status_comes, "turn/completed params.turn.status=dreaming"),
        (a_request_of_the_servers_comes, "dream/request"),
    ],
    ids=lambda one: getattr(one, "__name__", None),
)
def test_what_is_new_is_told_and_breaks_nothing(
    schema: ProtocolSchema, change: Callable[[Definitions], None], where: str
) -> None:
    altered = copy.deepcopy(schema.bundle)
    change(altered["definitions"])
    found = findings(ProtocolSchema(altered))
    assert {one.kind for one in found} == {"new"}
    assert where in [one.where for one in found]
    assert not breaks(found)


@pytest.mark.cli
def test_more_that_we_do_not_use_is_no_news(schema: ProtocolSchema) -> None:
    altered = copy.deepcopy(schema.bundle)
    types = altered["definitions"]["v2"]
    types["Thread"]["properties"]["dream"] = {"type": "string"}
    types["Thread"]["required"].append("dream")
    types["ThreadStartParams"]["properties"]["dream"] = {"type": "string"}
    types["SandboxMode"]["enum"].append("dream")
    assert findings(ProtocolSchema(altered)) == []


# ---- how shapes compare ----------------------------------------------------------------------

OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
TAGGED = {
    "oneOf": [
        {"properties": {"is": {"const": "x"}, "n": {"type": "integer"}}, "required": ["is", "n"]},
        {"properties": {"is": {"enum": ["y"]}}, "required": ["is"]},
    ],
    "properties": {"both": {"type": "boolean"}},
    "required": ["both"],
}


def compared(how: str, shape: Shape, node: Json) -> list[str]:
    compare = Comparison(ProtocolSchema({"definitions": {"Named": OBJECT, "v2": {}}}))
    found = compare.sent(shape, node, "it") if how == "sent" else compare.read(shape, [node], "it")
    return [f"{one.kind} {one.where}" for one in found]


@pytest.mark.parametrize(
    ("shape", "node", "sent", "read"),
    [
        (TEXT, {"type": "string"}, [], []),
        (TEXT, {"type": ["string", "null"]}, [], ["changed it"]),
        (TEXT, {"type": "string", "enum": ["x"]}, ["changed it"], []),
        (NUMBER, {"type": "number"}, [], ["changed it"]),
        ("number", {"type": "integer"}, ["changed it"], []),
        (TEXT, {"description": "anything"}, [], ["changed it"]),
        (TEXT, True, [], ["changed it"]),
        ("any", {"type": "string"}, [], []),
        (("x",), {"enum": ["x", "y"]}, [], ["new it=y"]),
        (("x", "y"), {"enum": ["x"]}, ["gone it=y"], ["gone it=y"]),
        (("x",), {"type": "string"}, [], []),
        ([TEXT], {"type": "array", "items": {"type": "string"}}, [], []),
        ([TEXT], {"type": "array", "items": {"type": "boolean"}}, *[["changed it[]"]] * 2),
        ({"a": TEXT}, OBJECT, [], []),
        ({"a": TEXT}, {"$ref": "#/definitions/Named"}, [], []),
        ({"a": TEXT}, {"allOf": [{"$ref": "#/definitions/Named"}]}, [], []),
        ({"a": TEXT}, {"anyOf": [OBJECT, {"type": "null"}]}, [], ["changed it"]),
        ({"a?": TEXT}, OBJECT, ["required it.a"], []),
        ({"a": TEXT, "b": TEXT}, OBJECT, ["gone it.b"], ["gone it.b"]),
        ({}, OBJECT, ["required it.a"], []),
        ({"*": TEXT}, {"type": "object", "additionalProperties": {"type": "string"}}, [], []),
        ({"*": TEXT}, {"type": "object", "additionalProperties": True}, [], ["changed it.*"]),
        ({"*": TEXT}, OBJECT, ["gone it.*"], []),
        (Either(TEXT, NULL), {"type": ["string", "null"]}, [], []),
        (Either(TEXT, NULL), {"type": "string"}, ["changed it"], ["changed it"]),
        (Either(("x",), NULL), {"type": ["string", "null"], "enum": ["x", None]}, [], []),
        (Kinds("is", {"x": {"n": NUMBER}, "y": {}}, {"both": FLAG}), TAGGED, [], []),
        (
            Kinds("is", {"x": {"n": NUMBER}}, {"both": FLAG}),
            TAGGED,
            [],
            ["new it.is=y"],
        ),
        (
            Kinds("is", {"x": {}, "z": {}}, {"both": FLAG}),
            TAGGED,
            ["required it.is=x.n", "gone it.is=z"],
            ["gone it.is=z", "new it.is=y"],
        ),
        ({"is": TEXT, "both": FLAG}, TAGGED, ["changed it.is"], []),
    ],
)
def test_what_is_sent_may_not_be_narrowed_and_what_is_read_not_widened(
    shape: Shape, node: Json, sent: list[str], read: list[str]
) -> None:
    assert (compared("sent", shape, node), compared("read", shape, node)) == (sent, read)


# ---- the command -----------------------------------------------------------------------------


@pytest.mark.cli
def test_the_installed_cli_has_all_that_we_use_and_nothing_that_we_do_not_know(
    schema: ProtocolSchema,
) -> None:
    assert findings(schema) == []


@pytest.mark.cli
def test_the_command_says_which_cli_it_asked_and_that_all_is_well() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "codex_notebook", "protocol"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("codex-cli ")
    assert ran.stdout.endswith("\nNothing that codex_notebook uses is gone or changed.\n")


def cli_with(schema: Json, folder: Path) -> Path:
    """Return a CLI that describes its protocol so."""
    (folder / "schema.json").write_text(json.dumps(schema))
    script = folder / "codex"
    script.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo codex-cli 9.9.9 && exit\n'
        f'cp "{folder}/schema.json" "$5/codex_app_server_protocol.schemas.json"\n'
    )
    script.chmod(0o755)
    return script


@pytest.mark.cli
def test_the_command_points_at_what_another_cli_lacks(
    schema: ProtocolSchema, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered = copy.deepcopy(schema.bundle)
    a_request_goes(altered["definitions"])
    a_status_comes(altered["definitions"])
    cli = cli_with(altered, tmp_path)
    assert command.main(["protocol", "--codex", str(cli)]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == f"codex-cli 9.9.9 at {cli}"
    gone = shown.index("Gone:")
    assert shown[gone + 1] == "  thread/revert: there is no such method."
    new = shown.index("New, and unknown here; nothing breaks:")
    assert shown[new + 1].startswith("  thread/turns/list result.data[].status=dreaming: ")
    assert "Nothing that codex_notebook uses" not in "".join(shown)


def test_a_report_has_a_part_for_each_kind_of_finding() -> None:
    found = [Finding("required", "b", "must"), Finding("changed", "a", "is other")]
    *_, shown = report(Binary(Path("/no/codex")), found).split("\n\n", 1)
    assert shown == "Changed:\n  a: is other.\n\nRequired, and not always sent:\n  b: must."


def test_a_program_that_does_not_describe_its_protocol_is_an_error_that_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command.main(["protocol", "--codex", "/bin/false"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("codex-notebook: The Codex CLI at /bin/false (")
    assert "does not describe its protocol" in told


def test_no_room_for_the_schema_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    assert command.main(["protocol", "--codex", "/bin/false"]) == 1
    assert "set TMPDIR to a folder with some" in capsys.readouterr().err
