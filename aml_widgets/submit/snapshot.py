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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from aml_widgets.core.errors import (
    SnapshotError,
    SnapshotNotFound,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_T = TypeVar("_T")

MAX_BYTES = 300 * 1024 * 1024
MAX_FILES = 2_000
MAX_ENTRIES = 50_000
"""How many entries are looked at, ignored ones too: a home folder is not to be walked to its end."""
MAX_WALK_SECONDS = 10.0

ALWAYS_LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints"})

WAY_OUT = "choose a smaller snapshot_directory, or pass snapshot_directory=None"

_CHUNK_BYTES = 1 << 20
_NAMED_LARGEST = 3
_MAX_SECONDS_PAST_LIMIT = 0.5  # looked on for so long, so that the message names what is largest
_PAUSES_SECONDS = (0.05, 0.2, 0.5)  # before a file that was rewritten while it was read is read again
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # zip knows no earlier time; one time for all makes equal folders equal zips


class SnapshotTooLarge(SnapshotError):
    """The folder has more files or bytes than a snapshot may have."""


class _WalkedTooFar(Exception):
    """The walk through a folder has met one of its own limits."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class _Rewritten(Exception):
    """A file was rewritten while it was read, so that what was read never was its content."""

    def __init__(self, file: Path) -> None:
        super().__init__(str(file))
        self.file = file


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a snapshot may be; None lifts a limit."""

    max_files: int | None = MAX_FILES
    max_bytes: int | None = MAX_BYTES
    max_entries: int = MAX_ENTRIES
    max_walk_seconds: float = MAX_WALK_SECONDS


@dataclass(frozen=True, slots=True)
class _Source:
    """One file that goes into a snapshot."""

    path: str  # below the folder, with '/'
    file: Path
    size_bytes: int
    is_executable: bool


class _Content(NamedTuple):
    """What was read of one file; it may be longer by now than when it was found."""

    source: _Source
    size_bytes: int
    content_hash: str


def take_snapshot(
    source: Path,
    target_folder: Path,
    *,
    limits: Limits | None = None,
    left_out: Iterable[Path] = (),
    way_out: str = WAY_OUT,
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
    way_out : str, optional
        What to do about sources that are too large, beside leaving files out.
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
        If the source is missing, or a file cannot be read or is rewritten all the time.
    """
    source = Path(source)
    links: list[str] = []
    collected = _collect(source, limits or Limits(), [target_folder, *left_out], way_out, links)
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
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise SnapshotError(
            f"The snapshot {str(archive)!r} is damaged ({error}). Take it again: submit the script, or call take_snapshot, with the "
            "same folder.",
            value=archive,
        ) from error


def _holds(archive: Path, contents: Iterable[_Content]) -> bool:
    """Whether a zip is there and whole: a power cut may have left it empty or cut off."""
    expected = [(_to_member_name(one.source), one.size_bytes) for one in contents]
    try:
        return archive.exists() and _list_sizes(archive) == expected
    except (SnapshotError, StoreUnavailable):
        return False  # it is written anew, which tells what is wrong with the disk


def _collect(source: Path, limits: Limits, left_out: Iterable[Path], way_out: str, links: list[str]) -> list[_Source]:
    try:
        mode = source.stat().st_mode
    except OSError as error:
        raise SnapshotError(
            f"{str(source)!r} cannot be copied: {error.strerror or error}. Give a folder that exists, or None for no snapshot.",
            value=source,
        ) from error
    if stat.S_ISREG(mode):
        walked: Iterator[_Source] = iter([_describe(source, source.name, source.stat())])
    elif stat.S_ISDIR(mode):
        walked = _walk(source, limits, {os.path.realpath(path) for path in left_out}, links)
    else:
        raise SnapshotError(f"{str(source)!r} is neither a file nor a folder. Give one of them.", value=source)
    collected: list[_Source] = []
    size_bytes = 0
    excess = None
    deadline = 0.0
    try:
        for one in walked:
            collected.append(one)
            size_bytes += one.size_bytes
            if excess is None:
                excess = _find_excess(limits, len(collected), size_bytes)
                deadline = time.monotonic() + _MAX_SECONDS_PAST_LIMIT
            elif time.monotonic() > deadline:
                break
    except _WalkedTooFar as stop:
        excess = excess or stop.what
    if excess is not None:
        is_by_count = limits.max_bytes is None or size_bytes <= limits.max_bytes
        raise SnapshotTooLarge(
            f"{str(source)!r} holds {excess}{_name_largest(collected, is_by_count=is_by_count)}. "
            f"Name what is no source in .amlignore, {way_out}.",
            value=source,
        )
    return collected


def _find_excess(limits: Limits, file_count: int, size_bytes: int) -> str | None:
    if limits.max_files is not None and file_count > limits.max_files:
        return f"more than {limits.max_files:,} files"
    if limits.max_bytes is not None and size_bytes > limits.max_bytes:
        return f"more than {limits.max_bytes / 1024**2:,.0f} MB"
    return None


def _name_largest(collected: list[_Source], *, is_by_count: bool) -> str:
    """Name the folders and files right below the source that count for most."""
    sizes: dict[str, tuple[int, int]] = {}
    for one in collected:
        top, slash, _ = one.path.partition("/")
        count, size_bytes = sizes.get(top + slash, (0, 0))
        sizes[top + slash] = (count + 1, size_bytes + one.size_bytes)
    largest = sorted(sizes.items(), key=lambda item: item[1][:: 1 if is_by_count else -1], reverse=True)
    named = [
        f"{name!a} ({f'{count:,} files, ' if name.endswith('/') else ''}{size_bytes / 1024**2:,.1f} MB)"
        for name, (count, size_bytes) in largest[:_NAMED_LARGEST]
    ]
    return f"; the largest found: {', '.join(named)}" if named else ""


def _walk(root: Path, limits: Limits, left_out: set[str], links: list[str]) -> Iterator[_Source]:
    """Give the files below a folder; `links` gets the paths of the links, which are not followed."""
    is_ignored = _read_ignore_file(root)
    deadline = time.monotonic() + limits.max_walk_seconds
    entry_count = 0
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            place = os.path.realpath(folder)  # not to be told where the current folder was deleted
            entries = os.scandir(folder)
        except OSError as error:
            if not prefix:
                raise SnapshotError(f"Folder {str(root)!r} cannot be read: {error}.", value=root) from error
            continue  # a folder of somebody else's is no source of ours
        with entries:
            for entry in entries:
                entry_count += 1
                if entry_count > limits.max_entries:
                    raise _WalkedTooFar(f"more than {limits.max_entries:,} entries, counting those it ignores")
                if time.monotonic() > deadline:
                    raise _WalkedTooFar(f"more than can be looked through in {limits.max_walk_seconds:g} s")
                path = f"{prefix}{entry.name}"
                if entry.name in ALWAYS_LEFT_OUT:
                    continue
                if os.path.join(place, entry.name) in left_out:  # noqa: PTH118 - a Path for each would cost too much
                    continue
                if entry.is_symlink():
                    if not is_ignored(path):
                        links.append(path)
                elif entry.is_dir(follow_symlinks=False):
                    if not is_ignored(f"{path}/"):
                        waiting.append((Path(entry.path), f"{path}/"))
                elif entry.is_file(follow_symlinks=False) and not is_ignored(path):
                    yield _describe(Path(entry.path), path, entry.stat(follow_symlinks=False))


def _read_ignore_file(root: Path) -> Callable[[str], bool]:
    """Read the rules of the root's ``.amlignore``, else of its ``.gitignore``; files below have no say, as in v1."""
    for name in (".amlignore", ".gitignore"):
        try:
            lines = (root / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        return _read_rules(lines).match_file
    return lambda path: False  # noqa: ARG005 - without rules nothing is ignored


def _read_rules(lines: list[str]) -> GitIgnoreSpec:
    """Read rules; as git does, pass over a line that is none."""
    import re

    try:
        import pathspec
    except ImportError as error:  # in the interpreter of a script that was submitted
        raise SnapshotError(
            "What the folder's .amlignore or .gitignore leaves out is found out with the package pathspec, which this Python does "
            "not have. Add pathspec to the packages of the script's environment, or pass snapshot_directory=None.",
            value="pathspec",
        ) from error
    try:
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        if len(lines) == 1:
            return pathspec.GitIgnoreSpec([])
        return pathspec.GitIgnoreSpec([pattern for line in lines for pattern in _read_rules([line]).patterns])


def _describe(file: Path, path: str, status: os.stat_result) -> _Source:
    return _Source(path, file, status.st_size, bool(status.st_mode & stat.S_IXUSR))


def _identify(contents: Iterable[_Content]) -> str:
    digest = hashlib.sha256()
    for one, _, content_hash in contents:
        path = one.path.encode("utf-8", "surrogateescape")
        digest.update(b"%d %s %d %s\n" % (len(path), path, one.is_executable, content_hash.encode()))
    return digest.hexdigest()


def _hash(one: _Source, write: Callable[[bytes], object] | None = None) -> _Content:
    """Read a file once; `write` gets what is read. Raises _Rewritten."""
    digest = hashlib.sha256()
    size_bytes = 0
    for chunk in _read(one):
        digest.update(chunk)
        size_bytes += len(chunk)
        if write is not None:
            write(chunk)
    return _Content(one, size_bytes, digest.hexdigest())


def _read(one: _Source) -> Iterator[bytes]:
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


def _to_member_name(one: _Source) -> str:
    return one.path.encode("utf-8", "replace").decode()


def _write_zip(sources: list[_Source], target_folder: Path) -> str:
    """Write a zip, all of it or none; give its id. Raises _Rewritten."""
    import zipfile

    temporary = target_folder / f".{uuid.uuid4().hex}.tmp"
    contents: list[_Content] = []
    try:
        with temporary.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for one in sources:
                    member = zipfile.ZipInfo(_to_member_name(one), _EARLIEST)
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
