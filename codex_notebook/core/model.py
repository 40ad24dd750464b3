"""The base of all values that come from the CLI: frozen, tolerant, and readable like a mapping.

Knows pydantic and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Mapped:
    """An object some of whose attributes can also be read like a mapping: ``turn["items"]``."""

    _names: ClassVar[tuple[str, ...]]

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def keys(self) -> tuple[str, ...]:
        """Return the names that can be read so."""
        return self._names

    def get(self, name: str, default: Any = None) -> Any:
        """Return the attribute, or ``default`` if there is none of that name."""
        return getattr(self, name) if name in self._names else default


class Value(BaseModel):
    """A frozen model that keeps unknown fields and also answers like a mapping.

    ``value["name"]`` and ``value.name`` are the same, so code written in the manner of a
    ``TypedDict`` runs unchanged; ``dict(value)`` gives the fields.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    def __getitem__(self, name: str) -> Any:
        if name in self:
            return getattr(self, name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            name in type(self).model_fields or name in (self.model_extra or {})
        )

    def keys(self) -> Iterator[str]:
        """Return the names of all fields, unknown ones too."""
        yield from type(self).model_fields
        yield from self.model_extra or {}

    def get(self, name: str, default: Any = None) -> Any:
        """Return the field, or ``default`` if there is none of that name."""
        return self[name] if name in self else default  # noqa: SIM401 (this is `get`)
