"""Logins by device code that end oddly or not at all; the others are in ``test_account``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from codex_notebook import AppServerError, NotLoggedInError
from codex_notebook.client.account import DeviceLogin
from tests.client.conftest import FakeServer
from tests.client.fake_app_server import answer, die, raw, refuse, wait_for
from tests.processes import alive, eventually

pytestmark = pytest.mark.process

Fake = Callable[..., FakeServer]

SOON = 15.0
START, CANCEL = "account/login/start", "account/login/cancel"

OFFER = answer(
    {
        "type": "chatgptDeviceCode",
        "loginId": "l1",
        "verificationUrl": "https://example.com/device",
        "userCode": "AB-12",
    }
)
# It goes on only when the test has seen the code.
LATER = wait_for("account/read")


def ended(**params: Any) -> list[Any]:
    message = {"method": "account/login/completed", "params": {"loginId": "l1", **params}}
    return raw(json.dumps(message))


def logins(server: FakeServer) -> list[str]:
    return [told["type"] for told in server.heard(START)]


async def waited(login: DeviceLogin) -> None:
    await asyncio.wait_for(login.wait(), SOON)


@pytest.mark.parametrize("later", [[LATER], []], ids=["later", "at once"])
def test_a_login_by_device_code_shows_the_code_and_waits_for_its_user(
    fake_server: Fake, later: list[Any]
) -> None:
    server = fake_server(**{START: [OFFER, *later, ended(success=True, error=None)]})
    codex = server.client()

    async def log_in() -> DeviceLogin:
        login = await codex.login_device()
        assert (login.url, login.code) == ("https://example.com/device", "AB-12")
        await codex.account()
        await waited(login)
        # Asked again it says the same.
        await waited(login)
        return login

    assert "AB-12" in repr(asyncio.run(log_in()))
    assert logins(server) == ["chatgptDeviceCode"]
    codex.start_thread(skip_git_repo_check=True).run_sync("hello")
    assert len(server.starts) == 1


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({"success": False, "error": "it has expired"}, "it has expired"),
        ({"success": False, "error": []}, "no reason was given"),
        ({"success": None}, "no reason was given"),
        ({}, "no reason was given"),
    ],
)
def test_a_login_that_does_not_end_well_has_failed_and_leaves_that_of_before(
    fake_server: Fake, told: Any, match: str
) -> None:
    server = fake_server(**{START: [OFFER, LATER, ended(**told)]})
    codex = server.client()

    async def log_in() -> None:
        login = await codex.login_device()
        await codex.account()
        for _ in range(2):
            with pytest.raises(NotLoggedInError, match=match):
                await waited(login)

    asyncio.run(log_in())
    server.play()
    codex.start_thread(skip_git_repo_check=True).run_sync("hello")
    assert logins(server) == ["chatgptDeviceCode", "apiKey"]


def test_a_login_does_not_wait_for_a_server_that_has_died(fake_server: Fake) -> None:
    dies = [OFFER, wait_for("turn/start"), die(1)]
    server = fake_server(**{START: dies})
    codex = server.client()

    async def log_in() -> None:
        login = await codex.login_device()
        waiting = asyncio.create_task(waited(login))
        await codex.start_thread(skip_git_repo_check=True).run("the last one")
        with pytest.raises(NotLoggedInError, match="its server has ended"):
            await waiting

    asyncio.run(log_in())


def test_a_login_that_is_called_off_is_called_off_on_the_server(fake_server: Fake) -> None:
    server = fake_server(**{START: [OFFER]})
    codex = server.client()

    async def log_in() -> None:
        login = await codex.login_device()
        waiting = asyncio.create_task(login.wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(NotLoggedInError):
            await waited(login)

    asyncio.run(log_in())
    assert eventually(lambda: server.heard(CANCEL) == [{"loginId": "l1"}])
    assert eventually(lambda: not any(map(alive, server.starts)))


@pytest.mark.parametrize("steps", [[refuse("no such login")], [die(1)]], ids=["refused", "died"])
def test_a_login_that_cannot_be_called_off_is_none_all_the_same(
    fake_server: Fake, steps: list[Any]
) -> None:
    server = fake_server(**{START: [OFFER], CANCEL: steps})
    codex = server.client()

    async def log_in() -> None:
        login = await codex.login_device()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(login.wait(), 0.01)
        with pytest.raises(NotLoggedInError):
            await waited(login)

    asyncio.run(log_in())
    server.play()
    codex.start_thread(skip_git_repo_check=True).run_sync("hello")
    assert logins(server)[-1] == "apiKey"


@pytest.mark.parametrize(
    ("steps", "match"),
    [
        ([refuse("failed to request device code")], "failed to request device code"),
        ([answer({})], "account/login/start with what this package does not understand"),
        ([die(1, "no network")], "no network"),
    ],
)
def test_a_login_that_does_not_begin_leaves_that_of_before(
    fake_server: Fake, steps: list[Any], match: str
) -> None:
    server = fake_server(**{START: steps})
    codex = server.client()
    with pytest.raises(AppServerError, match=match):
        asyncio.run(codex.login_device())
    server.play()
    codex.start_thread(skip_git_repo_check=True).run_sync("hello")
    assert logins(server) == ["chatgptDeviceCode", "apiKey"]
