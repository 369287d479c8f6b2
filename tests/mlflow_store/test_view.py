"""`RunDetails` on a tracking server: runs of plain MLflow, and a server that goes and comes back while somebody looks."""

from __future__ import annotations

import threading
from pathlib import Path

import ipywidgets
import pytest
from ipywidgets.widgets.widget import _instances
from mlflow import MlflowClient

from aml_widgets import RunDetails
from aml_widgets.cli.main import main as run_command
from aml_widgets.core.errors import RunNotFound
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.tracking.fact_groups import groups_of
from aml_widgets.tracking.workspace import Workspace
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.watcher import Watcher
from tests.mlflow_store.tracking_server import TrackingServer


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def test_a_run_of_plain_mlflow_has_its_curves_parameters_and_files(
    server: TrackingServer, client: MlflowClient
) -> None:
    run_id = client.create_run("0", run_name="theirs", tags={"mlflow.note.content": "a note"}).info.run_id
    for step in range(50):
        client.log_metric(run_id, "loss", 1 / (step + 1), step=step)
    client.log_param(run_id, "depth", 3)
    client.log_text(run_id, "hello", "notes/a.txt")
    run = Workspace.open(server.uri).get_run(run_id)

    details = RunDetails(run)
    data = details.get_widget_data()

    (series,) = (one for one in data["run_metrics"] if one["name"] == "loss")
    assert series["series"][0]["data"][-1] == 1 / 50
    assert data["run_properties"]["status"] == "Running"
    client.set_terminated(run_id)
    assert run.wait_for_completion()["status"] == "Completed"
    assert run.get_file_names() == ["notes/a.txt"]


def test_no_number_is_shown_of_a_run_of_plain_mlflow(
    server: TrackingServer, client: MlflowClient, capsys: pytest.CaptureFixture[str]
) -> None:
    parent_id = client.create_run("0", run_name="parent").info.run_id
    workspace = Workspace.open(server.uri)
    view = RunView(workspace.store, parent_id, watcher=Watcher())
    view.widget  # noqa: B018 - makes the widget
    view.refresh()
    shown = [one.value for one in _instances.values() if isinstance(one, ipywidgets.HTML)]

    assert view.state.run is not None
    assert any("parent" in text and parent_id in text for text in shown), shown
    assert not any("Run <b>0</b>" in text for text in shown)
    assert ("Number", "0") not in [(one.label, one.text) for group in groups_of(view.state.run) for one in group.facts]
    view.close()
    assert run_command(["--workspace", server.uri, "show", parent_id]) == 0
    assert "run 0" not in capsys.readouterr().out
    assert run_command(["--workspace", server.uri, "runs"]) == 0
    (_, line) = capsys.readouterr().out.splitlines()
    assert line.split()[:4] == [parent_id, "Running", "Default", "parent"]


def test_a_run_that_is_deleted_on_the_server_is_not_waited_for_for_ever(
    server: TrackingServer, client: MlflowClient
) -> None:
    run_id = client.create_run("0").info.run_id
    run = Workspace.open(server.uri).get_run(run_id)
    thread = threading.Timer(0.3, lambda: client.delete_run(run_id))
    thread.start()

    with pytest.raises(RunNotFound, match="in the trash and has not ended"):
        run.wait_for_completion(show_output=True)
    thread.join()
    server.empty()  # as MLflow's gc does
    with pytest.raises(RunNotFound, match="deleted for good"):
        run.wait_for_completion()


def test_a_lost_server_is_shown_in_the_view_and_heals_by_itself(
    own_server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MlflowClient(own_server.uri)
    run_id = client.create_run("0").info.run_id
    client.log_metric(run_id, "loss", 1.0, step=0)
    view = RunView(MlflowStore(own_server.uri, tmp_path / "home"), run_id, watcher=Watcher())
    view.widget  # noqa: B018 - makes the widget
    view.refresh()
    assert list(view.state.metrics) == ["loss"], view.state
    assert view.state.silence is None

    own_server.stop()
    view.refresh()
    assert own_server.uri in str(view.state.silence)
    assert list(view.state.metrics) == ["loss"], "what was seen stays"
    own_server.start()
    client.log_metric(run_id, "loss", 0.5, step=1)
    view.refresh()

    assert view.state.silence is None
    view.close()
