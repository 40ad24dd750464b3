"""Which table an answer becomes: its rows, its columns, and what is in them."""

import dataclasses
import enum
import sys
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel
from typing_extensions import TypedDict

from codex_notebook.core.frames import to_frame
from codex_notebook.errors import CodexError, InvalidOptionError, MissingDependencyError


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    city: str


class Invoice(BaseModel):
    number: str
    total: Decimal
    due: date | None = None
    color: Color = Color.RED
    address: Address | None = None


@dataclasses.dataclass
class Step:
    name: str
    done: bool


class Point(NamedTuple):
    x: int
    y: int


class Movie(TypedDict):
    title: str
    year: int


class Basket(BaseModel):
    keys: list[str]
    items: list[Address]


FIRST = Invoice(number="A", total=Decimal("1.10"), due=date(2026, 2, 1), color=Color.BLUE)
SECOND = Invoice(number="B", total=Decimal("2"), address=Address(city="Oslo"))
RECORDS: list[Any] = [
    (Invoice, FIRST, ["number", "total", "due", "color", "address"]),
    (Step, Step("build", True), ["name", "done"]),
    (Point, Point(1, 2), ["x", "y"]),
    (Movie, {"title": "Heat", "year": 1995}, ["title", "year"]),
    (Basket, Basket(keys=["a"], items=[]), ["keys", "items"]),
    (int, 3, ["value"]),
    (Color, Color.RED, ["value"]),
]


@pytest.mark.parametrize(("kind", "value", "columns"), RECORDS)
def test_a_list_is_a_row_for_each_element_with_its_fields_as_columns(
    kind: type, value: Any, columns: list[str]
) -> None:
    frame = to_frame([value, value])
    assert list(frame.columns) == columns
    assert len(frame) == 2


@pytest.mark.parametrize(("kind", "value", "columns"), RECORDS)
def test_one_value_is_one_row(kind: type, value: Any, columns: list[str]) -> None:
    frame = to_frame(value)
    assert list(frame.columns) == columns
    assert len(frame) == 1


@pytest.mark.parametrize(("kind", "value", "columns"), RECORDS)
def test_an_empty_list_has_the_columns_of_its_type(
    kind: Any, value: Any, columns: list[str]
) -> None:
    types: list[Any] = [list[kind], list[kind] | None, Annotated[tuple[kind, ...], Field()]]
    for output_type in [*types, set[kind | None], RootModel[list[kind]]]:
        frame = to_frame([], output_type=output_type)
        assert list(frame.columns) == columns
        assert frame.empty


def test_an_empty_list_of_no_known_type_has_no_columns() -> None:
    assert to_frame([]).shape == (0, 0)
    assert to_frame([], output_type=list).shape == (0, 0)


def test_an_empty_list_of_a_union_has_the_columns_of_all_its_members() -> None:
    columns = to_frame([], output_type=list[Point | Step]).columns
    assert list(columns) == ["x", "y", "name", "done"]


def test_values_stay_python_values_and_enum_members_become_their_values() -> None:
    frame = to_frame([FIRST, SECOND])
    assert frame["total"].tolist() == [Decimal("1.10"), Decimal("2")]
    assert frame["due"].tolist() == [date(2026, 2, 1), None]
    assert frame["color"].tolist() == ["blue", "red"]
    assert to_frame([Color.RED])["value"].tolist() == ["red"]


def test_a_nested_record_is_a_dict_in_its_column() -> None:
    assert to_frame([SECOND])["address"].tolist() == [{"city": "Oslo"}]


def test_a_record_with_one_list_is_one_row_with_the_list_in_it() -> None:
    basket = Basket(keys=["a", "b"], items=[Address(city="Oslo"), Address(city="Rome")])
    frame = to_frame(basket)
    assert frame["items"].tolist() == [[{"city": "Oslo"}, {"city": "Rome"}]]
    assert to_frame(basket.items)["city"].tolist() == ["Oslo", "Rome"]


def test_a_root_model_is_what_it_holds() -> None:
    assert to_frame(RootModel[list[Point]]([Point(1, 2)])).to_dict("records") == [{"x": 1, "y": 2}]


def test_records_of_several_kinds_share_the_table() -> None:
    frame = to_frame([Point(1, 2), Step("build", True)])
    assert list(frame.columns) == ["x", "y", "name", "done"]
    assert frame["name"].isna().tolist() == [True, False]


@settings(deadline=None)  # the first table of a process imports pandas
@given(st.lists(st.builds(Point, st.integers(0, 9), st.integers(0, 9))))
def test_a_table_gives_back_the_records_it_was_made_of(points: list[Point]) -> None:
    frame = to_frame(points, output_type=list[Point])
    assert [Point(*row) for row in frame.itertuples(index=False)] == points


@pytest.mark.parametrize("value", [None, "Some text."])
def test_without_a_typed_answer_it_says_to_ask_for_one(value: object) -> None:
    with pytest.raises(CodexError, match=r"output_type=list\[Invoice\]"):
        to_frame(value)


def test_an_answer_that_is_missing_or_null_is_an_error_and_a_typed_text_is_a_row() -> None:
    with pytest.raises(InvalidOptionError, match="The answer is None"):
        to_frame(None, output_type=list[Invoice])
    assert to_frame("tea", output_type=str).to_dict("records") == [{"value": "tea"}]


def test_without_pandas_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError) as caught:
        to_frame([FIRST])
    remedy = 'pandas is not installed; run: pip install "codex-notebook[pandas]"'
    assert str(caught.value) == remedy
    assert caught.value.package == "pandas"
