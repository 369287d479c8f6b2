from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aml_widgets.core.errors import InvalidName, SnapshotError, SnapshotNotFound, UserError
from aml_widgets.tracking import provenance
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace


def test_a_run_knows_where_it_came_from(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "work/a.ipynb")
    monkeypatch.setattr("aml_widgets.tracking.context.find_cell_id", lambda: "cell-1")

    properties = experiment.start_logging().properties

    assert properties["aml_widgets.notebook_path"] == "work/a.ipynb"
    assert properties["aml_widgets.cell_id"] == "cell-1"
    assert properties["aml_widgets.pid"] == str(os.getpid())
    assert properties["aml_widgets.python_version"] == ".".join(map(str, sys.version_info[:3]))
    assert "numpy" in json.loads(properties["aml_widgets.packages"])
    assert {"aml_widgets.host", "aml_widgets.user", "aml_widgets.command_line"} <= set(properties)


def test_what_is_given_is_kept(experiment: Experiment) -> None:
    run = experiment.start_logging(
        run_id="my-run", display_name="best", description="a note", tags={"a": "1", "b": None}
    )

    assert (run.id, run.display_name, run.description) == ("my-run", "best", "a note")
    assert run.get_tags() == {"a": "1", "b": None}


@pytest.mark.parametrize("arguments", [{"tags": "a"}, {"run_id": "../x"}, {"tags": {"": "x"}}])
def test_a_wrong_argument_leaves_no_run(experiment: Experiment, arguments: dict[str, object]) -> None:
    with pytest.raises(UserError):
        experiment.start_logging(**arguments)  # type: ignore[arg-type]

    assert list(experiment.get_runs()) == []


def test_the_folder_is_snapshotted_without_what_it_ignores(experiment: Experiment) -> None:
    Path("train.py").write_text("print(1)")
    Path("data.csv").write_text("1")
    Path(".gitignore").write_text("*.csv\n")

    first, second = experiment.start_logging(outputs=False), experiment.start_logging(outputs=False)

    import zipfile

    assert zipfile.ZipFile(first.restore_snapshot()).namelist() == [".gitignore", "train.py"]
    assert first.get_snapshot_id() == second.get_snapshot_id()


def test_a_large_folder_is_passed_over_and_the_reason_kept(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aml_widgets.tracking.context.SNAPSHOT_MAX_FILES", 1)
    Path("a").write_text("a")
    Path("b").write_text("b")

    with pytest.warns(UserWarning, match="starts without a snapshot.*more than 1 files") as warned:
        runs = [experiment.start_logging() for _ in range(2)]

    assert len(warned) == 1
    assert runs[1].get_status() == "Running"
    assert "more than 1 files" in runs[1].properties["aml_widgets.snapshot_skipped"]
    with pytest.raises(SnapshotNotFound, match="more than 1 files"):
        runs[1].get_snapshot_id()


def test_no_snapshot_is_taken_where_none_is_wanted(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)

    assert not {"ContentSnapshotId", "aml_widgets.snapshot_skipped"} & set(run.properties)


def test_a_folder_that_is_not_there_is_told_before_there_is_a_run(experiment: Experiment) -> None:
    with pytest.raises(SnapshotError, match="does not exist"):
        experiment.start_logging(snapshot_directory="absent")

    assert list(experiment.get_runs()) == []


def test_a_workspace_inside_the_folder_is_left_out(tmp_path: Path) -> None:
    workspace = Workspace.open("runs")
    Path("train.py").write_text("print(1)")

    ids = {Experiment(workspace, "e").start_logging(outputs=False).get_snapshot_id() for _ in range(3)}

    assert len(ids) == 1
    workspace.store.close()


def git(*arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=trunk"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


def test_the_state_of_git_is_kept(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init")
    Path("train.py").write_text("print(1)")
    git("add", "train.py")
    git("commit", "-m", "first")
    git("remote", "add", "origin", "https://user:secret@example.org/a.git")

    clean = experiment.start_logging(outputs=False).properties
    Path("train.py").write_text("print(2)")
    monkeypatch.setenv("AZUREML_GIT_BRANCH", "other")
    monkeypatch.setenv("AZUREML_GIT_BUILD_ID", "7")
    dirty = experiment.start_logging(outputs=False).properties

    assert clean["azureml.git.repository_uri"] == "https://example.org/a.git"
    assert clean["azureml.git.branch"] == clean["mlflow.source.git.branch"] == "trunk"
    assert len(clean["azureml.git.commit"]) == 40
    assert (clean["azureml.git.dirty"], dirty["azureml.git.dirty"]) == ("False", "True")
    assert (dirty["azureml.git.branch"], dirty["azureml.git.build_id"]) == ("other", "7")


def test_without_git_nothing_is_known_of_it(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".git").mkdir()
    monkeypatch.setenv("PATH", "")

    run = experiment.start_logging()

    assert not [name for name in run.properties if "git" in name]


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", fail)

    assert provenance.describe_process(None, None)["aml_widgets.user"] == str(os.getuid())


def test_a_name_that_is_no_text_becomes_text(experiment: Experiment) -> None:
    with pytest.warns(UserWarning, match="kept as the text '5'"):
        run = experiment.start_logging(name=5, outputs=False, snapshot_directory=None)  # type: ignore[arg-type]  # the fault

    assert run.display_name == "5"
    with pytest.warns(UserWarning, match="kept as the text '5'"):
        assert run.child_run(5).display_name == "5"  # type: ignore[arg-type]  # the fault


def test_a_snapshot_directory_that_is_no_path_leaves_no_run(experiment: Experiment) -> None:
    with pytest.raises(UserError, match="snapshot_directory must be a path, got 5, an int"):
        experiment.start_logging(snapshot_directory=5)  # type: ignore[arg-type]  # the fault

    assert list(experiment.get_runs()) == []


@pytest.mark.parametrize("what", ["name", "display_name", "description"])
def test_half_a_surrogate_pair_is_refused_and_no_run_is_made(experiment: Experiment, what: str) -> None:
    with pytest.raises(InvalidName, match="surrogate"):
        experiment.start_logging(outputs=False, snapshot_directory=None, **{what: "\ud800"})  # type: ignore[arg-type]  # the fault

    assert list(experiment.get_runs()) == []
