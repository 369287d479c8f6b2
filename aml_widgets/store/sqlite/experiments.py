"""Rows of experiments, and the records they stand for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from aml_widgets.core import clock
from aml_widgets.core.errors import Conflict, ExperimentInUse, ExperimentNotFound
from aml_widgets.core.records import ExperimentRecord, Tags, ViewType
from aml_widgets.store.sqlite.revision import bump, changed_json

_EXPERIMENT = "select id, experiment_id, name, created_at, archived_at, tags from experiment "


def _experiment(row: tuple[int, str, str, float, float | None, str]) -> ExperimentRecord:
    _, experiment_id, name, created_at, archived_at, tags = row
    return ExperimentRecord(
        experiment_id=experiment_id, name=name, created_at=created_at, archived_at=archived_at, tags=json.loads(tags)
    )


def read_row(connection: sqlite3.Connection, experiment_id: str) -> tuple[int, str, str, float, float | None, str]:
    """Read one experiment's row, or raise ExperimentNotFound."""
    row = connection.execute(_EXPERIMENT + "where experiment_id = ?", (experiment_id,)).fetchone()
    if row is None:
        raise ExperimentNotFound(
            f"There is no experiment with the id {experiment_id!r} in this workspace.", value=experiment_id
        )
    return row  # type: ignore[no-any-return]  # sqlite3 types rows as Any


def get_experiment(connection: sqlite3.Connection, experiment_id: str) -> ExperimentRecord:
    """Read one experiment."""
    return _experiment(read_row(connection, experiment_id))


def find_experiment(connection: sqlite3.Connection, name: str) -> ExperimentRecord | None:
    """Read the active experiment of a name."""
    row = connection.execute(_EXPERIMENT + "where name = ? and archived_at is null", (name,)).fetchone()
    return None if row is None else _experiment(row)


def create_experiment(connection: sqlite3.Connection, name: str) -> ExperimentRecord:
    """Write a new experiment."""
    record = ExperimentRecord(experiment_id=clock.new_id(), name=name, created_at=clock.now())
    connection.execute(
        "insert into experiment (experiment_id, name, created_at, tags) values (?, ?, ?, '{}')",
        (record.experiment_id, name, record.created_at),
    )
    return record


def list_experiments(connection: sqlite3.Connection, view_type: ViewType) -> list[ExperimentRecord]:
    """Read experiments by name."""
    where = {
        ViewType.ACTIVE_ONLY: "where archived_at is null ",
        ViewType.ARCHIVED_ONLY: "where archived_at is not null ",
        ViewType.ALL: "",
    }[view_type]
    return [_experiment(row) for row in connection.execute(_EXPERIMENT + where + "order by name, id")]


def set_archived(connection: sqlite3.Connection, experiment_id: str, is_archived: bool) -> ExperimentRecord:
    """Archive an experiment or make it active again."""
    row = read_row(connection, experiment_id)
    if (row[4] is not None) == is_archived:
        return _experiment(row)
    if not is_archived and find_experiment(connection, row[2]) is not None:
        raise Conflict(
            f"Experiment {row[2]!r} cannot be made active: another active experiment has that name. Archive that one first.",
            value=row[2],
        )
    connection.execute(
        "update experiment set archived_at = ? where id = ?", (clock.now() if is_archived else None, row[0])
    )
    return get_experiment(connection, experiment_id)


def rename_experiment(connection: sqlite3.Connection, experiment_id: str, name: str) -> ExperimentRecord:
    """Give an experiment another name; of its runs, which show it, readers are told."""
    row = read_row(connection, experiment_id)
    if row[2] == name:
        return _experiment(row)
    if row[4] is None and find_experiment(connection, name) is not None:
        raise Conflict(
            f"Experiment {row[2]!r} cannot be renamed to {name!r}: another active experiment has that name. Choose another.",
            value=name,
        )
    connection.execute("update experiment set name = ? where id = ?", (name, row[0]))
    connection.execute("update run set revision = ? where experiment = ?", (bump(connection), row[0]))
    return get_experiment(connection, experiment_id)


def tag_experiment(
    connection: sqlite3.Connection, experiment_id: str, tags: Tags, remove: Iterable[str]
) -> ExperimentRecord:
    """Add, change and remove tags."""
    row = read_row(connection, experiment_id)
    connection.execute("update experiment set tags = ? where id = ?", (changed_json(row[5], tags, remove), row[0]))
    return get_experiment(connection, experiment_id)


def delete_experiment(connection: sqlite3.Connection, experiment_id: str) -> None:
    """Delete an experiment that has no runs."""
    row = read_row(connection, experiment_id)
    (count,) = connection.execute("select count(*) from run where experiment = ?", (row[0],)).fetchone()
    if count:
        raise ExperimentInUse(
            f"Experiment {row[2]!r} has {count} runs and only an experiment without runs can be deleted. Archive it instead.",
            value=row[2],
        )
    connection.execute("delete from extra where experiment = ?", (row[0],))
    connection.execute("delete from experiment where id = ?", (row[0],))
    connection.execute(
        "update purged set experiment = null where experiment = ?", (row[0],)
    )  # another may get its row id
