"""What a client, a thread and a turn can be told: plain frozen values, checked when made.

Knows nothing of processes; how an option becomes an argument of the CLI is in ``arguments``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from codex_notebook.errors import InvalidOptionError

SandboxMode = Literal["read-only", "workspace-write", "danger-full-access"]


class Options(BaseModel):
    """Frozen options; an unknown name or an impossible value is refused at once.

    Raises
    ------
    InvalidOptionError
        Names the option and what it may be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
        else:
            return
        # Raised out here, because pydantic's own error quotes the values, and one may be a key.
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            known = ", ".join(sorted(type(self).model_fields))
            message = f"{type(self).__name__} has no option {name!r}; it has {known}."
        else:
            message = f"Option {name!r} of {type(self).__name__}: {fault['msg']}."
        raise InvalidOptionError(message, option=name)


class CodexOptions(Options):
    """Options of a client.

    Parameters
    ----------
    codex_path_override : path, optional
        The CLI to run; otherwise the one of the ``cli`` extra, else ``codex`` on PATH.
    env : dict of str to str
        Environment variables of the CLI, on top of this process's own.
    inherit_env : bool
        Whether the CLI also gets this process's environment. Default True; False gives it
        exactly `env`, as the TypeScript SDK does.
    base_url : str, optional
        Where the OpenAI API is (``-c openai_base_url``).
    api_key : str, optional
        Reaches the CLI in its environment only (``CODEX_API_KEY``); never in an argument,
        a log or a repr.
    config : dict
        Overrides of the CLI's configuration (``-c``); nested names are joined by dots. They are
        arguments of the process, which other users of the machine can see: no place for keys.
    """

    codex_path_override: Path | str | None = None
    env: dict[str, str] = Field(default_factory=dict, repr=False)
    inherit_env: bool = True
    base_url: str | None = None
    api_key: SecretStr | None = None
    config: dict[str, Any] = Field(default_factory=dict, repr=False)


class ThreadOptions(Options):
    """Options of a thread.

    Parameters
    ----------
    model : str, optional
        The model (``--model``); otherwise the CLI's own configuration decides.
    sandbox_mode : str
        ``read-only`` (the default), ``workspace-write`` or ``danger-full-access``
        (``--sandbox``).
    working_directory : path, optional
        Where the agent works (``--cd``); otherwise this process's own directory.
    skip_git_repo_check : bool
        Work in a directory that is no git repository (``--skip-git-repo-check``).
    todo_list : bool
        Let the agent keep a plan (``-c tools.update_plan.enabled=true``), which the CLI has
        switched off since 0.152. Default True.
    """

    model: str | None = None
    sandbox_mode: SandboxMode = "read-only"
    working_directory: Path | None = None
    skip_git_repo_check: bool = False
    todo_list: bool = True


class TurnOptions(Options):
    """Options of one turn.

    Parameters
    ----------
    output_schema : dict, optional
        A JSON schema for the final answer, sent as it is (``--output-schema``).
    output_type : type, optional
        A Python type for the final answer: sent as a strict schema, and the answer comes back
        as an object of it in ``turn.output``. Not together with `output_schema`.
    """

    output_schema: dict[str, Any] | None = None
    output_type: Any = None


O = TypeVar("O", bound=Options)  # noqa: E741 (the usual letter for this)


def merged(kind: type[O], options: O | None, changes: dict[str, Any]) -> O:
    """Return ``options`` with ``changes`` over it, checked again as a whole.

    Raises
    ------
    InvalidOptionError
        If a name or a value is not one of ``kind``'s.
    """
    given = {} if options is None else {k: getattr(options, k) for k in options.model_fields_set}
    return kind(**{**given, **changes})
