"""Putting blocks, tail and plain rows together again: histories, summaries, and what is new."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Union, cast

from aml_widgets.core.records import (
    Bucket,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricNews,
    MetricSummary,
    MetricValue,
)
from aml_widgets.store.sqlite import envelope
from aml_widgets.store.sqlite.blocks import (
    Column,
    ColumnBuilder,
    Number,
    count_whole_blocks,
    cut,
    higher,
    lower,
    measure,
    read_blocks,
)
from aml_widgets.store.sqlite.tail_rows import MAX_SEQ, ShapeReader, TailRow, columns_of, decode_plain, read_rows

_RUNS_A_QUERY, _NAMES_A_QUERY = 500, 400  # together below the 999 parameters that an older SQLite takes
_FEW_SERIES = 4

_EMPTY = Column(range(0), range(0), array("d"), array("d"))

NO_HISTORY = MetricHistory(seqs=range(0), steps=range(0), values=array("d"), times=array("d"))

_Values = Union["array[float]", "array[int]", "list[MetricValue]"]
_KINDS = {kind.value: kind for kind in MetricKind}

_SERIES = (
    "select id, name, column, kind, description, count, first_seq, last_seq, last_step, last_at, first, last, low, high, "
    "nonfinite_count, plain_count, plain_first_seq, plain_last_seq, run from series "
)


class Series(NamedTuple):
    """A row of the table: what is sealed of a series, and what it has among the plain points."""

    id: int
    name: str
    column: str
    kind: str
    description: str
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    first_seq: int | None
    last_seq: int | None
    last_step: int | None
    last_at: float | None
    first: Number | None
    last: Number | None
    low: Number | None
    high: Number | None
    nonfinite_count: int
    plain_count: int
    plain_first_seq: int | None
    plain_last_seq: int | None
    run: int

    @property
    def key(self) -> MetricKey:
        """The name a reader knows it by."""
        return MetricKey(self.name, self.column if self.kind == MetricKind.ROW.value else None)


def find_series(connection: sqlite3.Connection, run: int, name: str, column: str | None) -> Series | None:
    """Read one series."""
    row = connection.execute(
        _SERIES + "where run = ? and name = ? and column = ?", (run, name, column or "")
    ).fetchone()
    if row is None:
        return None
    series = Series._make(row)
    return series if series.key.column == column else None


def all_series(connection: sqlite3.Connection, run: int) -> list[Series]:
    """Read the series of a run, in the order they were first logged."""
    return list(map(Series._make, connection.execute(_SERIES + "where run = ? order by id", (run,))))


def _series_behind(
    connection: sqlite3.Connection,
    run: int,
    after_seq: int,
    rows: Sequence[TailRow],
    sealed_seq: int,
    shapes: ShapeReader,
) -> list[Series]:
    """Read the series that have points behind a seq: those of the tail's rows, and where it was sealed since, those sealed."""
    wanted: set[int] = set()
    for what in {row[3] for row in rows}:
        wanted.update((what,) if what > 0 else shapes.get(connection, -what).series)
    found: list[tuple[object, ...]] = []
    if sealed_seq > after_seq:
        found = connection.execute(
            _SERIES + "where run = ? and (last_seq > ? or plain_last_seq > ? or count + plain_count = 0)",
            (run, after_seq, after_seq),
        ).fetchall()
        wanted.difference_update(row[0] for row in found)
    for one in wanted:
        found.extend(connection.execute(_SERIES + "where id = ?", (one,)))
    return sorted(map(Series._make, found))


# -- histories


def read_history(connection: sqlite3.Connection, series: Series, shapes: ShapeReader) -> MetricHistory:
    """Read all points of a series."""
    tails = columns_of(connection, read_rows(connection, series.run), shapes, series.id)
    return _join(connection, series, tails.get(series.id, _EMPTY))


def read_histories(
    connection: sqlite3.Connection, run: int, names: Collection[str], shapes: ShapeReader
) -> dict[MetricKey, MetricHistory]:
    """Read all points of every series of some metrics, and the tail once for all of them."""
    tails = read_tails(connection, run, shapes)
    return {
        one.key: _join(connection, one, tails.get(one.id, _EMPTY))
        for one in all_series(connection, run)
        if one.name in names
    }


def _join(connection: sqlite3.Connection, series: Series, tail: Column) -> MetricHistory:
    builder = ColumnBuilder()
    if series.count:
        read_blocks(connection, series.id, builder)
    builder.add_column(tail)
    return _with_plain(builder.build(), _read_plain(connection, series, 0))


def _read_plain(
    connection: sqlite3.Connection, series: Series, after_seq: int, *, newest: int | None = None
) -> list[tuple[int, int, float, MetricValue]]:
    if (series.plain_last_seq or 0) <= after_seq:
        return []
    if newest is None:
        rows = connection.execute(
            "select seq, step, logged_at, value from plain where series = ? and seq > ? order by seq",
            (series.id, after_seq),
        ).fetchall()
    else:
        rows = connection.execute(
            "select seq, step, logged_at, value from plain where series = ? order by seq desc limit ?",
            (series.id, newest),
        ).fetchall()[::-1]
    return [(seq, step, logged_at, decode_plain(value)) for seq, step, logged_at, value in rows]


def _with_plain(column: Column, plain: Sequence[tuple[int, int, float, MetricValue]]) -> MetricHistory:
    seqs, steps, times, values = column
    if not plain:
        return MetricHistory(seqs=_integers(seqs), steps=_integers(steps), values=cast("_Values", values), times=times)
    points: list[tuple[int, int, float, MetricValue]] = [*zip(seqs, steps, times, values, strict=True), *plain]
    points.sort(key=lambda point: point[0])
    all_seqs, all_steps, all_times, all_values = zip(*points, strict=True)
    return MetricHistory(
        seqs=array("q", all_seqs), steps=array("q", all_steps), values=list(all_values), times=array("d", all_times)
    )


def _integers(numbers: Sequence[int]) -> range | array[int]:
    return numbers if isinstance(numbers, (range, array)) else array("q", numbers)


# -- summaries


def summarize(
    connection: sqlite3.Connection, series: Sequence[Series], tails: Mapping[int, Column]
) -> list[MetricSummary]:
    """Sum up series from what is sealed and their part of the tail."""
    return [_summary(connection, one, tails.get(one.id, _EMPTY)) for one in series]


def read_tails(connection: sqlite3.Connection, run: int, shapes: ShapeReader) -> dict[int, Column]:
    """Read what is not sealed of a run, by series."""
    return columns_of(connection, read_rows(connection, run), shapes)


def summarize_runs(
    connection: sqlite3.Connection, run_ids: Sequence[str], names: Collection[str], shapes: ShapeReader
) -> dict[str, list[MetricSummary]]:
    """Sum up the series of some metrics of many runs; only those that go on have a tail to look at."""
    wanted, of_names = list(dict.fromkeys(run_ids)), list(dict.fromkeys(names))
    found: dict[str, list[MetricSummary]] = {}
    for start in range(0, len(wanted), _RUNS_A_QUERY):
        some = wanted[start : start + _RUNS_A_QUERY]
        rows = connection.execute(
            f"select id, run_id, is_terminal from run where run_id in ({_marks(some)})",  # noqa: S608 - question marks
            some,
        ).fetchall()
        series_of: dict[int, list[Series]] = {run: [] for run, _, _ in rows}
        for first in range(0, len(of_names), _NAMES_A_QUERY):
            few = of_names[first : first + _NAMES_A_QUERY]
            for row in connection.execute(
                _SERIES + f"where run in ({_marks(series_of)}) and name in ({_marks(few)})", (*series_of, *few)
            ):
                series_of[row[-1]].append(Series._make(row))
        for run, run_id, is_terminal in rows:
            series = sorted(series_of[run])
            tails = {} if is_terminal or not series else _read_some_tails(connection, run, series, shapes)
            found[run_id] = summarize(connection, series, tails)
    return {run_id: found[run_id] for run_id in wanted if run_id in found}


def _read_some_tails(
    connection: sqlite3.Connection, run: int, series: Sequence[Series], shapes: ShapeReader
) -> dict[int, Column]:
    rows = read_rows(connection, run)
    if len(series) > _FEW_SERIES:
        return columns_of(connection, rows, shapes)
    tails: dict[int, Column] = {}
    for one in series:  # what other series have in the same rows is not unpacked
        tails.update(columns_of(connection, rows, shapes, one.id))
    return tails


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


def _summary(connection: sqlite3.Connection, one: Series, tail: Column) -> MetricSummary:
    nan = float("nan")
    first: MetricValue = nan if one.count and one.first is None else one.first
    last: MetricValue = nan if one.count and one.last is None else one.last
    first_seq, last_seq, last_step, last_at = one.first_seq, one.last_seq, one.last_step, one.last_at
    low, high, nonfinite_count = one.low, one.high, one.nonfinite_count
    if len(tail.seqs):
        reach = measure(tail.values)
        if first_seq is None:
            first_seq, first = tail.seqs[0], tail.values[0]
        last_seq, last_step, last_at, last = tail.seqs[-1], tail.steps[-1], tail.times[-1], tail.values[-1]
        low, high = lower(low, reach.low), higher(high, reach.high)
        nonfinite_count += reach.nonfinite_count
    if one.plain_count:
        if first_seq is None or (one.plain_first_seq or 0) < first_seq:
            (stored,) = connection.execute(
                "select value from plain where series = ? and seq = ?", (one.id, one.plain_first_seq)
            ).fetchone()
            first = decode_plain(stored)
        if last_seq is None or (one.plain_last_seq or 0) > last_seq:
            last_step, last_at, stored = connection.execute(
                "select step, logged_at, value from plain where series = ? and seq = ?", (one.id, one.plain_last_seq)
            ).fetchone()
            last = decode_plain(stored)
    return MetricSummary(
        key=one.key,
        kind=_KINDS[one.kind],
        description=one.description,
        count=one.count + len(tail.seqs) + one.plain_count,
        first=first,
        last=last,
        low=low,
        high=high,
        nonfinite_count=nonfinite_count,
        last_step=last_step,
        last_logged_at=last_at,
    )


# -- envelopes and news


def read_envelope(
    connection: sqlite3.Connection,
    series: Series,
    shapes: ShapeReader,
    max_buckets: int,
    first_step: int | None,
    last_step: int | None,
) -> list[Bucket]:
    """Sum up the numbers of a series in buckets."""
    tail = columns_of(connection, read_rows(connection, series.run), shapes, series.id).get(series.id, _EMPTY)
    return envelope.read(connection, series.id, tail, max_buckets, first_step, last_step)


def opening_news(
    connection: sqlite3.Connection, run: int, sealed_seq: int, shapes: ShapeReader, max_buckets: int
) -> tuple[int, list[MetricNews]]:
    """Give the last seq of a run and a first picture of all its series."""
    rows = read_rows(connection, run)
    tails = columns_of(connection, rows, shapes) if rows else {}
    news = [_opening(connection, one, tails.get(one.id, _EMPTY), max_buckets) for one in all_series(connection, run)]
    return max(_last_seq(rows), sealed_seq), news


def _opening(connection: sqlite3.Connection, one: Series, tail: Column, max_buckets: int) -> MetricNews:
    summary = _summary(connection, one, tail)
    buckets: list[Bucket] = []
    if summary.count > max_buckets:
        if one.count + len(tail.seqs):
            buckets = envelope.read(connection, one.id, tail, max_buckets)
        points = _with_plain(_EMPTY, _read_plain(connection, one, 0, newest=max_buckets))
    else:
        points = _join(connection, one, tail)
    return MetricNews(key=one.key, kind=summary.kind, points=points, buckets=buckets, is_opening=True, summary=summary)


def news_since(
    connection: sqlite3.Connection,
    run: int,
    sealed_seq: int,
    after_seq: int,
    shapes: ShapeReader,
    max_buckets: int,
    max_new_points: int | None,
) -> tuple[int, list[MetricNews]]:
    """Give the last seq of a run and the points of its series behind a seq, at the cost of those points.

    A series that has more than `max_new_points` of them is opened, at the cost of that, whatever their number.
    """
    rows = read_rows(connection, run, after_seq)
    if sealed_seq <= after_seq and not rows:
        return after_seq, []
    tails = columns_of(connection, rows, shapes) if rows else {}
    whole_tails = tails if after_seq <= sealed_seq else None  # else it is read where it is asked for
    news = []
    for one in _series_behind(connection, run, after_seq, rows, sealed_seq, shapes):
        points = _read_behind(connection, one, tails.get(one.id, _EMPTY), after_seq, max_new_points)
        if points is None:
            if whole_tails is None:
                whole_tails = read_tails(connection, run, shapes)
            news.append(_opening(connection, one, whole_tails.get(one.id, _EMPTY), max_buckets))
        elif len(points) or _is_empty(connection, one, shapes):
            news.append(MetricNews(key=one.key, kind=_KINDS[one.kind], points=points))
    return max(_last_seq(rows), sealed_seq), news


def _read_behind(
    connection: sqlite3.Connection, one: Series, tail: Column, after_seq: int, max_points: int | None
) -> MetricHistory | None:
    """Read the points of a series behind a seq, or find out, without reading many, that there are more than so many."""
    is_sealed_since = (one.last_seq or 0) > after_seq
    if max_points is not None:
        count = len(tail.seqs)
        if is_sealed_since:
            count += count_whole_blocks(connection, one.id, after_seq)
        if count <= max_points and (one.plain_last_seq or 0) > after_seq:
            count += _count_plain(connection, one, after_seq, max_points + 1)
        if count > max_points:
            return None
    column = tail
    if is_sealed_since:
        builder = ColumnBuilder()
        read_blocks(connection, one.id, builder, after_seq=after_seq)
        builder.add_column(tail)
        column = cut(builder.build(), after_seq)
    points = _with_plain(column, _read_plain(connection, one, after_seq))
    return None if max_points is not None and len(points) > max_points else points


def _count_plain(connection: sqlite3.Connection, one: Series, after_seq: int, limit: int) -> int:
    (count,) = connection.execute(
        "select count(*) from (select 1 from plain where series = ? and seq > ? limit ?)", (one.id, after_seq, limit)
    ).fetchone()
    return int(count)


def _is_empty(connection: sqlite3.Connection, one: Series, shapes: ShapeReader) -> bool:
    if one.count + one.plain_count:
        return False
    return one.id not in columns_of(connection, read_rows(connection, one.run), shapes, one.id)


def _last_seq(rows: Sequence[TailRow]) -> int:
    return rows[-1][0] & MAX_SEQ if rows else 0
