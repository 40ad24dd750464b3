"""Every error that codex_notebook raises: one tree, so that one ``except`` can hold all of it.

::

    CodexError
    ├── CodexNotFoundError        no Codex CLI on this machine
    ├── CodexVersionError         the CLI is too old for what was asked
    ├── NotLoggedInError          the CLI has no login and was given no key
    ├── InvalidOptionError        an option or an input that cannot work; also a ValueError
    ├── InvalidOutputTypeError    an output type that no strict schema expresses; also a TypeError
    ├── MissingDependencyError    an optional package is not installed; also an ImportError
    ├── TemporaryFileError        a file for the CLI could not be written; also an OSError
    ├── ForkError                 the CLI could not fork a thread
    ├── UnsupportedError          this transport, or this CLI, cannot do that
    ├── AppServerError            the CLI's server refused a request, or did not answer it
    └── TurnError                 a turn began and did not end well; carries the turn so far
        ├── TurnFailedError       the agent or the model reported a failure
        │   ├── CodexExecError    the CLI process itself ended badly
        │   ├── ThreadBusyError   another process is running a turn of the thread
        │   └── ThreadNotFoundError  the CLI does not know the thread that was to be resumed
        ├── TurnInterruptedError  somebody stopped the turn
        └── OutputValidationError the answer does not fit the output type

A message says what happened, why, and what to do next; what a program needs is in attributes.
This file knows nothing of processes or notebooks, and no error ever holds an API key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codex_notebook.core.turn import Turn


class CodexError(Exception):
    """Base of every error of this package. Errors can be copied and pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The usual way would call the class with the message alone, without its keywords.
        return _rebuilt, (type(self), self.args, {**self.__dict__})


def _rebuilt(
    kind: type[CodexError], arguments: tuple[Any, ...], attributes: dict[str, Any]
) -> CodexError:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    error.__dict__.update(attributes)
    return error


class CodexNotFoundError(CodexError):
    """There is no Codex CLI to run.

    Attributes
    ----------
    searched : tuple of str
        Where it was looked for, in order.
    """

    def __init__(self, message: str, *, searched: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.searched = tuple(searched)


class CodexVersionError(CodexError):
    """The CLI that was found does not know what this package needs of it.

    Attributes
    ----------
    path : str
        The CLI's file.
    version : str or None
        What ``codex --version`` says, if it says anything.
    """

    def __init__(self, message: str, *, path: str, version: str | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.version = version


class NotLoggedInError(CodexError):
    """The CLI has no login, and no key was given; raised before a turn starts."""


class InvalidOptionError(CodexError, ValueError):
    """An option or an input that cannot work; raised before any process starts.

    Attributes
    ----------
    option : str
        The name of the option or input.
    """

    def __init__(self, message: str, *, option: str) -> None:
        super().__init__(message)
        self.option = option


class InvalidOutputTypeError(CodexError, TypeError):
    """An output type that a strict JSON schema cannot express; raised before a token is spent.

    Attributes
    ----------
    path : str
        The field at fault, such as ``Invoice.lines[].extra``.
    """

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path


class MissingDependencyError(CodexError, ImportError):
    """An optional package is needed for this and is not installed.

    Attributes
    ----------
    package : str
        Its name on the package index.
    """

    def __init__(self, message: str, *, package: str) -> None:
        super().__init__(message)
        self.package = package


class TemporaryFileError(CodexError, OSError):
    """A file that the CLI is to read could not be written; raised before a process starts.

    Attributes
    ----------
    folder : str
        Where it was to be.
    """

    def __init__(self, message: str, *, folder: str) -> None:
        super().__init__(message)
        self.folder = folder


class ForkError(CodexError):
    """The CLI could not fork a thread (``codex exec fork``).

    Attributes
    ----------
    thread_id : str
        The thread that was to be forked.
    stderr : str
        The end of what the CLI wrote to stderr (at most 8 KiB).
    """

    def __init__(self, message: str, *, thread_id: str, stderr: str = "") -> None:
        super().__init__(message)
        self.thread_id = thread_id
        self.stderr = stderr


class UnsupportedError(CodexError):
    """What was asked for is more than the transport, or the CLI, can do.

    Attributes
    ----------
    feature : str
        What that is, such as ``steer``.
    """

    def __init__(self, message: str, *, feature: str) -> None:
        super().__init__(message)
        self.feature = feature


class AppServerError(CodexError):
    """The CLI's server (``codex app-server``) refused a request, or did not answer it.

    Attributes
    ----------
    method : str
        The request, such as ``thread/resume``.
    code : int or None
        The protocol's number for what is wrong; None if there was no answer.
    data : object
        What else the answer said; how the server ended, if it has gone.
    """

    def __init__(
        self, message: str, *, method: str, code: int | None = None, data: object = None
    ) -> None:
        super().__init__(message)
        self.method = method
        self.code = code
        self.data = data


class TurnError(CodexError):
    """A turn began and did not end well.

    Attributes
    ----------
    turn : Turn
        Everything the turn had: its items, text and usage up to the end.
    """

    def __init__(self, message: str, *, turn: Turn) -> None:
        super().__init__(message)
        self.turn = turn


class TurnFailedError(TurnError):
    """The CLI reported that the turn failed (``turn.failed``, or ``error`` as its last word).

    What the live transport knows of it as a code is in `code` and `http_status`.
    """

    @property
    def code(self) -> str | None:
        """The protocol's name for what went wrong, such as ``usageLimitExceeded``."""
        return self.turn.state.error_code

    @property
    def http_status(self) -> int | None:
        """The status of the HTTP response that was the cause, if one was."""
        return self.turn.state.error_http_status


class CodexExecError(TurnFailedError):
    """The CLI process ended without finishing the turn.

    Attributes
    ----------
    exit_code : int or None
        Its exit code, if it exited.
    signal : int or None
        The signal that ended it, if one did.
    stderr : str
        The end of what it wrote to stderr (at most 8 KiB).
    """

    def __init__(
        self,
        message: str,
        *,
        turn: Turn,
        exit_code: int | None = None,
        signal: int | None = None,
        stderr: str = "",
    ) -> None:
        super().__init__(message, turn=turn)
        self.exit_code = exit_code
        self.signal = signal
        self.stderr = stderr


class ThreadBusyError(TurnFailedError):
    """Another process has this thread open; the CLI lets only one write to it.

    That is a running turn of ``codex exec``, or an app-server that has run one: ours holds its
    threads until `Codex.close`. Within one client this does not happen: a thread's turns wait for
    each other.
    """


class ThreadNotFoundError(TurnFailedError):
    """The CLI does not know the thread that was to be resumed.

    Attributes
    ----------
    thread_id : str
        The id that was asked for.
    """

    def __init__(self, message: str, *, turn: Turn, thread_id: str) -> None:
        super().__init__(message, turn=turn)
        self.thread_id = thread_id


class TurnInterruptedError(TurnError):
    """The turn was stopped by a person or a program; what it did until then is in ``turn``."""


class OutputValidationError(TurnError):
    """The final answer does not fit the output type.

    Attributes
    ----------
    raw : str
        The answer as the agent gave it.
    reason : str
        Why it does not fit, one line for each fault.
    schema : dict
        The JSON schema that was sent.
    """

    def __init__(
        self, message: str, *, turn: Turn, raw: str, reason: str, schema: dict[str, Any]
    ) -> None:
        super().__init__(message, turn=turn)
        self.raw = raw
        self.reason = reason
        self.schema = schema
