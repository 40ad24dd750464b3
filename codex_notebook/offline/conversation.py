"""What a request says of the conversation it belongs to: pure reading of a Responses API body.

The CLI sends the whole conversation with every request, so the place in a scenario follows from
the request alone; that is why cells can run again, threads resume, and many run at once.
All shapes are taken leniently: what is not understood is not a reason to fail. Knows no scenario.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# What the CLI itself says in the user's name: AGENTS.md, the environment, additionalContext,
# interrupts, shell commands, goals, compaction. Seen with codex-cli 0.163.
_OWN_TAGS = (
    "agent_message_board_notification|codex_internal_context|context_window_reminder|"
    r"current_time_reminder|environment_context|external_\w+|hook_prompt|skill|"
    "subagent_notification|turn_aborted|user_instructions|user_shell_command"
)
_OWN_WORDS = re.compile(
    rf"\s*(<({_OWN_TAGS})\b[^>]*>.*</\2>|# AGENTS\.md instructions\b.*"
    r"|(Another language model started to solve this problem"
    r"|You are performing a CONTEXT CHECKPOINT COMPACTION)\b.*)\s*",
    re.DOTALL,
)
# An image stands between two texts that only name it.
_IMAGE_FRAME = re.compile(r"<image\b[^>]*>|</image>")
_REFUSED = re.compile(r"unsupported call: (\w+)")
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


@dataclass(frozen=True)
class Conversation:
    """Where a conversation stands.

    Attributes
    ----------
    prompts : tuple of str
        The user's messages, without what the CLI adds in the user's name.
    outputs : int
        How many tool calls the CLI has answered since the latest of them.
    refused : str or None
        The tool of the latest call, if the CLI said that it has no such tool.
    purpose : str
        ``turn``, or what else the CLI asks the model for, such as ``compaction``.
    """

    prompts: tuple[str, ...]
    outputs: int
    refused: str | None = None
    purpose: str = "turn"

    @property
    def prompt(self) -> str:
        """The user's latest message."""
        return self.prompts[-1] if self.prompts else ""


def read_conversation(body: Mapping[str, Any]) -> Conversation:
    """Read the body of a request to ``/v1/responses``."""
    items = body.get("input")
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    prompts: list[str] = []
    answered: dict[object, str] = {}
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, Mapping):
            continue
        if (prompt := _prompt(item)) is not None:
            prompts.append(prompt)
            answered.clear()
        elif item.get("type") in _OUTPUTS:
            # By call: a call may have several outputs.
            answered[item.get("call_id")] = str(item.get("output"))
    last = next(reversed(answered.values()), "")
    refused = _REFUSED.fullmatch(last)
    return Conversation(
        tuple(prompts), len(answered), refused[1] if refused else None, _purpose(body)
    )


def _prompt(item: Mapping[str, Any]) -> str | None:
    texts = list(_texts(item.get("content")))
    if item.get("type") == "agent_message":
        # How a sub-agent gets its task: a header, then the task. Without this it would find
        # its parent's prompt in the history it inherits, and answer that one again.
        return texts[-1] if texts and "NEW_TASK" in texts[0] else None
    if item.get("role") != "user":
        return None
    said = [text for text in texts if not _OWN_WORDS.fullmatch(text)]
    # A message without any text is the user's too: an image alone.
    return None if texts and not said else _joined(said)


def _joined(texts: list[str]) -> str:
    return "\n\n".join(text for text in texts if not _IMAGE_FRAME.fullmatch(text))


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, Mapping):
                text = part.get("text", part.get("encrypted_content"))
                if isinstance(text, str):
                    yield text


def _purpose(body: Mapping[str, Any]) -> str:
    try:
        metadata = json.loads(body["client_metadata"]["x-codex-turn-metadata"])
        return str(metadata["request_kind"])
    except (KeyError, TypeError, ValueError):
        return "turn"
