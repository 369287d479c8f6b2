"""Files that a script appends to, followed into log streams of its run."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.store.protocol import RunStore

_CHUNK_BYTES = 1 << 20
_COMPARED_BYTES = 256
_MAX_BEGINNINGS = 20
"""How often a file may be written anew until only its last content is copied: one that shows a state is rewritten every second."""


class Journal:
    """Where each stream stands, kept across processes: whoever goes on with a stream must not copy twice.

    Parameters
    ----------
    file : Path
        One line for each stream's beginning; the last one counts.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, tuple[int, int]] = {}
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                path, inode, start = json.loads(line)
            except (ValueError, TypeError):  # half a line: its writer was killed
                continue
            self._known[str(path)] = (int(inode), int(start))

    def find(self, path: str) -> tuple[int, int] | None:
        """Give the stream's inode and where in it the present content of the file begins; None for one that is not ours."""
        return self._known.get(path)

    def note(self, path: str, inode: int, start: int) -> None:
        """Keep it."""
        self._known[path] = (inode, start)
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([path, inode, start]) + "\n")


class GrowingFile:
    """A file of the script, and the log stream that its bytes are appended to.

    A file that was cut or replaced is not a reason to lose what was there: its new content follows, after a line that says so.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    run_id : str
        The run.
    path : str
        The stream.
    source : Path
        The file.
    journal : Journal
        Where each stream stands.
    tell : callable
        Takes a note for the readers of the run.
    """

    def __init__(
        self, store: RunStore, run_id: str, path: str, source: Path, journal: Journal, tell: Callable[[str], None]
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._path = path
        self._source = source
        self._journal = journal
        self._tell = tell
        self._stream: Path | None = None
        self._offset = 0  # in the file: what is before it was copied
        self._last = b""  # the bytes before the offset
        self._beginnings = 0
        self._is_taken = False

    def copy(self, *, is_last: bool = False) -> None:
        """Append what is new.

        Raises
        ------
        OSError
            Where the stream cannot be written, or the file cannot be read.
        """
        if self._is_taken:
            return
        try:
            file = os.open(self._source, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe must not hold us up
        except FileNotFoundError:
            return
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                return
            self._open()
            if not self._is_taken:
                self._copy(file, status.st_size, is_last=is_last)
        finally:
            os.close(file)

    def _open(self) -> None:
        """Find the stream, or begin it."""
        if self._stream is not None:
            return
        artifacts = self._store.artifacts
        known = self._journal.find(self._path)
        size_bytes = artifacts.size(self._run_id, self._path)
        if known is None and size_bytes is not None:
            self._leave()
            return
        if known is None or size_bytes is None:
            # Not final: a script that uploads the file itself under this name shall not meet an error.
            artifacts.put(self._run_id, self._path, io.BytesIO(), is_final=False)
        stream = artifacts.append_path(self._run_id, self._path)
        if known is None or size_bytes is None:
            self._store.record_artifact(
                self._run_id, ArtifactRecord(path=self._path, size_bytes=0, written_at=clock.now(), is_log=True)
            )
            self._journal.note(self._path, stream.stat().st_ino, 0)
        else:
            self._offset = max(0, size_bytes - known[1])
            if self._offset:
                start = size_bytes - min(self._offset, _COMPARED_BYTES)
                self._last = artifacts.read(self._run_id, self._path, start=start, max_bytes=size_bytes - start)
        self._stream = stream

    def _copy(self, file: int, size_bytes: int, *, is_last: bool) -> None:
        if size_bytes < self._offset or not self._continues(file):
            self._beginnings += 1
            if self._beginnings > _MAX_BEGINNINGS and not is_last:
                return
            self._begin_anew()
        position = self._offset
        os.lseek(file, position, os.SEEK_SET)
        while position < size_bytes and (chunk := os.read(file, min(_CHUNK_BYTES, size_bytes - position))):
            if not self._append(chunk):
                return
            position += len(chunk)

    def _continues(self, file: int) -> bool:
        if not self._last:
            return True
        os.lseek(file, self._offset - len(self._last), os.SEEK_SET)
        return os.read(file, len(self._last)) == self._last

    def _begin_anew(self) -> None:
        line = f"\n--- {self._source.name} was cut or written anew; what was there before stands above ---\n".encode()
        if not self._append(line):
            return
        assert self._stream is not None
        status = self._stream.stat()
        self._journal.note(self._path, status.st_ino, status.st_size)
        self._offset = 0
        self._last = b""

    def _append(self, chunk: bytes) -> bool:
        """Append to the stream; False if it is ours no more."""
        assert self._stream is not None
        known = self._journal.find(self._path)
        writer = os.open(self._stream, os.O_WRONLY | os.O_APPEND)
        try:
            if known is not None and os.fstat(writer).st_ino != known[0]:
                self._leave()
                return False
            data = memoryview(chunk)
            while data:
                count = os.write(writer, data)
                self._offset += count
                self._last = (self._last + bytes(data[:count][-_COMPARED_BYTES:]))[-_COMPARED_BYTES:]
                data = data[count:]
        finally:
            os.close(writer)
        return True

    def _leave(self) -> None:
        self._is_taken = True
        self._tell(f"{self._path} is not followed: the run has a file of that name already, which stays as it is.")
