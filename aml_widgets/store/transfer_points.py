"""What was logged to a run, logged again to its copy: in its order, each series from the first point on that is not there.

The order within a series is the same each time, but on a server: a point with an earlier time than others may come there after them, and
stands before them then. So what a copy has of a series is compared with its beginning. The order of several series is not the same each
time, where another program logged to a server as well: it is as it was heard of.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aml_widgets.core.records import MetricHistory, MetricKey, MetricKind, MetricSummary, MetricValue, NewPoint
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.transfer_waiting import Teller, wait_until_sent

BATCH = 10_000
"""So many points are written at once."""

MAX_UNSENT = 1_000_000
"""So many values may be on their way to a server, which takes them more slowly than they are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """What was logged to a run by one moment.

    Attributes
    ----------
    run_id : str
        The run.
    summaries : sequence of MetricSummary
        All of its series.
    histories : mapping of MetricKey to MetricHistory
        Their points.
    """

    run_id: str
    summaries: Sequence[MetricSummary]
    histories: Mapping[MetricKey, MetricHistory]

    @property
    def kinds(self) -> dict[str, MetricKind]:
        """What the points of each metric are, in the order of the series."""
        return {one.key.name: one.kind for one in self.summaries}


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


def read_logged(source: RunStore, run_id: str) -> Logged:
    """Read all that was logged to a run."""
    summaries = source.summarize_metrics(run_id)
    histories = source.read_histories(run_id, list(dict.fromkeys(one.key.name for one in summaries)))
    return Logged(run_id=run_id, summaries=summaries, histories=histories)


def has_beginning(target: RunStore, copy_id: str, logged: Logged) -> bool:
    """Say whether all that a copy has of each series is the beginning of what was logged, so that the copy can be gone on with.

    Parameters
    ----------
    target : RunStore
        Where the copy is.
    copy_id : str
        The copy. Nothing that was logged to it is still on its way.
    logged : Logged
        What is to be copied.
    """
    kinds = logged.kinds
    names = dict.fromkeys(one.key.name for one in target.summarize_metrics(copy_id) if one.count)
    for key, there in target.read_histories(copy_id, list(names)).items():
        wanted = logged.histories.get(key)
        if not len(there):
            continue
        if wanted is None or len(wanted) < len(there):
            return False
        kind = kinds[key.name]
        values = _renamed(wanted.values[: len(there)], kind, logged.run_id, copy_id)
        # Stores keep times to the last bit. Each counts the steps of rows itself, and a server's may have gaps.
        if not (_are_equal(there.times, wanted.times) and _are_equal(there.values, values)):
            return False
        if kind is MetricKind.SCALAR and not _are_equal(there.steps, wanted.steps):
            return False
    return True


def _are_equal(known: Iterable[MetricValue], wanted: Iterable[MetricValue]) -> bool:
    """Compare as far as both go; NaN equals NaN."""
    return all(one == other or (_is_nan(one) and _is_nan(other)) for one, other in zip(known, wanted, strict=False))


def _is_nan(value: MetricValue) -> bool:
    return isinstance(value, float) and math.isnan(value)


def list_operations(logged: Logged, most_rows: int) -> Iterator[NewPoint | Rows]:
    """Give what was logged, in its order, and no more than `most_rows` rows together."""
    streams: list[Iterator[tuple[int, int, NewPoint | Rows]]] = []
    for place, (name, kind) in enumerate(logged.kinds.items()):
        columns = {key.column: history for key, history in logged.histories.items() if key.name == name}
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


def copy_points(logged: Logged, target: RunStore, copy_id: str, teller: Teller) -> None:
    """Copy what was logged, in its order, from the first that is not there.

    Parameters
    ----------
    logged : Logged
        What is to be copied.
    target : RunStore
        Where the copy is.
    copy_id : str
        The copy. Nothing that was logged to it is still on its way, and what it has is a beginning (`has_beginning`).
    teller : Teller
        Told after each batch how many values are there.
    """
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

    for operation in list_operations(logged, BATCH):
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
            columns = {
                column: _renamed(values, rows.kind, logged.run_id, copy_id) for column, values in rows.columns.items()
            }
            target.log_columns(copy_id, rows.name, columns, kind=rows.kind, logged_at=rows.logged_at)
            tell_and_wait()
    write_batch()
    _copy_descriptions(target, copy_id, logged.summaries, {one.key.name: one.description for one in there})


def _renamed(values: Sequence[MetricValue], kind: MetricKind, source_id: str, target_id: str) -> Sequence[MetricValue]:
    """Let the URIs of files lead into the copy."""
    if kind in (MetricKind.SCALAR, MetricKind.ROW) or source_id == target_id:
        return values
    old, new = f"/dcid.{source_id}/", f"/dcid.{target_id}/"  # within v1's URI; what is a path by itself stays
    return [value.replace(old, new, 1) if isinstance(value, str) else value for value in values]


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
