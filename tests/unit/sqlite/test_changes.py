"""Cursors of one run: short enough for an address, however much there is to remember. And what their news cost."""

from __future__ import annotations

from array import array

import pytest

from aml_widgets.core.records import ArtifactRecord, NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store import liveness
from aml_widgets.store.sqlite.changes import MAX_NOTE_LENGTH
from aml_widgets.store.sqlite.store import SqliteRunStore


def test_a_cursor_of_a_run_with_very_many_logs_stays_short(store: SqliteRunStore, run: RunRecord) -> None:
    paths = [f"logs/process {i:04}.txt" for i in range(400)]
    for path in paths:
        store.artifacts.append_path(run.run_id, path).write_bytes(b"a line\n")
        store.record_artifact(run.run_id, ArtifactRecord(path=path, size_bytes=0, written_at=1.0, is_log=True))
    first = store.changes_since(run.run_id)
    idle = store.changes_since(run.run_id, first.cursor)
    store.artifacts.append_path(run.run_id, paths[7]).write_bytes(b"a line\nanother\n")
    grown = store.changes_since(run.run_id, idle.cursor)

    assert len(first.cursor) < 4 * MAX_NOTE_LENGTH
    assert {one.path for one in first.artifacts} == set(paths)
    assert idle.artifacts == ()
    assert {one.path: one.size_bytes for one in grown.artifacts}[paths[7]] == 15
    assert store.changes_since(run.run_id, grown.cursor).artifacts == ()


def test_a_cursor_of_a_run_with_very_many_silent_children_stays_short(
    store: SqliteRunStore, run: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(100):
        store.create_run(
            NewRun(
                experiment_id=run.experiment_id,
                parent_run_id=run.run_id,
                status=RunStatus.RUNNING,
                display_name=str(i),
            )
        )
    before = store.changes_since(run.run_id).cursor
    judge, is_gone = liveness.judge, [True]

    def seems_gone(record: RunRecord, now: float) -> liveness.Judgement:
        if is_gone[0] and record.parent_run_id is not None:
            return liveness.Judgement(status=RunStatus.NOT_RESPONDING)
        return judge(record, now)

    monkeypatch.setattr(liveness, "judge", seems_gone)
    silent = store.changes_since(run.run_id, before)
    idle = store.changes_since(run.run_id, silent.cursor)
    is_gone[0] = False
    back = store.changes_since(run.run_id, idle.cursor)

    assert {child.status for child in silent.children} == {RunStatus.NOT_RESPONDING}
    assert len(silent.children) == 100
    assert len(silent.cursor) < 4 * MAX_NOTE_LENGTH
    assert idle.children == ()
    assert {child.status for child in back.children} == {RunStatus.RUNNING}
    assert len(back.children) == 100
    assert store.changes_since(run.run_id, back.cursor).children == ()


def test_very_many_new_points_are_counted_and_not_read(store: SqliteRunStore, run: RunRecord) -> None:
    store.log_columns(run.run_id, "loss", {None: array("d", range(1_500))})
    cursor = store.changes_since(run.run_id).cursor
    store.log_columns(run.run_id, "loss", {None: array("d", range(40_000))})
    statements: list[str] = []
    store._database.reader().set_trace_callback(statements.append)

    (opened,) = store.changes_since(run.run_id, cursor, max_buckets=20, max_new_points=5_000).metrics
    read_for_opening = [one for one in statements if "join data" in one]
    (whole,) = store.changes_since(run.run_id, cursor, max_buckets=20, max_new_points=40_000).metrics

    assert read_for_opening == []
    assert (opened.is_opening, sum(bucket.count for bucket in opened.buckets)) == (True, 41_500)
    assert (whole.is_opening, len(whole.points)) == (False, 40_000)
    assert [one for one in statements if "join data" in one], "that is how points are read"
