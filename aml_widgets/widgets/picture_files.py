"""Pictures of a run as what a page may show: checked by their content, bounded in bytes and pixels."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

MAX_SENT_BYTES = 4_000_000
MAX_READ_BYTES = 40_000_000
MAX_EDGE = 1_600

_MAX_PIXELS = 60_000_000
_MAX_SMALL_PIXELS = 12_000_000  # these are made while a cell waits
_SMALL_EDGES = (240, 160, 110, 76, 52, 32)
# What Pillow may open: no format that runs a program or reads another file.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class WrongPicture(Exception):
    """Says, as a sentence for the reader of the view, why a picture cannot be shown."""


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


def show_picture(content: bytes) -> ShownPicture:
    """Make a picture ready for a page: as it is while it is small, else smaller.

    Raises
    ------
    WrongPicture
        If it is none, or so large that it is not even opened.
    """
    from PIL import Image, UnidentifiedImageError

    media_type = sniff_media_type(content)
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > _MAX_PIXELS:
                raise WrongPicture(f"It has {_pixels_text(width, height)}, too many to show.")
            if media_type is not None and len(content) <= MAX_SENT_BYTES:
                return ShownPicture(source=_source(media_type, content), width=width, height=height)
            image.draft("RGB", (MAX_EDGE, MAX_EDGE))  # lets JPEG be read at a fraction of its size
            smaller = image if image.mode in ("L", "RGB", "RGBA") else image.convert("RGBA")
            smaller.thumbnail((MAX_EDGE, MAX_EDGE))
            buffer = io.BytesIO()
            has_alpha = smaller.mode == "RGBA"
            smaller.save(buffer, format="WEBP" if has_alpha else "JPEG", quality=85)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "it is no picture in a format that can be shown" if media_type is None else f"it is broken: {error}"
        raise WrongPicture(f"PNG, JPEG, GIF and WebP are shown; {reason}.") from error
    is_smaller = (width, height) != smaller.size
    note = "shown smaller" if is_smaller else "shown converted"
    return ShownPicture(
        source=_source("image/webp" if has_alpha else "image/jpeg", buffer.getvalue()),
        width=smaller.width,
        height=smaller.height,
        note=f"{note}; the file has {_pixels_text(width, height)}",
    )


def show_small(content: bytes, max_bytes: int) -> ShownPicture:
    """Make a small PNG of a picture that browsers show, of at most so many bytes.

    Raises
    ------
    WrongPicture
        If it is none, or so large that it is not even opened.
    """
    from PIL import Image

    if sniff_media_type(content) is None:
        raise WrongPicture("It is no PNG, JPEG, GIF or WebP.")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
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
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise WrongPicture(f"It is broken: {error}.") from error
    raise WrongPicture("It cannot be made small enough.")


def _pixels_text(width: int, height: int) -> str:
    return f"{width:,} \N{MULTIPLICATION SIGN} {height:,} pixels"


def _source(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
