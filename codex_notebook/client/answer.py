"""Reads a finished turn's answer into the type that was asked for.

Knows turns and output formats; not how a turn was run.
"""

from __future__ import annotations

from codex_notebook.client.loop import in_thread
from codex_notebook.core.schema import AnswerError, OutputFormat
from codex_notebook.core.turn import Turn
from codex_notebook.errors import OutputValidationError


async def read_answer(turn: Turn, answer: OutputFormat) -> OutputValidationError | None:
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
