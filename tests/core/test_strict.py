"""What is added to a JSON schema for strict mode, and what is left as it was written."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from codex_notebook import InvalidOptionError
from codex_notebook.core.schema import output_format
from codex_notebook.core.strict import strict_schema


class Size(BaseModel):
    n: int
    unit: str = "cm"


class Node(BaseModel):
    name: str
    size: Size | None = None
    one_of: Size | str = ""
    children: list[Node] = Field(default_factory=list)


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that a schema describes, wherever it is."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def test_every_object_of_a_pydantic_class_is_closed_and_requires_all_of_its_fields() -> None:
    loose = Node.model_json_schema()
    assert any("additionalProperties" not in part for part in objects(loose))
    strict = strict_schema(loose)
    parts = list(objects(strict))
    # The root is a copy of its definition.
    assert len(parts) == 3
    for part in parts:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])
    assert '"default"' not in json.dumps(strict)


@pytest.mark.parametrize(
    "around",
    [
        lambda part: closed(a={"type": "array", "items": part}),
        lambda part: closed(a={"anyOf": [{"type": "null"}, part]}),
        lambda part: closed(a={"oneOf": [part]}),
        lambda part: closed(a={"allOf": [part]}),
        lambda part: closed(a={"type": "array", "prefixItems": [part, {"type": "string"}]}),
        lambda part: {**closed(a={"$ref": "#/$defs/A"}), "$defs": {"A": part}},
        lambda part: {**closed(a={"$ref": "#/definitions/A"}), "definitions": {"A": part}},
        lambda part: closed(a=part, b={"type": "array", "items": part}),
    ],
)
def test_an_object_is_completed_wherever_it_is(around: Any) -> None:
    loose = {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}}
    assert strict_schema(around(loose)) == around(closed(n={"type": "integer"}))


def test_an_object_of_which_nothing_is_said_is_closed_too() -> None:
    assert strict_schema({"type": "object"}) == {"type": "object", "additionalProperties": False}


def test_a_reference_with_words_beside_it_becomes_what_it_refers_to() -> None:
    part = {"type": "object", "properties": {"n": {"type": "integer"}}, "description": "Any."}
    given = {**closed(a={"$ref": "#/$defs/A", "description": "Mine."}), "$defs": {"A": part}}
    strict = strict_schema(given)
    assert strict["properties"]["a"] == {**closed(n={"type": "integer"}), "description": "Mine."}


def test_a_reference_may_be_written_with_the_escapes_of_a_json_pointer() -> None:
    part = {"type": "string"}
    given = {**closed(a={"$ref": "#/$defs/A~1b%20c", "title": "T"}), "$defs": {"A/b c": part}}
    assert strict_schema(given)["properties"]["a"] == {"type": "string", "title": "T"}


def test_a_class_that_holds_itself_is_an_object_at_the_root() -> None:
    strict = strict_schema(Node.model_json_schema())
    assert strict["type"] == "object"
    assert strict["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    again = {"$ref": "#/$defs/A", "description": "Mine."}
    own = {**closed(a=again), "$defs": {"A": closed(a=again)}}
    assert strict_schema(own)["properties"]["a"]["properties"]["a"] == {"$ref": "#/$defs/A"}


@pytest.mark.parametrize("schema", [{}, {"type": "array", "items": {}}, {"anyOf": [closed()]}])
def test_a_schema_of_anything_but_an_object_is_refused(schema: Any) -> None:
    with pytest.raises(InvalidOptionError, match="must be the schema of an object"):
        strict_schema(schema)


def test_a_default_beside_a_reference_goes_too() -> None:
    given = closed(a={"$ref": "#/$defs/A", "default": {"n": 1}})
    assert strict_schema(given) == closed(a={"$ref": "#/$defs/A"})


def test_fields_that_are_named_like_keywords_are_fields() -> None:
    names = ("default", "properties", "items", "required", "anyOf", "$defs", "type")
    fields = {name: {"type": "string"} for name in names}
    assert strict_schema({"type": "object", "properties": fields}) == closed(**fields)


def test_values_that_look_like_schemas_are_values() -> None:
    value = {"properties": {"a": 1}, "default": 2}
    schema = closed(a={"const": value}, b={"enum": [value]}, c={"examples": [value]})
    assert strict_schema(schema) == schema


def test_what_a_schema_says_of_other_fields_is_kept() -> None:
    others = {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "null"}}
    assert strict_schema(others)["additionalProperties"] == {"type": "null"}


def test_a_schema_is_not_changed_itself() -> None:
    schema = Node.model_json_schema()
    before = copy.deepcopy(schema)
    strict_schema(schema)
    assert schema == before


@pytest.mark.parametrize("kind", [Node, list[Size], int])
def test_a_schema_that_is_strict_comes_back_as_it_was(kind: Any) -> None:
    strict = output_format(kind).schema
    assert strict_schema(strict) == strict


words = st.sampled_from(
    ["type", "properties", "items", "anyOf", "$defs", "default", "required", "a"]
)


@given(
    st.dictionaries(
        words,
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        ),
    )
)
def test_any_json_object_is_taken_and_taken_as_strict_the_second_time(schema: Any) -> None:
    strict = strict_schema({**schema, "type": "object"})
    assert strict_schema(strict) == strict


@pytest.mark.parametrize(
    "schema",
    [{"enum": {1, 2}}, {"minimum": float("nan")}, {"type": str}, {"properties": {"a": Size}}],
)
def test_what_is_no_json_is_refused_with_the_way_for_types(schema: Any) -> None:
    with pytest.raises(InvalidOptionError, match="For a Python type use output_type") as caught:
        strict_schema(schema)
    assert caught.value.option == "output_schema"


def test_a_schema_that_holds_itself_is_refused() -> None:
    schema: dict[str, Any] = closed()
    schema["properties"]["again"] = schema
    with pytest.raises(InvalidOptionError, match="Circular"):
        strict_schema(schema)
