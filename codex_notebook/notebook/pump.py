"""Hears clicks while a cell runs, on kernels that would deliver them only after it.

A cell that is awaited needs this on ipykernel before 7.4 only; a cell that blocks needs it on
every one. Both take comm messages (what clicks arrive as) off the channel of the shell in which
the cell runs, the main one or a subshell, and leave everything else, in order, for after the
cell. The kernel has no public way to do that, so every private name is used here and nowhere
else, and where one is missing the cell runs as it would without us: clicks are then heard when
it has ended.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from functools import cache
from typing import Any

log = logging.getLogger(__name__)

_COMMS = ("comm_open", "comm_msg", "comm_close")
# The first ipykernel that dispatches comm messages during an awaited cell by itself:
# https://github.com/ipython/ipykernel/pull/1565
_NATIVE = (7, 4)


@contextmanager
def heard_while_awaiting(kernel: Any) -> Iterator[None]:
    """Dispatch comm messages as they come in while an async cell awaits.

    Parameters
    ----------
    kernel : object or None
        The kernel, if there is one.
    """
    stream = None if kernel is None or _hears_while_awaiting() else _shell_stream(kernel)
    if stream is None:
        yield
        return
    receiver = stream._recv_callback
    # Turns that are awaited side by side end in any order, so they share one receiver.
    if not isinstance(receiver, _CommsFirst):
        receiver = _CommsFirst(kernel, receiver)
        stream.on_recv(receiver, copy=stream._recv_copy)
    receiver.waiting += 1
    try:
        yield
    finally:
        receiver.waiting -= 1
        if not receiver.waiting:
            stream.on_recv(receiver.original, copy=stream._recv_copy)


@contextmanager
def heard_while_blocking(kernel: Any) -> Iterator[Callable[[], None]]:
    """Give a function that dispatches the comm messages which have come in since its last call.

    Parameters
    ----------
    kernel : object or None
        The kernel, if there is one.
    """
    stream = None if kernel is None else _shell_stream(kernel)
    if stream is None:
        yield lambda: None
        return
    original, copy = stream._recv_callback, stream._recv_copy
    held: list[Any] = []

    def receive(message: Any) -> None:
        if not _dispatch_comm(kernel, message):
            held.append(message)

    stream.on_recv(receive, copy=copy)
    try:
        yield lambda: _take_what_came(stream)
    finally:
        stream.on_recv(original, copy=copy)
        for message in held:
            # What came for the kernel meanwhile, such as the next cell, in its order; given to
            # it as the stream would have, and before this cell can fail and have it aborted.
            stream._run_callback(original, message)


class _CommsFirst:
    """What a stream calls with a message while async cells of its shell await.

    Attributes
    ----------
    waiting : int
        How many awaits need it.
    original : callable
        What the stream called before.
    """

    def __init__(self, kernel: Any, original: Callable[[Any], Any]) -> None:
        self._kernel = kernel
        # What a handler prints belongs to the cell that waits, as it does in a cell that blocks;
        # the stream would call us in a context that belongs to no cell.
        self._context: Context = copy_context()
        self.original = original
        self.waiting = 0

    def __call__(self, message: Any) -> Any:
        # A copy, because a handler may wait for a turn of its own and so bring us here again.
        if self._context.copy().run(_dispatch_comm, self._kernel, message):
            return None
        return self.original(message)


def _hears_while_awaiting() -> bool:
    """Whether the kernel dispatches comm messages during an awaited cell by itself."""
    # Not imported: a kernel of another make may have no ipykernel.
    ipykernel: Any = sys.modules.get("ipykernel")
    return ipykernel is not None and tuple(ipykernel.version_info[:2]) >= _NATIVE


def _take_what_came(stream: Any) -> None:
    import zmq

    # One by one: a handler that waits for a turn of its own gets here again, and a `flush`
    # without limit never returns if another was called meanwhile and a message is left.
    while stream.flush(zmq.POLLIN, limit=1):
        pass


def _shell_stream(kernel: Any) -> Any:
    """Return the stream on which this thread's shell gets its messages.

    None if it is not where we know, or if this thread is not a shell but one that the user
    started: then the shells hear clicks themselves, and their streams must not be touched here.
    """
    try:
        stream = _stream_of_this_thread(kernel)
        if stream is None or (callable(stream._recv_callback) and stream._recv_copy is not None):
            return stream
    except AttributeError:
        pass
    _warn_that_channel_is_hidden()
    return None


def _stream_of_this_thread(kernel: Any) -> Any:
    channel = getattr(kernel, "shell_channel_thread", None)
    if channel is None:
        # ipykernel 6, or 7 without subshells.
        here = threading.current_thread() is threading.main_thread()
        return kernel.shell_stream if here else None
    try:
        subshell = channel.manager.subshell_id_from_thread_id(threading.get_ident())
    except RuntimeError:
        return None
    return channel.manager.get_shell_channel_to_subshell_pair(subshell).to_stream


@cache
def _warn_that_channel_is_hidden() -> None:
    log.warning("This kernel hides its shell channel; clicks are heard only between cells.")


def _dispatch_comm(kernel: Any, message: Any) -> bool:
    """Handle ``message`` if it is a comm message; return whether it was."""
    session = kernel.session
    try:
        identities, parts = session.feed_identities(message, copy=False)
        header = session.deserialize(parts, content=False, copy=False)["header"]
    except Exception:
        # Not for us to judge, such as ipykernel's own note to itself that ends an abort.
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
