"""The steps of a scripted turn: what a model can say and do, as frozen values.

Each step is checked when it is made. The first field is the step's main value, every other field
is an option; the JSON notation relies on that. Knows nothing of the Responses API or of sockets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from codex_notebook.offline.checks import check_count, check_json, check_seconds, check_text
from codex_notebook.offline.errors import ScenarioError

_STATUSES = ("pending", "in_progress", "completed")
_ERROR_STATUSES = range(400, 600)


@dataclass(frozen=True)
class Step:
    """Something that a model says or does."""


@dataclass(frozen=True)
class Reasoning(Step):
    """A summary of what the model thinks, in markdown.

    Parameters
    ----------
    content : str
        The summary. The CLI takes a bold first line as its headline.
    chunk : int, optional
        Characters in one delta; otherwise the whole summary is one.
    delay : float
        Seconds between two deltas.
    """

    content: str
    chunk: int | None = None
    delay: float = 0.0

    def __post_init__(self) -> None:
        check_text(self.content, "reasoning")
        _check_stream(self)


@dataclass(frozen=True)
class Text(Step):
    """A message to the user, in markdown.

    Parameters
    ----------
    content : str, dict or list
        The message. A dict or list is sent as its JSON: the answer to an output schema.
    chunk : int, optional
        Characters in one delta; otherwise the whole message is one.
    delay : float
        Seconds between two deltas.
    """

    content: str | dict[str, Any] | list[Any]
    chunk: int | None = None
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.content, (str, dict, list)):
            raise ScenarioError(f"text needs a str, dict or list, not {self.content!r}.")
        check_json(self.content, "text")
        _check_stream(self)

    @property
    def body(self) -> str:
        """What the user gets to read."""
        if isinstance(self.content, str):
            return self.content
        return json.dumps(self.content, ensure_ascii=False)


@dataclass(frozen=True)
class Command(Step):
    """A shell command, which the CLI really runs (``exec_command``).

    Parameters
    ----------
    cmd : str
        The command line. It runs in a shell that is no login shell, so that nobody's profile
        gets a say, and the model waits for its end up to 30 s, the CLI's longest.
    """

    cmd: str

    def __post_init__(self) -> None:
        check_text(self.cmd, "command")


@dataclass(frozen=True)
class Patch(Step):
    """A change of files, which the CLI really makes (``apply_patch``).

    Parameters
    ----------
    patch : str
        From ``*** Begin Patch`` to ``*** End Patch``.
    """

    patch: str

    def __post_init__(self) -> None:
        check_text(self.patch, "patch")
        if not self.patch.lstrip().startswith("*** Begin Patch"):
            raise ScenarioError('patch needs to begin with the line "*** Begin Patch".')


@dataclass(frozen=True)
class Plan(Step):
    """The to-do list as it stands now (``update_plan``). See `plan`."""

    entries: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        entries: Any = self.entries
        if not isinstance(entries, (tuple, list)):
            raise ScenarioError(f"plan needs pairs of text and status, not {entries!r}.")
        # JSON has only lists; a frozen value holds tuples.
        object.__setattr__(self, "entries", tuple(_pair(entry) for entry in entries))


@dataclass(frozen=True)
class Search(Step):
    """A web search, as if made on the model's side; nothing is looked up.

    Parameters
    ----------
    query : str
        What was searched for.
    """

    query: str

    def __post_init__(self) -> None:
        check_text(self.query, "search")


@dataclass(frozen=True)
class Tool(Step):
    """A call of any other tool: of an MCP server, of the notebook, or of the CLI itself.

    Parameters
    ----------
    name : str
        The tool.
    arguments : dict
        What it is called with.
    namespace : str, optional
        What the tool belongs to; ``mcp__NAME`` for the tools of the MCP server NAME.

    Examples
    --------
    A command that needs approval to leave the sandbox:

    >>> escape = {"cmd": "id", "sandbox_permissions": "require_escalated", "justification": "?"}
    >>> Tool("exec_command", escape).name
    'exec_command'
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    namespace: str | None = None

    def __post_init__(self) -> None:
        check_text(self.name, "tool")
        if not isinstance(self.arguments, dict):
            raise ScenarioError(f"tool needs a dict of arguments, not {self.arguments!r}.")
        check_json(self.arguments, "tool")
        if self.namespace is not None:
            check_text(self.namespace, "namespace")


@dataclass(frozen=True)
class Pause(Step):
    """Silence for a while. See `pause`."""

    seconds: float

    def __post_init__(self) -> None:
        check_seconds(self.seconds, "pause")


@dataclass(frozen=True)
class Until(Step):
    """Silence until the server's ``release(name)``. See `pause`."""

    name: str

    def __post_init__(self) -> None:
        check_text(self.name, "until")


@dataclass(frozen=True)
class Fail(Step):
    """The model's side reports a failure in the middle of its answer (``response.failed``).

    Parameters
    ----------
    message : str
        What went wrong.
    code : str
        The API's name for it; the CLI has its own words for some, such as
        ``context_length_exceeded`` and ``insufficient_quota``.
    """

    message: str
    code: str = "server_error"

    def __post_init__(self) -> None:
        check_text(self.message, "fail")
        check_text(self.code, "code")


@dataclass(frozen=True)
class HttpError(Step):
    """The request is refused with an HTTP status, before any answer.

    Parameters
    ----------
    status : int
        From 400 to 599.
    message : str
        The explanation in the body. The CLI shows it for some statuses only (401, not 429).
    """

    status: int
    message: str = "The scripted model refused the request."

    def __post_init__(self) -> None:
        if not isinstance(self.status, int) or self.status not in _ERROR_STATUSES:
            raise ScenarioError(f"http_error needs a status from 400 to 599, not {self.status!r}.")
        check_text(self.message, "message")


Call = Command | Patch | Plan | Tool
"""A step that the CLI must answer before the model goes on."""

Ending = Fail | HttpError
"""A step behind which there can be no other."""

# The words of a scenario. A step that is its own constructor needs no second definition.
reasoning = Reasoning
text = Text
command = Command
patch = Patch
search = Search
tool = Tool
fail = Fail
http_error = HttpError


def plan(*entries: tuple[str, str]) -> Plan:
    """Set the to-do list.

    The CLI offers this to a model only with ``tools.update_plan.enabled=true``, which this
    package's threads set by themselves; without it the turn fails and says so.

    Parameters
    ----------
    *entries : pair of str
        Text and status: ``pending``, ``in_progress`` or ``completed``.
    """
    return Plan(entries)


def pause(seconds: float | None = None, *, until: str | None = None) -> Pause | Until:
    """Say nothing for a while.

    Parameters
    ----------
    seconds : float, optional
        For how long.
    until : str, optional
        Until ``server.release(until)`` is called, so that a test needs no sleep.
    """
    if seconds is not None and until is None:
        return Pause(seconds)
    if until is not None and seconds is None:
        return Until(until)
    raise ScenarioError("pause needs either seconds or until=, and not both.")


def _pair(entry: Any) -> tuple[str, str]:
    if not isinstance(entry, (tuple, list)) or len(entry) != 2:
        raise ScenarioError(f"plan needs pairs of text and status, not {entry!r}.")
    content, status = entry
    check_text(content, "plan")
    if status not in _STATUSES:
        raise ScenarioError(f"plan: no status {status!r}; one of {', '.join(_STATUSES)}.")
    return content, status


def _check_stream(step: Reasoning | Text) -> None:
    if step.chunk is not None:
        check_count(step.chunk, "chunk", least=1)
    check_seconds(step.delay, "delay")
