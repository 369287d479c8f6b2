"""A stretch of a log from some place to its end, as blocks of HTML of which only the last one still changes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from aml_widgets.widgets.ansi import Row, Screen
from aml_widgets.widgets.log_html import row_html, rows_html

TAIL_BYTES = 64 * 1024
MAX_LINES = 4_000
"""How many lines one stretch holds: lines may be empty, and each costs the browser an element."""
_BLOCK_LENGTH = 8 * 1024  # characters of HTML
_SLACK_BYTES = 16 * 1024
_CHECKED_BYTES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBlock:
    """Rows that can change no more."""

    html: str
    first_number: int
    start_byte: int
    row_count: int


class LogTail:
    """What is kept of one stretch of a log.

    Attributes
    ----------
    start : int
        Where the first row that is kept begins in the file.
    first_number : int
        How many line ends lie between what was fed first and that row.
    dropped_count : int
        How many blocks were dropped from the front.
    last_bytes : bytes
        The last few bytes, by which to see that a file still is the one that was read.
    """

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self.first_number = 0
        self.dropped_count = 0
        self.last_bytes = b""
        self._drops_first_line = start > 0
        self._screen = Screen(start)
        self._blocks: deque[LogBlock] = deque()
        self._open: list[Row] = []  # finished rows, too few yet for a block
        self._open_html: list[str] = []
        self._open_length = 0
        self._previous_number: int | None = None
        self._last_text = ""

    @property
    def offset(self) -> int:
        """Where the next bytes to feed lie in the file."""
        return self._screen.offset

    @property
    def line_count(self) -> int:
        """How many line ends lie in what is kept."""
        return self._screen.line_count - self.first_number

    @property
    def row_count(self) -> int:
        """How many rows are shown."""
        return sum(block.row_count for block in self._blocks) + len(self._open) + len(self._live_rows())

    @property
    def blocks(self) -> list[str]:
        """The HTML to show, in blocks of whole rows. Only the last one can change when more is fed."""
        previous = self._open[-1].number if self._open else self._previous_number
        last = "".join(self._open_html) + rows_html(self._live_rows(), previous)
        return [block.html for block in self._blocks] + [last]

    @property
    def last_line(self) -> str:
        """The last line with something in it, without colours."""
        for row in reversed(self._live_rows()):
            text = row.text.strip()
            if text:
                return text
        return self._last_text

    def feed(self, content: bytes) -> None:
        """Take in the bytes that follow."""
        if self._drops_first_line and content:  # the start lies within a line, and perhaps within a character
            end = content.find(b"\n") + 1
            if not 0 < end < len(content):  # one line longer than all that is kept: show its end
                end = 0
                while end < min(3, len(content)) and 0x80 <= content[end] < 0xC0:
                    end += 1
            self._drops_first_line = False
            self.start += end
            self._screen = Screen(self.start)
            content = content[end:]
        self.last_bytes = (self.last_bytes + content[-_CHECKED_BYTES:])[-_CHECKED_BYTES:]
        self._screen.feed(content)
        for row in self._screen.take_finished():
            self._finish(row)

    def trim(self, max_bytes: int | None = None) -> None:
        """Drop blocks from the front: beyond `MAX_LINES`, and beyond a number of bytes where one is given."""
        while self._blocks and (
            sum(block.row_count for block in self._blocks) > MAX_LINES
            or (max_bytes is not None and self.offset - self.start > max_bytes + _SLACK_BYTES)
        ):
            self._blocks.popleft()
            self.dropped_count += 1
            self.first_number, self.start = self._first()

    def _first(self) -> tuple[int, int]:
        if self._blocks:
            return self._blocks[0].first_number, self._blocks[0].start_byte
        row = self._open[0] if self._open else self._screen.rows[0]
        return row.number, row.start_byte

    def _finish(self, row: Row) -> None:
        self._last_text = row.text.strip() or self._last_text
        previous = self._open[-1].number if self._open else self._previous_number
        html = row_html(row, 1 if previous is None else row.number - previous)
        self._open.append(row)
        self._open_html.append(html)
        self._open_length += len(html)
        if self._open_length < _BLOCK_LENGTH:
            return
        first = self._open[0]
        self._blocks.append(
            LogBlock(
                html="".join(self._open_html),
                first_number=first.number,
                start_byte=first.start_byte,
                row_count=len(self._open),
            )
        )
        self._previous_number = row.number
        self._open, self._open_html, self._open_length = [], [], 0

    def _live_rows(self) -> list[Row]:
        """Give the rows that can still change, without those at the end in which nothing was written."""
        rows = self._screen.rows
        end = len(rows)
        # A program that moved the cursor up left blank rows behind, and the last line end begins a row of its own.
        if end and not rows[end - 1].length:
            end -= 1
        return rows[:end]
