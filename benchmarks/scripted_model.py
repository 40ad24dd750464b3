"""The scripted model in a process of its own, so that it shares no Python with what is timed.

As a program it serves the scenario that is its argument, says how to reach it in one line, and
ends with its stdin.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codex_notebook import CodexOptions, offline


@contextmanager
def scripted_model(scenario: Sequence[dict[str, Any]]) -> Iterator[CodexOptions]:
    """Serve a scenario, again and again, and give the options of a client that talks to it.

    Parameters
    ----------
    scenario : list of dict
        As `codex_notebook.offline` reads it from JSON.
    """
    with subprocess.Popen(
        [sys.executable, "-m", __name__, json.dumps(scenario)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            reached = json.loads(process.stdout.readline())
            # The CLI starts a login shell; the user's own profile would be in the numbers.
            env = {**reached["env"], "HOME": reached["env"]["CODEX_HOME"]}
            yield CodexOptions(config=reached["config"], env=env)
        finally:
            process.stdin.close()


def _main() -> None:
    with offline.serve(json.loads(sys.argv[1]), repeat=True) as server:
        print(json.dumps({"config": server.config, "env": server.env}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _main()
