"""Waiting for a target, being cancelled there, and what is mended by looking after a run."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import RunExists, StoreError, TargetNotFound
from aml_widgets.core.records import WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store import liveness
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import open_store
from aml_widgets.submit.engines import queue, targets
from aml_widgets.submit.engines.queued_engine import QueuedEngine, list_runs_of
from aml_widgets.submit.submission import RunFolder, Submission

from .small_runs import TARGET, LocalStandIn, read_story, start, status, submit, wait_until


@pytest.fixture
def idle(folder: Path) -> QueuedEngine:
    """An engine whose dispatcher is this process, and does nothing."""
    return QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())


def cancel(engine: QueuedEngine, store: RunStore, run_id: str) -> None:
    engine.cancel(store, store.set_status(run_id, RunStatus.CANCEL_REQUESTED))


def test_a_run_that_waits_is_cancelled_at_once_and_leaves_nothing(
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    start(idle, store, location, "a")
    assert status(store, "a") == RunStatus.QUEUED

    cancel(idle, store, "a")

    assert status(store, "a") == RunStatus.CANCELED
    assert queue.list_entries(TARGET) == []
    assert not RunFolder.of("a").path.exists()


def test_what_waits_behind_a_cancelled_run_keeps_its_order(
    folder: Path,
    engine: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    for name in ("a", "b", "c", "d"):
        start(engine, store, location, name)
    wait_until(lambda: read_story(folder, "begin") == ["a"], "the first one works")

    cancel(engine, store, "b")
    (folder / "go").touch()
    wait_until(lambda: not queue.list_entries(TARGET), "all end")

    assert read_story(folder, "launch") == ["a", "c", "d"]
    assert [status(store, name) for name in ("a", "b", "c", "d")] == [
        RunStatus.COMPLETED,
        RunStatus.CANCELED,
        RunStatus.COMPLETED,
        RunStatus.COMPLETED,
    ]


def test_a_run_that_works_is_cancelled_by_the_local_engine(
    folder: Path,
    engine: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    start(engine, store, location, "a")
    wait_until(lambda: read_story(folder, "begin") == ["a"], "it works")

    cancel(engine, store, "a")

    wait_until(lambda: status(store, "a") == RunStatus.CANCELED, "it ends")
    wait_until(lambda: not queue.list_entries(TARGET), "its place is free")


@pytest.mark.parametrize("seed", range(3))
def test_a_run_cancelled_while_it_is_being_started_has_one_end(
    folder: Path,
    engine: QueuedEngine,
    store: RunStore,
    location: Path,
    seed: int,
) -> None:
    """No run completes by itself here: each must end as cancelled, whether it was started or not."""
    moments = random.Random(seed)
    targets.set_target(TARGET, 3)
    names = [f"run_{number:02}" for number in range(12)]
    for name in names:
        start(engine, store, location, name)

        time.sleep(moments.choice([0.0, 0.01, 0.05, 0.1, 0.3]))
        both = [threading.Thread(target=cancel_once, args=(engine, store, name)) for _ in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    wait_until(lambda: not queue.list_entries(TARGET), "the queue is empty")

    assert {name: status(store, name) for name in names} == dict.fromkeys(names, RunStatus.CANCELED)
    launched = read_story(folder, "launch")
    assert len(launched) == len(set(launched))  # none was started twice
    assert set(read_story(folder, "begin")) <= set(launched)


def cancel_once(engine: QueuedEngine, store: RunStore, run_id: str) -> None:
    if not status(store, run_id).is_terminal:
        try:
            record = store.set_status(run_id, RunStatus.CANCEL_REQUESTED)
        except Exception:  # noqa: BLE001 - the other one was faster
            assert status(store, run_id) == RunStatus.CANCELED
            return
        engine.cancel(store, record)


def test_a_run_claimed_in_the_moment_of_its_cancellation_is_not_started(
    folder: Path,
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    from aml_widgets.submit.engines.dispatcher import Dispatcher

    from .small_runs import SmallLauncher

    targets.set_target(TARGET, 1)
    start(idle, store, location, "a")
    keeper = queue.Keeper(TARGET)
    assert keeper.take_over()
    assert keeper.claim_next() is not None  # and there this dispatcher was killed

    cancel(idle, store, "a")
    assert status(store, "a") == RunStatus.CANCEL_REQUESTED
    Dispatcher(TARGET, launcher=SmallLauncher(folder), poll_seconds=0.01).run()

    assert status(store, "a") == RunStatus.CANCELED
    assert read_story(folder, "launch") == []
    assert queue.list_entries(TARGET) == []


def test_a_run_cancelled_before_it_is_in_the_queue_never_gets_there(
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    submission = submit(store, location, "a", TARGET)

    cancel(idle, store, "a")
    idle.start(store, submit_again(store, submission))

    assert status(store, "a") == RunStatus.CANCELED
    assert queue.list_entries(TARGET) == []


def submit_again(store: RunStore, submission: Submission) -> Submission:
    RunFolder.of("a").write(submission)
    return submission


def test_a_run_whose_submitter_was_killed_before_it_stood_in_the_queue_is_put_there(
    folder: Path,
    engine: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    submit(store, location, "a", TARGET)
    store.set_status("a", RunStatus.QUEUED)
    (folder / "go").touch()

    engine.look_after(store, store.get_run("a"))

    wait_until(lambda: status(store, "a") == RunStatus.COMPLETED, "it completes")


def test_a_run_whose_submitter_was_killed_before_it_handed_it_over_fails_after_a_while(
    idle: QueuedEngine, store: RunStore, location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets.set_target(TARGET, 1)
    submit(store, location, "a", TARGET)

    idle.look_after(store, store.get_run("a"))
    assert status(store, "a") == RunStatus.PREPARING  # it may still be on its way

    later = clock.now() + 61.0
    monkeypatch.setattr(clock, "now", lambda: later)
    idle.look_after(store, store.get_run("a"))

    record = store.get_run("a")
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert "the process that submitted it ended" in record.error.message
    assert not RunFolder.of("a").path.exists()


def test_a_run_whose_canceller_was_killed_after_taking_it_out_is_ended(
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    start(idle, store, location, "a")
    store.set_status("a", RunStatus.CANCEL_REQUESTED)
    assert queue.take_out("a")

    idle.look_after(store, store.get_run("a"))

    assert status(store, "a") == RunStatus.CANCELED


def test_a_queued_run_whose_folder_is_gone_fails_and_says_so(
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    import shutil

    targets.set_target(TARGET, 1)
    start(idle, store, location, "a")
    queue.take_out("a")
    shutil.rmtree(RunFolder.of("a").path)

    idle.look_after(store, store.get_run("a"))

    record = store.get_run("a")
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert "is gone. Submit it again." in record.error.message


def test_a_look_at_a_run_that_has_ended_since_changes_nothing(
    folder: Path,
    engine: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    (folder / "go").touch()
    start(engine, store, location, "a")
    earlier = store.get_run("a")
    wait_until(lambda: status(store, "a") == RunStatus.COMPLETED and not queue.list_entries(TARGET), "it completes")

    engine.look_after(store, earlier)

    assert queue.list_entries(TARGET) == []
    assert status(store, "a") == RunStatus.COMPLETED


def test_a_target_deleted_meanwhile_is_told_before_anything_waits(
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    submission = submit(store, location, "a", "gone")

    with pytest.raises(TargetNotFound, match="'gone'"):
        idle.start(store, submission)


def test_a_dispatcher_that_cannot_be_started_is_told_and_nothing_waits(
    folder: Path,
    store: RunStore,
    location: Path,
) -> None:
    def refuse(target: str) -> WriterProcess:
        raise StoreError("no more processes")

    targets.set_target(TARGET, 1)
    engine = QueuedEngine(local=LocalStandIn(), start_keeper=refuse)
    submission = submit(store, location, "a", TARGET)

    with pytest.raises(StoreError, match="no more processes"):
        engine.start(store, submission)

    assert queue.list_entries(TARGET) == []


def test_an_interrupt_behind_the_last_step_leaves_nothing_in_the_queue(
    folder: Path,
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enter = queue.enter

    def enter_and_be_interrupted(*arguments: object) -> None:
        enter(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    targets.set_target(TARGET, 1)
    monkeypatch.setattr(queue, "enter", enter_and_be_interrupted)

    with pytest.raises(KeyboardInterrupt):
        start(idle, store, location, "a")

    assert queue.list_entries(TARGET) == []


def test_a_run_of_the_same_id_in_another_workspace_is_told(
    idle: QueuedEngine, store: RunStore, location: Path, tmp_path: Path
) -> None:
    targets.set_target(TARGET, 1)
    start(idle, store, location, "a")
    other = open_store(tmp_path / "other")

    with pytest.raises(RunExists, match="'a' of the workspace in"):
        start(idle, other, tmp_path / "other", "a")

    other.close()
    assert [entry.store_location for entry in queue.list_entries(TARGET)] == [str(location)]


def test_runs_of_a_target_are_listed_in_the_order_of_their_turn(
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
) -> None:
    targets.set_target(TARGET, 1)
    for name in ("c", "a", "b"):
        start(idle, store, location, name)

    assert [run.run_id for run in list_runs_of(TARGET)] == ["c", "a", "b"]
    assert {run.store_location for run in list_runs_of(TARGET)} == {str(location)}
    with pytest.raises(TargetNotFound):
        list_runs_of("unknown")


def test_what_surrounded_the_submitter_is_for_its_user_only(
    idle: QueuedEngine,
    store: RunStore,
    location: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    from aml_widgets.submit.supervision import supervisor_start

    monkeypatch.setenv("MY_TOKEN", "caf\udce9")  # a byte that is no UTF-8
    targets.set_target(TARGET, 1)
    start(idle, store, location, "a")
    monkeypatch.setenv("MY_TOKEN", "another")

    interpreter, variables = supervisor_start._read_surroundings("a")

    assert interpreter == sys.executable
    assert variables is not None
    assert variables["MY_TOKEN"] == "caf\udce9"
    assert (RunFolder.of("a").path / "submitter.json").stat().st_mode & 0o077 == 0
