"""The scripted model as its user sees it: started, asked, released and closed from any thread.

Owns the thread that serves, and the temporary home of the CLI. How requests are answered is in
``service``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import tempfile
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any

from codex_notebook.errors import InvalidOptionError
from codex_notebook.offline.errors import ScenarioError
from codex_notebook.offline.home import (
    DEFAULT_MODEL,
    environment,
    provider_config,
    temporary_home,
)
from codex_notebook.offline.record import RecordedRequest
from codex_notebook.offline.scenario import Scenario, ScenarioLike
from codex_notebook.offline.service import ModelService

if TYPE_CHECKING:
    from typing_extensions import Self

    from codex_notebook.client.options import CodexOptions


def serve(
    scenario: ScenarioLike,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    repeat: bool = False,
    model: str = DEFAULT_MODEL,
) -> ScriptedModel:
    """Serve a scenario as a model on loopback.

    Parameters
    ----------
    scenario : list of turns, of steps or of dicts, Scenario, or path of a JSON file
        What the model will say; a list of steps is one turn.
    host : str
        A loopback address.
    port : int
        Default 0: a free one.
    repeat : bool
        Whether a conversation that has used up the turns starts over with them. Default False:
        it is told that they are used up.
    model : str
        The model that the CLI is configured for. Default one that the CLI knows.

    Returns
    -------
    ScriptedModel
        Starts with ``with``, or with ``start()``.

    Raises
    ------
    ScenarioError
        If the scenario cannot work.
    InvalidOptionError
        If `host` is no loopback address.

    Examples
    --------
    >>> from codex_notebook import offline
    >>> with offline.serve([offline.text("Hello!")]) as server:
    ...     server.config["model_provider"]
    'scripted'
    """
    return ScriptedModel(
        Scenario.of(scenario), host=_loopback(host), port=port, repeat=repeat, model=model
    )


class ScriptedModel:
    """A scenario being served; made by `serve`, and used once."""

    def __init__(
        self, scenario: Scenario, *, host: str, port: int, repeat: bool, model: str
    ) -> None:
        self._scenario = scenario
        self._host = host
        self._port = port
        self._model = model
        self._service = ModelService(scenario, repeat=repeat, model=model)
        self._thread: threading.Thread | None = None
        self._home: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> Self:
        """Open the socket and serve in the background.

        Raises
        ------
        OSError
            If the port is taken.
        RuntimeError
            If it was started before.
        """
        if self._thread is not None:
            raise RuntimeError("A scripted model starts only once; serve the scenario again.")
        started: Future[int] = Future()
        # A daemon: an interpreter that exits without close() must not wait for clients.
        self._thread = threading.Thread(
            target=self._serve, args=(started,), daemon=True, name="codex-offline"
        )
        self._thread.start()
        self._port = started.result()
        try:
            self._home = temporary_home(self.config)
        except OSError:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Cut all connections, end the thread and remove the CLI's home; again is harmless.

        Stop the CLIs first: one that is still ending makes parts of its home anew, which then
        stay until this Python exits.
        """
        if self._thread is not None:
            self._service.stop()
            self._thread.join()
        if self._home is not None:
            self._home.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the API is, such as ``http://127.0.0.1:40123/v1``."""
        if not self._port:
            raise RuntimeError("The scripted model has no address before start() or `with`.")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}/v1"

    @property
    def config(self) -> dict[str, Any]:
        """The CLI configuration that leads to this server, as nested names.

        It also switches off what makes the CLI call out by itself: plug-ins, telemetry and the
        look-up of newer versions.
        """
        return provider_config(self.url, self._model)

    @property
    def env(self) -> dict[str, str]:
        """The environment variables that lead any CLI process to this server.

        ``CODEX_HOME`` is a temporary folder whose ``config.toml`` says what `config` says, so
        that the user's own home, login and threads are never touched; ``NO_PROXY`` keeps the CLI
        from asking a proxy for a loopback address. They go on top of the usual environment.
        """
        if self._home is None:
            raise RuntimeError("The scripted model has no home before start() or `with`.")
        return environment(self._home.name, self._host)

    @property
    def options(self) -> CodexOptions:
        """The options of a `Codex` that talks to this server: its `config` and `env`."""
        # Imported here: without it, this package is of use to any Codex client.
        from codex_notebook.client.options import CodexOptions

        return CodexOptions(config=self.config, env=self.env)

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked of the model so far, in order."""
        return self._service.requests.requests()

    @property
    def other_requests(self) -> list[RecordedRequest]:
        """Every other request so far, such as those to ``/v1/models``."""
        return self._service.others.requests()

    def wait_for_requests(self, count: int, timeout: float = 10.0) -> list[RecordedRequest]:
        """Wait until `count` requests have reached the model, and return all so far.

        Raises
        ------
        TimeoutError
            If there are fewer after `timeout` seconds.
        """
        return self._service.requests.wait(count, timeout)

    def release(self, name: str) -> None:
        """End every ``pause(until=name)``: those being waited for, and those to come.

        A pause that nobody releases fails its turn after a minute.

        Raises
        ------
        ScenarioError
            If no pause of the scenario waits for `name`.
        """
        if name not in self._scenario.names:
            names = ", ".join(sorted(self._scenario.names)) or "none"
            raise ScenarioError(f"no pause waits for {name!r}; the scenario's names: {names}.")
        self._service.release(name)

    def _serve(self, started: Future[int]) -> None:
        try:
            asyncio.run(self._service.run(self._host, self._port, started))
        except Exception as error:
            if started.done():
                raise
            # A port that is taken or is none: start() must say so, not wait for ever.
            started.set_exception(error)


def _loopback(host: str) -> str:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InvalidOptionError(
            f"host {host!r} is no loopback address such as 127.0.0.1 or ::1; a scripted model "
            "must not be reachable from elsewhere.",
            option="host",
        )
    return host
