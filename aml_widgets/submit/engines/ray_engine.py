"""Runs submissions on Ray clusters, each as a Ray job that a supervisor on this machine follows."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
import urllib.request
from contextlib import suppress
from typing import TYPE_CHECKING

from aml_widgets.core.errors import StoreUnavailable, TargetUnavailable
from aml_widgets.core.file_lock import FileLock
from aml_widgets.core.records import RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.engines.unstarted import end_copy, end_if_abandoned, end_if_lost, end_if_unclaimed
from aml_widgets.submit.submission import RunFolder, Submission

SUPERVISOR_MODULE = "aml_widgets.submit.engines.ray_supervisor"

_ANSWER_SECONDS = 10.0
_TRY_AGAIN_SECONDS = 30.0  # a supervisor that was started needs a moment until it holds its lock

_tried: dict[str, float] = {}


class RayEngine:
    """Starts a supervisor for each run, which hands it to the cluster. The cluster says when it has a place for it."""

    def start(self, store: RunStore, submission: Submission) -> None:
        """Start the supervisor of a run, if its cluster answers.

        Raises
        ------
        TargetNotFound
            If the target was deleted.
        TargetUnavailable
            If the cluster does not answer, or Ray is not installed.
        """
        del store
        from aml_widgets.submit.engines.ray_files import RayFiles
        from aml_widgets.submit.engines.targets import get_target
        from aml_widgets.submit.supervision.run_state import write_json

        address = get_target(submission.target).address or ""
        _check_installed(submission.target)
        _check_answer(submission.target, address)
        folder = RunFolder.of(submission.run_id)
        try:
            if not folder.submission_file.exists():
                folder.write(submission)
            write_json(RayFiles(folder).job_file, {"address": address})
        except OSError as error:
            raise StoreUnavailable(
                f"Run {submission.run_id} cannot work in {str(folder.path)!r}: {error.strerror or error}. See to that disk.",
                value=submission.run_id,
            ) from error
        _launch(submission.run_id)

    def cancel(self, store: RunStore, record: RunRecord) -> None:
        """Tell the supervisor, started again where it is gone; cancel a run that none can come for."""
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
        """Start a supervisor again that is gone: the job goes on without one, and the new one goes on with the job."""
        folder = RunFolder.of(record.run_id)
        if record.status is RunStatus.PREPARING and record.writer is None and not folder.submission_file.exists():
            end_if_abandoned(store, record)
            return
        if not folder.submission_file.exists():
            end_if_lost(store, record)
            return
        if time.monotonic() < _tried.get(record.run_id, 0.0) or not folder.is_of(store):
            return
        lock = FileLock(folder.lock_file)
        try:
            if _is_elsewhere(folder) or not lock.acquire():
                return
            lock.release()
            _launch(record.run_id)
        except FileNotFoundError:  # it has just ended
            return


def _launch(run_id: str) -> None:
    from aml_widgets.submit.supervision.detached import start_detached

    _tried[run_id] = time.monotonic() + _TRY_AGAIN_SECONDS
    folder = RunFolder.of(run_id)
    start_detached(SUPERVISOR_MODULE, [run_id], folder=folder.path, log=folder.supervisor_log)


def _is_elsewhere(folder: RunFolder) -> bool:
    """Say whether the supervisor may live on another machine that has this folder as well, where locks may not hold."""
    from aml_widgets.store.sqlite.connection import is_network_file_system
    from aml_widgets.submit.supervision.run_state import read_processes

    processes = read_processes(folder.processes_file)
    is_other = processes is not None and processes.supervisor.host != this_process().host
    return is_other and is_network_file_system(folder.path)


def _check_installed(target: str) -> None:
    from aml_widgets.submit.engines.ray_job import INSTALL
    from aml_widgets.submit.environments.importable import own_interpreter

    if own_interpreter() == sys.executable and importlib.util.find_spec("ray") is None:
        raise TargetUnavailable(
            f"The compute target {target!r} is a Ray cluster, and Ray is not installed here. Use: {INSTALL}.",
            value=target,
        )


def _check_answer(target: str, address: str) -> None:
    try:
        with urllib.request.urlopen(f"{address}/api/version", timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - checked when it was set
            is_ray = "ray_version" in json.loads(answer.read())
            trouble = "what answers there is no Ray dashboard"
    except (OSError, ValueError) as error:
        is_ray, trouble = False, str(error)
    if not is_ray:
        raise TargetUnavailable(
            f"The Ray cluster of compute target {target!r} does not answer at {address}: {trouble}. "
            "Start it, or name the address of its dashboard with RayTarget.create(name, address).",
            value=address,
        )


if TYPE_CHECKING:
    from aml_widgets.submit.engines.protocol import Engine

    _proof: type[Engine] = RayEngine
