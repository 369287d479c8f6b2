"""The curves of v1's documents: what is drawn of an accuracy table, of residuals and of predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from aml_widgets.widgets.chart import Chart, ChartForm, Line, XKind
from aml_widgets.widgets.documents import Predictions, Residuals, ThresholdTables, divide, middles_of
from aml_widgets.widgets.series import FloatArray
from aml_widgets.widgets.text import count_text, number_text

MICRO, MACRO = "micro average", "macro average"

_TP, _FP, _TN, _FN = range(4)
_UNIT = (0.0, 1.0)
_N_GRID = 201
_MOST = 8e307  # no range goes farther, so that its span is a float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One class, or an average of all, as a curve with the area below it.

    Attributes
    ----------
    area : float
        NaN where nothing is known of the class: no example of it, or nothing but examples of it.
    """

    label: str
    x: FloatArray
    y: FloatArray
    area: float
    is_average: bool = False


def roc_curves(tables: ThresholdTables, labels: Sequence[str]) -> list[Curve]:
    """Give the true positive rate over the false positive rate: averages first, then each class.

    The area is that of trapezoids. Thresholds beyond the first and the last one would accept all or nothing, so each curve
    goes from (0, 0) to (1, 1).
    """
    curves = [_roc_curve(label, counts) for label, counts in zip(labels, tables.counts, strict=True)]
    return [*_micro(tables, _roc_curve), *_macro(curves, _mean_roc), *curves]


def precision_recall_curves(tables: ThresholdTables, labels: Sequence[str]) -> list[Curve]:
    """Give the precision over the recall: averages first, then each class.

    The area is the average precision: each precision weighs as much as the recall grows there. Thresholds at which nothing was
    accepted have no precision, and are left out.
    """
    curves = [_precision_recall_curve(label, counts) for label, counts in zip(labels, tables.counts, strict=True)]
    return [*_micro(tables, _precision_recall_curve), *_macro(curves, _mean_precision), *curves]


def roc_chart(name: str, curves: Sequence[Curve]) -> Chart:
    """Draw ROC curves, over the diagonal that guessing would give."""
    chance = Line(label="chance", x=np.array(_UNIT), y=np.array(_UNIT))
    return _unit_chart(name, "false positive rate", "true positive rate", curves, (chance,))


def precision_recall_chart(name: str, curves: Sequence[Curve]) -> Chart:
    """Draw curves of precision over recall."""
    return _unit_chart(name, "recall", "precision", curves, ())


def residuals_chart(name: str, residuals: Residuals) -> Chart:
    """Draw a histogram of residuals."""
    counts = np.where(np.isfinite(residuals.counts), residuals.counts, 0.0)
    highest = float(counts.max(initial=0.0))
    return Chart(
        name=name,
        x_label="residual",
        y_label="count",
        x_kind=XKind.NUMBER,
        form=ChartForm.BARS,
        lines=(Line(label="count", x=residuals.edges, y=counts),),
        x_range=_wide(float(residuals.edges[0]), float(residuals.edges[-1])),
        y_range=(0.0, highest * 1.05 or 1.0),
        number_count=len(counts),
        drawn_count=len(counts),
    )


def predictions_chart(name: str, predictions: Predictions) -> Chart:
    """Draw what was predicted over the true value, with a band of its error and the diagonal of a perfect prediction."""
    x, middle = predictions.centres, predictions.averages
    errors = np.abs(predictions.errors)
    with np.errstate(over="ignore"):
        lower, upper = middle - errors, middle + errors
    ends = predictions.edges[[0, -1]]
    seen = np.concatenate([lower, upper, middle, ends])
    seen = seen[np.isfinite(seen)]
    low, high = _wide(float(seen.min()), float(seen.max()))
    room = (high - low) * 0.03
    return Chart(
        name=name,
        x_label="true value",
        y_label="predicted",
        x_kind=XKind.NUMBER,
        form=ChartForm.BAND,
        lines=(
            Line(label="mean prediction", x=x, y=middle),
            Line(label="lower", x=x, y=lower),
            Line(label="upper", x=x, y=upper),
        ),
        raw_lines=(Line(label="perfect", x=ends, y=ends),),
        x_range=_wide(float(ends[0]), float(ends[1])),
        y_range=_wide(low - room, high + room),
        number_count=len(x),
        drawn_count=len(x),
        nonfinite_count=int((~np.isfinite(middle)).sum()),
    )


def residuals_text(residuals: Residuals) -> str:
    """Say how many residuals there are, and about where."""
    known = np.where(np.isfinite(residuals.counts), residuals.counts, 0.0)
    total = float(known.sum())
    middles = middles_of(residuals.edges)
    notes = [f"{number_text(round(total, 3))} residuals in {count_text(len(known), 'bin', 'bins')}"]
    if total > 0:
        weights = known / total
        mean = float((weights * middles).sum())
        with np.errstate(over="ignore"):
            spread = float(np.sqrt((weights * (middles - mean) ** 2).sum()))
        about = f" \N{PLUS-MINUS SIGN} {spread:.3g}" if np.isfinite(spread) else ""
        notes.append(f"about {mean:.3g}{about}")
    return ", ".join(notes)


def predictions_text(predictions: Predictions) -> str:
    """Say how many predictions there are, and what the chart shows of them."""
    counts = predictions.counts[np.isfinite(predictions.counts)]
    total = number_text(round(float(counts.sum()), 3))
    notes = [f"{total} predictions in {count_text(len(predictions.counts), 'bin', 'bins')} of the true value"]
    if len(counts):
        low, high = (number_text(round(float(one), 3)) for one in (counts.min(), counts.max()))
        notes.append(f"{low} to {high} a bin" if low != high else f"{low} a bin")
    notes.append("band: mean \N{PLUS-MINUS SIGN} error; straight line: a perfect prediction")
    return "; ".join(notes)


def _unit_chart(name: str, x_label: str, y_label: str, curves: Sequence[Curve], behind: tuple[Line, ...]) -> Chart:
    drawn = max((len(curve.x) for curve in curves), default=0)
    return Chart(
        name=name,
        x_label=x_label,
        y_label=y_label,
        x_kind=XKind.NUMBER,
        lines=tuple(Line(label=curve.label, x=curve.x, y=curve.y, last=curve.area) for curve in curves),
        raw_lines=behind,
        x_range=_UNIT,
        y_range=(0.0, 1.02),  # a curve along the top edge would be cut in half
        number_count=drawn,
        drawn_count=drawn,
    )


def _roc_curve(label: str, counts: FloatArray) -> Curve:
    x = divide(counts[:, _FP], counts[:, _FP] + counts[:, _TN])
    y = divide(counts[:, _TP], counts[:, _TP] + counts[:, _FN])
    is_known = np.isfinite(x) & np.isfinite(y)
    if not is_known.any():
        return Curve(label=label, x=np.empty(0), y=np.empty(0), area=float("nan"))
    x, y = np.concatenate([[0.0], x[is_known], [1.0]]), np.concatenate([[0.0], y[is_known], [1.0]])
    order = np.lexsort((y, x))
    x, y = _without_repeats(x[order], y[order])
    return Curve(label=label, x=x, y=y, area=_trapezoids(x, y))


def _precision_recall_curve(label: str, counts: FloatArray) -> Curve:
    recall = divide(counts[:, _TP], counts[:, _TP] + counts[:, _FN])
    precision = divide(counts[:, _TP], counts[:, _TP] + counts[:, _FP])
    is_known = np.isfinite(recall) & np.isfinite(precision)
    if not is_known.any():
        return Curve(label=label, x=np.empty(0), y=np.empty(0), area=float("nan"))
    order = np.lexsort((-precision[is_known], recall[is_known]))
    x, y = _without_repeats(recall[is_known][order], precision[is_known][order])
    area = float((np.diff(x, prepend=0.0) * y).sum())
    return Curve(label=label, x=x, y=y, area=area)


def _micro(tables: ThresholdTables, make: Callable[[str, FloatArray], Curve]) -> list[Curve]:
    """Take all classes as one; only where there are several, over the same thresholds."""
    if len(tables.counts) < 2 or len({len(counts) for counts in tables.counts}) > 1:
        return []
    return [replace(make(MICRO, np.sum(np.stack(tables.counts), axis=0)), is_average=True)]


def _macro(curves: Sequence[Curve], mean: Callable[[Sequence[Curve]], tuple[FloatArray, FloatArray]]) -> list[Curve]:
    """Take the mean of all classes of which something is known."""
    known = [curve for curve in curves if len(curve.x)]
    if len(known) < 2:
        return []
    x, y = mean(known)
    area = float(np.mean([curve.area for curve in known]))
    return [Curve(label=MACRO, x=x, y=y, area=area, is_average=True)]


def _mean_roc(curves: Sequence[Curve]) -> tuple[FloatArray, FloatArray]:
    x = np.unique(np.concatenate([curve.x for curve in curves]))
    if len(x) > 5 * _N_GRID:
        x = np.linspace(0, 1, _N_GRID)
    y = np.mean([np.interp(x, curve.x, curve.y) for curve in curves], axis=0)
    # At its left edge a curve rises straight up, and interpolation gives the top of that.
    return np.concatenate([[0.0], x]), np.concatenate([[0.0], y])


def _mean_precision(curves: Sequence[Curve]) -> tuple[FloatArray, FloatArray]:
    x = np.linspace(0, 1, _N_GRID)
    columns = np.stack([np.interp(x, curve.x, curve.y, right=np.nan) for curve in curves])
    is_known = np.isfinite(columns)
    count = is_known.sum(axis=0)
    y = divide(np.where(is_known, columns, 0.0).sum(axis=0), count.astype(np.float64))
    return x[count > 0], y[count > 0]


def _without_repeats(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    is_new = np.ones(len(x), dtype=bool)
    is_new[1:] = (np.diff(x) != 0) | (np.diff(y) != 0)
    return x[is_new], y[is_new]


def _trapezoids(x: FloatArray, y: FloatArray) -> float:
    return float((np.diff(x) * (y[1:] + y[:-1]) / 2).sum())


def _wide(low: float, high: float) -> tuple[float, float]:
    """Give a range that has a width, and an end: what lies beyond is drawn at its edge."""
    low, high = (min(max(end, -_MOST), _MOST) for end in (low, high))
    if high > low:
        return low, high
    room = abs(low) / 2 or 0.5
    return max(low - room, -_MOST), min(high + room, _MOST)
