"""Messages without the header of the request in whose course they are sent.

Jupyter repeats that header in each message, which is a third of what it puts round one. A panel's
frames belong to their channel; no front end asks which cell they came from. Knows ipykernel, where
there is one; not what is sent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any


def without_parent(send: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return ``send``, whose messages then have no parent; as it is where the kernel has no way.

    Parameters
    ----------
    send : callable
        Takes a message and sends it by the running kernel, before it returns.
    """
    base = sys.modules.get("ipykernel.kernelbase")
    kernel = base.Kernel.instance() if base is not None and base.Kernel.initialized() else None
    # An attribute of ipykernel 7's own; older ones have none of that kind.
    parent = getattr(kernel, "_shell_parent", None)
    if not isinstance(parent, ContextVar):
        return send
    variable = parent

    def sent(message: Any) -> None:
        context = copy_context()
        context.run(variable.set, {})
        context.run(send, message)

    return sent
