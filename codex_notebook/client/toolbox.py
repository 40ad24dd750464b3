"""The tools of one turn, and the calls of them that run.

Knows which tool is meant and when nobody waits for it any more; how one is run and what the agent
is told of it is in ``tool_call``. Used on our own loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from codex_notebook.client.tools import Tool

Json = Any

TOOL_CALL = "item/tool/call"


class Toolbox:
    """The tools that a turn's agent may call.

    Parameters
    ----------
    tools : sequence of Tool
        The tools.
    loop : AbstractEventLoop or None
        That of whoever started the turn, where async ones are awaited.
    """

    def __init__(self, tools: Sequence[Tool], loop: asyncio.AbstractEventLoop | None) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._loop = loop
        self._calls: set[asyncio.Task[Json]] = set()
        self._closed = False

    async def call(self, params: Mapping[str, Json]) -> Json:
        """Run the tool that the server asks for, and return what the agent is told of it."""
        name = params.get("tool")
        tool = self._tools.get(str(name))
        if self._closed:
            return _refusal(name, "the turn is over")
        if tool is None:
            return _refusal(name, "the program that had it has ended")
        # It takes long to load, and few need it.
        from codex_notebook.client.tool_call import call

        work = call(tool, params.get("arguments"), loop=self._loop)
        calling = asyncio.create_task(work)
        self._calls.add(calling)
        try:
            return await calling
        except asyncio.CancelledError:
            if not self._is_closed():
                raise
            # A sub-agent may live on, and would wait for the answer.
            return _refusal(name, "the turn is over")
        finally:
            self._calls.discard(calling)

    def _is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Cancel what runs, for nobody waits for it; one that is not async runs on unheard."""
        self._closed = True
        for calling in self._calls:
            calling.cancel()


def _refusal(name: object, why: str) -> Json:
    text = f"The tool {name} is not available: {why}."
    return {"contentItems": [{"type": "inputText", "text": text}], "success": False}
