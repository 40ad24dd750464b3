"""What we read of the values that the live protocol tells of in several places.

Items, turns, threads and limits: their kinds, fields and values, as data. A part of the table in
``protocol_use``, which says where they come. Source: ``codex app-server``, version 0.163.
"""

from __future__ import annotations

from codex_notebook.client.protocol_schema import ANY
from codex_notebook.client.protocol_shape import FLAG, NUMBER, TEXT, Either, Kinds, Shape

ANYTHING_NAMED: dict[str, Shape] = {"*": ANY}

_ENDED = ("inProgress", "completed", "failed")

CONTENT = Kinds("type", {"inputText": {"text": TEXT}, "inputImage": {"imageUrl": TEXT}})
FILES: Shape = [
    {
        "path": TEXT,
        "kind": Kinds("type", {"add": {}, "delete": {}, "update": {"move_path?": TEXT}}),
        "diff": TEXT,
    }
]
ITEM = Kinds(
    "type",
    {
        "userMessage": {"content": [{"text?": TEXT}]},
        "agentMessage": {"text": TEXT, "phase?": TEXT},
        "reasoning": {"summary?": [TEXT], "content?": [TEXT]},
        "plan": {"text": TEXT},
        "commandExecution": {
            **{"command": TEXT, "cwd": TEXT, "status": (*_ENDED, "declined")},
            **{"aggregatedOutput?": TEXT, "exitCode?": NUMBER, "durationMs?": NUMBER},
        },
        "fileChange": {"changes": FILES, "status": (*_ENDED, "declined")},
        "mcpToolCall": {
            **{"server": TEXT, "tool": TEXT, "arguments": ANY, "status": _ENDED},
            "result?": {"content": [ANY], "structuredContent?": ANY},
            "error?": {"message": TEXT},
            "durationMs?": NUMBER,
        },
        "dynamicToolCall": {
            **{"tool": TEXT, "namespace?": TEXT, "arguments": ANY, "status": _ENDED},
            "contentItems?": [
                Kinds("type", {**CONTENT.kinds, "inputAudio": {}}),
            ],
            **{"success?": FLAG, "durationMs?": NUMBER},
        },
        "collabAgentToolCall": {
            **{"tool": TEXT, "status": (*_ENDED, "interrupted"), "prompt?": TEXT},
            **{"senderThreadId": TEXT, "receiverThreadIds": [TEXT]},
            "agentsStates": {"*": {"status": TEXT}},
        },
        "webSearch": {"query": TEXT, "action?": {"type": TEXT}},
        "contextCompaction": {},
        "imageView": {"path": TEXT},
        "imageGeneration": {},
        "subAgentActivity": {"agentPath": TEXT, "agentThreadId": TEXT, "kind": TEXT},
        "enteredReviewMode": {},
        "exitedReviewMode": {},
        "sleep": {},
        "hookPrompt": {},
        "functionCallOutput": {"name": TEXT},
    },
    every={"id": TEXT},
)
ERROR: dict[str, Shape] = {
    "message": TEXT,
    "additionalDetails?": TEXT,
    "codexErrorInfo?": Either(TEXT, {"*": {"httpStatusCode?": NUMBER}}),
}
TURN: dict[str, Shape] = {
    "id": TEXT,
    "status": ("completed", "interrupted", "failed", "inProgress"),
    "error?": ERROR,
}
THREAD: dict[str, Shape] = {
    **{"id": TEXT, "name?": TEXT, "preview": TEXT, "createdAt": NUMBER, "updatedAt": NUMBER},
    **{"cwd": TEXT, "model?": TEXT, "modelProvider": TEXT, "originator?": TEXT},
    **{"forkedFromId?": TEXT, "ephemeral": FLAG, "source": Either(TEXT, ANYTHING_NAMED)},
}
_WINDOW: Shape = {"usedPercent": "number", "windowDurationMins?": NUMBER, "resetsAt?": NUMBER}
LIMITS: dict[str, Shape] = {"primary?": _WINDOW, "secondary?": _WINDOW}
