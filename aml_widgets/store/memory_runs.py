"""What is kept of one run in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from aml_widgets.core.records import ArtifactRecord, RunRecord
from aml_widgets.store.memory_metrics import RunMetrics


@dataclass(slots=True)
class StoredRun:
    """All that is kept of one run. Versions are the store's, counted up by every write."""

    record: RunRecord
    version: int
    metrics: RunMetrics = field(default_factory=RunMetrics)
    artifacts: dict[str, tuple[int, ArtifactRecord]] = field(default_factory=dict)
    child_ids: list[str] = field(default_factory=list)
