"""How many bytes a panel sends for each byte of text that it shows.

The turn, the panel and its pacing are the real ones; only the transport, which says deltas at a
pace of ours, and the channel, which counts, are made here. Each message is packed as a kernel
packs it. The front end's part is to say hello once, as it does. Streams are shown in later panels
of a kernel; only the first one brings the program along.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from comm.base_comm import BaseComm
from jupyter_client.session import Session

from benchmarks.spoken_turn import DELTA_BYTES, Stream, begin, new_turn
from benchmarks.table import Measurement, Row
from codex_notebook.client.loop import io_loop
from codex_notebook.notebook import panel
from codex_notebook.notebook.program import Program
from codex_notebook.notebook.widget import TurnPanel

_GOAL_COUNT, _GOAL = 10_000, 1.3
_OPENING_GOAL = 5.0
_PATIENCE = 300.0


_STREAMS = (
    Stream(1_000, 1_000),
    Stream(10_000, 1_000),
    # Ten times as fast, because 100 seconds are too long; the number of frames is the same.
    Stream(100_000, 10_000),
    Stream(1_000, None),
    Stream(10_000, None),
    Stream(100_000, None),
)
_QUICK = (Stream(1_000, 10_000), Stream(1_000, None))


def measure(quick: bool) -> Measurement:
    """Stream messages of 1,000, 10,000 and 100,000 deltas (1,000 only if ``quick``)."""
    program = Program()
    first, second = _opened(program), _opened(program)
    rows = [
        Row("opening a kernel's first panel, with the program", first / 1000, "kB"),
        Row("opening a later panel", second / 1000, "kB", _OPENING_GOAL),
    ]
    for stream in _QUICK if quick else _STREAMS:
        sent = _stream(stream, program)
        text = stream.count * DELTA_BYTES
        goal = _GOAL if stream.count == _GOAL_COUNT else None
        rows += [
            Row(f"{stream.name}: all / text", (sent.opening + sent.frames) / text, "x", goal),
            Row(f"{stream.name}: frames / text", sent.frames / text, "x", goal),
            Row(f"{stream.name}: on the wire / text", sent.wire / text, "x"),
        ]
    return Measurement(
        tuple(rows),
        (
            f"A TurnPanel over a RunningTurn of one message in deltas of {DELTA_BYTES} bytes, "
            "once each.",
            "Counted is the JSON of each message's content; `on the wire` adds the headers and "
            "the signature that Jupyter puts round all of them.",
        ),
    )


@dataclass
class _Sent:
    """Counts the bytes that were sent.

    Attributes
    ----------
    opening : int
        The content of whatever is sent once for each panel: opening, snapshot, closing.
    frames : int
        The content of the frames.
    wire : int
        All of it, with Jupyter's envelope.
    """

    opening: int = 0
    frames: int = 0
    wire: int = 0
    _session: Session = field(default_factory=Session)
    # A panel is opened on one thread and sends on another.
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._cause = self._session.msg_header("execute_request")

    def count(self, kind: str, content: dict[str, Any], metadata: dict[str, Any] | None) -> None:
        """Count one message."""
        with self._lock:
            message = self._session.msg(kind, content, parent=self._cause, metadata=metadata)
            parts = self._session.serialize(message)
            if content["data"].get("content", {}).get("op") == "frame":
                self.frames += len(parts[-1])
            else:
                self.opening += len(parts[-1])
            self.wire += sum(map(len, parts))


@contextmanager
def _counted() -> Iterator[_Sent]:
    """Count what widgets that are made meanwhile send."""
    sent = _Sent()

    class CountingComm(BaseComm):
        def publish_msg(
            self,
            msg_type: str,
            data: dict[str, Any] | None = None,
            metadata: dict[str, Any] | None = None,
            buffers: list[bytes] | None = None,
            **keys: Any,
        ) -> None:
            assert not buffers
            sent.count(msg_type, {"data": data or {}, "comm_id": self.comm_id, **keys}, metadata)

    kernel = mock.patch.object(panel, "get_ipython", return_value=mock.Mock(kernel=True))
    with mock.patch("comm.create_comm", CountingComm), kernel:
        yield sent


def _opened(program: Program) -> int:
    """Open a panel; return the bytes that this took."""
    with _counted() as sent:
        turn_panel = TurnPanel(new_turn(), io_loop(), program)
        opening = sent.opening
    turn_panel.close()
    return opening


def _stream(stream: Stream, program: Program) -> _Sent:
    """Show a turn in a panel from start to end; return what was sent for it."""
    with _counted() as sent:
        running = new_turn()
        turn_panel = TurnPanel(running, io_loop(), program)
        hello = {"method": "custom", "content": {"op": "hello"}}
        turn_panel.comm.handle_msg({"content": {"data": hello}})

        begin(running, stream.events())
        turn, error = running.outcome(_PATIENCE)
        assert error is None
        assert turn.final_response == stream.text
        turn_panel.close()
    return sent
