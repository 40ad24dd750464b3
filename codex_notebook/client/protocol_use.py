"""What we use of the live protocol: the methods, fields and values. One table, as data.

`codex-notebook protocol` compares it with what a CLI says of itself (see ``protocol_check``), and
tests hold it equal to what the code names and to what it really sends. How a shape is written is
in ``protocol_shape``. Holds nothing but data; source: ``codex app-server``, version 0.163.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from codex_notebook.client.protocol_schema import ANY
from codex_notebook.client.protocol_shape import FLAG, NULL, NUMBER, TEXT, Either, Kinds, Shape
from codex_notebook.client.protocol_values import (
    ANYTHING_NAMED,
    CONTENT,
    ERROR,
    FILES,
    ITEM,
    LIMITS,
    THREAD,
    TURN,
)


@dataclass(frozen=True)
class Request:
    """What we use of a request, whoever makes it.

    Attributes
    ----------
    sends, reads : mapping or Kinds
        What we say and hear: for a request of ours its parameters and its answer, for one of the
        server's the answer and the parameters.
    """

    sends: Mapping[str, Shape] | Kinds = field(default_factory=dict)
    reads: Mapping[str, Shape] | Kinds = field(default_factory=dict)


def _maybe(shape: Mapping[str, Shape]) -> dict[str, Shape]:
    return {f"{name.removesuffix('?')}?": inner for name, inner in shape.items()}


# ---- our requests ------------------------------------------------------------------------

_OF_THREAD: dict[str, Shape] = {"threadId": TEXT}
_OPENED: dict[str, Shape] = {
    "thread": {"id": TEXT, "name?": TEXT},
    **{"model": TEXT, "reasoningEffort?": TEXT},
}
_THREAD_OPTIONS: dict[str, Shape] = {
    "cwd": TEXT,
    "runtimeWorkspaceRoots": [TEXT],
    "sandbox": ("read-only", "workspace-write", "danger-full-access"),
    "approvalPolicy": ("never", "on-request"),
    "approvalsReviewer": ("user",),
    "config": ANYTHING_NAMED,
    "model?": TEXT,
}
_REOPENING = {**_OF_THREAD, "excludeTurns": FLAG, **_maybe(_THREAD_OPTIONS)}
_INPUT: Shape = [
    Kinds(
        "type",
        {
            "text": {"text": TEXT, "text_elements": [ANY]},
            "image": {"url": TEXT},
            "localImage": {"path": TEXT},
        },
    )
]
_TARGET = Kinds(
    "type",
    {
        "custom": {"instructions": TEXT},
        "baseBranch": {"branch": TEXT},
        "commit": {"sha": TEXT, "title": Either(TEXT, NULL)},
        "uncommittedChanges": {},
    },
)
_TOOL = Kinds("type", {"function": {"name": TEXT, "description": TEXT, "inputSchema": ANY}})
_CURSOR: dict[str, Shape] = {"cursor": Either(TEXT, NULL)}
_NEXT: dict[str, Shape] = {"nextCursor?": TEXT}

REQUESTS: dict[str, Request] = {
    "initialize": Request(
        sends={
            "clientInfo": {"name": TEXT, "title": TEXT, "version": TEXT},
            "capabilities": {
                **{"experimentalApi": FLAG, "requestAttestation": FLAG},
                "optOutNotificationMethods": [TEXT],
            },
        },
        reads={"userAgent": TEXT},
    ),
    "thread/start": Request(
        sends={
            **_THREAD_OPTIONS,
            **{"ephemeral?": FLAG, "threadSource?": TEXT, "dynamicTools?": [_TOOL]},
        },
        reads=_OPENED,
    ),
    "thread/resume": Request(sends=_REOPENING, reads=_OPENED),
    "thread/fork": Request(
        sends={
            **_REOPENING,
            **{"lastTurnId?": TEXT, "ephemeral?": FLAG, "threadSource?": TEXT},
        },
        reads=_OPENED,
    ),
    "thread/unsubscribe": Request(sends=_OF_THREAD),
    "thread/compact/start": Request(sends=_OF_THREAD),
    "thread/backgroundTerminals/clean": Request(sends=_OF_THREAD),
    "thread/list": Request(
        sends={
            "sourceKinds": [("cli", "vscode", "exec", "appServer", "unknown")],
            **{"modelProviders": [TEXT], "archived": FLAG, "searchTerm?": TEXT, "cwd?": TEXT},
            **{"limit": NUMBER, **_CURSOR},
        },
        reads={"data": [THREAD], **_NEXT},
    ),
    "thread/read": Request(sends=_OF_THREAD, reads={"thread": THREAD}),
    "thread/turns/list": Request(
        sends={
            **_OF_THREAD,
            **{"itemsView": ("full",), "sortDirection": ("asc",), "limit": NUMBER, **_CURSOR},
        },
        reads={
            "data": [
                {
                    **TURN,
                    **{"items": [ITEM], "rootTurnId?": TEXT},
                    **{"startedAt?": NUMBER, "completedAt?": NUMBER, "durationMs?": NUMBER},
                }
            ],
            **_NEXT,
        },
    ),
    "thread/name/set": Request(sends={**_OF_THREAD, "name": TEXT}),
    "thread/archive": Request(sends=_OF_THREAD),
    "thread/unarchive": Request(sends=_OF_THREAD),
    "thread/revert": Request(sends={**_OF_THREAD, "beforeTurnId": TEXT}),
    "turn/start": Request(
        sends={
            **_OF_THREAD,
            **{"input": _INPUT, "outputSchema?": ANY},
            "cyberAccessProgram?": ("standard", "daybreakBlue", "daybreakRed"),
            "additionalContext?": {"*": {"value": TEXT, "kind": ("untrusted",)}},
        },
        reads={"turn": {"id": TEXT}},
    ),
    "turn/steer": Request(sends={**_OF_THREAD, "expectedTurnId": TEXT, "input": _INPUT}),
    "turn/interrupt": Request(sends={**_OF_THREAD, "turnId": TEXT}),
    "review/start": Request(sends={**_OF_THREAD, "target": _TARGET}, reads={"turn": {"id": TEXT}}),
    "model/list": Request(
        sends={"includeHidden": FLAG, "limit": NUMBER, **_CURSOR},
        reads={
            "data": [
                {
                    **{"id": TEXT, "model": TEXT, "displayName": TEXT, "description": TEXT},
                    "supportedReasoningEfforts": [{"reasoningEffort": TEXT}],
                    **{"defaultReasoningEffort": TEXT, "isDefault": FLAG, "hidden": FLAG},
                }
            ],
            **_NEXT,
        },
    ),
    "account/read": Request(reads={"account?": {"type": TEXT, "email?": TEXT, "planType?": TEXT}}),
    "account/rateLimits/read": Request(reads={"rateLimits": {**LIMITS, "planType?": TEXT}}),
    "account/login/start": Request(
        sends=Kinds("type", {"apiKey": {"apiKey": TEXT}, "chatgptDeviceCode": {}}),
        reads={"verificationUrl?": TEXT, "userCode?": TEXT, "loginId?": TEXT},
    ),
    "account/login/cancel": Request(sends={"loginId": TEXT}),
}

NOTIFICATIONS_SENT = ("initialized",)

# ---- what the server says ----------------------------------------------------------------

_DELTA: Shape = {**_OF_THREAD, "itemId": TEXT, "delta": TEXT}
_WARNING: Shape = {"summary": TEXT, "details?": TEXT}

NOTIFICATIONS: dict[str, Shape] = {
    "item/agentMessage/delta": _DELTA,
    "item/plan/delta": _DELTA,
    "item/reasoning/summaryTextDelta": _DELTA,
    "item/reasoning/summaryPartAdded": {**_OF_THREAD, "itemId": TEXT, "summaryIndex": NUMBER},
    "item/reasoning/textDelta": _DELTA,
    "item/commandExecution/outputDelta": {
        **_OF_THREAD,
        "turnId": TEXT,
        "itemId": TEXT,
        "delta": TEXT,
    },
    "item/started": {**_OF_THREAD, "item": ITEM},
    "item/completed": {**_OF_THREAD, "turnId": TEXT, "item": ITEM},
    "item/fileChange/patchUpdated": {**_OF_THREAD, "itemId": TEXT, "changes": FILES},
    "turn/started": {**_OF_THREAD, "turn": {"id": TEXT}},
    "turn/plan/updated": {
        **_OF_THREAD,
        "plan": [{"step": TEXT, "status": ("pending", "inProgress", "completed")}],
    },
    "turn/diff/updated": {**_OF_THREAD, "diff": TEXT},
    "turn/completed": {**_OF_THREAD, "turn": TURN},
    "thread/started": {"thread": {"id": TEXT, "parentThreadId?": TEXT}},
    "thread/closed": _OF_THREAD,
    "thread/tokenUsage/updated": {
        **_OF_THREAD,
        "tokenUsage": {
            "total": {
                **{"inputTokens": NUMBER, "cachedInputTokens": NUMBER, "outputTokens": NUMBER},
                **{"cacheWriteInputTokens?": NUMBER, "reasoningOutputTokens": NUMBER},
            },
            "last": {"totalTokens": NUMBER},
            "modelContextWindow?": NUMBER,
        },
    },
    "account/rateLimits/updated": {"rateLimits": {**LIMITS, "credits?": ANY}},
    "account/login/completed": {"loginId?": TEXT, "success": FLAG, "error?": TEXT},
    "mcpServer/startupStatus/updated": {
        **_maybe(_OF_THREAD),
        "name": TEXT,
        "status": ("starting", "ready", "failed", "cancelled"),
        "error?": TEXT,
    },
    "model/rerouted": {**_OF_THREAD, "fromModel": TEXT, "toModel": TEXT},
    "serverRequest/resolved": {**_OF_THREAD, "requestId": Either(TEXT, NUMBER)},
    "error": {**_OF_THREAD, "error": ERROR, "willRetry": FLAG},
    "warning": {**_maybe(_OF_THREAD), "message": TEXT},
    "guardianWarning": {**_OF_THREAD, "message": TEXT},
    "deprecationNotice": _WARNING,
    # We ask not to be told.
    "thread/status/changed": {},
    "thread/readState/changed": {},
    "remoteControl/status/changed": {},
}

# ---- what the server asks ----------------------------------------------------------------

_OF_ITEM: dict[str, Shape] = {**_OF_THREAD, "itemId": TEXT}
_DECISION = ("accept", "acceptForSession", "decline", "cancel")
# What is asked for is granted as it stands.
_PERMISSIONS: Shape = {"network?": ANY, "fileSystem?": ANY}
_FORM_FIELD: Shape = {
    **{"type": ("string", "number", "integer", "boolean", "array"), "title?": TEXT},
    **{"description?": TEXT, "enum?": [TEXT], "oneOf?": [{"const": TEXT}]},
    "items?": {"enum?": [TEXT], "anyOf?": [{"const": TEXT}]},
}

SERVER_REQUESTS: dict[str, Request] = {
    "item/commandExecution/requestApproval": Request(
        reads={
            **_OF_ITEM,
            **{"reason?": TEXT, "kind?": ("command", "writeStdin")},
            **{"command?": TEXT, "cwd?": TEXT, "additionalPermissions?": ANYTHING_NAMED},
            "proposedExecpolicyAmendment?": [TEXT],
            "networkApprovalContext?": {"host": TEXT},
            "availableDecisions?": [Either(_DECISION, {"acceptWithExecpolicyAmendment?": ANY})],
        },
        sends={
            "decision": Either(
                _DECISION, {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": [TEXT]}}
            )
        },
    ),
    "item/fileChange/requestApproval": Request(
        reads={**_OF_ITEM, "reason?": TEXT, "grantRoot?": TEXT}, sends={"decision": _DECISION}
    ),
    "item/permissions/requestApproval": Request(
        reads={**_OF_ITEM, "reason?": TEXT, "cwd": TEXT, "permissions": _PERMISSIONS},
        sends={"permissions": _PERMISSIONS, "scope": ("turn", "session")},
    ),
    "mcpServer/elicitation/request": Request(
        reads=Kinds(
            "mode",
            {
                "form": {"message": TEXT, "requestedSchema": {"properties": {"*": _FORM_FIELD}}},
                "openai/form": {"message": TEXT, "requestedSchema": ANY},
                "openaiForm": {"message": TEXT, "requestedSchema": ANY},
                "url": {"message": TEXT, "url": TEXT},
                "openai/userVerification": {},
            },
            every={**_OF_THREAD, "serverName": TEXT, "_meta?": ANY},
        ),
        sends={"action": ("accept", "decline", "cancel"), "content": ANY, "_meta": ANY},
    ),
    "item/tool/requestUserInput": Request(
        reads={
            **_OF_ITEM,
            "questions": [
                {
                    **{"id": TEXT, "header": TEXT, "question": TEXT},
                    "options?": [{"label": TEXT, "description": TEXT}],
                    **{"isOther?": FLAG, "isSecret?": FLAG},
                }
            ],
        },
        sends={"answers": {"*": {"answers": [TEXT]}}},
    ),
    "item/tool/call": Request(
        reads={**_OF_THREAD, "tool": TEXT, "arguments": ANY},
        sends={"contentItems": [CONTENT], "success": FLAG},
    ),
}

# Asked only of clients of the older protocol, or of those that attest, keep the time or bring
# their users' tokens.
REFUSED = (
    *("applyPatchApproval", "execCommandApproval"),
    *("account/chatgptAuthTokens/refresh", "attestation/generate", "currentTime/read"),
)
