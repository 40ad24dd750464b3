"""What the CLI has kept of threads and turns, as values: past turns, and threads in a list.

Source: ``Thread`` and ``Turn`` of ``codex app-server``, version 0.163. Pure; knows no server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from codex_notebook.core.events import Event
from codex_notebook.core.fold import Fold
from codex_notebook.core.model import Value
from codex_notebook.core.plain import clean
from codex_notebook.core.protocol_items import message_text
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.translation import Translator
from codex_notebook.core.turn import Turn

Json = Any
Raw = Mapping[str, Json]

# So much of a thread's title is shown in a list of threads.
_TITLE = 50


class ThreadInfo(Value):
    """What the CLI knows of a thread.

    ``pd.DataFrame(map(dict, threads))`` makes a table of several.

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
        Whether it is kept in the memory of a server only.
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
    raw: dict[str, Any] = Field(default_factory=dict)

    def __repr__(self) -> str:
        title = " ".join(clean(self.name or self.preview).split())
        if len(title) > _TITLE:
            title = title[: _TITLE - 1] + "…"
        when = None
        if self.updated_at is not None:
            when = f"{datetime.fromtimestamp(self.updated_at):%Y-%m-%d %H:%M}"
        parts = filter(None, (repr(title), when, clean(self.working_directory or "")))
        return f"<ThreadInfo {self.id}: {', '.join(parts)}>"

    __str__ = __repr__


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


def past_turns(raws: Sequence[Raw], thread: ThreadInfo) -> list[Turn]:
    """Return the turns of a thread, made of their items in their final form.

    What only who was there could know is not in them: tokens, when each item began, the plan, what
    was asked, and what was declined. Of long output the CLI keeps its beginning and its end.

    Parameters
    ----------
    raws : sequence of mapping
        The protocol's ``Turn`` values, with all their items.
    thread : ThreadInfo
        The thread whose turns they are.
    """
    # The CLI runs a review in a turn beneath the one that is the review, and never ends it.
    reviews = {raw.get("id") for raw in raws if _first(raw, "enteredReviewMode")}
    beneath = [
        raw
        for raw in raws
        if raw.get("rootTurnId") in reviews - {raw.get("id")} and raw.get("completedAt") is None
    ]
    asked = {raw["rootTurnId"]: _prompt(raw) for raw in beneath}
    return [
        _past_turn(raw, asked.get(raw.get("id")) or _prompt(raw), thread)
        for raw in raws
        if raw not in beneath
    ]


def _past_turn(raw: Raw, prompt: str, thread: ThreadInfo) -> Turn:
    request = TurnRequest(prompt=prompt, working_directory=thread.working_directory)
    fold = Fold(TurnState(request=request, thread_id=thread.id))
    for event in _events(raw):
        fold.add(event)
    return Turn(fold.state)


def _prompt(raw: Raw) -> str:
    said = _first(raw, "userMessage")
    if said is None:
        # As `Thread.compact` calls it.
        return "/compact" if _first(raw, "contextCompaction") else ""
    return message_text(said.get("content"))


def _first(raw: Raw, kind: str) -> Raw | None:
    return next((item for item in _items(raw) if item.get("type") == kind), None)


def _items(raw: Raw) -> Iterator[Raw]:
    return (item for item in raw.get("items") or () if isinstance(item, Mapping))


def _events(raw: Raw) -> Iterator[Event]:
    translator = Translator()
    began, ended = raw.get("startedAt"), raw.get("completedAt")
    if began is not None and ended is not None and raw.get("durationMs") is not None:
        # The two are whole seconds.
        ended = began + raw["durationMs"] / 1000
    yield from translator.events("turn/started", {"turn": raw}, began)
    for item in _items(raw):
        yield from translator.events("item/completed", {"item": item}, None)
    if raw.get("status") != "inProgress":
        yield from translator.events("turn/completed", {"turn": raw}, ended)
