"""What was logged to a run, as the calls that log it again: in its order, which is the same each time it is asked for."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from aml_widgets.core.records import MetricHistory, MetricKind, MetricSummary, MetricValue, NewPoint
from aml_widgets.store.protocol import RunStore


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
