"""The version of the schema, and the way from one to the next."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from aml_widgets.core.errors import StoreError
from aml_widgets.core.records import RunRecord
from aml_widgets.store.sqlite import schema
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore


def header(folder: Path) -> tuple[int, int, int]:
    connection = sqlite3.connect(folder / DATABASE_NAME)
    values = tuple(
        connection.execute(f"pragma {name}").fetchone()[0] for name in ("application_id", "user_version", "page_size")
    )
    connection.close()
    return values[0], values[1], values[2]


def test_a_new_store_says_whose_it_is_and_of_which_version(store: SqliteRunStore, folder: Path) -> None:
    store.close()

    assert header(folder) == (schema.APPLICATION_ID, schema.VERSION, schema.PAGE_BYTES)


def test_an_older_store_is_brought_forward_with_all_it_holds(
    store: SqliteRunStore, run: RunRecord, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.log_metric(run.run_id, "loss", 0.5)
    store.close()
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*schema.MIGRATIONS, "create table later (x);\ninsert into later values (7);")
    )
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)

    migrated = SqliteRunStore.open(folder)

    assert header(folder)[1] == schema.VERSION
    assert migrated._database.reader().execute("select x from later").fetchall() == [(7,)]
    assert list(migrated.read_history(run.run_id, "loss").values) == [0.5]
    migrated.close()


def test_a_migration_that_fails_changes_nothing(
    store: SqliteRunStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    version = schema.VERSION
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*schema.MIGRATIONS, "create table later (x);\ninsert into nowhere values (7);")
    )
    monkeypatch.setattr(schema, "VERSION", version + 1)

    with pytest.raises(StoreError, match="nowhere"):
        SqliteRunStore.open(folder)

    connection = sqlite3.connect(folder / DATABASE_NAME)
    assert header(folder)[1] == version
    assert connection.execute("select count(*) from sqlite_schema where name = 'later'").fetchone() == (0,)
    connection.close()
