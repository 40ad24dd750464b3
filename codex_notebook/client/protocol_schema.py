"""What a CLI says that its live protocol is: its JSON schema, asked of it and taken apart.

Knows where the schema has methods, their parameters and their answers; not which of them we use
(see ``protocol_use``), nor how they are compared (see ``protocol_shape``).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from codex_notebook.client.binary import HOW_TO_GET_IT, Binary, ask_cli, cli_version
from codex_notebook.errors import CodexVersionError, TemporaryFileError

Json = Any
Node = Any
# One of a node's alternatives, with what its references stand for. An empty one allows anything.
Variant = Mapping[str, Json]

ANY = "any"
Side = Literal["ClientRequest", "ClientNotification", "ServerRequest", "ServerNotification"]

# The file that holds all the others.
_BUNDLE = "codex_app_server_protocol.schemas.json"
_COMMAND = ("app-server", "generate-json-schema", "--experimental")
_DEFINITIONS = "#/definitions/"
# Where its types are, the newer version of the protocol first.
_ROOMS = (("v2",), ())
# What is compared; anything else is words, or says more than we use.
_CONSTRAINTS = (
    *("type", "enum", "const"),
    *("properties", "required", "additionalProperties", "items"),
)


class ProtocolSchema:
    """The schema of the live protocol.

    Attributes
    ----------
    bundle : mapping
        The schema, decoded: with the definitions of all that is said in either direction.
    """

    def __init__(self, bundle: Mapping[str, Json]) -> None:
        self.bundle = bundle

    @classmethod
    def of(cls, binary: Binary) -> ProtocolSchema:
        """Return the schema that a CLI describes itself by.

        Raises
        ------
        CodexVersionError
            If it does not describe itself.
        TemporaryFileError
            If there is no room for what it writes.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="codex-notebook-protocol-") as folder:
                answer = ask_cli(binary, *_COMMAND, "--out", folder)
                written = Path(folder, _BUNDLE)
                if written.is_file():
                    return cls(json.loads(written.read_bytes()))
        except OSError as error:
            raise TemporaryFileError(
                f"The Codex CLI writes the schema of its protocol to a temporary folder, which "
                f"could not be used: {error.strerror or error}. Make room there, or set TMPDIR to "
                "a folder with some.",
                folder=str(error.filename or tempfile.gettempdir()),
            ) from error
        # Another program says more than a line.
        known = (cli_version(binary) or "of an unknown version").partition("\n")[0]
        said = answer.stderr.strip() if answer is not None else "it did not answer"
        raise CodexVersionError(
            f"The Codex CLI at {binary.path} ({known}) does not "
            f"describe its protocol by `codex {' '.join(_COMMAND)}`: {said or 'no reason given'}. "
            f"{HOW_TO_GET_IT}",
            path=str(binary.path),
            version=known,
        )

    def methods(self, side: Side) -> dict[str, Node]:
        """Return the methods of one side, and for each what it takes; None for nothing."""
        found = {}
        for variant in self.variants(self._definition(side)):
            named = variant.get("properties", {})
            for method in texts_of(self.variants(named.get("method"))):
                found[method] = named.get("params")
        return found

    def answer(self, params: Node) -> Node | None:
        """Return what the answer to a request is, which has a name like that of its parameters.

        Parameters
        ----------
        params : node
            What the request takes. The schema itself does not say which answer belongs to it.
        """
        choices = [params, *params.get("anyOf", ())] if isinstance(params, Mapping) else []
        for choice in choices:
            name = choice.get("$ref", "").rpartition("/")[2]
            if name.endswith("Params"):
                return self._definition(name.removesuffix("Params") + "Response")
        return None

    def variants(self, node: Node) -> list[Variant]:
        """Return the alternatives of a node."""
        if not isinstance(node, Mapping):
            return [{}]
        own = {name: node[name] for name in _CONSTRAINTS if name in node}
        if "const" in own:
            own["enum"] = [own.pop("const")]
        types = own.pop("type", [])
        listed = [types] if isinstance(types, str) else types
        found: list[Variant] = [{**own, "type": name} for name in listed] or [own]
        if "$ref" in node:
            found = _both(found, self.variants(self._at(node["$ref"])))
        for part in node.get("allOf", ()):
            found = _both(found, self.variants(part))
        for choice in ("oneOf", "anyOf"):
            if choice in node:
                found = _both(found, [v for one in node[choice] for v in self.variants(one)])
        return found

    def _definition(self, name: str) -> Node | None:
        places = (self._at(_DEFINITIONS + "/".join((*room, name))) for room in _ROOMS)
        return next((node for node in places if node is not None), None)

    def _at(self, reference: str) -> Node | None:
        node: Node = self.bundle.get("definitions")
        for name in reference.removeprefix(_DEFINITIONS).split("/"):
            node = node.get(name) if isinstance(node, Mapping) else None
        return node


def type_of(variant: Variant) -> str:
    """Return the JSON type of a variant; `ANY` if it may be any."""
    default = "object" if "properties" in variant else "string" if "enum" in variant else ANY
    return str(variant.get("type", default))


def texts_of(variants: Iterable[Variant]) -> list[str]:
    """Return the texts that variants name."""
    named = [value for variant in variants for value in variant.get("enum", ())]
    return [value for value in named if isinstance(value, str)]


def _both(some: Iterable[Variant], others: Iterable[Variant]) -> list[Variant]:
    """Return the variants that are one of the first and one of the second at once."""
    known = [*others]
    return [_merged(one, other) for one in some for other in known]


def _merged(one: Variant, other: Variant) -> Variant:
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged
