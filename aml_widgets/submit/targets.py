"""Named compute targets on this machine: how many runs each may have at once."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import NoReturn

from aml_widgets.core import clock
from aml_widgets.core.errors import InvalidName, TargetInUse, TargetNotFound, UserError
from aml_widgets.submit import targets_database
from aml_widgets.submit.engines import LOCAL

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")
_MOST_RUNS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRecord:
    """A named compute target."""

    name: str
    max_concurrent_runs: int
    created_at: float


def set_target(name: str, max_concurrent_runs: int) -> TargetRecord:
    """Make a target, or change how many runs the one of that name may have at once.

    What runs already goes on; a larger number takes effect at once.

    Raises
    ------
    InvalidName
        For a name that the rules refuse.
    UserError
        For a number of runs that is no integer from 1.
    StoreError
        If it cannot be kept.
    """
    _check_name(name)
    count = _check_count(max_concurrent_runs)

    def work(connection: sqlite3.Connection) -> TargetRecord:
        connection.execute(
            "insert into target (name, max_concurrent_runs, created_at) values (?, ?, ?) "
            "on conflict (name) do update set max_concurrent_runs = excluded.max_concurrent_runs",
            (name, count, clock.now()),
        )
        return _find(connection, name) or _missing(connection, name)

    return targets_database.write(work)


def update_target(name: str, max_concurrent_runs: int) -> TargetRecord:
    """Change how many runs a target may have at once.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    UserError
        For a number of runs that is no integer from 1.
    """
    count = _check_count(max_concurrent_runs)

    def work(connection: sqlite3.Connection) -> TargetRecord:
        connection.execute("update target set max_concurrent_runs = ? where name = ?", (count, name))
        return _find(connection, name) or _missing(connection, name)

    return targets_database.write(work)


def get_target(name: str) -> TargetRecord:
    """Read a target.

    Raises
    ------
    TargetNotFound
        If there is none of that name; the message names those that are there.
    """

    def work(connection: sqlite3.Connection) -> TargetRecord:
        return _find(connection, name) or _missing(connection, name)

    return targets_database.read(work)


def list_targets() -> list[TargetRecord]:
    """List the named targets by name."""
    return targets_database.read(_list)


def delete_target(name: str) -> None:
    """Delete a target that no run waits for or works on.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    TargetInUse
        If it has runs.
    """

    def work(connection: sqlite3.Connection) -> None:
        if _find(connection, name) is None:
            _missing(connection, name)
        (run_count,) = connection.execute("select count(*) from entry where target = ?", (name,)).fetchone()
        if run_count:
            runs = "1 run" if run_count == 1 else f"{run_count} runs"
            raise TargetInUse(
                f"Compute target {name!r} has {runs} waiting or running. Wait for their end or cancel them: "
                f"Run.list_by_compute({name!r}) gives them.",
                value=name,
            )
        connection.execute("delete from target where name = ?", (name,))

    targets_database.write(work)


def check_target(connection: sqlite3.Connection, name: str) -> TargetRecord:
    """Read a target in a transaction, or raise TargetNotFound."""
    return _find(connection, name) or _missing(connection, name)


def _find(connection: sqlite3.Connection, name: object) -> TargetRecord | None:
    if not isinstance(name, str):
        return None
    row = connection.execute(
        "select name, max_concurrent_runs, created_at from target where name = ?", (name,)
    ).fetchone()
    return None if row is None else TargetRecord(name=row[0], max_concurrent_runs=row[1], created_at=row[2])


def _list(connection: sqlite3.Connection) -> list[TargetRecord]:
    rows = connection.execute("select name, max_concurrent_runs, created_at from target order by name")
    return [TargetRecord(name=row[0], max_concurrent_runs=row[1], created_at=row[2]) for row in rows]


def _missing(connection: sqlite3.Connection, name: object) -> NoReturn:
    known = ", ".join([repr(LOCAL), *(repr(target.name) for target in _list(connection))])
    raise TargetNotFound(
        f"There is no compute target {name!r} on this machine; there are: {known}. "
        "Name one of them, or make it with LocalTarget.create(name, max_concurrent_runs=4).",
        value=name,
    )


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidName(
            f"Compute target name {name!r} is not valid: it must be 1 to 64 ASCII letters, digits, '-' and '_', "
            "starting with a letter or digit.",
            value=name,
        )
    if name.lower() == LOCAL:
        raise InvalidName(
            f"{name!r} cannot be made: {LOCAL!r} is always there, and starts every run at once. Choose another name.",
            value=name,
        )


def _check_count(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_RUNS:
        raise UserError(
            f"max_concurrent_runs must be an integer from 1 to {_MOST_RUNS:,}, got {count!r}. "
            f"To run everything at once, use the target {LOCAL!r}.",
            value=count,
        )
    return count
