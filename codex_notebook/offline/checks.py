"""Checks that the steps share; each raises a `ScenarioError` that says what is needed.

Knows no step and no place: who makes a step knows where it stands.
"""

from __future__ import annotations

import json
import math

from codex_notebook.offline.errors import ScenarioError


def check_text(value: object, what: str) -> None:
    """Refuse what is no text, or an empty one."""
    if not isinstance(value, str) or not value:
        raise ScenarioError(f"{what} needs a text, not {value!r}.")


def check_json(value: object, what: str) -> None:
    """Refuse what JSON cannot express."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{what} holds what JSON cannot express: {error}.") from error


def check_count(value: object, what: str, *, least: int) -> None:
    """Refuse what is no whole number of at least `least`."""
    # A bool is an int in Python, and surely a mistake.
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ScenarioError(f"{what} needs a whole number of at least {least}, not {value!r}.")


def check_seconds(value: object, what: str) -> None:
    """Refuse what is no length of time."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value < math.inf:  # type: ignore[operator]
        raise ScenarioError(f"{what} needs a number of seconds, not {value!r}.")
