"""The baseline: the obvious layout on bare `sqlite3`, a row for each point, clustered by metric."""

from __future__ import annotations

import sqlite3
import time
import uuid
from array import array
from collections.abc import Iterable
from pathlib import Path

INSERT = "insert into point values (?, ?, ?, ?, ?)"


class BareStore:
    """A table of points on SQLite with the same durability as ours: write-ahead log, synchronised at checkpoints."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None, timeout=120)
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = normal")
        self.db.execute(
            "create table if not exists point (metric integer, seq integer, step integer, at real, value real, "
            "primary key (metric, seq)) without rowid"
        )

    def close(self) -> None:
        """Close the file, which writes the log back into it."""
        self.db.close()

    def log(self, metric: int, seq: int, value: float) -> None:
        """Insert one committed row."""
        self.db.execute(INSERT, (metric, seq, seq, time.time(), value))

    def log_many(self, rows: Iterable[tuple[int, int, int, float, float]]) -> None:
        """Insert many rows in one transaction."""
        self.db.execute("begin immediate")
        self.db.executemany(INSERT, rows)
        self.db.execute("commit")

    def rows(self, metric: int) -> list[tuple[int, float, float]]:
        """Read a metric's points as rows."""
        return self.db.execute("select step, at, value from point where metric = ? order by seq", (metric,)).fetchall()

    def last_values(self, metrics: Iterable[int]) -> list[float]:
        """Read the last value of each metric, by the key."""
        return [
            self.db.execute("select value from point where metric = ? order by seq desc limit 1", (metric,)).fetchone()[
                0
            ]
            for metric in metrics
        ]

    def every_thousandth(self, metric: int, count: int) -> list[tuple[int, float]]:
        """Read every 1,000th row, each by its key."""
        return [
            self.db.execute("select step, value from point where metric = ? and seq = ?", (metric, seq)).fetchone()
            for seq in range(0, count, 1_000)
        ]


class BareLog:
    """Points in the order of arrival, for "what is new": a range of rowids."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("create table log (seq integer primary key, metric integer, step integer, at real, value real)")

    def log_many(self, values: Iterable[float]) -> None:
        """Append rows in one transaction."""
        at = time.time()
        self.db.execute("begin immediate")
        self.db.executemany(
            "insert into log (metric, step, at, value) values (0, ?, ?, ?)", ((i, at, v) for i, v in enumerate(values))
        )
        self.db.execute("commit")

    def since(self, seq: int) -> array[float]:
        """Read the values behind a rowid, as the reader of a chart needs them: steps, times and values."""
        rows = self.db.execute("select metric, step, at, value from log where seq > ? order by seq", (seq,)).fetchall()
        return array("d", [row[3] for row in rows])


class BareRuns:
    """Runs and the latest value of their metrics, as a tracker on bare SQLite would keep them: the same facts of a run, no objects made."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = normal")
        self.db.execute(
            "create table run (id integer primary key, run_id text, number integer, experiment text, status text, created real, "
            "name text, description text, type text, parent text, root text, target text, started real, ended real, seen real, "
            "error text, tags text, properties text, writer text)"
        )
        self.db.execute(
            "create table latest (run integer, name text, count integer, first real, value real, low real, high real, "
            "nonfinite integer, step integer, at real, primary key (run, name)) without rowid"
        )
        self.db.execute("create index by_value on latest (name, value)")

    def fill(self, count: int, names: list[str]) -> None:
        """Make runs with a latest value for each name."""
        self.db.execute("begin immediate")
        for i in range(count):
            at, run_id = time.time(), str(uuid.uuid4())
            facts = (
                i,
                run_id,
                i,
                "bench",
                "Completed",
                at,
                None,
                None,
                None,
                None,
                run_id,
                "local",
                at,
                at,
                at,
                None,
                "{}",
                "{}",
                None,
            )
            self.db.execute(f"insert into run values ({','.join('?' * len(facts))})", facts)
            value = (i * 7919 % count) / count + 2
            self.db.executemany(
                "insert into latest values (?, ?, 3, ?, ?, ?, ?, 0, 2, ?)",
                ((i, name, value - 2, value, value - 2, value, at) for name in names),
            )
        self.db.execute("commit")

    def newest(self, count: int) -> list[tuple[object, ...]]:
        """Read the newest runs, and all their latest values."""
        runs = self.db.execute("select * from run order by id desc limit ?", (count,)).fetchall()
        marks = ",".join("?" * len(runs))
        return self.db.execute(f"select * from latest where run in ({marks})", [run[0] for run in runs]).fetchall()

    def top(self, name: str, count: int) -> list[tuple[object, ...]]:
        """Read the runs with the highest latest value of a metric."""
        return self.db.execute(
            "select r.*, l.value from (select run, value from latest where name = ? order by value desc limit ?) l "
            "join run r on r.id = l.run",
            (name, count),
        ).fetchall()
