"""Pictures are small, well formed, and show bars, bands and what is not finite."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.widgets.chart import Chart, ChartForm, Line, XKind
from aml_widgets.widgets.curves import chart_of
from aml_widgets.widgets.pictures import HEIGHT, WIDTH, picture_of
from aml_widgets.widgets.view_state import ViewState, advance
from tests.widgets.building import changes, news, places_in

MANY = 10_000
WARN = "#d9534f"


def picture_of_values(values: list[float]) -> ET.Element:
    state = advance(ViewState(run_id="r"), changes(news([*values])))
    return ET.fromstring(picture_of(chart_of(state.metrics["loss"])))


def paths(root: ET.Element, **attributes: str) -> list[str]:
    return [
        element.get("d", "")
        for element in root.iter("{http://www.w3.org/2000/svg}path")
        if all(element.get(name.replace("_", "-")) == value for name, value in attributes.items())
    ]


def numbers_in(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]


def bars(counts: list[float]) -> Chart:
    line = Line(label="count", x=np.arange(len(counts) + 1, dtype=float), y=np.array(counts))
    return Chart(
        name="residuals",
        x_label="residual",
        y_label="count",
        x_kind=XKind.NUMBER,
        form=ChartForm.BARS,
        lines=(line,),
        y_range=(0.0, max(counts) or 1.0),
    )


def band(n_points: int) -> Chart:
    x = np.arange(n_points, dtype=float)
    return Chart(
        name="predictions",
        x_label="true",
        y_label="predicted",
        x_kind=XKind.NUMBER,
        form=ChartForm.BAND,
        lines=tuple(Line(label=label, x=x, y=x + room) for label, room in (("mean", 0), ("low", -1), ("high", 1))),
        raw_lines=(Line(label="perfect", x=x, y=x),),
    )


@given(st.lists(st.floats(width=64), min_size=2, max_size=60))
def test_whatever_was_logged_the_picture_is_well_formed_and_stays_in_its_frame(values: list[float]) -> None:
    root = picture_of_values(values)

    drawn = "".join(paths(root, fill="none"))
    assert "nan" not in drawn
    assert "inf" not in drawn
    for stroke in paths(root, fill="none", stroke_linejoin="round"):
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places_in(stroke))


def test_what_is_not_finite_is_marked_where_it_happened() -> None:
    root = picture_of_values([1.0, math.nan, 2.0, math.inf, -math.inf, 3.0])

    (crosses,) = paths(root, stroke=WARN)
    (triangles,) = paths(root, fill=WARN)
    assert crosses.count("M") == 1
    assert triangles.count("M") == 2
    up, down = (numbers_in(part)[:2] for part in triangles.split("M")[1:])
    assert numbers_in(crosses)[0] < up[0] < down[0]
    assert up[1] < HEIGHT / 2 < down[1]


def test_many_marks_are_few_in_the_picture() -> None:
    picture = picture_of_values([math.nan, 1.0] * (MANY // 2))

    (crosses,) = paths(picture, stroke=WARN)
    assert 10 < crosses.count("M") < 60


def test_a_histogram_is_bars_that_stand_on_zero() -> None:
    root = ET.fromstring(picture_of(bars([1.0, 4.0, math.nan, 2.0])))

    (outline,) = paths(root, fill_opacity=".6")
    heights = [numbers_in(bar)[1] - numbers_in(bar)[2] for bar in outline.split("M")[1:]]
    assert len(heights) == 4
    assert heights[1] == pytest.approx(4 * heights[0])
    assert heights[2] == 0
    assert heights[3] == pytest.approx(2 * heights[0], abs=0.2)


def test_a_band_lies_around_its_middle_and_the_line_of_reference_is_drawn() -> None:
    root = ET.fromstring(picture_of(band(20)))

    (area,) = paths(root, fill_opacity=".22")
    assert area.endswith("Z")
    assert len(paths(root, stroke_linejoin="round")) == 2


@pytest.mark.parametrize("chart", [bars([float(place % 7) for place in range(MANY)]), band(MANY)])
def test_of_many_bins_the_picture_stays_small(chart: Chart) -> None:
    assert len(picture_of(chart)) < 12_000


def test_a_chart_without_lines_is_an_empty_frame() -> None:
    chart = Chart(name="n", x_label="", y_label="", x_kind=XKind.STEP, lines=())

    assert ET.fromstring(picture_of(chart)).tag.endswith("svg")
