"""What reached the scripted model: one value for each request, in a journal that threads share.

Knows nothing of scenarios or sockets.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RecordedRequest:
    """A request that reached the server.

    Attributes
    ----------
    method, path : str
        ``POST`` and ``/v1/responses`` for what is asked of the model.
    user_message : str
        The user's latest message, without what the CLI adds to it; empty if there is none.
    model : str
        The model that was asked for; empty if none was.
    at : float
        When it came, in seconds of `time.time`.
    body : dict
        The JSON body; empty if it was no JSON object.
    headers : dict of str to str
        Names in lower case. Neither these nor the body are in the repr: they may hold a key.
    """

    method: str
    path: str
    user_message: str
    model: str
    at: float
    body: dict[str, Any] = field(repr=False)
    headers: dict[str, str] = field(repr=False)


class Journal:
    """The requests so far: written by the server's thread, read and awaited by any other."""

    def __init__(self) -> None:
        self._requests: list[RecordedRequest] = []
        self._changed = threading.Condition()

    def add(self, request: RecordedRequest) -> None:
        """Write a request down."""
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def requests(self) -> list[RecordedRequest]:
        """Return the requests so far, in the order in which they came."""
        with self._changed:
            return list(self._requests)

    def wait(self, count: int, timeout: float) -> list[RecordedRequest]:
        """Wait until there are `count` requests, and return all there are.

        Raises
        ------
        TimeoutError
            If there are fewer after `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._requests) >= count, timeout):
                raise TimeoutError(
                    f"{len(self._requests)} of {count} requests came within {timeout} s."
                )
            return list(self._requests)
