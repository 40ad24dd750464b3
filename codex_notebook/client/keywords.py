"""The options as keywords, for type checkers and editors: ``start_thread(model="…")``.

The same names and types as in ``options``, which is what they become; a test holds them equal.
Only imported where types are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal

from pydantic import SecretStr
from typing_extensions import TypedDict

from codex_notebook.client.abort import AbortSignal
from codex_notebook.client.options import (
    ApprovalPolicy,
    CyberAccessProgram,
    ModelReasoningEffort,
    SandboxMode,
    TransportName,
    WebSearchMode,
)
from codex_notebook.client.tools import Tool
from codex_notebook.core.asks import Approval, InputRequest

AnyPath = str | PathLike[str]


class CodexKeywords(TypedDict, total=False):
    """See `CodexOptions`."""

    codex_path_override: AnyPath | None
    env: Mapping[str, str]
    inherit_env: bool
    base_url: str | None
    api_key: str | SecretStr | None
    config: Mapping[str, Any]
    config_overrides: Sequence[str]
    transport: TransportName
    approvals: Callable[[Approval], Any] | Literal[True] | None
    questions: Callable[[InputRequest], Any] | Literal[True] | None
    ask_timeout: float | None
    tools: Sequence[Callable[..., Any] | Tool]


class ThreadKeywords(TypedDict, total=False):
    """See `ThreadOptions`."""

    model: str | None
    sandbox_mode: SandboxMode
    working_directory: AnyPath | None
    additional_directories: Sequence[AnyPath]
    skip_git_repo_check: bool
    model_reasoning_effort: ModelReasoningEffort | None
    network_access_enabled: bool | None
    web_search_mode: WebSearchMode | None
    web_search_enabled: bool | None
    approval_policy: ApprovalPolicy | Literal["auto", "manual"] | None
    thread_source: str | None
    profile: str | None
    ephemeral: bool
    enable: Sequence[str]
    disable: Sequence[str]
    todo_list: bool
    tools: Sequence[Callable[..., Any] | Tool] | None


class TurnKeywords(TypedDict, total=False):
    """See `TurnOptions`."""

    output_schema: Mapping[str, Any] | None
    output_type: Any
    images: Any
    signal: AbortSignal | None
    cyber_access_program: CyberAccessProgram | None
    additional_context: Mapping[str, str]


class ReviewKeywords(TypedDict, total=False):
    """See `ReviewOptions`."""

    uncommitted: bool
    base: str | None
    commit: str | None
    title: str | None
    instructions: str | None
    signal: AbortSignal | None
