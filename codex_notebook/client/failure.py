"""How a turn failed whose process ended badly, in words and as an exception.

``codex exec`` gives no error codes, so its sentences are matched; one that is not known here is
passed on as it came. Knows what a process leaves behind; starts none.
"""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass

from codex_notebook.client.binary import HOW_TO_GET_IT
from codex_notebook.core.turn import Turn
from codex_notebook.errors import (
    AppServerError,
    CodexError,
    CodexExecError,
    CodexVersionError,
    ThreadBusyError,
    ThreadNotFoundError,
    TurnFailedError,
    UnsupportedError,
)

# How the command line parser of the CLI ends, and what it says of an argument it does not know.
_USAGE_EXIT = 2
_UNKNOWN_ARGUMENT = re.compile(r"unexpected argument '(--[\w-]+)")
_BUSY = "already has an active writer"
_NOT_FOUND = ("no rollout found", "Session not found")

# How the server refuses what it does not know.
_TOO_OLD = ("requires experimentalApi", "unknown field `")

_REMEDIES = (
    (
        "Not inside a trusted directory",
        "Run inside a git repository, or pass skip_git_repo_check=True.",
    ),
    (
        "401 Unauthorized",
        "You are not logged in: run `codex login` in a terminal, or pass api_key to Codex().",
    ),
    *((words, f"This Codex CLI is too old for that. {HOW_TO_GET_IT}") for words in _TOO_OLD),
    (
        _BUSY,
        "Another process has this thread open; wait until its turn ends, or close the client that "
        "holds it (`await codex.close()`).",
    ),
    ("turn not found", "Use one of the turns of `await thread.read()`, or its `id`."),
    ("is archived", "From here: `await thread.unarchive()`."),
    *(
        (
            words,
            "The CLI has no such thread in its home (CODEX_HOME): use the `id` of one that had a "
            "turn there and was not ephemeral.",
        )
        for words in _NOT_FOUND
    ),
)


# What the CLI always says first, that it brings a program of its own (which is no fault), and what
# Rust appends where RUST_BACKTRACE is set.
_CHATTER = re.compile(
    r"^Reading prompt from stdin\.\.\.\n?"
    r"|^[^\n]*could not find bubblewrap on PATH[^\n]*\n?"
    r"|\s*^Stack backtrace:\n.*\Z",
    re.M | re.S,
)


def _without_chatter(stderr: str) -> str:
    return _CHATTER.sub("", stderr).strip()


def remedy(message: str) -> str:
    """Return what to do about an error of the CLI, on a line of its own; empty if not known."""
    for said, advice in _REMEDIES:
        if said in message:
            return f"\n{advice}"
    unknown = _UNKNOWN_ARGUMENT.search(message)
    return f"\nThis CLI is too old for {unknown[1]}. {HOW_TO_GET_IT}" if unknown else ""


@dataclass(frozen=True)
class Death:
    """The end of a process that had not finished what it was started for.

    Attributes
    ----------
    exit_code : int or None
        Its exit code, or the signal that ended it as a negative number; None if it never started.
    stderr : str
        The end of what it wrote to stderr.
    last_error : str
        The last error that it reported on stdout; empty if none.
    version : str or None
        What the CLI calls itself; asked for only if it `is_too_old`.
    what : str
        What it was, in words.
    """

    exit_code: int | None
    stderr: str = ""
    last_error: str = ""
    version: str | None = None
    what: str = "Codex CLI"

    @property
    def is_too_old(self) -> bool:
        """Whether the CLI did not know an argument."""
        return self.exit_code == _USAGE_EXIT and bool(_UNKNOWN_ARGUMENT.search(self.stderr))

    @property
    def knows_no_server(self) -> bool:
        """Whether the CLI did not know the subcommand ``app-server``."""
        unknown = ("unrecognized subcommand", "unexpected argument")
        return self.exit_code == _USAGE_EXIT and any(words in self.stderr for words in unknown)

    @property
    def epitaph(self) -> str:
        """What happened, what it said, and what to do about it."""
        code = self.exit_code
        if code is None:
            how = "could not be started"
        elif code < 0:
            names = {number.value: number.name for number in signal.Signals}
            how = f"was ended by {names.get(-code, f'signal {-code}')} before it was finished"
        else:
            how = f"exited with code {code} before it was finished"
        said = "\n".join(filter(None, [self.last_error, _without_chatter(self.stderr)]))
        last_words = f": {said}" if said else " and did not say why."
        return f"The {self.what} {how}{last_words}{remedy(said)}"

    def error(self, turn: Turn, *, path: str, thread_id: str | None) -> CodexError:
        """Return the exception for the turn that died with the process.

        Parameters
        ----------
        turn : Turn
            The turn as far as it came.
        path : str
            The CLI's file.
        thread_id : str or None
            The thread that was resumed, if one was.
        """
        message = turn.error or self.epitaph
        code = self.exit_code
        if self.is_too_old:
            return CodexVersionError(message, path=path, version=self.version)
        if _BUSY in self.stderr:
            return ThreadBusyError(message, turn=turn)
        if thread_id is not None and any(words in self.stderr for words in _NOT_FOUND):
            return ThreadNotFoundError(message, turn=turn, thread_id=thread_id)
        died_of = -code if code is not None and code < 0 else None
        return CodexExecError(
            message,
            turn=turn,
            exit_code=None if died_of else code,
            signal=died_of,
            stderr=self.stderr,
        )


def request_error(fault: AppServerError, turn: Turn, *, thread_id: str | None) -> CodexError:
    """Return the exception for a turn that failed because the server refused a request.

    Parameters
    ----------
    fault : AppServerError
        The refusal.
    turn : Turn
        The turn as far as it came.
    thread_id : str or None
        The thread that was resumed, if one was.
    """
    said, message = str(fault), turn.error or str(fault)
    error: TurnFailedError
    if _BUSY in said:
        error = ThreadBusyError(message, turn=turn)
    elif thread_id is not None and any(words in said for words in _NOT_FOUND):
        error = ThreadNotFoundError(message, turn=turn, thread_id=thread_id)
    else:
        error = TurnFailedError(message, turn=turn)
    error.__cause__ = fault
    return error


def too_old(fault: CodexError) -> bool:
    """Return whether a request was refused because the CLI is too old for it."""
    refused = isinstance(fault, AppServerError) and any(words in str(fault) for words in _TOO_OLD)
    return refused or isinstance(fault, UnsupportedError)


def unsupported(feature: str) -> UnsupportedError:
    """Return the error for what ``codex exec`` cannot do."""
    return UnsupportedError(
        f"`codex exec` cannot do this: {feature}. Use the live transport: "
        'Codex(transport="app-server").',
        feature=feature,
    )
