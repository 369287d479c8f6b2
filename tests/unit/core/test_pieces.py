"""Streams of bytes, in pieces of one size."""

from __future__ import annotations

import pytest

from aml_widgets.core.errors import UserError
from aml_widgets.core.pieces import in_pieces, read_pieces


def test_pieces_have_one_size_and_a_rest() -> None:
    assert list(in_pieces([b"ab", b"", b"cdefgh", b"i"], 3)) == [b"abc", b"def", b"ghi"]
    assert list(in_pieces([], 3)) == []


def test_a_file_is_read_as_far_as_it_was_long() -> None:
    asked: list[tuple[int, int]] = []

    def read(path: str, start: int, max_bytes: int) -> bytes:
        asked.append((start, max_bytes))
        return f"{path}{'x' * 99}".encode()[start : start + max_bytes]

    assert list(read_pieces(read, "log", 7, piece_bytes=3)) == [b"log", b"xxx", b"x"]
    assert asked == [(0, 3), (3, 3), (6, 1)]
    assert list(read_pieces(lambda *_: b"", "shorter now", 7)) == []


def test_an_empty_file_is_asked_for_too_so_that_one_that_is_gone_is_noticed() -> None:
    def read(_path: str, _start: int, _max_bytes: int) -> bytes:
        raise UserError("It is gone.")

    with pytest.raises(UserError, match="gone"):
        list(read_pieces(read, "empty", 0))
