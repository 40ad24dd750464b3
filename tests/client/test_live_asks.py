"""What the agent asks its user, over the real CLI: who decides, and that nobody else does."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from codex_cli_bin import bundled_codex_path

from codex_notebook import (
    Approval,
    Codex,
    InputRequest,
    InvalidOptionError,
    RunningTurn,
    Thread,
    Turn,
    offline,
)
from codex_notebook.core.asks import Decision
from codex_notebook.core.events import ApprovalRequestedEvent, InputRequestedEvent
from codex_notebook.core.items import CommandExecutionItem, FileChangeItem, McpToolCallItem
from codex_notebook.offline import command, patch, text, tool, turn
from codex_notebook.offline.steps import Step

pytestmark = pytest.mark.cli

SERVER = Path(__file__).with_name("mcp_server.py")


def beyond(line: str) -> Step:
    """Return a command for which the agent wants to leave the sandbox."""
    asked = {"sandbox_permissions": "require_escalated", "justification": "Because."}
    return tool("exec_command", {"cmd": line, "login": False, **asked})


def question(**more: object) -> Step:
    options = [{"label": name, "description": name.title()} for name in ("red", "blue")]
    asked = {"id": "colour", "header": "Colour", "question": "Which one?", "options": options}
    return tool("request_user_input", {"questions": [{**asked, **more}]})


def adding(name: str, line: str) -> Step:
    return patch(f"*** Begin Patch\n*** Add File: {name}\n+{line}\n*** End Patch")


def changing(name: str, old: str, new: str) -> Step:
    hunk = f"@@\n-{old}\n+{new}\n"
    return patch(f"*** Begin Patch\n*** Update File: {name}\n{hunk}*** End Patch")


PERMISSIONS = {"reason": "To keep it.", "permissions": {"file_system": {"write": ["/opt"]}}}

# What a model says that reviews for the user, where the CLI asks one.
REVIEWED = {"outcome": "allow", "risk_level": "low", "user_authorization": "high", "rationale": "-"}

SCENARIO = [
    turn(text(REVIEWED), when="^The following is the Codex agent history"),
    turn(
        beyond("touch ../escaped"),
        command("touch ../written"),
        adding("../patched", "x"),
        text("Tried."),
        when="break out",
    ),
    turn(beyond("touch escaped"), text("Went on."), when="escape"),
    turn(beyond("mkdir ruled"), beyond("mkdir ruled"), text("Went on."), when="twice"),
    turn(adding("a.txt", "one"), changing("a.txt", "one", "two"), text("Done."), when="change"),
    turn(tool("request_permissions", PERMISSIONS), text("Done."), when="permissions"),
    turn(
        tool("wipe", {"what": "disk"}, "mcp__lab"),
        tool("wipe", {"what": "tape"}, "mcp__lab"),
        text("Done."),
        when="wipe",
    ),
    turn(tool("ask", {}, "mcp__lab"), text("Done."), when="form"),
    turn(question(), text("Done."), when="question"),
    turn(question(isSecret=True), text("Done."), when="secret"),
    turn(text("Hello."), when="."),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture(scope="module")
def attended(model: offline.ScriptedModel) -> Iterator[Codex]:
    """Return a client of which whoever has hold of the turn decides."""
    lab = {"command": sys.executable, "args": [str(SERVER)]}
    config = {
        **model.config,
        "mcp_servers": {"lab": lab},
        "suppress_unstable_features_warning": True,
    }
    client = Codex(
        model.options, transport="app-server", approvals=True, questions=True, config=config
    )
    yield client
    asyncio.run(client.close())


def thread_in(codex: Codex, folder: Path, **options: Any) -> Thread:
    options = {"skip_git_repo_check": True, **options}
    return codex.start_thread(working_directory=folder, **options)


async def approval_of(running: RunningTurn) -> Approval:
    """Wait until the turn asks for leave."""
    async for event in running.events():
        if isinstance(event, ApprovalRequestedEvent):
            return event.approval
    raise AssertionError("It did not ask.")


async def request_of(running: RunningTurn) -> InputRequest:
    """Wait until the turn asks a question."""
    async for event in running.events():
        if isinstance(event, InputRequestedEvent):
            return event.request
    raise AssertionError("It did not ask.")


def status(done: Turn) -> str:
    """Return how the command of the turn ended."""
    (ran,) = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    return ran.status


def told(model: offline.ScriptedModel) -> str:
    """Return what the agent was told last by a tool."""
    outputs = [item["output"] for item in model.requests[-1].body["input"] if "output" in item]
    return str(outputs[-1])


# ---- handlers --------------------------------------------------------------------------------


@pytest.fixture
def decide(model: offline.ScriptedModel, tmp_path: Path) -> Callable[..., Turn]:
    """Return a function that runs a turn with a handler and returns it."""

    def run(handler: object, prompt: str = "escape", **options: Any) -> Turn:
        async def one_turn() -> Turn:
            options_ = {"approvals": handler, **options}
            async with Codex(model.options, transport="app-server", **options_) as codex:
                return await thread_in(codex, tmp_path).run(prompt)

        return asyncio.run(one_turn())

    return run


@pytest.mark.parametrize("said", ["accept", True])
def test_a_handler_gives_leave(decide: Callable[..., Turn], tmp_path: Path, said: object) -> None:
    asked: list[Approval] = []

    def handler(approval: Approval) -> object:
        asked.append(approval)
        return said

    done = decide(handler)
    (approval,) = asked
    assert (approval.kind, approval.command, approval.reason) == (
        "command",
        "/bin/bash -c 'touch escaped'",
        "Because.",
    )
    assert (approval.cwd, approval.item_id) == (str(tmp_path), done.items[0].id)
    assert approval.rule == ("touch", "escaped")
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("accept", "handler")
    assert status(done) == "completed"
    assert (tmp_path / "escaped").exists()


@pytest.mark.parametrize("said", ["decline", False, None])
def test_a_handler_withholds_it_and_the_agent_goes_on(
    decide: Callable[..., Turn], tmp_path: Path, said: object
) -> None:
    done = decide(lambda approval: said)
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("decline", "handler")
    assert (status(done), done.final_response) == ("declined", "Went on.")
    assert not (tmp_path / "escaped").exists()


def test_an_async_handler_runs_on_the_loop_that_started_the_turn(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    loops: list[object] = []

    async def handler(approval: Approval) -> str:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return "accept"

    async def one_turn() -> Turn:
        loops.append(asyncio.get_running_loop())
        async with Codex(model.options, transport="app-server", approvals=handler) as codex:
            return await thread_in(codex, tmp_path).run("escape")

    assert status(asyncio.run(one_turn())) == "completed"
    assert loops[0] is loops[1]


def broken(approval: Approval) -> str:
    raise KeyError("nothing")


def leaving(approval: Approval) -> str:
    sys.exit(3)


async def broken_later(approval: Approval) -> str:
    raise KeyError("nothing")


@pytest.mark.parametrize(
    ("handler", "notice"),
    [
        (broken, "KeyError: 'nothing'"),
        (leaving, "SystemExit: 3"),
        (broken_later, "KeyError: 'nothing'"),
        (lambda approval: "perhaps", "'perhaps' cannot be decided here; it can be accept, "),
        # What the CLI does not offer for this one.
        (lambda approval: "accept_for_session", "'accept_for_session' cannot be decided here"),
        (lambda approval: 1, "1 cannot be decided here"),
        (lambda: "accept", "TypeError"),
    ],
)
def test_a_handler_that_fails_or_says_nonsense_gives_no_leave(
    decide: Callable[..., Turn], tmp_path: Path, handler: object, notice: str
) -> None:
    done = decide(handler)
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("decline", "error")
    (said,) = done.state.notices
    assert notice in said
    assert (status(done), done.status) == ("declined", "completed")
    assert not (tmp_path / "escaped").exists()


def test_what_nobody_decides_in_time_is_declined(
    decide: Callable[..., Turn], tmp_path: Path
) -> None:
    cancelled = threading.Event()

    async def handler(approval: Approval) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return "accept"

    done = decide(handler, ask_timeout=0.1)
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("decline", "timeout")
    assert done.final_response == "Went on."
    assert cancelled.wait(5)
    assert not (tmp_path / "escaped").exists()


def test_a_slow_handler_blocks_nothing_else(model: offline.ScriptedModel, tmp_path: Path) -> None:
    asked, go = threading.Event(), threading.Event()

    def handler(approval: Approval) -> str:
        asked.set()
        assert go.wait(20)
        return "accept"

    async def two_turns() -> tuple[Turn, Turn]:
        async with Codex(model.options, transport="app-server", approvals=handler) as codex:
            slow = await thread_in(codex, tmp_path).start("escape")
            assert await asyncio.to_thread(asked.wait, 10)
            other = await thread_in(codex, tmp_path).run("hello")
            assert not slow.done
            go.set()
            return await slow, other

    slow, other = asyncio.run(two_turns())
    assert other.final_response == "Hello."
    assert status(slow) == "completed"


# ---- somebody who has hold of the turn -------------------------------------------------------


def test_any_number_may_wait_at_once_and_are_decided_in_any_order(
    attended: Codex, tmp_path: Path
) -> None:
    folders = [tmp_path / str(number) for number in range(6)]
    for folder in folders:
        folder.mkdir()

    async def all_at_once() -> list[Turn]:
        turns = [await thread_in(attended, folder).start("escape") for folder in folders]
        approvals = [await approval_of(running) for running in turns]
        for number in reversed(range(6)):
            decision: Decision = "accept" if number % 2 else "decline"
            await turns[number].respond(approvals[number].id, decision)
        return [await running for running in turns]

    turns = asyncio.run(all_at_once())
    assert [status(done) for done in turns] == ["declined", "completed"] * 3
    assert [(folder / "escaped").exists() for folder in folders] == [False, True] * 3
    assert {kept.decided_by for done in turns for kept in done.state.approvals} == {"user"}


@pytest.mark.parametrize("prompt", ["escape", "change", "permissions", "wipe"])
def test_to_cancel_ends_the_turn_whatever_was_asked(
    attended: Codex, tmp_path: Path, prompt: str
) -> None:
    thread = thread_in(attended, tmp_path, enable=["request_permissions_tool"])

    async def cancelled() -> Turn:
        running = await thread.start(prompt)
        approval = await approval_of(running)
        await running.respond(approval.id, "cancel")
        return await running.ended()

    done = asyncio.run(cancelled())
    assert (done.status, done.final_response) == ("interrupted", "")
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("cancel", "user")
    assert list(tmp_path.iterdir()) == []


def test_leave_with_a_rule_is_not_asked_for_again(
    attended: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def ruled() -> Turn:
        running = await thread_in(attended, tmp_path).start("twice")
        approval = await approval_of(running)
        assert approval.rule == ("mkdir", "ruled")
        await running.respond(approval.id, "accept_with_rule")
        return await running

    done = asyncio.run(ruled())
    (kept,) = done.state.approvals
    assert kept.decision == "accept_with_rule"
    first, second = [item for item in done.items if isinstance(item, CommandExecutionItem)]
    assert first.status == "completed"
    # It ran, outside the sandbox, and found what the first had made.
    assert "File exists" in second.aggregated_output
    rules = Path(model.env["CODEX_HOME"], "rules", "default.rules").read_text()
    assert '["mkdir", "ruled"]' in rules


def test_what_cannot_be_decided_is_refused_and_the_turn_waits_on(
    attended: Codex, tmp_path: Path
) -> None:
    async def wrongly_decided() -> Turn:
        running = await thread_in(attended, tmp_path).start("escape")
        approval = await approval_of(running)
        wrong: Any = "perhaps"
        with pytest.raises(InvalidOptionError, match="it can be accept, accept_with_rule"):
            await running.respond(approval.id, wrong)
        with pytest.raises(InvalidOptionError, match="Nothing of the id 'approval_9' waits"):
            await running.respond("approval_9", "accept")
        with pytest.raises(InvalidOptionError, match="what waits is nothing"):
            await running.answer(approval.id, "accept")
        assert running.state.approvals[0].decision is None
        await running.respond(approval.id, "decline")
        with pytest.raises(InvalidOptionError, match="what waits is nothing"):
            await running.respond(approval.id, "accept")
        return await running

    assert status(asyncio.run(wrongly_decided())) == "declined"
    assert not (tmp_path / "escaped").exists()


def test_where_nobody_has_hold_of_the_turn_it_is_declined_at_once(
    attended: Codex, tmp_path: Path
) -> None:
    done = asyncio.run(thread_in(attended, tmp_path).run("escape"))
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("decline", "nobody")
    assert done.final_response == "Went on."
    assert not (tmp_path / "escaped").exists()


def test_an_interrupt_declines_what_waits(attended: Codex, tmp_path: Path) -> None:
    async def interrupted() -> Turn:
        running = await thread_in(attended, tmp_path).start("escape")
        approval = await approval_of(running)
        done = await running.interrupt()
        with pytest.raises(InvalidOptionError, match="what waits is nothing"):
            await running.respond(approval.id, "accept")
        return done

    done = asyncio.run(interrupted())
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("decline", "turn")
    assert done.status == "interrupted"
    assert not (tmp_path / "escaped").exists()


def test_a_person_may_decide_before_a_handler_does(
    model: offline.ScriptedModel, tmp_path: Path
) -> None:
    decided, left = threading.Event(), threading.Event()

    def handler(approval: Approval) -> str:
        decided.wait(20)
        left.set()
        return "accept"

    async def one_turn() -> Turn:
        async with Codex(model.options, transport="app-server", approvals=handler) as codex:
            running = await thread_in(codex, tmp_path).start("escape")
            approval = await approval_of(running)
            await running.respond(approval.id, "decline")
            decided.set()
            return await running

    done = asyncio.run(one_turn())
    (kept,) = done.state.approvals
    assert (kept.decision, kept.decided_by) == ("decline", "user")
    assert left.wait(5)
    assert not (tmp_path / "escaped").exists()


# ---- other things than commands --------------------------------------------------------------


def test_a_change_of_files_waits_with_its_diff_and_may_be_allowed_for_the_session(
    attended: Codex, tmp_path: Path
) -> None:
    async def changed() -> Turn:
        running = await thread_in(attended, tmp_path).start("change")
        approval = await approval_of(running)
        (change,) = approval.changes
        assert (approval.kind, approval.item_id) == ("file_change", running.state.items[0].id)
        assert (change.path, change.kind) == (str(tmp_path / "a.txt"), "add")
        assert change.diff == "@@ -0,0 +1 @@\n+one"
        assert not (tmp_path / "a.txt").exists()
        await running.respond(approval.id, "accept_for_session")
        return await running

    done = asyncio.run(changed())
    assert len(done.state.approvals) == 1
    changes = [item for item in done.items if isinstance(item, FileChangeItem)]
    assert [change.status for change in changes] == ["completed", "completed"]
    assert (tmp_path / "a.txt").read_text() == "two\n"


def test_a_change_that_is_declined_is_not_made(attended: Codex, tmp_path: Path) -> None:
    async def declined() -> Turn:
        running = await thread_in(attended, tmp_path).start("change")
        approval = await approval_of(running)
        await running.respond(approval.id, "decline")
        return await running.ended()

    done = asyncio.run(declined())
    assert isinstance(done.items[0], FileChangeItem)
    assert done.items[0].status == "declined"
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize("decision", ["accept", "accept_for_session", "decline"])
def test_permissions_are_granted_or_not(
    attended: Codex, model: offline.ScriptedModel, tmp_path: Path, decision: Any
) -> None:
    thread = thread_in(attended, tmp_path, enable=["request_permissions_tool"])

    async def decided() -> Turn:
        running = await thread.start("permissions")
        approval = await approval_of(running)
        assert (approval.kind, approval.reason) == ("permissions", "To keep it.")
        assert approval.permissions is not None
        assert approval.permissions["fileSystem"]["write"] == ["/opt"]
        await running.respond(approval.id, decision)
        return await running

    assert asyncio.run(decided()).status == "completed"
    granted = json.loads(told(model))
    assert granted["scope"] == ("session" if decision == "accept_for_session" else "turn")
    wanted = None if decision == "decline" else {"write": ["/opt"]}
    assert granted["permissions"]["file_system"] == wanted


def test_the_tool_of_an_mcp_server_waits_and_may_be_allowed_for_the_session(
    attended: Codex, tmp_path: Path
) -> None:
    async def allowed() -> Turn:
        running = await thread_in(attended, tmp_path).start("wipe")
        approval = await approval_of(running)
        assert (approval.kind, approval.server, approval.tool) == ("mcp_tool", "lab", "wipe")
        assert approval.arguments == {"what": "disk"}
        assert approval.item_id == running.state.items[0].id
        await running.respond(approval.id, "accept_for_session")
        return await running

    done = asyncio.run(allowed())
    assert len(done.state.approvals) == 1
    calls = [item for item in done.items if isinstance(item, McpToolCallItem)]
    results = [call.result["content"][0]["text"] for call in calls if call.result is not None]
    assert results == ["wiped disk", "wiped tape"]


def test_the_tool_of_an_mcp_server_is_not_called_without_leave(
    attended: Codex, tmp_path: Path
) -> None:
    done = asyncio.run(thread_in(attended, tmp_path).run("wipe"))
    calls = [item for item in done.items if isinstance(item, McpToolCallItem)]
    assert [(call.status, call.result) for call in calls] == [("failed", None)] * 2
    assert [kept.decided_by for kept in done.state.approvals] == ["nobody"] * 2
    assert done.final_response == "Done."


# ---- questions -------------------------------------------------------------------------------


def test_a_handler_answers_a_question(
    decide: Callable[..., Turn], model: offline.ScriptedModel
) -> None:
    asked: list[InputRequest] = []

    async def answer(request: InputRequest) -> dict[str, str]:
        asked.append(request)
        return {"colour": "blue"}

    done = decide(None, "question", questions=answer)
    (request,) = asked
    assert request.kind == "questions"
    (one,) = request.questions
    assert (one.header, one.question, one.is_other) == ("Colour", "Which one?", True)
    assert [option.label for option in one.options] == ["red", "blue"]
    (kept,) = done.state.inputs
    assert (kept.answers, kept.resolved_by) == ({"colour": ["blue"]}, "handler")
    assert '"blue"' in told(model)


def test_a_person_answers_a_question_in_a_word(
    attended: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def answered() -> Turn:
        running = await thread_in(attended, tmp_path).start("question")
        request = await request_of(running)
        with pytest.raises(InvalidOptionError, match="the questions are 'colour'"):
            await running.answer(request.id, {"size": "big"})
        await running.answer(request.id, "green")
        return await running

    done = asyncio.run(answered())
    (kept,) = done.state.inputs
    assert (kept.answers, kept.resolved_by) == ({"colour": ["green"]}, "user")
    assert '"green"' in told(model)


def test_a_secret_answer_reaches_the_agent_and_is_kept_nowhere_here(
    attended: Codex, model: offline.ScriptedModel, tmp_path: Path
) -> None:
    async def answered() -> tuple[list[Any], Turn]:
        running = await thread_in(attended, tmp_path).start("secret")
        request = await request_of(running)
        assert request.questions[0].is_secret
        await running.answer(request.id, "hunter2")
        return [event async for event in running.events()], await running

    events, done = asyncio.run(answered())
    assert '"hunter2"' in told(model)
    assert done.state.inputs[0].resolved_by == "user"
    for place in (str(events), repr(done.state), str(done), done._repr_html_()):
        assert "hunter2" not in place


def silent(request: InputRequest) -> None:
    return None


def clumsy(request: InputRequest) -> object:
    return {"size": "big"}


def unable(request: InputRequest) -> object:
    raise KeyError("nothing")


@pytest.mark.parametrize(
    ("handler", "by", "notices"),
    [(silent, "handler", 0), (clumsy, "error", 1), (unable, "error", 1), (True, "nobody", 1)],
)
def test_a_question_that_is_not_answered_keeps_nobody_waiting(
    decide: Callable[..., Turn],
    model: offline.ScriptedModel,
    handler: object,
    by: str,
    notices: int,
) -> None:
    done = decide(None, "question", questions=handler)
    (kept,) = done.state.inputs
    assert (kept.answers, kept.resolved_by, done.status) == (None, by, "completed")
    assert len(done.state.notices) == notices
    assert told(model) == '{"answers":{}}'


def test_the_form_of_an_mcp_server_is_filled_in(attended: Codex, tmp_path: Path) -> None:
    async def filled_in() -> Turn:
        running = await thread_in(attended, tmp_path).start("form")
        request = await request_of(running)
        assert (request.kind, request.server, request.message) == ("form", "lab", "Who are you?")
        assert [one.id for one in request.questions] == ["city", "newsletter"]
        assert request.form is not None
        assert request.form["required"] == ["city"]
        await running.answer(request.id, {"city": "Ulm", "newsletter": False})
        return await running

    done = asyncio.run(filled_in())
    assert '{"action": "accept", "content": {"city": "Ulm", "newsletter": false}}' in result_of(
        done
    )


def test_a_form_that_nobody_fills_in_is_declined(attended: Codex, tmp_path: Path) -> None:
    done = asyncio.run(thread_in(attended, tmp_path).run("form"))
    assert '"action": "decline"' in result_of(done)


def result_of(done: Turn) -> str:
    """Return what the call of an MCP tool came to."""
    (call,) = [item for item in done.items if isinstance(item, McpToolCallItem)]
    assert call.result is not None
    return str(call.result["content"][0]["text"])


# ---- nothing gets out without leave ----------------------------------------------------------


class Stranger:
    """Another client of the CLI, which begins threads with settings of its own."""

    def __init__(self, model: offline.ScriptedModel) -> None:
        self._process = subprocess.Popen(
            [str(bundled_codex_path()), "app-server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **model.env},
        )
        self.request("initialize", {"clientInfo": {"name": "stranger", "version": "0"}})

    def request(self, method: str, params: Mapping[str, Any]) -> Any:
        self._send({"id": method, "method": method, "params": params})
        return self.until(lambda message: message.get("id") == method)["result"]

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Read up to a message; whatever the server asks is declined."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message: dict[str, Any] = json.loads(line)
            if wanted(message):
                return message
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": {"decision": "decline"}})
        raise EOFError

    def thread(self, folder: Path, prompt: str, settings: Mapping[str, Any]) -> str:
        """Begin a thread and run a turn in it; return its id."""
        told = self.request("thread/start", {"cwd": str(folder), **settings})
        thread_id = str(told["thread"]["id"])
        said = [{"type": "text", "text": prompt}]
        self.request("turn/start", {"threadId": thread_id, "input": said})
        self.until(lambda message: message.get("method") == "turn/completed")
        return thread_id

    def close(self) -> None:
        self._process.communicate(timeout=10)

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()


@pytest.fixture
def inside() -> Iterator[Path]:
    """Return a folder around which the sandbox ``workspace-write`` lets nobody write."""
    # Not in the temporary folder of pytest, which is open to all that runs in the sandbox.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as outside:
        folder = Path(outside, "inside")
        folder.mkdir()
        yield folder


def got_out(inside: Path) -> set[str]:
    """Return what was made outside."""
    return {file.name for file in inside.parent.iterdir()} - {"inside"}


def saying_no(approval: Approval) -> bool:
    return False


ASKING = {"approvalPolicy": "on-request", "sandbox": "workspace-write"}


@pytest.mark.parametrize("handler", [None, saying_no, True])
@pytest.mark.parametrize(
    ("saved", "let_out"),
    [
        ({**ASKING, "approvalsReviewer": "user"}, set()),
        # A model gives leave in place of its user.
        ({**ASKING, "approvalsReviewer": "auto_review"}, {"escaped", "patched"}),
        (
            {"approvalPolicy": "never", "sandbox": "danger-full-access"},
            {"written", "patched"},
        ),
    ],
)
def test_a_thread_of_another_clients_making_gets_no_leave_that_nobody_gave(
    model: offline.ScriptedModel,
    inside: Path,
    saved: Mapping[str, Any],
    let_out: set[str],
    handler: Any,
) -> None:
    stranger = Stranger(model)
    thread_id = stranger.thread(inside, "break out", saved)
    stranger.close()
    # What these settings let through where they count.
    assert got_out(inside) == let_out
    for name in let_out:
        (inside.parent / name).unlink()

    async def resumed() -> Turn:
        async with Codex(model.options, transport="app-server", approvals=handler) as codex:
            options: Any = {"sandbox_mode": "workspace-write", "skip_git_repo_check": True}
            thread = codex.resume_thread(thread_id, working_directory=inside, **options)
            return await thread.run("break out")

    done = asyncio.run(resumed())
    assert (done.thread_id, done.final_response) == (thread_id, "Tried.")
    assert got_out(inside) == set()
    by = {None: [], saying_no: ["handler"] * 2, True: ["nobody"] * 2}[handler]
    assert [kept.decided_by for kept in done.state.approvals] == by
    assert {kept.decision for kept in done.state.approvals} <= {"decline"}


@pytest.mark.parametrize(
    "settings",
    [
        'approvals_reviewer = "auto_review"',
        'approval_policy = "never"\nsandbox_mode = "danger-full-access"',
        'default_permissions = ":danger-full-access"',
    ],
)
@pytest.mark.parametrize(
    ("place", "handler"),
    [("config.toml", None), ("config.toml", True), ("open.config.toml", True)],
)
def test_no_configuration_lets_out_what_nobody_allowed(
    model: offline.ScriptedModel,
    inside: Path,
    tmp_path: Path,
    place: str,
    settings: str,
    handler: Any,
) -> None:
    ours = Path(model.env["CODEX_HOME"], "config.toml").read_text()
    (tmp_path / "config.toml").write_text(ours)
    (tmp_path / place).write_text(f"{settings}\n{ours}")
    profile = None if place == "config.toml" else "open"

    async def tried() -> Turn:
        env = {**model.env, "CODEX_HOME": str(tmp_path)}
        async with Codex(env=env, transport="app-server", approvals=handler) as codex:
            thread = thread_in(codex, inside, sandbox_mode="workspace-write", profile=profile)
            return await thread.run("break out")

    assert asyncio.run(tried()).final_response == "Tried."
    assert got_out(inside) == set()
