"""What the server asks its user, as values; and the answers, as the protocol hears them.

Pure functions. Source: ``item/tool/requestUserInput`` and ``mcpServer/elicitation/request`` in
the schema of ``codex app-server``, version 0.163. Who answers is in ``desk``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from codex_notebook.core.asks import Answers, InputRequest
from codex_notebook.errors import InvalidOptionError

Json = Any
Params = Mapping[str, Json]

USER_INPUT = "item/tool/requestUserInput"


# The kinds of questions of MCP servers that anybody could answer here; another, such as a proof of
# who the user is, is declined.
_MODES = ("form", "url", "openai/form", "openaiForm")


def can_be_asked(method: str, params: Params) -> bool:
    """Return whether a request is one of those that `input_request_of` knows."""
    return method == USER_INPUT or params.get("mode") in _MODES


def input_request_of(method: str, params: Params, ask_id: str) -> InputRequest:
    """Return the questions that a request holds."""
    common = {"id": ask_id, "thread_id": params.get("threadId")}
    if method == USER_INPUT:
        questions = [_question(raw) for raw in _mappings(params.get("questions"))]
        asked = {"kind": "questions", "questions": questions, "item_id": params.get("itemId")}
    elif params.get("mode") == "url":
        asked = {"kind": "url", "url": params.get("url")}
    else:
        form = params.get("requestedSchema")
        asked = {"kind": "form", "form": form, "questions": list(_fields(form))}
    said = {"message": params.get("message") or "", "server": params.get("serverName")}
    return InputRequest.model_validate({**common, **said, **asked})


def _question(raw: Params) -> dict[str, Json]:
    return {
        "id": raw.get("id") or "",
        "header": raw.get("header") or "",
        "question": raw.get("question") or "",
        "options": list(_mappings(raw.get("options"))),
        "is_other": bool(raw.get("isOther")),
        "is_secret": bool(raw.get("isSecret")),
    }


def _fields(form: Json) -> Iterable[dict[str, Json]]:
    properties = form.get("properties") if isinstance(form, Mapping) else None
    for name, field in properties.items() if isinstance(properties, Mapping) else ():
        told = field if isinstance(field, Mapping) else {}
        choices = _choices(told) or _choices(told.get("items"))
        if told.get("type") == "boolean":
            choices = ["true", "false"]
        yield {
            "id": name,
            "header": told.get("title") or name,
            "question": told.get("description") or told.get("title") or name,
            "options": [{"label": str(choice)} for choice in choices],
        }


def _choices(told: Json) -> list[Json]:
    """Return what can be chosen for a field, or for each element of a list."""
    if not isinstance(told, Mapping):
        return []
    named = [*_mappings(told.get("oneOf")), *_mappings(told.get("anyOf"))]
    return list(told.get("enum") or [choice.get("const") for choice in named])


def _mappings(raw: Json) -> Iterable[Params]:
    return [one for one in raw or () if isinstance(one, Mapping)] if isinstance(raw, list) else []


def check_answers(request: InputRequest, answers: object) -> Answers:
    """Return answers in full form: for each question that was answered, a list of texts.

    Parameters
    ----------
    request : InputRequest
        What was asked.
    answers : dict or str
        For each question's id its answer, or a list of answers; for a form, each field's value.
        A text alone answers the only question.

    Raises
    ------
    InvalidOptionError
        If they do not belong to the questions.
    """
    known = [question.id for question in request.questions]
    if isinstance(answers, str) and len(known) == 1:
        answers = {known[0]: answers}
    if answers is True and not known:
        # A page to visit, or a form that only wants a yes.
        return {}
    # What was answered is not quoted: it may be a secret.
    if not isinstance(answers, Mapping) or not set(answers) <= set(known):
        raise InvalidOptionError(
            "Answers are a dict from the id of a question to its answer, and this "
            f"{type(answers).__name__} is not; the questions are "
            f"{', '.join(map(repr, known)) or 'none'}.",
            option="answers",
        )
    if request.kind == "form":
        return _said_in_json(dict(answers))
    listed = {name: [said] if isinstance(said, str) else said for name, said in answers.items()}
    for name, said in listed.items():
        if not isinstance(said, (list, tuple)) or not all(isinstance(one, str) for one in said):
            raise InvalidOptionError(
                f"The answer to {name!r} is text or a list of texts, not {type(said).__name__}.",
                option="answers",
            )
    return {name: list(said) for name, said in listed.items()}


def _said_in_json(answers: Answers) -> Answers:
    try:
        json.dumps(answers, allow_nan=False)
    except (TypeError, ValueError) as fault:
        raise InvalidOptionError(
            f"The answers to a form must be values of JSON: {fault}.", option="answers"
        ) from None
    return answers


def answered(method: str, answers: Answers | None) -> Json:
    """Return answers as the answer to the request; None declines."""
    if method == USER_INPUT:
        return {"answers": {name: {"answers": said} for name, said in (answers or {}).items()}}
    if answers is None:
        return {"action": "decline", "content": None, "_meta": None}
    return {"action": "accept", "content": answers, "_meta": None}


def shown_answers(request: InputRequest, answers: Answers | None) -> Answers | None:
    """Return answers as a turn keeps them: without those that are secret."""
    if answers is None:
        return None
    secret = {question.id for question in request.questions if question.is_secret}
    return {name: said for name, said in answers.items() if name not in secret}
