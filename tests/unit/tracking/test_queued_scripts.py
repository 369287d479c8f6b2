"""Scripts that wait for a named target: with the real dispatcher and supervisors, from submission to end."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from aml_widgets.core.errors import TargetInUse, TargetNotFound
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.engines import queue, targets_database
from aml_widgets.submit.engines.queue import EntryState
from aml_widgets.tracking.compute import ComputeTarget, LocalTarget
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace

LONGEST_WAIT_SECONDS = 120.0
TARGET = "few"

WAITING_SCRIPT = """
import sys, time
from pathlib import Path
from aml_widgets import Run
name, folder = sys.argv[1], Path(sys.argv[2])
Run.get_context().log("name", name)
while not (folder / "go").exists() and not (folder / f"go-{name}").exists():
    time.sleep(0.02)
Path("outputs/name.txt").write_text(name)
"""


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Experiment]:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))

    yield Experiment(Workspace.open(tmp_path / "workspace"), "queued")

    (tmp_path / "go").touch()
    for target in ComputeTarget.list():
        for run in Run.list_by_compute(target):
            run.cancel()
        wait_until(lambda name=target.name: not queue.list_entries(name), "the queue is empty")  # type: ignore[misc]
        wait_until(lambda name=target.name: read_keeper(name) is None, "the dispatcher leaves")  # type: ignore[misc]


@pytest.fixture
def submit(experiment: Experiment, tmp_path: Path) -> Callable[[str], Run]:
    config = make_config(tmp_path)

    def submit(name: str) -> Run:
        config.arguments = [name, tmp_path]
        return experiment.submit(config)

    return submit


def make_config(folder: Path) -> ScriptRunConfig:
    (folder / "source").mkdir()
    (folder / "source" / "train.py").write_text(WAITING_SCRIPT)
    environment = Environment("here")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return ScriptRunConfig(folder / "source", "train.py", environment=environment, compute_target=TARGET)


def wait_until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"it did not come to pass in time: {what}"
        time.sleep(0.05)


def wait_for(run: Run, status: str) -> None:
    wait_until(lambda: run.get_status() == status, f"{run.id} is {status}, {run.get_details()}")


def read_keeper(name: str) -> int | None:
    row = targets_database.read(
        lambda connection: connection.execute("select keeper from target where name = ?", (name,)).fetchone()
    )
    return None if row is None or row[0] is None else int(json.loads(row[0])["pid"])


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, "it is dead")


def test_runs_wait_work_and_end_in_order(experiment: Experiment, submit: Callable[[str], Run], tmp_path: Path) -> None:
    target = LocalTarget.create(TARGET, max_concurrent_runs=2)
    runs = [submit(name) for name in ("a", "b", "c", "d")]
    for run in runs[:2]:
        wait_for(run, "Running")

    assert [run.get_status() for run in runs[2:]] == ["Queued", "Queued"]
    assert [run.id for run in Run.list_by_compute(target)] == [run.id for run in runs]
    assert list(Run.list_by_compute(TARGET, status="Queued")) == runs[2:]
    assert runs[0].get_details()["target"] == TARGET
    with pytest.raises(TargetInUse, match="4 runs"):
        target.delete()

    (tmp_path / "go").touch()
    for run in runs:
        run.wait_for_completion(raise_on_error=True)

    assert [run.get_metrics() for run in runs] == [{"name": name} for name in ("a", "b", "c", "d")]
    assert all("outputs/name.txt" in run.get_file_names() for run in runs)
    wait_until(lambda: not list(Run.list_by_compute(target)), "nothing is left")
    wait_until(lambda: not queue.list_entries(TARGET), "no place is taken")
    target.delete()
    with pytest.raises(TargetNotFound):
        submit("e")


def test_runs_outlive_the_process_that_submitted_them_and_have_its_variables(
    experiment: Experiment, tmp_path: Path
) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)
    config = make_config(tmp_path)
    (tmp_path / "source" / "train.py").write_text(
        "import os; from aml_widgets import Run; Run.get_context().log('whose', os.environ['WHOSE'])"
    )
    program = textwrap.dedent("""
        import sys
        from aml_widgets import Experiment, ScriptRunConfig, Workspace
        from aml_widgets.submit.configuration.environment import Environment
        environment = Environment("here")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = sys.executable
        config = ScriptRunConfig(sys.argv[1], "train.py", environment=environment, compute_target=sys.argv[3])
        for _ in range(2):
            print(Experiment(Workspace.open(sys.argv[2]), "queued").submit(config).id)
    """)
    run_ids = []
    for whose in ("first", "second"):
        arguments = [sys.executable, "-c", program, str(tmp_path / "source"), str(tmp_path / "workspace"), TARGET]
        ended = subprocess.run(
            arguments, env={**os.environ, "WHOSE": whose}, capture_output=True, text=True, check=True
        )
        run_ids += ended.stdout.split()
    assert config.script == "train.py"

    runs = [Run.get(experiment.workspace, run_id) for run_id in run_ids]
    for run in runs:
        wait_for(run, "Completed")

    assert [run.get_metrics()["whose"] for run in runs] == ["first", "first", "second", "second"]


def test_a_killed_supervisor_fails_its_run_and_the_next_one_starts(
    experiment: Experiment, submit: Callable[[str], Run], tmp_path: Path
) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)
    for attempt in range(2):
        first, second = submit(f"{attempt}"), submit(f"{attempt}-next")
        wait_for(first, "Running")
        entry = queue.find_entry(first.id)
        assert entry is not None
        assert entry.supervisor is not None

        kill(entry.supervisor.pid)
        wait_for(second, "Running")

        wait_for(first, "Failed")
        assert "was killed" in first.get_details()["error"]["error"]["message"]
        (tmp_path / f"go-{attempt}-next").touch()
        wait_for(second, "Completed")


def test_a_killed_dispatcher_comes_back_and_its_run_is_not_disturbed(
    experiment: Experiment, submit: Callable[[str], Run], tmp_path: Path
) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)
    runs = [submit(name) for name in ("a", "b", "c")]
    wait_for(runs[0], "Running")
    for _ in range(2):
        keeper = read_keeper(TARGET)
        assert keeper is not None

        kill(keeper)
        list(Run.list_by_compute(TARGET))

        assert read_keeper(TARGET) not in (None, keeper)
    assert [entry.state for entry in queue.list_entries(TARGET)] == [
        EntryState.RUNNING,
        EntryState.WAITING,
        EntryState.WAITING,
    ]
    (tmp_path / "go").touch()

    for run in runs:
        wait_for(run, "Completed")
    assert [run.get_metrics() for run in runs] == [{"name": name} for name in ("a", "b", "c")]


def test_runs_are_cancelled_wherever_they_are(
    experiment: Experiment, submit: Callable[[str], Run], tmp_path: Path
) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)
    working, waiting, last = submit("working"), submit("waiting"), submit("last")
    wait_for(working, "Running")

    waiting.cancel()
    assert waiting.get_status() == "Canceled"
    working.cancel()

    wait_for(working, "Canceled")
    wait_for(last, "Running")
    starting = submit("starting")
    (tmp_path / "go-last").touch()
    wait_until(lambda: last.get_status() in ("Finalizing", "Completed"), "its place becomes free")
    starting.cancel()  # perhaps while it is being started
    wait_for(starting, "Canceled")
    wait_for(last, "Completed")


def test_whatever_is_killed_each_run_has_one_truthful_end(
    experiment: Experiment, submit: Callable[[str], Run], tmp_path: Path
) -> None:
    """Dispatchers and supervisors are killed while runs wait, start, work and end."""
    moments = random.Random(4)
    LocalTarget.create(TARGET, max_concurrent_runs=3)
    runs = [submit(f"{number}") for number in range(10)]
    supervised: set[str] = set()
    (tmp_path / "go").touch()

    for _ in range(6):
        time.sleep(moments.random() * 0.6)
        keeper = read_keeper(TARGET)
        if keeper is not None:
            kill_if_there(keeper)
        at_work = [entry for entry in queue.list_entries(TARGET) if entry.supervisor is not None]
        if at_work and len(supervised) < 2 and at_work[-1].supervisor is not None:
            kill_if_there(at_work[-1].supervisor.pid)
            supervised.add(at_work[-1].run_id)
        list(Run.list_by_compute(TARGET))
    for run in runs:
        wait_until(lambda run=run: run.get_status() in ("Completed", "Failed"), "it ends")  # type: ignore[misc]

    assert {run.id for run in runs if run.get_status() == "Failed"} <= supervised
    completed = [run for run in runs if run.get_status() == "Completed"]
    assert all(isinstance(run.get_metrics()["name"], str) for run in completed)  # a list, had it run twice


def kill_if_there(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        kill(pid)


NESTED_SCRIPT = """
import sys
from pathlib import Path
from aml_widgets import Run, ScriptRunConfig
from aml_widgets.submit.configuration.environment import Environment
depth, target, wait_for_child = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "True"
if depth:
    Path("inner").mkdir()
    Path("inner/train.py").write_text(Path(__file__).read_text())
    environment = Environment("here")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    arguments = [depth - 1, target, wait_for_child]
    config = ScriptRunConfig("inner", "train.py", arguments, environment=environment, compute_target=target)
    child = Run.get_context().submit_child(config)
    if wait_for_child and depth > 1:
        child.wait_for_completion(raise_on_error=True)
"""


def submit_nested(experiment: Experiment, folder: Path, depth: int, target: str, *, waits: bool) -> list[str]:
    """Submit a script that submits itself again; give what each of the runs has printed, from the top on."""
    config = make_config(folder)
    (folder / "source" / "train.py").write_text(NESTED_SCRIPT)
    config.arguments = [depth, target, waits]
    runs = [experiment.submit(config)]
    for _ in range(depth):
        runs[-1].wait_for_completion(raise_on_error=True)
        runs += list(runs[-1].get_children())
    runs[-1].wait_for_completion(raise_on_error=True)
    assert len(runs) == depth + 1
    return [run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"] for run in runs]


def test_a_script_that_could_wait_for_ever_for_its_own_place_is_warned(experiment: Experiment, tmp_path: Path) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)

    printed, printed_by_child = submit_nested(experiment, tmp_path, 1, TARGET, waits=False)

    assert "RuntimeWarning: What is submitted to compute target 'few' waits until a run there has ended" in printed
    assert "its only place is taken by run queued_" in printed
    assert "LocalTarget.create('few', max_concurrent_runs=2)" in printed
    assert printed.endswith("\n  child = Run.get_context().submit_child(config)\n")  # it points at the script's line
    assert printed_by_child == ""


def test_places_that_all_are_taken_by_runs_above_are_warned_of(experiment: Experiment, tmp_path: Path) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=2)

    printed = submit_nested(experiment, tmp_path, 2, TARGET, waits=True)

    assert (printed[0], printed[2]) == ("", "")
    assert "all of its 2 places are taken by run queued_" in printed[1]
    assert "LocalTarget.create('few', max_concurrent_runs=3)" in printed[1]


@pytest.mark.parametrize("target", ["local", "other"])
def test_who_submits_elsewhere_is_not_warned(experiment: Experiment, tmp_path: Path, target: str) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)
    LocalTarget.create("other", max_concurrent_runs=1)

    assert submit_nested(experiment, tmp_path, 1, target, waits=False) == ["", ""]


def test_a_full_target_is_nothing_to_warn_of_where_others_fill_it(
    submit: Callable[[str], Run], recwarn: pytest.WarningsRecorder
) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)
    first = submit("a")
    wait_for(first, "Running")

    second = submit("b")

    assert second.get_status() == "Queued"
    assert [one for one in recwarn if issubclass(one.category, RuntimeWarning)] == []


def test_a_run_that_ends_wakes_a_queue_whose_dispatcher_was_killed(
    experiment: Experiment, submit: Callable[[str], Run], tmp_path: Path
) -> None:
    LocalTarget.create(TARGET, max_concurrent_runs=1)
    first, second = submit("a"), submit("b")
    wait_for(first, "Running")
    keeper = read_keeper(TARGET)
    assert keeper is not None
    kill(keeper)

    (tmp_path / "go").touch()

    store = experiment.workspace.store  # only read: looking at a run by the API would start the dispatcher, too
    wait_until(lambda: store.get_run(second.id).status == "Completed", "the next one has run")
    assert store.get_run(first.id).status == "Completed"
