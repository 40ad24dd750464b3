"""The server over HTTP, asked by a plain client: answers, pauses, records, and a clean end."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from codex_notebook.errors import InvalidOptionError
from codex_notebook.offline import (
    ScenarioError,
    ScriptedModel,
    http_error,
    pause,
    serve,
    service,
    text,
    turn,
)

# Nothing here takes this long unless it hangs.
BOUND = 10.0
LONG = 600.0


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def address(server: ScriptedModel) -> tuple[str, int]:
    parts = urlsplit(server.url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


@contextlib.contextmanager
def sent(
    server: ScriptedModel, method: str, path: str, content: str = "", **headers: str
) -> Iterator[http.client.HTTPResponse]:
    """Send a request, and hand out the response while it is still coming."""
    client = http.client.HTTPConnection(*address(server), timeout=BOUND)
    with contextlib.closing(client):
        client.request(method, path, content, headers)
        with client.getresponse() as response:
            yield response


def body(*prompts: str) -> str:
    return json.dumps({"model": "m", "input": [{"role": "user", "content": p} for p in prompts]})


def events(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    for line in response:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


def ask(server: ScriptedModel, *prompts: str) -> str:
    """Return what the model answers to a conversation."""
    with sent(server, "POST", "/v1/responses", body(*prompts)) as response:
        assert response.status == http.client.OK
        told = list(events(response))
    assert told[-1]["type"] == "response.completed"
    return "".join(e["delta"] for e in told if e["type"] == "response.output_text.delta")


def failure(response: http.client.HTTPResponse) -> tuple[int, str]:
    return response.status, json.loads(response.read())["error"]["message"]


def test_turns_are_served_in_order() -> None:
    with serve([turn(text("one", chunk=1)), turn(text("two"))]) as server:
        assert [ask(server, "a"), ask(server, "a", "b"), ask(server, "a")] == ["one", "two", "one"]


def test_a_repeated_scenario_never_ends() -> None:
    with serve([text("again")], repeat=True) as server:
        assert ask(server, "a", "b", "c") == "again"


def test_a_scenario_can_be_served_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text('[{"text": "from a file"}]', "utf-8")
    with serve(file) as server:
        assert ask(server, "a") == "from a file"


def test_an_http_error_is_a_status_with_an_explanation() -> None:
    with (
        serve([http_error(429, "slow down")]) as server,
        sent(server, "POST", "/v1/responses", body("a")) as response,
    ):
        assert failure(response) == (429, "slow down")


# Pauses


def test_what_comes_before_a_pause_arrives_before_its_end() -> None:
    with (
        serve([text("early"), pause(until="go"), text("late")]) as server,
        sent(server, "POST", "/v1/responses", body("a")) as response,
    ):
        told = events(response)
        assert next(e["delta"] for e in told if "delta" in e) == "early"
        server.release("go")
        assert next(e["delta"] for e in told if "delta" in e) == "late"


def test_a_pause_that_was_released_before_does_not_wait() -> None:
    with serve([pause(until="go"), text("x")]) as server:
        server.release("go")
        assert ask(server, "a") == "x"


def test_a_name_that_no_pause_waits_for_cannot_be_released() -> None:
    with (
        serve([pause(until="go"), text("x")]) as server,
        pytest.raises(ScenarioError, match="'og'; the scenario's names: go"),
    ):
        server.release("og")


def test_a_pause_that_nobody_releases_fails_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "RELEASE_BOUND", 0.01)
    with (
        serve([pause(until="go"), text("x")]) as server,
        sent(server, "POST", "/v1/responses", body("a")) as response,
    ):
        *_, last = events(response)
    assert last["type"] == "response.failed"
    assert "Nobody released the pause 'go'" in last["response"]["error"]["message"]


def test_one_conversation_does_not_wait_for_the_pause_of_another() -> None:
    scenario = [turn(pause(until="go"), text("slow"), when="slow"), turn(text("quick"))]
    with serve(scenario) as server, ThreadPoolExecutor() as pool:
        slow = pool.submit(ask, server, "slow")
        server.wait_for_requests(1, BOUND)
        assert ask(server, "quick") == "quick"
        server.release("go")
        assert slow.result(BOUND) == "slow"


def test_closing_the_server_ends_a_pause_at_once() -> None:
    server = serve([text("a"), pause(LONG)]).start()
    with sent(server, "POST", "/v1/responses", body("a")) as response:
        assert next(events(response))["type"] == "response.created"
        began = time.monotonic()
        server.close()
        with contextlib.suppress(ConnectionError):
            response.read()
        assert time.monotonic() - began < BOUND


def test_a_client_that_leaves_ends_its_pause_at_once() -> None:
    content = body("a").encode()
    head = f"POST /v1/responses HTTP/1.1\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    with (
        serve([pause(LONG), text("never")]) as server,
        socket.create_connection(address(server), BOUND) as client,
    ):
        client.sendall(head + content)
        server.wait_for_requests(1, BOUND)
        # Half of leaving, so that the other half can be watched.
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError), client.makefile("rb") as answer:
            assert b"never" not in answer.read()


# The record


def test_requests_are_recorded_as_they_reached_the_model() -> None:
    with serve([text("x")]) as server:
        began = time.time()
        with sent(server, "POST", "/v1/responses?a=b", body("hello"), Authorization="Bearer sk-1"):
            pass
        (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert (request.user_message, request.model) == ("hello", "m")
    assert request.body == json.loads(body("hello"))
    assert request.headers["authorization"] == "Bearer sk-1"
    assert began <= request.at <= time.time()


def test_a_recorded_request_does_not_print_its_key() -> None:
    with serve([text("x")]) as server:
        with sent(server, "POST", "/v1/responses", body("hello"), Authorization="Bearer sk-1"):
            pass
        assert "sk-1" not in repr(server.requests)


def test_the_models_are_listed_and_recorded_apart() -> None:
    with serve([text("x")], model="gpt-5.5") as server:
        with sent(server, "GET", "/v1/models?client_version=0.163.0") as response:
            assert json.loads(response.read())["data"][0]["id"] == "gpt-5.5"
        assert [request.path for request in server.other_requests] == ["/v1/models"]
        assert server.requests == []


def test_waiting_for_requests_has_a_bound() -> None:
    with serve([text("x")]) as server:
        ask(server, "a")
        assert len(server.wait_for_requests(1, BOUND)) == 1
        with pytest.raises(TimeoutError, match="1 of 2 requests"):
            server.wait_for_requests(2, timeout=0.01)


def test_what_is_not_served_is_refused_with_a_reason() -> None:
    with serve([text("x")]) as server:
        with sent(server, "POST", "/v1/images", "{}") as response:
            assert failure(response) == (404, "The scripted model serves no POST /v1/images.")
        with sent(server, "POST", "/v1/responses", "no JSON") as response:
            assert failure(response) == (400, "The body is no JSON object.")
        with sent(server, "GET", "/v1/responses", Upgrade="websocket") as response:
            assert failure(response) == (426, "Only HTTP is served here.")
        assert len(server.other_requests) == 3


@pytest.mark.parametrize("noise", [b"\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_no_http_is_refused(noise: bytes) -> None:
    with (
        serve([text("x")]) as server,
        socket.create_connection(address(server), BOUND) as client,
        client.makefile("rb") as answer,
    ):
        client.sendall(noise)
        assert answer.read().startswith(b"HTTP/1.1 400 ")


# Start and end


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
def test_closing_leaves_no_thread_no_socket_and_no_folder() -> None:
    threads, files = threading.enumerate(), open_files()
    server = serve([text("x"), pause(LONG)]).start()
    home, place = Path(server.env["CODEX_HOME"]), address(server)
    assert home.is_dir()
    with sent(server, "POST", "/v1/responses", body("a")) as response:
        next(events(response))
        server.close()
    server.close()
    assert threading.enumerate() == threads
    assert open_files() == files
    assert not home.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place, BOUND)


def test_what_a_cli_writes_after_the_end_goes_when_python_exits() -> None:
    script = """
from pathlib import Path
from codex_notebook import offline

server = offline.serve([offline.text("x")]).start()
late = Path(server.env["CODEX_HOME"], "thread-writer-locks")
server.close()
late.mkdir(parents=True)
print(late.parent)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=BOUND, check=True
    )
    assert not Path(done.stdout.strip()).exists()


def test_clients_that_are_cut_off_leave_no_words(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    # Longer than the buffers of a socket, so that the server is in the middle of it.
    with serve([text("x" * 20_000_000, chunk=1000)]) as server:
        for _ in range(3):
            with sent(server, "POST", "/v1/responses", body("a")) as response:
                next(events(response))
        with sent(server, "POST", "/v1/responses", body("a")) as response:
            next(events(response))
            server.close()
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_scripted_model_starts_once() -> None:
    server = serve([text("x")])
    with server, pytest.raises(RuntimeError, match="only once"):
        server.start()
    with pytest.raises(RuntimeError, match="only once"):
        server.start()


def test_before_its_start_it_has_no_address_and_can_be_closed() -> None:
    server = serve([text("x")])
    with pytest.raises(RuntimeError, match="no address before"):
        _ = server.url
    with pytest.raises(RuntimeError, match="no home before"):
        _ = server.env
    server.close()


@pytest.mark.parametrize("taken", [True, False])
def test_an_impossible_port_is_an_error_and_leaves_no_thread(taken: bool) -> None:
    threads = threading.enumerate()
    with serve([text("x")]) as first:
        port = address(first)[1] if taken else 99_999
        with pytest.raises((OSError, OverflowError)):
            serve([text("x")], port=port).start()
    assert threading.enumerate() == threads


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.org", "::"])
def test_it_is_never_reachable_from_elsewhere(host: str) -> None:
    with pytest.raises(InvalidOptionError, match="no loopback address"):
        serve([text("x")], host=host)


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_it_can_listen_on_the_other_loopback_address() -> None:
    try:
        server = serve([text("x")], host="::1").start()
    except OSError:
        pytest.skip("this machine has no ::1")
    with contextlib.closing(server):
        assert server.url.startswith("http://[::1]:")
        assert ask(server, "a") == "x"


# What it hands to a CLI


def test_the_home_says_what_the_config_says() -> None:
    tomllib = pytest.importorskip("tomllib", reason="came with Python 3.11")
    with serve([text("x")], model='gpt-"5"-é') as server:
        assert server.config["model_providers"]["scripted"]["base_url"] == server.url
        config = Path(server.env["CODEX_HOME"], "config.toml").read_text("utf-8")
        assert tomllib.loads(config) == server.config


def test_the_home_is_not_where_sandboxed_commands_may_write() -> None:
    if not os.access("/var/tmp", os.W_OK):
        pytest.skip("this machine has no second temporary folder")
    with serve([text("x")]) as server:
        assert not server.env["CODEX_HOME"].startswith(tempfile.gettempdir())


def test_the_home_goes_to_the_usual_place_where_there_is_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("codex_notebook.offline.home._OTHER_TEMPORARY", tmp_path / "missing")
    with serve([text("x")]) as server:
        assert server.env["CODEX_HOME"].startswith(tempfile.gettempdir())


def test_the_users_exceptions_from_their_proxy_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "intranet")
    with serve([text("x")]) as server:
        assert server.env["NO_PROXY"] == "intranet,127.0.0.1"


def test_the_options_carry_config_and_environment() -> None:
    with serve([text("x")]) as server:
        options = server.options
        assert (options.config, options.env) == (server.config, server.env)
