"""Runs submissions on this machine at once, each with a supervisor of its own."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from aml_widgets.core.file_lock import FileLock
from aml_widgets.core.records import RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.engines.unstarted import end_copy, end_if_abandoned, end_if_lost, end_if_unclaimed
from aml_widgets.submit.submission import RunFolder, Submission

SUPERVISOR_MODULE = "aml_widgets.submit.supervision.supervisor"

_TRY_AGAIN_SECONDS = 30.0

_tried: dict[str, float] = {}


class LocalEngine:
    """Starts a supervisor for each run. Whether it lives is told by the lock that it holds, not by what it wrote."""

    def start(self, store: RunStore, submission: Submission) -> None:
        """Start the supervisor of a run; the submission may be in the run's folder already."""
        del store
        folder = RunFolder.of(submission.run_id)
        if not folder.submission_file.exists():
            folder.write(submission)
        launch_supervisor(submission.run_id)

    def cancel(self, store: RunStore, record: RunRecord) -> None:
        """Tell the supervisor; where it is gone, do what it would have done."""
        folder = RunFolder.of(record.run_id)
        if not folder.submission_file.exists():
            end_if_unclaimed(store, record)
        elif folder.is_of(store):
            with suppress(FileNotFoundError):  # it has just ended
                folder.cancel_file.touch()
            self.look_after(store, record)
        else:
            end_copy(store, record)

    def look_after(self, store: RunStore, record: RunRecord) -> None:
        """Save and end what a supervisor left behind that is gone; also for a run that was ended meanwhile because it was silent."""
        folder = RunFolder.of(record.run_id)
        if not folder.submission_file.exists():
            if record.status is RunStatus.PREPARING and record.writer is None:
                end_if_abandoned(store, record)
            else:
                end_if_lost(store, record)
            return
        if time.monotonic() < _tried.get(record.run_id, 0.0) or not folder.is_of(store):
            return
        lock = FileLock(folder.lock_file)
        try:
            if not lock.acquire():
                return  # it lives
        except FileNotFoundError:  # it has just ended
            return
        from aml_widgets.submit.supervision.recovery import recover

        try:
            recover(store, folder)
        finally:
            lock.release()
        if folder.outcome_file.exists():  # something could not be saved
            _tried[record.run_id] = time.monotonic() + _TRY_AGAIN_SECONDS


def launch_supervisor(run_id: str) -> None:
    """Start the supervisor of a run whose submission is in its folder. It goes on when this process ends."""
    from aml_widgets.submit.supervision.detached import start_detached

    folder = RunFolder.of(run_id)
    start_detached(SUPERVISOR_MODULE, [run_id], folder=folder.path, log=folder.supervisor_log)


if TYPE_CHECKING:
    from aml_widgets.submit.engines.protocol import Engine

    _proof: type[Engine] = LocalEngine
