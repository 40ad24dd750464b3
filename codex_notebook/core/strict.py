"""A JSON schema that somebody wrote, completed to what OpenAI's strict mode asks of objects.

pydantic's ``model_json_schema()``, for one, leaves out what the API refuses a schema without.
A type becomes a schema in ``schema``; here nothing is known but JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from codex_notebook.errors import InvalidOptionError

# Keywords whose value is a schema, a list of them, or a mapping of names to them.
_ONE = ("items", "additionalItems", "not", "contains")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "patternProperties")


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with what strict mode wants of every object.

    Each object gets ``additionalProperties: false`` where it says nothing of them, and requires
    all of its properties; defaults go, since nothing may be left out. All else stays, so a schema
    that is strict comes back as it was.

    Parameters
    ----------
    schema : mapping
        A JSON schema of an object.

    Raises
    ------
    InvalidOptionError
        If it is no JSON.
    """
    try:
        json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidOptionError(
            f"output_schema is no plain JSON object: {error}. For a Python type use output_type.",
            option="output_schema",
        ) from None
    return dict(_completed(schema))


def _completed(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    done = {key: _child(key, value) for key, value in node.items() if key != "default"}
    properties = done.get("properties")
    if isinstance(properties, dict):
        done["required"] = list(properties)
        done.setdefault("additionalProperties", False)
    return done


def _child(key: str, value: Any) -> Any:
    if key in _ONE:
        return _completed(value)
    if key in _LISTS and isinstance(value, list):
        return [_completed(each) for each in value]
    if key in _NAMED and isinstance(value, Mapping):
        return {name: _completed(each) for name, each in value.items()}
    return value
