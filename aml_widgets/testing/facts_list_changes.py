"""Facts about cursors over all runs: which of them changed."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ArtifactRecord, MetricKind, RunListChanges, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import SETTLE_AFTER_SECONDS, this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import gone_process, new_run


class _ListViewer:
    """Follows all runs by a cursor, as a list does."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._cursor = store.run_list_changes().cursor

    def look(self) -> RunListChanges:
        changes = self._store.run_list_changes(self._cursor)
        self._cursor = changes.cursor
        return changes

    def ids(self) -> list[str]:
        changes = self.look()
        assert not changes.is_stale
        return [run.run_id for run in changes.runs]


class ListChangeFacts:
    """What holds for readers that follow all runs."""

    def test_the_first_look_at_all_runs_tells_nothing(self, store: RunStore) -> None:
        new_run(store)

        changes = store.run_list_changes()

        assert (changes.runs, changes.removed, changes.is_stale) == ((), (), False)
        assert store.run_list_changes(changes.cursor) == changes

    def test_runs_are_told_when_they_are_new_or_change(self, store: RunStore) -> None:
        old = new_run(store, RunStatus.COMPLETED)
        viewer = _ListViewer(store)

        first = new_run(store)
        child = new_run(store, parent_run_id=first.run_id)
        assert viewer.ids() == [first.run_id, child.run_id]
        assert viewer.ids() == []

        store.update_run(old.run_id, tags={"late": "1"})
        ended = store.set_status(child.run_id, RunStatus.FAILED)
        changes = viewer.look()
        assert changes.runs == (store.get_run(old.run_id), ended)
        assert viewer.ids() == []

    def test_runs_that_go_on_are_told_when_they_have_new_points(self, store: RunStore) -> None:
        first, second = new_run(store), new_run(store)
        store.log_metric(first.run_id, "loss", 0.5)
        viewer = _ListViewer(store)

        store.log_metric(second.run_id, "loss", 0.5)
        changes = viewer.look()
        assert changes.runs == (store.get_run(second.run_id),)
        assert viewer.ids() == []

        store.log_columns(first.run_id, "many", {None: [0.5] * 3_000})
        assert viewer.ids() == [first.run_id]
        store.log_columns(first.run_id, "rows", {"x": [1]}, kind=MetricKind.ROW)
        assert viewer.ids() == [first.run_id]
        store.set_status(first.run_id, RunStatus.COMPLETED)
        assert viewer.ids() == [first.run_id]
        assert viewer.ids() == []

    def test_files_and_signs_of_life_are_not_told(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = _ListViewer(store)

        store.touch(run.run_id)
        store.record_artifact(run.run_id, ArtifactRecord(path="a", size_bytes=1, written_at=1.0))

        assert viewer.ids() == []

    def test_a_run_whose_process_is_gone_is_told_when_it_looks_so_and_when_it_has_ended(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = new_run(store, writer=this_process())
        other = new_run(store, writer=this_process())
        viewer = _ListViewer(store)

        store.update_run(run.run_id, writer=gone_process())
        assert [(told.run_id, told.status) for told in viewer.look().runs] == [(run.run_id, RunStatus.NOT_RESPONDING)]
        assert viewer.ids() == []

        later = clock.now() + SETTLE_AFTER_SECONDS + 60
        monkeypatch.setattr(clock, "now", lambda: later)
        assert [(told.run_id, told.status) for told in viewer.look().runs] == [(run.run_id, RunStatus.FAILED)]
        assert viewer.ids() == []
        assert store.get_run(other.run_id).status is RunStatus.RUNNING

    def test_what_is_archived_or_in_the_trash_is_told_with_that(self, store: RunStore) -> None:
        run = new_run(store, RunStatus.COMPLETED)
        viewer = _ListViewer(store)

        changes: list[Callable[[], RunRecord]] = [
            lambda: store.archive_run(run.run_id, is_archived=True),
            lambda: store.trash_run(run.run_id),
            lambda: store.restore_run(run.run_id),
            lambda: store.archive_run(run.run_id, is_archived=False),
        ]

        for change in changes:
            changed = change()
            assert viewer.look().runs == (changed,)
            change()  # once more, which changes nothing
            assert viewer.ids() == []

    def test_what_is_deleted_for_good_is_told_by_its_id(self, store: RunStore) -> None:
        parent = new_run(store, RunStatus.COMPLETED)
        child = new_run(store, RunStatus.COMPLETED, parent_run_id=parent.run_id)
        store.trash_run(parent.run_id)
        viewer = _ListViewer(store)

        store.purge_run(parent.run_id)

        changes = viewer.look()
        assert (changes.runs, set(changes.removed)) == ((), {parent.run_id, child.run_id})
        changes = viewer.look()
        assert (changes.runs, changes.removed) == ((), ())

    def test_too_much_to_tell_makes_a_list_stale(self, store: RunStore) -> None:
        viewer = _ListViewer(store)
        for _ in range(1_000):
            new_run(store, RunStatus.COMPLETED)
        assert len(viewer.ids()) == 1_000

        last = [new_run(store, RunStatus.COMPLETED) for _ in range(1_001)][-1]
        changes = viewer.look()
        assert (changes.is_stale, changes.runs, changes.removed) == (True, (), ())

        store.update_run(last.run_id, tags={"a": None})
        assert viewer.ids() == [last.run_id]

    def test_a_list_of_very_many_runs_that_go_on_misses_nothing(self, store: RunStore) -> None:
        runs = [new_run(store) for _ in range(400)]
        viewer = _ListViewer(store)

        store.log_metric(runs[0].run_id, "loss", 0.5)
        store.log_metric(runs[-1].run_id, "loss", 0.5)

        told = viewer.ids()
        assert {runs[0].run_id, runs[-1].run_id} <= set(told)
        assert told == [run.run_id for run in runs if run.run_id in told]

    def test_a_cursor_of_something_else_is_refused(self, store: RunStore) -> None:
        run = new_run(store)
        of_run = store.changes_since(run.run_id).cursor

        for cursor in (
            of_run,
            "",
            "nonsense",
            "{}",
            "[]",
            "\0",
            "[" * 100_000,
            json.dumps([1, "no base64"]),
            json.dumps([1, base64.b64encode(b"\xff").decode()]),
            json.dumps([-1, ""]),
            json.dumps(["1", ""]),
            json.dumps([True, ""]),
        ):
            with pytest.raises(UserError):
                store.run_list_changes(cursor)

    def test_a_cursor_from_before_a_store_was_brought_back_is_stale(self, store: RunStore) -> None:
        new_run(store)
        _, *rest = json.loads(store.run_list_changes().cursor)

        changes = store.run_list_changes(json.dumps([10**6, *rest]))

        assert changes.is_stale
        assert not store.run_list_changes(changes.cursor).is_stale
