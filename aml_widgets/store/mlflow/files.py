"""Files of runs among their MLflow artifacts."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from aml_widgets.core.errors import (
    ArtifactExists,
    ArtifactNotFound,
    InvalidArtifact,
    RunNotFound,
    StoreError,
    UserError,
    message_of,
)
from aml_widgets.store.addresses import one_spelling
from aml_widgets.store.artifacts import (
    check_run_id,
    copy_content,
    copy_out,
    is_same_content,
    normalize_artifact_path,
    to_store_error,
)
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.log_pieces import PIECE_BYTES, LogPieces
from aml_widgets.store.mlflow.outbox.log_sender import LogSender

if TYPE_CHECKING:
    from mlflow.entities import FileInfo

MAX_LISTED = 10_000
"""Files that other programs logged, of one run; more are not listed."""


class MlflowArtifactStore:
    """Keeps the files of runs where their MLflow server says.

    Parameters
    ----------
    connection : Connection
        The server.
    find_place : callable
        Gives the artifact URI of a run. Raises RunNotFound.
    spool : Path
        A local folder for logs that are being written.
    tell_size : callable
        ``tell_size(run_id, path, size_bytes)`` is called when more of a log is on the server.
    """

    def __init__(
        self,
        connection: Connection,
        find_place: Callable[[str], str],
        spool: Path,
        tell_size: Callable[[str, str, int], None],
    ) -> None:
        self._connection = connection
        self._find_place = find_place
        self._spool = spool
        self._tell_size = tell_size
        self._pieces = LogPieces(connection)
        self._log_sender = LogSender(find_place, self._send_log)
        self._lock = threading.Lock()
        self._long_logs: set[tuple[str, str]] = set()
        self._live: set[tuple[str, str]] = set()

    def put(self, run_id: str, path: str, content: BinaryIO | Path, *, is_final: bool = True) -> int:
        """Write a file once; return its size in bytes. One that is not final is replaced by the next `put` of this process."""
        path = self._check(path)
        place = self._find_place(check_run_id(run_id))
        with _temporary(path) as file:
            with open(file, "xb") as writer:
                size_bytes = copy_content(path, content, writer)
            with self._lock:
                is_live = (run_id, path) in self._live
            if not is_live and self._is_there(place, path, file):
                return size_bytes
            with self._errors(f"File {path!r} of run {run_id} is uploaded", path):
                folder = str(PurePosixPath(path).parent)
                self._connection.files_of(place).log_artifact(str(file), None if folder == "." else folder)
        with self._lock:
            (self._live.discard if is_final else self._live.add)((run_id, path))
        return size_bytes

    def keep(self, run_id: str, path: str) -> None:
        """Make a file final that was not."""
        with self._lock:
            self._live.discard((run_id, normalize_artifact_path(path)))

    def append_path(self, run_id: str, path: str) -> Path:
        """Give the local file behind a log stream, its folder made, to be opened for appending."""
        path = self._check(path)
        target = self._spooled(run_id, path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise ArtifactExists(
                f"A folder of {path!r} is a file of run {run_id} already. Choose another path.", value=path
            ) from error
        except OSError as error:
            raise to_store_error(error, f"Log {path!r} of run {run_id}", str(target)) from error
        self._log_sender.follow(run_id, path, target)
        return target

    def upload_logs(self, run_id: str) -> None:
        """Bring what was written to `append_path` here to the server, whole, over what was brought before: no more is written."""
        self._log_sender.stop(run_id)
        folder = self._spool / check_run_id(run_id)
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                path = file.relative_to(folder).as_posix()
                with self._errors(f"Log {path!r} of run {run_id} is uploaded", path):
                    self._pieces.join(self._find_place(run_id), path, file)
                self._tell_size(run_id, path, file.stat().st_size)

    def close(self) -> None:
        """End the thread that sends logs."""
        self._log_sender.close()

    def forget_parent(self) -> None:
        """Start anew in a process that was forked off."""
        self._lock = threading.Lock()
        self._log_sender.begin()

    def _send_log(self, run_id: str, place: str, path: str, file: Path, sent_bytes: int) -> int:
        try:
            sent_bytes = self._pieces.send(place, path, file, sent_bytes)
        except StoreError:  # which is an OSError, too
            raise
        except OSError as error:
            raise to_store_error(error, f"Log {path!r} of run {run_id}", str(file)) from error
        self._tell_size(run_id, path, sent_bytes)
        return sent_bytes

    def locate(self, run_id: str, path: str = "") -> str:
        """Give the artifact URI of a file, or of the run's folder."""
        place = self._find_place(check_run_id(run_id))
        return f"{place}/{quote(normalize_artifact_path(path))}" if path else place

    def size(self, run_id: str, path: str) -> int | None:
        """Give the size in bytes now, None if there is no such file."""
        local = self.spooled_size(run_id, path)
        if local is not None:
            return local
        try:
            place = self._find_place(check_run_id(run_id))
        except RunNotFound:
            return None
        path = normalize_artifact_path(path)
        found = self._find(place, path)
        return None if found is None else self._whole_size(place, path, found)

    def _whole_size(self, place: str, path: str, found: FileInfo) -> int:
        """Give the size of a file together with its pieces, if it is the beginning of a log."""
        size_bytes = int(found.file_size or 0)
        return size_bytes + (self._pieces.more_bytes(place, path) if size_bytes == PIECE_BYTES else 0)

    def spooled_size(self, run_id: str, path: str) -> int | None:
        """Give the size of a log that is written on this machine, None for any other file."""
        try:
            return self._spooled(run_id, normalize_artifact_path(path)).stat().st_size
        except OSError:
            return None

    def read(self, run_id: str, path: str, *, start: int = 0, max_bytes: int | None = None) -> bytes:
        """Read bytes from `start` (negative: from the end). Raises ArtifactNotFound."""
        path = normalize_artifact_path(path)
        for _ in range(2):
            try:
                return self._read_now(run_id, path, start, max_bytes)
            except Missing:
                self._long_logs.discard((run_id, path))  # its pieces have just become one file
        raise ArtifactNotFound(
            f"A piece of log {path!r} of run {run_id} is missing on the tracking server. Was something below {names.FOLDER}/logs of its "
            "artifacts deleted? The log is one file again when the run ends.",
            value=path,
        )

    def _read_now(self, run_id: str, path: str, start: int, max_bytes: int | None) -> bytes:
        """Read bytes. Raises ArtifactNotFound, and Missing for a log whose pieces are removed meanwhile."""
        if (run_id, path) in self._long_logs and (more_bytes := self._more_bytes(run_id, path)):
            return self._read_pieces(run_id, path, more_bytes, start, max_bytes)
        with self._local_copy(run_id, path) as file, open(file, "rb") as reader:
            if not self._may_have_pieces(run_id, path, file) or not (more_bytes := self._more_bytes(run_id, path)):
                size_bytes = reader.seek(0, os.SEEK_END)
                reader.seek(max(0, size_bytes + start) if start < 0 else start)
                return reader.read() if max_bytes is None else reader.read(max(0, max_bytes))
        self._long_logs.add((run_id, path))  # next time without its beginning
        return self._read_pieces(run_id, path, more_bytes, start, max_bytes)

    def _may_have_pieces(self, run_id: str, path: str, file: Path) -> bool:
        """Say whether a file that was downloaded could be the beginning of a log."""
        return file.stat().st_size == PIECE_BYTES and file != self._spooled(run_id, path)

    def _more_bytes(self, run_id: str, path: str) -> int:
        """Give how many bytes of a log are in pieces; 0 for every other file, and for one that is not there."""
        if self._spooled(run_id, path).is_file():
            return 0
        try:
            place = self._find_place(check_run_id(run_id))
        except RunNotFound:
            return 0
        found = self._find(place, path)
        return 0 if found is None else self._whole_size(place, path, found) - int(found.file_size or 0)

    def _read_pieces(self, run_id: str, path: str, more_bytes: int, start: int, max_bytes: int | None) -> bytes:
        size_bytes = PIECE_BYTES + more_bytes
        start = max(0, size_bytes + start) if start < 0 else start
        end = size_bytes if max_bytes is None else min(size_bytes, start + max(0, max_bytes))
        content = b""
        if start < min(end, PIECE_BYTES):
            with self._local_copy(run_id, path) as file:
                content = file.read_bytes()[start : min(end, PIECE_BYTES)]
        if end > PIECE_BYTES:
            content += self._pieces.read(self._find_place(run_id), path, max(start, PIECE_BYTES), end)
        return content

    def copy_to(self, run_id: str, path: str, target: Path) -> None:
        """Copy a file to a local path, overwriting it. Raises ArtifactNotFound."""
        path = normalize_artifact_path(path)
        with self._local_copy(run_id, path) as file:
            if not self._may_have_pieces(run_id, path, file):
                copy_out(path, file, target)
                return
        with _temporary(path) as file:
            file.write_bytes(self.read(run_id, path))
            copy_out(path, file, target)

    def remove_all(self, run_id: str) -> None:
        """Delete all files of a run, where the place they are in lets us."""
        shutil.rmtree(self._spool / check_run_id(run_id), ignore_errors=True)
        try:
            place = self._find_place(run_id)
        except RunNotFound:
            return
        with self._errors(f"The files of run {run_id} are deleted", run_id):
            try:
                self._connection.files_of(place).delete_artifacts("")
            except NotImplementedError:
                return  # the run's page on the server is gone all the same; `mlflow gc` deletes what is left

    def list_all(self, run_id: str) -> Iterator[tuple[str, int]]:
        """Give paths and sizes in bytes of what is there, without what this package keeps for itself."""
        repository = self._connection.files_of(self._find_place(run_id))
        folders: list[str | None] = [None]
        count = 0
        while folders:
            folder = folders.pop()
            with self._errors(f"The files of run {run_id} are listed", run_id):
                found = repository.list_artifacts(folder)
            for one in found:
                if one.is_dir and one.path != names.FOLDER:
                    folders.append(one.path)
                elif not one.is_dir and count < MAX_LISTED:
                    count += 1
                    yield one.path, int(one.file_size or 0)

    def _check(self, path: str) -> str:
        path = normalize_artifact_path(path)
        if path.partition("/")[0] == names.FOLDER:
            raise InvalidArtifact(
                f"Path {path!r} is below {names.FOLDER!r}, which aml_widgets keeps for itself on a tracking server. "
                "Choose another folder.",
                value=path,
            )
        return path

    def _spooled(self, run_id: str, path: str) -> Path:
        return self._spool / check_run_id(run_id) / path

    def _is_there(self, place: str, path: str, file: Path) -> bool:
        """Say whether the file is there with this content. Raises ArtifactExists for another."""
        found = self._find(place, path)
        if found is None:
            return False
        if int(found.file_size or 0) == file.stat().st_size:
            with _temporary(path) as copy:
                self._download(place, path, copy)
                if is_same_content(copy, file):
                    return True
        raise ArtifactExists(
            f"{path!r} is there already with another content, and files are written once. Choose another path.",
            value=path,
        )

    def _find(self, place: str, path: str) -> FileInfo | None:
        folder = str(PurePosixPath(path).parent)
        with self._errors(f"File {path!r} is looked for", path):
            try:
                found = self._connection.files_of(place).list_artifacts(None if folder == "." else folder)
            except NotADirectoryError:
                return None
        return next((one for one in found if one.path == path and not one.is_dir), None)

    def _download(self, place: str, path: str, target: Path) -> None:
        with self._connection.errors(f"File {path!r} is downloaded"):
            self._connection.files_of(place)._download_file(path, str(target))  # noqa: SLF001 - the public way lists folders first

    @contextmanager
    def _local_copy(self, run_id: str, path: str) -> Iterator[Path]:
        path = normalize_artifact_path(path)
        spooled = self._spooled(run_id, path)
        if spooled.is_file():
            yield spooled
            return
        not_found = ArtifactNotFound(
            f"Run {run_id} has no file {path!r}. Run.get_file_names() lists those it has.", value=path
        )
        try:
            place = self._find_place(check_run_id(run_id))
        except RunNotFound as error:
            raise not_found from error
        with _temporary(path) as file:
            try:
                self._download(place, path, file)
            except Missing as error:
                raise not_found from error
            yield file

    @contextmanager
    def _errors(self, what: str, value: str) -> Iterator[None]:
        try:
            with self._connection.errors(what):
                yield
        except UserError as error:
            raise InvalidArtifact(message_of(error), value=value) from error


@contextmanager
def _temporary(path: str) -> Iterator[Path]:
    """Give a place for a local copy, of the file's own name, which is what its artifact will be called."""
    with tempfile.TemporaryDirectory(prefix="aml_widgets-") as folder:
        yield Path(folder) / PurePosixPath(path).name


def server_key(uri: str) -> str:
    """Give the name of the local folder of what belongs to a server, which tells nothing of its address."""
    return hashlib.sha256(one_spelling(uri).encode()).hexdigest()[:16]
