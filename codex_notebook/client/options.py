"""What a client, a thread and a turn can be told: plain frozen values, checked when made.

Knows nothing of processes; how an option becomes an argument of the CLI is in ``arguments``, and
what the file system has to say about it in ``checks``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set, ValuesView
from io import IOBase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveFloat, SecretStr, field_validator

from codex_notebook.client.abort import AbortSignal
from codex_notebook.client.images import Image, image_of
from codex_notebook.client.options_base import (
    Options,
    Paths,
    Text,
    Texts,
    VariableName,
    VariableValue,
)
from codex_notebook.client.secrets import KEY_VARIABLE
from codex_notebook.core.asks import Approval, InputRequest

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from codex_notebook.client.keywords import (
        CodexKeywords,
        ReviewKeywords,
        ThreadKeywords,
        TurnKeywords,
    )

TransportName = Literal["exec", "app-server", "auto"]
SandboxMode = Literal["read-only", "workspace-write", "danger-full-access"]
ApprovalPolicy = Literal["never", "on-request", "on-failure"]
ModelReasoningEffort = Literal[
    "minimal", "low", "medium", "high", "xhigh", "max", "ultra", "persistent"
]
WebSearchMode = Literal["disabled", "cached", "indexed", "live"]
CyberAccessProgram = Literal["standard", "daybreak_blue", "daybreak_red"]


def _parsed(tools: object) -> object:
    if not tools:
        return tools
    # It takes long to load, and few need it.
    from codex_notebook.client.tools import parse_tools

    given: list[Any] = [*tools] if isinstance(tools, (list, tuple)) else [tools]
    return parse_tools(given)


def _handler(given: object) -> object:
    if given is None or given is True or callable(given):
        return given
    raise ValueError(
        f"It is a function that decides, True (whoever has hold of the running turn) or None, not "
        f"{given!r}"
    )


# Callables when they are given, and checked `Tool` objects then.
Tools = Annotated[tuple[Any, ...], BeforeValidator(_parsed)]


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
        Where the OpenAI API is (``--config openai_base_url``).
    api_key : str, optional
        Reaches the CLI in its environment only (``CODEX_API_KEY``); never in an argument, a log,
        a repr or a pickle. The commands that the agent runs do not have it in theirs (in the
        sandbox ``danger-full-access`` they can still read that of the CLI), and where it is
        printed all the same it is blotted out.
    config : dict
        Overrides of the CLI's configuration (``--config``); nested names are joined by dots. They
        are arguments of the process, which other users of the machine can see: no place for keys.
    config_overrides : sequence of str
        The same as raw ``key=TOML`` texts, passed on to the letter and behind `config`; for keys
        that themselves hold dots, such as ``projects."/a.b".trust_level="trusted"``.
    transport : str
        ``exec`` (the default: one process of ``codex exec`` for each turn), ``app-server`` (the
        live transport: one process of ``codex app-server`` for all turns, token by token, with
        approvals, questions, steering and tools) or ``auto`` (the live one; ``exec`` from the
        first turn on for which its server cannot be started or is too old, which a notice says).
    approvals : callable or True, optional
        Who gives leave to what the sandbox does not allow. It is called with an `Approval` and
        returns a `Decision`, or True or False; it may be async. True: whoever has hold of the
        running turn, by `RunningTurn.respond`. None, the default: nobody, so that the CLI
        declines it. Not with ``exec``.
    questions : callable or True, optional
        Who answers the agent's questions. It is called with an `InputRequest` and returns
        answers as `RunningTurn.answer` takes them, or None. True and None as for `approvals`.
    ask_timeout : float, optional
        After how many seconds what nobody has decided is declined. Default 600; None: never.
    tools : sequence of callable
        Python functions that the agent may call, in all threads that this client starts. Not
        with ``exec``.
    """

    if TYPE_CHECKING:

        def __init__(self, **values: Unpack[CodexKeywords]) -> None: ...

    codex_path_override: Path | str | None = None
    env: dict[VariableName, VariableValue] = Field(default_factory=dict, repr=False)
    inherit_env: bool = True
    base_url: Text | None = None
    api_key: SecretStr | None = None
    config: dict[str, Any] = Field(default_factory=dict, repr=False)
    config_overrides: Texts = Field(default=(), repr=False)
    transport: TransportName = "exec"
    approvals: Annotated[
        Callable[[Approval], Any] | Literal[True] | None, BeforeValidator(_handler)
    ] = Field(default=None, repr=False)
    questions: Annotated[
        Callable[[InputRequest], Any] | Literal[True] | None, BeforeValidator(_handler)
    ] = Field(default=None, repr=False)
    ask_timeout: PositiveFloat | None = 600.0
    tools: Tools = ()

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        text = "k" if key is None else key.get_secret_value()
        if not text.strip() or "\0" in text:
            raise ValueError("The key is empty or holds a NUL; leave it out to use `codex login`")
        return key

    @field_validator("config_overrides")
    @classmethod
    def _are_assignments(cls, overrides: tuple[str, ...]) -> tuple[str, ...]:
        for override in overrides:
            if not override.partition("=")[0].strip() or "=" not in override:
                raise ValueError(f"{override!r} is not of the form key=value")
        return overrides

    def __getstate__(self) -> dict[Any, Any]:
        """Leave the key out of pickles, which are files and messages: give it anew there."""
        state = super().__getstate__()
        env = {name: value for name, value in self.env.items() if name != KEY_VARIABLE}
        return {**state, "__dict__": {**state["__dict__"], "api_key": None, "env": env}}


def _approval_policy(given: object) -> object:
    if given == "untrusted":
        raise ValueError(
            "The CLI no longer supports 'untrusted'; use 'on-request', which asks before anything "
            "leaves the sandbox"
        )
    # The words of an older Python SDK for the same two wishes.
    return {"auto": "never", "manual": "on-request"}.get(str(given), given)


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
    additional_directories : sequence of path
        Directories that it may write beside that one (``--add-dir``), in the sandbox
        ``workspace-write``.
    skip_git_repo_check : bool
        Work in a directory that is no git repository (``--skip-git-repo-check``).
    model_reasoning_effort : str, optional
        ``minimal``, ``low``, ``medium``, ``high``, ``xhigh``, ``max``, ``ultra`` or
        ``persistent`` (``--config model_reasoning_effort``); which of them do something depends
        on the model.
    network_access_enabled : bool, optional
        Whether commands in the sandbox ``workspace-write`` reach the network
        (``--config sandbox_workspace_write.network_access``).
    web_search_mode : str, optional
        ``disabled``, ``cached``, ``indexed`` or ``live`` (``--config web_search``).
    web_search_enabled : bool, optional
        The short way: True is ``live``, False ``disabled``; `web_search_mode` wins over it.
    approval_policy : str, optional
        ``never``, ``on-request`` or ``on-failure`` (``--config approval_policy``). ``codex exec``
        can ask nobody, so that it declines whatever would need approval. ``auto`` and ``manual``
        are taken for ``never`` and ``on-request``.
    thread_source : str, optional
        What to file a new thread under in the CLI's history (``--thread-source``).
    profile : str, optional
        The file ``<profile>.config.toml`` in the CLI's home, read on top of its configuration
        (``--profile``).
    ephemeral : bool
        Keep nothing of the thread on disk (``--ephemeral``); it then has one turn and cannot be
        resumed. Default False.
    enable, disable : sequence of str
        Features of the CLI to switch on or off (``--enable``, ``--disable``).
    todo_list : bool
        Let the agent keep a plan (``--config tools.update_plan.enabled=true``), which the CLI
        has switched off since 0.152. Default True.
    tools : sequence of callable, optional
        Python functions that the agent may call in this thread, instead of those of the client.
        The CLI takes them only for a new thread, and keeps them with it.
    """

    if TYPE_CHECKING:

        def __init__(self, **values: Unpack[ThreadKeywords]) -> None: ...

    model: Text | None = None
    sandbox_mode: SandboxMode = "read-only"
    working_directory: Path | None = None
    additional_directories: Paths = ()
    skip_git_repo_check: bool = False
    model_reasoning_effort: ModelReasoningEffort | None = None
    network_access_enabled: bool | None = None
    web_search_mode: WebSearchMode | None = None
    web_search_enabled: bool | None = None
    approval_policy: Annotated[ApprovalPolicy | None, BeforeValidator(_approval_policy)] = None
    thread_source: Text | None = None
    profile: Text | None = None
    ephemeral: bool = False
    enable: Texts = ()
    disable: Texts = ()
    todo_list: bool = True
    tools: Tools | None = None


def _no_class(given: object) -> object:
    if isinstance(given, type):
        raise ValueError("It takes a JSON schema, a dict; for a Python type use output_type")  # noqa: TRY004 (pydantic wants it)
    return given


def _listed(given: object) -> tuple[object, ...]:
    """Return one image as the list of it that was meant."""
    # What can be iterated need not be a list: bytes, files and arrays are no lists of images.
    if isinstance(given, IOBase) or not isinstance(
        given, list | tuple | Set | ValuesView | Iterator
    ):
        return (given,)
    return tuple(given)


Images = Annotated[
    tuple[Annotated[Image, BeforeValidator(image_of)], ...], BeforeValidator(_listed)
]


class TurnOptions(Options):
    """Options of one turn.

    Parameters
    ----------
    output_schema : dict, optional
        A JSON schema for the final answer (``--output-schema``). What OpenAI's strict mode asks
        of every object (all fields required, no others allowed) is added where it is missing.
    output_type : type, optional
        A Python type for the final answer: sent as a strict schema, and the answer comes back
        as an object of it in ``turn.output``. Not together with `output_schema`.
    images : sequence of path or image
        Images that go with the prompt (``--image``), behind those of the input's own parts: files,
        or images in memory as bytes, of PIL or matplotlib, or of whatever a notebook shows as one.
    signal : AbortSignal, optional
        Ends the turn when its `AbortController` says so.
    cyber_access_program : str, optional
        ``standard``, ``daybreak_blue`` or ``daybreak_red`` (``--cyber-access-program``).
    additional_context : dict of str to str
        What the agent is told of its surroundings beside the prompt, such as
        ``{"variables": "df: DataFrame of 3 rows"}``. Only with ``app-server``.
    """

    if TYPE_CHECKING:

        def __init__(self, **values: Unpack[TurnKeywords]) -> None: ...

    output_schema: Annotated[dict[str, Any] | None, BeforeValidator(_no_class)] = None
    output_type: Any = None
    images: Images = ()
    signal: AbortSignal | None = None
    cyber_access_program: CyberAccessProgram | None = None
    additional_context: dict[Text, str] = Field(default_factory=dict)


class ReviewOptions(Options):
    """What a review looks at; without any of them, at the uncommitted changes.

    Parameters
    ----------
    uncommitted : bool
        Staged, unstaged and untracked changes (``--uncommitted``).
    base : str, optional
        The changes against this branch (``--base``).
    commit : str, optional
        The changes that this commit made (``--commit``).
    title : str, optional
        What the commit is called in the review (``--title``); only with `commit`.
    instructions : str, optional
        What to review, in your own words.
    signal : AbortSignal, optional
        Ends the review when its `AbortController` says so.
    """

    if TYPE_CHECKING:

        def __init__(self, **values: Unpack[ReviewKeywords]) -> None: ...

    uncommitted: bool = False
    base: Text | None = None
    commit: Text | None = None
    title: Text | None = None
    instructions: Text | None = None
    signal: AbortSignal | None = None
