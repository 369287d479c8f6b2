"""Charts as small SVG pictures, for places where no widget lives."""

from __future__ import annotations

import math

import numpy as np

from aml_widgets.widgets.series import FloatArray
from aml_widgets.widgets.text import escape
from aml_widgets.widgets.ticks import axis_range, tick_format, tick_label, tick_values
from aml_widgets.widgets.view_state import Chart

WIDTH, HEIGHT = 320, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 8, 26
# Read on white and on black, because a picture knows nothing of the theme around it.
COLOURS = ("#2f81d6", "#e0701a", "#1f9d74", "#c45a9f", "#a08416", "#3aa7c9", "#8467d7", "#808080")
_INK = "#808080"
MAX_LINES = 24
# As in the style sheet of the live view: no two lines of a chart look the same.
_DASHES = ("", "7 4", "2 3")


def picture_of(chart: Chart, *, max_points: int = 160) -> str:
    """Draw a chart as SVG without script, style sheet or reference to anything outside.

    Parameters
    ----------
    chart : Chart
        What to draw; of many lines the first `MAX_LINES`.
    max_points : int, optional
        The most points of a line; of more, the lowest and highest of neighbours are kept.
    """
    lines = chart.lines[:MAX_LINES]
    x_low, x_high = axis_range(np.concatenate([line.x for line in lines]), is_padded=False)
    y_low, y_high = axis_range(np.concatenate([line.y for line in lines]), is_padded=True)
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="10" fill="{_INK}">']
    y_ticks = tick_values(y_low, y_high, max_ticks=5)
    x_ticks = tick_values(x_low, x_high, max_ticks=4, is_whole=chart.x_is_whole)
    y_format, x_format = tick_format(y_ticks), tick_format(x_ticks)
    for value in y_ticks:
        y = _place(np.array([value]), y_low, y_high, HEIGHT - _BOTTOM, _TOP)[0]
        parts.append(
            f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="{_INK}" stroke-opacity=".25"/>'
            f'<text x="{_LEFT - 5}" y="{y + 3:.1f}" text-anchor="end">{escape(tick_label(value, y_format))}</text>'
        )
    for value in x_ticks:
        x = _place(np.array([value]), x_low, x_high, _LEFT, WIDTH - _RIGHT)[0]
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - _BOTTOM + 14}" text-anchor="middle">{escape(tick_label(value, x_format))}</text>'
        )
    parts.append(f'<path d="M{_LEFT} {HEIGHT - _BOTTOM}H{WIDTH - _RIGHT}" stroke="{_INK}"/>')
    max_points = max(24, min(max_points, 1_280 // len(lines)))  # many lines share the room that eight have
    for place, line in enumerate(lines):
        colour, dash = COLOURS[place % len(COLOURS)], _DASHES[place // len(COLOURS)]
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        xs, ys = _thin(line.x, line.y, max_points)
        xs = _place(xs, x_low, x_high, _LEFT, WIDTH - _RIGHT)
        ys = _place(ys, y_low, y_high, HEIGHT - _BOTTOM, _TOP)
        path, dots = _draw(xs, ys)
        parts.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"{dashed}/>'
            + "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>' for x, y in dots)
        )
    return "".join(parts) + "</svg>"


def _place(values: FloatArray, low: float, high: float, start: float, end: float) -> FloatArray:
    # Divided first: the span of the largest floats is beyond them.
    return start + (values / 2 - low / 2) / (high / 2 - low / 2) * (end - start)


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
    path = "".join("M" + "L".join(f"{px:.1f} {py:.1f}" for px, py in stroke) for stroke in strokes if len(stroke) > 1)
    return path, [stroke[0] for stroke in strokes if len(stroke) == 1]
