"""What a user waits for at the start: imports, and ``%load_ext``, in fresh interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.sampling import alternately
from benchmarks.table import Measurement

_IMPORT_GOAL = 1.5
_OFFICIAL_GOAL = 1.0

_SHELL = """\
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()"""
_TIMED = """\
{before}
import time
begun = time.perf_counter()
{statement}
print(time.perf_counter() - begun)"""


def measure(quick: bool) -> Measurement:
    """Start 15 interpreters for each statement (two if ``quick``)."""
    repetitions = 2 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        timed = [
            partial(_seconds, _TIMED.format(before=before, statement=statement), Path(folder))
            for before, statement in (
                ("", "import pydantic"),
                ("", "from pydantic import BaseModel"),
                ("", "import codex_notebook"),
                ("", "from codex_notebook import Codex"),
                ("", "import openai_codex_sdk"),
                ("", "import openai_codex"),
                (_SHELL, "import anywidget"),
                (_SHELL, "shell.run_line_magic('load_ext', 'codex_notebook')"),
            )
        ]
        # Once for nothing, so that everything is compiled and in the system's cache.
        alternately(1, *timed)
        samples = alternately(repetitions, *timed)
    pydantic, model, package, client, peer, official, anywidget, extension = samples
    return Measurement(
        (
            pydantic.milliseconds("import pydantic"),
            package.milliseconds("import codex_notebook"),
            package.ratio("import codex_notebook / import pydantic", pydantic, _IMPORT_GOAL),
            # Either package may load its names only when they are asked for.
            model.milliseconds("from pydantic import BaseModel"),
            client.milliseconds("from codex_notebook import Codex"),
            client.ratio("import of Codex / import of BaseModel", model),
            peer.milliseconds("import openai_codex_sdk"),
            client.ratio("import of Codex / import openai_codex_sdk", peer),
            official.milliseconds("import openai_codex"),
            client.ratio("import of Codex / import openai_codex", official, _OFFICIAL_GOAL),
            anywidget.milliseconds("import anywidget, in IPython"),
            extension.milliseconds("%load_ext codex_notebook, in IPython"),
            extension.ratio("%load_ext codex_notebook / import anywidget", anywidget),
        ),
        (
            f"{repetitions} fresh interpreters each, alternately, timed from inside by "
            "perf_counter; `in IPython`: an InteractiveShell was made before.",
        ),
    )


def _seconds(program: str, folder: Path) -> float:
    env = {
        **os.environ,
        # The user's own profile stays untouched, and what it holds out of the numbers.
        "IPYTHONDIR": str(folder / "ipython"),
        # As installed packages are, all code is compiled, whatever the environment says of it.
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])
