"""What the real CLI keeps of threads: listed, read, forked, cut back, named and put away.

On both transports wherever both can.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from codex_notebook import (
    AppServerError,
    Codex,
    ForkError,
    InvalidOptionError,
    Thread,
    ThreadInfo,
    Turn,
    TurnError,
    TurnFailedError,
    UnsupportedError,
    offline,
)
from codex_notebook.client.binary import find_binary
from codex_notebook.core.items import ActivityItem, TodoListItem
from codex_notebook.offline import (
    command,
    fail,
    http_error,
    patch,
    pause,
    plan,
    reasoning,
    search,
    text,
    turn,
)
from tests.processes import descendants, eventually

pytestmark = pytest.mark.cli

PATCH = """*** Begin Patch
*** Update File: a.txt
@@
 one
-two
+TWO
*** Add File: new.txt
+new
*** Delete File: gone.txt
*** End Patch"""

SCENARIO = [
    turn(
        reasoning("**Hm**\n\nLet me see."),
        command("echo out"),
        command("exit 3"),
        text("Done.", chunk=2),
        when="commands",
    ),
    turn(patch(PATCH), text("Patched."), when="patch"),
    turn(plan(("a", "completed"), ("b", "pending")), text("Planned."), when="plan"),
    turn(search("weather"), text("Sunny."), when="search"),
    turn(text("Half."), fail("boom"), when="fail"),
    turn(http_error(401, "Missing bearer authentication"), when="refused"),
    turn(text("Begun."), pause(until="the dead"), text("never"), when="stopped"),
    # What was released once waits no more.
    turn(text("Begun."), pause(until="exec"), text("Ended."), when="wait over exec"),
    turn(text("Begun."), pause(until="app-server"), text("Ended."), when="wait over app-server"),
    turn(text("Bad code."), when="Review"),
    turn(text("Hello."), when="."),
]
# What a request to the scripted model costs.
COST = 42

# What of a turn only who was there knows, and the CLI does not keep. The error is kept without
# the advice that we add to it, the times as whole seconds.
UNKEPT = {"request", "error", "started_at", "ended_at", "last_error", "diff"}
UNKEPT |= {"thread_usage_before", "thread_usage", "context_tokens", "context_window"}
UNKEPT |= {"model", "effort"}
# What the CLI keeps and `codex exec` does not tell: ids, codes, and more fields of items.
UNTOLD = {"turn_id", "error_code", "error_http_status"}
UNTOLD_OF_ITEMS = {"id", "phase", "cwd", "duration_ms"}

# A PNG of one red pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve(SCENARIO, repeat=True) as server:
        yield server


@pytest.fixture
def home(model: offline.ScriptedModel) -> Path:
    return Path(model.env["CODEX_HOME"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "gone.txt").write_text("bye\n")
    return tmp_path


@pytest.fixture
def client(model: offline.ScriptedModel) -> Iterator[Callable[..., Codex]]:
    """Return a function that makes clients of a transport; they are closed in the end."""
    clients = []

    def make(transport: Any, **options: Any) -> Codex:
        clients.append(Codex(model.options, transport=transport, **options))
        return clients[-1]

    yield make
    for codex in clients:
        asyncio.run(codex.close())


@pytest.fixture(params=["exec", "app-server"])
def codex(request: pytest.FixtureRequest, client: Callable[..., Codex]) -> Codex:
    return client(request.param)


@pytest.fixture
def live(client: Callable[..., Codex]) -> Codex:
    return client("app-server")


def options_in(folder: Path) -> dict[str, Any]:
    common = {"sandbox_mode": "workspace-write", "skip_git_repo_check": True}
    return {**common, "working_directory": folder}


@pytest.fixture
def thread(codex: Codex, folder: Path) -> Thread:
    return codex.start_thread(**options_in(folder))


@pytest.fixture
def live_thread(live: Codex, folder: Path) -> Thread:
    return live.start_thread(**options_in(folder))


async def had(thread: Thread, *prompts: str) -> list[Turn]:
    """Run turns, however they end."""
    turns = []
    for prompt in prompts:
        try:
            turns.append(await thread.run(prompt))
        except TurnError as error:
            turns.append(error.turn)
    return turns


async def interrupted(thread: Thread) -> Turn:
    running = await thread.start("stopped")
    async for event in running.events():
        if event.type == "item.completed":
            break
    return await running.interrupt()


def id_of(thread: Thread) -> str:
    assert thread.id is not None
    return thread.id


def copied(rollout: Path, thread_id: str, number: int, source: Any = "cli") -> str:
    """Copy what the CLI keeps of a thread as that of another, older one; return its id.

    The higher the number, the newer is the copy.
    """
    at = 1_700_000_000 + number
    clock = time.gmtime(at)
    ms, noise = f"{at * 1000:012x}", uuid.uuid4().hex
    copy = str(uuid.UUID(f"{ms}7{noise[:3]}9{noise[3:6]}{noise[6:18]}"))
    first, rest = rollout.read_text().replace(thread_id, copy).split("\n", 1)
    line = json.loads(first)
    line["payload"].update(source=source, originator="acme")
    line["timestamp"] = line["payload"]["timestamp"] = time.strftime("%Y-%m-%dT%XZ", clock)
    name = f"rollout-{time.strftime('%Y-%m-%dT%H-%M-%S', clock)}-{copy}.jsonl"
    (rollout.parent / name).write_text(f"{json.dumps(line)}\n{rest}")
    return copy


# ---- lists -----------------------------------------------------------------------------------


def test_threads_of_all_programs_are_listed_the_newest_first_and_sub_agents_are_left_out(
    codex: Codex, client: Callable[..., Codex], folder: Path
) -> None:
    async def listed() -> tuple[list[ThreadInfo], list[str]]:
        ours = client("exec").start_thread(**options_in(folder))
        await ours.run("by exec")
        rollout = Path((await ours.info()).raw["path"])
        cli = copied(rollout, id_of(ours), 1)
        editor = copied(rollout, id_of(ours), 2, source="vscode")
        spawned = {"thread_spawn": {"parent_thread_id": ours.id, "depth": 1}}
        for number, agent in enumerate(["review", spawned], 3):
            copied(rollout, id_of(ours), number, source={"subagent": agent})
        alive = client("app-server").start_thread(**options_in(folder))
        await alive.run("by a server")
        threads = await codex.threads(working_directory=folder)
        return threads, [id_of(alive), id_of(ours), editor, cli]

    threads, expected = asyncio.run(listed())
    # Those that began within a second are in any order.
    assert {info.id for info in threads[:2]} == {*expected[:2]}
    assert [info.id for info in threads[2:]] == expected[2:]
    assert {(info.source, info.originator, info.preview) for info in threads} == {
        ("vscode", "codex_notebook", "by a server"),
        ("exec", "codex_notebook", "by exec"),
        ("vscode", "acme", "by exec"),
        ("cli", "acme", "by exec"),
    }
    assert {(info.working_directory, info.model_provider) for info in threads} == {
        (str(folder), "scripted")
    }
    assert len(pd.DataFrame(map(dict, threads))) == 4


def test_threads_are_found_by_name_by_first_prompt_and_by_directory(
    codex: Codex, folder: Path
) -> None:
    (folder / "link").symlink_to(folder / "below")
    (folder / "below").mkdir()

    here = os.path.relpath(folder)

    async def found() -> list[list[str]]:
        for prompt in ("Alpha", "Beta"):
            await codex.start_thread(**options_in(folder)).run(f"{prompt} {folder}")
        below = codex.start_thread(**options_in(folder / "below"))
        await below.run(f"Gamma {folder}")
        await below.set_name(f"Named {folder}")
        return [
            [info.name or info.preview.split()[0] for info in threads]
            for threads in (
                await codex.threads(search=f"Alpha {folder}"),
                await codex.threads(search=f"Named {folder}"),
                await codex.threads(working_directory=folder, search="Beta"),
                await codex.threads(working_directory=here, search="Beta"),
                await codex.threads(working_directory=folder / "link"),
                await codex.threads(working_directory=folder / "elsewhere"),
                await codex.threads(search="Nobody said this"),
            )
        ]

    named = f"Named {folder}"
    assert asyncio.run(found()) == [["Alpha"], [named], ["Beta"], ["Beta"], [named], [], []]


def test_a_list_has_as_many_threads_as_were_asked_for_over_any_number_of_pages(
    codex: Codex, folder: Path
) -> None:
    async def listed() -> list[list[str]]:
        thread = codex.start_thread(**options_in(folder))
        await thread.run("hello")
        rollout = Path((await thread.info()).raw["path"])
        copies = [copied(rollout, id_of(thread), number) for number in range(120)]
        expected = [id_of(thread), *reversed(copies)]
        lists = [expected]
        for limit in (None, 110, 100, 2, 0):
            threads = await codex.threads(working_directory=folder, limit=limit)
            lists.append([info.id for info in threads])
        return [*lists, [info.id for info in await codex.threads(working_directory=folder)]]

    expected, everything, *parts = asyncio.run(listed())
    assert everything == expected
    assert parts == [expected[:size] for size in (110, 100, 2, 0, 50)]


@pytest.mark.parametrize("limit", [-1, True, 1.5, "all"])
def test_a_limit_that_is_no_number_is_refused_before_a_process_starts(limit: Any) -> None:
    with pytest.raises(InvalidOptionError, match="None stands for all") as caught:
        asyncio.run(Codex(codex_path_override="/nowhere").threads(limit=limit))
    assert caught.value.option == "limit"


# ---- turns of the past -----------------------------------------------------------------------


def assert_alike(past: Turn, live: Turn, *, told: bool) -> None:
    """Hold a turn of the past against what it was; ``told`` if that knew ids and codes."""
    unknown = UNKEPT if told else UNKEPT | UNTOLD
    was, is_now = vars(live.state), vars(past.state)
    fields = was.keys() - unknown - {"entries"}
    assert {name: is_now[name] for name in fields} == {name: was[name] for name in fields}
    assert past.prompt == live.prompt
    assert past.state.request.working_directory == live.state.request.working_directory
    assert (live.error or "").startswith(past.error or "")
    assert (past.error is None) == (live.error is None)
    assert past.duration == pytest.approx(live.duration, abs=0.5)
    kept = [item for item in live.items if not isinstance(item, TodoListItem)]
    left_out = set() if told else UNTOLD_OF_ITEMS
    assert [item.model_dump(exclude=left_out) for item in past.items] == [
        item.model_dump(exclude=left_out) for item in kept
    ]


def test_turns_of_the_past_are_what_they_were(
    codex: Codex, client: Callable[..., Codex], thread: Thread
) -> None:
    prompts = ["hello", "commands", "patch", "plan", "search", "fail", "refused"]
    told = codex.options.transport == "app-server"

    async def read() -> tuple[list[Turn], list[Turn], list[Turn]]:
        turns = [*await had(thread, *prompts), await interrupted(thread)]
        again = client(codex.options.transport).resume_thread(id_of(thread))
        return turns, await thread.read(), await again.read()

    turns, past, past_again = asyncio.run(read())
    assert len(past) == len(turns)
    for then, now in zip(turns, past, strict=True):
        assert_alike(now, then, told=told)
    assert [turn.state for turn in past_again] == [turn.state for turn in past]
    assert [turn.status for turn in past[-3:]] == ["failed", "failed", "interrupted"]


def test_turns_of_the_past_show_themselves(thread: Thread) -> None:
    async def read() -> list[Turn]:
        await had(thread, "commands", "patch", "fail")
        await interrupted(thread)
        return await thread.read()

    for past in asyncio.run(read()):
        assert past.prompt in past._repr_html_() or past.status in past._repr_html_().lower()
        assert past._repr_markdown_()
        assert past.status in str(past).lower()
        # As of a turn that was not asked for an object.
        with pytest.raises(InvalidOptionError, match="output_type"):
            past.to_frame()


READS = """
import asyncio, json, sys
from codex_notebook import Codex

options, thread_id = json.loads(sys.argv[1]), sys.argv[2]
turns = asyncio.run(Codex(**options).resume_thread(thread_id).read())
print(json.dumps([(turn.prompt, turn.final_response, turn.id) for turn in turns]))
"""


def test_another_process_reads_the_same(model: offline.ScriptedModel, thread: Thread) -> None:
    async def read() -> list[Turn]:
        await had(thread, "hello", "search")
        return await thread.read()

    past = asyncio.run(read())
    options = json.dumps({"config": model.config, "env": model.env})
    reader = [sys.executable, "-c", READS, options, id_of(thread)]
    ran = subprocess.run(reader, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [[t.prompt, t.final_response, t.id] for t in past]
    assert [t.prompt for t in past] == ["hello", "search"]


def test_a_prompt_with_images_is_read_as_its_text(thread: Thread, folder: Path) -> None:
    (folder / "pixel.png").write_bytes(PIXEL)
    parts: list[Any] = [
        {"type": "text", "text": "What is"},
        {"type": "local_image", "path": folder / "pixel.png"},
        {"type": "text", "text": "this?"},
        PIXEL,
    ]

    async def read() -> tuple[Turn, Turn]:
        turn = await thread.run(parts)
        (past,) = await thread.read()
        return turn, past

    turn, past = asyncio.run(read())
    assert past.prompt == turn.prompt == "What is\n\nthis?"


def test_a_review_is_read_as_one_turn_and_the_thread_goes_on(codex: Codex, folder: Path) -> None:
    subprocess.run(["git", "init", "-q", folder], check=True)
    thread = codex.start_thread(working_directory=folder)

    async def read() -> tuple[Turn, list[Turn]]:
        review = await thread.review()
        await thread.run("hello")
        return review, await thread.read()

    review, (past, after) = asyncio.run(read())
    assert (past.status, past.final_response) == ("completed", review.final_response)
    assert past.prompt.startswith("Review the current code changes")
    assert [item.type for item in past.items] == ["review_mode", "review_mode", "agent_message"]
    assert after.prompt == "hello"
    if codex.options.transport == "app-server":
        assert past.id == review.id
        assert past.items == review.items


def test_a_thread_that_was_compacted_has_a_turn_of_it(live_thread: Thread) -> None:
    async def read() -> tuple[Turn, list[Turn], Turn]:
        await live_thread.run("hello")
        compacted = await live_thread.compact()
        return compacted, await live_thread.read(), await live_thread.run("hello again")

    compacted, (_, past), after = asyncio.run(read())
    assert isinstance(past.items[0], ActivityItem)
    assert past.items[0].type == "context_compaction"
    assert (past.id, past.prompt, past.status) == (compacted.id, compacted.prompt, "completed")
    assert after.final_response == "Hello."


def test_exec_does_not_compact(client: Callable[..., Codex], folder: Path) -> None:
    thread = client("exec").start_thread(**options_in(folder))
    asyncio.run(thread.run("hello"))
    with pytest.raises(UnsupportedError, match=r'Codex\(transport="app-server"\)'):
        asyncio.run(thread.compact())


# ---- forks, and turns taken back -------------------------------------------------------------


def told(model: offline.ScriptedModel, *words: str) -> list[str]:
    """Return which of the words the model saw in its last request, in their order."""
    seen = json.dumps(model.requests[-1].body["input"])
    return [word for word in words if f'"{word}"' in seen]


WORDS = ("hello one", "hello two", "hello three", "hello four")


@pytest.mark.parametrize("named_by", ["a turn of read", "a live turn", "an id"])
def test_a_fork_begins_at_the_turn_that_is_named(
    live_thread: Thread, model: offline.ScriptedModel, named_by: str
) -> None:
    async def forked() -> tuple[list[Turn], Turn, ThreadInfo, list[Turn]]:
        first, *_ = await had(live_thread, *WORDS[:3])
        if named_by == "a turn of read":
            first = (await live_thread.read())[0]
        at_turn = first.id if named_by == "an id" else first
        fork = await live_thread.fork(at_turn=at_turn)
        begins_with = await fork.read()
        after = await fork.run("hello four")
        return begins_with, after, await fork.info(), await live_thread.read()

    begins_with, after, info, of_the_other = asyncio.run(forked())
    assert [turn.prompt for turn in begins_with] == ["hello one"]
    assert told(model, *WORDS) == ["hello one", "hello four"]
    assert info.forked_from_id == live_thread.id
    assert [turn.prompt for turn in of_the_other] == [*WORDS[:3]]
    # It began with what its first turn had used.
    assert after.usage is not None
    assert after.thread_usage is not None
    assert (after.usage.input_tokens, after.thread_usage.input_tokens) == (COST, 2 * COST)


def test_a_fork_is_read_as_what_it_began_with(thread: Thread) -> None:
    async def forked() -> tuple[list[Turn], list[Turn], str | None]:
        await had(thread, "hello", "commands")
        fork = await thread.fork()
        return await thread.read(), await fork.read(), (await fork.info()).forked_from_id

    turns, of_the_fork, origin = asyncio.run(forked())
    assert [turn.items for turn in of_the_fork] == [turn.items for turn in turns]
    assert origin == thread.id


def test_a_fork_at_a_turn_that_is_not_of_the_thread_is_an_error(live_thread: Thread) -> None:
    asyncio.run(live_thread.run("hello"))
    for wrong in ("x", str(uuid.uuid4())):
        with pytest.raises(ForkError, match="turn not found"):
            asyncio.run(live_thread.fork(at_turn=wrong))


def test_exec_forks_at_the_end_only(client: Callable[..., Codex], folder: Path) -> None:
    thread = client("exec").start_thread(**options_in(folder))

    async def fork_at_the_first() -> None:
        await thread.run("hello")
        await thread.fork(at_turn=(await thread.read())[0])

    with pytest.raises(UnsupportedError, match=r'Codex\(transport="app-server"\)'):
        asyncio.run(fork_at_the_first())


def test_a_turn_of_exec_has_no_id_and_the_error_says_where_there_are_some(
    client: Callable[..., Codex], folder: Path
) -> None:
    thread = client("exec").start_thread(**options_in(folder))
    turn = asyncio.run(thread.run("hello"))
    with pytest.raises(InvalidOptionError, match=r"await thread\.read\(\)") as caught:
        asyncio.run(thread.revert(before_turn=turn))
    assert caught.value.option == "before_turn"


def test_turns_that_are_taken_back_are_forgotten_and_not_counted(
    codex: Codex,
    client: Callable[..., Codex],
    thread: Thread,
    model: offline.ScriptedModel,
    folder: Path,
) -> None:
    async def reverted() -> list[Turn]:
        await had(thread, *WORDS[:3])
        await thread.revert(before_turn=(await thread.read())[1])
        assert [turn.prompt for turn in await thread.read()] == ["hello one"]
        first = await thread.run("hello four")
        assert told(model, *WORDS) == ["hello one", "hello four"]
        # Another client has only what the CLI wrote down; of two only one can hold the thread.
        await codex.close()
        again = client(codex.options.transport).resume_thread(id_of(thread), **options_in(folder))
        await again.revert(before_turn=(await again.read())[1])
        second = await again.run("hello three")
        assert told(model, *WORDS) == ["hello one", "hello three"]
        await again.revert(before_turn=(await again.read())[0])
        assert await again.read() == []
        third = await again.run("hello two")
        assert told(model, *WORDS) == ["hello two"]
        return [first, second, third]

    used = [
        (
            turn.usage and turn.usage.input_tokens,
            turn.thread_usage and turn.thread_usage.input_tokens,
        )
        for turn in asyncio.run(reverted())
    ]
    assert used == [(COST, 2 * COST), (COST, 2 * COST), (COST, COST)]


def test_the_files_that_a_turn_changed_stay_when_it_is_taken_back(
    thread: Thread, folder: Path
) -> None:
    async def reverted() -> None:
        await had(thread, "hello", "patch")
        await thread.revert(before_turn=(await thread.read())[1])

    asyncio.run(reverted())
    assert (folder / "a.txt").read_text() == "one\nTWO\n"


@pytest.mark.parametrize("first", ["exec", "app-server"])
def test_what_was_taken_back_over_one_transport_the_other_does_not_know(
    client: Callable[..., Codex], folder: Path, model: offline.ScriptedModel, first: str
) -> None:
    second = {"exec": "app-server", "app-server": "exec"}[first]

    async def crossed() -> Turn:
        codex = client(first)
        thread = codex.start_thread(**options_in(folder))
        await had(thread, *WORDS[:2])
        await thread.revert(before_turn=(await thread.read())[1])
        await codex.close()
        return await client(second).resume_thread(id_of(thread), **options_in(folder)).run(WORDS[2])

    turn = asyncio.run(crossed())
    assert told(model, *WORDS) == ["hello one", "hello three"]
    assert turn.usage is not None
    assert turn.usage.input_tokens == COST


def test_a_turn_that_cannot_be_taken_back_is_an_error_with_the_remedy(
    codex: Codex, thread: Thread, folder: Path
) -> None:
    subprocess.run(["git", "init", "-q", folder], check=True)

    async def wrong() -> None:
        await thread.run("hello")
        for turn_id in ("x", str(uuid.uuid4())):
            with pytest.raises(AppServerError, match=r"turn not found.*\n.*thread\.read\(\)"):
                await thread.revert(before_turn=turn_id)
        assert len(await thread.read()) == 1
        reviewed = codex.start_thread(working_directory=folder)
        await reviewed.review()
        with pytest.raises(AppServerError, match="A review cannot be taken back"):
            await reviewed.revert(before_turn=(await reviewed.read())[0])

    asyncio.run(wrong())


def sandbox_of_the_last_turn(rollout: Path) -> str:
    lines = [json.loads(line) for line in rollout.read_text().splitlines()]
    turns = [line["payload"] for line in lines if line["type"] == "turn_context"]
    return str(turns[-1]["sandbox_policy"]["type"])


@pytest.mark.parametrize("wrong", [True, False])
def test_the_turn_after_a_revert_has_no_leave_that_the_thread_was_saved_with(
    client: Callable[..., Codex], folder: Path, wrong: bool
) -> None:
    async def resumed() -> str:
        first = client("app-server")
        saved = first.start_thread(
            working_directory=folder, skip_git_repo_check=True, sandbox_mode="danger-full-access"
        )
        await had(saved, "hello", "hello")
        await first.close()
        again = client("app-server").resume_thread(
            id_of(saved), working_directory=folder, skip_git_repo_check=True
        )
        try:
            await again.revert(before_turn="x" if wrong else (await again.read())[1])
        except AppServerError:
            assert wrong
        await again.run("hello")
        return sandbox_of_the_last_turn(Path((await again.info()).raw["path"]))

    assert asyncio.run(resumed()) == "read-only"


# ---- names, and the archive ------------------------------------------------------------------


def test_a_thread_is_named(codex: Codex, client: Callable[..., Codex], thread: Thread) -> None:
    async def named() -> list[str | None]:
        await thread.run("hello")
        names = [thread.name, (await thread.info()).name]
        await thread.set_name("Sums & ümläuts")
        names.append(thread.name)
        again = client(codex.options.transport).resume_thread(id_of(thread))
        names.append(again.name)
        return [*names, (await again.info()).name, again.name]

    sums = "Sums & ümläuts"
    assert asyncio.run(named()) == [None, None, sums, None, sums, sums]


@pytest.mark.parametrize("name", ["", " \n", None, 3])
def test_a_name_that_is_none_is_refused(thread: Thread, name: Any) -> None:
    with pytest.raises(InvalidOptionError, match="cannot be called") as caught:
        asyncio.run(thread.set_name(name))
    assert caught.value.option == "name"


def test_an_archived_thread_is_read_and_listed_apart_and_goes_on_when_it_is_taken_out(
    codex: Codex, thread: Thread, folder: Path
) -> None:
    async def archived() -> None:
        await thread.run("hello")
        other = codex.start_thread(**options_in(folder))
        await other.run("hello")
        await thread.archive()
        listed = [info.id for info in await codex.threads(working_directory=folder)]
        apart = await codex.threads(working_directory=folder, archived=True)
        assert (listed, [info.id for info in apart]) == ([other.id], [thread.id])
        assert (await thread.info()).id == thread.id
        assert len(await thread.read()) == 1
        with pytest.raises(TurnFailedError, match=r"await thread\.unarchive\(\)"):
            await thread.run("hello")
        with pytest.raises(AppServerError, match=r"await thread\.unarchive\(\)"):
            await thread.archive()
        with pytest.raises(AppServerError, match=r"await thread\.unarchive\(\)"):
            await thread.set_name("x")
        with pytest.raises(AppServerError, match=r"await thread\.unarchive\(\)"):
            await thread.revert(before_turn="x")
        await thread.unarchive()
        with pytest.raises(AppServerError, match=r"threads\(archived=True\)"):
            await thread.unarchive()
        turn = await thread.run("hello again")
        assert turn.usage is not None
        assert turn.usage.input_tokens == COST

    asyncio.run(archived())


# ---- threads that are not there --------------------------------------------------------------

Work = Callable[[Thread], Coroutine[Any, Any, object]]
WORK: dict[str, Work] = {
    "read": lambda thread: thread.read(),
    "info": lambda thread: thread.info(),
    "set_name": lambda thread: thread.set_name("x"),
    "archive": lambda thread: thread.archive(),
    "unarchive": lambda thread: thread.unarchive(),
    "revert": lambda thread: thread.revert(before_turn="x"),
}
of_every_kind = pytest.mark.parametrize("work", WORK.values(), ids=WORK)


@of_every_kind
def test_of_a_thread_without_a_turn_there_is_nothing_to_ask(
    work: Work,
) -> None:
    thread = Codex(codex_path_override="/nowhere").start_thread()
    with pytest.raises(InvalidOptionError, match="had no turn yet") as caught:
        asyncio.run(work(thread))
    assert caught.value.option == "thread"


def test_a_thread_that_the_cli_does_not_know_is_an_error_with_the_remedy(codex: Codex) -> None:
    async def asked() -> None:
        # Many at once, of one server.
        answers = [work(codex.resume_thread(str(uuid.uuid4()))) for work in WORK.values()]
        errors = await asyncio.gather(*answers, return_exceptions=True)
        for name, error in zip(WORK, errors, strict=True):
            assert isinstance(error, AppServerError), name
            remedy = "threads(archived=True)" if name == "unarchive" else "CODEX_HOME"
            assert remedy in str(error), name

    asyncio.run(asked())


def test_of_an_ephemeral_thread_nothing_is_kept_to_be_asked_for(codex: Codex, folder: Path) -> None:
    thread = codex.start_thread(**options_in(folder), ephemeral=True)

    async def asked() -> None:
        await thread.run("hello")
        for name in ("read", "set_name", "revert"):
            with pytest.raises(AppServerError, match="ephemeral"):
                await WORK[name](thread)
        assert thread.id not in [info.id for info in await codex.threads(limit=None)]

    asyncio.run(asked())


# ---- side by side ----------------------------------------------------------------------------


def test_what_is_asked_of_a_thread_waits_for_the_turn_that_runs(
    codex: Codex, client: Callable[..., Codex], thread: Thread, model: offline.ScriptedModel
) -> None:
    async def asked() -> tuple[list[Turn], list[Turn], ThreadInfo]:
        transport = codex.options.transport
        running = await thread.start(f"wait over {transport}")
        async for event in running.events():
            if event.type == "item.completed":
                break
        again = client(transport).resume_thread(id_of(thread))
        work: list[Coroutine[Any, Any, Any]]
        work = [thread.read(), again.read(), thread.set_name("Named"), thread.info()]
        tasks = [asyncio.create_task(one) for one in work]
        # Takes longer than each of them would.
        await codex.threads()
        await codex.threads()
        assert not any(task.done() for task in tasks)
        model.release(transport)
        await running
        past, past_again, _, info = await asyncio.gather(*tasks)
        return past, past_again, info

    past, past_again, info = asyncio.run(asked())
    assert [turn.final_response for turn in past + past_again] == ["Ended.", "Ended."]
    assert info.name == "Named"


@pytest.fixture
def starts(model: offline.ScriptedModel, tmp_path: Path) -> tuple[Path, Path]:
    """Return a CLI that notes its starts, and where it does."""
    log, script = tmp_path / "starts", tmp_path / "codex"
    binary = shlex.quote(str(find_binary(None, {}).path))
    script.write_text(f'#!/bin/sh\necho "$1" >> {shlex.quote(str(log))}\nexec {binary} "$@"\n')
    script.chmod(0o755)
    return script, log


def test_exec_asks_one_server_at_a_time_and_ends_it(
    client: Callable[..., Codex], starts: tuple[Path, Path], folder: Path
) -> None:
    script, log = starts
    codex = client("exec", codex_path_override=script)

    async def asked() -> None:
        thread = codex.start_thread(**options_in(folder))
        await thread.run("hello")
        work = [thread.info(), thread.read(), codex.threads(), codex.models(), codex.account()]
        await asyncio.gather(*work, thread.set_name("x"), codex.threads(archived=True))
        assert log.read_text().split().count("app-server") == 1
        await thread.info()
        assert log.read_text().split().count("app-server") == 2

    asyncio.run(asked())
    assert eventually(lambda: descendants() == [])


def test_a_question_that_is_given_up_leaves_no_server_behind(
    client: Callable[..., Codex], folder: Path
) -> None:
    codex = client("exec")

    async def given_up() -> list[ThreadInfo]:
        asking = asyncio.create_task(codex.threads(limit=None))
        assert await asyncio.to_thread(eventually, descendants)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await asyncio.to_thread(eventually, lambda: descendants() == [])
        return await codex.threads(limit=1)

    asyncio.run(given_up())
    assert eventually(lambda: descendants() == [])


def test_a_thread_goes_on_over_exec_as_soon_as_it_was_asked_about(
    client: Callable[..., Codex], folder: Path
) -> None:
    thread = client("exec").start_thread(**options_in(folder))

    async def in_turn() -> list[Turn]:
        await had(thread, "hello", "hello")
        await thread.revert(before_turn=(await thread.read())[1])
        done = await asyncio.gather(thread.run("search"), thread.read(), thread.run("hello"))
        assert [turn.prompt for turn in done[1]] == ["hello", "search"]
        return await thread.read()

    past = asyncio.run(in_turn())
    assert [turn.prompt for turn in past] == ["hello", "search", "hello"]
