"""The live protocol with as little around it as can be: what our client's time is compared with.

Writes requests, reads lines, hands out deltas. It has one turn at a time, on one loop; it checks
nothing, keeps nothing, and answers nothing that it is asked.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

# A message of a long turn is one line.
_LONGEST_LINE = 1 << 28
_HELLO = {
    "clientInfo": {"name": "bare_rpc", "version": "0"},
    "capabilities": {"experimentalApi": True},
}


class BareServer:
    """A ``codex app-server``. Made by `start`."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._in, self._out = process, process.stdin, process.stdout
        self._numbers = itertools.count()

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str]) -> BareServer:
        """Start it and shake hands."""
        server = cls(
            await asyncio.create_subprocess_exec(
                *command, env=env, limit=_LONGEST_LINE, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        )
        await server.request("initialize", _HELLO)
        server._write({"method": "initialized"})
        return server

    async def request(self, method: str, params: Mapping[str, Any]) -> Any:
        """Send a request and return its result; what else is said until then is dropped."""
        number = self._send(method, params)
        async for line in self._out:
            message = json.loads(line)
            if message.get("id") == number:
                return message["result"]
        raise EOFError("the server has gone")

    async def deltas(self, thread_id: str, prompt: str) -> AsyncIterator[str]:
        """Run a turn and yield what its messages are made of."""
        text = [{"type": "text", "text": prompt, "text_elements": []}]
        self._send("turn/start", {"threadId": thread_id, "input": text})
        async for line in self._out:
            message = json.loads(line)
            method = message.get("method")
            if method == "item/agentMessage/delta":
                yield message["params"]["delta"]
            elif method == "turn/completed":
                return

    async def close(self) -> None:
        """End it."""
        self._in.close()
        await self._process.wait()

    def _send(self, method: str, params: Mapping[str, Any]) -> int:
        number = next(self._numbers)
        self._write({"id": number, "method": method, "params": params})
        return number

    def _write(self, message: Mapping[str, Any]) -> None:
        self._in.write(json.dumps(message).encode() + b"\n")
