"""Facts about points that are logged with steps and times of their own, and about runs that go on after they ended."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import math

import pytest

from aml_widgets.core.errors import InvalidMetric, RunGoesOn, RunIsTerminal
from aml_widgets.core.records import MetricKind, MetricOrder, NewPoint, NewRun, RunError, RunQuery, RunView
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import Viewer, exact, list_names, new_run, values_of


class PointFacts:
    """What holds for points in bulk, and beyond a run's end."""

    def test_points_keep_their_steps_times_and_order(self, store: RunStore) -> None:
        run = new_run(store)
        points = [
            NewPoint("loss", 0.5, 10, 1.0),
            NewPoint("acc", 1, 10, 1.0),
            NewPoint("loss", math.nan, -3, 0.5),
            NewPoint("loss", -math.inf, 10, 1.0),
            NewPoint("text", "a", 2, 7.0),
            NewPoint("loss", 2**70, 4, 0.0),
        ]

        store.log_points(run.run_id, points)

        history = store.read_history(run.run_id, "loss")
        assert values_of(history) == [exact(value) for value in (0.5, math.nan, -math.inf, 2**70)]
        assert list(history.steps) == [10, -3, 10, 4]
        assert list(history.times) == [1.0, 0.5, 1.0, 0.0]
        assert values_of(store.read_history(run.run_id, "acc")) == [exact(1)]
        assert list(store.read_history(run.run_id, "text").times) == [7.0]
        order = {name: next(iter(store.read_history(run.run_id, name).seqs)) for name in ("loss", "acc", "text")}
        assert order["loss"] <= order["acc"] < order["text"]

    def test_points_without_a_step_count_on(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 1.0, step=4)

        store.log_points(run.run_id, [NewPoint("loss", 2.0), NewPoint("loss", 3.0), NewPoint("new", 4.0)])
        store.log_metric(run.run_id, "loss", 5.0)

        assert list(store.read_history(run.run_id, "loss").steps) == [4, 5, 6, 7]
        assert list(store.read_history(run.run_id, "new").steps) == [0]

    def test_many_points_are_one_history_and_news(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        viewer.look()
        points = [NewPoint(f"m{i % 3}", float(i), i // 3, float(i // 3)) for i in range(3_000)]

        store.log_points(run.run_id, points[:2_500])
        viewer.look()
        store.log_points(run.run_id, points[2_500:])
        viewer.look()

        for name in ("m0", "m1", "m2"):
            history = store.read_history(run.run_id, name)
            assert list(zip(history.steps, history.values, strict=True)) == [
                (point.step, point.value) for point in points if point.name == name
            ]
        assert sum(map(len, viewer.points.values())) == 3_000

    def test_of_points_with_a_wrong_one_none_is_kept(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "rows", {"x": [1]}, kind=MetricKind.ROW)

        with pytest.raises(InvalidMetric):
            store.log_points(run.run_id, [NewPoint("loss", 1.0, 0, 1.0), NewPoint("rows", 2.0, 1, 2.0)])
        with pytest.raises(InvalidMetric):
            store.log_points(run.run_id, [NewPoint("loss", 1.0, 0, 1.0), NewPoint("loss", 2.0, 2**63, 2.0)])
        store.log_points(run.run_id, [])

        assert len(store.read_history(run.run_id, "loss")) == 0

    def test_a_run_that_has_ended_takes_points_only_when_that_is_said(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 1.0)
        ended = store.set_status(run.run_id, RunStatus.COMPLETED)
        cursor = store.run_list_changes().cursor
        viewer = Viewer(store, run.run_id)
        viewer.look()

        with pytest.raises(RunIsTerminal):
            store.log_points(run.run_id, [NewPoint("loss", 2.0)])
        store.log_points(run.run_id, [NewPoint("loss", 2.0), NewPoint("late", 3.0)], even_if_ended=True)
        with pytest.raises(RunIsTerminal):
            store.log_metric(run.run_id, "loss", 4.0)

        assert list(store.read_history(run.run_id, "loss").values) == [1.0, 2.0]
        assert [one.run_id for one in store.run_list_changes(cursor).runs] == [run.run_id]
        viewer.look()
        assert sorted(len(points) for points in viewer.points.values()) == [1, 2]
        page = store.list_runs(RunQuery(order_by=MetricOrder(name="late"))).runs
        assert [one.run_id for one in page] == [run.run_id]
        assert store.get_run(run.run_id).ended_at == ended.ended_at

    # -- going on

    def test_a_run_that_is_reopened_goes_on(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 1.0)
        failed = store.set_status(run.run_id, RunStatus.FAILED, error=RunError(code="E", message="m"))

        with pytest.raises(RunIsTerminal):
            store.set_status(run.run_id, RunStatus.RUNNING)
        again = store.set_status(run.run_id, RunStatus.RUNNING, reopens=True)

        assert (again.status, again.ended_at, again.error) == (RunStatus.RUNNING, None, None)
        assert again.started_at == failed.started_at
        store.log_metric(run.run_id, "loss", 2.0)
        assert list(store.read_history(run.run_id, "loss").values) == [1.0, 2.0]
        assert list(store.read_history(run.run_id, "loss").steps) == [0, 1]
        assert store.set_status(run.run_id, RunStatus.COMPLETED).ended_at is not None

    def test_a_run_can_be_said_to_have_started_earlier(self, store: RunStore) -> None:
        experiment_id = store.open_experiment("facts").experiment_id

        run = store.create_run(NewRun(experiment_id=experiment_id, status=RunStatus.RUNNING, started_at=1.5))

        assert store.get_run(run.run_id).started_at == 1.5
        assert store.set_status(run.run_id, RunStatus.COMPLETED, ended_at=2.5).ended_at == 2.5

    def test_a_run_can_be_said_to_have_been_created_earlier(self, store: RunStore) -> None:
        experiment_id = store.open_experiment("facts").experiment_id

        run = store.create_run(NewRun(experiment_id=experiment_id, created_at=1.25))

        assert store.get_run(run.run_id).created_at == 1.25
        assert store.set_status(run.run_id, RunStatus.COMPLETED, ended_at=2.5).ended_at == 2.5

    # -- in the trash, and yet going on

    def test_a_run_that_goes_on_can_be_in_the_trash_when_that_is_said(self, store: RunStore) -> None:
        run = new_run(store, display_name="a")
        child = new_run(store, display_name="b", parent_run_id=run.run_id)

        with pytest.raises(RunGoesOn):
            store.trash_run(run.run_id)
        store.trash_run(run.run_id, even_if_active=True)

        assert list_names(store) == []
        assert list_names(store, view=RunView.TRASH, include_children=True) == ["b", "a"]
        with pytest.raises(RunGoesOn):
            store.purge_run(run.run_id)
        store.set_status(child.run_id, RunStatus.CANCELED)
        store.set_status(run.run_id, RunStatus.COMPLETED)
        store.purge_run(run.run_id)
        assert list_names(store, view=RunView.TRASH) == []
