"""What stays of a turn: what the record says, that it is safe, and that it keeps its limit."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from codex_notebook.core import record_html
from codex_notebook.core.fold import reduce
from codex_notebook.core.markdown import message, message_bound
from codex_notebook.core.markup import markdown_html
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.plain import clean
from codex_notebook.core.record import (
    MAX_BYTES,
    MIN_BYTES,
    html_record,
    markdown_record,
    mime_bundle,
    text_record,
)
from codex_notebook.core.state import TurnRequest, TurnState
from codex_notebook.core.usage import Usage
from tests.hostile import HOSTILE, hostile_state
from tests.turns import EVENT_TURNS, EXEC_TURNS, events_of, states_of

Json = dict[str, Any]
Format = Callable[[TurnState], str]
FORMATS: list[Format] = [text_record, markdown_record, html_record]
NEW_THREAD = Usage()
NUMBERS = count()
ENDED: Json = {"type": "turn.completed", "usage": {"input_tokens": 1200, "output_tokens": 34}}


def turn(*events: Json, ended: Json | None = ENDED, **request: Any) -> TurnState:
    """Return the state after ``events``, which arrive half a second after one another."""
    state = TurnState(request=TurnRequest(**request), thread_usage_before=NEW_THREAD)
    every = [{"type": "turn.started"}, *events, *([ended] if ended else [])]
    for number, event in enumerate(every):
        state = reduce(state, parse_event(event, at=1000 + number / 2))
    return state


def done(kind: str, **fields: Any) -> Json:
    """Return the event that an item of ``kind`` is complete."""
    item = {"id": f"{kind}_{next(NUMBERS)}", "type": kind, "status": "completed", **fields}
    return {"type": "item.completed", "item": item}


def said(text: str) -> Json:
    return done("agent_message", text=text)


def ran(command: str = "ls", output: str = "", code: int | None = 0, **fields: Any) -> Json:
    status = "failed" if code else "completed"
    fields = {"status": status, "id": command, **fields}
    return done(
        "command_execution",
        command=command,
        aggregated_output=output,
        exit_code=code,
        **fields,
    )


def started(event: Json) -> Json:
    item = {**event["item"], "status": "in_progress", "exit_code": None}
    return {"type": "item.started", "item": item}


def changed(*changes: Json) -> Json:
    return done("file_change", changes=list(changes))


DIFF = "@@ -1,3 +1,4 @@\n def total(rows):\n-    return 0\n+    rows = list(rows)\n+    return 1\n"


# --- reading HTML as a browser would


TAGS = {
    *("article", "header", "section", "div", "span", "details", "summary", "strong", "em", "s"),
    *("p", "br", "hr", "h5", "h6", "a", "img", "code", "pre", "blockquote", "ins", "del"),
    *("ol", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"),
}
VOID_TAGS = ("br", "hr", "img")
ATTRIBUTES = {
    "a": {"href", "style", "target", "rel"},
    "img": {"src", "alt", "style"},
    "ol": {"start"},
    "details": {"open", "style"},
    "article": {"class", "style"},
}


class Page(HTMLParser):
    """The elements of a record, all of them allowed and closed, and the text in them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.feed(markup)
        self.close()
        assert not self.open_tags, "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES.get(tag, {"style"})
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID_TAGS:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_tags.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.open_tags), data))

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        pytest.fail(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        pytest.fail(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        pytest.fail(f"an instruction: {data}")

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, within: str = "article") -> str:
        return "".join(data for tags, data in self.texts if within in tags)


def folds(state: TurnState) -> dict[str, bool]:
    """Return the titles of what can be folded, and whether it is open."""
    found = re.findall(r"<details([^>]*)><summary>(.*?)</summary>", html_record(state), re.S)
    return {html.unescape(re.sub("<[^>]*>", "", title)): " open" in how for how, title in found}


def inline(record: str) -> str:
    """Return what a record says, without tags and what makes words bold or code of them."""
    return re.sub(r"[*`\\]", "", html.unescape(re.sub("<[^>]*>", "", record)))


def tokens_of(markdown: str) -> Iterator[Token]:
    """Return what a trusting reader makes of markdown: with raw HTML, and any link."""

    def walk(tokens: Iterable[Token]) -> Iterator[Token]:
        for token in tokens:
            yield token
            yield from walk(token.children or ())

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: True  # type: ignore[method-assign]
    return walk(parser.parse(markdown))


# --- what it says


@pytest.mark.parametrize("recording", EVENT_TURNS, ids=lambda path: path.stem)
@pytest.mark.parametrize("render", FORMATS)
def test_every_moment_of_a_recorded_turn_has_a_record(recording: Path, render: Format) -> None:
    state = TurnState()
    for event in events_of(recording):
        state = reduce(state, event)
        assert render(state)
        Page(html_record(state))
    assert inline(state.final_response) in inline(render(state))


@pytest.mark.parametrize("render", FORMATS)
def test_everything_that_matters_of_a_turn_is_in_every_format(render: Format) -> None:
    state = TurnState()
    for event in events_of(next(path for path in EXEC_TURNS if path.stem == "exec_tools")):
        state = reduce(state, event)
    shown = inline(render(state))
    for words in (
        "✓ Completed",
        "2 commands · 2 files",
        "Ran echo out; echo err >&2 · exit 0",
        "Ran exit 3 · exit 3",
        "Deleted /home/user/project/ws/b.txt",
        "Called lab.echo",
        "[image]",
        "✗ Called lab.boom · failed",
        "it broke",
        "Plan · 2 of 2 done",
        "commentary",
        "Searched the web python asyncio",
        "final",
    ):
        assert words in shown


@pytest.mark.parametrize("render", FORMATS)
def test_what_only_the_live_transport_tells_is_in_every_format(render: Format) -> None:
    *_, state = states_of(next(path for path in EVENT_TURNS if path.stem == "live_items"))
    shown = inline(render(state))
    for words in (
        "· The conversation was compacted to make room.",
        "It lies in load.py.",
        "First I look at how it reads.",
        '"load.all()" · in src · exit 0 · 2.1 s',
        "↳ You: Keep the old name importable, please.",
        "Moved src/load.py → src/loader.py · +1 −1",  # noqa: RUF001
        "✓ Called lab.plot · 0.4 s",
        "20 bins, 61 ms at the peak\n",
        "[image]",
        "✗ Called query · failed",
        "OperationalError: no such table: rows",
        "✓ Called lab.echo · 1.2 s",
        "· Looked at /home/user/project/ws/plot.png",
        "· Sub-agent reviewer: started",
        "☰ Plan",
        "Keep load as an alias",
    ):
        assert words in shown


def test_the_header_says_how_the_turn_went_and_with_what() -> None:
    state = turn(ran(), changed({"path": "/a"}), said("Done."), model="gpt-5")
    first = text_record(state).split("\n")[0]
    assert first == (
        "✓ Completed · 2.0 s · gpt-5 · default sandbox · 1,200 tokens in, 34 out"
        " · 1 command · 1 file"
    )


def test_full_access_and_the_tokens_of_a_resumed_thread_are_called_what_they_are() -> None:
    state = TurnState(request=TurnRequest(sandbox_mode="danger-full-access"))
    state = reduce(state, parse_event(ENDED))
    assert "full access · 1,200 tokens in, 34 out in the whole thread" in text_record(state)


@pytest.mark.parametrize("render", FORMATS)
def test_the_prompt_is_not_repeated(render: Format) -> None:
    assert "tabby" not in render(turn(said("Done."), prompt="Count the tabby cats"))


@pytest.mark.parametrize("render", FORMATS)
def test_a_failed_turn_gives_its_reason_before_anything_else(render: Format) -> None:
    end = {"type": "turn.failed", "error": {"message": "the stream was cut"}}
    shown = render(turn(ran("make"), ended=end))
    assert shown.index("✗ Failed") < shown.index("the stream was cut") < shown.index("make")


@pytest.mark.parametrize("render", FORMATS)
def test_an_interrupted_turn_says_so_and_keeps_what_it_did(render: Format) -> None:
    end = {"type": "turn.interrupted"}
    shown = render(turn(said("I begin."), started(ran("sleep 9")), ended=end))
    assert shown.index("■ Interrupted") < shown.index("was stopped before it finished")
    assert shown.index("I begin.") < shown.index("sleep 9") < shown.index("did not finish")


def test_a_turn_that_runs_shows_what_there_is_so_far() -> None:
    delta = {"type": "item.delta", "item_id": "make", "field": "aggregated_output", "delta": "cc a"}
    state = turn(started(ran("make")), delta, ended=None)
    assert text_record(state).startswith("● Running")
    assert "● Ran make · running" in text_record(state)
    assert "cc a" in html_record(state)
    assert folds(state) == {"● Ran make · running": True}
    assert text_record(TurnState()).startswith("○ Not started")


@pytest.mark.parametrize("render", FORMATS)
def test_messages_on_the_way_come_in_their_order_and_the_answer_last(render: Format) -> None:
    plan = done("todo_list", items=[{"text": "step", "completed": True}])
    shown = render(turn(said("first words"), ran("make"), said("**the answer**"), plan))
    order = [shown.index(words) for words in ("first words", "make", "step", "the answer")]
    assert order == sorted(order)


def test_the_answer_is_rendered_markdown_and_always_open() -> None:
    state = turn(*[ran(f"step {n}") for n in range(30)], said("It is **done**, see `a.py`."))
    page = Page(html_record(state))
    assert "done" in [text for tags, text in page.texts if tags[-1] == "strong"]
    answer = [tags for tags, text in page.texts if "It is" in text]
    assert all("details" not in tags for tags in answer)
    assert folds(state)["30 steps"] is False


def test_an_answer_of_a_type_is_shown_as_readable_json() -> None:
    state = turn(said('{"a":[1,2],"b":"é"}'), output_type="Invoice")
    assert '```json\n{\n  "a": [\n    1,\n    2\n  ],\n  "b": "é"\n}\n```' in markdown_record(state)
    state = turn(said("I cannot."), output_type="Invoice")
    assert markdown_record(state).endswith("I cannot.")


def test_reasoning_is_folded_behind_its_headline() -> None:
    state = turn(done("reasoning", text="**Reading the tests**\n\nThey are in `tests`."))
    assert folds(state) == {"✻ Thought Reading the tests": False}
    assert html_record(state).count("Reading the tests") == 1
    assert "> They are in `tests`." in markdown_record(state)


def test_a_reasoning_of_one_sentence_loses_nothing() -> None:
    page = Page(html_record(turn(done("reasoning", text="**Thinking** about it"))))
    assert "Thinking about it" in page.text()


def test_reasoning_that_the_model_shows_whole_is_folded_below_its_summary() -> None:
    state = turn(done("reasoning", text="**Reading**\n\nIn `a.py`.", raw_text="Hm, <b>wait</b>."))
    assert folds(state) == {"✻ Thought Reading": False}
    page = Page(html_record(state)).text()
    assert page.index("summary") < page.index("In a.py.") < page.index("reasoning")
    assert "> Hm, \\<b\\>wait\\</b\\>." in markdown_record(state)
    alone = turn(done("reasoning", text="", raw_text=LINES))
    assert "summary" not in text_record(alone)
    assert "lines not shown: turn.items[0].raw_text has all of it" in html_record(alone)


def test_what_the_user_said_on_the_way_stays_where_it_was_said() -> None:
    steered = done("user_message", text="No,\nthe *other* one")
    state = turn(said("First."), steered, said("Done."))
    shown = text_record(state)
    assert shown.index("First.") < shown.index("↳ You: No, the *other* one") < shown.index("Done.")
    assert "> No,  \n> the \\*other\\* one" in markdown_record(state)
    assert folds(turn(done("user_message", text="Stop that."))) == {}
    assert "You: (no text)" in text_record(turn(done("user_message", text="")))


def test_commands_are_folded_unless_they_failed() -> None:
    state = turn(ran("/bin/bash -lc 'make'", "ok\n"), ran("pytest", "1 failed\n", 2))
    assert folds(state) == {"✓ Ran make · exit 0": False, "✗ Ran pytest · exit 2": True}


def test_a_command_of_several_lines_is_shown_whole_behind_its_first() -> None:
    state = turn(ran("python - <<'X'\nprint(1)\nX", "1\n"))
    assert list(folds(state)) == ["✓ Ran python - <<'X' … · exit 0"]
    assert "```bash\npython - <<'X'\nprint(1)\nX\n```" in markdown_record(state)


def test_a_command_nobody_allowed_is_not_said_to_have_run() -> None:
    assert "⊘ Asked to run rm -r / · declined" in text_record(
        turn(ran("rm -r /", code=None, status="declined"))
    )


def test_a_step_lasted_as_long_as_the_cli_says_or_else_as_our_clock_does() -> None:
    assert "Ran ls · exit 0 · 2.1 s" in text_record(turn(ran(duration_ms=2140)))
    assert text_record(turn(ran(duration_ms=0))).endswith("Ran ls · exit 0")
    call = done("tool_call", tool="plot", duration_ms=61_000)
    assert "Called plot · 1 min 01 s" in text_record(turn(call))
    assert "Ran ls · exit 0 · 0.5 s" in text_record(turn(started(ran()), ran()))


def test_a_command_says_where_it_ran_if_that_was_elsewhere() -> None:
    state = turn(ran(cwd="/p/src"), ran("pwd", cwd="/p"), working_directory="/p")
    assert list(folds(state)) == []
    assert "Ran ls · in src · exit 0" in text_record(state)
    assert "Ran pwd · exit 0" in text_record(state)


def test_a_change_nobody_allowed_is_not_said_to_have_been_made() -> None:
    added, other = {"path": "/a", "kind": "add"}, {"path": "/b", "move_path": "/c"}
    shown = text_record(turn(done("file_change", changes=[added, other], status="declined")))
    assert "⊘ Asked to add /a · declined" in shown
    assert "⊘ Asked to move /b → /c · declined" in shown


def test_a_progress_bar_is_shown_as_the_terminal_leaves_it() -> None:
    shown = text_record(turn(ran("pip", "start\r\n10%\r50%\r100%\r\nend\r\n")))
    assert "│ start\n    │ 100%\n    │ end\n" in shown + "\n"


def test_changes_are_shown_as_diffs_with_their_counts() -> None:
    state = turn(
        changed(
            {"path": "/p/a.py", "kind": "update", "diff": DIFF}, {"path": "/p/b", "kind": "add"}
        ),
        working_directory="/p",
    )
    page = Page(html_record(state))
    assert folds(state) == {"✎ Changed a.py · +2 −1": True}  # noqa: RUF001
    assert page.text("ins") == "+    rows = list(rows)\n+    return 1\n"
    assert page.text("del") == "-    return 0\n"
    assert "Added b" in page.text()
    assert f"```diff\n{DIFF}```" in markdown_record(state)


def test_a_long_diff_is_folded_and_a_missing_one_explained() -> None:
    long = {"path": "/a", "kind": "update", "diff": "+line\n" * 100}
    binary = {"path": "/b", "kind": "update", "diff_note": "binary file"}
    state = turn(changed(long, binary))
    assert folds(state) == {"✎ Changed /a · +100 −0": False}  # noqa: RUF001
    assert "Changed /b · binary file" in text_record(state)


def test_a_file_that_moved_says_from_where_to_where() -> None:
    moved = {"path": "/p/a.py", "kind": "update", "diff": DIFF, "move_path": "/p/src/b.py"}
    state = turn(changed(moved), working_directory="/p")
    assert list(folds(state)) == ["✎ Moved a.py → src/b.py · +2 −1"]  # noqa: RUF001
    far = {**moved, "path": "/p/" + "a" * 100, "move_path": "/p/" + "b" * 100}
    assert f"{'a' * 100} → {'b' * 100}" in text_record(turn(changed(far), working_directory="/p"))


def test_a_plan_in_words_is_rendered_markdown_under_its_heading() -> None:
    state = turn(done("plan", text="1. Read\n2. **Fix**"), said("Shall I?"))
    page = Page(html_record(state))
    assert folds(state) == {"☰ Plan": True}
    assert page.text("li") == "ReadFix"
    assert page.text("strong").endswith("Fix")
    assert "☰ **Plan**\n\n1. Read\n2. **Fix**\n\n---\n\nShall I?" in markdown_record(state)


def test_a_plan_that_nothing_is_said_after_is_the_answer_and_never_folded_away() -> None:
    steps = [ran(f"step {n}") for n in range(30)]
    state = turn(said("I look around."), *steps, done("plan", text="Fix `a.py`"))
    assert folds(state) == {"31 steps": False, "☰ Plan": True}
    assert text_record(state).endswith("☰ Plan\n\nFix `a.py`")


def test_a_plan_is_a_checklist_that_is_open_while_work_is_left() -> None:
    steps = [{"text": "Read", "completed": True}, {"text": "Fix *it*", "completed": False}]
    state = turn(done("todo_list", items=steps))
    assert folds(state) == {"☰ Plan · 1 of 2 done": True}
    assert Page(html_record(state)).text("li") == "☑ Read☐ Fix *it*"
    assert "- [x] Read\n- [ ] Fix \\*it\\*\n" in markdown_record(state) + "\n"


def test_tool_calls_show_what_went_in_and_what_came_out() -> None:
    call = {"server": "lab", "tool": "query", "arguments": {"sql": "select 1"}}
    good = {"content": [{"type": "text", "text": "one row"}], "structured_content": None}
    state = turn(
        done("mcp_tool_call", **call, result=good),
        done("mcp_tool_call", **call, error={"message": "no database"}, status="failed"),
    )
    assert folds(state) == {"✓ Called lab.query": False, "✗ Called lab.query · failed": True}
    for words in ("arguments", '"sql": "select 1"', "result", "one row", "error", "no database"):
        assert words in Page(html_record(state)).text()


def test_tools_of_our_own_are_shown_like_any_other() -> None:
    call = {"tool": "query", "namespace": "lab", "arguments": {"sql": "select 1"}}
    told = [{"type": "inputText", "text": LINES}, {"type": "inputImage", "imageUrl": "data:x"}]
    state = turn(
        done("tool_call", **call, content=told, success=True),
        done("tool_call", **call, content=told, success=False, status="failed"),
    )
    assert folds(state) == {"✓ Called lab.query": False, "✗ Called lab.query · failed": True}
    page = Page(html_record(state)).text()
    for words in ("result", "error", "[image]", '"sql": "select 1"'):
        assert words in page
    for number in range(2):
        assert f"lines not shown: turn.items[{number}].content has all of it" in page
    assert "data:x" not in page


@pytest.mark.parametrize("render", FORMATS)
def test_an_activity_is_a_line_that_says_whether_it_ended(render: Format) -> None:
    looked = done("image_view", label="Looked at a_b.png")
    asleep = {"type": "item.started", "item": {"id": "s", "type": "sleep", "label": "Waited"}}
    shown = inline(render(turn(looked, asleep)))
    assert re.search(r"· Looked at a_b\.png\s*◌ Waited · did not finish", shown)
    assert "● Waited · running" in inline(render(turn(looked, asleep, ended=None)))
    assert "****" not in markdown_record(turn(looked))


def test_sub_agents_searches_warnings_and_notices_are_shown() -> None:
    state = turn(
        done(
            "collab_tool_call",
            tool="spawn_agent",
            prompt="Look at b.py",
            agents_states={"7": {"status": "completed", "message": "b.py is fine"}},
        ),
        done("web_search", query="", action={"type": "open_page", "url": "https://example.com"}),
        done("error", message="The model is not known."),
        {"type": "galaxy.born"},
    )
    shown = text_record(state)
    for words in (
        "Sub-agent spawn_agent",
        "Look at b.py",
        "b.py is fine",
        "⌕ Opened the page https://example.com",
        "! Warning The model is not known.",
        "i Notice An event of an unknown kind: galaxy.born",
    ):
        assert words in shown


def test_an_item_of_an_unknown_kind_is_shown_as_it_came() -> None:
    delta = {"type": "item.delta", "item_id": "early", "field": "text", "delta": "streamed"}
    state = turn(done("hologram", colour="blue", depth=[1, {"x": None}]), delta)
    shown = Page(html_record(state)).text()
    raw = state.entries[0].stated["raw"]
    assert "Unknown item hologram" in shown
    assert json.dumps(raw, indent=2) in shown
    assert "streamed" in shown


# --- what was asked, and images


def asks_turn() -> TurnState:
    *_, state = states_of(next(path for path in EVENT_TURNS if path.stem == "live_asks"))
    return state


@pytest.mark.parametrize("render", FORMATS)
def test_what_was_asked_and_who_decided_is_in_every_format(render: Format) -> None:
    shown = inline(render(asks_turn()))
    for words in (
        "✓ Ran rm -rf build · exit 0 · approved by you",
        "Why: The build folder is stale.",
        "⊘ Asked to change setup.py · declined · +1 −1 · denied by you",  # noqa: RUF001
        "To write below /srv/shared",
        "⊘ Asked to call lab.echo · by a sub-agent · declined: nobody answered in time",
        "Allow the server to run echo?",
        "? Asked you Which build do you want? · answered by you",
        "→ Release",
        "→ (secret: not kept)",
        "? Asked you Where to publish? · for lab · not answered: the turn ended or went on",
    ):
        assert words in shown


def approval(**fields: Any) -> Json:
    asked = {"id": "a", "kind": "command", "command": "make", **fields}
    return {"type": "approval.requested", "approval": asked}


def decided(decision: str, by: str = "user") -> Json:
    return {"type": "approval.resolved", "approval_id": "a", "decision": decision, "by": by}


@pytest.mark.parametrize(
    ("decision", "by", "words"),
    [
        ("accept_for_session", "user", "· approved for the session by you"),
        ("accept_with_rule", "handler", "· always allowed by the handler"),
        ("cancel", "user", "· denied, and the turn stopped, by you"),
        ("decline", "nobody", "· declined: there was nobody to ask"),
        ("decline", "error", "· declined: the handler failed"),
        ("decline", "galaxy\n\u202e", "· denied by galaxy [U+202E]"),
    ],
)
def test_a_decision_says_who_made_it_or_why_nobody_did(decision: str, by: str, words: str) -> None:
    state = turn(approval(rule=["make"]), decided(decision, by), said("Done."))
    assert f"Asked to run make {words}\n" in text_record(state)
    assert ("The rule: make" in text_record(state)) == (decision == "accept_with_rule")


def test_what_waits_for_leave_is_open_and_said_to_wait() -> None:
    state = turn(started(ran("make")), approval(item_id="make", reason="It is stale."), ended=None)
    assert folds(state) == {"● Ran make · running · waiting for leave": True}
    question = {"id": "q", "question": "Which?", "options": [{"label": "A"}, {"label": "B"}]}
    request = {"type": "input.requested", "request": {"id": "i", "questions": [question]}}
    state = turn(request, ended=None)
    assert folds(state) == {"? Asked you Which? · waiting for an answer": True}
    assert "(A / B)" in text_record(state)


def test_a_page_that_the_user_was_to_open_is_a_link() -> None:
    request = {"id": "i", "kind": "url", "message": "Log in", "url": "https://a.example/x"}
    state = turn({"type": "input.requested", "request": request})
    assert [link["href"] for link in Page(html_record(state)).of("a")] == ["https://a.example/x"]
    bad = turn({"type": "input.requested", "request": {**request, "url": "javascript:alert(1)"}})
    assert Page(html_record(bad)).of("a") == []
    assert "Asked you to open javascript:alert(1)" in text_record(bad)


PNG = "iVBORw0KGgo" + "A" * 2000 + "="


def pictured(data: str = PNG, kind: str = "image/png") -> Json:
    content = [{"type": "image", "mimeType": kind, "data": data}]
    return done("mcp_tool_call", server="lab", tool="plot", result={"content": content})


def test_an_image_that_a_tool_returned_is_shown_where_it_fits_and_named_where_not() -> None:
    state = turn(pictured(), said("Done."))
    (picture,) = Page(html_record(state)).of("img")
    assert picture["src"] == f"data:image/png;base64,{PNG}"
    assert picture["alt"] == "image: PNG, 1 kB"
    named = "… an image (PNG, 1 kB) is not shown: turn.items[0].result has it"
    assert named in inline(text_record(state))
    assert named in inline(markdown_record(state))
    large = html_record(turn(pictured("A" * 400_000), said("Done.")))
    assert "… an image (PNG, 300 kB) is not shown: turn.items[0].result has it" in large
    assert "<img" not in large


def test_only_images_of_known_types_are_shown() -> None:
    for event in (pictured(kind="image/svg+xml"), pictured('"><script>alert(1)</script>')):
        assert Page(html_record(turn(event))).of("img") == []


def test_many_images_share_the_room_with_the_steps() -> None:
    events = [event for n in range(12) for event in (pictured("A" * 8000), ran(f"step {n}", "x"))]
    state = turn(*events, said("**Done.**"))
    page = html_record(state)
    assert len(page.encode()) <= MAX_BYTES
    assert 3 <= page.count("<img") < 12
    assert page.count("Ran <code>step") == 12
    assert page.count("<img") + page.count("is not shown: turn.items") == 12


@pytest.mark.parametrize("render", FORMATS)
def test_searches_say_what_was_looked_for_and_where(render: Format) -> None:
    state = turn(
        done("web_search", query="", action={"url": "https://a.example/?a=1&b=(2)"}),
        done("web_search", query="", action={"url": "https://b.example", "pattern": "wheel"}),
        done("web_search", query="tags", action={"queries": ["tags", "manylinux"]}),
        done("web_search", query="", action={"url": "javascript:alert(1)"}),
        done("web_search", query="", action={"type": "galaxy"}),
    )
    shown = inline(render(state))
    for words in (
        "Opened the page",
        "https://a.example/?a=1&b=(2)",
        "Searched the page",
        "for “wheel”",
        "Searched the web tags · 2 queries",
        "also manylinux",
        "javascript:alert(1)",
        '"type": "galaxy"',
    ):
        assert words in shown
    links = [link["href"] for link in Page(html_record(state)).of("a")]
    assert links == ["https://a.example/?a=1&b=(2)", "https://b.example"]
    hrefs = [t.attrs["href"] for t in tokens_of(markdown_record(state)) if t.type == "link_open"]
    assert hrefs == ["https://a.example/?a=1&b=%282%29", "https://b.example"]


def test_steps_left_out_that_are_no_items_are_said_to_be_in_the_state() -> None:
    asks = [{**approval()["approval"], "id": f"a{n}", "command": "x" * 100} for n in range(2000)]
    events = [{"type": "approval.requested", "approval": ask} for ask in asks]
    shown = text_record(turn(*[ran(f"step {n}") for n in range(5)], *events))
    assert re.search(r"… [\d,]+ steps not shown: turn.(items\[\d:\] and turn.)?state\n", shown)


# --- how it looks


def test_html_needs_no_style_sheet_script_or_name() -> None:
    state = turn(ran("make", "x", 1), changed({"path": "/a", "diff": DIFF}), said("# Done\n\n- a"))
    (_, outer), *elements = Page(html_record(state)).elements
    for _, attributes in elements:
        assert not {"class", "id", "onclick", "src"} & attributes.keys()
    # What lies between two prices is no formula.
    assert outer["class"] == "mathjax_ignore tex2jax_ignore"


def test_headings_of_the_agent_stay_out_of_the_table_of_contents() -> None:
    tags = {tag for tag, _ in Page(html_record(turn(said("# One\n\n### Two")))).elements}
    assert {"h5", "h6"} <= tags
    assert not {"h1", "h2", "h3", "h4"} & tags


def luminance(colour: tuple[float, ...]) -> float:
    channels = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))


def mixed(over: tuple[float, ...], under: tuple[float, ...], share: float) -> tuple[float, ...]:
    return tuple(a * share + b * (1 - share) for a, b in zip(over, under, strict=True))


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("#000000", "#ffffff"),
        ("#212121", "#ffffff"),
        ("#ffffff", "#111111"),
        ("#dddddd", "#111111"),
    ],
)
def test_all_text_can_be_read_on_light_and_on_dark(text: str, page: str) -> None:
    ink, paper = rgb(text), rgb(page)
    readable = 4.5
    for tone in record_html.HUES:
        share = re.fullmatch(
            r"color:color-mix\(in srgb,currentColor (\d+)%,(#\w{6})\)", record_html.tone_style(tone)
        )
        assert share is not None
        assert contrast(mixed(ink, rgb(share[2]), int(share[1]) / 100), paper) >= readable
    muted = float(record_html.MUTED.removeprefix("opacity:"))
    assert contrast(mixed(ink, paper, muted), paper) >= readable
    block = mixed((128, 128, 128), paper, 0.1)
    assert contrast(ink, block) >= readable
    for background in (record_html.ADDED, record_html.REMOVED):
        *colour, share_of = map(float, re.findall(r"[\d.]+", background))
        assert contrast(ink, mixed(tuple(colour), block, share_of)) >= readable


# --- that it is safe

ENDS: list[Json] = [
    ENDED,
    {"type": "turn.interrupted"},
    {"type": "turn.failed", "error": {"message": ""}},
]


def check_html(markup: str) -> None:
    for tag, attributes in Page(markup).elements:
        for name, value in attributes.items():
            if name == "href":
                assert re.match(r"(https?://|mailto:)", value or "", re.I)
            if name == "src":
                assert re.match(r"data:image/(png|jpeg|gif|webp);base64,", value or "")
            if name == "style":
                assert not re.search(r"url\(|position|expression|@|\\", value or "")
        if tag == "a":
            assert attributes["target"] == "_blank"
            assert attributes["rel"] == "noopener noreferrer nofollow"


def check_markdown(markdown: str) -> None:
    for token in tokens_of(markdown):
        assert token.type not in ("html_block", "html_inline")
        target = str(token.attrs.get("href", ""))
        scheme = re.match(r"[a-z][a-z0-9+.-]*:", target, re.I)
        assert not scheme or re.match(r"https?:|mailto:|data:image/", target, re.I), target
        assert str(token.attrs.get("src", "data:image/")).startswith("data:image/")


def check_plain(text: str) -> None:
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text
    )


def test_what_terminals_obey_is_taken_out_and_the_words_stay() -> None:
    text = "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\ and \x1b[1;31mred\x1b[0m\x9b2J"
    assert clean(text) == "link and red"
    assert clean("\x1b]0;never ended") == "0;never ended"
    assert clean("a\r\nb\rc\td\n") == "a\nb\nc\td\n"


def test_characters_that_reorder_text_are_named() -> None:
    shown = html_record(turn(said("ab\u202ecd &#x202e; &#8297;"), ran("a\u2066b")))
    assert "ab[U+202E]cd [U+202E] [U+2069]" in shown
    assert "a[U+2066]b" in shown
    assert "\\[U+202E\\] \\[U+2069\\]" in markdown_record(turn(said("&#x202e; &#8297;")))


def test_links_open_elsewhere_and_only_on_the_web() -> None:
    page = Page(
        html_record(turn(said("[a](https://a.example) [b](/etc/b.py:3) <mailto:c@d.example>")))
    )
    assert [link["href"] for link in page.of("a")] == ["https://a.example", "mailto:c@d.example"]
    assert "b (/etc/b.py:3)" in page.text()


def test_pictures_are_shown_if_they_are_in_the_text_and_linked_if_not() -> None:
    png = "data:image/png;base64,iVBORw0KGgo="
    state = turn(
        said(f"![here]({png}) ![there](https://a.example/b.png) ![svg](data:image/svg+xml,x)")
    )
    page = Page(html_record(state))
    assert [picture["src"] for picture in page.of("img")] == [png]
    assert [link["href"] for link in page.of("a")] == ["https://a.example/b.png"]
    assert "[image: there]" in page.text("a")
    assert f"![here]({png}) &#33;[there]" in markdown_record(state)


def test_a_fence_in_an_output_cannot_end_the_block_it_is_in() -> None:
    output = "```\n````\n# not a heading\n"
    markdown = markdown_record(turn(ran("cat", output), said("The end.")))
    fences = [token for token in tokens_of(markdown) if token.type == "fence"]
    assert [fence.content for fence in fences] == [output]


def test_a_message_that_leaves_a_fence_open_does_not_swallow_the_rest() -> None:
    markdown = markdown_record(turn(said("```py\nx = 1"), ran("make"), said("The end.")))
    inline = [token.content for token in tokens_of(markdown) if token.type == "inline"]
    assert inline[-1] == "The end."


def test_code_in_a_message_can_be_copied_from_the_markdown() -> None:
    text = "Use `vector<int>`, not `<T*>`:\n\n```cpp\n#include <vector>\n```"
    assert message(text) == text
    assert message("a <b> `c` \\<d>") == "a &lt;b> `c` \\<d>"


ATTACKS = list(HOSTILE.values())
MARKDOWN_BITS = [
    *("`", "``", "```\n", "~~~\n", "<b>", "<script>", "</a>", "<!--", "<?x", "\\", "|", "|-|-|\n"),
    *(
        "\n",
        "\n\n",
        " ",
        "    ",
        "\t",
        "- ",
        "> ",
        "1. ",
        "# ",
        "a",
        "[x]",
        "(",
        "](",
        ")",
        "![",
        "!",
    ),
    *(
        "]:",
        "[x]: ",
        "javascript:a",
        "java\\script:",
        "javascript\\:a",
        "&#106;avascript:a",
        "===\n",
    ),
    *("http://e.x", "<http://a.b>", "data:text/html,x", "data:image/png;base64,AAAA", "&#x202e;"),
    *("&colon;", '"', "'", "\n> ", "\u2028", "***", "~~", "&#8238;", "file:///x", "<javascript:x>"),
]


@given(st.lists(st.sampled_from(MARKDOWN_BITS), max_size=25).map("".join))
@settings(max_examples=400)
def test_no_markdown_message_gets_out_of_its_place(text: str) -> None:
    cleaned = clean(text)
    safe = message(cleaned)
    assert len(safe.encode()) <= message_bound(cleaned)
    check_markdown(safe)
    *_, opening, last, closing = tokens_of(f"{safe}\n\nEND")
    assert (opening.content, last.content, closing.level) == ("END", "END", 0)


@given(
    st.lists(st.sampled_from(MARKDOWN_BITS) | st.sampled_from(ATTACKS), max_size=25).map("".join)
)
def test_no_markdown_becomes_anything_but_harmless_html(text: str) -> None:
    check_html(html_record(turn(said(text), said(text))))


def test_markdown_nested_too_deeply_for_the_parser_is_not_lost() -> None:
    for depth in range(1, 60):
        for nested in (">" * depth + " deepest", "- " * depth + "deepest"):
            shown, hidden = markdown_html(nested, 10_000)
            assert "deepest" in shown
            assert hidden == 0


# --- that it keeps its limit


def total(bundle: dict[str, str]) -> int:
    return sum(len(text.encode()) for text in bundle.values())


LINES = "".join(f"line {n} of <output> & more\n" for n in range(40_000))


def test_a_long_output_keeps_head_and_tail_and_says_where_the_rest_is() -> None:
    state = turn(said("Look:"), ran("cat", LINES))
    for shown in mime_bundle(state).values():
        plain = html.unescape(re.sub("<[^>]*>", "", shown)) if "<pre" in shown else shown
        assert "line 0 of <output>" in plain
        assert "line 39999 of <output>" in plain
        remark = re.search(r"… ([\d,]+) lines not shown: (\S+) has all of it", plain)
        assert remark is not None
        assert remark[2] == "turn.items[1].aggregated_output"
        there = len(re.findall(r"line \d+ of", plain))
        assert there + int(remark[1].replace(",", "")) == 40_000


def test_one_endless_line_is_cut_by_characters() -> None:
    shown = html_record(turn(ran("cat", "x" * 2**20)))
    remark = re.search(r"… ([\d,]+) characters not shown", shown)
    assert remark is not None
    assert shown.count("x" * 1000) > 0
    assert int(remark[1].replace(",", "")) + len(max(re.findall("x+", shown), key=len)) < 2**20


@pytest.mark.parametrize("limit", [MIN_BYTES, MAX_BYTES])
def test_an_endless_message_costs_no_more_than_the_limit_and_uses_it(limit: int) -> None:
    text = "".join(f"Paragraph *{n}* of the `answer`.\n\n" for n in range(40_000))
    bundle = mime_bundle(turn(ran(), said(text)), limit=limit)
    assert limit * 0.9 < total(bundle) <= limit
    page = Page(bundle["text/html"]).text()
    remark = re.search(r"… ([\d,]+) characters not shown: turn.items\[1\].text", page)
    assert remark is not None
    shown = re.findall(r"Paragraph (\d+) of the answer\.", page)
    assert shown == [str(n) for n in range(len(shown))]
    hidden = int(remark[1].replace(",", ""))
    assert text[len(text) - hidden :].find(f"*{len(shown) + 1}*") < 100


def test_the_answer_has_priority_over_the_steps() -> None:
    answer = "word " * 4000
    page = Page(html_record(turn(ran("cat", LINES), said(answer)))).text()
    assert answer.strip() in page


def test_five_hundred_steps_share_the_room_fairly() -> None:
    steps = [ran(f"step {n}", "out\n" * 5, int(n == 250)) for n in range(500)]
    state = turn(*steps, ran("big", LINES), said("**Done.**"))
    bundle = mime_bundle(state)
    page = Page(bundle["text/html"]).text()
    assert total(bundle) <= MAX_BYTES
    assert "Done." in page
    assert "Ran step 0 " in page
    assert "✗ Ran step 250 " in page
    assert page.count("Ran step") > 100
    assert page.count("out\n" * 4) > 25
    assert folds(state)["✗ Ran step 250 · exit 1"] is True
    gaps = re.findall(r"… ([\d,]+) steps? not shown: turn.items\[(\d+):(\d+)\]", page)
    assert all(int(count) == int(end) - int(start) for count, start, end in gaps)
    assert page.count("Ran ") + sum(int(count) for count, *_ in gaps) == 501


def test_a_step_without_room_for_its_details_keeps_its_title_and_that_is_said() -> None:
    steps = [ran(f"step {n}", LINES) for n in range(300)]
    page = Page(html_record(turn(*steps))).text()
    assert "Ran step 0 " in page
    assert re.search(r"… the details of \d+ steps are not shown: turn.items has them", page)


def test_a_limit_that_is_too_small_is_refused() -> None:
    renders: tuple[Callable[..., object], ...] = (*FORMATS, mime_bundle)
    for render in renders:
        with pytest.raises(ValueError, match="at least 16,384 bytes"):
            render(TurnState(), limit=MIN_BYTES - 1)


texts = st.builds(
    lambda bits, times: "".join(bits) * times,
    st.lists(
        st.sampled_from(ATTACKS) | st.text(max_size=40) | st.sampled_from(MARKDOWN_BITS), max_size=8
    ),
    st.sampled_from([1, 1, 3, 100]),
)


@given(
    texts, texts, st.sampled_from(ENDS), st.integers(0, 6), st.sampled_from([MIN_BYTES, MAX_BYTES])
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_bundle_never_exceeds_its_limit(
    text: str, answer: str, end: Json, copies: int, limit: int
) -> None:
    state = hostile_state(text, end)
    extra = [entry for _ in range(copies**2) for entry in state.entries]
    state = type(state)(**{**vars(state), "entries": (*state.entries, *extra)})
    state = reduce(state, parse_event(said(answer)))
    bundle = mime_bundle(state, limit=limit)
    assert total(bundle) <= limit
    check_html(bundle["text/html"])
    for shown in (text_record(state, limit=limit), markdown_record(state, limit=limit)):
        assert len(shown.encode()) <= limit


def test_a_long_turn_is_rendered_at_once() -> None:
    steps = [ran(f"step {n}", "out\n" * 20, int(n % 50 == 0)) for n in range(500)]
    state = turn(*steps, ran("big", LINES), said("**Done.** " * 50))
    best = min(seconds_for(state) for _ in range(3))
    assert best < 0.2


def seconds_for(state: TurnState) -> float:
    start = time.perf_counter()
    mime_bundle(state)
    return time.perf_counter() - start
