"""Lists of runs of plain MLflow with long histories: what they show meanwhile, and whom they let wait."""

from __future__ import annotations

import threading

import pytest
from mlflow import MlflowClient

from aml_widgets.core.records import MetricCondition, MetricOrder, RunChanges, RunQuery
from aml_widgets.store.mlflow import changes, history_pages, server_state, value_mirror
from aml_widgets.store.mlflow.store import MlflowStore
from tests.mlflow_store.follower import MANY_LOOKS
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


def test_a_list_waits_for_no_long_history_and_shows_its_metric_when_it_is_read(
    store: MlflowStore, client: MlflowClient, server: TrackingServer
) -> None:
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(7_000))
    log_plain(client, run_id, "short", range(10))
    client.set_terminated(run_id)
    cursor = store.run_list_changes().cursor

    shown: list[dict[str, int]] = []
    for _ in range(MANY_LOOKS):
        with counted() as asked:
            summaries = store.summarize_runs([run_id], ["loss", "short"])
        assert sum("get-history" in one for one in asked) <= 2
        shown.append({one.key.name: one.count for one in summaries[run_id]})
        told = store.run_list_changes(cursor)
        cursor = told.cursor
        if not told.runs:
            break

    assert shown == [{"short": 10}] * (len(shown) - 1) + [{"loss": 7_000, "short": 10}]
    assert len(shown) == 4
    assert [one.run_id for one in store.list_runs(RunQuery()).runs] == [run_id]


def test_a_list_ordered_by_a_metric_is_right_and_lets_others_have_their_turn(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    low, high, without = start_plain(client), start_plain(client), start_plain(client)
    server.insert_history(high, "loss", range(9_000))
    server.insert_history(low, "loss", range(5_000))
    turns: list[bool] = []

    def let_others(_seconds: float) -> None:
        other = threading.Thread(target=lambda: turns.append(store.get_run(without).run_id == without), daemon=True)
        other.start()
        other.join(60)

    monkeypatch.setattr(server_state, "sleep", let_others)

    listed = store.list_runs(RunQuery(order_by=MetricOrder(name="loss", ascending=True))).runs

    assert [one.run_id for one in listed] == [low, high]
    assert len(turns) >= 3
    assert all(turns)
    few = RunQuery(conditions=(MetricCondition(name="loss", operator="<", number=3_000),))
    assert [one.run_id for one in store.list_runs(few).runs] == [low]


def test_an_ordered_list_of_more_runs_than_are_remembered_loses_none_to_who_looks_meanwhile(
    store: MlflowStore, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(value_mirror, "MAX_RUNS_READ", 2)
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    ids = [start_plain(client) for _ in range(6)]
    for place, run_id in enumerate(ids):
        client.log_metric(run_id, "loss", float(place))
    watched = start_plain(client)
    looks: list[RunChanges] = []

    def look(_seconds: float) -> None:
        other = threading.Thread(target=lambda: looks.append(store.changes_since(watched)), daemon=True)
        other.start()
        other.join(60)

    monkeypatch.setattr(server_state, "sleep", look)

    listed = store.list_runs(RunQuery(order_by=MetricOrder(name="loss", ascending=True))).runs

    assert [one.run_id for one in listed] == ids
    assert len(looks) >= 5
    assert len(store._parts) <= 2, "afterwards no more are kept than may be"


def test_a_metric_that_is_changed_each_time_it_is_read_has_no_value_in_an_ordered_list(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_state, "TURN_SECONDS", 0.0)
    sound, changing = start_plain(client), start_plain(client)
    log_plain(client, sound, "loss", range(5))
    server.insert_history(changing, "loss", range(5_000))
    late = LatePoints(client, changing)
    by_loss = RunQuery(order_by=MetricOrder(name="loss"))
    with monkeypatch.context() as patch:
        patch.setattr(history_pages, "read_page", late.read_page)
        assert [one.run_id for one in store.list_runs(by_loss).runs] == [sound]
    assert {one.run_id for one in store.list_runs(by_loss).runs} == {sound, changing}
