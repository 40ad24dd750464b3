"""From options to the parameters of the live protocol: pure functions, tested to the letter.

The counterpart of ``arguments`` for ``codex app-server``: what ``codex exec`` takes as arguments
of each process is here said once for a server, and once for each thread and turn. Source: the
JSON schema of ``codex app-server generate-json-schema``, version 0.163.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_notebook.client.arguments import flattened, thread_settings, toml_string
from codex_notebook.client.images import ImageData
from codex_notebook.client.inputs import Prompt
from codex_notebook.client.options import CodexOptions, ReviewOptions, ThreadOptions
from codex_notebook.client.tools import Tool
from codex_notebook.client.transport import TurnSpec

Json = Any
Params = dict[str, Json]

# One name of a setting's path; quoted if it holds dots itself.
_NAME = re.compile(r'"([^"]*)"|([^."]+)')
_CYBER_ACCESS = {
    "standard": "standard",
    "daybreak_blue": "daybreakBlue",
    "daybreak_red": "daybreakRed",
}


_QUESTIONS_ONLY = {
    "sandbox_approval": False,
    "rules": False,
    "skill_approval": False,
    "request_permissions": False,
    "mcp_elicitations": True,
}


def server_arguments(codex: CodexOptions, *, ephemeral_login: bool) -> list[str]:
    """Return the arguments of ``codex app-server``, without the program and the subcommand.

    Parameters
    ----------
    codex : CodexOptions
        The client's options.
    ephemeral_login : bool
        Whether it is to keep its login in memory, and leave that of the CLI's home alone.

    Raises
    ------
    InvalidOptionError
        If ``config`` holds a value that TOML cannot express.
    """
    settings = _client_settings(codex)
    if ephemeral_login:
        settings.append('cli_auth_credentials_store="ephemeral"')
    return [part for setting in settings for part in ("--config", setting)]


def _client_settings(codex: CodexOptions) -> list[str]:
    settings = [*flattened(codex.config), *codex.config_overrides]
    if codex.base_url is not None:
        settings.append(f"openai_base_url={toml_string(codex.base_url)}")
    return settings


def thread_params(
    codex: CodexOptions, thread: ThreadOptions, root: Path, profile: Mapping[str, Json]
) -> Params:
    """Return what ``thread/start``, ``thread/resume`` and ``thread/fork`` are told alike.

    Everything that a thread may have been saved with is said anew: what it asks, whom, and what
    its sandbox is. A thread of another client's making gets no more leave than one of ours.

    Parameters
    ----------
    codex, thread : options
        The client's and the thread's.
    root : path
        The working directory.
    profile : mapping
        What the thread's profile holds.
    """
    settings: Params = thread_settings(thread)
    # Said as a parameter of its own.
    settings.pop("approval_policy", None)
    for feature in thread.enable:
        settings[f"features.{feature}"] = True
    for feature in thread.disable:
        settings[f"features.{feature}"] = False
    if asks_questions(codex):
        settings["features.default_mode_request_user_input"] = True
        # It would warn of that feature in every thread.
        settings["suppress_unstable_features_warning"] = True
    params: Params = {
        "cwd": str(root),
        "runtimeWorkspaceRoots": [str(root), *map(str, thread.additional_directories)],
        "sandbox": thread.sandbox_mode,
        "approvalPolicy": approval_policy(codex, thread),
        # Else a model may give the leave that was to be the user's to give.
        "approvalsReviewer": "user",
        "config": {**_beneath(profile, [*_client_settings(codex), *settings]), **settings},
    }
    if thread.model is not None:
        params["model"] = thread.model
    return params


def _beneath(profile: Mapping[str, Json], settings: Iterable[str]) -> Params:
    """Return what a profile says and no setting does: as over ``codex exec`` these win.

    The server would take the profile's over those of the client, and of one that is given both
    as a dotted name and in a table either.
    """
    kept = {**profile}
    for setting in settings:
        names = _NAME.findall(setting.partition("=")[0].strip())
        kept = _without(kept, [quoted or bare for quoted, bare in names])
    return kept


def _without(table: Mapping[str, Json], path: Sequence[str]) -> Params:
    name, *deeper = path
    kept = {**table}
    inner = kept.pop(name, None)
    if deeper and isinstance(inner, Mapping):
        kept[name] = _without(inner, deeper)
    return kept


def approval_policy(codex: CodexOptions, thread: ThreadOptions) -> Json:
    """Return whether the CLI asks (``on-request``) or declines by itself (``never``)."""
    if thread.approval_policy is not None:
        # The other name that `codex exec` has for it.
        return {"on-failure": "on-request"}.get(thread.approval_policy, thread.approval_policy)
    if codex.approvals is not None:
        return "on-request"
    # It asks for no leave then, and passes on what MCP servers ask their user.
    return "never" if codex.questions is None else {"granular": _QUESTIONS_ONLY}


def asks_questions(codex: CodexOptions) -> bool:
    """Return whether the agent may ask its user questions."""
    return codex.questions is not None


def thread_source(thread: ThreadOptions) -> str:
    """Return what a new thread, or a fork, is filed under: by default as over ``codex exec``."""
    return thread.thread_source or "user"


def start_params(
    thread: ThreadOptions, shared: Mapping[str, Json], tools: Sequence[Tool]
) -> Params:
    """Return the parameters of ``thread/start``.

    Parameters
    ----------
    thread : ThreadOptions
        The thread's options.
    shared : mapping
        Its `thread_params`.
    tools : sequence of Tool
        Our functions that the agent may call; only a new thread can be given any.
    """
    params: Params = {**shared, "threadSource": thread_source(thread)}
    if thread.ephemeral:
        params["ephemeral"] = True
    if tools:
        params["dynamicTools"] = [tool.specification for tool in tools]
    return params


def turn_params(spec: TurnSpec) -> Params:
    """Return the parameters of ``turn/start``, but for the thread's id."""
    params: Params = {"input": input_params(spec.prompt)}
    if spec.schema is not None:
        params["outputSchema"] = spec.schema
    if spec.cyber_access_program is not None:
        params["cyberAccessProgram"] = _CYBER_ACCESS[spec.cyber_access_program]
    if spec.context:
        params["additionalContext"] = context_params(spec.context)
    return params


def input_params(prompt: Prompt) -> list[Params]:
    """Return a prompt as the ``input`` of a turn; images from memory go as data URLs.

    The images go first, as ``codex exec`` has them.
    """
    parts: list[Params] = []
    for image in prompt.images:
        if isinstance(image, ImageData):
            parts.append({"type": "image", "url": image.data_url})
        else:
            parts.append({"type": "localImage", "path": str(image)})
    return [*parts, {"type": "text", "text": prompt.text, "text_elements": []}]


def context_params(context: Mapping[str, str]) -> Params:
    """Return texts about the user's surroundings as ``additionalContext``."""
    return {name: {"value": text, "kind": "untrusted"} for name, text in context.items()}


def review_target(review: ReviewOptions) -> Params:
    """Return what ``review/start`` is to look at."""
    if review.instructions is not None:
        return {"type": "custom", "instructions": review.instructions}
    if review.base is not None:
        return {"type": "baseBranch", "branch": review.base}
    if review.commit is not None:
        return {"type": "commit", "sha": review.commit, "title": review.title}
    return {"type": "uncommittedChanges"}
