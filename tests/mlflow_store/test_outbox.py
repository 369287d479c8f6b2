"""Logging returns at once whatever the server does, and nothing of what was logged is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from mlflow import MlflowClient

from aml_widgets.core.errors import PointsLost, StoreError, StoreFull, StoreUnavailable
from aml_widgets.core.records import RunError, RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow import server_state
from aml_widgets.store.mlflow.outbox import end_teller, outbox, run_ends, sender_thread
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import new_run
from tests.mlflow_store.gateway import Gateway, running_gateway
from tests.mlflow_store.tracking_server import TrackingServer

WAIT_SECONDS = 120.0


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def losses(store: MlflowStore, run_id: str) -> list[float]:
    return [value for value in store.read_history(run_id, "loss").values if isinstance(value, float)]


def test_what_is_logged_while_the_server_is_away_arrives_when_it_is_back(
    own_server: TrackingServer, tmp_path: Path
) -> None:
    store = MlflowStore(own_server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 0.0)
    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0

    own_server.stop()
    store._connection._answered_at = 0.0  # as if some seconds had passed
    for step in range(1, 3_000):
        store.log_metric(run_id, "loss", float(step))
    assert store.wait_until_sent(run_id, 0.2) > 0
    with pytest.raises(StoreUnavailable, match=own_server.uri):
        store.read_history(run_id, "loss")
    own_server.start()

    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0
    assert losses(store, run_id) == [float(step) for step in range(3_000)]
    assert losses(MlflowStore(own_server.uri, tmp_path / "elsewhere"), run_id) == losses(store, run_id)
    store.set_status(run_id, RunStatus.COMPLETED)
    assert not store._outbox.where(run_id).exists()
    store.close()


def test_the_end_of_a_run_is_told_when_the_server_is_back(own_server: TrackingServer, tmp_path: Path) -> None:
    store = MlflowStore(own_server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 1.0)
    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0
    own_server.stop()
    store._connection._answered_at = 0.0
    store.log_metric(run_id, "loss", 2.0)

    with pytest.raises(StoreUnavailable, match="has ended as Completed is kept"):
        store.set_status(run_id, RunStatus.COMPLETED)
    own_server.start()

    other = MlflowStore(own_server.uri, tmp_path / "elsewhere")
    wait_for(lambda: other.get_run(run_id).status == RunStatus.COMPLETED)
    assert losses(other, run_id) == [1.0, 2.0]
    store.close()
    other.close()


KILLED = """
    import sys
    from pathlib import Path
    from aml_widgets.store.mlflow.outbox import outbox
    from aml_widgets.store.mlflow.store import MlflowStore
    from aml_widgets.testing.support import new_run

    outbox.PACE_SECONDS = 3600.0  # nothing is sent by itself
    store = MlflowStore(sys.argv[1], Path(sys.argv[2]))
    run_id = new_run(store).run_id
    for step in range(500):
        store.log_metric(run_id, "loss", float(step))
    print(run_id, flush=True)
    input()
"""


def test_what_a_killed_process_logged_is_sent_by_the_next_one(server: TrackingServer, tmp_path: Path) -> None:
    home = tmp_path / "home"
    other, next_one = MlflowStore(server.uri, tmp_path / "elsewhere"), MlflowStore(server.uri, home)
    command = [sys.executable, "-c", dedent(KILLED), server.uri, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        run_id = killed.stdout.readline().strip()
        assert losses(other, run_id) == []
        next_one.get_run(run_id)
        assert losses(other, run_id) == [], "it belongs to the process that lives"
        killed.kill()

    next_one._outbox._looked_at = -outbox.LOOK_SECONDS * 1e6
    next_one.get_run(run_id)

    assert losses(next_one, run_id) == [float(step) for step in range(500)]
    assert losses(other, run_id) == [float(step) for step in range(500)]
    assert not next_one._outbox.where(run_id).exists()
    for store in (other, next_one):
        store.close()


def test_a_line_that_was_not_written_to_its_end_was_never_taken(server: TrackingServer, tmp_path: Path) -> None:
    store = MlflowStore(server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    left = store._outbox.where(run_id)
    left.mkdir(parents=True)
    whole = '["r",1.0,{"loss":1.5},0]'
    (left / "writer-000000000000.jsonl").write_text(f'{whole}\n["r",2.0,{{"lo')

    store._outbox._looked_at = -outbox.LOOK_SECONDS * 1e6
    store.get_run(run_id)

    assert losses(store, run_id) == [1.5]
    store.close()


def test_a_queue_may_not_grow_for_ever(server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outbox.MAX_BYTES_VARIABLE, "1000")
    monkeypatch.setattr(outbox, "PACE_SECONDS", 3600.0)
    store = MlflowStore(server.uri, tmp_path / "home")
    run_id = new_run(store).run_id

    with pytest.raises(StoreFull, match=outbox.MAX_BYTES_VARIABLE):
        for step in range(100):
            store.log_metric(run_id, "loss", float(step))
    taken = store._outbox._queues[run_id].line_count
    assert losses(store, run_id) == [float(step) for step in range(taken)], "what was taken is sent"
    store.log_metric(run_id, "loss", -1.0)
    store.close()


def test_what_the_server_refuses_for_good_is_kept_and_told(server: TrackingServer, tmp_path: Path) -> None:
    store = MlflowStore(server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 1.0)
    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0
    store._sender.forget()
    server.empty()

    store.log_metric(run_id, "loss", 2.0)
    with pytest.raises(PointsLost, match="is kept in"):
        store.wait_until_sent(run_id, WAIT_SECONDS)
    with pytest.raises(PointsLost, match="is kept in"):
        store.log_metric(run_id, "loss", 3.0)

    (kept,) = store._outbox.where(run_id).glob("*.refused")
    assert "2.0" in kept.read_text()
    store.close()


def test_a_process_that_was_forked_off_logs_on_its_own(server: TrackingServer, tmp_path: Path) -> None:
    store = MlflowStore(server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 1.0)

    pid = os.fork()
    if pid == 0:
        try:
            store.log_metric(run_id, "loss", 2.0)
            os._exit(store.wait_until_sent(run_id, WAIT_SECONDS))
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert sorted(losses(store, run_id)) == [1.0, 2.0]
    store.close()


# -- a proxy before the server


@pytest.fixture
def gateway(server: TrackingServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr(sender_thread, "LONGEST_PAUSE_SECONDS", 0.1)
    with running_gateway(server.uri) as gateway:
        yield gateway


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 503])
def test_whatever_a_proxy_answers_for_the_server_nothing_is_lost(gateway: Gateway, tmp_path: Path, status: int) -> None:
    store = MlflowStore(gateway.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 0.0)
    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0

    gateway.refuse = lambda method, path: status
    for step in range(1, 50):
        store.log_metric(run_id, "loss", float(step))
    wait_for(lambda: store._outbox._thread.trouble is not None)
    with pytest.raises(StoreError):
        store.get_run(run_id)
    store.log_metric(run_id, "loss", 50.0)
    with pytest.raises(StoreError, match="is kept in"):
        store.set_status(run_id, RunStatus.COMPLETED)
    gateway.refuse = lambda method, path: None

    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0
    assert losses(store, run_id) == [float(step) for step in range(51)]
    wait_for(lambda: not store._outbox._ends.is_waiting)
    assert store.get_run(run_id).status == RunStatus.COMPLETED
    assert list(tmp_path.rglob("*.refused")) == []
    store.close()


def test_a_run_whose_files_are_refused_keeps_no_other_back(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PACE_SECONDS", 0.01)
    store = MlflowStore(gateway.uri, tmp_path / "home")
    bad, worse, good = (new_run(store).run_id for _ in range(3))
    gateway.refuse = lambda method, path: 413 if method == "PUT" and (bad in path or worse in path) else None
    long = "x" * 20_000
    for run_id in (bad, worse):
        store.log_metric(run_id, "text", long)
    wait_for(lambda: store._outbox._thread.trouble is not None)

    for step in range(3):
        store.log_metric(good, "loss", float(step))
        assert store.wait_until_sent(good, WAIT_SECONDS) == 0
    assert losses(store, good) == [0.0, 1.0, 2.0]
    with pytest.raises(StoreUnavailable, match="cannot be kept among its files"):
        store.get_run(bad)
    gateway.refuse = lambda method, path: None

    assert store.wait_until_sent(bad, WAIT_SECONDS) == store.wait_until_sent(worse, WAIT_SECONDS) == 0
    assert list(store.read_history(bad, "text").values) == [long]
    store.close()


def test_logging_goes_on_while_a_server_keeps_silent(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(outbox, "CLOSE_SECONDS", 0.1)
    store = MlflowStore(gateway.uri, tmp_path / "home")
    run_id, fresh = new_run(store).run_id, new_run(store).run_id
    gateway.silent = lambda method, path: True
    store.log_metric(run_id, "loss", 0.0)
    assert gateway.waiting.wait(WAIT_SECONDS)
    store.log_metric(fresh, "loss", 1.0)
    with pytest.raises(StoreUnavailable, match="has not answered"):
        store.get_run(run_id)
    left = store._outbox._queues[run_id]
    store.close()
    assert left.is_open, "a request with its lines is still on its way"

    gateway.speak()
    monkeypatch.undo()
    store.log_metric(run_id, "loss", 2.0)
    assert store.wait_until_sent(run_id, WAIT_SECONDS) == store.wait_until_sent(fresh, WAIT_SECONDS) == 0
    assert (losses(store, run_id), losses(store, fresh)) == ([0.0, 2.0], [1.0])
    store.close()


def test_while_a_server_keeps_silent_each_end_is_told_by_one_thread(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PACE_SECONDS", 0.01)
    monkeypatch.setattr(end_teller, "END_SECONDS", 0.05)
    others = set(threading.enumerate())
    store = MlflowStore(gateway.uri, tmp_path / "home")
    runs = [new_run(store).run_id for _ in range(2)]
    gateway.refuse = lambda method, path: 503
    for run_id in runs:
        with pytest.raises(StoreError, match="is kept in"):
            store.set_status(run_id, RunStatus.COMPLETED)

    def tellers() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one not in others and one.name == "aml_widgets run end"]

    gateway.silent = lambda method, path: True
    gateway.refuse = lambda method, path: None
    gateway.waiting.clear()
    assert gateway.waiting.wait(WAIT_SECONDS)
    wait_for(lambda: len(tellers()) >= len(runs))
    time.sleep(0.5)  # ten pauses
    assert len(tellers()) == len(runs)

    gateway.speak()
    wait_for(lambda: not store._outbox._ends.is_waiting)
    assert [store.get_run(run_id).status for run_id in runs] == [RunStatus.COMPLETED] * 2
    store.close()


def test_the_reason_of_an_end_that_another_program_told_first_is_told_as_well(
    gateway: Gateway, server: TrackingServer, tmp_path: Path
) -> None:
    store = MlflowStore(gateway.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    MlflowClient(server.uri).set_terminated(run_id, "FAILED")

    gateway.refuse = lambda method, path: 503
    with pytest.raises(StoreError, match="has ended as Failed is kept in"):
        store.set_status(run_id, RunStatus.FAILED, error=RunError(code="UserError", message="no data"))
    gateway.refuse = lambda method, path: None

    def find_error() -> RunError | None:
        return store.get_run(run_id).error

    wait_for(lambda: find_error() is not None)
    error = find_error()
    assert error is not None
    assert error.message == "no data"
    store.close()


# -- what was left behind


def left_behind(store: MlflowStore, run_id: str, name: str, content: str) -> Path:
    folder = store._outbox.where(run_id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    return folder


def test_what_is_damaged_of_one_run_keeps_no_other_back(server: TrackingServer, tmp_path: Path) -> None:
    store = MlflowStore(server.uri, tmp_path / "home")
    bad, good = sorted(new_run(store).run_id for _ in range(2))
    folder = left_behind(store, bad, "w-000000000000.jsonl", '["r",1.0,{"loss":1.5},0]\n')
    left_behind(store, bad, "w-000000000002.jsonl", '["r",3.0,{"loss":3.5},2]\n')  # the second line is missing
    left_behind(store, bad, "v-000000000000.jsonl", "this is no line\n")
    left_behind(store, bad, "notes-1.jsonl", "a user's\n")
    left_behind(store, good, "w-000000000000.jsonl", '["r",1.0,{"loss":7.5},0]\n')
    (store._outbox.where(good) / "stale.lock").touch()

    store._outbox._looked_at = -outbox.LOOK_SECONDS * 1e6
    assert losses(store, good) == [7.5]
    assert losses(store, bad) == [1.5], "what the server refused keeps nobody from reading"
    with pytest.raises(PointsLost, match="is kept in"):
        store.wait_until_sent(bad, WAIT_SECONDS)

    assert (folder / "w.refused").read_text() == '["r",3.0,{"loss":3.5},2]\n'
    assert (folder / "v.refused").read_text() == "this is no line\n"
    assert not store._outbox.where(good).exists()
    store.artifacts.append_path(bad, "logs/train.txt").write_text("text\n")
    assert store.set_status(bad, RunStatus.FAILED).status == RunStatus.FAILED
    assert store.artifacts.read(bad, "logs/train.txt") == b"text\n"
    store.close()


def test_of_two_processes_one_sends_what_was_left_and_the_other_the_rest(
    server: TrackingServer, tmp_path: Path
) -> None:
    stores = [MlflowStore(server.uri, tmp_path / "home") for _ in range(4)]
    run_ids = [new_run(stores[0]).run_id for _ in range(5)]
    for run_id in run_ids:
        for writer in "abc":
            lines = [f'["r",{place}.0,{{"{writer}":{place}}},{place}]\n' for place in range(20)]
            left_behind(stores[0], run_id, f"{writer}-000000000000.jsonl", "".join(lines))
    for store in stores:
        store._outbox._looked_at = -outbox.LOOK_SECONDS * 1e6
    threads = [threading.Thread(target=store.get_run, args=(run_ids[0],)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_for(lambda: not any(stores[0]._outbox.where(run_id).exists() for run_id in run_ids))
    for run_id in run_ids:
        assert all(list(stores[3].read_history(run_id, name).values) == list(range(20)) for name in "abc")
    for store in stores:
        store.close()


def test_an_end_is_told_by_whoever_has_the_lines(server: TrackingServer, tmp_path: Path) -> None:
    store, other = MlflowStore(server.uri, tmp_path / "home"), MlflowStore(server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 1.0)
    run_ends.keep(store._outbox.where(run_id), RunEnd(RunStatus.COMPLETED, 1.0))

    other._outbox._looked_at = -outbox.LOOK_SECONDS * 1e6
    other._outbox.look_for_left()

    assert not other._outbox._ends.is_waiting
    store.close()  # lets go of the lines
    other._outbox._looked_at = -outbox.LOOK_SECONDS * 1e6
    other._outbox.look_for_left()
    wait_for(lambda: not other._outbox.where(run_id).exists())
    assert other.get_run(run_id).status == RunStatus.COMPLETED
    other.close()


def test_a_change_that_could_not_be_sent_does_not_stall_whoever_logs(
    own_server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MlflowStore(own_server.uri, tmp_path / "home")
    run_id = new_run(store).run_id

    def stop(*_: object) -> None:
        own_server.stop()
        store._connection._answered_at = 0.0
        raise StoreUnavailable("away")

    monkeypatch.setattr(server_state, "send_record", stop)
    with pytest.raises(StoreUnavailable):
        store.update_run(run_id, tags={"a": "b"})
    assert run_id not in store._runs
    for step in range(10):
        store.log_metric(run_id, "loss", float(step))
    monkeypatch.setenv(outbox.MAX_BYTES_VARIABLE, "1")
    with pytest.raises(StoreFull):
        store.log_metric(run_id, "loss", 10.0)
    with pytest.raises(StoreFull, match=outbox.MAX_BYTES_VARIABLE):
        store.log_metric(run_id, "loss", 11.0)
    monkeypatch.undo()
    store.log_metric(run_id, "loss", 12.0)
    own_server.start()

    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0
    assert losses(store, run_id) == [*(float(step) for step in range(10)), 12.0]
    store.close()


EXITING = """
    import sys
    from pathlib import Path
    from aml_widgets.store.mlflow.outbox import outbox
    from aml_widgets.store.mlflow.store import MlflowStore

    outbox.PACE_SECONDS = 3600.0  # nothing is sent by itself
    outbox.CLOSE_SECONDS = 60.0
    store = MlflowStore(sys.argv[1], Path(sys.argv[2]))
    for step in range(500):
        store.log_metric(sys.argv[3], "loss", float(step))
    sys.exit(3)
"""


def test_what_waits_when_python_ends_is_sent_for_a_moment(server: TrackingServer, tmp_path: Path) -> None:
    other = MlflowStore(server.uri, tmp_path / "elsewhere")
    run_id = new_run(other).run_id

    done = subprocess.run(
        [sys.executable, "-c", dedent(EXITING), server.uri, str(tmp_path / "home"), run_id], check=False
    )

    assert done.returncode == 3
    assert losses(other, run_id) == [float(step) for step in range(500)]
    assert list((tmp_path / "home").rglob("*.jsonl")) == []
    other.close()


def test_a_process_that_was_forked_off_while_others_were_at_work_is_not_stuck(
    server: TrackingServer, tmp_path: Path
) -> None:
    store = MlflowStore(server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 1.0)
    locks: list[Any] = [store._lock, store._log_lock, store._outbox._lock, store._sender._lock, store._connection._lock]
    taken, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            taken.set()
            may_go.wait(WAIT_SECONDS)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(WAIT_SECONDS)
    pid = os.fork()
    if pid == 0:
        try:
            assert store._outbox._queues == {}, "the parent's lines are the parent's"
            store.log_metric(run_id, "loss", 2.0)
            os._exit(store.wait_until_sent(run_id, WAIT_SECONDS) + len(store.list_runs(RunQuery()).runs) - 1)
        finally:
            os._exit(1)
    may_go.set()
    holder.join()
    _, status = os.waitpid(pid, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert sorted(losses(store, run_id)) == [1.0, 2.0]
    store.close()


def test_many_long_lines_and_other_letters_arrive_as_they_are(server: TrackingServer, tmp_path: Path) -> None:
    store, other = MlflowStore(server.uri, tmp_path / "home"), MlflowStore(server.uri, tmp_path / "elsewhere")
    run_id = new_run(store).run_id
    texts = ["ä\u2028\x85 \U0001f600\n", "x" * 1_500_000, "é" * 300_000, ""]
    for text in texts * 2:
        store.log_metric(run_id, "tëxt\n", text)

    assert store.wait_until_sent(run_id, WAIT_SECONDS) == 0
    assert list(other.read_history(run_id, "tëxt\n").values) == texts * 2
    for one in (store, other):
        one.close()
