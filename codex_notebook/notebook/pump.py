"""Hears clicks while a cell runs, on kernels that would deliver them only after it.

A cell that is awaited needs this on ipykernel before 7.4 only; a cell that blocks needs it on
every one. Both take comm messages (what clicks arrive as) off the kernel's shell channel and
leave everything else, in order, for after the cell. The kernel has no public way to do that, so
every private name is used here and nowhere else, and where one is missing the cell runs as it
would without us: clicks are then heard when it has ended.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

_COMMS = ("comm_open", "comm_msg", "comm_close")
# The first ipykernel that dispatches comm messages during an awaited cell by itself.
_NATIVE = (7, 4)


def needs_pump_when_awaiting() -> bool:
    """Whether an awaited cell hears clicks only with `heard_while_awaiting`."""
    import ipykernel

    return tuple(ipykernel.version_info[:2]) < _NATIVE


@contextmanager
def heard_while_awaiting(kernel: Any) -> Iterator[None]:
    """Dispatch comm messages as they come in while an async cell awaits."""
    stream = _shell_stream(kernel)
    if stream is None:
        yield
        return
    original, copy = stream._recv_callback, stream._recv_copy

    def receive(message: Any) -> Any:
        return None if _dispatch_comm(kernel, message) else original(message)

    stream.on_recv(receive, copy=copy)
    try:
        yield
    finally:
        stream.on_recv(original, copy=copy)


@contextmanager
def heard_while_blocking(kernel: Any) -> Iterator[Callable[[], None]]:
    """Give a function that dispatches the comm messages which have come in since its last call."""
    stream = _shell_stream(kernel)
    if stream is None:
        yield lambda: None
        return
    import zmq

    original, copy = stream._recv_callback, stream._recv_copy
    held: list[Any] = []

    def receive(message: Any) -> None:
        if not _dispatch_comm(kernel, message):
            held.append(message)

    stream.on_recv(receive, copy=copy)
    try:
        yield lambda: stream.flush(zmq.POLLIN)
    finally:
        stream.on_recv(original, copy=copy)
        for message in held:
            # What came for the kernel meanwhile, such as the next cell, in its order.
            handled = original(message)
            if inspect.isawaitable(handled):
                asyncio.ensure_future(handled)


def _shell_stream(kernel: Any) -> Any:
    """Return the stream on which the shell channel arrives, or None if it is not where we know."""
    try:
        channel = getattr(kernel, "shell_channel_thread", None)
        if channel is not None:
            stream = channel.manager._shell_channel_to_main.to_stream
        else:
            stream = kernel.shell_stream
        if stream is not None and callable(stream._recv_callback) and stream._recv_copy is not None:
            return stream
    except AttributeError:
        pass
    log.warning("This kernel hides its shell channel; clicks are heard only between cells.")
    return None


def _dispatch_comm(kernel: Any, message: Any) -> bool:
    """Handle ``message`` if it is a comm message; return whether it was."""
    session = kernel.session
    try:
        identities, parts = session.feed_identities(message, copy=False)
        header = session.deserialize(parts, content=False, copy=False)["header"]
    except Exception:
        return False
    if header.get("msg_type") not in _COMMS:
        return False
    decoded = session.deserialize(parts, content=True, copy=False)
    kernel._publish_status("busy", "shell", parent=decoded)
    try:
        getattr(kernel.comm_manager, header["msg_type"])(None, identities, decoded)
    except Exception:
        log.exception("A comm message could not be handled")
    finally:
        kernel._publish_status("idle", "shell", parent=decoded)
    return True
