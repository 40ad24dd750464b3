"""What only one of the two transports can know, or each has of its own: the one list, with reasons.

In all else a scenario comes to the same over either, which is the contract (see
``test_contract``). Knows turns and requests as plain values; not how they are made or compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from codex_notebook.core.items import ActivityItem

Fields = Mapping[str, Any]

# Ids stand for things, so they may differ where they do so everywhere: UUIDs, and those that the
# scripted model gives.
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


@dataclass(frozen=True)
class Allowed:
    """A field that may differ.

    Attributes
    ----------
    where : str
        What it is a field of: ``turn``, ``raised`` (the error), ``entry``, ``item`` (of any type),
        a type of items, or ``change`` (of one file).
    name : str
        The field.
    allows : callable
        Is given what has it over ``exec``, the same over ``app-server``, and the name; returns
        whether they may differ so.
    why : str
        Why one transport cannot know what the other does.
    """

    where: str
    name: str
    allows: Callable[[Fields, Fields, str], bool]
    why: str


@dataclass(frozen=True)
class Unsaid:
    """Something in a list that only one transport has.

    Attributes
    ----------
    where : str
        The list: ``entries`` of a turn, or ``content`` of what is said to the model.
    over : str
        The transport that has it.
    is_one : callable
        Is given the list and a place in it; returns whether it is there.
    why : str
        Why the other transport has not.
    """

    where: str
    over: str
    is_one: Callable[[Sequence[Fields], int], bool]
    why: str


def only_live(exec_: Fields, live: Fields, name: str) -> bool:
    """Return whether only the live transport has the field."""
    return exec_[name] in (None, []) and live[name] not in (None, [])


def each_its_own(exec_: Fields, live: Fields, name: str) -> bool:
    """Return whether both have the field."""
    return bool(exec_[name]) and bool(live[name])


def unfinished(exec_: Fields, _: Fields, __: str) -> bool:
    """Return whether ``codex exec`` did not say how a command ended."""
    item = exec_.get("item", exec_)
    return bool(item["type"] == "command_execution" and item["status"] == "in_progress")


def same_lines(exec_: Fields, live: Fields, name: str) -> bool:
    """Return whether two diffs take the same lines away and put the same ones there."""
    return bool(exec_[name]) and _changed(exec_[name]) == _changed(live[name])


def moved(_: Fields, live: Fields, __: str) -> bool:
    """Return whether the file was moved."""
    return live["move_path"] is not None


def last_words(exec_: Fields, live: Fields, name: str) -> bool:
    """Return whether a process died of what the server only says."""
    died, said = ID.sub("#", exec_[name]), ID.sub("#", live[name])
    return "exited with code" in died and all(line in died for line in said.splitlines())


def _changed(diff: str) -> list[str]:
    return [line for line in diff.split("\n") if not line.startswith((" ", "@@"))]


_NOT_PRINTED = "`codex exec` does not print it."
_MEASURED = "It is measured, each time anew."
_KILLED = "An interrupted `codex exec` ends before it has said how its commands ended."
_DIED = "Over `codex exec` it is the epitaph of a process, which quotes the CLI."

ALLOWED = (
    Allowed("turn", "turn_id", only_live, _NOT_PRINTED),
    Allowed("turn", "thread_name", only_live, _NOT_PRINTED),
    Allowed("turn", "model", only_live, _NOT_PRINTED),
    Allowed("turn", "effort", only_live, _NOT_PRINTED),
    Allowed("turn", "diff", only_live, _NOT_PRINTED),
    Allowed("turn", "context_tokens", only_live, _NOT_PRINTED),
    Allowed("turn", "context_window", only_live, _NOT_PRINTED),
    Allowed("turn", "error_code", only_live, _NOT_PRINTED),
    Allowed("turn", "error_http_status", only_live, _NOT_PRINTED),
    Allowed("turn", "notices", only_live, "`codex exec` says it on stderr, if at all."),
    Allowed("turn", "error", last_words, _DIED),
    Allowed("raised", "message", last_words, _DIED),
    Allowed("turn", "started_at", each_its_own, _MEASURED),
    Allowed("turn", "ended_at", each_its_own, _MEASURED),
    Allowed("entry", "started_at", each_its_own, _MEASURED),
    Allowed("entry", "ended_at", each_its_own, _MEASURED),
    Allowed("entry", "ended_at", unfinished, _KILLED),
    Allowed("entry", "completed", unfinished, _KILLED),
    Allowed("item", "id", each_its_own, "`codex exec` counts items; the server has its own ids."),
    Allowed("agent_message", "phase", only_live, _NOT_PRINTED),
    Allowed("command_execution", "cwd", only_live, _NOT_PRINTED),
    Allowed("command_execution", "duration_ms", only_live, _NOT_PRINTED),
    Allowed("command_execution", "status", unfinished, _KILLED),
    Allowed("command_execution", "exit_code", unfinished, _KILLED),
    Allowed("command_execution", "aggregated_output", unfinished, _KILLED),
    Allowed("mcp_tool_call", "duration_ms", only_live, _NOT_PRINTED),
    Allowed("change", "move_path", only_live, _NOT_PRINTED),
    Allowed("change", "diff", only_live, "Of a patch that failed `codex exec` tells the paths."),
    Allowed("change", "diff", moved, "To `codex exec` the file that was moved is gone."),
    Allowed(
        "change", "diff", same_lines, "Ours has three lines around a change, the CLI's has one."
    ),
)

_ACTIVITIES = get_args(ActivityItem.model_fields["type"].annotation)
# What `Scratch` calls a file of a turn.
_TEMPORARY = re.compile(r'<image name=.* path=".*/codex-notebook-turn-.*">')


def _activity(entries: Sequence[Fields], place: int) -> bool:
    return entries[place]["item"]["type"] in _ACTIVITIES


def _half_said(entries: Sequence[Fields], place: int) -> bool:
    entry = entries[place]
    return entry["item"]["type"] in ("agent_message", "reasoning") and not entry["completed"]


def _repeated(entries: Sequence[Fields], place: int) -> bool:
    items = [(entry["item"]["type"], entry["item"].get("message")) for entry in entries]
    return items[place][0] == "error" and items[place] in items[:place]


def _temporary_name(content: Sequence[Fields], place: int) -> bool:
    opening = place - 2 if content[place].get("text") == "</image>" else place
    return opening >= 0 and bool(_TEMPORARY.match(content[opening].get("text") or ""))


UNSAID = (
    Unsaid("entries", "app-server", _activity, "`codex exec` prints no item of such kinds."),
    Unsaid("entries", "app-server", _half_said, "`codex exec` prints texts when they are whole."),
    Unsaid(
        "entries", "exec", _repeated, "The CLI says some warnings twice; `codex exec` prints both."
    ),
    Unsaid(
        "content", "exec", _temporary_name, "An image from memory must be a file for `codex exec`."
    ),
)
