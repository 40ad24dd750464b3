"""What a type becomes for the CLI, which types are refused and why, and what an answer becomes."""

import dataclasses
import enum
import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import GenericAlias, ModuleType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, HttpUrl, TypeAdapter, create_model
from typing_extensions import NotRequired, TypedDict

from codex_notebook.core.schema import AnswerError, output_format
from codex_notebook.errors import InvalidOutputTypeError

model: Any = create_model
KEYWORDS = {
    *("type", "enum", "anyOf", "properties", "required", "additionalProperties", "items"),
    *("$ref", "$defs", "description", "pattern", "format", "multipleOf", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}


class Line(BaseModel):
    """One line of an invoice."""

    text: str
    amount: float = 0
    due: date | None = None


class Invoice(BaseModel):
    number: str
    lines: list[Line]


class Node(BaseModel):
    name: str
    children: list["Node"] = []
    twin: Annotated["Node", Field(description="the other one")] | None = None


class Point(NamedTuple):
    x: int
    y: int = 0


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


Color = enum.Enum("Color", {"RED": "red", "BLUE": "blue"})
Job = dataclasses.make_dataclass("Job", [("connections", list[sqlite3.Connection])])
Cat = model("Cat", kind=(Literal["cat"], ...), lives=(int, ...))
Dog = model("Dog", kind=(Literal["dog"], ...), tricks=(list[str], ...))
Loose = model("Loose", __config__={"extra": "allow"}, name=(str, ...))


def field_schema(annotation: Any) -> Any:
    return output_format(model("Holder", it=(annotation, ...))).schema["properties"]["it"]


def assert_strict(node: dict[str, Any]) -> None:
    assert set(node) <= KEYWORDS
    assert len({"type", "anyOf", "$ref"} & set(node)) == 1
    assert "$ref" not in node or list(node) == ["$ref"]
    if node.get("type") == "object":
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"]) != []
    parts = [*node.get("properties", {}).values(), *node.get("$defs", {}).values()]
    for part in [*parts, *node.get("anyOf", ()), *filter(None, [node.get("items")])]:
        assert_strict(part)


@pytest.mark.parametrize(
    "output_type",
    [
        *(Invoice, list[Invoice], Node, list[Node], Point, list[Point], Movie),
        *(Color, Color | None, Cat | Dog, int, float, bool, str, date, timedelta, UUID, Decimal),
        *(HttpUrl, bytes, set[Color], tuple[int, ...], Literal["a", 1, None, True]),
    ],
)
def test_every_schema_is_strict(output_type: object) -> None:
    schema = output_format(output_type).schema
    assert_strict(schema)
    assert schema["type"] == "object"
    assert {*re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema))} == {*schema.get("$defs", {})}


def test_a_model_is_asked_for_with_its_fields_and_its_docstring_and_no_noise() -> None:
    schema = output_format(Line).schema
    due = {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}
    fields = {"text": {"type": "string"}, "amount": {"type": "number"}, "due": due}
    assert schema["properties"] == fields
    assert schema["description"] == "One line of an invoice."


def test_what_is_no_object_is_wrapped_in_one_field_and_a_recursive_model_is_not() -> None:
    numbers, node = output_format(list[int]).schema, output_format(Node).schema
    assert numbers["properties"] == {"value": {"type": "array", "items": {"type": "integer"}}}
    assert node["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}


def test_a_described_field_of_a_model_gets_a_copy_because_nothing_may_stand_beside_a_ref() -> None:
    schema = field_schema(Annotated[Line, Field(description="the first")])
    assert schema["description"] == "the first"
    assert list(schema["properties"]) == ["text", "amount", "due"]


def test_constraints_that_strict_mode_knows_stay_and_the_others_are_told_in_words() -> None:
    bounds = field_schema(Annotated[int, Field(ge=1, lt=9, multiple_of=2)])
    assert bounds == {"type": "integer", "minimum": 1, "exclusiveMaximum": 9, "multipleOf": 2}
    text = field_schema(Annotated[str, Field(max_length=9, pattern="^a", description="A word.")])
    assert text == {"type": "string", "pattern": "^a", "description": "A word. (maxLength: 9)"}
    assert "format" not in field_schema(HttpUrl)
    assert "uniqueItems" not in field_schema(set[int])


def test_a_pattern_that_looks_around_is_not_sent_because_the_api_refuses_it() -> None:
    schema = field_schema(Annotated[str, Field(json_schema_extra={"pattern": "^(?!x)"})])
    assert schema == {"type": "string", "description": "(pattern: ^(?!x))"}


def test_unions_and_choices_of_several_types_become_any_of() -> None:
    branches = [{"type": "string", "enum": ["a"]}, {"type": "integer", "enum": [1, 2]}]
    assert field_schema(Literal["a", 1, 2]) == {"anyOf": branches}
    pet = field_schema(Annotated[Cat | Dog, Field(discriminator="kind")])
    assert pet == {"anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]}


def test_a_field_goes_by_its_alias() -> None:
    asked = output_format(model("Aliased", number=(str, Field(alias="no"))))
    assert (asked.schema["required"], asked.parse('{"no": "A1"}').number) == (["no"], "A1")


def test_a_type_has_the_name_that_a_reader_would_write() -> None:
    types: list[Any] = [Invoice, list[Invoice], Annotated[int | None, 1], Literal["v1.2"]]
    names = ["Invoice", "list[Invoice]", "int | None", "Literal['v1.2']"]
    assert [output_format(each).name for each in types] == names


def test_the_annotations_of_a_notebook_may_be_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = ModuleType("a_notebook")
    monkeypatch.setitem(sys.modules, "a_notebook", notebook)
    header = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    order = "@dataclass\nclass Order:\n    lines: list[OrderLine]\n"
    exec(f"{header}{order}@dataclass\nclass OrderLine:\n    text: str\n", vars(notebook))
    answer = output_format(notebook.Order).parse('{"lines": [{"text": "tea"}]}')
    assert answer == notebook.Order([notebook.OrderLine("tea")])


@pytest.mark.parametrize(
    ("annotation", "place", "what"),
    [
        (dict[str, int], "", "mapping with free keys"),
        (list[Any], "[]", "any value"),
        (object, "", "any value"),
        (TypeVar("T"), "", "any value"),
        (tuple[int, str], "", "tuple of fixed length"),
        (Loose | None, "", "extra fields"),
        (model("Empty"), "", "no fields"),
        (Job, ".connections[]", "Connection"),
        (Callable[[], int], "", "callable"),
        (Iterable[int], "", "iterator"),
        (enum.Enum("Pair", {"ONE": (1, 2)}), "", "no plain value"),
        (enum.Enum("Nothing", {}), "", "no choice"),
    ],
)
def test_what_strict_json_cannot_say_is_refused_with_its_place(
    annotation: Any, place: str, what: str
) -> None:
    holder: Any = TypedDict("Holder", {"rows": GenericAlias(list, annotation)})  # type: ignore[misc]
    with pytest.raises(InvalidOutputTypeError, match=what) as caught:
        output_format(holder)
    assert caught.value.path == f"Holder.rows[]{place}"
    assert f"Holder cannot be an output type: {caught.value.path} " in str(caught.value)
    with pytest.raises(InvalidOutputTypeError, match=what):
        output_format(annotation)


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        *(({}, "pass a JSON schema as output_schema"), ("Invoice", "pass it without quotes")),
        *((value, "pass a class") for value in ([Invoice], Point(1, 2), 3, json, json.dumps)),
    ],
)
def test_what_is_no_type_is_refused_with_a_remedy(value: object, remedy: str) -> None:
    with pytest.raises(InvalidOutputTypeError, match=f"not a type; {remedy}"):
        output_format(value)


def test_a_name_that_is_not_defined_is_said() -> None:
    with pytest.raises(InvalidOutputTypeError, match="Missing is not defined"):
        output_format(model("Order", lines=("list[Missing]", ...)))


def reason(output_type: object, answer: str) -> str:
    with pytest.raises(AnswerError) as caught:
        output_format(output_type).parse(answer)
    return str(caught.value)


def test_an_answer_may_have_white_space_or_one_fence_around_it() -> None:
    for answer in (' {"value": [1]}\n', '```json\n{"value": [1]}\n```', '```\n{"value":[1]}```\n'):
        assert output_format(list[int]).parse(answer) == [1]


def test_a_named_tuple_is_answered_as_an_object() -> None:
    assert output_format(list[Point]).parse('{"value": [{"x": 1, "y": 2}]}') == [Point(1, 2)]


def test_an_answer_that_was_cut_off_anywhere_says_so() -> None:
    answer = '{"value": [{"title": "A \\u00e9", "year": -2}, {"title": "", "year": 1e3}]}'
    for end in range(1, len(answer)):
        assert reason(list[Movie], answer[:end]).startswith("it is cut off")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (" ", "it is empty"),
        ("Sure: {}", "it is not JSON: expected value at line 1 column 1, in 'Sure: {}'"),
        ('{"value": NaN}', "it is not JSON"),
        ("\ud800", "it is not JSON"),
        ("[1]", "Input should be an object (got [1])"),
        ("{}", "value: Field required"),
    ],
)
def test_an_answer_of_another_shape_says_what_it_is(answer: str, said: str) -> None:
    assert reason(float, answer).startswith(said)


def test_each_fault_has_a_line_with_its_place_and_a_short_value() -> None:
    lines = [{"amount": "x" * 99, "text": "", "due": None}, {"amount": 1, "due": "today"}]
    answer = json.dumps({"value": [{"number": "1", "lines": lines}]})
    first, second, third = reason(list[Invoice], answer).split("\n")
    assert re.fullmatch(r"\[0\]\.lines\[0\]\.amount: .* \(got 'x{50,59}…\)", first)
    assert second == "[0].lines[1].text: Field required"
    assert third.startswith("[0].lines[1].due: ")


def test_a_fault_in_a_union_has_its_place_in_the_answer_and_not_the_branch() -> None:
    said = reason(model("Zoo", pet=(Cat | Dog, ...)), '{"pet": {"kind": "cat", "lives": "many"}}')
    places = [line.partition(":")[0] for line in said.split("\n")]
    assert places == ["pet.lives", "pet.kind", "pet.tricks"]


def test_a_thousand_faults_are_counted_and_not_listed() -> None:
    assert reason(list[int], json.dumps({"value": ["x"] * 1000})).endswith("… and 980 more faults")


def test_a_bug_in_a_validator_of_the_user_is_a_fault_of_the_answer() -> None:
    buggy = Annotated[str, AfterValidator({}.__getitem__)]
    assert reason(buggy, '{"value": "z"}') == "a validator raised KeyError: 'z'"


SCALARS: list[Any] = [
    *((int, st.integers()), (str, st.text()), (bool, st.booleans()), (UUID, st.uuids())),
    (float, st.floats(allow_nan=False, allow_infinity=False)),
    (Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    *((datetime, st.datetimes()), (Color, st.sampled_from(Color))),
]


def record(parts: list[Any]) -> Any:
    fields = {f"f{position}": part for position, part in enumerate(parts)}
    made = model("Record", **{name: (annotation, ...) for name, (annotation, _) in fields.items()})
    return made, st.builds(made, **{name: values for name, (_, values) in fields.items()})


def larger(inner: Any) -> Any:
    return st.one_of(
        inner.map(lambda part: (GenericAlias(list, part[0]), st.lists(part[1], max_size=3))),
        inner.map(lambda part: (part[0] | None, st.none() | part[1])),
        st.lists(inner, min_size=1, max_size=3).map(record),
    )


# Making a type takes its time, on a busy machine more than hypothesis allows.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_value_of_any_type_survives_the_round_trip(data: st.DataObject) -> None:
    output_type, values = data.draw(st.recursive(st.sampled_from(SCALARS), larger, max_leaves=5))
    value, asked = data.draw(values), output_format(output_type)
    assert_strict(asked.schema)
    answer = TypeAdapter(Any).dump_python(value, mode="json")
    answer = {"value": answer} if list(asked.schema["properties"]) == ["value"] else answer
    assert asked.parse(json.dumps(answer)) == value
