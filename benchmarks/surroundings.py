"""What the benchmarks ran on: machine, Python and packages."""

from __future__ import annotations

import os
import platform
from datetime import datetime
from importlib import metadata

_PACKAGES = (
    "codex-notebook",
    "openai-codex-cli-bin",
    "openai-codex",
    "openai-codex-sdk",
    "pydantic",
    "anywidget",
    "ipywidgets",
    "ipython",
    "jupyter-client",
)


def surroundings() -> str:
    """Return what a reader needs to know of this machine to judge the numbers."""
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    return "\n".join(
        (
            f"{datetime.now().astimezone():%Y-%m-%d %H:%M %z}, {platform.platform()}, "
            f"{os.cpu_count()} cores, load before the start {load}",
            f"{platform.python_implementation()} {platform.python_version()}; "
            + ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        )
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(none)"
