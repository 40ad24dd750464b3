"""How what we use of a message is written down, and how that compares with a schema.

What we send must be taken, so the schema may not become narrower there; what we read must be said,
so it may not become wider. Pure; knows JSON schemas, and no method of the live protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from codex_notebook.client.protocol_schema import (
    ANY,
    Node,
    ProtocolSchema,
    Variant,
    texts_of,
    type_of,
)

TEXT, NUMBER, FLAG, NULL = "string", "integer", "boolean", "null"


@dataclass(frozen=True)
class Kinds:
    """Objects that are told apart by what one field says.

    Attributes
    ----------
    by : str
        The field.
    kinds : mapping
        For each thing that it says, the other fields.
    every : mapping
        The fields that all of them have.
    """

    by: str
    kinds: Mapping[str, Mapping[str, Shape]]
    every: Mapping[str, Shape] = field(default_factory=dict)

    def fields(self, kind: str) -> dict[str, Shape]:
        """Return all fields of a kind."""
        return {self.by: (kind,), **self.every, **self.kinds[kind]}


@dataclass(frozen=True)
class Either:
    """A value that is of one of two JSON types."""

    first: Shape
    second: Shape


# The name of a JSON type, or `ANY`; a tuple of the texts that it may be; a list that holds the
# shape of each entry; an object, as a mapping from the names of its fields, or from "*" for a name
# of any kind. A name that ends in "?" is done without: we do not always send it, or the CLI may
# leave it out, or say null there.
Shape = str | tuple[str, ...] | list[Any] | Mapping[str, Any] | Kinds | Either


@dataclass(frozen=True)
class Finding:
    """A place where the schema is not what we use.

    Attributes
    ----------
    kind : str
        ``gone`` (a method, field or value), ``changed`` (a type, or what we count on and may be
        missing), ``required`` (a field that we do not always send) or ``new`` (what we would
        read as unknown; nothing breaks).
    where : str
        The place, such as ``turn/start params.input[].type=image.url``.
    what : str
        What is the matter there.
    """

    kind: Literal["gone", "changed", "required", "new"]
    where: str
    what: str


class Comparison:
    """Compares what we use with what is in a schema."""

    def __init__(self, schema: ProtocolSchema) -> None:
        self._schema = schema

    def sent(self, shape: Shape, node: Node, where: str) -> Iterator[Finding]:
        """Yield why the CLI would not take what we send.

        Parameters
        ----------
        shape : Shape
            What we send.
        node : node
            What it takes.
        where : str
            The place.
        """
        variants = self._schema.variants(node)
        if shape == ANY or {} in variants:
            return
        if isinstance(shape, Either):
            yield from self.sent(shape.first, node, where)
            yield from self.sent(shape.second, node, where)
            return
        ours = _type(shape)
        taken = [variant for variant in variants if _is_within(ours, type_of(variant))]
        if not taken:
            yield Finding("changed", where, f"we send {ours}, and it takes {_types(variants)}")
        elif isinstance(shape, Kinds):
            for kind in shape.kinds:
                yield from self._sent_kind(shape, kind, taken, where)
        elif isinstance(shape, Mapping):
            yield from self._sent_fields(shape, taken, where)
        elif isinstance(shape, list):
            entries = {"anyOf": [variant.get("items", True) for variant in taken]}
            yield from self.sent(shape[0], entries, f"{where}[]")
        elif ours == TEXT and all("enum" in variant for variant in taken):
            yield from _values_sent(shape, texts_of(taken), where)

    def _sent_kind(
        self, shape: Kinds, kind: str, variants: list[Variant], where: str
    ) -> Iterator[Finding]:
        same = [variant for variant in variants if kind in self._kinds(shape, variant)]
        place = f"{where}.{shape.by}={kind}"
        if same:
            yield from self._sent_fields(shape.fields(kind), same, place)
        else:
            yield Finding("gone", place, "we send it, and there is no such kind")

    def _sent_fields(
        self, shape: Mapping[str, Shape], variants: list[Variant], where: str
    ) -> Iterator[Finding]:
        # It is enough if one of them takes it; what is told of is the one that comes closest.
        found = ([*self._sent_object(shape, variant, where)] for variant in variants)
        yield from min(found, key=len)

    def _sent_object(
        self, shape: Mapping[str, Shape], variant: Variant, where: str
    ) -> Iterator[Finding]:
        fields = variant.get("properties", {})
        # The CLI overlooks a name that it does not know, though the schema would allow it.
        others = variant.get("additionalProperties", False)
        for name, inner in _plain(shape).items():
            place = f"{where}.{name}"
            if name in fields or others is not False:
                yield from self.sent(inner, fields.get(name, others), place)
            else:
                yield Finding("gone", place, "we send it, and there is no such field")
        for name in variant.get("required", ()):
            if name not in shape and "*" not in shape:
                what = "it is required, and we do not always send it"
                yield Finding("required", f"{where}.{name}", what)

    def read(
        self, shape: Shape, nodes: Iterable[Node], where: str, *, optional: bool = False
    ) -> Iterator[Finding]:
        """Yield why we would not understand what the CLI says.

        Parameters
        ----------
        shape : Shape
            What we read.
        nodes : iterable of node
            What it may say.
        where : str
            The place.
        optional : bool
            Whether we do without it.
        """
        if shape == ANY:
            return
        shapes = (shape.first, shape.second) if isinstance(shape, Either) else (shape,)
        known = [*map(_type, shapes), *([NULL] if optional else [])]
        said = [variant for node in nodes for variant in self._schema.variants(node)]
        strange = [v for v in said if not any(_is_within(type_of(v), one) for one in known)]
        if strange:
            what = f"we read {' or '.join(known)}, and it may be {_types(strange)}"
            yield Finding("changed", where, what)
        for one in shapes:
            same = [variant for variant in said if _is_within(type_of(variant), _type(one))]
            if same:
                yield from self._read_one(one, same, where)
            elif not strange:
                what = f"we read {_type(one)}, and it is only {_types(said) or 'nothing'}"
                yield Finding("changed", where, what)

    def _read_one(self, shape: Shape, variants: list[Variant], where: str) -> Iterator[Finding]:
        if isinstance(shape, Kinds):
            yield from self._read_kinds(shape, variants, where)
        elif isinstance(shape, Mapping):
            yield from self._read_fields(shape, variants, where)
        elif isinstance(shape, list):
            entries = [variant.get("items", True) for variant in variants]
            yield from self.read(shape[0], entries, f"{where}[]")
        elif isinstance(shape, tuple) and all("enum" in variant for variant in variants):
            yield from _values_read(shape, texts_of(variants), where)

    def _read_kinds(self, shape: Kinds, variants: list[Variant], where: str) -> Iterator[Finding]:
        known = [kind for variant in variants for kind in self._kinds(shape, variant)]
        yield from _values_read(tuple(shape.kinds), known, f"{where}.{shape.by}")
        for kind in shape.kinds:
            same = [variant for variant in variants if kind in self._kinds(shape, variant)]
            place = f"{where}.{shape.by}={kind}"
            yield from self._read_fields(shape.fields(kind), same, place) if same else ()

    def _read_fields(
        self, shape: Mapping[str, Shape], variants: list[Variant], where: str
    ) -> Iterator[Finding]:
        for name, inner in _plain(shape).items():
            place, optional = f"{where}.{name}", name not in shape
            having = [v for v in variants if name in v.get("properties", {})]
            nodes = [variant["properties"][name] for variant in having]
            if name == "*":
                nodes = [node for variant in variants for node in _named_freely(variant)]
            elif not having:
                yield Finding("gone", place, "we read it, and there is no such field")
                continue
            elif not optional and not all(name in v.get("required", ()) for v in variants):
                yield Finding("changed", place, "we count on it, and it may be missing")
            yield from self.read(inner, nodes, place, optional=optional)

    def _kinds(self, shape: Kinds, variant: Variant) -> list[str]:
        return texts_of(self._schema.variants(variant.get("properties", {}).get(shape.by)))


def _values_sent(ours: str | tuple[str, ...], known: list[str], where: str) -> Iterator[Finding]:
    takes = f"it takes {', '.join(known)}"
    if isinstance(ours, str):
        yield Finding("changed", where, f"we send any text, and {takes}")
        return
    for value in ours:
        if value not in known:
            yield Finding("gone", f"{where}={value}", f"we send it, and {takes}")


def _values_read(ours: tuple[str, ...], known: list[str], where: str) -> Iterator[Finding]:
    for value in ours:
        if value not in known:
            yield Finding("gone", f"{where}={value}", f"it says only {', '.join(known)}")
    for value in dict.fromkeys(known):
        if value not in ours:
            yield Finding("new", f"{where}={value}", "we do not know it")


def _plain(shape: Mapping[str, Shape]) -> dict[str, Shape]:
    return {name.removesuffix("?"): inner for name, inner in shape.items()}


def _named_freely(variant: Variant) -> list[Node]:
    others = variant.get("additionalProperties", False)
    return [*variant.get("properties", {}).values(), *([] if others is False else [others])]


def _type(shape: Shape) -> str:
    if isinstance(shape, str):
        return shape
    if isinstance(shape, tuple):
        return TEXT
    return "array" if isinstance(shape, list) else "object"


def _types(variants: Iterable[Variant]) -> str:
    return " or ".join(dict.fromkeys(map(type_of, variants)))


def _is_within(narrow: str, wide: str) -> bool:
    return wide in (ANY, narrow) or (narrow, wide) == (NUMBER, "number")
