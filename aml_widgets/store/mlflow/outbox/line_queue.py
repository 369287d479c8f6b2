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
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.core.file_lock import FileLock
from aml_widgets.store.artifacts import to_store_error

SEGMENT_BYTES = 16 << 20
"""A file that is so long is followed by another one."""

_DIGITS = 12
_SEGMENT = re.compile(rf"(?P<writer_id>.+)-(?P<first_line>[0-9]{{{_DIGITS}}})")


class _Taken(NamedTuple):
    """What was put: assigned as one, so that an interrupt of the kernel leaves it as it was before a call, or as it is after it."""

    lines: int = 0
    all_bytes: int = 0
    file_bytes: int = 0  # of the file that is written


class _Sent(NamedTuple):
    """How far the taking is."""

    lines: int = 0
    all_bytes: int = 0
    file_bytes: int = 0  # of the first file


class LineQueue:
    """Lines in the order they were taken, numbered from 0. One thread puts at a time, and another one takes.

    Parameters
    ----------
    folder : Path
        Where its files are; made where it is missing.
    writer_id : str
        The name of the writer, which its files begin with.
    first_line : int, optional
        The number of its first line where it has no files: those before it were sent, and their files are gone.
    """

    def __init__(self, folder: Path, writer_id: str, first_line: int = 0) -> None:
        self.writer_id = writer_id
        self._folder = folder
        self._begin = first_line
        self._lock = FileLock(folder / f"{writer_id}.lock")
        self._file: int | None = None
        self._taken = _Taken()
        self._sent = _Sent()
        self._segments: list[int] = []  # the number of each file's first line
        self._is_open = False

    @property
    def is_open(self) -> bool:
        """Whether it belongs to this process."""
        return self._is_open

    @property
    def first_line(self) -> int:
        """The number of the first line that waits."""
        return self._sent.lines

    @property
    def line_count(self) -> int:
        """How many lines were ever taken."""
        return self._taken.lines

    @property
    def waiting(self) -> int:
        """How many lines wait."""
        return self._taken.lines - self._sent.lines

    @property
    def waiting_bytes(self) -> int:
        """How long they are together."""
        return self._taken.all_bytes - self._sent.all_bytes

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
            self._count()
        except OSError as error:
            self._lock.release()
            raise to_store_error(error, "What waits for the tracking server", str(self._folder)) from error
        self._is_open = True
        return True

    def put(self, lines: Sequence[str]) -> None:
        """Append lines, all of them or none; once this returns, they survive the end of the process."""
        content = "".join(f"{line}\n" for line in lines).encode()
        try:
            file = self._open_for_writing()
            if os.fstat(file).st_size != self._taken.file_bytes:  # a call that was interrupted, and never returned
                os.ftruncate(file, self._taken.file_bytes)
            try:
                _write_all(file, content)
            except BaseException:
                os.ftruncate(file, self._taken.file_bytes)
                raise
        except OSError as error:
            raise to_store_error(error, "What is logged, on its way to the tracking server,", len(content)) from error
        before = self._taken
        self._taken = _Taken(
            before.lines + len(lines), before.all_bytes + len(content), before.file_bytes + len(content)
        )

    def peek(self, max_bytes: int) -> list[str]:
        """Give the lines that wait first: at least one, where there is one, and no more than fit into so many bytes."""
        count = self.waiting
        if not count:
            return []
        path = self._folder
        try:
            self._drop_sent()
            path = self._path(self._segments[0])
            with open(path, "rb") as reader:
                reader.seek(self._sent.file_bytes)
                content = reader.read(max_bytes)
                if b"\n" not in content:
                    content += reader.readline()
        except FileNotFoundError as error:
            raise _missing(path) from error
        except OSError as error:
            raise to_store_error(error, "What waits for the tracking server", str(self._folder)) from error
        if b"\n" not in content:
            raise _missing(path)
        return content[: content.rindex(b"\n")].decode().split("\n")[:count]

    def advance(self, lines: Sequence[str]) -> None:
        """Let go of lines that `peek` gave: they are sent."""
        length = sum(len(line.encode()) + 1 for line in lines)
        before = self._sent
        self._sent = _Sent(before.lines + len(lines), before.all_bytes + length, before.file_bytes + length)

    def set_aside(self) -> Path:
        """Keep what waits in a file beside the queue, where nobody sends it; give its path. Nobody may put meanwhile.

        The bytes are kept as they are: they may be what cannot be read.
        """
        aside = self._folder / f"{self.writer_id}.refused"
        try:
            with open(aside, "ab", buffering=0) as writer:
                begin = writer.tell()
                try:
                    for first_line in self._segments:
                        _write_all(writer.fileno(), self._waiting_of(first_line))
                except BaseException:
                    writer.truncate(begin)
                    raise
        except OSError as error:
            raise to_store_error(error, "What the tracking server refused", str(aside)) from error
        self._stop_writing()
        self._sent = _Sent(self._taken.lines, self._taken.all_bytes)
        self._remove_segments()
        return aside

    def close(self, *, is_done: bool) -> None:
        """Let go of the queue: with its files where all is sent and no more comes, else another process may go on with it."""
        self._stop_writing()
        if is_done:
            self._remove_segments()
            (self._folder / f"{self.writer_id}.lock").unlink(missing_ok=True)
        self.abandon()

    def abandon(self) -> None:
        """Let go of what a process that was forked off inherited; the queue stays its parent's."""
        self._is_open = False
        self._stop_writing()
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
        found = [_SEGMENT.fullmatch(path.stem) for path in self._folder.glob("*.jsonl")]
        self._segments = sorted(int(one["first_line"]) for one in found if one and one["writer_id"] == self.writer_id)
        line_count = first_line = self._segments[0] if self._segments else self._begin
        all_bytes = 0
        for segment in self._segments:
            path = self._path(segment)
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                os.truncate(path, whole)
            line_count = segment + content.count(b"\n")
            all_bytes += whole
        self._taken, self._sent = _Taken(line_count, all_bytes), _Sent(first_line)

    def _drop_sent(self) -> None:
        """Delete the files all of whose lines are sent, but for the last one, which may still grow."""
        while len(self._segments) > 1 and self._sent.lines >= self._segments[1]:
            self._sent = self._sent._replace(file_bytes=0)
            self._path(self._segments.pop(0)).unlink(missing_ok=True)

    def _open_for_writing(self) -> int:
        if self._file is not None and self._taken.file_bytes < SEGMENT_BYTES:
            return self._file
        self._stop_writing()
        first_line = self._taken.lines
        if self._segments[-1:] != [
            first_line
        ]:  # first, or what is written into the file might be waited for in another one
            self._segments.append(first_line)
        file = os.open(self._path(first_line), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._taken = self._taken._replace(file_bytes=0)
        self._file = file
        return file

    def _stop_writing(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            os.close(file)

    def _waiting_of(self, first_line: int) -> bytes:
        """Give what waits in one of the files; nothing where it is gone."""
        try:
            content = self._path(first_line).read_bytes()
        except FileNotFoundError:
            return b""
        return content[self._sent.file_bytes :] if first_line == self._segments[0] else content

    def _remove_segments(self) -> None:
        while self._segments:
            self._path(self._segments.pop()).unlink(missing_ok=True)

    def _path(self, first_line: int) -> Path:
        return self._folder / f"{self.writer_id}-{first_line:0{_DIGITS}d}.jsonl"


def find_writers(folder: Path) -> list[str]:
    """Give the names of the writers who have files in a folder."""
    found = {path.stem for path in folder.glob("*.lock")}
    found |= {named["writer_id"] for path in folder.glob("*.jsonl") if (named := _SEGMENT.fullmatch(path.stem))}
    return sorted(found)


def count_lines(folder: Path) -> dict[str, int]:
    """Give how many lines each writer who has files in a folder ever took, sent or not, whichever process it is. Raises StoreError."""
    last: dict[str, tuple[int, Path]] = {}
    for path in folder.glob("*.jsonl"):
        if named := _SEGMENT.fullmatch(path.stem):
            writer_id, segment = named["writer_id"], (int(named["first_line"]), path)
            last[writer_id] = max(segment, last.get(writer_id, segment))
    counts = {}
    for writer_id, (first_line, path) in last.items():
        try:
            counts[writer_id] = first_line + path.read_bytes().count(b"\n")
        except FileNotFoundError:
            continue  # all of it was sent just now
        except OSError as error:
            raise to_store_error(error, "What waits for the tracking server", str(path)) from error
    return counts


def _missing(path: Path) -> StoreCorrupt:
    return StoreCorrupt(
        f"Lines that wait for the tracking server are missing from {str(path)!r}. Was it changed?", value=str(path)
    )


def _write_all(file: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
