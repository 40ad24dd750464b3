"""What a server may say and ask during a turn that the real one will not on demand."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from codex_notebook import Approval, Turn, TurnFailedError
from codex_notebook.core.translation import _TRANSLATE
from tests.client.conftest import FakeServer
from tests.client.fake_app_server import (
    ANSWER,
    BEGIN,
    BEGUN,
    END,
    HEAR,
    SAYS,
    TELL,
    answer,
    ask,
    completed,
    delta,
    die,
    ended,
    note,
    raw,
    refuse,
    said,
    started,
    wait_for,
)
from tests.processes import eventually

pytestmark = pytest.mark.process

Fake = Callable[..., FakeServer]

COMMAND = "item/commandExecution/requestApproval"
FILE_CHANGE = "item/fileChange/requestApproval"
USER_INPUT = "item/tool/requestUserInput"


def told(turn: Turn) -> Any:
    """Return what the server says that it was answered."""
    assert turn.status == "completed"
    return json.loads(turn.final_response)


# ---- what it says ------------------------------------------------------------------------


def test_garbage_between_its_words_changes_nothing(fake_server: Fake) -> None:
    noise = [
        "",
        " \t",
        "a proxy says hello",
        "null",
        "42",
        '"text"',
        "[]",
        "{}",
        '{"method":',
        "\0",
    ]
    steps = [step for text in noise for step in (raw(text), delta("o"))]
    server = fake_server({"noise": [*SAYS, *steps, said("o" * len(noise)), END]})
    turn = server.thread().run_sync("noise")
    assert turn.final_response == "o" * len(noise)
    assert turn.state.notices == ()


def test_answers_to_nobody_and_second_answers_change_nothing(fake_server: Fake) -> None:
    steps = [
        raw('{"id": 999, "result": {}}'),
        raw('{"id": "x", "error": {"code": 1, "message": "no"}}'),
        answer({"turn": {"id": "another"}}),
        refuse("too late"),
    ]
    server = fake_server({"twice": [*SAYS, *steps, said("done"), END]})
    turn = server.thread().run_sync("twice")
    assert (turn.final_response, turn.status) == ("done", "completed")


def test_what_is_said_of_nothing_known_is_not_shown(fake_server: Fake) -> None:
    steps = [
        note("item/hologram/updated", light=[1]),
        note("thread/dreamt"),
        raw('{"method": "server/dreamt"}'),
        raw('{"method": "server/dreamt", "params": {"threadId": null}}'),
        raw('{"method": "server/dreamt", "params": {"threadId": []}}'),
        raw('{"method": "server/dreamt", "params": {"threadId": {"a": 1}}}'),
        raw('{"method": "item/started", "params": {"threadId": "of nobody"}}'),
        started(type="hologram", id="h"),
        completed(type="hologram", id="h", light=2),
    ]
    server = fake_server({"new": [*SAYS, *steps, said("done"), END]})
    turn = server.thread().run_sync("new")
    assert [item.type for item in turn.items] == ["hologram", "agent_message"]
    assert turn.state.notices == ()


@pytest.mark.parametrize("odd", [None, {}, 5, "text", [1], {"id": 5}, {"id": []}], ids=repr)
def test_what_has_another_shape_than_is_known_ends_no_turn(fake_server: Fake, odd: Any) -> None:
    fields = ("item", "itemId", "delta", "turn", "plan", "diff", "tokenUsage", "changes", "error")
    everything = dict.fromkeys([*fields, "rateLimits", "message", "summaryIndex", "turnId"], odd)
    # The end of the turn is another matter.
    methods = [method for method in _TRANSLATE if method != "turn/completed"]
    steps = [note(method, **everything) for method in methods]
    bare = [raw(json.dumps({"method": m, "params": {"threadId": "$thread"}})) for m in methods]
    none = [raw(json.dumps({"method": method})) for method in _TRANSLATE]
    null = [raw(json.dumps({"method": method, "params": None})) for method in _TRANSLATE]
    server = fake_server({"odd": [*SAYS, *steps, *bare, *none, *null, said("done"), END]})
    turn = server.thread().run_sync("odd")
    assert turn.final_response == "done"
    assert turn.status == "completed"


@pytest.mark.parametrize("turn", [None, {}, [], {"status": "completed"}, {"error": 5}])
def test_an_end_that_does_not_say_of_which_turn_is_that_of_the_one_that_runs(
    fake_server: Fake, turn: Any
) -> None:
    server = fake_server({"odd": [*SAYS, said("done"), note("turn/completed", turn=turn)]})
    ended_turn, _ = server.thread().start_nowait("odd").outcome(20)
    assert ended_turn.final_response == "done"
    assert ended_turn.status == ("completed" if turn == {"status": "completed"} else "failed")


def test_what_comes_before_the_answers_belongs_to_the_turn(fake_server: Fake) -> None:
    early = note("warning", message="early")
    whole = [BEGUN, started(type="agentMessage", id="m", text=""), said("all"), END, ANSWER]
    server = fake_server({"whole": whole}, thread__start=[early, ANSWER])
    turn = server.thread().run_sync("whole")
    assert [item.type for item in turn.items] == ["error", "agent_message"]
    assert (turn.status, turn.final_response) == ("completed", "all")


def test_a_turn_hears_nothing_of_the_one_before_it(fake_server: Fake) -> None:
    late = [
        note("item/started", turnId="$last", item={"type": "agentMessage", "id": "l", "text": "?"}),
        note("item/agentMessage/delta", turnId="$last", itemId="l", delta="late"),
        note("item/commandExecution/outputDelta", turnId="$last", itemId="c", delta="late"),
        note("item/completed", turnId="$last", item={"type": "plan", "id": "p", "text": "late"}),
        ended("completed", turn="$last"),
        ended("failed", turn="$last"),
    ]
    first = [*SAYS, said("one"), END, *late]
    second = [*late, ANSWER, *late, BEGUN, *late, said("two"), *late, END]
    server = fake_server({"first": first, "second": second})
    thread = server.thread()
    assert thread.run_sync("first").final_response == "one"
    turn = thread.run_sync("second")
    assert (turn.status, turn.final_response) == ("completed", "two")
    assert [item.type for item in turn.items] == ["agent_message"]


def test_text_without_an_item_is_kept_and_the_completed_item_is_the_authority(
    fake_server: Fake,
) -> None:
    steps = [*BEGIN, delta("lost", "m"), delta("x", "n"), said("found", "m"), delta("late"), END]
    server = fake_server({"lost": steps})
    turn = server.thread().run_sync("lost")
    message, unknown = turn.items
    assert message.get("text") == "found"
    assert unknown.get("text") == "x"


@pytest.mark.parametrize("result", [None, {}, [], {"thread": None}, {"thread": {}}, {"turn": 5}])
@pytest.mark.parametrize("method", ["thread/start", "turn/start"])
def test_an_answer_of_another_shape_than_is_known_fails_the_turn_in_words(
    fake_server: Fake, method: str, result: Any
) -> None:
    server = fake_server(**{method: [raw(json.dumps({"id": 3, "result": result}))]})
    if method == "turn/start":
        server.play(**{method: [raw(json.dumps({"id": 4, "result": result}))]})
    turn, error = server.thread().start_nowait("hello").outcome(20)
    assert isinstance(error, TurnFailedError)
    assert f"has answered {method} with what this package does not understand" in str(error)
    assert turn.error == str(error)


# ---- what it asks ------------------------------------------------------------------------


def test_what_is_not_known_is_refused_as_such(fake_server: Fake) -> None:
    server = fake_server({"ask": [*BEGIN, ask(0, "attestation/generate"), HEAR, TELL, END]})
    assert told(server.thread().run_sync("ask"))["error"]["code"] == -32601


@pytest.mark.parametrize(
    "odd",
    [
        {"method": COMMAND, "params": {}},
        {"method": COMMAND, "params": {"threadId": "of nobody"}},
        {"method": COMMAND, "params": {"threadId": []}},
        {"method": COMMAND},
        {"method": COMMAND, "params": [1]},
        {"method": 7},
    ],
    ids=str,
)
def test_what_is_asked_of_nobody_here_is_refused(fake_server: Fake, odd: Any) -> None:
    asked: list[Approval] = []
    steps = [*BEGIN, raw(json.dumps({"id": 0, **odd})), HEAR, TELL, END]
    server = fake_server({"ask": steps})
    assert "error" in told(server.thread(approvals=asked.append).run_sync("ask"))
    assert asked == []


@pytest.mark.parametrize(
    ("method", "odd"),
    [
        (COMMAND, {"command": 5}),
        (COMMAND, {"command": ["rm"], "availableDecisions": 5}),
        (COMMAND, {"availableDecisions": [[]]}),
        (COMMAND, {"proposedExecpolicyAmendment": {"a": 1}}),
        (FILE_CHANGE, {"grantRoot": 5}),
        ("item/permissions/requestApproval", {"permissions": "all"}),
        (USER_INPUT, {"questions": [{"id": 5}]}),
        ("mcpServer/elicitation/request", {"mode": "form", "message": 5}),
        ("mcpServer/elicitation/request", {"mode": "url", "url": 5}),
    ],
    ids=str,
)
def test_what_nobody_can_make_out_is_declined_and_the_turn_says_so(
    fake_server: Fake, method: str, odd: Any
) -> None:
    asked: list[object] = []
    server = fake_server({"ask": [*BEGIN, ask(0, method, **odd), HEAR, TELL, END]})
    thread = server.thread(approvals=asked.append, questions=asked.append)
    turn = thread.run_sync("ask")
    assert "error" in told(turn)
    assert asked == []
    [notice] = turn.state.notices
    assert "declined" in notice
    assert method in notice


def test_two_that_ask_at_once_each_get_their_own_answer(fake_server: Fake) -> None:
    both = threading.Barrier(2)

    def decide(approval: Approval) -> bool:
        # Whoever comes first waits for the other.
        both.wait(20)
        return approval.command == "good"

    steps = [ask(n, COMMAND, command=c, itemId=c) for n, c in ((5, "good"), (6, "bad"))]
    server = fake_server({"ask": [*BEGIN, *steps, HEAR, HEAR, END]})
    turn = server.thread(approvals=decide).run_sync("ask")
    decided = {reply["id"]: reply["result"]["decision"] for reply in server.answers()}
    assert decided == {5: "accept", 6: "decline"}
    assert [a.decision for a in turn.state.approvals] == ["accept", "decline"]


def test_what_a_sub_agent_asks_the_turn_above_it_answers(fake_server: Fake) -> None:
    adopted = [
        {"method": "thread/started", "params": {"thread": {"id": child, "parentThreadId": parent}}}
        for child, parent in (("child", "$thread"), ("grandchild", "child"))
    ]
    steps = [
        *(raw(json.dumps(one)) for one in adopted),
        # What it says is not of this turn.
        note("item/completed", threadId="child", item={"type": "plan", "id": "p", "text": "no"}),
        ask(0, COMMAND, threadId="grandchild", command="ls", itemId="c"),
    ]
    server = fake_server({"ask": [*BEGIN, *steps, HEAR, TELL, END]})
    turn = server.thread(approvals=lambda _: True).run_sync("ask")
    assert told(turn) == {"result": {"decision": "accept"}}
    [approval] = turn.state.approvals
    assert approval.thread_id == "grandchild"
    assert [item.type for item in turn.items] == ["agent_message"]


def test_threads_that_are_each_others_parents_hang_nothing(fake_server: Fake) -> None:
    adopted = [
        {"method": "thread/started", "params": {"thread": {"id": child, "parentThreadId": parent}}}
        for child, parent in (("a", "b"), ("b", "a"), ("c", "c"))
    ]
    asks = [step for n, name in enumerate("abc") for step in (ask(n, COMMAND, threadId=name), HEAR)]
    server = fake_server(
        {"ask": [*BEGIN, *(raw(json.dumps(o)) for o in adopted), *asks, TELL, END]}
    )
    assert "error" in told(server.thread().run_sync("ask"))


@pytest.mark.parametrize("thread", ["$thread", "child"])
@pytest.mark.parametrize("early", [False, True])
def test_what_the_server_no_longer_waits_for_is_closed(
    fake_server: Fake, thread: str, early: bool
) -> None:
    adopted = {"thread": {"id": "child", "parentThreadId": "$thread"}}
    asked = ask(0, COMMAND, threadId=thread, command="ls", itemId="c")
    resolved = note("serverRequest/resolved", threadId=thread, requestId=0)
    asks = [resolved, asked] if early else [asked, resolved]
    steps = [raw(json.dumps({"method": "thread/started", "params": adopted})), *asks, HEAR]
    server = fake_server({"ask": [*BEGIN, *steps, said("went on"), END]})
    # A person is asked, who says nothing.
    running = server.thread(approvals=True).start_nowait("ask")
    turn, _ = running.outcome(20)
    assert turn.final_response == "went on"
    [approval] = turn.state.approvals
    assert (approval.decision, approval.decided_by) == ("decline", "turn")


def test_what_comes_when_the_turn_has_ended_is_declined(fake_server: Fake) -> None:
    asked: list[Approval] = []
    late = [ask(0, COMMAND, command="ls", itemId="c"), HEAR]
    server = fake_server({"late": [*BEGIN, said("done"), END, *late]})
    thread = server.thread(approvals=asked.append)
    assert thread.run_sync("late").final_response == "done"
    assert eventually(server.answers)
    [reply] = server.answers()
    # Who hears it is the turn that is just going, or nobody any more.
    assert "error" in reply or reply["result"] == {"decision": "decline"}
    assert asked == []
    assert thread.run_sync("next").status == "completed"


def test_what_waits_when_the_server_dies_is_declined_in_the_turn(fake_server: Fake) -> None:
    asks = [ask(0, COMMAND, command="ls", itemId="c"), ask(1, USER_INPUT, questions=[{"id": "q"}])]
    server = fake_server({"dies": [*BEGIN, *asks, wait_for("turn/steer"), die(1)]})
    thread = server.thread(approvals=True, questions=True)
    running = thread.start_nowait("dies")

    async def steer() -> None:
        async for event in running.events():
            if event.type == "input.requested":
                break
        await running.steer("die")

    asyncio.run(steer())
    turn, _ = running.outcome(20)
    assert turn.status == "failed"
    [approval] = turn.state.approvals
    assert (approval.decision, approval.decided_by) == ("decline", "turn")
    [request] = turn.state.inputs
    assert (request.answers, request.resolved_by) == (None, "turn")


def test_a_tool_that_is_not_here_is_answered_in_words(fake_server: Fake) -> None:
    steps = [*BEGIN, ask(0, "item/tool/call", tool="gone", arguments={}), HEAR, TELL, END]
    server = fake_server({"call": steps})
    result = told(server.thread().run_sync("call"))["result"]
    assert result["success"] is False
    assert "gone is not available" in result["contentItems"][0]["text"]


def test_a_thread_that_the_server_closes_ends_its_turn(fake_server: Fake) -> None:
    server = fake_server({"close": [*SAYS, delta("Half"), note("thread/closed")]})
    with pytest.raises(TurnFailedError, match="closed the thread while its turn ran") as caught:
        server.thread().run_sync("close")
    assert caught.value.turn.final_response == "Half"


def test_a_form_of_an_mcp_server_is_no_approval_whatever_it_calls_itself(
    fake_server: Fake,
) -> None:
    approved: list[Approval] = []
    form = {
        "serverName": "lab",
        "mode": "form",
        "message": "Let me?",
        "requestedSchema": {"type": "object", "properties": {}},
        "_meta": {"codex_approval_kind": "mcp_tool_call", "tool_params": {"path": "readme"}},
    }
    steps = [*BEGIN, ask(0, "mcpServer/elicitation/request", **form), HEAR, TELL, END]

    def approve(approval: Approval) -> bool:
        approved.append(approval)
        return True

    turn = fake_server({"form": steps}).thread(approvals=approve).run_sync("form")
    assert told(turn)["result"]["action"] == "decline"
    assert approved == []
    assert [asked.kind for asked in turn.state.inputs] == ["form"]
