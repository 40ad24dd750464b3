"""A CLI that prints as much, and as slowly, as its prompt says; and a client that runs it.

As a program it needs nothing but the standard library, and little of that. The prompt is one of

- ``message BYTES``: a message of that length, in one line;
- ``commands COUNT BYTES``: that many commands, the output of each of that length;
- ``commands COUNT BYTES SECONDS``: the same, with a pause after each of them.

Lengths are those of the JSON, in which a newline, one in 80 bytes, is written as two of them.
"""

from __future__ import annotations

import json
import shlex
import sys
import time

# As `typing` says it, which would take half of this program's start.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from codex_notebook import Codex

_LINE = "x" * 78 + "\n"


def fake_codex(folder: Path) -> Codex:
    """Return a client whose CLI is this program, by way of a script in ``folder``."""
    # Imported here: the program has neither our package nor any other.
    from codex_notebook import Codex, CodexOptions

    script = folder / "codex"
    command = shlex.join([sys.executable, "-I", "-S", __file__])
    script.write_text(f"#!/bin/sh\nexec {command}\n", encoding="utf-8")
    script.chmod(0o755)
    # A key, so that it is not asked whether it is logged in.
    return Codex(CodexOptions(codex_path_override=script, api_key="sk-fake"))


def _text(size: str) -> str:
    return _LINE * (int(size) // (len(_LINE) + 1))


def _say(**event: object) -> None:
    print(json.dumps(event), flush=True)


def _message(size: str) -> None:
    _say(type="item.completed", item={"id": "m", "type": "agent_message", "text": _text(size)})


def _commands(count: str, size: str, pause: str = "0") -> None:
    output = _text(size)
    for number in range(int(count)):
        item = {"id": f"item_{number}", "type": "command_execution", "command": "make"}
        _say(type="item.started", item=item)
        ended = {"aggregated_output": output, "exit_code": 0, "status": "completed"}
        _say(type="item.completed", item={**item, **ended})
        time.sleep(float(pause))


def _main() -> None:
    kind, *numbers = sys.stdin.read().split()
    _say(type="thread.started", thread_id="fake")
    _say(type="turn.started")
    says: Callable[..., None] = _message if kind == "message" else _commands
    says(*numbers)
    _say(type="turn.completed", usage={"input_tokens": 1})


if __name__ == "__main__":
    _main()
