"""What plain MLflow sees of runs that were made here."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from mlflow import MlflowClient

from aml_widgets.core.records import MetricKind, RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow.entities import FROM_MLFLOW, TO_MLFLOW
from aml_widgets.store.mlflow.exact_values import Row, encode_line
from aml_widgets.store.mlflow.heads_tag import Head
from aml_widgets.store.mlflow.sending import ValueSender
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.seeded import append_log
from aml_widgets.testing.support import new_run
from tests.mlflow_store.tracking_server import TrackingServer


def test_a_run_has_the_same_id_name_note_parent_tags_and_params(store: MlflowStore, client: MlflowClient) -> None:
    parent = new_run(store)
    run = new_run(store, display_name="ridge", description="note", parent_run_id=parent.run_id, tags={"model": "a"})
    store.log_params(run.run_id, {"alpha": "0.1", "long": "x" * 7_000})

    found = client.get_run(run.run_id)

    assert found.info.run_name == "ridge"
    assert found.data.tags["mlflow.note.content"] == "note"
    assert found.data.tags["mlflow.parentRunId"] == parent.run_id
    assert found.data.tags["model"] == "a"
    assert found.data.params == {"alpha": "0.1", "long": "x" * 6_000}
    assert store.get_run(run.run_id).params["long"] == "x" * 7_000


@pytest.mark.parametrize("status", RunStatus)
def test_every_status_has_its_own_there(store: MlflowStore, client: MlflowClient, status: RunStatus) -> None:
    run = new_run(store, status)

    assert client.get_run(run.run_id).info.status == TO_MLFLOW[status]
    assert TO_MLFLOW[FROM_MLFLOW[TO_MLFLOW[status]]] == TO_MLFLOW[status]


def test_numbers_are_metrics_and_the_rest_does_no_harm(store: MlflowStore, client: MlflowClient) -> None:
    run_id = new_run(store).run_id
    store.log_metrics(run_id, {"loss": 0.5, "int": 3, "truth": True, "text": "x", "none": None, "big": 10**400})
    store.log_metrics(run_id, {"loss": math.nan, "int": math.inf, "größe (λ)": 1.0})
    store.log_columns(run_id, "rows", {"x": [1, 2]}, kind=MetricKind.ROW)
    assert store.wait_until_sent(run_id, 60) == 0

    found = client.get_run(run_id).data.metrics

    assert set(found) == {"loss", "int", "truth"}
    assert (found["int"], found["truth"]) == (3.0, 1.0)
    assert [math.isnan(one.value) for one in client.get_metric_history(run_id, "loss")] == [False, True]
    assert store.read_history(run_id, "int").values[-1] == math.inf


def test_files_are_artifacts(store: MlflowStore, client: MlflowClient, tmp_path: Path) -> None:
    run_id = new_run(store).run_id
    source = tmp_path / "model.bin"
    source.write_bytes(b"weights")
    store.artifacts.put(run_id, "outputs/model.bin", source)
    client.log_text(run_id, "hello", "notes/a.txt")

    assert [one.path for one in client.list_artifacts(run_id, "outputs")] == ["outputs/model.bin"]
    assert [(one.path, one.size_bytes) for one in store.list_artifacts(run_id)] == [
        ("notes/a.txt", 5),
        ("outputs/model.bin", 7),
    ]
    assert store.artifacts.read(run_id, "notes/a.txt", start=-3) == b"llo"


def test_a_log_is_on_the_server_when_its_run_has_ended(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, tmp_path: Path
) -> None:
    run = new_run(store)
    append_log(store, run, "logs/user.txt", "epoch 1\n")
    append_log(store, run, "logs/user.txt", "epoch 2\n")

    store.set_status(run.run_id, RunStatus.COMPLETED)

    elsewhere = MlflowStore(server.uri, tmp_path / "another machine")
    assert [(one.path, one.size_bytes, one.is_log) for one in elsewhere.list_artifacts(run.run_id)] == [
        ("logs/user.txt", 16, True)
    ]
    assert elsewhere.artifacts.read(run.run_id, "logs/user.txt") == b"epoch 1\nepoch 2\n"
    assert [one.path for one in client.list_artifacts(run.run_id, "logs")] == ["logs/user.txt"]
    elsewhere.close()


def test_sending_again_changes_nothing(store: MlflowStore, client: MlflowClient) -> None:
    run_id = new_run(store).run_id
    lines = [encode_line(Row(float(i), {"loss": i / 2}, [i])) for i in range(50)]
    for sender in (ValueSender(store._connection), ValueSender(store._connection)):
        sender.send(run_id, "w", 0, lines[:30])
        sender.send(run_id, "w", 20, lines[20:])

    assert list(store.read_history(run_id, "loss").values) == [i / 2 for i in range(50)]
    assert len(client.get_metric_history(run_id, "loss")) == 50


def test_many_lines_become_pieces_and_few_stay_in_the_tag(store: MlflowStore, client: MlflowClient) -> None:
    run_id = new_run(store).run_id
    store.log_columns(run_id, "long", {None: [i / 3 for i in range(2_500)]})
    assert store.wait_until_sent(run_id, 60) == 0
    store.log_metric(run_id, "short", "x")
    assert store.wait_until_sent(run_id, 60) == 0

    (head,) = [Head.decode(text) for key, text in client.get_run(run_id).data.tags.items() if "aml.values" in key]

    assert (head.pieces, head.lines_in_pieces, len(head.tail)) == (1, 1, 1)
    assert [one.path for one in client.list_artifacts(run_id)] == ["aml_widgets"]
    assert store.list_artifacts(run_id) == []
    assert len(client.get_metric_history(run_id, "long")) == 2_500
    assert list(store.read_history(run_id, "long").values) == [i / 3 for i in range(2_500)]


def test_archived_experiments_are_deleted_ones(store: MlflowStore, client: MlflowClient) -> None:
    run = new_run(store)
    store.set_archived(run.experiment_id, is_archived=True)

    assert client.get_experiment(run.experiment_id).lifecycle_stage == "deleted"
    assert store.get_run(run.run_id).trashed_at is None
    assert [one.run_id for one in store.list_runs(RunQuery()).runs] == [run.run_id]
    store.set_archived(run.experiment_id, is_archived=False)
    assert client.get_run(run.run_id).info.lifecycle_stage == "active"
