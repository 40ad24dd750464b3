"""Temporary files: removed when nobody needs them, and nothing else with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from codex_notebook import TemporaryFileError
from codex_notebook.client.images import ImageData
from codex_notebook.client.scratch import Scratch, sweep_once

PNG = b"\x89PNG\r\n\x1a\n"
sweep = sweep_once.__wrapped__


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def left_behind(temporary: Path, name: str, *files: str) -> Path:
    """Make a folder as a killed process leaves it: nobody holds it."""
    folder = temporary / name
    folder.mkdir()
    for file in files:
        (folder / file).touch()
    return folder


def test_what_a_killed_turn_left_behind_is_removed(temporary: Path) -> None:
    left_behind(temporary, "codex-notebook-turn-a1b2c3d4", "schema.json", "image_0.png", "image_1")
    sweep()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("codex-notebook-demo-a1b2c3d4", ["schema.json"]),
        ("codex-notebook-turn-mine", ["notes.txt"]),
        ("my-codex-notebook-turn-x", []),
    ],
)
def test_a_folder_of_somebody_else_is_left_alone(
    temporary: Path, name: str, files: list[str]
) -> None:
    folder = left_behind(temporary, name, *files)
    sweep()
    assert [path.name for path in folder.iterdir()] == files


def test_a_folder_with_something_that_no_turn_put_there_keeps_it(temporary: Path) -> None:
    folder = left_behind(temporary, "codex-notebook-turn-a1b2c3d4", "schema.json", "notes.txt")
    (folder / "image_0.png").mkdir()
    sweep()
    assert (folder / "notes.txt").exists()


def test_a_link_in_place_of_a_folder_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    elsewhere = left_behind(tmp_path, "elsewhere", "schema.json")
    (temporary / "codex-notebook-turn-a1b2c3d4").symlink_to(elsewhere)
    sweep()
    assert (elsewhere / "schema.json").exists()


def test_the_folder_of_a_turn_that_runs_is_kept_and_goes_with_it(
    temporary: Path, tmp_path: Path
) -> None:
    image = tmp_path / "a,b.png"
    image.write_bytes(PNG)
    with Scratch() as scratch:
        schema, copy = scratch.schema_file({"type": "object"}), scratch.image_file(image, 0)
        sweep()
        assert (schema.read_text(), copy.read_bytes()) == ('{"type": "object"}', PNG)
    assert list(temporary.iterdir()) == []


def test_an_image_from_memory_is_a_file_of_its_owner_as_long_as_the_turn_runs(
    temporary: Path,
) -> None:
    images = [ImageData(PNG, "image/png"), ImageData(b"\xff\xd8\xff", "image/jpeg")]
    with Scratch() as scratch:
        files = [scratch.image_file(image, number) for number, image in enumerate(images)]
        sweep()
        assert [file.name for file in files] == ["image_0.png", "image_1.jpg"]
        assert [file.read_bytes() for file in files] == [image.data for image in images]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert list(temporary.iterdir()) == []


def test_an_image_whose_path_the_cli_can_read_is_not_copied(temporary: Path) -> None:
    with Scratch() as scratch:
        assert scratch.image_file(temporary / "a.png", 0) == temporary / "a.png"
    assert list(temporary.iterdir()) == []


def test_an_image_from_memory_that_cannot_be_written_is_an_error_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a,b").mkdir()
    for folder, why in (("a,b", "has a comma"), ("none", "No such file")):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / folder))
        with Scratch() as scratch, pytest.raises(TemporaryFileError, match=why):
            scratch.image_file(ImageData(PNG, "image/png"), 0)
    assert list((tmp_path / "a,b").iterdir()) == []
