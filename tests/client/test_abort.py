from __future__ import annotations

from codex_notebook import AbortController


def test_an_abort_calls_whoever_listens_once() -> None:
    controller = AbortController()
    called: list[str] = []
    controller.signal.listen(lambda: called.append("early"))
    assert called == []
    controller.abort()
    controller.abort()
    assert controller.signal.aborted
    assert called == ["early"]


def test_who_listens_too_late_is_called_at_once() -> None:
    controller = AbortController()
    controller.abort()
    called: list[str] = []
    controller.signal.listen(lambda: called.append("late"))
    assert called == ["late"]


def test_who_no_longer_listens_is_not_called() -> None:
    controller = AbortController()
    called: list[str] = []
    unlisten = controller.signal.listen(lambda: called.append("never"))
    unlisten()
    unlisten()
    controller.abort()
    assert called == []


def test_a_callback_may_abort_again_or_unlisten() -> None:
    controller = AbortController()
    called: list[str] = []

    def callback() -> None:
        called.append("called")
        controller.abort()
        unlisten()

    unlisten = controller.signal.listen(callback)
    controller.abort()
    assert called == ["called"]
