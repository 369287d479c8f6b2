"""A Ray job seen from the machine that submitted it: handed to the cluster, watched from a thread, and stopped."""

from __future__ import annotations

import logging
import os
import shlex
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import RunEnvironmentError, TargetUnavailable
from aml_widgets.core.records import WriterProcess
from aml_widgets.store.uri import get_home
from aml_widgets.submit.engines.ray_files import RayFiles
from aml_widgets.submit.engines.ray_worker import PROGRAM, is_user_managed
from aml_widgets.submit.environments.environment_spec import EnvironmentSpec
from aml_widgets.submit.submission import Submission
from aml_widgets.submit.supervision.run_state import read_json
from aml_widgets.submit.supervision.script_process import end_processes

INSTALL = "pip install 'aml-widgets[ray]'"

_PACKAGE = Path(__file__).resolve().parents[2]
_LEFT_OUT = ["__pycache__", "*.pyc"]
_TIMEOUT_SECONDS = (10.0, 120.0)  # to be connected, and to be answered: Ray's own client would wait for ever
_LOOK_SECONDS = 0.5
_PAUSE_SECONDS = 0.1
_STOP_SECONDS = 15.0
_END_SECONDS = 3.0
_WORD_SECONDS = 3.0
"""How long the word that a job has left may need until it is seen here, on a file system that is shared."""


def connect(address: str) -> Any:
    """Give a client for the jobs of a cluster.

    Raises
    ------
    TargetUnavailable
        If Ray is not installed here.
    ConnectionError
        If nobody answers.
    """
    # Ray takes these for its address whatever it is told; a script that runs on one cluster may submit to another.
    for name in ("RAY_ADDRESS", "RAY_API_SERVER_ADDRESS"):
        os.environ.pop(name, None)
    try:
        import aiohttp  # noqa: F401 - Ray's jobs need it, and Ray alone does not bring it
        from ray.job_submission import JobSubmissionClient
    except ImportError as error:
        raise TargetUnavailable(
            f"Compute targets on Ray clusters need a package that is not installed here ({error}). Use: {INSTALL}.",
            value=address,
        ) from error
    logging.getLogger("ray").setLevel(logging.WARNING)

    class Client(JobSubmissionClient):  # type: ignore[misc, unused-ignore]  # ray may not be installed where this is checked
        """One that gives up waiting."""

        def _do_request(self, *arguments: Any, **settings: Any) -> Any:
            settings.setdefault("timeout", _TIMEOUT_SECONDS)
            return super()._do_request(*arguments, **settings)

    return Client(address)


def make_runtime_environment(submission: Submission, sources: Path) -> dict[str, Any]:
    """Give what Ray prepares on each machine where processes of the job run.

    Parameters
    ----------
    submission : Submission
        What is run.
    sources : Path
        The zip of its sources.

    Raises
    ------
    RunEnvironmentError
        For what Ray is not asked for here.
    """
    runtime: dict[str, Any] = {
        "working_dir": str(sources),
        "py_modules": [str(_PACKAGE)],
        "excludes": _LEFT_OUT,
        "env_vars": {**submission.environment_variables, "AML_WIDGETS_HOME": str(get_home())},
    }
    if not is_user_managed(submission.environment):
        spec = EnvironmentSpec.read(submission.environment)
        if spec.needs_conda:
            raise RunEnvironmentError(
                f"Environment {spec.name!r} asks for {', '.join(spec.conda_packages)} from conda, which is not done on a Ray cluster. "
                "Name them as pip_packages, or start the cluster in an environment that has them and set "
                "environment.python.user_managed_dependencies = True.",
                value=spec.conda_packages,
            )
        if spec.pip_lines:
            runtime["pip"] = {"packages": list(spec.pip_lines), "pip_check": False}
    return runtime


def submit_job(client: Any, submission_id: str, runtime: Mapping[str, Any], files: RayFiles) -> None:
    """Hand a run's job to a cluster. Raises what Ray's client does."""
    program = shlex.join(["-I", "-c", PROGRAM, str(files.folder.path)])
    client.submit_job(
        entrypoint=f'exec "$(command -v python || command -v python3)" {program}',
        submission_id=submission_id,
        runtime_env=dict(runtime),
    )


class RayJob(threading.Thread):
    """Watches a job until it has ended, whether or not the cluster always answers.

    Parameters
    ----------
    address : str
        Where the cluster takes jobs.
    submission_id : str
        Which job.
    """

    def __init__(self, address: str, submission_id: str) -> None:
        super().__init__(name="aml_widgets-ray", daemon=True)
        self._address = address
        self._submission_id = submission_id
        self._client: Any = None
        self._answered_at = time.monotonic()
        self._stop_wanted = threading.Event()
        self._ends = threading.Event()
        self.status = ""
        self.message = ""
        self.is_missing = False
        self.trouble = ""
        self.log: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether the cluster says that the job runs no more, or does not know it."""
        return self.is_missing or self.status in {"SUCCEEDED", "FAILED", "STOPPED"}

    @property
    def silent_seconds(self) -> float:
        """How long the cluster has not answered."""
        return 0.0 if self.is_over else time.monotonic() - self._answered_at

    def request_stop(self) -> None:
        """Let the cluster stop the job in its own way."""
        self._stop_wanted.set()

    def close(self) -> None:
        """Watch no more."""
        self._ends.set()

    def run(self) -> None:
        """Ask again and again."""
        while not self._ends.wait(_LOOK_SECONDS):
            try:
                self._look()
                self._answered_at = time.monotonic()
                self.trouble = ""
            except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever Ray raises, it is asked again
                if "status code 404" in str(error):
                    self.is_missing = True
                self.trouble = f"{type(error).__name__}: {error}"
                self._client = None
            if self.is_missing or self.log is not None:
                return

    def _look(self) -> None:
        self._client = self._client or connect(self._address)
        if self._stop_wanted.is_set():
            self._client.stop_job(self._submission_id)
            self._stop_wanted.clear()
        info = self._client.get_job_info(self._submission_id)
        self.message = info.message or ""
        self.status = str(getattr(info.status, "value", info.status))
        if self.is_over:
            self.log = self._client.get_job_logs(self._submission_id)


class RayScript:
    """The script that a job runs, known by the word that the job leaves in the run's folder.

    Parameters
    ----------
    run_id : str
        Its run.
    files : RayFiles
        Where the word is left.
    job : RayJob
        The job.
    """

    def __init__(self, run_id: str, files: RayFiles, job: RayJob) -> None:
        self._run_id = run_id
        self._files = files
        self._job = job
        self._word: Mapping[str, object] | None = None
        self._is_given_up = False

    @property
    def pid(self) -> int:
        """The number of its first process on its machine, 0 before it has one."""
        pid = (read_json(self._files.started_file) or {}).get("pid")
        return pid if isinstance(pid, int) else 0

    @property
    def identity(self) -> WriterProcess | None:
        """None: it may run on another machine."""
        return None

    @property
    def refused(self) -> str | None:
        """Why it was not started, where the job says so."""
        refused = self._read_word().get("refused")
        return refused if isinstance(refused, str) else None

    @property
    def has_ended(self) -> bool:
        """Whether the job has left its last word."""
        return bool(self._read_word())

    def poll(self) -> int | None:
        """Give the exit code, negative for a signal; None as long as it runs, and where nobody can know it."""
        exit_code = self._read_word().get("exit_code")
        return exit_code if isinstance(exit_code, int) else None

    def end(self, grace_seconds: float) -> int | None:
        """Ask the job to end it, and after the grace let the cluster stop the job; give the exit code if it is known."""
        if not self._is_given_up and not self.has_ended and not self._job.is_over:
            if not self._files.stop_file.exists():
                temporary = self._files.stop_file.with_suffix(".tmp")
                temporary.write_text(f"{grace_seconds}", encoding="ascii")
                temporary.replace(self._files.stop_file)
            if self._files.started_file.exists():
                self._wait(grace_seconds + _END_SECONDS)
            if not self.has_ended and not self._job.is_over:
                self._job.request_stop()
                # A cluster that does not answer will hardly do it now.
                self._wait(_LOOK_SECONDS if self._job.trouble else _STOP_SECONDS)
            self._is_given_up = True
        if self._files.started_file.exists() and self._job.is_over:
            self._wait(_WORD_SECONDS, is_over_enough=False)
        return self.poll()

    def end_leftovers(self, grace_seconds: float) -> int:
        """End what is left of it on this machine; the job has done the same on its own before it left its last word."""
        return end_processes(self._run_id, None, grace_seconds)

    def _wait(self, seconds: float, *, is_over_enough: bool = True) -> None:
        deadline = time.monotonic() + seconds
        while not self.has_ended and not (is_over_enough and self._job.is_over) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)

    def _read_word(self) -> Mapping[str, object]:
        if self._word is None:
            self._word = read_json(self._files.ended_file)
        return self._word or {}
