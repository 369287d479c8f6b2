"""Runs whose submitter ended before it had handed them over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.submit.engines import unstarted
from aml_widgets.submit.engines.local_engine import LocalEngine
from aml_widgets.submit.engines.protocol import Engine
from aml_widgets.submit.engines.queued_engine import QueuedEngine
from aml_widgets.submit.engines.targets import set_target
from aml_widgets.submit.submission import RUN_HOME, RUN_TYPE, RunFolder, describe_home, is_from_here


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


@pytest.mark.parametrize(("engine", "target"), [(LocalEngine(), "local"), (QueuedEngine(), "four")])
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
@pytest.mark.parametrize(("engine", "target"), [(LocalEngine(), "local"), (QueuedEngine(), "four")])
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


def test_a_run_whose_supervisor_and_folder_are_gone_is_ended() -> None:
    store = MemoryRunStore()
    record = make_run(store, RunStatus.RUNNING, describe_home(), "local")
    RunFolder.of(record.run_id).path.rmdir()
    store.update_run(record.run_id, writer=replace(this_process(), pid=2**22 + 7, process_started_at=1.0))
    record = store.get_run(record.run_id)
    assert record.status is RunStatus.NOT_RESPONDING

    LocalEngine().look_after(store, record)

    ended = store.get_run(record.run_id)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == unstarted.FOLDER_IS_GONE
