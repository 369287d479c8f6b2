"""What is in a snapshot, read out of its zip."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aml_widgets.core.errors import ArtifactNotFound, SnapshotError, StoreUnavailable
from aml_widgets.core.pieces import PIECE_BYTES


def list_members(file: Path) -> list[zipfile.ZipInfo]:
    """List the files of a snapshot, without folders.

    Raises
    ------
    SnapshotError
        If the zip is damaged.
    StoreUnavailable
        If it cannot be read.
    """
    with _opened(file) as archive:
        return [member for member in archive.infolist() if not member.is_dir()]


def find_member(file: Path, path: str) -> zipfile.ZipInfo:
    """Find a file of a snapshot.

    Raises
    ------
    ArtifactNotFound
        If the snapshot has none of that path.
    SnapshotError
        If the zip is damaged.
    StoreUnavailable
        If it cannot be read.
    """
    with _opened(file) as archive:
        return _member(archive, path)


def read_member(file: Path, path: str, start: int = 0, max_bytes: int | None = None) -> bytes:
    """Read a part of a file of a snapshot. Raises what `find_member` does."""
    with _opened(file) as archive, archive.open(_member(archive, path)) as reader:
        reader.seek(start)
        return reader.read(-1 if max_bytes is None else max(0, max_bytes))


def read_member_pieces(file: Path, path: str) -> Iterator[bytes]:
    """Read a whole file of a snapshot piece by piece. Raises what `find_member` does."""
    # Each look into the middle of a packed file would unpack all that is before it.
    with _opened(file) as archive, archive.open(_member(archive, path)) as reader:
        while piece := reader.read(PIECE_BYTES):
            yield piece


def read_snapshot_pieces(file: Path) -> Iterator[bytes]:
    """Read the zip itself piece by piece. Raises StoreUnavailable."""
    try:
        with file.open("rb") as reader:
            while piece := reader.read(PIECE_BYTES):
                yield piece
    except OSError as error:
        raise StoreUnavailable(f"The snapshot cannot be read: {error}.", value=file.stem) from error


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (ArtifactNotFound, StoreUnavailable):
        raise
    except OSError as error:
        raise StoreUnavailable(
            f"The snapshot cannot be read: {error}. Try again, or see to that disk.", value=file.stem
        ) from error
    # Which of them `zipfile` raises depends on the bytes that are damaged, as for `working_folder`.
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise SnapshotError(
            f"The snapshot is damaged ({error}). Take it again: submit the script, or call take_snapshot, with the same folder.",
            value=file.stem,
        ) from error


def _member(archive: zipfile.ZipFile, path: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(path)
    except KeyError as error:
        raise ArtifactNotFound(f"The snapshot has no file {path!r}.", value=path) from error
