from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from codex_notebook import load_ipython_extension, unload_ipython_extension

LINE = "get_ipython().run_line_magic"


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell()
    load_ipython_extension(shell)
    yield shell
    unload_ipython_extension(shell)


def awaited(prompt: str) -> str:
    return f"(await {LINE}('codex_awaited', {prompt!r}))"


@pytest.mark.parametrize(
    ("cell", "becomes"),
    [
        ("%codex hi", awaited("hi")),
        ("x = %codex hi", f"x = {awaited('hi')}"),
        ("if 1:\n    y = %codex hi", f"if 1:\n    y = {awaited('hi')}"),
        ("ü = 'é'; y = 1\nz = %codex ü", f"ü = 'é'; y = 1\nz = {awaited('ü')}"),
        (
            "for i in []:\n    %codex a\n%codex b",
            f"for i in []:\n    {awaited('a')}\n{awaited('b')}",
        ),
        ("async def f():\n    %codex hi", f"async def f():\n    {awaited('hi')}"),
    ],
)
def test_a_use_at_top_level_is_awaited(shell: InteractiveShell, cell: str, becomes: str) -> None:
    assert shell.transform_cell(cell) == becomes + "\n"


def test_a_cell_is_awaited(shell: InteractiveShell) -> None:
    magic = "get_ipython().run_cell_magic('codex_awaited', '--new', 'hi {x}?\\n')"
    assert shell.transform_cell("%%codex --new\nhi {x}?\n") == f"(await {magic})\n"


# IPython's own tokenizer warns of what str.splitlines breaks at; since Python 3.12 it gives such
# cells up whole, so that no magic in them is one.
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="IPython leaves such cells alone")
@pytest.mark.filterwarnings("ignore:`make_tokens_by_line`")
@pytest.mark.parametrize("odd", ["\u2028", "\x0c", "\x85", "é", "\x1d"])
def test_code_beside_a_use_stays_what_it_was(shell: InteractiveShell, odd: str) -> None:
    code = f"s = 'a{odd}b'  # {odd}\n"
    assert shell.transform_cell(f"{code}%codex hi") == f"{code}{awaited('hi')}\n"


@pytest.mark.parametrize("cell", ["%%codex", "%%codex --new", "%%codex What is here?\n\n"])
def test_a_cell_with_nothing_below_its_first_line_is_a_line(
    shell: InteractiveShell, cell: str
) -> None:
    assert "run_line_magic('codex_awaited'" in shell.transform_cell(cell)


def test_a_terminal_lets_a_cell_go_on_until_a_blank_line(shell: InteractiveShell) -> None:
    assert shell.check_complete("%%codex")[0] == "incomplete"
    assert shell.check_complete("%%codex\nhi")[0] == "incomplete"
    assert shell.check_complete("%%codex\nhi\n\n")[0] == "complete"


@pytest.mark.parametrize(
    "cell",
    [
        "def f():\n    %codex hi",
        "class A:\n    x = %codex hi",
        "s = '''\n%codex hi?\n'''",
        "%%time\n%codex hi",
        "%codexx hi",
        "this is no (Python\n%codex hi",
    ],
)
def test_where_await_cannot_stand_nothing_is_awaited(shell: InteractiveShell, cell: str) -> None:
    assert "await" not in shell.transform_cell(cell)


def test_nothing_is_awaited_when_autoawait_is_off(shell: InteractiveShell) -> None:
    shell.autoawait = False
    try:
        assert shell.transform_cell("%codex hi") == f"{LINE}('codex', 'hi')\n"
    finally:
        shell.autoawait = True


def test_nothing_is_awaited_inside_a_running_cell(shell: InteractiveShell) -> None:
    seen: list[str] = []
    shell.user_ns["look"] = lambda: seen.append(shell.transform_cell("%codex hi"))
    shell.run_cell("look()", store_history=True)
    assert seen == [f"{LINE}('codex', 'hi')\n"]
    assert "await" in shell.transform_cell("%codex hi")


@pytest.mark.parametrize("cell", ["{} what is this?", "x = {} what is this?", "  {} really??"])
def test_a_prompt_may_end_in_a_question_mark(shell: InteractiveShell, cell: str) -> None:
    transformed = shell.transform_cell(cell.format("%codex"))
    assert "pinfo" not in transformed
    assert "?')" in transformed


@pytest.mark.parametrize("cell", ["print?", "%codex?", "%time?", "%%codex?", "%codexx hi?"])
def test_other_questions_still_ask_for_help(shell: InteractiveShell, cell: str) -> None:
    transformed = shell.transform_cell(cell)
    assert "pinfo" in transformed


def prompt_of(transformed: str) -> Any:
    call = ast.parse(transformed, mode="exec", type_comments=False)
    strings = [n.value for n in ast.walk(call) if isinstance(n, ast.Constant)]
    return strings[-1]


@given(st.text())
@example(">>> f(1)\n... ")
@example("In [1]: f(1)")
def test_the_text_of_any_cell_reaches_the_magic_to_the_letter(text: str) -> None:
    shell = InteractiveShell.instance()
    load_ipython_extension(shell)
    body = f"{text}\nlast\n"
    assert prompt_of(shell.transform_cell(f"%%codex\n{body}")) == body


def test_unloading_leaves_the_shell_as_it_was() -> None:
    shell = InteractiveShell()
    before = (
        list(shell.input_transformers_cleanup),
        list(shell.input_transformers_post),
        list(shell.input_transformer_manager.token_transformers),
        shell.find_cell_magic("codex"),
    )
    load_ipython_extension(shell)
    load_ipython_extension(shell)
    unload_ipython_extension(shell)
    unload_ipython_extension(shell)
    after = (
        list(shell.input_transformers_cleanup),
        list(shell.input_transformers_post),
        list(shell.input_transformer_manager.token_transformers),
        shell.find_cell_magic("codex"),
    )
    assert after == before


def test_the_magic_of_another_extension_is_not_replaced_silently(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell = InteractiveShell()
    shell.register_magic_function(print, "line_cell", "codex")  # type: ignore[arg-type]
    load_ipython_extension(shell)
    assert "takes the place of the %codex magic of" in capsys.readouterr().err
