"""What to do about errors that the CLI reports in words only.

``codex exec`` gives no error codes, so its sentences are matched; one that is not known here is
shown as it came.
"""

from __future__ import annotations

from codex_notebook.client.binary import HOW_TO_GET_IT

_REMEDIES = (
    (
        "Not inside a trusted directory",
        "Run inside a git repository, or pass skip_git_repo_check=True.",
    ),
    (
        "401 Unauthorized",
        "You are not logged in: run `codex login` in a terminal, or pass api_key to Codex().",
    ),
    ("--experimental-json", f"This CLI is too old. {HOW_TO_GET_IT}"),
    (
        "already has an active writer",
        "Another process is running a turn of this thread; wait until it ends.",
    ),
)


def remedy(message: str) -> str:
    """Return what to do about an error of the CLI, on a line of its own; empty if not known."""
    for said, advice in _REMEDIES:
        if said in message:
            return f"\n{advice}"
    return ""
