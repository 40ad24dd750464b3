"""Hostile text in every field, in a real browser: shown in panel and record, and never obeyed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from codex_notebook.core.record import html_record
from tests.browser.stage import Stage, open_stage
from tests.hostile import HOSTILE, hostile_state, hostile_states

pytestmark = pytest.mark.browser

# All that a panel or a record is made of. What acts by itself is not among it.
ELEMENTS = {
    "a",
    "article",
    "aside",
    "bdi",
    "blockquote",
    "br",
    "button",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "fieldset",
    "footer",
    "form",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "img",
    "input",
    "ins",
    "label",
    "legend",
    "li",
    "meter",
    "ol",
    "option",
    "p",
    "path",
    "pre",
    "progress",
    "q",
    "rect",
    "s",
    "section",
    "select",
    "small",
    "span",
    "strong",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "textarea",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "u",
    "ul",
}

# What must not be on the page, as a list of words.
FAULTS = """(elements) => {
  const faults = [];
  const known = new Set(elements);
  for (const element of document.body.querySelectorAll('*')) {
    const name = element.localName;
    if (!known.has(name)) faults.push(`element ${name}`);
    for (const { name: attribute, value } of element.attributes) {
      if (/^(on.*|srcdoc|(form)?action)$/i.test(attribute))
        faults.push(`${name} ${attribute}`);
      if (/^(href|src|xlink:href|data|poster|background)$/i.test(attribute)) {
        const allowed = name === 'a'
          ? /^(https?:\\/\\/|mailto:)/i.test(value)
          : name === 'img' && /^data:image\\/(png|jpeg|gif|webp);base64,/i.test(value);
        if (!allowed) faults.push(`${name} ${attribute}=${value}`);
      }
      if (attribute === 'style' && /url\\(|expression|@import|javascript/i.test(value))
        faults.push(`${name} style=${value}`);
    }
    if (name === 'a') {
      const rel = (element.getAttribute('rel') ?? '').split(' ');
      if (element.target !== '_blank' || !rel.includes('noopener')) faults.push('own link');
    }
  }
  return faults;
}"""


@pytest.fixture(scope="module")
def stage(browser: Browser) -> Iterator[Stage]:
    with open_stage(browser) as stage:
        yield stage


def faults(page: Page) -> list[str]:
    found: list[str] = page.evaluate(FAULTS, sorted(ELEMENTS))
    return found


def outside(page: Page) -> list[str]:
    """Return what is drawn outside of the panel, over the notebook's own."""
    found: list[str] = page.evaluate(
        """() => {
          const all = document.querySelector('.cdx-panel').getBoundingClientRect();
          return [...document.querySelectorAll('.cdx-panel *')].filter((element) => {
            const style = getComputedStyle(element);
            const box = element.getBoundingClientRect();
            return style.position === 'fixed' || (box.width > 2 && style.position === 'absolute'
              && (box.left < all.left - 1 || box.right > all.right + 1 || box.top < all.top - 1));
          }).map((element) => element.className);
        }"""
    )
    return found


def test_the_panel_shows_every_attack_and_obeys_none(stage: Stage) -> None:
    for name, state in hostile_states().items():
        stage.show(state)
        stage.open_all()
        assert (faults(stage.page), outside(stage.page), stage.done) == ([], [], []), name
    assert stage.page.url == "http://panel.test/"


def test_a_turn_that_still_runs_and_asks_obeys_none_either(stage: Stage) -> None:
    for name, text in HOSTILE.items():
        stage.show(hostile_state(text, end=None))
        stage.open_all()
        assert (faults(stage.page), outside(stage.page), stage.done) == ([], [], []), name


def test_the_record_as_a_page_shows_every_attack_and_obeys_none(stage: Stage) -> None:
    for name, state in hostile_states().items():
        record = html_record(state)
        stage.page.evaluate("(html) => { document.body.innerHTML = html; }", record)
        # What is folded is opened, because what is folded is not even drawn.
        stage.page.evaluate(
            "() => { for (const fold of document.querySelectorAll('details')) fold.open = true; }"
        )
        assert (faults(stage.page), stage.done) == ([], []), name


def test_what_should_be_found_is_found(stage: Stage) -> None:
    """The attacks themselves, put on the page as they are, are what these tests can see."""
    stage.page.evaluate(
        "(html) => { document.body.innerHTML = html; }",
        "<img src=https://evil.example/x onerror=alert(1)><iframe></iframe>"
        "<a href='javascript:1'>x</a>",
    )
    found = faults(stage.page)
    assert {"img onerror", "element iframe", "a href=javascript:1", "own link"} <= set(found)
    stage.page.wait_for_function("() => window.done.includes('alert')")
    assert any("evil.example" in one for one in stage.done)
