"""A scenario: everything that a scripted model will say, as one value.

Takes the forms in which people write scenarios (Python values, dicts, a JSON file). Knows nothing
of servers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_notebook.offline.errors import ScenarioError
from codex_notebook.offline.notation import read_turns, write_turns
from codex_notebook.offline.steps import Step, Until
from codex_notebook.offline.turns import Turn


@dataclass(frozen=True)
class Scenario:
    """The turns of a scripted model.

    Parameters
    ----------
    turns : tuple of Turn
        At least one.
    """

    turns: tuple[Turn, ...]

    def __post_init__(self) -> None:
        if not self.turns:
            raise ScenarioError("a scenario needs at least one turn.")

    @classmethod
    def of(cls, source: ScenarioLike) -> Scenario:
        """Return the scenario that `source` describes.

        Parameters
        ----------
        source : Scenario, path, turn, step, or list of turns, of steps or of dicts
            A path is that of a JSON file. A list of steps is one turn.

        Raises
        ------
        ScenarioError
            Names the place of the fault.
        OSError
            If the file cannot be read.
        """
        if isinstance(source, Scenario):
            return source
        if isinstance(source, (str, os.PathLike)):
            return cls.read(source)
        entries: list[Any] = [source] if isinstance(source, (Turn, Step)) else list(source)
        if all(isinstance(entry, Mapping) for entry in entries):
            return cls(read_turns(entries))
        turns = tuple(entry for entry in entries if isinstance(entry, Turn))
        if len(turns) == len(entries):
            return cls(turns)
        if turns:
            raise ScenarioError(
                "a scenario is a list of turns or a list of steps, not of both; "
                "put the steps into turn(...)."
            )
        return cls((Turn(tuple(entries)),))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Scenario:
        """Read a JSON file.

        Raises
        ------
        ScenarioError
            Names the file and the place in it.
        OSError
            If the file cannot be read.
        """
        return cls(read_turns(_parse(Path(path).read_text("utf-8"), str(path)), str(path)))

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """Read a scenario from JSON text, such as `to_json` writes.

        Raises
        ------
        ScenarioError
            Names the place of the fault.
        """
        return cls(read_turns(_parse(text, "scenario")))

    def to_json(self) -> str:
        """Return the scenario as JSON text."""
        return json.dumps(write_turns(self.turns), ensure_ascii=False, indent=2) + "\n"

    @property
    def names(self) -> frozenset[str]:
        """The names that pauses of this scenario wait for."""
        steps = (step for turn in self.turns for step in turn.steps)
        return frozenset(step.name for step in steps if isinstance(step, Until))


ScenarioLike = (
    Scenario
    | Turn
    | Step
    | str
    | os.PathLike[str]
    | Iterable[Turn | Step]
    | Iterable[Mapping[str, Any]]
)
"""What `serve` takes for a scenario."""


def _parse(text: str, where: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ScenarioError(f"is no JSON: {error}.", place=where) from error
