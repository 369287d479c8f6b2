"""Records of runs in memory: made, listed, changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aml_widgets.core import clock
from aml_widgets.core.errors import PropertyExists, RunExists, UserError
from aml_widgets.core.records import (
    NewRun,
    RunError,
    RunListChanges,
    RunPage,
    RunQuery,
    RunRecord,
    Tags,
    WriterProcess,
)
from aml_widgets.core.status import RunStatus, can_change, is_outdated
from aml_widgets.store.artifacts import check_run_id
from aml_widgets.store.liveness import find_end
from aml_widgets.store.memory import listing
from aml_widgets.store.memory.state import MemoryState, StoredRun, merge_tags, terminal_error
from aml_widgets.store.params import check_params, merge_params
from aml_widgets.store.run_fitting import check_conditions


class MemoryRuns(MemoryState):
    """The part of the store that keeps the records of runs."""

    def create_run(self, new_run: NewRun) -> RunRecord:
        """Create a run. Raises RunExists, RunNotFound (parent), ExperimentNotFound."""
        run_id = clock.new_id() if new_run.run_id is None else check_run_id(new_run.run_id)
        with self._lock:
            experiment = self.get_experiment(new_run.experiment_id)
            parent = None if new_run.parent_run_id is None else self._run(new_run.parent_run_id)
            if run_id in self._runs or run_id in self._purged:
                raise RunExists(f"A run has the id {run_id!r} already. Choose another, or leave it out.", value=run_id)
            numbers = [
                *(
                    run.record.number
                    for run in self._runs.values()
                    if run.record.experiment_id == new_run.experiment_id
                ),
                *(gone.number for gone in self._purged.values() if gone.experiment_id == new_run.experiment_id),
            ]
            now = clock.now()
            has_started = new_run.status == RunStatus.RUNNING or new_run.status.is_terminal
            record = RunRecord(
                run_id=run_id,
                number=max(numbers, default=0) + 1,
                experiment_id=experiment.experiment_id,
                experiment_name=experiment.name,
                status=new_run.status,
                created_at=now if new_run.created_at is None else new_run.created_at,
                display_name=new_run.display_name,
                description=new_run.description,
                run_type=new_run.run_type,
                parent_run_id=new_run.parent_run_id,
                root_run_id=run_id if parent is None else parent.record.root_run_id,
                target=new_run.target,
                started_at=now if new_run.started_at is None and has_started else new_run.started_at,
                ended_at=now if new_run.status.is_terminal else None,
                last_seen_at=now,
                tags=dict(new_run.tags),
                properties=dict(new_run.properties),
                params=check_params(new_run.params),
                writer=new_run.writer,
            )
            self._runs[run_id] = StoredRun(record=record, version=self._next_version())
            if parent is not None:
                parent.child_ids.append(run_id)
            return record

    def get_run(self, run_id: str) -> RunRecord:
        """Get a run as it stands now."""
        with self._lock:
            return self._show(self._run(run_id))

    def list_runs(self, query: RunQuery) -> RunPage:
        """List runs, newest first or by a metric."""
        if query.limit < 1:
            raise UserError(f"A page of {query.limit} runs cannot be had. Ask for at least 1.", value=query.limit)
        with self._lock:
            return listing.to_page(self._runs, self._fitting(query), query, clock.now())

    def count_runs(self, query: RunQuery) -> int:
        """Count the runs that a query gives on all its pages together."""
        with self._lock:
            return len(self._fitting(query))

    def which_fit(self, run_ids: Sequence[str], query: RunQuery) -> frozenset[str]:
        """Say which of some runs a query gives on any of its pages."""
        with self._lock:
            return frozenset(run_ids) & {record.run_id for record in self._fitting(query)}

    def _fitting(self, query: RunQuery) -> list[RunRecord]:
        check_conditions(query)
        if query.experiment_id is not None:
            self.get_experiment(query.experiment_id)
        if query.parent_run_id is not None:
            self._run(query.parent_run_id)
        return listing.find_fitting(self._runs, query, self._show)

    def run_list_changes(self, cursor: str | None = None) -> RunListChanges:
        """Give what changed among the runs since a cursor, and the next cursor, from one moment."""
        with self._lock:
            for run in self._runs.values():
                self._show(run)  # may settle runs, so the version is read afterwards
            purged = {run_id: gone.version for run_id, gone in self._purged.items()}
            return listing.find_changes(self._runs, purged, cursor, self._version, self._show)

    def set_status(
        self,
        run_id: str,
        status: RunStatus,
        *,
        error: RunError | None = None,
        ended_at: float | None = None,
        reopens: bool = False,
    ) -> RunRecord:
        """Change the status; `started_at` and `ended_at` follow. The same status again changes nothing but an error that is missing."""
        with self._lock:
            run = self._run(run_id)
            old = self._show(run)  # settles a run whose process is gone
            if old.status == status and run.record.status == status:
                if status.is_terminal and error is not None and old.error is None:
                    self._change(run, replace(run.record, error=error))
                return self._show(run)
            if is_outdated(run.record.status, status):
                return old
            is_reopened = not can_change(old.status, status)
            if is_reopened and not reopens:
                raise terminal_error(old, f"cannot become {status}")
            known_at = old.created_at if old.started_at is None else old.started_at
            now = find_end(ended_at if status.is_terminal else None, clock.now(), known_at)
            started_at = now if status == RunStatus.RUNNING or status.is_terminal else None
            self._change(
                run,
                replace(
                    run.record,
                    status=status,
                    started_at=old.started_at if old.started_at is not None else started_at,
                    ended_at=now if status.is_terminal else None,
                    last_seen_at=now,
                    error=error or (None if is_reopened else run.record.error),
                ),
            )
            return self._show(run)

    def update_run(
        self,
        run_id: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        tags: Tags | None = None,
        remove_tags: Iterable[str] = (),
        properties: Mapping[str, str] | None = None,
        writer: WriterProcess | None = None,
    ) -> RunRecord:
        """Change what is given, also on a run that has ended; None means as it was. Raises PropertyExists."""
        with self._lock:
            run = self._run(run_id)
            old = run.record
            for key, value in (properties or {}).items():
                if old.properties.get(key, value) != value:
                    raise PropertyExists(
                        f"Property {key!r} of run {run_id} is {old.properties[key]!r}, and a property cannot change. "
                        "Use a tag, or another key.",
                        value=key,
                    )
            self._change(
                run,
                replace(
                    old,
                    display_name=old.display_name if display_name is None else display_name,
                    description=old.description if description is None else description,
                    tags=merge_tags(old.tags, tags or {}, remove_tags),
                    properties={**old.properties, **(properties or {})},
                    writer=old.writer if writer is None else writer,
                    last_seen_at=old.last_seen_at if writer is None else clock.now(),
                ),
            )
            return self._show(run)

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Set parameters, all of them or none."""
        checked = check_params(params)
        with self._lock:
            run = self._run(run_id)
            self._change(run, replace(run.record, params=merge_params(run_id, run.record.params, checked)))

    def touch(self, run_id: str) -> None:
        """Record a sign of life of the process that writes the run (no change that readers are told of)."""
        with self._lock:
            run = self._run(run_id)
            run.record = replace(run.record, last_seen_at=clock.now())

    def wait_until_sent(self, run_id: str, seconds: float) -> int:  # noqa: ARG002 - all is here
        """Give 0 at once: others see what was logged when `log` returns."""
        return 0
