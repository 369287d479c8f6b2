"""A clear error for each way in which a store cannot be opened or written, and nothing lost by it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    NotAStore,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreIsNewer,
    StoreReadOnly,
    StoreUnavailable,
    WorkspaceNotFound,
)
from aml_widgets.core.records import RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.sqlite import connection, schema
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore

from .conftest import start_run


def test_a_missing_workspace_is_not_made_unless_asked_for(folder: Path) -> None:
    with pytest.raises(WorkspaceNotFound, match=str(folder)):
        SqliteRunStore.open(folder, create=False)

    assert not folder.exists()


def test_a_file_that_is_no_database_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    path = folder / DATABASE_NAME
    path.write_bytes(b"These are my notes.\n" * 100)

    with pytest.raises(NotAStore, match="not an SQLite database"):
        SqliteRunStore.open(folder)

    assert path.read_bytes() == b"These are my notes.\n" * 100


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"weights")

    with pytest.raises(NotAStore, match="model.pkl is not a folder"):
        SqliteRunStore.open(path)


def test_the_database_of_another_program_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    with sqlite3.connect(folder / DATABASE_NAME) as other:
        other.execute("create table mine (x)")
    other.close()
    before = (folder / DATABASE_NAME).read_bytes()

    with pytest.raises(NotAStore, match="of another program"):
        SqliteRunStore.open(folder)

    assert (folder / DATABASE_NAME).read_bytes() == before


def test_a_newer_schema_is_left_alone(store: SqliteRunStore, folder: Path) -> None:
    store.close()
    with sqlite3.connect(folder / DATABASE_NAME) as newer:
        newer.execute(f"pragma user_version = {schema.VERSION + 1}")
    newer.close()
    before = (folder / DATABASE_NAME).read_bytes()

    with pytest.raises(StoreIsNewer, match=f"version {schema.VERSION + 1}.*Upgrade aml-widgets"):
        SqliteRunStore.open(folder)

    assert (folder / DATABASE_NAME).read_bytes() == before


@pytest.mark.parametrize("first_page", [1, 30], ids=["all of it", "behind the schema"])
def test_a_damaged_file_says_so(store: SqliteRunStore, run: RunRecord, folder: Path, first_page: int) -> None:
    for i in range(3_000):
        store.log_metric(run.run_id, "loss", i / 7)
    store.close()
    path = folder / DATABASE_NAME
    content = bytearray(path.read_bytes())
    start = first_page * schema.PAGE_BYTES
    content[start:] = b"\xff" * (len(content) - start)
    path.write_bytes(content)

    with pytest.raises(StoreCorrupt, match="is damaged"):
        SqliteRunStore.open(folder).read_history(run.run_id, "loss")


def test_a_full_disk_says_so_and_keeps_what_was_stored(store: SqliteRunStore, run: RunRecord) -> None:
    store.log_metric(run.run_id, "loss", 0.5)
    writer = store._database.writer()
    (pages,) = writer.execute("pragma page_count").fetchone()
    writer.execute(f"pragma max_page_count = {pages}")  # SQLite itself then reports what it reports on a full disk

    with pytest.raises(StoreFull, match="No room left"):
        store.log_columns(run.run_id, "long", {None: [0.25] * 100_000})

    writer.execute("pragma max_page_count = 1000000")
    store.log_metric(run.run_id, "loss", 0.25)
    assert list(store.read_history(run.run_id, "loss").values) == [0.5, 0.25]
    assert len(store.read_history(run.run_id, "long")) == 0


def test_a_disk_that_is_full_while_a_tail_is_sealed_loses_nothing(
    store: SqliteRunStore, run: RunRecord, caplog: pytest.LogCaptureFixture
) -> None:
    for i in range(1_023):
        store.log_metric(run.run_id, "loss", float(i))
    writer = store._database.writer()
    writer.execute("create temp trigger full before insert on block begin select raise(abort, 'disk is full'); end")

    store.log_metric(run.run_id, "loss", 1_023.0)

    assert "could not be packed yet" in caplog.text
    writer.execute("drop trigger full")
    for i in range(1_024, 3_000):
        store.log_metric(run.run_id, "loss", float(i))
    assert list(store.read_history(run.run_id, "loss").values) == [float(i) for i in range(3_000)]


READ_ONLY = """
import os, sys
from pathlib import Path
import psutil  # what loads later must be loaded now: the other user may not read this environment
from aml_widgets.core.errors import StoreReadOnly
from aml_widgets.store.sqlite.store import SqliteRunStore
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    store = SqliteRunStore.open(Path(sys.argv[1]))
    store.open_experiment("other")
except StoreReadOnly as error:
    print(error)
"""


@pytest.mark.parametrize("has_store", [True, False], ids=["with a store", "empty"])
def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path, has_store: bool) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    if has_store:
        store = SqliteRunStore.open(folder)
        start_run(store)
        store.close()
        (folder / DATABASE_NAME).chmod(0o444)
    folder.chmod(0o555)
    place = tmp_path
    while place != place.parent and place.owner() == tmp_path.owner() and "pytest" in str(place):
        place.chmod(0o755)  # so that the other user may look into pytest's folders
        place = place.parent

    # A user without rights: for root no folder is read-only.
    result = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )

    assert "cannot be written" in result.stdout
    assert str(folder) in result.stdout


def test_every_error_of_sqlite_becomes_one_of_ours() -> None:
    error = connection.store_error(sqlite3.OperationalError("disk I/O error"), Path("/w/runs.db"))

    assert isinstance(error, StoreError)
    assert "/w/runs.db" in str(error)
    assert "disk I/O error" in str(error)


def test_a_network_file_system_gets_a_rollback_journal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "is_network_file_system", lambda _: True)

    store = SqliteRunStore.open(folder)
    run = start_run(store)
    store.log_metric(run.run_id, "loss", 0.5)

    assert store._database.writer().execute("pragma journal_mode").fetchone() == ("truncate",)
    assert list(store.read_history(run.run_id, "loss").values) == [0.5]
    assert caplog.text.count("network file system") == 1
    store.close()


def test_this_machines_temporary_folder_is_no_network_file_system(tmp_path: Path) -> None:
    assert not connection.is_network_file_system(tmp_path)


def test_reading_only_errors_name_the_file(folder: Path) -> None:
    error = connection.store_error(sqlite3.OperationalError("attempt to write a readonly database"), folder / "runs.db")

    assert isinstance(error, StoreReadOnly)
    assert str(folder) in str(error)


def test_a_store_that_is_deleted_while_it_is_open_says_so(store: SqliteRunStore, run: RunRecord, folder: Path) -> None:
    store.log_metric(run.run_id, "loss", 0.5)
    for path in folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()

    with pytest.raises(StoreUnavailable, match=r"deleted, moved or replaced.*Put it back"):
        store.log_metric(run.run_id, "another", 0.5)
    with pytest.raises(StoreUnavailable, match="deleted"):
        store.log_metric(run.run_id, "loss", 0.25)
    with pytest.raises(StoreUnavailable, match="deleted"):
        store.get_run(run.run_id)


def test_points_of_a_known_name_find_a_deleted_store_out_when_a_tail_is_full(
    store: SqliteRunStore, run: RunRecord, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.log_metric(run.run_id, "loss", 0.5)
    (folder / DATABASE_NAME).unlink()

    for i in range(1_023):
        store.log_metric(run.run_id, "loss", float(i))
    with pytest.raises(StoreUnavailable, match="deleted"):
        store.log_metric(run.run_id, "loss", 0.25)

    assert "could not be packed" in caplog.text


def test_a_store_that_was_deleted_is_not_made_again_without_its_runs(
    store: SqliteRunStore, run: RunRecord, folder: Path
) -> None:
    store.close()
    (folder / DATABASE_NAME).unlink()

    with pytest.raises(StoreUnavailable, match="deleted"):
        store.get_run(run.run_id)

    assert not (folder / DATABASE_NAME).exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows moves no open file")
def test_a_store_that_is_moved_while_it_is_open_goes_on(store: SqliteRunStore, run: RunRecord, folder: Path) -> None:
    store.log_metric(run.run_id, "loss", 0.5)
    folder.rename(folder.with_name("moved"))

    store.log_metric(run.run_id, "another", 0.25)

    moved = SqliteRunStore.open(folder.with_name("moved"), create=False)
    assert list(moved.read_history(run.run_id, "another").values) == [0.25]
    moved.close()


def test_another_store_in_its_place_is_not_written_to(store: SqliteRunStore, run: RunRecord, folder: Path) -> None:
    store.log_metric(run.run_id, "loss", 0.5)
    for path in folder.glob(f"{DATABASE_NAME}*"):
        path.unlink()
    other = SqliteRunStore.open(folder)

    with pytest.raises(StoreUnavailable, match="open the workspace again"):
        store.log_metric(run.run_id, "another", 0.25)

    assert other.list_experiments() == []
    other.close()


def test_a_tail_is_sealed_on_a_full_disk(store: SqliteRunStore, run: RunRecord) -> None:
    for i in range(1_000):
        store.log_metric(run.run_id, "loss", float(i))
    writer = store._database.writer()
    (pages,) = writer.execute("pragma page_count").fetchone()
    writer.execute(f"pragma max_page_count = {pages}")

    ended = store.set_status(run.run_id, RunStatus.COMPLETED)

    assert ended.status is RunStatus.COMPLETED
    assert len(store.read_history(run.run_id, "loss")) == 1_000


def test_a_lost_run_is_read_although_it_cannot_be_settled(
    store: SqliteRunStore, run: RunRecord, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    writer = WriterProcess(**{**asdict(this_process()), "pid": 2**22 + 7, "process_started_at": 1.0})
    store.update_run(run.run_id, writer=writer)
    later = clock.now() + 100
    monkeypatch.setattr(clock, "now", lambda: later)
    store._database.writer().execute("pragma query_only = on")

    assert store.get_run(run.run_id).status is RunStatus.NOT_RESPONDING
    assert "could not be settled yet" in caplog.text

    store._database.writer().execute("pragma query_only = off")
    assert store.get_run(run.run_id).status is RunStatus.FAILED
