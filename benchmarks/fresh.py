"""Work in a fresh interpreter, and how much memory an interpreter took at its peak."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_PROGRAM = """\
import json, sys
from {module} import {name} as work
print(json.dumps(work(*json.loads(sys.argv[1]))))"""


def in_fresh_process(work: Callable[..., T], *arguments: object) -> T:
    """Return what ``work(*arguments)`` gives in an interpreter that has done nothing else.

    Parameters
    ----------
    work : callable
        A function of a module; what it takes and gives must be JSON.
    *arguments
        What it is called with.
    """
    program = _PROGRAM.format(module=work.__module__, name=work.__name__)
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(arguments)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        check=True,
    )
    result: T = json.loads(done.stdout.splitlines()[-1])
    return result


def peak_memory() -> int:
    """Return the most bytes of memory that this process ever had, those of its children not."""
    status = Path("/proc/self/status")
    if not status.exists():
        # macOS, which counts in bytes.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # And not by `getrusage`, which on Linux knows also what the parent had when it forked.
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])
