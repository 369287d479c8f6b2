"""One run: what it is, its rows and series, its facts, and its change."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aml_widgets.core.artifact_paths import path_in
from aml_widgets.core.errors import AmlWidgetsError, RunNotFound
from aml_widgets.core.records import MetricKind, MetricSummary, RunRecord
from aml_widgets.server.replies import (
    Reply,
    buckets_reply,
    group_reply,
    rows_reply,
    run_reply,
    summary_reply,
)
from aml_widgets.server.run_news import can_cancel, see_to
from aml_widgets.server.settings import ServerSettings
from aml_widgets.server.values import read_step, to_number_or_none
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.protocol import MAX_BUCKETS, RunStore
from aml_widgets.tracking import facts
from aml_widgets.tracking.fact_groups import find_parameters, groups_of
from aml_widgets.tracking.row_table import RowTable
from aml_widgets.tracking.workspace import Workspace

MAX_BUCKETS_TOGETHER = 50_000
DEFAULT_ROWS = 100


def get_run_reply(workspace: Workspace, run_id: str, settings: ServerSettings) -> Reply:
    """Give a run, and what can be done with it. Raises RunNotFound."""
    record = workspace.store.get_run(run_id)
    if not settings.is_read_only:
        see_to(workspace.store, record)
    return _reply(workspace, record, settings)


def change_run_reply(workspace: Workspace, run_id: str, change: Mapping[str, Any], settings: ServerSettings) -> Reply:
    """Change a run's name, description or tags.

    Raises
    ------
    RunNotFound
        If there is no such run.
    UserError
        For text that cannot be a name, a description or a tag.
    """
    record = workspace.store.update_run(
        run_id,
        display_name=facts.to_text_or_none("display_name", change.get("display_name")),
        description=facts.to_text_or_none("description", change.get("description")),
        tags=facts.to_tags(change["tags"]) if "tags" in change else None,
        remove_tags=facts.to_tag_keys(change.get("remove_tags", [])),
    )
    return _reply(workspace, record, settings)


def rows_of_metric_reply(workspace: Workspace, run_id: str, name: str, start: int, limit: int) -> Reply:
    """Give some rows of a metric; a negative start counts from the end. Raises RunNotFound."""
    workspace.store.get_run(run_id)
    histories = workspace.store.read_histories(run_id, [name])
    table = RowTable({key.column: history for key, history in histories.items()})
    return rows_reply(table, start, limit)


def details_reply(workspace: Workspace, run_id: str) -> Reply:
    """Give all that is known of a run beside its numbers and files. Raises RunNotFound."""
    return {"groups": [group_reply(group) for group in groups_of(workspace.store.get_run(run_id))]}


def envelopes_reply(workspace: Workspace, requests: Sequence[Mapping[str, Any]]) -> Reply:
    """Give several series in ranges of steps; one that cannot be read does not stop the others."""
    most = max(1, MAX_BUCKETS_TOGETHER // len(requests))
    return {"envelopes": [_envelope_reply(workspace.store, request, most) for request in requests]}


def comparison_reply(workspace: Workspace, run_ids: Sequence[str]) -> Reply:
    """Give runs side by side, in the order asked."""
    store = workspace.store
    compared, missing = [], []
    for run_id in dict.fromkeys(run_ids):
        try:
            record = store.get_run(run_id)
            summaries = store.summarize_metrics(run_id)
        except RunNotFound:
            missing.append(run_id)
            continue
        compared.append(
            {
                "run": run_reply(record),
                "parameters": find_parameters(record),
                "summaries": [summary_reply(one) for one in summaries],
                "images": _images(summaries),
            }
        )
    return {"runs": compared, "missing": missing}


def run_folder(store: RunStore, run_id: str) -> Path | None:
    """Give the local folder of a run's files, None where the store has none."""
    artifacts = store.artifacts
    return artifacts.root / run_id if isinstance(artifacts, FolderArtifactStore) else None


def _reply(workspace: Workspace, record: RunRecord, settings: ServerSettings) -> Reply:
    folder = run_folder(workspace.store, record.run_id)
    location = workspace.location if folder is None else str(folder)
    return {
        "run": run_reply(record),
        "workspace_name": workspace.name,
        "can_cancel": can_cancel(record, is_read_only=settings.is_read_only),
        "folder": None if folder is None else _below_root(folder, settings),
        "location": location,
        "code": (
            "from aml_widgets import Workspace\n\n"
            f"ws = Workspace.open({workspace.location!r})\n"
            f"run = ws.get_run({record.run_id!r})"
        ),
    }


def _below_root(folder: Path, settings: ServerSettings) -> str | None:
    """Give the path by which the file browser knows a folder, None for one that it does not show."""
    root, real = os.path.realpath(settings.root_folder), os.path.realpath(folder)
    if not os.path.isdir(real) or not Path(real).is_relative_to(root):  # noqa: PTH112
        return None
    parts = Path(real).relative_to(root).parts
    if not settings.shows_hidden and any(part.startswith(".") for part in parts):
        return None
    return "/".join(parts)


def _envelope_reply(store: RunStore, request: Mapping[str, Any], most: int) -> Reply:
    reply: Reply = {"run_id": request["run_id"], "name": request["name"], "column": request.get("column")}
    try:
        buckets = store.read_envelope(
            request["run_id"],
            request["name"],
            request.get("column"),
            first_step=read_step(request.get("first_step"), rounds_up=True),
            last_step=read_step(request.get("last_step"), rounds_up=False),
            max_buckets=min(int(request.get("max_buckets", MAX_BUCKETS)), most),
        )
    except AmlWidgetsError as error:
        return {**reply, "buckets": None, "error": error.message}
    return {**reply, "buckets": buckets_reply(buckets), "error": None}


def _images(summaries: Sequence[MetricSummary]) -> list[Reply]:
    found: list[Reply] = []
    for one in summaries:
        path = path_in(one.last) if one.kind is MetricKind.IMAGE else None
        if path is not None:
            found.append({"name": one.key.name, "path": path, "step": to_number_or_none(one.last_step)})
    return found
