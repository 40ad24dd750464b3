"""What the CLI has kept of threads and turns, as values: past turns, and threads in a list.

Source: ``Thread`` and ``Turn`` of ``codex app-server``, version 0.163. Pure; knows no server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from codex_notebook.core.events import Event
from codex_notebook.core.fold import Fold
from codex_notebook.core.model import Value
from codex_notebook.core.protocol_items import message_text
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.translation import Translator
from codex_notebook.core.turn import Turn

Json = Any
Raw = Mapping[str, Json]


class ThreadInfo(Value):
    """What the CLI knows of a thread.

    Attributes
    ----------
    id : str
        What `Codex.resume_thread` takes.
    name : str or None
        The name that somebody gave it.
    preview : str
        Its first prompt.
    created_at, updated_at : int or None
        Seconds since the epoch.
    working_directory : str or None
        Where its agent worked.
    model, model_provider : str or None
        Who answered last.
    source : str
        What made it: ``cli``, ``vscode``, ``exec``, ``appServer``, …; ours are ``exec`` or
        ``vscode``, which is what the CLI calls every program that drives its server.
    originator : str or None
        The program that made it.
    forked_from_id : str or None
        The thread of which it is a fork.
    ephemeral : bool
        Whether it is kept on disk.
    raw : dict
        The protocol's own description.
    """

    id: str
    name: str | None = None
    preview: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    working_directory: str | None = None
    model: str | None = None
    model_provider: str | None = None
    source: str = ""
    originator: str | None = None
    forked_from_id: str | None = None
    ephemeral: bool = False
    raw: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies it)


def thread_info(raw: Raw) -> ThreadInfo:
    """Return what the protocol says of a thread."""
    source = raw.get("source")
    return ThreadInfo(
        id=str(raw.get("id")),
        name=raw.get("name"),
        preview=raw.get("preview") or "",
        created_at=raw.get("createdAt"),
        updated_at=raw.get("updatedAt"),
        working_directory=raw.get("cwd"),
        model=raw.get("model"),
        model_provider=raw.get("modelProvider"),
        source=source if isinstance(source, str) else next(iter(source or ()), ""),
        originator=raw.get("originator"),
        forked_from_id=raw.get("forkedFromId"),
        ephemeral=bool(raw.get("ephemeral")),
        raw=dict(raw),
    )


def past_turn(raw: Raw, thread_id: str) -> Turn:
    """Return a turn of the past, made of its items in their final form.

    What only who was there could know is not in it: tokens, when each item began, what was asked
    and decided.

    Parameters
    ----------
    raw : mapping
        The protocol's ``Turn``, with all its items.
    thread_id : str
        The thread whose turn it is.
    """
    items = [item for item in raw.get("items") or () if isinstance(item, Mapping)]
    request = TurnRequest(prompt=_prompt(items))
    fold = Fold(TurnState(request=request, thread_id=thread_id))
    for event in _events(raw, items):
        fold.add(event)
    return Turn(fold.state)


def _prompt(items: Iterable[Raw]) -> str:
    said = (item.get("content") for item in items if item.get("type") == "userMessage")
    return message_text(next(said, None))


def _events(raw: Raw, items: Iterable[Raw]) -> Iterator[Event]:
    translator = Translator()
    began, ended = raw.get("startedAt"), raw.get("completedAt")
    if began is not None and ended is not None and raw.get("durationMs") is not None:
        # The two are whole seconds.
        ended = began + raw["durationMs"] / 1000
    yield from translator.events("turn/started", {"turn": raw}, began)
    for item in items:
        yield from translator.events("item/completed", {"item": item}, None)
    if raw.get("status") != "inProgress":
        yield from translator.events("turn/completed", {"turn": raw}, ended)
