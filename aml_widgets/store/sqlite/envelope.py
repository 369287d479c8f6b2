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
    measure,
    numbers_of,
    read_block_columns,
    read_blocks,
    read_buckets,
)

_WHOLE = (-(2**63), 2**63 - 1)


def read(
    connection: sqlite3.Connection,
    series: int,
    tail: Column,
    max_buckets: int,
    first_step: int | None = None,
    last_step: int | None = None,
) -> list[Bucket]:
    """Sum up a series' blocks and its tail in at most `max_buckets` buckets.

    Where the blocks alone are enough for a picture, no point of theirs is read; a series of fewer blocks is cut finer, by
    reading its points.
    """
    summaries = read_buckets(connection, series, first_step, last_step)
    is_whole = first_step is None and last_step is None
    low, high = (_WHOLE[0] if first_step is None else first_step), (_WHOLE[1] if last_step is None else last_step)
    if not is_whole:
        tail = _within(tail, low, high)
    if summaries and 2 * len(summaries) >= max_buckets:
        total = sum([bucket.count for bucket in summaries]) + len(tail.seqs)
        # as wide as the whole asks for, and at least one bucket is left for the blocks
        width = max(-(-total // max_buckets), -(-len(tail.seqs) // (max_buckets - 1)), 1)
        tail_buckets = _of_column(tail, width)
        return [*_merge(summaries, max(1, max_buckets - len(tail_buckets))), *tail_buckets]
    builder = ColumnBuilder()
    if is_whole:
        read_blocks(connection, series, builder)
    else:
        builder.add_column(_within(read_block_columns(connection, series, low, high), low, high))
    builder.add_column(tail)
    column = builder.build()
    return _of_column(column, max(1, -(-len(column.seqs) // max_buckets)))


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
        nonfinite_count=sum(bucket.nonfinite_count for bucket in buckets),
    )


def _of_column(column: Column, width: int) -> list[Bucket]:
    seqs, steps, times, values = column
    buckets = []
    for start in range(0, len(seqs), width):
        stop = min(start + width, len(seqs))
        part: Sequence[Number] = values[start:stop]
        part_steps = steps[start:stop]
        low, high, nonfinite_count = measure(part)
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
                math.nan if low is None else low,
                math.nan if high is None else high,
                nonfinite_count,
            )
        )
    return buckets
