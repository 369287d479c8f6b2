"""Logging returns at once whatever the server does, and nothing of what was logged is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from aml_widgets.core.errors import PointsLost, StoreFull, StoreUnavailable
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow.outbox import outbox
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import new_run
from tests.mlflow_store.tracking_server import TrackingServer, running_server

WAIT_SECONDS = 120.0


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """A server that a test may stop."""
    with running_server(tmp_path_factory.mktemp("own_server")) as server:
        yield server


@pytest.fixture(autouse=True)
def few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")


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
