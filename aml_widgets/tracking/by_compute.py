"""Which submitted runs wait for a compute target or work on it, across the workspaces of this machine."""

from __future__ import annotations

from collections.abc import Iterator

from aml_widgets.core.errors import NotFound, StoreError, UserError, message_of
from aml_widgets.core.records import RunQuery, RunRecord
from aml_widgets.store.run_fitting import RunFilter
from aml_widgets.submit.engines.finding import LOCAL
from aml_widgets.submit.engines.queued_engine import TargetRun, has_queue, list_runs_of
from aml_widgets.tracking.queries import to_filter, to_statuses
from aml_widgets.tracking.values import show, show_type
from aml_widgets.tracking.warn import logger
from aml_widgets.tracking.workspace import Workspace


def iterate_by_compute(
    compute: object,
    *,
    run_type: str | None = None,
    tags: object = None,
    properties: object = None,
    status: object = None,
) -> Iterator[tuple[Workspace, RunRecord]]:
    """Give the runs on a target that have not ended: those that run, then those that wait, each in the order of submission.

    The filters and the target are checked at once.

    Raises
    ------
    UserError
        For what is no target, and for a filter that is none.
    TargetNotFound
        If there is no such target.
    """
    name = _to_target_name(compute)
    query = RunQuery(
        run_type=run_type,
        tags=to_filter(tags, "tags"),
        properties=to_filter(properties, "properties"),
        statuses=to_statuses(status),
    )
    return _iterate(list_runs_of(name), query, is_in_order=has_queue(name))


def _iterate(found: list[TargetRun], query: RunQuery, *, is_in_order: bool) -> Iterator[tuple[Workspace, RunRecord]]:
    workspaces: dict[str, Workspace] = {}
    read = (_read(one, workspaces) for one in found)
    active = [one for one in read if one is not None and not one[1].status.is_terminal and _is_asked_for(one[1], query)]
    if not is_in_order:
        active.sort(key=lambda one: (one[1].created_at, one[1].number))
    yield from active


def _is_asked_for(record: RunRecord, query: RunQuery) -> bool:
    return (
        query.run_type in (None, record.run_type)
        and (query.statuses is None or record.status in query.statuses)
        and RunFilter(query).fits_record(record)
    )


def _read(target_run: TargetRun, workspaces: dict[str, Workspace]) -> tuple[Workspace, RunRecord] | None:
    location = target_run.store_location
    try:
        if location not in workspaces:
            workspaces[location] = Workspace.open(location, create=False)
        return workspaces[location], workspaces[location].store.get_run(target_run.run_id)
    except (NotFound, StoreError) as error:
        logger.debug("Run %s is not listed: %s", target_run.run_id, message_of(error))
        return None


def _to_target_name(compute: object) -> str:
    name = compute if isinstance(compute, str) else getattr(compute, "name", None)
    if not isinstance(name, str):
        raise UserError(
            f"A compute target must be given by its name or as an object, got {show(compute)}, {show_type(compute)}. "
            f"Give a name such as {LOCAL!r}.",
            value=compute,
        )
    return name
