"""The contract of the two transports: a scenario comes to the same over either, field by field.

Holds the one list of what only one of them can know, or each has of its own. Knows what came of a
scenario, as values; not how it was played (see ``test_contract``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, get_args

from codex_notebook import Turn
from codex_notebook.core.items import ActivityItem
from codex_notebook.offline import RecordedRequest

Json = Any
Fields = Mapping[str, Json]


@dataclass
class Outcome:
    """What came of a scenario over one transport.

    Attributes
    ----------
    ends : list
        The turns and how they failed, in order; no turn if one was refused before it began.
    requests : list
        What was asked of the model.
    files : dict
        What the working directory holds at the end.
    """

    ends: list[tuple[Turn | None, Exception | None]] = field(default_factory=list)
    requests: list[RecordedRequest] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def told(self) -> dict[str, Json]:
        """Return all of it as plain values."""
        return {
            "ends": [{"turn": _turn(turn), "raised": _error(error)} for turn, error in self.ends],
            "requests": _requests(self.requests),
            "files": self.files,
        }


# ---- what may differ ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Allowed:
    """A field that may differ.

    Attributes
    ----------
    where : str
        What it is a field of: ``turn``, ``raised`` (the error), ``entry``, ``item`` (of any type),
        a type of items, ``change`` (of one file), or ``about`` (what the CLI tells the model's
        provider of a turn).
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
    return _changed(exec_[name]) == _changed(live[name])


def moved(_: Fields, live: Fields, __: str) -> bool:
    """Return whether the file was moved."""
    return live["move_path"] is not None


def last_words(exec_: Fields, live: Fields, name: str) -> bool:
    """Return whether a process died of what the server only says."""
    died, said = exec_[name], live[name]
    return "exited with code" in died and all(line in died for line in said.splitlines())


_NOT_PRINTED = "`codex exec` does not print it."
_MEASURED = "It is measured, each time anew."
_KILLED = "An interrupted `codex exec` ends before it has said how its commands ended."
_DIED = "Over `codex exec` it is the epitaph of a process, which quotes the CLI."

ALLOWED = (
    Allowed("turn", "turn_id", only_live, _NOT_PRINTED),
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
    Allowed("change", "diff", moved, "To `codex exec` the file that was moved is gone."),
    Allowed(
        "change", "diff", same_lines, "Ours has three lines around a change, the CLI's has one."
    ),
    Allowed("about", "turn_started_at_unix_ms", each_its_own, _MEASURED),
    Allowed("about", "turn_trigger", each_its_own, "It names the transport."),
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
    Unsaid("entries", "exec", _repeated, "`codex exec` says a warning to its stderr and again."),
    Unsaid(
        "content", "exec", _temporary_name, "An image from memory must be a file for `codex exec`."
    ),
)

# ---- comparing ---------------------------------------------------------------------------------

Rule = Allowed | Unsaid

# Ids stand for things, so they may differ where they do so everywhere: UUIDs, and those that the
# scripted model gives.
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
# What the CLI tells the model by chance or by the clock.
_CHANCE = re.compile(
    r"(?<=Chunk ID: )\w+|(?<=Wall time: )[\d.]+|(?<=running with session ID )\d+"
    r'|(?<="nickname":")[^"]*'
)
# What the elements of a list are called, where a rule is to find them.
_ELEMENTS = {"entries": "entry", "changes": "change"}


class Comparison:
    """Two outcomes of one scenario, side by side.

    Parameters
    ----------
    exec_, live : Outcome
        What came of it over ``exec`` and over ``app-server``.

    Attributes
    ----------
    differences : list of str
        Where they differ and may not.
    used : set
        The rules by which they do elsewhere.
    """

    def __init__(self, exec_: Outcome, live: Outcome) -> None:
        self.differences: list[str] = []
        self.used: set[Rule] = set()
        self._ids: dict[str, str] = {}
        self._ids_back: dict[str, str] = {}
        self._compare("", (), exec_.told(), live.told())

    def _compare(self, path: str, kinds: Sequence[str], exec_: Json, live: Json) -> None:
        """Compare two values; ``kinds`` is what they are called in rules."""
        if isinstance(exec_, dict) and isinstance(live, dict):
            self._compare_fields(path, kinds, exec_, live)
        elif isinstance(exec_, list) and isinstance(live, list):
            name = path.rpartition(".")[2]
            exec_ = self._said(name, "exec", exec_)
            live = self._said(name, "app-server", live)
            if len(exec_) != len(live):
                self._differ(path, exec_, live)
            kind = (_ELEMENTS[name],) if name in _ELEMENTS else ()
            for number, (one, other) in enumerate(zip(exec_, live, strict=False)):
                self._compare(f"{path}[{number}]", kind, one, other)
        elif not self._same(exec_, live):
            self._differ(path, exec_, live)

    def _compare_fields(
        self, path: str, kinds: Sequence[str], exec_: Fields, live: Fields
    ) -> None:
        for name in sorted({*exec_, *live}):
            inner = f"{path}.{name}"
            if name not in exec_ or name not in live:
                self._differ(inner, exec_.get(name, "nothing"), live.get(name, "nothing"))
                continue
            one, other = exec_[name], live[name]
            rule = self._rule(kinds, name, exec_, live)
            if rule is not None:
                self.used.add(rule)
            elif name == "item" and one["type"] == other["type"]:
                self._compare(inner, ("item", one["type"]), one, other)
            else:
                self._compare(inner, (name,), one, other)

    def _rule(
        self, kinds: Sequence[str], name: str, exec_: Fields, live: Fields
    ) -> Allowed | None:
        if exec_[name] == live[name]:
            return None
        for rule in ALLOWED:
            if rule.name == name and rule.where in kinds and rule.allows(exec_, live, name):
                return rule
        return None

    def _said(self, name: str, over: str, values: list[Json]) -> list[Json]:
        """Return what both transports may have said of a list."""
        kept = values
        for rule in UNSAID:
            if (rule.where, rule.over) == (name, over):
                places = [n for n in range(len(kept)) if rule.is_one(kept, n)]
                if places:
                    self.used.add(rule)
                    kept = [value for n, value in enumerate(kept) if n not in places]
        return kept

    def _same(self, exec_: Json, live: Json) -> bool:
        if not isinstance(exec_, str) or not isinstance(live, str):
            return type(exec_) is type(live) and bool(exec_ == live)
        if exec_ == live:
            return True
        if _without_chance(exec_) != _without_chance(live):
            return False
        pairs = zip(_ID.findall(exec_), _ID.findall(live), strict=True)
        return all(
            self._ids.setdefault(one, other) == other
            and self._ids_back.setdefault(other, one) == one
            for one, other in pairs
        )

    def _differ(self, path: str, exec_: Json, live: Json) -> None:
        self.differences.append(f"{path[1:]}: exec {exec_!r:.500}, app-server {live!r:.500}")


def _without_chance(text: str) -> str:
    return _CHANCE.sub("…", _ID.sub("#", text))


def _changed(diff: str | None) -> list[str]:
    return [line for line in (diff or "").split("\n") if line[:1] in ("+", "-")]


# ---- as plain values ---------------------------------------------------------------------------


def _turn(turn: Turn | None) -> Json:
    if turn is None:
        return None
    state = {each.name: _plain(getattr(turn.state, each.name)) for each in fields(turn.state)}
    entries = [
        {
            "item": _plain(entry.item),
            "started_at": entry.started_at,
            "ended_at": entry.ended_at,
            "completed": entry.completed,
        }
        for entry in turn.state.entries
    ]
    usage, output = _plain(turn.usage), _plain(turn.output)
    return {**state, "entries": entries, "usage": usage, "output": output}


def _error(error: Exception | None) -> Json:
    if error is None:
        return None
    known = {name: _plain(value) for name, value in vars(error).items() if name != "turn"}
    return {"class": type(error).__name__, "message": str(error), **known}


def _requests(requests: Sequence[RecordedRequest]) -> list[Json]:
    """Return what the model was asked, conversation by conversation.

    Two of them run side by side where there is a sub-agent.
    """
    conversations: dict[object, list[Json]] = {}
    for request in requests:
        body = {**request.body}
        about = json.loads(body.pop("client_metadata")["x-codex-turn-metadata"])
        asked = {**body, "about": about}
        conversations.setdefault(body["prompt_cache_key"], []).append(asked)
    return [asked for conversation in conversations.values() for asked in conversation]


def _plain(value: object) -> Json:
    if hasattr(value, "model_dump"):
        return value.model_dump()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value

