"""Facts about envelopes: many numbers in few buckets."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import MetricKind, MetricValue
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.facts_histories import wild_value
from aml_widgets.testing.support import check_buckets, new_run

LONG = 5_000

SHAPES: dict[str, Callable[[int], tuple[MetricValue, int | None]]] = {
    "ascending": lambda i: (math.sin(i / 50), None),
    "descending steps": lambda i: (i / 8, LONG - i),
    "repeated steps": lambda i: (i, i // 10),
    "ints and floats": lambda i: (i if i % 3 else i / 2, None),
    "all sorts": lambda i: (wild_value(i), None),
    "all nan": lambda _: (math.nan, None),
    "text": lambda i: (f"text {i}", None),
    "long stretches of nan": lambda i: (math.nan if i // 300 % 2 else float(i), None),
    "all infinite": lambda _: (math.inf, None),
    "infinities of both signs": lambda i: (-math.inf if i % 2 else math.inf, None),
    "long stretches of infinities": lambda i: ((0.5, math.inf, -math.inf)[i // 700 % 3], None),
    "infinities beside extremes and nan": lambda i: (
        {500: math.inf, 501: 1e308, 502: math.nan, 503: -(2**63), 504: -math.inf}.get(i % 1_500, i % 7),
        None,
    ),
}

SPIKE_AT = 15_006
AROUND_SPIKE = {SPIKE_AT - 1: math.inf, SPIKE_AT: 1e6, SPIKE_AT + 1: math.nan}


def with_spike(sign: float) -> list[MetricValue]:
    """Give 30,000 numbers around zero, with an infinity, an extreme and NaN side by side."""
    values: list[MetricValue] = [0.0] * 30_000
    for place, value in AROUND_SPIKE.items():
        values[place] = sign * value
    return values


class EnvelopeFacts:
    """What holds for numbers that are summed up in buckets."""

    @pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
    def test_buckets_sum_up_every_number_once(
        self, store: RunStore, shape: Callable[[int], tuple[MetricValue, int | None]]
    ) -> None:
        run = new_run(store)
        for i in range(2_100):
            value, step = shape(i)
            store.log_metric(run.run_id, "a", value, step, float(i))
        store.log_columns(run.run_id, "a", {None: [shape(i)[0] for i in range(2_100, LONG)]})
        for i in range(30):
            store.log_metric(run.run_id, "a", shape(i)[0])
        history = store.read_history(run.run_id, "a")

        for max_buckets in (2, 7, 100, 1_000, 10_000):
            check_buckets(store.read_envelope(run.run_id, "a", max_buckets=max_buckets), history, max_buckets)
        store.set_status(run.run_id, RunStatus.COMPLETED)
        for max_buckets in (2, 7, 1_000):
            check_buckets(store.read_envelope(run.run_id, "a", max_buckets=max_buckets), history, max_buckets)

    @pytest.mark.parametrize("max_buckets", [1, 0, -5])
    def test_fewer_than_two_buckets_are_refused(self, store: RunStore, max_buckets: int) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "a", 1.0)

        with pytest.raises(UserError):
            store.read_envelope(run.run_id, "a", max_buckets=max_buckets)
        with pytest.raises(UserError):
            store.changes_since(run.run_id, max_buckets=max_buckets)

    def test_a_column_has_an_envelope(self, store: RunStore) -> None:
        run = new_run(store)
        columns: dict[str | None, list[MetricValue]] = {"x": list(range(LONG)), "y": [i / 2 for i in range(LONG)]}
        store.log_columns(run.run_id, "t", columns, kind=MetricKind.ROW)

        buckets = store.read_envelope(run.run_id, "t", "y", max_buckets=50)

        check_buckets(buckets, store.read_history(run.run_id, "t", "y"), 50)

    def test_few_points_have_a_bucket_each(self, store: RunStore) -> None:
        run = new_run(store)
        for value in (1.0, "text", 2, math.nan):
            store.log_metric(run.run_id, "a", value)

        buckets = store.read_envelope(run.run_id, "a")

        assert [(bucket.count, bucket.first_step) for bucket in buckets] == [(1, 0), (1, 2), (1, 3)]
        check_buckets(buckets, store.read_history(run.run_id, "a"), 1_000)

    def test_one_spike_among_many_is_seen(self, store: RunStore) -> None:
        run = new_run(store)
        values = [0.5] * 50_000
        values[31_234] = 99.0
        store.log_columns(run.run_id, "a", {None: values})

        buckets = store.read_envelope(run.run_id, "a", max_buckets=100)

        assert len(buckets) <= 100
        (spike,) = [bucket for bucket in buckets if bucket.high == 99.0]
        assert spike.low_step <= 31_234 <= spike.high_step

    @pytest.mark.parametrize("sign", [1.0, -1.0])
    @pytest.mark.parametrize("max_buckets", [2, 10, 29, 100, 1_000])
    def test_an_infinity_hides_neither_the_extreme_behind_it_nor_nan_beside_it(
        self, store: RunStore, sign: float, max_buckets: int
    ) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: with_spike(sign)})
        opened = store.changes_since(run.run_id, max_buckets=max_buckets).metrics[0]

        for buckets in (opened.buckets, store.read_envelope(run.run_id, "a", max_buckets=max_buckets)):
            check_buckets(buckets, store.read_history(run.run_id, "a"), max_buckets)
            assert max(sign * end for bucket in buckets for end in (bucket.low, bucket.high)) == 1e6
            assert sum(bucket.nan_count for bucket in buckets) == 1
            assert sum(bucket.plus_count for bucket in buckets) == (sign > 0)
            assert sum(bucket.minus_count for bucket in buckets) == (sign < 0)
            for bucket in buckets:
                if bucket.nan_count:
                    assert bucket.low_step <= SPIKE_AT + 1 <= bucket.high_step
        assert opened.summary is not None
        assert (opened.summary.low, opened.summary.high) in {(0.0, math.inf), (-math.inf, 0.0)}
        assert opened.summary.nonfinite_count == 2

    @pytest.mark.parametrize(("first", "last"), [(10_000, 20_000), (SPIKE_AT, 29_999), (SPIKE_AT - 5, SPIKE_AT + 5)])
    @pytest.mark.parametrize("max_buckets", [2, 10, 1_000])
    def test_an_infinity_in_a_range_hides_nothing(
        self, store: RunStore, first: int, last: int, max_buckets: int
    ) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: with_spike(1.0)})

        buckets = store.read_envelope(run.run_id, "a", first_step=first, last_step=last, max_buckets=max_buckets)

        assert max(bucket.high for bucket in buckets) == 1e6
        assert sum(bucket.nan_count for bucket in buckets) == 1

    def test_what_is_sealed_and_what_is_not_are_summed_up_alike(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: with_spike(1.0)})
        for value in (-math.inf, -1e6, math.nan, math.inf):
            store.log_metric(run.run_id, "a", value)
        history = store.read_history(run.run_id, "a")

        for max_buckets in (2, 10, 1_000):
            buckets = store.read_envelope(run.run_id, "a", max_buckets=max_buckets)
            check_buckets(buckets, history, max_buckets)
            assert min(bucket.low for bucket in buckets) == -1e6
            assert max(bucket.high for bucket in buckets) == 1e6

    @pytest.mark.parametrize(("first", "last"), [(20_000, 24_999), (0, 10), (31_200, 31_300), (49_990, 10**9)])
    def test_a_range_is_covered_and_little_else(self, store: RunStore, first: int, last: int) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: [float(i) for i in range(50_000)]})

        buckets = store.read_envelope(run.run_id, "a", first_step=first, last_step=last, max_buckets=100)

        wanted = range(first, min(last, 49_999) + 1)
        assert len(buckets) <= 100
        assert sum(bucket.count for bucket in buckets) >= len(wanted)
        assert buckets[0].low_step <= wanted[0]
        assert buckets[-1].high_step >= wanted[-1]
        for bucket in buckets:
            assert bucket.high_step >= first
            assert bucket.low_step <= last
        assert (
            sum(bucket.count for bucket in buckets) <= len(wanted) + 2 * 1_024
        )  # edges may be cut at a block's border

    def test_a_range_that_is_open_on_one_side(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: [float(i) for i in range(3_000)]})
        for i in range(3_000, 3_100):
            store.log_metric(run.run_id, "a", float(i))

        ending = store.read_envelope(run.run_id, "a", first_step=3_050)
        starting = store.read_envelope(run.run_id, "a", last_step=20)

        assert (ending[-1].high_step, ending[-1].last) == (3_099, 3_099.0)
        assert all(bucket.high_step >= 3_050 for bucket in ending)
        assert (starting[0].low_step, starting[0].first) == (0, 0.0)
        assert all(bucket.low_step <= 20 for bucket in starting)

    def test_a_range_without_points_is_empty(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: [1.0, 2.0]})

        assert store.read_envelope(run.run_id, "a", first_step=10) == []
        assert store.read_envelope(run.run_id, "a", last_step=-1) == []
