"""A thread that a server has open: what it was told for it, and what it said of it.

Pure; which threads are opened, and when anew, is in ``live``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Any
Params = Mapping[str, Json]


@dataclass(frozen=True)
class OpenThread:
    """An open thread.

    Attributes
    ----------
    id : str
        Its id.
    params : mapping
        With what it was opened; empty if it was not opened for a turn.
    name : str or None
        Its name.
    model, effort : str or None
        The model that answers in it, and its reasoning effort.
    """

    id: str
    params: Params = field(default_factory=dict)
    name: str | None = None
    model: str | None = None
    effort: str | None = None


def open_thread(told: Params, params: Params) -> OpenThread:
    """Return the thread of an answer to ``thread/start``, ``thread/resume`` or ``thread/fork``.

    Parameters
    ----------
    told : mapping
        The answer.
    params : mapping
        With what the thread was opened.
    """
    thread = told["thread"]
    return OpenThread(
        id=str(thread["id"]),
        params=params,
        name=_text(thread.get("name")),
        model=_text(told.get("model")),
        effort=_text(told.get("reasoningEffort")),
    )


def _text(told: Json) -> str | None:
    return told if isinstance(told, str) and told else None
