"""What a turn is given: text and images, checked before a process starts.

Knows the shapes that the SDK accepts; not how they reach the CLI.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from codex_notebook.client.images import (
    START_LENGTH,
    Image,
    encoded,
    from_data_url,
    image_of,
    mime_type,
)
from codex_notebook.errors import InvalidOptionError

# What `codex exec` reads from stdin at most, in characters; it calls more `input_too_large`.
MAX_PROMPT = 1_048_576

# One part: ``{"type": "text", "text": …}``, ``{"type": "local_image", "path": …}``, or an image
# from memory, ``{"type": "image", "image": …}`` or ``{"type": "image", "url": "data:…"}``.
UserInput = Mapping[str, Any]
# Text, or parts; a text, a path and an image may also stand there as they are.
Input = str | Sequence[object]


@dataclass(frozen=True)
class Prompt:
    """A checked input: its text, and the images that go with it."""

    text: str
    images: tuple[Image, ...] = ()


def parse_input(given: Input, images: Sequence[Image] = ()) -> Prompt:
    r"""Return the prompt that ``given`` stands for.

    Parameters
    ----------
    given : str or list
        Text, or parts: texts, paths of images and whatever `image_of` takes, also as
        ``{"type": "text", "text": …}``, ``{"type": "local_image", "path": …}``,
        ``{"type": "image", "image": …}`` and ``{"type": "image", "url": "data:…"}``. Texts are
        joined by a blank line.
    images : sequence of Path or ImageData
        More images, behind those of the parts.

    Raises
    ------
    InvalidOptionError
        If there is no text, too much of it, a part of an unknown shape, or an image that cannot
        be sent.
    """
    parts = [given] if isinstance(given, str) else given
    if not isinstance(parts, (list, tuple)):
        raise InvalidOptionError(
            f"The input is {type(given).__name__}; it is text, or a list of parts.", option="input"
        )
    texts: list[str] = []
    shown: list[Image] = []
    for number, part in enumerate(parts):
        content = _content(part)
        if content is None:
            raise InvalidOptionError(
                f"Part {number} of the input is {reprlib.repr(part)}; a part is a text, the path "
                'of an image (a Path), an image, {"type": "text", "text": "…"}, '
                '{"type": "local_image", "path": "…"} or {"type": "image", "image": …}.',
                option="input",
            )
        if isinstance(content, str):
            texts.append(content)
        else:
            shown.append(content)
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
    return Prompt(text, tuple(map(_sendable, (*shown, *images))))


def _content(part: object) -> str | Image | None:
    """Return the text or image that a part stands for, or None if it is none."""
    if isinstance(part, str):
        return part
    if isinstance(part, PathLike):
        return image_of(part)
    if not isinstance(part, Mapping):
        return encoded(part)
    match part:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "local_image", "path": str() | PathLike() as path}:
            return image_of(path)
        case {"type": "image", "image": image}:
            return image_of(image)
        case {"type": "image", "url": str(url)}:
            return _linked(url)
    return None


def _linked(url: str) -> Image:
    image = from_data_url(url)
    if image is None:
        raise InvalidOptionError(
            f"The URL {reprlib.repr(url)} holds no PNG, JPEG, GIF or WebP image "
            "(data:image/png;base64,…), and nobody would fetch what it points to; give the image "
            "itself.",
            option="input",
        )
    return image


def _sendable(image: Image) -> Image:
    return _checked(image) if isinstance(image, Path) else image


def _nonblocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _checked(path: Path) -> Path:
    try:
        path = path.expanduser()
        # A pipe would wait for somebody who writes; O_NONBLOCK opens it and finds it empty.
        with open(path, "rb", opener=_nonblocking) as file:
            start = file.read(START_LENGTH)
    except (OSError, RuntimeError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InvalidOptionError(
            f"The image {path} cannot be read ({why}), and the CLI would leave it out silently.",
            option="input",
        ) from None
    if mime_type(start) is None:
        raise InvalidOptionError(
            f"{path} is no PNG, JPEG, GIF or WebP image, and the CLI would leave it out silently; "
            "convert it.",
            option="input",
        )
    # Absolute, because the CLI runs in the thread's working directory and not in ours.
    return path.absolute()
