"""Images from memory: what is taken for one, and that it reaches the model byte for byte."""

from __future__ import annotations

import asyncio
import base64
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.display import Image as ShownImage

from codex_notebook import Codex, InvalidOptionError, TurnOptions, offline
from codex_notebook.client.images import ImageData, encoded, from_data_url, image_of
from codex_notebook.offline import text, turn
from tests.processes import eventually


def png(shade: int) -> bytes:
    """Return an image of one pixel, which decoders take."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes([0, shade]))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*parts) for parts in chunks)


PNG = png(0)
JPEG = b"\xff\xd8\xff\xe0 and so on"
WEBP = b"RIFF\x00\n\x00\x00WEBPVP8 "


def stand_in(name: str, **members: Any) -> Any:
    """Return an object of a class of this name, such as ``PIL.Image.Image``."""
    module, _, kind = name.rpartition(".")
    return type(kind, (), {"__module__": module, **members})()


# ---- bytes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "mime", "suffix"),
    [
        (PNG, "image/png", ".png"),
        (JPEG, "image/jpeg", ".jpg"),
        (b"GIF87a", "image/gif", ".gif"),
        (b"GIF89a", "image/gif", ".gif"),
        (WEBP, "image/webp", ".webp"),
    ],
)
def test_bytes_are_an_image_if_they_begin_like_one(data: bytes, mime: str, suffix: str) -> None:
    image = encoded(data)
    assert image == ImageData(data, mime)
    assert image.suffix == suffix
    assert image.data_url == f"data:{mime};base64,{base64.b64encode(data).decode()}"
    assert from_data_url(image.data_url) == image


@pytest.mark.parametrize("kind", [bytearray, memoryview, io.BytesIO])
def test_bytes_are_taken_in_each_of_their_forms(kind: Callable[[bytes], object]) -> None:
    assert encoded(kind(PNG)) == ImageData(PNG, "image/png")


def test_a_file_in_memory_is_taken_whole_wherever_it_was_left_off() -> None:
    file = io.BytesIO()
    file.write(PNG)
    assert encoded(file) == ImageData(PNG, "image/png")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png",
        "data:image/png;base64,???",
        "data:image/png;base64,é",
        "data:image/png;base64," + base64.b64encode(b"BM6").decode(),
        "data:text/plain;base64," + base64.b64encode(PNG).decode(),
        "data:image/png," + PNG.decode("latin-1"),
    ],
)
def test_a_url_without_an_image_in_it_is_none(url: str) -> None:
    assert from_data_url(url) is None


def test_the_bytes_of_an_image_are_in_no_repr() -> None:
    assert repr(encoded(b"GIF89a secret")) == "ImageData(mime='image/gif')"
    assert "secret" not in repr(TurnOptions(images=b"GIF89a secret"))


# ---- what draws itself -------------------------------------------------------------------


def test_an_image_of_pil_becomes_a_png() -> None:
    def save(_: object, file: io.BytesIO, format: str) -> None:
        assert format == "PNG"
        file.write(PNG)

    assert encoded(stand_in("PIL.Image.Image", save=save)) == ImageData(PNG, "image/png")


def test_colours_that_no_png_has_are_converted() -> None:
    def refuse(_: object, file: io.BytesIO, format: str) -> None:
        file.write(b"begun")
        raise OSError("cannot write mode CMYK as PNG")

    def save(_: object, file: io.BytesIO, format: str, icc_profile: None) -> None:
        file.write(PNG)

    converted = {"RGBA": stand_in("PIL.Image.Image", save=save)}
    image = stand_in("PIL.Image.Image", save=refuse, convert=lambda _, mode: converted[mode])
    assert encoded(image) == ImageData(PNG, "image/png")


def axes_of(figure: object) -> object:
    """Return axes in a part of the figure that cannot be saved alone."""
    return stand_in(
        "matplotlib.axes.Axes", figure=stand_in("matplotlib.figure.SubFigure", figure=figure)
    )


@pytest.mark.parametrize("given", [lambda figure: figure, axes_of])
def test_a_figure_of_matplotlib_is_drawn_as_a_notebook_shows_it(
    given: Callable[[object], object],
) -> None:
    asked = []

    def savefig(_: object, file: io.BytesIO, **options: Any) -> None:
        asked.append(options)
        file.write(PNG)

    figure = stand_in("matplotlib.figure.Figure", savefig=savefig)
    assert encoded(given(figure)) == ImageData(PNG, "image/png")
    assert asked == [{"format": "png", "dpi": "figure", "bbox_inches": "tight"}]


@pytest.mark.parametrize(
    "shown", [PNG, base64.encodebytes(PNG).decode(), (PNG, {"width": 1})], ids=type
)
def test_what_shows_itself_as_an_image_in_a_notebook_is_one(shown: object) -> None:
    plot = stand_in("plots.Plot", _repr_png_=lambda _: shown)
    assert encoded(plot) == ImageData(PNG, "image/png")


def test_what_shows_itself_as_a_jpeg_only_is_one() -> None:
    photo = stand_in("photos.Photo", _repr_png_=lambda _: None, _repr_jpeg_=lambda _: JPEG)
    assert encoded(photo) == ImageData(JPEG, "image/jpeg")


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (JPEG, "jpeg"), (b"GIF89a", "gif")])
def test_an_image_of_ipython_is_the_bytes_it_was_made_of(data: bytes, kind: str) -> None:
    assert encoded(ShownImage(data=data, format=kind)) == encoded(data)


class Everything:
    """Has whatever attribute it is asked for."""

    def __getattr__(self, name: str) -> Everything:
        return self

    def __call__(self) -> Everything:
        return self


class Refuses:
    """Raises at whatever it is asked for, and shows no image though it could."""

    _repr_png_ = None

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    "given",
    [
        *(None, 3, "a.png", [PNG], {"data": PNG}, object(), Everything(), Refuses()),
        *(b"", b"BM6", b"<svg/>", b"RIFF\x00\n\x00\x00WAVE", io.BytesIO(), io.StringIO("a")),
        *(Everything, stand_in("PIL.Image.Image").__class__, pytest),
        ShownImage(url="https://example.org/a.png"),
        stand_in("plots.Plot", _repr_png_=lambda _: b"<svg/>"),
    ],
    ids=repr,
)
def test_what_is_no_image_is_none(given: object) -> None:
    assert encoded(given) is None


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("PIL.Image.Image", "save"),
        ("matplotlib.figure.Figure", "savefig"),
        ("plots.Plot", "_repr_png_"),
    ],
)
def test_an_image_that_cannot_be_drawn_says_why_and_what_to_do(name: str, method: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("too many pixels")

    with pytest.raises(InvalidOptionError, match=r"too many pixels.*give its path") as caught:
        encoded(stand_in(name, **{method: fail}))
    assert name in str(caught.value)


# ---- as an option ------------------------------------------------------------------------


def test_paths_and_images_are_taken_together_and_one_alone_too() -> None:
    image = ImageData(PNG, "image/png")
    mixed = TurnOptions(images=["a.png", PNG, Path("b.png"), image])
    assert mixed.images == (Path("a.png"), image, Path("b.png"), image)
    for one in (PNG, bytearray(PNG), io.BytesIO(PNG), image, ShownImage(data=PNG)):
        assert TurnOptions(images=one).images == (image,)


@pytest.mark.parametrize("several", [tuple, set, iter, dict.fromkeys])
def test_any_collection_of_images_is_taken(several: Callable[[list[Any]], Any]) -> None:
    given = several(["a.png"])
    images = given.keys() if isinstance(given, dict) else given
    assert TurnOptions(images=images).images == (Path("a.png"),)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (3, r"int is no image"),
        (["a.png", None], r"NoneType is no image"),
        (b"BM6 and so on", r"bytes that begins b'BM6 and ' is no image"),
        ({"type": "text"}, r"dict is no image"),
    ],
)
def test_an_option_that_is_no_image_is_refused_with_what_would_be(given: Any, said: str) -> None:
    with pytest.raises(InvalidOptionError, match=f"images.*{said}.*; give a path, the bytes"):
        TurnOptions(images=given)
    with pytest.raises(InvalidOptionError, match=said):
        image_of(given[-1] if isinstance(given, list) else given)


# ---- the real libraries, where they are installed ----------------------------------------


def test_images_of_the_real_pil_are_taken_in_any_mode() -> None:
    pil = pytest.importorskip("PIL.Image")
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "HSV", "I", "F", "PA"):
        image = pil.new(mode, (5, 4))
        made = encoded(image)
        assert made is not None
        assert pil.open(io.BytesIO(made.data)).size == (5, 4)
        assert image.mode == mode


def test_a_figure_of_the_real_matplotlib_is_drawn_and_stays_as_it_was() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]

    figure = Figure(figsize=(2, 1), dpi=50)
    left, right = figure.subfigures(1, 2)
    axes = right.subplots()
    before = (figure.dpi, figure.get_size_inches().tolist(), figure.canvas, axes.get_position())
    images = [encoded(shown) for shown in (figure, left, axes, axes.title)]
    assert all(image == images[0] for image in images)
    assert images[0] is not None
    assert images[0].mime == "image/png"
    after = (figure.dpi, figure.get_size_inches().tolist(), figure.canvas, axes.get_position())
    assert str(after) == str(before)


# ---- over the real CLI -------------------------------------------------------------------


@pytest.fixture
def model() -> Iterator[offline.ScriptedModel]:
    with offline.serve([turn(text("Seen."))], repeat=True) as server:
        yield server


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def shown_to(model: offline.ScriptedModel) -> list[str]:
    """Return the images of the newest request."""
    return [
        part["image_url"]
        for item in model.requests[-1].body["input"]
        for part in item.get("content", ())
        if part["type"] == "input_image"
    ]


@pytest.mark.cli
def test_images_from_memory_reach_the_model_in_their_order_in_first_and_later_turns(
    model: offline.ScriptedModel, temporary: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file, with comma.png"
    file.write_bytes(png(2))
    urls = [f"data:image/png;base64,{base64.b64encode(png(n)).decode()}" for n in range(5)]
    given = [
        "What are these?",
        png(0),
        {"type": "image", "image": ShownImage(data=png(1))},
        file,
        {"type": "image", "url": urls[3]},
    ]

    async def two_turns() -> None:
        thread = Codex(model.options).start_thread(skip_git_repo_check=True)
        for turn_number in (1, 2):
            await thread.run(given, images=[io.BytesIO(png(4))])
            assert shown_to(model) == turn_number * urls

    asyncio.run(two_turns())
    assert "could not be processed" not in str(model.requests[-1].body)
    assert eventually(lambda: list(temporary.iterdir()) == [])
