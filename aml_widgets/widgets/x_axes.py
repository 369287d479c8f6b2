"""Where a point lies on the x axis that was chosen: at its step, its time, or the value of another metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aml_widgets.core.records import MetricKind
from aml_widgets.widgets.buckets import AT, FIRST, FIRST_SEQ, FIRST_STEP, SEQ, STEP, FloatArray
from aml_widgets.widgets.chart import XKind
from aml_widgets.widgets.series import SeriesState, interpolate
from aml_widgets.widgets.settings import X_METRIC, X_RELATIVE, X_WALL
from aml_widgets.widgets.view_state import MetricState, ViewState


@dataclass(frozen=True, slots=True, kw_only=True)
class XAxis:
    """One choice of x.

    Attributes
    ----------
    zero : float
        Seconds since the epoch that are 0 on the axis.
    xs : SeriesState or None
        The other series whose values are x.
    is_rows : bool
        Whether that is a column of the same table, joined by row.
    """

    kind: XKind
    label: str
    zero: float = 0.0
    xs: SeriesState | None = None
    is_rows: bool = False

    @property
    def is_time(self) -> bool:
        """Whether x is a time."""
        return self.kind in (XKind.RELATIVE, XKind.WALL)

    def places(self, points: FloatArray) -> FloatArray:
        """Give the x of each of a table of points, NaN where it has none."""
        if self.xs is not None:
            return _values_at(self.xs, points, by_row=self.is_rows)
        return points[:, AT] - self.zero if self.is_time else points[:, STEP]


def axis_of(metric: MetricState, state: ViewState, x: str) -> XAxis:
    """Give the axis for what the user chose. Where the metric that is to be x has no numbers, it is the step."""
    is_row = metric.kind is MetricKind.ROW
    if x == X_WALL:
        return XAxis(kind=XKind.WALL, label="time")
    if x == X_RELATIVE:
        return XAxis(kind=XKind.RELATIVE, label="time since start", zero=_started_at(metric, state))
    if x.startswith(X_METRIC) and not is_row:
        name = x[len(X_METRIC) :]
        other = state.metrics.get(name)
        xs = other.columns.get(None) if other is not None and other.kind is MetricKind.SCALAR else None
        if xs is not None and xs.number_count:
            return XAxis(kind=XKind.NUMBER, label=name, xs=xs)
    return XAxis(kind=XKind.STEP, label="row" if is_row else "step")


def _started_at(metric: MetricState, state: ViewState) -> float:
    if state.run is not None:
        return state.run.started_at if state.run.started_at is not None else state.run.created_at
    times = [series.buckets[0, AT] for series in metric.columns.values() if len(series.buckets)]
    return float(min(times, default=0.0))


def _values_at(xs: SeriesState, points: FloatArray, *, by_row: bool) -> FloatArray:
    """Give the value of a series that belongs to each point of another.

    That is the one of the same row; or the one logged at the same step, else the newest that was written before. Of a long
    series it is interpolated in the order of writing, between what is known of it.
    """
    if not xs.is_exact:
        return interpolate(xs, points[:, SEQ])
    known = xs.buckets[np.isfinite(xs.buckets[:, FIRST])]
    if not len(known):
        return np.full(len(points), np.nan)
    before = np.searchsorted(known[:, FIRST_SEQ], points[:, SEQ], side="right") - 1
    has_value = before >= 0
    if by_row:
        has_value &= known[before, FIRST_SEQ] == points[:, SEQ]
    found = np.where(has_value, known[before, FIRST], np.nan)
    if not by_row:
        order = np.argsort(known[:, FIRST_STEP], kind="stable")
        steps = known[order, FIRST_STEP]
        place = np.searchsorted(steps, points[:, STEP], side="right") - 1  # of several at one step, that written last
        is_same = (place >= 0) & (steps[place] == points[:, STEP])
        found[is_same] = known[order[place[is_same]], FIRST]
    return found
