"""Steps as the Responses API tells them: a pure stream of events.

Knows the API's events and items, and nothing of HTTP, of time or of which steps are due.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from codex_notebook.offline.steps import (
    Call,
    Command,
    Fail,
    HttpError,
    Patch,
    Pause,
    Plan,
    Reasoning,
    Search,
    Step,
    Text,
    Tool,
    Until,
)
from codex_notebook.offline.turns import Usage

Event = dict[str, Any]

Beat = Event | Pause | Until | HttpError
"""What happens next in an answer: an event, silence, or a refusal instead of events."""

# The longest that the CLI lets a model wait for a command. A scripted model never looks again.
_COMMAND_WAIT_MS = 30_000


def respond(steps: Sequence[Step], *, ident: str, model: str, usage: Usage) -> Iterator[Beat]:
    """Tell `steps` as one response.

    Parameters
    ----------
    steps : sequence of step
        What one request gets.
    ident : str
        Goes into the ids of all items. It must be new in the conversation: the CLI finds the
        output of a call by its id.
    model : str
        The model that the response says it is from.
    usage : Usage
        What the response says it costs.
    """
    if steps and isinstance(steps[-1], HttpError):
        # Nothing but silence can come before it; an event would have sent the status already.
        yield from (step for step in steps if isinstance(step, (Pause, Until, HttpError)))
        return
    response = {"id": f"resp_{ident}", "object": "response", "model": model}
    yield {"type": "response.created", "response": {**response, "status": "in_progress"}}
    output: list[Event] = []
    for index, step in enumerate(steps):
        if isinstance(step, (Pause, Until)):
            yield step
        elif isinstance(step, Fail):
            yield failed(step, ident=ident)
            return
        else:
            last_word = not any(isinstance(later, (Text, Call)) for later in steps[index + 1 :])
            item = _item(step, f"{ident}_{index}", last_word=last_word)
            for beat in _told(step, item):
                # An index for each event of an item, as the API numbers the response's output.
                yield beat if isinstance(beat, Pause) else {**beat, "output_index": len(output)}
            output.append(item)
    done = {**response, "status": "completed", "output": output, "usage": _usage(usage)}
    yield {"type": "response.completed", "response": done}


def failed(step: Fail, *, ident: str) -> Event:
    """Return the event that ends a response as a failure."""
    error = {"code": step.code, "message": step.message}
    return {
        "type": "response.failed",
        "response": {"id": f"resp_{ident}", "status": "failed", "error": error},
    }


def _item(step: Step, ident: str, *, last_word: bool) -> Event:
    """Return the finished item of a step."""
    match step:
        case Reasoning():
            summary = [{"type": "summary_text", "text": step.content}]
            # No encrypted content: the CLI would send it back to a model that cannot read it.
            return {"type": "reasoning", "id": f"rs_{ident}", "summary": summary}
        case Text():
            return {
                "type": "message",
                "id": f"msg_{ident}",
                "role": "assistant",
                "status": "completed",
                "phase": "final_answer" if last_word else "commentary",
                "content": [{"type": "output_text", "text": step.body, "annotations": []}],
            }
        case Search():
            action = {"type": "search", "query": step.query}
            item = {"type": "web_search_call", "id": f"ws_{ident}", "status": "completed"}
            return {**item, "action": action}
        case Patch():
            item = {"type": "custom_tool_call", "id": f"ctc_{ident}", "call_id": f"call_{ident}"}
            return {**item, "name": "apply_patch", "input": step.patch, "status": "completed"}
        case Command():
            arguments: Event = {"cmd": step.cmd, "login": False, "yield_time_ms": _COMMAND_WAIT_MS}
            return _function_call(ident, "exec_command", arguments)
        case Plan():
            entries = [{"step": text, "status": status} for text, status in step.entries]
            return _function_call(ident, "update_plan", {"plan": entries})
        case Tool():
            item = _function_call(ident, step.name, step.arguments)
            return item if step.namespace is None else {**item, "namespace": step.namespace}
    raise TypeError(f"{step!r} is not told as an item")


def _function_call(ident: str, name: str, arguments: Event) -> Event:
    return {
        "type": "function_call",
        "id": f"fc_{ident}",
        "call_id": f"call_{ident}",
        "name": name,
        "arguments": json.dumps(arguments, ensure_ascii=False),
        "status": "completed",
    }


def _told(step: Step, item: Event) -> Iterator[Event | Pause]:
    """Tell an item as it grows."""
    ident = item["id"]
    yield {"type": "response.output_item.added", "item": _begun(item)}
    match step:
        case Text():
            part = {"item_id": ident, "content_index": 0}
            empty = {"type": "output_text", "text": "", "annotations": []}
            yield {"type": "response.content_part.added", **part, "part": empty}
            for delta in _deltas(step.body, step):
                yield _delta("response.output_text.delta", part, delta)
            yield {"type": "response.output_text.done", **part, "text": step.body}
            yield {"type": "response.content_part.done", **part, "part": item["content"][0]}
        case Reasoning():
            part = {"item_id": ident, "summary_index": 0}
            kind = "response.reasoning_summary"
            empty = {"type": "summary_text", "text": ""}
            yield {"type": f"{kind}_part.added", **part, "part": empty}
            for delta in _deltas(step.content, step):
                yield _delta(f"{kind}_text.delta", part, delta)
            yield {"type": f"{kind}_text.done", **part, "text": step.content}
            yield {"type": f"{kind}_part.done", **part, "part": item["summary"][0]}
        case Search():
            for state in ("in_progress", "searching", "completed"):
                yield {"type": f"response.web_search_call.{state}", "item_id": ident}
        case Patch():
            kind, own = "response.custom_tool_call_input", {"item_id": ident}
            yield {"type": f"{kind}.delta", **own, "delta": step.patch}
            yield {"type": f"{kind}.done", **own, "input": step.patch}
        case _:
            kind, own = "response.function_call_arguments", {"item_id": ident}
            yield {"type": f"{kind}.delta", **own, "delta": item["arguments"]}
            yield {"type": f"{kind}.done", **own, "arguments": item["arguments"]}
    yield {"type": "response.output_item.done", "item": item}


def _begun(item: Event) -> Event:
    """Return an item as it looks before anything is known of it but its kind."""
    unknown = {"content": [], "summary": [], "input": "", "arguments": ""}
    known = {name: unknown.get(name, value) for name, value in item.items() if name != "action"}
    return {**known, "status": "in_progress"} if "status" in item else known


def _deltas(text: str, stream: Text | Reasoning) -> Iterator[str | Pause]:
    size = stream.chunk or max(len(text), 1)
    for start in range(0, len(text), size):
        if start and stream.delay:
            yield Pause(stream.delay)
        yield text[start : start + size]


def _delta(kind: str, part: Event, delta: str | Pause) -> Event | Pause:
    return delta if isinstance(delta, Pause) else {"type": kind, **part, "delta": delta}


def _usage(usage: Usage) -> Event:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_input_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_output_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
