"""A notebook in a real JupyterLab and Chromium, and what a run of one of its cells was like there.

Knows pages, clocks and Chromium's own counters; not what the cells show.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.table import SkippedError
from tests.browser.chromium import NO_BROWSER, find_chromium, launched
from tests.browser.lab import (
    Notebook,
    Server,
    open_notebook,
    own_environment,
    running_lab,
    write_notebook,
)
from tests.processes import eventually

_ROOT = Path(__file__).parents[1]
_PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")

_PATIENCE = 180.0
# Chromium's names of what its main thread did, in seconds.
_COUNTERS = {
    "whole": "TaskDuration",
    "script": "ScriptDuration",
    "layout": "LayoutDuration",
    "style": "RecalcStyleDuration",
}


@dataclass(frozen=True)
class Run:
    """What a run of a cell was like in the page.

    Attributes
    ----------
    said : sequence of float
        When each numbered thing was said in the kernel, in seconds of the machine's clock.
    numbers, painted : sequence
        Which number was the newest on the page, from which moment on.
    panel_at, pressed_at : float or None
        When a panel was painted first; when the last key was pressed.
    frames : int
        How many frames the page painted.
    wire : int
        Bytes that came from the kernel.
    main_thread : dict of str to float
        Seconds that the page's main thread was busy: ``whole``, and of that ``script``,
        ``layout`` and ``style``.
    longest_task : float
        The longest time that it was busy with one thing, in seconds.
    probe : float
        Seconds that went into looking.
    load : float
        The machine's load at the end.
    """

    said: Sequence[float]
    numbers: Sequence[int]
    painted: Sequence[float]
    panel_at: float | None
    pressed_at: float | None
    frames: int
    wire: int
    main_thread: dict[str, float]
    longest_task: float
    probe: float
    load: float

    @property
    def latencies(self) -> list[float]:
        """The seconds from saying to painting of each thing, in increasing order."""
        late: list[float] = []
        for newest, painted in zip(self.numbers, self.painted, strict=True):
            late += [painted - said for said in self.said[len(late) : newest + 1]]
        assert len(late) == len(self.said), "The page did not come to the end."
        return sorted(late)

    def late(self, share: float) -> float:
        """Return in how many milliseconds that share of all things was painted."""
        late = self.latencies
        return 1000 * late[min(int(share * len(late)), len(late) - 1)]


class Lab:
    """A running JupyterLab and the browser before it."""

    def __init__(self, browser: Browser, server: Server, work: Path) -> None:
        self._browser = browser
        self._server = server
        self._work = work
        self._opened = 0

    def file(self, name: str) -> Path:
        """Return where something of that name may be written."""
        return self._work / name

    @contextmanager
    def notebook(self, *cells: str) -> Iterator[WatchedNotebook]:
        """Open a notebook with a kernel of its own."""
        self._opened += 1
        name = f"bench{self._opened}.ipynb"
        write_notebook(self._server.folder, name, list(cells))
        book = open_notebook(self._browser, self._server, name, script=_PROBE)
        try:
            yield WatchedNotebook(self._browser, book)
        finally:
            book.page.context.close()
            self._server.end_kernels()


class WatchedNotebook:
    """An open notebook whose page is watched."""

    def __init__(self, browser: Browser, book: Notebook) -> None:
        self.book = book
        self._browser = browser
        self._page: Page = book.page
        self._cdp = book.page.context.new_cdp_session(book.page)
        self._cdp.send("Performance.enable")

    def run_and_wait(self, cell: int) -> None:
        """Run a cell to its end, unwatched."""
        self.book.run(cell)
        self.book.done(cell)

    def run(self, cell: int, told: Path | None = None, *, until: str) -> Run:
        """Run a cell until its page is where we want it.

        Parameters
        ----------
        cell : int
            Which, from 0.
        told : Path, optional
            The file in which the cell leaves its times when it is done. Until then the page is
            left alone.
        until : str
            A JavaScript expression that comes true in the page.
        """
        self.book.focus(cell)
        before = self._counters()
        self._browser.start_tracing(page=self._page, categories=["toplevel"])
        self._page.evaluate("cell => probe.watch(cell)", cell)
        self._page.keyboard.press("Control+Enter")
        said = array("d")
        if told is not None:
            assert eventually(told.exists, _PATIENCE), f"{told.name} was not written."
            said.frombytes(told.read_bytes())
            told.unlink()
        self._wait(until)
        after = self._counters()
        seen = self._page.evaluate("() => probe.seen()")
        trace = self._browser.stop_tracing()
        return Run(
            said=said,
            numbers=seen["numbers"],
            painted=[_seconds(each) for each in seen["times"]],
            panel_at=seen["panelAt"] and _seconds(seen["panelAt"]),
            pressed_at=seen["pressedAt"] and _seconds(seen["pressedAt"]),
            frames=seen["frames"],
            wire=seen["bytes"],
            main_thread={name: after[name] - before[name] for name in _COUNTERS},
            longest_task=_longest_task(trace),
            probe=_seconds(seen["spent"]),
            load=os.getloadavg()[0],
        )

    def holds(self, cell: int, text: str) -> bool:
        """Return whether the last card of the panel in a cell's output holds just this text."""
        held = self._page.evaluate("cell => probe.held(cell)", cell)
        ours = text.encode()
        expected = {"length": len(ours), "sha256": hashlib.sha256(ours).hexdigest()}
        return bool(held == expected)

    def _wait(self, until: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not self._page.evaluate(f"() => {until}"):
            assert time.monotonic() < end, f"The page never came to {until}."
            time.sleep(0.1)

    def _counters(self) -> dict[str, float]:
        counted = self._cdp.send("Performance.getMetrics")["metrics"]
        values = {each["name"]: each["value"] for each in counted}
        return {name: values[counter] for name, counter in _COUNTERS.items()}


@contextmanager
def lab(env: Mapping[str, str] | None = None) -> Iterator[Lab]:
    """Start JupyterLab and Chromium.

    Parameters
    ----------
    env : mapping of str to str, optional
        What the kernels see beside our own environment.

    Raises
    ------
    SkippedError
        If there is no Chromium.
    """
    chromium = find_chromium()
    if chromium is None:
        raise SkippedError(NO_BROWSER)
    own = own_environment()
    # The cells import what stands beside this file, installed or not.
    own["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_ROOT), own.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as made, launched(chromium) as browser:
        folders = [Path(made, name) for name in ("notebooks", "state", "work")]
        for folder in folders:
            folder.mkdir()
        notebooks, state, work = folders
        with running_lab(notebooks, {**own, **(env or {})}, state) as server:
            yield Lab(browser, server, work)


def _seconds(milliseconds: float) -> float:
    return milliseconds / 1000


def _longest_task(trace: bytes) -> float:
    """Return the longest task of the page's main thread, in seconds."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event["dur"]
        for event in events
        if event["ph"] == "X"
        and event["name"].endswith("RunTask")
        and (event["pid"], event["tid"]) in threads
    ]
    return float(max(tasks)) / 1e6
