"""One series as a view keeps it: a bounded picture of all its numbers, and the newest of its points as they were logged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from aml_widgets.core.records import MetricHistory, MetricKind, MetricNews, MetricValue
from aml_widgets.widgets.buckets import (
    COUNT,
    EMPTY,
    FIRST,
    FIRST_SEQ,
    LAST,
    LAST_SEQ,
    LAST_STEP,
    MAX_BUCKETS,
    NO_POINTS,
    NONFINITE,
    SEQ,
    Buckets,
    FloatArray,
    append,
    from_store,
    is_number,
    points_of,
)

__all__ = [
    "MAX_BUCKETS",
    "MAX_KEPT_VALUES",
    "MAX_NEWEST",
    "MAX_TAIL",
    "FloatArray",
    "NewestValues",
    "SeriesState",
    "advance_series",
    "interpolate",
    "is_number",
]

MAX_KEPT_VALUES = 6
MAX_TAIL = 2_000
MAX_NEWEST = 500


class NewestValues(NamedTuple):
    """The values written last, whatever they are, in the order of writing; nothing between them is left out."""

    seqs: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()
    times: tuple[float, ...] = ()
    values: tuple[MetricValue, ...] = ()


_NO_VALUES = NewestValues()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """What is known and drawn of one series. Its size does not grow beyond a bound, however much is logged.

    Attributes
    ----------
    count : int
        How many points were logged, whatever they are.
    last : float, int, bool, str or None
        The value written last, whatever it is.
    table : Buckets
        All numbers, summed up in at most `MAX_BUCKETS` buckets.
    tail : ndarray of float64, shape (n_points, 4)
        The newest numbers as they were logged, at most `MAX_TAIL`: seq, step, time and value, NaN and infinities too.
    tail_after : float
        All numbers with a greater seq are in the tail; -1 where that is all there are.
    undrawn_count : int
        How many numbers are in no bucket: integers beyond 64 bits, which the store of a long series does not sum up.
    newest : NewestValues
        The newest values, at most `MAX_NEWEST`. Empty for a scalar that is nothing but numbers, once it is longer. After
        an opening of a long series of numbers it has only what came since: the store gives no points then.
    origin : object
        The same for all states that follow from one opening, so that others know whether what they keep still holds.
    """

    count: int = 0
    last: MetricValue = None
    table: Buckets = EMPTY
    tail: FloatArray = field(default_factory=lambda: NO_POINTS)
    tail_after: float = -1.0
    undrawn_count: int = 0
    newest: NewestValues = _NO_VALUES
    origin: object = field(default_factory=object, compare=False)

    @property
    def buckets(self) -> FloatArray:
        """The rows of the table of buckets."""
        return self.table.rows

    @property
    def values(self) -> tuple[MetricValue, ...]:
        """All values, whatever they are, while they are at most `MAX_KEPT_VALUES`; of longer series none."""
        is_all = self.count <= MAX_KEPT_VALUES and len(self.newest.values) == self.count
        return self.newest.values if is_all else ()

    @property
    def number_count(self) -> int:
        """How many numbers were logged, drawn or not."""
        return int(self.buckets[:, COUNT].sum()) + self.undrawn_count

    @property
    def other_count(self) -> int:
        """How many of the points are no number: text, None and truth values."""
        return self.count - self.number_count

    @property
    def nonfinite_count(self) -> int:
        """How many of the numbers are NaN or infinite."""
        return int(self.buckets[:, NONFINITE].sum())

    @property
    def last_step(self) -> int | None:
        """The step of the number written last, None where there is none."""
        return int(self.buckets[-1, LAST_STEP]) if len(self.buckets) else None

    @property
    def last_seq(self) -> float:
        """The seq of the number written last, -1 where there is none."""
        return float(self.buckets[-1, LAST_SEQ]) if len(self.buckets) else -1.0

    @property
    def is_exact(self) -> bool:
        """Whether each bucket is one number, so that what is drawn is what was logged."""
        return self.table.is_exact

    def numbers_after(self, seq: float) -> FloatArray | None:
        """Give the numbers written after a seq as a table of points, None where they are not all in the tail."""
        if seq < self.tail_after:
            return None
        return self.tail[np.searchsorted(self.tail[:, SEQ], seq, side="right") :]


def advance_series(series: SeriesState | None, news: MetricNews) -> SeriesState:
    """Take in what is new in one series; the cost follows the news, not the history."""
    if series is None or news.is_opening:
        series = SeriesState()
    table, tail, tail_after, newest = series.table, series.tail, series.tail_after, series.newest
    undrawn_count = series.undrawn_count
    points = points_of(news.points)
    values = news.points
    if news.buckets:
        table = from_store(news.buckets)
        tail, tail_after, newest = NO_POINTS, float(table.rows[-1, LAST_SEQ]), _NO_VALUES
        # Beside buckets the store gives the newest values that it cannot sum up, among them ints beyond 64 bits: those
        # that lie among the buckets have no place after them.
        undrawn_count = int((points[:, SEQ] <= tail_after).sum())
        points = points[points[:, SEQ] > tail_after]
        values = _after(values, tail_after)
    table = append(table, points)
    tail = np.concatenate([tail, points[-MAX_TAIL:]]) if len(points) else tail
    if len(points) > MAX_TAIL or len(tail) > MAX_TAIL:
        dropped = points[-MAX_TAIL - 1] if len(points) > MAX_TAIL else tail[-MAX_TAIL - 1]
        tail, tail_after = tail[-MAX_TAIL:].copy(), float(dropped[SEQ])  # a copy, lest a view keeps all of it
    if news.summary is not None:
        count, last = news.summary.count, news.summary.last
        n_unread = count - sum(bucket.count for bucket in news.buckets) - len(news.points)
        if n_unread > 0 and _is_all_big(news.points):  # then the older ones, which the store does not give, are big too
            undrawn_count += n_unread
            tail_after = max(tail_after, float(news.points.seqs[0]) - 1)
    else:
        count, last = series.count + len(news.points), _last_value(news.points, series.last)
    is_plain = news.kind is MetricKind.SCALAR and count > MAX_NEWEST and count == int(table.rows[:, COUNT].sum())
    newest = _NO_VALUES if is_plain else _append_values(newest, values)
    return SeriesState(
        count=count,
        last=last,
        table=table,
        tail=tail,
        tail_after=tail_after,
        undrawn_count=undrawn_count,
        newest=newest,
        origin=series.origin,
    )


def interpolate(xs: SeriesState, seqs: FloatArray) -> FloatArray:
    """Give the value of a series at places in the order of writing, between those that are known; NaN where none is."""
    known_at = xs.buckets[:, [FIRST_SEQ, LAST_SEQ]].ravel()
    known = xs.buckets[:, [FIRST, LAST]].ravel()
    is_known = np.isfinite(known)
    if not is_known.any():
        return np.full(len(seqs), np.nan)
    return np.interp(seqs, known_at[is_known], known[is_known])


def _append_values(newest: NewestValues, points: MetricHistory) -> NewestValues:
    if not len(points):
        return newest
    parts = (points.seqs, points.steps, points.times, points.values)
    return NewestValues(
        *((*before, *part[-MAX_NEWEST:])[-MAX_NEWEST:] for before, part in zip(newest, parts, strict=True))
    )


def _after(points: MetricHistory, seq: float) -> MetricHistory:
    """Give the points written after a seq."""
    start = int(np.searchsorted(np.asarray(points.seqs), seq, side="right"))
    return MetricHistory(
        seqs=points.seqs[start:], steps=points.steps[start:], values=points.values[start:], times=points.times[start:]
    )


def _is_all_big(points: MetricHistory) -> bool:
    """Whether all points are integers beyond 64 bits, and there are some."""
    return len(points) > 0 and all(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in points.values)


def _last_value(points: MetricHistory, otherwise: MetricValue) -> MetricValue:
    return points.values[-1] if len(points) else otherwise
