"""Runs that plain MLflow made, and runs that both wrote to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric

from aml_widgets.core.records import MetricKey, MetricOrder, RunQuery, RunView
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow import history_pages
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import Viewer, new_run, points_of, read_all
from tests.mlflow_store.requests_seen import counted
from tests.mlflow_store.tracking_server import TrackingServer


@pytest.fixture
def other_store(server: TrackingServer, tmp_path: Path) -> Iterator[MlflowStore]:
    """Stand for another process."""
    store = MlflowStore(server.uri, tmp_path / "other home")
    yield store
    store.close()


def start_plain(client: MlflowClient, name: str | None = None, **tags: str) -> str:
    experiment = client.get_experiment_by_name("plain")
    experiment_id = client.create_experiment("plain") if experiment is None else experiment.experiment_id
    return str(client.create_run(experiment_id, run_name=name, tags=tags).info.run_id)


def log_plain(client: MlflowClient, run_id: str, key: str, steps: range, *, start_ms: int = 1_000) -> None:
    client.log_batch(run_id, metrics=[Metric(key, step / 2, start_ms + step, step) for step in steps])


def test_a_plain_run_is_a_run(store: MlflowStore, client: MlflowClient) -> None:
    run_id = start_plain(client, "ridge", model="a")
    client.set_tag(run_id, "mlflow.note.content", "first\nsecond")
    client.set_tag(run_id, "mlflow.source.name", "train.py")
    client.log_param(run_id, "alpha", 0.1)

    running = store.get_run(run_id)
    client.set_terminated(run_id, "FAILED", end_time=10**13)
    failed = store.get_run(run_id)

    assert (running.run_id, running.display_name, running.description) == (run_id, "ridge", "first\nsecond")
    assert (running.status, running.experiment_name, dict(running.tags)) == (RunStatus.RUNNING, "plain", {"model": "a"})
    assert (dict(running.params), running.properties["mlflow.source.name"]) == ({"alpha": "0.1"}, "train.py")
    assert running.started_at == running.created_at
    assert (failed.status, failed.ended_at) == (RunStatus.FAILED, 1e10)
    assert [one.run_id for one in store.list_runs(RunQuery()).runs] == [run_id]


def test_nested_runs_are_children(store: MlflowStore, client: MlflowClient) -> None:
    parent_id = start_plain(client, "parent")
    child_id = start_plain(client, "child", **{"mlflow.parentRunId": parent_id})

    child = store.get_run(child_id)

    assert (child.parent_run_id, child.root_run_id) == (parent_id, parent_id)
    assert [one.run_id for one in store.list_runs(RunQuery()).runs] == [parent_id]
    assert [one.run_id for one in store.changes_since(parent_id).children] == [child_id]


def test_what_mlflow_deleted_is_in_the_trash_and_can_be_restored(store: MlflowStore, client: MlflowClient) -> None:
    run_id = start_plain(client)
    client.set_terminated(run_id)
    client.delete_run(run_id)

    assert [one.run_id for one in store.list_runs(RunQuery(view=RunView.TRASH)).runs] == [run_id]
    assert store.restore_run(run_id).trashed_at is None
    assert client.get_run(run_id).info.lifecycle_stage == "active"


def test_what_a_user_changes_on_the_server_counts(store: MlflowStore, client: MlflowClient) -> None:
    run = new_run(store, display_name="ours", description="ours", tags={"a": "1"})

    client.set_tag(run.run_id, "mlflow.runName", "renamed")
    client.set_tag(run.run_id, "mlflow.note.content", "noted")
    client.set_tag(run.run_id, "b", "2")
    client.set_terminated(run.run_id, "KILLED")

    found = store.get_run(run.run_id)
    assert (found.display_name, found.description, dict(found.tags)) == ("renamed", "noted", {"a": "1", "b": "2"})
    assert found.status is RunStatus.CANCELED
    assert found.ended_at is not None


def test_points_of_plain_mlflow_are_in_the_order_of_their_times_and_steps(
    store: MlflowStore, client: MlflowClient
) -> None:
    run_id = start_plain(client)
    client.log_batch(
        run_id,
        metrics=[Metric("b", 3.0, 30, 0), Metric("a", 1.0, 10, 5), Metric("a", 2.0, 20, 1), Metric("a", 0.5, 10, 2)],
    )

    history = store.read_history(run_id, "a")

    assert [one.key for one in store.summarize_metrics(run_id)] == [MetricKey("a"), MetricKey("b")]
    assert (list(history.values), list(history.steps)) == ([0.5, 1.0, 2.0], [2, 5, 1])
    assert list(history.times) == [0.01, 0.01, 0.02]


def test_a_quiet_run_costs_two_requests_and_a_new_point_one_more(store: MlflowStore, client: MlflowClient) -> None:
    run_id = start_plain(client)
    for key in ("a", "b", "c"):
        log_plain(client, run_id, key, range(500))
    viewer = Viewer(store, run_id)
    viewer.look()
    viewer.look()

    with counted() as quiet:
        assert viewer.look().metrics == ()
    log_plain(client, run_id, "b", range(500, 600))
    with counted() as busy:
        (news,) = viewer.look().metrics

    assert quiet == ["GET runs/get", "POST runs/search"]
    assert [one for one in busy if "metrics" in one] == ["GET metrics/get-history from a place"]
    assert (news.key.name, len(news.points), list(news.points.steps)) == ("b", 100, list(range(500, 600)))


def test_a_long_history_is_read_on_all_its_pages(
    store: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", 100)
    run_id = start_plain(client)
    log_plain(client, run_id, "a", range(1_000))

    history = store.read_history(run_id, "a")

    assert list(history.steps) == list(range(1_000))


@pytest.mark.parametrize("late_ms", [0, 999, 1_050])
def test_points_that_come_late_are_noticed_with_the_next_ones(
    store: MlflowStore, client: MlflowClient, late_ms: int
) -> None:
    run_id = start_plain(client)
    log_plain(client, run_id, "a", range(100))
    viewer = Viewer(store, run_id)
    first = viewer.look()
    client.log_batch(run_id, metrics=[Metric("a", -1.0, late_ms, 1)])
    log_plain(client, run_id, "a", range(100, 110))

    changes = store.changes_since(run_id, first.cursor)

    (news,) = changes.metrics
    assert news.is_opening
    assert points_of(news.points) == points_of(store.read_history(run_id, "a"))
    assert len(news.points) == 111
    assert list(news.points.times) == sorted(news.points.times)


def test_late_points_that_are_not_the_latest_are_found_when_the_run_ends(
    store: MlflowStore, client: MlflowClient
) -> None:
    run_id = start_plain(client)
    log_plain(client, run_id, "a", range(100))
    store.read_history(run_id, "a")
    client.log_batch(run_id, metrics=[Metric("a", -1.0, 0, 1)])

    client.set_terminated(run_id)

    assert len(store.read_history(run_id, "a")) == 101


def test_runs_are_ordered_by_what_plain_mlflow_logged(store: MlflowStore, client: MlflowClient) -> None:
    ids = [start_plain(client) for _ in range(3)]
    for place, value in ((0, 2.0), (1, 3.0), (2, 1.0)):
        client.log_metric(ids[place], "score", value)

    listed = store.list_runs(RunQuery(order_by=MetricOrder(name="score"))).runs

    assert [one.run_id for one in listed] == [ids[1], ids[0], ids[2]]


def test_both_may_write_to_one_run(store: MlflowStore, client: MlflowClient, other_store: MlflowStore) -> None:
    run_id = new_run(store).run_id
    viewer = Viewer(other_store, run_id)
    for i in range(5):
        store.log_metrics(run_id, {"ours": float(i), "both": i, "text": "x"})
        assert store.wait_until_sent(run_id, 60) == 0
        client.log_metric(run_id, "theirs", -i, step=i)
        client.log_metric(run_id, "both", 100 + i, step=i)
        viewer.look()

    for reader in (store, other_store):
        assert list(reader.read_history(run_id, "ours").values) == [0.0, 1.0, 2.0, 3.0, 4.0]
        assert list(reader.read_history(run_id, "theirs").values) == [0.0, -1.0, -2.0, -3.0, -4.0]
        both = list(reader.read_history(run_id, "both").values)
        assert [value for value in both if type(value) is int] == [0, 1, 2, 3, 4]
        assert [value for value in both if type(value) is float] == [100.0, 101.0, 102.0, 103.0, 104.0]
        assert list(reader.read_history(run_id, "text").values) == ["x"] * 5
    assert viewer.points == read_all(other_store, run_id)


def test_another_process_goes_on_where_the_first_left_off(store: MlflowStore, other_store: MlflowStore) -> None:
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 1.0, 41)
    store.log_columns(run_id, "empty", {None: []}, description="nothing yet")
    assert store.wait_until_sent(run_id, 60) == 0

    other_store.log_metric(run_id, "loss", 2.0)
    assert other_store.wait_until_sent(run_id, 60) == 0

    for reader in (store, other_store):
        assert list(reader.read_history(run_id, "loss").steps) == [41, 42]
        assert [one.description for one in reader.summarize_metrics(run_id)] == ["", "nothing yet"]


def test_a_cursor_of_another_process_is_answered_by_the_whole(store: MlflowStore, other_store: MlflowStore) -> None:
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 1.0)
    cursor = store.changes_since(run_id).cursor
    of_list = store.run_list_changes().cursor

    changes = other_store.changes_since(run_id, cursor)

    assert changes.run is not None
    assert [(news.is_opening, list(news.points.values)) for news in changes.metrics] == [(True, [1.0])]
    assert other_store.run_list_changes(of_list).is_stale


def test_a_list_asks_for_the_metric_it_shows_and_for_no_other(store: MlflowStore, client: MlflowClient) -> None:
    run_ids = [start_plain(client, f"run {place}") for place in range(5)]
    for place, run_id in enumerate(run_ids):
        metrics = [Metric(f"m{number}", place + number / 100, 1_700_000_000_000 + number, 0) for number in range(30)]
        client.log_batch(run_id, metrics=metrics)
    with counted() as asked:
        found = store.summarize_runs(run_ids, {"m7"})
        assert {run_id: [one.last for one in series] for run_id, series in found.items()} == {
            run_id: [place + 0.07] for place, run_id in enumerate(run_ids)
        }
        names = store.list_metric_names()
        ordered = store.list_runs(RunQuery(order_by=MetricOrder(name="m3", ascending=False)))
    assert sum("metrics/get-history" in one for one in asked) == 2 * len(run_ids), "m7, and m3 to order by"
    assert names == sorted(f"m{number}" for number in range(30))
    assert [run.run_id for run in ordered.runs] == run_ids[::-1]

    opened = store.changes_since(run_ids[0])
    assert {news.key.name for news in opened.metrics} == {f"m{number}" for number in range(30)}
    assert len(store.read_history(run_ids[0], "m7")) == 1


def test_a_list_may_be_of_more_runs_than_points_are_remembered_of(
    store: MlflowStore, client: MlflowClient, other_store: MlflowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aml_widgets.store.mlflow.value_mirror.MAX_RUNS_READ", 2)
    ours = [new_run(store) for _ in range(4)]
    for place, run in enumerate(ours):
        store.log_metrics(run.run_id, {"loss": 10.0 + place})
    theirs = [start_plain(client) for _ in range(4)]
    for place, run_id in enumerate(theirs):
        log_plain(client, run_id, "loss", range(2 * place, 2 * place + 1))
    run_ids = [*theirs, *(run.run_id for run in ours)]
    losses = [0.0, 1.0, 2.0, 3.0, 10.0, 11.0, 12.0, 13.0]

    for reader in (store, other_store):
        for _ in range(2):
            listed = reader.list_runs(RunQuery(order_by=MetricOrder(name="loss", ascending=True)))
            summed = reader.summarize_runs(run_ids, ["loss"])
            latest = reader.latest_metrics(run_ids)

            assert [run.run_id for run in listed.runs] == run_ids
            assert [summed[run_id][0].last for run_id in run_ids] == losses
            assert [latest[run_id][0].last for run_id in run_ids] == losses
