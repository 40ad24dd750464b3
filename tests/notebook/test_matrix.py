"""What differs from one ipykernel to the next: subshells, nested and side-by-side waits, Run All.

All of it passes on ipykernel 6.29 to 7.4; run it with each when pump.py or waiting.py changes. What
may fail there are faults of the kernel's: in 7.0 a thread of the user's cannot open a widget, and
7.0 to 7.3 may not read a request that comes while a reply goes out, until the next one comes
(https://github.com/ipython/ipykernel/issues/1554).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codex_notebook import offline
from codex_notebook.offline import pause, text, turn
from tests.notebook.kernel import TIMEOUT, Kernel, Outputs, running_kernel

pytestmark = [pytest.mark.kernel, pytest.mark.cli]

AWAITED = "%codex wait for it"
BLOCKING = "def f():\n    %codex wait for it\nf()"
# Opens a channel of its own, as a widget of the user's would.
LISTENING = """
from comm import create_comm

channel = create_comm(target_name="test", comm_id="channel")
"""
# A handler that waits for a turn, and then until there is something more for its shell.
ANSWERING = """
import time
from pathlib import Path

ran = []
def answer(_):
    %codex --new wait longer
    while not Path("sent").exists():
        time.sleep(0.01)
channel.on_msg(answer)
"""


@pytest.fixture
def model() -> Iterator[offline.ScriptedModel]:
    scenario = [
        turn(pause(until="go"), text("At last."), when="wait for it"),
        turn(pause(until="second go"), text("At last."), when="wait longer"),
        turn(text("Hello."), when="."),
    ]
    with offline.serve(scenario) as server:
        yield server


@pytest.fixture
def kernel(model: offline.ScriptedModel, tmp_path: Path) -> Iterator[Kernel]:
    with running_kernel({**os.environ, **model.env}, tmp_path) as kernel:
        yield kernel


@pytest.fixture
def subshell(kernel: Kernel) -> str:
    """Where JupyterLab sends its clicks, if the kernel has it."""
    ask(kernel, "kernel_info_request")
    features = answer(kernel, "kernel_info_reply").get("supported_features", [])
    if "kernel subshells" not in features:
        pytest.skip("this ipykernel has no subshells")
    ask(kernel, "create_subshell_request")
    return str(answer(kernel, "create_subshell_reply")["subshell_id"])


@pytest.mark.parametrize("code", [AWAITED, BLOCKING])
def test_a_click_by_a_subshell_is_heard_while_the_cell_runs(
    kernel: Kernel, subshell: str, code: str
) -> None:
    cell = kernel.send(code)
    kernel.until(lambda: len(cell.panels) == 1)
    send(kernel, "comm_msg", clicked(cell, "interrupt"), subshell)
    kernel.until(lambda: cell.status is not None)
    assert "TurnInterruptedError" in (cell.error or "")


@pytest.mark.parametrize("code", [AWAITED, BLOCKING])
@pytest.mark.parametrize("clicks_by_subshell", [True, False])
def test_a_cell_in_a_subshell_hears_clicks(
    kernel: Kernel, subshell: str, code: str, clicks_by_subshell: bool
) -> None:
    cell = run_in(kernel, subshell, code)
    kernel.until(lambda: len(cell.panels) == 1)
    click = clicked(cell, "interrupt")
    send(kernel, "comm_msg", click, subshell if clicks_by_subshell else None)
    kernel.until(lambda: cell.status is not None)
    assert "TurnInterruptedError" in (cell.error or "")
    assert kernel.run("%codex say hello").status == "ok"


@pytest.mark.parametrize("code", [AWAITED, BLOCKING, "await asyncio.sleep(0)\nf()"])
def test_what_is_sent_during_a_cell_runs_after_it_once_and_in_order(
    kernel: Kernel, model: offline.ScriptedModel, code: str
) -> None:
    kernel.run("import asyncio\nran = []\ndef f():\n    %codex wait for it")
    cell = kernel.send(code)
    kernel.until(lambda: len(cell.panels) == 1)
    later = [kernel.send(f"ran.append({n})") for n in range(5)]
    # An answer to a click shows that what was sent before it has been taken in.
    kernel.click(cell.panels[0], op="resync", have=0)
    kernel.until(lambda: was_resent(kernel, cell.panels[0]))
    assert all(one.status is None for one in later)
    model.release("go")
    kernel.until(lambda: all(one.status is not None for one in (cell, *later)))
    assert kernel.run("ran").result == {"text/plain": "[0, 1, 2, 3, 4]"}


@pytest.mark.parametrize("code", [AWAITED, BLOCKING])
def test_what_is_sent_during_a_cell_that_is_stopped_does_not_run(kernel: Kernel, code: str) -> None:
    kernel.run("ran = []")
    cell = kernel.send(code)
    kernel.until(lambda: len(cell.panels) == 1)
    later = [kernel.send(f"ran.append({n})") for n in range(3)]
    kernel.click(cell.panels[0], op="interrupt")
    kernel.until(lambda: all(one.status is not None for one in (cell, *later)))
    assert kernel.run("ran").result == {"text/plain": "[]"}


@pytest.mark.parametrize("code", [AWAITED, BLOCKING])
@pytest.mark.parametrize("step", ["Session.start", "show"])
def test_an_interrupt_while_a_turn_is_being_started_stops_it(
    kernel: Kernel, code: str, step: str
) -> None:
    kernel.run(
        "import signal\nfrom codex_notebook.notebook import cell\n"
        f"begin = cell.{step}\n"
        "def begin_and_press(*given, **named):\n"
        "    begun = begin(*given, **named)\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    return begun\n"
        f"cell.{step} = begin_and_press"
    )
    cell = kernel.run(code)
    assert "TurnInterruptedError" in (cell.error or "")
    assert "Traceback" not in (cell.error or "")
    assert kernel.run("_turn.status").result == {"text/plain": "'interrupted'"}


def test_turns_side_by_side_in_a_cell_are_all_stopped_by_one_interrupt(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    kernel.run("import asyncio\nasync def f():\n    %codex --new wait for it")
    cell = kernel.send("await asyncio.gather(f(), f(), return_exceptions=True)")
    kernel.until(lambda: len(cell.panels) == 2)
    model.wait_for_requests(2)
    kernel.manager.interrupt_kernel()
    kernel.until(lambda: cell.status is not None)
    assert cell.result is not None
    assert cell.result["text/plain"].count("TurnInterruptedError") == 2


def test_a_turn_that_outlives_its_cell_leaves_interrupts_as_they_were(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    """■ stops the cell that runs, whichever waits ended in it and in whatever order."""
    kernel.run(LISTENING)
    kernel.run("import asyncio\nasync def f():\n    %codex --new wait for it")
    kernel.run("async def g():\n    %codex --new wait longer")
    begun = kernel.send("first, second = (asyncio.create_task(h()) for h in (f, g))")
    kernel.until(lambda: len(begun.panels) == 2)
    cell = kernel.send(
        "await first\nprint('first', flush=True)\nawait second\nprint('second', flush=True)\n"
        "await asyncio.sleep(600)"
    )
    model.release("go")
    kernel.until(lambda: "first" in cell.stream)
    model.release("second go")
    kernel.until(lambda: "second" in cell.stream)
    kernel.manager.interrupt_kernel()
    kernel.click("channel")
    kernel.until(lambda: cell.status is not None)
    assert "Cancelled" in (cell.error or "")


def test_clicks_are_heard_until_the_last_of_the_turns_side_by_side_has_ended(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    kernel.run("import asyncio\nasync def f():\n    %codex --new wait for it")
    kernel.run("async def g():\n    %codex --new wait longer")
    cell = kernel.send("await asyncio.gather(f(), g())")
    kernel.until(lambda: len(cell.panels) == 2)
    model.release("go")
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.click(cell.panels[0], op="interrupt")
    kernel.until(lambda: cell.status is not None)
    assert "TurnInterruptedError" in (cell.error or "")


@pytest.mark.parametrize("code", [AWAITED, BLOCKING])
def test_a_handler_of_a_click_may_wait_for_a_turn_too(
    kernel: Kernel, model: offline.ScriptedModel, tmp_path: Path, code: str
) -> None:
    kernel.run(LISTENING + ANSWERING)
    cell = kernel.send(code)
    kernel.until(lambda: len(cell.panels) == 1)
    kernel.click("channel")
    kernel.until(lambda: len(all_panels(kernel)) == 2)
    (inner,) = set(all_panels(kernel)) - set(cell.panels[:1])
    kernel.click(inner, op="resync", have=0)
    kernel.until(lambda: was_resent(kernel, inner))
    model.release("second go")
    kernel.until(lambda: kernel.comms[inner][-1]["msg_type"] == "comm_close")
    later = [kernel.send(f"ran.append({n})") for n in range(3)]
    (tmp_path / "sent").touch()
    model.release("go")
    kernel.until(lambda: all(one.status is not None for one in (cell, *later)))
    assert cell.status == "ok"
    assert kernel.run("ran").result == {"text/plain": "[0, 1, 2]"}


def test_a_thread_of_the_user_may_wait_for_a_turn_while_the_shell_goes_on(
    kernel: Kernel, model: offline.ScriptedModel
) -> None:
    kernel.run("import threading\ndef f():\n    %codex wait for it")
    begun = kernel.send("thread = threading.Thread(target=f)\nthread.start()")
    kernel.until(lambda: len(all_panels(kernel)) == 1 and begun.status is not None)
    assert kernel.run("1 + 1").result == {"text/plain": "2"}
    kernel.click(all_panels(kernel)[0], op="resync", have=0)
    kernel.until(lambda: was_resent(kernel, all_panels(kernel)[0]))
    model.release("go")
    assert kernel.run("thread.join()\n_turn.status").result == {"text/plain": "'completed'"}


def send(kernel: Kernel, kind: str, content: dict[str, Any], subshell: str | None = None) -> str:
    """Send a message on the shell channel; return its id."""
    message = kernel.client.session.msg(kind, content)
    if subshell is not None:
        message["header"]["subshell_id"] = subshell
    kernel.client.shell_channel.send(message)
    return str(message["header"]["msg_id"])


def clicked(cell: Outputs, op: str) -> dict[str, Any]:
    """Return what the panel of a cell sends when a button is clicked."""
    return {"comm_id": cell.panels[0], "data": {"method": "custom", "content": {"op": op}}}


def run_in(kernel: Kernel, subshell: str, code: str) -> Outputs:
    """Run a cell in a subshell."""
    outputs = Outputs()
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True}
    kernel.cells[send(kernel, "execute_request", content, subshell)] = outputs
    return outputs


def ask(kernel: Kernel, kind: str) -> None:
    """Send a request on the control channel."""
    kernel.client.control_channel.send(kernel.client.session.msg(kind, {}))


def answer(kernel: Kernel, kind: str) -> dict[str, Any]:
    """Return the content of the reply to it."""
    while True:
        message = kernel.client.get_control_msg(timeout=TIMEOUT)
        if message["msg_type"] == kind:
            return dict(message["content"])


def all_panels(kernel: Kernel) -> list[str]:
    """Return the models of all panels that were opened, in that order."""
    return [
        comm
        for comm, (opened, *_) in kernel.comms.items()
        if opened["content"]["data"].get("state", {}).get("_model_name") == "AnyModel"
    ]


def was_resent(kernel: Kernel, panel: str) -> bool:
    """Return whether a panel has been sent the whole of its view."""
    return '"snapshot", ' in json.dumps([m["content"]["data"] for m in kernel.comms[panel][1:]])
