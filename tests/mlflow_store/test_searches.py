"""Who searches for points that nothing tells of: lists do not, and take nothing from those who do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow import care, changes, history_pages, server_state, values
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import new_run
from tests.mlflow_store.follower import Follower
from tests.mlflow_store.requests_seen import counted
from tests.mlflow_store.test_plain_runs import log_plain, start_plain
from tests.mlflow_store.tracking_server import TrackingServer

HISTORY = "GET metrics/get-history"
LOOKS = 5


@pytest.fixture
def reader(server: TrackingServer, tmp_path: Path) -> MlflowStore:
    return MlflowStore(server.uri, tmp_path / "reader")


@pytest.fixture
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if some seconds had passed before anybody asks again."""
    monkeypatch.setattr(care, "ASKED_CHECK_SECONDS", 0.0)


def log_ours(store: MlflowStore, *names: str) -> str:
    """Log three points to each of some metrics of a new run."""
    run_id = new_run(store).run_id
    for step in range(3):
        store.log_metrics(run_id, dict.fromkeys(names, 5.0 - step))
    assert store.wait_until_sent(run_id, 60) == 0
    return run_id


LISTS: dict[str, Callable[[MlflowStore, str], object]] = {
    "nobody": lambda store, run_id: store.get_run(run_id),
    "values in a list": lambda store, run_id: store.summarize_runs([run_id], ["loss"]),
    "a sparkline": lambda store, run_id: store.read_envelope(run_id, "loss"),
    "recursive metrics": lambda store, run_id: store.latest_metrics([run_id]),
}


@pytest.mark.parametrize("first", LISTS)
@pytest.mark.parametrize("is_open", [False, True], ids=["closed", "open"])
def test_whoever_sees_the_end_first_a_view_has_all_points(
    first: str, is_open: bool, store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = log_ours(store, "loss", "acc")
    follower = Follower(reader, run_id)
    for _ in range(LOOKS if is_open else 0):
        follower.look()
    client.log_metric(run_id, "loss", -1.0)  # of step 0, so it is not the latest
    store.set_status(run_id, RunStatus.COMPLETED)

    LISTS[first](reader, run_id)
    follower.look_to_the_end()

    assert sorted(follower.steps("loss")) == [0, 0, 1, 2]
    assert len(reader.read_history(run_id, "loss")) == 4


def test_the_last_values_of_runs_are_of_all_their_points(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = log_ours(store, "loss")
    client.log_metric(run_id, "loss", -1.0)

    (latest,) = reader.latest_metrics([run_id])[run_id]

    assert (latest.last, latest.count) == (-1.0, 4)


@pytest.mark.parametrize("is_ours", [False, True], ids=["plain", "ours"])
def test_the_last_values_of_runs_are_of_all_their_metrics_though_it_takes_many_turns(
    is_ours: bool, store: MlflowStore, reader: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    names = [f"metric {number}" for number in range(7)]
    run_ids = [log_ours(store, *names) if is_ours else start_plain(client) for _ in range(3)]
    for run_id in run_ids:
        for name in names:
            client.log_metric(run_id, name, -1.0)

    latest = reader.latest_metrics(run_ids)

    expected = {(name, 4 if is_ours else 1, -1.0) for name in names}
    assert {run_id: {(one.key.name, one.count, one.last) for one in latest[run_id]} for run_id in run_ids} == (
        dict.fromkeys(run_ids, expected)
    )


def test_who_asks_does_not_wait_for_what_a_view_wants_meanwhile(
    reader: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(changes, "LOOK_SECONDS", 0.0)
    names = [f"metric {number}" for number in range(6)]
    run_id = start_plain(client)
    turns = 0

    def log_all(step: int) -> None:
        for name in names:
            client.log_metric(run_id, name, step / 2, step=step)

    def let_others(_seconds: float) -> None:
        nonlocal turns
        turns += 1
        log_all(turns)
        reader.changes_since(run_id)
        assert turns < 10 * len(names), "it never ends"

    log_all(0)
    monkeypatch.setattr(server_state, "sleep", let_others)

    found = reader.summarize_metrics(run_id)

    assert {one.key.name for one in found} == set(names)
    assert turns > 1


def test_a_view_sees_what_was_logged_when_a_run_was_gone_on_with_for_a_moment(
    reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = start_plain(client)
    log_plain(client, run_id, "loss", range(10, 20))
    client.set_terminated(run_id, end_time=1_000)
    follower = Follower(reader, run_id)
    follower.look_to_the_end()

    client.update_run(run_id, status="RUNNING")
    client.log_metric(run_id, "loss", 7.0)  # of step 0, so it is not the latest
    client.set_terminated(run_id, end_time=2_000)
    follower.look_to_the_end()

    assert sorted(follower.steps("loss")) == [0, *range(10, 20)]


@pytest.mark.usefixtures("asked_anew")
@pytest.mark.parametrize("is_ours", [False, True], ids=["plain", "ours"])
def test_who_asks_hears_of_a_point_that_came_after_the_end(
    is_ours: bool, store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = log_ours(store, "loss") if is_ours else start_plain(client)
    log_plain(client, run_id, "loss", range(10, 20))
    client.set_terminated(run_id)
    count = len(reader.read_history(run_id, "loss"))
    client.log_metric(run_id, "loss", 7.0, step=5)

    assert len(reader.read_history(run_id, "loss")) == count + 1
    assert [one.count for one in reader.summarize_metrics(run_id)] == [count + 1]


def test_a_comparison_that_nobody_asks_for_keeps_no_other_back(
    reader: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_plain(client)
    for name in ("a", "b"):
        log_plain(client, run_id, name, range(10, 20))
    reader.changes_since(run_id)
    monkeypatch.setattr(care, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(care, "CHECKS_A_SECOND", 10**6)

    reader.summarize_runs([run_id], ["a"])  # "b" is due as well, and nobody reads it
    client.log_metric(run_id, "a", 0.5, timestamp=1_000, step=1)
    reader.summarize_runs([run_id], ["a"])  # finds that something came late, and reads it with the next list

    assert [one.count for one in reader.summarize_runs([run_id], ["a"])[run_id]] == [11]


@pytest.mark.parametrize("is_ours", [False, True], ids=["plain", "ours"])
def test_a_long_read_is_not_held_against_a_short_history_that_moves_meanwhile(
    is_ours: bool,
    store: MlflowStore,
    reader: MlflowStore,
    client: MlflowClient,
    server: TrackingServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", 500)
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    monkeypatch.setattr(changes, "LOOK_SECONDS", 0.0)
    run_id = log_ours(store, "loss") if is_ours else start_plain(client)
    log_plain(client, run_id, "loss", range(10, 20))
    server.insert_history(run_id, "gpu", range(5_000))
    follower = Follower(reader, run_id)
    turns = 0

    def let_others(_seconds: float) -> None:
        nonlocal turns
        turns += 1
        client.log_metric(run_id, "loss", -1.0, timestamp=1_000 - turns, step=turns)
        client.log_metric(run_id, "loss", 1.0, step=100 + turns)
        follower.look()

    monkeypatch.setattr(server_state, "sleep", let_others)

    counts = {one.key.name: one.count for one in reader.summarize_metrics(run_id)}

    assert turns > values.ATTEMPTS
    assert counts["gpu"] == 5_000
    assert counts["loss"] >= 10 + turns


def test_a_view_of_many_searches_little_and_of_what_has_ended_once(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = log_ours(store, "a", "b", "c", "d")
    asked: dict[str, int] = {}

    def count(when: str) -> None:
        with counted() as seen:
            reader.summarize_metrics(run_id, is_look=True)
        asked[when] = sum(one.startswith(HISTORY) for one in seen)

    count("first")
    count("nothing new")
    store.log_metric(run_id, "a", 1.0)
    assert store.wait_until_sent(run_id, 60) == 0
    count("news")
    client.log_metric(run_id, "d", -1.0)
    store.set_status(run_id, RunStatus.COMPLETED)
    count("ended")
    count("again")

    assert asked == {"first": 1, "nothing new": 0, "news": 1, "ended": 4, "again": 0}
    assert {one.key.name: one.count for one in reader.summarize_metrics(run_id)} == {"a": 4, "b": 3, "c": 3, "d": 4}
