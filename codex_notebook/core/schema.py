"""A Python type as a strict JSON schema, and an answer of the model back as a value of that type.

Strict is the subset of JSON Schema that OpenAI's structured outputs take: the root is an object,
every object requires all of its fields and allows no others, everything has a type, and few other
keywords exist. pydantic writes the schema and reads the answer; the compiler here rewrites what
pydantic wrote, or refuses it and names the field. A keyword that strict mode lacks moves to the
description for the model to read, and pydantic still holds the answer to it. How many fields and
choices a schema may have is left to the API, whose limits keep growing.

This file knows types and text. It must not know the CLI, turns or frames.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import GenericAlias, NoneType
from typing import Annotated, Any, NoReturn, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic.json_schema import GenerateJsonSchema
from pydantic.json_schema import JsonSchemaValue as Schema
from pydantic_core import from_json

from codex_notebook.errors import InvalidOutputTypeError

_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_KEPT = ("pattern", "format", *_BOUNDS, "minItems", "maxItems")
_TOLD = ("pattern", "format", "minLength", "maxLength")
_FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
_LOOKAROUND = re.compile(r"\(\?<?[=!]")
_SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}
_INEXPRESSIBLE = "x-inexpressible"
_MAX_FAULTS = 20


class AnswerError(ValueError):
    """An answer does not fit its type; the message has one line for each fault, with its place."""


@dataclass(frozen=True, eq=False)
class OutputFormat:
    """What a type asks of an answer; made by `output_format`.

    Attributes
    ----------
    name : str
        The type as a reader would write it, such as ``list[Invoice]``.
    schema : dict
        The strict JSON schema for the CLI. Its root is always an object: where the type is none,
        it has the one field ``value``.
    """

    name: str
    schema: Schema
    _validator: TypeAdapter[Any] = field(repr=False)
    _wrapped: bool = field(repr=False)

    def parse(self, text: str) -> Any:
        """Return the value that an answer stands for.

        Parameters
        ----------
        text : str
            The answer: JSON, with at most white space or one Markdown code fence around it.

        Raises
        ------
        AnswerError
            It is no JSON, is cut off, or does not fit the type.
        """
        text = re.sub(r"\A\s*```(?:json)?\s|```\s*\Z", "", text, flags=re.IGNORECASE).strip()
        try:
            data = from_json(text.encode(), allow_inf_nan=False)
        except ValueError as error:
            what = ("cut off" if str(error).startswith("EOF") else "not JSON") if text else "empty"
            raise AnswerError(f"it is {what}: {error}, in {_shorten(repr(text))}") from None
        try:
            answer = self._validator.validate_json(text)
        except ValidationError as error:
            raise AnswerError(self._faults(error, data)) from None
        except Exception as error:  # a bug in the user's own validator must not cost the turn
            raise AnswerError(f"a validator raised {type(error).__name__}: {error}") from error
        return answer.value if self._wrapped else answer

    def _faults(self, error: ValidationError, data: Any) -> str:
        lines = []
        for fault in error.errors(include_url=False, include_context=False):
            missing = fault["type"].startswith("missing")
            path = _path(fault["loc"], data, missing=missing)
            path = re.sub(r"^value(?=[.\[])\.?", "", path) if self._wrapped else path
            got = "" if missing else f" (got {_shorten(repr(fault['input']))})"
            lines.append(f"{path}: {fault['msg']}{got}".removeprefix(": "))
        lines = list(dict.fromkeys(lines))  # the branches of a union may find the same fault
        if len(lines) > _MAX_FAULTS:
            lines[_MAX_FAULTS:] = [f"… and {len(lines) - _MAX_FAULTS} more faults"]
        return "\n".join(lines)


def output_format(output_type: Any) -> OutputFormat:
    """Compile a type into what is sent to the CLI and what reads the answer.

    Parameters
    ----------
    output_type : type
        Any type that pydantic takes and a strict schema can express: models, dataclasses,
        TypedDicts, NamedTuples, enums, literals, scalars, dates, and lists, sets, unions and
        ``tuple[X, ...]`` of them. All fields are asked for, also those with a default.

    Raises
    ------
    InvalidOutputTypeError
        It cannot be expressed; the error names the field and what to use in its place.
    """
    _require_type(output_type)
    name = _type_name(output_type)
    root, definitions = _pydantic_schema(output_type, name)
    compiler = _Compiler(name, definitions)
    schema = compiler.compile(root, name if root.get("type") == "object" else "")
    wrapped = schema.get("type") != "object"
    if wrapped:
        schema = _object({"value": schema})
        # A model, so that pydantic reads the JSON: decoded, a date is a str to a strict type.
        output_type = create_model("Answer", value=(output_type, ...))
    if compiler.definitions:
        schema["$defs"] = compiler.definitions
    return OutputFormat(name, schema, TypeAdapter(output_type), wrapped)


class _Compiler:
    """Rewrites the schema of one type; ``definitions`` are those that the result refers to."""

    def __init__(self, name: str, raw: Schema) -> None:
        self.definitions: Schema = {}
        self._name = name
        self._raw = raw
        self._done: dict[str, Schema] = {}

    def compile(self, node: Schema, path: str) -> Schema:
        """Return the strict form of what pydantic wrote for the place ``path``."""
        if "$ref" in node:
            return self._reference(node, path)
        if len(node.get("allOf", ())) == 1:
            return self.compile({**node["allOf"][0], **node, "allOf": ()}, path)
        strict = self._body(node, path)
        told = [f"{key}: {node[key]}" for key in _TOLD if key in node and key not in strict]
        words = [node.get("description"), f"({', '.join(told)})" if told else None]
        if any(words):
            strict["description"] = " ".join(filter(None, words))
        return strict

    def _body(self, node: Schema, path: str) -> Schema:
        kind = node.get("type")
        if branches := node.get("anyOf") or node.get("oneOf"):
            return {"anyOf": [self.compile(branch, path) for branch in branches]}
        if "const" in node or "enum" in node:
            return self._choice(node.get("enum", [node.get("const")]), path)
        if kind == "object":
            return self._record(node, path)
        if _INEXPRESSIBLE in node:
            self._refuse(path, f"is of type {node[_INEXPRESSIBLE]}", "use a model or plain data")
        if kind != "array" and kind not in _SCALARS.values():
            self._refuse(path, "can be any value", "give it a type, such as str or a model")
        if "prefixItems" in node:
            self._refuse(path, "is a tuple of fixed length", "use a NamedTuple or tuple[X, ...]")
        strict = {"type": kind, **{key: node[key] for key in _KEPT if key in node}}
        if kind == "array":
            strict["items"] = self.compile(node.get("items", {}), f"{path}[]")
        if strict.get("format") not in _FORMATS:
            strict.pop("format", None)
        # The API refuses a pattern that looks around, as pydantic's own for Decimal does.
        if _LOOKAROUND.search(strict.get("pattern", "")):
            del strict["pattern"]
        return strict

    def _reference(self, node: Schema, path: str) -> Schema:
        name = node["$ref"].rpartition("/")[2]
        if name not in self._done:
            self._done[name] = {}  # empty while it is being made, which ends any recursion
            self._done[name].update(self.compile(self._raw[name], path))
        definition = self._done[name]
        if "description" in node and definition and "$ref" not in definition:
            # Nothing may stand beside a $ref, so a place with a description of its own gets a copy.
            return {**definition, "description": node["description"]}
        self.definitions[name] = definition
        return {"$ref": node["$ref"]}

    def _record(self, node: Schema, path: str) -> Schema:
        properties = node.get("properties")
        if properties is None:
            self._refuse(path, "is a mapping with free keys", "use a list of key-value models")
        if node.get("additionalProperties", False) is not False:
            self._refuse(path, "allows extra fields", 'take extra="allow" out of its config')
        if not properties:
            self._refuse(path, "has no fields", "give it at least one")
        return _object({key: self.compile(v, f"{path}.{key}") for key, v in properties.items()})

    def _choice(self, values: list[Any], path: str) -> Schema:
        # One branch for each type, because the API wants a type beside every enum.
        choices: dict[str | None, list[Any]] = {}
        for value in values:
            choices.setdefault(_SCALARS.get(type(value)), []).append(value)
        if not values or None in choices:
            what = "has a choice that is no plain value" if values else "has no choice"
            self._refuse(path, what, "give it members that are strings, numbers or bools")
        branches = [{"type": kind, "enum": chosen} for kind, chosen in choices.items()]
        return branches[0] if len(branches) == 1 else {"anyOf": branches}

    def _refuse(self, path: str, what: str, remedy: str) -> NoReturn:
        subject = {"": "it", self._name: "it", "[]": "its element"}.get(path, path)
        reason = f"{subject} {what}, which a strict JSON schema cannot express; {remedy}."
        raise _unfit(self._name, reason, path)


class _Generator(GenerateJsonSchema):
    """Marks what has no JSON schema, so that the compiler can refuse it by its place."""

    # Defaults are dropped anyway, so those that are no JSON are nothing to warn of.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Schema:
        return {_INEXPRESSIBLE: _type_name(schema["cls"]) if "cls" in schema else schema["type"]}

    def generator_schema(self, schema: Any) -> Schema:
        # pydantic would check its elements only as they are taken, long after the turn.
        return {_INEXPRESSIBLE: "iterator"}

    # A NamedTuple also validates from an object, and strict mode has no array with positions.
    # pydantic writes its schema in the first method since 2.14, and in the second before.
    def named_tuple_schema(self, schema: Any) -> Schema:
        fields = {f["name"]: self.generate_inner(f["schema"]) for f in schema["fields"]}
        return {"type": "object", "properties": fields}

    def arguments_schema(self, schema: Any) -> Schema:
        return self.kw_arguments_schema(schema["arguments_schema"], None)


def _pydantic_schema(output_type: Any, name: str) -> tuple[Schema, Schema]:
    # Inside a list, pydantic lets a class that it does not know pass to the generator, whose mark
    # tells the compiler in which field it is; at the root it would not.
    probe: Any = GenericAlias(list, (output_type,))
    try:
        adapter = TypeAdapter(probe, config=ConfigDict(arbitrary_types_allowed=True))
        adapter.rebuild(raise_errors=True)
        schema = adapter.json_schema(schema_generator=_Generator)
    except PydanticUndefinedAnnotation as error:
        raise _unfit(name, f"{error.name} is not defined; define it beside the type.") from error
    except Exception as error:  # types run their user's code here
        raise _unfit(name, str(error).partition("\n")[0]) from error
    definitions, root = schema.get("$defs", {}), schema["items"]
    while "$ref" in root:
        root = definitions[root["$ref"].rpartition("/")[2]]
    return root, definitions


def _require_type(candidate: Any) -> None:
    kind = type(candidate)
    # What is no class, such as Any, a union or an alias, is an object of one of these modules.
    of_typing = kind.__module__ in ("typing", "typing_extensions", "types")
    if not (isinstance(candidate, type | None) or get_origin(candidate) or of_typing):
        remedies = {"dict": "pass a JSON schema as output_schema", "str": "pass it without quotes"}
        remedy = remedies.get(kind.__name__, "pass a class, or a type such as list[str]")
        reason = f"output_type is an instance of {kind.__name__}, not a type; {remedy}."
        raise InvalidOutputTypeError(reason, path="output_type")


def _unfit(name: str, reason: str, path: str = "") -> InvalidOutputTypeError:
    return InvalidOutputTypeError(f"{name} cannot be an output type: {reason}", path=path or name)


def _type_name(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _type_name(get_args(annotation)[0])
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return re.sub(r"(?<!['\"\w])(?:[\w<>]+\.)+(?=\w)", "", repr(annotation))


def _object(properties: Schema) -> Schema:
    closed = {"required": list(properties), "additionalProperties": False}
    return {"type": "object", "properties": properties, **closed}


def _path(at: tuple[int | str, ...], data: Any, *, missing: bool) -> str:
    path = ""
    for depth, part in enumerate(at, start=1):
        if isinstance(data, list) and isinstance(part, int):
            path, data = f"{path}[{part}]", data[part]
        elif isinstance(data, dict) and part in data:
            path, data = f"{path}.{part}", data[part]
        elif missing and depth == len(at):
            path = f"{path}.{part}"
        # Any other part is pydantic's name for a branch of a union, which no answer holds.
    return path.removeprefix(".")


def _shorten(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
