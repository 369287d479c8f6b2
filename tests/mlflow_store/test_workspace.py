"""The logging API on a tracking server, as a user calls it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from mlflow import MlflowClient

from aml_widgets.core.errors import SnapshotError, StoreError, UserError
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace
from tests.mlflow_store.tracking_server import TrackingServer


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def check_workspace(workspace: Workspace, tmp_path: Path) -> None:
    """Log, read, and read again from another place."""
    experiment = Experiment(workspace, "diabetes")
    source = tmp_path / "a.txt"
    source.write_text("content")

    with experiment.start_logging(display_name="ridge", outputs=False) as run:
        run.log("loss", 0.5)
        run.log("loss", math.inf)
        run.log("name", "ridge")
        run.log_row("scores", fold=1, auc=0.5)
        run.log_row("scores", fold=2, auc=0.75)
        run.log_list("list", [1, 2.5, None])
        run.tag("owner", "me")
        run.upload_file("outputs/a.txt", str(source))
        child = run.child_run("fold 1")
        child.log("loss", 1.0)
        child.complete()

    again = Workspace.open(workspace.location).get_run(run.id)
    assert again.get_status() == "Completed"
    assert again.get_metrics()["loss"] == [0.5, math.inf]
    assert again.get_metrics()["name"] == "ridge"
    assert again.get_metrics()["scores"] == {"fold": [1, 2], "auc": [0.5, 0.75]}
    assert again.get_metrics()["list"] == [1, 2.5, None]
    assert (again.display_name, again.get_tags()["owner"]) == ("ridge", "me")
    again.download_file("outputs/a.txt", str(tmp_path / "back.txt"))
    assert (tmp_path / "back.txt").read_text() == "content"
    assert [one.id for one in again.get_children()] == [child.id]
    assert [one.id for one in Experiment(workspace, "diabetes").get_runs()] == [run.id]


def test_a_server_is_a_workspace(server: TrackingServer, tmp_path: Path) -> None:
    workspace = Workspace.open(server.uri)

    assert workspace.name == server.uri.removeprefix("http://")
    assert workspace.location == workspace.get_mlflow_tracking_uri() == server.uri
    assert workspace.get_portal_url() == server.uri
    assert repr(workspace) == f"Workspace.open({server.uri!r})"
    check_workspace(workspace, tmp_path)


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy")  # MLflow's own way with its database
def test_a_database_of_mlflow_is_a_workspace(tmp_path: Path) -> None:
    location = f"sqlite:///{tmp_path}/mlflow.db"
    workspace = Workspace.open(location)

    check_workspace(workspace, tmp_path)
    assert MlflowClient(location).get_experiment_by_name("diabetes") is not None
    workspace.store.close()


def test_the_environment_names_the_server(server: TrackingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)

    assert Workspace.from_config().location == server.uri
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    assert Workspace.from_config().name == "default"


def test_a_configuration_names_the_server(server: TrackingServer) -> None:
    Workspace.open(server.uri).write_config()

    assert Workspace.from_config().location == server.uri


def test_what_a_server_has_no_place_for_says_where_it_is(server: TrackingServer, tmp_path: Path) -> None:
    workspace = Workspace.open(server.uri)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("print(1)")

    with pytest.raises(SnapshotError, match="keeps no snapshots"):
        Experiment(workspace, "a").submit(ScriptRunConfig("src", "train.py"))
    with pytest.raises(StoreError, match="register_model"):
        workspace.store.models.get_model("ridge")
    with pytest.raises(StoreError, match="MlflowClient"):
        workspace.store.extras.get("kind", "key")


@pytest.mark.parametrize("location", ["127.0.0.1:5601", "mlflow:5000/", "http:/127.0.0.1:5601", "https:127.0.0.1"])
def test_half_an_address_is_no_folder(location: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="begins with http:// or https://"):
        Workspace.open(location)

    assert [one.name for one in tmp_path.iterdir()] in ([], ["home"])
    assert Workspace.open(f"./{location.replace('/', '')}").location


def test_the_address_that_mlflow_is_given_names_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.open(tmp_path / "runs")
    address = workspace.get_mlflow_tracking_uri()

    assert Workspace.open(address).location == workspace.location
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    assert Workspace.from_config().location == workspace.location


def test_a_run_links_to_its_page_of_mlflow_and_starts_without_a_word(
    server: TrackingServer, recwarn: pytest.WarningsRecorder
) -> None:
    run = Experiment(Workspace.open(server.uri), "diabetes").start_logging(outputs=False)

    assert run.get_portal_url() == f"{server.uri}/#/experiments/{run.experiment.id}/runs/{run.id}"
    assert ">MLflow</a>" in run._repr_html_()
    assert [str(one.message) for one in recwarn if "snapshot" in str(one.message)] == []
    run.complete()
