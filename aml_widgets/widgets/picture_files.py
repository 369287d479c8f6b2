"""Pictures of a run as what a page may show: checked by their content, bounded in bytes and pixels."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aml_widgets.widgets.text import size_text

MAX_SENT_BYTES = 4_000_000
MAX_READ_BYTES = 40_000_000
MAX_EDGE = 1_600

_MAX_PIXELS = 60_000_000
_MAX_REDUCED_PIXELS = 12_000_000
_MAX_SMALL_PIXELS = 12_000_000  # these are made while a cell waits
_SMALL_EDGES = (240, 160, 110, 76, 52, 32)
# What Pillow may open: no format that runs a program, reads another file, or is read by a library that writes to our output.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "PPM")
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class WrongPicture(Exception):
    """Says, as a sentence for the reader of the view, why a picture cannot be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that a browser may show.

    Attributes
    ----------
    content : bytes
        The file itself, or what was made of it.
    width, height : int
        Of the file, in pixels.
    shown_width, shown_height : int
        Of `content`.
    is_reduced : bool
        Whether it is not the file itself.
    """

    media_type: str
    content: bytes
    width: int
    height: int
    shown_width: int
    shown_height: int
    is_reduced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """A picture as it is put on a page. `note` says how it differs from the file, empty where it does not."""

    source: str
    width: int
    height: int
    note: str = ""


def sniff_media_type(content: bytes) -> str | None:
    """Give the type of a picture that browsers show by its first bytes, None for anything else, such as SVG and HTML."""
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def fit_picture(content: bytes) -> Picture:
    """Make a picture fit to be shown: as it is while it is small, else smaller.

    Raises
    ------
    WrongPicture
        If it is none, or so large that it is not even opened.
    """
    from PIL import Image

    media_type = sniff_media_type(content)
    with _trouble_told(media_type), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > _MAX_PIXELS:
            raise WrongPicture(f"It has {_pixels_text(width, height)}, too many to show.")
        if media_type is not None and len(content) <= MAX_SENT_BYTES:
            return Picture(
                media_type=media_type,
                content=content,
                width=width,
                height=height,
                shown_width=width,
                shown_height=height,
                is_reduced=False,
            )
        # Only a JPEG can be read at a fraction of its size, and is so read in time.
        if media_type != "image/jpeg" and width * height > _MAX_REDUCED_PIXELS:
            size = f"{_pixels_text(width, height)} in {size_text(len(content))}"
            raise WrongPicture(f"It has {size}, too many to show.")
        image.draft("RGB", (MAX_EDGE, MAX_EDGE))
        smaller = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGBA")
        smaller.thumbnail((MAX_EDGE, MAX_EDGE))
        buffer = io.BytesIO()
        has_alpha = smaller.mode == "RGBA"
        smaller.save(buffer, format="WEBP" if has_alpha else "JPEG", quality=85)
        return Picture(
            media_type="image/webp" if has_alpha else "image/jpeg",
            content=buffer.getvalue(),
            width=width,
            height=height,
            shown_width=smaller.width,
            shown_height=smaller.height,
            is_reduced=True,
        )


def show_picture(content: bytes) -> ShownPicture:
    """Make a picture ready for a page, with a note on what was done to it.

    Raises
    ------
    WrongPicture
        If it is none, or so large that it is not even opened.
    """
    picture = fit_picture(content)
    note = ""
    if picture.is_reduced:
        is_smaller = (picture.width, picture.height) != (picture.shown_width, picture.shown_height)
        what = "shown smaller" if is_smaller else "shown converted"
        note = f"{what}; the file has {_pixels_text(picture.width, picture.height)}"
    return ShownPicture(
        source=_source(picture.media_type, picture.content),
        width=picture.shown_width,
        height=picture.shown_height,
        note=note,
    )


def show_small(content: bytes, max_bytes: int) -> ShownPicture:
    """Make a small PNG of a picture that browsers show, of at most so many bytes.

    Raises
    ------
    WrongPicture
        If it is none, or so large that it is not even opened.
    """
    from PIL import Image

    media_type = sniff_media_type(content)
    if media_type is None:
        raise WrongPicture("It is no PNG, JPEG, GIF or WebP.")
    with _trouble_told(media_type), Image.open(io.BytesIO(content), formats=_FORMATS) as image:
        size = image.size
        if size[0] * size[1] > _MAX_SMALL_PIXELS:
            raise WrongPicture(f"It has {_pixels_text(*size)}, too many to show here.")
        image.draft("RGB", (_SMALL_EDGES[0], _SMALL_EDGES[0]))
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        small = image.convert("RGBA" if has_alpha else "RGB")
        for edge in _SMALL_EDGES:
            small.thumbnail((edge, edge))
            for picture in (small, small.quantize(64, method=Image.Quantize.FASTOCTREE)):
                buffer = io.BytesIO()
                picture.save(buffer, format="PNG", optimize=True)
                if buffer.tell() <= max_bytes:
                    note = "" if size == small.size else f"shown smaller; the file has {_pixels_text(*size)}"
                    source = _source("image/png", buffer.getvalue())
                    return ShownPicture(source=source, width=small.width, height=small.height, note=note)
    raise WrongPicture("It cannot be made small enough.")


@contextmanager
def _trouble_told(media_type: str | None) -> Iterator[None]:
    """Say what is wrong with a picture of a type, whatever Pillow raises: that is nearly anything on a broken one."""
    from PIL import UnidentifiedImageError

    try:
        yield
    except WrongPicture:
        raise
    except Exception as error:
        why = "" if isinstance(error, UnidentifiedImageError) else f": {error}"  # that one names an object of Python's
        reason = "it is no picture in a format that can be shown" if media_type is None else f"it is broken{why}"
        raise WrongPicture(f"PNG, JPEG, GIF and WebP are shown; {reason}.") from error


def _pixels_text(width: int, height: int) -> str:
    return f"{width:,} \N{MULTIPLICATION SIGN} {height:,} pixels"


def _source(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
