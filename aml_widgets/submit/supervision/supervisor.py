"""The process that owns one submitted run: it prepares, starts, watches and ends the script, and leaves a truthful record.

``python -m aml_widgets.submit.supervision.supervisor RUN_ID`` does the same in the foreground.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from aml_widgets.core.errors import AmlWidgetsError, RunIsTerminal, message_of
from aml_widgets.core.file_lock import FileLock
from aml_widgets.core.records import RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import open_store
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision.adoption import begin_to_adopt
from aml_widgets.submit.supervision.collecting import Collector
from aml_widgets.submit.supervision.finishing import finish_run, remove_folder
from aml_widgets.submit.supervision.notes import Notes, name_node
from aml_widgets.submit.supervision.outcomes import (
    DRIVER_LOG,
    PREPARATION_FAILED,
    RUN_DURATION_EXCEEDED,
    SERVICE_ERROR,
    SUPERVISOR_ENDED,
    count_out_of_memory,
    describe_exit,
    is_disk_full,
    name_signal,
    read_reported,
)
from aml_widgets.submit.supervision.pulse import Pulse
from aml_widgets.submit.supervision.recovery import recover
from aml_widgets.submit.supervision.run_state import Outcome, Processes, reserve_room, write_processes
from aml_widgets.submit.supervision.script_process import Script
from aml_widgets.submit.supervision.script_start import (
    find_grace,
    get_interpreter,
    start_script,
    write_process_info,
    write_process_status,
)
from aml_widgets.submit.supervision.working_folder import prepare_working_folder

LOCK_SECONDS = 30.0
"""How long to wait for somebody who looks at this moment whether the supervisor lives."""

_LOOK_SECONDS = 0.1
_COLLECT_SECONDS = 1.0
_COLLECT_SHARE = 20.0  # looking at a great many files may take one twentieth of the time
_LEFTOVERS_GRACE_SECONDS = 5.0
_PATIENCE_SECONDS = 300.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Supervise the run whose id is the only argument."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1:
        sys.exit("Usage: python -m aml_widgets.submit.supervision.supervisor RUN_ID")
    supervise_alone(given[0], supervise)


def supervise_alone(run_id: str, work: Callable[[RunStore, Submission, RunFolder], None]) -> None:
    """Do the work of a run's supervisor, unless somebody does it already."""
    folder = RunFolder.of(run_id)
    lock = FileLock(folder.lock_file)
    try:
        if not lock.acquire(LOCK_SECONDS):
            sys.exit(f"Run {run_id} has a supervisor already.")
        submission = folder.read()
    except FileNotFoundError:
        sys.exit(f"There is no submission of run {run_id} in {folder.path}, or it has ended.")
    try:
        work(open_store(submission.store_location, create=False), submission, folder)
    finally:
        lock.release()
        _wake_dispatcher(submission.target)


def _wake_dispatcher(target: str) -> None:
    """See to it that the next run of a target is started, also where its dispatcher was killed meanwhile."""
    from aml_widgets.submit.engines.dispatcher import start_dispatcher
    from aml_widgets.submit.engines.queue import wake

    try:
        wake(target, start_dispatcher)
    except (AmlWidgetsError, OSError) as error:  # whoever looks at the queue next does it
        print(f"The dispatcher of {target!r} could not be started: {message_of(error)}", file=sys.stderr, flush=True)  # noqa: T201 - its log


def supervise(store: RunStore, submission: Submission, folder: RunFolder) -> None:
    """Carry out a run to its end; hold its lock."""
    if folder.processes_file.exists():  # there was a supervisor before: nothing is run twice
        recover(store, folder)
    elif store.get_run(submission.run_id).status.is_terminal:
        remove_folder(folder)
    else:
        Supervisor(store, submission, folder, adopts=True).run()
    store.close()


class Supervisor:
    """Carries out one run. The script is started from the thread that calls `run`, and ends with it.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    submission : Submission
        What to run.
    folder : RunFolder
        Where.
    adopts : bool, optional
        Whether to become the parent of what the script leaves behind. Not inside another program, whose children are not the script's.
    """

    def __init__(self, store: RunStore, submission: Submission, folder: RunFolder, *, adopts: bool = False) -> None:
        self._store = store
        self._submission = submission
        self._run_id = submission.run_id
        self._folder = folder
        self._notes = Notes(store, self._run_id)
        self._wake = threading.Event()
        self._pulse = Pulse(store, self._run_id, cancel_file=folder.cancel_file, wake=self._wake, notes=self._notes)
        self._adopts = adopts
        self._signal: int | None = None
        self._script: Script | None = None
        self._kills_before = 0
        self._started = 0.0
        self._collector: Collector | None = None
        self._collecting: threading.Thread | None = None
        self._collecting_ends = threading.Event()
        self._grace_seconds = find_grace(submission)

    def run(self) -> None:
        """Carry it out. Whatever goes wrong, also with this class, the run ends and says so."""
        self._listen_for_signals()
        write_processes(self._folder.processes_file, Processes(this_process()))
        self._pulse.start()
        try:
            outcome = self._carry_out()
        except Exception as error:  # noqa: BLE001 - the edge of the process
            self._notes.fault("A mistake of aml_widgets itself ends this run.")
            message = f"The supervisor of the run met an error of its own, {type(error).__name__}: {message_of(error)}"
            outcome = Outcome(RunStatus.FAILED, RunError(code=SERVICE_ERROR, message=message))
        try:
            self._finish(outcome)
        finally:
            self._pulse.stop()

    # -- before the script

    def _carry_out(self) -> Outcome:
        try:
            stopped = self._prepare()
            if stopped is not None:
                return stopped
        except (AmlWidgetsError, OSError) as error:
            stopped = self._find_stop()  # what was stopped fails in its own way
            if stopped is None:
                self._notes.tell(f"The script cannot be started: {message_of(error)}")
                stopped = Outcome(RunStatus.FAILED, RunError(code=PREPARATION_FAILED, message=message_of(error)))
            return stopped
        return self._watch()

    def _prepare(self) -> Outcome | None:
        """Do all until the script runs; give the outcome if it is not to run any more."""
        notes, submission = self._notes, self._submission
        notes.tell(f"Process {os.getpid()} on {name_node()} supervises run {self._run_id}.")
        notes.detail(f"Python {platform.python_version()}, {sys.executable}; {platform.platform()}")
        self._store.update_run(self._run_id, writer=this_process())
        self._pulse.listen()
        stopped = self._find_stop()
        if stopped is not None:
            return stopped
        count = prepare_working_folder(self._store, submission, self._folder)
        notes.tell(f"The sources, {count} in number, are unpacked in {self._folder.working_folder}.")
        interpreter = get_interpreter(self._store, submission, notes, stop=lambda: self._find_stop() is not None)
        notes.tell(f"The script runs with {interpreter}.")
        stopped = self._find_stop()
        if stopped is not None:
            return stopped
        reserve_room(self._folder)
        self._kills_before = count_out_of_memory()
        if self._adopts and not begin_to_adopt():
            notes.detail(
                "Processes of the script that leave its session and clear their environment are not followed here."
            )
        self._script = start_script(self._store, submission, self._folder, interpreter, notes)
        self._started = time.monotonic()
        return None

    def _tell_start(self, script: Script) -> None:
        """Write down that the script runs; that this is not possible now does not end it."""
        try:
            write_processes(self._folder.processes_file, Processes(this_process(), script.identity))
        except OSError as error:
            self._notes.detail(f"The processes could not be written down: {error}")
        self._notes.tell(f"The script runs as process {script.pid}; {DRIVER_LOG} has what it prints.")
        write_process_info(self._store, self._submission, self._notes, script)

    def _tell_running(self) -> bool:
        """Set the status; say whether it need not be tried again."""
        if self._pulse.is_cancel_requested:
            return True
        try:
            self._store.set_status(self._run_id, RunStatus.RUNNING)
        except RunIsTerminal as error:
            self._notes.detail(f"Somebody has ended the run: {message_of(error)}")
        except AmlWidgetsError as error:
            self._notes.detail(f"The run could not be set to Running yet: {message_of(error)}")
            return False
        return True

    def _tell_end(self, exit_code: int | None) -> None:
        self._notes.begin_release()
        if exit_code is None:
            self._notes.tell("How the script ended is not known.")
        else:
            self._notes.tell(f"The script ended with {name_signal(-exit_code) or f'exit code {exit_code}'}.")

    # -- while it runs

    def _watch(self) -> Outcome:
        script = self._script
        assert script is not None
        is_told = self._tell_running()
        self._tell_start(script)
        self._collector = Collector(self._store, self._submission, self._folder, self._notes.tell)
        self._collecting = threading.Thread(
            target=self._collect, args=(self._collector,), name="aml_widgets-collecting", daemon=True
        )
        self._collecting.start()
        while True:
            exit_code = script.poll()
            if exit_code is not None:
                self._tell_end(exit_code)
                kills = count_out_of_memory() - self._kills_before
                return describe_exit(
                    exit_code,
                    self._folder.error_file,
                    reported=self._find_reported(),
                    ran_out_of_memory=kills > 0,
                    is_disk_full=is_disk_full(self._folder.path),
                )
            stopped = self._find_stop()
            if stopped is not None:
                self._notes.begin_release()
                self._notes.tell(f"The script is asked to end, and has {self._grace_seconds:g} s for it.")
                self._tell_end(script.end(self._grace_seconds))
                return stopped
            self._wake.wait(_LOOK_SECONDS)
            is_told = is_told or self._tell_running()

    def _find_reported(self) -> RunError | None:
        """Give what the script said of its own error, None where that cannot be read now."""
        try:
            return read_reported(self._store.get_run(self._run_id).properties)
        except AmlWidgetsError as error:
            self._notes.detail(f"Whether the script has reported an error could not be read: {message_of(error)}")
            return None

    def _find_stop(self) -> Outcome | None:
        """Give the outcome of a run that is to be stopped now, None for one that goes on."""
        if self._pulse.is_cancel_requested:
            return Outcome(RunStatus.CANCELED)
        if self._signal is not None:
            message = (
                f"The supervisor of the run was asked to end by {name_signal(self._signal)}, as when the machine is shut down, and has "
                "ended the script. What it had written until then is kept."
            )
            return Outcome(RunStatus.FAILED, RunError(code=SUPERVISOR_ENDED, message=message))
        limit = self._submission.max_run_seconds
        if limit is not None and self._script is not None and time.monotonic() - self._started >= limit:
            message = (
                f"The script was ended because it ran for {limit:g} s, its max_run_duration_seconds. What it had written until then is "
                "kept. Give it more time, or None for no limit."
            )
            return Outcome(RunStatus.FAILED, RunError(code=RUN_DURATION_EXCEEDED, message=message))
        return None

    def _collect(self, collector: Collector) -> None:
        pause_seconds = _COLLECT_SECONDS
        while not self._collecting_ends.wait(pause_seconds):
            started = time.monotonic()
            try:
                collector.collect()
            except Exception:  # noqa: BLE001 - the edge of a thread; the next round tries again
                self._notes.fault("Files of the script could not be collected, which is tried again.")
            pause_seconds = max(_COLLECT_SECONDS, _COLLECT_SHARE * (time.monotonic() - started))

    # -- after it

    def _finish(self, outcome: Outcome) -> None:
        self._notes.begin_release()
        if self._script is not None:
            if self._script.poll() is None:  # only after a mistake of ours
                self._script.end(self._grace_seconds)
            count = self._script.end_leftovers(min(_LEFTOVERS_GRACE_SECONDS, self._grace_seconds))
            if count:
                self._notes.tell(f"The script left {count} processes behind, which have been ended.")
            write_process_status(self._store, self._run_id, self._notes, exit_code=self._script.poll())
        self._collecting_ends.set()
        if self._collecting is not None:
            self._collecting.join()
        self._collector = self._collector or Collector(self._store, self._submission, self._folder, self._notes.tell)
        finish_run(
            self._store,
            self._run_id,
            self._folder,
            outcome,
            collector=self._collector,
            notes=self._notes,
            patience_seconds=_PATIENCE_SECONDS,
        )

    def _listen_for_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # a supervisor inside another program hears of no signals

        def note(number: int, _: FrameType | None) -> None:
            self._signal = number
            self._wake.set()

        signal.signal(signal.SIGTERM, note)
        signal.signal(signal.SIGINT, note)
        if hasattr(signal, "SIGHUP"):
            signal.signal(
                signal.SIGHUP, lambda *_: None
            )  # a terminal that is closed ends nothing; unlike SIG_IGN, no heritage


if __name__ == "__main__":
    main()
