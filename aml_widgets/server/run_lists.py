"""Lists of runs: a page of them, what changed in one, and what is done with several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aml_widgets.core.errors import AmlWidgetsError, RunNotFound
from aml_widgets.core.records import MetricSummary, RunQuery, RunRecord, RunView, ViewType
from aml_widgets.core.status import TERMINAL_STATUSES, RunStatus
from aml_widgets.server.queries import DEFAULT_LIMIT, to_run_query
from aml_widgets.server.replies import Reply, experiment_reply, run_row_reply, why
from aml_widgets.server.run_news import see_to
from aml_widgets.server.settings import ServerSettings
from aml_widgets.server.values import to_numbers
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.workspace import Workspace

SPARKLINE_LENGTH = 32

_GOING_ON = frozenset(RunStatus) - TERMINAL_STATUSES


def list_reply(workspace: Workspace, request: Mapping[str, Any], settings: ServerSettings) -> Reply:
    """Give a page of runs. Raises UserError for a query or token that cannot be understood."""
    store = workspace.store
    given = request["query"]
    query = to_run_query(
        given,
        root_folder=settings.root_folder,
        limit=request.get("limit", DEFAULT_LIMIT),
        page_token=request.get("page_token"),
    )
    cursor = store.run_list_changes().cursor  # before the list: what changes meanwhile is told twice, not never
    page = store.list_runs(query)
    _see_to_lost(store, page.runs, settings)
    return {
        "runs": rows_of(store, page.runs, given.get("metrics", ())),
        "next_page_token": page.next_page_token,
        "total": store.count_runs(query),
        "cursor": cursor,
    }


def poll_reply(workspace: Workspace, request: Mapping[str, Any], settings: ServerSettings) -> Reply:
    """Give what changed in a list since a cursor. Raises UserError for a query or cursor that cannot be understood."""
    store = workspace.store
    given = request["query"]
    query = to_run_query(given, root_folder=settings.root_folder)
    changes = store.run_list_changes(request["cursor"])
    _see_to_lost(store, changes.runs, settings)
    is_quiet = not (changes.runs or changes.removed or changes.is_stale)
    total = settings.totals.find(workspace.location, given, request["cursor"]) if is_quiet else None
    if total is None:
        total = store.count_runs(query)
    settings.totals.keep(workspace.location, given, changes.cursor, total)
    fitting = store.which_fit([run.run_id for run in changes.runs], query) if changes.runs else frozenset()
    metrics, metric = given.get("metrics", ()), request.get("sparkline_metric")
    wanted_ids = request.get("sparkline_run_ids", ()) if metric else ()
    # In one go: of a tracking server, each summary asks for the runs, and reads on in long histories.
    known = _summaries_of(
        store, [*(run.run_id for run in changes.runs), *wanted_ids], [*metrics, metric] if metric else metrics
    )
    told = {run_id: [one for one in found if one.key.name in metrics] for run_id, found in known.items()}
    rows = [run_row_reply(run, told.get(run.run_id, ())) for run in changes.runs]
    return {
        "cursor": changes.cursor,
        "changed": [{"run": row, "fits": row["run_id"] in fitting} for row in rows],
        "removed": list(changes.removed),
        "is_stale": changes.is_stale,
        "total": total,
        "sparklines": {} if not metric else _sparklines(store, wanted_ids, metric, known),
    }


def rows_of(store: RunStore, runs: Sequence[RunRecord], metrics: Sequence[str]) -> list[Reply]:
    """Give runs as rows of a list, with some of their metrics."""
    summaries = _summaries_of(store, [run.run_id for run in runs], metrics)
    return [run_row_reply(run, summaries.get(run.run_id, ())) for run in runs]


def experiments_reply(workspace: Workspace, view: ViewType) -> Reply:
    """Give the experiments by name."""
    records = workspace.store.list_experiments(view)
    return {"experiments": [describe_experiment(workspace.store, record.experiment_id) for record in records]}


def describe_experiment(store: RunStore, experiment_id: str) -> Reply:
    """Give an experiment with what a list says about its runs. Raises ExperimentNotFound."""
    record = store.get_experiment(experiment_id)
    active = RunQuery(experiment_id=experiment_id, view=RunView.ACTIVE, limit=1)
    newest = store.list_runs(active).runs
    going_on = RunQuery(experiment_id=experiment_id, view=RunView.ACTIVE, statuses=_GOING_ON)
    return experiment_reply(
        record,
        run_count=store.count_runs(active) if newest else 0,
        active_count=store.count_runs(going_on) if newest else 0,
        last_run_at=newest[0].created_at if newest else None,
    )


def actions_reply(workspace: Workspace, action: str, run_ids: Sequence[str]) -> Reply:
    """Do something with runs, one after the other; what cannot be done with one does not stop the others."""
    return {"results": [_act(workspace, action, run_id) for run_id in run_ids]}


def _see_to_lost(store: RunStore, runs: Sequence[RunRecord], settings: ServerSettings) -> None:
    if settings.is_read_only:
        return
    for run in runs:
        if run.status is RunStatus.NOT_RESPONDING:
            see_to(store, run)


def _act(workspace: Workspace, action: str, run_id: str) -> Reply:
    try:
        record = _do(workspace, action, run_id)
    except AmlWidgetsError as error:
        return {"run_id": run_id, "run": None, "error": why(error)}
    return {"run_id": run_id, "run": None if record is None else run_row_reply(record), "error": None}


def _do(workspace: Workspace, action: str, run_id: str) -> RunRecord | None:
    store = workspace.store
    if action == "cancel":
        workspace.get_run(run_id).cancel()  # ends the processes of a submitted run, too
        return store.get_run(run_id)
    if action in ("archive", "unarchive"):
        return store.archive_run(run_id, action == "archive")
    if action == "delete":
        return store.trash_run(run_id)
    if action == "restore":
        return store.restore_run(run_id)
    assert action == "purge", "the schema has let it through"
    store.purge_run(run_id)
    return None


def _summaries_of(
    store: RunStore, run_ids: Sequence[str], metrics: Sequence[str]
) -> Mapping[str, Sequence[MetricSummary]]:
    ids = [*dict.fromkeys(run_ids)]
    return store.summarize_runs(ids, [*dict.fromkeys(metrics)]) if metrics and ids else {}


def _sparklines(
    store: RunStore, run_ids: Sequence[str], metric: str, known: Mapping[str, Sequence[MetricSummary]]
) -> dict[str, Reply]:
    """Draw the courses that are known: one that a tracking server has given only a part of would be read to its end here and now."""
    found = {}
    for run_id in run_ids:
        if not any(one.key.name == metric for one in known.get(run_id, ())):
            continue
        try:
            buckets = store.read_envelope(run_id, metric, max_buckets=SPARKLINE_LENGTH)
        except RunNotFound:  # deleted since the page heard of it
            continue
        if buckets:
            found[run_id] = {
                "values": to_numbers(bucket.last for bucket in buckets),
                "count": sum(bucket.count for bucket in buckets),
            }
    return found
