"""Asks the system which processes are left; used to show that none is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import psutil


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def descendants(pid: int | None = None) -> list[psutil.Process]:
    """Return what a process (by default this one) has started, and what that has."""
    return [p for p in psutil.Process(pid).children(recursive=True) if alive(p.pid)]


def runs(command: str, pid: int | None = None) -> bool:
    """Return whether a program runs among the descendants, with just these arguments.

    The arguments matter: the CLI has programs of its own run, a short ``sleep`` among them.
    """
    commands = []
    for process in descendants(pid):
        with suppress(psutil.NoSuchProcess):
            commands.append(process.cmdline())
    return command.split() in commands


def eventually(condition: Callable[[], object], within: float = 5.0) -> bool:
    """Return whether ``condition`` comes true in time; asks again every few milliseconds."""
    until = time.monotonic() + within
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
