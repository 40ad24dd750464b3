"""The temporary files of one turn: the schema of its answer, and its images.

They lie in a folder of the turn's own that only its owner can read. It goes with the turn; one
that a killed process of ours left behind goes when the next one begins. Knows files, not turns.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codex_notebook.client.images import Image, ImageData
from codex_notebook.errors import TemporaryFileError

_PREFIX = "codex-notebook-turn-"
# What a turn puts there; a folder that holds anything else is none of ours, whatever its name.
_OURS = re.compile(r"schema\.json|image_\d+(\.[^,]*)?")


class Scratch:
    """A turn's folder for temporary files, made when it is first needed.

    A context manager: leaving it removes the folder.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._held: int | None = None

    def __enter__(self) -> Scratch:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            _remove(self._folder)
        if self._held is not None:
            os.close(self._held)

    def schema_file(self, schema: Mapping[str, Any]) -> Path:
        """Write a JSON schema to a file and return its path.

        Raises
        ------
        TemporaryFileError
            If it cannot be written.
        """
        with _explained("the schema of the answer"):
            file = self._new_file("schema.json")
            file.write_text(json.dumps(schema), encoding="utf-8")
            return file

    def image_file(self, image: Image, number: int) -> Path:
        """Return the path of an image, without a comma, at which the CLI would cut it in two.

        Parameters
        ----------
        image : Path or ImageData
            The image; a file is copied only if its path has a comma.
        number : int
            Its place among the turn's images, which names the copy.

        Raises
        ------
        TemporaryFileError
            If it cannot be written.
        """
        if isinstance(image, ImageData):
            with _explained("an image"):
                file = self._new_image(number, image.suffix)
                file.write_bytes(image.data)
                return file
        if "," not in str(image):
            return image
        with _explained(f"a copy of {image}, whose path has a comma,"):
            file = self._new_image(number, image.suffix if "," not in image.suffix else "")
            shutil.copyfile(image, file)
            return file

    def _new_image(self, number: int, suffix: str) -> Path:
        file = self._new_file(f"image_{number}{suffix}")
        if "," in str(file):
            raise OSError(f"the folder {file.parent} has a comma, too")
        return file

    def _new_file(self, name: str) -> Path:
        while self._folder is None:
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            # Another process may sweep it away before it is held, as nobody's.
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                self._held = _hold(folder)
                self._folder = folder
        file = self._folder / name
        file.touch(mode=0o600, exist_ok=False)
        return file


@functools.cache
def sweep_once() -> None:
    """Remove the folders of turns whose process was killed, once; never raises."""
    with contextlib.suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            # Cannot be held if it is in use, or somebody else's.
            with contextlib.suppress(OSError):
                held = _hold(folder)
                _remove(folder)
                os.close(held)


def _remove(folder: Path) -> None:
    """Remove a turn's folder, and nothing that no turn has put there."""
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            if _OURS.fullmatch(file.name):
                file.unlink()
        folder.rmdir()


def _hold(folder: Path) -> int:
    """Return a descriptor of a folder that holds its lock, which ends with our process.

    Raises
    ------
    BlockingIOError
        If it is held already.
    FileNotFoundError
        If it has gone meanwhile.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder.stat()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TemporaryFileError(
            f"Codex needs {what} as a temporary file, which could not be written: "
            f"{error.strerror or error}. Make room there, or set TMPDIR to a folder with some.",
            folder=str(error.filename or tempfile.tempdir or ""),
        ) from error
