"""What is new of one run, never more than a page can take at once."""

from __future__ import annotations

from aml_widgets.core.records import SCRIPT_RUN_TYPE, MetricNews, RunChanges, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.server.replies import Reply, artifact_reply, news_reply, run_reply, run_row_reply
from aml_widgets.store.protocol import MAX_BUCKETS, RunStore
from aml_widgets.tracking.engines import look_after
from aml_widgets.tracking.workspace import Workspace

MAX_NEW_POINTS = 5_000
"""A series with more new points than that is opened again."""
MAX_COLUMN_LENGTHS = 100_000
"""How many buckets and points of all series together an answer has, as long as the series are not very many."""
MIN_BUCKETS = 20


def changes_reply(
    workspace: Workspace, run_id: str, cursor: str | None, max_buckets: int | None, *, is_read_only: bool
) -> Reply:
    """Give what changed for a run since a cursor.

    Raises
    ------
    RunNotFound
        If there is no such run.
    UserError
        For a cursor that is not this run's.
    """
    store = workspace.store
    changes = read_changes(store, run_id, cursor, MAX_BUCKETS if max_buckets is None else max_buckets)
    record = changes.run if changes.run is not None else store.get_run(run_id)
    if not is_read_only:
        see_to(store, record)
    return {
        "cursor": changes.cursor,
        "run": None if changes.run is None else run_reply(changes.run),
        "can_cancel": can_cancel(record, is_read_only=is_read_only),
        "metrics": [news_reply(news) for news in changes.metrics],
        "artifacts": [artifact_reply(artifact) for artifact in changes.artifacts],
        "children": [run_row_reply(child) for child in changes.children],
        "has_more": changes.has_more,
    }


def read_changes(store: RunStore, run_id: str, cursor: str | None, max_buckets: int) -> RunChanges:
    """Ask a store for news, and for an opening of each series that has very many of them. Raises what the store does.

    It is asked once, unless there are so many series that all of them together are too long.
    """
    changes = store.changes_since(run_id, cursor, max_buckets=max_buckets, max_new_points=MAX_NEW_POINTS)
    if _length(changes) <= MAX_COLUMN_LENGTHS:
        return changes
    share = max(MIN_BUCKETS, MAX_COLUMN_LENGTHS // len(changes.metrics))
    if cursor is None and share >= max_buckets:
        return changes  # an opening that gets no shorter
    return store.changes_since(run_id, cursor, max_buckets=min(max_buckets, share), max_new_points=share)


def can_cancel(record: RunRecord, *, is_read_only: bool) -> bool:
    """Say whether asking for the end of a run makes sense."""
    return not is_read_only and not record.status.is_terminal and record.status is not RunStatus.CANCEL_REQUESTED


def see_to(store: RunStore, record: RunRecord) -> None:
    """Do for a submitted run what its supervisor left undone, if it was killed: whoever looks at a run does so."""
    if record.run_type == SCRIPT_RUN_TYPE:
        look_after(store, record)


def _length(changes: RunChanges) -> int:
    return sum(map(_length_of, changes.metrics))


def _length_of(news: MetricNews) -> int:
    return len(news.points) + len(news.buckets)
