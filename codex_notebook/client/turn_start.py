"""How a turn of the live transport is begun: by a prompt, as a review, or to make room.

Knows the protocol's three methods for it; not what the turn then does.
"""

from __future__ import annotations

from typing import Any

from codex_notebook.client.app_server import AppServer
from codex_notebook.client.connection import understood
from codex_notebook.client.live_params import review_target, turn_params
from codex_notebook.client.transport import TurnSpec
from codex_notebook.errors import AppServerError

Json = Any


async def start_turn(server: AppServer, thread_id: str, spec: TurnSpec) -> str | None:
    """Begin a turn; return its id, or None if that comes with its first word.

    Raises
    ------
    AppServerError
        If the server refuses, or does not answer; then it is ended.
    """
    params: dict[str, Json] = {"threadId": thread_id}
    if spec.compact:
        await server.request("thread/compact/start", params)
        return None
    if spec.review is not None:
        target = review_target(spec.review)
        method, params = "review/start", {**params, "target": target}
    else:
        method, params = "turn/start", {**params, **turn_params(spec)}
    try:
        told = await server.request(method, params)
    except AppServerError as fault:
        if fault.code is None and server.alive:
            # It may begin the turn after all, and nobody would watch it.
            server.end(f"The server of the Codex CLI did not answer {method}, so it was ended.")
        raise
    with understood(method):
        return str(told["turn"]["id"])
