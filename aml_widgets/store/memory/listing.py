"""Lists of runs in memory: which ones, in which order, and what changed among them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import (
    MetricCondition,
    MetricKey,
    MetricKind,
    MetricOrder,
    RunListChanges,
    RunOrder,
    RunOrderKey,
    RunPage,
    RunQuery,
    RunRecord,
    RunView,
)
from aml_widgets.store.memory.cursors import decode_page_token
from aml_widgets.store.memory.state import StoredRun
from aml_widgets.store.run_fitting import RunFilter, holds, is_in_view, order_key

MAX_TOLD = 1_000

_NEWEST_FIRST = RunOrder(by=RunOrderKey.CREATED, is_descending=True)

Runs = Mapping[str, StoredRun]
"""By their ids, in the order of creation."""


def find_fitting(runs: Runs, query: RunQuery, show: Callable[[StoredRun], RunRecord]) -> list[RunRecord]:
    """Give the runs that a query asks for, newest first."""
    filters = RunFilter(query)
    shown = [show(run) for run in reversed(list(runs.values()))]
    return [
        record
        for record in shown
        if query.experiment_id in (None, record.experiment_id)
        and query.run_type in (None, record.run_type)
        and (query.statuses is None or record.status in query.statuses)
        and is_in_view(record.archived_at, record.trashed_at, query.view)
        and _is_below(runs, record, query)
        and filters.fits_record(record)
        and _has_numbers(runs[record.run_id], query)
    ]


def to_page(runs: Runs, records: Sequence[RunRecord], query: RunQuery, now: float) -> RunPage:
    """Give a page of runs that a query asks for.

    Newest first, the mark is the place of the last run that was given: new ones do not shift pages. In other orders it counts the runs
    that were given.
    """
    mark = decode_page_token(query.page_token)
    if query.order_by in (None, _NEWEST_FIRST) and not query.running_first:
        places = {run_id: place for place, run_id in enumerate(runs)}
        left = [record for record in records if mark is None or places[record.run_id] < mark]
        page = left[: query.limit]
        token = str(places[page[-1].run_id]) if len(left) > len(page) else None
    else:
        ordered = _in_order(runs, records, query, now)
        stop = (mark or 0) + query.limit
        page = ordered[mark or 0 : stop]
        token = str(stop) if len(ordered) > stop else None
    return RunPage(runs=tuple(page), next_page_token=token)


def _in_order(runs: Runs, records: Sequence[RunRecord], query: RunQuery, now: float) -> list[RunRecord]:
    order = query.order_by or _NEWEST_FIRST
    if isinstance(order, MetricOrder):
        ordered = _by_metric(runs, records, order)
    elif order.by is RunOrderKey.CREATED:
        ordered = list(records) if order.is_descending else list(reversed(records))
    else:
        keys = {record.run_id: order_key(record, order, now) for record in records}
        ordered = [
            record for record in records if keys[record.run_id] is not None
        ]  # newest first, as sorting leaves equals
        ordered.sort(key=lambda record: _Reversed(keys[record.run_id]) if order.is_descending else keys[record.run_id])  # type: ignore[arg-type,return-value]  # of one order all keys are alike
        ordered += [record for record in records if keys[record.run_id] is None]
    if query.running_first:
        ordered.sort(key=lambda record: record.status.is_terminal)
    return ordered


class _Reversed:
    """Turns the order of what it holds around, which sorting in reverse would do to equals, too."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other._value < self._value)  # type: ignore[operator]  # keys of one order are alike


def _by_metric(runs: Runs, records: Sequence[RunRecord], order: MetricOrder) -> list[RunRecord]:
    numbers = {record.run_id: _find_number(runs[record.run_id], order) for record in records}
    sign = 1 if order.ascending else -1

    def sort_key(record: RunRecord) -> tuple[bool, float | int]:
        number = numbers[record.run_id]
        if number is None or math.isnan(number):  # NaN is neither low nor high: at the end
            return (True, 0)
        return (False, sign * number)

    return sorted(records, key=sort_key)


def _has_numbers(run: StoredRun, query: RunQuery) -> bool:
    if isinstance(query.order_by, MetricOrder) and _find_number(run, query.order_by) is None:
        return False
    return all(holds(one, _find_number(run, one)) for one in query.conditions)


def _find_number(run: StoredRun, what: MetricOrder | MetricCondition) -> float | int | None:
    series = run.metrics.find(MetricKey(what.name, what.column))
    wanted_kind = MetricKind.SCALAR if what.column is None else MetricKind.ROW
    return series.find_number(what.of) if series.kind == wanted_kind else None


def _is_below(runs: Runs, record: RunRecord, query: RunQuery) -> bool:
    """Whether a run has the place in the hierarchy that a query asks for."""
    parent_id = record.parent_run_id
    if query.parent_run_id is None:
        if query.include_children or parent_id is None:
            return True
        return query.view is RunView.TRASH and runs[parent_id].record.trashed_at is None
    if not query.include_children:
        return parent_id == query.parent_run_id
    while parent_id is not None:
        if parent_id == query.parent_run_id:
            return True
        parent_id = runs[parent_id].record.parent_run_id
    return False


def name_metrics(runs: Runs, limit: int) -> list[str]:
    """Name the metrics that were logged one value at a time, the most common ones first."""
    counts: dict[str, int] = {}
    for run in runs.values():
        if run.record.trashed_at is None:
            for one in run.metrics.summarize():
                if one.kind == MetricKind.SCALAR:
                    counts[one.key.name] = counts.get(one.key.name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))[:limit]


def find_changes(
    runs: Runs, purged: Mapping[str, int], cursor: str | None, version: int, show: Callable[[StoredRun], RunRecord]
) -> RunListChanges:
    """Give what changed among the runs; `purged` maps the ids of deleted ones to the version of that, `version` is that of now."""
    seen = None if cursor is None else _decode(cursor)
    records = {run_id: show(run) for run_id, run in runs.items()}
    marks = {
        run_id: (runs[run_id].metrics.seq, record.status != runs[run_id].record.status)
        for run_id, record in records.items()
        if not record.status.is_terminal
    }
    now = json.dumps([version, marks])
    if seen is None:
        return RunListChanges(cursor=now)
    seen_version, seen_marks = seen
    if seen_version > version:
        return RunListChanges(cursor=now, is_stale=True)
    changed = [
        record
        for run_id, record in records.items()
        if runs[run_id].version > seen_version or (run_id in marks and seen_marks.get(run_id) != marks[run_id])
    ]
    removed = [run_id for run_id, at in purged.items() if at > seen_version]
    if len(changed) > MAX_TOLD or len(removed) > MAX_TOLD:
        return RunListChanges(cursor=now, is_stale=True)
    return RunListChanges(cursor=now, runs=tuple(changed), removed=tuple(removed))


def _decode(cursor: str) -> tuple[int, dict[str, tuple[int, bool]]]:
    try:
        version, marks = json.loads(cursor)
        if type(version) is int:
            return version, {run_id: (seq, is_silent) for run_id, (seq, is_silent) in marks.items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass  # said below, as for any other text that is no cursor
    raise UserError(
        f"{str(cursor)[:80]!r} is no cursor of a list of runs. Ask without a cursor to start anew.", value=cursor
    )
