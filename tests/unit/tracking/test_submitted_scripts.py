"""Scripts that are submitted, run in processes of their own, and seen from outside and inside."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from aml_widgets.core.errors import RunFailed
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.submission import list_submissions
from aml_widgets.tracking.compute import LocalTarget
from aml_widgets.tracking.datastore import Datastore
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.model import Model
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.script_run import ScriptRun
from aml_widgets.tracking.workspace import Workspace

PACKAGE_FOLDER = Path(__file__).parents[3]
LONGEST_WAIT_SECONDS = 120.0

Submit = Callable[..., Run]


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Experiment]:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    workspace = Workspace.open(tmp_path / "workspace")

    yield Experiment(workspace, "ridge")

    left = [Run.get(workspace, submission.run_id) for submission in list_submissions()]
    for run in left:
        if run.get_status() not in ("Completed", "Failed", "Canceled"):
            run.cancel()
            wait(run)


@pytest.fixture
def submit(experiment: Experiment, tmp_path: Path) -> Submit:
    def submit(script: str, *arguments: object, **keywords: object) -> Run:
        return experiment.submit(make_config(tmp_path / "source", script, *arguments), **keywords)  # type: ignore[arg-type]

    return submit


def make_config(folder: Path, script: str, *arguments: object) -> ScriptRunConfig:
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(textwrap.dedent(script))
    environment = Environment("here")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return ScriptRunConfig(folder, script="train.py", arguments=list(arguments), environment=environment)


def wait(run: Run) -> Run:
    """Wait for the end, and fail rather than wait for ever."""
    wait_until(lambda: run.get_status() in ("Completed", "Failed", "Canceled"), run)
    return run


def wait_until(is_met: Callable[[], bool], run: Run) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while not is_met():
        if time.monotonic() > deadline:
            raise AssertionError(f"{run} does not go on: {run.get_details_with_logs()}")
        time.sleep(0.05)


def test_a_script_logs_writes_and_makes_children(submit: Submit, tmp_path: Path) -> None:
    run = submit(
        """
        import argparse
        from pathlib import Path

        from aml_widgets import Run

        parser = argparse.ArgumentParser()
        parser.add_argument("--alpha", type=float)
        alpha = parser.parse_args().alpha
        run = Run.get_context()
        print("alpha is", alpha, "in", run.experiment.name)
        for step in range(3):
            run.log("mse", alpha * step)
        Path("outputs/model.pkl").write_bytes(b"model")
        Path("left_over.txt").write_text("not a source")
        with run.child_run("fold") as child:
            child.log("fold", 1)
        for one in run.create_children(2):
            one.complete()
        run.complete()
        """,
        "--alpha",
        0.5,
        tags={"sweep": "1"},
    )

    assert isinstance(run, ScriptRun)
    details = run.wait_for_completion()

    assert details["status"] == "Completed", run.get_details_with_logs()
    assert details["runDefinition"]["arguments"] == ["--alpha", "0.5"]
    assert run.get_metrics() == {"mse": [0.0, 0.5, 1.0]}
    assert {"outputs/model.pkl", "azureml-logs/70_driver_log.txt"} <= set(run.get_file_names())
    logs = run.get_details_with_logs()["logFiles"]
    assert "alpha is 0.5 in ridge\n" in logs["azureml-logs/70_driver_log.txt"]
    children = list(run.get_children())
    assert sorted(child.get_status() for child in children) == ["Completed"] * 3
    assert {"fold": 1} in [child.get_metrics() for child in children]
    assert sorted(path.name for path in (tmp_path / "source").iterdir()) == ["train.py"]
    copied = run.get_all_logs(tmp_path / "logs")
    assert str(tmp_path / "logs" / "azureml-logs" / "70_driver_log.txt") in copied


def test_a_script_writes_into_the_datastore_of_a_new_workspace(submit: Submit, experiment: Experiment) -> None:
    datastore = Datastore.get_default(experiment.workspace)
    run = submit(
        """
        import sys
        from pathlib import Path

        (Path(sys.argv[1]) / "model.txt").write_text("weights")
        """,
        datastore.as_mount(),
    )

    assert wait(run).get_status() == "Completed", run.get_details_with_logs()
    assert (datastore.folder / "model.txt").read_text() == "weights"


def test_a_script_registers_what_it_has_just_written(submit: Submit) -> None:
    run = submit(
        """
        from pathlib import Path

        from aml_widgets import Run

        run = Run.get_context()
        for epoch in range(3):
            Path("outputs/model.pkl").write_text(f"epoch {epoch}")
            print(run.register_model("best", "outputs/model.pkl").id)
        Path("outputs/net/deep").mkdir(parents=True)
        Path("outputs/net/deep/w.bin").write_text("w")
        Path("outputs/net/config.json").write_text("{}")
        run.register_model("net", "outputs/net/")
        Path("outputs/model.pkl").write_text("the last one")
        """
    )

    assert run.wait_for_completion()["status"] == "Completed", run.get_details_with_logs()
    workspace = run.experiment.workspace
    versions = [Path(Model.get_model_path("best", version, workspace)).read_text() for version in (1, 2, 3)]
    assert versions == ["epoch 0", "epoch 1", "epoch 2"]
    net = Path(Model.get_model_path("net", _workspace=workspace))
    assert {file.relative_to(net).as_posix() for file in net.rglob("*") if file.is_file()} == {
        "config.json",
        "deep/w.bin",
    }
    assert sorted(name for name in run.get_file_names() if name.startswith("outputs/")) == [
        "outputs/model.pkl",
        "outputs/net/config.json",
        "outputs/net/deep/w.bin",
    ]
    assert Path(run.download_file("outputs/model.pkl", "last")).read_text() == "the last one"


def test_a_file_that_the_script_has_uploaded_stays_and_is_what_a_model_gets(submit: Submit) -> None:
    run = submit(
        """
        from pathlib import Path

        from aml_widgets import Run

        run = Run.get_context()
        Path("outputs/model.pkl").write_text("first")
        run.upload_file("outputs/model.pkl", "outputs/model.pkl")
        run.register_model("best", "outputs/model.pkl")
        Path("outputs/model.pkl").write_text("second")
        run.register_model("best", "outputs/model.pkl")
        """
    )

    assert run.wait_for_completion()["status"] == "Completed", run.get_details_with_logs()
    workspace = run.experiment.workspace
    assert [Path(Model.get_model_path("best", version, workspace)).read_text() for version in (1, 2)] == ["first"] * 2
    log = run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"]
    assert log.count("has another 'outputs/model.pkl', which was uploaded before") == 1


def test_a_home_that_was_removed_is_not_made_anew(experiment: Experiment, tmp_path: Path) -> None:
    del experiment  # has a workspace elsewhere
    workspace = Workspace.create("team")
    home = Path(workspace.location).parent
    assert home.is_relative_to(tmp_path)
    script = """
        import time
        from pathlib import Path

        print("ready", flush=True)
        while not Path({go!r}).exists():
            time.sleep(0.02)
        Path({done!r}).touch()
    """.format(go=str(tmp_path / "go"), done=str(tmp_path / "done"))
    run = Experiment(workspace, "ridge").submit(make_config(tmp_path / "source", script))
    wait_until(
        lambda: "ready" in run.get_details_with_logs()["logFiles"].get("azureml-logs/70_driver_log.txt", ""), run
    )
    (supervisor,) = [process for process in psutil.process_iter() if run.id in read_command_line(process)[-1:]]

    shutil.rmtree(home)
    (tmp_path / "go").touch()

    _, alive = psutil.wait_procs([supervisor], timeout=LONGEST_WAIT_SECONDS)
    assert alive == []
    assert (tmp_path / "done").exists()
    assert not home.exists()


def read_command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_failing_script_fails_its_run(submit: Submit) -> None:
    run = submit("print('before')\nraise ValueError('no data in Zürich')\n")

    with pytest.raises(RunFailed, match="ValueError: no data in Zürich"):
        run.wait_for_completion()

    error = run.get_details()["error"]["error"]
    assert error["debugInfo"]["type"] == "ValueError"
    assert 'train.py", line 2' in error["debugInfo"]["stackTrace"]
    assert "before\n" in run.get_details_with_logs()["logFiles"]["azureml-logs/70_driver_log.txt"]


def test_what_a_script_reports_changes_no_status(submit: Submit) -> None:
    run = submit(
        """
        import sys
        from aml_widgets import Run

        run = Run.get_context(allow_offline=False)
        assert run is Run.get_context()
        run.fail("one file was missing")
        with run:
            sys.exit(0)
        """
    )

    details = wait(run).get_details()

    assert details["status"] == "Completed", run.get_details_with_logs()
    assert details["warnings"] == [{"source": "script", "message": "one file was missing"}]


@pytest.mark.parametrize("end", ["sys.exit(3)", "sys.exit('gave up')", "os._exit(3)"])
def test_what_a_script_reported_is_why_it_ended_with_an_exit_code(submit: Submit, end: str) -> None:
    run = submit(
        f"""
        import os, sys
        from aml_widgets import Run

        run = Run.get_context(allow_offline=False)
        try:
            [][0]
        except IndexError as error:
            run.fail(error, error_code="NoData")
        {end}
        """
    )

    details = wait(run).get_details()

    assert details["status"] == "Failed"
    error = details["error"]["error"]
    code = 1 if "gave up" in end else 3
    text = "User program failed with IndexError: list index out of range"
    assert error["code"] == "NoData"
    assert error["message"] == f"{text} (The script ended with exit code {code}.)"
    assert error["debugInfo"]["type"] == "IndexError"
    assert 'train.py", line 7' in error["debugInfo"]["stackTrace"]
    assert "warnings" not in details or details["warnings"] == []  # it is told once


def test_an_exception_that_ends_a_script_tells_more_than_what_it_reported_before(submit: Submit) -> None:
    run = submit("from aml_widgets import Run\nRun.get_context().fail('one file was missing')\n1 / 0")

    details = wait(run).get_details()

    assert details["error"]["error"]["debugInfo"]["type"] == "ZeroDivisionError"
    assert details["warnings"] == [{"source": "script", "message": "one file was missing"}]


def test_a_signal_that_ends_a_script_tells_more_than_what_it_reported_before(submit: Submit) -> None:
    run = submit(
        "import os\nfrom aml_widgets import Run\nRun.get_context().fail('short of memory')\nos.kill(os.getpid(), 9)"
    )

    details = wait(run).get_details()

    assert "killed by signal 9 (SIGKILL)" in details["error"]["error"]["message"]
    assert details["warnings"] == [{"source": "script", "message": "short of memory"}]


def test_output_is_shown_to_its_last_line(submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    run = submit(
        """
        import time
        for number in range(3_000):
            print(f"line {number}")
            if number % 1_000 == 0:
                time.sleep(0.3)
        """,
        show_output=True,
    )

    shown = capsys.readouterr().out
    lines = [line for line in shown.splitlines() if line.startswith("line ")]
    assert lines == [f"line {number}" for number in range(3_000)]
    assert shown.startswith(f"RunId: {run.id}\nWeb View: {run.get_portal_url()}\n\nStreaming azureml-logs/")
    assert "\n\nStreaming azureml-logs/70_driver_log.txt\n========================================\n\n" in shown
    assert shown.endswith(
        f"\nExecution Summary\n=================\nRunId: {run.id}\nWeb View: {run.get_portal_url()}\n"
    )
    assert run.status == "Completed"


KERNEL = """
import os, sys
sys.path.insert(0, {package_folder!r})
from pathlib import Path
from aml_widgets.tracking.workspace import Workspace
from aml_widgets.tracking.experiment import Experiment
from tests.unit.tracking.test_submitted_scripts import make_config

experiment = Experiment(Workspace.open({location!r}), "ridge")
config = make_config(Path({source!r}), {script!r})
"""
SLOW_SCRIPT = "import time; print('started', flush=True); time.sleep(1); from aml_widgets import Run; Run.get_context().log('done', 1)"


def kernel_command(experiment: Experiment, tmp_path: Path, does: str, script: str = SLOW_SCRIPT) -> list[str]:
    location = experiment.workspace.location
    before = KERNEL.format(
        package_folder=str(PACKAGE_FOLDER), location=location, source=str(tmp_path / "source"), script=script
    )
    return [sys.executable, "-c", before + does]


def test_the_run_goes_on_when_the_kernel_is_gone(experiment: Experiment, tmp_path: Path) -> None:
    does = "print(experiment.submit(config).id, flush=True); os.kill(os.getpid(), 9)"

    ended = subprocess.run(kernel_command(experiment, tmp_path, does), capture_output=True, text=True, check=False)

    assert ended.returncode == -9, ended.stderr
    run = wait(Run.get(experiment.workspace, ended.stdout.strip()))
    assert run.status == "Completed", run.get_details_with_logs()
    assert run.get_metrics() == {"done": 1}


def test_an_interrupt_ends_what_is_shown_and_not_the_run(experiment: Experiment, tmp_path: Path) -> None:
    # A process that was started in the background may have inherited that interrupts are ignored. A kernel does not.
    does = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "experiment.submit(config, run_id='interrupted', show_output=True)"
    )
    go = tmp_path / "go"
    script = (
        "import time, pathlib; print('started', flush=True)\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.05)\n"
        "from aml_widgets import Run; Run.get_context().log('done', 1)"
    )
    with subprocess.Popen(
        kernel_command(experiment, tmp_path, does, script),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as kernel:
        assert kernel.stdout is not None
        assert any(line == "started\n" for line in kernel.stdout)
        os.killpg(kernel.pid, signal.SIGINT)  # as Jupyter and a terminal do: to all of its processes
        _, errors = kernel.communicate()
    go.touch()

    assert "RunInterrupted: The output of run interrupted is not shown any more" in errors
    run = wait(Run.get(experiment.workspace, "interrupted"))
    assert run.status == "Completed", run.get_details_with_logs()
    assert run.get_metrics() == {"done": 1}


def test_a_run_is_cancelled_from_outside(submit: Submit) -> None:
    run = submit("print('started', flush=True)\nimport time\ntime.sleep(600)\n")
    wait_until(
        lambda: "started" in run.get_details_with_logs()["logFiles"].get("azureml-logs/70_driver_log.txt", ""), run
    )

    run.cancel()

    assert run.wait_for_completion()["status"] == "Canceled"


def test_the_end_of_a_run_is_its_scripts_and_nobody_elses(
    submit: Submit, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = tmp_path / "gate"
    run = submit(f"""
        import os, time
        from aml_widgets import Run
        while not os.path.exists({str(gate)!r}):
            time.sleep(0.01)
        Run.get_context().log("after", 1)
    """)
    run.complete()
    assert "complete() does nothing here" in caplog.text
    run.fail("no")
    assert "fail() does nothing here" in caplog.text
    with run:
        pass
    assert run.get_status() not in ("Completed", "Failed")

    gate.touch()
    assert run.wait_for_completion()["status"] == "Completed"
    assert run.get_metrics("after") == {"after": 1}
    run.complete()  # as old notebooks do after waiting


def test_a_copy_of_a_workspace_does_not_act_on_the_runs_of_the_first(
    submit: Submit, experiment: Experiment, tmp_path: Path
) -> None:
    run = submit("""
        import time
        print("ready", flush=True)
        time.sleep(600)
    """)
    wait_until(lambda: run.get_status() == "Running", run)
    copy = Workspace.open(shutil.copytree(experiment.workspace.location, tmp_path / "copy")).get_run(run.id)

    copy.cancel()
    assert copy.get_status() == "Canceled"
    assert run.get_status() == "Running"

    run.cancel()
    assert run.wait_for_completion()["status"] == "Canceled"


def test_a_script_submits_scripts_below_its_run(submit: Submit) -> None:
    run = submit(
        """
        import sys
        from pathlib import Path
        from aml_widgets import Run
        from aml_widgets.submit.configuration.environment import Environment
        from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig

        Path("inner").mkdir()
        Path("inner/train.py").write_text(
            "import time; time.sleep(1); from aml_widgets import Run; Run.get_context().log('inner', 1)"
        )
        environment = Environment("here")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = sys.executable
        Run.get_context().submit_child(ScriptRunConfig("inner", script="train.py", environment=environment))
        """
    )
    wait(run)

    assert run.status == "Completed", run.get_details_with_logs()
    (child,) = run.get_children()
    assert isinstance(child, ScriptRun)
    assert wait(child).status == "Completed", child.get_details_with_logs()
    assert child.get_metrics() == {"inner": 1}
    assert child.parent == run


def test_a_named_target_lists_what_runs_and_what_waits(experiment: Experiment, tmp_path: Path) -> None:
    target = LocalTarget.create("one", max_concurrent_runs=1)
    config = make_config(tmp_path / "source", "import time; time.sleep(600)")
    config.run_config.target = target.name
    first, second = experiment.submit(config), experiment.submit(config)
    wait_until(lambda: first.get_status() == "Running", first)

    assert [(run.id, run.status) for run in Run.list_by_compute(target)] == [
        (first.id, "Running"),
        (second.id, "Queued"),
    ]
    second.cancel()
    first.cancel()

    assert [wait(run).status for run in (first, second)] == ["Canceled", "Canceled"]
    assert list(Run.list_by_compute("one")) == []
