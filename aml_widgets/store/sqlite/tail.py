"""The tail: one short row for each call of `log`, committed before the call returns, until a thousand are sealed into blocks.

A row's key is the run's number and the call's seq. A writer knows the last key of its run and inserts the next one, on condition that the
last one is still there. So one statement notices both that another process wrote (the key is taken) and that the tail was sealed (the last
row is gone); only then does the writer look again, under the lock.
"""

from __future__ import annotations

import sqlite3
import struct
from array import array
from collections.abc import Mapping, Sequence
from itertools import repeat

from aml_widgets.core import clock
from aml_widgets.core.errors import InvalidMetric, RunIsTerminal, RunNotFound
from aml_widgets.core.records import MetricKind, MetricValue, NewPoint
from aml_widgets.store.repeats import Candidates
from aml_widgets.store.sqlite.blocks import BLOCK_POINTS, Column, Number, append_column, numbers_of
from aml_widgets.store.sqlite.repeats import Repeats
from aml_widgets.store.sqlite.tail_rows import (
    MAX_SEQ,
    MAX_SHAPES,
    NO_NUMBER,
    SEQ_BITS,
    Shape,
    ShapeReader,
    TailRow,
    check_step,
    columns_of,
    encode_plain,
    make_shape,
    read_rows,
    type_of,
)

INSERT = "insert into tail values (? + 1, ?, (select ? from tail where key = ?), ?, ?)"
"""Append behind a row that must be there: without it the time is NULL, which the table refuses. The key is given twice: numbered
placeholders take no sequence from Python 3.14 on."""

_INSERT_AT = "insert into tail values (?, ?, ?, ?, ?)"


class TailWriter:
    """What a process knows of the tail it appends to: the last key, each metric's next step, the ids of names and shapes.

    The hot fields are public to the store, whose `log_metric` uses them without a call in between. Everything else happens under the
    write lock, inside a transaction.
    """

    __slots__ = (
        "generation",
        "key",
        "next_steps",
        "repeats",
        "rows",
        "run",
        "run_id",
        "scalars",
        "sealed_seq",
        "series",
        "shape_ids",
        "shapes",
        "wide",
    )

    def __init__(self, run_id: str, generation: int) -> None:
        self.run_id = run_id
        self.generation = generation
        self.run = 0  # the run's row id; 0: nothing is loaded yet
        self.key = 0  # of the last row of the run that is known
        self.rows = 0  # how many the tail has, as far as known
        self.sealed_seq = 0  # all up to this one was in blocks when it was looked up last
        self.repeats = Repeats()
        self.next_steps: dict[int, int] = {}
        self.scalars: dict[str, int] = {}  # name → series, for metrics of the kind scalar
        self.series: dict[tuple[str, str], tuple[int, str]] = {}  # name, column → series, kind
        self.shape_ids: dict[tuple[tuple[int, ...], str], int] = {}
        self.shapes: dict[int, Shape] = {}
        # names and Python types of the numbers in one call → series, what, how to pack them
        self.wide: dict[
            tuple[tuple[str, ...], tuple[type, ...]], tuple[tuple[int, ...], int, struct.Struct, struct.Struct]
        ] = {}

    def catch_up(self, connection: sqlite3.Connection, shapes: ShapeReader, *, even_if_ended: bool = False) -> bool:
        """Learn what other processes did to this run, and say whether it has ended. Raises RunNotFound, RunIsTerminal."""
        row = connection.execute(
            "select id, sealed_seq, is_terminal, status from run where run_id = ?", (self.run_id,)
        ).fetchone()
        if row is None:
            raise RunNotFound(f"There is no run {self.run_id!r} in this workspace. Check the id.", value=self.run_id)
        run, sealed_seq, is_terminal, status = row
        if is_terminal and not even_if_ended:
            raise RunIsTerminal(
                f"Run {self.run_id} has ended as {status} and takes no more points. Start a new run, or a child of this one.",
                value=self.run_id,
            )
        if self.run != run or sealed_seq > (self.key & MAX_SEQ):
            self._load(connection, run, sealed_seq)
        rows = read_rows(connection, run, self.key & MAX_SEQ)
        self.sealed_seq = sealed_seq
        if sealed_seq == (self.key & MAX_SEQ):
            self.rows = 0
        self._learn(connection, rows, shapes)
        return bool(is_terminal)

    def _load(self, connection: sqlite3.Connection, run: int, sealed_seq: int) -> None:
        self.series.clear()
        self.scalars.clear()
        self.wide.clear()
        self.next_steps.clear()
        for series, name, column, kind, last_seq, last_step, plain_seq, plain_step in connection.execute(
            "select id, name, column, kind, last_seq, last_step, plain_last_seq, plain_last_step from series where run = ?",
            (run,),
        ):
            self._know(series, name, column, kind)
            step = plain_step if (plain_seq or 0) > (last_seq or 0) else last_step
            self.next_steps[series] = 0 if step is None else step + 1
        # Last: whoever is interrupted before has a key behind which nothing can be inserted, and loads again.
        self.rows = 0
        self.run = run
        self.key = (run << SEQ_BITS) | sealed_seq

    def _know(self, series: int, name: str, column: str, kind: str) -> None:
        self.series[name, column] = (series, kind)
        if kind == MetricKind.SCALAR.value:
            self.scalars[name] = series
        self.next_steps.setdefault(series, 0)

    def _learn(self, connection: sqlite3.Connection, rows: Sequence[TailRow], shapes: ShapeReader) -> None:
        for _, step, _, what, value in rows:
            if what > 0:
                self.next_steps[what] = (step or 0) + 1
                continue
            shape = shapes.get(connection, -what)
            if step is None:
                own = shape.own.unpack(value)[-len(shape.series) :]  # type: ignore[arg-type]  # packed rows hold bytes
                self.next_steps.update((series, last + 1) for series, last in zip(shape.series, own, strict=True))
            else:
                self.next_steps.update(zip(shape.series, repeat(step + 1)))
        if rows:
            self.key = rows[-1][0]
            self.rows += len(rows)

    def open_series(
        self, connection: sqlite3.Connection, name: str, column: str, kind: MetricKind, description: str = ""
    ) -> int:
        """Give the id of a series, making it known to the file if it is new. Raises InvalidMetric for another kind."""
        known = self.series.get((name, column))
        if known is None:
            known = self._find_series(connection, name, column)
        if known is None:
            other = connection.execute(
                "select kind from series where run = ? and name = ? limit 1", (self.run, name)
            ).fetchone()
            self._check_kind(name, kind, other[0] if other else kind.value)
            series = connection.execute(
                "insert into series (run, name, column, kind, description) values (?, ?, ?, ?, ?)",
                (self.run, name, column, kind.value, description),
            ).lastrowid
            assert series is not None
            self._know(series, name, column, kind.value)
            return series
        series, known_kind = known
        self._check_kind(name, kind, known_kind)
        if description:
            connection.execute("update series set description = ? where id = ?", (description, series))
        return series

    def _find_series(self, connection: sqlite3.Connection, name: str, column: str) -> tuple[int, str] | None:
        row = connection.execute(
            "select id, kind from series where run = ? and name = ? and column = ?", (self.run, name, column)
        ).fetchone()
        if row is not None:
            self._know(row[0], name, column, row[1])
        return row  # type: ignore[no-any-return]  # sqlite3 types rows as Any

    def _check_kind(self, name: str, kind: MetricKind, known: str) -> None:
        if kind.value != known:
            raise InvalidMetric(
                f"Metric {name!r} of run {self.run_id} holds points of kind {known!r} and cannot take {kind.value!r}. "
                "Log these under another name.",
                value=name,
            )

    def pick_new(
        self, connection: sqlite3.Connection, points: Sequence[NewPoint], shapes: ShapeReader
    ) -> list[NewPoint]:
        """Give those of some points that the run has not yet (`RepeatSkippingStore`)."""
        candidates = Candidates(points)
        wanted, names = {}, {}
        for name, identities in candidates.by_name.items():
            if (name, "") not in self.series:
                self._find_series(connection, name, "")
            series = self.scalars.get(name)
            if series is not None:
                wanted[series], names[series] = identities, name
        for series, there in self.repeats.find(connection, self.run, self.sealed_seq, wanted, shapes).items():
            candidates.drop(names[series], there)
        return candidates.rest()

    def open_shape(self, connection: sqlite3.Connection, series: tuple[int, ...], types: str) -> int:
        """Give the id of a shape of this run, making it known to the file if it is new."""
        shape_id = self.shape_ids.get((series, types))
        if shape_id is None:
            if len(self.shape_ids) >= MAX_SHAPES:  # a run whose names come and go must not fill the memory
                self.shape_ids.clear()
                self.shapes.clear()
                self.wide.clear()
            key = (self.run, array("q", series).tobytes(), types)
            connection.execute("insert or ignore into shape (run, series, types) values (?, ?, ?)", key)
            (shape_id,) = connection.execute(
                "select id from shape where run = ? and series = ? and types = ?", key
            ).fetchone()
            self.shape_ids[series, types] = shape_id
            self.shapes[shape_id] = make_shape(series, types)
        return shape_id

    def append(
        self,
        connection: sqlite3.Connection,
        series: tuple[int, ...],
        values: Sequence[MetricValue],
        step: int | None,
        logged_at: float,
    ) -> None:
        """Append one row with a value for each series. Without `step` each series counts on by itself."""
        seq = (self.key & MAX_SEQ) + 1
        steps = [self.next_steps[one] for one in series] if step is None else [step] * len(series)
        check_step(max(steps))
        types = "".join(map(type_of, values))
        if len(series) == 1:
            what = series[0]
            packed: MetricValue | bytes = values[0] if types != "p" else NO_NUMBER
            common: int | None = steps[0]
        else:
            shape_id = self.open_shape(connection, series, types)
            shape, what = self.shapes[shape_id], -shape_id
            numbers = [value for value, kind in zip(values, types, strict=True) if kind != "p"]
            common = steps[0] if steps.count(steps[0]) == len(steps) else None
            packed = shape.common.pack(*numbers) if common is not None else shape.own.pack(*numbers, *steps)
        connection.execute(_INSERT_AT, (self.key + 1, common, logged_at, what, packed))
        for one, value, kind, at in zip(series, values, types, steps, strict=True):
            if kind == "p":
                write_plain(connection, one, [(seq, at, logged_at, value)])
            self.next_steps[one] = at + 1
        self.key += 1
        self.rows += 1

    def remember_wide(self, values: Mapping[str, MetricValue], series: tuple[int, ...]) -> None:
        """Keep ready what the next call with several numbers of the same names and types needs."""
        shape_id = self.shape_ids.get((series, "".join(map(type_of, values.values()))))
        if shape_id is not None:
            shape = self.shapes[shape_id]
            if "p" not in shape.types:
                names_and_types = (tuple(values), tuple(map(type, values.values())))
                self.wide[names_and_types] = (series, -shape_id, shape.common, shape.own)

    def append_columns(
        self,
        connection: sqlite3.Connection,
        columns: Mapping[int, Sequence[MetricValue]],
        count: int,
        logged_at: float,
        shapes: ShapeReader,
    ) -> None:
        """Append many rows at once: few as rows of the tail, many straight into blocks."""
        if count + self.rows < BLOCK_POINTS:
            series = tuple(columns)
            for values in zip(*columns.values(), strict=True):
                self.append(connection, series, values, None, logged_at)
            return
        self.seal(connection, shapes)
        first_seq = (self.key & MAX_SEQ) + 1
        seqs = range(first_seq, first_seq + count)
        for one, column in columns.items():
            first_step = self.next_steps[one]
            check_step(first_step + count - 1)
            steps = range(first_step, first_step + count)
            write_column(connection, one, seqs, steps, logged_at, column)
            self.next_steps[one] = first_step + count
        self.key += count
        self._mark_sealed(connection)

    def append_nothing(self, connection: sqlite3.Connection, series: tuple[int, ...], logged_at: float) -> None:
        """Append a row without a point, from which a reader with a cursor learns that the series are there."""
        steps = [self.next_steps[one] - 1 for one in series]  # whoever reads the row counts on from the next
        if len(series) == 1:
            row: TailRow = (self.key + 1, steps[0], logged_at, series[0], NO_NUMBER)
        else:
            shape_id = self.open_shape(connection, series, "p" * len(series))
            row = (self.key + 1, None, logged_at, -shape_id, self.shapes[shape_id].own.pack(*steps))
        connection.execute(_INSERT_AT, row)
        self.key += 1
        self.rows += 1

    def seal(self, connection: sqlite3.Connection, shapes: ShapeReader) -> None:
        """Move the whole tail into blocks. The key stays: sequence numbers are never used twice."""
        seal(connection, self.run, shapes)
        self._mark_sealed(connection)

    def _mark_sealed(self, connection: sqlite3.Connection) -> None:
        connection.execute("update run set sealed_seq = ? where id = ?", (self.key & MAX_SEQ, self.run))
        self.rows = 0


def seal(connection: sqlite3.Connection, run: int, shapes: ShapeReader) -> None:
    """Move the whole tail of a run into blocks, inside the caller's transaction."""
    rows = read_rows(connection, run)
    if not rows:
        return
    last_key = rows[-1][0]
    # First the rows go: the blocks need less room than they, and find it on a disk that is full.
    connection.execute("delete from tail where key > ? and key <= ?", (run << SEQ_BITS, last_key))
    for series, column in columns_of(connection, rows, shapes).items():
        append_column(connection, series, column)
    seen_at = min(rows[-1][2], clock.now())  # a time given by hand may lie in the future, or long ago
    connection.execute(
        "update run set sealed_seq = ?, last_seen_at = max(ifnull(last_seen_at, 0), ?) where id = ?",
        (last_key & MAX_SEQ, seen_at, run),
    )


def write_plain(
    connection: sqlite3.Connection, series: int, points: Sequence[tuple[int, int, float, MetricValue]]
) -> None:
    """Keep points that are no machine numbers: seq, step, time and value of each, in order."""
    connection.executemany(
        "insert into plain values (?, ?, ?, ?, ?)",
        ((series, seq, step, logged_at, encode_plain(value)) for seq, step, logged_at, value in points),
    )
    connection.execute(
        "update series set plain_count = plain_count + ?, plain_first_seq = ifnull(plain_first_seq, ?), plain_last_seq = ?, "
        "plain_last_step = ? where id = ?",
        (len(points), points[0][0], points[-1][0], points[-1][1], series),
    )


def write_column(
    connection: sqlite3.Connection,
    series: int,
    seqs: range,
    steps: range,
    logged_at: float,
    values: Sequence[MetricValue],
) -> None:
    """Seal a long column that was logged in one call."""
    if not isinstance(values, array) and not set(map(type, values)) <= {float}:
        types = [type_of(value) for value in values]
        if "p" in types:
            plain = [i for i, kind in enumerate(types) if kind == "p"]
            write_plain(connection, series, [(seqs[i], steps[i], logged_at, values[i]) for i in plain])
            machine = [i for i, kind in enumerate(types) if kind != "p"]
            if machine:
                column = Column(
                    array("q", [seqs[i] for i in machine]),
                    array("q", [steps[i] for i in machine]),
                    array("d", [logged_at]) * len(machine),
                    numbers_of([values[i] for i in machine]),  # type: ignore[misc]  # `types` has sorted out what is no number
                )
                append_column(connection, series, column)
            return
    numbers: Sequence[Number] = values  # type: ignore[assignment]  # see above
    append_column(connection, series, Column(seqs, steps, array("d", [logged_at]) * len(values), numbers_of(numbers)))
