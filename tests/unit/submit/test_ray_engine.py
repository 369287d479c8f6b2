"""Runs on a Ray cluster: a real head on this machine, reachable from this machine only."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from aml_widgets.core.errors import RunEnvironmentError, TargetInUse, TargetUnavailable
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.engines import ray_engine, ray_worker
from aml_widgets.submit.engines.ray_engine import RayEngine
from aml_widgets.submit.engines.ray_files import RayFiles
from aml_widgets.submit.engines.ray_job import make_runtime_environment
from aml_widgets.submit.engines.targets import delete_target, set_ray_target
from aml_widgets.submit.environments import importable
from aml_widgets.submit.environments.importable import importable_folder
from aml_widgets.submit.submission import RunFolder, Submission, list_submissions
from aml_widgets.submit.supervision import outcomes
from aml_widgets.submit.supervision.run_state import read_json, read_processes, write_json
from aml_widgets.submit.supervision.script_process import find_processes
from aml_widgets.tracking.compute import RayTarget
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace
from tests.unit.submit.scripts import Workshop, is_gone, open_workshop, until, with_suppress

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="signals and sessions"),
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed"),
]

ENDED = ("Completed", "Failed", "Canceled")

_IMPATIENT = """\
import sys
from aml_widgets.submit.engines.ray_supervisor import RaySupervisor, main
RaySupervisor.silent_after_seconds, RaySupervisor.lost_after_seconds = 1.5, float(sys.argv[1])
main(sys.argv[2:])
"""


@dataclass(frozen=True)
class Head:
    """A Ray head with all that belongs to it."""

    address: str
    process: psutil.Process

    @property
    def processes(self) -> list[psutil.Process]:
        return [*self.process.children(recursive=True), self.process]

    def find(self, text: str) -> list[psutil.Process]:
        return [one for one in self.processes if text in " ".join(one.cmdline())]

    def ask(self, path: str, method: str = "GET") -> object:
        request = urllib.request.Request(f"{self.address}{path}", method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def is_up(self) -> bool:
        assert self.process.is_running(), "the head ended"
        try:
            return bool(self.ask("/api/jobs/") == [])
        except OSError:
            return False


@pytest.fixture(scope="module")
def head(isolated_home: Path) -> Iterator[Head]:
    folder = Path(tempfile.mkdtemp(prefix="ray"))  # its sockets have to have short paths
    gcs, dashboard, agent, client = _find_ports(4)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # nothing of it listens to other machines
    }
    command = [
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"),
        *(
            "--node-ip-address=127.0.0.1",
            "--dashboard-host=127.0.0.1",
            f"--port={gcs}",
            f"--dashboard-port={dashboard}",
        ),
        *(f"--dashboard-agent-listen-port={agent}", f"--ray-client-server-port={client}", f"--temp-dir={folder}"),
        *("--num-cpus=2", "--object-store-memory=80000000"),
    ]
    with (folder / "head.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=log, stderr=log)
    head = Head(f"http://127.0.0.1:{dashboard}", psutil.Process(process.pid))
    try:
        until(head.is_up, lambda: (folder / "head.log").read_text())
        set_ray_target("cluster", head.address)
        try:
            yield head
        finally:
            _end_runs("cluster")
            delete_target("cluster")
    finally:
        _end(head.processes if head.process.is_running() else [])
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def workshop(tmp_path: Path, head: Head) -> Iterator[Workshop]:
    with open_workshop(tmp_path) as workshop:
        workshop.engine = RayEngine()  # type: ignore[assignment]  # the other engine
        yield workshop


def submit(workshop: Workshop, script: str, environment: Mapping[str, object] | None = None, **settings: object) -> str:
    submission = workshop.prepare(script, **settings)  # type: ignore[arg-type]  # passed on
    submission = replace(submission, target="cluster", environment=environment or {})
    RunFolder.of(submission.run_id).write(submission)
    workshop.engine.start(workshop.store, submission)
    return submission.run_id


def test_a_script_runs_as_a_ray_job_and_what_it_does_is_in_the_run(head: Head, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "mylib.py").write_text("NAME = 'ridge'")
    script = """
        import os, pathlib, sys, time
        import aml_widgets, mylib
        from aml_widgets import Run
        print(mylib.NAME, sys.argv[1:], os.environ["ALPHABET"], flush=True)
        print("py_modules" in os.path.realpath(aml_widgets.__file__), file=sys.stderr, flush=True)
        while not pathlib.Path("go").exists(): time.sleep(0.05)
        Run.get_context().log("mse", 0.25)
        pathlib.Path("outputs/model.pkl").write_bytes(b"weights")
        os.makedirs("logs"); pathlib.Path("logs/epochs.txt").write_text("1")
        print("done")
    """
    (source / "train.py").write_text(textwrap.dedent(script))
    workspace = Workspace.open(tmp_path / "workspace")
    target = RayTarget.create("cluster", head.address)
    config = ScriptRunConfig(str(source), script="train.py", arguments=["--alpha", 0.5], compute_target=target)
    config.run_config.environment_variables = {"ALPHABET": "abc"}
    run = Experiment(workspace, "ridge").submit(config)
    store = workspace.store

    def read_log() -> str:
        is_there = store.artifacts.size(run.id, outcomes.DRIVER_LOG) is not None
        return store.artifacts.read(run.id, outcomes.DRIVER_LOG).decode() if is_there else ""

    def explain() -> str:
        own = RunFolder.of(run.id).supervisor_log
        said = own.read_text() if own.exists() else "(no folder)"
        return f"{run.get_status()}, {run.get_details().get('error')}\n{said}\n{read_log()}"

    expected = "ridge ['--alpha', '0.5'] abc\nTrue\n"
    until(lambda: read_log().count("\n") >= 2 or run.get_status() in ENDED, explain)
    assert read_log() == expected, explain()
    until(lambda: run.get_status() == "Running", explain)
    assert [one.id for one in Run.list_by_compute(target)] == [run.id]
    with pytest.raises(TargetInUse, match="has 1 run"):
        target.delete()

    (RunFolder.of(run.id).working_folder / "go").touch()
    until(lambda: run.get_status() in ENDED, explain)
    assert run.get_status() == "Completed", explain()
    assert read_log() == expected + "done\n"
    assert run.get_metrics() == {"mse": 0.25}
    assert store.artifacts.read(run.id, "outputs/model.pkl") == b"weights"
    assert store.artifacts.read(run.id, "logs/epochs.txt") == b"1"
    assert "Running entrypoint" in store.artifacts.read(run.id, "logs/azureml/ray_job.log").decode()
    until(lambda: not RunFolder.of(run.id).path.exists(), explain)


def test_a_script_finds_v1s_import_names_where_its_submitter_did(workshop: Workshop) -> None:
    script = "from azureml.core import Run; run = Run.get_context(); print(run.id)"
    submission = replace(workshop.prepare(script), target="cluster", has_v1_names=True)
    submission = replace(
        submission,
        environment_variables={**submission.environment_variables, "AML_WIDGETS_WORKSPACE": str(workshop.store.folder)},
    )
    RunFolder.of(submission.run_id).write(submission)
    workshop.engine.start(workshop.store, submission)

    record = workshop.wait(submission.run_id)

    assert record.status is RunStatus.COMPLETED, workshop.explain(record.run_id)
    assert workshop.log(record.run_id) == f"{record.run_id}\n"
    assert "'import azureml.core' works in the script as where it was submitted" in workshop.notes(record.run_id)


def test_each_end_is_told_as_it_was(workshop: Workshop, head: Head) -> None:
    polite = """
        import signal, sys, time
        def save(*_):
            open("outputs/saved.txt", "w").write("saved")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
        print("ready", flush=True)
        time.sleep(600)
    """
    deaf = """
        import signal, subprocess, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"])
        print("ready", child.pid, flush=True)
        time.sleep(600)
    """
    canceled = [submit(workshop, polite), submit(workshop, deaf, grace_seconds=0.5)]
    failed = submit(workshop, "open('outputs/kept.txt', 'w').write('x')\n1 / 0")
    stopped = submit(workshop, "import time\nprint('ready', flush=True)\ntime.sleep(600)")
    for run_id in canceled:
        workshop.wait_for_log(run_id, "ready")
        workshop.engine.cancel(workshop.store, workshop.store.set_status(run_id, RunStatus.CANCEL_REQUESTED))
    workshop.wait_for_log(stopped, "ready")
    job = read_json(RayFiles(RunFolder.of(stopped)).job_file)
    assert job is not None
    head.ask(f"/api/jobs/{job['submission_id']}/stop", "POST")

    records = [workshop.wait(run_id) for run_id in canceled]
    assert [(one.status, one.error) for one in records] == [(RunStatus.CANCELED, None)] * 2
    assert workshop.read(canceled[0], "outputs/saved.txt") == b"saved"
    assert _is_pid_gone(int(workshop.log(canceled[1]).split()[1]))

    record = workshop.wait(failed)
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert record.error.message == "User program failed with ZeroDivisionError: division by zero"
    assert record.error.traceback is not None
    assert "1 / 0" in record.error.traceback
    assert workshop.read(failed, "outputs/kept.txt") == b"x"

    record = workshop.wait(stopped)
    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.PROCESS_KILLED)
    assert "signal 15 (SIGTERM)" in record.error.message


def test_a_job_is_followed_again_when_the_cluster_answers_again_and_by_another_supervisor(
    workshop: Workshop, head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """
        import pathlib, time
        print("ready", flush=True)
        while not pathlib.Path("go").exists(): time.sleep(0.05)
        pathlib.Path("outputs/model.pkl").write_text("weights")
    """
    run_id, first = _start_impatient(workshop, head, script, lost_after_seconds=600.0)
    until(lambda: workshop.store.get_run(run_id).status == RunStatus.RUNNING, lambda: workshop.explain(run_id))
    silent = head.find("dashboard.py") + head.find("JobHead")
    assert silent

    for process in silent:
        process.suspend()
    try:
        until(
            lambda: workshop.store.get_run(run_id).status == RunStatus.NOT_RESPONDING, lambda: workshop.explain(run_id)
        )
    finally:
        for process in silent:
            process.resume()
    until(lambda: workshop.store.get_run(run_id).status == RunStatus.RUNNING, lambda: workshop.explain(run_id))
    first.kill()
    first.wait()
    monkeypatch.setattr(ray_engine, "_tried", {})
    until(lambda: _look_after(workshop, run_id) != first.pid, lambda: workshop.explain(run_id))
    (RunFolder.of(run_id).working_folder / "go").touch()

    record = workshop.wait(run_id)
    assert (record.status, record.error) == (RunStatus.COMPLETED, None)
    assert workshop.log(run_id) == "ready\n"
    assert workshop.read(run_id, "outputs/model.pkl") == b"weights"


def test_a_run_whose_head_is_gone_fails_and_says_so(workshop: Workshop, head: Head) -> None:
    """The last of those that need the head."""
    script = """
        import os, time
        open("outputs/kept.txt", "w").write("x")
        print("ready", os.getpid(), flush=True)
        time.sleep(600)
    """
    run_id, supervisor = _start_impatient(workshop, head, script, lost_after_seconds=3.0)
    workshop.wait_for_log(run_id, "ready")
    until(lambda: workshop.store.get_run(run_id).status == RunStatus.RUNNING, lambda: workshop.explain(run_id))
    pid = int(workshop.log(run_id).split()[1])

    _end(head.processes)

    until(lambda: workshop.store.get_run(run_id).status == RunStatus.NOT_RESPONDING, lambda: workshop.explain(run_id))
    record = workshop.wait(run_id)
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert record.error.code == "RayHeadLost"
    assert f"The Ray cluster at {head.address} has not answered for" in record.error.message
    assert workshop.read(run_id, "outputs/kept.txt") == b"x"
    assert _is_pid_gone(pid)
    assert supervisor.wait() == 0


# -- without a cluster


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[Workshop]:
    with open_workshop(tmp_path) as workshop:
        (port,) = _find_ports(1)
        set_ray_target("nobody", f"http://127.0.0.1:{port}")
        yield workshop
    delete_target("nobody")


def _prepare(workshop: Workshop) -> Submission:
    return replace(workshop.prepare("print(1)"), target="nobody")


def test_a_cluster_that_does_not_answer_takes_no_run(lonely: Workshop) -> None:
    with pytest.raises(
        TargetUnavailable,
        match=r"cluster of compute target 'nobody' does not answer at http://127.0.0.1:\d+: .*refused",
    ):
        RayEngine().start(lonely.store, _prepare(lonely))


def test_without_ray_the_error_names_what_to_install(lonely: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine.importlib.util, "find_spec", lambda name: None if name == "ray" else find_spec(name))  # type: ignore[attr-defined]
    monkeypatch.setattr(importable, "find_spec", find_spec)

    with pytest.raises(TargetUnavailable, match=r"Ray is not installed here. Use: pip install 'aml-widgets\[ray\]'"):
        RayEngine().start(lonely.store, _prepare(lonely))


def test_nothing_of_ray_is_imported_before_it_is_used() -> None:
    program = "import sys, aml_widgets.submit.engines.ray_engine, aml_widgets.submit.engines.ray_supervisor; print('ray' in sys.modules)"

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout == "False\n"


def test_what_the_job_needs_goes_into_its_runtime_environment(lonely: Workshop, isolated_home: Path) -> None:
    conda = {"dependencies": ["python=3.11", {"pip": ["--no-index", "scikit-learn==1.4"]}]}
    submission = replace(_prepare(lonely), environment={"python": {"condaDependencies": conda}})

    runtime = make_runtime_environment(submission, Path("sources.zip"))

    assert runtime["working_dir"] == "sources.zip"
    assert runtime["pip"] == {"packages": ["--no-index", "scikit-learn==1.4"], "pip_check": False}
    assert runtime["env_vars"] == {**submission.environment_variables, "AML_WIDGETS_HOME": str(isolated_home)}
    assert "pip" not in make_runtime_environment(_prepare(lonely), Path("sources.zip"))


def test_what_only_conda_has_is_refused(lonely: Workshop) -> None:
    submission = replace(_prepare(lonely), environment={"python": {"condaDependencies": {"dependencies": ["blas"]}}})

    with pytest.raises(RunEnvironmentError, match="asks for blas from conda, which is not done on a Ray cluster"):
        make_runtime_environment(submission, Path("sources.zip"))


@pytest.mark.parametrize("missing", ["folder", "sources", "store", "run"])
def test_a_job_that_does_not_reach_the_run_starts_no_script(lonely: Workshop, tmp_path: Path, missing: str) -> None:
    submission = _prepare(lonely)
    folder = RunFolder.of(submission.run_id)
    if missing == "folder":
        shutil.rmtree(folder.path)
    elif missing in ("store", "run"):
        folder.working_folder.mkdir()
        location = tmp_path / "elsewhere"
        if missing == "run":
            Workspace.open(location)
        folder.write(replace(submission, store_location=str(location)))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    try:
        with pytest.raises(SystemExit, match="The script was not started by the Ray job on .* not to be found .*share"):
            ray_worker.main([str(folder.path)])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    word = read_json(RayFiles(folder).ended_file)
    assert word is None if missing == "folder" else word is not None and "refused" in word
    assert not RayFiles(folder).claim_file.exists()


def test_a_job_takes_the_package_that_ray_brings_and_nothing_else(tmp_path: Path) -> None:
    job = _make_job_folder(tmp_path)
    path = os.pathsep.join([str(job), str(importable_folder())])

    ended = subprocess.run(  # without the packages of this Python, as on a cluster that has others
        [sys.executable, "-I", "-S", "-c", ray_worker.PROGRAM, str(tmp_path / "run")],
        cwd=job,
        env={"PYTHONPATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("The script was not started by the Ray job on ")
    assert "has neither Ray nor the package psutil" in ended.stderr


def test_a_job_that_ray_brings_no_package_takes_no_other(tmp_path: Path) -> None:
    job = _make_job_folder(tmp_path)

    ended = subprocess.run(  # this Python has the package, and so do the user's sources
        [sys.executable, "-I", "-c", ray_worker.PROGRAM, str(tmp_path / "run")],
        cwd=job,
        env={"PYTHONPATH": os.pathsep.join([str(job), ""]), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("The script was not started by the Ray job: PYTHONPATH, ")
    assert "has no folder with the package aml_widgets" in ended.stderr


def test_a_job_with_another_python_than_is_asked_for_starts_no_script(lonely: Workshop) -> None:
    conda = {"dependencies": ["python=3.7"]}
    submission = replace(_prepare(lonely), environment={"python": {"condaDependencies": conda}})

    with pytest.raises(RunEnvironmentError, match="asks for python=3.7, and the Ray cluster has"):
        ray_worker.find_interpreter(submission)


def _start_impatient(
    workshop: Workshop, head: Head, script: str, *, lost_after_seconds: float
) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a supervisor that does not wait as long as it usually does."""
    run_id = workshop.prepare(script, grace_seconds=0.5).run_id
    folder = RunFolder.of(run_id)
    write_json(RayFiles(folder).job_file, {"address": head.address})
    with folder.supervisor_log.open("ab") as log:
        command = [sys.executable, "-c", _IMPATIENT, str(lost_after_seconds), run_id]
        return run_id, subprocess.Popen(command, stdout=log, stderr=log)


def _is_pid_gone(pid: int) -> bool:
    try:
        return is_gone(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return True


def _look_after(workshop: Workshop, run_id: str) -> int:
    """Look after a run as whoever looks at it does; give which process supervises it."""
    workshop.engine.look_after(workshop.store, workshop.store.get_run(run_id))
    processes = read_processes(RunFolder.of(run_id).processes_file)
    assert processes is not None
    return processes.supervisor.pid


def _make_job_folder(folder: Path) -> Path:
    """Make what the user submitted, with modules that have the names of Python's and ours."""
    job = folder / "job"
    worker = job / "aml_widgets" / "submit" / "engines" / "ray_worker.py"
    worker.parent.mkdir(parents=True)
    worker.write_text("raise SystemExit('the aml_widgets of the user was taken')")
    (job / "json.py").write_text("raise SystemExit('the json of the user was taken')")
    return job


def _end_runs(target: str) -> None:
    """End what a failed test left: with it the target could not be deleted, and that error would stand before the test's own."""
    for submission in list(list_submissions()):
        if submission.target != target:
            continue
        folder = RunFolder.of(submission.run_id)
        processes = read_processes(folder.processes_file)
        if processes is not None and processes.supervisor.pid not in (0, os.getpid()):
            with_suppress(lambda pid=processes.supervisor.pid: psutil.Process(pid).kill())  # type: ignore[misc]
        for process in find_processes(submission.run_id, None):
            with_suppress(process.kill)
        shutil.rmtree(folder.path, ignore_errors=True)


def _end(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with_suppress(process.kill)
    psutil.wait_procs(processes, timeout=10)


def _find_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
