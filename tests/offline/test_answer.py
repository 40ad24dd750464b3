"""Which steps answer a request, and how a request is read: both pure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codex_notebook.offline import Scenario, command, plan, text, tool, turn
from codex_notebook.offline.answer import Answer, answer
from codex_notebook.offline.conversation import Conversation, read_conversation
from codex_notebook.offline.steps import Fail, Step, Text

ENVIRONMENT = "<environment_context>\n  <cwd>/work</cwd>\n</environment_context>"
AGENTS = "# AGENTS.md instructions for /work\n\n<INSTRUCTIONS>\nBe nice.\n</INSTRUCTIONS>"


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "input_text", "text": t} for t in texts]}


def output(call: str, said: str = "ok") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call, "output": said}


def read(*items: object, **body: Any) -> Conversation:
    return read_conversation({"input": list(items), **body})


def asked(
    scenario: Scenario, *prompts: str, outputs: int = 0, repeat: bool = False, **more: Any
) -> tuple[Step, ...]:
    return answer(scenario, Conversation(prompts, outputs, **more), repeat=repeat).steps


# How a request is read


def test_what_the_cli_says_in_the_users_name_is_no_prompt() -> None:
    conversation = read(
        user(AGENTS, ENVIRONMENT),
        user("<external_kernel>x = 1</external_kernel>"),
        user("fix the test"),
        user("<turn_aborted>\nThe user interrupted.\n</turn_aborted>"),
        user("<user_shell_command>\nls\n</user_shell_command>"),
        user("Another language model started to solve this problem and produced a summary."),
    )
    assert conversation.prompts == ("fix the test",)


@pytest.mark.parametrize(
    "prompt",
    ["<div>why?</div>", f"explain this:\n{ENVIRONMENT}", "</image> is what?", "# AGENTS", "  "],
)
def test_a_prompt_that_looks_like_the_clis_own_words_is_still_a_prompt(prompt: str) -> None:
    assert read(user(ENVIRONMENT), user(prompt)).prompts == (prompt,)


def test_an_image_leaves_no_trace_in_the_prompt() -> None:
    content = [
        {"type": "input_text", "text": '<image name=[Image #1] path="/a.png">'},
        {"type": "input_image", "image_url": "data:image/png;base64,"},
        {"type": "input_text", "text": "</image>"},
        {"type": "input_text", "text": "one"},
        {"type": "input_text", "text": "two"},
    ]
    assert read({"role": "user", "content": content}).prompt == "one\n\ntwo"
    assert read({"role": "user", "content": content[:3]}).prompts == ("",)


def test_calls_are_counted_from_the_latest_prompt_on_and_each_once() -> None:
    earlier = [user("one"), output("a"), output("b"), user("two"), user(ENVIRONMENT)]
    assert read(*earlier).outputs == 0
    custom = {"type": "custom_tool_call_output", "call_id": "d", "output": []}
    assert read(*earlier, output("c"), output("c", "more"), custom).outputs == 2


def test_the_tool_that_the_cli_refused_is_known() -> None:
    refused = output("a", "unsupported call: update_plan")
    assert read(user("go"), refused).refused == "update_plan"
    assert read(user("go"), refused, output("b")).refused is None


def test_the_task_of_a_sub_agent_is_its_prompt() -> None:
    header = {"type": "input_text", "text": "Message Type: NEW_TASK\nPayload:\n"}
    task = {"type": "encrypted_content", "encrypted_content": "count"}
    message = {"type": "agent_message", "content": [header, task]}
    assert read(user("parent's prompt"), message).prompts == ("parent's prompt", "count")


def test_an_input_of_plain_text_is_a_prompt() -> None:
    assert read_conversation({"input": "hello"}).prompts == ("hello",)


def test_a_compaction_is_told_from_a_turn() -> None:
    metadata = {"x-codex-turn-metadata": json.dumps({"request_kind": "compaction"})}
    own = user("You are performing a CONTEXT CHECKPOINT COMPACTION. Create a handoff summary.")
    conversation = read(user("go"), own, client_metadata=metadata)
    assert (conversation.purpose, conversation.prompt) == ("compaction", "go")
    assert read(user("go")).purpose == "turn"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["input", "role", "type", "content", "text"]), inner)
    ),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(["input", "client_metadata"]), JSON))
def test_reading_a_body_never_raises(body: dict[str, Any]) -> None:
    read_conversation(body)


# Which steps answer it

TWO = Scenario.of([turn(text("first")), turn(command("ls"), text("mid"), command("pwd"))])


def test_turns_answer_the_messages_of_a_conversation_one_after_the_other() -> None:
    assert asked(TWO, "a") == (text("first"),)
    assert asked(TWO, "a", "b") == (command("ls"),)


def test_steps_up_to_a_call_are_one_response_and_the_next_goes_on_behind_it() -> None:
    assert asked(TWO, "a", "b", outputs=1) == (text("mid"), command("pwd"))
    assert asked(TWO, "a", "b", outputs=2) == ()
    assert asked(TWO, "a", "b", outputs=3) == ()


def test_the_first_turn_whose_when_is_found_answers() -> None:
    scenario = Scenario.of(
        [
            turn(text("plain one")),
            turn(text("tests"), when="fix .* test"),
            turn(text("fixes"), when="fix"),
            turn(text("plain two")),
        ]
    )
    assert asked(scenario, "please fix the test") == (text("tests"),)
    assert asked(scenario, "fix it") == (text("fixes"),)
    assert asked(scenario, "hello") == (text("plain one"),)
    # What a `when` has answered does not use up a turn without one.
    assert asked(scenario, "fix it", "hello", "fix it", "again") == (text("plain two"),)


def test_a_used_up_scenario_says_so() -> None:
    (said,) = asked(TWO, "a", "b", "c")
    assert isinstance(said, Text)
    assert "exhausted: it has 2 turn(s)" in said.body
    assert "message 3" in said.body


def test_a_repeated_scenario_starts_over() -> None:
    assert asked(TWO, "a", "b", "c", repeat=True) == (text("first"),)


def test_a_message_that_no_when_finds_is_told_so() -> None:
    (said,) = asked(Scenario.of([turn(text("x"), when="fix")]), "hello")
    assert isinstance(said, Text)
    assert "No turn" in said.body


def test_a_request_without_a_prompt_gets_the_first_turn() -> None:
    assert asked(TWO) == (text("first"),)


def test_what_is_no_turn_gets_a_harmless_text() -> None:
    (said,) = asked(TWO, "a", purpose="compaction")
    assert isinstance(said, Text)
    assert "compaction" in said.body


def test_a_plan_without_its_tool_fails_with_the_remedy() -> None:
    scenario = Scenario.of([plan(("Read", "completed")), text("Done.")])
    (failure,) = asked(scenario, "a", outputs=1, refused="update_plan")
    assert isinstance(failure, Fail)
    assert "tools.update_plan.enabled=true" in failure.message


def test_a_refused_tool_step_is_part_of_the_scenario() -> None:
    scenario = Scenario.of([tool("no_such"), text("I see.")])
    assert asked(scenario, "a", outputs=1, refused="no_such") == (text("I see."),)


def test_a_turn_brings_its_own_usage() -> None:
    scenario = Scenario.of([turn(text("a"), usage={"output_tokens": 9})])
    chosen = answer(scenario, Conversation(("a",), 0))
    assert chosen == Answer((text("a"),), scenario.turns[0].usage)
    assert chosen.usage.output_tokens == 9
    assert chosen.usage.input_tokens == 42
