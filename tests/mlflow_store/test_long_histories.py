"""A look at a run of plain MLflow with long histories reads a part of them, and the next ones go on there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import MetricKey, RunChanges, RunQuery
from aml_widgets.store.mlflow import care, changes, history_pages, server_state
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.history_pages import Mark, Page
from aml_widgets.store.mlflow.point_order import OrderedPoint, PointOrder
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.store.protocol import MAX_BUCKETS
from aml_widgets.testing.support import read_all
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.view_state import ViewState, advance
from aml_widgets.widgets.watcher import Watcher
from tests.mlflow_store.follower import MANY_LOOKS, Follower
from tests.mlflow_store.late_points import LatePoints
from tests.mlflow_store.requests_seen import counted
from tests.mlflow_store.test_plain_runs import log_plain, start_plain
from tests.mlflow_store.tracking_server import TrackingServer

PAGE = 2_000


@pytest.fixture(autouse=True)
def a_page_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a look is over at once, so that it reads the one page that each of them reads."""
    monkeypatch.setattr(changes, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", PAGE)


def test_a_long_history_comes_with_several_looks_each_point_once_and_in_order(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", 10_000)
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(60_000))
    client.set_terminated(run_id)
    follower = Follower(store, run_id)

    first = follower.look()
    known = follower.steps("loss")
    with counted() as asked:
        n_more = follower.look_to_the_end()

    assert first.has_more
    assert known == list(range(10_000))
    assert follower.steps("loss") == list(range(60_000))
    assert asked.count("GET metrics/get-history from a place") == n_more == 6
    with counted() as asked:
        quiet = follower.look()
    assert (quiet.has_more, quiet.metrics) == (False, ())
    assert not [one for one in asked if "metrics" in one], "what was read is not read again, of a run that has ended"
    assert follower.points == read_all(store, run_id)


def test_all_metrics_begin_to_grow_before_one_of_them_is_whole(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    for key in ("a", "b"):
        server.insert_history(run_id, key, range(6_000))
    log_plain(client, run_id, "short", range(10))
    follower = Follower(store, run_id)

    seen = [[len(follower.steps(key)) for key in ("a", "b", "short")] for _ in range(3) if follower.look().has_more]
    follower.look_to_the_end()

    assert seen[-1] == [PAGE, PAGE, 10]
    assert [follower.steps(key) for key in ("a", "b")] == [list(range(6_000))] * 2
    assert [one.key.name for one in store.summarize_metrics(run_id)] == ["a", "b", "short"]


def test_points_that_come_meanwhile_are_read_as_well(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(8_000))
    follower = Follower(store, run_id)

    def log_more(count: int) -> None:
        log_plain(client, run_id, "loss", range(7_900 + count * 100, 8_000 + count * 100))
        log_plain(client, run_id, f"new {count}", range(2))

    n_looks = follower.look_to_the_end(lambda count: log_more(count) if count <= 3 else None)

    assert n_looks > 4
    assert follower.steps("loss") == list(range(8_300))
    assert [follower.steps(f"new {count}") for count in (1, 2, 3)] == [[0, 1]] * 3
    assert follower.points == read_all(store, run_id)


@pytest.mark.parametrize("late_ms", [0, 1_000 + PAGE // 2, 1_000 + 2 * PAGE])
def test_points_that_come_late_while_it_is_read_are_found(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, late_ms: int
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(6_000))
    server.insert_history(run_id, "other", range(3_000), start_ms=500)
    follower = Follower(store, run_id)

    def log_late(count: int) -> None:
        if count == 3:
            client.log_batch(run_id, metrics=[Metric("loss", -1.0, late_ms, 1)])

    follower.look_to_the_end(log_late)

    assert len(follower.steps("loss")) == 6_001
    assert [at for *_, at in follower.points[MetricKey("loss")]] == sorted(
        at for *_, at in follower.points[MetricKey("loss")]
    )
    assert follower.steps("other") == list(range(3_000))
    assert follower.points == read_all(store, run_id)


def test_a_late_point_before_what_was_read_last_is_found_when_the_run_ends(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    log_plain(client, run_id, "short", range(100))
    server.insert_history(run_id, "loss", range(6_000))
    follower = Follower(store, run_id)

    def end(count: int) -> None:
        if count == 2:
            client.log_batch(run_id, metrics=[Metric("short", -1.0, 0, 1)])
            client.set_terminated(run_id)

    follower.look_to_the_end(end)

    assert len(follower.steps("short")) == 101
    assert follower.points == read_all(store, run_id)


def test_a_view_that_knew_more_than_was_read_anew_has_every_point_once(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    for key in ("a", "b", "c"):
        server.insert_history(run_id, key, range(3_000))
    follower = Follower(store, run_id)
    follower.look_to_the_end()
    client.log_batch(run_id, metrics=[Metric("a", -1.0, 0, 1), Metric("a", 1.0, 100_000, 3_000)])

    assert follower.look_to_the_end() > 1

    assert follower.points == read_all(store, run_id)


def test_a_reader_of_another_process_has_every_point_once(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, tmp_path: Path
) -> None:
    run_id = start_plain(client)
    for key in ("a", "b"):
        server.insert_history(run_id, key, range(3_000))
    follower = Follower(store, run_id)
    follower.look_to_the_end()
    other_store = MlflowStore(server.uri, tmp_path / "other home")
    follower._store = other_store

    assert follower.look_to_the_end() > 1

    assert follower.points == read_all(other_store, run_id)
    other_store.close()


def test_two_who_look_share_what_was_read_and_an_explicit_read_goes_on_there(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(10_000))
    server.insert_history(run_id, "other", range(10_000))
    one, two = Follower(store, run_id), Follower(store, run_id)
    with counted() as asked:
        one.look()
        two.look()
        one.look()
        assert store.changes_since(run_id).has_more
        assert len(store.read_history(run_id, "loss")) == 10_000
        n_of_one = sum("get-history" in request for request in asked)
        assert one.look().has_more, "the other metric was not asked for"
        one.look_to_the_end()
        two.look_to_the_end()
        n_of_all = sum("get-history" in request for request in asked)

    assert one.points == two.points == read_all(store, run_id)
    assert n_of_one < 10
    assert n_of_all <= 12 + 2, "ten pages that overlap by a point"


def test_what_was_read_before_the_server_failed_is_not_read_again(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(10_000))
    original = history_pages.read_page
    n_pages = 0

    def fail_once(connection: Connection, run_id: str, key: str, mark: Mark) -> Page | None:
        nonlocal n_pages
        n_pages += 1
        if n_pages == 4:
            raise StoreUnavailable("away")
        return original(connection, run_id, key, mark)

    monkeypatch.setattr(history_pages, "read_page", fail_once)
    with pytest.raises(StoreUnavailable, match="away"):
        store.read_history(run_id, "loss")

    assert list(store.read_history(run_id, "loss").steps) == list(range(10_000))
    assert n_pages == 4 + 3


def test_a_history_that_changes_each_time_it_is_read_is_an_error_and_never_a_part_of_it(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(5_000))
    late = LatePoints(client, run_id)
    with monkeypatch.context() as patch:
        patch.setattr(history_pages, "read_page", late.read_page)
        with pytest.raises(StoreUnavailable, match="each of the 3 times"):
            store.read_history(run_id, "loss")
        follower = Follower(store, run_id)
        for _ in range(3):
            assert follower.look().has_more
    follower.look_to_the_end()

    assert late.count >= 3 + 3
    assert len(follower.steps("loss")) == 5_000 + late.count
    assert follower.points == read_all(store, run_id)


def test_others_get_their_turn_while_a_long_history_is_read_to_its_end(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    run_id, other_id = start_plain(client), start_plain(client)
    server.insert_history(run_id, "loss", range(12_000))
    log_plain(client, other_id, "loss", range(10))
    listed: list[str] = []
    looks: list[RunChanges] = []

    def look() -> None:
        listed.extend(one.run_id for one in store.list_runs(RunQuery()).runs)
        looks.append(store.changes_since(other_id))
        looks.append(store.changes_since(run_id))

    others = [threading.Thread(target=look, daemon=True)]

    def let_others(_seconds: float) -> None:
        if others:
            other = others.pop()
            other.start()
            other.join(60)
            assert len(looks) == 2, "nobody gets the lock"

    monkeypatch.setattr(server_state, "sleep", let_others)

    history = store.read_history(run_id, "loss")

    assert list(history.steps) == list(range(12_000))
    assert set(listed) == {run_id, other_id}
    assert [looks[0].has_more, looks[1].has_more] == [False, True]
    assert others == []


def test_the_widget_reads_on_by_itself_to_the_end_of_a_run_that_has_ended(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(12_000))
    client.set_terminated(run_id)
    watcher = Watcher()
    view = RunView(store, run_id, refresh_seconds=3_600, watcher=watcher)
    assert view.widget is not None
    assert (view.state.has_more, view.state.point_count) == (True, PAGE)

    watcher.add(view)
    for _ in range(600):
        thread = watcher._thread
        if thread is None:
            break
        thread.join(0.5)

    assert not watcher.is_running, "nothing more can come"
    assert (view.state.has_more, view.state.point_count) == (False, 12_000)
    view.close()


def test_buckets_of_a_view_sum_up_every_point(store: MlflowStore, client: MlflowClient, server: TrackingServer) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(12_000))
    state = ViewState(run_id=run_id)
    for _ in range(MANY_LOOKS):
        state = advance(state, store.changes_since(run_id, state.cursor, max_buckets=MAX_BUCKETS))
        if not state.has_more:
            break

    series = state.metrics["loss"].columns[None]
    assert (series.count, series.number_count, series.last_step, series.last) == (12_000, 12_000, 11_999, 5_999.5)


def test_a_run_with_more_moving_metrics_than_a_look_reads_is_not_asked_for_without_end(
    store: MlflowStore, client: MlflowClient
) -> None:
    run_id = start_plain(client)
    keys = [f"metric {number}" for number in range(6)]

    def log_all(step: int) -> None:
        client.log_batch(run_id, metrics=[Metric(key, step, 1_000 + step, step) for key in keys])

    log_all(0)
    follower = Follower(store, run_id)
    follower.look_to_the_end()

    looks = []
    for step in range(1, 20):
        log_all(step)
        looks.append(follower.look().has_more)

    assert not any(looks)
    assert all(len(follower.steps(key)) > 10 for key in keys), "each had its turns"
    client.set_terminated(run_id)
    follower.look_to_the_end()
    assert [follower.steps(key) for key in keys] == [list(range(20))] * 6


def test_a_check_that_takes_longer_than_its_interval_ends_and_finds_what_came_late(
    store: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "CHECK_SECONDS", 0.0)
    run_id = start_plain(client)
    keys = [f"metric {number}" for number in range(6)]
    for key in keys:
        log_plain(client, run_id, key, range(10, 20))
    follower = Follower(store, run_id)
    follower.look_to_the_end()
    client.log_metric(run_id, keys[-1], 0.5, timestamp=1_000, step=1)  # earlier than what is known

    looks = 0
    while 1 not in follower.steps(keys[-1]):
        follower.look_to_the_end()
        looks += 1
        assert looks < MANY_LOOKS

    assert follower.points == read_all(store, run_id)
    assert not any(follower.look().has_more for _ in range(20))


def test_a_read_that_is_interrupted_leaves_no_point_twice(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(3_000))
    original = PointOrder.append
    count = 0

    def interrupt_once(self: PointOrder, point: OrderedPoint) -> None:
        nonlocal count
        count += 1
        if count == 2_500:
            raise KeyboardInterrupt
        original(self, point)

    monkeypatch.setattr(PointOrder, "append", interrupt_once)
    with pytest.raises(KeyboardInterrupt):
        store.read_history(run_id, "loss")

    assert list(store.read_history(run_id, "loss").steps) == list(range(3_000))
