"""Runs whose submitter ended before it had handed them over."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.submit.engines import unstarted
from aml_widgets.submit.engines.local_engine import LocalEngine
from aml_widgets.submit.engines.protocol import Engine
from aml_widgets.submit.engines.queued_engine import QueuedEngine
from aml_widgets.submit.engines.ray_engine import RayEngine
from aml_widgets.submit.engines.targets import set_target
from aml_widgets.submit.submission import (
    RUN_HOME,
    RUN_TYPE,
    RunFolder,
    Submission,
    describe_home,
    is_from_here,
    list_submissions,
)


@pytest.fixture(autouse=True)
def _home(isolated_home: Path) -> None:
    """Keep the runs' folders in a folder of the test."""


def make_run(store: MemoryRunStore, status: RunStatus, home: str, target: str) -> RunRecord:
    experiment_id = store.open_experiment("abandoned").experiment_id
    new_run = NewRun(
        experiment_id=experiment_id,
        run_type=RUN_TYPE,
        status=status,
        target=target,
        properties={RUN_HOME: home},
    )
    record = store.create_run(new_run)
    RunFolder.of(record.run_id).path.mkdir(parents=True)
    return record


@pytest.mark.parametrize(
    ("engine", "target"), [(LocalEngine(), "local"), (QueuedEngine(), "four"), (RayEngine(), "cluster")]
)
def test_a_run_that_was_never_handed_over_is_ended_after_a_while(
    engine: Engine, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryRunStore()
    record = make_run(store, RunStatus.PREPARING, describe_home(), target)

    engine.look_after(store, record)
    assert store.get_run(record.run_id).status is RunStatus.PREPARING  # somebody may be about to

    monkeypatch.setattr(unstarted, "ABANDONED_SECONDS", -1.0)
    engine.look_after(store, record)
    ended = store.get_run(record.run_id)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == unstarted.NEVER_SUBMITTED
    assert not RunFolder.of(record.run_id).path.exists()


@pytest.mark.parametrize("status", [RunStatus.PREPARING, RunStatus.QUEUED])
@pytest.mark.parametrize(
    ("engine", "target"), [(LocalEngine(), "local"), (QueuedEngine(), "four"), (RayEngine(), "cluster")]
)
def test_a_run_of_another_home_is_left_to_those_there(
    engine: Engine, target: str, status: RunStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_target("four", max_concurrent_runs=4)  # a target of the same name is there, too
    monkeypatch.setattr(unstarted, "ABANDONED_SECONDS", -1.0)
    store = MemoryRunStore()
    record = make_run(store, status, "another-host:/home/ada", target)
    assert not is_from_here(record)

    engine.look_after(store, record)

    assert store.get_run(record.run_id).status is status


@pytest.mark.parametrize("engine", [LocalEngine(), RayEngine()])
def test_a_run_whose_supervisor_and_folder_are_gone_is_ended(engine: Engine) -> None:
    store = MemoryRunStore()
    record = make_run(store, RunStatus.RUNNING, describe_home(), "local")
    RunFolder.of(record.run_id).path.rmdir()
    store.update_run(record.run_id, writer=replace(this_process(), pid=2**22 + 7, process_started_at=1.0))
    record = store.get_run(record.run_id)
    assert record.status is RunStatus.NOT_RESPONDING

    engine.look_after(store, record)

    ended = store.get_run(record.run_id)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == unstarted.FOLDER_IS_GONE


@pytest.mark.parametrize("engine", [LocalEngine(), RayEngine()])
def test_a_run_that_nobody_can_take_over_is_cancelled_at_once(engine: Engine) -> None:
    store = MemoryRunStore()
    record = make_run(store, RunStatus.PREPARING, describe_home(), "cluster")

    engine.cancel(store, store.set_status(record.run_id, RunStatus.CANCEL_REQUESTED))

    assert store.get_run(record.run_id).status is RunStatus.CANCELED


@pytest.mark.parametrize("engine", [LocalEngine(), RayEngine()])
def test_cancelling_a_run_in_a_copy_of_its_workspace_leaves_the_run_itself_alone(
    engine: Engine, tmp_path: Path
) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with closing(SqliteRunStore.open(original)) as store:
        experiment_id = store.open_experiment("ridge").experiment_id
        run_id = store.create_run(
            NewRun(experiment_id=experiment_id, run_type=RUN_TYPE, status=RunStatus.RUNNING)
        ).run_id
    shutil.copytree(original, copy)
    folder = RunFolder.of(run_id)
    folder.write(Submission(run_id=run_id, store_location=str(original), snapshot_id="0"))

    with closing(SqliteRunStore.open(copy)) as store:
        engine.cancel(store, store.set_status(run_id, RunStatus.CANCEL_REQUESTED))

        assert store.get_run(run_id).status is RunStatus.CANCELED
    assert not folder.cancel_file.exists()
    with closing(SqliteRunStore.open(original)) as store:
        assert store.get_run(run_id).status is RunStatus.RUNNING


@pytest.mark.parametrize("content", ["{}", "[]", "null", "no JSON"])
def test_what_is_no_submission_is_passed_over(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path))
    RunFolder.of("mine").write(Submission(run_id="mine", store_location="/tmp/runs", snapshot_id="0"))
    RunFolder.of("other").write(Submission(run_id="other", store_location="/tmp/runs", snapshot_id="0"))
    RunFolder.of("other").submission_file.write_text(content)

    assert [one.run_id for one in list_submissions()] == ["mine"]
