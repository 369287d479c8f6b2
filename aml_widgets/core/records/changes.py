"""What is new since a cursor."""

from __future__ import annotations

from dataclasses import dataclass

from aml_widgets.core.records.metrics import MetricNews
from aml_widgets.core.records.runs import ArtifactRecord, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChanges:
    """Everything that changed for one run since a cursor.

    Attributes
    ----------
    has_more : bool
        There is more already, which would have taken too long to read: ask again at once. What is told is whole, up to a place in
        each metric. Only stores that are servers say so.
    """

    cursor: str
    run: RunRecord | None  # None: the record is as it was
    metrics: tuple[MetricNews, ...]
    artifacts: tuple[ArtifactRecord, ...]  # new files, and logs that have grown (with their size now)
    children: tuple[RunRecord, ...]  # direct children that are new or whose record changed
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunListChanges:
    """What changed among the runs of a workspace since a cursor.

    Attributes
    ----------
    cursor : str
        For asking again.
    runs : tuple of RunRecord
        Those that are new or whose record changed, also into or out of the trash, and of those that go on also those that have
        new points or look different; oldest first.
    removed : tuple of str
        Ids of runs that were deleted for good.
    is_stale : bool
        Too much changed to be told, or the cursor is too old: nothing is told, list again.
    """

    cursor: str
    runs: tuple[RunRecord, ...] = ()
    removed: tuple[str, ...] = ()
    is_stale: bool = False
