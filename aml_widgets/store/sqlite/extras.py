"""Rows of what other programs keep beside runs and experiments."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from aml_widgets.store.sqlite import experiments, runs

if TYPE_CHECKING:
    from aml_widgets.store.sqlite.connection import Database

_FIND = "select text, run, experiment from extra where kind = ? and key = ?"


class SqliteExtraStore:
    """Keeps texts in the workspace's database.

    Parameters
    ----------
    database : Database
        The workspace's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, kind: str, key: str, text: str, *, run_id: str | None = None, experiment_id: str | None = None
    ) -> None:
        """Write a text."""

        def put(connection: sqlite3.Connection) -> None:
            owners = _find_owners(connection, run_id, experiment_id)
            _write(connection, kind, key, text, *owners)

        self._database.write(put)

    def get(self, kind: str, key: str) -> str | None:
        """Read a text."""
        row = self._database.read(lambda connection: connection.execute(_FIND, (kind, key)).fetchone())
        return None if row is None else str(row[0])

    def list(self, kind: str, *, run_id: str | None = None, experiment_id: str | None = None) -> list[tuple[str, str]]:
        """Give keys and texts in the order in which they were first written."""

        def read(connection: sqlite3.Connection) -> list[tuple[str, str]]:
            run, experiment = _find_owners(connection, run_id, experiment_id)
            wanted = {"kind": kind, "run": run, "experiment": experiment}
            given = {column: value for column, value in wanted.items() if value is not None}
            where = " and ".join(f"{column} = ?" for column in given)  # the columns are the three above
            return connection.execute(
                f"select key, text from extra where {where} order by id",  # noqa: S608 - own words
                tuple(given.values()),
            ).fetchall()

        return self._database.read(read)

    def update(
        self,
        kind: str,
        key: str,
        change: Callable[[str | None], str],
        *,
        run_id: str | None = None,
        experiment_id: str | None = None,
    ) -> str:
        """Replace a text by what `change` makes of it, in one transaction."""

        def update(connection: sqlite3.Connection) -> str:
            run, experiment = _find_owners(connection, run_id, experiment_id)
            row = connection.execute(_FIND, (kind, key)).fetchone()
            text = change(None if row is None else row[0])
            if row is not None:
                run, experiment = run or row[1], experiment or row[2]
            _write(connection, kind, key, text, run, experiment)
            return text

        return self._database.write(update)

    def remove(self, kind: str, key: str) -> None:
        """Forget a text."""
        self._database.write(
            lambda connection: connection.execute("delete from extra where kind = ? and key = ?", (kind, key))
        )


def _write(
    connection: sqlite3.Connection, kind: str, key: str, text: str, run: int | None, experiment: int | None
) -> None:
    connection.execute(
        "insert into extra (kind, key, run, experiment, text) values (?, ?, ?, ?, ?) on conflict (kind, key) "
        "do update set run = excluded.run, experiment = excluded.experiment, text = excluded.text",
        (kind, key, run, experiment, text),
    )


def _find_owners(
    connection: sqlite3.Connection, run_id: str | None, experiment_id: str | None
) -> tuple[int | None, int | None]:
    run = None if run_id is None else runs.row_id(connection, run_id)
    experiment = None if experiment_id is None else experiments.read_row(connection, experiment_id)[0]
    return run, experiment


if TYPE_CHECKING:
    from aml_widgets.store.extras import ExtraStore

    _proof: type[ExtraStore] = SqliteExtraStore
