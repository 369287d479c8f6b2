"""The database of a workspace, read without a write: not even the files that SQLite puts beside it are made."""

from __future__ import annotations

import os
import shlex
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.core.errors import StoreCorrupt, StoreError, StoreIsNewer
from aml_widgets.core.status import RunStatus
from aml_widgets.core.text import count_text, size_text
from aml_widgets.store.sqlite import runs, schema
from aml_widgets.store.sqlite.connection import store_error
from aml_widgets.store.sqlite.store import DATABASE_NAME

AREA = "workspace"

_STEPS_BETWEEN_LOOKS = 10_000
_MAX_ERRORS = 5


def check(folder: Path, program: str, *, seconds: float) -> Iterator[Finding]:
    """Look at the database of the workspace in a folder that has one.

    Parameters
    ----------
    folder : Path
        The workspace's.
    program : str
        How a user calls this program for this workspace.
    seconds : float
        How long the check of its content may take, and that of the size of its files.
    """
    path = folder / DATABASE_NAME
    try:
        yield from _check_database(path, program, seconds)
    except sqlite3.Error as error:
        yield _tell_error(store_error(error, path), path)
    except StoreError as error:
        yield _tell_error(error, path)
    yield _check_size(folder, path, seconds)
    unwritable = next((one for one in (folder, path) if not os.access(one, os.W_OK)), None)
    if unwritable is not None:
        yield Finding(
            area=AREA,
            check="writable",
            level=Level.PROBLEM,
            text=f"{unwritable} may not be written by this user: nothing can be logged",
            command=f'sudo chown -R "$(id -un)" {shlex.quote(str(folder))}',
        )


def _check_database(path: Path, program: str, seconds: float) -> Iterator[Finding]:
    for is_alone in (_is_alone(path), False):
        # A file that is opened as one that nobody changes looks damaged if somebody begins to; then it is looked at again.
        with closing(_connect(path, is_alone=is_alone)) as connection:
            try:
                version = schema.read_version(connection, str(path))
                is_whole, errors = _quick_check(connection, seconds)
            except sqlite3.DatabaseError:
                if is_alone and not _is_alone(path):
                    continue
                raise
            if errors and is_alone and not _is_alone(path):
                continue
            yield from _tell_state(
                path, program, connection, version, is_whole=is_whole, errors=errors, seconds=seconds
            )
            return


def _tell_state(
    path: Path,
    program: str,
    connection: sqlite3.Connection,
    version: int,
    *,
    is_whole: bool,
    errors: list[str],
    seconds: float,
) -> Iterator[Finding]:
    with open(path, "rb") as file:
        how = (
            "write-ahead log" if file.read(20)[18:] == b"\x02\x02" else "rollback journal"
        )  # as SQLite's header has it
    if errors:
        yield _tell_error(StoreCorrupt(f"{path} is damaged: {'; '.join(errors)}."), path)
    elif is_whole:
        yield Finding(area=AREA, check="database", level=Level.OK, text=f"whole, with a {how}")
    else:
        yield Finding(
            area=AREA,
            check="database",
            level=Level.INFO,
            text=f"no damage seen in {seconds:g} s; all of it was not looked at. With a {how}. Look longer",
            command=f"{program} --seconds 600",
        )
    if version < schema.VERSION:
        yield Finding(
            area=AREA,
            check="schema",
            level=Level.INFO,
            text=f"version {version}; it becomes {schema.VERSION} when the workspace is opened next, and older versions of aml_widgets "
            "cannot open it then",
        )
        return
    yield Finding(area=AREA, check="schema", level=Level.OK, text=f"version {version}")
    if not errors:
        yield _count_runs(connection, program)


def _count_runs(connection: sqlite3.Connection, program: str) -> Finding:
    (count,) = connection.execute("select count(*) from run where trashed_at is null").fetchone()
    (trashed,) = connection.execute("select count(*) from run where trashed_at is not null").fetchone()
    rows = connection.execute(f"{runs.RUN_COLUMNS}where r.is_terminal = 0 and r.trashed_at is null").fetchall()
    records = [runs.judged(connection, row)[0] for row in rows]
    lost = [record.run_id for record in records if record.status is RunStatus.NOT_RESPONDING]
    text = f"{count_text(count, 'run', 'runs')}, {len(records) - len(lost):,} of them not ended"
    if trashed:
        text += f"; {trashed:,} in the trash"
    if not lost:
        return Finding(area=AREA, check="runs", level=Level.OK, text=text)
    return Finding(
        area=AREA,
        check="runs",
        level=Level.WARNING,
        text=f"{text}; {len(lost):,} NotResponding, because their processes are gone ({', '.join(lost[:3])}"
        f"{' …' if len(lost) > 3 else ''}). Whoever looks at them next settles them",
        command=f"{program.rpartition(' doctor')[0]} runs --status NotResponding" if " doctor" in program else None,
    )


def _tell_error(error: StoreError, path: Path) -> Finding:
    command = None
    if isinstance(error, StoreIsNewer):
        command = shlex.join([sys.executable, "-m", "pip", "install", "-U", "aml-widgets"])
    elif isinstance(error, StoreCorrupt):
        saved = path.with_name("recovered.db")
        command = f"sqlite3 {shlex.quote(str(path))} .recover | sqlite3 {shlex.quote(str(saved))}"
    return Finding(area=AREA, check="database", level=Level.PROBLEM, text=error.message, command=command)


def _is_alone(path: Path) -> bool:
    """Whether nobody has the database open, and no write was interrupted: the file holds all there is."""
    if path.with_name(f"{path.name}-wal").exists():
        return False
    try:
        return path.with_name(f"{path.name}-journal").stat().st_size == 0
    except FileNotFoundError:
        return True


def _connect(path: Path, *, is_alone: bool) -> sqlite3.Connection:
    # Without "immutable", SQLite makes a -wal and a -shm file to read a database in WAL mode.
    options = "mode=ro&immutable=1" if is_alone else "mode=ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=5.0, isolation_level=None)


def _quick_check(connection: sqlite3.Connection, seconds: float) -> tuple[bool, list[str]]:
    """Look for damage; give whether all was looked at, and what was found."""
    connection.set_progress_handler(_after(seconds), _STEPS_BETWEEN_LOOKS)
    try:
        found = [str(row[0]) for row in connection.execute(f"pragma quick_check({_MAX_ERRORS})")]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return False, []
    finally:
        connection.set_progress_handler(None, 0)
    return True, [] if found == ["ok"] else found


def _after(seconds: float) -> Callable[[], int]:
    end = monotonic() + seconds
    return lambda: int(monotonic() > end)


def _check_size(folder: Path, path: Path, seconds: float) -> Finding:
    end = monotonic() + seconds
    database_bytes = sum(one.stat().st_size for one in folder.glob(f"{path.name}*") if one.is_file())
    size_bytes, count, is_whole = 0, 0, True
    waiting = [folder / name for name in ("runs", "models", "snapshots")]
    while waiting and is_whole:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    else:
                        size_bytes += entry.stat(follow_symlinks=False).st_size
                        count += 1
        except OSError:  # never made, or removed this moment
            continue
        is_whole = monotonic() < end
    files = f"{size_text(size_bytes)} in {count_text(count, 'file', 'files')} of runs, models and snapshots"
    return Finding(
        area=AREA,
        check="size",
        level=Level.OK,
        text=f"database {size_text(database_bytes)}; {'' if is_whole else 'at least '}{files}",
    )
