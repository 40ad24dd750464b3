"""What a panel shows of something that the agent asked: leave for an act, or an answer.

One plain JSON value for both, so that a panel has one list of what waits. Knows asks; not who
decides or how.
"""

from __future__ import annotations

import shlex
from typing import Any

from codex_notebook.core.asks import Approval, InputRequest, Question
from codex_notebook.core.cards import change_of, elsewhere, inner_command, pretty, shown_path

Json = Any


def ask_view(ask: Approval | InputRequest, root: str | None) -> dict[str, Json]:
    """Return what a panel shows of ``ask``; all kinds have the same fields.

    Parameters
    ----------
    ask : Approval or InputRequest
        What was asked, and what was decided if it was.
    root : str or None
        The working directory; paths inside it are shown relative to it.
    """
    return _approval(ask, root) if isinstance(ask, Approval) else _input(ask)


def _approval(ask: Approval, root: str | None) -> dict[str, Json]:
    return {
        "id": ask.id,
        "kind": ask.kind,
        "item_id": ask.item_id,
        "thread_id": ask.thread_id,
        "reason": ask.reason,
        "decisions": list(ask.decisions),
        "command": inner_command(ask.command) if ask.command else None,
        "elsewhere": elsewhere(ask.cwd, root),
        "changes": [change_of(change, root) for change in ask.changes],
        "grant_root": shown_path(ask.grant_root, root) if ask.grant_root else None,
        "permissions": pretty(ask.permissions) or None,
        "rule": shlex.join(ask.rule) if ask.rule else None,
        "host": ask.host,
        "server": ask.server,
        "tool": ask.tool,
        "arguments": pretty(ask.arguments) or None,
        "questions": [],
        "form": None,
        "url": None,
        "decision": ask.decision,
        "by": ask.decided_by,
        "answers": None,
    }


def _input(ask: InputRequest) -> dict[str, Json]:
    return {
        "id": ask.id,
        "kind": ask.kind,
        "item_id": ask.item_id,
        "thread_id": ask.thread_id,
        "reason": ask.message or None,
        "decisions": [],
        "command": None,
        "elsewhere": None,
        "changes": [],
        "grant_root": None,
        "permissions": None,
        "rule": None,
        "host": None,
        "server": ask.server,
        "tool": None,
        "arguments": None,
        "questions": [_question(question) for question in ask.questions],
        "form": ask.form,
        "url": ask.url,
        # Whether it was answered, in one word with approvals.
        "decision": None
        if ask.resolved_by is None
        else "decline"
        if ask.answers is None
        else "accept",
        "by": ask.resolved_by,
        "answers": ask.answers,
    }


def _question(question: Question) -> dict[str, Json]:
    return {
        "id": question.id,
        "header": question.header,
        "question": question.question,
        "options": [option.model_dump() for option in question.options],
        "is_other": question.is_other,
        "is_secret": question.is_secret,
    }
