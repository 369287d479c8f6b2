"""What lies under a window that was zoomed to, finer than the view holds it, read once and kept up with new points."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from aml_widgets.core.records import Bucket
from aml_widgets.widgets.buckets import (
    FIRST_SEQ,
    HIGH_STEP,
    LAST_SEQ,
    LOW_STEP,
    Buckets,
    FloatArray,
    append,
    ends_of,
    from_store,
    starts_of,
)
from aml_widgets.widgets.chart import Window, XKind
from aml_widgets.widgets.series import SeriesState
from aml_widgets.widgets.smoothing import MAX_DETAIL, NOWHERE, Span
from aml_widgets.widgets.x_axes import XAxis

_MAX_STEP = 2**62
_N_NARROWINGS = 4

ReadRange = Callable[[int, int], list[Bucket]]
"""Reads an envelope between two steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """The numbers of one series under a window.

    Attributes
    ----------
    key : tuple
        The window and the axis that it was read for.
    span : Span
        Where it holds all numbers.
    seen_seq : float
        Up to where the series was read.
    """

    key: tuple[object, ...]
    origin: object
    span: Span
    seen_seq: float
    table: Buckets

    def follow(self, series: SeriesState) -> Detail | None:
        """Take in what is new in the series without reading; None where that is not possible."""
        points = series.numbers_after(self.seen_seq) if series.origin is self.origin else None
        if points is None:
            return None
        if not len(points):
            return self
        table = append(self.table, self.span.part_of(points), max_buckets=MAX_DETAIL)
        return replace(self, seen_seq=series.last_seq, table=table)


def key_of(axis: XAxis, window: Window) -> tuple[object, ...]:
    """Say what a detail is kept for."""
    return axis.kind, axis.zero, window.x_low, window.x_high


def read_detail(series: SeriesState, axis: XAxis, window: Window, read: ReadRange) -> Detail | None:
    """Read what lies under a window; None where the view holds no more than that, or no range of steps tells it.

    Up to about a thousand numbers are exact, with some on both sides of the window. Where x is a time, the steps logged in
    it are found in what was read, and read again; where steps go to and fro those may be many, and what is drawn an envelope.
    """
    if series.is_exact or axis.xs is not None:
        return None
    steps = _steps_under(series.buckets, axis, window)
    if steps is None:
        return None
    first, last = steps
    if first <= series.buckets[:, LOW_STEP].min() and last >= series.buckets[:, HIGH_STEP].max():
        return None
    table = from_store(read(first, last))
    if axis.is_time:
        for _ in range(_N_NARROWINGS):
            narrower = _steps_under(table.rows, axis, window)
            if table.is_exact or narrower is None or narrower == (first, last):
                break
            first, last = narrower
            table = from_store(read(first, last))
    times = (window.x_low + axis.zero, window.x_high + axis.zero) if axis.is_time else NOWHERE[2:]
    seen_seq = max(series.last_seq, float(table.rows[:, LAST_SEQ].max(initial=-1.0)))
    if table.is_exact:
        # Some more, so that lines go on to the edges, and there is something to see while it is moved.
        margin = max(1, (last - first) // 10)
        before, after = from_store(read(first - margin, first - 1)), from_store(read(last + 1, last + margin))
        first, last = first - margin, last + margin
        rows = np.concatenate([before.rows, table.rows, after.rows])
        rows = rows[rows[:, LAST_SEQ] <= seen_seq]  # what was written meanwhile comes with the next news
        table = Buckets(rows[np.argsort(rows[:, FIRST_SEQ], kind="stable")], 1)
    return Detail(
        key=key_of(axis, window),
        origin=series.origin,
        span=Span(first, last, *times),
        seen_seq=seen_seq,
        table=table,
    )


def in_sight(rows: FloatArray, axis: XAxis, window: Window | None) -> FloatArray:
    """Give the buckets that lie under a window, wholly or in part."""
    if window is None:
        return rows
    starts, ends = axis.places(starts_of(rows)), axis.places(ends_of(rows))
    lows, highs = np.fmin(starts, ends), np.fmax(starts, ends)
    return rows[(highs >= window.x_low) & (lows <= window.x_high)]


def _steps_under(rows: FloatArray, axis: XAxis, window: Window) -> tuple[int, int] | None:
    if axis.kind is XKind.STEP:
        if not math.isfinite(window.x_low) or not math.isfinite(window.x_high):
            return None
        low, high = math.ceil(window.x_low), math.floor(window.x_high)
        if low > high:  # between two steps
            low, high = high, low
    else:
        inside = in_sight(rows, axis, window)
        if not len(inside):
            return None
        low, high = int(inside[:, LOW_STEP].min()), int(inside[:, HIGH_STEP].max())
    return max(low, -_MAX_STEP), min(high, _MAX_STEP)
