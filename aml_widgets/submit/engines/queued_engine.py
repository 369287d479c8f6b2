"""The engine of named targets: a run waits in a queue, across kernels and processes, until its target has a place for it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_widgets.core.errors import AmlWidgetsError, RunIsTerminal, StoreUnavailable
from aml_widgets.core.records import RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.engines import queue
from aml_widgets.submit.engines.finding import LOCAL
from aml_widgets.submit.engines.protocol import Engine
from aml_widgets.submit.engines.queue import EntryState, StartKeeper
from aml_widgets.submit.engines.targets import LOCAL_KIND, get_target
from aml_widgets.submit.engines.unstarted import (
    FOLDER_IS_GONE,
    end_as_canceled,
    end_as_failed,
    end_copy,
    end_if_abandoned,
)
from aml_widgets.submit.submission import RunFolder, Submission, is_from_here, list_submissions


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRun:
    """A run that waits for a target or works on it."""

    run_id: str
    store_location: str


class QueuedEngine:
    """Lets runs wait until their target has a place, and starts a dispatcher where one is needed.

    Parameters
    ----------
    local : Engine, optional
        What looks after the runs that have a place.
    start_keeper : callable, optional
        Starts the dispatcher of a target.
    """

    def __init__(self, *, local: Engine | None = None, start_keeper: StartKeeper | None = None) -> None:
        self._local = local
        self._start_keeper = start_keeper or _start_dispatcher

    def start(self, store: RunStore, submission: Submission) -> None:
        """Let a run wait for its target; one that was cancelled meanwhile does not.

        Raises
        ------
        TargetNotFound
            If its target was deleted.
        StoreError
            If the queue cannot be written.
        """
        from aml_widgets.submit.supervision.supervisor_start import keep_surroundings

        run_id = submission.run_id
        try:
            keep_surroundings(run_id)
        except OSError as error:
            raise StoreUnavailable(
                f"Run {run_id} cannot work in {str(RunFolder.of(run_id).path)!r}: {error.strerror or error}. "
                "See to that disk, or name another folder with the environment variable AML_WIDGETS_HOME.",
                value=run_id,
            ) from error
        try:
            store.set_status(run_id, RunStatus.QUEUED)
        except RunIsTerminal:
            return
        try:
            queue.enter(submission.target, run_id, submission.store_location, self._start_keeper)
        except AmlWidgetsError:  # it is not there
            raise
        except BaseException:  # an interrupt may come when it is
            with contextlib.suppress(AmlWidgetsError):
                queue.take_out(run_id)
            raise

    def cancel(self, store: RunStore, record: RunRecord) -> None:
        """End a run that waits at once, and one that has a place as the local engine does."""
        run_id = record.run_id
        if _is_copy(store, run_id):
            end_copy(store, record)
            return
        if queue.take_out(run_id):
            end_as_canceled(store, run_id)
            return
        entry = queue.find_entry(run_id)
        if entry is None:
            self._cancel_without_entry(store, run_id)
            return
        queue.wake(entry.target, self._start_keeper)
        if (
            entry.state is EntryState.STARTING
        ):  # its dispatcher finds this before it starts the supervisor, or else that does
            with contextlib.suppress(FileNotFoundError):  # it has ended in this moment
                RunFolder.of(run_id).cancel_file.touch()
        else:
            self._get_local().cancel(store, record)

    def look_after(self, store: RunStore, record: RunRecord) -> None:
        """Start the dispatcher again where it is gone, and mend what an interruption between two steps has left."""
        if _is_copy(store, record.run_id):
            return
        entry = queue.find_entry(record.run_id)
        if entry is not None:
            queue.wake(entry.target, self._start_keeper)
            return
        # Read again: before its entry was removed, a run had another status than Queued, for ever.
        record = store.get_run(record.run_id)
        if record.status == RunStatus.QUEUED and record.writer is None:
            if is_from_here(record):  # else it waits in a queue of another home
                self._enter_again(store, record)
        elif record.status == RunStatus.CANCEL_REQUESTED and record.writer is None:
            end_as_canceled(store, record.run_id)
        elif record.status == RunStatus.PREPARING and record.writer is None:
            end_if_abandoned(store, record)
        else:
            self._get_local().look_after(store, record)

    def _cancel_without_entry(self, store: RunStore, run_id: str) -> None:
        record = store.get_run(run_id)
        if record.status.is_terminal:
            return
        if record.writer is None:  # nobody carries it out, and whoever is submitting it now will see that it has ended
            end_as_canceled(store, run_id)
        else:
            self._get_local().cancel(store, record)

    def _enter_again(self, store: RunStore, record: RunRecord) -> None:
        """Put a run into its queue whose submitter is between two steps, or was killed there; twice is as good as once."""
        try:
            submission = RunFolder.of(record.run_id).read()
        except FileNotFoundError:
            end_as_failed(
                store,
                record.run_id,
                FOLDER_IS_GONE,
                f"The run was never started: its folder {str(RunFolder.of(record.run_id).path)!r} is gone. Submit it again.",
            )
            return
        queue.enter(record.target, record.run_id, submission.store_location, self._start_keeper)

    def _get_local(self) -> Engine:
        if self._local is None:
            from aml_widgets.submit.engines.local_engine import LocalEngine

            self._local = LocalEngine()
        return self._local


def _is_copy(store: RunStore, run_id: str) -> bool:
    """Say whether the run that is carried out here under this id is that of another workspace, which this one was copied from."""
    folder = RunFolder.of(run_id)
    return folder.submission_file.exists() and not folder.is_of(store)


def has_queue(target: str) -> bool:
    """Say whether runs wait for a target here, in order.

    Raises
    ------
    TargetNotFound
        If there is no such target.
    """
    return target != LOCAL and get_target(target).kind == LOCAL_KIND


def list_runs_of(target: str) -> list[TargetRun]:
    """List the runs that work on a target, then those that wait for it, each in order of submission.

    A dispatcher that is gone is started again by that.

    Raises
    ------
    TargetNotFound
        If there is no such target.
    """
    if not has_queue(target):
        return [
            TargetRun(run_id=one.run_id, store_location=one.store_location)
            for one in list_submissions()
            if one.target == target
        ]
    entries = queue.list_entries(target)
    if entries:
        queue.wake(target, _start_dispatcher)
    return [TargetRun(run_id=one.run_id, store_location=one.store_location) for one in entries]


def _start_dispatcher(target: str) -> WriterProcess:
    from aml_widgets.submit.engines.dispatcher import start_dispatcher

    return start_dispatcher(target)


if TYPE_CHECKING:
    _proof: type[Engine] = QueuedEngine
