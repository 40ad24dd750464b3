"""A small MCP server over stdio: one tool that needs leave, and one that asks its user.

Standard library only, so that it starts at once.
"""

from __future__ import annotations

import json
import sys
from typing import Any

FORM = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "title": "City", "description": "Where do you live?"},
        "newsletter": {"type": "boolean"},
    },
    "required": ["city"],
}

NOTHING = {"type": "object", "properties": {}}

TOOLS = [
    {
        "name": "wipe",
        "description": "Wipes something",
        "inputSchema": {"type": "object", "properties": {"what": {"type": "string"}}},
        # With these the CLI asks before it calls the tool.
        "annotations": {"destructiveHint": True, "openWorldHint": True, "readOnlyHint": False},
    },
    {
        "name": "ask",
        "description": "Asks the user",
        "inputSchema": NOTHING,
        "annotations": {"readOnlyHint": True},
    },
]


def main() -> None:
    """Answer what comes on stdin."""
    for line in sys.stdin:
        message = json.loads(line)
        method, params = message.get("method"), message.get("params") or {}
        if method == "initialize":
            reply(message, initialized(params))
        elif method == "tools/list":
            reply(message, {"tools": TOOLS})
        elif method == "tools/call" and params["name"] == "wipe":
            reply(message, said(f"wiped {params['arguments'].get('what')}"))
        elif method == "tools/call":
            reply(message, said(asked()))
        elif "id" in message:
            reply(message, {})


def initialized(params: dict[str, Any]) -> dict[str, Any]:
    """Return what the server is."""
    return {
        "protocolVersion": params["protocolVersion"],
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "test", "version": "1"},
    }


def asked() -> str:
    """Ask the user for what the form holds, and return the answer as it came."""
    params = {"message": "Who are you?", "requestedSchema": FORM}
    send({"id": "form", "method": "elicitation/create", "params": params})
    for line in sys.stdin:
        message = json.loads(line)
        if message.get("id") == "form":
            return json.dumps(message.get("result"), sort_keys=True)
    raise EOFError


def said(text: str) -> dict[str, Any]:
    """Return the result of a tool."""
    return {"content": [{"type": "text", "text": text}]}


def reply(message: dict[str, Any], result: object) -> None:
    """Answer a request."""
    send({"id": message["id"], "result": result})


def send(message: dict[str, Any]) -> None:
    """Send a message."""
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


if __name__ == "__main__":
    main()
