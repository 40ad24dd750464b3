"""The envelope of the live protocol, without a process: requests, answers, and what is neither."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timezone
from typing import Any, TypeVar

import pytest

from codex_notebook import AppServerError
from codex_notebook.client.connection import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Connection,
    RefusedError,
)

T = TypeVar("T")
Asked = Callable[[str, Mapping[str, Any], Any], Coroutine[Any, Any, Any]]

LONG = 20_000_000


async def refuse(method: str, _: Mapping[str, Any], __: object) -> object:
    raise RefusedError(f"no {method} here")


class Ends:
    """A connection, and what it has sent and told."""

    def __init__(self, asked: Asked = refuse) -> None:
        self.sent: list[Any] = []
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.connection = Connection(
            lambda line: self.sent.append(json.loads(line)),
            lambda method, params: self.told.append((method, params)),
            asked,
        )

    def receive(self, message: object) -> None:
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.connection.receive(line)

    def request(self, method: str = "do", **arguments: Any) -> asyncio.Task[Any]:
        return asyncio.create_task(self.connection.request(method, {}, **arguments))

    async def answers(self) -> list[Any]:
        """Return what it has sent, once it has answered everything that was asked."""
        await asyncio.gather(*self.connection._answering, return_exceptions=True)
        return self.sent


def run(test: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test on a loop, which must have nothing to complain of when it ends."""
    complaints: list[Any] = []

    async def main() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        return await test()

    result = asyncio.run(main())
    assert complaints == []
    return result


def test_each_request_gets_its_own_answer_in_whatever_order_they_come() -> None:
    async def main() -> list[Any]:
        ends = Ends()
        asking = [ends.request("first"), ends.request("second")]
        await asyncio.sleep(0)
        first, second = ends.sent
        assert (first["method"], second["method"]) == ("first", "second")
        ends.receive({"id": second["id"], "result": {"n": 2}})
        ends.receive({"id": first["id"], "result": {"n": 1}})
        return await asyncio.gather(*asking)

    assert run(main) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b" \t\r",
        b"WARNING: a proxy says hello",
        b"\xff\xfe\x00",
        b"null",
        b"42",
        b'"text"',
        b"[]",
        b'[{"id": 1, "result": {}}]',
        b'{"id": 1, "result":',
        b"{}",
        b'{"id": null}',
        b'{"id": [], "result": {}}',
        b'{"id": {}, "error": {}}',
        b'{"id": true, "result": {}}',
        b'{"id": 99, "result": {}}',
        b'{"id": "1", "result": {}}',
        b'{"method": 5}',
        b'{"method": [], "params": {}}',
        b'{"method": "x", "params": [1]}',
        b'{"method": "x", "params": "text"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda noise: repr(noise[:30]),
)
def test_noise_hurts_nobody_and_answers_nothing(noise: bytes) -> None:
    async def main() -> Ends:
        ends = Ends()
        asking = ends.request()
        await asyncio.sleep(0)
        number = ends.sent[0]["id"]
        ends.receive(noise)
        assert not asking.done()
        ends.receive({"id": number, "result": {"fine": True}})
        assert await asking == {"fine": True}
        return ends

    ends = run(main)
    assert ends.told == []
    assert len(ends.sent) == 1


def test_noise_is_logged_and_only_its_beginning(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        ends = Ends()
        ends.receive(b"x" * LONG)
        ends.receive({"id": 7, "result": "y" * LONG})

    with caplog.at_level(logging.WARNING):
        run(main)
    noise, stray = (record.getMessage() for record in caplog.records)
    assert "no message" in noise
    assert "nobody waits for" in stray
    assert len(noise) < 300
    assert len(stray) < 300


def test_a_notification_may_have_no_parameters() -> None:
    async def main() -> Ends:
        ends = Ends()
        for message in ({"method": "a"}, {"method": "b", "params": None}):
            ends.receive(message)
        ends.receive({"method": "c", "params": {"d": 1}, "emittedAtMs": 3})
        return ends

    assert run(main).told == [("a", {}), ("b", {}), ("c", {"d": 1})]


def test_a_request_that_is_answered_twice_keeps_the_first_answer() -> None:
    async def main() -> object:
        ends = Ends()
        asking = ends.request()
        await asyncio.sleep(0)
        number = ends.sent[0]["id"]
        ends.receive({"id": number, "result": {"n": 1}})
        ends.receive({"id": number, "result": {"n": 2}})
        ends.receive({"id": number, "error": {"message": "no"}})
        answer = await asking
        ends.receive({"id": number, "result": {"n": 3}})
        return answer

    assert run(main) == {"n": 1}


@pytest.mark.parametrize(
    ("error", "message", "code", "data"),
    [
        ({"code": -32600, "message": "no", "data": [1]}, "no", -32600, [1]),
        ({"code": "odd"}, "The server gave no reason.", None, None),
        ({}, "The server gave no reason.", None, None),
        ("no", "no", None, None),
        ([1], "[1]", None, None),
    ],
)
def test_a_refusal_has_its_reason_whatever_its_shape(
    error: object, message: str, code: int | None, data: object
) -> None:
    async def main() -> AppServerError:
        ends = Ends()
        asking = ends.request("thread/revert")
        await asyncio.sleep(0)
        ends.receive({"id": ends.sent[0]["id"], "error": error})
        with pytest.raises(AppServerError) as caught:
            await asking
        return caught.value

    refusal = run(main)
    assert (str(refusal), refusal.method) == (message, "thread/revert")
    assert (refusal.code, refusal.data) == (code, data)


def test_an_answer_with_an_empty_error_is_an_answer() -> None:
    async def main() -> object:
        ends = Ends()
        asking = ends.request()
        await asyncio.sleep(0)
        ends.receive({"id": ends.sent[0]["id"], "result": {"n": 1}, "error": None})
        return await asking

    assert run(main) == {"n": 1}


def test_a_request_without_an_answer_ends_by_itself_and_a_late_answer_is_nobodys() -> None:
    async def main() -> int:
        ends = Ends()
        asking = ends.request("thread/start", timeout=0.01)
        with pytest.raises(AppServerError, match=r"not answered thread/start within 0\.01 s"):
            await asking
        ends.receive({"id": ends.sent[0]["id"], "result": {}})
        return len(ends.connection._waiting)

    assert run(main) == 0


def test_a_request_that_nobody_awaits_any_more_leaves_nothing_behind() -> None:
    async def main() -> int:
        ends = Ends()
        asking = ends.request()
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        ends.receive({"id": ends.sent[0]["id"], "result": {}})
        return len(ends.connection._waiting)

    assert run(main) == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime.now(timezone.utc)])
def test_what_has_no_json_is_refused_before_it_is_sent(value: object) -> None:
    async def main() -> Ends:
        ends = Ends()
        with pytest.raises(AppServerError, match=r"turn/start .* cannot be said in JSON"):
            await ends.connection.request("turn/start", {"outputSchema": {"minimum": value}})
        return ends

    ends = run(main)
    assert ends.sent == []
    assert not ends.connection._waiting


def test_text_without_utf_8_arrives_as_a_question_mark() -> None:
    async def main() -> Ends:
        ends = Ends()
        asking = asyncio.create_task(ends.connection.request("do", {"text": "a\ud800ü\u2028😀\n"}))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        return ends

    assert run(main).sent[0]["params"] == {"text": "a?ü\u2028😀\n"}


def test_when_the_connection_closes_everybody_who_waits_or_asks_later_gets_the_reason() -> None:
    async def main() -> None:
        ends = Ends()
        asking = [ends.request() for _ in range(3)]
        await asyncio.sleep(0)
        reason = AppServerError("It has gone.", method="")
        ends.connection.close(reason)
        asking.append(ends.request())
        assert await asyncio.gather(*asking, return_exceptions=True) == [reason] * 4
        assert len(ends.sent) == 3
        assert not ends.connection._waiting

    run(main)


# ---- what the server asks ----------------------------------------------------------------


def test_what_is_not_known_is_answered_with_method_not_found() -> None:
    async def main() -> list[Any]:
        ends = Ends()
        ends.receive({"id": 0, "method": "attestation/generate", "params": {}})
        return await ends.answers()

    reason = {"code": METHOD_NOT_FOUND, "message": "no attestation/generate here"}
    assert METHOD_NOT_FOUND == -32601
    assert run(main) == [{"id": 0, "error": reason}]


@pytest.mark.parametrize(
    "odd",
    [{"method": 5}, {"method": "x", "params": [1]}, {"method": "x", "params": "text"}],
    ids=str,
)
def test_a_request_of_an_unknown_shape_is_answered_too(odd: dict[str, object]) -> None:
    async def main() -> list[Any]:
        ends = Ends()
        ends.receive({"id": "a", **odd})
        return await ends.answers()

    [answer] = run(main)
    assert (answer["id"], answer["error"]["code"]) == ("a", INVALID_REQUEST)


def test_a_slow_answer_holds_up_nothing_else() -> None:
    async def main() -> list[Any]:
        quick = asyncio.Event()

        async def asked(method: str, *_: object) -> object:
            if method == "slow":
                await quick.wait()
            quick.set()
            return {"did": method}

        ends = Ends(asked)
        ends.receive({"id": 1, "method": "slow"})
        ends.receive({"id": 2, "method": "quick"})
        ends.receive({"method": "news"})
        assert ends.told == [("news", {})]
        return await ends.answers()

    assert [(answer["id"], answer["result"]["did"]) for answer in run(main)] == [
        (2, "quick"),
        (1, "slow"),
    ]


@pytest.mark.parametrize("answer", [object(), {"n": float("nan")}, ZeroDivisionError("oops")])
def test_what_cannot_be_answered_is_an_internal_error_and_not_silence(answer: object) -> None:
    async def main() -> list[Any]:
        async def asked(*_: object) -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        ends = Ends(asked)
        ends.receive({"id": 3, "method": "do"})
        return await ends.answers()

    [said] = run(main)
    assert (said["id"], said["error"]["code"]) == (3, INTERNAL_ERROR)
    assert "in the client" in said["error"]["message"]


def test_nothing_is_answered_when_the_connection_has_closed() -> None:
    async def main() -> list[Any]:
        asked_for = asyncio.Event()

        async def asked(*_: object) -> object:
            asked_for.set()
            await asyncio.Event().wait()
            return {}

        ends = Ends(asked)
        ends.receive({"id": 1, "method": "do"})
        await asked_for.wait()
        ends.connection.close(AppServerError("It has gone.", method=""))
        return await ends.answers()

    assert run(main) == []


def test_frames_of_20_mb_pass_both_ways() -> None:
    text = "ü" * (LONG // 2)

    async def main() -> tuple[Any, Ends]:
        async def asked(_: str, params: Mapping[str, Any], __: object) -> object:
            return {"back": params["text"]}

        ends = Ends(asked)
        asking = ends.request()
        await asyncio.sleep(0)
        ends.receive({"method": "item/agentMessage/delta", "params": {"delta": text}})
        ends.receive({"id": 0, "method": "echo", "params": {"text": text}})
        ends.receive({"id": ends.sent[0]["id"], "result": {"text": text}})
        answer = await asking
        await ends.answers()
        return answer, ends

    answer, ends = run(main)
    assert answer == {"text": text}
    assert ends.told == [("item/agentMessage/delta", {"delta": text})]
    assert ends.sent[1] == {"id": 0, "result": {"back": text}}
