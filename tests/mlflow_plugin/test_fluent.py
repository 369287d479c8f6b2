"""MLflow's fluent calls as people use them: autologging, system metrics, threads, batches that are sent later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient

from aml_widgets import Experiment, Workspace
from aml_widgets.core.errors import RunIsTerminal


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


@pytest.mark.parametrize("how", [{}, {"synchronous": False}])
def test_a_logger_that_is_given_our_run_goes_on_with_it(
    workspace: Workspace, uri: str, tmp_path: Path, how: dict[str, Any]
) -> None:
    """The calls of PyTorch Lightning's logger, which is told the run's id, and ends the run when `fit` is over."""
    run = Experiment(workspace, "lightning").start_logging(outputs=False, snapshot_directory=None)
    logger = MlflowClient(run.experiment.workspace.get_mlflow_tracking_uri())
    assert logger.get_experiment_by_name(run.experiment.name).experiment_id == run.experiment.id
    assert logger.get_run(run.id).info.experiment_id == run.experiment.id
    checkpoint = tmp_path / "epoch=0-step=3.ckpt"
    checkpoint.write_bytes(b"weights")
    (tmp_path / "about").mkdir()
    (tmp_path / "about" / "aliases.txt").write_text("['latest', 'best']")

    logger.log_batch(run.id, params=[mlflow.entities.Param("lr", "0.1")], **how)
    for step in range(3):
        now = 1_600_000_000_000 + step
        logger.log_batch(
            run.id, metrics=[mlflow.entities.Metric(key, step / 2, now, step) for key in ("train/loss", "epoch")], **how
        )
    logger.log_artifact(run.id, str(checkpoint), checkpoint.stem)
    logger.log_artifacts(run.id, str(tmp_path / "about"), checkpoint.stem)
    if how:
        mlflow.flush_async_logging()
    logger.set_terminated(run.id, "FINISHED")

    assert run.get_status() == "Completed"
    for name in ("train/loss", "epoch"):
        history = run.get_metric_history(name)  # what is sent later comes in any order
        assert sorted(zip(history.steps, history.values, strict=True)) == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert workspace.store.get_run(run.id).params == {"lr": "0.1"}
    assert sorted(run.get_file_names()) == ["epoch=0-step=3/aliases.txt", "epoch=0-step=3/epoch=0-step=3.ckpt"]
    with pytest.raises(RunIsTerminal, match="ended as Completed and takes no more points. Start a new run"):
        run.log("test_loss", 1.0)
    logger.log_batch(run.id, metrics=[mlflow.entities.Metric("test_loss", 1.0, 1_600_000_000_009, 3)])  # trainer.test
    run.complete()
    assert (run.get_status(), run.get_metrics("test_loss")) == ("Completed", {"test_loss": 1.0})


def test_two_batches_at_once_do_not_mix_params(client: MlflowClient, run_id: str) -> None:
    mlflow.log_params({"a": 1, "b": None, "c": [1, 2]}, run_id=run_id)

    assert client.get_run(run_id).data.params == {"a": "1", "b": "None", "c": "[1, 2]"}
