"""Runs that are carried out by a small program instead of a supervisor, and a dispatcher that starts it; both are real processes.

Run as ``small_runs.py dispatch TARGET FOLDER`` and ``small_runs.py work RUN_ID FOLDER``. What happens is written into the file
``story`` in the folder, a line at a time; a run works until the file ``go`` is there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aml_widgets.core.records import NewRun, RunError, RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import is_alive, this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import open_store
from aml_widgets.submit.engines import targets_database
from aml_widgets.submit.engines.protocol import Engine
from aml_widgets.submit.submission import RUN_TYPE, RunFolder, Submission

TARGET = "four"
DEADLINE_SECONDS = 120.0

children: list[subprocess.Popen[bytes]] = []
"""What a dispatcher in this process has started."""


class SmallLauncher:
    """Starts the small program as a child of the dispatcher, in a session of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def launch(self, run_id: str) -> WriterProcess:
        tell(self._folder, f"launch {run_id}")
        children.append(subprocess.Popen(command(self._folder, "work", run_id), start_new_session=True))
        return describe(children[-1].pid)

    def find(self, run_id: str) -> WriterProcess | None:
        import psutil

        wanted = command(self._folder, "work", run_id)
        for process in psutil.process_iter(["cmdline", "status"]):
            if process.info["cmdline"] == wanted and process.info["status"] != psutil.STATUS_ZOMBIE:
                return describe(process.pid)
        return None


class LocalStandIn:
    """Ends the run of a process that is gone, as the local engine does, and cancels one by its file."""

    def start(self, store: RunStore, submission: Submission) -> None:
        raise AssertionError("a queued run is not started by the local engine")

    def cancel(self, store: RunStore, record: RunRecord) -> None:
        RunFolder.of(record.run_id).cancel_file.touch()

    def look_after(self, store: RunStore, record: RunRecord) -> None:
        record = store.get_run(record.run_id)
        writer = record.writer
        if record.status.is_terminal or writer is None or is_alive(writer, record.last_seen_at or record.created_at):
            return
        error = RunError(code="SupervisorGone", message="It was killed.")
        store.set_status(record.run_id, RunStatus.FAILED, error=error)


class Starter:
    """Starts small dispatchers and ends them after the test, by their numbers."""

    def __init__(self, folder: Path, how: str = "dispatch") -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.how = how

    def __call__(self, target: str) -> WriterProcess:
        process = subprocess.Popen(command(self.folder, self.how, target), start_new_session=True)
        self.processes.append(process)
        return describe(process.pid)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()


def command(folder: Path, what: str, name: str) -> list[str]:
    return [sys.executable, __file__, what, name, str(folder)]


def describe(pid: int) -> WriterProcess:
    import psutil

    try:
        started_at = psutil.Process(pid).create_time()
    except psutil.Error:
        started_at = time.time()
    return replace(this_process(), pid=pid, process_started_at=started_at)


def submit(store: RunStore, location: Path, run_id: str, target: str) -> Submission:
    """Do what is done before an engine starts a run."""
    experiment = store.open_experiment("queued")
    store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id,
            run_id=run_id,
            run_type=RUN_TYPE,
            status=RunStatus.PREPARING,
            target=target,
        )
    )
    submission = Submission(run_id=run_id, store_location=str(location), snapshot_id="none", target=target)
    RunFolder.of(run_id).write(submission)
    return submission


def read_pids(folder: Path) -> list[int]:
    try:
        lines = (folder / "story").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [int(line.split()[2]) for line in lines if line.startswith("begin")]


def start(engine: Engine, store: RunStore, location: Path, run_id: str) -> None:
    engine.start(store, submit(store, location, run_id, TARGET))


def status(store: RunStore, run_id: str) -> RunStatus:
    return store.get_run(run_id).status


def keeper_pid() -> int | None:
    row = targets_database.read(
        lambda connection: connection.execute("select keeper from target where name = ?", (TARGET,)).fetchone()
    )
    return None if row is None or row[0] is None else int(json.loads(row[0])["pid"])


def tell(folder: Path, line: str) -> None:
    descriptor = os.open(folder / "story", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def read_story(folder: Path, word: str) -> list[str]:
    """Give the second words of the lines with that first word."""
    try:
        lines = (folder / "story").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [line.split()[1] for line in lines if line.split()[0] == word]


def wait_until(holds: Callable[[], object], what: str = "") -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"it did not come to pass in time: {what}"
        time.sleep(0.02)


def work(run_id: str, folder: Path) -> None:
    """Carry a run out: it completes when it may, or is cancelled."""
    submission = RunFolder.of(run_id).read()
    store = open_store(submission.store_location, create=False)
    store.update_run(run_id, writer=this_process())
    tell(folder, f"begin {run_id} {os.getpid()}")
    if store.get_run(run_id).status.is_terminal:
        tell(folder, f"late {run_id}")
        return
    while not (folder / "go").exists() and not (folder / f"go-{run_id}").exists():
        if is_to_be_cancelled(store, run_id):
            break
        time.sleep(0.05)
    is_cancelled = is_to_be_cancelled(store, run_id)
    tell(folder, f"end {run_id}")
    store.set_status(run_id, RunStatus.CANCELED if is_cancelled else RunStatus.COMPLETED)


def is_to_be_cancelled(store: RunStore, run_id: str) -> bool:
    return RunFolder.of(run_id).cancel_file.exists() or store.get_run(run_id).status == RunStatus.CANCEL_REQUESTED


def main() -> None:
    what, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if what == "work":
        work(name, folder)
        return
    from aml_widgets.submit.engines.dispatcher import Dispatcher

    tell(folder, f"dispatcher {os.getpid()}")
    Dispatcher(name, launcher=SmallLauncher(folder), look_after=LocalStandIn().look_after, poll_seconds=0.05).run()
    tell(folder, f"left {os.getpid()}")


if __name__ == "__main__":
    main()
