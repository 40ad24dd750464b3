"""A scripted model: the real Codex CLI, run without an account and without a network.

The CLI runs for real, with its sandbox, commands and patches; only the model that it asks is a
server on loopback, which says what a scenario tells it to. For demos, and for tests of your own
notebooks::

    from codex_notebook import Codex, offline
    from codex_notebook.offline import command, serve, text, turn

    scenario = [
        turn(command("ls -la"), text("All **done**.", chunk=12, delay=0.02)),
        turn(text({"total": 3}), when="how many"),
    ]
    with serve(scenario) as server:
        answer = await Codex(server.options).start_thread().run("List the files")
        assert answer.final_response == "All **done**."
        assert server.requests[0].user_message == "List the files"

Steps
-----
==================================  ================================================================
``reasoning(md)``                   a summary of the model's thoughts
``text(md_or_data)``                a message; a dict or list is sent as its JSON
``command(line)``                   a shell command, run by the CLI
``patch(text)``                     a change of files, made by the CLI
``plan((text, status), ...)``       the to-do list
``search(query)``                   a web search on the model's side; nothing is looked up
``tool(name, arguments)``           a call of any other tool
``pause(seconds)``                  silence; ``pause(until="x")`` until ``server.release("x")``
``fail(message)``                   the model's side fails in the middle of its answer
``http_error(status, message)``     the request is refused
==================================  ================================================================

``text`` and ``reasoning`` take ``chunk=`` (characters in one delta) and ``delay=`` (seconds
between two).

Which turn answers
------------------
The first turn whose ``when`` is found in the user's latest message; the other turns answer the
other messages of a conversation, one after the other. The place is read off the request, which
holds the whole conversation, so cells can run again, threads resume, fork, and run side by side.
A message sent into a running turn is a message as any other: the next turn answers it.

As JSON
-------
``serve`` also takes the path of a JSON file, or what it holds. A step is an object with its word
and its options; ``pause(until="x")`` is ``{"until": "x"}``, and a plan is a list of pairs::

    [{"when": "fix", "steps": [{"command": "ls"}, {"pause": 0.5}, {"text": "Done.", "chunk": 12}]}]

Other clients
-------------
Any program that runs ``codex`` is led to the server by ``server.env``, and anything that speaks
the Responses API by ``server.url``. Standard library only; nothing here ever calls out.
"""

from __future__ import annotations

from codex_notebook.offline.errors import ScenarioError
from codex_notebook.offline.record import RecordedRequest
from codex_notebook.offline.scenario import Scenario
from codex_notebook.offline.server import ScriptedModel, serve
from codex_notebook.offline.steps import (
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
)
from codex_notebook.offline.turns import turn

__all__ = [
    "RecordedRequest",
    "Scenario",
    "ScenarioError",
    "ScriptedModel",
    "command",
    "fail",
    "http_error",
    "patch",
    "pause",
    "plan",
    "reasoning",
    "search",
    "serve",
    "text",
    "tool",
    "turn",
]
