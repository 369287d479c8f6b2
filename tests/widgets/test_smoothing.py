"""The mean is what a plain loop gives, however the points arrive, and never beyond the numbers it is made of."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aml_widgets.widgets.buckets import SEQ, STEP, VALUE, FloatArray
from aml_widgets.widgets.smoothing import MAX_SMOOTHING, SmoothedSeries, Span, start_mean

values_and_steps = st.lists(
    st.tuples(
        st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf]),
        st.integers(-3, 20),
    ),
    min_size=1,
    max_size=300,
)
smoothings = st.floats(0.0, 0.999)


def points(values: list[float], steps: list[int] | None = None) -> FloatArray:
    table = np.zeros((len(values), 4))
    table[:, SEQ] = range(len(values))
    table[:, STEP] = range(len(values)) if steps is None else steps
    table[:, VALUE] = values
    return table


def naive(values: list[float], steps: list[float], smoothing: float) -> list[float]:
    distances = [abs(after - before) for before, after in pairwise(steps) if after != before]
    unit = float(np.median(distances)) if distances else 1.0
    weight = total = 0.0
    last_step = None
    smoothed = []
    for value, step in zip(values, steps, strict=True):
        if not math.isfinite(value):
            smoothed.append(value)
            continue
        distance = abs(step - last_step) / unit if last_step is not None and step != last_step else 1.0
        fading = smoothing**distance
        weight, total = fading * weight + 1, fading * total + value
        smoothed.append(total / weight)
        last_step = step
    return smoothed


@given(values_and_steps, smoothings)
def test_it_is_what_a_plain_loop_gives(logged: list[tuple[float, int]], smoothing: float) -> None:
    values = [value for value, _ in logged]
    steps = np.cumsum([step for _, step in logged]).tolist()

    _, smoothed = start_mean(smoothing, points(values, steps)).extend(points(values, steps))

    np.testing.assert_allclose(smoothed[:, VALUE], naive(values, steps, smoothing), rtol=1e-7, atol=1e-6)


@given(values_and_steps, smoothings, st.lists(st.integers(0, 300), max_size=4))
def test_carried_on_it_is_the_same_as_from_the_beginning(
    logged: list[tuple[float, int]], smoothing: float, cuts: list[int]
) -> None:
    table = points([value for value, _ in logged], np.cumsum([step for _, step in logged]).tolist())
    mean = start_mean(smoothing, table)
    _, at_once = mean.extend(table)

    parts = []
    for part in np.split(table, sorted(cuts)):
        mean, smoothed = mean.extend(part)
        parts.append(smoothed)

    np.testing.assert_allclose(np.concatenate(parts), at_once, rtol=1e-9, atol=1e-7)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=200), smoothings)
@example([1.7976931348623155e308, 1.7976931348623157e308], 0.5)
def test_it_lies_among_the_numbers_however_large_they_are(values: list[float], smoothing: float) -> None:
    _, smoothed = start_mean(smoothing, points(values)).extend(points(values))

    assert np.isfinite(smoothed).all()
    room = 1e-12 * max(abs(value) for value in values)
    assert min(values) - room <= smoothed[:, VALUE].min()
    assert smoothed[:, VALUE].max() <= max(values) + room


def test_it_begins_at_the_first_number_and_not_at_zero() -> None:
    table = points([5.0] * 50)

    _, smoothed = start_mean(0.99, table).extend(table)

    np.testing.assert_allclose(smoothed[:, VALUE], 5.0)


def test_without_smoothing_nothing_changes() -> None:
    table = points([1.0, math.nan, 4.0, -2.0])

    _, smoothed = start_mean(0.0, table).extend(table)

    np.testing.assert_equal(smoothed, table)


def test_a_number_far_away_counts_less() -> None:
    near, far = points([0.0] * 10 + [1.0], [*range(10), 10]), points([0.0] * 10 + [1.0], [*range(10), 100])

    _, after_near = start_mean(0.9, near).extend(near)
    _, after_far = start_mean(0.9, far).extend(far)

    assert after_near[-1, VALUE] < 0.2
    assert after_far[-1, VALUE] > 0.99


def test_steps_that_are_all_alike_count_by_point() -> None:
    even, alike = points([1.0, 2.0, 3.0]), points([1.0, 2.0, 3.0], [7, 7, 7])

    _, of_even = start_mean(0.5, even).extend(even)
    _, of_alike = start_mean(0.5, alike).extend(alike)

    np.testing.assert_equal(of_alike[:, VALUE], of_even[:, VALUE])


@pytest.mark.parametrize(("asked", "used"), [(-1.0, 0.0), (2.0, MAX_SMOOTHING), (0.6, 0.6)])
def test_smoothing_stays_within_its_bounds(asked: float, used: float) -> None:
    assert start_mean(asked, points([1.0])).smoothing == used


def test_what_is_kept_is_bounded_and_a_part_of_it_is_exact() -> None:
    table = points(np.sin(np.arange(50_000) / 100).tolist())
    series = SmoothedSeries(origin=None, mean=start_mean(0.9, table), span=Span(30_000, 30_500))

    for part in np.split(table, 50):
        series = series.extend(part)

    _, at_once = start_mean(0.9, table).extend(table)
    assert len(series.overview.rows) <= 1_000
    assert series.last_seq == 49_999
    assert series.detail.is_exact
    np.testing.assert_allclose(series.detail.rows[:, 8], at_once[30_000:30_501, VALUE])
