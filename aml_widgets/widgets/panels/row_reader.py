"""Gives the rows of one metric as a card asks for them, and reads from the store what the view does not hold."""

from __future__ import annotations

import time
from array import array
from dataclasses import replace

from aml_widgets.core.records import MetricHistory
from aml_widgets.widgets.pages_of_rows import Rows, RowTable
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.series import SeriesState
from aml_widgets.widgets.view_state import MetricState

_MAX_KEPT_CELLS = 20_000
_QUICK_SECONDS = 0.05
_REST = 20  # reading that is not quick takes at most one part in so many of the time


class RowReader:
    """Rows of one metric at a time.

    Rows that were written never change, so those that were read stay true while a metric grows, and the view's newest values
    follow them. Only what lies between is read again: at once while that is quick, else after a while.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._kept: Rows | None = None
        self._metric: MetricState | None = None  # as it was when `_kept` was true
        self._last_seq = -1
        self._rests_until = 0.0

    def rows(self, metric: MetricState, start: int, stop: int) -> Rows:
        """Give some rows; a negative `start` counts from the end, and `stop` is then left aside.

        Raises
        ------
        AmlWidgetsError
            If the store does not answer.
        """
        self._follow(metric)
        kept = self._kept
        if kept is not None and (metric is self._metric or time.monotonic() < self._rests_until):
            part = kept.part(*_resolve(start, stop, kept.total))
            if part is not None:
                return part
        table = _held(metric)
        if table is None:
            began_at = time.monotonic()
            table = self.read(metric)
            now = time.monotonic()
            self._rests_until = now + _REST * (now - began_at) if now - began_at > _QUICK_SECONDS else 0.0
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
        found = self._host.store.read_histories(self._host.run_id, [metric.name])
        known = {key.column: history for key, history in found.items()}
        columns = [*(column for column in metric.columns if column in known)]
        columns += [column for column in known if column not in metric.columns]
        return RowTable({column: known[column] for column in columns})

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
