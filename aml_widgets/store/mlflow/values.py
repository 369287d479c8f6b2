"""The points of one run, asked from a server that has no cursor: only what is new, with an overlap that shows what came late.

Lines of exact values are counted, so what is new is known from the run's tags. Of metrics that other programs logged, the run says
which is the latest point of each; where that moved, the tail of the history is asked for, from the last point that is known. If that
point is no longer where it was, points came in late or were rewritten, and all is read anew.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Collection, Iterator
from time import monotonic

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.entities import LatestPoint, ServerRun, to_latest
from aml_widgets.store.mlflow.exact_values import Columns, Record, Row, decode_line, decode_piece
from aml_widgets.store.mlflow.heads_tag import Head, Place, piece_path
from aml_widgets.store.mlflow.plain_points import PlainPoint
from aml_widgets.store.mlflow.sending import download
from aml_widgets.store.mlflow.server_metrics import ServerMetrics

HISTORY_PAGE = 25_000
"""Points asked for at once, the most that servers give."""

CHECK_SECONDS = 60.0
"""How often the counts of a running run's metrics are compared, for points that came late and are not the latest."""

_generations = itertools.count(1)


class RunValues:
    """What was read of one run so far.

    Attributes
    ----------
    metrics : ServerMetrics
        All points.
    generation : int
        Another one when all was read anew, so that what a viewer has is no beginning of it.
    """

    def __init__(self) -> None:
        self.metrics = ServerMetrics()
        self.generation = next(_generations)
        self._places: dict[str, Place] = {}
        self._tails: dict[
            str, tuple[LatestPoint, int, LatestPoint]
        ] = {}  # key → the server's latest, count, last in order
        self._seen: ServerRun | None = None
        self._checked_at = 0.0

    def update(self, connection: Connection, server: ServerRun, names: Collection[str] | None = None) -> None:
        """Read what is new, as a run that was just asked for tells it; with names, of other programs' metrics only these."""
        is_late_check = self._is_late_check(server)
        if names is not None:
            wanted = {*names, *self._tails} if is_late_check else names
            if not self._read_new(connection, server, is_late_check=is_late_check, names=wanted):
                self._start_anew()
                self._read_new(connection, server, is_late_check=False, names=wanted)
            self._seen = server
            return
        if self._seen is not None and not is_late_check and self._is_as_seen(server):
            return
        if not self._read_new(connection, server, is_late_check=is_late_check):
            self._start_anew()
            self._read_new(connection, server, is_late_check=False)
        self._seen = server

    def _is_as_seen(self, server: ServerRun) -> bool:
        assert self._seen is not None
        return server.latest == self._seen.latest and server.heads == self._seen.heads

    def _is_late_check(self, server: ServerRun) -> bool:
        if self._seen is None:
            self._checked_at = monotonic()
            return False
        if self._seen.status != server.status or (
            server.end_ms is None and monotonic() > self._checked_at + CHECK_SECONDS
        ):
            self._checked_at = monotonic()
            return bool(self._tails)
        return False

    def _start_anew(self) -> None:
        self.metrics = ServerMetrics()
        self.generation = next(_generations)
        self._places.clear()
        self._tails.clear()
        self._seen = None

    def _read_new(
        self,
        connection: Connection,
        server: ServerRun,
        *,
        is_late_check: bool,
        names: Collection[str] | None = None,
    ) -> bool:
        """Take in what is new; False where it does not follow what is known."""
        for record in self._new_records(connection, server):
            if not self.metrics.take(record):
                return False
        found: list[PlainPoint] = []
        for key, latest in server.latest.items():
            if names is not None and key not in names:
                continue
            tail = self._tails.get(key)
            if tail is None:
                if self.metrics.own_latest(key) == latest:
                    continue
            elif tail[0] == latest and not is_late_check:
                continue
            points = self._read_plain(connection, server, key, latest)
            if points is None:
                return False
            found += points
        found.sort(key=lambda point: (point.timestamp_ms, point.step))
        self.metrics.take_plain(found)
        return True

    # -- lines of exact values

    def _new_records(self, connection: Connection, server: ServerRun) -> Iterator[Record]:
        """Give the records of all writers, in the order of their times where there are several."""
        writers = [self._new_lines(connection, server, writer_id, head) for writer_id, head in server.heads.items()]
        streams = [(decode_line(line) for line in lines) for lines in writers if lines]
        if len(streams) == 1:
            return iter(streams[0])
        return heapq.merge(*streams, key=_time_of)

    def _new_lines(self, connection: Connection, server: ServerRun, writer_id: str, head: Head) -> list[str]:
        place = self._places.get(writer_id, Place())
        lines: list[str] = []
        lines_in_pieces = place.lines_in_pieces
        for number in range(place.pieces, head.pieces):
            piece = decode_piece(download(connection, server.artifact_uri, piece_path(writer_id, number)))
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
        self._places[writer_id] = Place(head.pieces, head.lines_in_pieces, head.count)
        return lines[known:]

    # -- points of other programs

    def _read_plain(
        self, connection: Connection, server: ServerRun, key: str, latest: LatestPoint
    ) -> list[PlainPoint] | None:
        """Give the points that are new under a key, None where what is known is no beginning of what there is."""
        tail = self._tails.get(key)
        if self.metrics.is_own(key):
            points = list(_read_history(connection, server.run_id, key, 0))
            own = self.metrics.own_points(key)
            foreign = [point for point in points if _compared(point) not in own]
            if tail is not None:
                if len(foreign) < tail[1] or (tail[1] and _compared(foreign[tail[1] - 1]) != tail[2]):
                    return None
            elif not foreign:
                return []  # ours, and the copy of the latest did not arrive
            last = _compared(foreign[-1]) if foreign else latest
            self._tails[key] = (latest, len(foreign), last)
            return foreign[0 if tail is None else tail[1] :]
        if tail is None:
            points = list(_read_history(connection, server.run_id, key, 0))
        else:
            points = list(_read_history(connection, server.run_id, key, tail[1] - 1))
            if not points or _compared(points[0]) != tail[2]:
                return None
            points = points[1:]
        count = (0 if tail is None else tail[1]) + len(points)
        if count:
            last = _compared(points[-1]) if points else tail[2]  # type: ignore[index]  # without a tail there are points
            self._tails[key] = (latest, count, last)
        return points


def _read_history(connection: Connection, run_id: str, key: str, first: int) -> Iterator[PlainPoint]:
    """Give the points of a history in the server's order (time, step, value), from a place in it."""
    from mlflow.utils.search_utils import SearchUtils

    token = SearchUtils.create_page_token(first) if first else None
    while True:
        with connection.errors(f"The history of {key!r} of run {run_id} is read"):
            page = connection.tracking.get_metric_history(run_id, key, max_results=HISTORY_PAGE, page_token=token)
        for one in page:
            yield PlainPoint(key, float(one.value), int(one.timestamp), int(one.step))
        token = page.token
        if not token:
            return


def _compared(point: PlainPoint) -> LatestPoint:
    return to_latest(point.step, point.timestamp_ms, point.value)


def _time_of(record: Record) -> float:
    return record.logged_at if isinstance(record, (Row, Columns)) else record.artifact.written_at
