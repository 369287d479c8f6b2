"""Pictures of a run as what a page may show: checked by their content, bounded in bytes and pixels."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

MAX_SENT_BYTES = 4_000_000
MAX_READ_BYTES = 40_000_000
MAX_EDGE = 1_600

_MAX_PIXELS = 60_000_000
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
                raise WrongPicture(f"It has {width:,} \N{MULTIPLICATION SIGN} {height:,} pixels, too many to show.")
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
    size = f"{width:,} \N{MULTIPLICATION SIGN} {height:,} pixels"
    return ShownPicture(
        source=_source("image/webp" if has_alpha else "image/jpeg", buffer.getvalue()),
        width=smaller.width,
        height=smaller.height,
        note=f"{note}; the file has {size}",
    )


def _source(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
