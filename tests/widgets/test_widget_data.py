"""The data of a view come as a dict with v1's keys, whole and JSON-like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace
from aml_widgets.widgets.run_details import RunDetails


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.chdir(tmp_path)
    return Workspace.open(tmp_path / "ws")


def test_it_holds_the_run_its_metrics_logs_and_children(workspace: Workspace) -> None:
    run = Experiment(workspace, "ridge").start_logging(snapshot_directory=None)
    with run:
        for value in (0.5, 0.25):
            run.log("mse", value)
        run.log_row("point", x=1, y=2.5)
        run.tag("best", "yes")
        print("first line")  # noqa: T201 - it is in the log
        run.child_run("child").complete()

    data = RunDetails(run).get_widget_data({"debug": True})

    assert data["status"] == "Completed"
    assert data["run_id"] == run.id
    assert data["loading"] is False
    assert data["widget_settings"] == {"debug": True}
    assert data["run_properties"]["tags"] == {"best": "yes"}
    assert data["run_properties"]["run_number"] == 1
    assert data["run_properties"]["run_duration"].startswith("0:00:")
    metrics = {metric["name"]: metric for metric in data["run_metrics"]}
    assert metrics["mse"]["categories"] == [0, 1]
    assert metrics["mse"]["series"] == [{"data": [0.5, 0.25]}]
    assert metrics["point"]["series"] == [{"data": [1]}, {"data": [2.5]}]
    assert "first line" in data["run_logs"]
    assert data["run_properties"]["log_groups"] == [list(data["run_properties"]["log_files"])]
    assert [child["status"] for child in data["child_runs"]] == ["Completed"]
    assert data["child_runs"][0]["run_number"] == 2
    json.dumps(data)


def test_a_run_without_anything_has_all_keys(workspace: Workspace) -> None:
    run = Experiment(workspace, "ridge").start_logging(snapshot_directory=None)

    data = RunDetails(run).get_widget_data()

    assert data["status"] == "Running"
    assert data["run_metrics"] == []
    assert data["child_runs"] == []
    assert data["run_logs"] == ""
    assert data["run_properties"]["end_time_utc"] is None
    run.complete()
