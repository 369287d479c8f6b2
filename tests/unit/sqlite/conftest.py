"""A store on a real file, and a running run in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite import schema
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def store(folder: Path) -> Iterator[SqliteRunStore]:
    store = SqliteRunStore.open(folder)
    yield store
    store.close()


@pytest.fixture
def run(store: SqliteRunStore) -> RunRecord:
    return start_run(store)


def start_run(store: SqliteRunStore) -> RunRecord:
    experiment = store.open_experiment("ridge")
    return store.create_run(NewRun(experiment_id=experiment.experiment_id, status=RunStatus.RUNNING))


def bring_back(folder: Path, version: int) -> None:
    """Put a database that nobody has open into the schema of an older program, with all that this could have stored."""
    path = folder / DATABASE_NAME
    newer = path.with_suffix(".newer")
    path.rename(newer)
    older = sqlite3.connect(path, isolation_level=None)
    for script in schema.MIGRATIONS[:version]:
        older.executescript(script)
    older.execute("attach ? as newer", (str(newer),))
    tables = older.execute("select name from main.sqlite_schema where type = 'table'").fetchall()
    for (table,) in tables:
        columns = ", ".join(f'"{row[1]}"' for row in older.execute(f"pragma main.table_info({table})"))
        older.execute(f"delete from main.{table}")
        older.execute(f"insert into main.{table} ({columns}) select {columns} from newer.{table}")
    older.execute("detach newer")
    older.execute(f"pragma application_id = {schema.APPLICATION_ID}")
    older.execute(f"pragma user_version = {version}")
    older.close()
    newer.unlink()
