"""What a scenario answers to a request: a pure choice of steps.

Knows scenarios and conversations, and nothing of the Responses API or of sockets.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from codex_notebook.offline.conversation import Conversation
from codex_notebook.offline.scenario import Scenario
from codex_notebook.offline.steps import Command, Fail, Patch, Plan, Step, Text
from codex_notebook.offline.turns import Turn, Usage


@dataclass(frozen=True)
class Answer:
    """What one request gets.

    Attributes
    ----------
    steps : tuple of step
        Up to and including a call; none, if the turn has nothing more to say.
    usage : Usage
        What the request costs.
    """

    steps: tuple[Step, ...]
    usage: Usage = field(default_factory=Usage)


def answer(scenario: Scenario, conversation: Conversation, *, repeat: bool = False) -> Answer:
    """Choose the answer to a request.

    Parameters
    ----------
    scenario : Scenario
        What there is to say.
    conversation : Conversation
        Where the conversation stands.
    repeat : bool
        Whether the turns without a `when` start over once a conversation has used them all.
    """
    if conversation.purpose != "turn":
        # A summary for compaction, a title and the like: no part of what is being scripted.
        return Answer((Text(f"(The scripted model's {conversation.purpose}.)"),))
    turn = _turn(scenario, conversation.prompts or ("",), repeat=repeat)
    if isinstance(turn, str):
        return Answer((Text(turn),))
    done = conversation.outputs
    if done and conversation.refused is not None:
        complaint = _complaint(turn.responses[min(done, len(turn.responses)) - 1], conversation)
        if complaint is not None:
            return Answer((complaint,))
    steps = turn.responses[done] if done < len(turn.responses) else ()
    return Answer(steps, turn.usage)


def _turn(scenario: Scenario, prompts: tuple[str, ...], *, repeat: bool) -> Turn | str:
    """Return the turn for the latest of `prompts`, or why there is none."""

    def claimant(prompt: str) -> Turn | None:
        return next((turn for turn in scenario.turns if turn.answers(prompt)), None)

    *earlier, latest = prompts
    if (turn := claimant(latest)) is not None:
        return turn
    successive = [turn for turn in scenario.turns if turn.when is None]
    if not successive:
        return "No turn of the scenario has a `when` that is found in this message."
    index = sum(claimant(prompt) is None for prompt in earlier)
    if repeat:
        index %= len(successive)
    if index < len(successive):
        return successive[index]
    return (
        f"The scenario is exhausted: it has {len(successive)} turn(s) for successive messages, and "
        f"this is message {index + 1} of the conversation. Add a turn, or serve with repeat=True."
    )


def _complaint(steps: tuple[Step, ...], conversation: Conversation) -> Fail | None:
    """Say that the CLI lacks the tool of a step; `Tool` steps may ask for what is not there."""
    if not steps or not isinstance(steps[-1], (Command, Patch, Plan)):
        return None
    message = f"The CLI gives this model no tool {conversation.refused!r}, which the scenario uses."
    if isinstance(steps[-1], Plan):
        message += " Start the CLI with tools.update_plan.enabled=true."
    return Fail(message)
