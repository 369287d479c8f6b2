"""At most so many buckets for any number of points: the first picture of a long series."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Sequence

from aml_widgets.core.records import Bucket
from aml_widgets.store.sqlite.blocks import (
    Column,
    ColumnBuilder,
    Number,
    numbers_of,
    read_block,
    read_block_columns,
    read_blocks,
)

_WHOLE = (-(2**63), 2**63 - 1)

# A block tells NaN and infinities as one number; which they were is read off its extremes (see `_bucket_of`).
_SUMMARY_COLUMNS = (
    "select count, first_seq, last_seq, first_step, last_step, low_step, high_step, first_at, last_at, "
    "first, last, low, high, nonfinite_count, 0, 0 from block where series = ? "
)


def read(
    connection: sqlite3.Connection,
    series: int,
    tail: Column,
    max_buckets: int,
    first_step: int | None = None,
    last_step: int | None = None,
) -> list[Bucket]:
    """Sum up a series' blocks and its tail in at most `max_buckets` buckets.

    Where the blocks alone are enough for a picture, no point of theirs is read, but of those that hold an infinity; a series
    of fewer blocks is cut finer, by reading its points.
    """
    summaries = _read_summaries(connection, series, first_step, last_step)
    is_whole = first_step is None and last_step is None
    low, high = (_WHOLE[0] if first_step is None else first_step), (_WHOLE[1] if last_step is None else last_step)
    if not is_whole:
        tail = _within(tail, low, high)
    if summaries and 2 * len(summaries) >= max_buckets:
        total = sum([bucket.count for bucket in summaries]) + len(tail.seqs)
        # as wide as the whole asks for, and at least one bucket is left for the blocks
        width = max(-(-total // max_buckets), -(-len(tail.seqs) // (max_buckets - 1)), 1)
        tail_buckets = _of_column(tail, width)
        buckets = _buckets_of(connection, series, summaries)
        return [*_merge(buckets, max(1, max_buckets - len(tail_buckets))), *tail_buckets]
    builder = ColumnBuilder()
    if is_whole:
        read_blocks(connection, series, builder)
    else:
        builder.add_column(_within(read_block_columns(connection, series, low, high), low, high))
    builder.add_column(tail)
    column = builder.build()
    return _of_column(column, max(1, -(-len(column.seqs) // max_buckets)))


def _read_summaries(
    connection: sqlite3.Connection, series: int, first_step: int | None, last_step: int | None
) -> list[Bucket]:
    """Read what is stored of the blocks beside their points, in order."""
    if first_step is None and last_step is None:
        rows = connection.execute(_SUMMARY_COLUMNS + "order by first_seq", (series,))
    else:
        low, high = (_WHOLE[0] if first_step is None else first_step), (_WHOLE[1] if last_step is None else last_step)
        rows = connection.execute(
            _SUMMARY_COLUMNS + "and high_step >= ? and low_step <= ? order by first_seq", (series, low, high)
        )
    return list(map(Bucket._make, rows))


def _buckets_of(connection: sqlite3.Connection, series: int, summaries: list[Bucket]) -> list[Bucket]:
    if any(summary.nan_count for summary in summaries):
        return [_bucket_of(connection, series, one) if one.nan_count else one for one in summaries]
    return summaries


def _bucket_of(connection: sqlite3.Connection, series: int, summary: Bucket) -> Bucket:
    """Make a bucket of what is stored of a block with numbers that are not finite.

    Only where an extreme is infinite, something may lie behind it, and the block is read; else all of them are NaN.
    """
    if summary.high == math.inf or summary.low == -math.inf:
        (bucket,) = _of_column(read_block(connection, series, summary.first_seq), summary.count)
        return bucket
    first, last, low, high = (math.nan if number is None else number for number in summary[9:13])
    return summary._replace(first=first, last=last, low=low, high=high)


def _within(column: Column, low: int, high: int) -> Column:
    inside = [i for i, step in enumerate(column.steps) if low <= step <= high]
    if len(inside) == len(column.seqs):
        return column
    if inside and inside[-1] - inside[0] == len(inside) - 1:
        where = slice(inside[0], inside[-1] + 1)
        return Column(column.seqs[where], column.steps[where], column.times[where], column.values[where])
    return Column(
        [column.seqs[i] for i in inside],
        [column.steps[i] for i in inside],
        array("d", [column.times[i] for i in inside]),
        numbers_of([column.values[i] for i in inside]),
    )


def _merge(buckets: Sequence[Bucket], most: int) -> Sequence[Bucket]:
    if len(buckets) <= most:
        return buckets
    width = -(-len(buckets) // most)
    return [_one(buckets[start : start + width]) for start in range(0, len(buckets), width)]


def _one(buckets: Sequence[Bucket]) -> Bucket:
    first, last = buckets[0], buckets[-1]
    lows = [bucket.low for bucket in buckets if bucket.low == bucket.low]
    highs = [bucket.high for bucket in buckets if bucket.high == bucket.high]
    return Bucket(
        count=sum(bucket.count for bucket in buckets),
        first_seq=first.first_seq,
        last_seq=last.last_seq,
        first_step=first.first_step,
        last_step=last.last_step,
        low_step=min(bucket.low_step for bucket in buckets),
        high_step=max(bucket.high_step for bucket in buckets),
        first_logged_at=first.first_logged_at,
        last_logged_at=last.last_logged_at,
        first=first.first,
        last=last.last,
        low=min(lows, default=math.nan),
        high=max(highs, default=math.nan),
        nan_count=sum(bucket.nan_count for bucket in buckets),
        plus_count=sum(bucket.plus_count for bucket in buckets),
        minus_count=sum(bucket.minus_count for bucket in buckets),
    )


def _of_column(column: Column, width: int) -> list[Bucket]:
    seqs, steps, times, values = column
    buckets = []
    for start in range(0, len(seqs), width):
        stop = min(start + width, len(seqs))
        part: Sequence[Number] = values[start:stop]
        part_steps = steps[start:stop]
        reach = _reach_of(part)
        buckets.append(
            Bucket(
                stop - start,
                seqs[start],
                seqs[stop - 1],
                part_steps[0],
                part_steps[-1],
                min(part_steps),
                max(part_steps),
                times[start],
                times[stop - 1],
                part[0],
                part[-1],
                *reach,
            )
        )
    return buckets


def _reach_of(values: Sequence[Number]) -> tuple[Number, Number, int, int, int]:
    """Find the extremes of the finite numbers, and count NaN, +inf and -inf."""
    total = sum(values)
    if total - total == 0:  # no NaN and no infinity among them, for either would have stayed in the sum
        return min(values), max(values), 0, 0, 0
    finite = list(filter(math.isfinite, values))
    plus_count, minus_count = values.count(math.inf), values.count(-math.inf)
    nan_count = len(values) - len(finite) - plus_count - minus_count
    return min(finite, default=math.nan), max(finite, default=math.nan), nan_count, plus_count, minus_count
