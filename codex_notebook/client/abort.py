"""Stopping a turn from afar: a controller that aborts, and the signal that turns listen to.

The same pair as in the TypeScript SDK, for code that hands the means to stop down through its
layers. Knows nothing of turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class AbortSignal:
    """Whether to stop; made by an `AbortController`. Safe to use from any thread."""

    def __init__(self) -> None:
        self._aborted = False
        self._callbacks: list[Callable[[], object]] = []
        # Reentrant, because a signal handler may abort while its thread is in here.
        self._lock = threading.RLock()

    @property
    def aborted(self) -> bool:
        """Whether the controller has aborted."""
        return self._aborted

    def listen(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call ``callback()`` when the controller aborts, at once if it has already.

        Returns
        -------
        callable
            Takes the callback away again, so that a signal may outlive many turns.
        """
        with self._lock:
            if not self._aborted:
                self._callbacks.append(callback)
                return lambda: self._forget(callback)
        callback()
        return lambda: None

    def _forget(self, callback: Callable[[], object]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

    def _abort(self) -> None:
        with self._lock:
            self._aborted = True
            callbacks, self._callbacks = self._callbacks, []
        errors = []
        for callback in callbacks:
            try:
                callback()
            except BaseException as error:
                errors.append(error)
        # Behind the last one: what breaks in one must not keep the others from stopping.
        if errors:
            raise errors[0]


class AbortController:
    """Ends every turn that was given its `signal`.

    Examples
    --------
    >>> controller = AbortController()
    >>> run = thread.run("Refactor everything", signal=controller.signal)  # doctest: +SKIP
    >>> controller.abort()
    >>> controller.signal.aborted
    True
    """

    def __init__(self) -> None:
        self.signal = AbortSignal()

    def abort(self) -> None:
        """Abort; turns that run end as by `RunningTurn.interrupt`, later ones do not begin."""
        self.signal._abort()
