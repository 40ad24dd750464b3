from __future__ import annotations

import copy
import pickle

import pytest

import codex_notebook
from codex_notebook import CodexError, Turn, TurnError
from codex_notebook import errors as module
from codex_notebook.core.fold import reduce
from codex_notebook.core.parsing import parse_event
from codex_notebook.core.state import TurnState
from codex_notebook.notebook.cell import as_one_line

TURN = Turn(reduce(TurnState(), parse_event({"type": "turn.interrupted"})))
KINDS = [kind for kind in vars(module).values() if isinstance(kind, type)]
ERRORS: list[CodexError] = [
    module.CodexError("m"),
    module.CodexNotFoundError("m", searched=["PATH"]),
    module.CodexVersionError("m", path="/codex", version="1"),
    module.NotLoggedInError("m"),
    module.InvalidOptionError("m", option="model"),
    module.InvalidOutputTypeError("m", path="A.b"),
    module.MissingDependencyError("m", package="pandas"),
    module.TemporaryFileError("m", folder="/tmp"),
    module.ForkError("m", thread_id="t", stderr="e"),
    module.UnsupportedError("m", feature="steer"),
    module.AppServerError("m", method="turn/start", code=-32600, data={"a": 1}),
    module.TurnError("m", turn=TURN),
    module.TurnFailedError("m", turn=TURN),
    module.CodexExecError("m", turn=TURN, exit_code=1, stderr="e"),
    module.ThreadBusyError("m", turn=TURN),
    module.ThreadNotFoundError("m", turn=TURN, thread_id="t"),
    module.TurnInterruptedError("m", turn=TURN),
    module.OutputValidationError("m", turn=TURN, raw="r", reason="w", schema={}),
]


def test_every_error_is_tried_here() -> None:
    assert {type(error) for error in ERRORS} == {k for k in KINDS if issubclass(k, CodexError)}


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_an_error_is_public_and_can_be_copied_and_pickled(error: CodexError) -> None:
    assert getattr(codex_notebook, type(error).__name__) is type(error)
    attributes = {*vars(error)}
    for again in (copy.copy(error), pickle.loads(pickle.dumps(as_one_line(error)))):
        assert type(again) is type(error)
        assert str(again) == str(error) == "m"
        assert attributes <= {*vars(again)}
        if isinstance(error, TurnError):
            assert isinstance(again, TurnError)
            assert again.turn.status == "interrupted"


def test_an_error_in_a_cell_is_its_message_without_what_a_terminal_would_obey() -> None:
    (line,) = as_one_line(CodexError("bad \x1b]0;title\x07\x1b[2J words"))._render_traceback_()  # type: ignore[attr-defined]
    assert line.endswith("CodexError\x1b[0m: bad  words")
