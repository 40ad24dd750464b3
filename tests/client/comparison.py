"""What came of a scenario over one transport, and its comparison with the other, field by field.

Knows turns, errors and what reached the model; what may differ is in ``contract``, and how a
scenario is played in ``test_contract``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from pydantic import BaseModel

from codex_notebook import Turn
from codex_notebook.offline import RecordedRequest
from tests.client.contract import ALLOWED, ID, UNSAID, Allowed, Fields, Unsaid

Json = Any
Rule = Allowed | Unsaid

# What the CLI tells the model by chance or by the clock.
_CHANCE = re.compile(
    r"(?<=Chunk ID: )\w+|(?<=Wall time: )[\d.]+|(?<=running with session ID )\d+"
    r'|(?<="nickname":")[^"]*'
)
# What the elements of a list are called, where a rule is to find them.
_ELEMENTS = {"entries": "entry", "changes": "change"}


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

    def _compare_fields(self, path: str, kinds: Sequence[str], exec_: Fields, live: Fields) -> None:
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

    def _rule(self, kinds: Sequence[str], name: str, exec_: Fields, live: Fields) -> Allowed | None:
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
        if exec_ != live and _without_chance(exec_) != _without_chance(live):
            return False
        pairs = zip(ID.findall(exec_), ID.findall(live), strict=True)
        return all(
            self._ids.setdefault(one, other) == other
            and self._ids_back.setdefault(other, one) == one
            for one, other in pairs
        )

    def _differ(self, path: str, exec_: Json, live: Json) -> None:
        self.differences.append(f"{path[1:]}: exec {exec_!r:.500}, app-server {live!r:.500}")


def _without_chance(text: str) -> str:
    return _CHANCE.sub("…", ID.sub("#", text))


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


# What the CLI tells the model's provider of a turn, as far as somebody has chosen it.
_ABOUT = (
    "model",
    "reasoning_effort",
    "request_kind",
    "sandbox_mode",
    "subagent_kind",
    "thread_source",
)


def _requests(requests: Sequence[RecordedRequest]) -> list[Json]:
    """Return what the model was asked, conversation by conversation.

    Two of them run side by side where there is a sub-agent.
    """
    conversations: dict[object, list[Json]] = {}
    for request in requests:
        body = {**request.body}
        told = json.loads(body.pop("client_metadata")["x-codex-turn-metadata"])
        about = {name: told.get(name) for name in _ABOUT}
        conversations.setdefault(told["thread_id"], []).append({**body, "about": about})
    return [asked for conversation in conversations.values() for asked in conversation]


def _plain(value: object) -> Json:
    if isinstance(value, BaseModel):
        return _plain(value.model_dump())
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        if any(ID.fullmatch(name) for name in value):
            # As a list: ids are compared as values only.
            return [[name, _plain(each)] for name, each in value.items()]
        return {name: _plain(each) for name, each in value.items()}
    return value
