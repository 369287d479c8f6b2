"""A series in a view is bounded, and yet shows its ends and its extremes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.core.records import MetricValue
from aml_widgets.widgets.series import MAX_BUCKETS, MAX_KEPT_VALUES, SeriesState, advance_series, outline, outline_over
from tests.widgets.building import NAN, bucket, news

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def series_of(*parts: Sequence[MetricValue]) -> SeriesState:
    series: SeriesState | None = None
    seq = 0
    for part in parts:
        series = advance_series(series, news(part, first_seq=seq))
        seq += len(part)
    assert series is not None
    return series


def test_few_points_are_drawn_as_they_were_logged() -> None:
    series = series_of([3.0, 1.0], [2.0])

    steps, values = outline(series)

    assert steps.tolist() == [0, 1, 2]
    assert values.tolist() == [3.0, 1.0, 2.0]
    assert series.is_exact


@given(st.lists(st.lists(finite, max_size=900), min_size=1, max_size=8))
def test_however_points_arrive_the_ends_and_extremes_are_on_the_line(parts: list[list[float]]) -> None:
    logged = [value for part in parts for value in part]
    series = series_of(*parts)

    steps, values = outline(series)

    assert len(series.buckets) <= MAX_BUCKETS
    assert series.count == series.number_count == len(logged)
    if logged:
        assert (values[0], values[-1]) == (logged[0], logged[-1])
        assert (min(values), max(values)) == (min(logged), max(logged))
        assert (steps[0], steps[-1]) == (0, len(logged) - 1)
        assert (np.diff(steps) >= 0).all()


def test_memory_stays_bounded_however_much_is_logged_and_one_spike_stays_visible() -> None:
    part = [0.0] * 50_000
    spiked = [*part]
    spiked[123] = 7.0

    series = series_of(part, spiked, *[part] * 18)

    assert series.count == 1_000_000
    assert MAX_BUCKETS / 2 <= len(series.buckets) <= MAX_BUCKETS
    assert max(outline(series)[1]) == 7.0
    assert len(outline(series)[0]) <= 2 * MAX_BUCKETS + 2


def test_an_opening_with_buckets_is_continued_by_points() -> None:
    buckets = [bucket(0, 9, 1.0, 5.0), bucket(10, 19, 2.0, 6.0)]
    series = advance_series(None, news([3.0], first_seq=20, buckets=buckets, is_opening=True, count=21))

    series = advance_series(series, news([9.0, 4.0], first_seq=21))

    steps, values = outline(series)
    assert series.count == 23
    assert series.bucket_width == 10
    assert not series.is_exact
    assert (steps[0], values[0]) == (0, 1.0)
    assert (steps[-1], values[-1]) == (22, 4.0)
    assert values.max() == 9.0


def test_an_opening_replaces_what_was_known() -> None:
    series = series_of([1.0, 2.0, 3.0])

    series = advance_series(series, news([8.0], is_opening=True))

    assert outline(series)[1].tolist() == [8.0]
    assert series.count == 1


def test_nan_and_infinities_are_gaps_and_are_counted() -> None:
    series = series_of([1.0, NAN, 2.0, math.inf, -math.inf, 3.0])

    assert series.nonfinite_count == 3
    np.testing.assert_equal(outline(series)[1], [1.0, NAN, 2.0, NAN, NAN, 3.0])


def test_an_infinite_extreme_of_a_bucket_leaves_its_finite_ends() -> None:
    spoiled = bucket(0, 9, 1.0, math.inf, nonfinite_count=1)

    series = advance_series(None, news([], buckets=[spoiled], is_opening=True, count=10))

    values = outline(series)[1]
    assert series.nonfinite_count == 1
    assert np.nanmax(values) == 1.0
    assert not np.isinf(values).any()


def test_what_is_no_number_is_counted_but_not_drawn() -> None:
    series = series_of([1, "text", None, True, 2])

    assert series.other_count == 3
    assert series.last == 2
    assert outline(series)[0].tolist() == [0, 4]


def test_integers_beyond_floats_are_gaps_and_others_are_drawn() -> None:
    series = series_of([2**70, 10**400, -(10**400), 5])

    np.testing.assert_equal(outline(series)[1], [float(2**70), NAN, NAN, 5.0])
    assert series.nonfinite_count == 2


def test_a_big_integer_among_the_buckets_of_an_opening_is_not_drawn_after_them() -> None:
    buckets = [bucket(0, 9, 1.0, 5.0)]

    series = advance_series(None, news([2**70], first_seq=4, buckets=buckets, is_opening=True, count=11))

    assert outline(series)[1].tolist() == [1.0, 1.0, 5.0, 5.0]
    assert series.other_count == 1


def test_a_pair_of_columns_is_joined_by_row() -> None:
    xs, ys = series_of([10.0, "gap", 30.0]), series_of([1.0, 2.0, 3.0])

    x, y = outline_over(xs, ys)

    assert x.tolist() == [10.0, 30.0]
    assert y.tolist() == [1.0, 3.0]


def test_a_long_pair_of_columns_keeps_its_shape() -> None:
    places = [float(place) for place in range(10_000)]

    x, y = outline_over(series_of([2 * place for place in places]), series_of(places))

    assert (x[0], x[-1]) == (0.0, 19_998.0)
    assert (y[0], y[-1]) == (0.0, 9_999.0)
    assert abs(x - 2 * y).max() <= 20_000 / MAX_BUCKETS * 4


def test_a_pair_without_a_known_x_is_not_drawn() -> None:
    x, y = outline_over(series_of([NAN] * 2_000), series_of([1.0] * 2_000))

    assert len(x) == len(y) == 0


@pytest.mark.parametrize("n_points", [1, 999, 1_000, 1_001, 2_000, 2_001])
def test_around_the_limit_no_point_is_lost(n_points: int) -> None:
    one_by_one: SeriesState | None = None
    for place in range(n_points):
        one_by_one = advance_series(one_by_one, news([float(place)], first_seq=place))

    assert one_by_one is not None
    assert one_by_one.number_count == n_points
    assert outline(one_by_one)[0][-1] == n_points - 1


def test_all_values_are_known_while_they_are_few() -> None:
    first = advance_series(None, news(["a", 1.0], is_opening=True))
    second = advance_series(first, news(["b"], first_seq=2))
    many = advance_series(second, news(["c"] * MAX_KEPT_VALUES, first_seq=3))

    assert second.values == ("a", 1.0, "b")
    assert many.values == ()
    assert advance_series(many, news(["d"], first_seq=20)).values == ()


def test_of_a_part_of_the_values_none_are_known() -> None:
    assert advance_series(None, news(["z"], is_opening=True, count=3)).values == ()
