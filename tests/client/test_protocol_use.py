"""The table of what we use of the live protocol: it is what the code names, and what we send."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest

import codex_notebook
from codex_notebook.client.binary import find_binary
from codex_notebook.client.protocol_check import findings
from codex_notebook.client.protocol_schema import ProtocolSchema, Side, Variant
from codex_notebook.client.protocol_shape import Either, Kinds, Shape
from codex_notebook.client.protocol_use import (
    NOTIFICATIONS,
    NOTIFICATIONS_SENT,
    REQUESTS,
    SERVER_REQUESTS,
)

Json = Any

METHODS = {*REQUESTS, *NOTIFICATIONS, *SERVER_REQUESTS, *NOTIFICATIONS_SENT}
PACKAGE = Path(codex_notebook.__file__).parent


@pytest.fixture(scope="module")
def schema() -> ProtocolSchema:
    return ProtocolSchema.of(find_binary(None, os.environ))


# ---- what the code names ---------------------------------------------------------------------

# Who speaks the protocol, or knows its values; not the table itself.
SPEAKERS = [
    file
    for file in chain(PACKAGE.glob("client/*.py"), PACKAGE.glob("core/*.py"))
    if not file.name.startswith("protocol_") or file.name == "protocol_items.py"
]
# Who is handed what the server says, without naming a method itself.
HANDED = ["core/account.py", "core/protocol_items.py"]
# What the CLI says in `_meta` when it asks leave for an MCP tool; the schema leaves that open.
META = {"codex_approval_kind", "persist", "tool_params", "tool_title"}
# What goes by without being named in the code: permissions are granted as they were asked for.
UNNAMED = {"fileSystem", "network"}

# A method, and what looks like one.
METHOD = re.compile(r"[a-z]\w*(/[a-z]\w*)+")
MEDIA = ("image/", "text/", "openai/")


def nodes(file: Path) -> list[ast.AST]:
    return [*ast.walk(ast.parse(file.read_text(encoding="utf-8")))]


def texts(node: ast.AST) -> list[str]:
    value = node.value if isinstance(node, ast.Constant) else None
    return [value] if isinstance(value, str) else []


def words(file: Path) -> set[str]:
    """Return all texts, and names that are given to arguments, of a file."""
    found = {text for node in nodes(file) for text in texts(node)}
    given = (node.arg for node in nodes(file) if isinstance(node, ast.keyword))
    return {*found, *(name for name in given if name is not None)}


def looked_up(file: Path) -> set[str]:
    """Return the names by which a file looks values up."""
    found: set[str] = set()
    for node in nodes(file):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            found.update(texts(node.slice))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_lookup = node.func.attr == "get" and node.args
            found.update(texts(node.args[0]) if is_lookup else [])
    return found


WORDS = {file: words(file) for file in SPEAKERS}
SAID = set(chain.from_iterable(WORDS.values()))


def names(shape: Shape) -> Iterator[str]:
    """Yield the names of all fields of a shape."""
    if isinstance(shape, Either):
        yield from chain(names(shape.first), names(shape.second))
    elif isinstance(shape, Kinds):
        yield from chain.from_iterable(names(shape.fields(kind)) for kind in shape.kinds)
    elif isinstance(shape, Mapping):
        yield from (name.removesuffix("?") for name in shape if name != "*")
        yield from chain.from_iterable(map(names, shape.values()))
    elif isinstance(shape, list):
        yield from names(shape[0])


def values(shape: Shape) -> Iterator[str]:
    """Yield the texts that the fields of a shape can have."""
    if isinstance(shape, Either):
        yield from chain(values(shape.first), values(shape.second))
    elif isinstance(shape, Kinds):
        yield from chain.from_iterable(values(shape.fields(kind)) for kind in shape.kinds)
    elif isinstance(shape, Mapping):
        yield from chain.from_iterable(map(values, shape.values()))
    elif isinstance(shape, list):
        yield from values(shape[0])
    elif isinstance(shape, tuple):
        yield from shape


SENT = [use.sends for use in (*REQUESTS.values(), *SERVER_REQUESTS.values())]
READ = [
    *(use.reads for use in (*REQUESTS.values(), *SERVER_REQUESTS.values())),
    *NOTIFICATIONS.values(),
]
READ_NAMES = set(chain.from_iterable(map(names, READ)))


def methods(file: Path) -> set[str]:
    named = {word for word in WORDS[file] if METHOD.fullmatch(word)}
    return {word for word in named if not word.startswith(MEDIA)}


def test_the_table_has_the_methods_that_the_code_names_and_no_others() -> None:
    assert not set(chain.from_iterable(map(methods, SPEAKERS))) - METHODS
    assert not METHODS - SAID


@pytest.mark.cli
def test_no_method_of_the_clis_is_named_that_the_table_has_not(schema: ProtocolSchema) -> None:
    # Also those of one word, which look like any other.
    known = set(chain.from_iterable(map(schema.methods, get_args(Side))))
    assert not (known & SAID) - METHODS


def test_the_table_has_the_fields_that_the_code_reads_and_no_others() -> None:
    readers = {*filter(methods, SPEAKERS), *(PACKAGE / name for name in HANDED)}
    read = set(chain.from_iterable(map(looked_up, readers)))
    assert not read - READ_NAMES - META
    assert not READ_NAMES - SAID - UNNAMED


def test_the_table_has_only_fields_and_values_that_the_code_sends() -> None:
    sent = {*chain.from_iterable(map(names, SENT)), *chain.from_iterable(map(values, SENT))}
    assert not sent - SAID - UNNAMED


class Without(ProtocolSchema):
    """The schema of a CLI that has no field of one name."""

    def __init__(self, bundle: Json, name: str) -> None:
        super().__init__(bundle)
        self.name = name

    def variants(self, node: Json) -> list[Variant]:
        found = []
        for variant in super().variants(node):
            fields = dict(variant.get("properties", {}))
            fields.pop(self.name, None)
            found.append({**variant, "properties": fields} if "properties" in variant else variant)
        return found


@pytest.mark.cli
def test_no_field_of_the_table_can_go_unseen(schema: ProtocolSchema) -> None:
    unseen = []
    for name in set(chain.from_iterable(map(names, (*SENT, *READ)))):
        gone = re.compile(rf"\.{re.escape(name)}(=|$)")
        found = findings(Without(schema.bundle, name))
        if not any(gone.search(one.where) for one in found if one.kind == "gone"):
            unseen.append(name)
    assert unseen == []
