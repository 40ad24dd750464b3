"""What the agent asks, in words for who reads text; and what they type, as decisions and answers.

Pure: no prompt and no turn. Everything of the agent's is cleaned on its way out, for a terminal
obeys what it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codex_notebook.core.ask_view import ask_view
from codex_notebook.core.asks import Answers, Approval, Decision, InputRequest, Question
from codex_notebook.core.plain import clean, exact
from codex_notebook.core.state import TurnState

Ask = Approval | InputRequest

# What is longer is cut: who decides sees the beginning and how much is left out.
MAX_LINES = 40
MAX_SUMMARY = 100

_LABELS: dict[Decision, str] = {
    "accept": "approve",
    "accept_for_session": "approve, and the like for this session",
    "accept_with_rule": "approve, and always from now on",
    "decline": "deny; the agent goes on without",
    "cancel": "deny, and stop the turn",
}
# Beside its number and its own name.
_WORDS: dict[str, Decision] = {
    **dict.fromkeys(("approve", "yes", "y"), "accept"),
    "session": "accept_for_session",
    "rule": "accept_with_rule",
    **dict.fromkeys(("deny", "no", "n", ""), "decline"),
    "stop": "cancel",
}
_WISHES = {
    "command": "to run a command",
    "stdin": "to write to a running command",
    "file_change": "to change files",
    "permissions": "for more permissions",
    "mcp_tool": "to call a tool",
}
_BY = {
    "user": "by somebody",
    "handler": "by a handler",
    "timeout": "because its time was up",
    "error": "because a handler failed",
    "nobody": "because nobody was there",
    "turn": "because the turn went on or ended",
}
_YES = ("yes", "y", "true")
_NO = ("no", "n", "false")


def waiting(state: TurnState) -> list[Ask]:
    """Return what a turn's agent has asked and nobody has decided."""
    approvals = [ask for ask in state.approvals if ask.decision is None]
    return [*approvals, *(ask for ask in state.inputs if ask.resolved_by is None)]


# ---- in words --------------------------------------------------------------------------------


def summary(ask: Ask, root: str | None) -> str:
    """Return what is asked, in one line."""
    if isinstance(ask, Approval):
        subject, *_ = [*_subject(ask_view(ask, root)), ""]
        said = f"{_WISHES[ask.kind]}: {subject}" if subject else _WISHES[ask.kind]
    else:
        said = ask.message or next((one.question for one in ask.questions), "") or ask.kind
    return one_line(said)


def one_line(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(exact(text).split())
    return line if len(line) <= MAX_SUMMARY else f"{line[: MAX_SUMMARY - 1]}…"


def approval_text(approval: Approval, root: str | None) -> str:
    """Return all that who decides should know, and what can be decided, numbered."""
    shown = ask_view(approval, root)
    lines = [f"Codex asks for leave {_WISHES[approval.kind]}:", *_quoted(_subject(shown))]
    # Only these may be long and shortened; what is done by an approval is not.
    for change in shown["changes"]:
        if change["diff"]:
            lines += _quoted([f"{change['path']}:", change["diff"]], MAX_LINES)
    if shown["elsewhere"]:
        lines += _quoted([f"in {shown['elsewhere']}"])
    if approval.reason:
        lines += _quoted([f"Why: {approval.reason}"])
    for number, decision in enumerate(approval.decisions, 1):
        label = _LABELS[decision]
        if decision == "accept_with_rule" and shown["rule"]:
            label += f", what begins with {one_line(shown['rule'])}"
        lines.append(f"  [{number}] {label}")
    return "\n".join(lines)


def request_text(request: InputRequest) -> str:
    """Return what a question is about; its single questions follow one by one."""
    asker = f"The MCP server {one_line(request.server)}" if request.server else "Codex"
    said = [text for text in (request.message, request.url) if text]
    return "\n".join([f"{asker} asks:", *_quoted(said)])


def question_text(question: Question) -> str:
    """Return one question with what it offers, numbered."""
    lines = _quoted([question.question or question.header])
    for number, option in enumerate(question.options, 1):
        more = f" ({one_line(option.description)})" if option.description else ""
        lines.append(f"  [{number}] {one_line(option.label)}{more}")
    if question.options and question.is_other:
        lines.append("  or an answer of your own")
    return "\n".join(lines)


def outcome(ask: Ask) -> str | None:
    """Return how something was decided and by whom, in words; None if it still waits."""
    if isinstance(ask, Approval):
        by, accepted = ask.decided_by, (ask.decision or "").startswith("accept")
        did = "approved" if accepted else "denied"
    else:
        by, did = ask.resolved_by, "declined" if ask.answers is None else "answered"
    return None if by is None else f"{did}, {_BY.get(by, by)}"


def _subject(shown: Mapping[str, Any]) -> Iterator[str]:
    """Yield what would be done, from what a panel shows of it."""
    if shown["command"]:
        yield shown["command"]
    if shown["host"]:
        yield f"on the network: {shown['host']}"
    if shown["tool"] or shown["server"]:
        yield ".".join(filter(None, [shown["server"], shown["tool"]]))
    if shown["arguments"]:
        yield shown["arguments"]
    for change in shown["changes"]:
        moved = f" -> {change['moved_to']}" if change["moved_to"] else ""
        counts = f"(+{change['added']} -{change['removed']})"
        yield f"{change['change']} {change['path']}{moved} {counts}"
    if shown["grant_root"]:
        yield f"and to leave {shown['grant_root']} open for writing"
    if shown["permissions"]:
        yield shown["permissions"]


def _quoted(texts: Iterable[str], most: int | None = None) -> list[str]:
    """Return lines of somebody else's, behind a bar so that none passes for one of ours."""
    lines = [line for text in texts for line in exact(text).splitlines()]
    if most is not None and len(lines) > most:
        lines[most:] = [f"… and {len(lines) - most} lines more"]
    return [f"  | {line}" for line in lines]


# ---- what is typed ---------------------------------------------------------------------------


def decision_in(said: str, approval: Approval) -> Decision | None:
    """Return what a number or a word decides; None if it is none that can be decided."""
    word = said.strip().lower()
    if word.isdecimal():
        place = int(word) - 1
        return approval.decisions[place] if 0 <= place < len(approval.decisions) else None
    decision = _WORDS.get(word, word)
    return next((known for known in approval.decisions if known == decision), None)


def answers_in(request: InputRequest, said: str) -> Answers:
    """Return the answers that one line gives: to the only question, or as JSON to several.

    Raises
    ------
    ValueError
        If it answers nothing, in words.
    """
    if not request.questions:
        agreed(said)
        return {}
    if len(request.questions) == 1:
        (question,) = request.questions
        return {question.id: answer_to(request, question, said)}
    try:
        given = json.loads(said)
    except ValueError:
        given = None
    if type(given) is not dict:
        names = ", ".join(f'"{clean(question.id)}": …' for question in request.questions)
        raise ValueError(f"There are several questions; answer them as JSON: {{{names}}}")
    return given


def agreed(said: str) -> bool:
    """Return True for a yes, where nothing else can be said.

    Raises
    ------
    ValueError
        If it is none.
    """
    if said.strip().lower() not in _YES:
        raise ValueError("Nothing is asked but a yes; say yes, or decline.")
    return True


def answer_to(request: InputRequest, question: Question, said: str) -> Any:
    """Return the answer that was typed to one question: text, or the value of a form's field.

    Raises
    ------
    ValueError
        If it is none, in words.
    """
    field = ((request.form or {}).get("properties") or {}).get(question.id)
    kind = field.get("type") if isinstance(field, Mapping) else None
    if kind == "array":
        return [_choice(question, part) for part in said.split(",")]
    chosen = _choice(question, said)
    if kind == "boolean":
        return chosen == "true"
    if kind in ("integer", "number"):
        try:
            return int(chosen) if kind == "integer" else float(chosen)
        except ValueError:
            raise ValueError(f"It takes a number, and {chosen!r} is none.") from None
    return chosen


def is_optional(request: InputRequest, question: Question) -> bool:
    """Return whether a form may be answered without this field."""
    required = (request.form or {}).get("required")
    listed = required if isinstance(required, (list, tuple)) else ()
    return request.kind == "form" and question.id not in listed


def _choice(question: Question, said: str) -> str:
    word = said.strip()
    labels = [option.label for option in question.options]
    if word.isdecimal() and 1 <= int(word) <= len(labels) and word not in labels:
        return labels[int(word) - 1]
    for label in labels:
        if word.lower() == label.lower():
            return label
    if labels == ["true", "false"] and word.lower() in (*_YES, *_NO):
        return "true" if word.lower() in _YES else "false"
    if labels and not question.is_other:
        raise ValueError(f"It takes one of these: {clean(', '.join(labels))}.")
    return word
