"""From options to the CLI's arguments and environment: pure functions, tested to the letter.

Source: the argument order of the TypeScript SDK and ``codex exec --help``. Starts no process, and
does not look whether what is named exists (see ``checks``).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_notebook.client.options import CodexOptions, ReviewOptions, ThreadOptions
from codex_notebook.client.secrets import Environment
from codex_notebook.errors import InvalidOptionError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ORIGINATOR = "CODEX_INTERNAL_ORIGINATOR_OVERRIDE"


@dataclass(frozen=True)
class TurnArguments:
    """What the arguments of one process say beside the options of its client and thread.

    Attributes
    ----------
    resume, fork : str or None
        The thread that goes on, or of which a new one is to be made. At most one of them.
    review : ReviewOptions or None
        What to review, instead of taking a prompt.
    schema_file : path or None
        The file with the JSON schema of the answer.
    cyber_access_program : str or None
        As in `TurnOptions`.
    images : sequence of path
        The image files, in order.
    """

    resume: str | None = None
    fork: str | None = None
    review: ReviewOptions | None = None
    schema_file: Path | None = None
    cyber_access_program: str | None = None
    images: Sequence[Path] = ()


def exec_arguments(
    codex: CodexOptions,
    thread: ThreadOptions,
    turn: TurnArguments | None = None,
    *,
    has_key: bool = False,
) -> list[str]:
    """Return the arguments of ``codex exec`` for one process, without the program itself.

    The prompt is not among them: it goes to the process's stdin. Where one setting is given
    twice, the CLI takes the last, so thread options win over ``config_overrides``, and these
    over ``config``.

    Parameters
    ----------
    codex : CodexOptions
        The client's options.
    thread : ThreadOptions
        The thread's.
    turn : TurnArguments, optional
        What else this process is told.
    has_key : bool
        Whether the environment has a key, wherever it comes from.

    Raises
    ------
    InvalidOptionError
        If ``config`` holds a value that TOML cannot express.
    """
    turn = turn or TurnArguments()
    arguments = ["exec", "--experimental-json"]
    for override in (*flattened(codex.config), *codex.config_overrides):
        arguments += ["--config", override]
    if codex.base_url is not None:
        arguments += ["--config", f"openai_base_url={toml_string(codex.base_url)}"]
    if thread.model is not None:
        arguments += ["--model", thread.model]
    if thread.thread_source is not None and turn.resume is None:
        arguments += ["--thread-source", thread.thread_source]
    arguments += ["--sandbox", thread.sandbox_mode]
    if thread.working_directory is not None:
        arguments += ["--cd", str(thread.working_directory)]
    for directory in thread.additional_directories:
        arguments += ["--add-dir", str(directory)]
    if thread.skip_git_repo_check:
        arguments.append("--skip-git-repo-check")
    if turn.schema_file is not None:
        arguments += ["--output-schema", str(turn.schema_file)]
    if turn.cyber_access_program is not None:
        arguments += ["--cyber-access-program", turn.cyber_access_program]
    arguments += _thread_arguments(thread)
    if has_key or codex.api_key is not None:
        # Else every command that the agent runs would have it in its environment. Last, because
        # a whole table in `config` would take it away again.
        arguments += ["--config", 'shell_environment_policy.set.CODEX_API_KEY=""']
    return arguments + _subcommand(turn)


def _thread_arguments(thread: ThreadOptions) -> list[str]:
    """Return what the TypeScript SDK puts last, and behind it what only we have."""
    arguments: list[str] = []
    for setting in flattened(thread_settings(thread)):
        arguments += ["--config", setting]
    if thread.profile is not None:
        arguments += ["--profile", thread.profile]
    if thread.ephemeral:
        arguments.append("--ephemeral")
    for feature in thread.enable:
        arguments += ["--enable", feature]
    for feature in thread.disable:
        arguments += ["--disable", feature]
    return arguments


def thread_settings(thread: ThreadOptions) -> dict[str, Any]:
    """Return the options of a thread that are settings of the CLI's configuration, by name."""
    settings: dict[str, Any] = {}
    if thread.model_reasoning_effort is not None:
        settings["model_reasoning_effort"] = thread.model_reasoning_effort
    if thread.network_access_enabled is not None:
        settings["sandbox_workspace_write.network_access"] = thread.network_access_enabled
    if thread.web_search_mode is not None:
        settings["web_search"] = thread.web_search_mode
    elif thread.web_search_enabled is not None:
        settings["web_search"] = "live" if thread.web_search_enabled else "disabled"
    if thread.approval_policy is not None:
        settings["approval_policy"] = thread.approval_policy
    if thread.todo_list:
        settings["tools.update_plan.enabled"] = True
    return settings


def _subcommand(turn: TurnArguments) -> list[str]:
    if turn.review is not None:
        return _review(turn.review)
    arguments: list[str] = []
    if turn.resume is not None:
        arguments += ["resume", turn.resume]
    if turn.fork is not None:
        arguments += ["fork", turn.fork]
    # Behind `resume`: the flag takes any number of values and would swallow the thread's id.
    for image in turn.images:
        arguments += ["--image", str(image)]
    return arguments


def _review(review: ReviewOptions) -> list[str]:
    arguments = ["review"]
    if review.instructions is not None:
        # The dash is the prompt that is read from stdin.
        return [*arguments, "-"]
    if review.base is not None:
        return [*arguments, "--base", review.base]
    if review.commit is not None:
        title = [] if review.title is None else ["--title", review.title]
        return [*arguments, "--commit", review.commit, *title]
    return [*arguments, "--uncommitted"]


def environment(options: CodexOptions, inherited: Mapping[str, str]) -> Environment:
    """Return the environment of the CLI.

    Parameters
    ----------
    options : CodexOptions
        Its `env` goes over what is inherited; its `api_key` becomes ``CODEX_API_KEY``.
    inherited : mapping
        This process's environment.
    """
    env = Environment({**(inherited if options.inherit_env else {}), **options.env})
    env.setdefault(_ORIGINATOR, "codex_notebook")
    if options.api_key is not None:
        env["CODEX_API_KEY"] = options.api_key.get_secret_value()
    return env


def flattened(config: Mapping[str, Any]) -> list[str]:
    """Return ``path=TOML`` for each leaf of a nested mapping.

    Examples
    --------
    >>> flattened({"sandbox_workspace_write": {"network_access": True}})
    ['sandbox_workspace_write.network_access=true']
    """
    return [f"{path}={value}" for path, value in _leaves(config, "")]


def _leaves(config: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    if prefix and not config:
        yield prefix, "{}"
    for key, value in config.items():
        if not isinstance(key, str) or not key:
            raise InvalidOptionError(
                f"config: a name must be a non-empty string, not {key!r}.", option="config"
            )
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        else:
            yield path, _toml(value, path)


def _toml(value: object, path: str) -> str:
    # bool before int: True is an int in Python and is not `1` in TOML.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(v, f"{path}[{i}]") for i, v in enumerate(value)) + "]"
    if isinstance(value, Mapping):
        pairs = (f"{_toml_key(k)} = {_toml(v, f'{path}.{k}')}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    raise InvalidOptionError(
        f"config: {path} is {value!r}, which TOML cannot express; use a string, a finite number, "
        "a bool, a list or a dict, and leave out what is not set.",
        option="config",
    )


def _toml_key(key: object) -> str:
    return str(key) if _BARE_KEY.fullmatch(str(key)) else toml_string(str(key))


def toml_string(text: str) -> str:
    """Return a text as a string of TOML."""
    # JSON strings are TOML strings, but only unescaped: TOML refuses surrogate pairs like \ud83d.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
