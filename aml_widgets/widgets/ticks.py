"""Ranges of axes and how their numbers are written, for the live charts and the static ones."""

from __future__ import annotations

import math
import sys
from decimal import Decimal
from itertools import pairwise

import numpy as np

from aml_widgets.widgets.series import FloatArray

_PADDING = 0.05
_PREFIXES = ("y", "z", "a", "f", "p", "n", "\N{MICRO SIGN}", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y")
_MAX = sys.float_info.max


def axis_range(values: FloatArray, *, is_padded: bool) -> tuple[float, float]:
    """Give the range of an axis that holds all finite values, never an empty one.

    Parameters
    ----------
    values : ndarray of float64
        NaN is passed over.
    is_padded : bool
        Whether to leave a little room at both ends.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    # Halved first, because the span of the largest floats is beyond them.
    half = high / 2 - low / 2
    if half <= abs(high) * 1e-13:  # nothing that an axis could resolve
        half = max(abs(high) * 0.05, 0.5 if abs(high) < 1e-300 else 0.0)
        return max(low - half, -_MAX), min(high + half, _MAX)
    if is_padded:
        margin = 2 * half * _PADDING if half < 8e307 else 0.0
        return max(low - margin, -_MAX), min(high + margin, _MAX)
    return low, high


def tick_values(low: float, high: float, *, max_ticks: int = 6, is_whole: bool = False) -> list[float]:
    """Give round numbers within a range, whole ones only where `is_whole` says so."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low, high] if low < high else [low]
    rough = max(span / max_ticks, 1.0 if is_whole else 0.0)
    magnitude = 10.0 ** math.floor(math.log10(rough)) if rough > 1e-300 else rough
    factors = (1, 2, 5, 10, 20) if is_whole and magnitude < 10 else (1, 2, 2.5, 5, 10, 20)
    step = next(factor * magnitude for factor in factors if factor * magnitude >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    if last - first > 2 * max_ticks:  # the range lies so far from zero that floats hardly tell its ends apart
        return [low, high]
    return [place * step for place in range(first, last + 1)] or [low, high]


def tick_label(value: float, d3_format: str) -> str:
    """Write a tick as d3 would in one of the formats that `tick_format` gives."""
    digits, kind = int(d3_format.strip(",.~rse")), d3_format[-1]
    if not value:
        return "0"
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    rounded = Decimal(f"{abs(value):.{digits if kind == 'e' else digits - 1}e}")
    if kind == "e":
        return f"{sign}{_trimmed(rounded.scaleb(-rounded.adjusted()))}e{rounded.adjusted():+}"
    if kind == "s":
        thousands = max(-8, min(8, rounded.adjusted() // 3))
        return f"{sign}{_trimmed(rounded.scaleb(-3 * thousands))}{_PREFIXES[thousands + 8]}"
    return sign + _trimmed(rounded)


def _trimmed(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def tick_format(values: list[float]) -> str:
    """Give the d3 format that tells neighbouring ticks apart and writes them shortly."""
    values = [value for value in values if math.isfinite(value)]
    largest = max(map(abs, values), default=0.0)
    if not largest:
        return ".2~r"
    steps = [abs(after / 2 - before / 2) * 2 for before, after in pairwise(values) if before != after]
    step = max(min(*steps, largest, _MAX), largest * 1e-12)  # the span of the largest floats is beyond them
    exponent = math.floor(math.log10(step) + 1e-9)
    leading = step / 10.0**exponent if exponent > -300 else 1.0
    is_halved = abs(leading - round(leading)) > 1e-6
    digits = min(12, max(2, math.floor(math.log10(largest)) - exponent + 1 + is_halved))
    if largest >= 1e15 or largest < 1e-3:
        return f".{digits - 1}~e"
    if largest >= 1e5:
        return f".{digits}~s"
    return f",.{digits}~r"
