"""Runs that MLflow makes are ours, and ours are MLflow's."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import RunStatus as MlflowStatus
from mlflow.entities import RunTag, ViewType
from mlflow.exceptions import MlflowException

from aml_widgets import Experiment, Workspace
from aml_widgets.core import clock
from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import SETTLE_AFTER_SECONDS, this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import gone_process

STATUSES = [
    ("NotStarted", "SCHEDULED"),
    ("Starting", "SCHEDULED"),
    ("Provisioning", "SCHEDULED"),
    ("Preparing", "SCHEDULED"),
    ("Queued", "SCHEDULED"),
    ("Running", "RUNNING"),
    ("Finalizing", "RUNNING"),
    ("CancelRequested", "RUNNING"),
    ("NotResponding", "RUNNING"),
    ("Completed", "FINISHED"),
    ("Failed", "FAILED"),
    ("Canceled", "KILLED"),
]


def store_of(workspace: Workspace) -> RunStore:
    return workspace.store


def test_a_run_of_mlflows_is_an_ordinary_run(workspace: Workspace, uri: str) -> None:
    mlflow.set_experiment("ridge")

    with mlflow.start_run(run_name="first", description="what it is for", tags={"a": "b"}) as started:
        run = workspace.get_run(started.info.run_id)
        assert run.get_status() == "Running"
        assert store_of(workspace).get_run(run.id).writer == this_process()

    assert run.get_status() == "Completed"
    assert (run.display_name, run.description, run.experiment.name) == ("first", "what it is for", "ridge")
    tags = run.get_tags()
    assert tags["a"] == "b"
    assert not {"mlflow.runName", "mlflow.note.content"} & set(tags)
    assert run.get_properties()["aml_widgets.pid"] == str(this_process().pid)


def test_a_run_of_ours_is_one_of_mlflows(workspace: Workspace, client: MlflowClient) -> None:
    experiment = Experiment(workspace, "ridge")
    run = experiment.start_logging(display_name="first", outputs=False)
    run.tag("a", "b")
    run.tag("alone")
    run.log("loss", 0.5)
    child = run.child_run("below")

    theirs = client.get_run(run.id)
    assert (theirs.info.status, theirs.info.run_name, theirs.info.lifecycle_stage) == ("RUNNING", "first", "active")
    assert theirs.info.experiment_id == experiment.id
    assert theirs.data.metrics == {"loss": 0.5}
    assert theirs.data.tags["a"] == "b"
    assert theirs.data.tags["alone"] == ""
    assert client.get_run(child.id).data.tags["mlflow.parentRunId"] == run.id
    found = client.search_runs([experiment.id], f"tags.mlflow.parentRunId = '{run.id}'")
    assert [one.info.run_id for one in found] == [child.id]
    child.complete()
    run.complete()
    assert client.get_run(run.id).info.status == "FINISHED"
    assert client.get_run(run.id).info.end_time >= client.get_run(run.id).info.start_time


@pytest.mark.parametrize(("ours", "theirs"), STATUSES)
def test_statuses_are_translated(workspace: Workspace, client: MlflowClient, ours: str, theirs: str) -> None:
    experiment_id = store_of(workspace).open_experiment("ridge").experiment_id
    run = store_of(workspace).create_run(NewRun(experiment_id=experiment_id, status=RunStatus(ours)))

    assert client.get_run(run.run_id).info.status == theirs


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("FINISHED", "Completed"),
        ("FAILED", "Failed"),
        ("KILLED", "Canceled"),
        ("SCHEDULED", "Queued"),
        ("RUNNING", "Running"),
    ],
)
def test_mlflows_statuses_are_ours(
    workspace: Workspace, client: MlflowClient, run_id: str, theirs: str, ours: str
) -> None:
    client.update_run(run_id, status=theirs)

    assert workspace.get_run(run_id).get_status() == ours
    assert client.get_run(run_id).info.status == theirs


def test_nested_runs_are_children(workspace: Workspace, uri: str) -> None:
    with mlflow.start_run() as top, mlflow.start_run(nested=True) as middle, mlflow.start_run(nested=True) as lowest:
        pass

    assert [child.id for child in workspace.get_run(top.info.run_id).get_children()] == [middle.info.run_id]
    assert workspace.get_run(lowest.info.run_id).parent.id == middle.info.run_id
    assert mlflow.get_parent_run(lowest.info.run_id).info.run_id == middle.info.run_id
    assert len(mlflow.search_runs(output_format="list")) == 3


def test_a_parent_that_is_nowhere_stays_a_tag(workspace: Workspace, client: MlflowClient) -> None:
    experiment_id = client.create_experiment("ridge")

    run = client.create_run(experiment_id, tags={"mlflow.parentRunId": "nowhere"})

    assert client.get_run(run.info.run_id).data.tags["mlflow.parentRunId"] == "nowhere"
    assert workspace.get_run(run.info.run_id).parent is None


def test_names_notes_and_tags_change_on_both_sides(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    client.set_tag(run_id, "mlflow.note.content", "# note")
    client.set_tag(run_id, "mlflow.runName", "second")
    client.set_tag(run_id, "größe/λ", "ü")
    run = workspace.get_run(run_id)
    assert (run.display_name, run.description, run.get_tags()["größe/λ"]) == ("second", "# note", "ü")

    client.update_run(run_id, name="third")
    run.tag("größe/λ", "ö")
    assert workspace.get_run(run_id).display_name == "third"
    theirs = client.get_run(run_id)
    assert theirs.info.run_name == theirs.data.tags["mlflow.runName"] == "third"
    assert theirs.data.tags["größe/λ"] == "ö"

    client.delete_tag(run_id, "mlflow.note.content")
    client.delete_tag(run_id, "größe/λ")
    assert not {"mlflow.note.content", "größe/λ"} & set(client.get_run(run_id).data.tags)
    with pytest.raises(MlflowException, match="No tag with name: größe"):
        client.delete_tag(run_id, "größe/λ")


def test_a_name_is_said_once(client: MlflowClient) -> None:
    experiment_id = client.create_experiment("ridge")

    with pytest.raises(MlflowException, match="Both 'run_name' argument and 'mlflow.runName' tag"):
        client.create_run(experiment_id, run_name="a", tags={"mlflow.runName": "b"})
    run_id = client.create_run(experiment_id, run_name="a").info.run_id
    with pytest.raises(MlflowException, match=r"mlflow.runName .* cannot be removed. Set it to something else"):
        client.delete_tag(run_id, "mlflow.runName")
    assert client.get_run(run_id).info.run_name == "a"


def test_a_run_keeps_the_times_that_it_is_given(workspace: Workspace, client: MlflowClient) -> None:
    run = client.create_run(client.create_experiment("ridge"), start_time=1_600_000_000_123)
    client.set_terminated(run.info.run_id, end_time=1_600_000_060_456)

    info = client.get_run(run.info.run_id).info
    assert (info.start_time, info.end_time) == (1_600_000_000_123, 1_600_000_060_456)
    assert store_of(workspace).get_run(run.info.run_id).ended_at == 1_600_000_060.456


def test_a_run_has_an_end_as_soon_as_it_has_ended_and_not_before(client: MlflowClient, run_id: str) -> None:
    store = client._tracking_client.store

    going_on = store.update_run_info(run_id, MlflowStatus.RUNNING, 1_600_000_000_000, None)
    assert (going_on.status, going_on.end_time) == ("RUNNING", None)
    client.update_run(run_id, status="FINISHED")

    ended = client.get_run(run_id).info
    assert ended.end_time is not None
    assert ended.end_time >= ended.start_time


# -- beyond the end


def test_a_run_that_has_ended_takes_all_that_mlflow_logs(
    workspace: Workspace, client: MlflowClient, run_id: str
) -> None:
    client.set_terminated(run_id)

    client.log_metric(run_id, "late", 1.5)
    client.log_param(run_id, "alpha", 1)
    client.set_tag(run_id, "t", "v")
    client.log_text(run_id, "text", "a.txt")

    run = workspace.get_run(run_id)
    assert (run.get_status(), run.get_metrics(), run.get_file_names()) == ("Completed", {"late": 1.5}, ["a.txt"])
    assert client.get_run(run_id).data.params == {"alpha": "1"}


def test_a_run_that_has_ended_goes_on_when_it_is_started_again(
    workspace: Workspace, client: MlflowClient, run_id: str
) -> None:
    client.set_terminated(run_id, "FAILED")

    with mlflow.start_run(run_id=run_id):
        assert workspace.get_run(run_id).get_status() == "Running"
        mlflow.log_metric("loss", 1.0)
    assert workspace.get_run(run_id).get_status() == "Completed"


def test_an_exception_fails_the_run(workspace: Workspace, uri: str) -> None:
    with pytest.raises(ZeroDivisionError), mlflow.start_run() as started:
        raise ZeroDivisionError

    assert workspace.get_run(started.info.run_id).get_status() == "Failed"


# -- deleted


def test_deleted_is_in_the_trash_also_while_it_goes_on(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    experiment_id = client.get_run(run_id).info.experiment_id
    client.delete_run(run_id)

    assert store_of(workspace).get_run(run_id).trashed_at is not None
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert client.search_runs([experiment_id]) == []
    assert len(client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)) == 1
    assert len(client.search_runs([experiment_id], run_view_type=ViewType.ALL)) == 1
    for change in (
        lambda: client.log_metric(run_id, "loss", 1.0),
        lambda: client.log_param(run_id, "alpha", 1),
        lambda: client.set_tag(run_id, "t", "v"),
        lambda: client.delete_tag(run_id, "t"),
        lambda: client.set_terminated(run_id),
        lambda: client.log_batch(run_id, tags=[RunTag("t", "v")]),
        lambda: client.log_inputs(run_id),
    ):
        with pytest.raises(MlflowException, match="must be in the 'active' state"):
            change()

    client.restore_run(run_id)
    client.log_metric(run_id, "loss", 1.0)
    assert [one.info.run_id for one in client.search_runs([experiment_id])] == [run_id]


def test_a_run_that_we_deleted_is_deleted_for_mlflow(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    client.set_terminated(run_id)
    store_of(workspace).trash_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"

    store_of(workspace).purge_run(run_id)

    with pytest.raises(MlflowException, match="not found") as caught:
        client.get_run(run_id)
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


# -- processes

WRITER = """
import sys
import mlflow

mlflow.set_experiment("ridge")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    print(run.info.run_id, flush=True)
    sys.stdin.readline()
    mlflow.log_metric("loss", 0.25)
"""


def start(uri: str, folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", f"import mlflow\nmlflow.set_tracking_uri({uri!r})\n{WRITER}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_two_processes_see_each_other_at_once(workspace: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    process, run_id = start(client.tracking_uri, tmp_path)
    run = workspace.get_run(run_id)
    assert run.get_metrics() == {"loss": 0.5}
    client.log_metric(run_id, "loss", 0.4, step=7)

    process.communicate("\n", timeout=120)

    assert [point.value for point in client.get_metric_history(run_id, "loss")] == [0.5, 0.4, 0.25]
    assert run.get_metrics() == {"loss": [0.5, 0.4, 0.25]}
    assert run.get_status() == "Completed"


def test_a_run_whose_process_was_killed_is_settled(
    workspace: Workspace, client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process, run_id = start(client.tracking_uri, tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=120)
    assert workspace.get_run(run_id).get_status() == "NotResponding"
    assert client.get_run(run_id).info.status == "RUNNING"
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + SETTLE_AFTER_SECONDS + 1)

    assert client.get_run(run_id).info.status == "FAILED"
    assert client.get_run(run_id).data.metrics == {"loss": 0.5}
    assert workspace.get_run(run_id).get_status() == "Failed"


def test_whoever_writes_a_run_whose_process_is_gone_is_its_process(
    workspace: Workspace, client: MlflowClient, run_id: str
) -> None:
    store_of(workspace).update_run(run_id, writer=gone_process())
    assert workspace.get_run(run_id).get_status() == "NotResponding"

    client.log_metric(run_id, "loss", 1.0)

    assert workspace.get_run(run_id).get_status() == "Running"
    assert store_of(workspace).get_run(run_id).writer == this_process()
