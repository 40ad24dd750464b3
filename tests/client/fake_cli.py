"""A program that misbehaves as the real CLI will not do on demand.

Run as ``fake_cli.py … BEHAVIOUR`` by way of a small script that names the behaviour; see
``tests.client.conftest``. Prints the beginning of a turn and then does what it is named for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def say(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def message(text: str) -> None:
    say(type="item.completed", item={"id": "m", "type": "agent_message", "text": text})


def complete() -> None:
    say(type="turn.completed", usage={"input_tokens": 1})


def forever() -> None:
    while True:
        time.sleep(60)


def begin() -> None:
    say(type="thread.started", thread_id="fake")
    say(type="turn.started")


def main(behaviour: str) -> None:
    if behaviour == "old":
        sys.stderr.write("error: unexpected argument '--experimental-json' found\n")
        sys.exit(2)
    if behaviour == "never_reads":
        begin()
        message("x" * 400_000)
        complete()
        sys.exit(0)
    prompt = sys.stdin.read()
    begin()
    if behaviour == "echo":
        message(prompt)
        complete()
    elif behaviour == "arguments":
        message(
            json.dumps({"argv": sys.argv[1:-1], "env": dict(os.environ), "cwd": str(Path.cwd())})
        )
        complete()
    elif behaviour == "long_line":
        message("y" * 20_000_000)
        complete()
    elif behaviour == "floods_stderr":
        for _ in range(100):
            sys.stderr.write("z" * 100_000)
        sys.stderr.write("\nlast words\n")
        sys.stderr.flush()
        sys.exit(3)
    elif behaviour == "escapes":
        sys.stderr.write("\x1b]0;title\x07\x1b[2Jlast words\n")
        sys.exit(1)
    elif behaviour == "dies_mid_line":
        message("kept")
        sys.stdout.write('{"type": "item.comple')
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "noise":
        print("WARNING: hello from a proxy")
        message("fine")
        complete()
    elif behaviour == "error_then_exit_0":
        say(type="error", message="the model is gone")
    elif behaviour == "deaf":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        message("deaf")
        forever()
    elif behaviour == "polite":
        signal.signal(signal.SIGINT, lambda *_: sys.exit(1))
        message("half")
        forever()
    elif behaviour == "leaves_child":
        # In a session of its own, holding stdout: neither a group signal nor a closed pipe ends it.
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        message(str(child.pid))
        complete()
    elif behaviour == "with_child":
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        message(str(child.pid))
        forever()
    elif behaviour == "stays_after_end":
        message("done")
        complete()
        os.close(1)
        forever()
    else:
        raise SystemExit(f"no behaviour {behaviour}")


if __name__ == "__main__":
    main(sys.argv[-1])
