"""Runs that wait for a target, with real dispatchers and small programs that carry them out."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store import liveness
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import open_store
from aml_widgets.submit.engines import queue, targets, targets_database
from aml_widgets.submit.engines.dispatcher import Dispatcher
from aml_widgets.submit.engines.queue import EntryState
from aml_widgets.submit.engines.queued_engine import QueuedEngine
from aml_widgets.submit.submission import RunFolder

from .small_runs import (
    TARGET,
    LocalStandIn,
    SmallLauncher,
    Starter,
    command,
    describe,
    keeper_pid,
    read_pids,
    read_story,
    start,
    status,
    tell,
    wait_until,
)


def test_a_hundred_runs_through_four_places_all_end_in_order(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine
) -> None:
    targets.set_target(TARGET, 4)
    (folder / "go").touch()
    run_ids = [f"run_{number:03}" for number in range(100)]

    for run_id in run_ids:
        start(engine, store, location, run_id)
    wait_until(lambda: not queue.list_entries(TARGET), "the queue is empty")

    assert Counter(status(store, run_id) for run_id in run_ids) == {RunStatus.COMPLETED: 100}
    assert read_story(folder, "launch") == run_ids
    assert sorted(read_story(folder, "begin")) == run_ids
    assert sorted(read_story(folder, "end")) == run_ids
    assert most_at_once(folder) <= 4


def most_at_once(folder: Path) -> int:
    most = now = 0
    for line in (folder / "story").read_text().splitlines():
        now += {"begin": 1, "end": -1}.get(line.split()[0], 0)
        most = max(most, now)
    return most


def test_runs_wait_in_order_until_a_place_is_free(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine
) -> None:
    targets.set_target(TARGET, 2)
    for name in ("a", "b", "c", "d"):
        start(engine, store, location, name)
    wait_until(lambda: len(read_story(folder, "begin")) == 2, "two work")

    assert read_story(folder, "launch") == ["a", "b"]
    assert [status(store, name) for name in ("c", "d")] == [RunStatus.QUEUED, RunStatus.QUEUED]
    assert [(entry.run_id, entry.state) for entry in queue.list_entries(TARGET)] == [
        ("a", EntryState.RUNNING),
        ("b", EntryState.RUNNING),
        ("c", EntryState.WAITING),
        ("d", EntryState.WAITING),
    ]

    (folder / "go-b").touch()

    wait_until(lambda: read_story(folder, "launch") == ["a", "b", "c"], "the next one starts")
    assert status(store, "d") == RunStatus.QUEUED


def test_more_places_take_effect_at_once_and_fewer_with_the_next_end(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine
) -> None:
    targets.set_target(TARGET, 1)
    for name in ("a", "b", "c", "d"):
        start(engine, store, location, name)
    wait_until(lambda: read_story(folder, "begin") == ["a"], "one works")

    targets.update_target(TARGET, 3)
    wait_until(lambda: sorted(read_story(folder, "begin")) == ["a", "b", "c"], "three work")
    targets.update_target(TARGET, 1)
    for name in ("a", "b"):
        (folder / f"go-{name}").touch()
    wait_until(lambda: len(queue.list_entries(TARGET)) == 2, "two have ended")

    assert [entry.state for entry in queue.list_entries(TARGET)] == [EntryState.RUNNING, EntryState.WAITING]
    (folder / "go-c").touch()
    wait_until(lambda: "d" in read_story(folder, "begin"), "the last one works")


def test_the_dispatcher_leaves_when_all_have_ended(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine, starter: Starter
) -> None:
    targets.set_target(TARGET, 2)
    (folder / "go").touch()

    start(engine, store, location, "a")
    wait_until(lambda: starter.processes[0].poll() is not None, "it leaves")

    assert starter.processes[0].returncode == 0
    assert keeper_pid() is None
    assert len(starter.processes) == 1


@pytest.mark.parametrize("noticed_by", ["look_after", "submission"])
@pytest.mark.parametrize("attempt", range(2))
def test_a_killed_dispatcher_is_started_again_and_its_runs_go_on(
    folder: Path,
    location: Path,
    store: RunStore,
    engine: QueuedEngine,
    starter: Starter,
    noticed_by: str,
    attempt: int,
) -> None:
    targets.set_target(TARGET, 2)
    names = ["a", "b", "c", "d"]
    for name in names:
        start(engine, store, location, name)
    wait_until(lambda: len(read_story(folder, "begin")) == 2, "two work")

    starter.processes[0].kill()
    starter.processes[0].wait()
    if noticed_by == "look_after":
        engine.look_after(store, store.get_run("c"))
    else:
        start(engine, store, location, "e")
        names.append("e")
    wait_until(lambda: len(read_story(folder, "dispatcher")) == 2, "another one comes")

    assert [entry.state for entry in queue.list_entries(TARGET)][:3] == [
        EntryState.RUNNING,
        EntryState.RUNNING,
        EntryState.WAITING,
    ]
    (folder / "go").touch()
    wait_until(lambda: not queue.list_entries(TARGET), "all end")
    assert {status(store, name) for name in names} == {RunStatus.COMPLETED}
    assert read_story(folder, "launch") == names  # each once, and in order


@pytest.mark.parametrize("attempt", range(3))
def test_a_dispatcher_killed_again_and_again_loses_no_run_and_starts_none_twice(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine, starter: Starter, attempt: int
) -> None:
    targets.set_target(TARGET, 3)
    (folder / "go").touch()
    names = [f"run_{number:02}" for number in range(8)]
    for name in names:
        start(engine, store, location, name)

    kill_count = 0
    while queue.list_entries(TARGET):
        time.sleep(0.15 + 0.07 * attempt)  # at another moment of its work each time
        if kill_count < 5 and starter.processes[-1].poll() is None:
            starter.processes[-1].kill()
            starter.processes[-1].wait()
            kill_count += 1
        for name in names:
            engine.look_after(store, store.get_run(name))

    assert {status(store, name) for name in names} == {RunStatus.COMPLETED}
    assert Counter(read_story(folder, "end")) == Counter(names)


@pytest.mark.parametrize("attempt", range(2))
def test_the_place_of_a_killed_supervisor_goes_to_the_next(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine, attempt: int
) -> None:
    targets.set_target(TARGET, 1)
    start(engine, store, location, "a")
    start(engine, store, location, "b")
    wait_until(lambda: read_story(folder, "begin") == ["a"], "one works")

    os.kill(read_pids(folder)[0], signal.SIGKILL)

    wait_until(lambda: read_story(folder, "begin") == ["a", "b"], "the next one works")
    assert status(store, "a") == RunStatus.FAILED
    error = store.get_run("a").error
    assert error is not None
    assert error.code == "SupervisorGone"


def test_a_run_whose_supervisor_ends_at_once_fails_with_what_it_said(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine
) -> None:
    class Broken(SmallLauncher):
        def launch(self, run_id: str) -> WriterProcess:
            with RunFolder.of(run_id).supervisor_log.open("wb") as log:
                process = subprocess.Popen([sys.executable, "-c", "raise SystemExit('no such module')"], stderr=log)
            process.wait()
            return describe(process.pid)

    targets.set_target(TARGET, 1)
    queued = QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())
    start(queued, store, location, "a")

    Dispatcher(TARGET, launcher=Broken(folder), look_after=LocalStandIn().look_after, poll_seconds=0.01).run()

    record = store.get_run("a")
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert "supervisor ended at once" in record.error.message
    assert "no such module" in record.error.message


def test_a_run_that_cannot_be_started_is_tried_again(
    folder: Path, location: Path, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(SmallLauncher):
        refusal_count = 0

        def launch(self, run_id: str) -> WriterProcess:
            if self.refusal_count < 2:
                self.refusal_count += 1
                raise BlockingIOError(11, "Resource temporarily unavailable")
            return super().launch(run_id)

    monkeypatch.setattr("aml_widgets.submit.engines.dispatcher.PAUSE_SECONDS", 0.05)
    targets.set_target(TARGET, 1)
    (folder / "go").touch()
    queued = QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())
    for name in ("a", "b"):
        start(queued, store, location, name)

    Dispatcher(TARGET, launcher=Short(folder), look_after=LocalStandIn().look_after, poll_seconds=0.01).run()

    assert read_story(folder, "launch") == ["a", "b"]
    assert [status(store, name) for name in ("a", "b")] == [RunStatus.COMPLETED] * 2


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOMEM])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_run_that_can_never_be_started_fails_with_the_reason_and_the_next_one_comes(
    folder: Path, location: Path, store: RunStore, monkeypatch: pytest.MonkeyPatch, number: int, is_wrapped: bool
) -> None:
    class Picky(SmallLauncher):
        def launch(self, run_id: str) -> WriterProcess:
            if run_id == "a":
                error = OSError(number, os.strerror(number), "/gone/python")
                if not is_wrapped:
                    raise error
                raise StoreUnavailable(f"It cannot be started: {error}") from error
            return super().launch(run_id)

    monkeypatch.setattr("aml_widgets.submit.engines.dispatcher.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("aml_widgets.submit.engines.dispatcher.RETRY_SECONDS", 0.05 if number == errno.ENOMEM else 1e9)
    targets.set_target(TARGET, 1)
    (folder / "go").touch()
    queued = QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())
    for name in ("a", "b"):
        start(queued, store, location, name)

    Dispatcher(TARGET, launcher=Picky(folder), look_after=LocalStandIn().look_after, poll_seconds=0.01).run()

    record = store.get_run("a")
    assert record.status == RunStatus.FAILED
    assert record.error is not None
    assert "/gone/python" in record.error.message
    assert status(store, "b") == RunStatus.COMPLETED


def test_a_run_whose_folder_is_gone_fails_at_once_and_the_next_one_comes(
    folder: Path, location: Path, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    monkeypatch.setattr("aml_widgets.submit.engines.dispatcher.PAUSE_SECONDS", 1e9)
    targets.set_target(TARGET, 1)
    (folder / "go").touch()
    queued = QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())
    for name in ("a", "b", "c"):
        start(queued, store, location, name)
    shutil.rmtree(RunFolder.of("a").path)
    RunFolder.of("b").submission_file.unlink()

    Dispatcher(TARGET, launcher=SmallLauncher(folder), look_after=LocalStandIn().look_after, poll_seconds=0.01).run()

    for name in ("a", "b"):
        record = store.get_run(name)
        assert record.error is not None
        assert (record.status, record.error.code) == (RunStatus.FAILED, "RunFolderGone")
        assert "was removed while it waited" in record.error.message
    assert status(store, "c") == RunStatus.COMPLETED
    assert read_story(folder, "launch") == ["c"]


def test_a_run_whose_workspace_is_gone_does_not_hold_up_the_others(
    folder: Path, location: Path, store: RunStore, tmp_path: Path
) -> None:
    import shutil

    targets.set_target(TARGET, 1)
    (folder / "go").touch()
    queued = QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())
    gone = tmp_path / "gone"
    other = open_store(gone)
    start(queued, other, gone, "a")
    other.close()
    shutil.rmtree(gone)
    start(queued, store, location, "b")

    Dispatcher(TARGET, launcher=SmallLauncher(folder), look_after=LocalStandIn().look_after, poll_seconds=0.01).run()

    assert status(store, "b") == RunStatus.COMPLETED
    assert queue.list_entries(TARGET) == []
    assert not gone.exists()


SUBMITTER = """
import sys
from pathlib import Path
from aml_widgets.store.uri import open_store
from aml_widgets.submit.engines.queued_engine import QueuedEngine
sys.path.insert(0, sys.argv[1])
import small_runs
folder, location, name, count, target = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], int(sys.argv[5]), sys.argv[6]
store = open_store(location)
starter = small_runs.Starter(folder)
engine = QueuedEngine(local=small_runs.LocalStandIn(), start_keeper=starter)
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    engine.start(store, small_runs.submit(store, location, f"{name}_{number:02}", target))
for process in starter.processes:
    process.wait()
"""


def start_submitter(folder: Path, location: Path, name: str, count: int) -> subprocess.Popen[str]:
    here = str(Path(__file__).parent)
    arguments = [sys.executable, "-c", SUBMITTER, here, str(folder), str(location), name, str(count), TARGET]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("attempt", range(2))
def test_two_submitters_at_once_share_one_dispatcher_and_lose_nothing(
    folder: Path, location: Path, store: RunStore, attempt: int
) -> None:
    targets.set_target(TARGET, 3)
    (folder / "go").touch()
    submitters = [start_submitter(folder, location, name, 8) for name in ("left", "right")]
    for submitter in submitters:
        assert submitter.stdout is not None
        assert submitter.stdout.readline() == "ready\n"

    for submitter in submitters:
        assert submitter.stdin is not None
        submitter.stdin.write("go\n")
        submitter.stdin.flush()
    for submitter in submitters:
        submitter.communicate()
    wait_until(lambda: not queue.list_entries(TARGET), "all end")

    assert [submitter.returncode for submitter in submitters] == [0, 0]
    expected = [f"{name}_{number:02}" for name in ("left", "right") for number in range(8)]
    launched = read_story(folder, "launch")
    assert sorted(launched) == expected
    for name in ("left", "right"):
        mine = [run_id for run_id in launched if run_id.startswith(name)]
        assert mine == sorted(mine)  # each in its own order
    assert {status(store, run_id) for run_id in expected} == {RunStatus.COMPLETED}
    assert most_at_once(folder) <= 3


def test_a_submission_while_the_dispatcher_leaves_is_never_overlooked(
    folder: Path, location: Path, store: RunStore
) -> None:
    """The dispatcher is a thread here, so that it comes and goes some twenty times in a moment."""
    import threading

    targets.set_target(TARGET, 1)
    threads: list[threading.Thread] = []
    done: list[str] = []
    faults: list[BaseException] = []

    class Instant:
        """Carries a run out while it is being started."""

        def launch(self, run_id: str) -> WriterProcess:
            done.append(run_id)
            return gone

        def find(self, run_id: str) -> WriterProcess | None:
            return None

    ended = subprocess.Popen([sys.executable, "-c", ""])
    gone = describe(ended.pid)
    ended.wait()

    def complete(store: RunStore, record: RunRecord) -> None:
        store.set_status(record.run_id, RunStatus.COMPLETED)

    def dispatch() -> None:
        try:
            Dispatcher(TARGET, launcher=Instant(), look_after=complete, poll_seconds=0.0).run()
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)

    def start_thread(target: str) -> WriterProcess:
        threads.append(threading.Thread(target=dispatch))
        threads[-1].start()
        return liveness.this_process()

    queued = QueuedEngine(local=LocalStandIn(), start_keeper=start_thread)
    names = [f"run_{number:03}" for number in range(60)]

    for number, name in enumerate(names):
        start(queued, store, location, name)
        while number % 3 == 0 and queue.find_entry(name) is not None:
            pass  # the next one comes in the moment in which it finds nothing left
    for thread in threads:
        thread.join(60)

    assert faults == []
    assert queue.list_entries(TARGET) == []
    assert done == names
    assert {status(store, name) for name in names} == {RunStatus.COMPLETED}
    assert len(threads) > 5  # it did leave between


def test_after_a_reboot_the_queue_goes_on(folder: Path, location: Path, store: RunStore, engine: QueuedEngine) -> None:
    from dataclasses import replace

    targets.set_target(TARGET, 1)
    before = QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())
    for name in ("a", "b"):
        start(before, store, location, name)
    keeper = queue.Keeper(TARGET)
    assert keeper.take_over()
    claimed = keeper.claim_next()
    assert claimed is not None
    me = liveness.this_process()
    if not liveness._machine(me):
        pytest.skip("this machine has no id that would outlast a reboot")
    boot, _, rest = me.namespace.partition("/")
    earlier = replace(me, namespace=f"{boot}-earlier/{rest}", pid=1)
    store.update_run("a", writer=earlier)
    keeper.set_running("a", earlier)
    targets_database.write(
        lambda connection: connection.execute("update target set keeper = ?", (queue._to_json(earlier),))
    )
    (folder / "go").touch()

    engine.look_after(store, store.get_run("b"))
    wait_until(lambda: not queue.list_entries(TARGET), "the queue is empty")

    assert status(store, "a") == RunStatus.FAILED
    assert status(store, "b") == RunStatus.COMPLETED
    assert read_story(folder, "launch") == ["b"]


def test_a_second_dispatcher_leaves_the_first_one_alone(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine, starter: Starter
) -> None:
    targets.set_target(TARGET, 1)
    start(engine, store, location, "a")
    wait_until(lambda: read_story(folder, "begin") == ["a"], "it works")
    first = keeper_pid()

    second = subprocess.run(command(folder, "dispatch", TARGET), check=False)

    assert second.returncode == 0
    assert keeper_pid() == first


def test_the_run_whose_dispatcher_was_killed_before_its_supervisor_was_known_is_found(
    folder: Path, location: Path, store: RunStore, engine: QueuedEngine
) -> None:
    targets.set_target(TARGET, 1)
    before = QueuedEngine(local=LocalStandIn(), start_keeper=lambda target: liveness.this_process())
    for name in ("a", "b"):
        start(before, store, location, name)
    keeper = queue.Keeper(TARGET)
    keeper.take_over()
    assert keeper.claim_next() is not None
    process = subprocess.Popen(command(folder, "work", "a"), start_new_session=True)  # and there it was killed
    tell(folder, "launch a")
    targets_database.write(lambda connection: connection.execute("update target set keeper = null"))

    engine.look_after(store, store.get_run("b"))
    wait_until(lambda: queue.list_entries(TARGET)[0].state is EntryState.RUNNING, "it is found")
    (folder / "go").touch()
    wait_until(lambda: process.poll() is not None, "the first one ends")
    wait_until(lambda: not queue.list_entries(TARGET), "all end")

    assert read_story(folder, "launch") == ["a", "b"]
    assert [status(store, name) for name in ("a", "b")] == [RunStatus.COMPLETED] * 2
