from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from aml_widgets.core.errors import InvalidMetric
from aml_widgets.tracking.images import numbered, safe_file_name, to_picture
from aml_widgets.tracking.run import Run

mpl.use("Agg")


def open_png(content: bytes | Path) -> Image.Image:
    assert isinstance(content, bytes)
    image = Image.open(io.BytesIO(content))
    assert image.format == "PNG"
    return image


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "SGI", "PPM", "XBM"])
def test_a_picture_file_is_known_by_its_content(image_format: str) -> None:
    mode = "1" if image_format == "XBM" else "RGB"
    Image.new(mode, (2, 2)).save("plots.dat", format=image_format)

    picture = to_picture("m", "./plots.dat", None, 0)

    assert (picture.path, picture.content) == ("plots.dat", Path("plots.dat"))


def test_openexr_is_known_by_its_signature() -> None:
    Path("a.exr").write_bytes(b"\x76\x2f\x31\x01rest")

    assert to_picture("m", "a.exr", None, 0).path == "a.exr"


@pytest.mark.parametrize("content", [b"", b"text", b"<svg/>", b"\x89PNG"])
def test_another_file_is_refused(content: bytes) -> None:
    Path("a.png").write_bytes(content)

    with pytest.raises(InvalidMetric, match="no picture of a known format"):
        to_picture("m", "a.png", None, 0)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(InvalidMetric, match="cannot be read"):
        to_picture("m", "absent.png", None, 0)


def test_a_file_elsewhere_keeps_its_name_alone(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")

    assert to_picture("m", tmp_path / "a.png", None, 0).path == "a.png"
    assert to_picture("m", "../a.png", None, 0).path == "a.png"


def test_a_figure_and_the_pyplot_module_are_saved() -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(1, 1), dpi=50)
    try:
        for drawn in (figure, axes, plt):
            assert open_png(to_picture("ROC", None, drawn, 7).content).size == (50, 50)
        misplaced = to_picture("ROC", plt, None, 7)
    finally:
        plt.close(figure)

    assert misplaced.path == "ROC_7.png"
    assert open_png(misplaced.content).size == (50, 50)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "F", "I;16", "HSV"])
def test_a_pil_image_of_any_mode_is_saved(mode: str) -> None:
    assert open_png(to_picture("m", None, Image.new(mode, (3, 2)), 7).content).size == (3, 2)


@pytest.mark.parametrize(
    ("array", "pixel"),
    [
        (np.full((2, 3), 0.5), 128),
        (np.full((2, 3), 200, dtype=np.uint8), 200),
        (np.full((2, 3), 200, dtype=np.int64), 200),
        (np.full((2, 3), True), 255),
        (np.full((2, 3, 1), 7), 7),
        (np.full((2, 3, 3), 7), (7, 7, 7)),
        (np.full((2, 3, 4), 1.0), (255, 255, 255, 255)),
    ],
)
def test_an_array_is_saved(array: Any, pixel: object) -> None:
    image = open_png(to_picture("m", None, array, 7).content)

    assert image.size == (3, 2)
    assert image.getpixel((0, 0)) == pixel


@pytest.mark.parametrize(
    "array",
    [np.zeros(3), np.zeros((3, 2, 2)), np.zeros((0, 2)), np.full((2, 2), 1.5), np.full((2, 2), 256), np.full((2, 2), -1),
     np.full((2, 2), "a")],
)  # fmt: skip
def test_another_array_is_refused(array: Any) -> None:
    with pytest.raises(InvalidMetric, match="Image 'm' got"):
        to_picture("m", None, array, 7)


@pytest.mark.parametrize("drawn", [3, object(), [1, 2]])
def test_what_is_no_picture_is_refused(drawn: object) -> None:
    with pytest.raises(InvalidMetric, match="matplotlib figure"):
        to_picture("m", None, drawn, 7)


def test_neither_and_both_are_refused(run: Run) -> None:
    with pytest.raises(InvalidMetric, match="one of path and plot is required"):
        run.log_image("m")
    with pytest.raises(InvalidMetric, match="only one at a time"):
        run.log_image("m", path="a", plot=np.zeros((2, 2)))


def test_a_picture_that_is_drawn_over_is_kept_each_time(run: Run) -> None:
    for shade in (0, 255):
        Image.new("L", (2, 2), shade).save("plot.png")
        run.log_image("m", path="./plot.png")

    assert run.get_file_names() == ["plot.png", "plot_1.png"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [("a/b\\c", "a_b_c"), ("..", "_"), ("", "_"), ("a:b", "a_b"), (" a. ", "a"), ("ü" * 200, "ü" * 90)],
)
def test_a_file_name_is_made_of_any_text(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


@pytest.mark.parametrize(
    ("path", "second"),
    [("a/b.png", "a/b_1.png"), ("a.b/c", "a.b/c_1"), (".hidden", ".hidden_1"), ("x.tar.gz", "x.tar_1.gz")],
)
def test_a_second_file_has_a_number(path: str, second: str) -> None:
    assert numbered(path, 1) == second
