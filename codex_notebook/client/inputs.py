"""What a turn is given: text and images, checked before a process starts.

Knows the shapes that the SDK accepts; not how they reach the CLI.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_notebook.errors import InvalidOptionError

# What `codex exec` reads from stdin at most, in characters; it calls more `input_too_large`.
MAX_PROMPT = 1_048_576

# How the files begin that the CLI passes on to the model; of any other it sends only a remark.
_IMAGE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")

# One part: ``{"type": "text", "text": …}`` or ``{"type": "local_image", "path": …}``.
UserInput = Mapping[str, Any]
Input = str | Sequence[UserInput]


@dataclass(frozen=True)
class Prompt:
    """A checked input: its text, and the image files that go with it."""

    text: str
    images: tuple[Path, ...] = ()


def parse_input(given: Input, images: Sequence[Path] = ()) -> Prompt:
    r"""Return the prompt that ``given`` stands for.

    Parameters
    ----------
    given : str or list of dict
        Text, or parts: ``{"type": "text", "text": …}`` and
        ``{"type": "local_image", "path": …}``. Texts are joined by a blank line.
    images : sequence of path
        More image files, behind those of the parts.

    Raises
    ------
    InvalidOptionError
        If there is no text, too much of it, a part of an unknown shape, or an image file that
        cannot be sent.
    """
    parts = [{"type": "text", "text": given}] if isinstance(given, str) else given
    if not isinstance(parts, (list, tuple)):
        raise InvalidOptionError(
            f"The input is {type(given).__name__}; it is text, or a list of parts.", option="input"
        )
    texts: list[str] = []
    files: list[Path] = []
    for number, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "local_image" and isinstance(part.get("path"), (str, Path)):
            files.append(_image(Path(part["path"])))
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
    return Prompt(text, (*files, *map(_image, images)))


def _nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _image(path: Path) -> Path:
    try:
        path = path.expanduser()
        # A pipe would wait for somebody who writes; O_NONBLOCK opens it and finds it empty.
        with open(path, "rb", opener=_nonblocking) as file:
            start = file.read(12)
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidOptionError(
            f"The image {path} cannot be read ({why}), and the CLI would leave it out silently.",
            option="input",
        ) from None
    is_webp = start[:4] == b"RIFF" and start[8:] == b"WEBP"
    if not (start.startswith(_IMAGE_STARTS) or is_webp):
        raise InvalidOptionError(
            f"{path} is no PNG, JPEG, GIF or WebP image, and the CLI would leave it out silently; "
            "convert it.",
            option="input",
        )
    # Absolute, because the CLI runs in the thread's working directory and not in ours.
    return path.absolute()
