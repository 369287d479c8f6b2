"""What the axes of a chart show: all there is, or all but a few outliers."""

from __future__ import annotations

import numpy as np

from aml_widgets.widgets.buckets import FloatArray
from aml_widgets.widgets.ticks import axis_range

MIN_TO_CUT = 20
"""Of fewer points none is an outlier."""

_MARGIN = 0.05


def range_of(values: FloatArray, *, is_log: bool, is_padded: bool) -> tuple[float, float] | None:
    """Give the range that holds all finite values, on a logarithmic axis the positive ones; None where there is none."""
    values = values[np.isfinite(values)]
    if not is_log:
        return axis_range(values, is_padded=is_padded) if len(values) else None
    values = values[values > 0]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if low >= high * (1 - 1e-13):
        return low / 2, min(high * 2, 1e308)
    room = (high / low) ** _MARGIN if is_padded and high / low < np.inf else 1.0
    return max(low / room, 5e-324), min(high * room, np.finfo(np.float64).max)


def cut_range(values: FloatArray, *, is_log: bool) -> tuple[float, float] | None:
    """Give the range that nearly all values need; None where there are few, or where nothing would be cut.

    What lies farther from the middle nine tenths than these are wide is an outlier.
    """
    values = values[np.isfinite(values) & ((values > 0) | (not is_log))]
    if len(values) < MIN_TO_CUT:
        return None
    places = np.log10(values) if is_log else values / 4  # the span of the largest floats is beyond them
    low, high = np.percentile(places, [5, 95])
    inside = (places >= low - (high - low)) & (places <= high + (high - low))
    return None if inside.all() else range_of(values[inside], is_log=is_log, is_padded=True)
