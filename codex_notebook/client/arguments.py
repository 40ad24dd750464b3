"""From options to the CLI's arguments and environment: pure functions, tested to the letter.

Source: the argument order of the TypeScript SDK and ``codex exec --help``. Starts no process.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_notebook.client.options import CodexOptions, ThreadOptions
from codex_notebook.errors import InvalidOptionError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ORIGINATOR = "CODEX_INTERNAL_ORIGINATOR_OVERRIDE"


def exec_arguments(
    codex: CodexOptions,
    thread: ThreadOptions,
    *,
    thread_id: str | None = None,
    images: Sequence[Path] = (),
    schema_file: Path | None = None,
) -> list[str]:
    """Return the arguments of ``codex exec`` for one turn, without the program itself.

    The prompt is not among them: it goes to the process's stdin. Where one setting is given
    twice, the CLI takes the last, so thread options win over ``config``.

    Raises
    ------
    InvalidOptionError
        If ``config`` holds a value that TOML cannot express.
    """
    arguments = ["exec", "--experimental-json"]
    for override in config_overrides(codex.config):
        arguments += ["--config", override]
    if codex.base_url is not None:
        arguments += ["--config", f"openai_base_url={_toml_string(codex.base_url)}"]
    if thread.model is not None:
        arguments += ["--model", thread.model]
    arguments += ["--sandbox", thread.sandbox_mode]
    if thread.working_directory is not None:
        arguments += ["--cd", str(thread.working_directory)]
    if thread.skip_git_repo_check:
        arguments.append("--skip-git-repo-check")
    if schema_file is not None:
        arguments += ["--output-schema", str(schema_file)]
    if thread.todo_list:
        arguments += ["--config", "tools.update_plan.enabled=true"]
    if thread_id is not None:
        arguments += ["resume", thread_id]
    # Behind `resume`: the flag takes any number of values and would swallow the thread's id.
    for image in images:
        arguments += ["--image", str(image)]
    return arguments


def environment(options: CodexOptions, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the CLI.

    Parameters
    ----------
    options : CodexOptions
        Its `env` goes over what is inherited; its `api_key` becomes ``CODEX_API_KEY``.
    inherited : mapping
        This process's environment.
    """
    env = {**(inherited if options.inherit_env else {}), **options.env}
    env.setdefault(_ORIGINATOR, "codex_notebook")
    if options.api_key is not None:
        env["CODEX_API_KEY"] = options.api_key.get_secret_value()
    return env


def config_overrides(config: Mapping[str, Any]) -> list[str]:
    """Return ``path=TOML`` for each leaf of a nested mapping.

    Examples
    --------
    >>> config_overrides({"sandbox_workspace_write": {"network_access": True}})
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
        return _toml_string(value)
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
    return str(key) if _BARE_KEY.fullmatch(str(key)) else _toml_string(str(key))


def _toml_string(text: str) -> str:
    # JSON strings are TOML strings, but only unescaped: TOML refuses surrogate pairs like \ud83d.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
