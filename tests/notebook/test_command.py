from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_notebook import InvalidOptionError
from codex_notebook.notebook.command import Command, interpolated, parse_command

HOSTILE = "{x} {{y}} ${HOME} $y `id` \"double\" 'single' \\n %time !ls ?\n\tindented\n"


def test_the_text_of_a_cell_is_the_prompt_to_the_letter() -> None:
    assert parse_command("", HOSTILE).prompt == HOSTILE


def test_the_text_behind_the_options_of_a_line_is_the_prompt_to_the_letter() -> None:
    line = "--new  what's {this} -o \"?"
    assert parse_command(line) == Command("what's {this} -o \"?", new=True)


def test_text_on_the_first_line_of_a_cell_comes_before_the_rest() -> None:
    assert parse_command("--bg Explain:", "code\n").prompt == "Explain:\ncode\n"


def test_every_option_is_taken() -> None:
    line = "-o a -t list[int] --new --bg --model gpt-5.5 --sandbox workspace-write --cd /w -i"
    assert parse_command(line, "hi") == Command(
        "hi",
        out="a",
        type="list[int]",
        new=True,
        bg=True,
        model="gpt-5.5",
        sandbox="workspace-write",
        cd="/w",
        interpolate=True,
    )


def test_long_options_take_their_value_behind_a_space_or_an_equals_sign() -> None:
    assert parse_command("--out=a --type=int hi") == Command("hi", out="a", type="int")
    assert parse_command("--out a --type int hi") == Command("hi", out="a", type="int")


@pytest.mark.parametrize(
    "expression",
    [
        "dict[str, list[int]]",
        "tuple[A, ...]",
        "Literal['a b', 'c']",
        "Annotated[int, Field(gt=0, le=10)]",
        "int | None",
        "list[int] |None",
    ],
)
def test_a_type_may_have_spaces_inside_its_brackets(expression: str) -> None:
    assert parse_command(f"-t {expression} do it") == Command("do it", type=expression)


def test_quotes_round_a_whole_value_are_taken_off() -> None:
    assert parse_command("--cd 'my folder' -t \"int | None\" hi") == Command(
        "hi", cd="my folder", type="int | None"
    )


def test_two_dashes_end_the_options() -> None:
    assert parse_command("--new -- --model is an option").prompt == "--model is an option"


def test_a_dash_that_begins_no_option_begins_the_prompt() -> None:
    assert parse_command("- one").prompt == "- one"
    assert parse_command("-1 is negative").prompt == "-1 is negative"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--modle x hi", "no option --modle"),
        ("-x hi", "put -- before it"),
        ("--new=yes hi", "no option --new"),
        ("--model", "--model needs a value"),
        ("-o --new hi", "-o needs a value"),
        ("-o a.b hi", "takes the name of a variable"),
        ("--new", "prompt is empty"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_says_what_can(line: str, said: str) -> None:
    with pytest.raises(InvalidOptionError, match=said):
        parse_command(line)


def test_an_empty_cell_is_an_error() -> None:
    with pytest.raises(InvalidOptionError, match="prompt is empty"):
        parse_command("--new", " \n\t\n")


@given(st.text(min_size=1).filter(str.strip))
def test_any_text_of_a_cell_is_its_prompt(text: str) -> None:
    assert parse_command("", text).prompt == text


@given(st.text())
def test_no_line_raises_anything_but_our_error(line: str) -> None:
    with contextlib.suppress(InvalidOptionError):
        parse_command(line)


def test_only_places_of_known_names_are_filled_in() -> None:
    prompt = "{{ n }} {{m}} {n} {{n.real}} {{n}} {{ }} ${{n}} {{{n}}}"
    assert interpolated(prompt, {"n": 7}) == "7 {{m}} {n} {{n.real}} 7 {{ }} $7 {7}"


def test_braces_in_a_value_are_text() -> None:
    assert interpolated("{{a}}", {"a": "{{b}}", "b": "no"}) == "{{b}}"


def test_a_value_that_cannot_be_shown_leaves_its_place() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    assert interpolated("a {{b}} c", {"b": Broken()}) == "a {{b}} c"


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_filling_in_never_raises(prompt: str, names: dict[str, str]) -> None:
    assert isinstance(interpolated(prompt, names), str)


@given(st.text(alphabet="{}n $\\'\" \n"))
def test_without_known_names_nothing_changes(prompt: str) -> None:
    assert interpolated(prompt, {}) == prompt
