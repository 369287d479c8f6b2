"""A series in a view is bounded, and yet shows its ends and its extremes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.core.records import MetricKind, MetricValue
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.widgets.buckets import (
    AT,
    HAS_MINUS,
    HAS_NAN,
    HAS_PLUS,
    LAST_SEQ,
    SEQ,
    STEP,
    VALUE,
    FloatArray,
    corners,
    put_into,
)
from aml_widgets.widgets.series import (
    MAX_BUCKETS,
    MAX_KEPT_VALUES,
    MAX_NEWEST,
    MAX_TAIL,
    SeriesState,
    advance_series,
)
from tests.widgets.building import NAN, bucket, news, running

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def series_of(*parts: Sequence[MetricValue]) -> SeriesState:
    series: SeriesState | None = None
    seq = 0
    for part in parts:
        series = advance_series(series, news(part, first_seq=seq))
        seq += len(part)
    assert series is not None
    return series


def outline(series: SeriesState) -> tuple[FloatArray, FloatArray]:
    drawn = corners(series.buckets)
    return drawn[:, STEP], drawn[:, VALUE]


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
    assert series.table.width == 10
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


def test_infinite_ends_of_a_bucket_are_gaps_and_its_extremes_are_drawn() -> None:
    spoiled = bucket(0, 9, 1.0, 5.0)._replace(first=-math.inf, last=math.inf, plus_count=2, minus_count=1)

    series = advance_series(None, news([], buckets=[spoiled], is_opening=True, count=10))

    values = outline(series)[1]
    assert series.nonfinite_count == 3
    assert (np.nanmin(values), np.nanmax(values)) == (1.0, 5.0)
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
    assert (series.number_count, series.undrawn_count, series.other_count) == (11, 1, 0)
    series = advance_series(series, news([6.0], first_seq=11))
    assert (series.number_count, series.undrawn_count, series.other_count) == (12, 1, 0)


def test_big_integers_that_an_opening_does_not_give_are_numbers_all_the_same() -> None:
    series = advance_series(None, news([2**70, 2**70], first_seq=5, is_opening=True, count=7))

    assert (series.number_count, series.undrawn_count, series.other_count) == (7, 5, 0)
    assert series.numbers_after(-1) is None

    texts = advance_series(None, news(["a", 2**70], first_seq=5, is_opening=True, count=7))
    assert (texts.number_count, texts.other_count) == (1, 6)


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


def test_what_is_not_finite_is_told_apart() -> None:
    points = series_of([1.0, NAN, math.inf, -math.inf])

    flags = points.buckets[:, [HAS_NAN, HAS_PLUS, HAS_MINUS]]

    assert flags.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_what_a_bucket_of_the_store_saw_is_told_apart() -> None:
    buckets = [
        bucket(0, 9, 1.0, 2.0),
        bucket(10, 19, 1.0, 2.0)._replace(plus_count=1),
        bucket(20, 29, 1.0, 2.0)._replace(minus_count=1),
        bucket(30, 39, 1.0, 2.0)._replace(nan_count=1),
        bucket(40, 49, NAN, NAN)._replace(nan_count=7, plus_count=2, minus_count=1),
    ]

    series = advance_series(None, news([], buckets=buckets, is_opening=True, count=50))

    flags = series.buckets[:, [HAS_NAN, HAS_PLUS, HAS_MINUS]]
    assert flags.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 1, 1]]
    assert series.nonfinite_count == 13


def test_a_series_opened_anew_shows_what_it_showed_live() -> None:
    values: list[MetricValue] = [0.0] * 30_000
    values[15_005:15_008] = [math.inf, 1e6, NAN]
    store = MemoryRunStore()
    run_id = running(store)
    store.log_columns(run_id, "loss", {None: values})

    live = series_of(*(values[start : start + 1_000] for start in range(0, len(values), 1_000)))
    anew = advance_series(None, store.changes_since(run_id).metrics[0])

    for series in (live, anew):
        assert np.nanmax(outline(series)[1]) == 1e6
        assert series.nonfinite_count == 2
        assert series.buckets[:, [HAS_NAN, HAS_PLUS, HAS_MINUS]].sum(axis=0).tolist() == [1, 1, 0]


@given(st.lists(st.lists(finite | st.sampled_from([NAN, math.inf, "text", None, 3]), max_size=1_500), max_size=5))
def test_the_tail_holds_the_newest_numbers_as_they_were_logged(parts: list[list[MetricValue]]) -> None:
    logged = [value for part in parts for value in part]
    numbers = [(seq, value) for seq, value in enumerate(logged) if isinstance(value, (int, float))]

    series = series_of([], *parts)

    assert len(series.tail) == min(len(numbers), MAX_TAIL)
    np.testing.assert_equal(series.tail[:, [SEQ, VALUE]].tolist(), [list(one) for one in numbers[-MAX_TAIL:]])
    if len(numbers) > MAX_TAIL:
        assert series.tail_after == numbers[-MAX_TAIL - 1][0]
        assert series.numbers_after(series.tail_after - 1) is None
    else:
        assert series.tail_after == -1
    after = series.numbers_after(series.tail_after)
    assert after is not None
    assert len(after) == len(series.tail)


def test_after_an_opening_with_buckets_the_tail_begins_behind_them() -> None:
    series = advance_series(
        None, news([3.0], first_seq=20, buckets=[bucket(0, 19, 1.0, 5.0)], is_opening=True, count=21)
    )

    assert series.numbers_after(18) is None
    after = series.numbers_after(19)
    assert after is not None
    assert after[:, VALUE].tolist() == [3.0]
    assert series.newest.values == (3.0,)


def test_the_newest_values_keep_their_types_and_places() -> None:
    series = series_of(["a", 1, 2.0, None, True])

    assert series.newest.values == ("a", 1, 2.0, None, True)
    assert [type(value) for value in series.newest.values][1:3] == [int, float]
    assert series.newest.seqs == series.newest.steps == (0, 1, 2, 3, 4)


def test_of_long_text_and_tables_the_newest_values_are_known_and_of_plain_numbers_none() -> None:
    texts = series_of(["text"] * 400, ["last"] * 400)
    rows = advance_series(None, news([float(row) for row in range(5_000)], kind=MetricKind.ROW))
    numbers = series_of([0.0] * (MAX_NEWEST + 1))

    assert len(texts.newest.values) == len(texts.newest.times) == MAX_NEWEST
    assert texts.newest.values[-401:-399] == ("text", "last")
    assert rows.newest.seqs == tuple(range(4_500, 5_000))
    assert numbers.newest.values == ()


def test_states_of_one_opening_have_one_origin() -> None:
    first = series_of([1.0])
    next_one = advance_series(first, news([2.0], first_seq=1))
    opened_anew = advance_series(next_one, news([1.0, 2.0], is_opening=True))

    assert next_one.origin is first.origin
    assert opened_anew.origin is not first.origin


def test_times_are_those_of_the_ends_of_a_bucket() -> None:
    one = bucket(0, 9, 1.0, 5.0)._replace(first_logged_at=100.0, last_logged_at=109.0)

    drawn = corners(advance_series(None, news([], buckets=[one], is_opening=True, count=10)).buckets)

    assert sorted(set(drawn[:, AT].tolist())) == [100.0, 109.0]


def test_finer_buckets_replace_those_of_an_overview_and_their_ends_stay() -> None:
    overview = series_of([float(place) for place in range(4_000)]).buckets
    width = int(overview[0, LAST_SEQ]) + 1
    inner = advance_series(None, news([float(place) for place in range(102, 110)], first_seq=102)).buckets

    merged = put_into(overview, inner)

    drawn = corners(merged)[:, SEQ]
    assert set(range(102, 110)) <= set(drawn.tolist())
    assert (np.diff(drawn) >= 0).all()
    assert {100.0, 110.0 if width == 2 else 111.0} <= set(drawn.tolist())
    assert corners(merged)[-1, VALUE] == 3_999


@pytest.mark.parametrize("kind", [MetricKind.SCALAR, MetricKind.ROW])
def test_what_is_kept_does_not_grow_with_what_was_logged(kind: MetricKind) -> None:
    series: SeriesState | None = None
    sizes = []
    for start in range(0, 60_000, 700):
        series = advance_series(series, news([1.0] * 700, first_seq=start, kind=kind))
        base = series.tail if series.tail.base is None else series.tail.base
        sizes.append(series.buckets.nbytes + base.nbytes + 8 * 4 * len(series.newest.values))

    assert max(sizes) <= MAX_BUCKETS * 17 * 8 + (MAX_TAIL + 700) * 4 * 8 + 32 * MAX_NEWEST
