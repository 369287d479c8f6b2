"""Opening the database file, one writing and one reading connection for each process, and the names of its faults."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

from aml_widgets.core.errors import (
    AmlWidgetsError,
    NotAStore,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    UserError,
    WorkspaceNotFound,
)
from aml_widgets.store.file_systems import find_mount
from aml_widgets.store.sqlite import schema

BUSY_SECONDS = 120.0  # how long one process waits for the others; each holds the lock for microseconds
CHECKPOINT_PAGES = 4_000
LOG_LIMIT_BYTES = 64 * 2**20

OLDEST_SQLITE = (3, 33, 0)
"""The first that knows its table of tables as `sqlite_schema`."""

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_abandoned: list[object] = []  # connections of the parent process: closing them here would disturb its locks


class _BusyCursor:
    """Stands in for the cursor of the hot path while a transaction is open, so that no point slips into one that may be undone."""

    def execute(self, *_: object) -> NoReturn:
        """Refuse, as SQLite does a row that does not fit: the caller then goes the way through `Database.write`."""
        raise sqlite3.IntegrityError("a transaction of this thread is open")


_BUSY = _BusyCursor()


class Database:
    """The database of one workspace, opened once for writing and once for reading in each process that uses it.

    Both connections are guarded by a lock, so any thread may use them; readers never wait for writers. A fork waits for both locks,
    so that no thread is inside SQLite then, and the child opens its own.

    Transactions are functions that are given to `read` and `write`, not ``with`` blocks: between the body of a block and its end an
    interrupt could come, and leave a transaction open that everybody else waits for.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._name = path.parent.name or "workspace"
        self.write_lock = threading.RLock()
        self.read_lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._is_shared_disk = False
        self._cursor: sqlite3.Cursor | None = None
        self._file_id: tuple[int, int] | None = None  # device and inode of the file that was opened
        self._write_count = 0
        self.cursor: sqlite3.Cursor | _BusyCursor | None = None  # for the hot path; None until there is a connection
        self.generation = 0  # grows when what was cached of the file may be old
        _databases.add(self)
        with self.faults():
            is_missing = not create and not path.exists()
        if is_missing:
            raise WorkspaceNotFound(
                f"There is no workspace at {path.parent} (no file {path.name}). "
                "Check the path, or create one with Workspace.open(folder).",
                value=str(path.parent),
            )
        with self.faults():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            self.writer()

    def writer(self) -> sqlite3.Connection:
        """Give the writing connection; hold `write_lock` while using it."""
        if self._writer is None:
            self._writer = self._connect()
            self.cursor = self._cursor = self._writer.cursor()
        return self._writer

    def reader(self) -> sqlite3.Connection:
        """Give the reading connection; hold `read_lock` while using it."""
        if self._reader is None:
            self._reader = self._connect()
        return self._reader

    def write(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do work in one transaction that writes; all of it is kept, or nothing.

        A signal handler or finalizer may write in the midst of another transaction of its thread. It is not to wait for that, and
        what it wrote must stay whatever becomes of the other: so what the other has done is undone, and its work is called again.
        """
        with self.faults(), self.write_lock:
            connection = self.writer()
            self._check_file()
            is_amid = connection.in_transaction
            if is_amid:
                connection.execute("rollback")
                self.generation += 1
            try:
                return self._write(connection, work)
            finally:
                if is_amid:  # what the other still does before it notices is undone as well
                    self.cursor = _BUSY
                    connection.execute("begin")

    def _write(self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        while True:
            self._write_count += 1
            number = self._write_count
            self.cursor = _BUSY
            try:
                connection.execute("begin immediate")
                result = work(connection)
                if not self._is_disturbed(number):
                    connection.execute("commit")
                    return result
            except (sqlite3.Error, AmlWidgetsError, TypeError):  # TypeError: a row that was there is gone
                if not self._is_disturbed(number):
                    raise
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")
                self.cursor = self._cursor
            self.generation += 1  # what the work has learnt was undone

    def _is_disturbed(self, number: int) -> bool:
        """Say whether another transaction was begun since the one of that number: by this thread, which holds the lock."""
        return number != self._write_count

    def read(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Do work on one moment of the database; what others write meanwhile is not seen."""
        with self.faults(), self.read_lock:
            connection = self.reader()
            self._check_file()
            is_amid = connection.in_transaction
            if is_amid:  # a signal handler or finalizer in the midst of other work: it shares the moment
                return work(connection)
            try:
                connection.execute("begin")
                return work(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("commit")

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.Error as error:
            raise store_error(error, self.path) from error
        except UnicodeEncodeError as error:
            raise UserError(
                f"{error.object!a} holds half of a surrogate pair, which is no Unicode character. Leave it out.",
                value=error.object,
            ) from error
        except OSError as error:
            is_foreign = error.errno is None  # not the system's: a signal handler's TimeoutError, say
            if is_foreign or isinstance(error, StoreError):
                raise
            raise _folder_error(error, self.path) from error

    def close(self) -> None:
        """Close both connections; the next use opens them again."""
        with self.write_lock, self.read_lock:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = self.cursor = self._cursor = None
            self.generation += 1

    def delete(self, check: Callable[[], None]) -> None:
        """Leave nothing in the file that could be written to, unless a check refuses that, and close it. The files stay.

        Other processes may have the file open, and go on having it open when it is gone. So its tables go first, in one transaction
        with the check: they write before that, and are seen, or are told that the workspace was deleted.

        Parameters
        ----------
        check : callable
            Called while nobody else can write; what it raises is raised, and nothing is changed.
        """

        def work(connection: sqlite3.Connection) -> None:
            check()
            schema.drop(connection)

        with self.write_lock, self.read_lock:
            self.write(work)
            with (
                self.faults()
            ):  # the mark must be in the file itself: without its log, the file would be as it was before
                is_busy, *_ = self.writer().execute("pragma wal_checkpoint(truncate)").fetchone()
            self.close()
        if is_busy:
            raise StoreUnavailable(
                f"The workspace of {self.path} holds nothing any more, but another program reads it all the time, so its files could "
                f"not be removed. Close that program, and delete the folder {str(self.path.parent)!r}.",
                value=str(self.path),
            )

    def _check_file(self) -> None:
        """See that the file is still there: SQLite would write to a deleted one, whose bytes are lost, without a word."""
        if self._is_shared_disk:  # where files have no lasting number
            return
        try:
            status = self.path.stat()
        except FileNotFoundError:
            pass
        else:
            if (status.st_dev, status.st_ino) == self._file_id:
                return
        if not self._is_moved():
            raise self._gone()

    def _is_moved(self) -> bool:
        """Say whether the file that is open has another name now; then it is as good as before."""
        try:
            open_files = list(Path("/dev/fd").iterdir())
        except OSError:  # Windows, where an open file cannot be deleted in the first place
            return False
        for file in open_files:
            try:
                status = file.stat()
            except OSError:  # closed meanwhile
                continue
            if (status.st_dev, status.st_ino) == self._file_id:
                return status.st_nlink > 0
        return False

    def _gone(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"{self.path} is not the file any more that was opened: it was deleted, moved or replaced. "
            "Put it back, or open the workspace again.",
            value=str(self.path),
        )

    def _connect(self) -> sqlite3.Connection:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StoreUnavailable(
                f"Python's sqlite3 module brings SQLite {sqlite3.sqlite_version}, and the store needs "
                f"{'.'.join(map(str, OLDEST_SQLITE))} or newer. Use a newer Python, or a newer libsqlite3.",
                value=sqlite3.sqlite_version,
            )
        if self._file_id is not None and not self.path.exists():
            raise self._gone()  # SQLite would make a new one, without the runs
        # isolation_level None: transactions begin and end where this package says so
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        try:
            version = schema.read_version(connection, str(self.path))
            if version == 0:
                connection.execute(f"pragma page_size = {schema.PAGE_BYTES}")
            self._choose_journal(connection, is_new=version == 0)
            if version < schema.VERSION:
                schema.migrate(connection, str(self.path), self._name)
            if self._writer is None and self._reader is None:
                status = self.path.stat()
                self._file_id = (status.st_dev, status.st_ino)
        except BaseException:
            connection.close()
            raise
        return connection

    def _choose_journal(self, connection: sqlite3.Connection, *, is_new: bool) -> None:
        if self._writer is None and self._reader is None:
            self._is_shared_disk = is_network_file_system(self.path.parent)
            if self._is_shared_disk:
                _log.warning(
                    "%s is on a network file system, where SQLite's write-ahead log is not safe between hosts: using a rollback "
                    "journal, which makes each logged value slower. Keep the workspace on a local disk if you can.",
                    self.path.parent,
                )
        if self._is_shared_disk:
            connection.execute("pragma journal_mode = truncate")
            return
        (mode,) = connection.execute("pragma journal_mode").fetchone()
        if is_new or mode != "wal":
            connection.execute("pragma journal_mode = wal")
        # A commit in the write-ahead log survives the end of the process without an fsync; the disk is synchronised at checkpoints.
        connection.execute("pragma synchronous = normal")
        connection.execute(f"pragma wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"pragma journal_size_limit = {LOG_LIMIT_BYTES}")

    def _forget_parent(self) -> None:
        """After a fork, in the child: leave the parent's connections alone and start anew."""
        _abandoned.extend((self._cursor, self._writer, self._reader))
        self._writer = self._reader = self.cursor = self._cursor = None
        self.write_lock = threading.RLock()
        self.read_lock = threading.RLock()
        self.generation += 1


_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_held: list[threading.RLock] = []  # locks that a fork in progress holds


def _hold_locks() -> None:
    """Before a fork: wait until no thread is inside SQLite, whose own locks nobody in the child would release."""
    for database in list(_databases):
        for lock in (database.write_lock, database.read_lock):
            lock.acquire()
            _held.append(lock)


def _release_locks() -> None:
    while _held:
        _held.pop().release()


def _forget_parents() -> None:
    _held.clear()
    for database in list(_databases):
        database._forget_parent()  # noqa: SLF001 - the hook belongs to the class


if hasattr(os, "register_at_fork"):  # absent on Windows, which cannot fork
    os.register_at_fork(before=_hold_locks, after_in_parent=_release_locks, after_in_child=_forget_parents)


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Say in our words what SQLite could not do."""
    text = str(error)
    name = getattr(error, "sqlite_errorname", "") or ""  # absent in Python 3.10
    if "not a database" in text:
        return NotAStore(
            f"{path} is not an SQLite database, so it cannot be a workspace. Choose another folder, or restore the file.",
            value=str(path),
        )
    if name.startswith("SQLITE_CORRUPT") or "malformed" in text:
        return StoreCorrupt(
            f"{path} is damaged ({text}). Restore it from a copy, or save what can be read with "
            f"`sqlite3 {path.name} .recover`.",
            value=str(path),
        )
    if "no such table" in text:  # see `Database.delete`
        return StoreUnavailable(
            f"The workspace of {path} was deleted while it was open here ({text}), so nothing can be stored in it or read. "
            "Open another one, or make a new one with Workspace.open(folder).",
            value=str(path),
        )
    if name.startswith("SQLITE_FULL") or "is full" in text:
        return StoreFull(
            f"No room left to write {path} ({text}). Free some space; what was stored is kept.", value=str(path)
        )
    if name.startswith("SQLITE_READONLY") or "readonly" in text or "read-only" in text:
        return StoreReadOnly(
            f"{path} cannot be written ({text}). Allow writing to the folder and its files, or choose another.",
            value=str(path),
        )
    if "unable to open" in text and path.parent.exists() and not os.access(path.parent, os.W_OK):
        return StoreReadOnly(
            f"{path.parent} cannot be written, and a workspace needs to. Allow writing to it, or choose another folder.",
            value=str(path.parent),
        )
    return StoreUnavailable(f"The run store {path} did not answer: {text}.", value=str(path))


def _folder_error(error: OSError, path: Path) -> StoreError:
    if isinstance(error, PermissionError):
        return StoreReadOnly(
            f"{path.parent} cannot be written ({error.strerror}). Allow writing to it, or choose another folder.",
            value=str(path.parent),
        )
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return NotAStore(
            f"{path.parent} is not a folder, and a workspace is one. Give the folder that shall hold the workspace.",
            value=str(path.parent),
        )
    return StoreUnavailable(
        f"The run store {path} cannot be opened: {error}. Choose a folder on another disk, or see to this one.",
        value=str(path),
    )


def is_network_file_system(folder: Path) -> bool:
    """Say whether a folder is known to lie on a file system shared between hosts (Linux only; elsewhere False)."""
    mount = find_mount(folder)
    return mount is not None and mount.is_network
