"""Streams of bytes, in pieces of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

PIECE_BYTES = 1 << 20


def in_pieces(chunks: Iterable[bytes], size_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """Cut a stream of bytes anew, into pieces of one size and a rest."""
    rest = bytearray()
    for chunk in chunks:
        view = memoryview(chunk)
        start = 0
        while len(rest) + len(view) - start >= size_bytes:
            end = start + size_bytes - len(rest)
            rest += view[start:end]
            start = end
            yield bytes(rest)
            rest.clear()
        rest += view[start:]
    if rest:
        yield bytes(rest)


def read_pieces(
    read: Callable[[str, int, int], bytes], path: str, size_bytes: int, *, piece_bytes: int = PIECE_BYTES
) -> Iterator[bytes]:
    """Read a file piece by piece, as long as it was when that began: a log that grows as fast would never end.

    Parameters
    ----------
    read : callable
        Gives bytes of a file: from where on, and how many at most. It is asked for an empty file too, so that one that is
        gone is noticed.
    path : str
        Which file.
    size_bytes : int
        How long it was; it may be shorter by now.
    piece_bytes : int, optional
        How much is read at once.
    """
    start = 0
    while piece := read(path, start, min(piece_bytes, size_bytes - start)):
        yield piece
        start += len(piece)
        if start >= size_bytes:
            return
