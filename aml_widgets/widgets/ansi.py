"""Text that was written for a terminal, as rows of styled runs: its colours, and what was written over."""

from __future__ import annotations

import codecs
import re
from array import array
from dataclasses import dataclass, field, replace
from functools import lru_cache

MAX_ROW_LENGTH = 64 * 1024  # characters
LIVE_ROWS = 40
"""How many rows from the end can still be written over, by programs that move the cursor up."""
_MAX_PENDING = 4096

Colour = int | tuple[int, int, int]
"""One of the sixteen colours whose look the terminal chooses (0 to 15), or red, green and blue (0 to 255 each)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How characters look."""

    foreground: Colour | None = None
    background: Colour | None = None
    is_bold: bool = False
    is_dim: bool = False
    is_italic: bool = False
    is_underlined: bool = False
    is_inverse: bool = False
    is_struck: bool = False


PLAIN = Style()
Run = tuple[str, Style]


class _Cells:
    """Characters of a row, each with its look, for writing over some of them without touching the others.

    Both are kept as plain numbers, so that a long part is moved at once.
    """

    def __init__(self, runs: list[Run]) -> None:
        self._characters = bytearray()  # four bytes each
        self._looks = array("I")
        self._styles: list[Style] = []
        self._numbers: dict[Style, int] = {}
        for text, style in runs:
            self.write(len(self._looks), text, style)

    def write(self, column: int, text: str, style: Style) -> None:
        """Put characters at a column that is there, or at the end."""
        number = self._numbers.get(style)
        if number is None:
            number = self._numbers[style] = len(self._styles)
            self._styles.append(style)
        end = column + len(text)
        self._characters[4 * column : 4 * end] = text.encode("utf-32-le", "surrogatepass")
        self._looks[column:end] = array("I", [number]) * len(text)

    def cut(self, column: int) -> None:
        """Drop what begins at a column."""
        del self._characters[4 * column :], self._looks[column:]

    def runs(self) -> list[Run]:
        """Give the characters, those of one look together."""
        text = self._characters.decode("utf-32-le", "surrogatepass")
        looks, start = self._looks, 0
        found: list[Run] = []
        for place in range(1, len(looks) + 1):
            if place == len(looks) or looks[place] != looks[start]:
                found.append((text[start:place], self._styles[looks[start]]))
                start = place
        return found


@dataclass(slots=True)
class Row:
    """One line as a terminal shows it.

    Attributes
    ----------
    number : int
        How many line ends lie before it in what was fed.
    start_byte : int
        Where it begins in the file.
    cut_length : int
        How many characters were dropped from its front because it was too long.
    """

    number: int
    start_byte: int
    length: int = 0
    cut_length: int = 0
    _runs: list[Run] = field(default_factory=list)
    _cells: _Cells | None = None  # while it is written over; then `_runs` counts no more

    @property
    def runs(self) -> list[Run]:
        """The characters, those of one look together."""
        if self._cells is not None:
            self._runs, self._cells = self._cells.runs(), None
        return self._runs

    @property
    def text(self) -> str:
        """The characters without their looks."""
        return "".join(text for text, _ in self.runs)

    def between(self, start: int, end: int) -> list[Run]:
        """Give the characters between two columns."""
        return _slice(self.runs, start, end)

    def write(self, column: int, text: str, style: Style) -> None:
        """Put characters at a column, over what is there."""
        if column > self.length:
            self._append(" " * (column - self.length), PLAIN)
        if column < self.length:
            if not column and len(text) >= self.length:  # as a bar of progress does
                self._runs, self._cells, self.length = [], None, 0
                self._append(text, style)
            elif text:
                if self._cells is None:
                    self._cells = _Cells(self._runs)
                self._cells.write(column, text, style)
                self.length = max(self.length, column + len(text))
        else:
            self._append(text, style)

    def erase(self, start: int, end: int) -> None:
        """Make characters blank; those at the end go."""
        if end >= self.length:
            self._cut_end(min(start, self.length))
        elif start < end:
            self.write(start, " " * (end - start), PLAIN)

    def cut_front(self) -> int:
        """Drop the first half of a row that is too long; return how many characters that were."""
        dropped = self.length - MAX_ROW_LENGTH // 2
        self._runs = _slice(self.runs, dropped, self.length)
        self.length -= dropped
        self.cut_length += dropped
        return dropped

    def _cut_end(self, length: int) -> None:
        """Drop what begins at a column, without touching what is before it."""
        if self._cells is not None:
            self._cells.cut(length)
        else:
            while self.length > length:
                text, style = self._runs.pop()
                self.length -= len(text)
                if self.length < length:
                    kept = text[: length - self.length]
                    self._runs.append((kept, style))
                    self.length += len(kept)
        self.length = length

    def _append(self, text: str, style: Style) -> None:
        if not text:
            return
        if self._cells is not None:
            self._cells.write(self.length, text, style)
        elif self._runs and self._runs[-1][1] == style:
            self._runs[-1] = (self._runs[-1][0] + text, style)
        else:
            self._runs.append((text, style))
        self.length += len(text)


# What programs write for a terminal. A sequence that has only begun at the end of the text waits for its rest.
_TOKEN = re.compile(
    r"\x1b\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|(?P<dropped>\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_][^\x1b]*\x1b\\)"
    r"|(?P<pending>\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[PX^_][^\x1b]*\x1b?|[ -/]*)?\Z)"
    r"|(?P<other>\x1b[ -/]*[0-~])"
    r"|(?P<control>[\x00-\x08\x0a-\x1f\x7f-\x9f])"
    r"|(?P<text>[^\x00-\x08\x0a-\x1f\x7f-\x9f]+)"
)
_SPECIAL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class Screen:
    """Takes in the bytes of a log as a terminal would, line by line and in any parts.

    Colours and cursor are carried over from one part to the next. Bytes that are no UTF-8 become replacement characters,
    and control characters without a meaning here are shown by their pictures.

    Parameters
    ----------
    start : int, optional
        Where the first byte lies in the file.
    """

    def __init__(self, start: int = 0) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._pending = ""
        self._style = PLAIN
        self._column = 0
        self._place = 0
        self._finished: list[Row] = []
        self.offset = start
        self.line_count = 0
        self.rows = [Row(number=0, start_byte=start)]

    def feed(self, content: bytes) -> None:
        """Take in the bytes that follow."""
        start = 0
        while (end := content.find(b"\n", start)) >= 0:
            self._write(self._decoder.decode(content[start : end + 1])[:-1])
            self.offset += end + 1 - start
            self._end_line()
            start = end + 1
        if start < len(content):
            self._write(self._decoder.decode(content[start:]))
            self.offset += len(content) - start

    def take_finished(self) -> list[Row]:
        """Give the rows, once, that can change no more; the others are in `rows`."""
        finished, self._finished = self._finished, []
        return finished

    def _end_line(self) -> None:
        self._pending = ""
        self.line_count += 1
        self._column = 0
        self._place += 1
        if self._place == len(self.rows):
            self.rows.append(Row(number=self.line_count, start_byte=self.offset))
            if len(self.rows) > LIVE_ROWS:
                self._finished.append(self.rows.pop(0))
                self._place -= 1
        elif self._place == len(self.rows) - 1 and not self.rows[-1].length:
            # Reached again after the cursor was further up: what is written here is of this line of the file.
            self.rows[-1].number, self.rows[-1].start_byte = self.line_count, self.offset

    def _write(self, text: str) -> None:
        if self._pending:
            text, self._pending = self._pending + text, ""
        if not _SPECIAL.search(text):
            self._put(text)
            return
        for token in _TOKEN.finditer(text):
            kind = token.lastgroup
            if kind == "text":
                self._put(token.group())
            elif kind == "final":
                if not token["between"]:
                    self._obey(token["parameters"], token["final"])
            elif kind == "control":
                self._control(token.group())
            elif kind == "pending" and len(token.group()) <= _MAX_PENDING:
                self._pending = token.group()

    def _put(self, text: str) -> None:
        row = self.rows[self._place]
        row.write(self._column, text, self._style)
        self._column += len(text)
        if row.length > MAX_ROW_LENGTH:
            self._column = max(0, self._column - row.cut_front())

    def _control(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\b":
            self._column = max(0, self._column - 1)
        else:
            self._put(_picture(character))

    def _obey(self, parameters: str, final: str) -> None:
        """Do what concerns the rows that are at hand; whatever else there is for a terminal has no meaning in a log."""
        if final == "m":
            self._style = restyled(self._style, parameters)
            return
        count = int(parameters) if parameters.isascii() and parameters.isdigit() and len(parameters) < 6 else None
        if count is None and parameters:
            return
        row, steps = self.rows[self._place], max(1, count or 1)
        if final == "K":
            self._erase_in_row(row, count or 0)
        elif final == "J" and not count:
            row.erase(self._column, row.length)
            for below in self.rows[self._place + 1 :]:
                below.erase(0, below.length)
        elif final in "AF":
            self._place = max(0, self._place - steps)
        elif final in "BE":
            self._place = min(len(self.rows) - 1, self._place + steps)
        elif final == "C":
            self._column = min(row.length + 500, self._column + steps)
        elif final == "D":
            self._column = max(0, self._column - steps)
        elif final == "G":
            self._column = min(row.length + 500, steps - 1)
        if final in "EF":
            self._column = 0

    def _erase_in_row(self, row: Row, what: int) -> None:
        if what == 0:
            row.erase(self._column, row.length)
        elif what == 1:
            row.erase(0, self._column + 1)
        elif what == 2:
            row.erase(0, row.length)


@lru_cache(maxsize=1024)
def restyled(style: Style, parameters: str) -> Style:
    """Give the style that ``ESC [ parameters m`` makes of one; what is unknown in it changes nothing."""
    fields = [part.split(":") for part in parameters.split(";")]
    numbers = [[int(one) if one.isascii() and one.isdigit() and len(one) < 6 else 0 for one in part] for part in fields]
    place = 0
    while place < len(numbers):
        code, *details = numbers[place]
        place += 1
        if code in (38, 48):
            if details:  # 38:5:n or 38:2:[space]:r:g:b, all in one field
                colour = _colour([details[0], *details[-3:]] if details[0] == 2 else details)
            else:
                follow = [one[0] for one in numbers[place : place + 4]]
                colour = _colour(follow)
                place += {2: 4, 5: 2}.get(follow[0] if follow else 0, 0)
            if colour is not None:
                style = replace(style, foreground=colour) if code == 38 else replace(style, background=colour)
        else:
            style = _with_code(style, 24 if code == 4 and details == [0] else code)
    return style


_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"is_bold": True},
    2: {"is_dim": True},
    3: {"is_italic": True},
    4: {"is_underlined": True},
    7: {"is_inverse": True},
    9: {"is_struck": True},
    21: {"is_underlined": True},
    22: {"is_bold": False, "is_dim": False},
    23: {"is_italic": False},
    24: {"is_underlined": False},
    27: {"is_inverse": False},
    29: {"is_struck": False},
}


def _with_code(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _SWITCHES:
        return replace(style, **_SWITCHES[code])
    for first, colours in ((30, 0), (90, 8)):
        if first <= code < first + 8:
            return replace(style, foreground=code - first + colours)
        if first + 10 <= code < first + 18:
            return replace(style, background=code - first - 10 + colours)
    if code == 39:
        return replace(style, foreground=None)
    if code == 49:
        return replace(style, background=None)
    return style


def _colour(numbers: list[int]) -> Colour | None:
    """Read ``5 n`` (the 256 colours) or ``2 r g b``."""
    if len(numbers) >= 2 and numbers[0] == 5 and numbers[1] < 256:
        return _of_256(numbers[1])
    if len(numbers) >= 4 and numbers[0] == 2 and max(numbers[1:4]) < 256:
        return numbers[1], numbers[2], numbers[3]
    return None


def _of_256(number: int) -> Colour:
    if number < 16:
        return number
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return grey, grey, grey
    red, green, blue = ((number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6)
    return _CUBE[red], _CUBE[green], _CUBE[blue]


_CUBE = (0, 95, 135, 175, 215, 255)


def _picture(character: str) -> str:
    """Show a control character by its picture; those beyond ASCII have none."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def _slice(runs: list[Run], start: int, end: int) -> list[Run]:
    """Give the runs between two columns."""
    found: list[Run] = []
    place = 0
    for text, style in runs:
        if place >= end:
            break
        piece = text[max(0, start - place) : end - place]
        if piece and place + len(text) > start:
            found.append((piece, style))
        place += len(text)
    return found
