"""What was logged to a run on a server, read back: lines of exact values, and points that other programs logged to MLflow."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aml_widgets.core.records import ArtifactRecord, MetricKey, MetricKind
from aml_widgets.store.memory.run_metrics import RunMetrics
from aml_widgets.store.memory.series import Series
from aml_widgets.store.mlflow.entities import LatestPoint, to_latest
from aml_widgets.store.mlflow.exact_values import Columns, File, Record, Row
from aml_widgets.store.mlflow.plain_points import PlainPoint, to_plain_point, to_plain_points
from aml_widgets.store.mlflow.point_order import OrderedPoint, PointOrder, to_ordered


class Claim(NamedTuple):
    """A point of ours that was taken for another program's: its key, and its place among the points of other programs there."""

    key: str
    place: int


class ServerMetrics(RunMetrics):
    """The metrics of a run, in the order in which they were heard of.

    Attributes
    ----------
    files : dict
        The files that were made known among the lines, by their paths.
    """

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, ArtifactRecord] = {}
        self._own_latest: dict[str, LatestPoint] = {}
        self._own: dict[str, PointOrder] = {}  # of metrics that both wrote to
        self._own_ends: dict[
            str, tuple[int, OrderedPoint]
        ] = {}  # count and last of those that came in the server's order
        self._plain: dict[str, PointOrder] = {}
        self._plain_seqs: dict[str, array[int]] = {}  # of the same points

    # -- our own points

    def take(self, record: Record) -> list[Claim]:
        """Append what a line says. Gives those of its points that were taken for another program's."""
        if isinstance(record, File):
            self.files[record.artifact.path] = record.artifact
            return []
        if isinstance(record, Row):
            self._take_row(record)
        else:
            self._take_columns(record)
        claims = []
        for point in to_plain_points(record):
            latest = to_latest(point.step, point.timestamp_ms, point.value)
            known = self._own_latest.get(point.key)
            self._own_latest[point.key] = latest if known is None else max(known, latest)
            ordered = to_ordered(point)
            self._note_own_end(point.key, ordered, is_first=known is None)
            if point.key in self._own:
                self._own[point.key].add(ordered)
            if point.key in self._plain:
                place = self._plain[point.key].find(ordered)
                if place is not None:
                    claims.append(Claim(point.key, place))
        return claims

    def is_own(self, key: str) -> bool:
        """Say whether there are points of ours under a key."""
        return key in self._own_latest

    def is_own_latest(self, key: str, latest: LatestPoint) -> bool:
        """Say whether the latest point that a server tells of is one of ours, if not the newest: those on their way are known before."""
        own_latest = self._own_latest.get(key)
        if own_latest is None or latest > own_latest:
            return False
        return latest == own_latest or any(
            to_latest(point.step, point.timestamp_ms, point.value) == latest for point in self._iterate_own_back(key)
        )

    def _note_own_end(self, key: str, point: OrderedPoint, *, is_first: bool) -> None:
        end = self._own_ends.get(key)
        if is_first:
            self._own_ends[key] = (1, point)
        elif end is not None and point > end[1]:
            self._own_ends[key] = (end[0] + 1, point)
        elif end is not None and point < end[1]:
            del self._own_ends[key]

    def own_end(self, key: str) -> tuple[int, OrderedPoint]:
        """Give how many points of ours MLflow is given under a key, each of them once, and the last in its order."""
        end = self._own_ends.get(key)
        if end is not None:
            return end
        own = self.own_order(key)
        return len(own), own[-1]

    def own_order(self, key: str) -> PointOrder:
        """Give all our own points that MLflow is given under a key, each of them once."""
        if key not in self._own:
            order = PointOrder()
            for point in sorted({to_ordered(point) for point in self._iterate_own_back(key)}):
                order.append(point)
            self._own[key] = order
        return self._own[key]

    def _iterate_own_back(self, key: str) -> Iterator[PlainPoint]:
        plain_seqs = self._plain_seqs.get(key, ())
        left = len(plain_seqs) - 1
        for seq, step, value, logged_at in self.find(MetricKey(key)).iterate_back():
            if left >= 0 and plain_seqs[left] == seq:
                left -= 1
                continue
            point = to_plain_point(key, value, step, logged_at)
            if point is not None:
                yield point

    # -- points of other programs

    def take_plain(self, key: str, points: Iterable[PlainPoint]) -> None:
        """Append points of other programs under a key, in the server's order."""
        count = len(self._series)
        for point in points:
            self._seq += 1
            series = self._open(MetricKey(key), MetricKind.SCALAR)
            series.append(self._seq, point.step, point.value, point.timestamp_ms / 1_000)
            self._plain.setdefault(key, PointOrder()).append(to_ordered(point))
            self._plain_seqs.setdefault(key, array("q")).append(self._seq)
        if len(self._series) > count and len(self._series) == len(self._plain):
            # Which of them was asked for first says nothing; that of one's own lines, the lines say.
            self._series = dict(sorted(self._series.items(), key=lambda item: item[1].begins_at))

    def count_plain(self, key: str) -> int:
        """Count the points of other programs under a key."""
        return len(self._plain.get(key, ()))

    def plain_point(self, key: str, place: int) -> OrderedPoint:
        """Give one of them."""
        return self._plain[key][place]

    def cut_plain(self, key: str, count: int) -> None:
        """Forget the points of other programs under a key but for the first ones; ours stay."""
        seqs = self._plain_seqs[key]
        gone = seqs[count:]
        self._plain[key].cut(count)
        del seqs[count:]
        before = self._series[MetricKey(key)]
        series = Series(before.key, before.kind)
        series.logged_seq = before.logged_seq
        history = before.history()
        for seq, step, value, logged_at in zip(history.seqs, history.steps, history.values, history.times, strict=True):
            place = bisect_left(gone, seq)
            if place == len(gone) or gone[place] != seq:
                series.append(seq, step, value, logged_at)
        self._series[before.key] = series

    def sort_by_time(self, key: str) -> bool:
        """Put what both logged under a key into the order of the times; say whether it was not.

        Our points are heard of before those of other programs, so that whoever begins to read finds theirs behind all of ours. Ours stay in
        the order of the calls, whatever their times.
        """
        before = self._series[MetricKey(key)]
        history = before.history()
        plain_seqs = set(self._plain_seqs[key])
        reached = -math.inf
        ordered_by = []
        for seq, logged_at in zip(history.seqs, history.times, strict=True):
            if seq in plain_seqs:
                ordered_by.append(logged_at)
            else:
                reached = max(reached, logged_at)
                ordered_by.append(reached)
        places = sorted(range(len(history)), key=ordered_by.__getitem__)
        if places == list(range(len(history))):
            return False
        series = Series(before.key, before.kind)
        series.logged_seq = before.logged_seq
        self._plain_seqs[key] = array("q")
        for seq, place in zip(history.seqs, places, strict=True):
            series.append(seq, history.steps[place], history.values[place], history.times[place])
            if history.seqs[place] in plain_seqs:
                self._plain_seqs[key].append(seq)
        self._series[before.key] = series
        return True

    # -- lines

    def _take_row(self, row: Row) -> None:
        self._seq += 1
        for (name, value), step in zip(row.values.items(), row.steps, strict=True):
            self._open(MetricKey(name), MetricKind.SCALAR).append(self._seq, step, value, row.logged_at)

    def _take_columns(self, record: Columns) -> None:
        if record.description:
            self._descriptions[record.name] = record.description
        count = 0
        for column in record.columns:
            count = max(count, len(column.values))
            series = self._open(MetricKey(record.name, column.name), record.kind)
            for place, value in enumerate(column.values):
                series.append(self._seq + place + 1, column.first_step + place, value, record.logged_at)
        self._seq += max(count, 1)  # an empty metric takes a place as well
        for column in record.columns:
            self._series[MetricKey(record.name, column.name)].logged_seq = self._seq
