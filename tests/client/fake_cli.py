"""A program that misbehaves as the real CLI will not do on demand.

Run as ``fake_cli.py … BEHAVIOUR`` by way of a small script that names the behaviour; see
``tests.client.conftest``. Prints the beginning of a turn and then does what it is named for. Each
start is noted in the file that the variable ``FAKE_CLI_LOG`` names, if it names one: the process's
id and its arguments.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# What is odd about some of these comes before the turn begins, or only in a later one.
ECHOES = ("echo", "noise_first", "other_thread", "busy_when_resumed", "fails_to_fork")


def say(**event: object) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def message(text: str) -> None:
    say(type="item.completed", item={"id": "m", "type": "agent_message", "text": text})


def complete() -> None:
    say(type="turn.completed", usage={"input_tokens": 1})


def forever() -> None:
    if "FAKE_CLI_LOG" in os.environ:
        # Whoever waits for this knows that all has been said and every signal is set.
        Path(os.environ["FAKE_CLI_LOG"] + ".waits").touch()
    while True:
        time.sleep(60)


def leave_slowly(*_: object) -> None:
    time.sleep(0.3)
    os._exit(1)


def save_and_leave(*_: object) -> None:
    # Not at once, as the real one: who sends more than this first signal keeps it from it.
    time.sleep(0.2)
    Path(os.environ["FAKE_CLI_LOG"] + ".saved").touch()
    os._exit(1)


def begin(thread_id: str = "fake") -> None:
    say(type="thread.started", thread_id="forked" if "fork" in sys.argv else thread_id)
    say(type="turn.started")


def die(words: str, code: int = 1) -> None:
    sys.stderr.write(words)
    sys.stderr.flush()
    sys.exit(code)


def note_start() -> None:
    if "FAKE_CLI_LOG" in os.environ:
        with Path(os.environ["FAKE_CLI_LOG"]).open("a") as log:
            log.write(json.dumps([os.getpid(), *sys.argv[1:-1]]) + "\n")


def temporary_files() -> list[dict[str, object]]:
    """Return what the arguments name: the schema and the images, with their modes."""
    flags = ("--output-schema", "--image")
    files = [Path(v) for f, v in zip(sys.argv, sys.argv[1:], strict=False) if f in flags]
    return [
        {
            "path": str(file),
            "mode": file.stat().st_mode & 0o777,
            "folder_mode": file.parent.stat().st_mode & 0o777,
            "content": file.read_bytes().decode("latin-1"),
        }
        for file in files
    ]


def main(behaviour: str) -> None:
    note_start()
    if behaviour == "refuses":
        # Without having read anything.
        die("Error: the config is bad\n", 1)
    if behaviour == "unknown_argument":
        die("error: unexpected argument '--cyber-access-program' found\n\nUsage: codex\n", 2)
    if behaviour == "old":
        sys.stderr.write("error: unexpected argument '--experimental-json' found\n")
        sys.exit(2)
    if behaviour == "never_reads":
        begin()
        message("x" * 400_000)
        complete()
        sys.exit(0)
    if behaviour == "slow_to_leave":
        signal.signal(signal.SIGINT, leave_slowly)
    prompt = sys.stdin.read()
    resumed = "resume" in sys.argv
    if behaviour == "noise_first":
        os.write(1, b'\xef\xbb\xbfWARNING: hello\n\n \t\r\nnull\n42\n[]\n"text"\n{"type":\n')
    if behaviour == "busy_when_resumed" and resumed:
        die("Error: thread/resume failed: thread fake already has an active writer\n")
    if behaviour == "other_thread" and resumed:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        begin("other")
        forever()
    if behaviour == "fails_to_fork" and "fork" in sys.argv:
        die(f"Error: cannot fork with {os.environ['CODEX_API_KEY']}\n")
    if behaviour == "waits_for_file":
        thread_id = sys.argv[-2] if resumed else f"thread-{os.getpid()}"
        begin(thread_id)
        while not Path(prompt).exists():
            time.sleep(0.01)
        message(thread_id)
        complete()
        sys.exit(0)
    begin()
    if behaviour in ECHOES:
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
    elif behaviour == "deaf_to_interrupts":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        message("deaf")
        forever()
    elif behaviour == "saves_when_interrupted":
        signal.signal(signal.SIGINT, save_and_leave)
        message("half")
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
    elif behaviour == "byte_by_byte":
        item = {"id": "m", "type": "agent_message", "text": 'ü€😀\u2028\r\n"\\'}
        lines = [{"type": "item.completed", "item": item}, {"type": "turn.completed"}]
        for line in lines:
            for byte in json.dumps(line, ensure_ascii=False).encode() + b"\r\n":
                os.write(1, bytes([byte]))
                os.sched_yield()
    elif behaviour == "invalid_utf_8":
        item = {"id": "m", "type": "agent_message", "text": "a?b"}
        line = json.dumps({"type": "item.completed", "item": item}).encode()
        os.write(1, line.replace(b"?", b"\xff\xc3") + b"\n\xfe\xff\n")
        complete()
    elif behaviour == "without_id_and_usage":
        say(type="item.completed", item={"type": "agent_message", "text": "one"})
        say(type="item.completed", item={"type": "agent_message", "text": "two"})
        say(type="turn.completed")
    elif behaviour == "unknown_kinds":
        say(type="item.completed", item={"id": "h", "type": "hologram", "light": [1, 2]})
        say(type="item.completed", item={"type": "hologram"})
        say(type="item.completed", item="no object")
        say(type="thread.dreamt", dream={"of": "sheep"})
        say(no="type")
        message("fine")
        say(type="turn.completed", usage={"input_tokens": 1, "dreams": 2}, new="field")
    elif behaviour == "dangling":
        command = {"id": "c", "type": "command_execution", "command": "sleep 9"}
        say(type="item.started", item={**command, "status": "in_progress", "exit_code": None})
        message("bye")
        complete()
    elif behaviour == "temporary_files":
        message(json.dumps(temporary_files()))
        complete()
    elif behaviour == "holds_files":
        message(json.dumps(temporary_files()))
        if prompt != "complete":
            forever()
        complete()
    elif behaviour == "saves_after_end":
        # As the real one, which needs 20 ms for it and which an interrupt keeps from it.
        saved = Path(os.environ["FAKE_CLI_LOG"] + ".saved")
        message("saved" if saved.exists() else prompt)
        complete()
        time.sleep(0.2)
        saved.touch()
    elif behaviour == "slow_to_leave":
        message("here")
        forever()
    elif behaviour.startswith("leaks"):
        key = os.environ["CODEX_API_KEY"]
        print(f"a proxy logs {key}")
        say(type="error", message=f"refused: {key}")
        say(type="keys", key=key)
        say(type="item.completed", item={"id": "k", "type": key, "key": key})
        say(type="item.completed", item={"id": "e", "type": "error", "message": key})
        message(f"The key is {key}.")
        if behaviour == "leaks_and_completes":
            complete()
        elif behaviour == "leaks_and_fails":
            say(type="turn.failed", error={"message": f"Incorrect API key provided: {key}"})
            sys.exit(1)
        elif behaviour == "leaks_and_hangs":
            forever()
        elif behaviour == "leaks_and_dies":
            die(f"Authorization: Bearer {key}\n", 3)
        elif behaviour == "leaks_at_the_cut":
            # Only the end of stderr is kept, and the cut goes through the key.
            die(key + "." * (8192 - len(key) // 2), 3)
    else:
        raise SystemExit(f"no behaviour {behaviour}")


if __name__ == "__main__":
    main(sys.argv[-1])
