"""What is drawn of a metric: pure values between the numbers and whatever draws them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from aml_widgets.core.records import MetricValue
from aml_widgets.widgets.series import FloatArray


def _nothing() -> FloatArray:
    return np.empty(0)


class XKind(str, Enum):
    """What stands on an x axis, and so how its ticks read."""

    STEP = "step"  # whole numbers: steps, rows, counts
    NUMBER = "number"
    RELATIVE = "relative"  # seconds since the run started
    WALL = "wall"  # seconds since the epoch, UTC; read in local time

    __str__ = str.__str__


class ChartForm(str, Enum):
    """How the lines of a chart are drawn."""

    LINES = "lines"
    BARS = "bars"  # one line: x are the edges of the bins, one more than y
    BAND = "band"  # three lines over the same x: middle, lower and upper edge of the band

    __str__ = str.__str__


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n_drawn,)
        NaN in y breaks the line; there, too, x is a number.
    steps, times : ndarray of float64, shape (n_drawn,)
        The step and the moment (seconds since the epoch) of each drawn point, NaN or empty where there is none.
    last : float, int, bool, str or None
        The value written last, whatever it is.
    """

    label: str
    x: FloatArray
    y: FloatArray
    steps: FloatArray = field(default_factory=_nothing)
    times: FloatArray = field(default_factory=_nothing)
    last: MetricValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a chart that was zoomed to, in the units of its axes."""

    x_low: float
    x_high: float
    y_low: float | None = None  # None: what the numbers between x_low and x_high need
    y_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn for one metric.

    Attributes
    ----------
    lines : tuple of Line
        In the order of the legend.
    raw_lines : tuple of Line
        What was logged, behind `lines` when those are smoothed; else empty.
    nan_x, plus_x, minus_x : ndarray of float64
        Where NaN, infinity and minus infinity were logged.
    x_range, y_range : (float, float) or None
        What the axes show; None where there is nothing to show.
    number_count, drawn_count : int
        How many numbers lie behind the longest line, and how many of them are drawn; of a window those in sight. Where some
        lines leave numbers out, it is the longest of these.
    is_exact : bool
        Whether each number in sight is drawn; else the lines are envelopes.
    nonfinite_count, other_count : int
        How many values are NaN or infinite, and how many are no number: they are gaps in the lines.
    undrawn_count : int
        How many integers are beyond 64 bits and lie among what was summed up, so that they are not drawn.
    hidden_count : int
        How many points have no place on the axes: they are not above zero on a logarithmic one, or nothing was known yet of
        the metric that is x. Where lines are envelopes, at least so many.
    cut_count : int
        How many points lie outside of `y_range`, because outliers are cut. Where lines are envelopes, at least so many.
    """

    name: str
    x_label: str
    y_label: str
    x_kind: XKind
    lines: tuple[Line, ...]
    raw_lines: tuple[Line, ...] = ()
    form: ChartForm = ChartForm.LINES
    x_log: bool = False
    y_log: bool = False
    nan_x: FloatArray = field(default_factory=_nothing)
    plus_x: FloatArray = field(default_factory=_nothing)
    minus_x: FloatArray = field(default_factory=_nothing)
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    number_count: int = 0
    drawn_count: int = 0
    is_exact: bool = True
    nonfinite_count: int = 0
    other_count: int = 0
    undrawn_count: int = 0
    hidden_count: int = 0
    cut_count: int = 0
