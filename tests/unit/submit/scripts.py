"""Real submissions for tests: a store on disk, scripts, and the supervisors that carry them out."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from aml_widgets.core.clock import new_id
from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.submit.engines.local_engine import LocalEngine
from aml_widgets.submit.snapshot import take_snapshot
from aml_widgets.submit.submission import RUN_TYPE, RunFolder, Submission
from aml_widgets.submit.supervision.run_state import read_processes
from aml_widgets.submit.supervision.script_process import find_processes

DEADLINE_SECONDS = 300.0  # only a test that fails waits for so long; a first job of Ray on a new machine takes minutes


class Workshop:
    """Submits scripts to a store and sees to it that nothing of them is left."""

    def __init__(self, folder: Path) -> None:
        self.store = SqliteRunStore.open(folder / "workspace")
        self._folder = folder
        self._runs: list[str] = []
        self.engine = LocalEngine()

    def prepare(
        self,
        script: str | None = None,
        *arguments: str,
        files: Mapping[str, str] | None = None,
        command: str | None = None,
        variables: Mapping[str, str] | None = None,
        grace_seconds: float = 10.0,
        max_run_seconds: float | None = None,
        watched_folders: tuple[str, ...] = ("logs",),
        status: RunStatus = RunStatus.PREPARING,
    ) -> Submission:
        """Make a run and its submission, as submitting does before it hands over to the engine."""
        run_id = f"ridge_{new_id()}"
        source = self._folder / f"source_{run_id}"
        for name, text in {"train.py": script or "", **(files or {})}.items():
            file = source / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text), encoding="utf-8")
        experiment = self.store.open_experiment("ridge")
        self.store.create_run(
            NewRun(experiment_id=experiment.experiment_id, run_id=run_id, run_type=RUN_TYPE, status=status)
        )
        submission = Submission(
            run_id=run_id,
            store_location=str(self.store.folder),
            snapshot_id=take_snapshot(source, self.store.snapshots),
            script="train.py" if command is None else None,
            command=command,
            arguments=arguments,
            environment_variables={
                "AZUREML_RUN_ID": run_id,
                "AZUREML_RUN_KILL_SIGNAL_TIMEOUT_SEC": str(grace_seconds),
                **(variables or {}),
            },
            max_run_seconds=max_run_seconds,
            watched_folders=watched_folders,
        )
        shutil.rmtree(source)
        RunFolder.of(run_id).write(submission)
        self._runs.append(run_id)
        return submission

    def submit(self, script: str | None = None, *arguments: str, **settings: object) -> str:
        """Start a run; give its id."""
        submission = self.prepare(script, *arguments, **settings)  # type: ignore[arg-type]  # passed on
        self.engine.start(self.store, submission)
        return submission.run_id

    def run(self, script: str | None = None, *arguments: str, **settings: object) -> RunRecord:
        """Start a run, and wait until it has ended and nothing of it is left."""
        return self.wait(self.submit(script, *arguments, **settings))

    def wait(self, run_id: str, *, has_folder: bool = False) -> RunRecord:
        """Wait until a run has ended, and its folder is gone where it is to go."""
        until(lambda: self.store.get_run(run_id).status.is_terminal, lambda: self.explain(run_id))
        if not has_folder:
            until(lambda: not RunFolder.of(run_id).path.exists(), lambda: self.explain(run_id))
        return self.store.get_run(run_id)

    def wait_for_log(self, run_id: str, text: str, path: str = "azureml-logs/70_driver_log.txt") -> None:
        """Wait until a log has a text."""
        until(lambda: text in self.log(run_id, path), lambda: self.explain(run_id))

    def log(self, run_id: str, path: str = "azureml-logs/70_driver_log.txt") -> str:
        """Give what is in a log now, empty where there is none."""
        if self.store.artifacts.size(run_id, path) is None:
            return ""
        return self.store.artifacts.read(run_id, path).decode()

    def read(self, run_id: str, path: str) -> bytes:
        """Give a file of a run."""
        return self.store.artifacts.read(run_id, path)

    def names(self, run_id: str, prefix: str = "") -> list[str]:
        """List the run's files."""
        return [one.path for one in self.store.list_artifacts(run_id) if one.path.startswith(prefix)]

    def notes(self, run_id: str) -> str:
        """Give what the supervisor told before and after the script."""
        return "".join(self.log(run_id, path) for path in self.names(run_id, "azureml-logs/") if "job_" in path)

    def supervisor(self, run_id: str) -> psutil.Process:
        """Give the process that supervises a run."""
        until(lambda: RunFolder.of(run_id).processes_file.exists(), lambda: self.explain(run_id))
        processes = read_processes(RunFolder.of(run_id).processes_file)
        assert processes is not None
        return psutil.Process(processes.supervisor.pid)

    def script(self, run_id: str) -> psutil.Process:
        """Give the first process of a run's script, once it prints 'ready'."""
        self.wait_for_log(run_id, "ready\n")  # unbuffered, the end of a line is a write of its own
        until(lambda: self._find_script(run_id) is not None, lambda: self.explain(run_id))
        script = self._find_script(run_id)
        assert script is not None
        return script

    def _find_script(self, run_id: str) -> psutil.Process | None:
        processes = read_processes(RunFolder.of(run_id).processes_file)
        return None if processes is None or processes.script is None else psutil.Process(processes.script.pid)

    def explain(self, run_id: str) -> str:
        """Say all that is known of a run, for a test that fails."""
        folder = RunFolder.of(run_id)
        own = folder.supervisor_log.read_text() if folder.supervisor_log.exists() else "(no folder)"
        return f"{self.store.get_run(run_id)}\n{own}\n{self.log(run_id)}"

    def close(self) -> None:
        """End what a failed test left."""
        for run_id in self._runs:
            processes = read_processes(RunFolder.of(run_id).processes_file)
            if processes is not None and processes.supervisor.pid not in (0, psutil.Process().pid):
                with_suppress(lambda pid=processes.supervisor.pid: psutil.Process(pid).kill())  # type: ignore[misc]
            for process in find_processes(run_id, None):
                with_suppress(process.kill)
            shutil.rmtree(RunFolder.of(run_id).path, ignore_errors=True)
        self.store.close()


def with_suppress(work: Callable[[], object]) -> None:
    """Do something with a process that may be gone."""
    try:
        work()
    except psutil.Error:
        return


def until(is_so: Callable[[], bool], explain: Callable[[], str] = lambda: "") -> None:
    """Wait until something is so; fail after a long time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"It did not happen in {DEADLINE_SECONDS:g} s. {explain()}")
        time.sleep(0.02)


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended; one that nobody has asked after counts."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def open_workshop(folder: Path) -> Iterator[Workshop]:
    """Open a workshop, and clear up after it."""
    workshop = Workshop(folder)
    try:
        yield workshop
    finally:
        workshop.close()
