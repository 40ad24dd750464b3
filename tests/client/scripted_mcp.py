"""An MCP server over stdio whose answers are scripted: its tools reply with what they are told to.

Standard library only, so that it starts at once.
"""

from __future__ import annotations

import json
import sys
from typing import Any

# With the one hint the CLI asks for leave before it calls the tool, with the other it does not.
TOOLS = [
    {"name": name, "inputSchema": {"type": "object"}, "annotations": {hint: True}}
    for name, hint in (("reply", "readOnlyHint"), ("wipe", "destructiveHint"))
]


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Return what follows the id in the answer to a request."""
    if method == "initialize":
        return {
            "result": {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "scripted", "version": "1"},
            }
        }
    if method == "tools/list":
        return {"result": {"tools": TOOLS}}
    # The arguments of a call are its answer: {"result": …} or {"error": …}.
    told: dict[str, Any] = params["arguments"]
    return told


if __name__ == "__main__":
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            said = answer(message["method"], message.get("params") or {})
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}), flush=True)
