from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    InvalidName,
    PointsLost,
    RunFailed,
    RunIsTerminal,
    RunNotFound,
    StoreFull,
    StoreUnavailable,
    UserError,
)
from aml_widgets.core.records import RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking import run as run_module
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run, get_run
from aml_widgets.tracking.signals import status_changed
from aml_widgets.tracking.workspace import Workspace


def stored(run: Run) -> RunRecord:
    return run.experiment.workspace.store.get_run(run.id)


def break_logging(run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*arguments: object, **keywords: object) -> None:
        raise error

    for name in ("log_metric", "log_metrics", "log_columns"):
        monkeypatch.setattr(run._store, name, fail)
    run._log_metric = run._log_metrics = fail


def test_a_started_run_is_running_and_known_by_its_process(run: Run) -> None:
    record = stored(run)

    assert (record.status, record.number, record.run_type) == (RunStatus.RUNNING, 1, None)
    assert record.writer is not None
    assert record.started_at is not None


def test_a_run_completes_once(run: Run) -> None:
    run.complete()
    ended_at = stored(run).ended_at
    run.complete()

    assert run.status == run.get_status() == "Completed"
    assert stored(run).ended_at == ended_at


def test_a_run_that_another_object_completed_may_be_completed_again(run: Run, experiment: Experiment) -> None:
    Run(experiment, run.id).complete()

    run.complete()

    assert run.status == "Completed"


def test_what_a_run_tracks_is_uploaded_also_where_another_program_has_ended_it(
    experiment: Experiment, tmp_path: Path
) -> None:
    for end in ("complete", "fail"):
        folder = tmp_path / end
        run = experiment.start_logging(outputs=str(folder), snapshot_directory=None)
        (folder / "model.txt").write_text("weights")
        getattr(Run(experiment, run.id), end)()

        getattr(run, end)()
        (folder / "late.txt").write_text("later")
        getattr(run, end)()

        assert [name for name in run.get_file_names() if name.endswith(".txt")] == ["outputs/model.txt"]


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
@pytest.mark.parametrize("has_failed", [False, True])
def test_a_block_uploads_however_another_program_has_ended_its_run(
    experiment: Experiment, tmp_path: Path, end: str, has_failed: bool
) -> None:
    run = experiment.start_logging(outputs=str(tmp_path / "kept"), snapshot_directory=None)

    def train() -> None:
        with run:
            (tmp_path / "kept" / "model.txt").write_text("weights")
            getattr(Run(experiment, run.id), end)()
            if has_failed:
                raise OSError("afterwards")

    if has_failed:
        with pytest.raises(OSError, match="afterwards"):
            train()
    else:
        train()

    assert "outputs/model.txt" in run.get_file_names()
    assert run.get_status() == {"complete": "Completed", "fail": "Failed", "cancel": "Canceled"}[end]


def test_what_cannot_end_as_asked_is_uploaded_first(experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.start_logging(outputs=str(tmp_path / "kept"), snapshot_directory=None)
    (tmp_path / "kept" / "model.txt").write_text("weights")
    Run(experiment, run.id).fail()

    with pytest.raises(RunIsTerminal):
        run.complete()

    assert "outputs/model.txt" in run.get_file_names()


def test_a_block_uploads_also_where_another_program_has_ended_its_run(experiment: Experiment, tmp_path: Path) -> None:
    run = experiment.start_logging(outputs=str(tmp_path / "kept"), snapshot_directory=None)

    with run:
        (tmp_path / "kept" / "model.txt").write_text("weights")
        Run(experiment, run.id).complete()

    assert "outputs/model.txt" in run.get_file_names()


@pytest.mark.parametrize("end", ["fail", "cancel"])
def test_a_run_that_ended_otherwise_cannot_complete(run: Run, end: str) -> None:
    getattr(run, end)()
    getattr(run, end)()  # once more is no matter

    with pytest.raises(RunIsTerminal, match="cannot become Completed"):
        run.complete()


def test_a_failed_run_keeps_text(run: Run) -> None:
    run.fail("no data", error_code="DataError")

    error = run.get_details()["error"]["error"]
    assert (error["code"], error["message"]) == ("DataError", "no data")
    assert run.get_detailed_status() == {"status": "Failed", "details": "no data"}


def test_a_failed_run_keeps_an_exception(run: Run) -> None:
    try:
        _ = dict[str, int]()["column"]
    except KeyError as error:
        run.fail(error)

    error_document = run.get_details()["error"]["error"]
    assert error_document["code"] == "UserError"
    assert error_document["message"] == "User program failed with KeyError: 'column'"
    assert error_document["debugInfo"]["type"] == "KeyError"
    assert "Traceback" in error_document["debugInfo"]["stackTrace"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError(" ")])
def test_an_exception_without_a_text_leaves_no_colon_behind(run: Run, error: BaseException) -> None:
    run.fail(error)

    name = type(error).__name__
    assert run.get_detailed_status()["details"] == f"User program failed with {name}"
    with pytest.raises(RunFailed, match=rf"failed: User program failed with {name}\. See run"):
        run.wait_for_completion()


def test_failing_for_nothing_is_told_as_such(run: Run) -> None:
    run.fail("")

    with pytest.raises(RunFailed, match=r"failed: no reason is known\. See run"):
        run.wait_for_completion()


def test_failing_for_a_number_is_refused_and_the_run_goes_on(run: Run) -> None:
    with pytest.raises(UserError, match="text or an exception"):
        run.fail(3)

    assert run.get_status() == "Running"


def test_a_block_completes_its_run(run: Run) -> None:
    with run as entered:
        entered.log("m", 1)

    assert entered is run
    assert run.status == "Completed"


def test_a_block_that_raises_fails_its_run_and_the_exception_goes_on(run: Run) -> None:
    with pytest.raises(ZeroDivisionError), run:
        _ = 1 / 0

    record = stored(run)
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert "ZeroDivisionError" in str(record.error.traceback)
    assert "ZeroDivisionError" in run.get_details_with_logs()["logFiles"]["logs/user_log.txt"]


def test_an_interrupted_block_fails_its_run(run: Run) -> None:
    with pytest.raises(KeyboardInterrupt), run:
        raise KeyboardInterrupt

    assert run.status == "Failed"


@pytest.mark.parametrize("code", [None, 0])
def test_a_block_that_exits_cleanly_completes_its_run(run: Run, code: int | None) -> None:
    with pytest.raises(SystemExit), run:
        sys.exit(code)

    assert run.status == "Completed"


@pytest.mark.parametrize("code", [1, "no data"])
def test_a_block_that_exits_with_an_error_fails_its_run(run: Run, code: object) -> None:
    with pytest.raises(SystemExit), run:
        sys.exit(code)  # type: ignore[arg-type]

    assert run.status == "Failed"


@pytest.mark.parametrize(("end", "status"), [("complete", "Completed"), ("fail", "Failed"), ("cancel", "Canceled")])
def test_a_run_that_ends_inside_its_block_stays_so(run: Run, end: str, status: str) -> None:
    with run:
        getattr(run, end)()

    assert run.get_status() == status


def test_a_run_that_completed_inside_its_block_stays_so_when_the_block_raises(run: Run) -> None:
    with pytest.raises(ZeroDivisionError), run:
        run.complete()
        _ = 1 / 0

    assert run.get_status() == "Completed"


def test_a_run_that_has_ended_cannot_be_entered(run: Run) -> None:
    run.complete()

    with pytest.raises(RunIsTerminal), run:
        pass


def test_a_block_leaves_the_current_folder_as_it_was(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Path.cwd()

    with run:
        monkeypatch.chdir(tmp_path)

    assert Path.cwd() == before


def test_the_reason_of_a_failure_is_kept_where_another_program_has_said_failed(run: Run) -> None:
    with pytest.raises(ValueError, match="no data"), run:
        run.experiment.workspace.store.set_status(run.id, RunStatus.FAILED)
        raise ValueError("no data")

    error = stored(run).error
    assert error is not None
    assert (error.error_type, error.message) == ("ValueError", "User program failed with ValueError: no data")

    with pytest.raises(RunFailed, match="no data"):
        run.wait_for_completion()


def test_the_reason_of_a_failure_is_kept_where_it_failed_without_one(run: Run) -> None:
    with pytest.raises(ValueError, match="no data"), run:
        run.fail()
        raise ValueError("no data")

    run.fail("another")

    error = stored(run).error
    assert error is not None
    assert error.message == "User program failed with ValueError: no data"


def test_children_and_parents_have_statuses_of_their_own(run: Run) -> None:
    with run.child_run("a") as child:
        pass

    run.fail()

    assert (child.get_status(), run.get_status()) == ("Completed", "Failed")


def test_who_is_connected_is_told_of_every_status(experiment: Experiment, caplog: pytest.LogCaptureFixture) -> None:
    told: list[tuple[str, str]] = []

    def note(run_id: str, store: RunStore) -> None:
        told.append((run_id, store.get_run(run_id).status.value))

    def fail(run_id: str, store: RunStore) -> None:
        raise RuntimeError("a bad listener")

    status_changed.connect(fail)
    status_changed.connect(note)
    status_changed.connect(note)
    try:
        run = experiment.start_logging(snapshot_directory=None)
        child = run.child_run()
        run.complete()
    finally:
        status_changed.disconnect(note)
        status_changed.disconnect(fail)
    child.complete()

    assert told == [(run.id, "Running"), (child.id, "Running"), (run.id, "Completed")]
    assert "a bad listener" in caplog.text


# -- law 2: a failing store does not break a training


def test_a_failing_store_warns_once_and_counts_what_is_lost(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    break_logging(run, monkeypatch, StoreFull("The disk is full."))

    with pytest.warns(UserWarning, match="could not store what was logged: The disk is full") as warned:
        run.log("m", 1.5)
        run.log("m", "text", step=3)
        run.log_metrics({"a": 1, "b": 2})
        run.log_list("l", [1, 2, 3])
        run.log_row("r", x=1, y=2)

    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert run.lost_points == 8
    with pytest.raises(PointsLost, match="8 point"):
        run.flush()
    with pytest.raises(PointsLost, match="The disk is full"):
        run.complete()
    assert stored(run).status == RunStatus.COMPLETED


def test_a_failing_store_does_not_break_a_training_whose_warnings_are_errors(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_logging(run, monkeypatch, StoreUnavailable("The disk is away."))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.log("m", 1.5)

    assert run.lost_points == 1


def test_a_run_that_the_store_lost_does_not_break_a_training(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    break_logging(run, monkeypatch, RunNotFound("There is no such run."))

    with pytest.warns(UserWarning, match="There is no such run"):
        run.log("m", 1.5)

    assert run.lost_points == 1


def test_a_block_with_lost_points_completes_and_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(UserWarning, match="could not store"), pytest.raises(PointsLost), run:
        break_logging(run, monkeypatch, StoreFull("The disk is full."))
        run.log("m", 1.5)

    assert run.get_status() == "Completed"


def test_an_exception_is_not_hidden_by_a_store_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **keywords: object) -> None:
        raise StoreFull("The disk is full.")

    with pytest.warns(UserWarning, match="could not be stored"), pytest.raises(ZeroDivisionError), run:
        monkeypatch.setattr(run._store, "set_status", fail)
        _ = 1 / 0


def test_a_status_that_cannot_be_stored_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **keywords: object) -> None:
        raise StoreFull("The disk is full.")

    monkeypatch.setattr(run._store, "set_status", fail)

    with pytest.raises(StoreFull):
        run.complete()


# -- identity


def test_two_objects_of_one_run_are_equal(run: Run, experiment: Experiment, workspace: Workspace) -> None:
    same = Run(experiment, run.id)
    other = experiment.start_logging(snapshot_directory=None)

    assert run == same == Run.get(workspace, run.id) == workspace.get_run(run.id) == get_run(experiment, run.id)
    assert len({run, same, other}) == 2
    assert run != other
    assert run != run.id


def test_a_run_shows_itself_as_in_v1(run: Run) -> None:
    assert str(run) == repr(run) == f"Run(Experiment: ridge,\nId: {run.id},\nType: None,\nStatus: Running)"


def test_the_html_of_a_run_escapes_everything(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "type", '<script>"')

    shown = run._repr_html_()

    assert "<script>" not in shown
    assert "&lt;script&gt;&quot;" in shown
    assert "ridge" in shown
    assert 'rel="noopener"' in shown


def test_a_run_of_another_experiment_is_not_opened(run: Run, workspace: Workspace) -> None:
    with pytest.raises(RunNotFound, match="belongs to the experiment 'ridge'"):
        Run(Experiment(workspace, "other"), run.id)
    with pytest.raises(RunNotFound):
        Run(run.experiment, "absent")


@pytest.mark.parametrize("find", [Run, get_run, lambda place, run_id: Run.list(place, run_id)])
def test_what_is_no_experiment_is_named(find: Callable[[object, str], object], workspace: Workspace) -> None:
    for place in ("ridge", None, workspace):
        with pytest.raises(UserError, match=r"A run is in an experiment, got .*Give Experiment\("):
            find(place, "id")
    with pytest.raises(UserError, match="A run is in a workspace, got 'ridge', a str"):
        Run.get("ridge", "id")  # type: ignore[arg-type]  # the fault


@pytest.mark.parametrize("run_id", ["\ud800", "", 5, None])
def test_what_can_be_no_id_of_a_run_is_refused(experiment: Experiment, workspace: Workspace, run_id: object) -> None:
    with pytest.raises(InvalidName, match="Run id"):
        workspace.get_run(run_id)  # type: ignore[arg-type]  # the fault
    with pytest.raises(InvalidName, match="Run id"):
        Run(experiment, run_id)  # type: ignore[arg-type]  # the fault


def test_a_run_that_is_not_there_is_told_with_its_workspace(experiment: Experiment, workspace: Workspace) -> None:
    where = re.escape(
        f"There is no run 'nope' in the workspace {workspace.name!r}, which is in {workspace.location!r}."
    )

    with pytest.raises(RunNotFound, match=where):
        workspace.get_run("nope")
    with pytest.raises(RunNotFound, match=where):
        Run(experiment, "nope")


def test_the_type_of_a_run_gives_its_class(
    run: Run, experiment: Experiment, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    class SpecialRun(Run):
        pass

    monkeypatch.setattr(run_module, "_type_providers", {})
    Run.add_type_provider("special", SpecialRun.from_record)
    real = workspace.store.get_run
    monkeypatch.setattr(workspace.store, "get_run", lambda run_id: replace(real(run_id), run_type="special"))

    assert type(workspace.get_run(run.id)) is SpecialRun
    assert type(Run.get(workspace, run.id)) is SpecialRun
    assert type(get_run(experiment, run.id)) is SpecialRun
    assert type(get_run(experiment, run.id, rehydrate=False)) is Run
    with pytest.raises(ValueError, match="'special'"):
        Run.add_type_provider("special", SpecialRun.from_record)


def test_names_and_descriptions_can_be_set(run: Run) -> None:
    run.display_name = "best <b>"
    run.description = "a note"

    assert (stored(run).display_name, stored(run).description) == ("best <b>", "a note")
    assert run.name == "best <b>"
    with pytest.warns(UserWarning, match="'display_name' was given as 3, an int, and is kept as the text '3'"):
        run.display_name = 3  # type: ignore[assignment]  # the fault
    assert stored(run).display_name == "3"
    with pytest.raises(UserError, match="description must be text, got None"):
        run.description = None  # type: ignore[assignment]  # the fault
    assert stored(run).description == "a note"


def test_a_name_says_where_a_run_is(run: Run) -> None:
    child = run.child_run("child")

    assert run.name == f"run_{run.id}"
    assert child.name == f"run_{run.id}>child"
    assert child.display_name == "child"


# -- tags and properties


def test_tags_are_set_changed_and_removed(run: Run) -> None:
    run.tag("a")
    run.tag("b", "1")
    run.set_tags({"b": "2", "c": "3"})
    run.remove_tags(["c", "absent"])

    assert run.tags == run.get_tags() == {"a": None, "b": "2"}


def test_a_number_as_a_tag_becomes_text_with_a_warning(run: Run) -> None:
    with pytest.warns(UserWarning, match="kept as the text '1'"):
        run.tag("a", 1)

    assert run.get_tags() == {"a": "1"}


def test_tags_are_cached_until_asked_for(run: Run, experiment: Experiment) -> None:
    Run(experiment, run.id).tag("a", "1")

    assert run.tags == {}
    assert run.get_tags() == run.tags == {"a": "1"}


def test_text_as_tags_is_refused(run: Run) -> None:
    with pytest.raises(UserError, match="must be a dict"):
        run.set_tags("a")  # type: ignore[arg-type]


def test_a_run_that_has_ended_can_be_tagged(run: Run) -> None:
    run.complete()

    run.tag("a", "1")

    assert run.get_tags() == {"a": "1"}


def test_properties_are_written_once(run: Run) -> None:
    run.add_properties({})
    run.add_properties({"a": "1"})
    run.add_properties({"a": "1"})

    with pytest.raises(Exception, match="'a'"):
        run.add_properties({"a": "2"})

    assert run.get_properties()["a"] == run.properties["a"] == "1"


def test_a_block_whose_folder_was_deleted_still_ends_its_run(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.chdir(folder)

    with run:
        os.chdir(tmp_path)
        folder.rmdir()

    assert run.get_status() == "Completed"


class WithoutText(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_exception_that_has_no_text_is_not_hidden(run: Run) -> None:
    with pytest.raises(WithoutText), run:
        raise WithoutText

    assert stored(run).status is RunStatus.FAILED
    assert run.get_details()["error"]["error"]["debugInfo"]["type"] == "WithoutText"


def test_a_full_disk_that_keeps_a_run_from_ending_is_told_beside_the_lost_points(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*arguments: object, **keywords: object) -> RunRecord:
        raise StoreFull("No room left for the status.")

    with monkeypatch.context() as broken, pytest.warns(UserWarning, match="could not store"):
        break_logging(run, broken, StoreFull("No room left."))
        run.log("loss", 0.5)
        broken.setattr(run._store, "set_status", is_full)
        with pytest.raises(PointsLost, match=r"1 point.*could not be ended either: No room left for the status"):
            run.complete()
    assert run.get_status() == "Running"

    with pytest.raises(PointsLost, match="1 point"):
        run.complete()
    assert run.get_status() == "Completed"


@pytest.mark.parametrize("copy_run", [copy.copy, copy.deepcopy, lambda run: pickle.loads(pickle.dumps(run))])
def test_a_copy_of_a_run_is_the_same_run(tmp_path: Path, copy_run: Callable[[Run], Run]) -> None:
    run = Experiment(Workspace.open(tmp_path / "a b #?%20"), "ridge").start_logging(snapshot_directory=None)
    run.log("loss", 0.5)

    other = copy_run(run)
    other.log("loss", 0.25)

    assert other == run
    assert other.experiment == run.experiment
    assert run.get_metrics() == {"loss": [0.5, 0.25]}


def test_a_run_is_handed_to_a_spawned_process(tmp_path: Path) -> None:
    run = Experiment(Workspace.open(tmp_path / "workspace"), "ridge").start_logging(snapshot_directory=None)

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(run.log, [("loss", float(i)) for i in range(20)])

    assert sorted(run.get_metrics()["loss"]) == [float(i) for i in range(20)]
