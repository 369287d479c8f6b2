"""The end of a growing log stream, as blocks of text of which only the last one still changes."""

from __future__ import annotations

import codecs
import re

TAIL_BYTES = 64 * 1024
_BLOCK_LENGTH = 16 * 1024  # characters
_MAX_BLOCKS = 5

# Colours and cursor movements that programs write for a terminal.
_TERMINAL_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class LogTail:
    """What is kept of one log: about the last 64 KB, whatever its length.

    Attributes
    ----------
    offset : int
        How many bytes of the file were taken in or passed over.
    is_cut : bool
        Whether the file begins before what is kept.
    """

    def __init__(self, start: int = 0) -> None:
        self.offset = start
        self.is_cut = start > 0
        self._drops_first_line = start > 0
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._blocks: list[str] = []

    @property
    def texts(self) -> list[str]:
        """The text to show, in blocks that end at line ends where they can."""
        return [_clean(block) for block in self._blocks]

    def feed(self, content: bytes) -> None:
        """Take in the bytes that follow. Bytes that are no UTF-8 become replacement characters."""
        self.offset += len(content)
        text = self._decoder.decode(content)
        if self._drops_first_line:  # the start lies within a line, and perhaps within a character
            _, newline, rest = text.partition("\n")
            if not newline:
                # One line longer than all that is kept: show its end.
                rest = text.lstrip("\N{REPLACEMENT CHARACTER}")
            text = rest
            self._drops_first_line = False
        while text:
            if not self._blocks or len(self._blocks[-1]) >= _BLOCK_LENGTH:
                self._blocks.append("")
            room = max(1, _BLOCK_LENGTH - len(self._blocks[-1]))
            cut = text.find("\n", room)
            if (
                cut < 0 or cut > room + _BLOCK_LENGTH
            ):  # no line end near: better a line in two blocks than a block without end
                cut = min(len(text), room + _BLOCK_LENGTH) - 1
            self._blocks[-1] = _collapse(self._blocks[-1] + text[: cut + 1])
            text = text[cut + 1 :]
        if len(self._blocks) > _MAX_BLOCKS:
            del self._blocks[: len(self._blocks) - _MAX_BLOCKS]
            self.is_cut = True


def _collapse(text: str) -> str:
    """Keep of a line that was written over and over, such as a progress bar, what a terminal would show last."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(
        [_last_version(line, keeps_return=False) for line in lines[:-1]] + [_last_version(lines[-1], keeps_return=True)]
    )


def _last_version(line: str, *, keeps_return: bool) -> str:
    stripped = line.rstrip("\r")
    _, _, last = stripped.rpartition("\r")
    return last + ("\r" if keeps_return and len(stripped) < len(line) else "")


def _clean(text: str) -> str:
    text = _TERMINAL_CODES.sub("", text).replace("\r", "")
    return _CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)
