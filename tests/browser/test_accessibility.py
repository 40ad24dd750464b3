"""The panel for everyone: what axe-core finds, what keys do, and how narrow it may be."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from codex_notebook.core.state import TurnState
from codex_notebook.core.view import frame, view
from tests.browser.stage import THEMES, Stage, open_stage
from tests.turns import FOLDER, states_of

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"


def states(name: str) -> list[TurnState]:
    return list(states_of(FOLDER / f"{name}.jsonl"))


def waiting(state: TurnState) -> int:
    approvals = sum(ask.decision is None for ask in state.approvals)
    return approvals + sum(ask.resolved_by is None for ask in state.inputs)


# Each moment in which something new is asked, and how turns end.
ASKING = [
    after
    for before, after in itertools.pairwise(states("live_asks"))
    if waiting(after) > waiting(before)
]
SHOWN = {
    **{f"asking {number}": state for number, state in enumerate(ASKING)},
    "running": states("live_items")[-3],
    **{name: states(name)[-1] for name in ("live_items", "live_asks", "exec_tools", "exec_failed")},
}


@pytest.fixture(scope="module", params=[320, 1100], ids="{} px".format)
def stage(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Stage]:
    with open_stage(browser, width=request.param) as stage:
        stage.page.add_script_tag(path=AXE)
        yield stage


def findings(stage: Stage) -> list[str]:
    """Return what axe-core finds that is serious, in words."""
    result: dict[str, Any] = stage.page.evaluate(
        "() => window.axe.run('.cdx-panel', { resultTypes: ['violations'] })"
    )
    return [
        f"{found['id']}: {[node['html'][:120] for node in found['nodes']]}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_serious_is_found_in_any_state_of_a_panel(stage: Stage, theme: str) -> None:
    assert len(ASKING) == 5
    for name, state in SHOWN.items():
        stage.show(state)
        stage.theme(theme)
        stage.open_all()
        width = stage.page.evaluate("() => document.documentElement.clientWidth")
        # Buttons wake up a moment after something was asked; until then they are pale.
        stage.page.wait_for_function(
            "() => !document.querySelector('.cdx-panel .cdx-ask button[aria-disabled=true]')"
        )
        stage.screenshot(f"states/{name}-{theme}-{width}".replace(" ", "-"))
        assert findings(stage) == [], name
        wide = stage.page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= width, name


def test_what_is_serious_is_found(stage: Stage) -> None:
    stage.show(SHOWN["running"])
    stage.page.evaluate(
        "() => document.querySelector('.cdx-panel').append(document.createElement('button'))"
    )
    assert any("button-name" in one for one in findings(stage))


def focused(stage: Stage) -> str:
    words: str = stage.page.evaluate(
        "() => document.activeElement.textContent || document.activeElement.ariaLabel || ''"
    )
    return words.strip()


def test_every_control_is_reached_and_used_by_keys_alone(stage: Stage) -> None:
    stage.show(ASKING[0])
    reached = []
    for _ in range(40):
        stage.page.keyboard.press("Tab")
        outline = stage.page.evaluate(
            "() => getComputedStyle(document.activeElement).outlineStyle"
            " + getComputedStyle(document.activeElement).boxShadow"
        )
        reached.append(focused(stage))
        if reached[-1]:
            assert outline != "nonenone", reached[-1]
        if reached[-1] == "Deny":
            break
    assert [name for name in reached if name in ("Stop", "Approve", "Deny")] == [
        "Stop",
        "Approve",
        "Deny",
    ]
    # Whatever comes meanwhile, the focus stays.
    for number in range(50):
        stage.frame(["header", {"notices": [f"notice {number}"]}])
    expect(stage.panel.get_by_text("50 notices")).to_have_count(0)
    assert focused(stage) == "Deny"
    stage.page.keyboard.press("Enter")
    said = [message for message in stage.sent() if message["op"] == "respond"]
    assert [(one["id"], one["decision"]) for one in said] == [("approval_1", "decline")]


def test_what_is_asked_is_announced_once_and_takes_no_focus(stage: Stage) -> None:
    before, after = next(
        pair
        for pair in itertools.pairwise(states("live_asks"))
        if waiting(pair[1]) > waiting(pair[0])
    )
    stage.show(before)
    stage.page.keyboard.press("Tab")
    held = focused(stage)
    stage.frame(*frame(view(before), view(after)))
    alert = stage.panel.get_by_role("alert")
    expect(alert).to_have_count(1)
    expect(alert).to_contain_text("rm -rf build")
    expect(stage.panel.get_by_role("status").first).to_contain_text("Waiting for you")
    assert focused(stage) == held


def test_nothing_moves_for_whom_motion_is_too_much(browser: Browser) -> None:
    with open_stage(browser, reduced_motion="reduce") as stage:
        stage.show(SHOWN["running"])
        moving = stage.page.evaluate("() => document.getAnimations().length")
        assert moving == 0
    with open_stage(browser) as stage:
        stage.show(SHOWN["running"])
        assert stage.page.evaluate("() => document.getAnimations().length") > 0


def test_high_contrast_leaves_every_control_to_be_seen(browser: Browser) -> None:
    with open_stage(browser, forced_colors="active") as stage:
        stage.show(ASKING[1])
        stage.screenshot("states/high-contrast")
        for name in ("Approve", "Deny", "Stop"):
            button = stage.panel.get_by_role("button", name=name, exact=True)
            border = button.evaluate("(b) => getComputedStyle(b).borderTopStyle")
            assert (name, border) == (name, "solid")
