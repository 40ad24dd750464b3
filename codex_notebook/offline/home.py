"""What makes a CLI talk to the scripted model alone: its configuration, home and environment.

Knows the CLI's names for things, and nothing of scenarios or of how the model is served.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DEFAULT_MODEL = "gpt-5.5"
"""A model that CLI 0.163 knows; one it does not know costs a warning in every turn."""

_PROVIDER = "scripted"
# Where a temporary folder may lie beside the usual place on POSIX systems.
_OTHER_TEMPORARY = Path("/var/tmp")


def provider_config(url: str, model: str) -> dict[str, Any]:
    """Return the CLI configuration, as nested names, that leads to the model at `url`."""
    return {
        "model": model,
        "model_provider": _PROVIDER,
        "model_providers": {
            _PROVIDER: {
                "name": "Scripted model",
                "base_url": url,
                "wire_api": "responses",
                "requires_openai_auth": False,
                "supports_websockets": False,
                # A scripted failure is meant; to try again would only repeat it, later.
                "request_max_retries": 0,
                "stream_max_retries": 0,
            }
        },
        # A thread would run a login shell, and with it somebody's profile, to see what it sets.
        # And each of the others makes the CLI call out: for plug-ins to chatgpt.com and
        # api.github.com, and for telemetry to ab.chatgpt.com (seen with strace, CLI 0.163); in its
        # terminal interface, for newer versions.
        "features": {"shell_snapshot": False, "plugins": False},
        "analytics": {"enabled": False},
        "check_for_update_on_startup": False,
    }


def temporary_home(config: Mapping[str, Any]) -> tempfile.TemporaryDirectory[str]:
    """Make a CLI home whose ``config.toml`` says `config`; cleaning it up removes it."""
    home = tempfile.TemporaryDirectory(
        prefix="codex-offline-", dir=_place(), ignore_cleanup_errors=True
    )
    # A CLI that is still ending when its home goes makes some folders of it anew.
    atexit.register(shutil.rmtree, home.name, ignore_errors=True)
    lines = [f"{name} = {value}\n" for name, value in _toml(config)]
    Path(home.name, "config.toml").write_text("".join(lines), "utf-8")
    return home


def environment(home: str, host: str) -> dict[str, str]:
    """Return the environment variables of a CLI that lives in `home`.

    Parameters
    ----------
    home : str
        The folder of the CLI.
    host : str
        The server's address. The CLI would reach even a loopback address through a proxy if
        the environment names one, so this excepts it.
    """
    excepted = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    return {
        "CODEX_HOME": home,
        "NO_PROXY": f"{excepted},{host}" if excepted else host,
        # Where no other shell is above it, bash takes a socket on its stdin, which the CLI gives
        # it, for a login from afar, and reads somebody's profile.
        "SHLVL": "1",
    }


def _place() -> Path | None:
    """Return where the home shall lie, or None for the usual place.

    In the temporary folder the CLI warns that it makes no helper programs there, and sandboxed
    commands can write to it, so that a command could change the CLI's own configuration.
    """
    usual, other = Path(tempfile.gettempdir()).resolve(), _OTHER_TEMPORARY.resolve()
    fit = other.is_dir() and os.access(other, os.W_OK) and not other.is_relative_to(usual)
    return other if fit else None


def _toml(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _toml(value, f"{prefix}{name}.")
        else:
            # The values are texts, numbers and bools, which JSON and TOML write alike.
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)
