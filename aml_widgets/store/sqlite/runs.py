"""Rows of runs, and the records they stand for."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, NamedTuple

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    InvalidName,
    PropertyExists,
    RunExists,
    RunIsTerminal,
    RunNotFound,
    UserError,
)
from aml_widgets.core.records import (
    NewRun,
    RunError,
    RunRecord,
    Tags,
    WriterProcess,
)
from aml_widgets.core.status import RunStatus, can_change, is_outdated
from aml_widgets.store import liveness
from aml_widgets.store.params import check_params, merge_params
from aml_widgets.store.sqlite import experiments
from aml_widgets.store.sqlite.revision import bump, changed_json
from aml_widgets.store.sqlite.tail import seal
from aml_widgets.store.sqlite.tail_rows import MAX_SEQ, SEQ_BITS, ShapeReader

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,249}")

_STATUSES = {status.value: status for status in RunStatus}


RUN_COLUMNS = (
    "select r.id, r.run_id, r.number, e.experiment_id, e.name, r.status, r.created_at, r.display_name, r.description, r.run_type, "
    "p.run_id, t.run_id, r.target, r.started_at, r.ended_at, r.last_seen_at, r.error, r.tags, r.properties, r.writer, "
    "r.revision, r.sealed_seq, r.archived_at, r.trashed_at, r.params "
    "from run r join experiment e on e.id = r.experiment left join run p on p.id = r.parent left join run t on t.id = r.root "
)
"""Everything of a run; its revision and the seq up to which it is sealed are the columns 20 and 21."""

RunRow = tuple[Any, ...]
"""The 25 columns of RUN_COLUMNS, which sqlite3 gives without types."""


def to_record(row: RunRow) -> RunRecord:
    """Make the record that a row stands for, as it is stored."""
    error, writer = row[16], row[19]
    tags, properties, params = row[17], row[18], row[24]
    return RunRecord(
        run_id=row[1],
        number=row[2],
        experiment_id=row[3],
        experiment_name=row[4],
        status=_STATUSES[row[5]],
        created_at=row[6],
        display_name=row[7],
        description=row[8],
        run_type=row[9],
        parent_run_id=row[10],
        root_run_id=row[11],
        target=row[12],
        started_at=row[13],
        ended_at=row[14],
        last_seen_at=row[15],
        error=None if error is None else RunError(**json.loads(error)),
        tags={} if tags == "{}" else json.loads(tags),
        properties={} if properties == "{}" else json.loads(properties),
        params={} if params == "{}" else json.loads(params),
        writer=None if writer is None else _writer(writer),
        archived_at=row[22],
        trashed_at=row[23],
    )


@lru_cache(maxsize=256)
def _writer(text: str) -> WriterProcess:
    return WriterProcess(**json.loads(text))  # the same for all runs of a process


def read_row(connection: sqlite3.Connection, run_id: str) -> RunRow:
    """Read one run's row, or raise RunNotFound."""
    row = connection.execute(RUN_COLUMNS + "where r.run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise RunNotFound(f"There is no run {run_id!r} in this workspace. Check the id.", value=run_id)
    return tuple(row)


def row_id(connection: sqlite3.Connection, run_id: str) -> int:
    """Give the number by which other tables know a run, or raise RunNotFound."""
    row = connection.execute("select id from run where run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise RunNotFound(f"There is no run {run_id!r} in this workspace. Check the id.", value=run_id)
    return int(row[0])


def with_sign_of_life(connection: sqlite3.Connection, run: int, record: RunRecord) -> RunRecord:
    """Let what was logged last count as a sign of life, for a run that goes on."""
    if record.status.is_terminal:
        return record
    row = connection.execute(
        "select logged_at from tail where key > ? and key <= ? order by key desc limit 1",
        (run << SEQ_BITS, (run << SEQ_BITS) | MAX_SEQ),
    ).fetchone()
    if row is None:
        return record
    logged_at = min(row[0], clock.now())  # a time given by hand may lie in the future
    if record.last_seen_at is not None and record.last_seen_at >= logged_at:
        return record
    return replace(record, last_seen_at=logged_at)


def create_run(connection: sqlite3.Connection, new_run: NewRun) -> str:
    """Write a new run and give its id."""
    run_id = clock.new_id() if new_run.run_id is None else new_run.run_id
    if not isinstance(run_id, str) or not _RUN_ID.fullmatch(run_id):
        raise InvalidName(
            f"Run id {run_id!r} is not valid: it must be 1 to 250 ASCII letters, digits, '-' and '_', starting with a letter or digit.",
            value=run_id,
        )
    if connection.execute("select 1 from run where run_id = ?", (run_id,)).fetchone():
        raise RunExists(f"There is a run {run_id!r} already; ids are never used twice. Choose another.", value=run_id)
    if connection.execute("select 1 from purged where run_id = ?", (run_id,)).fetchone():
        raise RunExists(
            f"There was a run {run_id!r} that is deleted; ids are never used twice. Choose another.", value=run_id
        )
    experiment = experiments.read_row(connection, new_run.experiment_id)[0]
    parent = root = None
    if new_run.parent_run_id is not None:
        parent = row_id(connection, new_run.parent_run_id)
        (root,) = connection.execute("select root from run where id = ?", (parent,)).fetchone()
    run, number = _next_numbers(connection, experiment)
    at = clock.now()
    has_started = new_run.status is RunStatus.RUNNING or new_run.status.is_terminal
    connection.execute(
        "insert into run (id, run_id, experiment, number, display_name, description, run_type, status, is_terminal, parent, root, target, "
        "created_at, started_at, ended_at, last_seen_at, tags, properties, params, writer, revision) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run,
            run_id,
            experiment,
            number,
            new_run.display_name,
            new_run.description,
            new_run.run_type,
            new_run.status.value,
            new_run.status.is_terminal,
            parent,
            root or run,
            new_run.target,
            at if new_run.created_at is None else new_run.created_at,
            at if new_run.started_at is None and has_started else new_run.started_at,
            at if new_run.status.is_terminal else None,
            at,
            json.dumps(dict(new_run.tags)),
            json.dumps(dict(new_run.properties)),
            json.dumps(check_params(new_run.params)),
            None if new_run.writer is None else json.dumps(asdict(new_run.writer)),
            bump(connection),
        ),
    )
    return run_id


def _next_numbers(connection: sqlite3.Connection, experiment: int) -> tuple[int, int]:
    """Give the row id and the number of a new run: neither was ever another's, not even of one that is deleted."""
    (run,) = connection.execute(
        "select max(ifnull((select max(id) from run), 0), ifnull((select max(run) from purged), 0)) + 1"
    ).fetchone()
    (number,) = connection.execute(
        "select max(ifnull((select max(number) from run where experiment = ?), 0), "
        "ifnull((select max(number) from purged where experiment = ?), 0)) + 1",
        (experiment, experiment),
    ).fetchone()
    return run, number


def set_status(
    connection: sqlite3.Connection,
    run_id: str,
    status: RunStatus,
    error: RunError | None,
    shapes: ShapeReader,
    ended_at: float | None = None,
    *,
    reopens: bool = False,
) -> None:
    """Change the status; a run that ends is sealed, so that all of it is in blocks from then on."""
    row = connection.execute(
        "select id, status, started_at, created_at, error is not null from run where run_id = ?", (run_id,)
    ).fetchone()
    if row is None:
        raise RunNotFound(f"There is no run {run_id!r} in this workspace. Check the id.", value=run_id)
    run, old, started_at, created_at, has_error = row
    if old == status.value:
        if status.is_terminal and error is not None and not has_error:
            connection.execute(
                "update run set error = ?, revision = ? where id = ?",
                (json.dumps(asdict(error)), bump(connection), run),
            )
        return
    if is_outdated(RunStatus(old), status):
        return
    is_reopened = not can_change(RunStatus(old), status)
    if is_reopened and not reopens:
        raise RunIsTerminal(
            f"Run {run_id} has ended as {old} and cannot become {status.value}. Start a new run.", value=run_id
        )
    at = liveness.find_end(ended_at if status.is_terminal else None, clock.now(), started_at or created_at)
    if started_at is None and (status is RunStatus.RUNNING or status.is_terminal):
        started_at = at
    connection.execute(
        "update run set status = ?, is_terminal = ?, started_at = ?, ended_at = ?, last_seen_at = ?, "
        "error = ifnull(?, case when ? then null else error end), revision = ? where id = ?",
        (
            status.value,
            status.is_terminal,
            started_at,
            at if status.is_terminal else None,
            at,
            None if error is None else json.dumps(asdict(error)),
            is_reopened,
            bump(connection),
            run,
        ),
    )
    if status.is_terminal:
        seal(connection, run, shapes)


def update_run(
    connection: sqlite3.Connection,
    run_id: str,
    *,
    display_name: str | None,
    description: str | None,
    tags: Tags | None,
    remove_tags: Iterable[str],
    properties: Mapping[str, str] | None,
    writer: WriterProcess | None,
) -> None:
    """Change what is given."""
    row = read_row(connection, run_id)
    known = json.loads(row[18])
    for key, value in (properties or {}).items():
        if known.get(key, value) != value:
            raise PropertyExists(
                f"Property {key!r} of run {run_id} is {known[key]!r} and cannot become {value!r}: properties are written once. "
                "Use a tag for what may change.",
                value=key,
            )
    connection.execute(
        "update run set display_name = ifnull(?, display_name), description = ifnull(?, description), tags = ?, properties = ?, "
        "writer = ifnull(?, writer), revision = ? where id = ?",
        (
            display_name,
            description,
            changed_json(row[17], tags or {}, remove_tags),
            json.dumps({**known, **(properties or {})}),
            None if writer is None else json.dumps(asdict(writer)),
            bump(connection),
            row[0],
        ),
    )


def log_params(connection: sqlite3.Connection, run_id: str, params: Mapping[str, str]) -> None:
    """Set parameters, all of them or none."""
    row = connection.execute("select id, params from run where run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise RunNotFound(f"There is no run {run_id!r} in this workspace. Check the id.", value=run_id)
    known: dict[str, str] = json.loads(row[1])
    merged = merge_params(run_id, known, params)
    if len(merged) > len(known):
        connection.execute(
            "update run set params = ?, revision = ? where id = ?", (json.dumps(merged), bump(connection), row[0])
        )


def judged(connection: sqlite3.Connection, row: RunRow) -> tuple[RunRecord, liveness.Judgement | None]:
    """Make the record a reader shall see; with it the judgement where the run is to be settled."""
    record = to_record(row)
    if record.status.is_terminal:
        return record, None
    record = with_sign_of_life(connection, row[0], record)
    judgement = liveness.judge(record, clock.now())
    if judgement.status is not None:
        record = replace(record, status=judgement.status)
    return record, judgement if judgement.settle_error is not None else None


class Child(NamedTuple):
    """A run below another one."""

    record: RunRecord
    revision: int
    stored_status: str


def read_children(
    connection: sqlite3.Connection, run: int, after_revision: int
) -> tuple[list[Child], dict[str, str], dict[str, liveness.Judgement]]:
    """Read the children of a run that changed after a revision, and all that go on.

    Also gives what is to be shown now other than stored, by run, and the judgements of those to be settled.
    """
    children: list[Child] = []
    silent: dict[str, str] = {}
    lost: dict[str, liveness.Judgement] = {}
    rows = connection.execute(
        RUN_COLUMNS + "where r.id in (select id from run where parent = ? and revision > ? "  # noqa: S608 - constants
        "union select id from run where parent = ? and is_terminal = 0) order by r.id",
        (run, after_revision, run),
    ).fetchall()
    for row in rows:
        record, judgement = judged(connection, row)
        if judgement is not None:
            lost[record.run_id] = judgement
        if record.status.value != row[5]:
            silent[record.run_id] = record.status.value
        children.append(Child(record, row[20], row[5]))
    return children, silent, lost


def parse_token(token: str | None, rule: str) -> int | None:
    """Read a page token, or raise UserError."""
    if token is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", token):
        raise UserError(f"Page token {token!r} is not one that {rule} gave. Start without a token.", value=token)
    return int(token)
