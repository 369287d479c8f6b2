"""Facts about runs that are archived, in the trash, or deleted for good."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import Conflict, ExperimentInUse, RunExists, RunGoesOn, RunNotFound, RunNotInTrash
from aml_widgets.core.records import (
    SNAPSHOT_ID,
    ArtifactRecord,
    MetricKind,
    MetricOrder,
    RunOrder,
    RunOrderKey,
    RunQuery,
    RunRecord,
    RunView,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import SETTLE_AFTER_SECONDS, this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import exact, gone_process, list_names, new_run, read_all


def _put(store: RunStore, run: RunRecord, path: str) -> None:
    size_bytes = store.artifacts.put(run.run_id, path, io.BytesIO(b"content"))
    store.record_artifact(run.run_id, ArtifactRecord(path=path, size_bytes=size_bytes, written_at=1.0))


def _snapshot(store: RunStore, name: str, *, age_seconds: float = 86_400.0) -> Path:
    """Put a snapshot where a store keeps them."""
    assert store.snapshots is not None
    store.snapshots.mkdir(parents=True, exist_ok=True)
    archive = store.snapshots / f"{name}.zip"
    archive.write_bytes(b"zip")
    taken_at = clock.now() - age_seconds
    os.utime(archive, (taken_at, taken_at))
    return archive


class TrashFacts:
    """What holds for runs that are out of the way."""

    # -- archived

    def test_an_archived_run_is_where_it_was_and_in_a_view_of_its_own(self, store: RunStore) -> None:
        run = new_run(store, display_name="a")
        new_run(store, display_name="b")

        archived = store.archive_run(run.run_id, is_archived=True)

        assert archived.archived_at is not None
        assert store.get_run(run.run_id) == archived
        assert list_names(store) == ["b", "a"]
        assert list_names(store, view=RunView.ALL) == ["b", "a"]
        assert list_names(store, view=RunView.ACTIVE) == ["b"]
        assert list_names(store, view=RunView.ARCHIVED) == ["a"]
        assert list_names(store, view=RunView.TRASH) == []
        assert store.archive_run(run.run_id, is_archived=True) == archived

        back = store.archive_run(run.run_id, is_archived=False)
        assert back.archived_at is None
        assert list_names(store, view=RunView.ACTIVE) == ["b", "a"]

    def test_an_archived_run_goes_on(self, store: RunStore) -> None:
        run = new_run(store)
        store.archive_run(run.run_id, is_archived=True)

        store.log_metric(run.run_id, "loss", 0.5)
        ended = store.set_status(run.run_id, RunStatus.COMPLETED)

        assert ended.archived_at is not None

    # -- into the trash and out of it

    def test_what_is_in_the_trash_is_listed_only_there(self, store: RunStore) -> None:
        run = new_run(store, display_name="gone", tags={"t": "1"})
        store.log_metric(run.run_id, "score", 1.0)
        store.set_status(run.run_id, RunStatus.COMPLETED)
        kept = new_run(store, RunStatus.COMPLETED, display_name="kept")
        trashed = store.trash_run(run.run_id)

        assert trashed.trashed_at is not None
        assert store.get_run(run.run_id) == trashed
        for query in (
            RunQuery(),
            RunQuery(include_children=True),
            RunQuery(experiment_id=run.experiment_id),
            RunQuery(tags={"t": ...}),
            RunQuery(statuses=frozenset({RunStatus.COMPLETED})),
            RunQuery(order_by=MetricOrder(name="score")),
            *(RunQuery(order_by=RunOrder(by=key)) for key in RunOrderKey),
            *(RunQuery(view=view) for view in (RunView.ACTIVE, RunView.ARCHIVED, RunView.ALL)),
        ):
            assert run.run_id not in {listed.run_id for listed in store.list_runs(query).runs}
            assert run.run_id not in store.which_fit([run.run_id], query)
        assert list_names(store, view=RunView.TRASH) == ["gone"]
        assert list_names(store, view=RunView.TRASH, tags={"t": "1"}, order_by=RunOrder(by=RunOrderKey.NAME)) == [
            "gone"
        ]
        assert store.count_runs(RunQuery()) == 1

        back = store.restore_run(run.run_id)
        assert back.trashed_at is None
        assert [listed.run_id for listed in store.list_runs(RunQuery()).runs] == [kept.run_id, run.run_id]
        assert store.restore_run(run.run_id) == back

    def test_in_the_trash_nothing_of_a_run_is_lost(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 0.5)
        _put(store, run, "outputs/a")
        store.archive_run(run.run_id, is_archived=True)
        before = store.set_status(run.run_id, RunStatus.COMPLETED)
        points = read_all(store, run.run_id)

        store.trash_run(run.run_id)
        store.update_run(run.run_id, tags={"late": "1"})
        after = store.restore_run(run.run_id)

        assert (after.archived_at, after.ended_at) == (before.archived_at, before.ended_at)
        assert after.tags == {"late": "1"}
        assert read_all(store, run.run_id) == points
        assert store.artifacts.read(run.run_id, "outputs/a") == b"content"

    @pytest.mark.parametrize(
        "status", [status for status in RunStatus if not status.is_terminal and status != RunStatus.NOT_RESPONDING]
    )
    def test_a_run_that_goes_on_is_not_put_into_the_trash(self, store: RunStore, status: RunStatus) -> None:
        run = new_run(store, status)

        with pytest.raises(RunGoesOn, match=run.run_id) as caught:
            store.trash_run(run.run_id)

        assert isinstance(caught.value, Conflict)
        assert caught.value.value == run.run_id
        assert store.get_run(run.run_id).trashed_at is None

    def test_a_run_with_one_that_goes_on_below_it_is_not_put_into_the_trash(self, store: RunStore) -> None:
        root = new_run(store, RunStatus.COMPLETED)
        child = new_run(store, RunStatus.COMPLETED, parent_run_id=root.run_id)
        grandchild = new_run(store, parent_run_id=child.run_id)

        with pytest.raises(RunGoesOn, match=grandchild.run_id):
            store.trash_run(root.run_id)
        assert store.get_run(child.run_id).trashed_at is None

        store.set_status(grandchild.run_id, RunStatus.CANCELED)
        store.trash_run(root.run_id)
        for run in (root, child, grandchild):
            assert store.get_run(run.run_id).trashed_at is not None

    def test_a_lost_run_that_is_surely_over_is_put_into_the_trash(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = new_run(store, RunStatus.COMPLETED)
        child = new_run(store, parent_run_id=root.run_id, writer=this_process())
        store.update_run(child.run_id, writer=gone_process())
        with pytest.raises(RunGoesOn):
            store.trash_run(root.run_id)
        later = clock.now() + SETTLE_AFTER_SECONDS + 60
        monkeypatch.setattr(clock, "now", lambda: later)

        store.trash_run(root.run_id)

        assert store.get_run(child.run_id).status is RunStatus.FAILED

    def test_those_below_come_back_with_the_run_they_went_with(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: now)
        root = new_run(store, RunStatus.COMPLETED, display_name="root")
        early = new_run(store, RunStatus.COMPLETED, parent_run_id=root.run_id, display_name="early")
        late = new_run(store, RunStatus.COMPLETED, parent_run_id=root.run_id, display_name="late")
        below = new_run(store, RunStatus.COMPLETED, parent_run_id=late.run_id, display_name="below")
        store.trash_run(early.run_id)
        assert list_names(store, view=RunView.TRASH) == ["early"]
        now += 1
        store.trash_run(root.run_id)

        assert list_names(store, view=RunView.TRASH) == ["root"]
        assert list_names(store, view=RunView.TRASH, include_children=True) == ["below", "late", "early", "root"]
        assert list_names(store, view=RunView.TRASH, parent_run_id=root.run_id) == ["late", "early"]
        assert list_names(store, parent_run_id=root.run_id, include_children=True) == []
        with pytest.raises(Conflict, match=late.run_id):
            store.restore_run(below.run_id)

        store.restore_run(root.run_id)
        assert list_names(store, parent_run_id=root.run_id, include_children=True) == ["below", "late"]
        store.restore_run(early.run_id)
        assert list_names(store, parent_run_id=root.run_id) == ["late", "early"]

    def test_children_in_the_trash_are_not_in_a_first_look_at_their_parent(self, store: RunStore) -> None:
        parent = new_run(store, RunStatus.COMPLETED)
        kept = new_run(store, RunStatus.COMPLETED, parent_run_id=parent.run_id)
        gone = new_run(store, RunStatus.COMPLETED, parent_run_id=parent.run_id)
        cursor = store.changes_since(parent.run_id).cursor

        trashed = store.trash_run(gone.run_id)

        assert store.changes_since(parent.run_id, cursor).children == (trashed,)
        assert [child.run_id for child in store.changes_since(parent.run_id).children] == [kept.run_id]
        store.trash_run(parent.run_id)
        assert [child.run_id for child in store.changes_since(parent.run_id).children] == [kept.run_id, gone.run_id]

    # -- deleted for good

    def test_a_deleted_run_is_gone_with_all_it_had(self, store: RunStore) -> None:
        run, other = new_run(store), new_run(store, display_name="other")
        for one in (run, other):
            for i in range(1_500):
                store.log_metrics(one.run_id, {"loss": i / 2, "text": "x" if i % 100 == 0 else i})
            store.log_columns(one.run_id, "rows", {"x": [1, 2], "y": ["a", None]}, kind=MetricKind.ROW)
            _put(store, one, "outputs/deep/file")
        store.set_status(run.run_id, RunStatus.COMPLETED)
        points = read_all(store, other.run_id)
        cursor = store.changes_since(run.run_id).cursor
        store.trash_run(run.run_id)

        store.purge_run(run.run_id)

        with pytest.raises(RunNotFound):
            store.get_run(run.run_id)
        with pytest.raises(RunNotFound):
            store.changes_since(run.run_id, cursor)
        with pytest.raises(RunNotFound):
            store.summarize_metrics(run.run_id)
        with pytest.raises(RunNotFound):
            store.log_metric(run.run_id, "loss", 1.0)
        with pytest.raises(RunNotFound):
            store.purge_run(run.run_id)
        assert list_names(store, view=RunView.TRASH, include_children=True) == []
        assert store.artifacts.size(run.run_id, "outputs/deep/file") is None
        assert store.artifacts.read(other.run_id, "outputs/deep/file") == b"content"
        assert read_all(store, other.run_id) == points
        store.log_metrics(other.run_id, {"loss": -1.0, "text": 3})
        assert store.read_history(other.run_id, "loss").values[-1] == -1.0

    def test_neither_id_nor_number_of_a_deleted_run_are_given_again(self, store: RunStore) -> None:
        first = new_run(store, RunStatus.COMPLETED, run_id="first")
        last = new_run(store, RunStatus.COMPLETED, run_id="last")
        for run in (last, first):
            store.trash_run(run.run_id)
            store.purge_run(run.run_id)

        with pytest.raises(RunExists, match="last"):
            new_run(store, run_id="last")
        assert new_run(store).number == last.number + 1

    def test_a_new_run_has_nothing_of_a_deleted_one(self, store: RunStore) -> None:
        gone = new_run(store)
        store.log_metrics(gone.run_id, {"a": 1.0, "b": 2.0})
        store.set_status(gone.run_id, RunStatus.COMPLETED)
        cursor = store.changes_since(gone.run_id).cursor
        store.trash_run(gone.run_id)
        store.purge_run(gone.run_id)

        run = new_run(store)
        store.log_metrics(run.run_id, {"c": 3.0, "d": 4.0, "e": 5.0})
        store.log_metric(run.run_id, "c", 6.0)

        values = {key.name: [one[2] for one in points] for key, points in read_all(store, run.run_id).items()}
        assert values == {"c": [exact(3.0), exact(6.0)], "d": [exact(4.0)], "e": [exact(5.0)]}
        with pytest.raises(ValueError, match="cursor"):
            store.changes_since(run.run_id, cursor)

    def test_only_what_is_in_the_trash_is_deleted(self, store: RunStore) -> None:
        run = new_run(store, RunStatus.COMPLETED)
        with pytest.raises(RunNotInTrash, match=run.run_id):
            store.purge_run(run.run_id)

        store.trash_run(run.run_id)
        child = new_run(store, parent_run_id=run.run_id)
        with pytest.raises(RunNotInTrash, match=child.run_id):
            store.purge_run(run.run_id)
        assert store.get_run(run.run_id).trashed_at is not None

        store.set_status(child.run_id, RunStatus.COMPLETED)
        store.trash_run(run.run_id)
        store.purge_run(run.run_id)
        for run_id in (run.run_id, child.run_id):
            with pytest.raises(RunNotFound):
                store.get_run(run_id)

    def test_those_below_are_deleted_with_a_run_and_those_above_are_not(self, store: RunStore) -> None:
        root = new_run(store, RunStatus.COMPLETED)
        child = new_run(store, RunStatus.COMPLETED, parent_run_id=root.run_id)
        grandchild = new_run(store, RunStatus.COMPLETED, parent_run_id=child.run_id)
        _put(store, grandchild, "a")
        store.trash_run(child.run_id)

        store.purge_run(child.run_id)

        assert store.artifacts.size(grandchild.run_id, "a") is None
        assert store.changes_since(root.run_id).children == ()
        assert new_run(store, parent_run_id=root.run_id).number == grandchild.number + 1

    def test_an_experiment_whose_runs_are_deleted_can_be_deleted(self, store: RunStore) -> None:
        run = new_run(store, RunStatus.COMPLETED)
        store.trash_run(run.run_id)
        with pytest.raises(ExperimentInUse):
            store.delete_experiment(run.experiment_id)

        store.purge_run(run.run_id)
        store.delete_experiment(run.experiment_id)

        assert new_run(store).number == 1

    def test_a_snapshot_goes_with_the_last_run_that_has_it(self, store: RunStore) -> None:
        shared, own = _snapshot(store, "a1"), _snapshot(store, "b2")
        first = new_run(store, RunStatus.COMPLETED, properties={SNAPSHOT_ID: "a1"})
        second = new_run(store, RunStatus.COMPLETED, properties={SNAPSHOT_ID: "a1"})
        third = new_run(store, RunStatus.COMPLETED, properties={SNAPSHOT_ID: "b2"})
        for run in (first, second, third):
            store.trash_run(run.run_id)

        store.purge_run(first.run_id)
        store.purge_run(third.run_id)
        assert (shared.exists(), own.exists()) == (True, False)

        store.purge_run(second.run_id)
        assert not shared.exists()

    def test_a_snapshot_that_was_just_taken_stays_for_a_while(self, store: RunStore) -> None:
        archive = _snapshot(store, "a1", age_seconds=60)
        run, other = (new_run(store, RunStatus.COMPLETED, properties={SNAPSHOT_ID: "a1"}) for _ in range(2))
        for one in (run, other):
            store.trash_run(one.run_id)
            store.purge_run(one.run_id)
        assert archive.exists()

        os.utime(archive, (1.0, 1.0))
        later = new_run(store, RunStatus.COMPLETED)
        store.trash_run(later.run_id)
        store.purge_run(later.run_id)

        assert not archive.exists()

    @pytest.mark.parametrize("name", ["../outside", "", ".", "a/b", "ü"])
    def test_a_property_that_names_no_snapshot_deletes_nothing(self, store: RunStore, name: str) -> None:
        archive = _snapshot(store, "kept")
        outside = archive.parent.parent / "outside.zip"
        outside.write_bytes(b"zip")
        os.utime(outside, (1.0, 1.0))
        run = new_run(store, RunStatus.COMPLETED, properties={SNAPSHOT_ID: name})
        store.trash_run(run.run_id)

        store.purge_run(run.run_id)

        assert archive.exists()
        assert outside.exists()

    def test_what_is_not_there_cannot_be_put_away(self, store: RunStore) -> None:
        changes: list[Callable[[], object]] = [
            lambda: store.archive_run("nowhere", is_archived=True),
            lambda: store.trash_run("nowhere"),
            lambda: store.restore_run("nowhere"),
            lambda: store.purge_run("nowhere"),
        ]

        for change in changes:
            with pytest.raises(RunNotFound):
                change()
