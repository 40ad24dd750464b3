"""One HTTP/1.1 exchange on a connection: a request is read, and one reply is written.

As little of HTTP as a model server needs; every reply closes its connection, so that
a client that has gone away is seen at once. Knows nothing of models.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

# Deltas are a hundred bytes each: sent one by one, a long text would cost a system call for each.
_BATCH = 64 * 1024


@dataclass(frozen=True)
class Request:
    """A request as it came.

    Attributes
    ----------
    method, path : str
        The first line; the path is without its query.
    headers : dict of str to str
        Names in lower case.
    content : bytes
        The body.
    """

    method: str
    path: str
    headers: dict[str, str]
    content: bytes


class Exchange:
    """A request and its reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._events = bytearray()
        self._streaming = False

    async def read(self) -> Request:
        """Read the request.

        Raises
        ------
        ValueError
            If it is not HTTP.
        asyncio.IncompleteReadError
            If the client goes away before it is complete.
        """
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise ValueError("the head of the request is too long") from error
        first, _, rest = head.partition(b"\r\n")
        method, target, _ = first.decode("latin-1").split(" ", 2)
        parsed = http.client.parse_headers(io.BytesIO(rest))
        headers = {name.lower(): value for name, value in parsed.items()}
        content = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Request(method, target.partition("?")[0], headers, content)

    async def reply(self, status: int, body: Mapping[str, Any]) -> None:
        """Write a whole reply of JSON."""
        content = json.dumps(body, ensure_ascii=False).encode()
        self._head(status, "application/json", f"Content-Length: {len(content)}\r\n")
        self._writer.write(content)
        await self._writer.drain()

    async def event(self, event: Mapping[str, Any]) -> None:
        """Add a server-sent event to the reply; it is on its way after `flush` at the latest."""
        if not self._streaming:
            self._streaming = True
            self._head(HTTPStatus.OK, "text/event-stream", "Cache-Control: no-store\r\n")
        data = json.dumps(event, ensure_ascii=False)
        self._events += f"event: {event['type']}\ndata: {data}\n\n".encode()
        if len(self._events) >= _BATCH:
            await self.flush()

    async def flush(self) -> None:
        """Send the events so far."""
        self._writer.write(bytes(self._events))
        self._events.clear()
        await self._writer.drain()
        # drain() alone does not let others run while the socket takes everything.
        await asyncio.sleep(0)

    async def disconnected(self) -> None:
        """Wait until the client is gone; it has nothing more to say after its request."""
        while await self._reader.read(_BATCH):
            pass

    def _head(self, status: int, kind: str, more: str) -> None:
        phrase = next((known.phrase for known in HTTPStatus if known == status), "Error")
        head = f"HTTP/1.1 {int(status)} {phrase}\r\nContent-Type: {kind}\r\n{more}"
        self._writer.write(f"{head}Connection: close\r\n\r\n".encode("latin-1"))
