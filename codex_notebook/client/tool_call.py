"""One call of a tool: it runs, and what it returned or raised becomes what the agent is told.

The function is the user's, so it may block, exit or never end: it runs on a thread of its own, and
what it awaits, on the loop of whoever started the turn. Knows nothing of the server that asks.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, TypedDict

from pydantic_core import to_jsonable_python

from codex_notebook.client.images import encoded
from codex_notebook.client.tools import ArgumentsError, Tool
from codex_notebook.client.user_code import UserCodeError, called

_MAX_TEXT = 100_000
_MAX_ROWS = 200
_MAX_FRAMES = 5

# Where no code of the user's is: here, in Python itself, and where packages are installed.
_ELSEWHERE = (str(Path(__file__).parent), str(Path(os.__file__).parent), "<frozen ")
_INSTALLED = {"site-packages", "dist-packages"}

# ``{"type": "inputText", "text": …}`` or ``{"type": "inputImage", "imageUrl": …}``.
ContentItem = dict[str, str]


class ToolResult(TypedDict):
    """What the agent is told, as the app-server's protocol has it (``DynamicToolCallResponse``)."""

    contentItems: list[ContentItem]
    success: bool


async def call(
    tool: Tool, arguments: object, *, loop: asyncio.AbstractEventLoop | None = None
) -> ToolResult:
    """Run a tool, and return what the agent is told of it; nothing that the tool does is raised.

    Cancelling this cancels an async tool. One that is not async runs to its end unheard, because
    Python cannot stop a thread.

    Parameters
    ----------
    tool : Tool
        What is called.
    arguments : object
        What the agent gave, decoded from JSON.
    loop : AbstractEventLoop, optional
        Where an async tool is awaited, if that loop runs and finds time for it within two seconds.
        If not, and without one, the tool gets a loop of its own.
    """
    what = f"{tool.name} raised an exception:"
    try:
        returned = await called(_run, tool, arguments, loop=loop)
        what = f"{tool.name} has run, but what it returned could not be shown:"
        return ToolResult(contentItems=await called(_content, returned), success=True)
    except UserCodeError as failed:
        text = _failure(what, failed)
    except Exception as error:  # there are no more threads, say
        text = f"{tool.name} could not be run: {type(error).__name__}: {error}"
    return ToolResult(contentItems=[_text(text)], success=False)


def _run(tool: Tool, arguments: object) -> Any:
    return tool.function(**tool.parse(arguments))


def _failure(what: str, failed: UserCodeError) -> str:
    """Return what the agent is told of a tool that failed."""
    error = failed.__cause__
    if error is None or isinstance(error, ArgumentsError):
        return str(failed)
    trace = traceback.TracebackException.from_exception(error, compact=True)
    _keep_the_users(trace)
    return f"{what}\n{''.join(trace.format())}"


def _keep_the_users(trace: traceback.TracebackException) -> None:
    """Reduce the stack, and those of causes and groups, to the last lines that the user wrote."""
    own = [frame for frame in trace.stack if _is_the_users(frame.filename)]
    trace.stack = traceback.StackSummary.from_list(own[-_MAX_FRAMES:])
    within = getattr(trace, "exceptions", None) or ()  # there are groups since Python 3.11
    for other in (trace.__cause__, trace.__context__, *within):
        if other is not None:
            _keep_the_users(other)


def _is_the_users(file: str) -> bool:
    return not file.startswith(_ELSEWHERE) and _INSTALLED.isdisjoint(Path(file).parts)


def _content(returned: Any) -> list[ContentItem]:
    """Return what the agent gets to see of a value; runs code of the user's."""
    parts = returned if isinstance(returned, (list, tuple)) else [returned]
    shown = [_shown(part) for part in parts]
    if not any(shown):
        return [_text(_as_text(returned))]
    return [item or _text(_as_text(part)) for item, part in zip(shown, parts, strict=True)]


def _shown(value: Any) -> ContentItem | None:
    """Return an image or a table as an item of its own, and None for anything else."""
    # Looked at no further, because a list may hold millions.
    if isinstance(value, (str, int, float)):
        return None
    image = encoded(value)
    if image is not None:
        return {"type": "inputImage", "imageUrl": image.data_url}
    # As long as nobody has imported pandas, nothing is a table of its.
    pandas = sys.modules.get("pandas")
    if pandas is None or not isinstance(value, (pandas.DataFrame, pandas.Series)):
        return None
    # As CSV, because pandas' own way to print rounds numbers and leaves columns out.
    table = value.head(_MAX_ROWS).to_csv()
    if len(value) > _MAX_ROWS:
        table = f"The first {_MAX_ROWS:,} of {len(value):,} rows:\n{table}"
    return _text(table)


def _as_text(value: Any) -> str:
    if value is None:
        return "Done."
    try:
        plain = to_jsonable_python(value, fallback=str)
    except ValueError:  # it holds itself, or bytes that are no text
        return str(value)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _text(text: str) -> ContentItem:
    if len(text) > _MAX_TEXT:
        remark = f"[Cut: these are the first {_MAX_TEXT:,} of {len(text):,} characters.]"
        text = f"{text[:_MAX_TEXT]}\n{remark}"
    # An answer with half a surrogate pair in it is none to the CLI, which waits on for ever.
    return {"type": "inputText", "text": text.encode(errors="replace").decode()}
