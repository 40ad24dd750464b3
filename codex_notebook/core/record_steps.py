"""The steps of a record: what each kind of item says in it, and what of it is open.

Running and failed steps are open and finished ones folded, except for what a reader wants anyway:
short diffs, plans in words, and lists with work left. What an item shows comes from ``view.card``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from codex_notebook.core.cards import card
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
from codex_notebook.core.record_tools import agent_step, search_step, tool_step
from codex_notebook.core.state import Entry

Card = dict[str, Any]

# A diff of so many lines is read at a glance, so it needs no fold.
_GLANCE = 20
# What was done to a file, and what was to be done.
_CHANGES = {"add": ("Added", "add"), "delete": ("Deleted", "delete")}


def steps_of(entry: Entry, root: str | None, index: int, *, ended: bool) -> Iterator[Part]:
    """Yield the parts of a record that one item becomes.

    Parameters
    ----------
    entry : Entry
        The item in its turn.
    root : str or None
        The working directory; paths inside it are shown relative to it.
    index : int
        The item's place in the turn, for expressions such as ``turn.items[3].text``.
    ended : bool
        The turn is over, so what still runs will not finish.
    """
    shown = card(entry, root)
    shown["ended"] = ended
    path = f"turn.items[{index}]"
    match shown["kind"]:
        case "files":
            yield from _files(shown, path)
        case "tool":
            yield tool_step(shown, path, entry)
        case "agent":
            yield agent_step(shown, path, entry)
        case "unknown":
            yield _unknown(shown, path, entry)
        case kind:
            yield _STEPS[kind](shown, path)


def _message(shown: Card, path: str) -> Part:
    text = str(shown["text"])
    blocks = (Block("message", text, f"{path}.text"),) if text.strip() else ()
    return Part("»", "Said", subject(text), blocks, quoted=False, weight=4, is_message=True)


def _user(shown: Card, path: str) -> Part:
    text = str(shown["text"])
    title = sentence(text)
    blocks = () if title == text.strip() else (Block("prose", text, f"{path}.text"),)
    return Part("↳", "You:", title or "(no text)", blocks, quoted=False, weight=4)


def _reasoning(shown: Card, path: str) -> Part:
    text = str(shown["text"]).strip()
    first, _, rest = text.partition("\n")
    headline = ""
    if first.startswith("**") and first.find("**", 2) > 2:
        headline, _, after = first[2:].partition("**")
        # A first line that is all headline is not said twice.
        text = text if after.strip() else rest.strip()
    blocks = [Block("thought", text, f"{path}.text", "summary")] if text else []
    raw = str(shown["raw_text"])
    if raw.strip():
        blocks.append(Block("prose", raw, f"{path}.raw_text", "reasoning"))
    return Part("✻", "Thought", subject(headline), tuple(blocks), quoted=False)


def _command(shown: Card, path: str) -> Part:
    mark, tone, words = outcome(shown)
    command, output, code = str(shown["command"]), str(shown["output"]), shown["exit_code"]
    first, _, more = command.strip().partition("\n")
    title = subject(f"{first} …" if more else first)
    blocks = []
    if title != command.strip():
        blocks.append(Block("code", command, f"{path}.command", "command", "bash"))
    if output and not output.isspace():
        text = _settled(output)
        blocks.append(Block("code", text, f"{path}.aggregated_output", "output"))
    where = (fact(f"in {shown['elsewhere']}"),) if shown["elsewhere"] else ()
    exit_code = () if code is None else (Fact(f"exit {code}", "bad" if code else "calm"),)
    return Part(
        mark,
        "Asked to run" if shown["status"] == "declined" else "Ran",
        title,
        tuple(blocks),
        facts=(*words, *where, *exit_code, *took(shown)),
        tone=tone,
        open=tone in ("bad", "busy"),
        weight=3 if tone == "bad" else 1,
    )


def _settled(output: str) -> str:
    """Return what a terminal shows in the end of lines written over and over, as by a spinner."""
    if "\r" not in output:
        return output
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in output.split("\n"))


def _files(shown: Card, path: str) -> Iterator[Part]:
    mark, tone, words = outcome(shown)
    for position, change in enumerate(shown["changes"]):
        diff, note, moved_to = change["diff"], change["note"], change["moved_to"]
        did, do = _CHANGES.get(change["change"], ("Changed", "change"))
        title = subject(change["path"])
        if moved_to:
            did, do = "Moved", "move"
            title = sentence(f"{change['path']} → {moved_to}")
        counts: tuple[Fact, ...] = ()
        if diff is not None:
            minus = "−"  # noqa: RUF001 (as wide as the plus)
            counts = (
                Fact(f"+{change['added']:,}", "good"),
                Fact(f"{minus}{change['removed']:,}", "bad", close=True),
            )
        yield Part(
            "✎" if mark == "✓" else mark,
            f"Asked to {do}" if shown["status"] == "declined" else did,
            title,
            (Block("diff", diff, f"{path}.changes[{position}].diff", "diff"),) if diff else (),
            facts=(*words, *counts, *((Fact(subject(note)),) if note else ())),
            tone=tone,
            open=diff is not None and diff.count("\n") <= _GLANCE,
            weight=3,
        )


def _todo(shown: Card, path: str) -> Part:
    tasks = shown["items"]
    done = sum(task["completed"] for task in tasks)
    lines = [f"[{'x' if t['completed'] else ' '}] {' '.join(t['text'].split())}" for t in tasks]
    blocks = (Block("tasks", "\n".join(lines), f"{path}.items"),) if lines else ()
    facts = (Fact(f"{done} of {len(tasks)} done"),)
    return Part("☰", "Plan", "", blocks, facts=facts, open=done < len(tasks), weight=2)


def _plan(shown: Card, path: str) -> Part:
    text = str(shown["text"])
    blocks = (Block("message", text, f"{path}.text"),) if text.strip() else ()
    return Part("☰", "Plan", "", blocks, open=True, weight=4)


def _activity(shown: Card, path: str) -> Part:
    mark, tone, words = outcome(shown)
    title = sentence(shown["label"])
    return Part(mark if words else "·", "", title, quoted=False, facts=words, tone=tone)


def _error(shown: Card, path: str) -> Part:
    message = str(shown["message"])
    title = sentence(message)
    blocks = () if title == message else (Block("prose", message, f"{path}.message"),)
    return Part("!", "Warning", title, blocks, quoted=False, tone="note", weight=2)


def _unknown(shown: Card, path: str, entry: Entry) -> Part:
    blocks = [Block("code", shown["raw"], f"{path}.raw", "raw", "json")]
    for name, text in entry.streams.items():
        blocks.append(Block("code", str(text), path, subject(name)))
    return Part("?", "Unknown item", subject(shown["type"]), tuple(blocks), tone="note")


_STEPS: dict[str, Callable[[Card, str], Part]] = {
    "message": _message,
    "user": _user,
    "reasoning": _reasoning,
    "command": _command,
    "todo": _todo,
    "plan": _plan,
    "search": search_step,
    "activity": _activity,
    "error": _error,
}
