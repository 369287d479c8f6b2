"""Consecutive numbers of a series summed up, a row of a table for each bucket: appended to, merged, and drawn."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aml_widgets.core.records import Bucket, MetricHistory, MetricValue

MAX_BUCKETS = 1_000

# Columns of the table, one row per bucket. FIRST and LAST are the values written first and last (NaN where that one is
# not finite), LOW and HIGH the extremes of the finite ones. The last three tell what was seen that is not finite, 0 or 1.
FIRST_SEQ, LAST_SEQ, FIRST_STEP, LAST_STEP, LOW_STEP, HIGH_STEP, FIRST_AT, LAST_AT = range(8)
FIRST, LAST, LOW, HIGH, COUNT, NONFINITE, HAS_NAN, HAS_PLUS, HAS_MINUS = range(8, 17)
N_COLUMNS = 17

_FIRSTS = [FIRST_SEQ, FIRST_STEP, FIRST_AT, FIRST]
_LASTS = [LAST_SEQ, LAST_STEP, LAST_AT, LAST]
_FLAGS = [HAS_NAN, HAS_PLUS, HAS_MINUS]

# Columns of a table of points, one row per number as it was logged.
SEQ, STEP, AT, VALUE = range(4)

FloatArray = NDArray[np.float64]


class Buckets(NamedTuple):
    """A table of buckets.

    Attributes
    ----------
    rows : ndarray of float64, shape (n_buckets, 17)
        In the order of writing; a bucket of one number is that number exactly. Never changed in place.
    width : int
        How many numbers a full bucket holds.
    """

    rows: FloatArray
    width: int

    @property
    def is_exact(self) -> bool:
        """Whether each bucket is one number, so that what is drawn is what was logged."""
        return bool((self.rows[:, COUNT] <= 1).all())


EMPTY = Buckets(np.empty((0, N_COLUMNS)), 1)
NO_POINTS: FloatArray = np.empty((0, 4))


def points_of(history: MetricHistory) -> FloatArray:
    """Give the numbers of a history as a table of points; what is no number is left out."""
    seqs, steps = _floats(history.seqs), _floats(history.steps)
    times = np.asarray(history.times, dtype=np.float64)
    if isinstance(history.values, list):
        is_kept = np.fromiter((is_number(value) for value in history.values), dtype=bool, count=len(history.values))
        seqs, steps, times = seqs[is_kept], steps[is_kept], times[is_kept]
        values = np.array([_to_float(value) for value in history.values if is_number(value)], dtype=np.float64)
    else:
        values = np.asarray(history.values, dtype=np.float64)
    points = np.empty((len(values), 4))
    points[:, SEQ], points[:, STEP], points[:, AT], points[:, VALUE] = seqs, steps, times, values
    return points


def from_store(buckets: Sequence[Bucket]) -> Buckets:
    """Make the table of what a store gives."""
    if not buckets:
        return EMPTY
    facts = np.fromiter(chain.from_iterable(buckets), dtype=np.float64, count=len(buckets) * 16).reshape(-1, 16)
    rows = np.empty((len(buckets), N_COLUMNS))
    rows[:, COUNT] = facts[:, 0]
    rows[:, FIRST_SEQ : LAST_AT + 1] = facts[:, 1:9]  # in the same order there
    numbers = facts[:, 9:13]
    numbers[~np.isfinite(numbers)] = np.nan
    rows[:, FIRST : HIGH + 1] = numbers  # and these
    rows[:, NONFINITE] = facts[:, 13:].sum(axis=1)
    rows[:, _FLAGS] = facts[:, 13:] > 0
    return Buckets(rows, max(1, math.ceil(float(np.median(rows[:, COUNT])))))


def append(buckets: Buckets, points: FloatArray, *, max_buckets: int = MAX_BUCKETS) -> Buckets:
    """Append numbers, and double the width of all buckets as often as there would be too many."""
    rows, width = buckets
    while len(rows) + math.ceil(len(points) / width) > max_buckets:
        width *= 2
        rows = _merge(rows, np.arange(0, len(rows), 2)) if len(rows) else rows
    if not len(points):
        return Buckets(rows, width)
    room = 0 if not len(rows) else max(0, width - int(rows[-1, COUNT]))
    filling, rest = points[:room], points[room:]
    parts = [rows]
    if len(filling):
        parts = [rows[:-1], _merge(np.concatenate([rows[-1:], _sum_up(filling, len(filling))]), np.array([0]))]
    if len(rest):
        parts.append(_sum_up(rest, width))
    return Buckets(np.concatenate(parts), width)


def corners(rows: FloatArray) -> FloatArray:
    """Give the points of the line that shows some buckets, as a table of points.

    Each bucket gives its lowest and its highest number, so that one spike in a million is seen; the first and the last
    number are always on the line. NaN breaks it.

    Returns
    -------
    ndarray of float64, shape (n_drawn, 4)
        With ``n_drawn <= 2 * n_buckets + 2``. Each lies at the first or the last place of its bucket.
    """
    if not len(rows):
        return NO_POINTS
    is_many = rows[:, COUNT] > 1
    if not is_many.any():
        return rows[:, _FIRSTS]
    # Low first where the bucket rises, high first where it falls: the line then crosses itself least.
    rises = ~(rows[:, FIRST] > rows[:, LAST])
    both = np.empty((len(rows), 2, 4))
    both[:, 0], both[:, 1] = rows[:, _FIRSTS], rows[:, _LASTS]
    both[:, 0, VALUE] = np.where(is_many, np.where(rises, rows[:, LOW], rows[:, HIGH]), rows[:, FIRST])
    both[:, 1, VALUE] = np.where(rises, rows[:, HIGH], rows[:, LOW])
    is_drawn = np.stack([np.ones(len(rows), dtype=bool), is_many], axis=1)
    drawn: FloatArray = both[is_drawn]
    before = rows[:1][:, _FIRSTS] if is_many[0] else NO_POINTS
    after = rows[-1:][:, _LASTS] if is_many[-1] else NO_POINTS
    return np.concatenate([before, drawn, after])


def starts_of(rows: FloatArray) -> FloatArray:
    """Give the first point of each bucket, as a table of points."""
    return rows[:, _FIRSTS]


def ends_of(rows: FloatArray) -> FloatArray:
    """Give the last point of each bucket, as a table of points."""
    return rows[:, _LASTS]


def middles(rows: FloatArray) -> FloatArray:
    """Give the place of each bucket as a table of points without values: of a single number its own."""
    middle = np.full((len(rows), 4), np.nan)
    middle[:, :VALUE] = (rows[:, _FIRSTS[:VALUE]] + rows[:, _LASTS[:VALUE]]) / 2
    return middle


def put_into(overview: FloatArray, detail: FloatArray) -> FloatArray:
    """Replace the buckets of an overview by finer ones where there are some.

    Of a bucket that is replaced only in part, its first and its last number stay.
    """
    if not len(detail) or not len(overview):
        return detail if len(detail) else overview
    firsts, lasts = detail[:, FIRST_SEQ], detail[:, LAST_SEQ]

    def is_touched(from_seqs: FloatArray, to_seqs: FloatArray) -> NDArray[np.bool_]:
        place = np.searchsorted(firsts, to_seqs, side="right") - 1
        return (place >= 0) & (lasts[np.maximum(place, 0)] >= from_seqs)

    replaced = is_touched(overview[:, FIRST_SEQ], overview[:, LAST_SEQ])
    ends = _sum_up(np.concatenate([overview[replaced][:, _FIRSTS], overview[replaced][:, _LASTS]]), 1)
    ends = ends[~is_touched(ends[:, FIRST_SEQ], ends[:, LAST_SEQ])]
    _, once = np.unique(ends[:, FIRST_SEQ], return_index=True)
    merged = np.concatenate([overview[~replaced], ends[once], detail])
    return merged[np.argsort(merged[:, FIRST_SEQ], kind="stable")]


def is_number(value: MetricValue) -> bool:
    """Whether a value is drawn as a number; truth values are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _sum_up(points: FloatArray, width: int) -> FloatArray:
    """Make buckets of points, so many in each."""
    values = points[:, VALUE]
    is_finite = np.isfinite(values)
    finite = values if is_finite.all() else np.where(is_finite, values, np.nan)
    starts = np.arange(0, len(points), width)
    ends = np.minimum(starts + width, len(points)) - 1
    rows = np.empty((len(starts), N_COLUMNS))
    rows[:, _FIRSTS], rows[:, _LASTS] = points[starts], points[ends]
    rows[:, FIRST], rows[:, LAST] = finite[starts], finite[ends]
    rows[:, LOW_STEP] = np.minimum.reduceat(points[:, STEP], starts) if len(starts) else 0
    rows[:, HIGH_STEP] = np.maximum.reduceat(points[:, STEP], starts) if len(starts) else 0
    rows[:, LOW] = np.fmin.reduceat(finite, starts) if len(starts) else 0
    rows[:, HIGH] = np.fmax.reduceat(finite, starts) if len(starts) else 0
    rows[:, COUNT] = ends - starts + 1
    rows[:, NONFINITE:] = 0
    if finite is not values:
        rows[:, NONFINITE] = np.add.reduceat(~is_finite, starts, dtype=np.int64)
        seen = (np.isnan(values), values == np.inf, values == -np.inf)
        for flag, is_seen in zip(_FLAGS, seen, strict=True):
            rows[:, flag] = np.logical_or.reduceat(is_seen, starts)
    return rows


def _merge(rows: FloatArray, starts: NDArray[np.int64]) -> FloatArray:
    """Merge consecutive buckets into groups that begin at the given rows."""
    if len(starts) == len(rows):
        return rows
    ends = np.append(starts[1:], len(rows)) - 1
    merged = np.empty((len(starts), N_COLUMNS))
    merged[:, _FIRSTS] = rows[starts][:, _FIRSTS]
    merged[:, _LASTS] = rows[ends][:, _LASTS]
    merged[:, LOW_STEP] = np.minimum.reduceat(rows[:, LOW_STEP], starts)
    merged[:, HIGH_STEP] = np.maximum.reduceat(rows[:, HIGH_STEP], starts)
    merged[:, LOW] = np.fmin.reduceat(rows[:, LOW], starts)
    merged[:, HIGH] = np.fmax.reduceat(rows[:, HIGH], starts)
    merged[:, COUNT] = np.add.reduceat(rows[:, COUNT], starts)
    merged[:, NONFINITE] = np.add.reduceat(rows[:, NONFINITE], starts)
    merged[:, HAS_NAN:] = np.maximum.reduceat(rows[:, HAS_NAN:], starts, axis=0)
    return merged


def _floats(places: range | array[int]) -> FloatArray:
    if isinstance(places, range):  # which NumPy would read number by number
        return np.arange(places.start, places.stop, places.step, dtype=np.float64)
    return np.asarray(places, dtype=np.float64)


def _to_float(value: MetricValue) -> float:
    """Give the float nearest to a number; infinite where floats end, because ints of any size can be logged."""
    try:
        return float(value)  # type: ignore[arg-type]  # only numbers come here (is_number)
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]  # see above
