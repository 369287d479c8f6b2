"""A line chart for each metric that has a course, a page of them at a time."""

from __future__ import annotations

import bqplot
import ipywidgets
import numpy as np

from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.series import FloatArray
from aml_widgets.widgets.subshells import answer_in_subshell
from aml_widgets.widgets.text import count_text, escape, name_text, shorten, value_text
from aml_widgets.widgets.ticks import axis_range, tick_format, tick_values
from aml_widgets.widgets.view_state import Chart, MetricState, ViewState, chart_of, is_charted

MAX_FIGURES = 24
N_COLOURS = 8
COLOURS = [f"var(--aml-line-{place})" for place in range(1, N_COLOURS + 1)]

_MAX_MARKED_POINTS = 40
_MAX_LEGEND = 24
_FIGURE_HEIGHT = "200px"


class ChartsPanel:
    """Charts in a grid that follows the width of the cell.

    At most `MAX_FIGURES` figures exist, made when they are first needed: on another page they show other metrics. New
    points change the marks of a figure in place, and only those of metrics that changed.
    """

    def __init__(self, host: Host) -> None:
        self._lock = host.lock
        self._state: ViewState | None = None
        self._page = 0
        self._cards: list[ChartCard] = []
        self._previous = _button("Previous", "chevron-left", "The charts before these")
        self._next = _button("Next", "chevron-right", "The charts after these")
        self._previous.on_click(lambda _: self._turn(-1))
        self._next.on_click(lambda _: self._turn(1))
        answer_in_subshell(self._previous, self._next)
        self._range = markup("aml-note")
        self._pager = ipywidgets.HBox(
            [self._previous, self._range, self._next], layout=ipywidgets.Layout(display="none")
        )
        self._pager.add_class("aml-pager")
        self._grid = ipywidgets.Box([], layout=ipywidgets.Layout(display="none"))
        self._grid.add_class("aml-grid")
        self._empty = markup("aml-empty")
        self.widget = ipywidgets.VBox([self._pager, self._grid, self._empty])
        self.widget.add_class("aml-section")

    def update(self, state: ViewState) -> None:
        """Draw what changed of the metrics on the page that is open."""
        self._state = state
        metrics = [metric for metric in state.metrics.values() if is_charted(metric)]
        n_pages = max(1, -(-len(metrics) // MAX_FIGURES))
        self._page = min(self._page, n_pages - 1)
        start = self._page * MAX_FIGURES
        shown = metrics[start : start + MAX_FIGURES]
        while len(self._cards) < len(shown):
            self._cards.append(ChartCard())
        empty = "" if state.metrics or state.run is None else _empty_html(state)
        # First, because a figure measures itself when it is put there.
        self.widget.layout.display = None if shown or empty else "none"
        self._grid.layout.display = None if shown else "none"
        for card, metric in zip(self._cards, shown):  # noqa: B905 - cards of a shorter page are hidden below
            card.draw(metric)
        widgets = tuple(card.widget for card in self._cards)
        if widgets != self._grid.children:
            self._grid.children = widgets
        for place, card in enumerate(self._cards):
            card.widget.layout.display = None if place < len(shown) else "none"
        self._pager.layout.display = None if n_pages > 1 else "none"
        self._range.value = f"Charts {start + 1}\N{EN DASH}{start + len(shown)} of {len(metrics):,}" if shown else ""
        self._previous.disabled = self._page == 0
        self._next.disabled = self._page == n_pages - 1
        set_markup(self._empty, empty)

    def _turn(self, pages: int) -> None:
        with self._lock:
            self._page = max(0, self._page + pages)
            if self._state is not None:
                self.update(self._state)


class ChartCard:
    """One figure with the metric's name, its latest value and what there is to say about it."""

    def __init__(self) -> None:
        self._metric: MetricState | None = None
        self._head = markup("aml-card-head")
        self._foot = markup("aml-card-foot")
        scales = {"x": bqplot.LinearScale(), "y": bqplot.LinearScale()}
        axis = {"grid_lines": "solid", "grid_color": "var(--aml-grid)"}
        self._x_axis = bqplot.Axis(scale=scales["x"], **axis)
        self._y_axis = bqplot.Axis(scale=scales["y"], **axis)
        self._y_axis.orientation = "vertical"  # not above: bqplot 0.13 passes it on to where it is unknown, and warns
        self._lines = bqplot.Lines(x=[], y=[], scales=scales, colors=COLOURS, stroke_width=1.75)
        # Points of their own, because a mark of lines draws a point also where a value is NaN.
        self._points = bqplot.Scatter(x=[], y=[], scales=scales, colors=COLOURS[:1], default_size=16, stroke_width=0)
        self._figure = bqplot.Figure(
            marks=[self._lines, self._points],
            axes=[self._x_axis, self._y_axis],
            fig_margin={"top": 8, "bottom": 36, "left": 50, "right": 14},
            padding_y=0.0,
            display_toolbar=False,
            layout=ipywidgets.Layout(width="auto", min_width="0", height=_FIGURE_HEIGHT, margin="0"),
        )
        answer_in_subshell(self._figure, self._lines, self._points)
        self.widget = ipywidgets.VBox([self._head, self._figure, self._foot])
        self.widget.add_class("aml-card")

    def draw(self, metric: MetricState) -> None:
        """Show a metric, unless it is what is shown already."""
        if metric is self._metric:
            return
        chart = chart_of(metric)
        x, y = _stack(chart)
        self._head.value = _head_html(chart)
        set_markup(self._foot, _foot_html(chart))
        _set_axis(self._x_axis, x, is_padded=False, is_whole=chart.x_is_whole, label=chart.x_label)
        _set_axis(self._y_axis, y, is_padded=True, is_whole=False, label="")
        with self._lines.hold_sync():
            self._lines.x, self._lines.y = x, y
        points_x, points_y = _points_to_mark(chart)
        if len(points_x) or len(self._points.x):
            with self._points.hold_sync():
                self._points.x, self._points.y = points_x, points_y
        self._metric = metric


def _set_axis(axis: bqplot.Axis, values: FloatArray, *, is_padded: bool, is_whole: bool, label: str) -> None:
    low, high = axis_range(values, is_padded=is_padded)
    ticks = tick_values(low, high, is_whole=is_whole)
    with axis.scale.hold_sync():
        axis.scale.min, axis.scale.max = low, high
    with axis.hold_sync():
        if axis.tick_values is None or list(axis.tick_values) != ticks:
            axis.tick_values = ticks
        axis.tick_format = tick_format(ticks)
        axis.label = shorten(label, 40)


def _points_to_mark(chart: Chart) -> tuple[FloatArray, FloatArray]:
    """Give the points that a line alone would hide: all of a short one, else those that stand between gaps."""
    if len(chart.lines) != 1:
        return np.empty(0), np.empty(0)
    x, y = chart.lines[0].x, chart.lines[0].y
    is_drawn = np.isfinite(x) & np.isfinite(y)
    if len(x) > _MAX_MARKED_POINTS:
        has_neighbour = np.zeros(len(x), dtype=bool)
        has_neighbour[1:] |= is_drawn[:-1]
        has_neighbour[:-1] |= is_drawn[1:]
        is_drawn &= ~has_neighbour
    return x[is_drawn], y[is_drawn]


def _stack(chart: Chart) -> tuple[FloatArray, FloatArray]:
    """Put the lines into one rectangle, the form that a mark of several lines has; NaN draws nothing."""
    if len(chart.lines) == 1:
        return chart.lines[0].x, chart.lines[0].y
    length = max(len(line.x) for line in chart.lines)
    x = np.full((len(chart.lines), length), np.nan)
    y = np.full((len(chart.lines), length), np.nan)
    for place, line in enumerate(chart.lines):
        x[place, : len(line.x)] = line.x
        y[place, : len(line.y)] = line.y
    return x, y


def _head_html(chart: Chart) -> str:
    latest = ""
    if len(chart.lines) == 1:
        latest = f'<span class="aml-number" title="latest value">{escape(shorten(value_text(chart.lines[0].last), 40))}</span>'
    of = f' <span class="aml-note">{escape(shorten(chart.y_label, 60))}</span>' if chart.y_label else ""
    return (
        f'<span class="aml-name" title="{escape(chart.name)}">{escape(name_text(chart.name, 200))}{of}</span>{latest}'
    )


def _foot_html(chart: Chart) -> str:
    legend = ""
    if len(chart.lines) > 1:
        entries = [
            f'<span class="aml-key"><span class="aml-swatch aml-dash-{place // N_COLOURS}" style="--aml-swatch:{COLOURS[place % N_COLOURS]}"></span>'
            f'{escape(name_text(line.label, 60))} <span class="aml-number">{escape(shorten(value_text(line.last), 40))}</span></span>'
            for place, line in enumerate(chart.lines[:_MAX_LEGEND])
        ]
        n_more = len(chart.lines) - _MAX_LEGEND
        legend = "".join(entries) + (f'<span class="aml-note">and {n_more:,} more</span>' if n_more > 0 else "")
    notes = notes_of(chart)
    return (f'<div class="aml-legend">{legend}</div>' if legend else "") + (
        f'<div class="aml-note">{escape("; ".join(notes))}</div>' if notes else ""
    )


def notes_of(chart: Chart) -> list[str]:
    """Say what a chart does not show as it was logged."""
    notes = []
    if not chart.is_exact:
        notes.append(f"lowest and highest of {chart.number_count:,} points")
    if chart.nonfinite_count:
        notes.append(f"{count_text(chart.nonfinite_count, 'value is', 'values are')} NaN or infinite")
    if chart.other_count:
        notes.append(f"{count_text(chart.other_count, 'value is', 'values are')} no number")
    return notes


def _button(text: str, icon: str, tooltip: str) -> ipywidgets.Button:
    return ipywidgets.Button(
        description=text, icon=icon, tooltip=tooltip, layout=ipywidgets.Layout(width="auto", margin="0")
    )


def _empty_html(state: ViewState) -> str:
    if not state.expects_more:
        return "This run has logged no metrics."
    return "No metrics yet. They appear here as the run logs them."
