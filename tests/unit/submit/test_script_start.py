"""What a script is started with, and that its environment is built where it has to be."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from aml_widgets.core.errors import EnvironmentBuildError
from aml_widgets.core.records import RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.environments import interpreters
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision import outcomes, script_start
from aml_widgets.submit.supervision.notes import Notes
from aml_widgets.submit.supervision.pulse import Pulse
from aml_widgets.submit.supervision.supervisor import Supervisor
from tests.unit.submit.scripts import Workshop, is_gone, open_workshop, until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and sessions")


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with open_workshop(tmp_path) as workshop:
        yield workshop


def prepare(workshop: Workshop, script: str, environment: Mapping[str, object]) -> Submission:
    submission = replace(workshop.prepare(script), environment=environment)
    RunFolder.of(submission.run_id).write(submission)
    return submission


def supervise_here(workshop: Workshop, submission: Submission, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """Supervise in this process, which has handlers of its own for signals."""
    monkeypatch.setattr(Supervisor, "_listen_for_signals", lambda _: None)
    Supervisor(workshop.store, submission, RunFolder.of(submission.run_id)).run()
    return workshop.store.get_run(submission.run_id)


def test_another_interpreter_has_this_package_and_nothing_else_of_ours(workshop: Workshop, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    interpreter = tmp_path / "venv" / "bin" / "python"
    script = """
        import importlib.util, os, sys
        import aml_widgets.core.records
        print(sys.prefix, importlib.util.find_spec("numpy"), os.environ["PATH"].split(":")[0])
    """
    submission = prepare(
        workshop, script, {"python": {"userManagedDependencies": True, "interpreterPath": str(interpreter)}}
    )
    workshop.engine.start(workshop.store, submission)

    record = workshop.wait(submission.run_id)

    assert workshop.log(record.run_id) == f"{tmp_path / 'venv'} None {interpreter.parent}\n"
    assert record.status is RunStatus.COMPLETED


def test_the_interpreter_of_the_submitter_gets_no_path_of_ours(workshop: Workshop) -> None:
    submission = replace(workshop.prepare(""), environment_variables={"PYTHONPATH": "/own"})

    environment = script_start.make_environment(submission, Path(sys.executable))

    assert environment["PYTHONPATH"] == "/own"
    assert environment["PATH"] == os.environ["PATH"]


def test_a_package_that_this_python_does_not_find_by_itself_is_the_scripts_too(tmp_path: Path) -> None:
    package = Path(script_start.__file__).resolve().parents[2]
    shutil.copytree(package, tmp_path / "aml_widgets", ignore=shutil.ignore_patterns("__pycache__", "static", "*.js"))
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from aml_widgets.submit.supervision.script_start import make_environment
from aml_widgets.submit.submission import Submission
submission = Submission(run_id="a", store_location="", snapshot_id="", script="train.py", environment_variables={})
print(make_environment(submission, Path(sys.executable)).get("PYTHONPATH", ""))
"""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments: str, **more: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, env=variables | more, cwd=tmp_path.parent, check=True, capture_output=True, text=True
        ).stdout.strip()

    path = run("-c", program, str(tmp_path))
    found = run("-c", "import aml_widgets.core as core; print(core.__path__[0])", PYTHONPATH=path)
    assert Path(found).resolve() == tmp_path / "aml_widgets" / "core"
    assert {one.name.partition("-")[0] for one in Path(path).iterdir()} == {
        "aml_widgets"
    }  # and nothing else from there
    assert run("-c", program, str(tmp_path), PYTHONPATH=str(tmp_path)) == str(tmp_path)  # there it finds it by itself


def test_what_a_run_is_started_with_is_shown_without_secrets(workshop: Workshop) -> None:
    run_id = workshop.submit("", "--data", "postgres://u:hunter2@h", "--api-key", "hunter2", "--epochs", "3")
    workshop.wait(run_id)
    shown = workshop.log(run_id, script_start.PROCESS_INFO)
    assert "hunter2" not in shown
    assert '"--epochs"' in shown

    submission = workshop.prepare(command="API_KEY=hunter2 true --password hunter2")
    workshop.engine.start(workshop.store, submission)
    workshop.wait(submission.run_id)
    shown = workshop.log(submission.run_id, script_start.PROCESS_INFO)
    assert "hunter2" not in shown
    assert "API_KEY=" in shown


@pytest.mark.parametrize("removed", ["work", "."])
def test_a_working_folder_that_is_removed_fails_the_run(workshop: Workshop, removed: str) -> None:
    script = """
        import os, sys, time
        print("ready", flush=True)
        while os.path.exists(sys.argv[1]):
            time.sleep(0.01)
    """
    submission = workshop.prepare(script)
    folder = RunFolder.of(submission.run_id)
    submission = replace(submission, arguments=(str(folder.working_folder),))
    folder.write(submission)
    workshop.engine.start(workshop.store, submission)
    until(lambda: workshop.log(submission.run_id) == "ready\n")
    shutil.rmtree(folder.path / removed, ignore_errors=True)

    record = workshop.wait(submission.run_id)

    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.FILES_NOT_SAVED)
    assert "was removed before the end of the run" in record.error.message
    until(lambda: not folder.path.exists())


def test_what_a_kernel_set_for_its_cells_is_not_passed_on(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = workshop.prepare("")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    assert "MPLBACKEND" not in script_start.make_environment(submission, Path(sys.executable))

    monkeypatch.setenv("MPLBACKEND", "agg")
    assert script_start.make_environment(submission, Path(sys.executable))["MPLBACKEND"] == "agg"


def test_an_environment_that_is_built_has_a_log(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def build(_: object, write_log: Callable[[str], None], *, stop: Callable[[], bool]) -> Path:
        seen.append((workshop.store.get_run(submission.run_id).status, stop()))
        write_log("collecting ridge")
        write_log("built")
        return Path(sys.executable)

    monkeypatch.setattr(interpreters, "find_interpreter", lambda _: None)
    monkeypatch.setattr(interpreters, "build_interpreter", build)
    submission = prepare(workshop, "print('ran')", {"name": "ridge"})

    record = supervise_here(workshop, submission, monkeypatch)

    assert seen == [(RunStatus.PREPARING, False)]
    assert workshop.log(record.run_id, "azureml-logs/20_image_build_log.txt") == "collecting ridge\nbuilt\n"
    assert (record.status, workshop.log(record.run_id)) == (RunStatus.COMPLETED, "ran\n")


def test_an_environment_that_cannot_be_built_fails_the_run(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object, **__: object) -> Path:
        raise EnvironmentBuildError("pip failed: no such package")

    monkeypatch.setattr(interpreters, "find_interpreter", lambda _: None)
    monkeypatch.setattr(interpreters, "build_interpreter", build)
    submission = prepare(workshop, "print('never')", {"name": "ridge"})

    record = supervise_here(workshop, submission, monkeypatch)

    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.PREPARATION_FAILED)
    assert record.error.message == "pip failed: no such package"
    assert workshop.log(record.run_id) == ""


def test_a_run_is_cancelled_while_its_environment_is_built(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(_: object, __: object, *, stop: Callable[[], bool]) -> Path:
        workshop.store.set_status(submission.run_id, RunStatus.CANCEL_REQUESTED)
        until(stop)
        raise EnvironmentBuildError("stopped")

    monkeypatch.setattr(interpreters, "find_interpreter", lambda _: None)
    monkeypatch.setattr(interpreters, "build_interpreter", build)
    submission = prepare(workshop, "print('never')", {"name": "ridge"})

    record = supervise_here(workshop, submission, monkeypatch)

    assert (record.status, record.error, workshop.log(record.run_id)) == (RunStatus.CANCELED, None, "")


def test_a_supervisor_shows_that_it_lives(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from aml_widgets.submit.supervision import pulse

    monkeypatch.setattr(pulse, "HEARTBEAT_SECONDS", 0.0)
    submission = workshop.prepare("")
    wake = threading.Event()
    notes = Notes(workshop.store, submission.run_id)
    beating = Pulse(
        workshop.store,
        submission.run_id,
        cancel_file=RunFolder.of(submission.run_id).cancel_file,
        wake=wake,
        notes=notes,
    )
    beating.start()
    before = time.time()
    try:
        until(lambda: (workshop.store.get_run(submission.run_id).last_seen_at or 0) > before)
        assert not wake.is_set()
        workshop.store.set_status(submission.run_id, RunStatus.CANCEL_REQUESTED)
        assert wake.wait(30)
        assert beating.is_cancel_requested
    finally:
        beating.stop()


def test_a_store_that_takes_nothing_for_a_while_ends_no_run(workshop: Workshop) -> None:
    run_id = workshop.submit(
        "import time\nprint('ready', flush=True)\ntime.sleep(1)\nopen('outputs/a', 'w').write('x')"
    )
    process = workshop.script(run_id)

    other = sqlite3.connect(workshop.store.folder / "runs.db", isolation_level=None)
    other.execute("begin immediate")
    until(lambda: is_gone(process))
    time.sleep(0.5)
    other.execute("commit")
    other.close()

    assert workshop.wait(run_id).status is RunStatus.COMPLETED
    assert workshop.names(run_id, "outputs/") == ["outputs/a"]


def test_the_folder_of_a_run_is_the_users_own(workshop: Workshop) -> None:
    submission = workshop.prepare("")

    assert RunFolder.of(submission.run_id).path.stat().st_mode & 0o077 == 0


def test_a_grace_that_is_no_number_is_the_usual_one(workshop: Workshop) -> None:
    submission = workshop.prepare("", variables={"AZUREML_RUN_KILL_SIGNAL_TIMEOUT_SEC": "soon"})

    assert script_start.find_grace(submission) == script_start.GRACE_SECONDS
