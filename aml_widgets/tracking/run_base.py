"""What every part of a run stands on: its store, its id, the record as last seen, and what was lost."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO

from aml_widgets.core import clock
from aml_widgets.core.errors import PointsLost, StoreError, StoreUnavailable, message_of
from aml_widgets.core.records import ArtifactRecord, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.tracking.signals import status_changed
from aml_widgets.tracking.warn import warn_softly

if TYPE_CHECKING:
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.run import Run

FLUSH_SECONDS = 300
"""How long to wait at most for a tracking server to take what was logged."""

QUIET_SECONDS = 2.0
"""So long nothing is said of it."""

PROGRESS_SECONDS = 10.0
"""How often it is said then."""


class RunBase:
    """Holds one run for the parts of `Run`, which are one class each."""

    def __init__(self, experiment: Experiment, record: RunRecord, outputs: Path | None) -> None:
        self._experiment = experiment
        self._store = experiment.workspace.store
        self._record = record
        self._run_id = record.run_id
        self._outputs = outputs
        self._lost_lock = threading.Lock()
        self._lost_points = 0
        self._lost_reason: Exception | None = None

    @property
    def id(self) -> str:
        """The run's id: opaque text, never used twice."""
        return self._run_id

    @property
    def experiment(self) -> Experiment:
        """The experiment that the run belongs to."""
        return self._experiment

    @property
    def lost_points(self) -> int:
        """How many points the store did not take; 0 as long as all is well."""
        return self._lost_points

    def _refresh(self) -> RunRecord:
        """Read the record again."""
        self._record = self._store.get_run(self._run_id)
        return self._record

    def _set_status(self, status: RunStatus, error: RunError | None = None) -> None:
        self._record = self._store.set_status(self._run_id, status, error=error)
        status_changed.emit(self._run_id, self._store)

    def _lose(self, error: Exception, count: int) -> None:
        """Count points that the store did not take, and say so the first time. Training goes on."""
        with self._lost_lock:
            is_first = self._lost_points == 0
            self._lost_points += count
            self._lost_reason = error
        if is_first:
            warn_softly(
                f"Run {self._run_id} could not store what was logged: {message_of(error)} Logging goes on and counts what is lost in "
                "run.lost_points; complete() will raise PointsLost."
            )

    def _raise_if_lost(self, trouble: Exception | None = None) -> None:
        """Tell how many points were lost, and what else went wrong."""
        if self._lost_points:
            more = (
                ""
                if trouble is None
                else f"The run could not be ended either: {message_of(trouble)} Then end it again. "
            )
            reason = "" if self._lost_reason is None else message_of(self._lost_reason)
            raise PointsLost(
                f"{self._lost_points:,} point(s) of run {self._run_id} were never stored, the last because: "
                f"{reason} {more}See to the store, and log them again in a new run if they matter.",
                value=self._lost_points,
            ) from self._lost_reason

    def _wait_until_sent(self, timeout_seconds: float) -> StoreError | None:
        """Wait for what is on its way to the store, and say on the way how much that is; give what went wrong."""
        begin = monotonic()
        try:
            left = self._store.wait_until_sent(self._run_id, min(QUIET_SECONDS, timeout_seconds))
            while left and (rest_seconds := timeout_seconds - (monotonic() - begin)) > 0:
                print(  # noqa: T201 - whoever waits is told why; print also works where there is no stderr
                    f"Run {self._run_id}: {left:,} call(s) of log are on their way to the tracking server. They are on this machine, and "
                    f"are sent later, too; this waits for them {rest_seconds:.0f} s more at most.",
                    file=sys.stderr,
                )
                left = self._store.wait_until_sent(self._run_id, min(PROGRESS_SECONDS, rest_seconds))
        except StoreError as error:
            return error
        if not left:
            return None
        return StoreUnavailable(
            f"{left:,} call(s) of log of run {self._run_id} did not reach the tracking server in {timeout_seconds:g} s. They are kept "
            "on this machine, and sent when the server is back, by this process or the next one here that uses it.",
            value=left,
        )

    def _put(self, path: str, content: Path | BinaryIO, *, is_log: bool = False) -> ArtifactRecord:
        """Write a file of the run once, and make it known."""
        size_bytes = self._store.artifacts.put(self._run_id, path, content)
        artifact = ArtifactRecord(path=path, size_bytes=size_bytes, written_at=clock.now(), is_log=is_log)
        self._store.record_artifact(self._run_id, artifact)
        return artifact

    def _rebuild(self, records: Iterable[RunRecord]) -> Iterable[Run]:
        """Make runs of the right class of records, in this run's workspace."""
        from aml_widgets.tracking.run import rebuild

        return (rebuild(self._experiment.workspace, record, self._experiment) for record in records)
