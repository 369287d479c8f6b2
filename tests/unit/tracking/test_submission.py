"""How a script becomes a run, up to where its engine takes it over."""

from __future__ import annotations

import json
import shutil
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    AmlWidgetsError,
    ConfigError,
    InvalidName,
    RunEnvironmentError,
    RunExists,
    RunInterrupted,
    ScriptNotFound,
    SnapshotError,
    StoreUnavailable,
    TargetNotFound,
    UserError,
)
from aml_widgets.core.records import ArtifactRecord, RunError, RunQuery, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.engines import finding as engines
from aml_widgets.submit.snapshot import find_snapshot, list_files
from aml_widgets.submit.submission import RUN_TYPE, RunFolder, Submission
from aml_widgets.tracking import engines as tracking_engines
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.script_run import ScriptRun
from aml_widgets.tracking.submission import make_run_id
from aml_widgets.tracking.workspace import Workspace


class FakeEngine:
    """Keeps what it is given; `before_start` does what a test wants to happen then."""

    def __init__(self) -> None:
        self.started: list[Submission] = []
        self.before_start: Callable[[RunStore, Submission], None] = lambda store, submission: None

    def start(self, store: RunStore, submission: Submission) -> None:
        self.before_start(store, submission)
        self.started.append(submission)

    def cancel(self, store: RunStore, record: RunRecord) -> None:
        raise AssertionError(record)

    def look_after(self, store: RunStore, record: RunRecord) -> None:
        pass


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    find_engine = engines.find_engine
    for module in (engines, tracking_engines):
        monkeypatch.setattr(module, "find_engine", lambda target: fake if target == "local" else find_engine(target))
    return fake


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_text("print('hello')\n")
    (folder / "mylib.py").write_text("")
    return folder


@pytest.fixture
def config(source: Path) -> ScriptRunConfig:
    return ScriptRunConfig(source, script="train.py", arguments=["--alpha", 0.5], environment=this_python())


def this_python() -> Environment:
    environment = Environment("here")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return environment


def runs_of(experiment: Experiment) -> list[RunRecord]:
    return list(experiment.workspace.store.list_runs(RunQuery(experiment_id=experiment.id)).runs)


def test_a_run_appears_and_its_engine_gets_all_it_needs(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig
) -> None:
    run = experiment.submit(config, tags={"a": "b"})

    assert isinstance(run, ScriptRun)
    assert (run.status, run.type, run.tags, run.parent) == ("Preparing", RUN_TYPE, {"a": "b"}, None)
    (submission,) = engine.started
    assert submission == RunFolder.of(run.id).read()
    assert submission.script == "train.py"
    assert submission.arguments == ("--alpha", "0.5")
    assert submission.snapshot_id == run.get_snapshot_id()
    assert submission.store_location == experiment.workspace.location
    assert submission.environment_variables["AZUREML_RUN_ID"] == run.id
    assert submission.environment_variables["AML_WIDGETS_WORKSPACE"] == experiment.workspace.location
    assert submission.environment_variables["AZUREML_ARM_PROJECT_NAME"] == "ridge"
    definition = run.get_details()["runDefinition"]
    assert (definition["script"], definition["arguments"], definition["target"]) == (
        "train.py",
        ["--alpha", "0.5"],
        "local",
    )
    assert Run.get(experiment.workspace, run.id) == run


def test_the_sources_are_copied(experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig) -> None:
    run = experiment.submit(config)

    with zipfile.ZipFile(run.restore_snapshot()) as archive:
        assert sorted(archive.namelist()) == ["mylib.py", "train.py"]


def test_a_configuration_may_be_submitted_again(
    experiment: Experiment,
    engine: FakeEngine,
    config: ScriptRunConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    first, second = experiment.submit(config), experiment.submit(config, run_id="mine")

    assert first.id != second.id == "mine"
    assert first.get_snapshot_id() == second.get_snapshot_id()
    with pytest.raises(RunExists):
        experiment.submit(config, run_id="mine")
    assert RunFolder.of("mine").read().run_id == "mine"


def test_a_run_of_the_same_id_in_another_workspace_keeps_its_folder(
    experiment: Experiment,
    engine: FakeEngine,
    config: ScriptRunConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    experiment.submit(config, run_id="mine")
    location = RunFolder.of("mine").read().store_location
    other = Experiment(Workspace.open(tmp_path / "other"), "ridge")

    with pytest.raises(RunExists, match="Choose another run_id"):
        other.submit(config, run_id="mine")

    assert RunFolder.of("mine").read().store_location == location
    assert list(other.get_runs()) == []


def test_a_home_that_cannot_be_written_is_said_before_there_is_a_run(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".runs").write_text("no folder")
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))

    with pytest.raises(StoreUnavailable, match="cannot work in.*AML_WIDGETS_HOME"):
        experiment.submit(config)

    assert list(experiment.get_runs()) == []


def test_a_run_that_cannot_be_made_leaves_no_folder(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    run = experiment.start_logging(snapshot_directory=None)
    run.complete()

    with pytest.raises(RunExists):
        experiment.submit(config, run_id=run.id)

    assert list((tmp_path / "home" / ".runs").iterdir()) == []


def test_a_workspace_that_was_removed_is_not_made_anew(
    engine: FakeEngine, config: ScriptRunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "removed"
    experiment = Experiment(Workspace.open(folder), "ridge")
    shutil.rmtree(folder)

    with pytest.raises(StoreUnavailable, match="removed"):
        experiment.submit(config)

    assert not folder.exists()


def test_ids_are_v1s() -> None:
    run_id = make_run_id("ridge")

    name, seconds, digits = run_id.rsplit("_", 2)
    assert (name, seconds.isdecimal(), len(digits)) == ("ridge", True, 8)
    assert make_run_id("Zürich" + "x" * 300).startswith("Z-rich")
    assert len(make_run_id("x" * 255)) <= 250


def test_a_child_is_below_its_run(run: Run, engine: FakeEngine, config: ScriptRunConfig) -> None:
    child = run.submit_child(config, tags={"fold": "1"})

    assert child.parent == run
    assert [one.id for one in run.get_children()] == [child.id]
    assert engine.started[0].run_id == child.id


def test_what_is_wrong_is_told_before_there_is_a_run(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, source: Path
) -> None:
    no_python = this_python()
    no_python.python.interpreter_path = "/no/such/python"
    here = this_python()
    faults: list[tuple[type[AmlWidgetsError], str, Callable[[], object]]] = [
        (UserError, "must be a ScriptRunConfig, got 'train.py'", lambda: experiment.submit("train.py")),  # type: ignore[arg-type]  # the fault
        (InvalidName, "Run id", lambda: experiment.submit(config, run_id="../mine")),
        (UserError, "tags", lambda: experiment.submit(config, tags="a")),  # type: ignore[arg-type]  # the fault
        (ScriptNotFound, "absent.py", lambda: submit(source, "absent.py", here)),
        (AmlWidgetsError, "no_folder", lambda: submit(source / "no_folder", "train.py", here)),
        (RunEnvironmentError, "/no/such/python", lambda: submit(source, "train.py", no_python)),
        (
            TargetNotFound,
            "gpu",
            lambda: experiment.submit(ScriptRunConfig(source, "train.py", environment=here, compute_target="gpu")),
        ),
    ]

    def submit(folder: Path, script: str, environment: Environment) -> object:
        return experiment.submit(ScriptRunConfig(folder, script, environment=environment))

    for error, text, fault in faults:
        with pytest.raises(error, match=text):
            fault()
    assert runs_of(experiment) == []
    assert engine.started == []


def test_sources_that_are_too_large_are_told_with_what_is_largest(
    experiment: Experiment,
    engine: FakeEngine,
    config: ScriptRunConfig,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (source / "data").mkdir()
    for number in range(5):
        (source / "data" / f"{number}.bin").write_bytes(bytes(300_000))
    (source / "model.bin").write_bytes(bytes(400_000))

    monkeypatch.setenv("AML_WIDGETS_SNAPSHOT_MAX_MB", "1")
    with pytest.raises(SnapshotError, match=r"more than 1 MB; .*'data/' \(5 files, 1.4 MB\), 'model.bin' \(0.4 MB\)"):
        experiment.submit(config)
    monkeypatch.setenv("AML_WIDGETS_SNAPSHOT_MAX_MB", "300")
    monkeypatch.setenv("AML_WIDGETS_SNAPSHOT_MAX_FILES", "6")
    with pytest.raises(SnapshotError, match=r"more than 6 files; .*'data/' \(5 files.*AML_WIDGETS_SNAPSHOT_MAX_FILES"):
        experiment.submit(config)
    monkeypatch.setenv("AML_SNAPSHOT_NO_FILE_LIMIT", "True")
    assert experiment.submit(config).status == "Preparing"

    assert len(runs_of(experiment)) == 1


@pytest.mark.parametrize("how", ["ignored", "linked"])
def test_a_script_that_is_not_copied_is_told(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, source: Path, how: str
) -> None:
    if how == "ignored":
        (source / ".amlignore").write_text("train.py\n")
    else:
        (source / "train.py").rename(source.parent / "elsewhere.py")
        (source / "train.py").symlink_to(source.parent / "elsewhere.py")

    with pytest.raises(ScriptNotFound, match=r"'train.py' would be missing in the copy .*amlignore"):
        experiment.submit(config)
    assert runs_of(experiment) == []


def test_what_the_home_keeps_is_not_copied(
    experiment: Experiment,
    engine: FakeEngine,
    config: ScriptRunConfig,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(source))
    before = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    (source / ".env").write_text("the user's own")
    for name in (
        ".runs/one/submission.json",
        ".environments/a/python",
        ".targets.db",
        ".targets.db-wal",
        ".wheels/a.whl",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("TOKEN=secret")

    experiment.submit(config)

    snapshots = experiment.workspace.store.snapshots
    assert snapshots is not None
    archive = find_snapshot(snapshots, engine.started[0].snapshot_id)
    assert list_files(archive) == before | {".env"}


def test_links_that_are_not_copied_are_warned_of_once(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, source: Path
) -> None:
    (source / "data.csv").symlink_to(source / "train.py")
    (source / "more").symlink_to(source)

    with pytest.warns(UserWarning, match=r"2 links are not copied from .*: 'data.csv', 'more'\. .*amlignore"):
        experiment.submit(config)
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        experiment.submit(config)
    assert [str(warning.message) for warning in again if "link" in str(warning.message)] == []


@pytest.mark.parametrize("error", [StoreUnavailable("The queue is gone."), KeyboardInterrupt()])
def test_a_run_that_cannot_be_started_has_failed(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, error: BaseException
) -> None:
    def refuse(store: RunStore, submission: Submission) -> None:
        raise error

    engine.before_start = refuse

    with pytest.raises(type(error)):
        experiment.submit(
            config, run_id=f"unstarted-{type(experiment.workspace.store).__name__}-{type(error).__name__}"
        )

    (record,) = runs_of(experiment)
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert record.error.message.startswith("The run was never started:")
    assert not RunFolder.of(record.run_id).path.exists()


def test_the_folder_is_for_the_user_alone(experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig) -> None:
    run = experiment.submit(config)

    assert RunFolder.of(run.id).path.stat().st_mode & 0o077 == 0


def test_the_script_finds_its_run_whatever_variables_the_user_gives(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig
) -> None:
    config.run_config.environment_variables = {"AZUREML_RUN_ID": "another", "MODE": "fast"}

    run = experiment.submit(config)

    assert engine.started[0].environment_variables["AZUREML_RUN_ID"] == run.id
    assert engine.started[0].environment_variables["MODE"] == "fast"


def test_showing_the_output_waits_for_the_end(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(store: RunStore, submission: Submission) -> None:
        store.artifacts.append_path(submission.run_id, "azureml-logs/70_driver_log.txt").write_text("hello\n")
        artifact = ArtifactRecord(path="azureml-logs/70_driver_log.txt", size_bytes=6, written_at=0.0, is_log=True)
        store.record_artifact(submission.run_id, artifact)
        store.set_status(submission.run_id, RunStatus.FAILED, error=RunError(code="UserError", message="no data"))

    engine.before_start = fail

    run = experiment.submit(config, show_output=True)

    assert run.status == "Failed"
    shown = capsys.readouterr().out
    assert "\nStreaming azureml-logs/70_driver_log.txt\n========================================\n\nhello\n" in shown
    assert '"message": "no data"' in shown


def test_interrupting_what_is_shown_says_how_to_find_the_run(
    experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ScriptRun, "_wait", interrupt)

    with pytest.raises(RunInterrupted, match=r"goes on; workspace.get_run\('ridge_") as told:
        experiment.submit(config, show_output=True)

    assert runs_of(experiment)[0].run_id == told.value.value
    assert runs_of(experiment)[0].status == RunStatus.PREPARING


def test_the_environment_is_given_back(experiment: Experiment, engine: FakeEngine, config: ScriptRunConfig) -> None:
    run = experiment.submit(config)
    assert isinstance(run, ScriptRun)

    environment = run.get_environment()

    assert environment.name == "here"
    assert environment.python.interpreter_path == sys.executable
    assert json.dumps(run.get_details()["runDefinition"])


def test_a_configuration_that_cannot_be_run_is_told(experiment: Experiment, engine: FakeEngine, source: Path) -> None:
    with pytest.raises((ConfigError, UserError)):
        experiment.submit(ScriptRunConfig(source))
    assert runs_of(experiment) == []
