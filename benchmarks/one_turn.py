"""The smallest programs that run a turn, one for each client; each tells its memory at its peak.

They run in fresh processes, so this file itself imports no client, nor anything that does.
"""

from __future__ import annotations

from typing import Literal

from benchmarks.fresh import peak_memory

PROMPT = "Say hello."
ANSWER = "Hello from the scripted model."


def by_nothing() -> int:
    """Run none: what Python itself takes, with what tells it."""
    return peak_memory()


def by_codex_notebook(
    transport: Literal["exec", "app-server"], folder: str, env: dict[str, str]
) -> int:
    """Run it by `codex_notebook`."""
    from codex_notebook import Codex

    codex = Codex(transport=transport, env=env)
    thread = codex.start_thread(working_directory=folder, skip_git_repo_check=True)
    assert thread.run_sync(PROMPT).final_response == ANSWER
    return peak_memory()


def by_openai_codex(folder: str, env: dict[str, str]) -> int:
    """Run it by the official SDK, which has the live transport only."""
    from openai_codex import ApprovalMode, Codex, CodexConfig, Sandbox

    with Codex(CodexConfig(env=env)) as codex:
        thread = codex.thread_start(
            cwd=folder, sandbox=Sandbox.read_only, approval_mode=ApprovalMode.deny_all
        )
        assert thread.run(PROMPT).final_response == ANSWER
        return peak_memory()
