from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from ipykernel import kernelbase

from codex_notebook.notebook.envelope import without_parent


class _Kernel:
    _shell_parent: ContextVar[dict[str, Any]] = ContextVar("shell_parent")

    @classmethod
    def initialized(cls) -> bool:
        return True

    @classmethod
    def instance(cls) -> _Kernel:
        return cls()


class _OlderKernel(_Kernel):
    _shell_parent = None  # type: ignore[assignment]


@pytest.fixture
def request_header() -> Iterator[dict[str, Any]]:
    header = {"header": {"msg_type": "execute_request"}}
    token = _Kernel._shell_parent.set(header)
    yield header
    _Kernel._shell_parent.reset(token)


def test_what_is_sent_has_no_parent_and_what_else_is_sent_keeps_its_own(
    monkeypatch: pytest.MonkeyPatch, request_header: dict[str, Any]
) -> None:
    monkeypatch.setattr(kernelbase, "Kernel", _Kernel)
    sent: list[tuple[str, dict[str, Any]]] = []

    def send(message: str) -> None:
        sent.append((message, _Kernel._shell_parent.get()))

    without_parent(send)("frame")
    send("other")
    assert sent == [("frame", {}), ("other", request_header)]


def test_a_kernel_that_keeps_its_parents_elsewhere_sends_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kernelbase, "Kernel", _OlderKernel)
    sent: list[str] = []
    assert without_parent(sent.append) == sent.append


def test_without_a_kernel_a_message_is_sent_as_ever() -> None:
    sent: list[str] = []
    without_parent(sent.append)("frame")
    assert sent == ["frame"]


def test_this_ipykernel_has_what_it_takes() -> None:
    kernel = kernelbase.Kernel()  # type: ignore[no-untyped-call]
    assert isinstance(kernel._shell_parent, ContextVar)
