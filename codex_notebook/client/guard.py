"""The guard: a small process that runs the CLI and outlives our own, to leave nothing behind.

Run as a program, ``python -I -S guard.py LIFELINE PARENT COMMAND…``: it starts COMMAND with its
own stdin, stdout and stderr, and takes orders, one byte each, on the socket LIFELINE:

* ``I`` sends SIGINT to COMMAND alone, which is how ``codex exec`` is asked to stop;
* ``T`` ends everything that COMMAND started, and so do SIGTERM and the end of the lifeline or of
  PARENT: then our process is gone, however it went (``kill -9`` included). A COMMAND that is just
  exiting gets the time to, because a program may well end when it has its answer.

When COMMAND ends by itself, what it left running is ended too. The guard then ends as COMMAND
did, by the same exit code or signal. Orders and not signals, because a signal that comes while
Python starts up would kill the guard and leave the CLI alone.

This file is a program of its own and must be quick to start, for a turn waits for it: it imports
nothing from this package, and until the CLI has been started nothing but ``posix`` (6 ms until
the command runs, instead of 16 with the usual modules).
"""

import posix
import sys

# What a process gets to clean up between SIGTERM and SIGKILL.
TERM_GRACE = 2.0
# The same for what a finished CLI left behind.
LEFTOVER_GRACE = 0.5
# A CLI that has said its last word needs 20 ms to save its files and exit.
EXIT_GRACE = 0.3
# How often to ask whether the parent is alive: a forked child of it may hold the lifeline open.
PARENT_CHECK = 1.0

INTERRUPT = b"I"
TERMINATE = b"T"

PR_SET_CHILD_SUBREAPER = 36


def main(arguments: list[str]) -> None:
    """Run the guard; never returns."""
    lifeline, parent, command = int(arguments[0]), int(arguments[1]), arguments[2:]
    child = posix.fork()
    if child == 0:
        _run(command, lifeline)
    # From here on the CLI is starting beside us: what the guard still does costs no time.
    status, stopped = _watch(child, lifeline, parent)
    status = _end_descendants(child, status, TERM_GRACE if stopped else LEFTOVER_GRACE)
    _end_like(status)


def _run(command: list[str], lifeline: int) -> None:
    posix.close(lifeline)
    try:
        posix.execv(command[0], command)
    except OSError as error:
        posix.write(2, f"{command[0]}: {error.strerror}\n".encode())
        posix._exit(127)


def _watch(child: int, lifeline: int, parent: int) -> tuple[int | None, bool]:
    """Carry out orders until the CLI has gone or has to go.

    Returns
    -------
    tuple
        The CLI's wait status, or None if it still runs; and whether everything is to be ended.
    """
    import os
    import select
    import signal

    _become_subreaper()
    wake, poke = os.pipe()
    os.set_blocking(poke, False)
    signal.set_wakeup_fd(poke, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    terminated: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: terminated.append(number))
    # The CLI's pipes must close when the CLI ends, so the guard lets go of its own copies.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    while (status := _reap(child)) is None:
        ready, _, _ = select.select([lifeline, wake], [], [], PARENT_CHECK)
        if wake in ready:
            os.read(wake, 512)
        # An empty read is the end of the lifeline.
        orders = os.read(lifeline, 512) if lifeline in ready else None
        if orders and INTERRUPT in orders:
            _send(child, signal.SIGINT)
        if terminated or (orders and TERMINATE in orders):
            return None, True
        if orders == b"" or os.getppid() != parent:
            select.select([wake], [], [], EXIT_GRACE)
            return _reap(child), True
    return status, False


def _become_subreaper() -> None:
    """Let orphaned descendants become our children (Linux), so that we can find and end them."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _send(pid: int, number: int) -> None:
    try:  # noqa: SIM105 (contextlib costs start-up time)
        posix.kill(pid, number)
    except OSError:
        pass


def _reap(child: int) -> int | None:
    """Collect what has ended; return the CLI's wait status if it is among it."""
    status = None
    try:
        while True:
            pid, ended = posix.waitpid(-1, posix.WNOHANG)
            if pid == 0:
                return status
            if pid == child:
                status = ended
    except ChildProcessError:
        return status


def _end_descendants(child: int, status: int | None, grace: float) -> int | None:
    import signal
    import time

    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 1.0)):
        until = time.monotonic() + patience
        alive = _descendants(posix.getpid())
        for pid in alive:
            _send(pid, number)
        while alive and time.monotonic() < until:
            ended = _reap(child)
            status = ended if status is None else status
            alive = _descendants(posix.getpid())
            if alive:
                time.sleep(0.01)
    return status


def _descendants(root: int) -> list[int]:
    """Return what descends from ``root``, and what has been orphaned in its session.

    A CLI that ends at once may have orphaned something before we were a subreaper.
    """
    children: dict[int, list[int]] = {}
    found: set[int] = set()
    for pid, parent, session in _processes():
        children.setdefault(parent, []).append(pid)
        if session == root and pid != root:
            found.add(pid)
    todo = [root, *found]
    while todo:
        for pid in children.get(todo.pop(), []):
            if pid not in found:
                found.add(pid)
                todo.append(pid)
    return list(found)


def _processes() -> list[tuple[int, int, int]]:
    """Return every process that is no zombie, with its parent and its session (0: not known)."""
    import os

    processes = []
    if os.path.isdir("/proc/self"):  # noqa: PTH112 (pathlib costs start-up time)
        for name in os.listdir("/proc"):  # noqa: PTH208
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat") as stat:  # noqa: PTH123
                        fields = stat.read().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if fields[0] != "Z":
                    processes.append((int(name), int(fields[1]), int(fields[3])))
        return processes
    with os.popen("ps -axo pid=,ppid=") as listing:
        for line in listing:
            pid, parent = line.split()
            processes.append((int(pid), int(parent), 0))
    return processes


def _end_like(status: int | None) -> None:
    import os
    import signal
    import time

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
