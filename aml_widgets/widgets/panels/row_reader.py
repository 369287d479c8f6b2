"""Gives the rows of one metric as a card asks for them, and reads from the store what the view does not hold."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import MetricHistory
from aml_widgets.tracking.row_table import Rows, RowTable
from aml_widgets.widgets.pages_of_rows import read_columns
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.series import SeriesState
from aml_widgets.widgets.view_state import MetricState

_MAX_KEPT_CELLS = 20_000
_QUICK_SECONDS = 0.05
_MOST_AT_ONCE = 30_000  # values that are read while the user waits; a million take seconds
_REST = 20  # reading that is not quick takes at most one part in so many of the time


class _Wanted(NamedTuple):
    """Rows that somebody waits for."""

    metric: MetricState
    start: int
    stop: int


class RowReader:
    """Rows of one metric at a time.

    Rows that were written never change, so those that were read stay true while a metric grows, and the view's newest values
    follow them. Only what lies between is read again: at once while that is quick, else after a while.

    Parameters
    ----------
    host : Host
        The view.
    on_read : callable, optional
        Long metrics are then read in the watcher's thread, without the view's lock; it is called afterwards, with the lock.
    """

    def __init__(self, host: Host, on_read: Callable[[], None] | None = None) -> None:
        self._host = host
        self._on_read = on_read
        self._kept: Rows | None = None
        self._metric: MetricState | None = None  # as it was when `_kept` was true
        self._last_seq = -1
        self._rests_until = 0.0
        self._wanted: _Wanted | None = None
        self._problem: AmlWidgetsError | None = None

    @property
    def run_id(self) -> str:
        """The run that is read."""
        return self._host.run_id

    @property
    def jitter(self) -> float:
        """None: it is looked at once, or only here."""
        return 0.0

    @property
    def refresh_seconds(self) -> float:
        """How long after one part the next one is read, where more is wanted."""
        return _QUICK_SECONDS

    def rows(self, metric: MetricState, start: int, stop: int) -> Rows | None:
        """Give some rows; a negative `start` counts from the end, and `stop` is then left aside.

        Returns
        -------
        Rows or None
            None while they are being read, which only takes place with `on_read`.

        Raises
        ------
        AmlWidgetsError
            If the store does not answer.
        """
        if self._problem is not None:
            problem, self._problem = self._problem, None
            raise problem
        self._follow(metric)
        part = _newest(metric, start, stop)
        if part is not None:
            return part
        kept = self._kept
        part = None if kept is None else kept.part(*_resolve(start, stop, kept.total))
        if part is not None and (metric is self._metric or time.monotonic() < self._rests_until):
            return part
        table = _held(metric)
        if table is not None:
            return self._keep(metric, table, start, stop)
        if self._on_read is not None and metric.point_count * len(metric.columns) > _MOST_AT_ONCE:
            self._wanted = _Wanted(metric, start, stop)
            self._host.watcher.add(self)
            return part  # what was true a while ago
        return self._keep(metric, self._read(metric), start, stop)

    def refresh(self) -> bool:
        """Read what is wanted; say whether more is."""
        with self._host.lock:
            wanted = self._wanted
        if wanted is None:
            return False
        try:
            table = self._read(wanted.metric)
        except AmlWidgetsError as error:
            with self._host.lock:
                self._wanted, self._problem = None, error
                self._tell()
            return False
        with self._host.lock:
            now = self._wanted
            if now is None:
                return False
            if now.metric.name == wanted.metric.name:  # perhaps the user went to another place of it in the meantime
                self._wanted = None
                self._keep(wanted.metric, table, now.start, now.stop)
                self._tell()
            return self._wanted is not None

    def keep_end(self) -> None:
        """Do nothing: what is to be kept of the run is the view's business."""

    def forget(self) -> None:
        """Read no more, and tell nobody."""
        self._wanted = self._on_read = None

    def _tell(self) -> None:
        if self._on_read is not None:
            self._on_read()

    def _read(self, metric: MetricState) -> RowTable:
        began_at = time.monotonic()
        table = self.read(metric)
        now = time.monotonic()
        self._rests_until = now + _REST * (now - began_at) if now - began_at > _QUICK_SECONDS else 0.0
        return table

    def _keep(self, metric: MetricState, table: RowTable, start: int, stop: int) -> Rows:
        first, beyond = _resolve(start, stop, table.total)
        reach = max(beyond - first, _MAX_KEPT_CELLS // max(1, len(table.columns)) // 2)
        self._kept = table.rows(first - reach, beyond + reach)
        self._metric, self._last_seq = metric, table.last_seq
        return self._kept.part(first, beyond) or table.rows(first, beyond)

    def is_behind(self, metric: MetricState) -> bool:
        """Whether the metric has grown since its rows were read, and they may be read again."""
        return metric is not self._metric and time.monotonic() >= self._rests_until

    def read(self, metric: MetricState) -> RowTable:
        """Read all rows. Raises AmlWidgetsError."""
        return RowTable(read_columns(self._host.store, self._host.run_id, metric))

    def _follow(self, metric: MetricState) -> None:
        """Take in the rows that were written since, where the view holds all of them; forget those of another metric."""
        kept, before = self._kept, self._metric
        if kept is None or before is None or metric is before:
            return
        origins = [(name, series.origin) for name, series in before.columns.items()]
        if metric.name != before.name or origins != [(name, one.origin) for name, one in metric.columns.items()]:
            self._kept = None
            return
        new = {column: _points_after(series, self._last_seq) for column, series in metric.columns.items()}
        is_all = kept.columns == tuple(metric.columns) and all(
            len(new[column]) == series.count - before.columns[column].count for column, series in metric.columns.items()
        )
        if not is_all:
            return
        table = RowTable(new)
        total = kept.total + table.total
        is_at_end = kept.start + len(kept.cells) == kept.total
        room = _MAX_KEPT_CELLS // max(1, len(kept.columns))
        if is_at_end and len(kept.cells) + table.total <= 2 * room:
            added = table.rows(0, table.total)
            kept = replace(
                kept,
                cells=[*kept.cells, *added.cells],
                steps=[*kept.steps, *added.steps],
                times=[*kept.times, *added.times],
            )
        self._kept = replace(kept, total=total)
        self._metric, self._last_seq = metric, max(self._last_seq, table.last_seq)


def _held(metric: MetricState) -> RowTable | None:
    """Give all rows out of what the view holds, None where it does not hold all."""
    if any(len(series.newest.values) != series.count for series in metric.columns.values()):
        return None
    return RowTable({column: _points_after(series, -1) for column, series in metric.columns.items()})


def _newest(metric: MetricState, start: int, stop: int) -> Rows | None:
    """Give rows of a metric of one column out of its newest values, None where they are not all among them."""
    if len(metric.columns) != 1:
        return None
    series = next(iter(metric.columns.values()))
    values, total = series.newest.values, series.count
    first, beyond = _resolve(start, stop, total)
    if not values or first < total - len(values):
        return None
    here = slice(first - total + len(values), beyond - total + len(values))
    return Rows(
        start=first,
        total=total,
        columns=tuple(metric.columns),
        cells=[(value,) for value in values[here]],
        steps=series.newest.steps[here],
        times=series.newest.times[here],
    )


def _points_after(series: SeriesState, seq: int) -> MetricHistory:
    newest = series.newest
    places = [place for place, one in enumerate(newest.seqs) if one > seq]
    return MetricHistory(
        seqs=array("q", [newest.seqs[place] for place in places]),
        steps=array("q", [newest.steps[place] for place in places]),
        values=[newest.values[place] for place in places],
        times=array("d", [newest.times[place] for place in places]),
    )


def _resolve(start: int, stop: int, total: int) -> tuple[int, int]:
    if start < 0:
        return max(0, total + start), total
    return min(start, total), min(stop, total)
