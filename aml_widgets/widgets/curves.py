"""What to draw of a metric: its lines over the x axis that was chosen, smoothed, thinned and cut as asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from aml_widgets.core.records import Bucket, MetricHistory, MetricKind, MetricValue
from aml_widgets.widgets.buckets import (
    AT,
    COUNT,
    EMPTY,
    FIRST,
    HAS_MINUS,
    HAS_NAN,
    HAS_PLUS,
    HIGH,
    HIGH_STEP,
    LAST,
    LOW,
    LOW_STEP,
    NONFINITE,
    SEQ,
    STEP,
    VALUE,
    FloatArray,
    corners,
    middles,
    points_of,
    put_into,
)
from aml_widgets.widgets.chart import Chart, Line, Window, XKind
from aml_widgets.widgets.ranges import cut_range, range_of
from aml_widgets.widgets.series import SeriesState
from aml_widgets.widgets.settings import X_STEP
from aml_widgets.widgets.smoothing import SmoothedSeries, clamp, start_mean
from aml_widgets.widgets.text import count_text
from aml_widgets.widgets.view_state import MetricState, ViewState
from aml_widgets.widgets.x_axes import XAxis, axis_of
from aml_widgets.widgets.zoomed import Detail, in_sight, key_of, read_detail


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLook:
    """How the user wants charts drawn; the fields are those of `ViewSettings`."""

    x: str = X_STEP
    x_log: bool = False
    y_log: bool = False
    smoothing: float = 0.0
    cuts_outliers: bool = False


class HistoryReader(Protocol):
    """Reads more of a run's metrics than the view holds. What it raises goes to whoever draws."""

    def read_history(self, name: str, column: str | None) -> MetricHistory:
        """Read all points of a series."""
        ...

    def read_envelope(
        self, name: str, column: str | None, *, first_step: int | None, last_step: int | None
    ) -> list[Bucket]:
        """Sum up the numbers of a series between two steps in at most about a thousand buckets."""
        ...


class CurveMemory:
    """What one card keeps between draws, so that a refresh costs what is new. Created empty; nobody else looks inside."""

    def __init__(self) -> None:
        self.smoothed: dict[str | None, SmoothedSeries] = {}
        self.details: dict[str | None, Detail] = {}


_AS_LOGGED = ChartLook()
_MOMENT_SECONDS = 1e-3  # what was logged within less was logged at one time


def draw_metric(
    metric: MetricState,
    state: ViewState,
    look: ChartLook = _AS_LOGGED,
    *,
    window: Window | None = None,
    memory: CurveMemory | None = None,
    reader: HistoryReader | None = None,
) -> Chart:
    """Say what to draw for a metric that is charted.

    Rows and tables with two numeric columns are drawn as the second over the first, without smoothing; with another number
    of them, each is a line over the row, or the time. Other metrics are one line, over what `look` says.

    Parameters
    ----------
    metric : MetricState
        What to draw.
    state : ViewState
        Of the same view: knows when the run started, and the metric that is x.
    look : ChartLook, optional
        What the user chose.
    window : Window, optional
        What was zoomed to. Up to 1,000 numbers in it are drawn exactly.
    memory : CurveMemory, optional
        What the last draw kept. With it a draw reads only what it cannot know: for a window that is new, and for a long
        series that was not smoothed like that before.
    reader : HistoryReader, optional
        Without it, what the view holds is drawn: long series are not smoothed, and are envelopes also when zoomed.
    """
    memory = memory if memory is not None else CurveMemory()
    numeric = {column: series for column, series in metric.columns.items() if series.number_count}
    if metric.kind is MetricKind.ROW and len(numeric) == 2:
        (x_name, xs), (y_name, ys) = numeric.items()
        axis = XAxis(kind=XKind.NUMBER, label=x_name or "", xs=xs, is_rows=True)
        curve = _curve(y_name or "", ys.buckets, ys, axis, look)
        return _chart(metric, look, axis, [curve], [], window, y_label=y_name or "")
    axis = axis_of(metric, state, look.x)
    smoothing = clamp(look.smoothing)
    curves, smoothed = [], []
    for column, series in numeric.items():
        source = _Source(metric.name, column, series, memory, reader)
        detail = source.detail(axis, window or _beginning(series, axis, look))
        rows = series.buckets if detail is None else put_into(series.buckets, detail.table.rows)
        curves.append(_curve(column or metric.name, rows, series, axis, look))
        if smoothing:
            mean = source.smoothed(smoothing, detail)
            if mean is not None:
                rows = put_into(mean.overview.rows, mean.detail.rows if detail is not None else EMPTY.rows)
            smoothed.append(_curve(column or metric.name, rows, series, axis, look))
    y_label = curves[0].line.label if metric.kind is MetricKind.ROW and len(curves) == 1 else ""
    return _chart(metric, look, axis, curves, smoothed, window, y_label=y_label)


def reads_all(metric: MetricState, look: ChartLook, memory: CurveMemory) -> bool:
    """Whether to draw a metric takes long, because each of its many points is to be read and smoothed."""
    smoothing = clamp(look.smoothing)
    if not smoothing or metric.kind is MetricKind.ROW:
        return False
    for column, series in metric.columns.items():
        if series.number_count and series.numbers_after(-1) is None:
            kept = memory.smoothed.get(column)
            if kept is None or kept.origin is not series.origin or kept.mean.smoothing != smoothing:
                return True
    return False


def chart_of(metric: MetricState) -> Chart:
    """Say what to draw for a metric where there is nothing to choose: in the static view."""
    return draw_metric(metric, ViewState(run_id=""))


def notes_of(chart: Chart) -> list[str]:
    """Say what a chart does not show as it was logged."""
    notes = []
    at_least = "" if chart.is_exact else "at least "
    if chart.drawn_count < chart.number_count:
        notes.append(
            f"{chart.drawn_count:,} of {count_text(chart.number_count, 'point', 'points')}: "
            "the lowest and highest of each stretch"
        )
    elif not chart.is_exact:
        notes.append("places on the x axis are approximate")  # the metric that is x is long itself
    if chart.nonfinite_count:
        kinds = {"NaN": chart.nan_x, "\N{INFINITY}": chart.plus_x, "\N{MINUS SIGN}\N{INFINITY}": chart.minus_x}
        if sum(map(len, kinds.values())) == chart.nonfinite_count:
            told = [f"{len(x):,} \N{MULTIPLICATION SIGN} {kind}" for kind, x in kinds.items() if len(x)]
            notes.append(f"logged as no finite number: {', '.join(told)}")
        else:
            notes.append(f"{count_text(chart.nonfinite_count, 'value is', 'values are')} NaN or infinite")
    if chart.undrawn_count:
        count = count_text(chart.undrawn_count, "integer", "integers")
        notes.append(f"{count} beyond 64 bits {'is' if chart.undrawn_count == 1 else 'are'} not drawn")
    if chart.other_count:
        notes.append(f"{count_text(chart.other_count, 'value is', 'values are')} no number")
    if chart.hidden_count:
        notes.append(f"{at_least}{count_text(chart.hidden_count, 'point has', 'points have')} no place on the axes")
    if chart.cut_count:
        notes.append(f"{at_least}{count_text(chart.cut_count, 'outlier lies', 'outliers lie')} outside")
    return notes


class _Curve(NamedTuple):
    """One line, what it is made of, and how many of its points have no place on the axes."""

    line: Line
    rows: FloatArray
    series: SeriesState
    hidden_count: int = 0


class _Source(NamedTuple):
    """Where more is known of one series than the view holds: what was kept, and what can be read."""

    name: str
    column: str | None
    series: SeriesState
    memory: CurveMemory
    reader: HistoryReader | None

    def detail(self, axis: XAxis, window: Window | None) -> Detail | None:
        """Give what lies under a window, if it is finer than what the view holds."""
        if window is None:
            return None
        kept = self.memory.details.pop(self.column, None)
        detail = kept.follow(self.series) if kept is not None and kept.key == key_of(axis, window) else None
        if detail is None and self.reader is not None:
            detail = read_detail(self.series, axis, window, self._read_range)
        if detail is not None:
            self.memory.details[self.column] = detail
        return detail

    def smoothed(self, smoothing: float, detail: Detail | None) -> SmoothedSeries | None:
        """Give the smoothed series, in detail where there is a window; None where it cannot be known."""
        series = self.series
        kept = self.memory.smoothed.get(self.column)
        if (
            kept is not None
            and kept.origin is series.origin
            and kept.mean.smoothing == smoothing
            and (detail is None or kept.span == detail.span)
        ):
            points = series.numbers_after(kept.last_seq)
            if points is not None:
                self.memory.smoothed[self.column] = found = kept.extend(points)
                return found
        points = series.numbers_after(-1)
        if points is None:
            if self.reader is None:
                return None
            points = points_of(self.reader.read_history(self.name, self.column))
            points = points[: np.searchsorted(points[:, SEQ], series.last_seq, side="right")]
        found = SmoothedSeries(origin=series.origin, mean=start_mean(smoothing, points))
        if detail is not None:
            found = replace(found, span=detail.span)
        self.memory.smoothed[self.column] = found = found.extend(points)
        return found

    def _read_range(self, first_step: int, last_step: int) -> list[Bucket]:
        assert self.reader is not None
        return self.reader.read_envelope(self.name, self.column, first_step=first_step, last_step=last_step)


def _beginning(series: SeriesState, axis: XAxis, look: ChartLook) -> Window | None:
    """Give the part of a long series that needs more detail without being zoomed to: a logarithmic axis draws it wide."""
    if not look.x_log or axis.kind is not XKind.STEP or series.is_exact:
        return None
    return Window(x_low=float(series.buckets[0, LOW_STEP]), x_high=float(series.buckets[0, HIGH_STEP]))


def _curve(label: str, rows: FloatArray, series: SeriesState, axis: XAxis, look: ChartLook) -> _Curve:
    hidden_count = 0
    if look.y_log:
        rows, hidden_count = _lifted(rows)
    points = corners(rows)
    x = _places(points, axis, look)
    # A bucket may be drawn with several points at one place, of which only one was logged there.
    hidden_count += len(np.unique(points[np.isnan(x) & np.isfinite(points[:, VALUE]), SEQ]))
    return _Curve(_line(label, x, points, series.last), rows, series, hidden_count)


def _line(label: str, x: FloatArray, points: FloatArray, last: MetricValue) -> Line:
    """Make a line in which what has no x is a gap between its neighbours, or missing at the ends.

    An x that is NaN would not break the drawn line, but spoil all of it.
    """
    has_place = np.isfinite(x)
    y = points[:, VALUE]
    if not has_place.all():
        (known,) = has_place.nonzero()
        part = slice(known[0], known[-1] + 1) if len(known) else slice(0)
        before = np.maximum.accumulate(np.where(has_place, np.arange(len(x)), 0))
        x, y, points = x[before][part], np.where(has_place, y, np.nan)[part], points[part]
    return Line(label=label, x=x, y=y, steps=points[:, STEP], times=points[:, AT], last=last)


def _places(points: FloatArray, axis: XAxis, look: ChartLook) -> FloatArray:
    """Give the x of points, NaN where the axis has no place for them."""
    x = axis.places(points)
    return np.where(x > 0, x, np.nan) if _is_x_log(axis, look) else x


def _is_x_log(axis: XAxis, look: ChartLook) -> bool:
    return look.x_log and axis.kind is not XKind.WALL  # all times of day lie within one millionth of a decade


def _lifted(rows: FloatArray) -> tuple[FloatArray, int]:
    """Leave out of buckets what has no place on a logarithmic y axis; say how many numbers that are at least."""
    is_low = rows[:, LOW] <= 0
    if not is_low.any():
        return rows, 0
    is_part = (rows[:, COUNT] > 1) & (rows[:, HIGH] > 0)
    hidden_count = int(np.where(is_part, 1, rows[:, COUNT] - rows[:, NONFINITE])[is_low].sum())
    rows = rows.copy()
    numbers = rows[:, [FIRST, LAST, HIGH]]
    numbers[~(numbers > 0)] = np.nan
    rows[:, [FIRST, LAST, HIGH]] = numbers
    rows[is_low, LOW] = np.fmin.reduce(numbers, axis=1)[is_low]
    return rows, hidden_count


def _chart(
    metric: MetricState,
    look: ChartLook,
    axis: XAxis,
    curves: Sequence[_Curve],
    smoothed: Sequence[_Curve],
    window: Window | None,
    *,
    y_label: str,
) -> Chart:
    is_x_log = _is_x_log(axis, look)
    lines = [curve.line for curve in (*curves, *smoothed)]
    shown = [in_sight(curve.rows, axis, window) for curve in curves]
    counts = [int(rows[:, COUNT].sum()) for rows in shown]
    drawn = [_drawn_count(rows) for rows in shown]
    longest = max(range(len(curves)), key=lambda place: (drawn[place] < counts[place], counts[place]), default=None)
    if window is None:
        x = _joined([line.x for line in lines])
        x_range = range_of(x, is_log=is_x_log, is_padded=False)
        if axis.kind in (XKind.WALL, XKind.RELATIVE) and not is_x_log and np.isfinite(x).any():
            low, high = float(np.nanmin(x)), float(np.nanmax(x))
            if high - low < _MOMENT_SECONDS:
                x_range = low - 0.5, low + 0.5
    else:
        x_range = window.x_low, window.x_high
    y = _y_in_sight(lines, window)
    if not np.isfinite(y).any():
        y = _joined([line.y for line in lines])
    y_range, cut_count = None, 0
    if window is not None and window.y_low is not None and window.y_high is not None:
        y_range = window.y_low, window.y_high
    else:
        y_range = cut_range(y, is_log=look.y_log) if look.cuts_outliers else None
        if y_range is not None:
            logged = _y_in_sight([curve.line for curve in curves], window)
            cut_count = int(((logged < y_range[0]) | (logged > y_range[1])).sum())
        else:
            y_range = range_of(y, is_log=look.y_log, is_padded=True)
    return Chart(
        name=metric.name,
        x_label=axis.label,
        y_label=y_label,
        x_kind=axis.kind,
        lines=tuple(curve.line for curve in smoothed or curves),
        raw_lines=tuple(curve.line for curve in curves) if smoothed else (),
        x_log=is_x_log,
        y_log=look.y_log,
        nan_x=_marks(curves, axis, look, HAS_NAN),
        plus_x=_marks(curves, axis, look, HAS_PLUS),
        minus_x=_marks(curves, axis, look, HAS_MINUS),
        x_range=x_range,
        y_range=y_range,
        number_count=0 if longest is None else counts[longest],
        drawn_count=0 if longest is None else drawn[longest],
        is_exact=drawn == counts and (axis.xs is None or axis.xs.is_exact),
        nonfinite_count=sum(series.nonfinite_count for series in metric.columns.values()),
        other_count=sum(series.other_count for series in metric.columns.values() if series.number_count),
        undrawn_count=sum(series.undrawn_count for series in metric.columns.values()),
        hidden_count=sum(curve.hidden_count for curve in curves),
        cut_count=cut_count,
    )


def _drawn_count(rows: FloatArray) -> int:
    """Say how many of the numbers in some buckets are drawn.

    Two in a bucket are where their values were logged; of more, the lowest and the highest are, though at its ends.
    """
    counts = rows[:, COUNT]
    pairs = rows[counts == 2]
    falls = pairs[:, FIRST] > pairs[:, LAST]
    starts, ends = np.where(falls, pairs[:, [HIGH, LOW]].T, pairs[:, [LOW, HIGH]].T)
    n_of_pairs = int((starts == pairs[:, FIRST]).sum() + (ends == pairs[:, LAST]).sum())
    many = rows[counts > 2]
    n_finite = many[:, COUNT] - many[:, NONFINITE]
    return int((counts == 1).sum()) + n_of_pairs + int(np.minimum(n_finite, 2).sum())


def _y_in_sight(lines: Sequence[Line], window: Window | None) -> FloatArray:
    if window is None:
        return _joined([line.y for line in lines])
    return _joined([line.y[(line.x >= window.x_low) & (line.x <= window.x_high)] for line in lines])


def _joined(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.empty(0)


def _marks(curves: Sequence[_Curve], axis: XAxis, look: ChartLook, flag: int) -> FloatArray:
    """Give where something that is not finite was logged: exactly where numbers are drawn one by one."""
    parts = [_places(middles(curve.rows[curve.rows[:, flag] > 0]), axis, look) for curve in curves]
    x = _joined(parts)
    return x[np.isfinite(x)]
