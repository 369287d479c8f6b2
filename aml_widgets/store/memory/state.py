"""What is kept in memory, and how a run is found, changed and shown: what all parts of the store share."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.errors import ExperimentNotFound, RunIsTerminal, RunNotFound
from aml_widgets.core.records import ArtifactRecord, ExperimentRecord, RunRecord, Tags
from aml_widgets.core.status import RunStatus
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.liveness import judge
from aml_widgets.store.memory.extras import MemoryExtraStore
from aml_widgets.store.memory.run_metrics import RunMetrics


@dataclass(slots=True)
class StoredRun:
    """All that is kept of one run. Versions are the store's, counted up by every write."""

    record: RunRecord
    version: int
    metrics: RunMetrics = field(default_factory=RunMetrics)
    artifacts: dict[str, tuple[int, ArtifactRecord]] = field(default_factory=dict)
    child_ids: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PurgedRun:
    """What is left of a run that was deleted for good."""

    version: int
    experiment_id: str
    number: int


class MemoryState:
    """Keeps runs and experiments. The parts of the store are made of it, and take its lock.

    Parameters
    ----------
    artifacts : FolderArtifactStore
        Where the files of the runs are.
    """

    def __init__(self, artifacts: FolderArtifactStore) -> None:
        self._artifacts = artifacts
        self._lock = threading.RLock()
        self._version = 0
        self._experiments: dict[str, ExperimentRecord] = {}
        self._runs: dict[str, StoredRun] = {}  # in the order of creation
        self._left_snapshots: set[str] = set()  # of deleted runs, to be looked at again
        self._purged: dict[str, PurgedRun] = {}
        self._extras = MemoryExtraStore(self._lock, self._check_owners)

    @property
    def snapshots(self) -> Path:
        """The local folder that holds source snapshots. No run id starts with a point, so it is in no run's way."""
        return self._artifacts.root / ".snapshots"

    @property
    def extras(self) -> MemoryExtraStore:
        """Where other programs keep what belongs to runs and experiments."""
        return self._extras

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

    def _run(self, run_id: str) -> StoredRun:
        try:
            return self._runs[run_id]
        except KeyError:
            raise RunNotFound(
                f"No run has the id {run_id!r}. List the runs of the experiment to see those there are.", value=run_id
            ) from None

    def _check_owners(self, run_id: str | None, experiment_id: str | None) -> None:
        if run_id is not None:
            self._run(run_id)
        if experiment_id is not None:
            self.get_experiment(experiment_id)

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


def merge_tags(old: Tags, new: Tags, remove: Iterable[str]) -> dict[str, str | None]:
    """Set some tags and remove others."""
    removed = set(remove)
    return {key: value for key, value in {**old, **new}.items() if key not in removed}


def terminal_error(record: RunRecord, what: str) -> RunIsTerminal:
    """Say that a run has ended, and what cannot be done with it therefore."""
    return RunIsTerminal(
        f"Run {record.run_id} has ended as {record.status} and {what}. Start a new run, or a child of this one.",
        value=record.run_id,
    )
