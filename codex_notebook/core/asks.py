"""What the agent asks its user: for leave to do something, and for answers to questions.

Values only, as a turn holds them; who is asked and how the answer reaches the CLI is the
client's business. Only the live transport can ask: ``codex exec`` declines for its user.
"""

from __future__ import annotations

from typing import Any, Literal

from codex_notebook.core.items import FileUpdateChange
from codex_notebook.core.model import Value

Decision = Literal["accept", "accept_for_session", "accept_with_rule", "decline", "cancel"]
ApprovalKind = Literal["command", "stdin", "file_change", "permissions", "mcp_tool"]

# For each question, by its id, the answers: labels of options, or text of the user's own.
Answers = dict[str, Any]


class Approval(Value):
    """Something that the agent does only with leave.

    Attributes
    ----------
    id : str
        Unique within the turn; what `RunningTurn.respond` takes.
    kind : str
        ``command`` (run it outside the sandbox, or at all), ``stdin`` (write to a running
        command), ``file_change``, ``permissions`` (more than the sandbox allows) or ``mcp_tool``.
    reason : str or None
        Why, in the agent's words.
    decisions : tuple of str
        What can be decided: ``accept``, ``accept_for_session`` (and the like, as long as the
        CLI's process lives), ``accept_with_rule`` (and save `rule` as one of the CLI's own, for
        all its threads), ``decline`` (the agent goes on without) or ``cancel`` (the turn ends).
    item_id : str or None
        The item that waits for it.
    thread_id : str or None
        The thread that asks: the turn's own, or that of a sub-agent.
    command, cwd : str or None
        What would be run, and where.
    changes : tuple of FileUpdateChange
        What would be changed, with diffs.
    grant_root : str or None
        A directory that would stay open for writing.
    permissions : dict or None
        What would be permitted, as ``item/permissions/requestApproval`` has it.
    rule : tuple of str or None
        The beginning of commands that `accept_with_rule` would always allow.
    host : str or None
        The host that the command would reach through the CLI's network proxy.
    server, tool : str or None
        The MCP server, and its tool.
    arguments : object
        What the tool would be called with.
    decision : str or None
        What was decided; None while it waits.
    decided_by : str or None
        See `ApprovalResolvedEvent`.
    """

    id: str
    kind: ApprovalKind
    reason: str | None = None
    decisions: tuple[Decision, ...] = ("accept", "decline", "cancel")
    item_id: str | None = None
    thread_id: str | None = None
    command: str | None = None
    cwd: str | None = None
    changes: tuple[FileUpdateChange, ...] = ()
    grant_root: str | None = None
    permissions: dict[str, Any] | None = None
    rule: tuple[str, ...] | None = None
    host: str | None = None
    server: str | None = None
    tool: str | None = None
    arguments: Any = None
    decision: Decision | None = None
    decided_by: str | None = None


class QuestionOption(Value):
    """One of the answers that a question offers."""

    label: str
    description: str = ""


class Question(Value):
    """One question.

    Attributes
    ----------
    id : str
        Unique within its request.
    header : str
        A word or two.
    question : str
        The question itself.
    options : tuple of QuestionOption
        The answers it offers; empty if any text is one.
    is_other : bool
        Whether another answer than those offered may be given.
    is_secret : bool
        Whether the answer is not to be shown.
    """

    id: str
    header: str = ""
    question: str = ""
    options: tuple[QuestionOption, ...] = ()
    is_other: bool = False
    is_secret: bool = False


class InputRequest(Value):
    """Questions that wait for answers.

    Attributes
    ----------
    id : str
        Unique within the turn; what `RunningTurn.answer` takes.
    kind : str
        ``questions`` (the agent's own), ``form`` (an MCP server's, with a `schema`) or ``url``
        (an MCP server wants a page to be visited).
    message : str
        What it is about.
    questions : tuple of Question
        The questions; of a form, one for each of its fields.
    form : dict or None
        The JSON schema of a form's answers.
    url : str or None
        The page.
    server : str or None
        The MCP server that asks.
    item_id, thread_id : str or None
        The item and the thread that ask.
    resolved_by : str or None
        See `InputResolvedEvent`; None while it waits.
    answers : dict or None
        What was answered.
    """

    id: str
    kind: Literal["questions", "form", "url"] = "questions"
    message: str = ""
    questions: tuple[Question, ...] = ()
    form: dict[str, Any] | None = None
    url: str | None = None
    server: str | None = None
    item_id: str | None = None
    thread_id: str | None = None
    resolved_by: str | None = None
    answers: Answers | None = None
