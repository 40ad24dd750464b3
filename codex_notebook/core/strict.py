"""A JSON schema that somebody wrote, completed to what OpenAI's strict mode asks of objects.

pydantic's ``model_json_schema()``, for one, leaves out what the API refuses a schema without.
A type becomes a schema in ``schema``; here nothing is known but JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from codex_notebook.errors import InvalidOptionError

# Keywords whose value is a schema, a list of them, or a mapping of names to them.
_ONE = ("items", "additionalItems", "not", "contains")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "patternProperties")


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with what strict mode wants of every object.

    Each object gets ``additionalProperties: false`` where it says nothing of them, and requires
    all of its properties; defaults go, since nothing may be left out; and a ``$ref`` beside which
    something else stands, such as a description, becomes a copy of what it refers to. All else
    stays, so a schema that is strict comes back as it was.

    Parameters
    ----------
    schema : mapping
        A JSON schema of an object.

    Raises
    ------
    InvalidOptionError
        If it is no JSON, or the schema of something else.
    """
    try:
        json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidOptionError(
            f"output_schema is no plain JSON object: {error}. For a Python type use output_type.",
            option="output_schema",
        ) from None
    root: dict[str, Any] = _Completer(schema).completed(schema, ())
    if root.get("type") != "object":
        raise InvalidOptionError(
            'output_schema must be the schema of an object, {"type": "object", "properties": …}; '
            "put a list or a value into a property of one, or use output_type.",
            option="output_schema",
        )
    return root


class _Completer:
    """Completes one schema, whose definitions are looked up in its root."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def completed(self, node: Any, inside: tuple[str, ...]) -> Any:
        """Return a node as strict mode wants it; ``inside`` are the references it came by."""
        if not isinstance(node, Mapping):
            return node
        reference = node.get("$ref")
        # A root that is nothing but a reference, as that of a recursive model, is one, too.
        beside = node.keys() - {"$ref", "$defs", "definitions", "default"}
        if isinstance(reference, str) and (beside or node is self._root):
            definition = self._definition(reference)
            if definition is None or reference in inside:
                return {"$ref": reference}
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return self.completed({**definition, **rest}, (*inside, reference))
        done = {k: self._child(k, v, inside) for k, v in node.items() if k != "default"}
        properties = done.get("properties")
        if isinstance(properties, dict):
            done["required"] = list(properties)
        if isinstance(properties, dict) or done.get("type") == "object":
            done.setdefault("additionalProperties", False)
        return done

    def _child(self, key: str, value: Any, inside: tuple[str, ...]) -> Any:
        if key in _ONE:
            return self.completed(value, inside)
        if key in _LISTS and isinstance(value, list):
            return [self.completed(each, inside) for each in value]
        if key in _NAMED and isinstance(value, Mapping):
            return {name: self.completed(each, inside) for name, each in value.items()}
        return value

    def _definition(self, reference: str) -> Mapping[str, Any] | None:
        found: Any = self._root
        for part in reference.removeprefix("#/").split("/"):
            # RFC 6901: how a name is written in a pointer.
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None
