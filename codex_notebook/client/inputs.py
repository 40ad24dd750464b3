"""What a turn is given: text and images, checked before a process starts.

Knows the shapes that the SDK accepts; not how they reach the CLI.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_notebook.errors import InvalidOptionError

# What `codex exec` reads from stdin at most, in characters; it calls more `input_too_large`.
MAX_PROMPT = 1_048_576

Input = str | Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Prompt:
    """A checked input: its text, and the image files that go with it."""

    text: str
    images: tuple[Path, ...] = ()


def parse_input(given: Input) -> Prompt:
    r"""Return the prompt that ``given`` stands for.

    Parameters
    ----------
    given : str or list of dict
        Text, or parts: ``{"type": "text", "text": …}`` and
        ``{"type": "local_image", "path": …}``. Texts are joined by a blank line.

    Raises
    ------
    InvalidOptionError
        If there is no text, too much of it, a part of an unknown shape, or an image file that
        cannot be sent.
    """
    parts = [{"type": "text", "text": given}] if isinstance(given, str) else given
    texts: list[str] = []
    images: list[Path] = []
    for number, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "local_image" and isinstance(part.get("path"), (str, Path)):
            images.append(_image(Path(part["path"])))
        else:
            raise InvalidOptionError(
                f"Part {number} of the input is {part!r}; a part is "
                '{"type": "text", "text": "…"} or {"type": "local_image", "path": "…"}.',
                option="input",
            )
    text = "\n\n".join(texts)
    if not text.strip():
        raise InvalidOptionError(
            "The prompt is empty; write what the agent is to do.", option="input"
        )
    if len(text) > MAX_PROMPT:
        raise InvalidOptionError(
            f"The prompt has {len(text):,} characters and the CLI takes {MAX_PROMPT:,}; put the "
            "long part into a file and name the file in the prompt.",
            option="input",
        )
    return Prompt(text, tuple(images))


def _image(path: Path) -> Path:
    if not path.is_file():
        raise InvalidOptionError(
            f"There is no image file {path}; the CLI would leave it out silently.", option="input"
        )
    if "," in str(path):
        raise InvalidOptionError(
            f"The image path {path} has a comma, at which the CLI would cut it in two; copy the "
            "file to a path without one.",
            option="input",
        )
    # Absolute, because the CLI runs in the thread's working directory and not in ours.
    return path.absolute()
