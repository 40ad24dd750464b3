"""Drives a real kernel as a front end does: runs cells, sees their outputs, clicks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

TIMEOUT = 30.0
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass
class Outputs:
    """What a cell has put out, as a front end would show it now."""

    displays: dict[str, dict[str, Any]] = field(default_factory=dict)
    stream: str = ""
    result: dict[str, Any] | None = None
    error: str | None = None
    status: str | None = None

    @property
    def texts(self) -> list[str]:
        """The plain text of all displays."""
        return [data["text/plain"] for data in self.displays.values()]

    @property
    def panels(self) -> list[str]:
        """The model ids of the widgets that are shown."""
        return [d[WIDGET_VIEW]["model_id"] for d in self.displays.values() if WIDGET_VIEW in d]


class Kernel:
    """A running kernel and one client of it."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager) -> None:
        self.client = client
        self.manager = manager
        self.cells: dict[str, Outputs] = {}
        self.comms: dict[str, list[dict[str, Any]]] = {}

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self.manager.provisioner.pid)  # type: ignore[union-attr]

    def send(self, code: str, *, allow_stdin: bool = True) -> Outputs:
        """Send a cell and return at once; its outputs fill in as `until` reads."""
        outputs = Outputs()
        self.cells[self.client.execute(code, allow_stdin=allow_stdin)] = outputs
        return outputs

    def asked(self, within: float = TIMEOUT) -> dict[str, Any]:
        """Wait until the kernel asks something on the stdin channel, and return that."""
        return dict(self.client.get_stdin_msg(timeout=within)["content"])

    def reply(self, text: str) -> None:
        """Answer it."""
        self.client.input(text)

    def run(self, code: str) -> Outputs:
        """Run a cell to its end."""
        outputs = self.send(code)
        self.until(lambda: outputs.status is not None)
        return outputs

    def until(self, condition: Callable[[], bool], within: float = TIMEOUT) -> None:
        """Read messages until ``condition`` holds."""
        end = time.monotonic() + within
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"It did not come about. The cells: {self.cells}")
            try:
                self._take(self.client.get_iopub_msg(timeout=0.1))
            except Empty:
                continue

    def click(self, panel: str, **content: Any) -> None:
        """Send a message from a panel's front end."""
        data = {"method": "custom", "content": content}
        message = self.client.session.msg("comm_msg", {"comm_id": panel, "data": data})
        self.client.shell_channel.send(message)

    def _take(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind.startswith("comm_"):
            self.comms.setdefault(content["comm_id"], []).append(message)
            return
        outputs = self.cells.get(message["parent_header"].get("msg_id", ""))
        if kind == "update_display_data":
            name = content["transient"]["display_id"]
            for cell in self.cells.values():
                if name in cell.displays:
                    cell.displays[name] = content["data"]
        elif outputs is None:
            return
        elif kind == "display_data":
            name = content["transient"].get("display_id", f"display {len(outputs.displays)}")
            outputs.displays[name] = content["data"]
        elif kind == "stream":
            outputs.stream += content["text"]
        elif kind == "execute_result":
            outputs.result = content["data"]
        elif kind == "error":
            outputs.error = "\n".join(content["traceback"])
        elif kind == "status" and content["execution_state"] == "idle":
            outputs.status = "error" if outputs.error else "ok"


@contextmanager
def running_kernel(env: Mapping[str, str], folder: Path) -> Iterator[Kernel]:
    """Start a kernel in ``folder``, with the extension loaded."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(env=dict(env), cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=TIMEOUT)
        kernel = Kernel(client, manager)
        assert kernel.run("%load_ext codex_notebook").status == "ok"
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
