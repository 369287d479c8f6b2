"""A clear error for each way in which a store cannot be opened or written, and nothing lost by it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    NotAStore,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreIsNewer,
    StoreReadOnly,
    WorkspaceNotFound,
)
from aml_widgets.core.records import RunRecord
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
    (pages,) = writer.execute("pragma page_count").fetchone()
    writer.execute(f"pragma max_page_count = {pages + 3}")

    store.log_metric(run.run_id, "loss", 1_023.0)

    assert "could not be packed yet" in caplog.text
    writer.execute("pragma max_page_count = 1000000")
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
