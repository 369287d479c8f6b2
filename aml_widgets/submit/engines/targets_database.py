"""The database of compute targets and of what waits for them: one file in the home folder, shared by all processes.

It is opened for each transaction: that takes a fraction of a millisecond, nothing is carried over a fork, and there is a
transaction a few times a second at most. A rollback journal, not a write-ahead log: what was accepted survives a power cut,
and homes on network file systems and read-only disks can be read.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from aml_widgets.core.errors import NotAStore, StoreError, StoreFull, StoreIsNewer, StoreReadOnly, StoreUnavailable
from aml_widgets.store.sqlite.connection import store_error
from aml_widgets.store.uri import get_home

APPLICATION_ID = 0x414D4C54  # "AMLT": the mark in the file's header that says whose it is
BUSY_SECONDS = 60.0  # how long one process waits for the others; each holds the lock for milliseconds

_TABLES = """
-- keeper: the process that starts the runs of the target, as JSON; NULL where none does
create table target (
    name text primary key,
    max_concurrent_runs integer not null,
    created_at real not null,
    keeper text,
    keeper_seen_at real
);

-- a run that waits or works; its id is the order of submission. starter: who is about to start its supervisor
create table entry (
    id integer primary key autoincrement,
    run_id text not null unique,
    store_location text not null,
    target text not null references target,
    state text not null,
    submitted_at real not null,
    changed_at real not null,
    starter text,
    supervisor text
);
create index entry_of_target on entry (target, state, id);
"""

# kind: what carries out its runs, a word of `targets`; address: where that is, for those kinds that have one
_KINDS = """
alter table target add column kind text not null default 'Local';
alter table target add column address text;
"""

# details: what else was said when it was made, as JSON; NULL where nothing was
_DETAILS = """
alter table target add column details text;
"""

MIGRATIONS: tuple[str, ...] = (_TABLES, _KINDS, _DETAILS)
"""Scripts that lead from version n to n + 1. Once released, a script never changes: write the next one."""

VERSION = len(MIGRATIONS)

_Result = TypeVar("_Result")


def get_path() -> Path:
    """Give the file; it need not be there."""
    return get_home() / ".targets.db"


def write(work: Callable[[sqlite3.Connection], _Result]) -> _Result:
    """Do work in one transaction that writes, and that no other runs beside; all of it is kept, or nothing.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    path = get_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as connection:
            connection.execute("begin immediate")
            try:
                _migrate(connection, path)
                result = work(connection)
                connection.execute("commit")
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")
            return result
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise _to_store_error(error, path) from error


def read(work: Callable[[sqlite3.Connection], _Result]) -> _Result:
    """Do work on one moment of the database; one that is not there yet is empty.

    Raises
    ------
    StoreError
        If the file cannot be read.
    """
    path = get_path()
    try:
        is_there = path.exists()
        with closing(_connect(path if is_there else None)) as connection:
            connection.execute("begin")
            version = _read_version(connection, path)
            if version == VERSION:
                return work(connection)
            if version == 0:  # none yet, or just being made
                connection.execute("rollback")
                return _read_nothing(work)
            return _read_upgraded(connection, path, work)
    except sqlite3.Error as error:
        raise store_error(error, path) from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise _to_store_error(error, path) from error


def _read_nothing(work: Callable[[sqlite3.Connection], _Result]) -> _Result:
    with closing(_connect(None)) as connection:
        connection.execute("begin")
        _migrate(connection, get_path())
        return work(connection)


def _read_upgraded(old: sqlite3.Connection, path: Path, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
    """Do work on a copy of an older file, which only a write changes: the disk may be read-only."""
    with closing(_connect(None)) as connection:
        old.backup(connection)
        connection.execute("begin")
        _migrate(connection, path)
        return work(connection)


def _connect(path: Path | None) -> sqlite3.Connection:
    # isolation_level None: transactions begin and end where this module says so
    connection = sqlite3.connect(path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None)
    connection.execute("pragma foreign_keys = on")
    return connection


def _read_version(connection: sqlite3.Connection, path: Path) -> int:
    (application_id,) = connection.execute("pragma application_id").fetchone()
    (version,) = connection.execute("pragma user_version").fetchone()
    (table_count,) = connection.execute("select count(*) from sqlite_schema").fetchone()
    if application_id == APPLICATION_ID:
        if version > VERSION:
            raise StoreIsNewer(
                f"{path} has schema version {version}, and this aml_widgets knows versions up to {VERSION}. "
                "Nothing was changed. Upgrade aml-widgets to use compute targets.",
                value=str(path),
            )
        return int(version)
    if application_id or version or table_count:
        raise NotAStore(
            f"{path} should hold the compute targets, and is the database of another program. Move it away.",
            value=str(path),
        )
    return 0


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = _read_version(connection, path)
    if version == VERSION:
        return
    for script in MIGRATIONS[version:]:
        for statement in script.split(";\n"):  # `executescript` would commit the transaction that this stands in
            connection.execute(statement)
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    connection.execute(f"pragma user_version = {VERSION}")


def _to_store_error(error: OSError, path: Path) -> StoreError:
    what = f"Compute targets cannot be kept in {path}: {error.strerror or error}."
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return StoreFull(f"{what} Free some space on that disk.", value=str(path))
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return StoreReadOnly(
            f"{what} Allow writing to that folder, or name another in the environment variable AML_WIDGETS_HOME.",
            value=str(path),
        )
    return StoreUnavailable(f"{what} See to that disk, or name another folder in AML_WIDGETS_HOME.", value=str(path))
