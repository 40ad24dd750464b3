"""Images as a notebook has them: in files, as bytes, or as objects that can draw themselves.

Knows an image by how its bytes begin and an object by the name of its class, so that no package
that draws is imported here; not where an image goes.
"""

from __future__ import annotations

import base64
import io
import os
import re
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from codex_notebook.errors import InvalidOptionError

# How the files begin that the CLI passes on to the model; of any other it sends only a remark.
# It makes large ones smaller itself, so there is no limit to what may be given.
_STARTS = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
}
# How many bytes it takes to tell.
START_LENGTH = 12
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}
_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,", re.ASCII | re.IGNORECASE)
_BYTES = (bytes, bytearray, memoryview)
_FIGURE = ("matplotlib.figure", "Figure")
_WANTED = (
    "give a path, the bytes of a PNG, JPEG, GIF or WebP image, a PIL image, a matplotlib figure, "
    "or an object that a notebook shows as an image"
)


@dataclass(frozen=True)
class ImageData:
    """An image that is in no file.

    Attributes
    ----------
    data : bytes
        What a file of it would hold.
    mime : str
        ``image/png``, ``image/jpeg``, ``image/gif`` or ``image/webp``.
    """

    data: bytes = field(repr=False)
    mime: str

    @property
    def data_url(self) -> str:
        """The whole image as a URL."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"

    @property
    def suffix(self) -> str:
        """What the name of a file of it ends with."""
        return _SUFFIXES[self.mime]


# What goes with a turn: a file of the user's, or an image that is in none.
Image = Path | ImageData


def mime_type(start: bytes) -> str | None:
    """Return what an image is that begins so, or None if the CLI would not send it."""
    return next((mime for mime, known in _STARTS.items() if known.match(start)), None)


def image_of(given: object) -> Image:
    """Return the image that was given: a path, or whatever `encoded` takes.

    Raises
    ------
    InvalidOptionError
        If it is none, or cannot be made into bytes.
    """
    if isinstance(given, (str, PathLike)):
        return Path(os.fsdecode(given))
    image = encoded(given)
    if image is None:
        begins = f" that begins {bytes(given)[:8]!r}" if isinstance(given, _BYTES) else ""
        raise InvalidOptionError(
            f"{_type_of(given)}{begins} is no image that can be sent; {_WANTED}.", option="images"
        )
    return image


def encoded(image: object) -> ImageData | None:
    """Return an image from memory as the bytes of a file, or None if it is no image.

    Parameters
    ----------
    image : object
        The bytes of a PNG, JPEG, GIF or WebP image, also in an ``io.BytesIO``; an image of PIL;
        a figure of matplotlib, or axes and other things that are part of one; or an object that
        a notebook shows as a PNG or JPEG image (``_repr_png_``, ``_repr_jpeg_``).

    Raises
    ------
    InvalidOptionError
        If it is an image and could not be drawn.
    """
    if isinstance(image, ImageData):
        return image
    if isinstance(image, _BYTES):
        return _known(bytes(image))
    try:
        return _known(_drawn(image))
    except Exception as error:
        raise InvalidOptionError(
            f"{_type_of(image)} could not be drawn as an image ({type(error).__name__}: {error}); "
            "save it to a file and give its path.",
            option="images",
        ) from error


def from_data_url(url: str) -> ImageData | None:
    """Return the image that a URL holds (``data:image/png;base64,…``), or None if none."""
    head = _DATA_URL.match(url)
    if head is None:
        return None
    try:
        return _known(base64.b64decode(url[head.end() :], validate=True))
    except ValueError:
        return None


def _known(data: object) -> ImageData | None:
    if not isinstance(data, bytes):
        return None
    mime = mime_type(data)
    return None if mime is None else ImageData(data, mime)


def _drawn(image: Any) -> object:
    """Return the bytes that an object draws itself as; something else if it does not."""
    if isinstance(image, io.BytesIO):
        return image.getvalue()
    if _is_a(image, "PIL.Image", "Image"):
        return _saved(image)
    if _is_a(image, "IPython.core.display", "Image"):
        return image.data
    figure = _figure_of(image)
    return _shown(image) if figure is None else _printed(figure)


def _saved(image: Any) -> bytes:
    file = io.BytesIO()
    try:
        image.save(file, format="PNG")
    except OSError:
        # A PNG cannot hold all that PIL can, such as CMYK; nor a profile for it.
        file = io.BytesIO()
        image.convert("RGBA").save(file, format="PNG", icc_profile=None)
    return file.getvalue()


def _printed(figure: Any) -> bytes:
    file = io.BytesIO()
    # As notebooks show it: in its own resolution, and with what reaches beyond its edges.
    figure.savefig(file, format="png", dpi="figure", bbox_inches="tight")
    return file.getvalue()


def _figure_of(image: Any) -> Any:
    """Return the figure that something of matplotlib is or belongs to, or None."""
    try:
        figure = image if _is_a(image, *_FIGURE) else image.figure
        # Part of a figure may be one that cannot be saved alone.
        figure = figure if _is_a(figure, *_FIGURE) else figure.figure
    except Exception:
        return None
    return figure if _is_a(figure, *_FIGURE) else None


def _shown(image: Any) -> object:
    """Return what an object shows in a notebook, by the rules that IPython has for it."""
    for name in ("_repr_png_", "_repr_jpeg_"):
        # Asked of the class, because some objects have whatever attribute they are asked for.
        if not callable(getattr(type(image), name, None)):
            continue
        shown = getattr(image, name)()
        data = shown[0] if isinstance(shown, tuple) else shown
        if data is not None:
            return base64.b64decode(data) if isinstance(data, str) else data
    return None


def _is_a(image: object, module: str, name: str) -> bool:
    return any((kind.__module__, kind.__name__) == (module, name) for kind in type(image).__mro__)


def _type_of(given: object) -> str:
    kind = type(given)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
