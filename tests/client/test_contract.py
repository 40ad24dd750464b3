"""One contract for both transports: every scenario is played on each, and comes to the same.

Over the real CLI and the scripted model. What may differ, and why, is listed in ``contract``.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from codex_notebook import (
    Codex,
    CodexError,
    InvalidOptionError,
    OutputValidationError,
    Thread,
    ThreadBusyError,
    ThreadNotFoundError,
    Turn,
    TurnFailedError,
    TurnInterruptedError,
    offline,
)
from codex_notebook.client.binary import find_binary
from codex_notebook.core.events import Event
from codex_notebook.core.turn import Turn as _Turn
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
    tool,
    turn,
)
from tests.client.contract import ALLOWED, UNSAID, Comparison, Outcome

TRANSPORTS = ("exec", "app-server")
