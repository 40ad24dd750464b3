"""A scripted turn: the steps that answer one message of the user.

Knows how steps fall into responses, and what order of steps can never play. Knows neither JSON nor
the Responses API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

from codex_notebook.offline.checks import check_count
from codex_notebook.offline.errors import ScenarioError
from codex_notebook.offline.steps import Call, Ending, HttpError, Pause, Step, Until


@dataclass(frozen=True)
class Usage:
    """The tokens that one request costs, in the CLI's words."""

    input_tokens: int = 42
    cached_input_tokens: int = 12
    cache_write_input_tokens: int = 0
    output_tokens: int = 5
    reasoning_output_tokens: int = 2

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> Usage:
        """Return the usual usage with `numbers` over it.

        Raises
        ------
        ScenarioError
            If a word is not one of the fields, or a value is no number of tokens.
        """
        words = [f.name for f in fields(cls)]
        for word, number in numbers.items():
            if word not in words:
                raise ScenarioError(f"usage has no {word!r}; it has {', '.join(words)}.")
            check_count(number, f"usage: {word}", least=0)
        return cls(**numbers)


@dataclass(frozen=True)
class Turn:
    """The steps that answer one message of the user. See `turn`."""

    steps: tuple[Step, ...]
    when: str | None = None
    usage: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        if not self.steps:
            raise ScenarioError("a turn needs at least one step.")
        for number, step in enumerate(self.steps, 1):
            if not isinstance(step, Step):
                raise ScenarioError(f"step {number} of the turn is no step but {step!r}.")
        for number, step in enumerate(self.steps[:-1], 1):
            if isinstance(step, Ending):
                raise ScenarioError(f"step {number} ends the turn; nothing can follow it.")
        if isinstance(self.steps[-1], HttpError):
            *before, _ = self.responses[-1]
            if not all(isinstance(step, (Pause, Until)) for step in before):
                raise ScenarioError(
                    "http_error refuses a request, so it must come before the answer has begun: "
                    "first in its turn, or right behind a tool call."
                )
        if self.when is not None:
            try:
                re.compile(self.when)
            except (re.error, TypeError) as error:
                raise ScenarioError(f"when={self.when!r} is no regex: {error}.") from error

    @cached_property
    def responses(self) -> tuple[tuple[Step, ...], ...]:
        """The steps, cut into what the model answers at once: up to and including a call."""
        parts: list[list[Step]] = [[]]
        for step in self.steps:
            parts[-1].append(step)
            if isinstance(step, Call):
                parts.append([])
        return tuple(tuple(part) for part in parts)

    def answers(self, prompt: str) -> bool:
        """Whether this turn claims `prompt` for itself by its `when`."""
        return self.when is not None and re.search(self.when, prompt) is not None


def turn(*steps: Step, when: str | None = None, usage: Mapping[str, int] | None = None) -> Turn:
    """Answer one message of the user.

    Parameters
    ----------
    *steps : step
        What the model says and does, in order.
    when : str, optional
        A regex. The first turn whose `when` is found in the user's latest message answers it;
        turns without one answer the other messages of a conversation, one after the other.
    usage : dict, optional
        The tokens that each request of the turn costs: ``input_tokens`` (42),
        ``cached_input_tokens`` (12), ``cache_write_input_tokens`` (0), ``output_tokens`` (5),
        ``reasoning_output_tokens`` (2). A turn makes one request, and one more for each call.

    Raises
    ------
    ScenarioError
        If the steps can never play in this order, or `when` is no regex.
    """
    return Turn(steps, when, Usage.of(usage or {}))
