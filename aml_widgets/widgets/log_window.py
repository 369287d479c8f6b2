"""What a view shows of one log file: its end, and as much before it as was asked for. All reading is bounded."""

from __future__ import annotations

from collections.abc import Callable

from aml_widgets.widgets.log_tail import TAIL_BYTES, LogTail

MAX_SHOWN_BYTES = 2 * 1024 * 1024
MAX_SHOWN_LINES = 30_000
MAX_COUNTED_BYTES = 8 * 1024 * 1024
"""Before how many bytes lines are still counted, to number those that are shown as the whole file has them."""
_COUNT_BYTES = 1 << 20

Read = Callable[[int, int], bytes]
"""Reads at most so many bytes (second) from a place in the file (first)."""


class LogWindow:
    """A stretch of one log that ends where reading has come to, and begins with a line.

    Parameters
    ----------
    read : callable
        Reads the file; what it raises is passed on.

    Attributes
    ----------
    earlier : list of LogTail
        The parts before the tail that were asked for, the last one lies first in the file.
    size_bytes : int
        How long the file is.
    begin_count : int
        How often what is shown was begun anew.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self.tail = LogTail()
        self.earlier: list[LogTail] = []
        self.size_bytes = 0
        self.begin_count = 0
        self._written_at = 0.0
        self._keeps_earlier = False
        self._origin = 0  # where the tail began; it may have been trimmed since
        self._lines_before_origin: int | None = 0
        self._counted = (0, 0)  # bytes from the start of the file, and line ends in them

    @property
    def start(self) -> int:
        """Where what is shown begins in the file."""
        return self.earlier[-1].start if self.earlier else self.tail.start

    @property
    def is_held(self) -> bool:
        """Whether the file goes on behind what is shown, because the user reads further up."""
        return self.tail.offset < self.size_bytes

    @property
    def can_load_earlier(self) -> bool:
        """Whether there is something before what is shown, and room for it."""
        return self.start > 0 and self._has_room()

    @property
    def lines_before(self) -> int | None:
        """How many lines of the file lie before what is shown, None where that is not known."""
        if self._lines_before_origin is None:
            return None
        shown_earlier = sum(part.line_count for part in self.earlier)
        return self._lines_before_origin + self.tail.first_number - shown_earlier

    def advance(self, size_bytes: int, written_at: float, *, is_following: bool) -> None:
        """Read what the file has grown by.

        Who follows sees the end, and lines go at the front. Otherwise all that is shown stays, and what comes is put behind it
        until there is no more room.
        """
        is_touched = written_at != self._written_at
        self.size_bytes = size_bytes
        if size_bytes < self.tail.offset:
            self._begin_other()
        growth = size_bytes - self.tail.offset
        if growth > 0 and is_following and not self._keeps_earlier:
            self.earlier.clear()
            if growth > TAIL_BYTES:
                self._begin()
                growth = size_bytes - self.tail.offset
        wanted = min(growth, TAIL_BYTES) if is_following or self._has_room() else 0
        if wanted or is_touched:
            self._read_on(wanted)
        if is_following and not self._keeps_earlier:
            self._trim()
        self._written_at = written_at

    def go_to_end(self) -> None:
        """Let earlier parts go when the file grows, and read on from its end."""
        self._keeps_earlier = False

    def load_earlier(self) -> None:
        """Read the part before what is shown."""
        if not self.can_load_earlier:
            return
        end = self.start
        begin = max(0, end - TAIL_BYTES)
        part = LogTail(begin)
        part.feed(self._read(begin, end - begin))
        part.trim()
        self.earlier.append(part)
        self._keeps_earlier = True
        if part.start == 0 and self._lines_before_origin is None and not self.tail.first_number:
            self._lines_before_origin = sum(one.line_count for one in self.earlier)

    def count_lines(self) -> None:
        """Count the lines before what is shown, where they are not too many."""
        if self._lines_before_origin is not None:
            return
        place, count = self._counted
        if not 0 <= self._origin - place <= MAX_COUNTED_BYTES:
            return
        while place < self._origin:
            content = self._read(place, min(_COUNT_BYTES, self._origin - place))
            if not content:
                return
            count += content.count(b"\n")
            place += len(content)
        self._counted = (place, count)
        self._lines_before_origin = count

    def _has_room(self) -> bool:
        row_count = self.tail.row_count + sum(part.row_count for part in self.earlier)
        return self.tail.offset - self.start < MAX_SHOWN_BYTES and row_count < MAX_SHOWN_LINES

    def _read_on(self, wanted: int) -> None:
        """Read so many bytes, and see by those before them that the file still is the one that was read."""
        before = self.tail.last_bytes
        content = self._read(self.tail.offset - len(before), len(before) + wanted)
        if content[: len(before)] != before:
            self._begin_other()
            before, content = b"", self._read(self.tail.start, TAIL_BYTES)
        is_first = not before
        self.tail.feed(content[len(before) :])
        if is_first:
            self._origin = self.tail.start

    def _trim(self) -> None:
        self.tail.trim(TAIL_BYTES)
        if self._lines_before_origin is not None and self.tail.start > self._counted[0]:
            self._counted = (self.tail.start, self._lines_before_origin + self.tail.first_number)

    def _begin(self) -> None:
        start = max(0, self.size_bytes - TAIL_BYTES)
        self.tail = LogTail(start)
        self.earlier.clear()
        self._keeps_earlier = False
        self.begin_count += 1
        self._origin = start
        self._lines_before_origin = None if start else 0

    def _begin_other(self) -> None:
        """Begin anew, because the file is another one."""
        self._counted = (0, 0)
        self._begin()
