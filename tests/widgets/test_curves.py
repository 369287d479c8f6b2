"""A chart shows what was logged: the last point always, every spike, exactly where it is zoomed to, and it says what it leaves out."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aml_widgets.core.records import Bucket, MetricHistory, MetricKind, MetricValue
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.widgets.chart import Chart, Window, XKind
from aml_widgets.widgets.curves import ChartLook, CurveMemory, chart_of, draw_metric, notes_of
from aml_widgets.widgets.ranges import MIN_TO_CUT
from aml_widgets.widgets.view_state import ViewState, advance
from tests.widgets.building import NAN, running

LONG = 30_000


class Run:
    """A run in a store, the state that follows it, and a reader that counts what is read."""

    def __init__(self) -> None:
        self.store = MemoryRunStore()
        self.run_id = running(self.store)
        self.state = ViewState(run_id=self.run_id)
        self.memory = CurveMemory()
        self.n_reads = 0

    def log(
        self,
        values: Sequence[MetricValue],
        name: str = "loss",
        steps: Sequence[int] | None = None,
        times: Sequence[float] | None = None,
    ) -> None:
        if steps is None:
            self.store.log_columns(self.run_id, name, {None: values})
            return
        for value, step, at in zip(values, steps, times or [1_000.0 + step for step in steps], strict=True):
            self.store.log_metric(self.run_id, name, value, step, logged_at=at)

    def look(self) -> None:
        self.state = advance(self.state, self.store.changes_since(self.run_id, self.state.cursor))

    def draw(self, look: ChartLook | None = None, window: Window | None = None, name: str = "loss") -> Chart:
        self.look()
        return draw_metric(
            self.state.metrics[name],
            self.state,
            look or ChartLook(),
            window=window,
            memory=self.memory,
            reader=self,
        )

    def read_history(self, name: str, column: str | None) -> MetricHistory:
        self.n_reads += 1
        return self.store.read_history(self.run_id, name, column)

    def read_envelope(
        self, name: str, column: str | None, *, first_step: int | None, last_step: int | None
    ) -> list[Bucket]:
        self.n_reads += 1
        return self.store.read_envelope(self.run_id, name, column, first_step=first_step, last_step=last_step)


@pytest.fixture
def run() -> Run:
    return Run()


def noise(n_points: int) -> array[float]:
    return array("d", np.random.default_rng(0).normal(size=n_points).tolist())


# -- what is drawn


@given(st.lists(st.integers(0, 1_500), min_size=1, max_size=5), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_last_point_and_the_highest_are_drawn_however_they_come(parts: list[int], seed: int) -> None:
    run, random = Run(), np.random.default_rng(seed)
    logged: list[float] = [0.5, 0.25]
    run.log(logged)
    for n_points in parts:
        part = random.normal(size=n_points).tolist()
        run.log(array("d", part))
        logged += part
        run.look()

    chart = run.draw()

    line = chart.lines[0]
    assert (line.steps[-1], line.y[-1]) == (len(logged) - 1, logged[-1])
    assert line.y.max() == max(logged)
    assert line.y.min() == min(logged)
    assert len(line.x) == len(line.y) == len(line.steps) == len(line.times) <= 2_002
    assert chart.number_count == len(logged)
    assert chart.drawn_count <= chart.number_count
    assert chart.is_exact or chart.number_count > 1_000
    assert chart.is_exact == (chart.drawn_count == chart.number_count)


def test_one_spike_in_a_million_is_seen(run: Run) -> None:
    values = array("d", bytes(8_000_000))
    values[654_321] = 9.0
    run.log(values)

    chart = run.draw()

    assert chart.lines[0].y.max() == 9.0
    assert chart.y_range is not None
    assert chart.y_range[1] > 9.0
    assert notes_of(chart) == [f"{chart.drawn_count:,} of 1,000,000 points: the lowest and highest of each stretch"]


def test_buckets_of_two_numbers_are_drawn_as_they_were_logged(run: Run) -> None:
    run.log(noise(1_498))

    chart = run.draw()

    assert (chart.drawn_count, chart.number_count, chart.is_exact) == (1_498, 1_498, True)
    assert notes_of(chart) == []


@pytest.mark.parametrize("n_points", [1_100, 1_498, 1_998, 2_002, 2_500])
@pytest.mark.parametrize("odd", [NAN, math.inf, "text", 2**70, 0.5])
def test_no_note_says_that_all_points_are_some_of_them(n_points: int, odd: MetricValue) -> None:
    for is_opened_late in (False, True):
        run = Run()
        run.log([1.0, 2.0])
        if not is_opened_late:
            run.look()
        run.log([*noise(n_points // 2), odd, *noise(n_points // 2)])

        chart = run.draw()

        assert chart.is_exact == (chart.drawn_count == chart.number_count)
        assert all(not note.startswith(f"{chart.number_count:,} of") for note in notes_of(chart))


def test_over_a_long_metric_that_is_known_only_about_it_is_said_so(run: Run) -> None:
    for _ in range(2):
        run.log(noise(1_500), name="epoch")
    run.log(noise(10), name="loss")

    chart = run.draw(ChartLook(x="metric:epoch"))

    assert not chart.is_exact
    assert notes_of(chart)[0] == "places on the x axis are approximate"


def test_integers_beyond_64_bits_of_a_long_metric_are_said(run: Run) -> None:
    run.log([10**400 if place in (3, 700) else float(place) for place in range(1_500)])

    chart = run.draw()

    assert "2 integers beyond 64 bits are not drawn" in notes_of(chart)
    assert chart.other_count == 0


def test_the_static_view_draws_the_same(run: Run) -> None:
    run.log([1.0, 3.0, 2.0])

    live, static = run.draw(), chart_of(run.state.metrics["loss"])

    assert static.lines[0].y.tolist() == live.lines[0].y.tolist() == [1.0, 3.0, 2.0]
    assert (static.x_range, static.y_range) == (live.x_range, live.y_range)


# -- x axes


def test_time_is_x_from_the_start_of_the_run_or_of_the_clock(run: Run) -> None:
    run.log([1.0, 2.0], steps=[0, 5])
    run.look()
    started_at = run.state.run.started_at if run.state.run else None

    relative, wall = run.draw(ChartLook(x="relative")), run.draw(ChartLook(x="wall", x_log=True))

    assert started_at is not None
    assert (relative.x_kind, wall.x_kind) == (XKind.RELATIVE, XKind.WALL)
    assert relative.lines[0].x.tolist() == [1_000.0 - started_at, 1_005.0 - started_at]
    assert wall.lines[0].x.tolist() == wall.lines[0].times.tolist() == [1_000.0, 1_005.0]
    assert wall.lines[0].steps.tolist() == [0, 5]
    assert not wall.x_log


def test_another_metric_is_x_at_the_same_step_or_as_it_was_before(run: Run) -> None:
    run.log([0.9], steps=[0])  # before there is any x
    run.log([10.0, 20.0], name="epoch", steps=[1, 4])
    run.log([0.8, 0.7, 0.6], steps=[1, 2, 4])
    run.log([30.0], name="epoch", steps=[9])
    run.log([0.5, 0.4], steps=[1, 9])

    chart = run.draw(ChartLook(x="metric:epoch"))

    np.testing.assert_equal(chart.lines[0].x, [10.0, 20.0, 20.0, 10.0, 30.0])
    assert (chart.x_kind, chart.x_label, chart.hidden_count) == (XKind.NUMBER, "epoch", 1)
    assert chart.is_exact


def test_long_metrics_are_joined_in_the_order_of_writing(run: Run) -> None:
    for place in range(2_500):
        run.store.log_metrics(run.run_id, {"loss": float(place), "epoch": place / 10})

    chart = run.draw(ChartLook(x="metric:epoch"))

    line = chart.lines[0]
    assert not chart.is_exact
    assert abs(line.x - line.steps / 10).max() < 1.0
    assert (line.x[-1], line.y[-1]) == (249.9, 2_499.0)


def test_an_x_that_was_never_logged_leaves_the_step(run: Run) -> None:
    run.log([1.0, 2.0])

    assert run.draw(ChartLook(x="metric:nothing")).x_label == "step"


def test_two_numeric_columns_are_one_over_the_other_and_more_are_a_line_each(run: Run) -> None:
    pair: dict[str | None, Sequence[MetricValue]] = {"x": [1.0, None, 3.0], "word": list("abc"), "y": [4.0, 5.0, 6.0]}
    many: dict[str | None, Sequence[MetricValue]] = {name: [1.0, 2.0] for name in "abc"}
    run.store.log_columns(run.run_id, "pair", pair, kind=MetricKind.ROW)
    run.store.log_columns(run.run_id, "many", {**many, "word": ["u", "v"]}, kind=MetricKind.ROW)

    of_pair = run.draw(ChartLook(x="wall", smoothing=0.9), name="pair")
    of_many = run.draw(name="many")

    assert of_pair.lines[0].x.tolist() == [1.0, 1.0, 3.0]
    np.testing.assert_equal(of_pair.lines[0].y, [4.0, NAN, 6.0])
    assert (of_pair.x_label, of_pair.y_label, of_pair.x_kind) == ("x", "y", XKind.NUMBER)
    assert not of_pair.raw_lines
    assert [line.label for line in of_many.lines] == ["a", "b", "c"]
    assert of_many.x_label == "row"


def test_a_long_pair_of_columns_keeps_its_shape(run: Run) -> None:
    places = [float(place) for place in range(10_000)]
    columns: dict[str | None, Sequence[MetricValue]] = {"x": [2 * place for place in places], "y": places}
    run.store.log_columns(run.run_id, "pair", columns, kind=MetricKind.ROW)

    line = run.draw(name="pair").lines[0]

    assert (line.x[0], line.x[-1], line.y[0], line.y[-1]) == (0.0, 19_998.0, 0.0, 9_999.0)
    assert abs(line.x - 2 * line.y).max() <= 80


# -- logarithmic axes, outliers, what is not finite


def test_what_has_no_place_on_a_logarithmic_axis_is_a_gap_and_counted(run: Run) -> None:
    run.log([1.0, 0.0, -5.0, 100.0])

    chart = run.draw(ChartLook(x_log=True, y_log=True))

    np.testing.assert_equal(chart.lines[0].y, [NAN, NAN, 100.0])
    np.testing.assert_equal(chart.lines[0].x, [1.0, 2.0, 3.0])
    assert chart.hidden_count == 3
    assert chart.x_range == (1.0, 3.0)
    assert chart.y_range is not None
    assert chart.y_range[0] > 0
    assert "3 points have no place on the axes" in notes_of(chart)


@pytest.mark.parametrize("n_points", [50, LONG])
@pytest.mark.parametrize("smoothing", [0.0, 0.6])
@pytest.mark.parametrize("window", [None, Window(x_low=0.5, x_high=40.0)])
def test_no_x_of_a_line_is_nan_because_that_would_spoil_all_of_it(
    run: Run, n_points: int, smoothing: float, window: Window | None
) -> None:
    run.log(noise(n_points))

    chart = run.draw(ChartLook(x_log=True, y_log=True, smoothing=smoothing), window)

    for line in (*chart.lines, *chart.raw_lines):
        assert line.x.min() == line.steps.min() == 1
        assert len(line.x) == len(line.y) == len(line.times) > 40
    assert chart.hidden_count > 0


def test_a_point_without_a_place_among_others_is_a_gap_at_the_place_before(run: Run) -> None:
    run.log([5.0, -1.0, 0.0, 2.0, 0.0], name="rate")
    run.log([1.0, 2.0, 3.0, 4.0, 5.0])

    chart = run.draw(ChartLook(x="metric:rate", x_log=True))

    np.testing.assert_equal(chart.lines[0].x, [5.0, 5.0, 5.0, 2.0])
    np.testing.assert_equal(chart.lines[0].y, [1.0, NAN, NAN, 4.0])
    assert chart.hidden_count == 3


def test_where_nothing_has_a_place_nothing_is_drawn(run: Run) -> None:
    run.log([1.0])

    chart = run.draw(ChartLook(x_log=True))

    assert len(chart.lines[0].x) == len(chart.lines[0].y) == 0
    assert (chart.hidden_count, chart.x_range) == (1, None)


def test_a_long_metric_with_zeros_is_a_line_on_a_logarithmic_axis(run: Run) -> None:
    run.log(array("d", [float(place % 10) for place in range(LONG)]))

    chart = run.draw(ChartLook(y_log=True))

    assert np.isfinite(chart.lines[0].y[1:]).all()
    assert chart.lines[0].y[1:].min() > 0
    assert any(note.startswith("at least") for note in notes_of(chart))


def test_the_first_steps_of_a_long_metric_are_read_where_a_logarithmic_axis_draws_them_wide(run: Run) -> None:
    run.log(noise(LONG))

    chart = run.draw(ChartLook(x_log=True))
    n_reads = run.n_reads
    run.draw(ChartLook(x_log=True))

    assert set(range(1, LONG // 1_000)) <= set(chart.lines[0].x[np.isfinite(chart.lines[0].x)].tolist())
    assert chart.hidden_count == 1
    assert run.n_reads == n_reads


def test_outliers_are_cut_from_the_range_but_not_from_the_line(run: Run) -> None:
    run.log([*noise(200), 1e6, -1e6])

    chart, whole = run.draw(ChartLook(cuts_outliers=True)), run.draw()

    assert chart.y_range is not None
    assert whole.y_range is not None
    assert chart.y_range[1] < 10
    assert whole.y_range[1] >= 1e6
    assert (chart.cut_count, whole.cut_count) == (2, 0)
    assert chart.lines[0].y.max() == 1e6
    assert "2 outliers lie outside" in notes_of(chart)


def test_of_few_points_none_is_cut(run: Run) -> None:
    run.log([0.0] * (MIN_TO_CUT - 2) + [1e6])

    chart = run.draw(ChartLook(cuts_outliers=True))

    assert chart.cut_count == 0
    assert chart.y_range is not None
    assert chart.y_range[1] >= 1e6


def test_what_is_not_finite_is_marked_where_it_happened(run: Run) -> None:
    run.log([1.0, NAN, 2.0, math.inf, NAN, -math.inf, 3.0])

    chart = run.draw()

    assert chart.nan_x.tolist() == [1, 4]
    assert chart.plus_x.tolist() == [3]
    assert chart.minus_x.tolist() == [5]
    assert notes_of(chart) == [
        "logged as no finite number: 2 \N{MULTIPLICATION SIGN} NaN, 1 \N{MULTIPLICATION SIGN} \N{INFINITY}, 1 \N{MULTIPLICATION SIGN} \N{MINUS SIGN}\N{INFINITY}"
    ]


def test_marks_of_a_long_metric_lie_in_its_buckets_and_exactly_when_zoomed(run: Run) -> None:
    values = noise(LONG)
    values[12_345] = NAN
    run.log(values)

    whole, zoomed = run.draw(), run.draw(window=Window(x_low=12_000, x_high=12_600))

    assert len(whole.nan_x) == 1
    assert abs(whole.nan_x[0] - 12_345) <= LONG / 500
    assert zoomed.nan_x.tolist() == [12_345]


def test_a_metric_of_nothing_but_nan_has_no_range_for_y(run: Run) -> None:
    run.log([NAN, NAN])

    chart = run.draw()

    assert chart.y_range is None
    assert chart.x_range == (0.0, 1.0)
    assert chart.nan_x.tolist() == [0, 1]


# -- smoothing


def plain_mean(values: Sequence[float], smoothing: float) -> list[float]:
    weight = total = 0.0
    smoothed = []
    for value in values:
        weight, total = smoothing * weight + 1, smoothing * total + value
        smoothed.append(total / weight)
    return smoothed


@pytest.mark.parametrize("n_points", [50, 1_500, LONG])
def test_smoothing_comes_before_thinning_and_carries_on_with_what_is_new(run: Run, n_points: int) -> None:
    values = noise(n_points + 300)
    run.log(values[:n_points])
    look = ChartLook(smoothing=0.9)
    run.draw(look)
    n_reads = run.n_reads
    for start in range(n_points, n_points + 300, 100):
        run.log(values[start : start + 100])
        run.draw(look)

    chart = run.draw(look)

    expected = plain_mean(values, 0.9)
    assert n_reads == run.n_reads <= 1
    assert chart.lines[0].y[-1] == pytest.approx(expected[-1])
    assert chart.lines[0].y.max() == pytest.approx(max(expected))
    assert chart.lines[0].y.min() == pytest.approx(min(expected))
    assert chart.lines[0].last == values[-1]
    assert chart.raw_lines[0].y[-1] == values[-1]
    assert chart.raw_lines[0].y.max() == max(values)


def test_a_smoothed_line_keeps_its_gaps(run: Run) -> None:
    run.log([1.0, NAN, 3.0])

    chart = run.draw(ChartLook(smoothing=0.5))

    np.testing.assert_allclose(chart.lines[0].y, [1.0, NAN, (0.25 * 1.0 + 3.0) / 1.25])  # two steps on
    assert chart.nan_x.tolist() == [1]


def test_another_smoothing_or_another_history_begins_anew(run: Run) -> None:
    run.log(noise(LONG))
    strong = run.draw(ChartLook(smoothing=0.99)).lines[0].y.std()

    weak = run.draw(ChartLook(smoothing=0.5)).lines[0].y.std()
    other = Run()
    other.log(array("d", [5.0] * LONG))
    other.memory = run.memory
    flat = other.draw(ChartLook(smoothing=0.5))

    assert strong < weak
    np.testing.assert_allclose(flat.lines[0].y, 5.0)


def test_without_a_reader_a_long_metric_is_not_smoothed(run: Run) -> None:
    run.log(noise(LONG))
    run.look()

    chart = draw_metric(run.state.metrics["loss"], run.state, ChartLook(smoothing=0.9))

    assert chart.lines[0].y.max() == chart.raw_lines[0].y.max()


# -- zoom


@pytest.mark.parametrize("x", ["step", "relative", "wall"])
def test_up_to_a_thousand_points_under_a_window_are_exact(run: Run, x: str) -> None:
    values = noise(LONG)
    seconds = array("d", [1_000.0 + place for place in range(LONG)])
    for start in range(0, LONG, 100):  # each hundred at one time of its own
        run.store.log_columns(run.run_id, "loss", {None: values[start : start + 100]}, logged_at=seconds[start])
    run.look()
    started_at = run.state.run.started_at if run.state.run else None
    zero = {"step": 0.0, "relative": 1_000.0 - (started_at or 0.0), "wall": 1_000.0}[x]
    window = Window(x_low=zero + 20_000, x_high=zero + (20_999 if x == "step" else 20_950))

    chart = run.draw(ChartLook(x=x), window)

    line = chart.lines[0]
    inside = (line.x >= window.x_low) & (line.x <= window.x_high)
    assert line.steps[inside].tolist() == list(range(20_000, 21_000))
    assert line.y[inside].tolist() == values[20_000:21_000].tolist()
    assert chart.is_exact
    assert (chart.number_count, chart.drawn_count) == (1_000, 1_000)
    assert chart.x_range == (window.x_low, window.x_high)
    assert (line.steps[0], line.steps[-1], line.y[-1]) == (0, LONG - 1, values[-1])
    assert chart.y_range is not None
    assert chart.y_range[0] <= min(values[20_000:21_000])


def test_a_line_goes_on_to_the_edges_of_a_window_between_two_points(run: Run) -> None:
    run.log(array("d", [float(place) for place in range(LONG)]))

    line = run.draw(window=Window(x_low=20_000.25, x_high=20_000.75)).lines[0]

    assert {20_000.0, 20_001.0} <= set(line.x.tolist())


def test_a_wide_window_is_an_envelope_that_is_finer_than_before(run: Run) -> None:
    run.log(noise(LONG))
    window = Window(x_low=5_000, x_high=9_999)
    before = len(run.draw().lines[0].x)

    chart = run.draw(window=window)

    assert not chart.is_exact
    assert chart.number_count == 5_000
    assert before < len(chart.lines[0].x) < 6_000
    assert notes_of(chart)[0].endswith("of 5,000 points: the lowest and highest of each stretch")


def test_a_window_is_read_once_and_followed_with_what_is_new(run: Run) -> None:
    run.log(noise(LONG))
    window = Window(x_low=LONG - 500.0, x_high=LONG + 200.0)
    run.draw(window=window)
    n_reads = run.n_reads

    run.draw(window=window)
    run.log(array("d", [7.0] * 50))
    chart = run.draw(window=window)

    assert run.n_reads == n_reads
    assert chart.is_exact
    assert chart.number_count == 550
    assert chart.lines[0].y[-1] == 7.0
    run.draw(window=Window(x_low=100.0, x_high=200.0))
    assert run.n_reads > n_reads


def test_a_short_metric_is_zoomed_without_reading(run: Run) -> None:
    run.log([1.0, 5.0, 2.0, 3.0])

    chart = run.draw(window=Window(x_low=1.5, x_high=3))

    assert run.n_reads == 0
    assert chart.number_count == 2
    assert chart.y_range is not None
    assert chart.y_range[1] < 5


def test_the_y_range_of_a_window_is_kept(run: Run) -> None:
    run.log([1.0, 5.0])

    chart = run.draw(ChartLook(cuts_outliers=True), Window(x_low=0, x_high=1, y_low=2, y_high=3))

    assert chart.y_range == (2, 3)


def test_a_smoothed_line_is_exact_under_a_window(run: Run) -> None:
    values = noise(LONG)
    run.log(values)
    look, window = ChartLook(smoothing=0.9), Window(x_low=20_000, x_high=20_500)

    chart = run.draw(look, window)
    n_reads = run.n_reads
    run.log(array("d", [1.0]))
    run.draw(look, window)
    back = run.draw(look)

    line = chart.lines[0]
    inside = (line.x >= 20_000) & (line.x <= 20_500)
    np.testing.assert_allclose(line.y[inside], plain_mean(values, 0.9)[20_000:20_501])
    assert run.n_reads == n_reads
    assert back.lines[0].steps[-1] == LONG


@pytest.mark.parametrize(
    "window", [Window(x_low=-50, x_high=-10), Window(x_low=1e9, x_high=2e9), Window(x_low=-math.inf, x_high=math.inf)]
)
def test_a_window_beside_everything_is_no_harm(run: Run, window: Window) -> None:
    run.log(noise(LONG))

    for x in ("step", "relative", "wall"):
        chart = run.draw(ChartLook(x=x, smoothing=0.5), window)
        assert chart.y_range is not None
        assert chart.lines[0].steps[-1] == LONG - 1


def test_steps_that_repeat_and_go_back_are_drawn_in_the_order_of_writing(run: Run) -> None:
    steps = [*range(1_500), *range(1_500)]
    run.log([float(place) for place in range(3_000)], steps=steps)

    chart = run.draw(window=Window(x_low=100, x_high=200))

    line = chart.lines[0]
    inside = (line.x >= 100) & (line.x <= 200)
    assert line.y[inside].tolist() == [*range(100, 201), *range(1_600, 1_701)]
    assert chart.is_exact


@given(
    st.integers(0, 99),
    st.integers(-2, 3),
    st.floats(-100, 4_000),
    st.floats(0.1, 900),
    st.sampled_from(["step", "wall"]),
)
@settings(max_examples=30, deadline=None)
def test_wherever_it_is_zoomed_to_each_point_is_drawn_also_of_those_that_come_later(
    seed: int, drift: int, x_low: float, width: float, x: str
) -> None:
    run, random = Run(), np.random.default_rng(seed)
    walk = np.cumsum(random.integers(drift - 2, drift + 3, size=2_400))
    steps = (walk - walk.min()).tolist()
    if x == "wall":  # a time is found by the steps logged in it, and those may be many where steps go to and fro
        steps.sort()
    values = random.normal(size=len(steps)).tolist()
    zero = 1_000.0 if x == "wall" else 0.0
    window = Window(x_low=zero + x_low, x_high=zero + x_low + width)

    times = [1_000.0 + place for place in range(len(steps))]
    run.log(values[:2_000], steps=steps[:2_000], times=times[:2_000])
    run.draw(ChartLook(x=x), window)
    run.log(values[2_000:], steps=steps[2_000:], times=times[2_000:])
    chart = run.draw(ChartLook(x=x), window)

    places = np.array(steps if x == "step" else times, dtype=float)
    wanted = (places >= window.x_low) & (places <= window.x_high)
    line = chart.lines[0]
    inside = (line.x >= window.x_low) & (line.x <= window.x_high)
    if wanted.sum() <= 1_000:
        assert set(np.array(values)[wanted]) <= set(line.y[inside].tolist())
    if wanted.any():
        assert line.y[inside].max() == max(np.array(values)[wanted])
    assert chart.lines[0].y[-1] == values[-1]


def test_a_window_of_time_that_lies_open_is_followed_without_reading(run: Run) -> None:
    values, places = noise(3_100), range(3_100)
    times = [1_000.0 + place for place in places]
    run.log(values[:3_000], steps=places[:3_000], times=times[:3_000])
    look, window = ChartLook(x="wall", smoothing=0.5), Window(x_low=3_900.0, x_high=5_000.0)
    run.draw(look, window)
    n_reads = run.n_reads

    run.log(values[3_000:], steps=places[3_000:], times=times[3_000:])
    chart = run.draw(look, window)

    assert n_reads > 0
    assert run.n_reads == n_reads
    assert chart.is_exact
    assert chart.number_count == 200
    for line, wanted in ((chart.raw_lines[0], values), (chart.lines[0], plain_mean(values, 0.5))):
        inside = line.x >= window.x_low
        np.testing.assert_allclose(line.y[inside], wanted[2_900:])
