"""Who is logged in, by what, and with which models and limits: over the real CLI.

OpenAI's servers, which the CLI asks about logins, are played by one of our own.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from codex_notebook import (
    Account,
    AppServerError,
    Codex,
    CodexError,
    InvalidOptionError,
    NotLoggedInError,
    RateLimits,
    RateLimitWindow,
    UnsupportedError,
    offline,
)
from codex_notebook.offline import pause, text, turn
from tests.client.conftest import FakeServer
from tests.client.fake_app_server import answer
from tests.processes import descendants, eventually

SCENARIO = [
    turn(text("Begun."), pause(until="released"), text("Ended."), when="waits"),
    turn(text("Hello."), when="."),
]
# Odd on purpose: whoever writes it anew would not write it so.
AUTH = '{"OPENAI_API_KEY": "sk-of-the-home",\n\n  "auth_mode":"apikey" }'
TRANSPORTS: tuple[Any, ...] = ("exec", "app-server")


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def home(model: offline.ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a home in which nobody is logged in."""
    monkeypatch.delenv("CODEX_API_KEY", raising=False)
    folder = Path(model.env["CODEX_HOME"])
    yield folder
    (folder / "auth.json").unlink(missing_ok=True)


@pytest.fixture
def client(model: offline.ScriptedModel, home: Path) -> Iterator[Callable[..., Codex]]:
    """Return a function that makes clients whose model wants a login; they end in the end."""
    clients = []

    def make(transport: Any = "app-server", **options: Any) -> Codex:
        openai = options.pop("openai", None)
        # Nobody listens at that port.
        url = "http://127.0.0.1:9" if openai is None else openai.url
        config = {**model.config, "chatgpt_base_url": f"{url}/backend-api", "features.apps": False}
        config["model_providers"]["scripted"]["requires_openai_auth"] = True
        config |= options.pop("config", {})
        env = {**model.env, "CODEX_APP_SERVER_LOGIN_ISSUER": url}
        clients.append(Codex(config=config, env=env, transport=transport, **options))
        return clients[-1]

    yield make
    for codex in clients:
        asyncio.run(codex.close())


@pytest.fixture
def auth(home: Path) -> Path:
    """Return the file of a login by key in the home."""
    file = home / "auth.json"
    file.write_text(AUTH)
    return file


async def bearer(codex: Codex, model: offline.ScriptedModel) -> str | None:
    """Return what the model is shown in a turn."""
    await codex.start_thread(skip_git_repo_check=True).run("hello")
    return model.requests[-1].headers.get("authorization")


# ---- models, account, limits -----------------------------------------------------------------


@pytest.mark.cli
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_models_are_listed_with_their_efforts(client: Callable[..., Codex], transport: str) -> None:
    async def listed() -> None:
        codex = client(transport)
        models, everything = await codex.models(), await codex.models(hidden=True)
        assert [model for model in everything if not model.hidden] == models
        assert len(everything) > len(models)
        (default,) = [model for model in models if model.is_default]
        assert default.default_effort in default.efforts
        assert all(model.id and model.name for model in models)
        assert "raw" not in repr(default)
        assert default.raw["displayName"] == default.name

    asyncio.run(listed())


@pytest.mark.cli
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_account_is_that_of_the_key_or_of_the_home_or_nobodys(
    client: Callable[..., Codex], home: Path, transport: str
) -> None:
    async def accounts() -> list[Account | None]:
        nobody = await client(transport).account()
        given = await client(transport, api_key="sk-given").account()
        (home / "auth.json").write_text(AUTH)
        return [nobody, given, await client(transport).account()]

    by_key = Account(type="apiKey")
    assert asyncio.run(accounts()) == [None, by_key, by_key]


def token() -> str:
    """Return a token as a ChatGPT login has it, but for the signature."""
    about = {"chatgpt_plan_type": "plus", "chatgpt_account_id": "acc", "chatgpt_user_id": "u"}
    named = {"email": "ada@example.com", "https://api.openai.com/auth": about}
    parts = ({"alg": "none"}, {"exp": 9_999_999_999, **named})
    plain = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join(part.rstrip("=") for part in [*plain, "c2ln"])


def window(percent: int, seconds: int) -> dict[str, int]:
    times = {"limit_window_seconds": seconds, "reset_after_seconds": 9, "reset_at": 1_795_390_000}
    return {"used_percent": percent, **times}


class OpenAI(ThreadingHTTPServer):
    """What the CLI asks OpenAI's servers about a ChatGPT login.

    Attributes
    ----------
    entered : Event
        Set when the user has entered the code.
    refused : bool
        Whether the code is refused then.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.entered = threading.Event()
        self.refused = False
        self.asked: list[str] = []

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        if path.endswith("/usercode"):
            return 200, {"device_auth_id": "d", "user_code": "AB-12", "interval": "0"}
        if path.endswith("/deviceauth/token"):
            if not self.entered.is_set():
                return 403, {}
            return 500 if self.refused else 200, {
                "authorization_code": "c",
                "code_challenge": "x",
                "code_verifier": "y",
            }
        if path.endswith("/oauth/token"):
            return 200, {"id_token": token(), "access_token": token(), "refresh_token": "r"}
        if path.endswith("/accounts/check"):
            routing = {"workspace_backend_origin": "https://chatgpt.com"}
            account = {"id": "acc", **routing, "account_routing_override": "NO_CONSTRAINT"}
            return 200, {"accounts": [account]}
        if path.endswith("/usage"):
            windows = {"primary_window": window(42, 18_000), "secondary_window": window(5, 604_800)}
            limit = {"allowed": True, "limit_reached": False, **windows}
            return 200, {"plan_type": "plus", "rate_limit": limit}
        return 404, {}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, OpenAI)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append(self.path)
        status, told = self.server.answer(self.path)
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 (http.server's name)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def openai() -> Iterator[OpenAI]:
    with OpenAI() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.cli
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_chatgpt_account_has_a_plan_and_limits(
    client: Callable[..., Codex], home: Path, openai: OpenAI, transport: str
) -> None:
    keys = {"id_token": token(), "access_token": token(), "refresh_token": "r"}
    login = {"auth_mode": "chatgpt", "tokens": {**keys, "account_id": "acc"}}
    lasting = {**login, "last_refresh": "2999-01-01T00:00:00Z"}
    (home / "auth.json").write_text(json.dumps(lasting))

    async def asked() -> tuple[Account | None, RateLimits]:
        codex = client(transport, openai=openai)
        return await codex.account(), await codex.rate_limits()

    account, limits = asyncio.run(asked())
    assert account == Account(type="chatgpt", email="ada@example.com", plan_type="plus")
    assert limits.primary == RateLimitWindow(
        used_percent=42, window_minutes=300, resets_at=1_795_390_000
    )
    assert limits.secondary == RateLimitWindow(
        used_percent=5, window_minutes=10_080, resets_at=1_795_390_000
    )
    assert limits.plan_type == "plus"
    assert "raw" not in repr(limits)


@pytest.mark.cli
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("key", [None, "sk-given"])
def test_without_a_chatgpt_login_there_are_no_limits_to_read(
    client: Callable[..., Codex], transport: str, key: str | None
) -> None:
    with pytest.raises(NotLoggedInError, match="run `codex login`"):
        asyncio.run(client(transport, api_key=key).rate_limits())


# ---- logging in ------------------------------------------------------------------------------


@pytest.mark.cli
def test_a_login_by_key_counts_for_this_client_and_leaves_that_of_the_home_alone(
    client: Callable[..., Codex], model: offline.ScriptedModel, auth: Path
) -> None:
    before = auth.stat()

    async def logged_in() -> list[str | None]:
        codex, other = client(), client()
        shown = [await bearer(codex, model)]
        await codex.login("sk-of-ours")
        assert await codex.account() == Account(type="apiKey")
        shown += [await bearer(codex, model), await bearer(other, model)]
        # It holds for a server that is started anew, too.
        await codex.close()
        shown.append(await bearer(codex, model))
        await codex.logout()
        return [*shown, await bearer(codex, model)]

    ours, homes = "Bearer sk-of-ours", "Bearer sk-of-the-home"
    assert asyncio.run(logged_in()) == [homes, ours, homes, ours, homes]
    assert auth.read_text() == AUTH
    after = auth.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


@pytest.mark.cli
def test_a_login_by_key_writes_no_file_and_a_thread_goes_on_with_it(
    client: Callable[..., Codex], model: offline.ScriptedModel, home: Path, tmp_path: Path
) -> None:
    async def logged_in() -> str:
        codex = client()
        thread = codex.start_thread(skip_git_repo_check=True, working_directory=tmp_path)
        await codex.login("sk-first")
        first = await thread.run("hello")
        await codex.login("sk-second")
        second = await thread.run("hello")
        assert first.thread_id == second.thread_id
        return model.requests[-1].headers["authorization"]

    assert asyncio.run(logged_in()) == "Bearer sk-second"
    assert not (home / "auth.json").exists()


@pytest.mark.cli
@pytest.mark.parametrize("given", ["argument", "environment"])
def test_logging_out_goes_back_to_the_key_that_the_client_was_given(
    client: Callable[..., Codex],
    model: offline.ScriptedModel,
    auth: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: str,
) -> None:
    if given == "environment":
        monkeypatch.setenv("CODEX_API_KEY", "sk-given")
    key = "sk-given" if given == "argument" else None

    async def logged_out() -> list[str | None]:
        codex = client(api_key=key)
        shown = [await bearer(codex, model)]
        await codex.login("sk-of-ours")
        shown.append(await bearer(codex, model))
        await codex.logout()
        return [*shown, await bearer(codex, model)]

    assert asyncio.run(logged_out()) == [
        "Bearer sk-given",
        "Bearer sk-of-ours",
        "Bearer sk-given",
    ]


@pytest.mark.cli
def test_a_key_that_the_cli_refuses_leaves_the_client_as_it_was(
    client: Callable[..., Codex], model: offline.ScriptedModel
) -> None:
    async def refused() -> Account | None:
        codex = client(config={"forced_login_method": "chatgpt"})
        with pytest.raises(AppServerError, match="API key login is disabled"):
            await codex.login("sk-refused")
        assert descendants() == []
        return await codex.account()

    assert asyncio.run(refused()) is None


@pytest.mark.cli
def test_there_is_no_other_login_while_turns_run(
    client: Callable[..., Codex], model: offline.ScriptedModel, auth: Path, tmp_path: Path
) -> None:
    async def refused() -> str:
        codex = client()
        thread = codex.start_thread(skip_git_repo_check=True, working_directory=tmp_path)
        running = await thread.start("waits")
        async for event in running.events():
            if event.type == "item.completed":
                break
        for work in (codex.login("sk-x"), codex.login_device(), codex.logout()):
            with pytest.raises(CodexError, match="Turns are running"):
                await work
        assert await codex.account() == Account(type="apiKey")
        model.release("released")
        ended = await running
        await codex.login("sk-x")
        return ended.final_response

    assert asyncio.run(refused()) == "Ended."


@pytest.mark.parametrize("key", ["", "a\0b", 3])
def test_what_is_no_key_is_refused_before_a_process_starts(key: Any) -> None:
    codex = Codex(transport="app-server", codex_path_override="/nowhere")
    with pytest.raises(InvalidOptionError) as caught:
        asyncio.run(codex.login(key))
    assert caught.value.option == "api_key"


def test_exec_has_no_logins_of_its_own() -> None:
    codex = Codex(codex_path_override="/nowhere")
    work: Coroutine[Any, Any, object]
    for work in (codex.login("sk-x"), codex.login_device(), codex.logout()):
        with pytest.raises(UnsupportedError, match=r'Codex\(transport="app-server"\)'):
            asyncio.run(work)


# ---- by device code --------------------------------------------------------------------------


@pytest.mark.cli
def test_a_login_by_device_code_is_kept_in_memory(
    client: Callable[..., Codex],
    model: offline.ScriptedModel,
    auth: Path,
    openai: OpenAI,
) -> None:
    async def logged_in() -> tuple[list[str | None], Account | None, Account | None]:
        codex = client(openai=openai)
        login = await codex.login_device()
        assert (login.code, login.url) == ("AB-12", f"{openai.url}/codex/device")
        assert repr(login) == f"<DeviceLogin: enter AB-12 at {login.url}>"
        waiting = asyncio.create_task(login.wait())
        before = await codex.account()
        openai.entered.set()
        await waiting
        # It is over, and stays so.
        await login.wait()
        shown = [await bearer(codex, model)]
        account = await codex.account()
        await codex.logout()
        return [*shown, await bearer(codex, model)], before, account

    shown, before, account = asyncio.run(logged_in())
    assert before is None
    assert account == Account(type="chatgpt", email="ada@example.com", plan_type="plus")
    assert shown == [f"Bearer {token()}", "Bearer sk-of-the-home"]
    assert auth.read_text() == AUTH


@pytest.mark.cli
@pytest.mark.parametrize("end", ["refused", "cancelled", "closed", "out of reach"])
def test_a_login_by_device_code_that_comes_to_nothing_leaves_the_client_as_it_was(
    client: Callable[..., Codex],
    model: offline.ScriptedModel,
    auth: Path,
    openai: OpenAI,
    end: str,
) -> None:
    async def come_to_nothing(codex: Codex) -> None:
        if end == "out of reach":
            with pytest.raises(AppServerError, match=r"device code(.|\n)*codex\.login\(api_key\)"):
                await codex.login_device()
            return
        waiting = asyncio.create_task((await codex.login_device()).wait())
        assert await asyncio.to_thread(
            eventually, lambda: "/api/accounts/deviceauth/token" in openai.asked
        )
        if end == "cancelled":
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return
        if end == "closed":
            await codex.close()
        else:
            openai.refused = True
            openai.entered.set()
        with pytest.raises(NotLoggedInError, match=r"await codex\.login_device\(\)"):
            await waiting

    async def shown_afterwards() -> list[str | None]:
        codex = client(openai=None if end == "out of reach" else openai)
        await codex.login("sk-of-ours")
        await come_to_nothing(codex)
        shown = [await bearer(codex, model)]
        await codex.logout()
        return [*shown, await bearer(codex, model)]

    assert asyncio.run(shown_afterwards()) == ["Bearer sk-of-ours", "Bearer sk-of-the-home"]
    assert auth.read_text() == AUTH


@pytest.mark.cli
def test_another_login_takes_the_place_of_one_by_device_code(
    client: Callable[..., Codex], model: offline.ScriptedModel, openai: OpenAI, auth: Path
) -> None:
    async def logged_in() -> str | None:
        codex = client(openai=openai)
        login = await codex.login_device()
        await codex.login("sk-of-ours")
        with pytest.raises(NotLoggedInError):
            await login.wait()
        return await bearer(codex, model)

    assert asyncio.run(logged_in()) == "Bearer sk-of-ours"


# ---- what is not understood ------------------------------------------------------------------


ASKED: dict[str, Callable[[Codex], Coroutine[Any, Any, object]]] = {
    "model/list": lambda codex: codex.models(),
    "thread/list": lambda codex: codex.threads(),
    "thread/read": lambda codex: codex.resume_thread(str(UUID(int=1))).info(),
    "account/read": lambda codex: codex.account(),
    "account/rateLimits/read": lambda codex: codex.rate_limits(),
    "account/login/start": lambda codex: codex.login_device(),
}


SHAPELESS = {"data": [3], "thread": 3, "account": {"email": 3}, "rateLimits": 3}


@pytest.mark.process
@pytest.mark.parametrize("method", ASKED)
@pytest.mark.parametrize("told", [[], SHAPELESS])
def test_an_answer_of_another_shape_is_an_error_of_ours(
    fake_server: Callable[..., FakeServer], method: str, told: Any
) -> None:
    known = {"account/login/start": [answer({"type": "apiKey"})]}
    server = fake_server(**{**known, method: [answer(told)]})
    with pytest.raises(AppServerError, match="does not understand") as caught:
        asyncio.run(ASKED[method](server.client(api_key=None, config={"model_provider": "x"})))
    assert caught.value.method == method
