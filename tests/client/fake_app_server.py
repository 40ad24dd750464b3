"""A fake of ``codex app-server`` that plays a script; tests write it with the functions below.

Run as ``fake_app_server.py SCRIPT app-server …``, by way of a small script; see
``tests.client.conftest``. SCRIPT is a JSON file: for prompts what their turns do, for methods how
they are answered, and the file in which is noted what the server is told. What a script does not
name is answered as the real server does: a prompt is echoed, an interrupt ends its turn.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = Any
Step = list[Json]

# ---- what a script is made of ------------------------------------------------------------

# Answer the request as usual.
ANSWER: Step = ["answer", None]
# Read no more, for ever.
HANG: Step = ["hang"]
# Read on until the client has answered what it was asked.
HEAR: Step = ["hear"]
# Say as the turn's message what the client has answered.
TELL: Step = ["tell"]


def answer(result: Json) -> Step:
    """Answer the request so."""
    return ["answer", result]


def refuse(message: str, code: int = -32600) -> Step:
    return ["refuse", message, code]


def note(method: str, **params: Json) -> Step:
    """Notify of something in the turn's thread.

    A parameter that is "$turn" or "$thread" becomes their ids, "$last" that of the turn before.
    """
    return ["note", method, params]


def raw(line: str) -> Step:
    return ["raw", line]


def ask(number: Json, method: str, **params: Json) -> Step:
    """Ask the client for something, by a request with this id."""
    return ["ask", number, method, params]


def wait_for(method: str) -> Step:
    """Read on until that request has come and is answered."""
    return ["wait_for", method]


def wait_for_file(path: object) -> Step:
    return ["wait_for_file", str(path)]


def flood(size: int) -> Step:
    """Write so many bytes to stderr."""
    return ["flood", size]


def die(code: int, stderr: str = "") -> Step:
    return ["die", code, stderr]


def kill(number: int) -> Step:
    """End by a signal."""
    return ["kill", number]


def started(**item: Json) -> Step:
    return note("item/started", item=item)


def completed(**item: Json) -> Step:
    return note("item/completed", item=item)


def delta(text: str, item_id: str = "m") -> Step:
    return note("item/agentMessage/delta", itemId=item_id, delta=text)


def said(text: str, item_id: str = "m") -> Step:
    return completed(type="agentMessage", id=item_id, text=text)


def ended(status: str = "completed", turn: str = "$turn") -> Step:
    return note("turn/completed", turn={"id": turn, "status": status})


BEGUN = note("turn/started", turn={"id": "$turn"})
# How most turns begin and end, and how one begins that has something to say.
BEGIN = [ANSWER, BEGUN]
SAYS = [*BEGIN, started(type="agentMessage", id="m", text="")]
END = ended()

# ---- the server --------------------------------------------------------------------------


class Server:
    """Plays a script, one message of the client after the other."""

    def __init__(self, script: Mapping[str, Json]) -> None:
        self.turns: Mapping[str, list[Step]] = script["turns"]
        self.answers: Mapping[str, list[Step]] = script["answers"]
        self.log: str = script["log"]
        self.numbers = itertools.count(1)
        # The turns that run, by their threads, and the one that ended last.
        self.running: dict[str, str] = {}
        self.last = ""
        self.heard: Json = None

    def serve(self) -> None:
        for message in self.messages():
            self.take(message)

    def messages(self) -> Iterator[Json]:
        while line := sys.stdin.buffer.readline():
            message = json.loads(line)
            self.keep(message)
            yield message

    def keep(self, told: Json) -> None:
        with open(self.log, "a") as log:  # noqa: PTH123 (pathlib takes 10 ms to import)
            log.write(json.dumps([os.getpid(), told]) + "\n")

    def take(self, message: Json) -> None:
        method = message.get("method")
        if method is None:
            self.heard = message
        elif "id" in message:
            _Request(self, message).play()

    def send(self, message: Json) -> None:
        self.write(json.dumps(message, ensure_ascii=False))

    def write(self, line: str) -> None:
        sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()

    def turn_ended(self, thread: str, turn: str, status: str) -> None:
        params = {"threadId": thread, "turn": {"id": turn, "status": status}}
        self.running.pop(thread, None)
        self.send({"method": "turn/completed", "params": params})


class _Request:
    """A request of the client, and the steps that are taken on it."""

    def __init__(self, server: Server, message: Json) -> None:
        self.server = server
        self.id = message["id"]
        self.method: str = message["method"]
        self.params: Json = message["params"]
        self.thread = self.params.get("threadId") or f"thread-{os.getpid()}-{next(server.numbers)}"
        self.turn = ""

    def play(self, steps: list[Step] | None = None) -> None:
        for verb, *arguments in self.steps() if steps is None else steps:
            getattr(self, verb)(*arguments)

    def steps(self) -> list[Step]:
        known = self.server.answers.get(self.method)
        if self.method in ("turn/start", "review/start", "thread/compact/start"):
            self.turn = f"turn-{os.getpid()}-{next(self.server.numbers)}"
            self.server.running[self.thread] = self.turn
            if known is None:
                prompt = (self.params.get("input") or [{}])[0].get("text", "")
                known = self.server.turns.get(prompt)
            if known is None:
                return [*SAYS, said(prompt), END]
        return [ANSWER] if known is None else known

    def filled(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {name: self.filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if isinstance(value, str):
            names = {"$turn": self.turn, "$thread": self.thread, "$last": self.server.last}
            return names.get(value, value)
        return value

    # ---- the steps -----------------------------------------------------------------------

    def answer(self, result: Json) -> None:
        if result is None:
            result = self.usual()
        self.server.send({"id": self.id, "result": self.filled(result)})
        running = self.server.running.get(self.thread)
        if self.method == "turn/interrupt" and running is not None:
            self.server.turn_ended(self.thread, running, "interrupted")

    def usual(self) -> Json:
        if self.method == "initialize":
            return {"userAgent": "fake/0.163.0"}
        if self.turn:
            return {"turn": {"id": self.turn}}
        if self.method in ("thread/start", "thread/resume"):
            return {"thread": {"id": self.thread}}
        return {}

    def refuse(self, message: str, code: int) -> None:
        self.server.send({"id": self.id, "error": {"code": code, "message": message}})

    def note(self, method: str, params: Json) -> None:
        # Which turn begins or ends is said within it.
        turn = {} if "turn" in params else {"turnId": self.turn}
        params = self.filled({"threadId": self.thread, **turn, **params})
        self.server.send({"method": method, "params": params})
        if method == "turn/completed" and self.turn in str(params["turn"]):
            self.server.running.pop(self.thread, None)
            self.server.last = self.turn

    def raw(self, line: str) -> None:
        self.server.write(line.replace("$thread", self.thread).replace("$turn", self.turn))

    def ask(self, number: Json, method: str, params: Json) -> None:
        common = {"threadId": self.thread, "turnId": self.turn}
        params = self.filled({**common, **params})
        self.server.send({"id": number, "method": method, "params": params})

    def hear(self) -> None:
        self._read_until(lambda message: "method" not in message)

    def wait_for(self, method: str) -> None:
        self._read_until(lambda message: message.get("method") == method)

    def _read_until(self, condition: Callable[[Json], bool]) -> None:
        for message in self.server.messages():
            self.server.take(message)
            if condition(message):
                return
        sys.exit()

    def wait_for_file(self, path: str) -> None:
        while not os.path.exists(path):  # noqa: PTH110
            time.sleep(0.005)

    def tell(self) -> None:
        heard = {name: value for name, value in self.server.heard.items() if name != "id"}
        self.play([said(json.dumps(heard))])

    def flood(self, size: int) -> None:
        sys.stderr.write("chatter\n" * (size // 8))
        sys.stderr.flush()

    def hang(self) -> None:
        while True:
            signal.pause()

    def die(self, code: int, stderr: str) -> None:
        sys.stderr.write(stderr)
        sys.stderr.flush()
        os._exit(code)

    def kill(self, number: int) -> None:
        os.kill(os.getpid(), number)


def main(script: str, *arguments: str) -> None:
    with open(script) as file:  # noqa: PTH123
        server = Server(json.load(file))
    if arguments == ("--version",):
        print("codex-cli 0.1.0-fake")
        return
    server.keep({"arguments": arguments})
    start = _Request(server, {"id": None, "method": "start", "params": {}})
    start.play(server.answers.get("start", []))
    server.serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
