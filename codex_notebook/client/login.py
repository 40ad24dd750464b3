"""Whether the CLI is logged in, asked before a turn: the CLI itself finds out by failing for 7 s.

Knows the CLI's home folder and its ``login status``; sees no key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from codex_notebook.client.binary import Binary, ask_cli
from codex_notebook.client.home import codex_home
from codex_notebook.errors import NotLoggedInError

# Settings with which the CLI may need no login, or keep it elsewhere than in a file. Which of
# them does what is the CLI's to know: if any is there, it is left to the CLI.
_ELSEWHERE = ("model_provider", "oss_provider", "cli_auth_credentials_store", "profile")


def check_login(binary: Binary, env: Mapping[str, str], settings: Sequence[str]) -> None:
    """Make sure that there is a login, as far as that can be known without the network.

    Parameters
    ----------
    binary : Binary
        The CLI.
    env : mapping
        Its environment.
    settings : sequence of str
        The ``key=value`` settings that are passed to it.

    Raises
    ------
    NotLoggedInError
        If there is no key, no login in the CLI's home, no setting that could make one
        unnecessary, and the CLI says that it is not logged in.
    """
    home = codex_home(env)
    if home is None or env.get("CODEX_API_KEY") or (home / "auth.json").exists():
        return
    if any(name in setting for name in _ELSEWHERE for setting in settings) or _mentions_one(
        home / "config.toml"
    ):
        return
    status = ask_cli(binary, "login", "status", env=env)
    if status is None:
        return
    if status.returncode == 1 and "Not logged in" in status.stdout + status.stderr:
        raise NotLoggedInError(
            "The Codex CLI is not logged in. Run `codex login` in a terminal, or pass a key: "
            "Codex(api_key=…) or the environment variable CODEX_API_KEY (the CLI does not read "
            "OPENAI_API_KEY)."
        )


def _mentions_one(file: Path) -> bool:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return any(name in text for name in _ELSEWHERE)
