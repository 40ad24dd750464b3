"""The Codex agent, native to notebooks; and an async Python SDK for the Codex CLI.

In a notebook: ``%load_ext codex_notebook``, then ``%%codex``. In Python::

    from codex_notebook import Codex

    turn = await Codex().start_thread().run("What does this project do?")
    print(turn.final_response)
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from codex_notebook.core import viewing

# The same names once more for whoever reads types; `tests/test_names.py` holds them together.
if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from codex_notebook.client.abort import (
        AbortController,
        AbortSignal,
    )
    from codex_notebook.client.account import DeviceLogin
    from codex_notebook.client.codex import Codex
    from codex_notebook.client.inputs import Input, UserInput
    from codex_notebook.client.nesting import allow_nested_asyncio
    from codex_notebook.client.options import (
        ApprovalPolicy,
        CodexOptions,
        CyberAccessProgram,
        ModelReasoningEffort,
        ReviewOptions,
        SandboxMode,
        ThreadOptions,
        TurnOptions,
        WebSearchMode,
    )
    from codex_notebook.client.running import RunningTurn
    from codex_notebook.client.streamed import StreamedTurn
    from codex_notebook.client.thread import Thread
    from codex_notebook.client.tools import Tool
    from codex_notebook.core.account import Account, ModelInfo, RateLimits, RateLimitWindow
    from codex_notebook.core.asks import (
        Answers,
        Approval,
        Decision,
        InputRequest,
        Question,
        QuestionOption,
    )
    from codex_notebook.core.events import (
        ApprovalRequestedEvent,
        ApprovalResolvedEvent,
        DiffUpdatedEvent,
        Event,
        InputRequestedEvent,
        InputResolvedEvent,
        ItemCompletedEvent,
        ItemDeltaEvent,
        ItemStartedEvent,
        ItemUpdatedEvent,
        NoticeEvent,
        RateLimitsUpdatedEvent,
        ThreadError,
        ThreadErrorEvent,
        ThreadStartedEvent,
        TurnCompletedEvent,
        TurnFailedEvent,
        TurnInterruptedEvent,
        TurnInterruptingEvent,
        TurnStartedEvent,
        UnknownEvent,
        UsageUpdatedEvent,
    )
    from codex_notebook.core.history import ThreadInfo
    from codex_notebook.core.items import (
        ActivityItem,
        AgentMessageItem,
        CollabToolCallItem,
        CommandExecutionItem,
        ErrorItem,
        FileChangeItem,
        FileUpdateChange,
        Item,
        McpToolCallItem,
        PlanItem,
        ReasoningItem,
        TodoItem,
        TodoListItem,
        ToolCallItem,
        UnknownItem,
        UserMessageItem,
        WebSearchItem,
    )
    from codex_notebook.core.turn import Turn
    from codex_notebook.core.usage import Usage
    from codex_notebook.errors import (
        AppServerError,
        CodexError,
        CodexExecError,
        CodexNotFoundError,
        CodexVersionError,
        ForkError,
        InvalidOptionError,
        InvalidOutputTypeError,
        MissingDependencyError,
        NotLoggedInError,
        OutputValidationError,
        TemporaryFileError,
        ThreadBusyError,
        ThreadNotFoundError,
        TurnError,
        TurnFailedError,
        TurnInterruptedError,
        UnsupportedError,
    )

    RunResult = Turn
    RunStreamedResult = StreamedTurn
    ApprovalMode = ApprovalPolicy
    ThreadEvent = Event
    ThreadItem = Item


def _viewer() -> viewing.Viewer:
    # Imported here, as in `load_ipython_extension`.
    from codex_notebook.notebook.inspecting import Widgets

    return Widgets()


viewing.set_viewer(_viewer)

# What is logged is for who asks for it: without a handler, Python would print it into cells.
logging.getLogger(__name__).addHandler(logging.NullHandler())

__all__ = [
    "AbortController",
    "AbortSignal",
    "Account",
    "ActivityItem",
    "AgentMessageItem",
    "Answers",
    "AppServerError",
    "Approval",
    "ApprovalMode",
    "ApprovalPolicy",
    "ApprovalRequestedEvent",
    "ApprovalResolvedEvent",
    "Codex",
    "CodexError",
    "CodexExecError",
    "CodexNotFoundError",
    "CodexOptions",
    "CodexVersionError",
    "CollabToolCallItem",
    "CommandExecutionItem",
    "CyberAccessProgram",
    "Decision",
    "DeviceLogin",
    "DiffUpdatedEvent",
    "ErrorItem",
    "Event",
    "FileChangeItem",
    "FileUpdateChange",
    "ForkError",
    "Input",
    "InputRequest",
    "InputRequestedEvent",
    "InputResolvedEvent",
    "InvalidOptionError",
    "InvalidOutputTypeError",
    "Item",
    "ItemCompletedEvent",
    "ItemDeltaEvent",
    "ItemStartedEvent",
    "ItemUpdatedEvent",
    "McpToolCallItem",
    "MissingDependencyError",
    "ModelInfo",
    "ModelReasoningEffort",
    "NotLoggedInError",
    "NoticeEvent",
    "OutputValidationError",
    "PlanItem",
    "Question",
    "QuestionOption",
    "RateLimitWindow",
    "RateLimits",
    "RateLimitsUpdatedEvent",
    "ReasoningItem",
    "ReviewOptions",
    "RunResult",
    "RunStreamedResult",
    "RunningTurn",
    "SandboxMode",
    "StreamedTurn",
    "TemporaryFileError",
    "Thread",
    "ThreadBusyError",
    "ThreadError",
    "ThreadErrorEvent",
    "ThreadEvent",
    "ThreadInfo",
    "ThreadItem",
    "ThreadNotFoundError",
    "ThreadOptions",
    "ThreadStartedEvent",
    "TodoItem",
    "TodoListItem",
    "Tool",
    "ToolCallItem",
    "Turn",
    "TurnCompletedEvent",
    "TurnError",
    "TurnFailedError",
    "TurnFailedEvent",
    "TurnInterruptedError",
    "TurnInterruptedEvent",
    "TurnInterruptingEvent",
    "TurnOptions",
    "TurnStartedEvent",
    "UnknownEvent",
    "UnknownItem",
    "UnsupportedError",
    "Usage",
    "UsageUpdatedEvent",
    "UserInput",
    "UserMessageItem",
    "WebSearchItem",
    "WebSearchMode",
    "allow_nested_asyncio",
    "load_ipython_extension",
    "unload_ipython_extension",
]

# Each public name and the module it is loaded from when somebody first asks for it (PEP 562), so
# that `import codex_notebook` costs next to nothing. A new name goes here, above and above that.
_HOMES = {
    "AbortController": "client.abort",
    "AbortSignal": "client.abort",
    "Account": "core.account",
    "ActivityItem": "core.items",
    "AgentMessageItem": "core.items",
    "Answers": "core.asks",
    "AppServerError": "errors",
    "Approval": "core.asks",
    "ApprovalPolicy": "client.options",
    "ApprovalRequestedEvent": "core.events",
    "ApprovalResolvedEvent": "core.events",
    "Codex": "client.codex",
    "CodexError": "errors",
    "CodexExecError": "errors",
    "CodexNotFoundError": "errors",
    "CodexOptions": "client.options",
    "CodexVersionError": "errors",
    "CollabToolCallItem": "core.items",
    "CommandExecutionItem": "core.items",
    "CyberAccessProgram": "client.options",
    "Decision": "core.asks",
    "DeviceLogin": "client.account",
    "DiffUpdatedEvent": "core.events",
    "ErrorItem": "core.items",
    "Event": "core.events",
    "FileChangeItem": "core.items",
    "FileUpdateChange": "core.items",
    "ForkError": "errors",
    "Input": "client.inputs",
    "InputRequest": "core.asks",
    "InputRequestedEvent": "core.events",
    "InputResolvedEvent": "core.events",
    "InvalidOptionError": "errors",
    "InvalidOutputTypeError": "errors",
    "Item": "core.items",
    "ItemCompletedEvent": "core.events",
    "ItemDeltaEvent": "core.events",
    "ItemStartedEvent": "core.events",
    "ItemUpdatedEvent": "core.events",
    "McpToolCallItem": "core.items",
    "MissingDependencyError": "errors",
    "ModelInfo": "core.account",
    "ModelReasoningEffort": "client.options",
    "NotLoggedInError": "errors",
    "NoticeEvent": "core.events",
    "OutputValidationError": "errors",
    "PlanItem": "core.items",
    "Question": "core.asks",
    "QuestionOption": "core.asks",
    "RateLimitWindow": "core.account",
    "RateLimits": "core.account",
    "RateLimitsUpdatedEvent": "core.events",
    "ReasoningItem": "core.items",
    "ReviewOptions": "client.options",
    "RunningTurn": "client.running",
    "SandboxMode": "client.options",
    "StreamedTurn": "client.streamed",
    "TemporaryFileError": "errors",
    "Thread": "client.thread",
    "ThreadBusyError": "errors",
    "ThreadError": "core.events",
    "ThreadErrorEvent": "core.events",
    "ThreadInfo": "core.history",
    "ThreadNotFoundError": "errors",
    "ThreadOptions": "client.options",
    "ThreadStartedEvent": "core.events",
    "TodoItem": "core.items",
    "TodoListItem": "core.items",
    "Tool": "client.tools",
    "ToolCallItem": "core.items",
    "Turn": "core.turn",
    "TurnCompletedEvent": "core.events",
    "TurnError": "errors",
    "TurnFailedError": "errors",
    "TurnFailedEvent": "core.events",
    "TurnInterruptedError": "errors",
    "TurnInterruptedEvent": "core.events",
    "TurnInterruptingEvent": "core.events",
    "TurnOptions": "client.options",
    "TurnStartedEvent": "core.events",
    "UnknownEvent": "core.events",
    "UnknownItem": "core.items",
    "UnsupportedError": "errors",
    "Usage": "core.usage",
    "UsageUpdatedEvent": "core.events",
    "UserInput": "client.inputs",
    "UserMessageItem": "core.items",
    "WebSearchItem": "core.items",
    "WebSearchMode": "client.options",
    "allow_nested_asyncio": "client.nesting",
}

# What the TypeScript SDK calls them.
_ALIASES = {
    "ApprovalMode": "ApprovalPolicy",
    "RunResult": "Turn",
    "RunStreamedResult": "StreamedTurn",
    "ThreadEvent": "Event",
    "ThreadItem": "Item",
}

# Type checkers have the imports above, and would take this for a promise of any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        known = _ALIASES.get(name, name)
        if known not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[known]}"), known)
        # Kept, so that nothing of this is asked twice.
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add the ``codex`` magics to a shell; called by ``%load_ext codex_notebook``."""
    # Imported here: the SDK must not cost the start-up of widgets.
    from codex_notebook.notebook.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away again; called by ``%unload_ext codex_notebook``."""
    from codex_notebook.notebook.extension import unload

    unload(shell)
