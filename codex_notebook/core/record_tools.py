"""The steps of a record that are calls: of tools, of sub-agents, and of the web.

What they gave back that is no text is shown too: images where the format can, addresses as links.
"""

from __future__ import annotations

from typing import Any

from codex_notebook.core.items import ToolCallItem
from codex_notebook.core.record_parts import (
    Block,
    Fact,
    Part,
    fact,
    outcome,
    sentence,
    subject,
    took,
)
from codex_notebook.core.state import Entry

Card = dict[str, Any]


def tool_step(shown: Card, path: str, entry: Entry) -> Part:
    """Return the step of a call of a tool, ours or an MCP server's."""
    mark, tone, words = outcome(shown)
    ours = isinstance(entry.stated, ToolCallItem)
    result, error = ("content", "content") if ours else ("result", "error")
    blocks = []
    if shown["arguments"] not in ("", "{}"):
        blocks.append(Block("code", shown["arguments"], f"{path}.arguments", "arguments", "json"))
    if shown["result"]:
        blocks.append(Block("code", shown["result"], f"{path}.{result}", "result"))
    if shown["error"]:
        blocks.append(Block("prose", str(shown["error"]), f"{path}.{error}", "error"))
    for url in shown["images"]:
        blocks.append(Block("image", url, f"{path}.{result}", "image"))
    return Part(
        mark,
        "Called",
        subject(shown["name"]),
        tuple(blocks),
        facts=(*words, *took(shown)),
        tone=tone,
        # A picture was made to be looked at.
        open=tone in ("bad", "busy") or bool(shown["images"]),
        weight=3 if tone == "bad" or shown["images"] else 1,
    )


def agent_step(shown: Card, path: str, entry: Entry) -> Part:
    """Return the step of a sub-agent that was started, instructed or awaited."""
    mark, tone, words = outcome(shown)
    agents = shown["agents"]
    blocks = []
    if shown["prompt"]:
        blocks.append(Block("prose", str(shown["prompt"]), f"{path}.prompt", "prompt"))
    said = [": ".join(filter(None, (_agent(agent), agent["message"]))) for agent in agents]
    if said:
        blocks.append(Block("prose", "\n".join(said), f"{path}.agents_states", "agents"))
    stands = [fact(agent["status"]) for agent in agents[:1] if agent["status"]]
    if len(agents) > 1:
        stands = [Fact(f"{len(agents):,} agents")]
    facts = (*words, *stands, *took(shown))
    return Part(mark, "Sub-agent", subject(shown["name"]), tuple(blocks), facts=facts, tone=tone)


def _agent(agent: Card) -> str:
    status = f" ({agent['status']})" if agent["status"] else ""
    return f"{agent['thread_id']}{status}"


def search_step(shown: Card, path: str) -> Part:
    """Return the step of a web search, of a page that was opened, or of a search in one."""
    query, url, pattern = str(shown["query"]), shown["url"], shown["pattern"]
    others = "\n".join(f"also {one}" for one in shown["queries"])
    if url:
        facts = (Fact(f"for “{sentence(pattern)}”"),) if pattern else ()
        verb = "Searched the page" if pattern else "Opened the page"
        return Part("⌕", verb, subject(url), (), facts=facts, link=url)
    if query or others:
        blocks = (Block("prose", others, f"{path}.action"),) if others else ()
        facts = (Fact(f"{len(shown['queries']) + 1:,} queries"),) if others and query else ()
        return Part("⌕", "Searched the web", subject(query), blocks, facts=facts)
    # Some other action, such as one that only a newer CLI knows.
    action = shown["action"]
    blocks = (Block("code", action, f"{path}.action", language="json"),) if action else ()
    return Part("⌕", "Searched the web", "", blocks)
