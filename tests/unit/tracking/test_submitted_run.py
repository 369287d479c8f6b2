"""The run that a submitted script finds itself in."""

from __future__ import annotations

import os
import pickle
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from aml_widgets.core.errors import PointsLost, RunNotFound, StoreFull
from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.submission import RUN_TYPE
from aml_widgets.tracking import context
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.script_run import ScriptRun
from aml_widgets.tracking.submitted_run import SubmittedRun
from aml_widgets.tracking.workspace import Workspace


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return Experiment(Workspace.open(tmp_path / "workspace"), "ridge")


@pytest.fixture
def submitted(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> SubmittedRun:
    """Give the run of a script, in whose process the test runs."""
    record = experiment.workspace.store.create_run(
        NewRun(experiment_id=experiment.id, run_type=RUN_TYPE, status=RunStatus.RUNNING)
    )
    for name, value in context.describe_run(experiment, record).items():
        monkeypatch.setenv(name, value)
    run = Run.get_context()
    assert isinstance(run, SubmittedRun)
    return run


def seen(run: Run) -> Run:
    """Read the run as another process would."""
    return Run.get(run.experiment.workspace, run.id)


def test_the_script_finds_its_run(submitted: SubmittedRun, experiment: Experiment) -> None:
    submitted.log("loss", 0.5)

    assert Run.get_context() is Run.get_context(allow_offline=False) is submitted
    assert submitted.experiment == experiment
    assert submitted.experiment.workspace.location == experiment.workspace.location
    assert seen(submitted).get_metrics() == {"loss": 0.5}
    assert isinstance(seen(submitted), ScriptRun)
    assert type(submitted).__name__ == "_SubmittedRun"
    assert submitted.input_datasets == submitted.output_datasets == {}


def test_what_the_script_runs_with_is_known(submitted: SubmittedRun) -> None:
    properties = seen(submitted).get_properties()

    assert properties["aml_widgets.python_version"] == platform.python_version()
    assert properties["aml_widgets.pid"] == str(os.getpid())
    assert "numpy" in properties["aml_widgets.packages"]


def test_another_process_of_the_script_may_have_said_so(
    submitted: SubmittedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(submitted, "_record", replace(submitted._record, properties={}))

    submitted._describe_interpreter()

    assert seen(submitted).get_properties()["aml_widgets.pid"] != "1"


def test_without_its_workspace_a_run_id_names_no_run(submitted: SubmittedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AML_WIDGETS_WORKSPACE")

    run = Run.get_context()
    assert isinstance(run, context.OfflineRun)
    assert type(run).__name__ == "_OfflineRun"  # v1's scripts ask for the name


def test_a_run_that_is_gone_is_told(submitted: SubmittedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZUREML_RUN_ID", "another")

    with pytest.raises(RunNotFound, match="no run 'another' in the workspace"):
        Run.get_context()


def test_how_the_script_ends_decides_about_the_status(submitted: SubmittedRun) -> None:
    submitted.start()
    submitted.complete()
    submitted.fail("no data")
    with pytest.warns(UserWarning, match="not cancelled from inside"):
        submitted.cancel()

    assert seen(submitted).get_status() == "Running"


def test_what_the_script_reports_is_kept(submitted: SubmittedRun) -> None:
    submitted.fail("no data", error_code="Empty")
    submitted.fail("another")

    details = seen(submitted).get_details()
    assert details["warnings"] == [{"source": "script", "message": "no data"}]
    assert details["error"] is None


def test_lost_points_are_raised_when_it_completes(submitted: SubmittedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **keywords: object) -> None:
        raise StoreFull("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(submitted, "_log_metric", full)
        with pytest.warns(UserWarning, match="could not store"):
            submitted.log("loss", 1)

    with pytest.raises(PointsLost, match="1 point"):
        submitted.complete()


def test_a_with_block_leaves_streams_and_status_alone(submitted: SubmittedRun) -> None:
    stdout = sys.stdout

    with submitted as entered:
        assert entered is submitted
        assert sys.stdout is stdout
    with pytest.raises(ValueError, match="no data"), submitted:
        raise ValueError("no data")
    with pytest.raises(SystemExit), submitted:
        sys.exit(0)

    assert seen(submitted).get_status() == "Running"
    assert seen(submitted).get_file_names() == []
    assert seen(submitted).get_details()["warnings"][0]["message"] == "User program failed with ValueError: no data"


def test_children_are_made_from_inside(submitted: SubmittedRun) -> None:
    child = submitted.child_run("fold")
    child.log("loss", 1)
    child.complete()
    two = submitted.create_children(2)

    assert {one.id for one in seen(submitted).get_children()} == {child.id, *(one.id for one in two)}
    assert child.parent == submitted
    assert not isinstance(child, SubmittedRun)
    assert {one.get_status() for one in two} == {"Running"}


def test_a_copy_in_the_same_script_is_the_same_run(submitted: SubmittedRun, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = pickle.dumps(submitted)

    assert pickle.loads(pickled) is submitted
    monkeypatch.delenv("AZUREML_RUN_ID")
    assert isinstance(pickle.loads(pickled), ScriptRun)
    assert pickle.loads(pickled) == submitted


def test_a_script_needs_only_the_standard_library(submitted: SubmittedRun, tmp_path: Path) -> None:
    """Pictures and packages that are not there are no hindrance to what most scripts do."""
    (tmp_path / "model.pkl").write_bytes(b"model")
    script = (
        "import sys\n"
        f"sys.path.append({str(Path(context.__file__).parents[2])!r})\n"
        "from aml_widgets.tracking.run import Run\n"
        "run = Run.get_context(allow_offline=False)\n"
        "run.log('loss', 0.5)\n"
        "run.log_list('many', [1, 2])\n"
        "run.log_row('row', x=1)\n"
        f"run.upload_file('outputs/model.pkl', {str(tmp_path / 'model.pkl')!r})\n"
        "run.tag('a', 'b')\n"
        "run.get_metrics()\n"
        "run.complete()\n"
        "print(sorted({'numpy', 'psutil', 'pathspec', 'platformdirs', 'IPython'} & set(sys.modules)))\n"
    )

    ended = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)

    assert (ended.stderr, ended.stdout) == ("", "[]\n")
    assert seen(submitted).get_metrics() == {"loss": 0.5, "many": [1, 2], "row": {"x": 1}}
    assert seen(submitted).get_file_names() == ["outputs/model.pkl"]
