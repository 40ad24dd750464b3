from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codex_notebook import InvalidOptionError
from codex_notebook.client.images import ImageData
from codex_notebook.client.inputs import MAX_PROMPT, Prompt, parse_input

PNG = b"\x89PNG\r\n\x1a\n"


def test_text_is_taken_as_it_is() -> None:
    assert parse_input("  {a} $b 'c'\n").text == "  {a} $b 'c'\n"


def test_texts_are_joined_by_a_blank_line_and_images_kept_in_order(tmp_path: Path) -> None:
    images = [tmp_path / "a.png", tmp_path / "b.png"]
    for image in images:
        image.write_bytes(PNG)
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
    "part",
    [
        *({"type": "audio"}, {"type": "text"}, {"type": "local_image", "path": 3}),
        *({"type": "image"}, {"type": "image", "url": 3}, {"text": "no type"}, {}),
        *(3, None, ["text"], b"BM6" + bytes(1000)),
    ],
)
def test_a_part_of_an_unknown_shape_is_refused_with_the_shapes_there_are(part: Any) -> None:
    with pytest.raises(InvalidOptionError, match=r"Part 1 .*local_image") as caught:
        parse_input([{"type": "text", "text": "hi"}, part])
    assert len(str(caught.value)) < 300


def test_texts_paths_and_images_may_stand_in_a_list_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(PNG)
    image = ImageData(PNG, "image/png")
    prompt = parse_input(["What is", file, "this?", PNG, image])
    assert prompt == Prompt("What is\n\nthis?", (file, image, image))


def test_an_image_from_memory_is_a_part_itself_or_as_a_url(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(PNG)
    image = ImageData(PNG, "image/png")
    parts = [
        "What is this?",
        {"type": "image", "image": PNG},
        {"type": "image", "url": image.data_url},
        {"type": "image", "image": file},
    ]
    assert parse_input(parts).images == (image, image, file)


@pytest.mark.parametrize(
    "url", ["https://example.org/a.png", "data:text/plain,a", "data:image/png;base64,AAAA"]
)
def test_a_url_that_holds_no_image_is_refused_because_nobody_would_fetch_it(url: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"nobody would fetch .* give the image itself"):
        parse_input(["What is this?", {"type": "image", "url": url}])


def test_an_image_part_without_an_image_is_refused_with_what_would_be_one() -> None:
    with pytest.raises(InvalidOptionError, match="int is no image that can be sent; give a path"):
        parse_input(["What is this?", {"type": "image", "image": 3}])


def image_input(path: Path | str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": "a"}, {"type": "local_image", "path": path}]


@pytest.mark.parametrize(
    "start", [PNG, b"\xff\xd8\xff\xe0", b"GIF87a", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBPVP8 "]
)
def test_an_image_is_known_by_its_content_and_not_by_its_name(tmp_path: Path, start: bytes) -> None:
    image = tmp_path / "chart.dat"
    image.write_bytes(start)
    assert parse_input(image_input(image)).images == (image,)


@pytest.mark.parametrize("content", [b"", b"BM6", b"<svg/>", b"RIFF\x00\x00\x00\x00WAVE"])
def test_a_file_that_the_cli_would_not_send_as_an_image_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    image = tmp_path / "chart.png"
    image.write_bytes(content)
    with pytest.raises(InvalidOptionError, match=r"chart.png is no PNG, JPEG, GIF or WebP"):
        parse_input(image_input(image))


def test_an_image_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match=r"no.png cannot be read \(No such file"):
        parse_input(image_input("/no.png"))
    with pytest.raises(InvalidOptionError, match="Is a directory"):
        parse_input(image_input(tmp_path))


def test_images_given_as_an_option_come_behind_those_of_the_parts(tmp_path: Path) -> None:
    part, option = tmp_path / "part.png", tmp_path / "option.png"
    for image in (part, option):
        image.write_bytes(PNG)
    assert parse_input(image_input(part), [option]).images == (part, option)
    assert parse_input("text", [option]).images == (option,)


def test_images_alone_are_no_prompt() -> None:
    with pytest.raises(InvalidOptionError, match="prompt is empty"):
        parse_input([PNG])


@pytest.mark.parametrize("given", [3, b"bytes", {"type": "text", "text": "a"}, None])
def test_an_input_of_another_kind_is_refused(given: Any) -> None:
    with pytest.raises(InvalidOptionError, match="it is text, or a list of parts"):
        parse_input(given)
