"""Logged models of MLflow 3, and what runs are given and make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelStatus,
    Metric,
)
from mlflow.exceptions import MlflowException

from aml_widgets import Workspace


@pytest.fixture
def experiment_id(client: MlflowClient, run_id: str) -> str:
    return str(client.get_run(run_id).info.experiment_id)


def test_a_model_is_made_finished_found_and_deleted(client: MlflowClient, run_id: str, experiment_id: str) -> None:
    made = client.create_logged_model(
        experiment_id, "ridge", source_run_id=run_id, tags={"a": "b"}, params={"alpha": "1"}, model_type="sk"
    )
    assert made.status == LoggedModelStatus.PENDING

    client.finalize_logged_model(made.model_id, "READY")
    client.set_logged_model_tags(made.model_id, {"c": "ü"})
    client.delete_logged_model_tag(made.model_id, "a")

    known = client.get_logged_model(made.model_id)
    assert known.status == LoggedModelStatus.READY
    assert (known.name, known.source_run_id, known.model_type) == ("ridge", run_id, "sk")
    assert (known.tags, known.params) == ({"c": "ü"}, {"alpha": "1"})
    assert [one.model_id for one in client.search_logged_models([experiment_id], "params.alpha = '1'")] == [
        made.model_id
    ]
    assert client.search_logged_models([experiment_id], "name = 'other'") == []
    with pytest.raises(MlflowException, match="No tag with key 'a'"):
        client.delete_logged_model_tag(made.model_id, "a")

    client.delete_logged_model(made.model_id)
    assert client.search_logged_models([experiment_id]) == []
    with pytest.raises(MlflowException, match="not found"):
        client.get_logged_model(made.model_id)
    with pytest.raises(MlflowException, match="not found") as caught:
        client.finalize_logged_model("m-nothing", "READY")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_model_without_metrics_has_none_and_is_searched_all_the_same(
    client: MlflowClient, run_id: str, experiment_id: str
) -> None:
    made = client.create_logged_model(experiment_id, "ridge", source_run_id=run_id)
    other = client.create_logged_model(experiment_id, "lasso", source_run_id=run_id)
    client.log_metric(run_id, "loss", 0.5, model_id=other.model_id)

    by_loss = [{"field_name": "metrics.loss"}]
    found = client.search_logged_models([experiment_id], "name = 'ridge'", order_by=by_loss)
    assert made.metrics is None
    assert client.get_logged_model(made.model_id).metrics is None
    assert [(one.name, one.metrics) for one in found] == [("ridge", None)]
    found = client.search_logged_models([experiment_id], "metrics.loss < 1")
    assert [(one.name, [metric.value for metric in one.metrics or ()]) for one in found] == [("lasso", [0.5])]


def test_files_of_a_model_are_files_of_its_run(
    workspace: Workspace, client: MlflowClient, run_id: str, experiment_id: str, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "weights.bin").write_bytes(b"\1")
    of_run = client.create_logged_model(experiment_id, "ridge", source_run_id=run_id)
    alone = client.create_logged_model(experiment_id, "alone")

    for model in (of_run, alone):
        client.log_model_artifacts(model.model_id, str(tmp_path / "files"))

    assert workspace.get_run(run_id).get_file_names() == [f"models/{of_run.model_id}/weights.bin"]
    for model in (of_run, alone):
        assert [one.path for one in client.list_logged_model_artifacts(model.model_id)] == ["weights.bin"]
        got = mlflow.artifacts.download_artifacts(f"{model.artifact_location}/weights.bin", dst_path=str(tmp_path))
        assert Path(got).read_bytes() == b"\1"


def test_metrics_of_a_model_are_its_latest_and_the_runs_history(
    client: MlflowClient, run_id: str, experiment_id: str
) -> None:
    model = client.create_logged_model(experiment_id, "ridge", source_run_id=run_id)
    for step, value in enumerate([0.5, 0.25]):
        client.log_metric(run_id, "loss", value, step=step, model_id=model.model_id)
    client.log_batch(run_id, [Metric("acc", 0.75, 5, 0, model.model_id, "data", "123")])

    metrics = {one.key: one for one in client.get_logged_model(model.model_id).metrics or []}
    assert (metrics["loss"].value, metrics["loss"].step, metrics["loss"].run_id) == (0.25, 1, run_id)
    assert (metrics["acc"].value, metrics["acc"].dataset_name) == (0.75, "data")
    assert [point.value for point in client.get_metric_history(run_id, "loss")] == [0.5, 0.25]
    found = client.search_logged_models(
        [experiment_id], "metrics.loss < 0.3", order_by=[{"field_name": "metrics.loss"}]
    )
    assert [one.model_id for one in found] == [model.model_id]
    assert len(client.search_logged_models([experiment_id], datasets=[{"dataset_name": "data"}])) == 1
    assert client.search_logged_models([experiment_id], datasets=[{"dataset_name": "other"}]) == []


def test_models_go_with_their_run_when_it_is_deleted_for_good(
    workspace: Workspace, client: MlflowClient, run_id: str, experiment_id: str
) -> None:
    model = client.create_logged_model(experiment_id, "ridge", source_run_id=run_id)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 0)])
    client.set_terminated(run_id)

    workspace.store.trash_run(run_id)
    workspace.store.purge_run(run_id)

    assert client.search_logged_models([experiment_id]) == []


def test_inputs_and_outputs_come_back(client: MlflowClient, run_id: str, experiment_id: str) -> None:
    model = client.create_logged_model(experiment_id, "ridge")
    data = from_numpy(np.arange(6).reshape(2, 3), name="numbers")

    with mlflow.start_run(run_id=run_id):
        mlflow.log_input(data, context="training", tags={"a": "b"})
        mlflow.log_input(data, context="again")
    client.log_inputs(run_id, models=[LoggedModelInput(model.model_id)])
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 3)])

    run = client.get_run(run_id)
    (dataset,) = run.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("numbers", data.digest)
    assert {tag.key: tag.value for tag in dataset.tags} == {"a": "b", "mlflow.data.context": "training"}
    assert [one.model_id for one in run.inputs.model_inputs] == [model.model_id]
    assert [(one.model_id, one.step) for one in run.outputs.model_outputs] == [(model.model_id, 3)]
    for filter_string, count in (
        ("dataset.name = 'numbers'", 1),
        ("dataset.context = 'training'", 1),
        ("dataset.name = 'x'", 0),
    ):
        assert len(client.search_runs([experiment_id], filter_string)) == count
    summaries = client._tracking_client.store._search_datasets([experiment_id])
    assert [(one.name, one.context) for one in summaries] == [("numbers", "training")]


@pytest.mark.parametrize(
    ("changed", "tag", "rule"),
    [
        ({"name": None}, ("a", "b"), "Dataset name cannot be None"),
        ({"source": None}, ("a", "b"), "Dataset source cannot be None"),
        ({"name": "n" * 501}, ("a", "b"), "'name' exceeds the maximum length of 500"),
        ({}, ("a", None), "InputTag value cannot be None"),
        ({}, ("k" * 256, "b"), "'key' exceeds the maximum length of 255"),
    ],
)
def test_mlflows_rules_hold_for_data_sets(
    client: MlflowClient, run_id: str, changed: dict[str, Any], tag: tuple[str, Any], rule: str
) -> None:
    given = {"name": "numbers", "digest": "1", "source_type": "local", "source": "a.csv", **changed}

    with pytest.raises(MlflowException, match=rule) as caught:
        client.log_inputs(run_id, [DatasetInput(Dataset(**given), [InputTag(*tag)])])

    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.get_run(run_id).inputs.dataset_inputs == []


def test_models_come_in_pages_of_one_search(client: MlflowClient, experiment_id: str) -> None:
    made = {client.create_logged_model(experiment_id, f"model-{i}").model_id for i in range(5)}
    search: dict[str, Any] = {"filter_string": "name LIKE 'model-%'", "order_by": [{"field_name": "name"}]}
    pages = [client.search_logged_models([experiment_id], max_results=2, **search)]
    while (token := pages[-1].token) is not None:
        pages.append(client.search_logged_models([experiment_id], max_results=2, page_token=token, **search))

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [one.name for page in pages for one in page] == [f"model-{i}" for i in range(5)]
    assert {one.model_id for page in pages for one in page} == made
    for changed, what in (
        ({"filter_string": "name = 'model-1'"}, "Filter string"),
        ({"order_by": None}, "Order by"),
        ({"experiment_ids": [client.create_experiment("other")]}, "Experiment IDs"),
    ):
        asked = {"experiment_ids": [experiment_id], **search, **changed}
        with pytest.raises(MlflowException, match=f"{what} in the page token do") as caught:
            client.search_logged_models(page_token=pages[0].token, **asked)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
