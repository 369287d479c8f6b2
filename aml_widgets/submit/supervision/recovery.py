"""What a supervisor that was killed, or a machine that was restarted, leaves behind: processes, files, and a run without an end."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timezone

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.core.records import RunError, RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import RunFolder
from aml_widgets.submit.supervision.collecting import Collector
from aml_widgets.submit.supervision.detached import read_tail
from aml_widgets.submit.supervision.finishing import finish_run
from aml_widgets.submit.supervision.notes import Notes
from aml_widgets.submit.supervision.outcomes import DRIVER_LOG, SUPERVISOR_ENDED, find_error, read_reported
from aml_widgets.submit.supervision.run_state import Outcome, Processes, read_outcome, read_processes
from aml_widgets.submit.supervision.script_process import end_processes

NEVER_SEEN_SECONDS = 60.0
"""How long a supervisor may take from being started to taking over its run."""

_GRACE_SECONDS = 2.0  # for processes whose parents are dead already


def recover(store: RunStore, folder: RunFolder) -> None:
    """End a run whose supervisor is gone; hold its lock. Nothing is done while its supervisor may still come.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    folder : RunFolder
        What was left.
    """
    try:
        submission = folder.read()
    except FileNotFoundError:  # somebody was faster
        return
    except (ValueError, TypeError, KeyError) as error:
        raise StoreCorrupt(
            f"{folder.submission_file} cannot be understood ({error}). What the run left is in {folder.working_folder}; save what you "
            f"need of it, and delete {folder.path}.",
            value=str(folder.submission_file),
        ) from error
    run_id = submission.run_id
    record = store.get_run(run_id)
    processes = read_processes(folder.processes_file)
    if processes is None and not record.status.is_terminal and not _is_overdue(folder, record):
        return
    notes = Notes(store, run_id, is_printed=False)
    notes.begin_release()
    if processes is None:
        outcome = _describe_missing(folder)
    elif _is_elsewhere(processes.supervisor, folder):
        return
    else:
        outcome = _describe_end(folder, record, processes)
    if not record.status.is_terminal:
        store.update_run(
            run_id, writer=this_process()
        )  # so that nobody takes the run for lost while its files are saved
    notes.tell(f"Process {this_process().pid} clears up after the supervisor of this run.")
    last_sign_at = _find_last_sign(store, folder, record)  # before anything is written here
    count = end_processes(run_id, None if processes is None else processes.script, _GRACE_SECONDS)
    if count:
        notes.tell(f"{count} processes of the script were still there and have been ended.")
    elif outcome.ended_at is None:
        outcome = replace(outcome, ended_at=last_sign_at)
    collector = Collector(store, submission, folder, notes.tell)
    finish_run(store, run_id, folder, outcome, collector=collector, notes=notes, patience_seconds=0.0)


def _find_last_sign(store: RunStore, folder: RunFolder, record: RunRecord) -> float:
    """Give when the run was last known to live: its supervisor gave a sign of life, or its script printed or ended."""
    files = (
        store.artifacts.append_path(record.run_id, DRIVER_LOG),
        folder.supervisor_log,
        folder.processes_file,
        folder.error_file,
        folder.outcome_file,
    )
    written = [file.stat().st_mtime for file in files if file.exists()]
    return max(at for at in (record.created_at, record.started_at, record.last_seen_at, *written) if at is not None)


def _is_overdue(folder: RunFolder, record: RunRecord) -> bool:
    if record.status is RunStatus.QUEUED:
        return False  # it waits for its turn
    latest = max(file.stat().st_mtime for file in (folder.submission_file, folder.supervisor_log) if file.exists())
    return time.time() - latest > NEVER_SEEN_SECONDS


def _is_elsewhere(supervisor: WriterProcess, folder: RunFolder) -> bool:
    """Say whether the supervisor may live on another machine that has this folder as well, where locks may not hold."""
    from aml_widgets.store.sqlite.connection import is_network_file_system

    return supervisor.host != this_process().host and is_network_file_system(folder.path)


def _describe_missing(folder: RunFolder) -> Outcome:
    tail = read_tail(folder.supervisor_log)
    message = "The supervisor of this run was started and never took it over." + (f" It said: {tail}" if tail else "")
    return Outcome(RunStatus.FAILED, RunError(code=SUPERVISOR_ENDED, message=message))


def _describe_end(folder: RunFolder, record: RunRecord, processes: Processes) -> Outcome:
    known = read_outcome(folder.outcome_file)
    if known is not None:
        return known
    if record.status is RunStatus.CANCEL_REQUESTED or folder.cancel_file.exists():
        return Outcome(RunStatus.CANCELED)
    error = find_error(folder.error_file, read_reported(record.properties))
    if error is not None:
        return Outcome(RunStatus.FAILED, error)
    supervisor = processes.supervisor
    who = f"The supervisor of this run (process {supervisor.pid} on {supervisor.host})"
    boot, present_boot = (one.namespace.partition("/")[0] for one in (supervisor, this_process()))
    if supervisor.host == this_process().host and boot != present_boot:
        what = "ended when the machine was restarted"
    else:
        what = "was killed, or ended in another way before it could say why"
    seen = ""
    if record.last_seen_at is not None:
        moment = datetime.fromtimestamp(record.last_seen_at, timezone.utc)
        seen = f" It was last seen at {moment:%Y-%m-%d %H:%M:%S} UTC."
    script = ", and the script with it" if processes.script is not None else " before the script was started"
    return Outcome(
        RunStatus.FAILED,
        RunError(
            code=SUPERVISOR_ENDED,
            message=f"{who} {what}{script}.{seen} What the script had written until then is kept. Submit it again.",
        ),
    )
