"""What all options have in common: frozen, checked when made, and given in three forms.

Knows no option by its name but those that hide keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from codex_notebook.client.secrets import hidden
from codex_notebook.errors import InvalidOptionError

# What goes into an argument or the environment of a process cannot hold a NUL.
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\A[^\x00]*\z")]
VariableName = Annotated[str, StringConstraints(min_length=1, pattern=r"\A[^\x00=]*\z")]
VariableValue = Annotated[str, StringConstraints(pattern=r"\A[^\x00]*\z")]


def _listed(given: object) -> object:
    """Return one text or path as the list of it that was meant."""
    return (given,) if isinstance(given, (str, PathLike)) else given


Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_listed)]


class Options(BaseModel):
    """Frozen options; an unknown name or an impossible value is refused at once.

    Raises
    ------
    InvalidOptionError
        Names the option and what it may be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def __init__(self, **values: Any) -> None:
        values = hidden(values)
        try:
            super().__init__(**values)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
        else:
            return
        # Raised out here, because pydantic's own error quotes the values, and one may be a key.
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            message = f"{type(self).__name__} has no option {name!r}{_meant(name, type(self))}."
        else:
            said = "Text must not be empty" if fault["type"] == "string_too_short" else fault["msg"]
            if fault["type"] == "string_pattern_mismatch":
                said = "Text must not hold a NUL, nor a variable's name a ="
            said = said.removeprefix("Value error, ").rstrip(".")
            message = f"Option {name!r} of {type(self).__name__}: {said}."
        raise InvalidOptionError(message, option=name)


def _meant(name: str, kind: type[Options]) -> str:
    import difflib

    close = difflib.get_close_matches(name, kind.model_fields, n=1)
    meant = f"; did you mean {close[0]!r}" if close else ""
    return f"{meant}; it has {', '.join(sorted(kind.model_fields))}"


O = TypeVar("O", bound=Options)  # noqa: E741 (the usual letter for this)


def merged(kind: type[O], options: O | Mapping[str, Any] | None, changes: Mapping[str, Any]) -> O:
    """Return ``options`` with ``changes`` over it, checked again as a whole.

    Parameters
    ----------
    kind : type of Options
        What is to be made.
    options : Options, mapping or None
        Its beginning; a mapping has the names as keys, as a ``TypedDict`` does.
    changes : mapping
        What was given as keywords.

    Raises
    ------
    InvalidOptionError
        If a name or a value is not one of ``kind``'s, or ``options`` is something else.
    """
    if options is None:
        given: dict[str, Any] = {}
    elif isinstance(options, kind):
        given = {name: getattr(options, name) for name in options.model_fields_set}
    elif isinstance(options, Mapping):
        given = dict(options)
    else:
        raise InvalidOptionError(
            f"Options are given as {kind.__name__}(…), as a dict or as keywords, not as "
            f"{type(options).__name__}.",
            option="options",
        )
    return kind(**{**given, **changes})
