"""What we really say to the CLI: all of it is in the table, and the CLI's own schema allows it."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from codex_notebook import (
    Codex,
    CodexOptions,
    NotLoggedInError,
    ReviewOptions,
    Thread,
    ThreadOptions,
    offline,
)
from codex_notebook.client.app_server import AppServer
from codex_notebook.client.approvals import COMMAND, ELICITATION, FILE_CHANGE, PERMISSIONS, decided
from codex_notebook.client.binary import find_binary
from codex_notebook.client.connection import Connection
from codex_notebook.client.inputs import parse_input
from codex_notebook.client.live_params import review_target, thread_params, turn_params
from codex_notebook.client.options import ApprovalPolicy, CyberAccessProgram, SandboxMode
from codex_notebook.client.protocol_schema import ANY, ProtocolSchema
from codex_notebook.client.protocol_shape import Either, Kinds, Shape
from codex_notebook.client.protocol_use import (
    NOTIFICATIONS_SENT,
    REQUESTS,
    SERVER_REQUESTS,
)
from codex_notebook.client.questions import USER_INPUT, answered
from codex_notebook.client.transport import TurnSpec
from codex_notebook.core.asks import Decision
from codex_notebook.core.events import ItemStartedEvent
from codex_notebook.core.items import CommandExecutionItem
from codex_notebook.offline import command, pause, text, tool, turn

Json = Any

TYPES: dict[str, type] = {"string": str, "integer": int, "boolean": bool, "null": type(None)}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080600000"
    "01f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def strange(shape: Shape, value: Json, where: str) -> Iterator[str]:
    """Yield what of a value is not in the table."""
    if isinstance(shape, Either):
        second = [*strange(shape.second, value, where)]
        yield from second and strange(shape.first, value, where)
    elif isinstance(shape, Kinds):
        kind = value[shape.by]
        known = kind in shape.kinds
        yield from strange(shape.fields(kind), value, where) if known else [f"{where}={kind}"]
    elif isinstance(shape, Mapping):
        yield from strange_fields(shape, value, where)
    elif isinstance(shape, list):
        for entry in value:
            yield from strange(shape[0], entry, f"{where}[]")
    elif isinstance(shape, tuple):
        yield from [] if value in shape else [f"{where}={value}"]
    elif shape != ANY and type(value) is not TYPES[shape]:
        yield f"{where} is {value!r}"


def strange_fields(shape: Mapping[str, Shape], value: Json, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} is {value!r}"
        return
    for name, inner in value.items():
        known = next((one for one in (name, f"{name}?", "*") if one in shape), None)
        if known is None:
            yield f"{where}.{name}"
        else:
            yield from strange(shape[known], inner, f"{where}.{name}")
    for name in shape:
        if not name.endswith("?") and name != "*" and name not in value:
            yield f"{where}.{name} is missing"


@pytest.fixture(scope="module")
def schema() -> ProtocolSchema:
    return ProtocolSchema.of(find_binary(None, os.environ))


def refused(schema: ProtocolSchema, node: Json, value: Json) -> list[str]:
    """Return why the schema does not allow a value."""
    # It has no types.
    jsonschema: Any = importlib.import_module("jsonschema")
    whole = {**node, "definitions": schema.bundle["definitions"]}
    return [error.message for error in jsonschema.Draft7Validator(whole).iter_errors(value)]


# ---- what options become ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sandbox", "policy"), [*product(get_args(SandboxMode), (None, *get_args(ApprovalPolicy)))]
)
def test_every_option_of_a_thread_is_said_as_the_table_has_it(
    sandbox: SandboxMode, policy: ApprovalPolicy | None
) -> None:
    thread = ThreadOptions(sandbox_mode=sandbox, approval_policy=policy, model="m")
    params = thread_params(CodexOptions(), thread, Path("/w"), {})
    assert [*strange(REQUESTS["thread/start"].sends, params, "params")] == []


@pytest.mark.cli
@pytest.mark.parametrize("program", get_args(CyberAccessProgram))
def test_every_program_of_access_is_said_as_the_cli_reads_it(
    schema: ProtocolSchema, program: CyberAccessProgram
) -> None:
    spec = TurnSpec(parse_input("hi"), cyber_access_program=program)
    params = {"threadId": "t", **turn_params(spec)}
    assert [*strange(REQUESTS["turn/start"].sends, params, "params")] == []
    assert refused(schema, schema.methods("ClientRequest")["turn/start"], params) == []


@pytest.mark.cli
@pytest.mark.parametrize(
    "review",
    [
        ReviewOptions(instructions="look"),
        ReviewOptions(base="main"),
        ReviewOptions(commit="abc"),
        ReviewOptions(commit="abc", title="a change"),
        ReviewOptions(uncommitted=True),
    ],
)
def test_every_subject_of_a_review_is_said_as_the_cli_reads_it(
    schema: ProtocolSchema, review: ReviewOptions
) -> None:
    params = {"threadId": "t", "target": review_target(review)}
    assert [*strange(REQUESTS["review/start"].sends, params, "params")] == []
    assert refused(schema, schema.methods("ClientRequest")["review/start"], params) == []


# ---- what we answer --------------------------------------------------------------------------

ASKED: dict[str, Json] = {
    COMMAND: {"proposedExecpolicyAmendment": ["touch"]},
    FILE_CHANGE: {},
    PERMISSIONS: {"permissions": {"network": {"enabled": True}, "fileSystem": None}},
    ELICITATION: {},
}


def given() -> Iterator[tuple[str, Json]]:
    """Yield all that we can answer, and to which request."""
    for method, params in ASKED.items():
        for decision in get_args(Decision):
            # There is a rule to accept for commands and MCP tools only.
            if decision != "accept_with_rule" or method in (COMMAND, ELICITATION):
                yield method, decided(method, params, decision)
    for method in (USER_INPUT, ELICITATION):
        yield method, answered(method, None)
    yield USER_INPUT, answered(USER_INPUT, {"which": ["this"]})
    yield ELICITATION, answered(ELICITATION, {"city": "Bern"})


@pytest.mark.cli
def test_every_answer_of_ours_is_one_that_the_cli_reads(schema: ProtocolSchema) -> None:
    known = schema.methods("ServerRequest")
    for method, answer in given():
        assert [*strange(SERVER_REQUESTS[method].sends, answer, method)] == []
        assert refused(schema, schema.answer(known[method]), answer) == [], (method, answer)


# ---- a session, listened to ------------------------------------------------------------------


class Tapped:
    """What was said on a connection: by us, and by the server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[Json] = []
        self.heard: list[Json] = []
        write, receive = AppServer._write, Connection.receive

        def tapped_write(server: AppServer, data: bytes) -> None:
            self.sent.append(json.loads(data))
            write(server, data)

        def tapped_receive(connection: Connection, line: bytes) -> None:
            self.heard.append(json.loads(line))
            receive(connection, line)

        monkeypatch.setattr(AppServer, "_write", tapped_write)
        monkeypatch.setattr(Connection, "receive", tapped_receive)

    def said(self) -> Iterator[tuple[str, Json]]:
        """Yield our requests and notifications: their methods and parameters."""
        yield from ((one["method"], one.get("params")) for one in self.sent if "method" in one)

    def answers(self) -> Iterator[tuple[str, Json]]:
        """Yield our answers, and to which request they were."""
        asked = {one["id"]: one["method"] for one in self.heard if {"id", "method"} <= {*one}}
        for one in self.sent:
            if "method" not in one:
                yield asked[one["id"]], one["result"]


ASK = {"cmd": "true", "sandbox_permissions": "require_escalated", "justification": "please"}
OPTIONS = [{"label": "a", "description": "the first"}]
QUESTION = {"id": "q", "header": "h", "question": "Which?", "options": OPTIONS}
SCENARIO = [
    turn(
        tool("exec_command", ASK),
        tool("request_user_input", {"questions": [QUESTION]}),
        tool("double", {"n": 2}),
        text({"a": 1}),
        when="^work",
    ),
    turn(pause(until="steered"), command("true"), text("never"), when="^steer"),
    turn(text("Begun."), command("sleep 600"), text("never"), when="^sleep"),
    turn(text("Hello."), when="."),
]


def double(n: int) -> int:
    """Return twice as much."""
    return 2 * n


async def work(codex: Codex, thread: Thread, model: offline.ScriptedModel) -> None:
    """Do with a client whatever can be done."""
    first = await thread.run(
        ["work", PIXEL],
        output_schema={"type": "object"},
        additional_context={"cell": "x = 1"},
        cyber_access_program="standard",
    )
    running = await thread.start("steer")
    await running.steer("more")
    model.release("steered")
    await running
    running = await thread.start("sleep")
    async for event in running.events():
        if isinstance(event, ItemStartedEvent) and isinstance(event.item, CommandExecutionItem):
            break
    await running.interrupt()
    await thread.review(uncommitted=True)
    await thread.compact()
    thread.options = {**thread.options.model_dump(), "model": "gpt-5.1"}
    await thread.run("hello")
    await thread.fork(at_turn=first)
    await thread.revert(before_turn=(await thread.read())[-1])
    await thread.info()
    await thread.set_name("named")
    await thread.archive()
    await thread.unarchive()
    await codex.threads(search="named", working_directory="/")
    await codex.models()
    await codex.account()
    with pytest.raises(NotLoggedInError):
        await codex.rate_limits()
    await codex.login("sk-new")


@pytest.fixture(scope="module")
def tapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tapped]:
    """Return what was said in a session in which everything was done."""
    folder = tmp_path_factory.mktemp("session")
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "new.txt").write_text("new\n")

    async def session(model: offline.ScriptedModel) -> None:
        options: dict[str, Any] = {
            "transport": "app-server",
            "approvals": lambda _: "decline",
            "questions": lambda _: {"q": "a"},
            "tools": [double],
        }
        async with Codex(model.options, **options) as codex:
            thread = codex.start_thread(working_directory=folder, thread_source="user")
            await work(codex, thread, model)

    with pytest.MonkeyPatch.context() as monkeypatch, offline.serve(SCENARIO, repeat=True) as model:
        tap = Tapped(monkeypatch)
        asyncio.run(session(model))
        yield tap


@pytest.mark.cli
def test_a_session_uses_every_request_of_the_table(tapped: Tapped) -> None:
    # A login by device code needs OpenAI's servers.
    assert {method for method, _ in tapped.said()} == {*REQUESTS, *NOTIFICATIONS_SENT} - {
        "account/login/cancel"
    }


@pytest.mark.cli
def test_all_that_we_ask_is_in_the_table_and_allowed(
    tapped: Tapped, schema: ProtocolSchema
) -> None:
    known = schema.methods("ClientRequest")
    for method, params in tapped.said():
        if method not in NOTIFICATIONS_SENT:
            assert [*strange(REQUESTS[method].sends, params, method)] == []
            assert refused(schema, known[method], params) == [], (method, params)


@pytest.mark.cli
def test_all_that_we_answer_is_in_the_table_and_allowed(
    tapped: Tapped, schema: ProtocolSchema
) -> None:
    known = schema.methods("ServerRequest")
    answers = [*tapped.answers()]
    assert {method for method, _ in answers} == {COMMAND, USER_INPUT, "item/tool/call"}
    for method, answer in answers:
        assert [*strange(SERVER_REQUESTS[method].sends, answer, method)] == []
        assert refused(schema, schema.answer(known[method]), answer) == [], (method, answer)
