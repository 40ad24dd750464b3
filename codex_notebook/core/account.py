"""Whose tokens are spent, how many are left, and which models there are: as values.

Source: ``account/read``, ``account/rateLimits/read`` and ``model/list`` of ``codex app-server``,
version 0.163. Pure; knows no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from codex_notebook.core.model import Value

Json = Any
Raw = Mapping[str, Json]


class Account(Value):
    """The login that the CLI uses.

    Attributes
    ----------
    type : str
        ``apiKey``, ``chatgpt`` or another that the CLI knows.
    email, plan_type : str or None
        Of a ChatGPT login.
    """

    type: str
    email: str | None = None
    plan_type: str | None = None


class RateLimitWindow(Value):
    """How much of what may be used in a span of time has been.

    Attributes
    ----------
    used_percent : float
        From 0 to 100.
    window_minutes : int or None
        The span.
    resets_at : int or None
        When it begins anew, in seconds since the epoch.
    """

    used_percent: float
    window_minutes: int | None = None
    resets_at: int | None = None


class RateLimits(Value):
    """The limits of an account.

    Attributes
    ----------
    primary, secondary : RateLimitWindow or None
        The shorter and the longer span, usually 5 hours and a week.
    plan_type : str or None
        The plan they belong to.
    raw : dict
        The protocol's own answer.
    """

    primary: RateLimitWindow | None = None
    secondary: RateLimitWindow | None = None
    plan_type: str | None = None
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


class ModelInfo(Value):
    """A model that the account can use.

    Attributes
    ----------
    id : str
        What `ThreadOptions.model` takes.
    name, description : str
        For people.
    efforts : tuple of str
        The efforts of reasoning that it knows.
    default_effort : str or None
        The one it has by default.
    is_default : bool
        Whether it is taken where none is named.
    hidden : bool
        Whether the CLI leaves it out of its own list.
    raw : dict
        The protocol's own description.
    """

    id: str
    name: str = ""
    description: str = ""
    efforts: tuple[str, ...] = ()
    default_effort: str | None = None
    is_default: bool = False
    hidden: bool = False
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)


def account_of(raw: Raw) -> Account | None:
    """Return the account of an ``account/read`` answer; None if nobody is logged in."""
    told = raw.get("account")
    if not isinstance(told, Mapping):
        return None
    email, plan = told.get("email"), told.get("planType")
    return Account(type=str(told.get("type")), email=email, plan_type=plan)


def rate_limits_of(raw: Raw) -> RateLimits:
    """Return the limits of an ``account/rateLimits/read`` answer."""
    told = raw.get("rateLimits") or {}
    return RateLimits(
        primary=_window(told.get("primary")),
        secondary=_window(told.get("secondary")),
        plan_type=told.get("planType"),
        raw=dict(raw),
    )


def _window(raw: Json) -> RateLimitWindow | None:
    if not isinstance(raw, Mapping):
        return None
    return RateLimitWindow(
        used_percent=raw.get("usedPercent") or 0,
        window_minutes=raw.get("windowDurationMins"),
        resets_at=raw.get("resetsAt"),
    )


def model_info(raw: Raw) -> ModelInfo:
    """Return what the protocol says of a model."""
    efforts = raw.get("supportedReasoningEfforts") or ()
    return ModelInfo(
        id=str(raw.get("model") or raw.get("id")),
        name=raw.get("displayName") or "",
        description=raw.get("description") or "",
        efforts=tuple(str(effort.get("reasoningEffort")) for effort in efforts),
        default_effort=raw.get("defaultReasoningEffort"),
        is_default=bool(raw.get("isDefault")),
        hidden=bool(raw.get("hidden")),
        raw=dict(raw),
    )
