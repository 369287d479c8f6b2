"""A chart as a bqplot figure: what is told to the browser of it, and nothing that it knows already."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import bqplot
import ipywidgets
import numpy as np
import numpy.typing as npt
import traitlets
from bqplot.traits import array_serialization
from traittypes import Array  # type: ignore[import-untyped]

from aml_widgets.widgets.chart import Chart, ChartForm, Line
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.looks import Looks, set_changed
from aml_widgets.widgets.series import FloatArray
from aml_widgets.widgets.subshells import answer_in_subshell
from aml_widgets.widgets.text import shorten
from aml_widgets.widgets.ticks import axis_range

N_COLOURS = 8
COLOURS = [f"var(--aml-line-{place})" for place in range(1, N_COLOURS + 1)]

# The size of charts is a matter of the grid's class, so changing it costs one message for all of them.
_HEIGHT = "var(--aml-figure-height, 200px)"
_MARGIN = {"top": 8, "bottom": 34, "left": 50, "right": 18}
_MAX_LABEL = 40
_MAX_SHORT = 40  # a line of so few points shows each of them
_MAX_POINTS = 300  # beyond, points between gaps are the dots that a line draws by itself
_N_EDGE_PLACES = 80  # more marks than that at the edge of a plot cannot be told apart


class MetricFigure(bqplot.Figure):  # type: ignore[misc]  # bqplot is untyped
    """A figure that tells the page what is in it.

    `aml_info` holds ``card`` (the card's id), ``title``, ``x_kind``, ``x_label``, ``x_log``, ``y_log``, ``labels`` (of the lines),
    ``form``, ``full`` (x0, x1, y0, y1 of the whole chart), ``is_zoomed``, and ``hidden`` (places of the lines that are not shown).
    ``axes`` are x and y; ``marks[0]`` is the `MetricLines`, other marks may follow.
    """

    aml_info = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: object) -> None:
        self.all_scales: dict[tuple[str, bool], bqplot.Scale] = {}
        """Its scales by axis and by whether they are logarithmic, also those that are not used now."""
        super().__init__(**traits)

    def close(self) -> None:
        """Close the figure and all its scales."""
        for scale in self.all_scales.values():
            scale.close()
        super().close()


class MetricLines(bqplot.Lines):  # type: ignore[misc]  # see above
    """Lines with the step and the moment (seconds since the epoch) of each point, shaped like `x`; NaN where there is none.

    Of the form BARS, `x` and `y` are the outline of the bars, four points each: left below, left above, right above, right
    below.
    """

    aml_steps = Array(np.empty(0)).tag(sync=True, **array_serialization)
    aml_times = Array(np.empty(0)).tag(sync=True, **array_serialization)


class ChartFigure:
    """One chart on the page. Drawn again, only what differs is sent.

    What the user changes of the look of its marks, axes and layout stays, until another chart is drawn here.

    Parameters
    ----------
    host : Host
        The view, whose page looks after the figure.
    card_id : str, optional
        The card it lies on, whose element has the class ``aml-card-id-<card_id>``.
    """

    def __init__(self, host: Host, card_id: str = "") -> None:
        self._host = host
        self._card_id = card_id
        self._made: _FigureParts | None = None
        self._looks = Looks()
        self._name = ""
        self.widget = ipywidgets.Box([], layout=ipywidgets.Layout(width="auto", min_width="0", margin="0"))
        self.widget.add_class("aml-plot")

    @property
    def figure(self) -> MetricFigure:
        """The figure on the page."""
        return self._parts.figure

    def draw(
        self,
        chart: Chart,
        *,
        full: Sequence[float] | None = None,
        is_zoomed: bool = False,
        hidden: frozenset[int] = frozenset(),
    ) -> None:
        """Show a chart.

        Parameters
        ----------
        chart : Chart
            What to draw.
        full : (x0, x1, y0, y1), optional
            What the axes show when nothing is zoomed, where `chart` is a part of it.
        is_zoomed : bool, optional
            Whether it is.
        hidden : set of int, optional
            The lines that are not shown, by their place.
        """
        if chart.name != self._name:
            if self._name:
                self._looks.forget()
            self._name = chart.name
        self._parts.draw(chart, full=full, is_zoomed=is_zoomed, hidden=hidden, card_id=self._card_id)

    def close(self) -> None:
        """Take the figure out of the page's care; its models are closed with the widget."""
        if self._made is not None:
            self._host.page.remove_figure(self._made.figure)

    @property
    def _parts(self) -> _FigureParts:
        if self._made is None:
            self._made = _FigureParts(self._looks)
            self.widget.children = (self._made.figure,)
            self._host.page.add_figure(self._made.figure)
        return self._made


class _FigureParts:
    """The models of one figure. Marks that few charts need are made when they are needed."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._all_scales: dict[tuple[str, bool], bqplot.Scale] = {}
        self._scales = {"x": self._scale("x", is_log=False), "y": self._scale("y", is_log=False)}
        grid = {"grid_lines": "solid", "grid_color": "var(--aml-grid)"}
        self._x_axis = bqplot.Axis(scale=self._scales["x"], **grid)
        self._y_axis = bqplot.Axis(scale=self._scales["y"], **grid)
        self._y_axis.orientation = "vertical"  # not above: bqplot 0.13 passes it on to where it is unknown, and warns
        self._lines = MetricLines(x=[], y=[], scales=self._scales, colors=COLOURS, stroke_width=1.75)
        self._raw: bqplot.Lines | None = None
        self._band: bqplot.Lines | None = None
        self._bars: bqplot.Lines | None = None
        self._points: bqplot.Scatter | None = None
        self._edge_scales: dict[str, bqplot.Scale] | None = None
        self._edges: dict[str, bqplot.Scatter] = {}
        self.figure = MetricFigure(
            marks=[self._lines],
            axes=[self._x_axis, self._y_axis],
            fig_margin=_MARGIN,
            padding_y=0.0,
            display_toolbar=False,
            layout=ipywidgets.Layout(width="100%", min_width="0", height=_HEIGHT, margin="0"),
        )
        self.figure.all_scales = self._all_scales
        answer_in_subshell(self.figure, self._lines, self._x_axis, self._y_axis)
        parts = {"lines": self._lines, "x axis": self._x_axis, "y axis": self._y_axis}
        for role, part in {**parts, "figure": self.figure, "layout": self.figure.layout}.items():
            looks.adopt(role, part)

    def draw(
        self, chart: Chart, *, full: Sequence[float] | None, is_zoomed: bool, hidden: frozenset[int], card_id: str
    ) -> None:
        x_range = _range(chart.x_range, [line.x for line in chart.lines], is_log=chart.x_log, is_padded=False)
        y_range = _range(chart.y_range, [line.y for line in chart.lines], is_log=chart.y_log, is_padded=True)
        scales = {"x": self._scale("x", is_log=chart.x_log), "y": self._scale("y", is_log=chart.y_log)}
        for scale, (low, high) in ((scales["x"], x_range), (scales["y"], y_range)):
            set_changed(scale, min=low, max=high)
        with ExitStack() as changes:
            if scales != self._scales:
                for mark in self.figure.marks:
                    changes.enter_context(mark.hold_sync())  # its points and its scales go in one message
                self._use(scales)
            self._draw_all(chart, x_range, y_range, full=full, is_zoomed=is_zoomed, hidden=hidden, card_id=card_id)

    def _scale(self, axis: str, *, is_log: bool) -> bqplot.Scale:
        """Give the scale of an axis, with a range from the start: the page looks at it before anything is drawn."""
        scale = self._all_scales.get((axis, is_log))
        if scale is None:
            scale = bqplot.LogScale(min=1.0, max=10.0) if is_log else bqplot.LinearScale(min=0.0, max=1.0)
            answer_in_subshell(scale)
            self._all_scales[axis, is_log] = scale
        return scale

    def _use(self, scales: dict[str, bqplot.Scale]) -> None:
        """Make axes logarithmic or linear, for all marks, also those that the user added."""
        instead = {self._scales[axis]: scales[axis] for axis in scales}
        self._scales = scales
        for axis in (self._x_axis, self._y_axis):
            axis.scale = instead.get(axis.scale, axis.scale)
        for mark in self.figure.marks:
            mark.scales = {name: instead.get(scale, scale) for name, scale in mark.scales.items()}
        if self._edge_scales is not None:
            self._edge_scales = {**self._edge_scales, "x": scales["x"]}

    def _draw_all(
        self,
        chart: Chart,
        x_range: tuple[float, float],
        y_range: tuple[float, float],
        *,
        full: Sequence[float] | None,
        is_zoomed: bool,
        hidden: frozenset[int],
        card_id: str,
    ) -> None:
        self._looks.draw("x axis", label=shorten(chart.x_label, _MAX_LABEL))
        info = {
            "card": card_id,
            "title": chart.name,
            "x_kind": str(chart.x_kind),
            "x_log": chart.x_log,
            "y_log": chart.y_log,
            "x_label": chart.x_label,
            "labels": [line.label for line in chart.lines],
            "form": str(chart.form),
            "full": [float(place) for place in full or (*x_range, *y_range)],
            "is_zoomed": is_zoomed,
            "hidden": sorted(hidden),
        }
        set_changed(self.figure, aml_info=info)
        self._draw_lines(chart, hidden, floor=y_range[0] if chart.y_log else 0.0)
        self._draw_points(chart, hidden)
        self._draw_edges(chart, x_range)

    def _draw_lines(self, chart: Chart, hidden: frozenset[int], *, floor: float) -> None:
        is_band = chart.form is ChartForm.BAND and len(chart.lines) == 3
        shown = [1.0, 0.5, 0.5] if is_band else [1.0] * len(chart.lines)
        opacities = shown if is_band else []
        if hidden:
            opacities = [0.0 if place in hidden else one for place, one in enumerate(shown)]
        if chart.form is ChartForm.BARS:
            x, y = _bars_outline(chart.lines[0], floor)
            steps = times = np.empty(0)
        else:
            x, y = _stacked([line.x for line in chart.lines]), _stacked([line.y for line in chart.lines])
            steps, times = (
                _stacked([_shaped(line.steps, line) for line in chart.lines]),
                _stacked([_shaped(line.times, line) for line in chart.lines]),
            )
        is_filled = chart.form is ChartForm.BARS
        self._looks.draw(
            "lines",
            hidden=hidden,
            x=x,
            y=y,
            aml_steps=steps,
            aml_times=times,
            opacities=opacities,
            colors=COLOURS[:1] if is_band else COLOURS,
            fill="bottom" if is_filled else "none",
            fill_colors=COLOURS[:1] if is_filled else [],
            fill_opacities=[0.25] if is_filled else [],
        )
        if chart.raw_lines and self._raw is None:
            self._raw = bqplot.Lines(x=[], y=[], scales=self._scales, colors=COLOURS, stroke_width=1)
            self._add("raw", self._raw)
        if self._raw is not None:
            raw = chart.raw_lines
            paleness = [0.0 if place in hidden else 0.3 for place in range(max(1, len(raw)))]
            raw_x, raw_y = _stacked([line.x for line in raw]), _stacked([line.y for line in raw])
            self._looks.draw("raw", hidden=hidden, x=raw_x, y=raw_y, opacities=paleness)
        self._draw_band(chart, is_band=is_band)

    def _draw_band(self, chart: Chart, *, is_band: bool) -> None:
        """Fill the band; a place that stands alone, which has no width to fill, gets a bar instead."""
        if is_band and self._band is None:
            look = {"colors": COLOURS[:1], "fill_colors": COLOURS[:1], "fill_opacities": [0.18], "opacities": [0.0]}
            self._band = bqplot.Lines(x=[], y=[], scales=self._scales, fill="between", stroke_width=0, **look)
            self._bars = bqplot.Lines(x=[], y=[], scales=self._scales, colors=COLOURS[:1], stroke_width=1.5)
            self._bars.enable_hover = False  # by this the page tells it from raw lines
            self._add("band", self._band)
            self._add("bars", self._bars)
            self.figure.add_class("aml-has-band")
        if self._band is not None and self._bars is not None:
            edges = chart.lines[1:] if is_band else ()
            set_changed(self._band, x=_stacked([line.x for line in edges]), y=_stacked([line.y for line in edges]))
            x, y = _error_bars(chart.lines) if is_band else (np.empty(0), np.empty(0))
            set_changed(self._bars, x=x, y=y)

    def _draw_points(self, chart: Chart, hidden: frozenset[int]) -> None:
        x, y, colours = _points_to_mark(chart, hidden)
        if self._points is None:
            if not len(x):
                return
            self._points = bqplot.Scatter(x=[], y=[], scales=self._scales, default_size=16, stroke_width=0)
            self._add("points", self._points)
        self._looks.draw("points", x=x, y=y, colors=colours)

    def _draw_edges(self, chart: Chart, x_range: tuple[float, float]) -> None:
        """Mark at the edge of the plot where something was logged that has no place in it."""
        places = {
            "cross": (chart.nan_x, 0.035, "var(--aml-bad)"),
            "triangle-up": (chart.plus_x, 0.965, "var(--aml-warn)"),
            "triangle-down": (chart.minus_x, 0.035, "var(--aml-warn)"),
        }
        for marker, (x, height, colour) in places.items():
            mark = self._edges.get(marker)
            if mark is None:
                if not len(x):
                    continue
                if self._edge_scales is None:
                    self._edge_scales = {"x": self._scales["x"], "y": bqplot.LinearScale(min=0.0, max=1.0)}
                mark = self._edges[marker] = bqplot.Scatter(
                    x=[],
                    y=[],
                    scales=self._edge_scales,
                    marker=marker,
                    colors=[colour],
                    default_size=30,
                    stroke_width=0,
                )
                self._add(marker, mark)
            shown = _apart(x, x_range, is_log=chart.x_log)
            set_changed(mark, x=shown, y=np.full(len(shown), height))

    def _add(self, role: str, mark: bqplot.Mark) -> None:
        answer_in_subshell(mark)
        self._looks.adopt(role, mark)
        self.figure.marks = [*self.figure.marks, mark]


def _range(
    wanted: tuple[float, float] | None, values: Sequence[FloatArray], *, is_log: bool, is_padded: bool
) -> tuple[float, float]:
    if wanted is not None:
        return float(wanted[0]), float(wanted[1])
    if is_log or not values:
        return (1.0, 10.0) if is_log else (0.0, 1.0)
    return axis_range(np.concatenate(values), is_padded=is_padded)


def _shaped(values: FloatArray, line: Line) -> FloatArray:
    return values if len(values) == len(line.x) else np.full(len(line.x), np.nan)


def _stacked(rows: Sequence[FloatArray]) -> FloatArray:
    """Put the lines into one rectangle, the form that a mark of several lines has; NaN draws nothing."""
    if len(rows) <= 1:
        return rows[0] if rows else np.empty(0)
    length = max(len(row) for row in rows)
    if all(len(row) == length for row in rows):
        return np.stack(rows)
    stacked = np.full((len(rows), length), np.nan)
    for place, row in enumerate(rows):
        stacked[place, : len(row)] = row
    return stacked


def _bars_outline(line: Line, floor: float) -> tuple[FloatArray, FloatArray]:
    """Give the outline of bars, four points each, from the edges of the bins and their heights."""
    x, y = np.asarray(line.x, dtype=np.float64), np.asarray(line.y, dtype=np.float64)
    n_bars = min(len(x) - 1, len(y))
    if n_bars < 1:
        return np.empty(0), np.empty(0)
    heights, base = y[:n_bars], np.full(n_bars, floor)
    xs = np.stack([x[:n_bars], x[:n_bars], x[1 : n_bars + 1], x[1 : n_bars + 1]], axis=1).ravel()
    return xs, np.stack([base, heights, heights, base], axis=1).ravel()


def _alone(is_drawn: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Say which points have none beside them, so that no line goes through them."""
    has_neighbour = np.zeros(len(is_drawn), dtype=bool)
    has_neighbour[1:] |= is_drawn[:-1]
    has_neighbour[:-1] |= is_drawn[1:]
    return is_drawn & ~has_neighbour


def _error_bars(lines: Sequence[Line]) -> tuple[FloatArray, FloatArray]:
    """Give a line from the lower to the upper edge at each place of a band that stands alone."""
    middle, lower, upper = lines
    is_alone = _alone(np.isfinite(middle.x) & np.isfinite(middle.y))
    x, gap = middle.x[is_alone], np.full(int(is_alone.sum()), np.nan)
    places = np.stack([x, x, x], axis=1).ravel()
    return places, np.stack([lower.y[is_alone], upper.y[is_alone], gap], axis=1).ravel()


def _points_to_mark(chart: Chart, hidden: frozenset[int]) -> tuple[FloatArray, FloatArray, list[str]]:
    """Give the points that a line alone would hide: all of a short one, else those that stand between gaps."""
    xs, ys, colours = [], [], []
    if chart.form is not ChartForm.BARS:
        # Of a band the middle only; its edges are not points.
        for place, line in enumerate(chart.lines if chart.form is ChartForm.LINES else chart.lines[:1]):
            if place in hidden:
                continue
            is_drawn = np.isfinite(line.x) & np.isfinite(line.y)
            if len(line.x) > _MAX_SHORT or len(chart.lines) > 1:
                is_drawn = _alone(is_drawn)
            xs.append(line.x[is_drawn])
            ys.append(line.y[is_drawn])
            colours += [COLOURS[place % N_COLOURS]] * len(xs[-1])
    if not 0 < len(colours) <= _MAX_POINTS:
        return np.empty(0), np.empty(0), COLOURS[:1]
    # Colours are given out in turn, so one is enough where all are of one line.
    return np.concatenate(xs), np.concatenate(ys), colours if len(set(colours)) > 1 else colours[:1]


def _apart(x: FloatArray, x_range: tuple[float, float], *, is_log: bool) -> FloatArray:
    """Pick those places of marks that can be told apart on the page."""
    if len(x) <= _N_EDGE_PLACES:
        return np.asarray(x, dtype=np.float64)
    low, high = x_range
    shown = x[(x >= low) & (x <= high)]
    places = (np.log(shown / low) / np.log(high / low)) if is_log else (shown - low) / (high - low)
    _, first = np.unique(np.floor(places * _N_EDGE_PLACES), return_index=True)
    return np.asarray(shown[first], dtype=np.float64)
