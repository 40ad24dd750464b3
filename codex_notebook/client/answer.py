"""Makes the finished turn of a last state: its answer in the type asked for, and its error.

Knows turns and output formats; not how a turn was run.
"""

from __future__ import annotations

from collections.abc import Callable

from codex_notebook.client.loop import in_thread
from codex_notebook.core.schema import AnswerError, OutputFormat
from codex_notebook.core.turn import Turn
from codex_notebook.errors import CodexError, OutputValidationError, TurnInterruptedError


async def ending(
    turn: Turn, answer: OutputFormat | None, failure: Callable[[Turn], CodexError] | None
) -> CodexError | None:
    """Return the error with which a turn ended, or set ``turn.output`` if there is none.

    Parameters
    ----------
    turn : Turn
        The turn, over.
    answer : OutputFormat or None
        How its answer is read.
    failure : callable or None
        Returns the error of one that failed; None for one that never ran.
    """
    if turn.status == "interrupted":
        return TurnInterruptedError(
            "The turn was interrupted. What it did is kept in `turn` of this error, and the "
            "thread goes on with its next turn.",
            turn=turn,
        )
    if turn.status == "failed":
        return None if failure is None else failure(turn)
    return None if answer is None else await _read(turn, answer)


async def _read(turn: Turn, answer: OutputFormat) -> OutputValidationError | None:
    """Set ``turn.output``; return the error if the answer does not fit."""
    try:
        # Off the loop, on which all turns run: a type's validators are a user's code.
        turn.output = await in_thread(_parsed, answer, turn.final_response)
    except AnswerError as fault:
        return OutputValidationError(
            f"The answer is not a {answer.name}: {fault}",
            turn=turn,
            raw=turn.final_response,
            reason=str(fault),
            schema=answer.schema,
        )
    return None


def _parsed(answer: OutputFormat, text: str) -> object:
    try:
        return answer.parse(text)
    except AnswerError:
        raise
    except BaseException as fault:
        # SystemExit and the like: let through, they would break off more than this turn.
        raise AnswerError(f"a validator raised {type(fault).__name__}({fault})") from fault
