"""What a view shows as a dict, with the keys that v1's `get_widget_data` had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from aml_widgets.core import clock
from aml_widgets.core.errors import ArtifactNotFound
from aml_widgets.core.log_order import groups_in_order, in_order, newest_group
from aml_widgets.core.records import ArtifactRecord, MetricKind, MetricValue, RunQuery, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.queries import iterate_runs
from aml_widgets.tracking.run import Run
from aml_widgets.widgets.run_names import number_key

LOG_BYTES = 64 * 1024
"""How much of the end of a log is given."""


def widget_data(run: Run, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Read a run from its store, once.

    Returns
    -------
    dict
        ``status``, ``workbench_run_details_uri``, ``run_id``, ``run_properties``, ``child_runs``, ``children_metrics``,
        ``run_metrics``, ``run_logs``, ``graph``, ``widget_settings`` and ``loading``, as in v1. Times are ISO 8601, UTC.
    """
    store = run.experiment.workspace.store
    record = store.get_run(run.id)
    logs = in_order(artifact for artifact in store.list_artifacts(run.id) if artifact.is_log)
    children = sorted(iterate_runs(store, RunQuery(parent_run_id=run.id)), key=number_key)
    return {
        "status": record.status.value,
        "workbench_run_details_uri": run.get_portal_url(),
        "run_id": record.run_id,
        "run_properties": _run_properties(run, record, logs),
        "child_runs": [_child(child) for child in children],
        "children_metrics": _children_metrics(store, children),
        "run_metrics": _run_metrics(run, store),
        "run_logs": _log_end(store, record.run_id, logs),
        "graph": {},
        "widget_settings": dict(settings or {}),
        "loading": False,
    }


def _run_properties(run: Run, record: RunRecord, logs: Sequence[ArtifactRecord]) -> dict[str, Any]:
    details = run.get_details()
    files = details["logFiles"]
    definition = details["runDefinition"] or {}
    return {
        "run_id": record.run_id,
        "created_utc": _iso(record.created_at),
        "properties": dict(record.properties),
        "tags": dict(record.tags),
        "script_name": definition.get("script"),
        "arguments": definition.get("arguments"),
        "end_time_utc": _iso(record.ended_at),
        "status": record.status.value,
        "log_files": {log.path: files.get(log.path) for log in logs},
        "log_groups": [[log.path for log in group] for group in groups_in_order(logs)],
        "run_duration": _duration(record),
        "run_number": record.number,
        "run_queued_details": {"status": record.status.value, "details": None},
    }


def _child(child: RunRecord) -> dict[str, Any]:
    return {
        "run_id": child.run_id,
        "run_number": child.number,
        "metric": None,
        "status": child.status.value,
        "run_type": child.run_type,
        "training_percent": None,
        "start_time": _iso(child.started_at),
        "end_time": _iso(child.ended_at),
        "created_time": _iso(child.created_at),
        "created_time_dt": _iso(child.created_at),
        "duration": _duration(child),
    }


def _children_metrics(store: RunStore, children: Sequence[RunRecord]) -> dict[str, dict[str, MetricValue]]:
    """Give the last value of each scalar metric of each child, by name and child."""
    found: dict[str, dict[str, MetricValue]] = {}
    for run_id, series in store.latest_metrics([child.run_id for child in children]).items():
        for one in series:
            if one.kind is MetricKind.SCALAR and one.count:
                found.setdefault(one.key.name, {})[run_id] = one.last
    return found


def _run_metrics(run: Run, store: RunStore) -> list[dict[str, Any]]:
    names = dict.fromkeys(summary.key.name for summary in store.summarize_metrics(run.id))
    histories: dict[str, list[list[MetricValue]]] = {name: [] for name in names}
    for key, history in store.read_histories(run.id, list(names)).items():
        histories[key.name].append(list(history.values))
    return [
        {
            "name": name,
            "run_id": run.id,
            "categories": list(range(max(map(len, columns), default=0))),
            "series": [{"data": values} for values in columns],
        }
        for name, columns in histories.items()
    ]


def _log_end(store: RunStore, run_id: str, logs: Sequence[ArtifactRecord]) -> str:
    if not logs:
        return ""
    path = newest_group(logs)[0].path
    try:
        size = store.artifacts.size(run_id, path) or 0
        content = store.artifacts.read(run_id, path, start=max(0, size - LOG_BYTES))
    except ArtifactNotFound:  # recorded, but nothing was written yet
        return ""
    return content.decode("utf-8", errors="replace")


def _duration(run: RunRecord) -> str | None:
    """Give the time since the run was created as ``H:MM:SS``, as v1 does; None for a run that does not respond."""
    if run.status is RunStatus.NOT_RESPONDING:
        return None
    seconds = int(max(0.0, (run.ended_at or clock.now()) - run.created_at))
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, tz=timezone.utc).isoformat()
