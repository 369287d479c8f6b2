"""``mlflow server`` on a workspace: a client of its REST API and this package see each other at once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from requests.adapters import HTTPAdapter

from aml_widgets import Experiment, Workspace

START_SECONDS = 180.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    """A workspace, and the address of the server on it."""
    folder = tmp_path_factory.mktemp("server")
    workspace = Workspace.open(folder / "runs")
    uri = workspace.get_mlflow_tracking_uri()
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [
        "server",
        "--backend-store-uri",
        uri,
        "--artifacts-destination",
        uri,
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command],
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(address):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.2)
        yield workspace, address
    finally:
        os.killpg(process.pid, 15)
        process.wait(60)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_a_client_of_the_server_writes_into_the_workspace(served: tuple[Workspace, str]) -> None:
    workspace, address = served
    client = MlflowClient(address)
    experiment_id = client.create_experiment("größe/λ")
    run = client.create_run(experiment_id, run_name="remote", tags={"mlflow.note.content": "note"})
    run_id = run.info.run_id
    child = client.create_run(experiment_id, tags={"mlflow.parentRunId": run_id})

    client.log_batch(run_id, [Metric("loss", value, 0, step) for step, value in enumerate([0.5, float("nan"), 0.25])])
    client.log_metric(run_id, "top", float("inf"))
    client.log_param(run_id, "alpha", 1)
    client.log_text(run_id, "text", "notes/a.txt")
    client.log_table(run_id, {"x": [1]}, "table.json")
    client.log_table(run_id, {"x": [2]}, "table.json")

    ours = workspace.get_run(run_id)
    assert (ours.display_name, ours.description, ours.get_status()) == ("remote", "note", "Running")
    assert repr(ours.get_metrics()) == "{'loss': [0.5, nan, 0.25], 'top': inf}"
    assert ours.get_file_names() == ["notes/a.txt", "table.json"]
    assert [one.id for one in ours.get_children()] == [child.info.run_id]
    assert workspace.store.get_run(run_id).writer is None  # the client's process is nobody's to watch
    client.set_terminated(run_id, "KILLED")
    assert ours.get_status() == "Canceled"


def test_a_request_that_got_no_answer_in_time_is_sent_again_and_counts_once(
    served: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, address = served
    client = MlflowClient(address)
    run_id = client.create_run(client.create_experiment("sent twice")).info.run_id
    send, lost = HTTPAdapter.send, []

    def lose_first_answer(adapter: HTTPAdapter, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        answer = send(adapter, request, **given)
        if request.url not in lost:
            lost.append(request.url)
            return send(adapter, request, **given)
        return answer

    monkeypatch.setattr(HTTPAdapter, "send", lose_first_answer)
    client.log_metric(run_id, "loss", 0.5)
    client.log_batch(run_id, [Metric("acc", i / 7, i, i) for i in range(1_000)])

    assert [url.rpartition("/")[2] for url in lost] == ["log-metric", "log-batch"]
    counts = {one.key.name: one.count for one in workspace.store.summarize_metrics(run_id)}
    assert counts == {"loss": 1, "acc": 1_000}


def test_what_this_package_logs_is_served(served: tuple[Workspace, str], tmp_path: Path) -> None:
    workspace, address = served
    (tmp_path / "a.txt").write_text("text")
    run = Experiment(workspace, "ridge").start_logging(outputs=False)
    run.log("loss", 0.5)
    run.log("loss", 0.25)
    run.upload_file("outputs/a.txt", str(tmp_path / "a.txt"))
    client = MlflowClient(address)

    assert client.get_experiment_by_name("ridge").experiment_id == run.experiment.id
    assert [point.value for point in client.get_metric_history(run.id, "loss")] == [0.5, 0.25]
    assert [one.info.run_id for one in client.search_runs([run.experiment.id], "metrics.loss = 0.25")] == [run.id]
    assert [one.path for one in client.list_artifacts(run.id, "outputs")] == ["outputs/a.txt"]
    got = mlflow.artifacts.download_artifacts(run_id=run.id, artifact_path="outputs/a.txt", tracking_uri=address)
    assert Path(got).read_text() == "text"
    run.complete()
    assert client.get_run(run.id).info.status == "FINISHED"


def test_the_pages_and_what_they_ask_for_are_there(served: tuple[Workspace, str]) -> None:
    workspace, address = served
    run = Experiment(workspace, "pages").start_logging(outputs=False)
    run.log_list("loss", [0.5, 0.25])
    run.complete()

    assert "<html" in requests.get(address, timeout=60).text
    found = requests.post(
        f"{address}/api/2.0/mlflow/runs/search", json={"experiment_ids": [run.experiment.id]}, timeout=60
    )
    assert found.json()["runs"][0]["info"]["run_id"] == run.id
    history = requests.get(
        f"{address}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval",
        params={"run_ids": str(run.id), "metric_key": "loss", "max_results": "100"},
        timeout=60,
    )
    assert [one["value"] for one in history.json()["metrics"]] == [0.5, 0.25]
    experiments = requests.get(f"{address}/ajax-api/2.0/mlflow/experiments/search?max_results=25", timeout=60)
    assert run.experiment.name in {one["name"] for one in experiments.json()["experiments"]}


def test_what_has_no_place_is_refused_over_rest(served: tuple[Workspace, str]) -> None:
    _, address = served

    with pytest.raises(MlflowException, match="create_registered_model is not implemented") as caught:
        MlflowClient(address).create_registered_model("ridge")

    assert caught.value.error_code == "NOT_IMPLEMENTED"


def test_models_are_served(served: tuple[Workspace, str], tmp_path: Path) -> None:
    workspace, address = served
    client = MlflowClient(address)
    run = client.create_run(client.create_experiment("models"))
    (tmp_path / "weights.bin").write_bytes(b"\1")

    model = client.create_logged_model(run.info.experiment_id, "ridge", source_run_id=run.info.run_id)
    client.log_model_artifact(model.model_id, str(tmp_path / "weights.bin"))
    client.finalize_logged_model(model.model_id, "READY")
    client.log_metric(run.info.run_id, "loss", 0.5, model_id=model.model_id)

    assert workspace.get_run(run.info.run_id).get_file_names() == [f"models/{model.model_id}/weights.bin"]
    (found,) = client.search_logged_models([run.info.experiment_id])
    assert (found.model_id, str(found.status), [one.value for one in found.metrics or []]) == (
        model.model_id,
        "READY",
        [0.5],
    )
