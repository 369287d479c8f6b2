"""What `Run.log_image` takes, as the bytes of a picture."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path

from aml_widgets.core.errors import InvalidMetric
from aml_widgets.tracking.values import show, show_type

_FORMATS = {"PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "SGI", "PPM", "SUN", "XBM", "MPO"}
_OPENEXR_SIGNATURE = b"\x76\x2f\x31\x01"  # Pillow does not know it, v1 does
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\x01\xda": "SGI",
    b"\x59\xa6\x6a\x95": "SUN",
    b"#define ": "XBM",
    **{b"P%d" % number: "PPM" for number in range(1, 7)},
}
_UNSAFE_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_MAX_NAME_BYTES = 180  # leaves room for a time and a number below what file systems take


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as a file: its wished path among the artifacts, and its content."""

    path: str
    content: bytes | Path


def to_picture(name: str, path: object, plot: object, seconds: int) -> Picture:
    """Take a picture in any of the forms that `Run.log_image` accepts.

    Parameters
    ----------
    name : str
        The metric.
    path : str, path, or any of the forms of `plot`
        A picture file.
    plot : figure, pyplot module, PIL image or array
        What is drawn.
    seconds : int
        Stands in the file's name of what is drawn.

    Returns
    -------
    Picture
        Not yet written anywhere.

    Raises
    ------
    InvalidMetric
        For neither, both, or something else.
    """
    if path is None and plot is None:
        raise InvalidMetric(f"Image {name!r} got neither path nor plot, and one of path and plot is required.")
    if path is not None and plot is not None:
        raise InvalidMetric(f"Image {name!r} got both path and plot. Give only one at a time.", value=path)
    if isinstance(path, (str, os.PathLike)):
        return _from_file(name, Path(path))
    drawn = path if plot is None else plot  # log_image("ROC", plt) is what people write
    return Picture(f"{safe_file_name(name)}_{seconds}.png", _draw(name, drawn))


def safe_file_name(name: str) -> str:
    """Make a file name of any text; texts that differ may become one name."""
    safe = _UNSAFE_IN_NAMES.sub("_", name).strip(" .") or "_"
    return safe.encode("utf-8", "replace")[:_MAX_NAME_BYTES].decode("utf-8", "ignore")


def numbered(path: str, number: int) -> str:
    """Give the path of the n-th file that wants to have this one: ``a/roc_1.png``."""
    folder, slash, file = path.rpartition("/")
    stem, dot, suffix = file.rpartition(".")
    if not stem:
        stem, dot, suffix = file, "", ""
    return f"{folder}{slash}{stem}_{number}{dot}{suffix}"


def _from_file(name: str, file: Path) -> Picture:
    try:
        with file.open("rb") as reader:
            head = reader.read(len(_OPENEXR_SIGNATURE))
    except OSError as error:
        raise InvalidMetric(
            f"Image {name!r} cannot be read from {str(file)!r}: {error.strerror or error}. Give the path of a picture file.",
            value=file,
        ) from error
    if head != _OPENEXR_SIGNATURE and _find_format(file) not in _FORMATS:
        raise InvalidMetric(
            f"{str(file)!r}, given as image {name!r}, is no picture of a known format (PNG, JPEG, GIF, BMP, TIFF, WebP, SGI, "
            "PBM/PGM/PPM, Sun raster, XBM, OpenEXR). Save it as PNG, or use upload_file.",
            value=file,
        )
    return Picture(_artifact_path(file), file)


def _find_format(file: Path) -> str | None:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:  # in the interpreter of a script that was submitted
        return _find_format_by_signature(file)
    try:
        with Image.open(file) as image:
            found: str | None = image.format
            return found
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _find_format_by_signature(file: Path) -> str | None:
    """Look at the first bytes only: enough to tell a picture from something else."""
    with file.open("rb") as reader:
        head = reader.read(16)
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return "WEBP" if is_webp else next((name for start, name in _SIGNATURES.items() if head.startswith(start)), None)


def _artifact_path(file: Path) -> str:
    """Give the path as it was given where it lies below the current folder, else the file's name alone."""
    is_elsewhere = file.is_absolute() or file.drive or ".." in file.parts
    parts = [file.name] if is_elsewhere else list(file.parts)
    return "/".join(safe_file_name(part) for part in parts)


def _draw(name: str, drawn: object) -> bytes:
    if callable(getattr(drawn, "savefig", None)):
        return _from_figure(drawn)
    if callable(getattr(drawn, "save", None)) and hasattr(drawn, "mode"):
        return _from_pil(drawn)
    figure = getattr(drawn, "figure", None)  # of an Axes
    if callable(getattr(figure, "savefig", None)):
        return _from_figure(figure)
    if hasattr(drawn, "__array__"):
        return _from_array(name, drawn)
    raise InvalidMetric(
        f"Image {name!r} got {show(drawn)}, {show_type(drawn)}. Give path='plot.png', or as plot a matplotlib figure, "
        "the pyplot module, a PIL image, or an array of shape (height, width[, 3 or 4]).",
        value=drawn,
    )


def _from_figure(figure: object) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")  # type: ignore[attr-defined]  # looked for by the caller
    return buffer.getvalue()


def _from_pil(image: object) -> bytes:
    buffer = io.BytesIO()
    if image.mode not in {"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"}:  # type: ignore[attr-defined]
        image = image.convert("RGB")  # type: ignore[attr-defined]  # PNG has no CMYK, LAB, float ...
    image.save(buffer, format="PNG")  # type: ignore[attr-defined]
    return buffer.getvalue()


def _from_array(name: str, drawn: object) -> bytes:
    try:
        import numpy as np
        from PIL import Image
    except ImportError as error:
        raise InvalidMetric(
            f"Image {name!r} is an array, and making a picture of it needs the package {error.name}, which this Python does not "
            "have. Install pillow and numpy, or give path='plot.png'.",
            value=drawn,
        ) from error

    pixels = np.asarray(drawn)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if 0 in pixels.shape or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise InvalidMetric(
            f"Image {name!r} got an array of shape {pixels.shape}, and it must be (height, width), (height, width, 3) or "
            "(height, width, 4), not empty. Channels first? Use np.moveaxis(image, 0, -1).",
            value=drawn,
        )
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * 255
    elif pixels.dtype.kind == "f":
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        if not (low >= 0.0 and high <= 1.0):
            raise InvalidMetric(
                f"Image {name!r} got floats from {low:g} to {high:g}, and they must be from 0 to 1. "
                "Scale them, or use integers from 0 to 255.",
                value=drawn,
            )
        pixels = np.rint(np.nan_to_num(pixels) * 255).astype(np.uint8)
    elif pixels.dtype.kind in "iu":
        if int(pixels.min()) < 0 or int(pixels.max()) > 255:
            raise InvalidMetric(
                f"Image {name!r} got integers from {int(pixels.min())} to {int(pixels.max())}, and they must be from 0 to 255. "
                "Scale them, or use floats from 0 to 1.",
                value=drawn,
            )
        pixels = pixels.astype(np.uint8)
    else:
        raise InvalidMetric(
            f"Image {name!r} got an array of {pixels.dtype}, and it must hold numbers or truth values.", value=drawn
        )
    return _from_pil(Image.fromarray(np.ascontiguousarray(pixels)))
