"""Runs in memory that are archived, in the trash, or deleted for good."""

from __future__ import annotations

from dataclasses import replace

from aml_widgets.core import clock
from aml_widgets.core.errors import Conflict, RunGoesOn, RunNotInTrash
from aml_widgets.core.records import SNAPSHOT_ID, RunRecord
from aml_widgets.store.memory.state import MemoryState, PurgedRun, StoredRun
from aml_widgets.store.purged_files import remove_files, remove_snapshot


class MemoryTrash(MemoryState):
    """The part of the store that keeps runs out of the way, and deletes them."""

    def archive_run(self, run_id: str, is_archived: bool) -> RunRecord:
        """Archive a run, or make it active again. Runs below it stay as they are."""
        with self._lock:
            run = self._run(run_id)
            if is_archived != (run.record.archived_at is not None):
                self._change(run, replace(run.record, archived_at=clock.now() if is_archived else None))
            return self._show(run)

    def trash_run(self, run_id: str, *, even_if_active: bool = False) -> RunRecord:
        """Put a run into the trash, with the runs below it. Raises RunGoesOn where one has not ended, unless that is fine."""
        with self._lock:
            run = self._run(run_id)
            family = self._family(run)
            for one in family:
                record = self._show(one)
                if not (record.status.is_terminal or even_if_active):
                    raise RunGoesOn(
                        f"Run {record.run_id} is {record.status}, and a run is put into the trash when it and all below it have "
                        "ended. Cancel it, or wait for its end.",
                        value=record.run_id,
                    )
            trashed_at = run.record.trashed_at or clock.now()
            for one in family:
                if one.record.trashed_at is None:
                    self._change(one, replace(one.record, trashed_at=trashed_at))
            return run.record

    def restore_run(self, run_id: str) -> RunRecord:
        """Take a run out of the trash, with those that were put there together with it."""
        with self._lock:
            run = self._run(run_id)
            parent_id, trashed_at = run.record.parent_run_id, run.record.trashed_at
            if trashed_at is None:
                return self._show(run)
            if parent_id is not None and self._run(parent_id).record.trashed_at is not None:
                raise Conflict(
                    f"Run {run_id} is below run {parent_id}, which is in the trash as well. Restore that one.",
                    value=run_id,
                )
            for one in self._family(run):
                if one.record.trashed_at == trashed_at:
                    self._change(one, replace(one.record, trashed_at=None))
            return run.record

    def purge_run(self, run_id: str) -> None:
        """Delete a run in the trash for good, with the runs below it and all their files. Raises RunNotInTrash."""
        with self._lock:
            family = self._family(self._run(run_id))
            for one in family:
                if one.record.trashed_at is None:
                    raise RunNotInTrash(
                        f"Run {one.record.run_id} is not in the trash, and only what is there is deleted for good. "
                        f"Put {run_id} into the trash first.",
                        value=one.record.run_id,
                    )
                shown = self._show(one)
                if not shown.status.is_terminal:
                    raise RunGoesOn(
                        f"Run {shown.run_id} is {shown.status}, and a run is deleted for good when it and all below it have ended. "
                        "Cancel it, or wait for its end.",
                        value=shown.run_id,
                    )
            version = self._next_version()
            for one in reversed(family):
                record = one.record
                self._purged[record.run_id] = PurgedRun(version, record.experiment_id, record.number)
                del self._runs[record.run_id]
                self._extras.forget_run(record.run_id)
                if record.parent_run_id is not None:
                    self._runs[record.parent_run_id].child_ids.remove(record.run_id)
            remove_files(self._artifacts, [one.record.run_id for one in family])
            self._left_snapshots.update(one.record.properties.get(SNAPSHOT_ID, "") for one in family)
            for snapshot_id in sorted(self._left_snapshots):
                if remove_snapshot(self.snapshots, snapshot_id, self._has_snapshot):
                    self._left_snapshots.remove(snapshot_id)

    def _family(self, run: StoredRun) -> list[StoredRun]:
        """Give a run and all that are below it, those above before those below."""
        family = [run]
        for one in family:
            family += [self._runs[child_id] for child_id in one.child_ids]
        return family

    def _has_snapshot(self, snapshot_id: str) -> bool:
        return any(run.record.properties.get(SNAPSHOT_ID) == snapshot_id for run in self._runs.values())
