"""The JSON notation of a scenario: plain lists and dicts, read into turns and written from them.

A step is an object with its word for its main value, and its options beside it::

    [{"when": "fix", "steps": [{"command": "ls"}, {"text": "All **done**.", "chunk": 12}]}]

A list of steps alone is a scenario of one turn. Knows nothing of files or servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, asdict, fields
from typing import Any

from codex_notebook.offline import steps as words
from codex_notebook.offline.errors import ScenarioError
from codex_notebook.offline.steps import Step
from codex_notebook.offline.turns import Turn, Usage

WORDS: dict[str, type[Step]] = {
    "reasoning": words.Reasoning,
    "text": words.Text,
    "command": words.Command,
    "patch": words.Patch,
    "plan": words.Plan,
    "search": words.Search,
    "tool": words.Tool,
    "pause": words.Pause,
    "until": words.Until,
    "fail": words.Fail,
    "http_error": words.HttpError,
}
_TURN_WORDS = ("when", "usage", "steps")


def read_turns(data: object, where: str = "scenario") -> tuple[Turn, ...]:
    """Read a scenario.

    Parameters
    ----------
    data : list
        What JSON made of it.
    where : str
        What the errors call it, such as the name of its file.

    Raises
    ------
    ScenarioError
        Names the place, and the words that are allowed there.
    """
    if not isinstance(data, list):
        raise ScenarioError(f"needs a list of turns or of steps, not {data!r}.", place=where)
    if data and not any(isinstance(entry, Mapping) and "steps" in entry for entry in data):
        # No turn among them, so these are steps.
        return (Turn(_read_steps(data, where)),)
    return tuple(_read_turn(entry, f"{where}: turn {n}") for n, entry in enumerate(data, 1))


def write_turns(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    """Write a scenario; what has its usual value is left out."""
    return [_write_turn(turn) for turn in turns]


def _read_turn(entry: object, place: str) -> Turn:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("steps"), list):
        raise ScenarioError(f'needs an object with a list of "steps", not {entry!r}.', place=place)
    if unknown := [word for word in entry if word not in _TURN_WORDS]:
        raise _unknown("word", unknown[0], _TURN_WORDS, place)
    usage = entry.get("usage", {})
    if not isinstance(usage, Mapping):
        raise ScenarioError(f"usage needs an object, not {usage!r}.", place=place)
    steps = _read_steps(entry["steps"], place)
    try:
        return Turn(steps, entry.get("when"), Usage.of(usage))
    except ScenarioError as error:
        raise ScenarioError(str(error), place=place) from error


def _read_steps(entries: list[Any], place: str) -> tuple[Step, ...]:
    return tuple(_read_step(entry, f"{place}, step {n}") for n, entry in enumerate(entries, 1))


def _read_step(entry: object, place: str) -> Step:
    if not isinstance(entry, Mapping) or not entry:
        raise ScenarioError(
            f"needs an object with one of {', '.join(WORDS)}, not {entry!r}.", place=place
        )
    found = [word for word in entry if word in WORDS]
    if not found:
        raise _unknown("step", next(iter(entry)), WORDS, place)
    # The step comes first, so that {"fail": .., "text": ..} is a fail with an odd option.
    word, options = found[0], _options(WORDS[found[0]])
    make: Callable[..., Step] = WORDS[word]
    if unknown := [name for name in entry if name != word and name not in options]:
        raise _unknown(f"option of {word}", unknown[0], options, place)
    try:
        return make(entry[word], **{name: entry[name] for name in entry if name != word})
    except ScenarioError as error:
        raise ScenarioError(str(error), place=place) from error


def _write_turn(turn: Turn) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if turn.when is not None:
        entry["when"] = turn.when
    usual = asdict(Usage())
    if usage := {word: n for word, n in asdict(turn.usage).items() if n != usual[word]}:
        entry["usage"] = usage
    entry["steps"] = [_write_step(step) for step in turn.steps]
    return entry


def _write_step(step: Step) -> dict[str, Any]:
    word = next(word for word, kind in WORDS.items() if kind is type(step))
    main, *_ = fields(step)
    entry = {word: getattr(step, main.name)}
    for name, option in _options(type(step)).items():
        if (value := getattr(step, name)) != _usual(option):
            entry[name] = value
    return entry


def _options(kind: type[Step]) -> dict[str, Field[Any]]:
    return {option.name: option for option in fields(kind)[1:]}


def _usual(option: Field[Any]) -> object:
    return option.default if option.default_factory is MISSING else option.default_factory()


def _unknown(what: str, word: object, allowed: Iterable[str], place: str) -> ScenarioError:
    names = ", ".join(allowed) or "none"
    return ScenarioError(f"no {what} {word!r}; allowed: {names}.", place=place)
