from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codex_notebook import InvalidOptionError
from codex_notebook.client.inputs import MAX_PROMPT, parse_input


def test_text_is_taken_as_it_is() -> None:
    assert parse_input("  {a} $b 'c'\n").text == "  {a} $b 'c'\n"


def test_texts_are_joined_by_a_blank_line_and_images_kept_in_order(tmp_path: Path) -> None:
    images = [tmp_path / "a.png", tmp_path / "b.png"]
    for image in images:
        image.touch()
    prompt = parse_input(
        [
            {"type": "text", "text": "one"},
            {"type": "local_image", "path": str(images[0])},
            {"type": "text", "text": "two"},
            {"type": "local_image", "path": images[1]},
        ]
    )
    assert prompt.text == "one\n\ntwo"
    assert prompt.images == tuple(images)


@pytest.mark.parametrize("empty", ["", "  \n\t", []])
def test_an_empty_prompt_is_refused(empty: Any) -> None:
    with pytest.raises(InvalidOptionError, match="prompt is empty"):
        parse_input(empty)


def test_a_prompt_that_the_cli_would_refuse_is_refused_before() -> None:
    with pytest.raises(InvalidOptionError, match="1,048,577 characters"):
        parse_input("x" * (MAX_PROMPT + 1))


@pytest.mark.parametrize(
    "part", [{"type": "audio"}, {"type": "text"}, "text", {"type": "local_image", "path": 3}]
)
def test_a_part_of_an_unknown_shape_is_refused_with_the_shapes_there_are(part: Any) -> None:
    with pytest.raises(InvalidOptionError, match=r"Part 1 .*local_image"):
        parse_input([{"type": "text", "text": "hi"}, part])


def test_an_image_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="no image file"):
        parse_input([{"type": "text", "text": "a"}, {"type": "local_image", "path": "/no.png"}])


def test_an_image_path_that_the_cli_would_cut_in_two_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "a,b.png"
    image.touch()
    with pytest.raises(InvalidOptionError, match="comma"):
        parse_input([{"type": "text", "text": "a"}, {"type": "local_image", "path": image}])
