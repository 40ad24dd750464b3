"""What the server asks leave for, as values; and what is decided, as the protocol hears it.

Pure functions, and none of them accepts by itself. Source: the server's requests in the schema of
``codex app-server``, version 0.163. Questions are in ``questions``, who decides in ``desk``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from codex_notebook.core.asks import Approval, Decision
from codex_notebook.core.items import FileChangeItem, Item, McpToolCallItem
from codex_notebook.errors import InvalidOptionError

Json = Any
Params = Mapping[str, Json]

COMMAND = "item/commandExecution/requestApproval"
FILE_CHANGE = "item/fileChange/requestApproval"
PERMISSIONS = "item/permissions/requestApproval"
ELICITATION = "mcpServer/elicitation/request"

# What the protocol offers, in our words.
_OFFERS: dict[str, Decision] = {
    "accept": "accept",
    "acceptForSession": "accept_for_session",
    "acceptWithExecpolicyAmendment": "accept_with_rule",
    "decline": "decline",
    "cancel": "cancel",
}
_SAID = {decision: offer for offer, decision in _OFFERS.items()}


def is_approval(method: str, params: Params) -> bool:
    """Return whether a request of the server asks for leave."""
    return method in (COMMAND, FILE_CHANGE, PERMISSIONS) or (
        method == ELICITATION and _meta(params).get("codex_approval_kind") == "mcp_tool_call"
    )


def waiting_id(params: Params, running: Iterable[Item]) -> str | None:
    """Return the id of the item that waits for leave, of those that run; None if none does."""
    said = params.get("itemId")
    if isinstance(said, str):
        return said
    # The server does not say which call of an MCP tool it asks about.
    call = params.get("serverName"), _meta(params).get("tool_params")
    for item in running:
        if isinstance(item, McpToolCallItem) and (item.server, item.arguments) == call:
            return item.id
    return None


def approval_of(method: str, params: Params, ask_id: str, item: Item | None) -> Approval:
    """Return what is to be decided.

    Parameters
    ----------
    method, params : str, mapping
        The request.
    ask_id : str
        The id that it gets here.
    item : Item or None
        The item that waits, if it has begun.
    """
    common = {
        "id": ask_id,
        "reason": params.get("reason"),
        "item_id": item.id if item is not None else params.get("itemId"),
        "thread_id": params.get("threadId"),
    }
    return Approval.model_validate({**common, **_APPROVALS[method](params, item)})


def _command(params: Params, _: Item | None) -> dict[str, Json]:
    network = params.get("networkApprovalContext")
    return {
        "kind": "stdin" if params.get("kind") == "writeStdin" else "command",
        "command": params.get("command"),
        "cwd": params.get("cwd"),
        "permissions": params.get("additionalPermissions"),
        "rule": params.get("proposedExecpolicyAmendment") or None,
        "host": network.get("host") if isinstance(network, Mapping) else None,
        "decisions": _decisions(params),
    }


def _decisions(params: Params) -> tuple[Decision, ...]:
    offered = params.get("availableDecisions")
    if offered is None:
        rule = ("accept_with_rule",) if params.get("proposedExecpolicyAmendment") else ()
        return ("accept", "accept_for_session", *rule, "decline", "cancel")
    names = [next(iter(one), "") if isinstance(one, Mapping) else one for one in offered]
    known = {_OFFERS[name] for name in names if name in _OFFERS}
    # To say no is always allowed, also where the CLI's own interface has no button for it. In one
    # order, whatever the CLI's, so that a button is where the hand expects it.
    return tuple(decision for decision in _SAID if decision in known.union(_NO))


_NO: tuple[Decision, ...] = ("decline", "cancel")


def _file_change(params: Params, item: Item | None) -> dict[str, Json]:
    return {
        "kind": "file_change",
        "changes": item.changes if isinstance(item, FileChangeItem) else (),
        "grant_root": params.get("grantRoot"),
        "decisions": ("accept", "accept_for_session", *_NO),
    }


def _permissions(params: Params, _: Item | None) -> dict[str, Json]:
    return {
        "kind": "permissions",
        "cwd": params.get("cwd"),
        "permissions": params.get("permissions"),
        "decisions": ("accept", "accept_for_session", *_NO),
    }


def _mcp_tool(params: Params, item: Item | None) -> dict[str, Json]:
    meta = _meta(params)
    persist = meta.get("persist")
    ways = persist if isinstance(persist, (list, tuple)) else [persist]
    return {
        "kind": "mcp_tool",
        "reason": params.get("message"),
        "server": params.get("serverName"),
        "tool": item.tool if isinstance(item, McpToolCallItem) else meta.get("tool_title"),
        "arguments": meta.get("tool_params"),
        "decisions": (
            "accept",
            *(("accept_for_session",) if "session" in ways else ()),
            *(("accept_with_rule",) if "always" in ways else ()),
            *_NO,
        ),
    }


_APPROVALS: dict[str, Callable[[Params, Item | None], dict[str, Json]]] = {
    COMMAND: _command,
    FILE_CHANGE: _file_change,
    PERMISSIONS: _permissions,
    ELICITATION: _mcp_tool,
}


def check_decision(approval: Approval, decision: object) -> Decision:
    """Return the decision, if it is one of those that can be made.

    Raises
    ------
    InvalidOptionError
        If it is not.
    """
    for known in approval.decisions:
        if decision == known:
            return known
    raise InvalidOptionError(
        f"{decision!r} cannot be decided here; it can be {', '.join(approval.decisions)}.",
        option="decision",
    )


def decided(method: str, params: Params, decision: Decision) -> Json:
    """Return a decision as the answer to the request."""
    accepted = decision.startswith("accept")
    if method == PERMISSIONS:
        # To grant nothing is to decline.
        granted = params.get("permissions") if accepted else {}
        scope = "session" if decision == "accept_for_session" else "turn"
        return {"permissions": _without_nothing(granted), "scope": scope}
    if method == ELICITATION:
        persist = {"accept_for_session": "session", "accept_with_rule": "always"}.get(decision)
        meta = {"persist": persist} if persist else None
        return {
            "action": "accept" if accepted else decision,
            "content": {} if accepted else None,
            "_meta": meta,
        }
    if decision == "accept_with_rule":
        rule = params.get("proposedExecpolicyAmendment")
        return {"decision": {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": rule}}}
    return {"decision": _SAID[decision]}


def _without_nothing(granted: Json) -> dict[str, Json]:
    named = granted if isinstance(granted, Mapping) else {}
    return {name: value for name, value in named.items() if value is not None}


def _meta(params: Params) -> Params:
    meta = params.get("_meta")
    return meta if isinstance(meta, Mapping) else {}
