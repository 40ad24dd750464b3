"""That hostile text in any field of a turn is inert in its record, as browsers would read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import cycle
from typing import Any

import pytest

from codex_notebook.core.plain import clean
from codex_notebook.core.record import MAX_BYTES, html_record, markdown_record, mime_bundle
from codex_notebook.core.state import TurnState
from codex_notebook.core.view import view
from tests.core.test_record import ATTRIBUTES, ENDS, TAGS, check_html, check_markdown, check_plain
from tests.hostile import HOSTILE, hostile_state, hostile_states

# The parser of the standard that bleach, which nbconvert needs, brings along.
html5lib = import_module("bleach._vendor.html5lib")

each = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())

# What a browser adds around a fragment, and in tables that have no body.
AROUND = {"html", "head", "body", "tbody"}
STYLES = re.compile(r"[a-z-]+:[^;:\"\\@]*(?:;[a-z-]+:[^;:\"\\@]*)*;?")
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")


def elements(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield what a browser's parser makes of a page, templates and repairs included."""
    tree = html5lib.parse(f"<!doctype html><body>{page}", namespaceHTMLElements=True)
    for node in tree.iter():
        assert isinstance(node.tag, str), "no comment and no instruction"
        namespace, _, tag = node.tag[1:].partition("}")
        assert namespace == "http://www.w3.org/1999/xhtml", "no SVG and no MathML"
        yield tag, dict(node.attrib)


def check_page(page: str) -> None:
    """Fail where a browser would find an element, attribute, style or address that is not ours."""
    for tag, attributes in elements(page):
        assert tag in TAGS | AROUND
        assert attributes.keys() <= ATTRIBUTES.get(tag, {"style"}), (tag, attributes)
        style = attributes.get("style", "")
        assert not style or STYLES.fullmatch(style), style
        assert not re.search(r"url|expression|binding|position|import|image", style), style
        if tag == "a":
            assert re.match(r"(?:https?://|mailto:)", attributes["href"], re.I), attributes
            assert attributes["target"] == "_blank"
            assert set(attributes["rel"].split()) >= {"noopener", "noreferrer"}
        if tag == "img":
            assert PICTURE.fullmatch(attributes["src"]), attributes


def skeleton(page: str) -> list[str]:
    return [tag for tag, _ in elements(page)]


def test_the_corpus_is_large_and_says_what_it_says_everywhere() -> None:
    assert len(HOSTILE) >= 120
    assert len(set(HOSTILE.values())) == len(HOSTILE)
    state = hostile_states()["script"]
    shown = view(state).to_json()
    kinds = {card["kind"] for card in shown["cards"]}
    assert kinds >= {
        *("message", "user", "reasoning", "command", "files", "todo", "plan", "tool", "agent"),
        *("search", "activity", "error", "unknown"),
    }
    asked = {ask["kind"] for ask in shown["asks"]}
    assert asked == {
        *("command", "stdin", "file_change", "permissions", "mcp_tool"),
        *("questions", "form", "url"),
    }
    text = HOSTILE["script"]
    header = shown["header"]
    for name in ("model", "effort", "sandbox", "prompt", "output_type", "thread_id", "thread_name"):
        assert header[name] == text
    assert text in header["notices"]


# Each turn ends in one of the ways, or in none; half a minute for all of them would help nobody.
@pytest.mark.parametrize(
    ("text", "end"),
    list(zip(HOSTILE.values(), cycle((*ENDS, None)), strict=False)),
    ids=HOSTILE.keys(),
)
def test_hostile_text_in_any_field_is_inert(text: str, end: dict[str, Any] | None) -> None:
    bundle = mime_bundle(hostile_state(text, end))
    check_html(bundle["text/html"])
    check_markdown(bundle["text/markdown"])
    for shown in bundle.values():
        check_plain(shown)


# Reading a page by the standard takes long in Python.
@pytest.mark.process
@each
def test_a_browser_finds_nothing_of_theirs_where_there_is_room_for_all_of_it(text: str) -> None:
    state = hostile_state(text)
    page = html_record(state, limit=20 * MAX_BYTES)
    check_page(page)
    check_markdown(markdown_record(state, limit=20 * MAX_BYTES))
    assert "not shown" not in page or len(text) > 2000


@each
def test_hostile_text_that_is_no_markdown_changes_nothing_of_the_page(text: str) -> None:
    def steps(words: str) -> TurnState:
        state = hostile_state("words")
        commands = [e for e in state.entries if e.stated.type == "command_execution"]
        item = commands[0].stated.model_copy(
            update={"command": words, "aggregated_output": f"{words}\n{words}"}
        )
        return type(state)(**{**vars(state), "entries": (type(commands[0])(item),)})

    # The title may be folded away in another place, but no element is theirs.
    theirs, ours = skeleton(html_record(steps(text))), skeleton(html_record(steps("words")))
    assert set(theirs) <= {*ours, "pre", "div"}
    assert len(theirs) <= len(ours) + 3


def test_words_that_are_shown_are_those_that_were_said() -> None:
    text = HOSTILE["script"]
    (body,) = re.findall(r"<section>(.*)</section>", html_record(hostile_state(text)), re.S)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body
    assert clean(HOSTILE["link of a terminal"]) == "link"
    assert clean(HOSTILE["clipboard written"]).strip() == ""
