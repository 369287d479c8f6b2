"""Numbers of runs, which a server does not give: writers that create runs at once settle them among themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow.store import MlflowStore
from tests.mlflow_store.gateway import running_gateway
from tests.mlflow_store.tracking_server import TrackingServer


def create_run(store: MlflowStore) -> int:
    experiment = store.open_experiment("numbers")
    return store.create_run(NewRun(experiment_id=experiment.experiment_id, status=RunStatus.COMPLETED)).number


def test_a_number_that_another_has_taken_is_not_kept(
    server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # each believes for ever that the last number it gave is the last there is
    monkeypatch.setattr("aml_widgets.store.mlflow.runs.monotonic", lambda: 1.0)
    stores = [MlflowStore(server.uri, tmp_path / str(place)) for place in range(2)]

    numbers = [create_run(stores[0])]
    for _ in range(8):  # whichever of the two ids is the larger
        numbers += [create_run(store) for store in (stores[1], stores[0])]

    assert len(set(numbers)) == len(numbers)
    for store in stores:
        store.close()


def test_writers_that_create_runs_at_once_get_different_numbers(server: TrackingServer, tmp_path: Path) -> None:
    stores = [MlflowStore(server.uri, tmp_path / str(place)) for place in range(6)]
    create_run(stores[0])
    start = Barrier(len(stores))

    def create_some(store: MlflowStore) -> list[int]:
        start.wait(60)
        return [create_run(store) for _ in range(3)]

    with ThreadPoolExecutor(len(stores)) as pool:
        numbers = [number for some in pool.map(create_some, stores) for number in some]

    assert len(set(numbers)) == len(numbers)
    for store in stores:
        store.close()


def test_a_server_that_goes_away_when_a_run_was_just_created_leaves_it_to_who_created_it(
    server: TrackingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    is_created = False

    def refuse(_method: str, path: str) -> int | None:
        nonlocal is_created
        if is_created and "runs/search" in path:
            return 503
        is_created |= "runs/create" in path
        return None

    with running_gateway(server.uri) as gateway:
        store = MlflowStore(gateway.uri, tmp_path)
        experiment = store.open_experiment("numbers")
        gateway.refuse = refuse

        run = store.create_run(NewRun(experiment_id=experiment.experiment_id, status=RunStatus.RUNNING))

        assert "Whether another run has the number" in caplog.text
        store.log_metrics(run.run_id, {"loss": 0.5})
        assert list(store.read_history(run.run_id, "loss").values) == [0.5]
        store.close()
