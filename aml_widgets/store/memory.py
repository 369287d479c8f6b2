"""A store that forgets everything when its process ends: for tests, docs and trying things out."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    Conflict,
    ExperimentInUse,
    ExperimentNotFound,
    PropertyExists,
    RunExists,
    RunGoesOn,
    RunIsTerminal,
    RunNotFound,
    RunNotInTrash,
    UserError,
)
from aml_widgets.core.records import (
    SNAPSHOT_ID,
    ArtifactRecord,
    Bucket,
    ExperimentRecord,
    LatestMetric,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricSummary,
    MetricValue,
    NewRun,
    RunChanges,
    RunError,
    RunListChanges,
    RunPage,
    RunQuery,
    RunRecord,
    Tags,
    ViewType,
    WriterProcess,
)
from aml_widgets.core.status import RunStatus, can_change, is_outdated
from aml_widgets.store import memory_listing
from aml_widgets.store.artifacts import FolderArtifactStore, check_run_id
from aml_widgets.store.liveness import find_end, judge
from aml_widgets.store.memory_models import MemoryModelRows
from aml_widgets.store.memory_reading import Cursor, bad_cursor
from aml_widgets.store.memory_runs import StoredRun
from aml_widgets.store.model_files import ModelFolder
from aml_widgets.store.models import FolderModelStore
from aml_widgets.store.protocol import MAX_BUCKETS
from aml_widgets.store.purged_files import remove_files, remove_snapshot
from aml_widgets.store.run_fitting import check_conditions


class MemoryRunStore:
    """Keeps runs in memory, and their files in a folder.

    One lock makes it safe from any thread. Other processes cannot see it.

    Parameters
    ----------
    artifact_root : Path, optional
        Where to keep files. Without it, a temporary folder that goes when the store is garbage collected.
    """

    def __init__(self, artifact_root: Path | None = None) -> None:
        if artifact_root is None:
            artifact_root = Path(tempfile.mkdtemp(prefix="aml_widgets-"))
            weakref.finalize(self, _remove_folder, artifact_root, os.getpid())
        self._artifacts = FolderArtifactStore(artifact_root)
        self._models = FolderModelStore(ModelFolder(artifact_root / ".models", self._artifacts), MemoryModelRows())
        self._lock = threading.RLock()
        self._version = 0
        self._experiments: dict[str, ExperimentRecord] = {}
        self._runs: dict[str, StoredRun] = {}  # in the order of creation
        self._left_snapshots: set[str] = set()  # of deleted runs, to be looked at again
        self._purged: dict[
            str, tuple[int, str, int]
        ] = {}  # id → version, experiment and number of a run that was deleted
        self._info = {
            "name": "memory",
            "workspace_id": clock.new_id(),
            "created_at": datetime.fromtimestamp(clock.now(), tz=timezone.utc).isoformat(),
        }

    @property
    def artifacts(self) -> FolderArtifactStore:
        """Where the files of the runs are."""
        return self._artifacts

    @property
    def models(self) -> FolderModelStore:
        """Where registered models are, in a folder that is in no run's way, as the snapshots are."""
        return self._models

    @property
    def snapshots(self) -> Path:
        """The local folder that holds source snapshots. No run id starts with a point, so it is in no run's way."""
        return self._artifacts.root / ".snapshots"

    @property
    def own_paths(self) -> Sequence[Path]:
        """The folder of files, models and snapshots."""
        return [self._artifacts.root]

    def close(self) -> None:
        """Do nothing: there is nothing to let go of while the runs are to be kept."""

    # -- the workspace itself

    def get_info(self) -> Mapping[str, str]:
        """Facts of the workspace: at least ``name``, ``workspace_id``, ``created_at`` (ISO 8601)."""
        with self._lock:
            return dict(self._info)

    def set_info(self, facts: Mapping[str, str]) -> None:
        """Set facts of the workspace, keeping the others."""
        with self._lock:
            self._info.update(facts)

    # -- experiments

    def open_experiment(self, name: str) -> ExperimentRecord:
        """Get the active experiment of that name, or create it."""
        with self._lock:
            found = self._find_active(name)
            if found is None:
                found = ExperimentRecord(experiment_id=clock.new_id(), name=name, created_at=clock.now())
                self._experiments[found.experiment_id] = found
            return found

    def get_experiment(self, experiment_id: str) -> ExperimentRecord:
        """Get an experiment, active or archived."""
        with self._lock:
            try:
                return self._experiments[experiment_id]
            except KeyError:
                raise ExperimentNotFound(
                    f"No experiment has the id {experiment_id!r}. List the experiments to see those there are.",
                    value=experiment_id,
                ) from None

    def list_experiments(self, view_type: ViewType = ViewType.ACTIVE_ONLY) -> list[ExperimentRecord]:
        """List experiments by name."""
        with self._lock:
            shown = [
                experiment
                for experiment in self._experiments.values()
                if view_type == ViewType.ALL
                or (experiment.archived_at is not None) == (view_type == ViewType.ARCHIVED_ONLY)
            ]
        return sorted(shown, key=lambda experiment: (experiment.name, experiment.created_at))

    def set_archived(self, experiment_id: str, is_archived: bool) -> ExperimentRecord:
        """Archive or reactivate. Raises Conflict when another active experiment has the name."""
        with self._lock:
            experiment = self.get_experiment(experiment_id)
            if is_archived == (experiment.archived_at is not None):
                return experiment
            if not is_archived and self._find_active(experiment.name) is not None:
                raise Conflict(
                    f"Experiment {experiment.name!r} cannot be reactivated: another active one has its name. "
                    "Archive that one first.",
                    value=experiment_id,
                )
            experiment = replace(experiment, archived_at=clock.now() if is_archived else None)
            self._experiments[experiment_id] = experiment
            return experiment

    def tag_experiment(self, experiment_id: str, tags: Tags, *, remove: Iterable[str] = ()) -> ExperimentRecord:
        """Set some tags of an experiment and remove others."""
        with self._lock:
            experiment = self.get_experiment(experiment_id)
            experiment = replace(experiment, tags=_merge_tags(experiment.tags, tags, remove))
            self._experiments[experiment_id] = experiment
            return experiment

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment without runs. Raises ExperimentInUse."""
        with self._lock:
            experiment = self.get_experiment(experiment_id)
            count = sum(run.record.experiment_id == experiment_id for run in self._runs.values())
            if count:
                raise ExperimentInUse(
                    f"Experiment {experiment.name!r} has {count} run(s), and only an empty one can be deleted. "
                    "Archive it instead.",
                    value=experiment_id,
                )
            del self._experiments[experiment_id]

    def _find_active(self, name: str) -> ExperimentRecord | None:
        for experiment in self._experiments.values():
            if experiment.name == name and experiment.archived_at is None:
                return experiment
        return None

    # -- runs

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
                *(number for _, of_id, number in self._purged.values() if of_id == new_run.experiment_id),
            ]
            now = clock.now()
            record = RunRecord(
                run_id=run_id,
                number=max(numbers, default=0) + 1,
                experiment_id=experiment.experiment_id,
                experiment_name=experiment.name,
                status=new_run.status,
                created_at=now,
                display_name=new_run.display_name,
                description=new_run.description,
                run_type=new_run.run_type,
                parent_run_id=new_run.parent_run_id,
                root_run_id=run_id if parent is None else parent.record.root_run_id,
                target=new_run.target,
                started_at=now if new_run.status == RunStatus.RUNNING or new_run.status.is_terminal else None,
                ended_at=now if new_run.status.is_terminal else None,
                last_seen_at=now,
                tags=dict(new_run.tags),
                properties=dict(new_run.properties),
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
            return memory_listing.to_page(self._runs, self._fitting(query), query, clock.now())

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
        return memory_listing.find_fitting(self._runs, query, self._show)

    def run_list_changes(self, cursor: str | None = None) -> RunListChanges:
        """Give what changed among the runs since a cursor, and the next cursor, from one moment."""
        with self._lock:
            for run in self._runs.values():
                self._show(run)  # may settle runs, so the version is read afterwards
            purged = {run_id: version for run_id, (version, _, _) in self._purged.items()}
            return memory_listing.find_changes(self._runs, purged, cursor, self._version, self._show)

    def set_status(
        self, run_id: str, status: RunStatus, *, error: RunError | None = None, ended_at: float | None = None
    ) -> RunRecord:
        """Change the status; `started_at` and `ended_at` follow. The same status again changes nothing."""
        with self._lock:
            run = self._run(run_id)
            old = self._show(run)  # settles a run whose process is gone
            if old.status == status and run.record.status == status:
                return old
            if is_outdated(run.record.status, status):
                return old
            if not can_change(old.status, status):
                raise _terminal(old, f"cannot become {status}")
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
                    error=run.record.error if error is None else error,
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
                    tags=_merge_tags(old.tags, tags or {}, remove_tags),
                    properties={**old.properties, **(properties or {})},
                    writer=old.writer if writer is None else writer,
                    last_seen_at=old.last_seen_at if writer is None else clock.now(),
                ),
            )
            return self._show(run)

    def touch(self, run_id: str) -> None:
        """Record a sign of life of the process that writes the run (no change that readers are told of)."""
        with self._lock:
            run = self._run(run_id)
            run.record = replace(run.record, last_seen_at=clock.now())

    def _run(self, run_id: str) -> StoredRun:
        try:
            return self._runs[run_id]
        except KeyError:
            raise RunNotFound(
                f"No run has the id {run_id!r}. List the runs of the experiment to see those there are.", value=run_id
            ) from None

    def _next_version(self) -> int:
        self._version += 1
        return self._version

    def _change(self, run: StoredRun, record: RunRecord) -> None:
        if replace(record, last_seen_at=run.record.last_seen_at) != run.record:
            run.version = self._next_version()
        run.record = record

    def _show(self, run: StoredRun) -> RunRecord:
        """Give the record as it is to be shown, and end a run whose process is surely gone."""
        judgement = judge(run.record, clock.now())
        if judgement.settle_error is not None:
            settled = replace(
                run.record, status=RunStatus.FAILED, error=judgement.settle_error, ended_at=judgement.ended_at
            )
            self._change(run, settled)
            return settled
        if judgement.status is not None:
            return replace(run.record, status=judgement.status)
        return run.record

    # -- what is kept out of the way, and what is deleted

    def archive_run(self, run_id: str, is_archived: bool) -> RunRecord:
        """Archive a run, or make it active again. Runs below it stay as they are."""
        with self._lock:
            run = self._run(run_id)
            if is_archived != (run.record.archived_at is not None):
                self._change(run, replace(run.record, archived_at=clock.now() if is_archived else None))
            return self._show(run)

    def trash_run(self, run_id: str) -> RunRecord:
        """Put a run that has ended into the trash, with the runs below it. Raises RunGoesOn."""
        with self._lock:
            run = self._run(run_id)
            family = self._family(run)
            for one in family:
                record = self._show(one)
                if not record.status.is_terminal:
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
            version = self._next_version()
            for one in reversed(family):
                record = one.record
                self._purged[record.run_id] = (version, record.experiment_id, record.number)
                del self._runs[record.run_id]
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

    # -- metrics, written

    def log_metric(
        self, run_id: str, name: str, value: MetricValue, step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to a scalar metric. Without `step`: one after the metric's last, from 0."""
        self.log_metrics(run_id, {name: value}, step, logged_at)

    def log_metrics(
        self, run_id: str, values: Mapping[str, MetricValue], step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to each metric, in one transaction and at one time."""
        with self._lock:
            run = self._writable(run_id)
            now = clock.now()
            run.metrics.append_row(values, step, now if logged_at is None else logged_at)
            run.record = replace(run.record, last_seen_at=now)

    def log_columns(
        self,
        run_id: str,
        name: str,
        columns: Mapping[str | None, Sequence[MetricValue]],
        *,
        kind: MetricKind = MetricKind.SCALAR,
        description: str = "",
        logged_at: float | None = None,
    ) -> None:
        """Append many points under one name, in one transaction; the columns are equally long."""
        with self._lock:
            run = self._writable(run_id)
            now = clock.now()
            run.metrics.append_columns(name, columns, kind, description, now if logged_at is None else logged_at)
            run.record = replace(run.record, last_seen_at=now)

    def _writable(self, run_id: str) -> StoredRun:
        run = self._run(run_id)
        if run.record.status.is_terminal:
            raise _terminal(run.record, "takes no more points")
        return run

    # -- metrics, read

    def summarize_metrics(self, run_id: str) -> list[MetricSummary]:
        """Sum up every series of a run, in the order they were first logged, without reading histories."""
        with self._lock:
            return self._run(run_id).metrics.summarize()

    def summarize_runs(self, run_ids: Sequence[str], names: Collection[str]) -> Mapping[str, Sequence[MetricSummary]]:
        """Sum up the series of some metrics of some runs; a run that is not there is left out."""
        with self._lock:
            return {
                run_id: [one for one in self._runs[run_id].metrics.summarize() if one.key.name in names]
                for run_id in run_ids
                if run_id in self._runs
            }

    def list_metric_names(self, limit: int = 500) -> list[str]:
        """Name the metrics that were logged one value at a time, the most common ones first."""
        with self._lock:
            return memory_listing.name_metrics(self._runs, limit)

    def latest_metrics(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[LatestMetric]]:
        """Give the last value of every series of some runs; a run without metrics has an empty sequence."""
        with self._lock:
            return {run_id: self._run(run_id).metrics.latest() for run_id in run_ids}

    def read_history(self, run_id: str, name: str, column: str | None = None) -> MetricHistory:
        """Read all points of a series; empty when there is none."""
        with self._lock:
            return self._run(run_id).metrics.find(MetricKey(name, column)).history()

    def read_histories(self, run_id: str, names: Collection[str]) -> Mapping[MetricKey, MetricHistory]:
        """Read all points of every series of some metrics, at one moment."""
        with self._lock:
            metrics = self._run(run_id).metrics
            return {one.key: metrics.find(one.key).history() for one in metrics.summarize() if one.key.name in names}

    def read_envelope(
        self,
        run_id: str,
        name: str,
        column: str | None = None,
        *,
        first_step: int | None = None,
        last_step: int | None = None,
        max_buckets: int = MAX_BUCKETS,
    ) -> list[Bucket]:
        """Sum up the numbers of a series, in order, in at most `max_buckets` buckets."""
        _check_max_buckets(max_buckets)
        with self._lock:
            return self._run(run_id).metrics.find(MetricKey(name, column)).buckets(max_buckets, first_step, last_step)

    def changes_since(self, run_id: str, cursor: str | None = None, *, max_buckets: int = MAX_BUCKETS) -> RunChanges:
        """Give everything that changed for a run since a cursor, and the next cursor, from one moment."""
        _check_max_buckets(max_buckets)
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
            metrics = run.metrics.opening_news(max_buckets) if seen is None else run.metrics.news_since(seen.seq)
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

    # -- files

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


def _merge_tags(old: Tags, new: Tags, remove: Iterable[str]) -> dict[str, str | None]:
    removed = set(remove)
    return {key: value for key, value in {**old, **new}.items() if key not in removed}


def _check_max_buckets(max_buckets: int) -> None:
    if max_buckets < 2:
        raise UserError(f"At most {max_buckets} buckets make no picture. Ask for at least 2.", value=max_buckets)


def _terminal(record: RunRecord, what: str) -> RunIsTerminal:
    return RunIsTerminal(
        f"Run {record.run_id} has ended as {record.status} and {what}. Start a new run, or a child of this one.",
        value=record.run_id,
    )


def _remove_folder(folder: Path, owner_pid: int) -> None:
    if os.getpid() == owner_pid:  # a forked child ends too, and the folder is its parent's
        shutil.rmtree(folder, ignore_errors=True)


if TYPE_CHECKING:
    from aml_widgets.store.protocol import RunStore

    _proof: type[RunStore] = MemoryRunStore
