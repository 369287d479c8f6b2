"""The points of one run, asked from a server that has no cursor: only what is new, with an overlap that shows what came late.

Lines of exact values are counted, so what is new is known from the run's tags. Of metrics that other programs logged, the run says
which is the latest point of each; where that moved, the tail of the history is asked for, from the last point that is known. If that
point is no longer where it was, points came in late or were rewritten, and all is read anew.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Collection, Iterator
from time import monotonic

from aml_widgets.core.errors import StoreCorrupt, StoreUnavailable
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

ATTEMPTS = 3
"""How often all is read anew in one go, where points came late while it was read."""

_generations = itertools.count(1)


class RunValues:
    """What was read of one run so far.

    Of a long history of another program it may be a beginning: the server's order is time, step and value, so what was read goes on
    at the last point of it, and metrics take turns, a page each.

    Attributes
    ----------
    metrics : ServerMetrics
        All points.
    generation : int
        Another one when all was read anew, so that what a viewer has is no beginning of it.
    is_sound : bool
        False while lines are taken in: left there, by an error, it is of no use.
    """

    def __init__(self) -> None:
        self.metrics = ServerMetrics()
        self.generation = next(_generations)
        self.is_sound = True
        self._places: dict[str, Place] = {}
        self._tails: dict[
            str, tuple[LatestPoint, int, LatestPoint]
        ] = {}  # key → the server's latest, count, last in order
        self._waiting: dict[str, None] = {}  # keys with more to read, in the order of their turns
        self._unfinished: set[str] = set()  # those of them whose end was not reached
        self._to_compare: set[str] = set()  # those of a check for late points that is under way
        self._seen: ServerRun | None = None
        self._read_as_of: ServerRun | None = None  # all was read of it
        self._checked_at = 0.0

    @property
    def has_more(self) -> bool:
        """Whether there are histories that were not read to their ends yet.

        Of a run that goes on, those that have only moved since are read with the next looks, and so are those to be compared: else whoever
        looks would never have it all, and never stop to ask.
        """
        if self._seen is None:
            return True
        if self._seen.end_ms is not None:  # what moves no more is read to its end, and compared
            return bool(self._waiting)
        return any(key in self._unfinished or not self._is_known(key) for key in self._waiting)

    def is_partly_read(self, key: str) -> bool:
        """Whether that is so for a metric that was asked for."""
        return key in self._waiting

    def update(
        self,
        connection: Connection,
        server: ServerRun,
        names: Collection[str] | None = None,
        *,
        seconds: float | None = None,
        is_round: bool = False,
    ) -> None:
        """Read what is new, as a run that was just asked for tells it.

        Parameters
        ----------
        connection : Connection
            The server.
        server : ServerRun
            What it says of the run.
        names : collection of str, optional
            Of other programs' metrics only these.
        seconds : float, optional
            Read their histories for about so long, at least one page, and leave the rest to the next call. Without it they are read
            to their ends.
        is_round : bool, optional
            Read a page of each, and leave the rest.

        Raises
        ------
        StoreUnavailable
            Also where histories that are to be read to their ends were rewritten meanwhile, again and again.
        """
        is_late_check = self._is_late_check(server)
        if names is None and not is_late_check and self._is_as_read(server):
            self._seen = server
            return
        until = None if seconds is None else monotonic() + seconds
        for _ in range(ATTEMPTS):
            self._read_lines(connection, server)
            if self.is_sound:
                self._let_wait(server, names, is_late_check=is_late_check)
                self._seen = server
                if self._read_histories(connection, server, names, until=until, is_round=is_round):
                    break
            self._start_anew()
            is_late_check = False
        else:
            if until is None and not is_round:
                raise StoreUnavailable(
                    f"The metrics of run {server.run_id} were changed each of the {ATTEMPTS} times that they were read: other programs "
                    "log points of an earlier time to it. Try again, or when the run has ended.",
                    value=server.run_id,
                )
        if names is None and not self._waiting and self._seen is not None:
            self._read_as_of = server

    def _is_as_read(self, server: ServerRun) -> bool:
        before = self._read_as_of
        return (
            before is not None and not self._waiting and server.latest == before.latest and server.heads == before.heads
        )

    def _is_late_check(self, server: ServerRun) -> bool:
        if self._seen is None:
            self._checked_at = monotonic()
            return False
        now = monotonic()
        if self._to_compare:
            self._checked_at = now  # the next one comes so long after the end of this
        is_due = server.end_ms is None and now > self._checked_at + CHECK_SECONDS
        if self._seen.status != server.status or is_due:
            self._checked_at = now
            return bool(self._tails)
        return False

    def _is_known(self, key: str) -> bool:
        """Say whether a history was read to its end once; our own points are known from their lines."""
        return key in self._tails or self.metrics.is_own(key)

    def _start_anew(self) -> None:
        self.metrics = ServerMetrics()
        self.generation = next(_generations)
        self.is_sound = True
        self._places.clear()
        self._tails.clear()
        self._waiting.clear()
        self._unfinished.clear()
        self._to_compare.clear()
        self._seen = None
        self._read_as_of = None

    def _let_wait(self, server: ServerRun, names: Collection[str] | None, *, is_late_check: bool) -> None:
        """Note which histories have something new, or are to be compared with what is known."""
        for key, latest in server.latest.items():
            tail = self._tails.get(key)
            is_wanted = names is None or key in names
            if tail is None:
                is_new = is_wanted and self.metrics.own_latest(key) != latest
            else:
                is_new = is_late_check or (is_wanted and tail[0] != latest)
            if is_new:
                self._waiting.setdefault(key)
            if tail is not None and is_late_check:
                self._to_compare.add(key)

    def _read_histories(
        self,
        connection: Connection,
        server: ServerRun,
        names: Collection[str] | None,
        *,
        until: float | None,
        is_round: bool,
    ) -> bool:
        """Read on in the histories that wait, in turn; False where one does not follow what is known."""
        for key in [key for key in self._waiting if key not in server.latest]:  # the server does not have it any more
            self._take_off(key)
        turns = self._find_turns(server, names)
        found: list[PlainPoint] = []
        is_first = True
        try:
            while turns and (is_first or until is None or monotonic() < until):
                is_first = False
                key = turns.popleft()
                read = self._read_plain(connection, server, key)
                if read is None:
                    return False
                points, has_more = read
                found += points
                self._take_off(key)
                if has_more:
                    self._waiting[key] = None  # behind the others
                    self._unfinished.add(key)
                    if not is_round:
                        turns.append(key)
        finally:  # the server not answering any more, what was read till then counts
            found.sort(key=lambda point: (point.timestamp_ms, point.step))
            self.metrics.take_plain(found)
        return True

    def _find_turns(self, server: ServerRun, names: Collection[str] | None) -> deque[str]:
        """Give the histories to read, in turn: those that moved before those that are only compared, but for one of these."""
        wanted = [key for key in self._waiting if names is None or key in names]
        moved = [key for key in wanted if key in self._unfinished or not self._has_latest(server, key)]
        quiet = [key for key in wanted if key not in self._unfinished and self._has_latest(server, key)]
        return deque([*moved[:1], *quiet[:1], *moved[1:], *quiet[1:]])

    def _has_latest(self, server: ServerRun, key: str) -> bool:
        tail = self._tails.get(key)
        return tail is not None and tail[0] == server.latest[key]

    def _take_off(self, key: str) -> None:
        del self._waiting[key]
        self._unfinished.discard(key)
        self._to_compare.discard(key)

    # -- lines of exact values

    def _read_lines(self, connection: Connection, server: ServerRun) -> None:
        """Take in what is new of them; it is sound afterwards unless they do not fit what is known."""
        self.is_sound = False
        self.is_sound = all(self.metrics.take(record) for record in self._new_records(connection, server))

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

    def _read_plain(self, connection: Connection, server: ServerRun, key: str) -> tuple[list[PlainPoint], bool] | None:
        """Give new points under a key, and whether there are more; None where what is known is no beginning of what there is."""
        if self.metrics.is_own(key):
            points = self._read_mixed(connection, server, key)
            return None if points is None else (points, False)
        tail = self._tails.get(key)
        count = 0 if tail is None else tail[1]
        points, token = _read_page(connection, server.run_id, key, _token_of(count - 1))
        if tail is not None:
            if not points or _compared(points[0]) != tail[2]:
                return None
            points = points[1:]
        if points:
            self._tails[key] = (server.latest[key], count + len(points), _compared(points[-1]))
        elif tail is not None:
            self._tails[key] = (server.latest[key], count, tail[2])
        return points, token is not None

    def _read_mixed(self, connection: Connection, server: ServerRun, key: str) -> list[PlainPoint] | None:
        """Do it where both wrote: which points are theirs is known when all are there, so it is read whole."""
        tail = self._tails.get(key)
        points, token = _read_page(connection, server.run_id, key, None)
        while token is not None:
            more, token = _read_page(connection, server.run_id, key, token)
            points += more
        own = self.metrics.own_points(key)
        foreign = [point for point in points if _compared(point) not in own]
        if tail is not None:
            if len(foreign) < tail[1] or (tail[1] and _compared(foreign[tail[1] - 1]) != tail[2]):
                return None
        elif not foreign:
            return []  # ours, and the copy of the latest did not arrive
        latest = server.latest[key]
        last = _compared(foreign[-1]) if foreign else latest
        self._tails[key] = (latest, len(foreign), last)
        return foreign[0 if tail is None else tail[1] :]


def _read_page(connection: Connection, run_id: str, key: str, token: str | None) -> tuple[list[PlainPoint], str | None]:
    """Give a page of a history in the server's order (time, step, value), and the token of the next one."""
    with connection.errors(f"The history of {key!r} of run {run_id} is read"):
        page = connection.tracking.get_metric_history(run_id, key, max_results=HISTORY_PAGE, page_token=token)
    return [PlainPoint(key, float(one.value), int(one.timestamp), int(one.step)) for one in page], page.token or None


def _token_of(place: int) -> str | None:
    """Give what asks for a history from a place in it on."""
    from mlflow.utils.search_utils import SearchUtils

    if place <= 0:
        return None
    token: bytes = SearchUtils.create_page_token(place)
    return token.decode("ascii")


def _compared(point: PlainPoint) -> LatestPoint:
    return to_latest(point.step, point.timestamp_ms, point.value)


def _time_of(record: Record) -> float:
    return record.logged_at if isinstance(record, (Row, Columns)) else record.artifact.written_at
