"""Typed answers as pandas dataframes.

The rule has no exceptions: a list is a row for each element, anything else is one row. A row's
columns are the fields of its record, in their order; what is no record has the one column
``value``. So ``Invoices(items=[...])`` is one row with a list in it, and
``to_frame(invoices.items)`` has the rows that were meant.

This file knows values and their types. It must not know turns, items or the CLI, and imports
pandas only when a frame is asked for, because pandas is an extra.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel

from codex_notebook.errors import InvalidOptionError, MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd

_COLLECTIONS = (list, tuple, set, frozenset)


def to_frame(value: Any, *, output_type: Any = None) -> pd.DataFrame:
    """Return an answer as a pandas dataframe.

    Parameters
    ----------
    value : object
        The answer: a model, dataclass, dict, named tuple or plain value, or a list, tuple or set
        of them. Nested records stay in their column as dicts, enum members become their values,
        and everything else stays as it is.
    output_type : type, optional
        The type of the answer; gives an empty list its columns.

    Raises
    ------
    MissingDependencyError
        pandas is not installed.
    InvalidOptionError
        There is no answer, or it is a text that no output type was asked for.
    """
    try:
        import pandas as pd
    except ImportError as error:
        message = 'pandas is not installed; run: pip install "codex-notebook[pandas]"'
        raise MissingDependencyError(message, package="pandas") from error
    if output_type is None and (value is None or isinstance(value, str)):
        raise InvalidOptionError(
            "There is no typed answer to make a table of; "
            "ask for one with an output type, such as output_type=list[Invoice].",
            option="output_type",
        )
    if value is None:
        raise InvalidOptionError(
            "The answer is None, of which no table can be made; look at the turn's status.",
            option="value",
        )
    plain = _plain(value)
    rows = plain if isinstance(plain, list) else [plain]
    if not rows:
        return pd.DataFrame(columns=_columns(output_type))
    return pd.DataFrame([row if isinstance(row, dict) else {"value": row} for row in rows])


def _plain(value: Any) -> Any:
    """Return the value with records as dicts, collections as lists and enum members as values."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, RootModel):
        return _plain(value.root)
    record = _record(value)
    if record is not None:
        return {name: _plain(part) for name, part in record.items()}
    if isinstance(value, _COLLECTIONS):
        return [_plain(part) for part in value]
    return value


def _record(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, BaseModel):
        # Through its iterator, because `dict` would take a field called `keys` for the method.
        return dict(iter(value))
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    return value if isinstance(value, Mapping) else None


def _columns(annotation: Any, *, of_row: bool = False) -> list[str]:
    """Return the columns that the rows of a type have, or those of one row; none if not known."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _columns(arguments[0], of_row=of_row)
    if origin in (Union, UnionType):
        parts = [_columns(part, of_row=of_row) for part in arguments if part is not NoneType]
        return list(dict.fromkeys(name for part in parts for name in part))
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return _columns(annotation.model_fields["root"].annotation, of_row=of_row)
    if not of_row:
        return _columns(arguments[0], of_row=True) if arguments else []
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return list(kind.model_fields)
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    if hasattr(kind, "__required_keys__"):
        return list(kind.__annotations__)
    return list(getattr(kind, "_fields", ["value"]))
