"""Named compute targets: places on this machine with so many runs at once, and Ray clusters by their address."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from aml_widgets.core import clock
from aml_widgets.core.errors import InvalidTarget, InvalidTargetName, NotFound, StoreError, TargetInUse, TargetNotFound
from aml_widgets.store.uri import open_store
from aml_widgets.submit.engines import targets_database
from aml_widgets.submit.engines.finding import LOCAL
from aml_widgets.submit.submission import list_submissions

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,63}")
_MOST_RUNS = 10_000

_COLUMNS = "select name, max_concurrent_runs, created_at, kind, address, details from target"

LOCAL_KIND = "Local"
RAY_KIND = "Ray"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRecord:
    """A named compute target.

    Attributes
    ----------
    name : str
        Its name.
    max_concurrent_runs : int
        How many runs it may have at once; a Ray cluster sees to that itself, and has 0 here.
    created_at : float
        When it was made.
    kind : str
        What carries out its runs: `LOCAL_KIND` or `RAY_KIND`.
    address : str or None
        Where a Ray cluster is.
    details : str or None
        What else was said when it was made, as JSON.
    """

    name: str
    max_concurrent_runs: int
    created_at: float
    kind: str = LOCAL_KIND
    address: str | None = None
    details: str | None = None


def set_target(name: str, max_concurrent_runs: int, details: str | None = None) -> TargetRecord:
    """Make a target, or change how many runs the one of that name may have at once, and its details where some are given.

    What runs already goes on; a larger number takes effect at once.

    Raises
    ------
    InvalidTargetName
        For a name that the rules refuse.
    InvalidTarget
        For a number of runs that is no integer from 1.
    StoreError
        If it cannot be kept.
    """
    _check_name(name)
    count = _check_count(max_concurrent_runs)

    def work(connection: sqlite3.Connection) -> TargetRecord:
        _check_kind(connection, name, LOCAL_KIND)
        connection.execute(
            "insert into target (name, max_concurrent_runs, created_at, details) values (?, ?, ?, ?) "
            "on conflict (name) do update set max_concurrent_runs = excluded.max_concurrent_runs, "
            "details = coalesce(excluded.details, details)",
            (name, count, clock.now(), details),
        )
        return _find(connection, name) or _missing(connection, name)

    return targets_database.write(work)


def set_ray_target(name: str, address: str) -> TargetRecord:
    """Make a target that is a Ray cluster, or let the one of that name be at another address from now on.

    Raises
    ------
    InvalidTargetName
        For a name that the rules refuse.
    InvalidTarget
        For an address that is none, and for the name of a target of another kind.
    StoreError
        If it cannot be kept.
    """
    _check_name(name)
    checked = _check_address(address)

    def work(connection: sqlite3.Connection) -> TargetRecord:
        _check_kind(connection, name, RAY_KIND)
        connection.execute(
            "insert into target (name, max_concurrent_runs, created_at, kind, address) values (?, 0, ?, ?, ?) "
            "on conflict (name) do update set address = excluded.address",
            (name, clock.now(), RAY_KIND, checked),
        )
        return _find(connection, name) or _missing(connection, name)

    return targets_database.write(work)


def update_target(name: str, max_concurrent_runs: int) -> TargetRecord:
    """Change how many runs a target may have at once.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    InvalidTarget
        For a number of runs that is no integer from 1.
    """
    count = _check_count(max_concurrent_runs)

    def work(connection: sqlite3.Connection) -> TargetRecord:
        _check_kind(connection, name, LOCAL_KIND)
        connection.execute("update target set max_concurrent_runs = ? where name = ?", (count, name))
        return _find(connection, name) or _missing(connection, name)

    return targets_database.write(work)


def change_target(name: str, change: Callable[[TargetRecord], tuple[int, str | None]]) -> TargetRecord:
    """Change a target by what it is, in one transaction: what others change comes before that or after it.

    Parameters
    ----------
    name : str
        The target.
    change : callable
        Given the target, gives how many runs it may have at once and its details from now on. What it raises is raised, and nothing is
        changed.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    InvalidTarget
        For a number of runs that is no integer from 1, and for a target that is a Ray cluster.
    """

    def work(connection: sqlite3.Connection) -> TargetRecord:
        _check_kind(connection, name, LOCAL_KIND)
        count, details = change(_find(connection, name) or _missing(connection, name))
        connection.execute(
            "update target set max_concurrent_runs = ?, details = ? where name = ?",
            (_check_count(count), details, name),
        )
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
    """Delete a target that no run waits for or works on. Runs that have ended do not count, though their places are not free yet.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    TargetInUse
        If it has runs.
    """

    def list_runs(connection: sqlite3.Connection) -> dict[str, str]:
        record = _find(connection, name) or _missing(connection, name)
        if record.kind == RAY_KIND:
            return {one.run_id: one.store_location for one in list_submissions() if one.target == name}
        return dict(connection.execute("select run_id, store_location from entry where target = ?", (name,)))

    # Looked at before the transaction, which everybody waits for; who has ended stays so.
    ended = {run_id for run_id, location in targets_database.read(list_runs).items() if _has_ended(run_id, location)}

    def work(connection: sqlite3.Connection) -> None:
        run_count = len(list_runs(connection).keys() - ended)
        if run_count:
            runs = "1 run" if run_count == 1 else f"{run_count} runs"
            raise TargetInUse(
                f"Compute target {name!r} has {runs} waiting or running. Wait for their end or cancel them: "
                f"Run.list_by_compute({name!r}) gives them.",
                value=name,
            )
        connection.execute("delete from entry where target = ?", (name,))
        connection.execute("delete from target where name = ?", (name,))

    targets_database.write(work)


def check_target(connection: sqlite3.Connection, name: str) -> TargetRecord:
    """Read a target in a transaction, or raise TargetNotFound."""
    return _find(connection, name) or _missing(connection, name)


def _has_ended(run_id: str, store_location: str) -> bool:
    try:
        with closing(open_store(store_location, create=False)) as store:
            return store.get_run(run_id).status.is_terminal
    except (NotFound, StoreError):  # nobody knows
        return False


def _find(connection: sqlite3.Connection, name: object) -> TargetRecord | None:
    if not isinstance(name, str):
        return None
    row = connection.execute(f"{_COLUMNS} where name = ?", (name,)).fetchone()
    return None if row is None else _to_record(row)


def _list(connection: sqlite3.Connection) -> list[TargetRecord]:
    return [_to_record(row) for row in connection.execute(f"{_COLUMNS} order by name")]


def _to_record(row: tuple[str, int, float, str, str | None, str | None]) -> TargetRecord:
    name, max_concurrent_runs, created_at, kind, address, details = row
    return TargetRecord(
        name=name,
        max_concurrent_runs=max_concurrent_runs,
        created_at=created_at,
        kind=kind,
        address=address,
        details=details,
    )


def _missing(connection: sqlite3.Connection, name: object) -> NoReturn:
    known = ", ".join([repr(LOCAL), *(repr(target.name) for target in _list(connection))])
    raise TargetNotFound(
        f"There is no compute target {name!r} on this machine; there are: {known}. "
        "Name one of them, or make it with LocalTarget.create(name, max_concurrent_runs=4).",
        value=name,
    )


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidTargetName(
            f"Compute target name {name!r} is not valid: it must be 1 to 64 ASCII letters, digits, '-' and '_', "
            "starting with a letter or digit.",
            value=name,
        )
    if name.lower() == LOCAL:
        raise InvalidTargetName(
            f"{name!r} cannot be made: {LOCAL!r} is always there, and starts every run at once. Choose another name.",
            value=name,
        )


def _check_count(count: object) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _MOST_RUNS:
        raise InvalidTarget(
            f"max_concurrent_runs must be an integer from 1 to {_MOST_RUNS:,}, got {count!r}. "
            f"To run everything at once, use the target {LOCAL!r}.",
            value=count,
        )
    return count


def _check_address(address: object) -> str:
    if isinstance(address, str):
        try:
            parts = urlsplit(address.strip())
            is_address = bool(parts.hostname) and parts.port != 0 and parts.scheme in {"http", "https"}
        except ValueError:  # a port that is no number
            is_address = False
        if is_address:
            return address.strip().rstrip("/")
    raise InvalidTarget(
        f"The address of a Ray cluster must be that of its dashboard, where it takes jobs, got {address!r}. "
        "Give one such as 'http://127.0.0.1:8265'.",
        value=address,
    )


def _check_kind(connection: sqlite3.Connection, name: str, kind: str) -> None:
    record = _find(connection, name)
    if record is not None and record.kind != kind:
        raise InvalidTarget(
            f"The compute target {name!r} is of the kind {record.kind!r}, not {kind!r}. Choose another name, or delete it first: "
            f"ComputeTarget(None, {name!r}).delete().",
            value=name,
        )
