"""What is new of a run in memory, and its files."""

from __future__ import annotations

from dataclasses import replace

from aml_widgets.core.records import ArtifactRecord, RunChanges, RunRecord
from aml_widgets.store.memory.cursors import Cursor, bad_cursor
from aml_widgets.store.memory.points import check_max_buckets
from aml_widgets.store.memory.state import MemoryState
from aml_widgets.store.protocol import MAX_BUCKETS


class MemoryChanges(MemoryState):
    """The part of the store that tells what changed for a run."""

    def changes_since(
        self,
        run_id: str,
        cursor: str | None = None,
        *,
        max_buckets: int = MAX_BUCKETS,
        max_new_points: int | None = None,
    ) -> RunChanges:
        """Give everything that changed for a run since a cursor, and the next cursor, from one moment."""
        check_max_buckets(max_buckets)
        with self._lock:
            run = self._run(run_id)
            seen = None if cursor is None else Cursor.decode(cursor, run_id)
            if seen is not None and seen.version > self._version:
                raise bad_cursor(cursor, run_id)
            family = [run, *(self._runs[child_id] for child_id in run.child_ids)]
            records = [self._show(one) for one in family]  # may settle runs, so the version is read afterwards
            shown_gone = frozenset(record.run_id for record in records if self._is_shown_otherwise(record))
            changed = [
                record
                for one, record in zip(family, records, strict=True)
                if seen is None
                or one.version > seen.version
                or (record.run_id in shown_gone) != (record.run_id in seen.shown_gone)
            ]
            artifacts = self.list_artifacts(run_id)
            log_sizes = {artifact.path: artifact.size_bytes for artifact in artifacts if artifact.is_log}
            if seen is None:
                metrics = run.metrics.opening_news(max_buckets)
            else:
                metrics = run.metrics.news_since(seen.seq, max_buckets, max_new_points)
            return RunChanges(
                cursor=Cursor(run_id, self._version, run.metrics.seq, log_sizes, shown_gone).encode(),
                run=next((record for record in changed if record.run_id == run_id), None),
                metrics=tuple(metrics),
                artifacts=tuple(
                    artifact
                    for artifact in artifacts
                    if seen is None
                    or run.artifacts[artifact.path][0] > seen.version
                    or (artifact.is_log and seen.log_sizes.get(artifact.path) != artifact.size_bytes)
                ),
                children=tuple(
                    record
                    for record in changed
                    if record.run_id != run_id
                    and (seen is not None or record.trashed_at is None or run.record.trashed_at is not None)
                ),
            )

    def _is_shown_otherwise(self, record: RunRecord) -> bool:
        """Whether a record's status is not the stored one, because the run's process is gone."""
        return record.status != self._runs[record.run_id].record.status

    def record_artifact(self, run_id: str, artifact: ArtifactRecord) -> None:
        """Make a file known that `artifacts` holds; recorded again, the record is replaced."""
        with self._lock:
            self._run(run_id).artifacts[artifact.path] = (self._next_version(), artifact)

    def list_artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """List the run's files by path; logs with their size now."""
        with self._lock:
            records = [artifact for _, artifact in self._run(run_id).artifacts.values()]
            return sorted((self._with_size_now(run_id, record) for record in records), key=lambda record: record.path)

    def _with_size_now(self, run_id: str, artifact: ArtifactRecord) -> ArtifactRecord:
        size_bytes = self._artifacts.size(run_id, artifact.path) if artifact.is_log else None
        return artifact if size_bytes is None else replace(artifact, size_bytes=size_bytes)
