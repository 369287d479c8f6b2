"""What can be shown of a file's content: text, JSON, a table, a picture, or its bytes. Nothing of it becomes markup here."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from aml_widgets.widgets.picture_files import MAX_READ_BYTES, Picture, WrongPicture, fit_picture, sniff_media_type
from aml_widgets.widgets.text import escape

HEAD_BYTES = 1 << 13
BLOCK_BYTES = 1 << 16
MAX_TEXT_BYTES = 1 << 20
MAX_JSON_BYTES = 1 << 18
MAX_TABLE_BYTES = 1 << 18
MAX_TABLE_ROWS, MAX_TABLE_COLUMNS, MAX_CELL = 100, 60, 300
MAX_PICTURE_BYTES = MAX_READ_BYTES
HEX_BYTES = 512

_UTF_16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_STRANGE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff]+")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_NUMBER = re.compile(
    r"\s*[+-]?([0-9][0-9.,_]*|\.[0-9]+)([eE][+-]?[0-9]+)?%?\s*|\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE
)


class PreviewKind(str, Enum):
    """How a file is shown."""

    TEXT = "text"
    JSON = "JSON"
    TABLE = "table"
    PICTURE = "picture"
    BYTES = "bytes"
    EMPTY = "empty"

    __str__ = str.__str__


class PreviewProblem(Exception):
    """Why a file cannot be shown in the way its name promises; the text is for the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text from bytes. Bytes that are no text are lone surrogates in it, as ``surrogateescape`` has them."""

    text: str
    used_bytes: int
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The first rows of a file of separated values.

    Attributes
    ----------
    is_numeric : tuple of bool
        For each shown column, whether it holds numbers only.
    column_count : int
        How many columns there are, shown or not.
    has_more : bool
        Whether rows follow that are not here.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_numeric: tuple[bool, ...]
    column_count: int
    has_more: bool


def kind_of(path: str, head: bytes) -> PreviewKind:
    """Say how to show a file, by its first bytes; the name only tells kinds of text apart."""
    if not head:
        return PreviewKind.EMPTY
    if sniff_media_type(head):
        return PreviewKind.PICTURE
    if not is_text(head):
        return PreviewKind.BYTES
    name = path.lower()
    if name.endswith((".json", ".geojson", ".ipynb")):
        return PreviewKind.JSON
    return PreviewKind.TABLE if name.endswith((".csv", ".tsv")) else PreviewKind.TEXT


def is_text(head: bytes) -> bool:
    """Whether bytes are most likely text; a few broken ones do not matter."""
    if head[:2] in _UTF_16:
        return True
    if b"\0" in head:
        return False
    text = head.decode("utf-8", "surrogateescape")
    odd = sum(
        1
        for character in text
        if "\ud800" <= character <= "\udfff" or (character < " " and character not in "\t\n\r\x1b\f\b")
    )
    return odd * 10 <= len(text)


def decode_text(content: bytes, *, is_start: bool = True, is_end: bool, encoding: str | None = None) -> Decoded:
    """Turn bytes into text without failing.

    Parameters
    ----------
    content : bytes
        A piece of a file.
    is_start, is_end : bool
        Whether the file begins and ends with it; what may be half a character at its end is else left for the next piece.
    encoding : str, optional
        What an earlier piece was found to be.
    """
    skipped = 0
    if is_start and encoding is None:
        encoding = _UTF_16.get(content[:2], "utf-8")
        skipped = 2 if encoding != "utf-8" else 3 if content.startswith(b"\xef\xbb\xbf") else 0
    encoding = encoding or "utf-8"
    end = len(content)
    if encoding != "utf-8":
        end -= (end - skipped) % 2 if not is_end else 0
        if not is_end and end >= 2 and content[end - (1 if encoding.endswith("le") else 2)] & 0xFC == 0xD8:
            end -= 2  # the first half of a pair
        return Decoded(text=content[skipped:end].decode(encoding, "replace"), used_bytes=end, encoding=encoding)
    if not is_end:
        for back in range(1, min(4, end) + 1):
            byte = content[end - back]
            if byte & 0xC0 == 0x80:
                continue
            if byte >= 0xC0 and back < (4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2):
                end -= back
            break
    text = content[skipped:end].decode("utf-8", "surrogateescape")
    return Decoded(text=text, used_bytes=end, encoding=encoding)


def text_html(text: str) -> str:
    """Write text from a file as HTML: escaped, and what would be invisible or is broken spelled out and marked."""
    parts, place = [], 0
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for match in _STRANGE.finditer(text):
        parts.append(escape(text[place : match.start()]))
        parts.append(f'<span class="aml-broken">{"".join(map(_spelled, match.group()))}</span>')
        place = match.end()
    return "".join(parts) + escape(text[place:])


def pretty_json(text: str) -> str:
    """Set out JSON in lines, with every number and text as the file spells it.

    Raises
    ------
    PreviewProblem
        For what is no JSON; the text says where.
    """
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise PreviewProblem(f"No valid JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    except (RecursionError, ValueError) as error:
        raise PreviewProblem("This JSON is nested too deeply to be set out.") from error
    return _indent(_JSON_TOKEN.findall(text))


def _indent(tokens: Sequence[str]) -> str:
    parts: list[str] = []
    depth = 0
    before = ""
    for piece in tokens:
        if piece in ("}", "]"):
            depth -= 1
            if before not in ("{", "["):
                parts.append("\n" + "  " * min(depth, 40))
        elif before in ("{", "[", ","):
            parts.append("\n" + "  " * min(depth, 40))
        parts.append(": " if piece == ":" else piece)
        if piece in ("{", "["):
            depth += 1
        before = piece
    return "".join(parts)


def read_table(text: str, path: str, *, is_whole: bool) -> Table:
    """Read the first rows of separated values.

    Raises
    ------
    PreviewProblem
        If they are not to be read as a table.
    """
    if not is_whole:
        text = text[: text.rfind("\n") + 1] or text
    delimiter = "\t" if path.lower().endswith(".tsv") else _find_delimiter(text)
    rows: list[list[str]] = []
    has_more = not is_whole
    try:
        # strict, so that a quote which never closes is told of instead of swallowing what follows
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=is_whole):
            if len(rows) > MAX_TABLE_ROWS:
                has_more = True
                break
            if row:
                rows.append(row)
    except csv.Error as error:
        raise PreviewProblem(f"No table: {error}.") from error
    if not rows:
        raise PreviewProblem("There are no rows in it.")
    column_count = max(map(len, rows))
    width = min(column_count, MAX_TABLE_COLUMNS)
    filled = [tuple((row + [""] * width)[:width]) for row in rows]
    has_header = not any(_NUMBER.fullmatch(cell) for cell in rows[0] if cell)
    header = filled[0] if has_header else tuple(str(place + 1) for place in range(width))
    body = tuple(filled[1:] if has_header else filled)[:MAX_TABLE_ROWS]
    has_more = has_more or len(filled) - has_header > MAX_TABLE_ROWS
    numeric = tuple(
        bool(body) and all(not row[place] or bool(_NUMBER.fullmatch(row[place])) for row in body)
        for place in range(width)
    )
    return Table(header=header, rows=body, is_numeric=numeric, column_count=column_count, has_more=has_more)


def _find_delimiter(text: str) -> str:
    """Choose what separates: the character that cuts most of the first lines into the same number of cells."""
    lines = text[:20_000].splitlines(keepends=True)[:20]
    best, best_score = ",", (0.0, 0)
    for delimiter in (",", ";", "\t", "|"):
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        except csv.Error:
            continue
        usual = max(set(widths), key=widths.count, default=1)
        score = (widths.count(usual) / max(1, len(widths)), usual)
        if usual > 1 and score > best_score:
            best, best_score = delimiter, score
    return best


def prepare_picture(content: bytes) -> Picture:
    """Make a picture fit to be shown: small ones as they are, larger ones made smaller.

    Raises
    ------
    PreviewProblem
        If it is broken, or too large to be opened.
    """
    try:
        return fit_picture(content)
    except WrongPicture as error:
        raise PreviewProblem(str(error)) from error


def hex_text(content: bytes) -> str:
    """Write bytes as lines of 16, with the place before and the readable characters behind."""
    lines = []
    for start in range(0, len(content), 16):
        piece = content[start : start + 16]
        readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in piece)
        lines.append(f"{start:06x}  {piece.hex(' '):<47}  {readable}")
    return "\n".join(lines)


def _spelled(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
