"""Records as the replies of `api.schema.json`. Nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from operator import attrgetter

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import (
    ArtifactRecord,
    Bucket,
    ExperimentRecord,
    MetricHistory,
    MetricNews,
    MetricSummary,
    RunRecord,
)
from aml_widgets.core.text import shorten
from aml_widgets.server.catalog import Shown
from aml_widgets.server.values import (
    Json,
    to_number_or_none,
    to_numbers,
    to_time,
    to_time_or_none,
    to_value,
    to_values,
)
from aml_widgets.tracking import provenance
from aml_widgets.tracking.fact_groups import FactGroup
from aml_widgets.tracking.row_table import MISSING, RowTable

Reply = dict[str, object]

MAX_CELL_TEXT = 500
"""A list shows the beginning of a long text; the run's own page has all of it."""


def shown_reply(shown: Shown) -> Reply:
    """Make a ``Workspace``."""
    return {
        "key": shown.key,
        "name": shown.name,
        "location": shown.location,
        "source": shown.source,
        "error": shown.error,
    }


def experiment_reply(
    record: ExperimentRecord, *, run_count: int, active_count: int, last_run_at: float | None
) -> Reply:
    """Make an ``Experiment``."""
    return {
        "experiment_id": record.experiment_id,
        "name": record.name,
        "created_at": to_time(record.created_at),
        "archived_at": to_time_or_none(record.archived_at),
        "tags": dict(record.tags),
        "run_count": run_count,
        "active_count": active_count,
        "last_run_at": to_time_or_none(last_run_at),
    }


def run_row_reply(record: RunRecord, summaries: Iterable[MetricSummary] = ()) -> Reply:
    """Make a ``RunRow``."""
    error = record.error
    return {
        **_common_reply(record),
        "user": record.properties.get(provenance.USER),
        "notebook_path": record.properties.get(provenance.NOTEBOOK_PATH),
        "error_message": None if error is None else shorten(error.message, MAX_CELL_TEXT),
        "metrics": {one.key.name: _cell_reply(one) for one in summaries if one.key.column is None},
    }


def run_reply(record: RunRecord) -> Reply:
    """Make a ``Run``."""
    return {
        **_common_reply(record),
        "description": record.description,
        "root_run_id": record.root_run_id,
        "error": None if record.error is None else asdict(record.error),
        "properties": dict(record.properties),
    }


def summary_reply(summary: MetricSummary) -> Reply:
    """Make a ``Summary``."""
    return {
        "name": summary.key.name,
        "column": summary.key.column,
        "kind": summary.kind.value,
        "description": summary.description,
        "count": summary.count,
        "first": to_value(summary.first),
        "last": to_value(summary.last),
        "low": to_number_or_none(summary.low),
        "high": to_number_or_none(summary.high),
        "nonfinite_count": summary.nonfinite_count,
        "last_step": to_number_or_none(summary.last_step),
        "last_logged_at": to_time_or_none(summary.last_logged_at),
    }


_COUNTS = ("count", "first_seq", "last_seq", "nan_count", "plus_count", "minus_count")
_NUMBERS = ("first_step", "last_step", "low_step", "high_step", "first", "last", "low", "high")
_TIMES = ("first_logged_at", "last_logged_at")


def buckets_reply(buckets: Sequence[Bucket]) -> Reply:
    """Make ``Buckets``: columns of one length."""
    return {
        **{name: list(map(attrgetter(name), buckets)) for name in _COUNTS},
        **{name: to_numbers(map(attrgetter(name), buckets)) for name in _NUMBERS},
        **{name: [to_time(at) for at in map(attrgetter(name), buckets)] for name in _TIMES},
    }


def points_reply(points: MetricHistory) -> Reply:
    """Make ``Points``."""
    return {
        "seqs": list(points.seqs),
        "steps": to_numbers(points.steps),
        "values": to_values(points.values),
        "times": [to_time(at) for at in points.times],
    }


def news_reply(news: MetricNews) -> Reply:
    """Make a ``MetricNews``."""
    return {
        "name": news.key.name,
        "column": news.key.column,
        "kind": news.kind.value,
        "is_opening": news.is_opening,
        "summary": None if news.summary is None else summary_reply(news.summary),
        "buckets": buckets_reply(news.buckets) if news.buckets else None,
        "points": points_reply(news.points),
    }


def artifact_reply(record: ArtifactRecord) -> Reply:
    """Make an ``Artifact``."""
    return {
        "path": record.path,
        "size_bytes": record.size_bytes,
        "written_at": to_time(record.written_at),
        "is_log": record.is_log,
    }


def rows_reply(table: RowTable, start: int, limit: int) -> Reply:
    """Make ``Rows``; a negative start counts from the end."""
    first = max(0, table.total + start) if start < 0 else min(start, table.total)
    rows = table.rows(first, first + limit)
    return {
        "columns": list(rows.columns),
        "seqs": table.seqs(first, first + limit),
        "steps": to_numbers(rows.steps),
        "times": [to_time(at) for at in rows.times],
        "rows": [[_table_cell_reply(cell) for cell in row] for row in rows.cells],
        "start": first,
        "total": table.total,
    }


def group_reply(group: FactGroup) -> Reply:
    """Make a ``FactGroup``."""
    return {
        "key": group.key,
        "title": group.title,
        "note": group.note,
        "is_open": group.is_open,
        "facts": [{"label": fact.label, "text": fact.text, "run_id": fact.run_id} for fact in group.facts],
    }


def error_reply(code: str, message: str) -> Reply:
    """Make the inside of an ``Error``."""
    return {"code": code, "message": message}


def why(error: AmlWidgetsError) -> Reply:
    """Make the inside of an ``Error`` of an error of ours."""
    return error_reply(type(error).__name__, error.message)


def _common_reply(record: RunRecord) -> Reply:
    return {
        "run_id": record.run_id,
        "number": record.number,
        "experiment_id": record.experiment_id,
        "experiment_name": record.experiment_name,
        "status": record.status.value,
        "created_at": to_time(record.created_at),
        "started_at": to_time_or_none(record.started_at),
        "ended_at": to_time_or_none(record.ended_at),
        "last_seen_at": to_time_or_none(record.last_seen_at),
        "display_name": record.display_name,
        "run_type": record.run_type,
        "parent_run_id": record.parent_run_id,
        "target": record.target,
        "tags": dict(record.tags),
        "archived_at": to_time_or_none(record.archived_at),
        "trashed_at": to_time_or_none(record.trashed_at),
    }


def _cell_reply(summary: MetricSummary) -> Reply:
    last: Json = to_value(summary.last)
    return {
        "last": shorten(last, MAX_CELL_TEXT) if isinstance(last, str) else last,
        "low": to_number_or_none(summary.low),
        "high": to_number_or_none(summary.high),
        "count": summary.count,
    }


def _table_cell_reply(cell: object) -> Reply:
    has_value = cell is not MISSING
    return {"has_value": has_value, "value": to_value(cell) if has_value else None}  # type: ignore[arg-type]
