"""The tables, their version, and the way from each version to the next."""

from __future__ import annotations

import sqlite3

from aml_widgets.core import clock
from aml_widgets.core.errors import NotAStore, StoreIsNewer, WorkspaceNotFound

APPLICATION_ID = 0x414D4C57  # "AMLW": the mark in the file's header that says whose it is
PAGE_BYTES = 1_024  # a commit writes the pages that changed: small ones halve what one logged number costs

_TABLES = """
create table info (key text primary key, value text not null) without rowid;

-- counts every change of a record in the workspace, so that "what changed since" is a range of an index
create table revision (value integer not null);
insert into revision values (0);

create table experiment (
    id integer primary key,
    experiment_id text not null unique,
    name text not null,
    created_at real not null,
    archived_at real,
    tags text not null
);
create unique index active_experiment on experiment (name) where archived_at is null;

create table run (
    id integer primary key,
    run_id text not null unique,
    experiment integer not null references experiment,
    number integer not null,
    display_name text,
    description text,
    run_type text,
    status text not null,
    is_terminal integer not null,
    parent integer references run,
    root integer not null,
    target text not null,
    created_at real not null,
    started_at real,
    ended_at real,
    last_seen_at real,
    error text,
    tags text not null,
    properties text not null,
    writer text,
    sealed_seq integer not null default 0,
    revision integer not null
);
create unique index run_number on run (experiment, number);
create index run_child on run (parent, revision) where parent is not null;
create index run_top on run (experiment, id) where parent is null;
create index run_live on run (parent) where is_terminal = 0;

-- a metric's name, or one column of it; with the summary of what is sealed (NULL among its numbers stands for NaN)
create table series (
    id integer primary key,
    run integer not null references run,
    name text not null,
    column text not null,
    kind text not null,
    description text not null,
    count integer not null default 0,
    first_seq integer,
    last_seq integer,
    last_step integer,
    last_at real,
    first,
    last,
    low,
    high,
    nonfinite_count integer not null default 0,
    plain_count integer not null default 0,
    plain_first_seq integer,
    plain_last_seq integer,
    plain_last_step integer
);
create unique index series_name on series (run, name, column);
create index series_latest on series (name, column, last, run) where count > 0;

-- the calls not yet sealed. key: run.id * 2^36 + seq. what: a series' id, or minus a shape's.
create table tail (key integer primary key, step integer, logged_at real not null, what integer not null, value);

-- which series, and what type each of them has, in the packed value of a tail row
create table shape (id integer primary key, run integer not null references run, series blob not null, types text not null);
create unique index shape_of_run on shape (run, series, types);

-- what is no machine number: text, NULL for None, 0 and 1 for truth values, a blob for what no column holds
create table plain (
    series integer not null,
    seq integer not null,
    step integer not null,
    logged_at real not null,
    value,
    primary key (series, seq)
) without rowid;

create table block (
    series integer not null,
    first_seq integer not null,
    last_seq integer not null,
    count integer not null,
    first_step integer not null,
    last_step integer not null,
    low_step integer not null,
    high_step integer not null,
    first_at real not null,
    last_at real not null,
    first,
    last,
    low,
    high,
    nonfinite_count integer not null,
    data integer not null,
    primary key (series, first_seq)
) without rowid;
-- the columns of a block; seqs and steps are NULL where they count up by one
create table data (id integer primary key, types text not null, seqs blob, steps blob, times blob not null, points blob not null);

create table artifact (
    run integer not null references run,
    path text not null,
    size_bytes integer not null,
    written_at real not null,
    is_log integer not null,
    revision integer not null,
    primary key (run, path)
) without rowid;
create index artifact_change on artifact (run, revision);
create index artifact_log on artifact (run) where is_log = 1;
"""

_MODELS = """
-- what was given last, so that the version of a model that was deleted is not given again
create table model_name (name text primary key, last_version integer not null) without rowid;

-- a model outlives its run: what is known of that is kept as text
create table model (
    id integer primary key,
    folder text not null,
    name text not null,
    version integer not null,
    path text not null,
    is_folder integer not null,
    file_count integer not null,
    size_bytes integer not null,
    created_at real not null,
    created_by text,
    run_id text,
    experiment_name text,
    description text,
    framework text,
    framework_version text,
    tags text not null,
    properties text not null
);
create unique index model_version on model (name, version);
create index model_of_run on model (run_id) where run_id is not null;

create table model_file (
    model integer not null references model,
    path text not null,
    size_bytes integer not null,
    primary key (model, path)
) without rowid;
"""

_RUN_LISTS = """
alter table run add column archived_at real;
alter table run add column trashed_at real;

-- Lists of runs that are in no other run and not in the trash. What follows `id` saves looking into the table for it.
drop index run_top;
create index run_kept on run (trashed_at, id, status, archived_at) where parent is null;
create index run_active on run (archived_at, id, status) where parent is null and trashed_at is null;
create index run_kept_of_experiment on run (experiment, trashed_at, id, status, archived_at) where parent is null;
create index run_active_of_experiment on run (experiment, archived_at, id, status) where parent is null and trashed_at is null;
create index run_name on run (ifnull(display_name, run_id) collate nocase) where parent is null and trashed_at is null;
create index run_status on run (status, id) where parent is null and trashed_at is null;
create index run_duration on run (ended_at - ifnull(started_at, created_at))
    where is_terminal = 1 and parent is null and trashed_at is null;
create index run_trash on run (trashed_at) where trashed_at is not null;
create index run_change on run (revision);
create index series_low on series (name, column, kind, low, run) where count > 0;
create index series_high on series (name, column, kind, high, run) where count > 0;

-- Runs that were deleted for good: what must not be given again, and which of their files are still to go.
create table purged (
    run_id text primary key,
    run integer not null,
    experiment integer,
    number integer not null,
    revision integer not null,
    has_files integer not null,
    snapshot_id text
) without rowid;
create index purged_run on purged (run);
create index purged_number on purged (experiment, number);
create index purged_change on purged (revision);
create index purged_files on purged (has_files) where has_files = 1;
create index purged_snapshot on purged (snapshot_id) where snapshot_id is not null;
"""

_PARAMS = """
alter table run add column params text not null default '{}';

-- what other programs keep beside runs and experiments
create table extra (
    id integer primary key,
    kind text not null,
    key text not null,
    run integer references run,
    experiment integer references experiment,
    text not null
);
create unique index extra_key on extra (kind, key);
create index extra_of_run on extra (run, kind) where run is not null;
create index extra_of_experiment on extra (experiment, kind) where experiment is not null;
"""

MIGRATIONS: tuple[str, ...] = (_TABLES, _MODELS, _RUN_LISTS, _PARAMS)
"""Scripts that lead from version n to n + 1. Once released, a script never changes: write the next one."""

VERSION = len(MIGRATIONS)

DELETED_VERSION = 2**31 - 1
"""Of a workspace that is deleted: a program that does not know this word takes it for a newer one, and leaves it alone."""


def read_version(connection: sqlite3.Connection, path: str) -> int:
    """Give the version of the schema in a file, 0 for an empty one.

    Raises NotAStore for the database of another program, StoreIsNewer for one this program is too old for, WorkspaceNotFound for one
    that is being deleted.
    """
    application_id, version, table_count = _read_marks(connection)
    if application_id == APPLICATION_ID:
        if version == DELETED_VERSION:
            raise WorkspaceNotFound(
                f"The workspace of {path} is being deleted, or its deletion was interrupted. Open it again in a moment; if it stays so, "
                "delete that file: it holds nothing.",
                value=path,
            )
        if version > VERSION:
            raise StoreIsNewer(
                f"{path} has schema version {version}, and this aml_widgets knows versions up to {VERSION}. "
                "Nothing was changed. Upgrade aml-widgets to open it.",
                value=path,
            )
        return int(version)
    if application_id or version or table_count:
        raise NotAStore(
            f"{path} is an SQLite database, but of another program (application id {application_id}, {table_count} tables). "
            "Choose another folder for the workspace.",
            value=path,
        )
    return 0


def _read_marks(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Give the application id, the version and the number of tables, all of one moment: another process may be making them."""
    is_inside = connection.in_transaction
    if not is_inside:
        connection.execute("begin")
    try:
        (application_id,) = connection.execute("pragma application_id").fetchone()
        (version,) = connection.execute("pragma user_version").fetchone()
        (table_count,) = connection.execute("select count(*) from sqlite_schema").fetchone()
    finally:
        if not is_inside:
            connection.execute("rollback")
    return application_id, version, table_count


def migrate(connection: sqlite3.Connection, path: str, name: str) -> None:
    """Bring the schema to this program's version, in one transaction under the write lock."""
    connection.execute("begin immediate")
    try:
        version = read_version(connection, path)  # again: another process may have been faster
        for script in MIGRATIONS[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        if version == 0:
            facts = {"name": name, "workspace_id": clock.new_id(), "created_at": repr(clock.now())}
            connection.executemany("insert into info values (?, ?)", facts.items())
        connection.execute(f"pragma application_id = {APPLICATION_ID}")
        connection.execute(f"pragma user_version = {VERSION}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def drop(connection: sqlite3.Connection) -> None:
    """Drop all tables, in the transaction that this is called in: whoever has the file open can write nothing into it from then on."""
    tables = connection.execute("select name from sqlite_schema where type = 'table' and name not like 'sqlite%'")
    for (table,) in tables.fetchall():
        connection.execute(f'drop table "{table}"')
    connection.execute(f"pragma user_version = {DELETED_VERSION}")


def _statements(script: str) -> list[str]:
    """Split a script: `executescript` would commit the transaction that the migration stands in."""
    statements = []
    rest = ""
    for line in script.splitlines():
        rest += line + "\n"
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    return statements
