"""Input transformers: a prompt reaches the magic to the letter, and top-level uses are awaited.

IPython would strip doctest prompts from a ``%%codex`` cell and take a ``%codex`` line that ends in
``?`` for a cry for help. It also does not await what a magic returns, and a magic that blocks
keeps the kernel from hearing clicks: so a top-level ``get_ipython().run_cell_magic('codex', …)``
is rewritten to an awaited call of a twin magic. Where ``await`` cannot stand (functions,
``%%time``, autoawait off) nothing is rewritten and the blocking magic runs. Knows source only.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.inputtransformer2 import EscapedCommand, MagicAssign

from codex_notebook.notebook.names import AWAITED, MAGIC

_RUNNERS = ("run_cell_magic", "run_line_magic")
_NEW_SCOPES = (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.GeneratorExp)


def literal_cell(lines: list[str]) -> list[str]:
    """Turn a ``%%codex`` cell into its call before IPython cleans it up."""
    text = "".join(lines).lstrip("\n")
    first, _, body = text.partition("\n")
    match = _CELL.fullmatch(first)
    if match is None:
        return lines
    line = match["line"] or ""
    if not body.strip():
        # IPython refuses an empty cell with a remark of its own, and lets Run All go on.
        return [f"get_ipython().run_line_magic({MAGIC!r}, {line!r})\n"]
    return [f"get_ipython().run_cell_magic({MAGIC!r}, {line!r}, {body!r})\n"]


# Asked whether a cell is complete, IPython leaves out what has side effects, and then sees that a
# `%%codex` cell goes on until a blank line.
literal_cell.has_side_effects = True  # type: ignore[attr-defined]

_CELL = re.compile(rf"%%{MAGIC}(?:[ \t]+(?P<line>.*))?")


class CodexLine(EscapedCommand):
    """Lets a ``%codex`` line end in ``?``, which IPython else takes for a cry for help."""

    # Before IPython's HelpEnd, which has 5.
    priority = 4

    @classmethod
    def find(cls, tokens_by_line: list[list[Any]]) -> Any:
        """Return a transformer for the first line that begins with ``%codex``."""
        return _first_of_ours(super().find, tokens_by_line)


class CodexAssignment(MagicAssign):
    """The same for ``name = %codex …``."""

    priority = 4

    def __init__(self, start: tuple[int, int]) -> None:
        super().__init__(start)  # type: ignore[no-untyped-call]
        # Transformers are sorted by column first, and HelpEnd begins with the line.
        self._column, self.start_col = self.start_col, 0

    @classmethod
    def find(cls, tokens_by_line: list[list[Any]]) -> Any:
        """Return a transformer for the first line that assigns ``%codex``."""
        return _first_of_ours(super().find, tokens_by_line)

    def transform(self, lines: list[str]) -> list[str]:
        """Transform the line as IPython does."""
        self.start_col = self._column
        return list(super().transform(lines))


TOKEN_TRANSFORMERS = (CodexLine, CodexAssignment)


def _first_of_ours(find: Callable[[list[list[Any]]], Any], lines: list[list[Any]]) -> Any:
    for tokens in lines:
        found = find([tokens])
        if found is None:
            continue
        words = [token.string for token in tokens if not token.string.isspace()]
        percent = words.index("%") if "%" in words else len(words)
        # `%codex?` itself is a question about the magic.
        if words[percent + 1 : percent + 2] == [MAGIC] and words[percent + 2 : percent + 3] != [
            "?"
        ]:
            return found
    return None


def awaiting(should: Callable[[], bool]) -> Callable[[list[str]], list[str]]:
    """Return an input transformer that awaits top-level uses of the magic.

    Parameters
    ----------
    should : callable
        Whether the code about to run may contain a top-level ``await``.
    """

    def await_codex(lines: list[str]) -> list[str]:
        source = "".join(lines)
        if f"_magic('{MAGIC}'" not in source or not should():
            return lines
        try:
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            tree = compile(source, "<cell>", "exec", flags)
        except (SyntaxError, ValueError):
            return lines
        calls = sorted(_calls(tree), key=lambda c: (c.lineno, c.col_offset), reverse=True)
        # Bytes break lines where ast does; a str breaks them at form feeds and the like, too.
        rows = source.encode().splitlines(keepends=True)
        # From the end of the source, so that earlier positions stay right.
        for call in calls:
            name = call.args[0]
            assert call.end_lineno is not None
            assert name.end_col_offset is not None
            _insert(rows, call.end_lineno, call.end_col_offset, b")")
            row = rows[name.lineno - 1]
            rows[name.lineno - 1] = (
                row[: name.col_offset] + repr(AWAITED).encode() + row[name.end_col_offset :]
            )
            _insert(rows, call.lineno, call.col_offset, b"(await ")
        return b"".join(rows).decode().splitlines(keepends=True)

    return await_codex


def _insert(rows: list[bytes], line: int, column: int | None, text: bytes) -> None:
    # ast counts columns in UTF-8 bytes, which is why the rows are bytes.
    row = rows[line - 1]
    rows[line - 1] = row[:column] + text + row[column:]


def _calls(node: ast.AST, awaited: bool = False) -> Iterator[ast.Call]:
    """Yield the calls of the magic below ``node`` that may be awaited and are not yet."""
    if isinstance(node, _NEW_SCOPES):
        return
    if isinstance(node, ast.Call) and _runs_codex(node) and not awaited:
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, isinstance(node, ast.Await))


def _runs_codex(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _RUNNERS
        and isinstance(function.value, ast.Call)
        and isinstance(function.value.func, ast.Name)
        and function.value.func.id == "get_ipython"
        and bool(call.args)
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value == MAGIC
    )
