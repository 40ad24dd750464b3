"""Python functions as tools of the agent: what each is called, what it is for and what it takes.

A signature becomes a JSON schema, and the agent's arguments become values of the annotated types;
pydantic does both. The docstring is passed on whole: the model reads a section of parameters as
well there as anywhere else. Knows which names the CLI keeps for itself; not how a call runs.
"""

from __future__ import annotations

import inspect
import json
import re
import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, NoReturn, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import NotRequired, TypedDict

from codex_notebook.errors import InvalidOptionError

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
# Tools of the CLI's own. It takes a second one of the name without a word, and may not call it.
_BUILT_IN = {
    *("exec_command", "write_stdin", "shell", "shell_command", "local_shell", "exec", "wait"),
    *("apply_patch", "view_image", "image_generation", "web_search", "tool_search", "update_plan"),
    *("spawn_agent", "send_input", "resume_agent", "wait_agent", "close_agent"),
    *("request_user_input", "request_permissions", "send_message_to_user_async"),
    *("list_mcp_resources", "list_mcp_resource_templates", "read_mcp_resource"),
    *("get_goal", "create_goal", "update_goal", "new_context", "get_context_remaining"),
    *("wait_for_environment", "mcp"),
}
# What the CLI leaves out of the schema that it shows to the model.
_TOLD = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("pattern", "format", "minLength", "maxLength", "maxItems"),
)
_NOT_BY_NAME = {
    inspect.Parameter.POSITIONAL_ONLY: "{} by its position only",
    inspect.Parameter.VAR_POSITIONAL: "any number of arguments (*{})",
    inspect.Parameter.VAR_KEYWORD: "arguments of any name (**{})",
}
_RENAME = "rename it by Tool.of(function, name=…)"
_MAX_FAULTS = 20


class ArgumentsError(ValueError):
    """Arguments do not fit their tool; the message tells the agent which, why and what it gave."""


@dataclass(frozen=True, eq=False)
class Tool:
    """A function that the agent can call; made by `Tool.of`.

    Attributes
    ----------
    name : str
        What the agent calls it.
    description : str
        What the agent is told of it.
    input_schema : dict
        The JSON schema of its arguments, always that of an object.
    function : callable
        What is called; it may be async.
    """

    name: str
    description: str
    input_schema: dict[str, Any] = field(repr=False)
    function: Callable[..., Any] = field(repr=False)
    _arguments: TypeAdapter[dict[str, Any]] = field(repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # What reads the arguments is made of the function, and cannot be pickled.
        return _tool_of, (self.function, self.name, self.description)

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
    ) -> Tool:
        """Make a tool of a function.

        Parameters
        ----------
        function : callable
            A function, method, `functools.partial` or object with ``__call__``, sync or async.
            Its type hints say what it takes: all that pydantic reads from JSON, with
            ``Annotated[…, Field(description=…)]``; without a hint, anything. A parameter with a
            default may be left out; one that a partial has filled is not shown to the agent.
        name : str, optional
            In place of the function's name.
        description : str, optional
            In place of the function's docstring.

        Raises
        ------
        InvalidOptionError
            If the agent could not call it: for its name or its parameters.
        """
        if not callable(function) or isinstance(function, type):
            raise InvalidOptionError(
                f"{function!r} cannot be a tool, because it is no function; pass one.",
                option="tools",
            )
        target, filled = _unwrapped(function)
        routine = target if inspect.isroutine(target) else inspect.unwrap(type(target).__call__)
        if name is None:
            name = getattr(target, "__name__", type(target).__name__)
        _check_name(name)
        if inspect.isgeneratorfunction(routine) or inspect.isasyncgenfunction(routine):
            _refuse(name, "it yields its results one by one; let it return them as a list")
        parameters = _parameters(name, _signature(name, function), _hints(name, routine))
        shown = {key: hint for key, hint in parameters.items() if key not in filled}
        adapter, schema = _arguments(name, shown)
        if description is None:
            description = inspect.cleandoc(routine.__doc__ or target.__doc__ or "")
        return cls(name, description, schema, function, adapter)

    @property
    def specification(self) -> dict[str, Any]:
        """The tool as the app-server's protocol describes it (``dynamicTools``)."""
        named = {"name": self.name, "description": self.description}
        return {"type": "function", **named, "inputSchema": self.input_schema}

    def parse(self, arguments: object) -> dict[str, Any]:
        """Return the keyword arguments of the function that the agent's arguments stand for.

        Validators of the user's run here, and raise what they like.

        Raises
        ------
        ArgumentsError
            If they do not fit.
        """
        try:
            # As JSON: to a strict type, a date that is decoded already would be a str.
            return self._arguments.validate_json(json.dumps(arguments))
        except ValidationError as error:
            raise ArgumentsError(_faults(self.name, error)) from None


def parse_tools(tools: Sequence[Callable[..., Any] | Tool]) -> tuple[Tool, ...]:
    """Return the tools that were given as functions or as `Tool`.

    Raises
    ------
    InvalidOptionError
        If one cannot be a tool, or two have the same name.
    """
    if not isinstance(tools, (list, tuple)):
        raise InvalidOptionError(
            f"tools is a {type(tools).__name__}; it is a list of functions: tools=[my_function].",
            option="tools",
        )
    made = tuple(tool if isinstance(tool, Tool) else Tool.of(tool) for tool in tools)
    names = [tool.name for tool in made]
    for name in names:
        if names.count(name) > 1:
            _refuse(name, f"{names.count(name)} tools have this name; {_RENAME}")
    return made


def _refuse(name: str, reason: str) -> NoReturn:
    raise InvalidOptionError(f"{name!r} cannot be a tool: {reason}.", option="tools")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        _refuse(name, f"a name has 1 to 64 letters, digits, _ or -; {_RENAME}")
    if name.startswith("mcp__") or name in _BUILT_IN:
        _refuse(name, f"the Codex CLI keeps this name for itself; {_RENAME}")


def _unwrapped(function: Any) -> tuple[Any, set[str]]:
    """Return what lies beneath decorators and partials, and which parameters the latter fill."""
    filled: set[str] = set()
    target = inspect.unwrap(function)
    while isinstance(target, partial):
        filled |= target.keywords.keys()
        target = inspect.unwrap(target.func)
    return target, filled


def _signature(name: str, function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (ValueError, TypeError):
        _refuse(name, "Python does not know its parameters; wrap it in a function that names them")


def _hints(name: str, routine: Any) -> dict[str, Any]:
    # Without what it returns, which is often a type that only the type checker knows.
    try:
        hints = getattr(routine, "__annotations__", {}).items()
        own = SimpleNamespace(__annotations__={k: hint for k, hint in hints if k != "return"})
        return get_type_hints(own, getattr(routine, "__globals__", {}), include_extras=True)
    except Exception as error:  # annotations are code of the user's
        _refuse(
            name,
            f"its type hints cannot be read ({type(error).__name__}: {error}); define "
            "the types before the function, outside of other functions",
        )


def _parameters(name: str, signature: inspect.Signature, hints: dict[str, Any]) -> dict[str, Any]:
    """Return what each parameter takes; `NotRequired` if it may be left out."""
    parameters = {}
    for parameter in signature.parameters.values():
        if parameter.kind in _NOT_BY_NAME:
            takes = _NOT_BY_NAME[parameter.kind].format(parameter.name)
            _refuse(
                name,
                f"it takes {takes}, and the agent calls by name; wrap it in a function "
                "that names its parameters",
            )
        if parameter.name == "self":
            _refuse(name, "it is the method of a class; pass that of an object")
        hint, default = hints.get(parameter.name, Any), parameter.default
        required = default is parameter.empty
        if isinstance(default, FieldInfo):
            hint, required = Annotated[hint, default], default.is_required()
        # The default stays with the function: it may be a secret, or no JSON.
        parameters[parameter.name] = hint if required else NotRequired[hint]
    return parameters


class _Generator(GenerateJsonSchema):
    # Defaults are not shown to the model, so those that are no JSON are nothing to warn of.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012


def _arguments(
    name: str, parameters: dict[str, Any]
) -> tuple[TypeAdapter[dict[str, Any]], dict[str, Any]]:
    """Return what reads the arguments, and their schema."""
    try:
        # A dict, because its keys may have any name, and hold only what the agent has given.
        typed_dict: Any = TypedDict
        arguments = typed_dict("Arguments", parameters)
        arguments.__pydantic_config__ = ConfigDict(extra="forbid")
        adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(arguments)
        adapter.rebuild(raise_errors=True)
        return adapter, _told(adapter.json_schema(schema_generator=_Generator))
    except Exception as error:  # types run their user's code here
        if len(parameters) > 1:
            for one in parameters:
                _arguments(name, {one: parameters[one]})
        reason = str(error).partition("\n")[0].rstrip(".")
        _refuse(
            name,
            f"its parameter {', '.join(parameters)} cannot be read from JSON ({reason}); "
            "use plain types, dataclasses or models of pydantic",
        )


def _told(node: Any) -> Any:
    """Return a schema whose descriptions tell what the CLI leaves out."""
    if isinstance(node, list):
        return [_told(part) for part in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _told(part) for key, part in node.items()}
    # By type, because a property may have the name of a keyword.
    told = [f"{key}: {node[key]}" for key in _TOLD if isinstance(node.get(key), (int, float, str))]
    if told:
        schema["description"] = f"{node.get('description', '')} ({', '.join(told)})".lstrip()
    return schema


def _faults(name: str, error: ValidationError) -> str:
    lines = []
    for fault in error.errors(include_url=False, include_context=False):
        place = ".".join(map(str, fault["loc"])) or "arguments"
        missing = fault["type"].startswith("missing")
        got = "" if missing else f" (got {reprlib.repr(fault['input'])})"
        lines.append(f"- {place}: {fault['msg']}{got}")
    if len(lines) > _MAX_FAULTS:
        lines[_MAX_FAULTS:] = [f"- … and {len(lines) - _MAX_FAULTS} more"]
    return "\n".join([f"{name} was not run, because its arguments do not fit:", *lines])


def _tool_of(function: Callable[..., Any], name: str, description: str) -> Tool:
    return Tool.of(function, name=name, description=description)
