"""How pydantic reads values that come from a CLI of any age: quickly if known, tolerantly if not.

Knows pydantic and items; not where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from codex_notebook.core.items import KINDS, Item, parse_item
from codex_notebook.core.model import Value


@dataclass(frozen=True)
class OneOf:
    """How pydantic reads a value of one of several classes: its ``type`` says of which."""

    kinds: Mapping[str, type[Value]]

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {name: handler.generate_schema(kind) for name, kind in self.kinds.items()}
        return core_schema.tagged_union_schema(choices, "type")


def _item(data: object) -> object:
    return data if isinstance(data, Value) else parse_item(data)


class _ToleratesAll:
    """How pydantic reads an item: whatever it is, it becomes one.

    Out of JSON the known kinds are read without a detour through Python, which halves the time of
    a line; `parse_item` then sees only what is none of them.
    """

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        anything = core_schema.no_info_plain_validator_function(_item)
        known = OneOf(KINDS).__get_pydantic_core_schema__(_, handler)
        json = core_schema.union_schema([known, anything], mode="left_to_right")
        return core_schema.json_or_python_schema(json, anything)


AnyItem = Annotated[Item, _ToleratesAll()]
