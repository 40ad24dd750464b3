"""Reads a line of the CLI's output as an event. Never raises: what it does not know is a value.

Knows the shapes of events and items; not where lines come from, nor the live protocol (see
``translation``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any

import pydantic_core
from pydantic import TypeAdapter, ValidationError

from codex_notebook.core.events import KINDS, Event, NoticeEvent, UnknownEvent
from codex_notebook.core.tolerant import OneOf

log = logging.getLogger(__name__)

# A line of noise can be megabytes long; a notice quotes only its beginning.
_QUOTED = 200


def parse_event(line: str | bytes | Mapping[str, Any], at: float | None = None) -> Event:
    """Return the event that one line of the CLI's output describes; never raises.

    Parameters
    ----------
    line : str, bytes or mapping
        One line of JSON, or the decoded object.
    at : float, optional
        When it was received, in seconds since the epoch.

    Returns
    -------
    Event
        A `NoticeEvent` for a line that is no JSON object, an `UnknownEvent` for an object of an
        unknown kind or shape, else the class of its ``type``.
    """
    try:
        event = _reader()(line)  # type: ignore[arg-type]
    except ValueError:
        # No text, no JSON, or nothing that is known: what it is, the slow way below finds out.
        data = line if isinstance(line, Mapping) else _decode(line)
    else:
        # It is frozen, but nobody has seen it yet; making a copy would double the time.
        event.__dict__["at"] = at
        return event
    if not isinstance(data, Mapping):
        text = line.decode("utf-8", "replace") if isinstance(line, bytes) else str(line)
        log.warning("The CLI printed a line that is no event: %.200r", text)
        more = "…" if len(text) > _QUOTED else ""
        return NoticeEvent(message=f"Not an event: {text[:_QUOTED]}{more}", at=at)
    kind = data.get("type")
    known = KINDS.get(kind) if isinstance(kind, str) else None
    if known is not None:
        try:
            return known.model_validate({**data, "at": at})
        except ValidationError as error:
            log.warning("An event of type %r has an unexpected shape: %s", kind, error)
    return UnknownEvent(type=kind if isinstance(kind, str) else "unknown", raw=dict(data), at=at)


@cache
def _reader() -> Callable[[str | bytes], Event]:
    """Return what reads a line in one go; made for the first line, because it takes a while."""
    reader: TypeAdapter[Event] = TypeAdapter(Annotated[Event, OneOf(KINDS)])
    return reader.validator.validate_json


def _decode(line: str | bytes) -> object:
    if isinstance(line, bytes):
        line = line.decode("utf-8", "replace")
    try:
        return pydantic_core.from_json(line)
    except ValueError:
        return None
