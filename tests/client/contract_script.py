"""What the scripted model says in the scenarios of the contract, and what lies in their folder.

Knows which turns there are; not how they are played (see ``test_contract``) or compared.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from codex_notebook.offline import (
    command,
    fail,
    http_error,
    patch,
    pause,
    plan,
    reasoning,
    search,
    text,
    tool,
    turn,
)
from codex_notebook.offline.steps import Step

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FILES = {
    "a.txt": b"one\ntwo\n",
    "crlf.txt": b"one\r\ntwo\r\n",
    "empty.txt": b"",
    "gone.txt": b"bye\n",
    "long.txt": b"".join(b"%d\n" % number for number in range(60)),
    "pixel.png": PIXEL,
    "unended.txt": b"one\ntwo",
}
PROFILES = {
    "quick": """
        model_reasoning_effort = "low"
        web_search = "live"
        model = "mystery"
        [sandbox_workspace_write]
        network_access = true
    """,
    "bold": """
        model_reasoning_effort = "low"
        model = "mystery"
        sandbox_mode = "danger-full-access"
        approval_policy = "on-request"
        [sandbox_workspace_write]
        network_access = true
        [features]
        shell_tool = false
    """,
}


@dataclass(frozen=True)
class Scripted:
    """A scenario of one turn, whose prompt is its name.

    Attributes
    ----------
    steps : tuple of step
        What the model says and does.
    items : str
        What ``codex exec`` tells of it: the types of its items.
    fails : bool
        Whether the turn fails.
    sees, misses : str
        What the model's last request holds, and what it does not hold.
    usage : dict
        What each of them costs.
    options : dict
        What its thread is told.
    """

    steps: tuple[Step, ...]
    items: str
    fails: bool = False
    sees: str = ""
    misses: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


def says(*steps: Step, items: str = "agent_message", **more: Any) -> Scripted:
    return Scripted(steps, items, **more)


def told(sees: str, items: str = "agent_message", **options: Any) -> Scripted:
    return Scripted((text("Hello."),), items, sees=sees, options=options)


def told_not(misses: str, **options: Any) -> Scripted:
    return Scripted((text("Hello."),), "agent_message", misses=misses, options=options)


def runs(*steps: Step, **more: Any) -> Scripted:
    return says(*steps, text("Done."), items="command_execution agent_message", **more)


def patches(*lines: str, items: str = "file_change agent_message") -> Scripted:
    whole = "\n".join(("*** Begin Patch", *lines, "*** End Patch"))
    return says(patch(whole), text("Patched."), items=items)


def updates(name: str, *lines: str) -> Scripted:
    return patches(f"*** Update File: {name}", "@@", *lines)


ESCAPE = {"cmd": "touch /opt/x", "sandbox_permissions": "require_escalated", "justification": "?"}
QUESTION = {
    "id": "q",
    "header": "Which",
    "question": "Which one?",
    "options": [{"label": label, "description": label} for label in ("a", "b")],
}

SCRIPTED = {
    "a text": says(text("Hello.")),
    "a text in pieces": says(text("Hello, **you** there. 😀", chunk=3)),
    "nothing but thoughts": says(reasoning("**Hm**\n\nSo."), items="reasoning"),
    "thoughts and several texts": says(
        reasoning("**Hm**\n\nSo.", chunk=2),
        text("First."),
        reasoning("Then"),
        text("Second."),
        items="reasoning agent_message reasoning agent_message",
    ),
    "a large text": says(text("Long."), usage={"input_tokens": 250_000}),
    "a command": runs(command("echo out"), sees="Output:\\nout\\n"),
    "a command that fails": runs(command("echo bad >&2; exit 3"), sees="exited with code 3"),
    "a command without output": runs(command("true")),
    "a command with much output": runs(command("seq 1 300000")),
    "a command with a line of megabytes": runs(command("head -c 1300000 /dev/zero | tr '\\0' x")),
    "a command with bytes that are no text": runs(command("printf 'a\\377b\\033[31mred\\r\\n'")),
    # Of one that is denied at once the CLI tells nothing, but for a busy machine.
    "a command that the sandbox keeps in": runs(
        command("sleep 0.5; touch /opt/x"), sees="exited with code 1"
    ),
    "a command that needs leave": says(
        tool("exec_command", ESCAPE), text("No."), sees="approval policy is Never"
    ),
    "several commands": says(
        command("echo 1"),
        command("exit 1"),
        text("Done."),
        items="command_execution command_execution agent_message",
    ),
    "a tool that there is not": says(tool("nonsense"), text("No."), sees="unsupported call"),
    "a question to nobody": says(
        tool("request_user_input", {"questions": [QUESTION]}), text("Well.")
    ),
    "a look at an image": says(tool("view_image", {"path": "pixel.png"}), text("Seen.")),
    "a file added": patches("*** Add File: sub/new.txt", "+new", "+file"),
    "a file updated": updates("a.txt", " one", "-two", "+TWO"),
    "a long file updated in two places": updates(
        "long.txt", " 4", "-5", "+five", " 6", "@@", " 39", "-40", "+forty", "+and more"
    ),
    "a file deleted": patches("*** Delete File: gone.txt"),
    "an empty file deleted": patches("*** Delete File: empty.txt"),
    "a file moved": patches(
        "*** Update File: a.txt", "*** Move to: sub/b.txt", "@@", " one", "-two", "+zwei"
    ),
    "a file with the line ends of Windows": updates("crlf.txt", "-two", "+zwei"),
    "a file that ends without a line end": updates("unended.txt", "-two", "+zwei"),
    "several files at once": patches(
        "*** Update File: a.txt",
        "@@",
        "-one",
        "+eins",
        "*** Add File: new.txt",
        "+new",
        "*** Delete File: gone.txt",
    ),
    "one file twice": says(
        patch("*** Begin Patch\n*** Add File: n\n+x\n*** End Patch"),
        patch("*** Begin Patch\n*** Update File: n\n@@\n-x\n+y\n*** End Patch"),
        text("Patched."),
        items="file_change file_change agent_message",
    ),
    "a patch that does not fit": patches(
        "*** Update File: a.txt", "@@", "-nothing like it", "+x", items="agent_message"
    ),
    "a patch that breaks off": patches("*** Add File: n", "+x", "*** Add File: a.txt/n", "+x"),
    "a patch outside of the sandbox": patches("*** Add File: /opt/x", "+x", items="agent_message"),
    "a plan": says(
        plan(("a", "in_progress"), ("b", "pending")),
        plan(("a", "completed"), ("b", "in_progress")),
        text("Planned."),
        items="todo_list agent_message",
    ),
    "a web search": says(search("cats"), text("Found."), items="web_search agent_message"),
    "no login": says(http_error(401, "Missing bearer authentication"), items="", fails=True),
    "too many requests": says(http_error(429), items="", fails=True),
    "an error of the server": says(http_error(500), items="", fails=True),
    "a request that is refused": says(http_error(400, "What?"), items="", fails=True),
    "a model that breaks off": says(text("Begun."), fail("boom"), fails=True),
    "a context that is full": says(
        text("Begun."), fail("It is too long.", "context_length_exceeded"), fails=True
    ),
    "no more quota": says(fail("Pay.", "insufficient_quota"), items="", fails=True),
    "a model that breaks off behind a command": says(
        command("echo out"), fail("boom"), items="command_execution", fails=True
    ),
    "another model": told('"model": "gpt-5.4"', "error agent_message", model="gpt-5.4"),
    "an effort": told('"effort": "high"', model_reasoning_effort="high"),
    "reading only": told("`sandbox_mode` is `read-only`", sandbox_mode="read-only"),
    "no sandbox": told("danger-full-access", sandbox_mode="danger-full-access"),
    "the network": told("Network access is enabled", network_access_enabled=True),
    "another directory": told("<root>/usr</root>", additional_directories=["/usr"]),
    "no web search": told_not('"web_search"', web_search_mode="disabled"),
    "a live web search": told('"external_web_access": true', web_search_mode="live"),
    "features on and off": told_not('"exec_command"', enable=["goals"], disable=["shell_tool"]),
    "no plan to keep": told_not('"update_plan"', todo_list=False),
    "a source": told(r"\"thread_source\":\"contract\"", thread_source="contract"),
    "a thread of which nothing is kept": told("", ephemeral=True),
    "a failure of which nothing is kept": says(
        http_error(429), items="", fails=True, options={"ephemeral": True}
    ),
    "a profile": told('"effort": "low"', profile="quick"),
    "a profile beneath the thread": told(
        "Network access is restricted",
        profile="bold",
        model="gpt-5.5",
        network_access_enabled=False,
        model_reasoning_effort="high",
        enable=["shell_tool"],
    ),
}

MODEL = [
    *(
        turn(*scripted.steps, when=f"^{re.escape(name)}$", usage=scripted.usage)
        for name, scripted in SCRIPTED.items()
    ),
    turn(text({"name": "a", "n": 1}), when="^a row$"),
    turn(text({"value": [1, 2]}), when="^numbers$"),
    turn(reasoning("Hm"), text("Begun."), command("echo out; sleep 600"), when="^run for long$"),
    turn(reasoning("Hm"), text("Slow", chunk=1, delay=30), when="^speak slowly$"),
    turn(pause(until="nobody does"), text("Late."), when="^wait$"),
    turn(
        tool("exec_command", {"cmd": "sleep 600", "login": False, "yield_time_ms": 250}),
        text("Early."),
        when="^begin something$",
    ),
    turn(
        tool("reply", {"result": {"content": [{"type": "text", "text": "a"}]}}, "mcp__lab"),
        tool(
            "reply",
            {"result": {"content": [], "structuredContent": {"a": 1}, "_meta": {"b": 2}}},
            "mcp__lab",
        ),
        tool(
            "reply",
            {"result": {"content": [{"type": "text", "text": "It broke."}], "isError": True}},
            "mcp__lab",
        ),
        tool("reply", {"error": {"code": -32000, "message": "no"}}, "mcp__lab"),
        tool("wipe", {"result": {"content": []}}, "mcp__lab"),
        text("Called."),
        when="^call tools$",
    ),
    # The agent waits for its sub-agent to begin, which then outlives it: so nothing is a race.
    turn(
        tool("spawn_agent", {"message": "be quick"}, "multi_agent_v1"),
        command("until test -e child; do sleep 0.01; done"),
        text("Begun."),
        when="^spawn$",
    ),
    turn(command("touch child; sleep 600"), when="be quick"),
    turn(text("Reviewed."), when="^Review the current code changes"),
    turn(text("Anything.")),
]
