"""The tools of a turn: who is meant, and what becomes of calls that nobody waits for."""

from __future__ import annotations

import asyncio
from typing import Any

from codex_notebook.client.toolbox import Toolbox
from codex_notebook.client.tools import Tool


def text(result: Any) -> str:
    (item,) = result["contentItems"]
    return str(item["text"])


def test_the_tool_that_is_named_is_called() -> None:
    def double(n: int) -> int:
        return 2 * n

    def never() -> None:
        raise AssertionError

    toolbox = Toolbox([Tool.of(double), Tool.of(never)], None)
    result = asyncio.run(toolbox.call({"tool": "double", "arguments": {"n": 21}}))
    assert (text(result), result["success"]) == ("42", True)


def test_a_tool_that_is_not_here_is_answered_in_words() -> None:
    result = asyncio.run(Toolbox([], None).call({"tool": "gone", "arguments": {}}))
    assert not result["success"]
    assert "gone is not available" in text(result)


def test_what_runs_when_the_turn_ends_is_cancelled_and_answered() -> None:
    cancelled: list[bool] = []

    async def main() -> tuple[Any, Any]:
        async def hang() -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(True)

        began = asyncio.Event()
        toolbox = Toolbox([Tool.of(hang)], asyncio.get_running_loop())
        calling = asyncio.create_task(toolbox.call({"tool": "hang", "arguments": {}}))
        await began.wait()
        toolbox.close()
        return await calling, await toolbox.call({"tool": "hang", "arguments": {}})

    results = asyncio.run(main())
    assert [(result["success"], "the turn is over" in text(result)) for result in results] == [
        (False, True)
    ] * 2
    assert cancelled == [True]


def test_a_call_that_is_itself_cancelled_stays_so() -> None:
    async def main() -> bool:
        async def hang() -> None:
            began.set()
            await asyncio.Event().wait()

        began = asyncio.Event()
        toolbox = Toolbox([Tool.of(hang)], asyncio.get_running_loop())
        calling = asyncio.create_task(toolbox.call({"tool": "hang", "arguments": {}}))
        await began.wait()
        calling.cancel()
        await asyncio.wait({calling})
        return calling.cancelled()

    assert asyncio.run(main())
