"""MLflow's client on a workspace against MLflow's own SQLite store, and looking at a tracking server against fetching a history."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets import Workspace
from aml_widgets.store.mlflow.store import MlflowStore
from benchmarks.figure import Figure, compare, timed
from tests.mlflow_store.tracking_server import running_server

if TYPE_CHECKING:
    from mlflow import MlflowClient

MILLION = 1_000_000
BATCH = 1_000
N_RUNS = 2_000
N_NEW = 100


def _clients(folder: Path) -> tuple[MlflowClient, MlflowClient]:
    """Give a client on a workspace, and one on a database of MLflow's."""
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    ours = MlflowClient(Workspace.open(folder / "workspace").get_mlflow_tracking_uri())
    theirs = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    for client in (ours, theirs):
        client.create_experiment("bench")
    return ours, theirs


def _new_run(client: MlflowClient) -> str:
    experiment = client.get_experiment_by_name("bench")
    assert experiment is not None
    run_id: str = client.create_run(experiment.experiment_id).info.run_id
    return run_id


def _log_batches(client: MlflowClient, run_id: str, count: int, start: int = 0) -> None:
    from mlflow.entities import Metric

    for first in range(start, start + count, BATCH):
        steps = range(first, min(first + BATCH, start + count))
        client.log_batch(run_id, metrics=[Metric("loss", step / 7, 1_700_000_000_000 + step, step) for step in steps])


def _pairs(
    clients: tuple[MlflowClient, MlflowClient], times: int, work: Callable[[MlflowClient, str], object]
) -> list[tuple[float, float]]:
    """Time the same work on both, in turn."""
    run_ids = [_new_run(client) for client in clients]
    for client, run_id in zip(clients, run_ids, strict=True):
        work(client, run_id)  # both warm
    return [
        (timed(lambda: work(clients[0], run_ids[0])), timed(lambda: work(clients[1], run_ids[1]))) for _ in range(times)
    ]


def mlflow_client(folder: Path) -> list[Figure]:
    """What calls of MLflow's client cost."""
    clients = _clients(folder)
    steps, starts = itertools.count(), itertools.count(0, BATCH)
    figures = [
        compare(
            "MLflow's log_metric",
            "MLflow's SQLite store",
            1.0,
            _pairs(clients, 100, lambda client, run_id: client.log_metric(run_id, "loss", 0.5, step=next(steps))),
        ),
        compare(
            "MLflow's log_batch of 1,000 metrics",
            "MLflow's SQLite store",
            1.0,
            _pairs(clients, 20, lambda client, run_id: _log_batches(client, run_id, BATCH, next(starts))),
        ),
    ]
    run_ids = [_new_run(client) for client in clients]
    for client, run_id in zip(clients, run_ids, strict=True):
        _log_batches(client, run_id, MILLION)
    pairs = [
        (
            timed(lambda: clients[0].get_metric_history(run_ids[0], "loss")),
            timed(lambda: clients[1].get_metric_history(run_ids[1], "loss")),
        )
        for _ in range(3)
    ]
    figures.append(compare("MLflow's get_metric_history of 10^6 points", "MLflow's SQLite store", 1.0, pairs))
    return figures


def mlflow_search(folder: Path) -> list[Figure]:
    """What MLflow's search over 2,000 runs costs."""
    from mlflow.entities import Metric, Param

    clients = _clients(folder)
    experiment_ids = []
    for client in clients:
        for number in range(N_RUNS):
            run_id = _new_run(client)
            metrics = [Metric("loss", number / N_RUNS / (step + 1), step, step) for step in range(10)]
            client.log_batch(run_id, metrics=metrics, params=[Param("depth", str(number % 7))])
            client.set_terminated(run_id)
        experiment = client.get_experiment_by_name("bench")
        assert experiment is not None
        experiment_ids.append([experiment.experiment_id])
    searches = {
        "the newest": ("", ["attributes.start_time DESC"]),
        "by a parameter": ("params.depth = '3'", None),
        "by a metric, ordered by it": ("metrics.loss < 0.05", ["metrics.loss ASC"]),
    }
    figures = []
    for name, (filter_string, order_by) in searches.items():

        def search(place: int, filter_string: str = filter_string, order_by: list[str] | None = order_by) -> None:
            found = clients[place].search_runs(experiment_ids[place], filter_string, max_results=100, order_by=order_by)
            assert found

        pairs = [(timed(lambda: search(0)), timed(lambda: search(1))) for _ in range(7)]
        figures.append(compare(f"MLflow's search_runs of 2,000, {name}", "MLflow's SQLite store", 4.0, pairs))
    return figures


def _look_to_the_end(store: MlflowStore, run_id: str) -> str:
    """Open a run whose history takes several looks, and give the cursor at its end."""
    changes = store.changes_since(run_id)
    while changes.has_more:
        changes = store.changes_since(run_id, changes.cursor)
    return changes.cursor


def tracking_server(folder: Path) -> list[Figure]:
    """What a look at a tracking server costs when 100 points are new, after 10^6 of plain MLflow's and of ours."""
    from mlflow import MlflowClient

    figures = []
    with running_server(folder / "server") as server:
        client = MlflowClient(server.uri)
        client.create_experiment("bench")
        theirs = _new_run(client)
        _log_batches(client, theirs, MILLION)
        store = MlflowStore(server.uri, folder / "home")
        pairs, calls = [], []
        cursor = _look_to_the_end(store, theirs)
        for turn in range(5):
            _log_batches(client, theirs, N_NEW, MILLION + turn * N_NEW)

            def look(cursor: str = cursor) -> str:
                return store.changes_since(theirs, cursor).cursor

            start = time.perf_counter()
            cursor = look()
            ours = time.perf_counter() - start
            pairs.append((ours, timed(lambda: client.get_metric_history(theirs, "loss"))))
        figures.append(compare("a look at 100 new points after 10^6 on a server", "fetching the history", 0.1, pairs))
        mine = _new_run(client)
        for step in range(1_000):
            before = time.perf_counter()
            store.log_metric(mine, "loss", step / 7)
            middle = time.perf_counter()
            client.log_metric(theirs, "other", step / 7, step=step)
            calls.append((middle - before, time.perf_counter() - middle))
        figures.append(compare("log to a server, median of a call", "MLflow's log_metric", 0.1, calls))
        store.wait_until_sent(mine, 600)
        store.close()
    return figures
