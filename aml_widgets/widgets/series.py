"""One series as a view keeps it: at most about a thousand buckets of consecutive numbers, however many were logged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aml_widgets.core.records import Bucket, MetricHistory, MetricNews, MetricValue

MAX_BUCKETS = 1_000
MAX_KEPT_VALUES = 6

# Columns of the table of buckets, one row per bucket. FIRST and LAST are the values written first and last (NaN where
# that one is not finite), LOW and HIGH the extremes of the finite ones.
_FIRST_SEQ, _LAST_SEQ, _FIRST_STEP, _LAST_STEP, _FIRST, _LAST, _LOW, _HIGH, _COUNT, _NONFINITE = range(10)
_N_COLUMNS = 10

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesState:
    """What is known and drawn of one series.

    Attributes
    ----------
    count : int
        How many points were logged, whatever they are.
    last : float, int, bool, str or None
        The value written last, whatever it is.
    values : tuple
        All values, whatever they are, while they are at most `MAX_KEPT_VALUES`; of longer series none.
    buckets : ndarray of float64, shape (n_buckets, 10)
        Consecutive numbers, summed up; a bucket of one number is that number exactly. Never changed in place.
    bucket_width : int
        How many numbers a full bucket holds.
    """

    count: int = 0
    last: MetricValue = None
    values: tuple[MetricValue, ...] = ()
    buckets: FloatArray = field(default_factory=lambda: np.empty((0, _N_COLUMNS)))
    bucket_width: int = 1

    @property
    def number_count(self) -> int:
        """How many numbers were logged."""
        return int(self.buckets[:, _COUNT].sum())

    @property
    def other_count(self) -> int:
        """How many of the points are no number: text, None and truth values."""
        return self.count - self.number_count

    @property
    def nonfinite_count(self) -> int:
        """How many of the numbers are NaN or infinite."""
        return int(self.buckets[:, _NONFINITE].sum())

    @property
    def is_exact(self) -> bool:
        """Whether each bucket is one number, so that what is drawn is what was logged."""
        return bool((self.buckets[:, _COUNT] <= 1).all())


def advance_series(series: SeriesState | None, news: MetricNews) -> SeriesState:
    """Take in what is new in one series; the cost follows the news, not the history."""
    if series is None or news.is_opening:
        series = SeriesState()
    buckets, width = series.buckets, series.bucket_width
    points = _rows_of_points(news.points)
    if news.buckets:
        buckets = _rows_of_buckets(news.buckets)
        width = max(1, math.ceil(float(np.median(buckets[:, _COUNT]))))
        # Beside buckets the store gives the newest values that it cannot sum up, among them ints beyond 64 bits: those
        # that lie among the buckets have no place after them.
        points = points[points[:, _FIRST_SEQ] > buckets[-1, _LAST_SEQ]]
    buckets, width = _append(buckets, width, points)
    if news.summary is not None:
        count, last = news.summary.count, news.summary.last
    else:
        count, last = series.count + len(news.points), _last_value(news.points, series.last)
    values: tuple[MetricValue, ...] = ()
    if count <= MAX_KEPT_VALUES and len(series.values) + len(news.points) == count:
        values = (*series.values, *news.points.values)
    return SeriesState(count=count, last=last, values=values, buckets=buckets, bucket_width=width)


def outline(series: SeriesState) -> tuple[FloatArray, FloatArray]:
    """Give the line to draw over the step.

    Each bucket gives its lowest and its highest number, so that one spike in a million is seen; the first and the last
    number are always on the line. NaN breaks it.

    Returns
    -------
    steps, values : ndarray of float64, shape (n_drawn,)
        With ``n_drawn <= 2 * n_buckets + 2``.
    """
    return _outline(series.buckets, _FIRST_STEP, _LAST_STEP)


def outline_over(xs: SeriesState, ys: SeriesState) -> tuple[FloatArray, FloatArray]:
    """Give the line to draw where one column of a table is x and another is y.

    Exact while both are; of long tables x is interpolated between what is known of it, at each y's place in the run's order of writing.
    """
    if not len(xs.buckets) or not len(ys.buckets):
        return np.empty(0), np.empty(0)
    if xs.is_exact and ys.is_exact:
        _, in_x, in_y = np.intersect1d(xs.buckets[:, _FIRST_SEQ], ys.buckets[:, _FIRST_SEQ], return_indices=True)
        return xs.buckets[in_x, _FIRST], ys.buckets[in_y, _FIRST]
    seqs, values = _outline(ys.buckets, _FIRST_SEQ, _LAST_SEQ)
    known_at = xs.buckets[:, [_FIRST_SEQ, _LAST_SEQ]].ravel()
    known = xs.buckets[:, [_FIRST, _LAST]].ravel()
    is_known = np.isfinite(known)
    if not is_known.any():
        return np.empty(0), np.empty(0)
    return np.interp(seqs, known_at[is_known], known[is_known]), values


def is_number(value: MetricValue) -> bool:
    """Whether a value is drawn as a number; truth values are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _outline(buckets: FloatArray, start_column: int, end_column: int) -> tuple[FloatArray, FloatArray]:
    if not len(buckets):
        return np.empty(0), np.empty(0)
    is_many = buckets[:, _COUNT] > 1
    # Low first where the bucket rises, high first where it falls: the line then crosses itself least.
    rises = ~(buckets[:, _FIRST] > buckets[:, _LAST])
    places = np.stack([buckets[:, start_column], buckets[:, end_column]], axis=1)
    values = np.stack(
        [
            np.where(is_many, np.where(rises, buckets[:, _LOW], buckets[:, _HIGH]), buckets[:, _FIRST]),
            np.where(rises, buckets[:, _HIGH], buckets[:, _LOW]),
        ],
        axis=1,
    )
    is_drawn = np.stack([np.ones(len(buckets), dtype=bool), is_many], axis=1)
    drawn_places, drawn_values = places[is_drawn], values[is_drawn]
    if is_many[0]:
        drawn_places = np.concatenate([[buckets[0, start_column]], drawn_places])
        drawn_values = np.concatenate([[buckets[0, _FIRST]], drawn_values])
    if is_many[-1]:
        drawn_places = np.concatenate([drawn_places, [buckets[-1, end_column]]])
        drawn_values = np.concatenate([drawn_values, [buckets[-1, _LAST]]])
    return drawn_places, drawn_values


def _rows_of_buckets(buckets: Sequence[Bucket]) -> FloatArray:
    rows = np.array(
        [
            (
                bucket.first_seq,
                bucket.last_seq,
                bucket.first_step,
                bucket.last_step,
                _to_float(bucket.first),
                _to_float(bucket.last),
                _to_float(bucket.low),
                _to_float(bucket.high),
                bucket.count,
                bucket.nonfinite_count,
            )
            for bucket in buckets
        ],
        dtype=np.float64,
    )
    numbers = rows[:, _FIRST : _HIGH + 1]
    numbers[~np.isfinite(numbers)] = np.nan
    # An infinite extreme hides the finite one behind it; what is known of the bucket then is its ends.
    ends = rows[:, [_FIRST, _LAST]]
    rows[:, _LOW] = np.where(np.isnan(rows[:, _LOW]), np.fmin(ends[:, 0], ends[:, 1]), rows[:, _LOW])
    rows[:, _HIGH] = np.where(np.isnan(rows[:, _HIGH]), np.fmax(ends[:, 0], ends[:, 1]), rows[:, _HIGH])
    return rows


def _rows_of_points(points: MetricHistory) -> FloatArray:
    """Make a bucket of each number; what is no number is left out."""
    seqs = np.asarray(points.seqs, dtype=np.float64)
    steps = np.asarray(points.steps, dtype=np.float64)
    if isinstance(points.values, list):
        is_kept = np.fromiter((is_number(value) for value in points.values), dtype=bool, count=len(points.values))
        seqs, steps = seqs[is_kept], steps[is_kept]
        values = np.array([_to_float(value) for value in points.values if is_number(value)], dtype=np.float64)
    else:
        values = np.array(points.values, dtype=np.float64)
    is_finite = np.isfinite(values)
    values[~is_finite] = np.nan
    rows = np.empty((len(values), _N_COLUMNS))
    rows[:, _FIRST_SEQ] = rows[:, _LAST_SEQ] = seqs
    rows[:, _FIRST_STEP] = rows[:, _LAST_STEP] = steps
    for column in (_FIRST, _LAST, _LOW, _HIGH):
        rows[:, column] = values
    rows[:, _COUNT] = 1
    rows[:, _NONFINITE] = ~is_finite
    return rows


def _last_value(points: MetricHistory, otherwise: MetricValue) -> MetricValue:
    return points.values[-1] if len(points) else otherwise


def _append(buckets: FloatArray, width: int, points: FloatArray) -> tuple[FloatArray, int]:
    """Append numbers, and double the width of all buckets as often as there would be too many."""
    while len(buckets) + math.ceil(len(points) / width) > MAX_BUCKETS:
        width *= 2
        buckets = _sum_up(buckets, np.arange(0, len(buckets), 2)) if len(buckets) else buckets
    if not len(points):
        return buckets, width
    room = 0 if not len(buckets) else max(0, width - int(buckets[-1, _COUNT]))
    filling, rest = points[:room], points[room:]
    parts = [buckets]
    if len(filling):
        parts = [buckets[:-1], _sum_up(np.concatenate([buckets[-1:], filling]), np.array([0]))]
    if len(rest):
        parts.append(_sum_up(rest, np.arange(0, len(rest), width)))
    return np.concatenate(parts), width


def _sum_up(rows: FloatArray, starts: NDArray[np.int64]) -> FloatArray:
    """Merge consecutive buckets into groups that begin at the given rows."""
    if len(starts) == len(rows):
        return rows
    ends = np.append(starts[1:], len(rows)) - 1
    merged = np.empty((len(starts), _N_COLUMNS))
    merged[:, [_FIRST_SEQ, _FIRST_STEP, _FIRST]] = rows[starts][:, [_FIRST_SEQ, _FIRST_STEP, _FIRST]]
    merged[:, [_LAST_SEQ, _LAST_STEP, _LAST]] = rows[ends][:, [_LAST_SEQ, _LAST_STEP, _LAST]]
    merged[:, _LOW] = np.fmin.reduceat(rows[:, _LOW], starts)
    merged[:, _HIGH] = np.fmax.reduceat(rows[:, _HIGH], starts)
    merged[:, _COUNT] = np.add.reduceat(rows[:, _COUNT], starts)
    merged[:, _NONFINITE] = np.add.reduceat(rows[:, _NONFINITE], starts)
    return merged


def _to_float(value: MetricValue) -> float:
    """Give the float nearest to a number; infinite where floats end, because ints of any size can be logged."""
    try:
        return float(value)  # type: ignore[arg-type]  # only numbers come here (is_number)
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]  # see above
