"""MLflow's fluent calls as people use them: autologging, system metrics, threads, batches that are sent later."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from aml_widgets import Run, Workspace


@pytest.fixture
def autologging(uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # What a model needs is not found out by building an environment for it.
    monkeypatch.setenv("MLFLOW_REQUIREMENTS_INFERENCE_RAISE_ERRORS", "false")
    mlflow.sklearn.autolog(log_models=False, log_datasets=True)
    yield
    mlflow.sklearn.autolog(disable=True)


def test_scikit_learn_logs_by_itself(workspace: Workspace, client: MlflowClient, autologging: None) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.metrics import mean_squared_error
    from sklearn.model_selection import GridSearchCV

    inputs = np.array([[i, i % 3] for i in range(30)])
    outputs = inputs @ [2, -1]

    with mlflow.start_run() as started:
        search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2).fit(inputs, outputs)
    mean_squared_error(outputs, search.predict(inputs))  # logged to the run that has ended

    run = workspace.get_run(started.info.run_id)
    metrics = run.get_metrics()
    assert metrics["best_cv_score"] == pytest.approx(search.best_score_)
    assert any(name.startswith("mean_squared_error") for name in metrics)
    params = workspace.store.get_run(run.id).params
    assert params["best_alpha"] == str(search.best_params_["alpha"])
    assert "cv_results.csv" in run.get_file_names()
    children = list(run.get_children())
    assert len(children) == 2
    assert {child.get_status() for child in children} == {run.get_status()} == {"Completed"}
    assert {one.dataset.name for one in client.get_run(run.id).inputs.dataset_inputs} == {"dataset"}


def test_system_metrics_are_metrics(workspace: Workspace, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.05")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "1")
    waiting = threading.Event()

    with mlflow.start_run(log_system_metrics=True) as started:
        run = workspace.get_run(started.info.run_id)
        for _ in range(600):
            if "system/cpu_utilization_percentage" in run.get_metrics():
                break
            waiting.wait(0.05)

    assert "system/cpu_utilization_percentage" in run.get_metrics()


def test_threads_and_later_batches_lose_nothing(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    def log(name: str) -> None:
        for step in range(50):
            client.log_metric(run_id, name, float(step), step=step)

    threads = [threading.Thread(target=log, args=(f"m{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for step in range(50):
        client.log_metric(run_id, "later", float(step), step=step, synchronous=False)
    for thread in threads:
        thread.join()
    mlflow.flush_async_logging()

    metrics = workspace.get_run(run_id).get_metrics()
    for name in ("m0", "m1", "m2", "m3"):
        assert metrics[name] == [float(step) for step in range(50)]
    assert sorted(metrics["later"]) == [float(step) for step in range(50)]


def test_a_logger_that_is_given_our_run_goes_on_with_it(workspace: Workspace, uri: str) -> None:
    """The way in which PyTorch Lightning's logger is used: it is told the run's id, and logs through the client."""
    from aml_widgets import Experiment

    run = Experiment(workspace, "lightning").start_logging(outputs=False)
    logger = MlflowClient(run.experiment.workspace.get_mlflow_tracking_uri())
    assert logger.get_experiment_by_name(run.experiment.name).experiment_id == run.experiment.id

    logger.log_batch(run.id, metrics=[mlflow.entities.Metric("train_loss", 0.5, 1_600_000_000_000, 0)])
    logger.log_param(run.id, "lr", 0.1)
    logger.set_terminated(run.id, "FINISHED")

    again = Run(run.experiment, run.id)
    assert (again.get_metrics(), again.get_status()) == ({"train_loss": 0.5}, "Completed")


def test_two_batches_at_once_do_not_mix_params(client: MlflowClient, run_id: str) -> None:
    mlflow.log_params({"a": 1, "b": None, "c": [1, 2]}, run_id=run_id)

    assert client.get_run(run_id).data.params == {"a": "1", "b": "None", "c": "[1, 2]"}
