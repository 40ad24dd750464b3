"""The guard: a small process that runs the CLI and outlives our own, to leave nothing behind.

Run as a program, ``python -I -S guard.py LIFELINE PARENT COMMAND…``: it starts COMMAND with its
own stdin, stdout and stderr, and takes orders, one byte each, on the socket LIFELINE:

* ``I`` sends SIGINT to COMMAND alone, which is how ``codex exec`` is asked to stop;
* ``T`` ends everything that COMMAND started, and so do SIGTERM and the end of the lifeline or of
  PARENT: then our process is gone, however it went (``kill -9`` included).

When COMMAND ends by itself, what it left running is ended too. The guard then ends as COMMAND
did, by the same exit code or signal. Orders and not signals, because a signal that comes while
Python starts up would kill the guard and leave the CLI alone.

This file is a program of its own and must stay quick to start: nothing but a few modules of the
standard library, nothing from this package.
"""

import contextlib
import os
import select
import signal
import sys
import time

# What a process gets to clean up between SIGTERM and SIGKILL.
TERM_GRACE = 2.0
# The same for what a finished CLI left behind, whose result somebody is waiting for.
LEFTOVER_GRACE = 0.5
# How often to ask whether the parent is alive: a forked child of it may hold the lifeline open.
PARENT_CHECK = 1.0

INTERRUPT = b"I"
TERMINATE = b"T"

PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> None:
    """Run the guard; never returns."""
    lifeline, parent, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    child = os.fork()
    if child == 0:
        _run(command, lifeline)
    # From here on the CLI is already starting: what the guard still does costs no time.
    _become_subreaper()
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.set_wakeup_fd(poke, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    # The CLI's pipes must close when the CLI ends, so the guard lets go of its own copies.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    status = _reap(child)
    while status is None and not stop:
        ready, _, _ = select.select([lifeline, wake], [], [], PARENT_CHECK)
        if wake in ready:
            os.read(wake, 512)
        orders = os.read(lifeline, 512) if lifeline in ready else None
        if orders is not None and INTERRUPT in orders:
            _send(child, signal.SIGINT)
        if orders == b"" or (orders and TERMINATE in orders) or os.getppid() != parent:
            stop.append(signal.SIGTERM)
        status = _reap(child)
    grace = TERM_GRACE if status is None else LEFTOVER_GRACE
    status = _end_descendants(child, status, grace)
    _end_like(status)


def _become_subreaper() -> None:
    """Let orphaned descendants become our children (Linux), so that we can find and end them."""
    if sys.platform == "linux":
        # Imported here because it costs a third of the guard's start-up (5 of 16 ms).
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _run(command: list[str], lifeline: int) -> None:
    os.close(lifeline)
    try:
        os.execv(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _reap(child: int) -> int | None:
    """Collect what has ended; return the CLI's wait status if it is among it."""
    status = None
    try:
        while True:
            pid, ended = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return status
            if pid == child:
                status = ended
    except ChildProcessError:
        return status


def _end_descendants(child: int, status: int | None, grace: float) -> int | None:
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 1.0)):
        until = time.monotonic() + patience
        alive = _descendants(os.getpid())
        for pid in alive:
            _send(pid, number)
        while alive and time.monotonic() < until:
            ended = _reap(child)
            status = ended if status is None else status
            alive = _descendants(os.getpid())
            if alive:
                time.sleep(0.01)
    return status


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    todo = [root]
    while todo:
        for pid in children.get(todo.pop(), []):
            found.append(pid)
            todo.append(pid)
    return found


def _processes() -> list[tuple[int, int]]:
    pairs = []
    if os.path.isdir("/proc/self"):  # noqa: PTH112 (pathlib costs start-up time)
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as stat:  # noqa: PTH123
                        fields = stat.read().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if fields[0] != "Z":
                    pairs.append((int(name), int(fields[1])))
        return pairs
    with os.popen("ps -axo pid=,ppid=") as listing:
        for line in listing:
            pid, parent = line.split()
            pairs.append((int(pid), int(parent)))
    return pairs


def _end_like(status: int | None) -> None:
    if status is None:
        os._exit(128 + signal.SIGTERM)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        import resource

        # Dying by the CLI's signal tells our parent what happened; a second core dump would not.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(1.0)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1:])
