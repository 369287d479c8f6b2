"""Runs that are archived, in the trash, or deleted for good."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.errors import Conflict, RunGoesOn, RunNotInTrash
from aml_widgets.core.records import SNAPSHOT_ID
from aml_widgets.store import purged_files
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.sqlite import runs
from aml_widgets.store.sqlite.connection import Database
from aml_widgets.store.sqlite.revision import bump
from aml_widgets.store.sqlite.tail_rows import MAX_SEQ, SEQ_BITS

_FAMILY = (
    "with recursive family (id) as (select ? "
    "union all select run.id from run join family on run.parent = family.id) "
    "select r.id, r.run_id, r.is_terminal, r.trashed_at, r.status from run r join family f on f.id = r.id order by r.id"
)
"""A run and all that are below it."""


def archive_run(connection: sqlite3.Connection, run_id: str, is_archived: bool) -> None:
    """Archive a run, or make it active again."""
    row = runs.read_row(connection, run_id)
    if (row[22] is not None) != is_archived:
        connection.execute(
            "update run set archived_at = ?, revision = ? where id = ?",
            (clock.now() if is_archived else None, bump(connection), row[0]),
        )


def trash_run(connection: sqlite3.Connection, run_id: str, *, even_if_active: bool = False) -> None:
    """Put a run into the trash, with those below it that are not there yet: all with one time, by which they belong together."""
    row = runs.read_row(connection, run_id)
    family = connection.execute(_FAMILY, (row[0],)).fetchall()
    for _, its_id, is_terminal, _, status in family:
        if not (is_terminal or even_if_active):
            what = f"Run {run_id}" if its_id == run_id else f"Run {its_id}, which is below {run_id},"
            raise RunGoesOn(
                f"{what} is {status}, and only runs that have ended can be put into the trash. Cancel it, or wait for its end.",
                value=its_id,
            )
    _set_trashed(connection, [run for run, _, _, at, _ in family if at is None], row[23] or clock.now())


def restore_run(connection: sqlite3.Connection, run_id: str) -> None:
    """Take a run out of the trash, with those below it that came there together with it."""
    row = runs.read_row(connection, run_id)
    trashed_at = row[23]
    if trashed_at is None:
        return
    if row[10] is not None and runs.read_row(connection, row[10])[23] is not None:
        raise Conflict(
            f"Run {run_id} cannot be taken out of the trash alone: {row[10]}, which it is below, is there too. Restore that one.",
            value=run_id,
        )
    family = connection.execute(_FAMILY, (row[0],)).fetchall()
    _set_trashed(connection, [run for run, _, _, at, _ in family if at == trashed_at], None)


def _set_trashed(connection: sqlite3.Connection, some: Sequence[int], trashed_at: float | None) -> None:
    if some:
        revision = bump(connection)
        connection.executemany(
            "update run set trashed_at = ?, revision = ? where id = ?", [(trashed_at, revision, run) for run in some]
        )


def purge_run(connection: sqlite3.Connection, run_id: str) -> list[str]:
    """Delete the rows of a run in the trash and of those below it; note which files are to go. Gives the ids."""
    row = runs.read_row(connection, run_id)
    family = connection.execute(_FAMILY, (row[0],)).fetchall()
    for _, its_id, is_terminal, trashed_at, status in family:
        what = f"Run {run_id}" if its_id == run_id else f"Run {its_id}, which is below {run_id},"
        if trashed_at is None:
            raise RunNotInTrash(
                f"{what} is not in the trash, and only what is there can be deleted for good. Put {run_id} into the trash first.",
                value=its_id,
            )
        if not is_terminal:
            raise RunGoesOn(
                f"{what} is {status}, and only runs that have ended can be deleted for good. Cancel it, or wait for its end.",
                value=its_id,
            )
    revision = bump(connection)
    for run, *_ in reversed(family):
        (properties,) = connection.execute("select properties from run where id = ?", (run,)).fetchone()
        connection.execute(
            "insert into purged (run_id, run, experiment, number, revision, has_files, snapshot_id) "
            "select run_id, id, experiment, number, ?, 1, ? from run where id = ?",
            (revision, _snapshot_of(properties), run),
        )
        _delete_rows(connection, run)
    return [its_id for _, its_id, *_ in family]


def _snapshot_of(properties: str) -> str | None:
    snapshot_id = json.loads(properties).get(SNAPSHOT_ID)
    return snapshot_id if isinstance(snapshot_id, str) and snapshot_id.isascii() else None


def _delete_rows(connection: sqlite3.Connection, run: int) -> None:
    of_run = "(select id from series where run = ?)"
    connection.execute(f"delete from data where id in (select data from block where series in {of_run})", (run,))  # noqa: S608
    for table in ("block", "plain"):
        connection.execute(f"delete from {table} where series in {of_run}", (run,))  # noqa: S608 - own words
    connection.execute("delete from tail where key > ? and key <= ?", (run << SEQ_BITS, (run << SEQ_BITS) | MAX_SEQ))
    # The newest shape stays: its number would be given again, and every process remembers what a shape of a number is.
    connection.execute("delete from shape where run = ? and id < (select max(id) from shape)", (run,))
    for table in ("series", "artifact", "extra"):
        connection.execute(f"delete from {table} where run = ?", (run,))  # noqa: S608 - own words
    connection.execute("delete from run where id = ?", (run,))


# -- files of what is deleted


def has_left(connection: sqlite3.Connection) -> bool:
    """Say whether deleted runs may have left files."""
    (is_so,) = connection.execute(
        "select exists (select 1 from purged indexed by purged_files where has_files = 1) "
        "or exists (select 1 from purged indexed by purged_snapshot where snapshot_id is not null)"
    ).fetchone()
    return bool(is_so)


def remove_left(database: Database, artifacts: FolderArtifactStore, snapshots: Path) -> None:
    """Delete the files of runs that were deleted, and snapshots that no run has any more."""
    left = database.read(lambda connection: connection.execute(_LEFT_FILES).fetchall())
    removed = purged_files.remove_files(artifacts, (run_id for (run_id,) in left))

    def finish(connection: sqlite3.Connection) -> None:
        connection.executemany("update purged set has_files = 0 where run_id = ?", [(run_id,) for run_id in removed])
        for (snapshot_id,) in connection.execute(_LEFT_SNAPSHOTS).fetchall():
            if purged_files.remove_snapshot(snapshots, snapshot_id, partial(_has_snapshot, connection)):
                connection.execute("update purged set snapshot_id = null where snapshot_id = ?", (snapshot_id,))

    database.write(finish)


_LEFT_FILES = "select run_id from purged indexed by purged_files where has_files = 1"
_LEFT_SNAPSHOTS = "select distinct snapshot_id from purged indexed by purged_snapshot where snapshot_id is not null"


def _has_snapshot(connection: sqlite3.Connection, snapshot_id: str) -> bool:
    found = connection.execute("select properties from run where instr(properties, ?)", (snapshot_id,))
    return any(_snapshot_of(properties) == snapshot_id for (properties,) in found)
