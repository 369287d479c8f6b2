"""Rows of a metric: the columns of its history put side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from aml_widgets.core.records import MetricHistory, MetricValue


class Missing(Enum):
    """Stands where a row has no value in a column."""

    MISSING = "missing"


MISSING = Missing.MISSING
Cell = MetricValue | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a metric, in the order they were written.

    Attributes
    ----------
    start, total : int
        The place of the first of them, and how many the metric has.
    columns : tuple of str or None
        None is the column of a metric that has none.
    cells : sequence of tuple
        For each row a cell for each column.
    steps : sequence of int
        Of each row.
    times : sequence of float
        When each row was logged, in seconds since the epoch.
    """

    start: int
    total: int
    columns: tuple[str | None, ...]
    cells: Sequence[tuple[Cell, ...]]
    steps: Sequence[int]
    times: Sequence[float]

    def part(self, start: int, stop: int) -> Rows | None:
        """Give some of these rows, None where they are not all here."""
        stop = min(stop, self.total)
        if not self.start <= start <= stop <= self.start + len(self.cells):
            return None
        here = slice(start - self.start, stop - self.start)
        return Rows(
            start=start,
            total=self.total,
            columns=self.columns,
            cells=self.cells[here],
            steps=self.steps[here],
            times=self.times[here],
        )


class RowTable:
    """The histories of a metric's columns as rows. Rows are made when they are asked for.

    Parameters
    ----------
    histories : mapping from column to MetricHistory
        Columns of one row share its place in the run's order of writing; a column may lack it.
    """

    def __init__(self, histories: Mapping[str | None, MetricHistory]) -> None:
        self._histories = list(histories.values())
        self.columns = tuple(histories)
        first = self._histories[0] if self._histories else None
        is_dense = all(_has_same_places(first, history) for history in self._histories if first is not None)
        self._seqs: NDArray[np.int64] | None = None
        if not is_dense:
            self._seqs = np.unique(
                np.concatenate([np.asarray(history.seqs, dtype=np.int64) for history in self._histories])
            )
        self.total = 0 if first is None else len(first) if self._seqs is None else len(self._seqs)

    @property
    def last_seq(self) -> int:
        """The place of the last row in the run's order of writing, -1 without rows."""
        return max((int(history.seqs[-1]) for history in self._histories if len(history)), default=-1)

    def seqs(self, start: int, stop: int) -> list[int]:
        """Give the places of some rows in the run's order of writing; `stop` may lie beyond the end."""
        start, stop = max(0, start), min(stop, self.total)
        if start >= stop:
            return []
        seqs = self._histories[0].seqs if self._seqs is None else self._seqs
        return [int(seq) for seq in seqs[start:stop]]

    def rows(self, start: int, stop: int) -> Rows:
        """Give some rows; `stop` may lie beyond the end."""
        start, stop = max(0, start), min(stop, self.total)
        length = max(0, stop - start)
        steps: list[int] = [0] * length
        times: list[float] = [0.0] * length
        columns: list[list[Cell]] = []
        for history in self._histories:
            cells: list[Cell] = [MISSING] * length
            for row, place in self._places(history, start, stop):
                cells[row] = history.values[place]
                steps[row], times[row] = int(history.steps[place]), history.times[place]
            columns.append(cells)
        return Rows(
            start=start,
            total=self.total,
            columns=self.columns,
            cells=list(zip(*columns, strict=True)),
            steps=steps,
            times=times,
        )

    def _places(self, history: MetricHistory, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Give for each value that lies in the rows its row, counted from `start`, and its place in its history."""
        if self._seqs is None:
            yield from enumerate(range(start, stop))
        elif start < stop:
            seqs = np.asarray(history.seqs, dtype=np.int64)
            first, beyond = np.searchsorted(seqs, [self._seqs[start], self._seqs[stop - 1] + 1])
            rows = np.searchsorted(self._seqs, seqs[first:beyond]) - start
            yield from zip(rows.tolist(), range(int(first), int(beyond)), strict=True)


def _has_same_places(one: MetricHistory | None, other: MetricHistory) -> bool:
    if one is None or len(one) != len(other):
        return False
    return one is other or bool(np.array_equal(np.asarray(one.seqs), np.asarray(other.seqs)))
