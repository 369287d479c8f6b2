"""How far a writer's exact values have come on the server: a tag of the run, which also holds the newest lines.

Whoever asks for the run hears with it what is new, for the tag is written before the copies of what its lines say. A piece becomes a
file only when the lines no longer fit into the tag.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.documents import MAX_TAG_CHARS
from aml_widgets.store.mlflow.exact_values import is_file_line


class Place(NamedTuple):
    """How much of a writer's lines a reader has: pieces, the lines in them, and all lines."""

    pieces: int = 0
    lines_in_pieces: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """What a writer's tag says.

    Attributes
    ----------
    pieces : int
        How many files there are.
    lines_in_pieces : int
        How many lines they hold together.
    files_in_pieces : int
        How many of those lines make files known, and are no points.
    written_at : float
        The last sign of life, seconds since the epoch, UTC.
    tail : tuple of str
        The lines after those.
    """

    pieces: int = 0
    lines_in_pieces: int = 0
    files_in_pieces: int = 0
    written_at: float = 0.0
    tail: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many lines are on the server."""
        return self.lines_in_pieces + len(self.tail)

    @property
    def point_count(self) -> int:
        """How many lines with points are on the server."""
        return self.count - self.files_in_pieces - sum(map(is_file_line, self.tail))

    def grow(self, lines: Sequence[str], written_at: float) -> Head:
        """Give the head with lines behind it."""
        return replace(self, written_at=written_at, tail=(*self.tail, *lines))

    def close_piece(self) -> Head:
        """Give the head after the newest lines have become a piece."""
        return Head(
            pieces=self.pieces + 1,
            lines_in_pieces=self.count,
            files_in_pieces=self.files_in_pieces + sum(map(is_file_line, self.tail)),
            written_at=self.written_at,
        )

    def encode(self) -> str:
        """Give the text of the tag."""
        counts = [self.pieces, self.lines_in_pieces, self.files_in_pieces, self.written_at]
        return "\n".join([json.dumps(counts), *self.tail])

    def fits(self) -> bool:
        """Say whether the text is no longer than a tag may be."""
        return len(self.encode()) <= MAX_TAG_CHARS

    @staticmethod
    def decode(text: str) -> Head:
        """Read the text of a tag. Raises StoreCorrupt."""
        first, *tail = text.split("\n")
        try:
            pieces, lines_in_pieces, files_in_pieces, written_at = json.loads(first)
            return Head(int(pieces), int(lines_in_pieces), int(files_in_pieces), float(written_at), tuple(tail))
        except (ValueError, TypeError) as error:
            raise StoreCorrupt(
                f"{first[:80]!r} is no head of exact values, as aml_widgets keeps in the tags {names.VALUES}… of an MLflow run. "
                "Was the tag changed? Delete it to see what MLflow has.",
                value=first[:80],
            ) from error


def piece_path(writer_id: str, number: int) -> str:
    """Give the path of a piece among the run's artifacts; numbers start with 0."""
    return f"{names.FOLDER}/values/{writer_id}-{number:06d}.jsonl"
