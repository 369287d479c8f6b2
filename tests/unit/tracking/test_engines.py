"""What a submitted run asks of its engine: to be cancelled, and to be looked after."""

from __future__ import annotations

import logging
import threading

import pytest

from aml_widgets.core.errors import RunIsTerminal, StoreUnavailable, TargetNotFound
from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.engines.protocol import Engine
from aml_widgets.submit.submission import RUN_TYPE, Submission
from aml_widgets.tracking import engines
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.script_run import ScriptRun


class FakeEngine:
    """Notes what it is asked, and fails where a test wants it to."""

    def __init__(self) -> None:
        self.cancelled: list[RunStatus] = []
        self.looked_after: list[RunStatus] = []
        self.trouble: Exception | None = None

    def start(self, store: RunStore, submission: Submission) -> None:
        raise AssertionError(submission)

    def cancel(self, store: RunStore, record: RunRecord) -> None:
        self.cancelled.append(record.status)
        if self.trouble is not None:
            raise self.trouble

    def look_after(self, store: RunStore, record: RunRecord) -> None:
        self.looked_after.append(record.status)
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()

    def find_engine(target: str) -> Engine:
        if target != "local":
            raise TargetNotFound("There is no such target.", value=target)
        return fake

    monkeypatch.setattr(engines, "find_engine", find_engine)
    return fake


@pytest.fixture
def run(experiment: Experiment) -> Run:
    return make_run(experiment)


def make_run(experiment: Experiment, target: str = "local") -> Run:
    new_run = NewRun(experiment_id=experiment.id, run_type=RUN_TYPE, status=RunStatus.RUNNING, target=target)
    return Run.get(experiment.workspace, experiment.workspace.store.create_run(new_run).run_id)


def test_cancelling_is_asked_for(run: Run, engine: FakeEngine) -> None:
    run.cancel()

    assert isinstance(run, ScriptRun)
    assert run.get_status() == "CancelRequested"
    assert engine.cancelled == [RunStatus.CANCEL_REQUESTED]


def test_it_may_be_asked_for_again(run: Run, engine: FakeEngine, experiment: Experiment) -> None:
    run.cancel()
    Run(experiment, run.id).cancel()
    experiment.workspace.store.set_status(run.id, RunStatus.CANCELED)
    run.cancel()

    assert run.status == "Canceled"
    assert len(engine.cancelled) == 2


def test_what_has_ended_cannot_be_cancelled(run: Run, engine: FakeEngine, experiment: Experiment) -> None:
    experiment.workspace.store.set_status(run.id, RunStatus.COMPLETED)

    with pytest.raises(RunIsTerminal, match="ended as Completed"):
        run.cancel()
    assert engine.cancelled == []


def test_a_target_that_is_gone_does_not_keep_a_run_from_being_cancelled(
    engine: FakeEngine, experiment: Experiment
) -> None:
    run = make_run(experiment, target="gone")

    run.cancel()

    assert run.get_status() == "CancelRequested"


def test_a_run_is_looked_after_at_a_slow_pace(run: Run, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)

    run.get_status()
    run.get_details()
    assert len(engine.looked_after) == 1
    now += engines.LOOK_AFTER_SECONDS
    run.get_status()
    assert len(engine.looked_after) == 2


def test_a_run_without_its_process_is_looked_after_soon(
    run: Run, engine: FakeEngine, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    run.get_status()
    experiment.workspace.store.set_status(run.id, RunStatus.NOT_RESPONDING)
    run.get_status()

    now += engines.LOOK_AFTER_LOST_SECONDS
    run.get_status()

    assert engine.looked_after == [RunStatus.RUNNING, RunStatus.NOT_RESPONDING]


def test_what_goes_wrong_there_is_logged(run: Run, engine: FakeEngine, caplog: pytest.LogCaptureFixture) -> None:
    engine.trouble = StoreUnavailable("The queue is gone.")

    with caplog.at_level(logging.WARNING, "aml_widgets"):
        assert run.get_status() == "Running"

    assert f"Run {run.id} could not be looked after: The queue is gone." in caplog.messages


def test_what_stays_wrong_is_logged_once(
    run: Run, engine: FakeEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with caplog.at_level(logging.WARNING, "aml_widgets"):
        for trouble in ("The disk is full.", "The disk is full.", "The queue is gone.", None, "The queue is gone."):
            engine.trouble = None if trouble is None else StoreUnavailable(trouble)
            run.get_status()
            now += engines.LOOK_AFTER_SECONDS

    said = [message.partition("after: ")[2] for message in caplog.messages]
    assert said == ["The disk is full.", "The queue is gone.", "The queue is gone."]


def test_what_a_dead_supervisor_left_is_saved_also_when_the_run_has_ended(
    run: Run, engine: FakeEngine, experiment: Experiment
) -> None:
    experiment.workspace.store.set_status(run.id, RunStatus.FAILED)

    Run.get(experiment.workspace, run.id).get_details()

    assert engine.looked_after == [RunStatus.FAILED]


def test_waiting_looks_after_the_run_and_waits_to_its_end(run: Run, engine: FakeEngine, experiment: Experiment) -> None:
    store = experiment.workspace.store
    store.set_status(run.id, RunStatus.FINALIZING)
    thread = threading.Timer(0.05, store.set_status, (run.id, RunStatus.COMPLETED))
    thread.start()

    details = run.wait_for_completion()
    thread.join()

    assert details["status"] == "Completed"
    assert engine.looked_after != []
