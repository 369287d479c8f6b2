"""Rows of registered models, and the records they stand for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aml_widgets.core import clock
from aml_widgets.core.records import ModelRecord
from aml_widgets.store.models import StoredModel

if TYPE_CHECKING:
    from aml_widgets.store.sqlite.connection import Database

_COLUMNS = (
    "select id, folder, name, version, path, is_folder, file_count, size_bytes, created_at, created_by, run_id, experiment_name, "
    "description, framework, framework_version, tags, properties from model "
)


class SqliteModelRows:
    """Keeps records of models in the workspace's database.

    Parameters
    ----------
    database : Database
        The workspace's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve_version(self, name: str) -> tuple[int, float]:
        """Give a version of a name that nobody was given or will be, and the time now."""

        def reserve(connection: sqlite3.Connection) -> tuple[int, float]:
            connection.execute("insert or ignore into model_name values (?, 0)", (name,))
            connection.execute("update model_name set last_version = last_version + 1 where name = ?", (name,))
            (version,) = connection.execute("select last_version from model_name where name = ?", (name,)).fetchone()
            return int(version), clock.now()

        return self._database.write(reserve)

    def insert(self, stored: StoredModel) -> None:
        """Write a record."""
        record = stored.record

        def insert(connection: sqlite3.Connection) -> None:
            model = connection.execute(
                "insert into model (folder, name, version, path, is_folder, file_count, size_bytes, created_at, created_by, run_id, "
                "experiment_name, description, framework, framework_version, tags, properties) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    stored.folder,
                    record.name,
                    record.version,
                    record.path,
                    record.is_folder,
                    record.file_count,
                    record.size_bytes,
                    record.created_at,
                    record.created_by,
                    record.run_id,
                    record.experiment_name,
                    record.description,
                    record.framework,
                    record.framework_version,
                    json.dumps(dict(record.tags)),
                    json.dumps(dict(record.properties)),
                ),
            ).lastrowid
            rows = [(model, path, size_bytes) for path, size_bytes in stored.sizes.items()]
            connection.executemany("insert into model_file values (?, ?, ?)", rows)

        self._database.write(insert)

    def find(self, name: str, version: int | None) -> StoredModel | None:
        """Read one version, or the latest there is."""

        def find(connection: sqlite3.Connection) -> StoredModel | None:
            row = _find_row(connection, name, version)
            if row is None:
                return None
            sizes = dict(connection.execute("select path, size_bytes from model_file where model = ?", (row[0],)))
            return StoredModel(_to_record(row), row[1], sizes)

        return self._database.read(find)

    def read_records(self, name: str | None, run_id: str | None) -> list[ModelRecord]:
        """Read the records of a name and of a run, registered last first."""
        wanted = {"name": name, "run_id": run_id}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = "".join(f" and {column} = ?" for column in given)  # the columns are the two above
        query = f"{_COLUMNS} where true{where} order by created_at desc, version desc, id desc"
        rows = self._database.read(lambda connection: connection.execute(query, tuple(given.values())).fetchall())
        return [_to_record(row) for row in rows]

    def change(self, name: str, version: int, change: Callable[[ModelRecord], ModelRecord]) -> ModelRecord | None:
        """Replace description, tags and properties by those that `change` gives, in one transaction."""

        def write(connection: sqlite3.Connection) -> ModelRecord | None:
            row = _find_row(connection, name, version)
            if row is None:
                return None
            new = change(_to_record(row))
            connection.execute(
                "update model set description = ?, tags = ?, properties = ? where id = ?",
                (new.description, json.dumps(dict(new.tags)), json.dumps(dict(new.properties)), row[0]),
            )
            return new

        return self._database.write(write)

    def delete(self, name: str, version: int) -> str | None:
        """Delete a version's rows; give the place of its files."""

        def delete(connection: sqlite3.Connection) -> str | None:
            row = _find_row(connection, name, version)
            if row is None:
                return None
            connection.execute("delete from model_file where model = ?", (row[0],))
            connection.execute("delete from model where id = ?", (row[0],))
            return str(row[1])

        return self._database.write(delete)


def _find_row(connection: sqlite3.Connection, name: str, version: int | None) -> tuple[Any, ...] | None:
    if version is None:
        cursor = connection.execute(_COLUMNS + "where name = ? order by version desc limit 1", (name,))
    else:
        cursor = connection.execute(_COLUMNS + "where name = ? and version = ?", (name, version))
    row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def _to_record(row: tuple[Any, ...]) -> ModelRecord:
    return ModelRecord(
        name=row[2],
        version=row[3],
        path=row[4],
        is_folder=bool(row[5]),
        file_count=row[6],
        size_bytes=row[7],
        created_at=row[8],
        created_by=row[9],
        run_id=row[10],
        experiment_name=row[11],
        description=row[12],
        framework=row[13],
        framework_version=row[14],
        tags=json.loads(row[15]),
        properties=json.loads(row[16]),
    )


if TYPE_CHECKING:
    from aml_widgets.store.models import ModelRows

    _proof: type[ModelRows] = SqliteModelRows
