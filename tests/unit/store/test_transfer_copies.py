"""A copy is known for what it is, whatever happened to it since, and two transfers do not get into each other's way."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from aml_widgets.core.errors import Conflict, StoreUnavailable
from aml_widgets.core.records import SNAPSHOT_ID, MetricKind, NewPoint, NewRun, RunQuery, RunRecord, RunView, ViewType
from aml_widgets.core.status import RunStatus
from aml_widgets.store import transfer_points
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.transfer import transfer
from aml_widgets.store.transfer_copies import COPIED_FROM
from aml_widgets.store.transfer_waiting import Progress
from aml_widgets.testing import finished_run
from aml_widgets.testing.copies import facts_of, find_copy
from aml_widgets.testing.support import new_run


def copy_half(source: RunStore, target: RunStore) -> None:
    """Copy runs until the first points of one are there, and be interrupted."""

    def stop(progress: Progress) -> None:
        if progress.points:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer(source, target, on_progress=stop)


def list_all(store: RunStore, view: RunView = RunView.ALL) -> list[RunRecord]:
    return list(store.list_runs(RunQuery(include_children=True, view=view, limit=500)).runs)


def ended(store: RunStore, experiment: str, parent_run_id: str | None = None) -> str:
    run_id = new_run(store, experiment=experiment, parent_run_id=parent_run_id).run_id
    store.set_status(run_id, RunStatus.COMPLETED)
    return run_id


@pytest.mark.parametrize("renamed_in", ["source", "target"])
def test_a_copy_is_known_whatever_it_and_its_experiment_are_called(
    source: SqliteRunStore, target: RunStore, renamed_in: str
) -> None:
    first = ended(source, "ridge")
    assert transfer(source, target).copied == 1
    (copy,) = list_all(target)

    store = source if renamed_in == "source" else target
    store.rename_experiment(store.get_run(first).experiment_id, "lasso")
    store.update_run(first, display_name="called otherwise")
    again = transfer(source, target)
    second = ended(source, source.get_run(first).experiment_name)
    later = transfer(source, target)

    assert (again.copied, again.known, later.copied, later.known) == (0, 1, 1, 1)
    assert {record.run_id for record in list_all(target)} == {first, second}
    assert {record.experiment_id for record in list_all(target)} == {copy.experiment_id}, "they stay together"


def test_a_half_copied_run_is_gone_on_with_whatever_its_experiment_is_called(
    source: SqliteRunStore, target: RunStore
) -> None:
    run_id = finished_run(source).run_id
    copy_half(source, target)
    (copy,) = list_all(target)
    target.rename_experiment(copy.experiment_id, "called otherwise")

    assert transfer(source, target).copied == 1
    (copy,) = list_all(target)
    assert facts_of(target, copy.run_id) == {**facts_of(source, run_id), "experiment": "called otherwise"}


def test_a_copy_that_was_thrown_away_is_not_copied_again_before_it_is_deleted_for_good(
    source: SqliteRunStore, target: RunStore
) -> None:
    run_id = finished_run(source).run_id
    transfer(source, target)

    target.trash_run(run_id)
    done = transfer(source, target)
    assert (done.copied, done.known, done.in_trash) == (0, 1, 1)

    target.purge_run(run_id)
    done = transfer(source, target)
    assert (done.copied, done.known, done.in_trash) == (1, 0, 0)
    copy = find_copy(source, run_id, target, list_all(target))
    assert facts_of(target, copy.run_id) == facts_of(source, run_id)


def test_a_half_copied_run_that_was_thrown_away_is_begun_anew(source: SqliteRunStore, target: RunStore) -> None:
    run_id = finished_run(source).run_id
    copy_half(source, target)
    target.trash_run(run_id, even_if_active=True)

    assert transfer(source, target).copied == 1
    copy = find_copy(source, run_id, target, list_all(target))
    assert facts_of(target, copy.run_id) == facts_of(source, run_id)
    assert (transfer(source, target).copied, len(list_all(target, RunView.TRASH))) == (0, 1)


def test_a_half_copied_run_that_is_no_beginning_of_it_is_begun_anew(source: SqliteRunStore, target: RunStore) -> None:
    run_id = finished_run(source).run_id
    copy_half(source, target)
    target.log_points(run_id, [NewPoint(one.key.name, 7.5) for one in source.summarize_metrics(run_id)[:1]])

    done = transfer(source, target)
    assert (done.copied, done.failed) == (1, {})
    (copy,) = list_all(target)
    assert facts_of(target, copy.run_id) == facts_of(source, run_id)
    assert [record.run_id for record in list_all(target, RunView.TRASH)] == [run_id]
    assert (transfer(source, target).copied, transfer(source, target).known) == (0, 1)


def test_of_two_copies_the_whole_one_counts(source: SqliteRunStore, target: RunStore) -> None:
    run_id = finished_run(source).run_id
    transfer(source, target)
    copied_from = {COPIED_FROM: target.get_run(run_id).properties[COPIED_FROM]}
    for created_at in (1.0, 4e9):  # before and after it
        new_run(target, RunStatus.NOT_STARTED, properties=copied_from, created_at=created_at)

    assert (transfer(source, target).copied, transfer(source, target).known) == (0, 1)


def test_what_was_copied_from_a_store_does_not_come_back(source: SqliteRunStore, target: RunStore) -> None:
    parent = ended(source, "ridge")
    transfer(source, target)
    child = ended(target, "ridge", parent_run_id=parent)

    back = transfer(target, source)
    assert (back.copied, back.known) == (1, 1)
    assert source.get_run(child).parent_run_id == parent
    assert (transfer(source, target).copied, transfer(target, source).copied) == (0, 0)
    assert (len(list_all(source)), len(list_all(target))) == (2, 2)


def test_a_store_without_runs_gives_its_experiments(source: SqliteRunStore, target: RunStore) -> None:
    assert (transfer(source, target).copied, target.list_experiments(ViewType.ALL)) == (0, [])

    source.tag_experiment(source.open_experiment("größer 実験").experiment_id, {"für": "später"})
    assert (transfer(source, target).copied, transfer(source, target).copied) == (0, 0)
    (made,) = target.list_experiments(ViewType.ALL)
    assert (made.name, made.tags) == ("größer 実験", {"für": "später"})


@pytest.mark.parametrize("n_rows", range(1, 5))
def test_rows_that_were_copied_in_other_groups_are_not_copied_again(
    source: SqliteRunStore, target: RunStore, monkeypatch: pytest.MonkeyPatch, n_rows: int
) -> None:
    run_id = new_run(source).run_id
    source.log_columns(run_id, "table", {"a": list(range(10)), "b": ["x"] * 10}, kind=MetricKind.ROW)
    source.set_status(run_id, RunStatus.COMPLETED)
    with monkeypatch.context() as patched:
        patched.setattr(transfer_points, "BATCH", n_rows)
        copy_half(source, target)
    assert transfer(source, target).copied == 1

    assert facts_of(target, run_id) == facts_of(source, run_id)


def test_a_store_that_is_lost_ends_it_and_what_was_not_tried_is_told(
    source: SqliteRunStore, target: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_ids = [ended(source, "ridge") for _ in range(4)]
    create_run = target.create_run

    def lose(*_: object, **given: object) -> None:
        raise StoreUnavailable("away")

    def create(new_run: NewRun) -> RunRecord:
        if new_run.run_id == run_ids[1]:
            for name in ("create_run", "get_info"):
                monkeypatch.setattr(target, name, lose)
            raise StoreUnavailable("away")
        return create_run(new_run)

    with monkeypatch.context():
        monkeypatch.setattr(target, "create_run", create)
        done = transfer(source, target)

    assert (done.copied, done.failed, done.left) == (1, {run_ids[1]: "away"}, 2)
    monkeypatch.undo()
    assert (transfer(source, target).copied, transfer(source, target).known) == (3, 4)


def test_a_snapshot_that_finds_no_room_leaves_nothing_and_is_told(
    source: SqliteRunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_run(source, properties={SNAPSHOT_ID: "abc"}).run_id
    source.set_status(run_id, RunStatus.COMPLETED)
    source.snapshots.mkdir()
    (source.snapshots / "abc.zip").write_bytes(b"zip")
    target = SqliteRunStore.open(tmp_path / "target")

    def fill(_: Path, copy: Path) -> None:
        copy.write_bytes(b"z")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", fill)
        done = transfer(source, target)

    assert list(done.failed) == [run_id]
    assert list(target.snapshots.iterdir()) == []
    assert transfer(source, target).copied == 1
    assert (target.snapshots / "abc.zip").read_bytes() == b"zip"
    target.close()


COPY = """
    import sys
    from pathlib import Path

    from aml_widgets.store.sqlite.store import SqliteRunStore
    from aml_widgets.store.transfer import transfer

    def tell(progress):
        print("copying", flush=True)
        input()

    transfer(SqliteRunStore.open(Path(sys.argv[1])), SqliteRunStore.open(Path(sys.argv[2])), on_progress=tell)
"""


def test_two_processes_do_not_copy_the_same_at_once(source: SqliteRunStore, tmp_path: Path) -> None:
    run_id = finished_run(source).run_id
    target, third = SqliteRunStore.open(tmp_path / "target"), SqliteRunStore.open(tmp_path / "third")
    command = [sys.executable, "-c", dedent(COPY), str(source.folder), str(target.folder)]

    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "copying\n"
        with pytest.raises(Conflict, match="Another process is just copying"):
            transfer(source, target)
        assert transfer(source, third).copied == 1
        process.kill()

    assert transfer(source, target).copied == 1
    (copy,) = list_all(target)
    assert facts_of(target, copy.run_id) == facts_of(source, run_id)
    assert not [*target.folder.glob(".copying*"), *third.folder.glob(".copying*")]
    for store in (target, third):
        store.close()
