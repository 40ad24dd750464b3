"""The desk on its own: what is asked is told, decided once, and told of before all is over."""

from __future__ import annotations

import asyncio
from typing import Any

from codex_notebook.client.approvals import COMMAND
from codex_notebook.client.desk import Desk
from codex_notebook.core.events import Event

ASKED = {"itemId": "c", "threadId": "t", "command": "ls"}


def desk(events: list[Event], **options: Any) -> Desk:
    async def call(handler: Any, ask: Any) -> Any:
        return handler(ask)

    chosen = {"approvals": True, "questions": None, "timeout": None, "attended": True, **options}
    return Desk(events.append, call, **chosen)


def test_what_waits_when_it_closes_is_told_of_before_it_has_settled() -> None:
    async def main() -> tuple[list[str], Any]:
        events: list[Event] = []
        asked = desk(events)
        asking = asyncio.create_task(asked.approve(COMMAND, ASKED, 1, None))
        await asyncio.sleep(0)
        assert asked.held_up == {"c"}
        asked.close()
        await asked.settled()
        return [event.type for event in events], await asking

    told, answer = asyncio.run(main())
    assert told == ["approval.requested", "approval.resolved"]
    assert answer == {"decision": "decline"}


def test_a_desk_at_which_nothing_waits_has_settled() -> None:
    async def main() -> None:
        asked = desk([])
        await asked.settled()
        asked.close()
        await asked.settled()

    asyncio.run(main())


def test_without_a_handler_nobody_is_waited_for() -> None:
    async def main(**options: Any) -> tuple[Any, Any]:
        events: list[Any] = []
        answer = await desk(events, **options).approve(COMMAND, ASKED, 1, None)
        return answer, events[-1].by

    declined = {"decision": "decline"}
    assert asyncio.run(main(approvals=None)) == (declined, "nobody")
    assert asyncio.run(main(attended=False)) == (declined, "nobody")
    assert asyncio.run(main(timeout=0.01)) == (declined, "timeout")
