"""Experiments, from both sides."""

from __future__ import annotations

from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from aml_widgets import Experiment, Workspace
from aml_widgets.core.errors import Conflict

NAME = "größe/λ 🚀 'x' \"y\" %"


def test_an_experiment_of_ours_is_one_of_mlflows(workspace: Workspace, client: MlflowClient) -> None:
    ours = Experiment(workspace, "ridge")

    theirs = client.get_experiment_by_name("ridge")

    assert theirs is not None
    assert (theirs.experiment_id, theirs.name, theirs.lifecycle_stage) == (ours.id, "ridge", "active")
    assert [one.experiment_id for one in client.search_experiments()] == [ours.id]


def test_an_experiment_of_mlflows_is_one_of_ours(workspace: Workspace, client: MlflowClient) -> None:
    experiment_id = client.create_experiment(NAME, tags={"a": "b"})

    assert workspace.store.open_experiment(NAME).experiment_id == experiment_id
    assert client.get_experiment(experiment_id).tags == {"a": "b"}
    client.set_experiment_tag(experiment_id, "c", "ü")
    client.delete_experiment_tag(experiment_id, "a")
    assert workspace.store.get_experiment(experiment_id).tags == {"c": "ü"}
    with pytest.raises(MlflowException, match="No tag with name: a"):
        client.delete_experiment_tag(experiment_id, "a")


def test_a_name_is_given_once_also_when_its_experiment_is_deleted(client: MlflowClient) -> None:
    experiment_id = client.create_experiment("ridge")

    with pytest.raises(MlflowException, match="already exists") as caught:
        client.create_experiment("ridge")
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"

    client.delete_experiment(experiment_id)
    with pytest.raises(MlflowException, match="already exists"):
        client.create_experiment("ridge")
    with pytest.raises(MlflowException, match="deleted experiment"):
        mlflow.set_experiment("ridge")


def test_deleted_is_archived_and_takes_the_runs_along(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    experiment_id = client.get_run(run_id).info.experiment_id
    client.delete_experiment(experiment_id)

    assert workspace.store.get_experiment(experiment_id).archived_at is not None
    assert client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert client.search_experiments() == []
    assert [one.name for one in client.search_experiments(view_type=ViewType.DELETED_ONLY)] == ["ridge"]
    assert client.search_runs([experiment_id]) == []
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.create_run(experiment_id)
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.log_metric(run_id, "loss", 1.0)
    with pytest.raises(MlflowException, match="No active experiment"):
        client.delete_experiment(experiment_id)

    workspace.store.set_archived(experiment_id, is_archived=False)
    assert client.get_run(run_id).info.lifecycle_stage == "active"
    with pytest.raises(MlflowException, match="No deleted experiment"):
        client.restore_experiment(experiment_id)


def test_a_renamed_experiment_keeps_its_id_and_runs(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    experiment_id = client.get_run(run_id).info.experiment_id
    client.create_experiment("other")

    client.rename_experiment(experiment_id, NAME)

    assert workspace.get_run(run_id).experiment.name == NAME
    with pytest.raises(MlflowException, match="another active experiment") as caught:
        client.rename_experiment(experiment_id, "other")
    assert caught.value.error_code == "RESOURCE_ALREADY_EXISTS"
    assert isinstance(caught.value.__cause__, Conflict)


def test_without_an_experiment_runs_are_in_the_default_one(workspace: Workspace, uri: str) -> None:
    with mlflow.start_run() as run:
        pass

    assert workspace.get_run(run.info.run_id).experiment.name == "Default"
    assert len(mlflow.search_runs()) == 1


def test_files_go_where_the_experiment_says(
    client: MlflowClient, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    experiment_id = client.create_experiment("elsewhere", artifact_location=str(elsewhere))
    run = client.create_run(experiment_id)

    client.log_text(run.info.run_id, "text", "a.txt")

    assert (elsewhere / run.info.run_id / "artifacts" / "a.txt").read_text() == "text"
    assert workspace.get_run(run.info.run_id).get_file_names() == []


def test_experiments_are_found_in_mlflows_language(client: MlflowClient) -> None:
    for name, owner in (("a1", "ada"), ("a2", "bob"), ("b1", "ada")):
        client.create_experiment(name, tags={"owner": owner})

    def names(**conditions: Any) -> list[str]:
        return [one.name for one in client.search_experiments(**conditions)]

    assert names(filter_string="name LIKE 'a%'", order_by=["name DESC"]) == ["a2", "a1"]
    assert names(filter_string="tags.owner = 'ada'", order_by=["name"]) == ["a1", "b1"]
    page = client.search_experiments(max_results=2, order_by=["name"])
    assert page.token is not None
    assert [one.name for one in client.search_experiments(max_results=2, order_by=["name"], page_token=page.token)] == [
        "b1"
    ]
    with pytest.raises(MlflowException, match="Invalid"):
        names(filter_string="nonsense")


def test_an_experiment_that_is_not_there_is_mlflows_error(client: MlflowClient) -> None:
    with pytest.raises(MlflowException) as caught:
        client.get_experiment("nothing")

    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert client.get_experiment_by_name("nothing") is None


def test_an_experiment_that_is_not_there_is_missed_in_mlflows_words(client: MlflowClient) -> None:
    for ask in (client.get_experiment, client.create_run, client.delete_experiment):
        with pytest.raises(MlflowException, match="No Experiment with id=4711 exists") as caught:
            ask("4711")
        assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
