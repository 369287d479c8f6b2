"""The process that owns a run on a Ray cluster: it hands the run over as a job, follows it, and leaves a truthful record.

``python -m aml_widgets.submit.engines.ray_supervisor RUN_ID`` does the same in the foreground. One that was killed is started again by
whoever looks at the run on this machine, and goes on with the job, which does not depend on it.
"""

from __future__ import annotations

import io
import math
import os
import secrets
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, RunIsTerminal, TargetUnavailable, message_of
from aml_widgets.core.records import ArtifactRecord, RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.engines.ray_files import RayFiles
from aml_widgets.submit.engines.ray_job import RayJob, RayScript, connect, make_runtime_environment, submit_job
from aml_widgets.submit.snapshot import find_snapshot
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision.notes import name_node
from aml_widgets.submit.supervision.outcomes import DRIVER_LOG, PREPARATION_FAILED
from aml_widgets.submit.supervision.run_state import Outcome, read_json, read_outcome, write_json
from aml_widgets.submit.supervision.supervisor import Supervisor, supervise_alone
from aml_widgets.submit.supervision.working_folder import prepare_working_folder

JOB_ENDED = "RayJobEnded"
HEAD_LOST = "RayHeadLost"
JOB_LOG = "logs/azureml/ray_job.log"
"""What Ray itself, and what prepares the script there, have printed. The script's own lines are in the driver log."""

_LOOK_SECONDS = 0.1
_WORD_SECONDS = 3.0
_LOG_SECONDS = 3.0
_NOT_YET = "try again later"  # what a head says that was started a moment ago
_BUSY_SECONDS = 60.0
_LEFTOVERS_GRACE_SECONDS = 2.0
_MAX_MESSAGE = 2_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Follow the run whose id is the only argument."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    if len(given) != 1:
        sys.exit("Usage: python -m aml_widgets.submit.engines.ray_supervisor RUN_ID")
    supervise_alone(given[0], follow)


def follow(store: RunStore, submission: Submission, folder: RunFolder) -> None:
    """Carry out a run to its end, or go on where another supervisor was ended; hold its lock."""
    RaySupervisor(store, submission, folder).run()
    store.close()


class RaySupervisor(Supervisor):
    """Carries out one run on a Ray cluster.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    submission : Submission
        What to run.
    folder : RunFolder
        Where its working folder is.
    """

    silent_after_seconds = 30.0
    """How long the cluster may not answer until the run does not respond."""
    lost_after_seconds = 300.0
    """How long it may not answer until the run has failed."""

    def __init__(self, store: RunStore, submission: Submission, folder: RunFolder) -> None:
        super().__init__(store, submission, folder)
        self._files = RayFiles(folder)
        self._job: RayJob | None = None
        self._ray_script: RayScript | None = None
        self._address = ""
        self._started = math.inf  # the time in Ray's queue is not the script's
        self._over_since: float | None = None
        self._is_silent = False

    def _carry_out(self) -> Outcome:
        known = read_outcome(self._folder.outcome_file)
        if known is not None:  # a supervisor was killed while it saved the files
            self._grace_seconds = 0.0
            return known
        return super()._carry_out()

    # -- before the script

    def _prepare(self) -> Outcome | None:
        notes, submission, files = self._notes, self._submission, self._files
        notes.tell(f"Process {os.getpid()} on {name_node()} follows run {self._run_id} on a Ray cluster.")
        job = read_json(files.job_file) or {}
        self._address = str(job.get("address"))
        submission_id = job.get("submission_id")
        with suppress(RunIsTerminal):
            self._store.update_run(self._run_id, writer=this_process())
        self._pulse.listen()
        if submission_id is None:
            stopped = self._find_stop()
            if stopped is not None or self._store.get_run(self._run_id).status.is_terminal:
                return stopped or Outcome(RunStatus.CANCELED)
            submission_id = self._submit(submission)
        else:
            notes.tell(f"It goes on with the Ray job {submission_id}, which a supervisor that is gone has submitted.")
        self._job = RayJob(self._address, str(submission_id))
        self._script = self._ray_script = RayScript(self._run_id, files, self._job)
        self._job.start()
        if self._store.get_run(self._run_id).status.is_terminal:  # it was given up while nobody followed it
            return Outcome(RunStatus.CANCELED)
        return self._wait_for_start(self._ray_script)

    def _submit(self, submission: Submission) -> str:
        """Hand the job over."""
        count = prepare_working_folder(self._store, submission, self._folder)
        self._notes.tell(f"The sources, {count} in number, are unpacked in {self._folder.working_folder}.")
        log = self._store.artifacts.append_path(self._run_id, DRIVER_LOG)
        log.touch()
        record = ArtifactRecord(path=DRIVER_LOG, size_bytes=0, written_at=clock.now(), is_log=True)
        self._store.record_artifact(self._run_id, record)
        runtime = make_runtime_environment(submission, find_snapshot(self._store.snapshots, submission.snapshot_id))
        submission_id = f"aml_widgets_{secrets.token_hex(8)}"
        give_up_at = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                client = connect(self._address)
                # Before it is handed over: a supervisor that goes on must know its name, or nobody could stop it.
                write_json(self._files.job_file, {"address": self._address, "submission_id": submission_id})
                submit_job(client, submission_id, runtime, self._files)
                break
            except AmlWidgetsError:
                raise
            except Exception as error:  # Ray raises a great many
                is_starting = _NOT_YET in str(error)
                if not is_starting or self._find_stop() is not None or time.monotonic() > give_up_at:
                    raise TargetUnavailable(
                        f"The Ray cluster at {self._address} did not take the run: {error}", value=self._address
                    ) from error
            self._wake.wait(_LOOK_SECONDS)
        self._notes.tell(f"The Ray cluster at {self._address} has taken the run as job {submission_id}.")
        return submission_id

    def _wait_for_start(self, script: RayScript) -> Outcome | None:
        assert self._job is not None
        is_queued = False
        while not self._files.started_file.exists():
            if script.refused is not None:
                return Outcome(RunStatus.FAILED, RunError(code=PREPARATION_FAILED, message=script.refused))
            stopped = self._find_stop()
            if stopped is not None:
                return stopped
            if not is_queued and self._job.status in {"PENDING", "RUNNING"}:
                is_queued = True
                self._set_status(RunStatus.QUEUED)
            self._wake.wait(_LOOK_SECONDS)
        started = read_json(self._files.started_file) or {}
        if started.get("note"):
            self._notes.tell(str(started["note"]))
        started_at = started.get("started_at")
        ran_seconds = clock.now() - started_at if isinstance(started_at, float) else 0.0
        self._started = time.monotonic() - max(0.0, ran_seconds)
        return None

    # -- while it runs

    def _find_stop(self) -> Outcome | None:
        stopped = super()._find_stop()
        job, script = self._job, self._ray_script
        if stopped is not None or job is None or script is None or script.has_ended:
            return stopped
        if job.is_over:
            self._over_since = self._over_since or time.monotonic()
            return self._describe_end(job) if time.monotonic() - self._over_since > _WORD_SECONDS else None
        silent_seconds = job.silent_seconds
        if silent_seconds > self.lost_after_seconds:
            message = (
                f"The Ray cluster at {self._address} has not answered for {silent_seconds:.0f} s ({job.trouble or 'no answer'}). "
                "Whether the script still runs there is not known; if it does, it is ended when it finds that its run has ended. "
                "What it had written until then is kept. Start the cluster again, and submit the script again."
            )
            return Outcome(RunStatus.FAILED, RunError(code=HEAD_LOST, message=message))
        is_silent = silent_seconds > self.silent_after_seconds
        if is_silent != self._is_silent:
            self._is_silent = is_silent
            if is_silent:
                self._notes.tell(f"The Ray cluster at {self._address} does not answer: {job.trouble or 'no answer'}")
                self._set_status(RunStatus.NOT_RESPONDING)
            else:
                self._notes.tell("The Ray cluster answers again.")
                self._set_status(RunStatus.RUNNING if self._files.started_file.exists() else RunStatus.QUEUED)
        return None

    def _describe_end(self, job: RayJob) -> Outcome:
        when = "while the script ran" if self._files.started_file.exists() else "before the script was started"
        if job.is_missing:
            what = (
                f"The Ray cluster at {self._address} does not know the run's job any more, as when it was restarted. "
                f"That was found {when}."
            )
        elif job.status == "STOPPED":
            what = f"The run's job was stopped at the Ray cluster {when}, by somebody or something else than this run."
        else:
            what = f"The run's job ended on the Ray cluster {when}, as {job.status}."
        said = f" Ray says: {job.message[-_MAX_MESSAGE:].strip()}" if job.message and not job.is_missing else ""
        return Outcome(RunStatus.FAILED, RunError(code=JOB_ENDED, message=f"{what} What it had written is kept.{said}"))

    def _set_status(self, status: RunStatus) -> None:
        if self._pulse.is_cancel_requested:
            return
        try:
            self._store.set_status(self._run_id, status)
        except AmlWidgetsError as error:
            self._notes.detail(f"The run could not be set to {status}: {message_of(error)}")

    # -- after it

    def _finish(self, outcome: Outcome) -> None:
        script, job = self._ray_script, self._job
        if script is not None and job is not None:
            if not script.has_ended and not job.is_over:
                script.end(self._grace_seconds)
            self._keep_job_log(job)
            if script.poll() is None:  # so there is no exit code to be written down
                script.end_leftovers(_LEFTOVERS_GRACE_SECONDS)
                self._script = None
        super()._finish(outcome)

    def _keep_job_log(self, job: RayJob) -> None:
        """Put Ray's own log into the run, fetched once."""
        if not job.trouble:
            job.join(_LOG_SECONDS)
        job.close()
        if not job.log:
            return
        try:
            data = job.log.encode(errors="replace")
            self._store.artifacts.put(self._run_id, JOB_LOG, io.BytesIO(data))
            record = ArtifactRecord(path=JOB_LOG, size_bytes=len(data), written_at=clock.now())
            self._store.record_artifact(self._run_id, record)
        except (AmlWidgetsError, OSError) as error:
            self._notes.detail(f"{JOB_LOG} could not be written: {message_of(error)}")


if __name__ == "__main__":
    main()
