"""The magics in a real kernel, over the real CLI and a scripted model."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from codex_notebook import offline
from codex_notebook.offline import command, pause, text, turn
from tests.notebook.kernel import Kernel, running_kernel
from tests.processes import descendants, eventually, runs

pytestmark = [pytest.mark.kernel, pytest.mark.cli]

SCENARIO = [
    turn(text("Hello."), when="say hello"),
    turn(text("What I know: {x}."), when="to the letter"),
    turn(text({"value": [{"name": "a", "n": 1}]}), when="rows"),
    turn(text({"value": [{"name": "a", "n": "many"}]}), when="wrong"),
    turn(text("Working."), command("sleep 600"), text("never said"), when="sleep long"),
    turn(pause(until="go"), text("At last."), when="wait for it"),
    turn(offline.fail("boom"), when="fail"),
    turn(text("Something else."), when="."),
]


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO) as server:
        yield server


@pytest.fixture
def kernel(model: offline.ScriptedModel, tmp_path: Path) -> Iterator[Kernel]:
    with running_kernel({**os.environ, **model.env}, tmp_path) as kernel:
        yield kernel


def test_a_cell_shows_a_panel_and_then_the_record(kernel: Kernel) -> None:
    cell = kernel.send("%%codex\nsay hello")
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.until(lambda: cell.status is not None)
    assert (cell.status, cell.panels, cell.result) == ("ok", [], None)
    (record,) = cell.displays.values()
    assert set(record) == {"text/plain", "text/markdown", "text/html"}
    assert "Hello." in record["text/plain"]


def test_the_frames_of_a_turn_lead_to_its_end(kernel: Kernel) -> None:
    cell = kernel.send("%%codex\nsay hello")
    kernel.until(lambda: cell.status is not None)
    opened, *others = panel_messages(kernel)
    state = opened["content"]["data"]["state"]
    assert json.loads(state["snapshot"])["view"]["header"]["prompt"] == "say hello\n"
    frames = sent_to_panel(kernel)
    assert [f["seq"] for f in frames] == list(range(1, len(frames) + 1))
    headers = [op[1] for f in frames for op in f["ops"] if op[0] == "header"]
    assert headers[-1]["status"] == "completed"
    assert others[-1]["msg_type"] == "comm_close"


def test_the_prompt_reaches_the_model_to_the_letter(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    prompt = ">>> to the letter {x} ${HOME} $x `id` \"a\" 'b' \\n %time\n\tindented {{x}}\n"
    kernel.run("x = 1")
    assert kernel.run(f"%%codex\n{prompt}").status == "ok"
    assert model.requests[-1].user_message == prompt


def test_places_are_filled_in_only_when_asked(kernel: Kernel, model: offline.ScriptedModel) -> None:
    kernel.run("x = [1]")
    kernel.run("%%codex -i\nto the letter {{x}} {{y}}")
    assert model.requests[-1].user_message.strip() == "to the letter [1] {{y}}"


def test_in_a_function_its_own_variables_are_meant(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    kernel.run("name = 'global'")
    kernel.run("def f(name):\n    %codex -i to the letter {{name}}\nf('local')")
    assert model.requests[-1].user_message == "to the letter local"


def test_another_client_is_used_from_the_next_turn_on(kernel: Kernel) -> None:
    kernel.run("%codex say hello")
    kernel.run(
        "from codex_notebook import Codex\n"
        "from codex_notebook.notebook.magics import session_of\n"
        "session_of(get_ipython()).codex = Codex(codex_path_override='/no/codex')"
    )
    cell = kernel.run("%codex say hello")
    assert cell.error is not None
    assert "/no/codex" in cell.error


def test_cells_go_on_with_one_thread_until_a_new_one_is_asked_for(kernel: Kernel) -> None:
    threads = []
    for line in ("%codex say hello", "%codex say hello again", "%codex --new say hello"):
        kernel.run(line)
        result = kernel.run("_turn.thread_id").result
        assert result is not None
        threads.append(result["text/plain"])
    assert threads[0] == threads[1] != threads[2]


def test_with_a_type_the_value_is_an_object_of_it(kernel: Kernel) -> None:
    kernel.run(
        "from dataclasses import dataclass\n@dataclass\nclass Row:\n    name: str\n    n: int"
    )
    cell = kernel.run("%%codex -t list[Row] -o rows\ngive rows")
    assert cell.result is not None
    assert cell.result["text/plain"] == "[Row(name='a', n=1)]"
    again = kernel.run("rows == _ and rows[0].n + 1, list(_turn.to_frame().columns)").result
    assert again is not None
    assert again["text/plain"] == "(2, ['name', 'n'])"


def test_an_answer_that_does_not_fit_is_one_readable_error_and_keeps_the_turn(
    kernel: Kernel,
) -> None:
    kernel.run("from pydantic import BaseModel\nclass Row(BaseModel):\n    name: str\n    n: int")
    cell = kernel.run("%%codex -t list[Row] -o rows\nwrong")
    assert cell.error is not None
    assert "OutputValidationError" in cell.error
    assert "Traceback" not in cell.error
    assert "many" in cell.texts[0]
    kept = kernel.run("rows is _turn and rows.final_response").result
    assert kept is not None
    assert "many" in kept["text/plain"]


def test_a_failed_turn_stops_run_all_and_keeps_its_record(kernel: Kernel) -> None:
    failing, after = kernel.send("%%codex\nfail"), kernel.send("'not run'")
    kernel.until(lambda: failing.status is not None and after.status is not None)
    assert failing.error is not None
    assert "boom" in failing.error
    assert "Failed" in failing.texts[0]
    assert after.result is None


def test_run_all_keeps_its_order(kernel: Kernel) -> None:
    cells = [kernel.send(c) for c in ("%%codex\nsay hello", "_turn.status", "%codex say hello")]
    kernel.until(lambda: all(cell.status is not None for cell in cells))
    assert cells[1].result == {"text/plain": "'completed'"}


OVER = {
    "live": "pass",
    "exec": "from codex_notebook import Codex\n"
    "from codex_notebook.notebook.magics import session_of\n"
    "session_of(get_ipython()).codex = Codex()",
}
TRANSPORTS = pytest.mark.parametrize("over", list(OVER))


def only_the_server_is_left(kernel: Kernel, over: str) -> bool:
    """Return whether no process of a turn is left; over ``exec`` there is no server either."""
    left = []
    for process in descendants(kernel.pid):
        with suppress(psutil.NoSuchProcess):
            left.append(process.cmdline())
    # It, and the guard under which it runs.
    return len(left) == (2 if over == "live" else 0) and all("app-server" in one for one in left)


@TRANSPORTS
def test_stop_in_the_panel_works_while_the_cell_runs(kernel: Kernel, over: str) -> None:
    kernel.run(OVER[over])
    cell = kernel.send("%%codex -o partial\nsleep long")
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.until(lambda: says(kernel, "Working."))
    assert eventually(lambda: runs("sleep 600", kernel.pid))
    kernel.click(cell.panels[0], op="interrupt")
    kernel.until(lambda: cell.status is not None, within=5)
    assert cell.error is not None
    assert "TurnInterruptedError" in cell.error
    assert "Interrupted" in cell.texts[0]
    assert eventually(lambda: only_the_server_is_left(kernel, over))
    kept = kernel.run("partial.final_response, partial.status").result
    assert kept == {"text/plain": "('Working.', 'interrupted')"}


@TRANSPORTS
@pytest.mark.parametrize("cell_text", ["%%codex\nsleep long", "%%time\n%codex sleep long"])
def test_an_interrupt_stops_the_turn_and_the_next_cell_runs(
    kernel: Kernel, cell_text: str, over: str
) -> None:
    kernel.run(OVER[over])
    cell = kernel.send(cell_text)
    kernel.until(lambda: says(kernel, "Working."))
    assert eventually(lambda: runs("sleep 600", kernel.pid))
    kernel.manager.interrupt_kernel()
    kernel.until(lambda: cell.status is not None, within=5)
    assert cell.error is not None
    assert "TurnInterruptedError" in cell.error
    assert "Traceback" not in cell.error
    assert eventually(lambda: only_the_server_is_left(kernel, over))
    assert kernel.run("_turn.status").result == {"text/plain": "'interrupted'"}
    assert kernel.run("%%codex\nsay hello").status == "ok"


def test_a_click_is_heard_in_a_cell_that_blocks(kernel: Kernel) -> None:
    cell = kernel.send("def f():\n    %codex sleep long\nf()")
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.click(cell.panels[0], op="interrupt")
    kernel.until(lambda: cell.status is not None, within=5)
    assert cell.error is not None
    assert "TurnInterruptedError" in cell.error


def test_a_turn_in_the_background_lets_other_cells_run(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    cell = kernel.run("%%codex --bg -o running\nwait for it")
    assert (cell.status, len(cell.panels)) == ("ok", 1)
    assert kernel.run("running.state.ended, 1 + 1").result == {"text/plain": "(False, 2)"}
    model.release("go")
    done = kernel.run("(await running).final_response")
    assert done.result == {"text/plain": "'At last.'"}
    kernel.until(lambda: cell.panels == [])
    assert "At last." in cell.texts[0]
    assert kernel.run("_turn.final_response").result == {"text/plain": "'At last.'"}


def test_a_cell_waits_for_the_turn_in_the_background_before_it(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    kernel.run("%%codex --bg -o running\nsay hello")
    cell = kernel.run("%%codex\nsay hello")
    assert cell.status == "ok"
    same = kernel.run("running.state.thread_id == _turn.thread_id").result
    assert same == {"text/plain": "True"}


def test_a_front_end_that_missed_frames_gets_the_whole_view(kernel: Kernel) -> None:
    cell = kernel.send("%%codex --bg\nsleep long")
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.click(cell.panels[0], op="resync", have=0)
    kernel.until(lambda: any(m["op"] == "snapshot" for m in sent_to_panel(kernel)))
    kernel.click(cell.panels[0], op="interrupt")
    kernel.until(lambda: cell.panels == [])


def test_evaluating_a_turn_again_shows_its_record(kernel: Kernel) -> None:
    first = kernel.run("t = %codex say hello\nt")
    assert len(first.displays) == 1
    again = kernel.run("t")
    assert "Hello." in again.texts[0]


def test_a_sandbox_opened_for_one_cell_is_closed_in_the_next(kernel: Kernel) -> None:
    kernel.run("%codex --sandbox workspace-write say hello")
    opened = kernel.run("_turn.state.request.sandbox_mode").result
    kernel.run("%codex say hello")
    closed = kernel.run("_turn.state.request.sandbox_mode").result
    assert opened == {"text/plain": "'workspace-write'"}
    assert closed == {"text/plain": "'read-only'"}


def test_the_agent_works_in_the_notebooks_folder_unless_told_otherwise(
    kernel: Kernel, tmp_path: Path
) -> None:
    (tmp_path / "deeper").mkdir()
    kernel.run("%codex say hello")
    here = kernel.run("_turn.state.request.working_directory").result
    kernel.run("%codex --cd deeper say hello")
    there = kernel.run("_turn.state.request.working_directory").result
    assert here == {"text/plain": repr(str(tmp_path))}
    assert there == {"text/plain": repr(str(tmp_path / "deeper"))}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%codex --nope hi", "no option --nope"),
        ("%codex -t Nope hi", "name 'Nope' is not defined"),
        ("%codex -t dict[str,int] hi", "InvalidOutputTypeError"),
        ("%codex --sandbox none hi", "'read-only', 'workspace-write' or 'danger-full-access'"),
        ("%codex --cd /no/such hi", "/no/such does not exist"),
        ("%codex", "prompt is empty"),
        ("%%codex\n ", "prompt is empty"),
        ("%%codex", "prompt is empty"),
    ],
)
def test_bad_input_is_one_clear_error_before_anything_is_spent(
    kernel: Kernel, model: offline.ScriptedModel, line: str, said: str
) -> None:
    before = len(model.requests)
    cell = kernel.run(line)
    assert cell.error is not None
    assert said in cell.error
    assert "Traceback" not in cell.error
    assert (len(model.requests), cell.displays) == (before, {})


def test_no_process_is_left_when_the_kernel_is_killed(kernel: Kernel) -> None:
    kernel.send("%%codex\nsleep long")
    assert eventually(lambda: runs("sleep 600", kernel.pid), 10)
    started = descendants(kernel.pid)
    kernel.manager.signal_kernel(signal.SIGKILL)
    assert eventually(lambda: not any(p.is_running() for p in started))


def panel_messages(kernel: Kernel) -> list[dict[str, Any]]:
    """Return what went over the channel of the panel that was opened last."""
    panels = [
        messages
        for messages in kernel.comms.values()
        if messages[0]["content"]["data"].get("state", {}).get("_model_name") == "AnyModel"
    ]
    return panels[-1] if panels else []


def sent_to_panel(kernel: Kernel) -> list[dict[str, Any]]:
    """Return the frames and snapshots among them."""
    data = [m["content"]["data"] for m in panel_messages(kernel) if m["msg_type"] == "comm_msg"]
    return [d["content"] for d in data if d.get("method") == "custom"]


def says(kernel: Kernel, words: str) -> bool:
    """Return whether the panel has been told of ``words``."""
    return words in json.dumps(sent_to_panel(kernel))
