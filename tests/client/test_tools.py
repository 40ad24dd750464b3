"""What a function becomes for the agent, which cannot be a tool, and what arguments become."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from codex_notebook import Codex
from codex_notebook.client.tools import ArgumentsError, Tool, parse_tools
from codex_notebook.errors import InvalidOptionError
from codex_notebook.offline import serve, text, turn

if TYPE_CHECKING:
    from nowhere import Unknown  # type: ignore[import-not-found]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Order(BaseModel):
    """What was ordered."""

    model_config = ConfigDict(strict=True)

    number: int
    due: date


class Settings(BaseModel):
    hook: Any = print


class Unfinished(BaseModel):
    later: Unknown


def search(query: str, limit: int = 10) -> list[str]:
    """Search the shop.

    Parameters
    ----------
    query : str
        What to look for.
    """
    return [query] * limit


async def paint(
    colour: Colour,
    at: list[Point],
    mode: Literal["fill", "line"] = "fill",
    orders: dict[str, Order] | None = None,
) -> None: ...


class Shop:
    """A shop."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find(self, what: str) -> str:
        """Find something."""
        return f"{self.name}: {what}"

    async def __call__(self, what: str) -> str:
        return what


def names(tool: Tool) -> list[str]:
    return list(tool.input_schema["properties"])


def test_a_function_is_described_by_its_name_its_docstring_and_its_hints() -> None:
    tool = Tool.of(search)
    assert tool.specification == {
        "type": "function",
        "name": "search",
        "description": "Search the shop.\n\nParameters\n----------\nquery : str\n"
        "    What to look for.",
        "inputSchema": {
            "type": "object",
            "title": "Arguments",
            "properties": {
                "query": {"type": "string", "title": "Query"},
                "limit": {"type": "integer", "title": "Limit"},
            },
            "required": ["query"],
            "additionalProperties": False,
        },
    }
    assert tool.function is search


def test_a_name_and_a_description_may_be_given() -> None:
    tool = Tool.of(lambda x: x, name="same", description="The same.")
    assert (tool.name, tool.description) == ("same", "The same.")
    assert tool.parse({"x": [1, "a", None]}) == {"x": [1, "a", None]}


def test_functions_and_tools_may_stand_side_by_side() -> None:
    made = Tool.of(search, name="find")
    assert [tool.name for tool in parse_tools([search, made])] == ["search", "find"]
    assert parse_tools((made,)) == (made,)
    assert parse_tools([]) == ()


def test_enums_dataclasses_models_literals_and_collections_are_parameters() -> None:
    tool = Tool.of(paint)
    properties, definitions = tool.input_schema["properties"], tool.input_schema["$defs"]
    assert properties["colour"] == {"$ref": "#/$defs/Colour"}
    assert definitions["Colour"]["enum"] == ["red", "blue"]
    assert properties["at"]["items"] == {"$ref": "#/$defs/Point"}
    assert properties["mode"]["enum"] == ["fill", "line"]
    assert definitions["Order"]["description"] == "What was ordered."
    assert tool.input_schema["required"] == ["colour", "at"]
    given = {
        "colour": "red",
        "at": [{"x": 1}, {"x": 2, "y": 3}],
        "orders": {"a": {"number": 1, "due": "2026-01-02"}},
    }
    assert tool.parse(given) == {
        "colour": Colour.RED,
        "at": [Point(1), Point(2, 3)],
        "orders": {"a": Order(number=1, due=date(2026, 1, 2))},
    }


def test_what_is_left_out_is_left_to_the_function() -> None:
    assert Tool.of(search).parse({"query": "a"}) == {"query": "a"}


def test_a_default_is_not_shown_for_it_may_be_a_secret() -> None:
    def fetch(key: str = "sk-secret") -> None: ...

    assert "sk-secret" not in str(Tool.of(fetch).specification)


def test_a_default_that_is_no_json_is_no_hindrance() -> None:
    def configure(settings: Settings, hook: Any = print) -> None: ...

    assert Tool.of(configure).parse({"settings": {}}) == {"settings": Settings()}


def test_field_describes_and_bounds_a_parameter() -> None:
    def count(
        n: Annotated[int, Field(description="How many", ge=1, le=9)],
        code: Annotated[str, Field(pattern="^[a-z]+$")],
        day: date,
        step: int = Field(2, description="By how much"),
        must: int = Field(description="Given always"),
    ) -> None: ...

    tool = Tool.of(count)
    properties = tool.input_schema["properties"]
    # The CLI leaves the keywords out of what the model sees, and the descriptions in.
    assert properties["n"]["description"] == "How many (minimum: 1, maximum: 9)"
    assert properties["code"]["description"] == "(pattern: ^[a-z]+$)"
    assert properties["day"]["description"] == "(format: date)"
    assert properties["n"]["maximum"] == 9
    assert properties["step"]["description"] == "By how much"
    assert tool.input_schema["required"] == ["n", "code", "day", "must"]
    given = {"n": 1, "code": "a", "day": "2026-01-02", "must": 3}
    assert tool.parse(given) == {**given, "day": date(2026, 1, 2), "step": 2}


def test_parameters_may_have_the_names_of_keywords_and_of_pydantics_own() -> None:
    def odd(
        format: int, description: str, schema: str, _hidden: int, model_config: int
    ) -> None: ...

    given = {"format": 1, "description": "a", "schema": "b", "_hidden": 2, "model_config": 3}
    assert Tool.of(odd).parse(given) == given
    assert names(Tool.of(odd)) == list(given)


def test_methods_partials_wrapped_functions_and_callable_objects_are_tools() -> None:
    shop = Shop("corner")
    assert names(Tool.of(shop.find)) == ["what"]
    assert Tool.of(shop.find).description == "Find something."
    assert (Tool.of(shop).name, Tool.of(shop).description) == ("Shop", "A shop.")
    assert Tool.of(shop).parse({"what": "x"}) == {"what": "x"}
    cached = Tool.of(functools.lru_cache(search))
    assert (cached.name, names(cached)) == ("search", ["query", "limit"])


def test_what_a_partial_fills_is_not_shown() -> None:
    filled = Tool.of(functools.partial(search, limit=3))
    assert (filled.name, names(filled)) == ("search", ["query"])
    assert filled.description.startswith("Search the shop.")
    assert filled.function(**filled.parse({"query": "a"})) == ["a"] * 3

    def connected(database: Callable[[], int], key: str) -> None: ...

    assert names(Tool.of(functools.partial(connected, int, key="k"))) == []


def test_hints_are_looked_up_where_a_cell_defines_them() -> None:
    cell: dict[str, Any] = {"__name__": "__main__"}
    exec(
        "from __future__ import annotations\n"
        "from pydantic import BaseModel\n"
        "def later(at: list[Place]) -> NotDefined: ...\n"
        "class Place(BaseModel):\n    name: str",
        cell,
    )
    assert Tool.of(cell["later"]).parse({"at": [{"name": "a"}]}) == {
        "at": [cell["Place"](name="a")]
    }


def test_what_a_function_returns_need_not_be_known() -> None:
    def known(x: int) -> Unknown: ...

    assert names(Tool.of(known)) == ["x"]


class Unreadable:
    pass


def unknown(x: Unknown) -> None: ...
def many(*values: int) -> None: ...
def any_name(**values: int) -> None: ...
def by_position(x: int, /) -> None: ...
def no_json(fine: int, bad: Unreadable) -> None: ...
def unfinished(fine: int, bad: Unfinished) -> None: ...
def takes_code(code: Callable[[], int]) -> None: ...
def yields() -> Iterator[int]:
    yield 1


async def yields_later() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x, r"'<lambda>' .* letters, digits, .* Tool.of\(function, name=…\)"),
        (unknown, r"'unknown' .* type hints .*NameError: .*'Unknown'"),
        (many, r"any number of arguments \(\*values\)"),
        (any_name, r"arguments of any name \(\*\*values\)"),
        (by_position, "x by its position only"),
        (math.sqrt, "x by its position only"),
        (max, "does not know its parameters"),
        (Shop.find, "method of a class; pass that of an object"),
        (no_json, "its parameter bad cannot be read from JSON .*Unreadable"),
        (unfinished, "its parameter bad cannot be read from JSON .*'Unknown' is not defined"),
        (takes_code, "its parameter code cannot be read"),
        (yields, "return them as a list"),
        (yields_later, "return them as a list"),
        (Shop, "is no function"),
        ({"name": "a"}, "is no function"),
    ],
)
def test_what_the_agent_could_not_call_is_refused(function: Any, reason: str) -> None:
    with pytest.raises(InvalidOptionError, match=reason) as refused:
        parse_tools([function])
    assert refused.value.option == "tools"


@pytest.mark.parametrize("name", ["", "a b", "grüße", "a.b", "x" * 65, "a\n"])
def test_a_name_that_the_protocol_does_not_take_is_refused(name: str) -> None:
    with pytest.raises(InvalidOptionError, match="1 to 64 letters"):
        Tool.of(search, name=name)
    assert Tool.of(search, name="x" * 64).name == "x" * 64


@pytest.mark.parametrize("name", ["exec_command", "apply_patch", "spawn_agent", "mcp", "mcp__shop"])
def test_a_name_of_the_clis_own_is_refused(name: str) -> None:
    with pytest.raises(InvalidOptionError, match="keeps this name for itself"):
        Tool.of(search, name=name)


@pytest.mark.cli
def test_no_tool_that_the_cli_offers_can_be_replaced() -> None:
    with serve([turn(text("Hello."))]) as server:
        Codex(server.options).start_thread(skip_git_repo_check=True).run_sync("hello")
        offered = {tool.get("name") or tool["type"] for tool in server.requests[0].body["tools"]}
    assert "exec_command" in offered
    for name in offered:
        with pytest.raises(InvalidOptionError, match="keeps this name for itself"):
            Tool.of(search, name=name)


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidOptionError, match=r"'search' .* 2 tools have this name"):
        parse_tools([search, Tool.of(paint), Tool.of(paint, name="search")])


@pytest.mark.parametrize("tools", [search, "search", {"search": search}, 5])
def test_tools_that_are_no_list_are_refused(tools: Any) -> None:
    with pytest.raises(InvalidOptionError, match=r"a list of functions: tools=\[my_function\]"):
        parse_tools(tools)


def test_arguments_that_do_not_fit_are_told_one_by_one() -> None:
    with pytest.raises(ArgumentsError) as refused:
        Tool.of(paint).parse({"at": [{"x": "one"}], "mode": "dot", "extra": "y" * 1000})
    head, *faults = str(refused.value).splitlines()
    assert head == "paint was not run, because its arguments do not fit:"
    assert "- colour: Field required" in faults
    assert any(line.startswith("- at.0.x: Input should be a valid integer") for line in faults)
    assert "- mode: Input should be 'fill' or 'line' (got 'dot')" in faults
    assert any(line.startswith("- extra: Extra inputs are not permitted") for line in faults)
    assert max(map(len, faults)) < 200


def test_of_many_faults_the_first_are_told() -> None:
    def add(values: list[int]) -> None: ...

    with pytest.raises(ArgumentsError, match="- … and 80 more") as refused:
        Tool.of(add).parse({"values": ["a"] * 100})
    assert len(str(refused.value).splitlines()) == 22


@pytest.mark.parametrize("arguments", [None, [], "query", 3])
def test_arguments_that_are_no_object_are_refused(arguments: object) -> None:
    with pytest.raises(ArgumentsError, match="- arguments: Input should be an object"):
        Tool.of(search).parse(arguments)


def even(number: int) -> int:
    if number % 2:
        raise ValueError("must be even")
    return number // (number - 2)


def test_what_a_validator_says_is_told_and_what_it_raises_otherwise_is_raised() -> None:
    def take(n: Annotated[int, AfterValidator(even)]) -> None: ...

    with pytest.raises(ArgumentsError, match=r"n: Value error, must be even \(got 3\)"):
        Tool.of(take).parse({"n": 3})
    with pytest.raises(ZeroDivisionError):
        Tool.of(take).parse({"n": 2})


def test_numbers_in_text_are_read_exactly() -> None:
    def pay(amount: Decimal) -> None: ...

    assert Tool.of(pay).parse({"amount": "0.10"}) == {"amount": Decimal("0.10")}


def pickled_look(x: int) -> str:
    """Look at x."""
    return f"saw {x}"


def test_a_tool_can_be_pickled_with_its_function_by_name() -> None:
    tool = Tool.of(pickled_look, name="look", description="Looks.")
    again = pickle.loads(pickle.dumps(tool))
    assert again.specification == tool.specification
    assert again.parse({"x": "3"}) == {"x": 3}
    assert again.function is pickled_look
