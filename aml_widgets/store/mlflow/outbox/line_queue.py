"""The lines of one writer that are not all on the server yet: files that only grow, read from their front.

::

    <folder>/<writer>.lock                     held by the process that the queue belongs to
    <folder>/<writer>-000000000000.jsonl       its lines from number 0 on
    <folder>/<writer>-000000163840.jsonl       those that follow; a file whose lines are all sent is deleted
    <folder>/<writer>.refused                  lines that the server does not take

A line counts once its end is written: what a process that was killed left without one was never acknowledged.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.core.file_lock import FileLock
from aml_widgets.store.artifacts import to_store_error

SEGMENT_BYTES = 16 << 20
"""A file that is so long is followed by another one."""

_DIGITS = 12


class LineQueue:
    """Lines in the order they were taken, numbered from 0. One thread puts at a time, and another one takes.

    Parameters
    ----------
    folder : Path
        Where its files are; made where it is missing.
    writer_id : str
        The name of the writer, which its files begin with.
    """

    def __init__(self, folder: Path, writer_id: str) -> None:
        self.writer_id = writer_id
        self._folder = folder
        self._lock = FileLock(folder / f"{writer_id}.lock")
        self._counting = threading.Lock()
        self._file: int | None = None
        self._file_bytes = 0
        self._sent_bytes = 0  # of the first file
        self._first_line = 0
        self._line_count = 0
        self._waiting_bytes = 0
        self._segments: list[int] = []  # the number of each file's first line

    @property
    def first_line(self) -> int:
        """The number of the first line that waits."""
        return self._first_line

    @property
    def line_count(self) -> int:
        """How many lines were ever taken."""
        return self._line_count

    @property
    def waiting(self) -> int:
        """How many lines wait."""
        return self._line_count - self._first_line

    @property
    def waiting_bytes(self) -> int:
        """How long they are together."""
        return self._waiting_bytes

    def open(self) -> bool:
        """Take the queue for this process, with what it holds; False where it belongs to another one that lives.

        Raises
        ------
        StoreError
            Where the folder cannot be used.
        """
        try:
            if not self._take_lock():
                return False
            self._segments = sorted(map(_to_first_line, self._folder.glob(f"{self.writer_id}-*.jsonl")))
            self._count()
        except OSError as error:
            self._lock.release()
            raise to_store_error(error, "What waits for the tracking server", str(self._folder)) from error
        return True

    def put(self, lines: Sequence[str]) -> None:
        """Append lines, all of them or none; once this returns, they survive the end of the process."""
        content = "".join(f"{line}\n" for line in lines).encode()
        try:
            file = self._open_for_writing()
            try:
                _write_all(file, content)
            except BaseException:
                os.ftruncate(file, self._file_bytes)
                raise
        except OSError as error:
            raise to_store_error(error, "What is logged, on its way to the tracking server,", len(content)) from error
        self._file_bytes += len(content)
        with self._counting:
            self._waiting_bytes += len(content)
            self._line_count += len(lines)

    def peek(self, max_bytes: int) -> list[str]:
        """Give the lines that wait first: at least one, where there is one, and no more than fit into so many bytes."""
        count = self.waiting
        if not count:
            return []
        try:
            self._drop_sent()
            path = self._path(self._segments[0])
            with open(path, "rb") as reader:
                reader.seek(self._sent_bytes)
                content = reader.read(max_bytes)
                while b"\n" not in content:
                    more = reader.read(max_bytes)
                    if not more:
                        raise StoreCorrupt(
                            f"Lines that wait for the tracking server are missing from {str(path)!r}. Was it changed?",
                            value=str(path),
                        )
                    content += more
        except OSError as error:
            raise to_store_error(error, "What waits for the tracking server", str(self._folder)) from error
        return content[: content.rindex(b"\n")].decode().split("\n")[:count]

    def advance(self, lines: Sequence[str]) -> None:
        """Let go of lines that `peek` gave: they are sent."""
        length = sum(len(line.encode()) + 1 for line in lines)
        with self._counting:
            self._first_line += len(lines)
            self._waiting_bytes -= length
        self._sent_bytes += length

    def set_aside(self) -> Path:
        """Keep what waits in a file beside the queue, where nobody sends it; give its path."""
        aside = self._folder / f"{self.writer_id}.refused"
        try:
            with open(aside, "ab") as writer:
                while lines := self.peek(SEGMENT_BYTES):
                    writer.write("".join(f"{line}\n" for line in lines).encode())
                    self.advance(lines)
        except OSError as error:
            raise to_store_error(error, "What the tracking server refused", str(aside)) from error
        return aside

    def close(self, *, is_done: bool) -> None:
        """Let go of the queue: with its files where all is sent and no more comes, else another process may go on with it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if is_done:
            for first_line in self._segments:
                self._path(first_line).unlink(missing_ok=True)
            (self._folder / f"{self.writer_id}.lock").unlink(missing_ok=True)
        self._lock.release()

    def _take_lock(self) -> bool:
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                return self._lock.acquire()
            except FileNotFoundError:
                continue  # another process has just found the folder empty, and removed it

    def _count(self) -> None:
        """Find out what the files hold, and cut off a line without an end."""
        self._first_line = self._line_count = self._segments[0] if self._segments else 0
        for first_line in self._segments:
            path = self._path(first_line)
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.truncate(path, whole)
            self._line_count = first_line + content.count(b"\n")
            self._waiting_bytes += whole

    def _drop_sent(self) -> None:
        """Delete the files all of whose lines are sent, but for the last one, which may still grow."""
        while len(self._segments) > 1 and self._first_line >= self._segments[1]:
            self._path(self._segments.pop(0)).unlink(missing_ok=True)
            self._sent_bytes = 0

    def _open_for_writing(self) -> int:
        if self._file is not None and self._file_bytes < SEGMENT_BYTES:
            return self._file
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._file = os.open(self._path(self._line_count), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._file_bytes = os.fstat(self._file).st_size
        if self._line_count not in self._segments:
            self._segments.append(self._line_count)
        return self._file

    def _path(self, first_line: int) -> Path:
        return self._folder / f"{self.writer_id}-{first_line:0{_DIGITS}d}.jsonl"


def find_writers(folder: Path) -> list[str]:
    """Give the names of the writers whose lines are in a folder."""
    return sorted({path.stem.rpartition("-")[0] for path in folder.glob("*-*.jsonl")})


def _to_first_line(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
