"""Charts as small SVG pictures, for places where no widget lives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from aml_widgets.widgets.chart import Chart, ChartForm, Line, XKind
from aml_widgets.widgets.series import FloatArray
from aml_widgets.widgets.text import escape
from aml_widgets.widgets.ticks import axis_range, tick_format, tick_label, tick_values

WIDTH, HEIGHT = 320, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 8, 26
# Read on white and on black, because a picture knows nothing of the theme around it.
COLOURS = ("#2f81d6", "#e0701a", "#1f9d74", "#c45a9f", "#a08416", "#3aa7c9", "#8467d7", "#808080")
_INK = "#808080"
_WARN = "#d9534f"
_MAX_BARS = 120
_MARK_WIDTH = 6
MAX_LINES = 24
# As in the style sheet of the live view: no two lines of a chart look the same.
_DASHES = ("", "70 40", "20 30")


def picture_of(chart: Chart, *, max_points: int = 160) -> str:
    """Draw a chart as SVG without script, style sheet or reference to anything outside.

    Parameters
    ----------
    chart : Chart
        What to draw; of many lines the first `MAX_LINES`.
    max_points : int, optional
        The most points of a line; of more, the lowest and highest of neighbours are kept.
    """
    is_band, is_bars = chart.form is ChartForm.BAND, chart.form is ChartForm.BARS
    lines = chart.lines[: 1 if is_band or is_bars else MAX_LINES]
    every = (*chart.lines[:MAX_LINES], *chart.raw_lines[:MAX_LINES])
    x_low, x_high = chart.x_range or _range([line.x for line in every], is_padded=False)
    y_low, y_high = chart.y_range or _range([line.y for line in every], is_padded=True)
    across = _Scale(x_low, x_high, _LEFT, WIDTH - _RIGHT, is_log=chart.x_log)
    up = _Scale(y_low, y_high, HEIGHT - _BOTTOM, _TOP, is_log=chart.y_log)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="10" fill="{_INK}">']
    y_ticks = tick_values(y_low, y_high, max_ticks=5)
    x_ticks = tick_values(x_low, x_high, max_ticks=4, is_whole=chart.x_kind is XKind.STEP)
    y_format, x_format = tick_format(y_ticks), tick_format(x_ticks)
    for value, y in zip(y_ticks, up(np.array(y_ticks)), strict=True):
        parts.append(
            f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="{_INK}" stroke-opacity=".25"/>'
            f'<text x="{_LEFT - 5}" y="{y + 3:.1f}" text-anchor="end">{escape(tick_label(value, y_format))}</text>'
        )
    parts.extend(
        f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 14}" text-anchor="middle">{escape(tick_label(value, x_format))}</text>'
        for value, x in zip(x_ticks, across(np.array(x_ticks)), strict=True)
    )
    parts.append(f'<path d="M{_LEFT} {HEIGHT - _BOTTOM}H{WIDTH - _RIGHT}" stroke="{_INK}"/>')
    max_points = max(24, min(max_points, 2_560 // max(1, len(every))))  # many lines share the room that eight have
    behind = ' stroke-dasharray="40 30"'
    parts.extend(_line_of(line, across, up, max_points, _INK, behind) for line in chart.raw_lines[:MAX_LINES])
    if is_bars:
        parts.extend(_bars_of(line, across, up) for line in lines)
        lines = ()
    if is_band:
        parts.append(_band_of(chart.lines, across, up))
    for place, line in enumerate(lines):
        colour, dash = COLOURS[place % len(COLOURS)], _DASHES[place // len(COLOURS)]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(_line_of(line, across, up, max_points, colour, dashed))
    parts.append(_marks_of(chart, across))
    return "".join(parts) + "</svg>"


class _Scale(NamedTuple):
    """From numbers to places in the picture. What lies outside of the range is drawn at its edge."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def __call__(self, values: FloatArray) -> FloatArray:
        low, high = self.low, self.high
        if self.is_log:
            values = np.log10(np.where(values > 0, values, np.nan))
            low, high = math.log10(low), math.log10(high)
        # Divided first: the span of the largest floats is beyond them.
        shares = (values / 2 - low / 2) / (high / 2 - low / 2)
        return self.start + np.clip(shares, 0, 1) * (self.end - self.start)


def _range(parts: Sequence[FloatArray], *, is_padded: bool) -> tuple[float, float]:
    return axis_range(np.concatenate([np.empty(0), *parts]), is_padded=is_padded)


def _line_of(line: Line, across: _Scale, up: _Scale, max_points: int, colour: str, dashed: str) -> str:
    x, y = _thin(line.x, line.y, max_points)
    path, dots = _draw(across(x), up(y))
    return (
        f'<path d="{path}" transform="scale(.1)" fill="none" stroke="{colour}" stroke-width="16" '
        f'stroke-linejoin="round"{dashed}/>'
        + "".join(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="2" fill="{colour}"/>' for px, py in dots)
    )


def _bars_of(line: Line, across: _Scale, up: _Scale) -> str:
    """Draw a histogram as one outline: from bin to bin, down to zero where one is not known."""
    edges = across(line.x)
    n_bars = min(len(line.y), len(edges) - 1)
    group = -(-n_bars // _MAX_BARS)
    if n_bars <= 0:
        return ""
    starts = np.arange(0, n_bars, group)
    tops = up(np.maximum.reduceat(np.nan_to_num(line.y[:n_bars]), starts))
    lefts = edges[starts]
    rights = np.append(edges[starts[1:]], edges[n_bars])
    floor = float(up(np.zeros(1))[0])
    bars = "".join(
        f"M{left:.1f} {floor:.1f}V{top:.1f}H{right:.1f}V{floor:.1f}"
        for left, top, right in zip(lefts, tops, rights, strict=True)
    )
    return f'<path d="{bars}" fill="{COLOURS[0]}" fill-opacity=".6" stroke="{COLOURS[0]}" stroke-width=".6"/>'


def _band_of(lines: Sequence[Line], across: _Scale, up: _Scale) -> str:
    """Draw what lies between the second line and the third."""
    if len(lines) < 3:
        return ""
    lower, upper = lines[1], lines[2]
    is_known = np.isfinite(lower.x) & np.isfinite(lower.y) & np.isfinite(upper.y)
    chosen = np.flatnonzero(is_known)
    chosen = chosen[:: -(-len(chosen) // _MAX_BARS) or 1]
    x, below, above = across(lower.x)[chosen], up(lower.y)[chosen], up(upper.y)[chosen]
    edge = [*zip(x, above, strict=True), *zip(x[::-1], below[::-1], strict=True)]
    if not edge:
        return ""
    outline = "L".join(f"{px:.1f} {py:.1f}" for px, py in edge)
    return f'<path d="M{outline}Z" fill="{COLOURS[0]}" fill-opacity=".22"/>'


def _marks_of(chart: Chart, across: _Scale) -> str:
    """Mark on the edges where something that is not finite was logged: infinities where they point to, NaN as crosses."""
    base, top = HEIGHT - _BOTTOM, _TOP
    crosses = "".join(f"M{x - 2.5:.1f} {base - 5.5}l5 5m0 -5l-5 5" for x in _thinned_marks(chart.nan_x, across))
    ups = "".join(f"M{x - 3:.1f} {top + 5}h6l-3 -5z" for x in _thinned_marks(chart.plus_x, across))
    downs = "".join(f"M{x - 3:.1f} {base - 5}h6l-3 5z" for x in _thinned_marks(chart.minus_x, across))
    marks = f'<path d="{crosses}" fill="none" stroke="{_WARN}" stroke-width="1.2"/>' if crosses else ""
    return marks + (f'<path d="{ups}{downs}" fill="{_WARN}"/>' if ups or downs else "")


def _thinned_marks(places: FloatArray, across: _Scale) -> list[float]:
    """Give where to draw marks, not closer to each other than they are wide."""
    inside = places[(places >= across.low) & (places <= across.high)]
    x = np.unique(across(inside) // _MARK_WIDTH, return_index=True)[1]
    return sorted(across(inside)[x].tolist())


def _thin(x: FloatArray, y: FloatArray, max_points: int) -> tuple[FloatArray, FloatArray]:
    if len(x) <= max_points:
        return x, y
    group = -(-len(x) // (max_points // 2))
    keep: list[int] = [0]
    for start in range(0, len(x), group):
        part = y[start : start + group]
        if np.isnan(part).all():
            keep.append(start)
            continue
        keep.extend(sorted({start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}))
    keep.append(len(x) - 1)
    chosen = np.unique(keep)
    return x[chosen], y[chosen]


def _draw(x: FloatArray, y: FloatArray) -> tuple[str, list[tuple[float, float]]]:
    """Give the path of a line, which NaN breaks, and the points that stand alone."""
    strokes: list[list[tuple[float, float]]] = [[]]
    for point in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(point[0]) or math.isnan(point[1]):
            strokes.append([])
        else:
            strokes[-1].append(point)
    path = "".join(_stroke(stroke) for stroke in strokes if len(stroke) > 1)
    return path, [stroke[0] for stroke in strokes if len(stroke) == 1]


def _stroke(points: list[tuple[float, float]]) -> str:
    """Write a line by the steps from point to point, in tenths of a pixel: half as long as their places."""
    places = [(round(x * 10), round(y * 10)) for x, y in points]
    (x, y), steps = places[0], []
    for before, after in pairwise(places):
        right, down = after[0] - before[0], after[1] - before[1]
        steps.append(f"{right}{'' if down < 0 else ' '}{down}")
    # The space that a minus takes the place of is not needed between the steps either.
    joined = "".join(step if step.startswith("-") or not place else f" {step}" for place, step in enumerate(steps))
    return f"M{x} {y}l{joined}"
