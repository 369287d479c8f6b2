"""Facts about points that are sent a second time, for the stores that find that out."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from aml_widgets.core.errors import InvalidMetric, RunNotFound
from aml_widgets.core.records import MetricKind, MetricValue, NewPoint
from aml_widgets.core.status import RunStatus
from aml_widgets.store.repeats import NEWEST_COMPARED, RepeatSkippingStore
from aml_widgets.testing.support import Viewer, exact, new_run, values_of


class RepeatFacts:
    """What holds for `log_new_points`. A subclass gives the fixture ``store``."""

    @pytest.mark.parametrize("value", [0.5, -0.0, 3, math.nan, math.inf, 2**70, "a", True, None])
    def test_a_point_that_is_sent_again_is_one(self, store: RepeatSkippingStore, value: MetricValue) -> None:
        run = new_run(store)
        point = NewPoint("loss", value, 3, 7.25)

        store.log_new_points(run.run_id, [point])
        store.log_new_points(run.run_id, [point])
        store.log_new_points(run.run_id, [point, point])

        history = store.read_history(run.run_id, "loss")
        assert (values_of(history), list(history.steps), list(history.times)) == ([exact(value)], [3], [7.25])

    @pytest.mark.parametrize(
        "other",
        [
            NewPoint("loss", 0.25, 3, 7.25),
            NewPoint("loss", math.nan, 3, 7.25),
            NewPoint("loss", "0.5", 3, 7.25),
            NewPoint("loss", 0.5, 2, 7.25),
            NewPoint("loss", 0.5, 3, 7.0),
            NewPoint("loss", 0.5, None, 7.25),
            NewPoint("loss", 0.5, 3, None),
            NewPoint("other", 0.5, 3, 7.25),
        ],
    )
    def test_a_point_that_differs_in_anything_is_another(self, store: RepeatSkippingStore, other: NewPoint) -> None:
        run = new_run(store)

        store.log_new_points(run.run_id, [NewPoint("loss", 0.5, 3, 7.25), other])
        store.log_new_points(run.run_id, [NewPoint("loss", 0.5, 3, 7.25)])

        assert sum(one.count for one in store.summarize_metrics(run.run_id)) == 2

    def test_one_is_one_as_an_integer_and_as_a_float_but_no_truth_value(self, store: RepeatSkippingStore) -> None:
        run = new_run(store)

        store.log_new_points(run.run_id, [NewPoint("x", one, 0, 1.0) for one in (1, 1.0, True)])
        store.log_new_points(run.run_id, [NewPoint("x", one, 0, 1.0) for one in (True, 1.0, 1)])

        assert values_of(store.read_history(run.run_id, "x")) == [exact(1), exact(True)]

    def test_other_ways_to_log_keep_every_point(self, store: RepeatSkippingStore) -> None:
        run = new_run(store)
        store.log_new_points(run.run_id, [NewPoint("loss", 0.5, 3, 7.25)])

        store.log_metric(run.run_id, "loss", 0.5, 3, 7.25)
        store.log_metrics(run.run_id, {"loss": 0.5, "acc": 1.0}, 3, 7.25)
        store.log_points(run.run_id, [NewPoint("loss", 0.5, 3, 7.25)] * 2)

        assert len(store.read_history(run.run_id, "loss")) == 5

    def test_what_was_logged_in_other_ways_is_known(self, store: RepeatSkippingStore) -> None:
        run = new_run(store)
        store.log_metrics(run.run_id, {"loss": 0.5, "acc": 1, "text": "a"}, 3, 7.25)
        store.log_metric(run.run_id, "loss", 0.25, 4, 7.5)
        store.log_columns(run.run_id, "list", {None: [1.0, 2.0]}, logged_at=8.0)
        store.log_metrics(run.run_id, {"loss": 0.75, "acc": 2}, logged_at=9.0)  # each at a step of its own

        store.log_new_points(
            run.run_id,
            [
                NewPoint("loss", 0.5, 3, 7.25),
                NewPoint("acc", 1.0, 3, 7.25),
                NewPoint("text", "a", 3, 7.25),
                NewPoint("loss", 0.25, 4, 7.5),
                NewPoint("list", 2.0, 1, 8.0),
                NewPoint("acc", 2, 4, 9.0),
                NewPoint("loss", 0.75, 5, 9.0),
            ],
        )

        counts = {one.key.name: one.count for one in store.summarize_metrics(run.run_id)}
        assert counts == {"loss": 3, "acc": 2, "text": 1, "list": 2}

    @pytest.mark.parametrize("names", [("loss",), ("loss", "acc", "lr")])
    def test_of_a_batch_that_is_sent_again_with_more_the_rest_is_kept(
        self, store: RepeatSkippingStore, names: Sequence[str]
    ) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        points = [NewPoint(name, i / 7, i, 1_000.0 + i) for i in range(1_500) for name in names]

        for start in range(0, len(points) - 500, 500):  # each batch overlaps with the one before
            store.log_new_points(run.run_id, points[start : start + 1_000])
            viewer.look()

        for name in names:
            history = store.read_history(run.run_id, name)
            assert list(history.steps) == list(range(1_500))
            assert list(history.values) == [i / 7 for i in range(1_500)]
        assert sum(map(len, viewer.points.values())) == len(points)

    @pytest.mark.parametrize("seed", range(6))
    def test_in_whatever_order_points_come_each_is_there_once(self, store: RepeatSkippingStore, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        run = new_run(store)
        values: list[MetricValue] = [0.0, 1, 2.5, math.nan, "text", 2**65]
        expected: dict[object, None] = {}
        for _ in range(60):
            batch = [
                NewPoint(chance.choice("ab"), chance.choice(values), chance.randint(-2, 4), float(chance.randint(0, 9)))
                for _ in range(chance.choice([1, 1, 2, 40]))
            ]
            expected.update(dict.fromkeys((one.name, one.step, one.logged_at, exact(one.value)) for one in batch))
            store.log_new_points(run.run_id, batch)
            if chance.random() < 0.2:  # what is sealed is compared as well
                ending = RunStatus.COMPLETED if chance.random() < 0.5 else RunStatus.RUNNING
                store.set_status(run.run_id, ending, reopens=True)

        found = []
        for name in "ab":
            history = store.read_history(run.run_id, name)
            found += [
                (name, step, at, exact(value))
                for step, at, value in zip(history.steps, history.times, history.values, strict=True)
            ]
        assert len(found) == len(set(found))
        assert set(found) == set(expected)

    @pytest.mark.parametrize("has_steps", [True, False])
    def test_the_oldest_of_those_that_are_compared_is_found(self, store: RepeatSkippingStore, has_steps: bool) -> None:
        run = new_run(store)
        n_points = 15 * 1_024 + 1  # packed by the thousand, the last stands alone
        points = [NewPoint("loss", i / 7, i if has_steps else 0, 1_000.0 + i) for i in range(n_points)]
        places = (n_points - NEWEST_COMPARED, n_points // 2, -1)
        store.log_points(run.run_id, points)

        store.log_new_points(run.run_id, [points[place] for place in places])
        for place in places:
            store.log_new_points(run.run_id, [points[place]])

        assert len(store.read_history(run.run_id, "loss")) == len(points)

    def test_a_run_that_has_ended_takes_what_is_new(self, store: RepeatSkippingStore) -> None:
        run = new_run(store)
        points = [NewPoint("loss", i / 7, i, float(i)) for i in range(10)]
        store.log_new_points(run.run_id, points[:5])
        store.set_status(run.run_id, RunStatus.COMPLETED)
        cursor = store.run_list_changes().cursor

        store.log_new_points(run.run_id, points[:5])
        assert store.run_list_changes(cursor).runs == ()
        store.log_new_points(run.run_id, points)

        assert list(store.read_history(run.run_id, "loss").steps) == list(range(10))
        assert [one.run_id for one in store.run_list_changes(cursor).runs] == [run.run_id]

    def test_of_new_points_with_a_wrong_one_none_is_kept(self, store: RepeatSkippingStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "rows", {"": [2.0]}, kind=MetricKind.ROW, logged_at=1.0)
        point = NewPoint("loss", 1.0, 0, 1.0)

        for wrong in (NewPoint("rows", 2.0, 0, 1.0), NewPoint("loss", 2.0, 2**63, 2.0), NewPoint("l", [], 0, 1.0)):  # type: ignore[arg-type]  # the fault
            with pytest.raises(InvalidMetric):
                store.log_new_points(run.run_id, [point, wrong])
        store.log_new_points(run.run_id, [])
        with pytest.raises(RunNotFound):
            store.log_new_points("absent", [point])

        assert len(store.read_history(run.run_id, "loss")) == 0
        store.log_new_points(run.run_id, [point])
        assert len(store.read_history(run.run_id, "loss")) == 1
