"""A real MLflow tracking server for tests: a database, and files in a folder of its own, on a loopback port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import requests

START_SECONDS = 600.0

_KEPT_TABLES = ("alembic_version", "workspaces")
"""Tables without which the server does not work; the experiment that every server has is kept, too."""

_NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Without it, a server starts a dozen processes for work that no test asks for."""


class TrackingServer:
    """A server that can be emptied, stopped and started again.

    Parameters
    ----------
    folder : Path
        Where it keeps everything, or all but the database.
    database_uri : str, optional
        A database elsewhere; without it, one of SQLite in the folder. Only that one can be emptied.
    workers : int, optional
        How many processes answer.
    """

    def __init__(self, folder: Path, database_uri: str | None = None, workers: int = 1) -> None:
        self._folder = folder
        self._database = folder / "mlflow.db"
        self._database_uri = database_uri or f"sqlite:///{self._database}"
        self._workers = workers
        self._artifacts = folder / "artifacts"
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self._port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """The tracking URI."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "mlflow", "server"),
                    *("--backend-store-uri", self._database_uri),
                    *("--artifacts-destination", str(self._artifacts)),
                    *("--host", "127.0.0.1", "--port", str(self._port), "--workers", str(self._workers)),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_TRACKING_URI": "", **_NO_JOBS},
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "server.log").read_text()
            assert time.monotonic() < deadline, (self._folder / "server.log").read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it, with the processes that it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def empty(self) -> None:
        """Delete all that was kept on it, as if it had just been installed."""
        with closing(sqlite3.connect(self._database, timeout=30)) as connection, connection:
            connection.execute("pragma foreign_keys = off")
            rows = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
            for (table,) in rows:
                if table == "experiments":
                    connection.execute("delete from experiments where experiment_id <> 0")
                elif table not in _KEPT_TABLES and not table.startswith("sqlite_"):
                    connection.execute(f'delete from "{table}"')
        for path in self._artifacts.iterdir():
            shutil.rmtree(path)

    def find_files(self, pattern: str) -> list[Path]:
        """Find files of runs, by a pattern below any experiment."""
        return sorted(self._artifacts.glob(f"*/{pattern}"))

    def insert_history(self, run_id: str, key: str, steps: range, *, start_ms: int = 1_000) -> None:
        """Put a long history into the database, as if it had been logged: half the step at each step, a millisecond apart."""
        rows = [(key, step / 2, start_ms + step, run_id, step, False) for step in steps]
        last = rows[-1]
        with closing(sqlite3.connect(self._database, timeout=30)) as connection, connection:
            connection.executemany(
                "insert into metrics (key, value, timestamp, run_uuid, step, is_nan) values (?, ?, ?, ?, ?, ?)", rows
            )
            connection.execute(
                "insert or replace into latest_metrics (key, value, timestamp, run_uuid, step, is_nan) "
                "values (?, ?, ?, ?, ?, ?)",
                last,
            )

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.uri}/health", timeout=5).status_code == requests.codes.ok
        except requests.ConnectionError:
            return False


@contextmanager
def running_server(folder: Path, database_uri: str | None = None, workers: int = 1) -> Iterator[TrackingServer]:
    """Have a server as long as it is needed."""
    server = TrackingServer(folder, database_uri, workers)
    server.start()
    try:
        yield server
    finally:
        server.stop()
