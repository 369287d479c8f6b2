"""A chart as a figure: what the browser is told of it."""

from __future__ import annotations

from collections.abc import Iterator

import bqplot
import ipywidgets
import numpy as np
import pytest

from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.widgets.chart import Chart, ChartForm, Line, XKind
from aml_widgets.widgets.panels.figure import COLOURS, ChartFigure, MetricLines
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.looks import set_changed
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.series import FloatArray
from aml_widgets.widgets.watcher import Watcher
from tests.widgets.building import NAN, running


@pytest.fixture
def figure() -> Iterator[ChartFigure]:
    store = MemoryRunStore()
    view = RunView(store, running(store), watcher=Watcher())
    view.widget  # noqa: B018 - makes the widget
    yield ChartFigure(host_of(view), "card-1")
    ipywidgets.Widget.close_all()


def host_of(view: RunView) -> Host:
    assert view._parts is not None
    panel = view._parts.tabs._tabs[0].panels[-1]
    host = panel._host  # type: ignore[attr-defined]  # of the charts
    assert isinstance(host, Host)
    return host


def array(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def chart(*lines: Line, form: ChartForm = ChartForm.LINES, raw: tuple[Line, ...] = (), **fields: object) -> Chart:
    return Chart(
        name="loss",
        x_label="step",
        y_label="",
        x_kind=XKind.STEP,
        lines=lines,
        raw_lines=raw,
        form=form,
        x_range=(0.0, 3.0),
        y_range=(0.0, 2.0),
        **fields,  # type: ignore[arg-type]  # checked where they are used
    )


def line(*y: float, label: str = "loss") -> Line:
    x = np.arange(len(y), dtype=np.float64)
    return Line(label=label, x=x, y=array(*y), steps=x, times=x + 1_000)


def marks(figure: ChartFigure, kind: type[bqplot.Mark]) -> list[bqplot.Mark]:
    return [mark for mark in figure.figure.marks if isinstance(mark, kind)]


def test_the_page_is_told_what_the_figure_shows(figure: ChartFigure) -> None:
    figure.draw(chart(line(1, 2, 0), y_log=False), full=(0, 9, 0, 9), is_zoomed=True)

    assert figure.figure.aml_info == {
        "card": "card-1",
        "title": "loss",
        "x_kind": "step",
        "x_log": False,
        "y_log": False,
        "x_label": "step",
        "labels": ["loss"],
        "form": "lines",
        "full": [0, 9, 0, 9],
        "is_zoomed": True,
        "hidden": [],
    }
    lines = figure.figure.marks[0]
    assert isinstance(lines, MetricLines)
    assert lines.aml_times.tolist() == [1000, 1001, 1002]
    x_axis, y_axis = figure.figure.axes
    assert (x_axis.scale.min, x_axis.scale.max) == (0, 3)
    assert y_axis.orientation == "vertical"


def test_lines_of_different_length_fill_one_rectangle_and_nothing_drawn_there(figure: ChartFigure) -> None:
    figure.draw(chart(line(1, 2, 0), line(1, label="b"), line(label="c")))

    lines = figure.figure.marks[0]
    assert lines.y.shape == lines.aml_steps.shape == (3, 3)
    assert np.isnan(lines.y[1, 1:]).all()
    (points,) = marks(figure, bqplot.Scatter)
    assert (points.x.tolist(), points.colors) == ([0], [COLOURS[1]])  # a line of one point would not be seen


def test_raw_lines_lie_pale_behind_smoothed_ones_and_go_when_there_are_none(figure: ChartFigure) -> None:
    figure.draw(chart(line(1, 1, 1), raw=(line(2, 0, 1),)))
    raw = marks(figure, bqplot.Lines)[1]
    assert raw.y.tolist() == [2, 0, 1]
    assert raw.opacities == [0.3]

    figure.draw(chart(line(1, 1, 1)))

    assert len(raw.y) == 0


def test_points_between_gaps_are_dotted_in_a_long_line(figure: ChartFigure) -> None:
    values = [1.0] * 50 + [NAN, 2.0, NAN]

    figure.draw(chart(line(*values)))

    (points,) = marks(figure, bqplot.Scatter)
    assert (points.x.tolist(), points.y.tolist()) == ([51], [2])


def test_what_is_not_finite_is_marked_at_the_edge_once_for_each_place(figure: ChartFigure) -> None:
    figure.draw(chart(line(*[1.0] * 50)))
    assert len(figure.figure.marks) == 1

    many = np.linspace(0, 3, 5_000)
    figure.draw(chart(line(*[1.0] * 50), nan_x=many, plus_x=array(1), minus_x=array(2)))

    found = {mark.marker: mark for mark in marks(figure, bqplot.Scatter)}
    assert set(found) == {"cross", "triangle-up", "triangle-down"}
    assert 60 <= len(found["cross"].x) <= 81
    assert found["triangle-up"].y[0] > 0.9
    assert found["triangle-down"].y[0] < 0.1
    assert found["cross"].scales["x"] is figure.figure.axes[0].scale
    assert (found["cross"].scales["y"].min, found["cross"].scales["y"].max) == (0, 1)


def test_bars_are_outlines_that_are_filled(figure: ChartFigure) -> None:
    figure.draw(chart(Line(label="n", x=array(0, 1, 2), y=array(5, 3)), form=ChartForm.BARS))

    lines = figure.figure.marks[0]
    assert lines.x.tolist() == [0, 0, 1, 1, 1, 1, 2, 2]
    assert lines.y.tolist() == [0, 5, 5, 0, 0, 3, 3, 0]
    assert lines.fill == "bottom"


def test_a_band_lies_between_the_second_and_the_third_line(figure: ChartFigure) -> None:
    figure.draw(chart(line(1, 1), line(0, 0), line(2, 2), form=ChartForm.BAND))

    lines, band = figure.figure.marks[:2]
    assert (lines.colors, lines.opacities) == (band.colors, [1, 0.5, 0.5])
    assert band.fill == "between"
    assert band.y.tolist() == [[0, 0], [2, 2]]


def test_a_place_of_a_band_that_stands_alone_is_a_dot_with_a_bar(figure: ChartFigure) -> None:
    figure.draw(
        chart(line(1, 1, NAN, 5), line(0, 0, NAN, 4), line(2, 2, NAN, 6), form=ChartForm.BAND),
    )

    bars, points = figure.figure.marks[2:4]
    assert (bars.x[:2].tolist(), bars.y[:2].tolist()) == ([3, 3], [4, 6])
    assert (points.x.tolist(), points.y.tolist()) == ([3], [5])


def test_no_range_and_no_lines_draw_an_empty_plot(figure: ChartFigure) -> None:
    empty = Chart(name="n", x_label="", y_label="", x_kind=XKind.STEP, lines=(), y_log=True)

    figure.draw(empty)

    x_axis, y_axis = figure.figure.axes
    assert (x_axis.scale.min, x_axis.scale.max) == (0, 1)
    assert (y_axis.scale.min, y_axis.scale.max) == (1, 10)


def test_only_what_differs_is_sent(figure: ChartFigure, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = chart(line(1, NAN, 2), line(1, 2), nan_x=array(1))
    figure.draw(drawn)
    sent: list[object] = []
    monkeypatch.setattr(ipywidgets.Widget, "send_state", lambda _, key=None: sent.append(key))

    figure.draw(drawn)
    assert sent == []

    set_changed(figure.figure.marks[0], stroke_width=3.0)
    assert len(sent) == 1


def test_what_the_user_changes_of_the_look_stays_also_when_an_axis_turns_logarithmic(figure: ChartFigure) -> None:
    smoothed = chart(line(1, 1, 1), raw=(line(2, 0, 1),))
    figure.draw(smoothed)
    lines, raw = marks(figure, bqplot.Lines)
    lines.colors, lines.stroke_width, raw.opacities = ["crimson"], 4.0, [0.8]
    figure.figure.axes[1].label = "mine"
    figure.figure.layout.height = "500px"

    figure.draw(chart(line(3, 2, 1), raw=(line(2, 0, 2),)))
    assert (lines.colors, lines.stroke_width, raw.opacities) == (["crimson"], 4.0, [0.8])
    assert lines.y.tolist() == [3, 2, 1]

    for is_log in (True, False):
        figure.draw(chart(line(1, 1, 1), raw=(line(2, 1, 1),), x_log=is_log))
        again, raw_again = marks(figure, bqplot.Lines)
        assert again is lines
        assert (again.colors, again.stroke_width, raw_again.opacities) == (["crimson"], 4.0, [0.8])
        x_axis, y_axis = figure.figure.axes
        assert (x_axis.label, y_axis.label, figure.figure.layout.height) == ("step", "mine", "500px")

    figure.figure.marks[0].colors = COLOURS  # ours again
    figure.draw(chart(line(1, 1), line(0, 0), line(2, 2), form=ChartForm.BAND))
    assert figure.figure.marks[0].colors == COLOURS[:1]


def test_hidden_lines_are_not_seen_whatever_their_opacity_was_made(figure: ChartFigure) -> None:
    both = chart(line(1, 1), line(0, 2))
    figure.draw(both)
    figure.figure.marks[0].opacities = [0.5]

    figure.draw(both, hidden=frozenset({1}))
    assert figure.figure.marks[0].opacities == [0.5, 0]
    figure.draw(chart(line(1, 1), line(1, 2), y_log=True), hidden=frozenset({0}))
    assert figure.figure.marks[0].opacities == [0]

    figure.draw(both)
    assert figure.figure.marks[0].opacities == [0.5]


def test_another_chart_in_the_figure_has_our_look(figure: ChartFigure) -> None:
    figure.draw(chart(line(1, 1)))
    figure.figure.marks[0].stroke_width = 9.0
    figure.figure.marks[0].colors = ["crimson"]

    figure.draw(Chart(name="other", x_label="", y_label="", x_kind=XKind.STEP, lines=(line(1, 2),)))

    lines = figure.figure.marks[0]
    assert (lines.stroke_width, lines.colors) == (1.75, COLOURS)
