"""The protocol check: what we use of the live protocol, against what a CLI says that it is.

Tells of a newer CLI which methods, fields and values that we use are gone or changed, before a
turn meets it. Knows which part of the table belongs to which part of the schema; prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codex_notebook.client.binary import Binary, cli_version
from codex_notebook.client.protocol_schema import ProtocolSchema
from codex_notebook.client.protocol_shape import Comparison, Finding
from codex_notebook.client.protocol_use import (
    NOTIFICATIONS,
    NOTIFICATIONS_SENT,
    REFUSED,
    REQUESTS,
    SERVER_REQUESTS,
)

_HEADINGS = {
    "gone": "Gone:",
    "changed": "Changed:",
    "required": "Required, and not always sent:",
    "new": "New, and unknown here; nothing breaks:",
}
_NO_ANSWER = "the schema has none under the name that it should have"


def findings(schema: ProtocolSchema) -> list[Finding]:
    """Return where a schema of the protocol is not what we use."""
    return [*_requests(schema), *_notifications(schema), *_server_requests(schema)]


def breaks(found: Sequence[Finding]) -> bool:
    """Return whether anything that we use is gone or changed, and not merely something new."""
    return any(finding.kind != "new" for finding in found)


def report(binary: Binary, found: Sequence[Finding]) -> str:
    """Return what was found in the schema of a CLI, for people to read."""
    used = {
        "of our requests": len(REQUESTS),
        "of the server's requests": len(SERVER_REQUESTS),
        "notifications": len(NOTIFICATIONS) + len(NOTIFICATIONS_SENT),
    }
    compared = ", ".join(f"{count} {what}" for what, count in used.items())
    lines = [f"{cli_version(binary) or 'Unknown version'} at {binary.path}", compared]
    for kind, heading in _HEADINGS.items():
        told = [f"  {one.where}: {one.what}." for one in found if one.kind == kind]
        lines += ["", heading, *told] if told else []
    if not breaks(found):
        lines += ["", "Nothing that codex_notebook uses is gone or changed."]
    return "\n".join(lines)


def _requests(schema: ProtocolSchema) -> Iterator[Finding]:
    compare = Comparison(schema)
    known = schema.methods("ClientRequest")
    for method, use in REQUESTS.items():
        if method not in known:
            yield _gone(method)
            continue
        params = known[method]
        yield from compare.sent(use.sends, params, f"{method} params")
        answer = schema.answer(params)
        if use.reads and answer is None:
            yield Finding("gone", f"{method} result", _NO_ANSWER)
        elif use.reads:
            yield from compare.read(use.reads, [answer], f"{method} result")


def _notifications(schema: ProtocolSchema) -> Iterator[Finding]:
    compare = Comparison(schema)
    known = schema.methods("ServerNotification")
    for method, reads in NOTIFICATIONS.items():
        if method in known:
            yield from compare.read(reads, [known[method]], f"{method} params")
        else:
            yield _gone(method)
    taken = schema.methods("ClientNotification")
    yield from (_gone(method) for method in NOTIFICATIONS_SENT if method not in taken)


def _server_requests(schema: ProtocolSchema) -> Iterator[Finding]:
    compare = Comparison(schema)
    known = schema.methods("ServerRequest")
    for method, use in SERVER_REQUESTS.items():
        if method not in known:
            yield _gone(method)
            continue
        params = known[method]
        yield from compare.read(use.reads, [params], f"{method} params")
        answer = schema.answer(params)
        if answer is None:
            yield Finding("gone", f"{method} answer", _NO_ANSWER)
        else:
            yield from compare.sent(use.sends, answer, f"{method} answer")
    for method in known:
        if method not in SERVER_REQUESTS and method not in REFUSED:
            yield Finding("new", method, "the server may ask it, and we refuse")


def _gone(method: str) -> Finding:
    return Finding("gone", method, "there is no such method")
