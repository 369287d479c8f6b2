"""Runs are copied between stores whole, once, and from where it was interrupted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aml_widgets.core.errors import ExperimentNotFound, StoreUnavailable, UserError
from aml_widgets.core.records import (
    ArtifactRecord,
    ExperimentRecord,
    MetricKind,
    NewPoint,
    NewRun,
    RunQuery,
    RunRecord,
    ViewType,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store import transfer_points
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.transfer import transfer
from aml_widgets.store.transfer_copies import COPIED_AT
from aml_widgets.store.transfer_waiting import Progress
from aml_widgets.testing import every_kind_run, failed_run, finished_run, hostile_run, nan_run, running_run
from aml_widgets.testing.copies import are_in_one_order, facts_of, find_copy
from aml_widgets.testing.support import new_run


def list_all(store: RunStore) -> list[RunRecord]:
    return list(store.list_runs(RunQuery(include_children=True, limit=500)).runs)


def seed(store: RunStore) -> list[str]:
    runs = [every_kind_run(store), finished_run(store), failed_run(store), hostile_run(store), nan_run(store)]
    child = new_run(store, parent_run_id=runs[1].run_id, display_name="child")
    for run in [*runs, child]:
        if not store.get_run(run.run_id).status.is_terminal:
            store.set_status(run.run_id, RunStatus.COMPLETED)
    store.archive_run(runs[0].run_id, True)
    return [run.run_id for run in [*runs, child]]


def test_a_copy_has_all_that_the_run_has(source: SqliteRunStore, target: RunStore) -> None:
    run_ids = seed(source)

    done = transfer(source, target)

    assert (done.copied, done.known, done.going_on, done.failed) == (len(run_ids), 0, (), {})
    for run_id in run_ids:
        copy = find_copy(source, run_id, target, list_all(target))
        assert copy.run_id == run_id
        assert facts_of(target, copy.run_id) == facts_of(source, run_id)
        assert are_in_one_order(source, run_id, target, copy.run_id)
    child = target.get_run(run_ids[-1])
    assert (child.parent_run_id, child.root_run_id) == (run_ids[1], run_ids[1])


def test_the_same_again_copies_what_has_ended_since(source: SqliteRunStore, target: RunStore) -> None:
    seed(source)
    going_on = running_run(source)
    first = transfer(source, target)
    assert first.going_on == (going_on.run_id,)

    source.set_status(going_on.run_id, RunStatus.COMPLETED)
    second = transfer(source, target)

    assert (second.copied, second.known, second.going_on) == (1, first.copied, ())
    assert len(list_all(target)) == first.copied + 1


@pytest.mark.parametrize("n_batches", range(9))
def test_interrupted_anywhere_it_goes_on_and_repeats_nothing(
    source: SqliteRunStore, target: RunStore, monkeypatch: pytest.MonkeyPatch, n_batches: int
) -> None:
    monkeypatch.setattr(transfer_points, "BATCH", 3)
    run_id = every_kind_run(source).run_id
    if not source.get_run(run_id).status.is_terminal:
        source.set_status(run_id, RunStatus.COMPLETED)
    calls = 0

    def stop(_: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls > n_batches:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer(source, target, on_progress=stop)
    assert all(COPIED_AT not in record.properties for record in list_all(target))

    assert transfer(source, target).copied == 1
    (copy,) = list_all(target)
    assert facts_of(target, copy.run_id) == facts_of(source, run_id)
    assert are_in_one_order(source, run_id, target, copy.run_id)


def test_a_run_that_cannot_be_copied_is_told_and_keeps_no_other_back(
    source: SqliteRunStore, target: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = finished_run(source).run_id, finished_run(source).run_id
    log_points = target.log_points

    def refuse(run_id: str, points: list[NewPoint], **given: bool) -> None:
        if run_id == bad:
            raise StoreUnavailable("away")
        log_points(run_id, points, **given)

    monkeypatch.setattr(target, "log_points", refuse)
    done = transfer(source, target)

    assert (done.copied, done.failed) == (1, {bad: "away"})
    assert facts_of(target, good) == facts_of(source, good)
    monkeypatch.undo()
    assert transfer(source, target).copied == 1
    assert facts_of(target, bad) == facts_of(source, bad)


def test_an_id_that_was_used_there_is_not_used_again(source: SqliteRunStore, target: RunStore) -> None:
    run_id = every_kind_run(source).run_id
    if not source.get_run(run_id).status.is_terminal:
        source.set_status(run_id, RunStatus.COMPLETED)
    new_run(target, run_id=run_id)

    transfer(source, target)

    copy = find_copy(source, run_id, target, list_all(target))
    assert copy.run_id != run_id
    copied, original = facts_of(target, copy.run_id), facts_of(source, run_id)
    assert copied == original


def test_a_workspace_is_not_copied_into_itself(source: SqliteRunStore) -> None:
    with pytest.raises(UserError, match="same workspace"):
        transfer(source, source)


def test_an_experiment_that_is_not_there_is_told(source: SqliteRunStore, target: RunStore) -> None:
    finished_run(source)

    with pytest.raises(ExperimentNotFound, match="'rigde'"):
        transfer(source, target, experiment_names=["rigde"])
    assert list_all(target) == []


def test_an_archived_experiment_takes_more_runs_and_nothing_twice(source: SqliteRunStore, target: RunStore) -> None:
    experiment_id = source.open_experiment("old").experiment_id
    first = _ended(source, experiment_id)
    source.set_archived(experiment_id, True)
    assert transfer(source, target).copied == 1
    (made,) = [one for one in target.list_experiments(ViewType.ALL) if one.name == "old"]
    assert made.archived_at is not None
    assert (transfer(source, target).copied, transfer(source, target).known) == (0, 1)

    source.set_archived(experiment_id, False)
    second = _ended(source, experiment_id)
    source.set_archived(experiment_id, True)

    assert transfer(source, target).copied == 1
    (again,) = [one for one in target.list_experiments(ViewType.ALL) if one.name == "old"]
    assert (again.experiment_id, again.archived_at is not None) == (made.experiment_id, True)
    assert {record.run_id for record in _list_in(target, made.experiment_id)} == {first, second}


def test_an_experiment_that_others_use_is_not_archived(source: SqliteRunStore, target: RunStore) -> None:
    experiment_id = source.open_experiment("both").experiment_id
    _ended(source, experiment_id)
    source.set_archived(experiment_id, True)
    theirs = target.open_experiment("both").experiment_id
    _ended(target, theirs)

    assert transfer(source, target).copied == 1

    assert target.open_experiment("both").experiment_id == theirs
    assert len(_list_in(target, theirs)) == 2


def test_an_experiment_that_the_target_refuses_keeps_no_other_back(
    source: SqliteRunStore, target: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = _ended(source, source.open_experiment("bad").experiment_id)
    good = _ended(source, source.open_experiment("good").experiment_id)
    open_experiment = target.open_experiment

    def refuse(name: str) -> ExperimentRecord:
        if name == "bad":
            raise UserError("bad is no name here")
        return open_experiment(name)

    monkeypatch.setattr(target, "open_experiment", refuse)
    done = transfer(source, target)

    assert (done.copied, done.failed) == (1, {bad: "bad is no name here"})
    assert [record.run_id for record in list_all(target)] == [good]


def test_runs_below_one_that_goes_on_wait_for_it(source: SqliteRunStore, target: RunStore) -> None:
    parent = running_run(source).run_id
    child = _ended(source, None, parent_run_id=parent)
    grandchild = _ended(source, None, parent_run_id=child)
    assert set(transfer(source, target).going_on) == {parent, child, grandchild}

    source.set_status(parent, RunStatus.COMPLETED)

    assert transfer(source, target).copied == 3
    assert target.get_run(child).parent_run_id == parent
    assert target.get_run(grandchild).root_run_id == parent


def test_runs_below_one_that_could_not_be_copied_wait_for_it(
    source: SqliteRunStore, target: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = finished_run(source).run_id
    child = _ended(source, None, parent_run_id=parent)

    def refuse(*_: object, **given: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(target, "set_status", refuse)
        assert set(transfer(source, target).failed) == {parent, child}

    assert transfer(source, target).copied == 2
    assert target.get_run(child).parent_run_id == parent


def test_a_run_that_is_older_than_the_one_above_it_comes_after_it(source: SqliteRunStore, target: RunStore) -> None:
    parent = finished_run(source)
    child = _ended(source, None, parent_run_id=parent.run_id, created_at=parent.created_at - 3600)
    nobodys = _ended(source, None, run_id="None", created_at=parent.created_at - 7200)

    assert transfer(source, target).copied == 3

    assert target.get_run(child).parent_run_id == parent.run_id
    assert target.get_run(nobodys).parent_run_id is None
    assert target.get_run(parent.run_id).parent_run_id is None


def test_interrupted_between_a_file_and_its_record_it_goes_on(
    source: SqliteRunStore, target: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = every_kind_run(source).run_id
    if not source.get_run(run_id).status.is_terminal:
        source.set_status(run_id, RunStatus.COMPLETED)
    assert source.list_artifacts(run_id)
    record_artifact = target.record_artifact

    def record_as_seen(run_id: str, artifact: ArtifactRecord) -> None:
        record_artifact(
            run_id, replace(artifact, written_at=1.0, is_log=False)
        )  # as of a file that was found in a list
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(target, "record_artifact", record_as_seen)
        transfer(source, target)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(target, "record_artifact", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        transfer(source, target)

    assert transfer(source, target).copied == 1
    assert facts_of(target, run_id) == facts_of(source, run_id)


def test_a_log_that_never_came_is_left_out_and_a_file_that_is_gone_is_told(
    source: SqliteRunStore, target: RunStore
) -> None:
    quiet, lacking = new_run(source).run_id, new_run(source).run_id
    source.record_artifact(quiet, ArtifactRecord(path="logs/a.txt", size_bytes=0, written_at=1.0, is_log=True))
    source.record_artifact(lacking, ArtifactRecord(path="model.bin", size_bytes=3, written_at=1.0))
    for run_id in (quiet, lacking):
        source.set_status(run_id, RunStatus.COMPLETED)

    done = transfer(source, target)

    assert (done.copied, list(done.failed)) == (1, [lacking])
    assert "model.bin" in done.failed[lacking]


def test_addresses_of_files_lead_into_the_copy_and_other_text_stays(source: SqliteRunStore, target: RunStore) -> None:
    run_id = new_run(source, run_id="a").run_id
    uri, path = "aml://artifactId/ExperimentRun/dcid.a/images/a/a.png", "images/a/a.png"
    source.log_columns(run_id, "image", {None: [uri, path]}, kind=MetricKind.IMAGE)
    source.set_status(run_id, RunStatus.COMPLETED)
    new_run(target, run_id="a")

    transfer(source, target)

    copy = find_copy(source, run_id, target, list_all(target))
    assert list(target.read_history(copy.run_id, "image").values) == [
        uri.replace("dcid.a", f"dcid.{copy.run_id}"),
        path,
    ]


def _ended(store: RunStore, experiment_id: str | None, **facts: Any) -> str:
    wanted = experiment_id or store.open_experiment("facts").experiment_id
    run_id = store.create_run(NewRun(experiment_id=wanted, **facts)).run_id
    store.set_status(run_id, RunStatus.COMPLETED)
    return run_id


def _list_in(store: RunStore, experiment_id: str) -> list[RunRecord]:
    return list(store.list_runs(RunQuery(experiment_id=experiment_id)).runs)
