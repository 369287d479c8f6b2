"""A zip that is written while it is sent: neither it nor one of its files is ever whole in memory."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, cast

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.file_names import safe_file_name
from aml_widgets.core.pieces import PIECE_BYTES

CHUNK_BYTES = PIECE_BYTES
MISSING_NAME = "FILES THAT ARE MISSING.txt"

_EARLIEST, _LATEST = 315_619_200, 4_354_819_198  # a zip's clock goes from 1980 to 2107
_PACKED = (
    ".gz",
    ".zip",
    ".bz2",
    ".xz",
    ".zst",
    ".7z",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".webp",
    ".mp4",
    ".npz",
    ".parquet",
)
_LARGE_BYTES = 1 << 31  # a file of this size needs the long form of a zip's entry


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipSource:
    """A file that goes into a zip; `read` gives its content from the start, piece by piece."""

    path: str
    size_bytes: int
    written_at: float
    read: Callable[[], Iterator[bytes]]


def zip_chunks(sources: Iterable[ZipSource]) -> Iterator[bytes]:
    """Write files into a zip, and give it out as it grows.

    A file that cannot be read does not stop the others: it is named, with the reason, in a text file in the zip.
    """
    buffer = _Buffer()
    taken: set[str] = set()
    missing: list[str] = []
    # `zipfile` asks no more of what it writes to than this buffer can.
    with zipfile.ZipFile(cast("IO[bytes]", buffer), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for source in sources:
            pieces = source.read()
            try:
                first = next(pieces, b"")
            except AmlWidgetsError as error:  # before its entry was begun, so there is none
                missing.append(f"{source.path}: {error.message}")
                continue
            with archive.open(_entry(source, taken), "w", force_zip64=source.size_bytes >= _LARGE_BYTES) as writer:
                writer.write(first)
                yield from buffer.take()
                try:
                    for piece in pieces:
                        writer.write(piece)
                        yield from buffer.take()
                except AmlWidgetsError as error:
                    missing.append(f"{source.path}: only a part of it is here. {error.message}")
            yield from buffer.take()
        if missing:
            archive.writestr(unique_name(MISSING_NAME, taken), "\n".join(missing).encode("utf-8", "replace"))
    yield from buffer.take(is_end=True)


def safe_name(path: str) -> str:
    """Give a path under which a file may be unpacked anywhere: below the target, with names that every system takes."""
    parts = [part for part in re.split(r"[/\\]", path) if part.strip(" .")]
    return "/".join(safe_file_name(part, may_be_hidden=True) for part in parts) or "file"


def unique_name(name: str, taken: set[str]) -> str:
    """Give a name that no other file has, also where capitals do not count; it is taken from now on."""
    stem, dot, suffix = name.rpartition(".")
    if not stem or "/" in suffix:
        stem, dot, suffix = name, "", ""
    candidate, number = name, 2
    while candidate.casefold() in taken:
        candidate, number = f"{stem} ({number}){dot}{suffix}", number + 1
    taken.add(candidate.casefold())
    return candidate


def _entry(source: ZipSource, taken: set[str]) -> zipfile.ZipInfo:
    moment = time.localtime(min(max(source.written_at, _EARLIEST), _LATEST))[:6]
    entry = zipfile.ZipInfo(unique_name(safe_name(source.path), taken), moment)
    entry.compress_type = zipfile.ZIP_STORED if source.path.lower().endswith(_PACKED) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    entry.file_size = source.size_bytes
    return entry


class _Buffer:
    """Takes what is written and gives it away again. It cannot seek, so `zipfile` puts sizes behind the files."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size_bytes = 0

    def write(self, content: bytes) -> int:
        self._pieces.append(bytes(content))
        self._size_bytes += len(content)
        return len(content)

    def flush(self) -> None:
        """Do nothing: what is written is taken away by `take`."""

    def take(self, *, is_end: bool = False) -> Iterator[bytes]:
        """Give what is there as soon as it is worth a message."""
        if self._size_bytes >= CHUNK_BYTES or (is_end and self._size_bytes):
            content = b"".join(self._pieces)
            self._pieces.clear()
            self._size_bytes = 0
            for start in range(0, len(content), CHUNK_BYTES):
                yield content[start : start + CHUNK_BYTES]
