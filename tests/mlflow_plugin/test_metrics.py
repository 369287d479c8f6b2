"""Numbers that go from one side to the other, exactly and in their order."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from aml_widgets import Experiment, Workspace
from aml_widgets.core import clock
from aml_widgets.core.records import MetricKind
from aml_widgets.testing.support import exact


def test_what_mlflow_logs_is_read_exactly(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    values = [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.nan, math.inf, -math.inf, 2.0**53]
    for step, value in enumerate(values):
        client.log_metric(run_id, "x", value, step=step, timestamp=1_600_000_000_000 + step)

    history = workspace.store.read_history(run_id, "x")
    assert [exact(value) for value in history.values] == [exact(value) for value in values]
    assert list(history.steps) == list(range(len(values)))
    assert list(history.times) == [1_600_000_000 + step / 1_000 for step in range(len(values))]
    points = client.get_metric_history(run_id, "x")
    assert [exact(point.value) for point in points] == [exact(value) for value in values]
    assert [point.timestamp for point in points] == [1_600_000_000_000 + step for step in range(len(values))]


def test_numbers_of_other_libraries_are_numbers(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    client.log_metric(run_id, "f32", np.float32(0.5))
    client.log_metric(run_id, "i64", np.int64(7))

    metrics = workspace.get_run(run_id).get_metrics()
    assert (metrics["f32"], metrics["i64"]) == (0.5, 7)


def test_what_we_log_is_shown_as_far_as_mlflow_can(workspace: Workspace, client: MlflowClient) -> None:
    run = Experiment(workspace, "ridge").start_logging(outputs=False)
    run.log("number", 0.5)
    run.log("flag", True)
    run.log("huge", 10**400)
    run.log("text", "relu")
    run.log("nothing", None)
    run.log_list("list", [1, 2, 3])
    run.log_row("rows", x=1, y=2.5, label="a")
    run.log("rows/x", 9)

    metrics = client.get_run(run.id).data.metrics
    assert metrics == {"number": 0.5, "flag": 1.0, "huge": math.inf, "list": 3.0, "rows/y": 2.5, "rows/x": 9.0}
    assert [point.value for point in client.get_metric_history(run.id, "list")] == [1.0, 2.0, 3.0]
    assert [point.value for point in client.get_metric_history(run.id, "rows/y")] == [2.5]
    assert [point.value for point in client.get_metric_history(run.id, "rows/x")] == [9.0]
    assert client.get_metric_history(run.id, "text") == []
    assert client.get_metric_history(run.id, "absent") == []
    run.complete()


def points_in_odd_order(seed: int) -> list[Metric]:
    chance = random.Random(seed)
    values = [0.0, 1.0, -1.0, math.nan, 2.5]
    return [
        Metric("x", chance.choice(values), chance.choice([5, 6, 7]), chance.choice([-1, 0, 1, 2]))
        for _ in range(chance.randint(1, 12))
    ]


@pytest.mark.parametrize("seed", range(40))
def test_the_latest_is_that_of_the_largest_step_then_time_then_value(
    client: MlflowClient, run_id: str, seed: int
) -> None:
    points = points_in_odd_order(seed)

    client.log_batch(run_id, points)

    best = max(points, key=lambda one: (one.step, one.timestamp, 0.0 if math.isnan(one.value) else one.value))
    assert exact(client.get_run(run_id).data.metrics["x"]) == exact(best.value)
    client.log_metric(run_id, "x", 42.0, timestamp=0, step=best.step - 1)
    assert exact(client.get_run(run_id).data.metrics["x"]) == exact(best.value)
    client.log_metric(run_id, "x", 43.0, timestamp=0, step=best.step + 1)
    assert client.get_run(run_id).data.metrics["x"] == 43.0


def test_histories_come_in_pages_in_the_order_of_writing(client: MlflowClient, run_id: str) -> None:
    client.log_batch(run_id, [Metric("x", float(i), 1_000 - i, i % 7) for i in range(1_000)])
    store = client._tracking_client.store

    page = store.get_metric_history(run_id, "x", max_results=300)
    found = list(page)
    while page.token is not None:
        page = store.get_metric_history(run_id, "x", max_results=300, page_token=page.token)
        found += page

    assert [point.value for point in found] == [float(i) for i in range(1_000)]
    assert store.get_max_step_for_metric(run_id, "x") == 6
    sampled = store.get_metric_history_bulk_interval([run_id], "x", 10, None, None)
    assert len(sampled) == 10
    assert {point.run_id for point in sampled} == {run_id}
    assert {point.step for point in store.get_metric_history_bulk_interval([run_id], "x", 10, 2, 3)} <= {2, 3}
    with pytest.raises(MlflowException, match="specified together"):
        store.get_metric_history_bulk_interval([run_id], "x", 10, 2, None)


def test_what_is_sent_again_is_there_once(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    batch = [Metric(f"m{i % 3}", value, 5, i) for i in range(900) for value in (float(i), math.nan, math.inf)]

    for _ in range(2):
        client.log_batch(run_id, batch)
        client.log_metric(run_id, "x", 0.5, timestamp=7, step=1)
        client.log_metric(run_id, "x", math.nan, timestamp=7, step=1)
    client.log_batch(run_id, batch + [Metric("m0", -1.0, 5, 0)] * 2)
    client.set_terminated(run_id)
    client.log_metric(run_id, "x", 0.5, timestamp=7, step=1)
    client.log_metric(run_id, "x", 0.5, timestamp=8, step=1)

    counts = {one.key.name: one.count for one in workspace.store.summarize_metrics(run_id)}
    assert counts == {"m0": 901, "m1": 900, "m2": 900, "x": 3}
    assert [point.timestamp for point in client.get_metric_history(run_id, "x")] == [7, 7, 8]


def test_our_own_calls_log_the_same_value_twice_in_one_moment(
    workspace: Workspace, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = int(clock.now())
    monkeypatch.setattr(clock, "now", lambda: float(now))
    run = Experiment(workspace, "ridge").start_logging(outputs=False)

    run.log("loss", 0.5)
    run.log_metrics({"loss": 0.5}, step=0)
    run.log_metrics({"loss": 0.5}, step=0)
    client.log_metric(run.id, "loss", 0.5, timestamp=now * 1_000, step=0)
    run.log_metrics({"loss": 0.5}, step=0)

    assert [(one.value, one.step) for one in client.get_metric_history(run.id, "loss")] == [(0.5, 0)] * 4
    run.complete()


# -- MLflow's limits


def test_names_and_sizes_are_those_that_mlflow_accepts(client: MlflowClient, run_id: str) -> None:
    name = "größe/a b-c_d.e:f"
    store = client._tracking_client.store
    client.log_metric(run_id, name, 1.0)
    client.log_param(run_id, name, "x" * 6_000)

    assert client.get_run(run_id).data.metrics == {name: 1.0}
    for call in (
        lambda: client.log_metric(run_id, "a\nb", 1.0),
        lambda: client.log_metric(run_id, "x" * 251, 1.0),
        lambda: client.log_metric(run_id, "../x", 1.0),
        lambda: client.log_metric(run_id, "text", "no number"),  # type: ignore[arg-type]  # the fault
        lambda: store.log_batch(run_id, [Metric("x", 1.0, 0, 0)] * 1_001, [], []),
        lambda: store.log_batch(run_id, [], [Param(f"p{i}", "v") for i in range(101)], []),
        lambda: store.log_batch(run_id, [], [], [RunTag(f"t{i}", "v") for i in range(101)]),
        lambda: store.log_batch(run_id, [], [Param("twice", "1"), Param("twice", "2")], []),
    ):
        with pytest.raises(MlflowException) as caught:
            call()
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run_id).data.metrics == {name: 1.0}


def test_a_param_is_written_once_and_of_a_wrong_batch_none_is(client: MlflowClient, run_id: str) -> None:
    client.log_param(run_id, "alpha", 1)
    client.log_param(run_id, "alpha", "1")

    with pytest.raises(MlflowException, match="Changing param values is not allowed.*'alpha'.*value='1'") as caught:
        client.log_batch(
            run_id, [Metric("x", 1.0, 0, 0)], [Param("beta", "2"), Param("alpha", "2")], [RunTag("t", "v")]
        )

    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    data = client.get_run(run_id).data
    assert (data.params, data.metrics, "t" in data.tags) == ({"alpha": "1"}, {}, False)


def test_a_name_that_holds_something_else_of_ours_is_refused(workspace: Workspace, client: MlflowClient) -> None:
    run = Experiment(workspace, "ridge").start_logging(outputs=False)
    workspace.store.log_columns(run.id, "rows", {"x": [1]}, kind=MetricKind.ROW)

    with pytest.raises(MlflowException, match="'row'") as caught:
        client.log_metric(run.id, "rows", 1.0)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    run.complete()
