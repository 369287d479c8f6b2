"""Runs that this package and other programs log to: whose a point is, and that little is read to know it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import NewPoint
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow import care, changes, history_pages, line_reader
from aml_widgets.store.mlflow.sending import ValueSender
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import exact, new_run, read_all
from tests.mlflow_store.follower import Follower
from tests.mlflow_store.requests_seen import counted
from tests.mlflow_store.test_plain_runs import log_plain, start_plain
from tests.mlflow_store.tracking_server import TrackingServer

PAGE = 500
HISTORY = "GET metrics/get-history"
HISTORY_FROM_A_PLACE = f"{HISTORY} from a place"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", PAGE)


@pytest.fixture
def reader(server: TrackingServer, tmp_path: Path) -> MlflowStore:
    """A viewer's store; the writer is another process as a rule."""
    return MlflowStore(server.uri, tmp_path / "reader")


@pytest.fixture
def other_reader(server: TrackingServer, tmp_path: Path) -> MlflowStore:
    return MlflowStore(server.uri, tmp_path / "other reader")


def log_ours(store: MlflowStore, run_id: str, count: int, first: int = 0) -> None:
    """Log so many points under one name; they come in the year 2001, a second apart."""
    store.log_points(run_id, [NewPoint("loss", step / 2, step, 1e9 + step) for step in range(first, first + count)])
    assert store.wait_until_sent(run_id, 60) == 0


def test_copies_of_our_points_that_are_not_there_yet_let_nothing_be_read_again(
    store: MlflowStore, reader: MlflowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_run(store).run_id
    log_ours(store, run_id, 2_000)
    follower = Follower(reader, run_id)
    follower.look()

    with monkeypatch.context() as patch:
        patch.setattr(ValueSender, "_log_copies", _not_now)
        store.log_points(run_id, [NewPoint("loss", 7.0, step, 1e9 + step) for step in range(2_000, 2_010)])
        with pytest.raises(StoreUnavailable):
            store._outbox.flush(run_id)
        with counted() as asked:
            between = follower.look()

    assert [len(news.points) for news in between.metrics] == [10], "the lines are there, and what they say is shown"
    assert HISTORY not in asked
    assert asked.count(HISTORY_FROM_A_PLACE) <= 4, "where the copies end is found by halving"
    assert store.wait_until_sent(run_id, 60) == 0
    with counted() as asked:
        assert follower.look().metrics == ()
    assert HISTORY not in asked
    assert asked.count(HISTORY_FROM_A_PLACE) == 1


def _not_now(*_: object) -> None:
    raise StoreUnavailable("The server is away.")


def test_copies_follow_their_lines_also_by_the_next_process(
    server: TrackingServer, tmp_path: Path, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ValueSender, "_log_copies", _not_now)
        store = MlflowStore(server.uri, tmp_path / "home")
        run_id = new_run(store).run_id
        store.log_points(run_id, [NewPoint("loss", 0.5, step, 1e9 + step) for step in range(1_500)])
        store.close()
    assert client.get_metric_history(run_id, "loss") == []

    store = MlflowStore(server.uri, tmp_path / "home")
    assert len(store.read_history(run_id, "loss")) == 1_500

    assert store.wait_until_sent(run_id, 60) == 0
    assert [one.step for one in client.get_metric_history(run_id, "loss")] == list(range(1_500))
    assert len(store.read_history(run_id, "loss")) == 1_500
    store.close()


def test_a_point_of_another_program_behind_many_of_ours_costs_one_page(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = new_run(store).run_id
    log_ours(store, run_id, 3_000)
    follower = Follower(reader, run_id)
    follower.look()
    client.log_metric(run_id, "loss", -1.0, step=3_000)

    with counted() as asked:
        news = follower.look().metrics

    assert [(one.is_opening, list(one.points.values)) for one in news] == [(False, [-1.0])]
    assert [one for one in asked if "get-history" in one] == [HISTORY_FROM_A_PLACE]
    log_ours(store, run_id, 10, first=3_000)
    client.log_metric(run_id, "loss", -2.0, step=4_000)
    with counted() as asked:
        follower.look()
    assert len([one for one in asked if "get-history" in one]) <= 3, "found where it goes on, and read from there"
    assert_same_as_on_the_server(follower, client, run_id)


def assert_same_as_on_the_server(follower: Follower, client: MlflowClient, run_id: str) -> None:
    """Compare what a viewer has with what MLflow tells, which has each of these points once."""
    for key, points in follower.points.items():
        told = [(round(at * 1_000), step, value) for _, step, value, at in points]
        history = client.get_metric_history(run_id, key.name)
        assert sorted(told) == sorted((one.timestamp, one.step, exact(one.value)) for one in history)
    assert {key.name for key in follower.points} == set(client.get_run(run_id).data.metrics)


def test_a_metric_that_both_wrote_to_is_read_a_page_a_look(
    store: MlflowStore,
    reader: MlflowStore,
    client: MlflowClient,
    server: TrackingServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "LOOK_SECONDS", 0.0)
    run_id = new_run(store).run_id
    store.log_metric(run_id, "both", 7.0)
    assert store.wait_until_sent(run_id, 60) == 0
    server.insert_history(run_id, "both", range(3_000))
    server.insert_history(run_id, "theirs", range(3_000))
    follower = Follower(reader, run_id)

    counts = []
    while follower.look().has_more:
        counts.append(len(follower.steps("both")) + len(follower.steps("theirs")))

    assert counts == sorted(set(counts)), "each look brings something"
    assert max(after - before for before, after in itertools.pairwise(counts)) <= PAGE
    assert len(follower.steps("both")) == 3_001
    assert_same_as_on_the_server(follower, client, run_id)
    assert follower.points == read_all(reader, run_id)


def test_lines_that_come_while_a_history_is_read_are_no_points_of_others(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_run(store).run_id
    log_ours(store, run_id, 100)
    for key in ("loss", "theirs"):
        log_plain(client, run_id, key, range(10))
    follower = Follower(reader, run_id)
    follower.look()
    generation = reader._values[run_id].generation
    original = history_pages.read_page
    firsts = itertools.count(100, 20)

    def log_before(*args: object) -> object:
        log_ours(store, run_id, 20, first=next(firsts))
        store.log_metric(run_id, "new", 1.0)
        assert store.wait_until_sent(run_id, 60) == 0
        return original(*args)  # type: ignore[arg-type]  # passed on as they come

    client.log_metric(run_id, "loss", -1.0, step=10_000)
    with monkeypatch.context() as patch:
        patch.setattr(history_pages, "read_page", log_before)
        follower.look()
    follower.look_to_the_end()

    assert_same_as_on_the_server(follower, client, run_id)
    assert reader._values[run_id].generation == generation, "nothing had to be taken back"


def test_one_late_point_lets_only_what_is_behind_it_be_read_again(
    reader: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(10_000))
    server.insert_history(run_id, "other", range(10_000))
    follower = Follower(reader, run_id)
    follower.look_to_the_end()
    late_ms = 1_000 + 9_000
    client.log_batch(run_id, metrics=[Metric("loss", -1.0, late_ms, 1), Metric("loss", 1.0, 20_000, 10_000)])

    with counted() as asked:
        follower.look_to_the_end()

    n_pages = 10_000 // PAGE
    assert len([one for one in asked if "get-history" in one]) < n_pages / 2
    assert_same_as_on_the_server(follower, client, run_id)
    assert follower.points == read_all(reader, run_id)
    assert [at for *_, at in follower.series("loss")] == sorted(at for *_, at in follower.series("loss"))


def test_lines_that_could_not_be_read_cost_nothing_of_what_is_known(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_run(store).run_id
    log_plain(client, run_id, "theirs", range(2_000))
    log_ours(store, run_id, 1_000)
    follower = Follower(reader, run_id)
    follower.look_to_the_end()
    log_ours(store, run_id, 1_000, first=1_000)
    with monkeypatch.context() as patch:
        patch.setattr(line_reader, "download", _not_now)
        with pytest.raises(StoreUnavailable, match="away"):
            follower.look()

    with counted() as asked:
        news = follower.look().metrics

    assert [len(one.points) for one in news] == [1_000]
    assert HISTORY not in asked
    assert asked.count(HISTORY_FROM_A_PLACE) <= 1
    assert_same_as_on_the_server(follower, client, run_id)


def test_a_point_that_turns_out_to_be_ours_is_there_once(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = start_plain(client)
    client.log_batch(run_id, metrics=[Metric("loss", step / 2, 10**12 + step * 1_000, step) for step in range(1_200)])
    log_plain(client, run_id, "other", range(10))
    follower = Follower(reader, run_id)
    follower.look_to_the_end()

    store.log_points(run_id, [NewPoint("loss", step / 2, step, 1e9 + step) for step in range(900, 1_210)])
    assert store.wait_until_sent(run_id, 60) == 0
    follower.look_to_the_end()

    assert_same_as_on_the_server(follower, client, run_id)
    assert follower.points == read_all(reader, run_id)


def test_the_history_is_whole_where_the_server_refused_copies(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_run(store).run_id
    with monkeypatch.context() as patch:
        patch.setattr(ValueSender, "_log_copies", lambda *_: None)
        log_ours(store, run_id, 700)
    log_ours(store, run_id, 100, first=700)
    client.log_metric(run_id, "loss", -1.0, step=5_000)
    follower = Follower(reader, run_id)

    follower.look_to_the_end()

    assert sorted(follower.steps("loss")) == [*range(800), 5_000]
    assert len(client.get_metric_history(run_id, "loss")) == 101


def log_theirs_below(client: MlflowClient, run_id: str) -> None:
    """Log under our name with the steps that MLflow gives who names none: none of the points is the latest."""
    for value in (-1.0, -2.0):
        client.log_metric(run_id, "loss", value)


def test_points_of_others_under_our_name_that_nothing_tells_of_are_found_by_who_asks(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = new_run(store).run_id
    log_ours(store, run_id, 1_000)
    reader.changes_since(run_id)
    log_theirs_below(client, run_id)

    assert len(store.read_history(run_id, "loss")) == 1_002
    assert sum(one.count for one in store.summarize_metrics(run_id)) == 1_002
    client.log_metric(run_id, "loss", -3.0)
    client.set_terminated(run_id)
    assert len(reader.read_history(run_id, "loss")) == 1_003


def test_points_of_others_under_our_name_that_nothing_tells_of_are_seen_in_views(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient, other_reader: MlflowStore
) -> None:
    run_id = new_run(store).run_id
    for step in range(20):
        store.log_metrics(run_id, {"a": step / 1, "b": step / 1, "loss": step / 2})
    assert store.wait_until_sent(run_id, 60) == 0
    log_theirs_below(client, run_id)
    follower = Follower(reader, run_id)
    with counted() as asked:
        follower.look()
    assert asked.count(HISTORY_FROM_A_PLACE) == 1, "one name with each look"
    for step in range(20, 23):
        store.log_metrics(run_id, {"a": step / 1, "b": step / 1, "loss": step / 2})
        assert store.wait_until_sent(run_id, 60) == 0
        follower.look()

    assert_same_as_on_the_server(follower, client, run_id)
    store.set_status(run_id, RunStatus.COMPLETED)
    fresh = Follower(other_reader, run_id)
    fresh.look_to_the_end()
    assert_same_as_on_the_server(fresh, client, run_id)
    with counted() as asked:
        fresh.look()
    assert not [one for one in asked if "get-history" in one], "what has ended is searched once"


def test_who_asks_hears_of_points_that_came_late(
    store: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "ASKED_CHECK_SECONDS", 0.0)
    run_id = start_plain(client)
    log_plain(client, run_id, "loss", range(10, 20))
    assert len(store.read_history(run_id, "loss")) == 10
    client.log_metric(run_id, "loss", 7.0, step=5)

    assert sum(one.count for one in store.summarize_metrics(run_id)) == 11


def test_our_points_stay_in_the_order_of_the_calls_whatever_their_times(
    store: MlflowStore, reader: MlflowStore, client: MlflowClient
) -> None:
    run_id = new_run(store).run_id
    for value, at in ((1.0, 1_000.0), (2.0, 900.0), (3.0, 1_100.0), (4.0, 1_050.0)):
        store.log_points(run_id, [NewPoint("loss", value, None, at)])
    assert store.wait_until_sent(run_id, 60) == 0
    client.log_batch(run_id, metrics=[Metric("loss", 9.0, 950_000, 7)])
    client.log_batch(run_id, metrics=[Metric("loss", 10.0, 1_200_000, 8)])

    assert list(reader.read_history(run_id, "loss").values) == [9.0, 1.0, 2.0, 3.0, 4.0, 10.0]
    client.log_batch(run_id, metrics=[Metric("loss", 8.0, 940_000, 6), Metric("loss", 11.0, 1_300_000, 9)])
    assert list(reader.read_history(run_id, "loss").values) == [8.0, 9.0, 1.0, 2.0, 3.0, 4.0, 10.0, 11.0]


def test_who_logs_first_waits_for_no_history_of_others(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(5_000))

    with counted() as asked:
        store.log_metric(run_id, "loss", 0.25)
        store.log_metric(run_id, "accuracy", 0.5)

    assert not [one for one in asked if "get-history" in one]
    assert store.wait_until_sent(run_id, 60) == 0
    assert {one.step for one in client.get_metric_history(run_id, "loss") if one.value == 0.25} == {5_000}
    assert list(store.read_history(run_id, "loss").steps) == list(range(5_001)), "in the order of their times"
    assert store.summarize_metrics(run_id)[0].last == 0.25
