"""Which runs work on a compute target or wait for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from aml_widgets.core.errors import TargetNotFound, UserError
from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.submission import RUN_TYPE, RunFolder, Submission
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "one")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))


def submitted(workspace: Workspace, run_id: str, tag: str = "a") -> str:
    experiment = Experiment(workspace, "ridge")
    workspace.store.create_run(
        NewRun(
            experiment_id=experiment.id,
            run_id=run_id,
            run_type=RUN_TYPE,
            status=RunStatus.RUNNING,
            tags={tag: None},
        )
    )
    RunFolder.of(run_id).write(Submission(run_id=run_id, store_location=workspace.location, snapshot_id="x"))
    return run_id


def ids(runs: Iterator[Run]) -> list[str]:
    return [run.id for run in runs]


def test_runs_of_every_workspace_are_listed_in_order(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace.open(tmp_path / "two")
    submitted(workspace, "z-first")
    submitted(other, "second")
    submitted(workspace, "a-third")

    assert ids(Run.list_by_compute("local")) == ["z-first", "second", "a-third"]
    assert ids(Run.list_by_compute(SimpleNamespace(name="local"))) == ["z-first", "second", "a-third"]


def test_what_has_ended_is_left_out(workspace: Workspace) -> None:
    submitted(workspace, "first")
    submitted(workspace, "second")
    workspace.store.set_status("first", RunStatus.COMPLETED)

    assert ids(Run.list_by_compute("local")) == ["second"]


def test_runs_are_chosen_as_everywhere(workspace: Workspace) -> None:
    submitted(workspace, "first", tag="a")
    submitted(workspace, "second", tag="b")

    assert ids(Run.list_by_compute("local", tags="b")) == ["second"]
    assert ids(Run.list_by_compute("local", type=RUN_TYPE, status="Running")) == ["first", "second"]
    assert ids(Run.list_by_compute("local", status="Queued")) == []
    with pytest.raises(UserError, match="no status"):
        Run.list_by_compute("local", status="Sleeping")


def test_a_workspace_that_is_gone_hides_no_others(workspace: Workspace, tmp_path: Path) -> None:
    other = Workspace.open(tmp_path / "two")
    submitted(other, "first")
    submitted(workspace, "second")
    other.store.close()
    shutil.rmtree(other.location)

    assert ids(Run.list_by_compute("local")) == ["second"]


def test_what_is_no_target_is_told() -> None:
    with pytest.raises(TargetNotFound, match="gpu"):
        Run.list_by_compute("gpu")
    with pytest.raises(UserError, match="by its name or as an object"):
        Run.list_by_compute(None)
