"""Sealed numbers: columns of up to 1,024 points of one series, each with its summary beside it."""

from __future__ import annotations

import math
import sqlite3
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Union

BLOCK_POINTS = 1_024

Number = Union[float, int]
Numbers = Union["array[float]", "array[int]", list[Number]]
"""Floats (type code ``d``), 64-bit ints (``q``), or both mixed in a list."""

_FLOATS, _INTS, _MIXED = "d", "q", "m"


class Column(NamedTuple):
    """Numbers of one series in the order of writing; all parts are equally long."""

    seqs: Sequence[int]
    steps: Sequence[int]
    times: array[float]
    values: Numbers


class Reach(NamedTuple):
    """What summing up a column gives. `low` and `high` are None where every number is NaN."""

    low: Number | None
    high: Number | None
    nonfinite_count: int


def numbers_of(values: Sequence[Number]) -> Numbers:
    """Pack floats or 64-bit ints into an array; a mixture stays a list, so that each keeps its type."""
    if isinstance(values, array):
        return values
    types = set(map(type, values))
    if types == {float}:
        return array("d", values)
    if types == {int}:
        return array("q", values)
    return list(values)


def measure(values: Sequence[Number]) -> Reach:
    """Find the smallest and largest number that is not NaN, and count NaN and infinities."""
    total = sum(values)
    if total - total == 0:  # no NaN and no infinity among them, for either would have stayed in the sum
        return Reach(min(values), max(values), 0)
    real = [value for value in values if value == value]  # noqa: PLR0124 - NaN alone differs from itself
    nonfinite_count = sum(1 for value in values if isinstance(value, float) and not math.isfinite(value))
    return Reach(min(real, default=None), max(real, default=None), nonfinite_count)


def append_column(connection: sqlite3.Connection, series: int, column: Column) -> None:
    """Seal points of a series behind those that are sealed already, topping up the last block, and update its summary.

    Call it inside a transaction. All of `column.seqs` must lie behind the sealed ones.
    """
    _update_summary(connection, series, column)
    last = connection.execute(
        "select first_seq, count, data from block where series = ? order by first_seq desc limit 1", (series,)
    ).fetchone()
    if last is not None and last[1] < BLOCK_POINTS:
        first_seq, _, data = last
        column = _join(read_block(connection, series, first_seq), column)
        connection.execute("delete from block where series = ? and first_seq = ?", (series, first_seq))
        connection.execute("delete from data where id = ?", (data,))
    for start in range(0, len(column.seqs), BLOCK_POINTS):
        _write_block(connection, series, _part(column, start, start + BLOCK_POINTS))


def _update_summary(connection: sqlite3.Connection, series: int, column: Column) -> None:
    count, low, high = connection.execute("select count, low, high from series where id = ?", (series,)).fetchone()
    reach = measure(column.values)
    if count == 0:
        connection.execute(
            "update series set first_seq = ?, first = ? where id = ?", (column.seqs[0], column.values[0], series)
        )
    connection.execute(
        "update series set count = count + ?, last_seq = ?, last_step = ?, last_at = ?, last = ?, low = ?, high = ?, "
        "nonfinite_count = nonfinite_count + ? where id = ?",
        (
            len(column.seqs),
            column.seqs[-1],
            column.steps[-1],
            column.times[-1],
            column.values[-1],
            lower(low, reach.low),
            higher(high, reach.high),
            reach.nonfinite_count,
            series,
        ),
    )


def lower(one: Number | None, other: Number | None) -> Number | None:
    """Give the smaller number, where None means there is none."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


def higher(one: Number | None, other: Number | None) -> Number | None:
    """Give the larger number, where None means there is none."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)


def _write_block(connection: sqlite3.Connection, series: int, column: Column) -> None:
    seqs, steps, times, values = column
    reach = measure(values)
    types, points = _encode(values)
    data = connection.execute(
        "insert into data (types, seqs, steps, times, points) values (?, ?, ?, ?, ?)",
        (types, _encode_integers(seqs), _encode_integers(steps), times.tobytes(), points),
    ).lastrowid
    connection.execute(
        "insert into block values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            series,
            seqs[0],
            seqs[-1],
            len(seqs),
            steps[0],
            steps[-1],
            min(steps),
            max(steps),
            times[0],
            times[-1],
            values[0],
            values[-1],
            reach.low,
            reach.high,
            reach.nonfinite_count,
            data,
        ),
    )


def _counts_up(numbers: Sequence[int]) -> bool:
    if isinstance(numbers, range):
        return numbers.step == 1
    return numbers[-1] - numbers[0] == len(numbers) - 1 and all(
        map(int.__eq__, numbers, range(numbers[0], numbers[-1] + 1))
    )


def _encode_integers(numbers: Sequence[int]) -> bytes | None:
    return None if _counts_up(numbers) else array("q", numbers).tobytes()


def _encode(values: Numbers) -> tuple[str, bytes]:
    if isinstance(values, array):
        return values.typecode, values.tobytes()
    packed = [struct.pack("<d" if isinstance(value, float) else "<q", value) for value in values]
    types = bytes(_FLOATS.encode()[0] if isinstance(value, float) else _INTS.encode()[0] for value in values)
    return _MIXED, types + b"".join(packed)


def _decode_mixed(points: bytes) -> list[Number]:
    count = len(points) // 9
    return list(struct.unpack("<" + points[:count].decode(), points[count:]))


class ColumnBuilder:
    """Joins blocks, plain arrays and single points into one column, as compactly as they allow."""

    def __init__(self) -> None:
        self._seqs: list[range | array[int]] = []
        self._steps: list[range | array[int]] = []
        self._times: list[bytes] = []
        self._values: list[tuple[str, bytes]] = []

    def add_block(self, row: tuple[int, int, int, str, bytes | None, bytes | None, bytes, bytes]) -> None:
        """Add a block: first seq, count, first step, then the columns of `data` without its id."""
        first_seq, count, first_step, types, seqs, steps, times, points = row
        _add_integers(self._seqs, seqs, first_seq, count)
        _add_integers(self._steps, steps, first_step, count)
        self._times.append(times)
        self._values.append((types, points))

    def add_column(self, column: Column) -> None:
        """Add points that are not sealed."""
        if not len(column.seqs):
            return
        for parts, numbers in ((self._seqs, column.seqs), (self._steps, column.steps)):
            encoded = _encode_integers(numbers)
            _add_integers(parts, encoded, numbers[0], len(numbers))
        self._times.append(column.times.tobytes())
        self._values.append(_encode(column.values))

    def build(self) -> Column:
        """Give all of it as one column."""
        times: array[float] = array("d")
        times.frombytes(b"".join(self._times))
        return Column(_join_integers(self._seqs), _join_integers(self._steps), times, self._join_values())

    def _join_values(self) -> Numbers:
        types = {kind for kind, _ in self._values}
        if types <= {_FLOATS}:
            floats = array("d")
            floats.frombytes(b"".join([points for _, points in self._values]))
            return floats
        if types == {_INTS}:
            ints = array("q")
            ints.frombytes(b"".join([points for _, points in self._values]))
            return ints
        mixed: list[Number] = []
        for kind, points in self._values:
            mixed.extend(_decode_mixed(points) if kind == _MIXED else array(kind, points))
        return mixed


def _add_integers(parts: list[range | array[int]], encoded: bytes | None, first: int, count: int) -> None:
    if encoded is None:
        last = parts[-1] if parts else None
        if isinstance(last, range) and last.stop == first:
            parts[-1] = range(last.start, first + count)
        else:
            parts.append(range(first, first + count))
    else:
        parts.append(array("q", encoded))


def _join_integers(parts: list[range | array[int]]) -> range | array[int]:
    if not parts:
        return range(0)
    if len(parts) == 1:
        return parts[0]
    return array(
        "q", b"".join([part.tobytes() if isinstance(part, array) else array("q", part).tobytes() for part in parts])
    )


_BLOCK_COLUMNS = (
    "select b.first_seq, b.count, b.first_step, d.types, d.seqs, d.steps, d.times, d.points "
    "from block b join data d on d.id = b.data where b.series = ? "
)


def read_blocks(connection: sqlite3.Connection, series: int, builder: ColumnBuilder, *, after_seq: int = 0) -> None:
    """Add the sealed points of a series to a builder: all blocks that hold any seq above `after_seq`."""
    # The last block that starts at or below `after_seq` may reach above it; found through the key, so that the cost is that of what is new.
    start = connection.execute(
        "select max(first_seq) from block where series = ? and first_seq <= ?", (series, after_seq)
    ).fetchone()[0]
    rows: Iterable[tuple[int, int, int, str, bytes | None, bytes | None, bytes, bytes]] = connection.execute(
        _BLOCK_COLUMNS + "and b.first_seq >= ? order by b.first_seq", (series, start or 0)
    )
    for row in rows:
        builder.add_block(row)


def count_whole_blocks(connection: sqlite3.Connection, series: int, after_seq: int) -> int:
    """Count the points of a series in blocks that begin behind a seq; one that reaches behind it may have more."""
    (count,) = connection.execute(
        "select ifnull(sum(count), 0) from block where series = ? and first_seq > ?", (series, after_seq)
    ).fetchone()
    return int(count)


def read_block_columns(connection: sqlite3.Connection, series: int, first_step: int, last_step: int) -> Column:
    """Read the blocks that have any step in a range, whole."""
    builder = ColumnBuilder()
    for row in connection.execute(
        _BLOCK_COLUMNS + "and b.high_step >= ? and b.low_step <= ? order by b.first_seq",
        (series, first_step, last_step),
    ):
        builder.add_block(row)
    return builder.build()


def read_newest_blocks(
    connection: sqlite3.Connection, series: int, count: int, first_step: int, last_step: int
) -> Column:
    """Read those of the last `count` blocks that have any step in a range, whole."""
    builder = ColumnBuilder()
    for row in connection.execute(
        _BLOCK_COLUMNS + "and b.first_seq >= (select min(first_seq) from "  # noqa: S608 - constants
        "(select first_seq from block where series = ? order by first_seq desc limit ?)) "
        "and b.high_step >= ? and b.low_step <= ? order by b.first_seq",
        (series, series, count, first_step, last_step),
    ):
        builder.add_block(row)
    return builder.build()


def read_block(connection: sqlite3.Connection, series: int, first_seq: int) -> Column:
    """Read the block that starts at a seq."""
    builder = ColumnBuilder()
    builder.add_block(connection.execute(_BLOCK_COLUMNS + "and b.first_seq = ?", (series, first_seq)).fetchone())
    return builder.build()


def cut(column: Column, after_seq: int) -> Column:
    """Leave out the points up to and including a seq."""
    if not len(column.seqs) or column.seqs[0] > after_seq:
        return column
    return _part(column, bisect_right(column.seqs, after_seq), None)


def _part(column: Column, start: int, stop: int | None) -> Column:
    where = slice(start, stop)
    return Column(column.seqs[where], column.steps[where], column.times[where], column.values[where])


def _join(sealed: Column, more: Column) -> Column:
    builder = ColumnBuilder()
    builder.add_column(sealed)
    builder.add_column(more)
    return builder.build()
