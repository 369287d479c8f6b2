"""The values logged last, of one run or of many: what a list of runs shows and is ordered by."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from aml_widgets.core.errors import RunNotFound
from aml_widgets.core.records import (
    LatestMetric,
    MetricAspect,
    MetricCondition,
    MetricKey,
    MetricKind,
    MetricOrder,
    MetricValue,
)
from aml_widgets.store.run_fitting import machine_number
from aml_widgets.store.sqlite.blocks import Number, higher, lower, measure
from aml_widgets.store.sqlite.tail_rows import MAX_SEQ, SEQ_BITS, ShapeReader, columns_of, decode_plain, read_rows

_RUNS_A_QUERY = 500
_NEWEST_RUNS = 200  # whose metrics are named
_COLUMNS = {MetricAspect.LAST: "last", MetricAspect.LOW: "low", MetricAspect.HIGH: "high"}
_NAN = float("nan")
_KINDS = {kind.value: kind for kind in MetricKind}

_SEALED = (
    "select run, id, name, column, kind, count, last, last_seq, last_step, last_at, plain_count, plain_last_seq "
    "from series where run in ({}) order by run, id"
)

_NUMBERS = "from tail where key > ? and key <= ? and (what < 0 or typeof(value) <> 'blob') "
_LAST_ROW = f"select what, key, step, logged_at, value {_NUMBERS} order by key desc limit 1"
_COUNTS = f"select count(*), total(what = ?) {_NUMBERS}"
# Of each kind of row how many there are, and the last: found by its key, since SQLite would sort whole rows to group them.
_ALL_LAST_ROWS = (
    "select what, number, key, step, logged_at, value "  # noqa: S608 - constants
    "from (select what as kind, count(*) as number, max(key) as last "
    f"{_NUMBERS} group by what) cross join tail on key = last"
)


class _End(NamedTuple):
    """How many numbers a series has in the tail, and the last of them."""

    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    seq: int
    step: int
    logged_at: float
    value: Number


_NO_END = _End(0, 0, 0, 0.0, 0.0)


def latest_metrics(
    connection: sqlite3.Connection, run_ids: Sequence[str], shapes: ShapeReader
) -> dict[str, list[LatestMetric]]:
    """Give the last values of many runs; only those that go on have a tail to look at."""
    found: dict[str, list[LatestMetric]] = {run_id: [] for run_id in run_ids}
    wanted = list(found)
    for start in range(0, len(wanted), _RUNS_A_QUERY):
        some = wanted[start : start + _RUNS_A_QUERY]
        rows = connection.execute(
            f"select id, run_id, is_terminal from run where run_id in ({_marks(some)})",  # noqa: S608 - question marks
            some,
        ).fetchall()
        if len(rows) < len(some):
            missing = next(run_id for run_id in some if run_id not in {row[1] for row in rows})
            raise RunNotFound(f"There is no run {missing!r} in this workspace. Check the id.", value=missing)
        lists = {run: found[run_id] for run, run_id, _ in rows}
        ends = {run: _tail_ends(connection, run, shapes) for run, _, is_terminal in rows if not is_terminal}
        for row in connection.execute(_SEALED.format(_marks(lists)), tuple(lists)):
            lists[row[0]].append(_latest(connection, row, ends.get(row[0], {})))
    return found


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


def _latest(connection: sqlite3.Connection, row: tuple[Any, ...], ends: dict[int, _End]) -> LatestMetric:
    _, series, name, column, kind, count, last, seq, step, at, plain_count, plain_seq = row
    if count and last is None:
        last = _NAN
    end = ends.get(series)
    if end is not None:
        count += end.count
        seq, step, at, last = end.seq, end.step, end.logged_at, end.value
    if plain_count:
        count += plain_count
        if seq is None or plain_seq > seq:
            step, at, last = _read_plain(connection, series, plain_seq)
    metric_kind = _KINDS[kind]
    key = MetricKey(name, column if metric_kind is MetricKind.ROW else None)
    return LatestMetric(key, metric_kind, count, last, step, at)


def _read_plain(connection: sqlite3.Connection, series: int, seq: int) -> tuple[int, float, MetricValue]:
    step, at, stored = connection.execute(
        "select step, logged_at, value from plain where series = ? and seq = ?", (series, seq)
    ).fetchone()
    return step, at, decode_plain(stored)


def _tail_ends(connection: sqlite3.Connection, run: int, shapes: ShapeReader) -> dict[int, _End]:
    ends: dict[int, _End] = {}
    for what, count, key, step, at, value in _last_rows(connection, run):
        seq = key & MAX_SEQ
        if what > 0:
            _add(ends, what, _End(count, seq, step or 0, at, _NAN if value is None else value))
            continue
        shape = shapes.get(connection, -what)
        numbers = iter((shape.common if step is not None else shape.own).unpack(value))
        machine = [(i, next(numbers)) for i, kind in enumerate(shape.types) if kind != "p"]
        steps = [step] * len(shape.series) if step is not None else list(numbers)
        for i, number in machine:
            _add(ends, shape.series[i], _End(count, seq, steps[i], at, number))
    return ends


def _last_rows(connection: sqlite3.Connection, run: int) -> list[tuple[int, int, int, int | None, float, Any]]:
    """Give the last row of each kind in the tail, behind its kind and how many there are of it."""
    part = (run << SEQ_BITS, (run << SEQ_BITS) | MAX_SEQ)
    last = connection.execute(_LAST_ROW, part).fetchone()
    if last is None:
        return []
    count, same_count = connection.execute(_COUNTS, (last[0], *part)).fetchone()
    if count == same_count:  # as a rule a run logs one set of names: then nothing needs to be grouped
        return [(last[0], count, *last[1:])]
    return connection.execute(_ALL_LAST_ROWS, part).fetchall()


def _add(ends: dict[int, _End], series: int, end: _End) -> None:
    other = ends.get(series, _NO_END)
    later = end if end.seq > other.seq else other
    ends[series] = later._replace(count=end.count + other.count)


def rank_runs(connection: sqlite3.Connection, order: MetricOrder, shapes: ShapeReader) -> Iterator[int]:
    """Give the runs that have a metric, by its latest, smallest or largest number; where that is NaN they come last.

    What has ended comes straight from an index; the few runs that go on are looked up and merged in.
    """
    sign = 1 if order.ascending else -1
    wanted = (order.name, order.column or "", _kind_of(order.column))
    live: list[tuple[Number, int]] = []
    live_nan = []
    live_runs = [run for (run,) in connection.execute("select id from run where is_terminal = 0")]
    for run in live_runs:
        number = find_number(connection, run, MetricKey(order.name, order.column), order.of, shapes)
        if number is None:
            continue
        if number == number:  # noqa: PLR0124 - NaN alone differs from itself
            live.append((sign * number, run))
        else:
            live_nan.append(run)
    live.sort()
    known = set(live_runs)
    direction = "asc" if order.ascending else "desc"
    column = _COLUMNS[order.of]
    ended = connection.execute(
        f"select {column}, run from series where name = ? and column = ? and kind = ? and count > 0 "  # noqa: S608 - own words
        f"and {column} is not null order by {column} {direction}, run {direction}",
        wanted,
    )
    sealed = ((sign * number, run) for number, run in ended if run not in known)
    for _, run in heapq.merge(sealed, live, key=lambda pair: pair[0]):
        yield run
    yield from live_nan
    for (run,) in connection.execute(
        "select run from series where name = ? and column = ? and kind = ? and count > 0 "  # noqa: S608 - own words
        f"and {column} is null order by run desc",
        wanted,
    ):
        if run not in known:
            yield run


def find_number(
    connection: sqlite3.Connection, run: int, key: MetricKey, of: MetricAspect, shapes: ShapeReader
) -> Number | None:
    """Give the latest, smallest or largest number of a series, NaN where all of them are, None where there is none.

    What is not sealed counts as well, so this is for a run that goes on.
    """
    column = _COLUMNS[of]
    row = connection.execute(
        f"select id, count, {column} from series where run = ? and name = ? and column = ? and kind = ?",  # noqa: S608 - own words
        (run, key.name, key.column or "", _kind_of(key.column)),
    ).fetchone()
    if row is None:
        return None
    series, count, sealed = row
    if of is MetricAspect.LAST:
        end = _tail_ends(connection, run, shapes).get(series)
        if end is not None:
            return end.value
    else:
        tail = columns_of(connection, read_rows(connection, run), shapes, series).get(series)
        if tail is not None and len(tail.values):
            count += len(tail.values)
            reach = measure(tail.values)
            sealed = lower(sealed, reach.low) if of is MetricAspect.LOW else higher(sealed, reach.high)
    if not count:
        return None
    return _NAN if sealed is None else sealed


def condition_in_sql(condition: MetricCondition) -> tuple[str, tuple[object, ...]]:
    """Say in SQL that a condition holds for a run `r` that has ended: then all its numbers are summed up in `series`."""
    number = machine_number(condition.number)
    column = _COLUMNS[condition.of]
    values: tuple[object, ...] = (condition.name, condition.column or "", _kind_of(condition.column))
    if number != number:  # noqa: PLR0124 - NaN, which is kept as NULL
        comparison = f"s.{column} is null" if condition.operator == "=" else f"s.{column} is not null"
    else:
        comparison = f"s.{column} {condition.operator} ?"
        values = (*values, number)
        if condition.operator == "!=":
            comparison = f"({comparison} or s.{column} is null)"
    return f"{'not ' if condition.is_negated else ''}exists ({_SERIES_OF_RUN} and {comparison})", values


def has_metric_in_sql(order: MetricOrder) -> tuple[str, tuple[object, ...]]:
    """Say in SQL that a run `r` that has ended has a number of a metric."""
    return f"exists ({_SERIES_OF_RUN})", (order.name, order.column or "", _kind_of(order.column))


def find_runs_with(connection: sqlite3.Connection, order: MetricOrder) -> set[int]:
    """Give all runs that have a number of a metric that is sealed: of those that have ended, all that have one."""
    rows = connection.execute(
        "select run from series indexed by series_low where name = ? and column = ? and kind = ? and count > 0",
        (order.name, order.column or "", _kind_of(order.column)),
    )
    return {run for (run,) in rows}


_SERIES_OF_RUN = (
    "select 1 from series s where s.run = r.id and s.name = ? and s.column = ? and s.kind = ? and s.count > 0"
)


def _kind_of(column: str | None) -> str:
    kind = MetricKind.SCALAR if column is None else MetricKind.ROW
    return kind.value


def list_names(connection: sqlite3.Connection, limit: int) -> list[str]:
    """Name the metrics that were logged one value at a time to the newest runs, the most common ones first."""
    rows = connection.execute(
        "select name from series where run in (select id from run where trashed_at is null order by id desc limit ?) "
        "and kind = ? group by name order by count(*) desc, name limit ?",
        (_NEWEST_RUNS, MetricKind.SCALAR.value, limit),
    )
    return [str(name) for (name,) in rows]
