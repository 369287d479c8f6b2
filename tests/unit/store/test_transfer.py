"""Runs are copied between stores whole, once, and from where it was interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import ExperimentNotFound, StoreUnavailable, UserError
from aml_widgets.core.records import NewPoint, RunQuery, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store import transfer as transfer_module
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.transfer import COPIED_AT, Progress, transfer
from aml_widgets.testing import every_kind_run, failed_run, finished_run, hostile_run, nan_run, running_run
from aml_widgets.testing.copies import are_in_one_order, facts_of, find_copy
from aml_widgets.testing.support import new_run


@pytest.fixture
def source(tmp_path: Path) -> Iterator[SqliteRunStore]:
    store = SqliteRunStore.open(tmp_path / "source")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "memory"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    store = (
        SqliteRunStore.open(tmp_path / "target") if request.param == "sqlite" else MemoryRunStore(tmp_path / "files")
    )
    yield store
    store.close()


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
    monkeypatch.setattr(transfer_module, "BATCH", 3)
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
