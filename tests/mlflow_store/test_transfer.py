"""Runs go to a tracking server and come back as they were."""

from __future__ import annotations

from pathlib import Path

from mlflow import MlflowClient

from aml_widgets.core.records import RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.transfer import transfer
from aml_widgets.store.transfer_points import has_beginning, read_logged
from aml_widgets.testing import every_kind_run, failed_run, finished_run, hostile_run, nan_run
from aml_widgets.testing.copies import are_in_one_order, facts_of, find_copy
from aml_widgets.testing.support import new_run


def test_what_went_to_a_server_and_back_is_what_it_was(store: MlflowStore, tmp_path: Path) -> None:
    before, after = SqliteRunStore.open(tmp_path / "before"), SqliteRunStore.open(tmp_path / "after")
    runs = [seed(before) for seed in (every_kind_run, finished_run, failed_run, hostile_run, nan_run)]
    runs.append(new_run(before, parent_run_id=runs[1].run_id, display_name="child"))
    for run in runs:
        if not before.get_run(run.run_id).status.is_terminal:
            before.set_status(run.run_id, RunStatus.COMPLETED)

    assert transfer(before, store).failed == {}
    assert transfer(before, store).known == len(runs)
    assert transfer(store, after).failed == {}

    there = list(store.list_runs(RunQuery(include_children=True)).runs)
    back = list(after.list_runs(RunQuery(include_children=True)).runs)
    assert len(there) == len(back) == len(runs)
    for run in runs:
        copy = find_copy(before, run.run_id, store, there)
        again = find_copy(store, copy.run_id, after, back)
        assert facts_of(after, again.run_id) == facts_of(before, run.run_id)
        assert are_in_one_order(before, run.run_id, after, again.run_id)
        assert has_beginning(store, copy.run_id, read_logged(before, run.run_id))
        assert has_beginning(after, again.run_id, read_logged(store, copy.run_id))
    for one in (before, after):
        one.close()


def test_runs_of_plain_mlflow_come_with_all_they_have(store: MlflowStore, client: MlflowClient, tmp_path: Path) -> None:
    run_id = client.create_run("0", run_name="theirs", tags={"team": "a"}).info.run_id
    for step in range(5):
        client.log_metric(run_id, "loss", 1 / (step + 1), timestamp=1_700_000_000_000 + step, step=step)
    client.log_param(run_id, "depth", 3)
    client.log_text(run_id, "hello", "notes/a.txt")
    client.set_terminated(run_id)
    target = SqliteRunStore.open(tmp_path / "target")

    assert transfer(store, target).failed == {}

    (copy,) = target.list_runs(RunQuery()).runs
    assert (copy.run_id, copy.display_name, copy.status) == (run_id, "theirs", RunStatus.COMPLETED)
    assert (copy.tags["team"], copy.params["depth"]) == ("a", "3")
    assert list(target.read_history(run_id, "loss").values) == [1 / (step + 1) for step in range(5)]
    assert target.artifacts.read(run_id, "notes/a.txt") == b"hello"
    target.close()
