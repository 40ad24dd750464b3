"""Whatever shape a notification of the live protocol has, it becomes events and no exception."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook.core.fold import Fold
from codex_notebook.core.state import TurnState
from codex_notebook.core.translation import _TRANSLATE, Translator
from codex_notebook.core.view import view

RECORDED = Path(__file__).parents[1] / "turns" / "appserver_full_turn.jsonl"

Said = tuple[str, dict[str, Any]]
Step = str | int


def recorded() -> list[Said]:
    lines = map(json.loads, RECORDED.read_text(encoding="utf-8").splitlines())
    messages = (line["msg"] for line in lines if line["dir"] == "in")
    return [(m["method"], m["params"]) for m in messages if "method" in m and "id" not in m]


def places(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the path to everything within a value."""
    inner = value.items() if isinstance(value, dict) else ()
    for step, part in enumerate(value) if isinstance(value, list) else inner:
        yield (*path, step)
        yield from places(part, (*path, step))


SAID = recorded()
PLACES = [(number, path) for number, (_, params) in enumerate(SAID) for path in places(params)]
GONE = object()

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
# What the protocol itself says, in another place; and nothing.
parts = st.sampled_from(
    [*(params for _, params in SAID), "completed", "failed", "x", "\ud800", GONE]
)


def mutate(params: Any, path: tuple[Step, ...], value: object) -> None:
    """Put something else where the path leads, if an earlier mutation has left that place."""
    *steps, last = path
    with contextlib.suppress(LookupError, TypeError):
        for step in steps:
            params = params[step]
        if value is GONE:
            del params[last]
        else:
            params[last] = copy.deepcopy(value)


def fold(said: list[Said]) -> TurnState:
    """Return what a turn comes to in which all that is said."""
    translator, folded = Translator(), Fold()
    for at, (method, params) in enumerate(said):
        translator.has_begun(params)
        translator.item(params.get("itemId"))
        for event in translator.events(method, params, float(at)):
            folded.add(event)
    assert isinstance(translator.running_commands, set)
    view(folded.state)
    return folded.state


def test_the_recorded_turn_itself_is_understood() -> None:
    state = fold(SAID)
    assert state.status == "completed"
    assert not [notice for notice in state.notices if "unknown" in notice]


@given(st.lists(st.tuples(st.sampled_from(PLACES), values | parts), min_size=1, max_size=8))
def test_a_turn_of_which_anything_has_another_shape_is_a_turn(
    mutations: list[tuple[tuple[int, tuple[Step, ...]], object]],
) -> None:
    said = copy.deepcopy(SAID)
    for (number, path), value in mutations:
        mutate(said[number][1], path, value)
    fold(said)


@given(st.permutations(SAID), st.data())
def test_what_comes_in_another_order_and_under_other_names_is_a_turn(
    said: list[Said], data: st.DataObject
) -> None:
    names = st.sampled_from([*_TRANSLATE])
    fold([(data.draw(names), params) for _, params in said[:20]] + said[20:])


@given(st.sampled_from([*_TRANSLATE]), st.dictionaries(st.text(max_size=3), values, max_size=3))
def test_what_says_something_else_altogether_is_no_exception(
    method: str, params: dict[str, Any]
) -> None:
    fold([(method, params)])


@pytest.mark.parametrize(
    "odd", [None, 5, True, "text", [], [5], {}, {"id": []}, {"type": []}], ids=repr
)
@pytest.mark.parametrize("method", [*_TRANSLATE])
def test_every_field_that_is_read_may_have_another_shape(method: str, odd: Any) -> None:
    class Fields(dict[str, Any]):
        """What has every field, and each of that shape."""

        def get(self, name: str, default: Any = None) -> Any:
            return odd

    fold([(method, Fields(any=odd))])


@pytest.mark.parametrize(
    "turn", [None, 5, "text", [], {}, {"status": []}, {"error": [5]}], ids=repr
)
def test_the_end_of_a_turn_is_its_end_whatever_its_shape(turn: Any) -> None:
    plan: Said = ("turn/plan/updated", {"plan": [{"step": "a", "status": "pending"}]})
    assert fold([plan, ("turn/completed", {"turn": turn})]).status == "failed"


def test_an_error_of_the_model_may_have_any_shape() -> None:
    infos: list[Any] = [None, 5, [], {}, {"a": 5}, {"a": {"httpStatusCode": "x"}}, [{}]]
    for info in infos:
        error: Mapping[str, Any] = {"message": "no", "codexErrorInfo": info}
        state = fold([("turn/completed", {"turn": {"status": "failed", "error": error}})])
        assert (state.status, state.error) == ("failed", "no")
