"""Who waits for a compute target and who works on it, in order of submission, and the one process that starts them.

An entry is *waiting*, then *starting* (its keeper has claimed it, and starts its supervisor), then *running*. It stands for one
place of its target until it is removed. Each change is one transaction, so each thing is done by one process only: the same run
is taken out by `take_out` or claimed by the keeper, never both; and a keeper leaves in the transaction in which it finds
nothing left, so whoever enters a run later sees that there is no keeper, and starts one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import Enum

from aml_widgets.core import clock
from aml_widgets.core.errors import RunExists
from aml_widgets.core.records import WriterProcess
from aml_widgets.store import liveness
from aml_widgets.submit.engines import targets_database
from aml_widgets.submit.engines.targets import check_target

HEARTBEAT_SECONDS = 10.0
SILENT_SECONDS = 60.0
"""How old the sign of life of a keeper on another machine must be before it counts as gone."""

StartKeeper = Callable[[str], WriterProcess]
"""Starts a keeper for a target, and says which process it is."""

_COLUMNS = "select run_id, store_location, target, state, submitted_at, changed_at, starter, supervisor from entry "


class EntryState(str, Enum):
    """How far a run has come in a queue."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"

    __str__ = str.__str__


class KeeperReplaced(Exception):
    """Another process keeps the target now, or it was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A run that waits for a target or works on it.

    Attributes
    ----------
    changed_at : float
        When it came into its state.
    starter : WriterProcess or None
        The keeper that claimed it.
    supervisor : WriterProcess or None
        The process that carries it out.
    """

    run_id: str
    store_location: str
    target: str
    state: EntryState
    submitted_at: float
    changed_at: float
    starter: WriterProcess | None = None
    supervisor: WriterProcess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLook:
    """What a keeper has to know of its target.

    Attributes
    ----------
    started : tuple of QueueEntry
        Those that have a place.
    has_next : bool
        Whether one waits that could have a place.
    is_empty : bool
        Whether there is no entry at all.
    seen_at : float or None
        The last sign of life of a keeper.
    """

    started: tuple[QueueEntry, ...]
    has_next: bool
    is_empty: bool
    seen_at: float | None


def enter(target: str, run_id: str, store_location: str, start_keeper: StartKeeper) -> None:
    """Put a run at the end of a queue, and see to it that somebody keeps the target. One that is there already stays.

    Raises
    ------
    TargetNotFound
        If there is no such target.
    RunExists
        If a run of that id of another workspace is there.
    StoreError
        If that cannot be kept.
    """

    def work(connection: sqlite3.Connection) -> None:
        check_target(connection, target)
        at = clock.now()
        connection.execute(
            "insert into entry (run_id, store_location, target, state, submitted_at, changed_at) "
            "values (?, ?, ?, ?, ?, ?) on conflict (run_id) do nothing",
            (run_id, store_location, target, EntryState.WAITING.value, at, at),
        )
        (known,) = connection.execute("select store_location from entry where run_id = ?", (run_id,)).fetchone()
        if known != store_location:
            raise RunExists(
                f"A run {run_id!r} of the workspace in {known} waits or works on this machine. Choose another run id.",
                value=run_id,
            )
        _ensure_keeper(connection, target, start_keeper)

    targets_database.write(work)


def take_out(run_id: str) -> bool:
    """Take a run out of its queue if it is still waiting; say whether it was. It will not be started then."""

    def work(connection: sqlite3.Connection) -> bool:
        deleted = connection.execute(
            "delete from entry where run_id = ? and state = ?", (run_id, EntryState.WAITING.value)
        )
        return deleted.rowcount == 1

    return targets_database.write(work)


def find_entry(run_id: str) -> QueueEntry | None:
    """Read the entry of a run."""

    def work(connection: sqlite3.Connection) -> QueueEntry | None:
        row = connection.execute(_COLUMNS + "where run_id = ?", (run_id,)).fetchone()
        return None if row is None else _to_entry(row)

    return targets_database.read(work)


def list_entries(target: str) -> list[QueueEntry]:
    """List the runs of a target in order of submission: first those that have a place, then those that wait.

    Raises
    ------
    TargetNotFound
        If there is no such target.
    """

    def work(connection: sqlite3.Connection) -> list[QueueEntry]:
        check_target(connection, target)
        rows = connection.execute(
            _COLUMNS + "where target = ? order by state = ?, id", (target, EntryState.WAITING.value)
        )
        return [_to_entry(row) for row in rows]

    return targets_database.read(work)


def wake(target: str, start_keeper: StartKeeper) -> None:
    """Start a keeper for a target that has entries and whose keeper is gone. Only reads where all is well."""

    def is_kept(connection: sqlite3.Connection) -> bool:
        return _is_kept(connection, target)

    def work(connection: sqlite3.Connection) -> None:
        _ensure_keeper(connection, target, start_keeper)

    if not targets_database.read(is_kept):
        targets_database.write(work)


def _ensure_keeper(connection: sqlite3.Connection, target: str, start_keeper: StartKeeper) -> None:
    """Started inside of the transaction: two processes that come at once start one keeper."""
    if _is_kept(connection, target):
        return
    keeper = start_keeper(target)
    connection.execute(
        "update target set keeper = ?, keeper_seen_at = ? where name = ?", (_to_json(keeper), clock.now(), target)
    )


def _is_kept(connection: sqlite3.Connection, target: str) -> bool:
    """Say whether the target has a living keeper, or needs none."""
    row = connection.execute("select keeper, keeper_seen_at from target where name = ?", (target,)).fetchone()
    if row is None or not connection.execute("select 1 from entry where target = ? limit 1", (target,)).fetchone():
        return True
    return row[0] is not None and _keeps(_to_process(row[0]), row[1])


def _keeps(keeper: WriterProcess, seen_at: float) -> bool:
    is_alive = liveness.is_alive(keeper, seen_at)
    return clock.now() - seen_at < SILENT_SECONDS if is_alive is None else is_alive


class Keeper:
    """The process that starts the runs of a target; only one at a time is.

    Every method but `take_over` raises KeeperReplaced where another process has taken over or the target was deleted, and then
    changes nothing.

    Parameters
    ----------
    target : str
        The target.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._me = liveness.this_process()

    def take_over(self) -> bool:
        """Become the keeper, unless another one lives; say whether this process is it now."""

        def work(connection: sqlite3.Connection) -> bool:
            row = connection.execute(
                "select keeper, keeper_seen_at from target where name = ?", (self._target,)
            ).fetchone()
            if row is None:
                return False
            if row[0] is not None and not self._is_me(row[0]) and _keeps(_to_process(row[0]), row[1]):
                return False
            connection.execute(
                "update target set keeper = ?, keeper_seen_at = ? where name = ?",
                (_to_json(self._me), clock.now(), self._target),
            )
            return True

        return targets_database.write(work)

    def leave(self) -> bool:
        """Stop being the keeper if nothing waits and nothing works; say whether it is so."""

        def work(connection: sqlite3.Connection) -> bool:
            self._check(connection)
            if connection.execute("select 1 from entry where target = ? limit 1", (self._target,)).fetchone():
                return False
            connection.execute("update target set keeper = null where name = ?", (self._target,))
            return True

        return targets_database.write(work)

    def touch(self) -> None:
        """Give a sign of life."""

        def work(connection: sqlite3.Connection) -> None:
            self._check(connection)
            connection.execute("update target set keeper_seen_at = ? where name = ?", (clock.now(), self._target))

        targets_database.write(work)

    def look(self) -> QueueLook:
        """See what has a place, and whether more is to be done."""

        def work(connection: sqlite3.Connection) -> QueueLook:
            most, seen_at = self._check(connection)
            rows = connection.execute(
                _COLUMNS + "where target = ? and state != ? order by id", (self._target, EntryState.WAITING.value)
            )
            started = tuple(map(_to_entry, rows))
            is_waiting = connection.execute(
                "select 1 from entry where target = ? and state = ? limit 1", (self._target, EntryState.WAITING.value)
            ).fetchone()
            return QueueLook(
                started=started,
                has_next=is_waiting is not None and len(started) < most,
                is_empty=is_waiting is None and not started,
                seen_at=seen_at,
            )

        return targets_database.read(work)

    def claim_next(self) -> QueueEntry | None:
        """Give the run that waits longest a place, if one is free."""

        def work(connection: sqlite3.Connection) -> QueueEntry | None:
            most, _ = self._check(connection)
            (count,) = connection.execute(
                "select count(*) from entry where target = ? and state != ?",
                (self._target, EntryState.WAITING.value),
            ).fetchone()
            if count >= most:
                return None
            row = connection.execute(
                "select run_id from entry where target = ? and state = ? order by id limit 1",
                (self._target, EntryState.WAITING.value),
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "update entry set state = ?, starter = ?, changed_at = ? where run_id = ?",
                (EntryState.STARTING.value, _to_json(self._me), clock.now(), row[0]),
            )
            return _to_entry(connection.execute(_COLUMNS + "where run_id = ?", row).fetchone())

        return targets_database.write(work)

    def set_running(self, run_id: str, supervisor: WriterProcess) -> None:
        """Say which process carries a run out."""
        self._update(
            "update entry set state = ?, supervisor = ?, changed_at = ? where run_id = ?",
            (EntryState.RUNNING.value, _to_json(supervisor), clock.now(), run_id),
        )

    def put_back(self, run_id: str) -> None:
        """Let a run wait again, where it was: its supervisor could not be started."""
        self._update(
            "update entry set state = ?, starter = null, supervisor = null, changed_at = ? where run_id = ?",
            (EntryState.WAITING.value, clock.now(), run_id),
        )

    def remove(self, run_id: str) -> None:
        """Free the place of a run."""
        self._update("delete from entry where run_id = ?", (run_id,))

    def _update(self, statement: str, values: tuple[object, ...]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            self._check(connection)
            connection.execute(statement, values)

        targets_database.write(work)

    def _check(self, connection: sqlite3.Connection) -> tuple[int, float | None]:
        row = connection.execute(
            "select keeper, max_concurrent_runs, keeper_seen_at from target where name = ?", (self._target,)
        ).fetchone()
        if row is None or row[0] is None or not self._is_me(row[0]):
            raise KeeperReplaced(self._target)
        return row[1], row[2]

    def _is_me(self, text: str) -> bool:
        process = _to_process(text)
        # not compared by its start time, which may be another by some ticks when another process asks for it: of two processes
        # with one number in one namespace only one can be this
        return (process.namespace, process.pid) == (self._me.namespace, self._me.pid)


def _to_entry(row: tuple[str, str, str, str, float, float, str | None, str | None]) -> QueueEntry:
    return QueueEntry(
        run_id=row[0],
        store_location=row[1],
        target=row[2],
        state=EntryState(row[3]),
        submitted_at=row[4],
        changed_at=row[5],
        starter=None if row[6] is None else _to_process(row[6]),
        supervisor=None if row[7] is None else _to_process(row[7]),
    )


def _to_json(process: WriterProcess) -> str:
    return json.dumps(asdict(process))


def _to_process(text: str) -> WriterProcess:
    return WriterProcess(**json.loads(text))
