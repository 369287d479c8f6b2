"""The process that starts the runs of one compute target, so many at a time: ``python -m aml_widgets.submit.engines.dispatcher TARGET``.

It is there while its target has runs that wait or work. Nothing is lost when it is killed: what it knows is in the database of
targets, the supervisors it started go on, and whoever next submits to the target or looks at one of its runs starts another.
"""

from __future__ import annotations

import errno
import logging
import sys
import time
from collections.abc import Callable

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, StoreError, message_of
from aml_widgets.core.records import RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store import liveness
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import get_home, open_store
from aml_widgets.submit.engines.queue import (
    HEARTBEAT_SECONDS,
    EntryState,
    Keeper,
    KeeperReplaced,
    QueueEntry,
    QueueLook,
)
from aml_widgets.submit.engines.unstarted import FOLDER_IS_GONE, end_as_canceled, end_as_failed
from aml_widgets.submit.submission import RunFolder
from aml_widgets.submit.supervision.detached import read_tail, start_detached
from aml_widgets.submit.supervision.supervisor_start import Launcher, SupervisorLauncher

POLL_SECONDS = 0.2
PAUSE_SECONDS = 5.0
"""How long nothing is started after a run could not be."""
RETRY_SECONDS = 60.0
"""How long a run that cannot be started is tried again."""
FOREIGN_SILENT_SECONDS = 120.0
"""How old the sign of life of a run must be that another machine or container carries out, to count as lost."""

NOT_STARTED = "SupervisorNotStarted"

_MAX_LOG_BYTES = 1 << 20
_SHORTAGES = frozenset(
    {
        None,  # the program ended as it began, as one does for which there is no memory
        *(errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC),
        *(getattr(errno, name, errno.EAGAIN) for name in ("EDQUOT", "ESTALE", "ETXTBSY")),  # not on Windows
        *(errno.EBUSY, errno.EINTR, errno.EIO, errno.ETIMEDOUT),  # of network file systems mostly
    }
)
"""What may be otherwise in a moment: a run is tried again then, and with all else it fails at once."""

_log = logging.getLogger(__name__)

LookAfter = Callable[[RunStore, RunRecord], None]


def start_dispatcher(target: str) -> WriterProcess:
    """Start a dispatcher that outlives this process.

    Raises
    ------
    StoreUnavailable
        If it cannot be started.
    """
    folder = get_home() / ".targets"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{target}.log"
    if log.exists() and log.stat().st_size > _MAX_LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    return start_detached("aml_widgets.submit.engines.dispatcher", [target], folder=folder, log=log)


class Dispatcher:
    """Starts the runs of a target in order of submission.

    Parameters
    ----------
    target : str
        The target.
    launcher : Launcher, optional
        Starts what carries out a run.
    look_after : callable, optional
        Ends a run whose supervisor is gone.
    poll_seconds : float, optional
        How often it looks.
    """

    def __init__(
        self,
        target: str,
        *,
        launcher: Launcher | None = None,
        look_after: LookAfter | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._keeper = Keeper(target)
        self._launcher = launcher or SupervisorLauncher()
        self._look_after = look_after or _look_after
        self._poll_seconds = poll_seconds
        self._paused_until = 0.0
        self._refused_since: dict[str, float] = {}
        self._touched_at = time.monotonic()

    def run(self) -> None:
        """Start runs until none waits and none works, or until another process keeps the target or it was deleted."""
        if not self._keeper.take_over():
            return
        try:
            while self._goes_on():
                pass
        except KeeperReplaced:
            _log.info("another process keeps the target now, or it was deleted")

    def _goes_on(self) -> bool:
        """Do what is to be done now; say whether there may be more later."""
        try:
            look = self._keeper.look()
            if look.is_empty and self._keeper.leave():
                return False
            self._touch()
            for entry in look.started:
                self._see_to(entry, look)
            if not self._start_next(look):
                time.sleep(self._poll_seconds)
        except StoreError:  # a full disk, say: what is begun is found out about when it can be kept again
            _log.exception("the queue cannot be kept; trying again")
            time.sleep(PAUSE_SECONDS)
        return True

    def _touch(self) -> None:
        if time.monotonic() - self._touched_at >= HEARTBEAT_SECONDS:
            self._keeper.touch()
            self._touched_at = time.monotonic()

    # -- those that have a place

    def _see_to(self, entry: QueueEntry, look: QueueLook) -> None:
        """Free the place of a run whose supervisor is gone."""
        if entry.state is EntryState.STARTING:
            self._find_out(entry)
        elif entry.supervisor is None or not self._works(entry, entry.supervisor, look):
            self._finish(entry)

    def _works(self, entry: QueueEntry, supervisor: WriterProcess, look: QueueLook) -> bool:
        is_alive = liveness.is_alive(supervisor, max(entry.changed_at, look.seen_at or 0.0))
        if is_alive is not None:
            return is_alive
        record = self._read_record(entry)
        if record is None:
            return clock.now() - entry.changed_at < FOREIGN_SILENT_SECONDS
        return not record.status.is_terminal and clock.now() - _last_seen(record) < FOREIGN_SILENT_SECONDS

    def _finish(self, entry: QueueEntry) -> None:
        """See that the run of a supervisor that is gone has an end, and give its place to the next one."""
        store, record = self._read(entry)
        try:
            if store is not None and record is not None and not record.status.is_terminal:
                self._end(store, record)
        except (AmlWidgetsError, OSError):
            _log.exception("run %s could not be looked after", entry.run_id)
        finally:
            if store is not None:
                store.close()
        self._keeper.remove(entry.run_id)

    def _end(self, store: RunStore, record: RunRecord) -> None:
        log = read_tail(RunFolder.of(record.run_id).supervisor_log)
        self._look_after(store, record)
        record = store.get_run(record.run_id)
        if record.status == RunStatus.QUEUED and record.writer is None:  # its supervisor ended before it began
            said = f"It said:\n{log}" if log else "It said nothing."
            end_as_failed(
                store, record.run_id, NOT_STARTED, f"The run was never started: its supervisor ended at once. {said}"
            )

    def _find_out(self, entry: QueueEntry) -> None:
        """Find out whether a run that another dispatcher was about to start was started."""
        supervisor = self._launcher.find(entry.run_id)
        if supervisor is not None:
            self._keeper.set_running(entry.run_id, supervisor)
            return
        record = self._read_record(entry)
        if record is None:
            has_begun = RunFolder.of(entry.run_id).lock_file.exists()
        else:
            has_begun = record.writer is not None or record.status.is_terminal
        if has_begun:
            self._finish(entry)
        else:
            _log.warning("run %s was not started by a dispatcher that is gone; it waits again", entry.run_id)
            self._keeper.put_back(entry.run_id)

    # -- those that wait

    def _start_next(self, look: QueueLook) -> bool:
        """Start the run that waits longest if a place is free; say whether there was one."""
        if not look.has_next or time.monotonic() < self._paused_until:
            return False
        entry = self._keeper.claim_next()
        if entry is None:
            return False
        store, record = self._read(entry)
        try:
            is_over = store is not None and record is not None and self._is_over(store, record)
            if is_over:
                self._keeper.remove(entry.run_id)
            else:
                self._start(entry, store)
        finally:
            if store is not None:
                store.close()
        return True

    def _is_over(self, store: RunStore, record: RunRecord) -> bool:
        """Say whether a run is not to be started any more; one that was cancelled in this moment is ended."""
        is_cancelled = record.status == RunStatus.CANCEL_REQUESTED or RunFolder.of(record.run_id).cancel_file.exists()
        if is_cancelled and not record.status.is_terminal:
            try:
                end_as_canceled(store, record.run_id)
            except AmlWidgetsError:  # whoever looks at the run next does it
                _log.exception("run %s was cancelled, and that cannot be stored", record.run_id)
            return True
        return record.status.is_terminal

    def _start(self, entry: QueueEntry, store: RunStore | None) -> None:
        submission_file = RunFolder.of(entry.run_id).submission_file
        if not submission_file.exists():
            message = (
                f"The run was never started: {str(submission_file)!r} was removed while it waited. Submit it again."
            )
            self._give_up(entry, store, FOLDER_IS_GONE, message)
            return
        try:
            supervisor = self._launcher.launch(entry.run_id)
        except OSError as error:
            self._give_back(entry, store, error)
            return
        self._refused_since.pop(entry.run_id, None)
        self._keeper.set_running(entry.run_id, supervisor)

    def _give_back(self, entry: QueueEntry, store: RunStore | None, error: OSError) -> None:
        """Try a run again later that could not be started: the system may have been short of something."""
        moment = time.monotonic()
        is_short = _find_number(error) in _SHORTAGES
        if is_short and moment - self._refused_since.setdefault(entry.run_id, moment) < RETRY_SECONDS:
            _log.warning("run %s waits on: %s", entry.run_id, message_of(error))
            self._keeper.put_back(entry.run_id)
            self._paused_until = moment + PAUSE_SECONDS
            return
        self._give_up(entry, store, NOT_STARTED, f"The run was never started: {message_of(error)}")

    def _give_up(self, entry: QueueEntry, store: RunStore | None, code: str, message: str) -> None:
        _log.error("run %s cannot be started: %s", entry.run_id, message)
        if store is not None:
            end_as_failed(store, entry.run_id, code, message)
        self._refused_since.pop(entry.run_id, None)
        self._keeper.remove(entry.run_id)

    def _read_record(self, entry: QueueEntry) -> RunRecord | None:
        store, record = self._read(entry)
        if store is not None:
            store.close()
        return record

    def _read(self, entry: QueueEntry) -> tuple[RunStore | None, RunRecord | None]:
        """Open the run's store; None for what cannot be had: then its supervisor will say why."""
        store = None
        try:
            store = open_store(entry.store_location, create=False)
            return store, store.get_run(entry.run_id)
        except (AmlWidgetsError, OSError) as error:
            _log.warning("run %s cannot be read: %s", entry.run_id, message_of(error))
        return store, None


def _find_number(error: OSError) -> int | None:
    """Give the system's number of an error, or of the one that it came from; None for one that is not the system's."""
    cause = error.__cause__
    return error.errno or (cause.errno if isinstance(cause, OSError) else None)


def _last_seen(record: RunRecord) -> float:
    return max(at for at in (record.last_seen_at, record.started_at, record.created_at) if at is not None)


def _look_after(store: RunStore, record: RunRecord) -> None:
    from aml_widgets.submit.engines.local_engine import LocalEngine

    LocalEngine().look_after(store, record)


def main(arguments: list[str]) -> None:
    """Keep one target."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    (target,) = arguments
    Dispatcher(target).run()


if __name__ == "__main__":
    main(sys.argv[1:])
