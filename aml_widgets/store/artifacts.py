"""Files of runs, below one root folder: ``root/<run_id>/<path>``."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from aml_widgets.core.errors import (
    ArtifactExists,
    ArtifactNotFound,
    InvalidArtifact,
    InvalidName,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    message_of,
)
from aml_widgets.store import live_copies

MAX_COMPONENT_BYTES = 255  # what every common file system takes as one name
COPY_CHUNK_BYTES = 1 << 20

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,249}")
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows has no EDQUOT
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_HARD_LINKS = {errno.EPERM, errno.EACCES, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL}
_REFUSED_ON_WINDOWS = re.compile(r'[<>:"|?*\x01-\x1f]|[ .]$|^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)', re.IGNORECASE)


def check_run_id(run_id: str) -> str:
    """Give back a run id that is safe as the name of a folder.

    Raises
    ------
    InvalidName
        Unless it is 1 to 250 ASCII letters, digits, ``-`` and ``_``, the first a letter or digit.
    """
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise InvalidName(
            f"Run id {_shown(run_id)} is not 1 to 250 ASCII letters, digits, '-' and '_' with a letter or digit first. "
            "Leave it out to be given one.",
            value=run_id,
        )
    return run_id


def normalize_artifact_path(path: str) -> str:
    """Give the one spelling of an artifact's path: POSIX, relative, without ``.`` and without repeated slashes.

    A backslash is refused everywhere, because a workspace may be opened on Windows, where it would separate folders.

    Raises
    ------
    InvalidArtifact
        For a path that is empty, absolute, of a folder, or that could leave the run's folder.
    """
    if not isinstance(path, str):
        raise _bad_path(path, "must be text", "Give it as a str with '/' between folders.")
    if "\0" in path:
        raise _bad_path(path, "must not hold a NUL character", "Leave that character out.")
    if "\\" in path:
        raise _bad_path(path, "must not hold a backslash", "Write '/' between folders.")
    if path.startswith("/"):
        raise _bad_path(path, "must be relative", "Leave the leading '/' out.")
    if path.endswith("/"):
        raise _bad_path(path, "must name a file, not a folder", "Add the name of the file.")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or path.endswith("/."):
        raise _bad_path(path, "must name a file", "Give a path such as 'outputs/model.pkl'.")
    for part in parts:
        _check_component(path, part)
    return "/".join(parts)


class FolderArtifactStore:
    """Keeps the files of runs in a local folder.

    Files appear whole: they are written beside their place and then linked to it, which never overwrites.

    Parameters
    ----------
    root : Path
        The folder that has, or will have, one folder for each run with files. It is made when it is first needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(root)

    @property
    def root(self) -> Path:
        """The folder above the folders of the runs."""
        return self._root

    def put(self, run_id: str, path: str, content: BinaryIO | Path, *, is_final: bool = True) -> int:
        """Write a file once; return its size in bytes. One that is not final may be replaced until it is (`live_copies`).

        Of a file that is still being written to, what is there at the start is copied.

        Raises
        ------
        ArtifactExists
            If the run has that file with another content.
        InvalidArtifact
            For a bad path, or a content that is no readable file or binary stream.
        """
        path = normalize_artifact_path(path)
        folder = self._run_folder(run_id)
        with _store_errors(run_id, path):
            target = self._place(folder, path)
            temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
            try:
                with open(temporary, "xb") as writer:
                    size_bytes = copy_content(path, content, writer)
                if is_final:
                    self._publish_final(folder, temporary, target, path)
                else:
                    live_copies.publish_live(folder, temporary, target, lambda: _publish(temporary, target, path))
            finally:
                temporary.unlink(missing_ok=True)
        return size_bytes

    def keep(self, run_id: str, path: str) -> None:
        """Make a file final that was not."""
        path = normalize_artifact_path(path)
        folder = self._run_folder(run_id)
        with _store_errors(run_id, path):
            live_copies.keep(folder, folder / path)

    def append_path(self, run_id: str, path: str) -> Path:
        """Give the local file behind a log stream, its folder made, to be opened for appending."""
        path = normalize_artifact_path(path)
        folder = self._run_folder(run_id)
        with _store_errors(run_id, path):
            target = self._place(folder, path)
            if target.is_symlink() or target.is_dir():
                raise ArtifactExists(
                    f"{path!r} of run {run_id} is there already and is no plain file. Choose another path.", value=path
                )
            return target

    def locate(self, run_id: str, path: str = "") -> str:
        """Give the ``file:`` URI of a file, or of the run's folder, which is made, so that a link to it leads somewhere."""
        folder = self._run_folder(run_id)
        if path:
            return (folder / normalize_artifact_path(path)).as_uri()
        with _store_errors(run_id, path):
            folder.mkdir(parents=True, exist_ok=True)
        return folder.as_uri()

    def size(self, run_id: str, path: str) -> int | None:
        """Give the size in bytes now, None if there is no such file."""
        try:
            return self._find(run_id, path).stat().st_size
        except (ArtifactNotFound, FileNotFoundError):
            return None
        except OSError as error:
            raise _to_store_error(error, run_id, path) from error

    def read(self, run_id: str, path: str, *, start: int = 0, max_bytes: int | None = None) -> bytes:
        """Read bytes from `start`, or from so many bytes before the end where it is negative."""
        file = self._find(run_id, path)
        with _store_errors(run_id, path), open(file, "rb") as reader:
            if start < 0:
                end = reader.seek(0, os.SEEK_END)
                start = max(0, end + start)
            reader.seek(start)
            return reader.read() if max_bytes is None else reader.read(max(0, max_bytes))

    def copy_to(self, run_id: str, path: str, target: Path) -> None:
        """Copy a file to a local path, making its folder and overwriting what is there.

        An ``OSError`` about `target` is passed on as it is.
        """
        copy_out(path, self._find(run_id, path), target)

    def remove_all(self, run_id: str) -> None:
        """Delete all files of a run. A link is deleted, what it leads to stays."""
        folder = self._run_folder(run_id)
        with _store_errors(run_id, folder.name):
            if folder.is_symlink():
                folder.unlink()
                return
            while folder.exists():
                with contextlib.suppress(FileNotFoundError):  # another process deletes it as well
                    shutil.rmtree(folder)

    @staticmethod
    def _publish_final(folder: Path, temporary: Path, target: Path, path: str) -> None:
        try:
            _publish(temporary, target, path)
        except ArtifactExists:
            if not target.is_file() or not live_copies.replace_live(folder, temporary, target):
                raise
        live_copies.keep(folder, target)

    def _run_folder(self, run_id: str) -> Path:
        return self._root / check_run_id(run_id)

    def _place(self, folder: Path, path: str) -> Path:
        """Make the folder of a file that is to be written, and see that no link leads out of the run's folder."""
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ArtifactExists(
                f"A folder of {path!r} is a file of run {folder.name} already. Choose another path.", value=path
            ) from error
        if not _is_inside(target.parent, folder):
            raise _bad_path(path, "must stay in the run's folder, and a link leads out of it", "Choose another path.")
        return target

    def _find(self, run_id: str, path: str) -> Path:
        normal_path = normalize_artifact_path(path)
        folder = self._run_folder(run_id)
        file = folder / normal_path
        with _store_errors(run_id, path):
            try:
                mode = file.stat().st_mode
            except (FileNotFoundError, NotADirectoryError):
                mode = 0
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise
                mode = 0
            if not stat.S_ISREG(mode) or not _is_inside(file, folder):
                raise ArtifactNotFound(
                    f"Run {run_id} has no file {path!r}. Run.get_file_names() lists those it has.", value=path
                )
        return file


def copy_out(path: str, file: Path, target: Path) -> None:
    """Copy a file that is kept here to a local path, making its folder and overwriting what is there; it appears whole."""
    target = Path(os.path.realpath(target))  # a link stays, the file that it leads to is replaced
    if target.is_dir():
        raise InvalidArtifact(f"{str(target)!r} is a folder, not a file. Add the name of the file.", value=target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "xb") as writer:
            copy_content(path, file, writer)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _check_component(path: str, part: str) -> None:
    if part == "..":
        raise _bad_path(path, "must not hold '..'", "Give the path below the run's folder.")
    try:
        size_bytes = len(part.encode())
    except UnicodeEncodeError as error:
        raise _bad_path(path, "must be text that UTF-8 can hold", "Rename the file.") from error
    if size_bytes > MAX_COMPONENT_BYTES:
        rule = f"must not hold a name over {MAX_COMPONENT_BYTES} bytes as UTF-8, this one has {size_bytes}"
        raise _bad_path(path, rule, "Choose a shorter name.")
    if os.name == "nt" and _REFUSED_ON_WINDOWS.search(part):
        raise _bad_path(path, f"must be made of names that Windows takes, {part!r} is none", "Rename the file.")


def _bad_path(path: object, rule: str, way_out: str) -> InvalidArtifact:
    return InvalidArtifact(f"Artifact path {_shown(path)} {rule}. {way_out}", value=path)


def _shown(value: object) -> str:
    text = ascii(value)  # an error must print everywhere, also where a surrogate cannot
    return text if len(text) <= 200 else f"{text[:200]}…"


def _is_inside(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def copy_content(path: str, content: BinaryIO | Path, writer: BinaryIO) -> int:
    """Copy a file or stream in pieces; errors of the source are the caller's mistake, those of the writer are not."""
    if isinstance(content, os.PathLike):
        with _open_source(path, Path(content)) as reader:
            # A file that grows while it is copied would otherwise have no end.
            return _copy_stream(path, reader, writer, max_bytes=os.fstat(reader.fileno()).st_size)
    if not hasattr(content, "read"):
        raise InvalidArtifact(
            f"The content for {_shown(path)} must be a pathlib.Path or a binary stream, not a {type(content).__name__}.",
            value=content,
        )
    return _copy_stream(path, content, writer, max_bytes=None)


def _open_source(path: str, source: Path) -> BinaryIO:
    shown = _shown(str(source))
    try:
        mode = source.stat().st_mode
        if stat.S_ISREG(mode):
            return open(source, "rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({message_of(error)})"
        raise InvalidArtifact(
            f"The file {shown} for {_shown(path)} {reason}. Give the path of a file that can be read.", value=source
        ) from error
    what = "a folder" if stat.S_ISDIR(mode) else "no plain file"
    raise InvalidArtifact(
        f"{shown}, given for {_shown(path)}, is {what}. Give a file; Run.upload_folder takes folders.", value=source
    )


def _copy_stream(path: str, reader: BinaryIO, writer: BinaryIO, *, max_bytes: int | None) -> int:
    size_bytes = 0
    while max_bytes is None or size_bytes < max_bytes:
        wanted = COPY_CHUNK_BYTES if max_bytes is None else min(COPY_CHUNK_BYTES, max_bytes - size_bytes)
        try:
            chunk = reader.read(wanted)
        except (OSError, ValueError) as error:  # ValueError: a closed stream
            raise InvalidArtifact(
                f"The content for {_shown(path)} cannot be read ({message_of(error)}). Give an open binary stream.",
                value=reader,
            ) from error
        if not chunk:
            break
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise InvalidArtifact(
                f"The stream for {_shown(path)} gives {type(chunk).__name__}, not bytes. Open it in binary mode ('rb').",
                value=reader,
            )
        writer.write(chunk)
        size_bytes += len(chunk)
    return size_bytes


def _publish(temporary: Path, target: Path, path: str) -> None:
    """Give a finished file its name, unless another file has it."""
    try:
        try:
            os.link(temporary, target)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            # Here are no hard links (FAT, some network drives). Claim the name with an empty file, then replace that.
            with open(target, "xb"):
                pass
            try:
                temporary.replace(target)
            except OSError:
                target.unlink(missing_ok=True)
                raise
    except FileExistsError as error:
        if target.is_symlink() or not target.is_file() or not is_same_content(temporary, target):
            raise ArtifactExists(
                f"The run has another file {path!r} already, and files of a run are written once. "
                "Choose another path, or make a child run for the new file.",
                value=path,
            ) from error


def is_same_content(one: Path, other: Path) -> bool:
    """Say whether two files hold the same bytes."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with open(one, "rb") as reader, open(other, "rb") as other_reader:
        while chunk := reader.read(COPY_CHUNK_BYTES):
            if chunk != other_reader.read(len(chunk)):
                return False
        return not other_reader.read(1)


@contextmanager
def _store_errors(run_id: str, path: str) -> Iterator[None]:
    """Turn the operating system's errors into the store's."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        if error.errno is None:  # not the system's: a signal handler's TimeoutError
            raise
        raise _to_store_error(error, run_id, path) from error


def _to_store_error(error: OSError, run_id: str, path: str) -> StoreError | InvalidArtifact:
    if error.errno == errno.ENAMETOOLONG:
        return _bad_path(path, "is longer than the file system takes", "Choose a shorter path.")
    return to_store_error(error, f"File {_shown(path)} of run {run_id}", path)


def to_store_error(error: OSError, what: str, value: object) -> StoreError:
    """Turn an error of the operating system about something that is kept here into the store's; `what` begins the sentence."""
    place = f" ({_shown(os.fspath(error.filename))})" if isinstance(error.filename, (str, bytes)) else ""
    if error.errno in _FULL:
        return StoreFull(f"{what} found no room{place}: {error.strerror}. Free some space on that disk.", value=value)
    if error.errno in _READ_ONLY:
        return StoreReadOnly(
            f"{what} may not be used so{place}: {error.strerror}. Ask for the right to, or use another workspace.",
            value=value,
        )
    return StoreUnavailable(
        f"{what} cannot be reached{place}: {message_of(error)}. Try again, or see to that disk.", value=value
    )


if TYPE_CHECKING:
    from aml_widgets.store.protocol import ArtifactStore

    _proof: type[ArtifactStore] = FolderArtifactStore
