"""The lines of exact values that are new on a server: in its pieces, and in the run's tags."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.entities import ServerRun
from aml_widgets.store.mlflow.exact_values import Columns, Record, Row, decode_line, decode_piece
from aml_widgets.store.mlflow.heads_tag import Head, Place, piece_path
from aml_widgets.store.mlflow.sending import download


class NewLines(NamedTuple):
    """Lines by their writers, and how far these have come with them."""

    lines: Mapping[str, Sequence[str]]
    places: Mapping[str, Place]

    def records(self) -> Iterator[Record]:
        """Give the records of all writers, in the order of their times where there are several. Raises StoreCorrupt."""
        streams = [map(decode_line, lines) for lines in self.lines.values()]
        if len(streams) == 1:
            return iter(streams[0])
        return heapq.merge(*streams, key=_time_of)


def read_new_lines(connection: Connection, server: ServerRun, places: Mapping[str, Place]) -> NewLines:
    """Read the lines of a run that was just asked for.

    Parameters
    ----------
    connection : Connection
        The server.
    server : ServerRun
        What it says of the run.
    places : mapping
        How far each writer's lines are known.
    """
    lines: dict[str, Sequence[str]] = {}
    reached: dict[str, Place] = {}
    for writer_id, head in server.heads.items():
        place = places.get(writer_id, Place())
        if head.count > place.lines:  # else it is all known, or the run was asked for before what is known
            lines[writer_id] = _new_lines(connection, server, writer_id, head, place)
            reached[writer_id] = Place(head.pieces, head.lines_in_pieces, head.count)
    return NewLines(lines, reached)


def _new_lines(connection: Connection, server: ServerRun, writer_id: str, head: Head, place: Place) -> list[str]:
    lines: list[str] = []
    lines_in_pieces = place.lines_in_pieces
    for number in range(place.pieces, head.pieces):
        piece = decode_piece(_download(connection, server, piece_path(writer_id, number)))
        lines += piece
        lines_in_pieces += len(piece)
    if lines_in_pieces != head.lines_in_pieces:
        raise StoreCorrupt(
            f"The pieces of writer {writer_id} of run {server.run_id} hold {lines_in_pieces} lines, and the run's tag says "
            f"{head.lines_in_pieces}. Was a file below aml_widgets/values of its artifacts deleted or changed? Bring it back.",
            value=writer_id,
        )
    lines += head.tail
    known = place.lines - place.lines_in_pieces
    return lines[known:]


def _download(connection: Connection, server: ServerRun, path: str) -> bytes:
    try:
        return download(connection, server.artifact_uri, path)
    except Missing as error:
        raise StoreCorrupt(
            f"File {path!r} of run {server.run_id} is not among its artifacts any more, and values of its metrics are in it. Was it "
            "deleted? Bring it back.",
            value=path,
        ) from error


def _time_of(record: Record) -> float:
    return record.logged_at if isinstance(record, (Row, Columns)) else record.artifact.written_at
