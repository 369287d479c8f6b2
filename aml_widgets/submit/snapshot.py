"""A copy of a source folder, as one zip beside the store, kept once however often it is taken.

What the folder's ``.amlignore`` names, or else its ``.gitignore``, is left out; so are links, version control, caches, and the
workspace itself. The id is a hash of what is in it, so the same sources have the same snapshot.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from aml_widgets.core.errors import (
    SnapshotError,
    SnapshotNotFound,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from aml_widgets.submit.source_files import WAYS_OUT, Limits, Source, collect_sources

_T = TypeVar("_T")

_CHUNK_BYTES = 1 << 20
_PAUSES_SECONDS = (0.05, 0.2, 0.5)  # before a file that was rewritten while it was read is read again
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time; one time for all makes equal folders equal zips


class _Rewritten(Exception):
    """A file was rewritten while it was read, so that what was read never was its content."""

    def __init__(self, file: Path) -> None:
        super().__init__(str(file))
        self.file = file


class _Content(NamedTuple):
    """What was read of one file; it may be longer by now than when it was found."""

    source: Source
    size_bytes: int
    content_hash: str


def take_snapshot(
    source: Path,
    target_folder: Path,
    *,
    limits: Limits | None = None,
    left_out: Iterable[Path] = (),
    ways_out: Sequence[str] = WAYS_OUT,
    tell_links: Callable[[Sequence[str]], None] | None = None,
) -> str:
    """Copy a file, or a folder without what it ignores, into a zip.

    Parameters
    ----------
    source : Path
        A file or folder.
    target_folder : Path
        Where snapshots are kept; made if it is missing.
    limits : Limits, optional
        How large the snapshot may be.
    left_out : iterable of Path
        Files and folders that are not copied, such as the workspace's own.
    ways_out : sequence of str, optional
        What to do about sources that are too large, beside leaving files out and raising a limit.
    tell_links : callable, optional
        Called with the paths of the links that are not copied, where there are any that no rule names.

    Returns
    -------
    str
        The snapshot's id; the zip is ``<id>.zip``.

    Raises
    ------
    SnapshotTooLarge
        If a limit is passed; nothing was copied. The message names what is largest.
    SnapshotError
        If the source is missing, a name in it is not UTF-8, or a file cannot be read or is rewritten all the time.
    """
    source = Path(source)
    links: list[str] = []
    collected = collect_sources(source, limits or Limits(), [target_folder, *left_out], ways_out, links)
    sources = sorted(collected, key=lambda one: one.path)
    contents = [_read_again_if_rewritten(lambda one=one: _hash(one)) for one in sources]  # type: ignore[misc]
    snapshot_id = _identify(contents)
    try:
        target_folder.mkdir(parents=True, exist_ok=True)
        if not _holds(target_folder / f"{snapshot_id}.zip", contents):
            snapshot_id = _read_again_if_rewritten(lambda: _write_zip(sources, target_folder))
    except OSError as error:
        raise _to_store_error(error, target_folder) from error
    if links and tell_links is not None:
        tell_links(sorted(links))
    return snapshot_id


def find_snapshot(target_folder: Path | None, snapshot_id: str) -> Path:
    """Give the zip of a snapshot.

    Raises
    ------
    SnapshotNotFound
        If there is none.
    """
    is_id = (
        isinstance(snapshot_id, str) and snapshot_id.isalnum() and snapshot_id.isascii()
    )  # so that no path can be made of it
    if is_id and target_folder is not None and (target_folder / f"{snapshot_id}.zip").is_file():
        return target_folder / f"{snapshot_id}.zip"
    raise SnapshotNotFound(
        f"There is no snapshot {snapshot_id!r} in this workspace. Run.get_snapshot_id() gives the one of a run.",
        value=snapshot_id,
    )


def list_files(archive: Path) -> frozenset[str]:
    """Give the paths of the files in the zip of a snapshot.

    Raises
    ------
    SnapshotError
        If the zip is damaged.
    StoreUnavailable
        If it cannot be read.
    """
    return frozenset(path for path, _ in _list_sizes(archive))


def _list_sizes(archive: Path) -> list[tuple[str, int]]:
    """Give the path and size of each file in a zip."""
    import zipfile

    try:
        with zipfile.ZipFile(archive) as opened:
            return [(member.filename, member.file_size) for member in opened.infolist()]
    except OSError as error:
        raise StoreUnavailable(
            f"The snapshot {str(archive)!r} cannot be read: {error.strerror or error}. Try again, or see to that disk.",
            value=archive,
        ) from error
    # Which of them `zipfile` raises depends on the bytes that are damaged: NotImplementedError where they seem to be a newer format,
    # ValueError where names are no UTF-8 or places lie before the beginning.
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise SnapshotError(
            f"The snapshot {str(archive)!r} is damaged ({error}). Take it again: submit the script, or call take_snapshot, with the "
            "same folder.",
            value=archive,
        ) from error


def _holds(archive: Path, contents: Iterable[_Content]) -> bool:
    """Whether a zip is there and whole: a power cut may have left it empty or cut off."""
    expected = [(one.source.path, one.size_bytes) for one in contents]
    try:
        return archive.exists() and _list_sizes(archive) == expected
    except (SnapshotError, StoreUnavailable):
        return False  # it is written anew, which tells what is wrong with the disk


def _identify(contents: Iterable[_Content]) -> str:
    digest = hashlib.sha256()
    for one, _, content_hash in contents:
        path = one.path.encode()
        digest.update(b"%d %s %d %s\n" % (len(path), path, one.is_executable, content_hash.encode()))
    return digest.hexdigest()


def _hash(one: Source, write: Callable[[bytes], object] | None = None) -> _Content:
    """Read a file once; `write` gets what is read. Raises _Rewritten."""
    digest = hashlib.sha256()
    size_bytes = 0
    for chunk in _read(one):
        digest.update(chunk)
        size_bytes += len(chunk)
        if write is not None:
            write(chunk)
    return _Content(one, size_bytes, digest.hexdigest())


def _read(one: Source) -> Iterator[bytes]:
    """Read a file, no further than it was long when it was opened: one that grows has no end. Raises _Rewritten."""
    try:
        with one.file.open("rb") as reader:
            before = os.fstat(reader.fileno())
            left_bytes = before.st_size
            while left_bytes > 0 and (chunk := reader.read(min(_CHUNK_BYTES, left_bytes))):
                left_bytes -= len(chunk)
                yield chunk
            after = os.fstat(reader.fileno())
    except OSError as error:
        raise SnapshotError(
            f"{str(one.file)!r} cannot be read: {error.strerror or error}. Name it in .amlignore to leave it out.",
            value=one.file,
        ) from error
    is_as_long = after.st_size == before.st_size
    if left_bytes or after.st_size < before.st_size or (is_as_long and after.st_mtime_ns != before.st_mtime_ns):
        raise _Rewritten(one.file)


def _read_again_if_rewritten(read: Callable[[], _T]) -> _T:
    for pause in _PAUSES_SECONDS:
        try:
            return read()
        except _Rewritten:
            time.sleep(pause)
    try:
        return read()
    except _Rewritten as rewritten:
        raise SnapshotError(
            f"{str(rewritten.file)!r} was rewritten each time while it was read, so that no whole copy of it could be made. "
            "Try again when it is left alone, or name it in .amlignore to leave it out.",
            value=rewritten.file,
        ) from rewritten


def _write_zip(sources: list[Source], target_folder: Path) -> str:
    """Write a zip, all of it or none; give its id. Raises _Rewritten."""
    import zipfile

    temporary = target_folder / f".{uuid.uuid4().hex}.tmp"
    contents: list[_Content] = []
    try:
        with temporary.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for one in sources:
                    member = zipfile.ZipInfo(one.path, _EARLIEST)
                    member.compress_type = zipfile.ZIP_DEFLATED
                    member.create_system = 3  # Unix, so that the next line is understood on any system
                    member.external_attr = (stat.S_IFREG | (0o755 if one.is_executable else 0o644)) << 16
                    with archive.open(member, "w") as writer:
                        contents.append(_hash(one, writer.write))
            file.flush()
            os.fsync(file.fileno())  # before it has its name, which a power cut may keep without what is in it
        snapshot_id = _identify(contents)  # of what was written: a file may have changed since it was first read
        temporary.replace(target_folder / f"{snapshot_id}.zip")
    finally:
        temporary.unlink(missing_ok=True)
    return snapshot_id


def _to_store_error(error: OSError, folder: Path) -> StoreError:
    import errno

    what = f"A snapshot cannot be kept in {str(folder)!r}: {error.strerror or error}."
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return StoreFull(f"{what} Free some space on that disk.", value=folder)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreReadOnly(f"{what} Ask for the right to write there.", value=folder)
    return StoreUnavailable(f"{what} Try again, or see to that disk.", value=folder)
