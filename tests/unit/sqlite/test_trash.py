"""Runs that are deleted for good: in the midst of readers and writers, and when that is interrupted."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from aml_widgets.core.errors import RunNotFound, StoreError
from aml_widgets.core.records import SNAPSHOT_ID, ArtifactRecord, MetricKind, NewRun, RunQuery, RunRecord, RunView
from aml_widgets.core.status import RunStatus
from aml_widgets.store import purged_files
from aml_widgets.store.sqlite import trash
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore

from .conftest import start_run

# killed as soon as the rows are gone; the files are not
KILLED = """
import os, sys
from pathlib import Path
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.sqlite.store import SqliteRunStore
FolderArtifactStore.remove_all = lambda self, run_id: os._exit(9)
store = SqliteRunStore.open(Path(sys.argv[1]))
store.purge_run(sys.argv[2])
"""


def end_with_all(store: SqliteRunStore, run: RunRecord, **facts: str) -> None:
    """Give a run something of everything, end it, and put it into the trash."""
    for i in range(1_100):
        store.log_metrics(run.run_id, {"loss": i / 2, "text": "x" if i % 100 == 0 else i})
    store.log_metric(run.run_id, "single", 1.0)
    store.log_columns(run.run_id, "rows", {"x": [1, 2], "y": ["a", None]}, kind=MetricKind.ROW)
    store.artifacts.put(run.run_id, "outputs/deep/file", io.BytesIO(b"content"))
    store.record_artifact(run.run_id, ArtifactRecord(path="outputs/deep/file", size_bytes=7, written_at=1.0))
    store.update_run(run.run_id, properties=facts)
    store.set_status(run.run_id, RunStatus.COMPLETED)
    store.trash_run(run.run_id)


def files_of(folder: Path, run: RunRecord) -> list[str]:
    return sorted(path.name for path in (folder / "runs" / run.run_id).rglob("*") if path.is_file())


def row_counts(folder: Path) -> dict[str, int]:
    connection = sqlite3.connect(folder / DATABASE_NAME)
    counts = {
        table: connection.execute(f"select count(*) from {table}").fetchone()[0]
        for table in ("run", "series", "tail", "shape", "plain", "block", "data", "artifact")
    }
    connection.close()
    return counts


def test_no_row_of_a_deleted_run_is_left(store: SqliteRunStore, run: RunRecord, folder: Path) -> None:
    end_with_all(store, run)
    assert min(count for table, count in row_counts(folder).items() if table != "tail") > 0

    store.purge_run(run.run_id)

    counts = row_counts(folder)
    assert counts.pop("shape") == 1  # its number is not to be given again
    assert set(counts.values()) == {0}
    assert not (folder / "runs" / run.run_id).exists()


def test_a_shape_is_not_mistaken_for_one_of_a_deleted_run(store: SqliteRunStore, folder: Path) -> None:
    """Each process remembers shapes by their number."""
    reader = SqliteRunStore.open(folder)
    for i in range(3):
        run = start_run(store)
        store.log_metrics(run.run_id, {f"a{i}": 1.0, f"b{i}": 2, f"c{i}": 3.0})
        store.log_metrics(run.run_id, {f"a{i}": 4, f"b{i}": 5.0})
        for one in (store, reader):
            values = {
                key.name: list(found.values)
                for key, found in one.read_histories(run.run_id, [f"{c}{i}" for c in "abc"]).items()
            }
            assert values == {f"a{i}": [1.0, 4], f"b{i}": [2, 5.0], f"c{i}": [3.0]}
        store.set_status(run.run_id, RunStatus.COMPLETED)
        store.trash_run(run.run_id)
        store.purge_run(run.run_id)
    reader.close()


def test_a_reader_sees_all_of_a_run_or_nothing(store: SqliteRunStore, folder: Path) -> None:
    """Another process reads one moment after the other while runs are deleted."""
    runs = [start_run(store) for _ in range(12)]
    for run in runs:
        store.log_columns(run.run_id, "loss", {None: [i / 7 for i in range(5_000)]})
        store.set_status(run.run_id, RunStatus.COMPLETED)
        store.trash_run(run.run_id)
    reader = SqliteRunStore.open(folder)
    is_deleting = threading.Event()
    failures: list[str] = []
    seen: list[int] = []

    def read() -> None:
        while not is_deleting.is_set() or len(seen) < 5:
            page = reader.list_runs(RunQuery(view=RunView.TRASH))
            seen.append(len(page.runs))
            for run in page.runs[-2:]:
                try:
                    points = len(reader.read_history(run.run_id, "loss"))
                    buckets = sum(bucket.count for bucket in reader.read_envelope(run.run_id, "loss"))
                except RunNotFound:
                    continue
                if points != 5_000 or buckets != 5_000:
                    failures.append(f"{run.run_id} has {points} points and {buckets} in buckets")

    thread = threading.Thread(target=read)
    thread.start()
    for run in runs:
        store.purge_run(run.run_id)
    is_deleting.set()
    thread.join()

    assert failures == []
    assert seen == sorted(seen, reverse=True)
    assert reader.count_runs(RunQuery(view=RunView.TRASH)) == 0
    reader.close()


def test_a_reader_in_the_midst_keeps_its_moment(store: SqliteRunStore, run: RunRecord, folder: Path) -> None:
    end_with_all(store, run)
    reader = SqliteRunStore.open(folder)

    def read(connection: sqlite3.Connection) -> tuple[int, int]:
        (before,) = connection.execute("select count(*) from block").fetchone()
        store.purge_run(run.run_id)
        (after,) = connection.execute("select count(*) from block").fetchone()
        return before, after

    before, after = reader._database.read(read)

    assert before == after > 0
    with pytest.raises(RunNotFound):
        reader.get_run(run.run_id)
    reader.close()


def test_writers_of_other_runs_go_on(store: SqliteRunStore, folder: Path) -> None:
    runs = [start_run(store) for _ in range(6)]
    for run in runs:
        end_with_all(store, run)
    live = start_run(store)
    writer = SqliteRunStore.open(folder)

    def write() -> None:
        for i in range(2_000):
            writer.log_metrics(live.run_id, {"loss": i / 2, "other": i})

    thread = threading.Thread(target=write)
    thread.start()
    for run in runs:
        store.purge_run(run.run_id)
    thread.join()

    assert list(store.read_history(live.run_id, "loss").values) == [i / 2 for i in range(2_000)]
    writer.close()


def test_a_writer_that_still_knows_the_run_is_told_that_it_is_gone(
    store: SqliteRunStore, run: RunRecord, folder: Path
) -> None:
    other = SqliteRunStore.open(folder)
    other.log_metric(run.run_id, "loss", 1.0)
    store.set_status(run.run_id, RunStatus.COMPLETED)
    store.trash_run(run.run_id)
    store.purge_run(run.run_id)
    later = start_run(store)
    store.log_metric(later.run_id, "loss", 2.0)

    for _ in range(2):
        with pytest.raises(RunNotFound):
            other.log_metric(run.run_id, "loss", 3.0)
        with pytest.raises(RunNotFound):
            other.log_metrics(run.run_id, {"loss": 3.0, "b": 1.0})
    assert list(store.read_history(later.run_id, "loss").values) == [2.0]
    other.close()


# -- interrupted


def test_files_that_a_killed_process_left_go_when_the_workspace_is_opened(
    store: SqliteRunStore, run: RunRecord, folder: Path
) -> None:
    end_with_all(store, run)
    kept = start_run(store)
    store.artifacts.put(kept.run_id, "a", io.BytesIO(b"kept"))
    store.close()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder), run.run_id], check=False)
    assert killed.returncode == 9
    assert files_of(folder, run) == ["file"]

    again = SqliteRunStore.open(folder)

    assert not (folder / "runs" / run.run_id).exists()
    assert files_of(folder, kept) == ["a"]
    with pytest.raises(RunNotFound):
        again.get_run(run.run_id)
    with sqlite3.connect(folder / DATABASE_NAME) as connection:
        assert connection.execute("select run_id, has_files from purged").fetchall() == [(run.run_id, 0)]
    connection.close()
    again.close()


def test_files_that_could_not_be_deleted_go_with_those_of_the_next_run(
    store: SqliteRunStore,
    run: RunRecord,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    end_with_all(store, run)
    other = start_run(store)
    end_with_all(store, other)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as locked:
        locked.setattr(shutil, "rmtree", refuse)
        store.purge_run(run.run_id)
    assert "Permission denied" in caplog.text
    assert run.run_id in caplog.text
    assert files_of(folder, run) == ["file"]
    with pytest.raises(RunNotFound):
        store.get_run(run.run_id)

    store.purge_run(other.run_id)

    assert not (folder / "runs" / run.run_id).exists()
    assert not (folder / "runs" / other.run_id).exists()


@pytest.mark.parametrize("table", ["run", "block", "purged"])
def test_a_deletion_that_fails_midway_deletes_nothing(
    store: SqliteRunStore, run: RunRecord, folder: Path, table: str
) -> None:
    end_with_all(store, run)
    before = row_counts(folder)
    connection = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
    event = "insert" if table == "purged" else "delete"
    connection.execute(f"create trigger broken before {event} on {table} begin select raise(abort, 'broken'); end")

    with pytest.raises(StoreError, match="broken"):
        store.purge_run(run.run_id)
    assert row_counts(folder) == before
    assert files_of(folder, run) == ["file"]

    connection.execute("drop trigger broken")
    connection.close()
    store.purge_run(run.run_id)
    assert row_counts(folder)["run"] == 0


def test_a_workspace_opens_though_files_cannot_be_deleted(
    store: SqliteRunStore,
    run: RunRecord,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    end_with_all(store, run)
    store.close()
    subprocess.run([sys.executable, "-c", KILLED, str(folder), run.run_id], check=False)

    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(trash, "remove_left", fail)
        opened = SqliteRunStore.open(folder)
    assert opened.count_runs(RunQuery()) == 0
    assert "the disk is full" in caplog.text
    opened.close()


def test_a_link_in_the_place_of_a_runs_folder_is_not_followed(
    store: SqliteRunStore, run: RunRecord, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"kept")
    (folder / "runs").mkdir(exist_ok=True)
    (folder / "runs" / run.run_id).symlink_to(outside)
    store.set_status(run.run_id, RunStatus.COMPLETED)
    store.trash_run(run.run_id)

    store.purge_run(run.run_id)

    assert (outside / "precious").read_bytes() == b"kept"
    assert not (folder / "runs" / run.run_id).is_symlink()


def test_links_below_a_runs_folder_are_not_followed(
    store: SqliteRunStore, run: RunRecord, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_bytes(b"kept")
    end_with_all(store, run)
    (folder / "runs" / run.run_id / "link").symlink_to(outside)

    store.purge_run(run.run_id)

    assert (outside / "precious").read_bytes() == b"kept"
    assert not (folder / "runs" / run.run_id).exists()


# -- snapshots


def test_a_young_snapshot_goes_when_the_workspace_is_opened_later(
    store: SqliteRunStore, run: RunRecord, folder: Path
) -> None:
    store.snapshots.mkdir()
    archive = store.snapshots / "a1.zip"
    archive.write_bytes(b"zip")
    end_with_all(store, run, **{SNAPSHOT_ID: "a1"})
    store.purge_run(run.run_id)
    store.close()
    assert archive.exists()
    long_ago = archive.stat().st_mtime - purged_files.SNAPSHOT_KEPT_SECONDS - 60
    os.utime(archive, (long_ago, long_ago))

    SqliteRunStore.open(folder).close()

    assert not archive.exists()


def test_a_young_snapshot_stays_where_another_run_came_to_have_it(
    store: SqliteRunStore, run: RunRecord, folder: Path
) -> None:
    store.snapshots.mkdir()
    archive = store.snapshots / "a1.zip"
    archive.write_bytes(b"zip")
    end_with_all(store, run, **{SNAPSHOT_ID: "a1"})
    store.purge_run(run.run_id)
    experiment_id = store.open_experiment("ridge").experiment_id
    store.create_run(NewRun(experiment_id=experiment_id, properties={SNAPSHOT_ID: "a1"}))
    store.close()
    os.utime(archive, (1.0, 1.0))

    SqliteRunStore.open(folder).close()

    assert archive.exists()
