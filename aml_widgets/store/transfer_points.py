"""What was logged to a run, logged again to its copy: in its order, each series from the first point on that is not there.

The order within a series is the same each time. That of several is not, where another program logged to a server as well: it is as it was
heard of.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from aml_widgets.core.records import MetricHistory, MetricKey, MetricKind, MetricSummary, MetricValue, NewPoint
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.transfer_waiting import Teller, wait_until_sent

BATCH = 10_000
"""So many points are written at once."""

MAX_UNSENT = 1_000_000
"""So many values may be on their way to a server, which takes them more slowly than they are read."""


class Rows(NamedTuple):
    """Rows of one metric that were logged at one time."""

    name: str
    kind: MetricKind
    columns: Mapping[str | None, Sequence[MetricValue]]
    logged_at: float

    @property
    def weight(self) -> int:
        """How many values these are."""
        return sum(len(values) for values in self.columns.values())

    def without(self, known: dict[MetricKey, int]) -> Rows | None:
        """Leave out the first rows, as far as they are known, and take them off what is; None where nothing is left."""
        keys = [MetricKey(self.name, column) for column in self.columns]
        n_rows = min(max(map(len, self.columns.values())), *(known.get(key, 0) for key in keys))
        for key in keys:
            known[key] = known.get(key, 0) - n_rows
        left = self._replace(columns={name: values[n_rows:] for name, values in self.columns.items()})
        return left if left.weight else None


def list_operations(
    source: RunStore, run_id: str, summaries: Sequence[MetricSummary], most_rows: int
) -> Iterator[NewPoint | Rows]:
    """Give what was logged, in its order.

    Parameters
    ----------
    source : RunStore
        Where the run is.
    run_id : str
        The run.
    summaries : sequence of MetricSummary
        All of its series.
    most_rows : int
        No more rows are given together.
    """
    kinds = {one.key.name: one.kind for one in summaries}
    histories = source.read_histories(run_id, list(kinds))
    streams: list[Iterator[tuple[int, int, NewPoint | Rows]]] = []
    for place, (name, kind) in enumerate(kinds.items()):
        columns = {key.column: history for key, history in histories.items() if key.name == name}
        if kind is MetricKind.SCALAR:
            streams.append(_points(place, name, columns[None]))
        elif any(len(history) for history in columns.values()):
            streams.append(_rows(place, name, kind, columns, most_rows))
    return (operation for _, _, operation in heapq.merge(*streams, key=lambda one: one[:2]))


def _points(place: int, name: str, history: MetricHistory) -> Iterator[tuple[int, int, NewPoint | Rows]]:
    for seq, value, step, logged_at in zip(history.seqs, history.values, history.steps, history.times, strict=True):
        yield seq, place, NewPoint(name, value, step, logged_at)


def _rows(
    place: int, name: str, kind: MetricKind, columns: Mapping[str | None, MetricHistory], most_rows: int
) -> Iterator[tuple[int, int, NewPoint | Rows]]:
    """Give rows that follow each other, have the same columns and were logged at one time, together."""
    by_seq: dict[int, dict[str | None, tuple[MetricValue, float]]] = {}
    for column, history in columns.items():
        for seq, value, logged_at in zip(history.seqs, history.values, history.times, strict=True):
            by_seq.setdefault(seq, {})[column] = (value, logged_at)
    ordered = sorted(by_seq.items())
    grouped = itertools.groupby(
        enumerate(ordered),
        key=lambda one: (one[1][0] - one[0], *one[1][1], next(iter(one[1][1].values()))[1]),
    )
    for _, group in grouped:
        rows = [row for _, row in group]
        for start in range(0, len(rows), most_rows):
            part = rows[start : start + most_rows]
            names = list(part[0][1])
            values = {one: [row[one][0] for _, row in part] for one in names}
            yield part[0][0], place, Rows(name, kind, values, part[0][1][names[0]][1])


def copy_points(source: RunStore, run_id: str, target: RunStore, copy_id: str, teller: Teller) -> None:
    """Copy what was logged, in its order, from the first that is not there.

    Parameters
    ----------
    source, target : RunStore
        Where the run is, and its copy.
    run_id, copy_id : str
        Their ids. Nothing that was logged to the copy is still on its way.
    teller : Teller
        Told after each batch how many values are there.
    """
    summaries = source.summarize_metrics(run_id)
    there = target.summarize_metrics(copy_id)
    known = {one.key: one.count for one in there}
    count = unsent = 0
    batch: list[NewPoint] = []

    def write_batch() -> None:
        if batch:
            target.log_points(copy_id, batch)
            batch.clear()
            tell_and_wait()

    def tell_and_wait() -> None:
        nonlocal unsent
        if count > unsent + MAX_UNSENT:
            wait_until_sent(target, copy_id, teller)
            unsent = count
        teller.tell(points=count)

    for operation in list_operations(source, run_id, summaries, BATCH):
        if isinstance(operation, NewPoint):
            count += 1
            key = MetricKey(operation.name)
            if known.get(key, 0):
                known[key] -= 1
                continue
            batch.append(operation)
            if len(batch) >= BATCH:
                write_batch()
        else:
            count += operation.weight
            rows = operation.without(known)  # they may have been copied in other groups
            if rows is None:
                continue
            write_batch()
            columns = _renamed(rows, run_id, copy_id)
            target.log_columns(copy_id, rows.name, columns, kind=rows.kind, logged_at=rows.logged_at)
            tell_and_wait()
    write_batch()
    _copy_descriptions(target, copy_id, summaries, {one.key.name: one.description for one in there})


def _renamed(rows: Rows, source_id: str, target_id: str) -> Mapping[str | None, Sequence[MetricValue]]:
    """Let the URIs of files lead into the copy."""
    if rows.kind in (MetricKind.SCALAR, MetricKind.ROW) or source_id == target_id:
        return rows.columns
    old, new = f"/dcid.{source_id}/", f"/dcid.{target_id}/"  # within v1's URI; what is a path by itself stays
    return {
        name: [value.replace(old, new, 1) if isinstance(value, str) else value for value in values]
        for name, values in rows.columns.items()
    }


def _copy_descriptions(
    target: RunStore, run_id: str, summaries: Iterable[MetricSummary], known: Mapping[str, str]
) -> None:
    """Copy descriptions, and metrics that have no points."""
    by_name: dict[str, list[MetricSummary]] = {}
    for one in summaries:
        by_name.setdefault(one.key.name, []).append(one)
    for name, series in by_name.items():
        is_empty = not any(one.count for one in series)
        description = series[0].description
        if (is_empty and name not in known) or (description and known.get(name) != description):
            columns: dict[str | None, Sequence[MetricValue]] = {one.key.column: [] for one in series}
            target.log_columns(run_id, name, columns, kind=series[0].kind, description=description)
