from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.core.merged import merged
from codex_notebook.core.state import TurnRequest, TurnState


@dataclass(frozen=True)
class Told:
    """A turn that somebody tells of."""

    by: str
    state: TurnState


def told(by: str, prompt: str = "", **fields: Any) -> Told:
    return Told(by, TurnState(request=TurnRequest(prompt=prompt), **fields))


def test_a_turn_of_which_both_tell_is_one_by_its_id() -> None:
    kept = [told("cli", turn_id=name, started_at=at) for at, name in enumerate("abc")]
    ours = [told("us", turn_id="b", started_at=1.2), told("us", turn_id="c", started_at=2.2)]
    assert merged(kept, ours) == [(kept[0], None), (kept[1], ours[0]), (kept[2], ours[1])]


def test_without_ids_it_is_one_by_what_was_asked_and_when() -> None:
    kept = [told("cli", prompt, turn_id=prompt, started_at=100.0) for prompt in ("x", "y", "y")]
    ours = [told("us", prompt, started_at=100.4) for prompt in ("y", "y")]
    assert merged(kept, ours) == [(kept[0], None), (kept[1], ours[0]), (kept[2], ours[1])]


def test_the_same_prompt_of_an_earlier_day_is_another_turn() -> None:
    kept = [told("cli", "x", turn_id="old", started_at=100.0)]
    ours = [told("us", "x", started_at=5000.0)]
    assert merged(kept, ours) == [(kept[0], None), (None, ours[0])]


def test_a_review_is_one_though_each_says_its_own_way_what_was_asked() -> None:
    kept = [told("cli", "review it", turn_id="r", started_at=100.0)]
    ours = [told("us", "/review", started_at=100.6)]
    assert merged(kept, ours) == [(kept[0], ours[0])]


def test_what_the_cli_has_not_kept_stands_where_it_began() -> None:
    kept = [told("cli", turn_id="a", started_at=1.0), told("cli", turn_id="c", started_at=30.0)]
    failed = told("us", turn_id="b", started_at=10.0)
    waiting = told("us")
    assert merged(kept, [failed, waiting]) == [
        (kept[0], None),
        (None, failed),
        (kept[1], None),
        (None, waiting),
    ]


TURNS = st.lists(
    st.builds(
        lambda at, prompt, turn_id: told("", prompt, started_at=at, turn_id=turn_id),
        st.none() | st.floats(0, 50),
        st.sampled_from("xy"),
        st.none() | st.sampled_from("abcd"),
    ),
    max_size=6,
    unique_by=lambda turn: turn.state.turn_id or id(turn),
)


@given(TURNS, TURNS)
def test_nothing_is_lost_and_nothing_is_twice(kept: list[Told], ours: list[Told]) -> None:
    whole = merged(kept, ours)
    assert [one for one, _ in whole if one is not None] == kept
    assert sorted(id(one) for _, one in whole if one is not None) == sorted(map(id, ours))
