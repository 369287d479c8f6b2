"""How files of runs are served: as data that no browser takes for a page, in whole, in parts, or many in a zip."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote
from zipfile import ZipInfo

from aml_widgets.core.errors import ArtifactNotFound, SnapshotNotFound
from aml_widgets.core.file_names import safe_file_name
from aml_widgets.core.log_order import in_order
from aml_widgets.core.pieces import PIECE_BYTES, read_pieces
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.core.zip_stream import ZipSource, zip_chunks
from aml_widgets.server.replies import Reply
from aml_widgets.store.artifacts import normalize_artifact_path
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.snapshot import find_snapshot
from aml_widgets.submit.snapshot_reading import (
    find_member,
    list_members,
    read_member,
    read_member_pieces,
    read_snapshot_pieces,
)
from aml_widgets.tracking.provenance import SNAPSHOT_ID
from aml_widgets.tracking.run_details import LOG_FOLDERS

BINARY = "application/octet-stream"
PLAIN = "text/plain; charset=utf-8"
MAX_LISTED = 10_000

SECURITY_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
    "Content-Encoding": "identity",  # or the server compresses: in the event loop, and parts of a file as if they were files
}

_RASTER = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}
_TEXT = frozenset("cfg conf csv err ini ipynb json jsonl log md out py rst sh toml tsv txt yaml yml".split())  # noqa: SIM905
_RANGE = re.compile(r"bytes=([0-9]{0,30})-([0-9]{0,30})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFile:
    """A file that can be sent.

    Attributes
    ----------
    path : str
        The name it has in the run or the snapshot.
    size_bytes : int
        How much of it is sent; what is written meanwhile is not.
    pieces : callable
        Gives its content, from a first byte to a last one.
    """

    path: str
    size_bytes: int
    pieces: Callable[[int, int], Iterator[bytes]]

    @property
    def media_type(self) -> str:
        """What the browser is told that it is: never anything that could run."""
        ending = PurePosixPath(self.path).suffix[1:].lower()
        return _RASTER.get(ending) or (PLAIN if ending in _TEXT else BINARY)


def open_artifact(store: RunStore, run_id: str, path: str) -> ServedFile:
    """Find a file of a run. Raises ArtifactNotFound, InvalidArtifact for a path that could leave the run's folder."""
    store.get_run(run_id)
    normal_path = normalize_artifact_path(path)
    size_bytes = store.artifacts.size(run_id, normal_path)
    if size_bytes is None:
        raise ArtifactNotFound(f"Run {run_id} has no file {normal_path!r}. Choose one of those it lists.", value=path)
    return ServedFile(
        path=normal_path,
        size_bytes=size_bytes,
        pieces=lambda first, last: _read_between(
            lambda start, max_bytes: store.artifacts.read(run_id, normal_path, start=start, max_bytes=max_bytes),
            first,
            last,
        ),
    )


def open_snapshot_file(store: RunStore, run_id: str, path: str) -> ServedFile:
    """Find a source file of a run. Raises SnapshotNotFound, ArtifactNotFound, SnapshotError for a damaged zip."""
    file = find_snapshot(store.snapshots, snapshot_id_of(store, run_id))
    member = find_member(file, path)

    def pieces(first: int, last: int) -> Iterator[bytes]:
        if first == 0 and last >= member.file_size - 1:
            return read_member_pieces(file, path)  # a part of a packed file costs all that is before it
        return _read_between(lambda start, max_bytes: read_member(file, path, start, max_bytes), first, last)

    return ServedFile(path=path, size_bytes=member.file_size, pieces=pieces)


def snapshot_id_of(store: RunStore, run_id: str) -> str:
    """Give the id of a run's snapshot. Raises SnapshotNotFound where it has none."""
    snapshot_id = store.get_run(run_id).properties.get(SNAPSHOT_ID)
    if not snapshot_id:
        raise SnapshotNotFound(f"Run {run_id} has no snapshot of its sources.", value=run_id)
    return snapshot_id


def snapshot_reply(store: RunStore, run_id: str) -> Reply:
    """List the source files of a run; a run without a snapshot has none."""
    snapshot_id = store.get_run(run_id).properties.get(SNAPSHOT_ID)
    members: list[ZipInfo] = list_members(find_snapshot(store.snapshots, snapshot_id)) if snapshot_id else []
    files = [{"path": one.filename, "size_bytes": one.file_size} for one in members[:MAX_LISTED]]
    return {"snapshot_id": snapshot_id or None, "files": files, "is_cut": len(members) > MAX_LISTED}


def log_reply(store: RunStore, run_id: str, path: str, start: int, max_bytes: int) -> Reply:
    """Give a part of a log that starts and ends at whole characters. Raises ArtifactNotFound, InvalidArtifact."""
    record = store.get_run(run_id)
    normal_path = normalize_artifact_path(path)
    size_bytes = store.artifacts.size(run_id, normal_path)
    if size_bytes is None:
        if not any(one.path == normal_path for one in store.list_artifacts(run_id)):
            raise ArtifactNotFound(f"Run {run_id} has no log {normal_path!r}. Choose one it lists.", value=path)
        size_bytes = 0  # made known, and nothing written yet
    first = max(0, size_bytes + start) if start < 0 else min(start, size_bytes)
    wanted = min(max(max_bytes, _LONGEST_CHARACTER), size_bytes - first)
    content = store.artifacts.read(run_id, normal_path, start=first, max_bytes=wanted) if wanted else b""
    skipped = _count_continuing(content) if first else 0
    is_last = first + len(content) >= size_bytes and record.status.is_terminal
    end = len(content) if is_last else len(content) - _count_unfinished(content[skipped:])
    return {
        "path": normal_path,
        "start": first + skipped,
        "end": first + end,
        "size_bytes": size_bytes,
        "text": content[skipped:end].decode("utf-8", "replace"),
    }


def zip_pieces(store: RunStore, run_id: str, what: str) -> Iterator[bytes]:
    """Give a zip of a run's files as it is written. Raises SnapshotNotFound, RunNotFound at once."""
    if what == "snapshot":
        return read_snapshot_pieces(find_snapshot(store.snapshots, snapshot_id_of(store, run_id)))
    store.get_run(run_id)
    records = store.list_artifacts(run_id)
    if what == "logs":
        records = in_order(one for one in records if one.is_log or one.path.startswith(LOG_FOLDERS))
    elif what == "outputs":
        records = [one for one in records if one.path.startswith("outputs/")]
    return zip_chunks(_zip_source(store, run_id, record) for record in records)


def disposition(path: str, *, is_inline: bool) -> str:
    """Write the header that names a file, and says whether it may be shown."""
    name = safe_file_name(path)
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"{'inline' if is_inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def read_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Read which part of a file is asked for, its first and its last byte.

    Returns
    -------
    tuple of int, or None
        None for the whole file: without the header, and for one that is not understood or asks for several parts, which may
        be answered so. The last byte is before the first where there is no such part.
    """
    found = None if header is None else _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        length = min(int(found[2]), size_bytes)
        return (size_bytes - length, size_bytes - 1) if length else (size_bytes, size_bytes - 1)
    first = int(found[1])
    last = min(int(found[2]), size_bytes - 1) if found[2] else size_bytes - 1
    if found[2] and int(found[2]) < first:
        return None  # no range at all
    return (first, last) if first < size_bytes else (size_bytes, size_bytes - 1)


_LONGEST_CHARACTER = 4  # bytes in UTF-8


def _count_continuing(content: bytes) -> int:
    """Count the bytes at the beginning that belong to a character before it."""
    count = 0
    while count < min(_LONGEST_CHARACTER - 1, len(content)) and 0x80 <= content[count] < 0xC0:
        count += 1
    return count


def _count_unfinished(content: bytes) -> int:
    """Count the bytes at the end that begin a character of which more is to come."""
    for count in range(1, min(_LONGEST_CHARACTER, len(content) + 1)):
        byte = content[-count]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF8 else 1
            return count if length > count else 0
        if byte < 0x80:
            return 0
    return 0


def _read_between(read: Callable[[int, int], bytes], first: int, last: int) -> Iterator[bytes]:
    while first <= last:
        piece = read(first, min(PIECE_BYTES, last - first + 1))
        if not piece:
            return  # the file is shorter by now
        yield piece
        first += len(piece)


def _zip_source(store: RunStore, run_id: str, record: ArtifactRecord) -> ZipSource:
    def read(path: str, start: int, max_bytes: int) -> bytes:
        return store.artifacts.read(run_id, path, start=start, max_bytes=max_bytes)

    return ZipSource(
        path=record.path,
        size_bytes=record.size_bytes,
        written_at=record.written_at,
        read=lambda: read_pieces(read, record.path, record.size_bytes),
    )
