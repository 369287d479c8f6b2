"""A transfer to a server that was killed goes on where it was: nothing is copied twice, and nothing changes its place."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from textwrap import dedent
from threading import Event

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric

from aml_widgets.core.records import MetricKind, NewPoint, RunQuery, RunRecord, RunView
from aml_widgets.core.status import RunStatus
from aml_widgets.store import transfer_points
from aml_widgets.store.mlflow.outbox import left_lines
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.transfer import transfer
from aml_widgets.store.transfer_waiting import Progress
from aml_widgets.testing.copies import are_in_one_order, facts_of, find_copy
from aml_widgets.testing.support import new_run
from tests.mlflow_store.gateway import Gateway, running_gateway
from tests.mlflow_store.tracking_server import TrackingServer

WAIT_SECONDS = 120.0

EXPORT = """
    import sys
    from pathlib import Path

    from aml_widgets.store import transfer_points
    from aml_widgets.store.mlflow.store import MlflowStore
    from aml_widgets.store.sqlite.store import SqliteRunStore
    from aml_widgets.store.transfer import transfer

    transfer_points.BATCH = 500
    source, target = SqliteRunStore.open(Path(sys.argv[1])), MlflowStore(sys.argv[2], Path(sys.argv[3]))

    def tell(progress):
        print(progress.points, flush=True)
        input()  # it goes on when it is told to

    transfer(source, target, on_progress=tell)
"""


@pytest.fixture
def gateway(server: TrackingServer) -> Iterator[Gateway]:
    with running_gateway(server.uri) as gateway:
        yield gateway


@pytest.fixture
def source(tmp_path: Path) -> Iterator[SqliteRunStore]:
    store = SqliteRunStore.open(tmp_path / "source")
    yield store
    store.close()


@contextmanager
def opened(uri: str, home: Path) -> Iterator[MlflowStore]:
    store = MlflowStore(uri, home)
    yield store
    store.close()


def long_run(source: RunStore, n_points: int = 3_000) -> str:
    """Have a run of many points of one time, so that nothing but their order tells which comes first."""
    run_id = new_run(source, display_name="long").run_id
    points = [NewPoint("loss", float(step * 7 % 1000), step, 1_000.0) for step in range(n_points)]
    source.log_points(run_id, points)
    source.log_columns(run_id, "rows", {"a": list(range(1_700)), "b": [0.5] * 1_700}, kind=MetricKind.ROW)
    source.set_status(run_id, RunStatus.COMPLETED)
    return run_id


def export_and_kill(source: SqliteRunStore, uri: str, home: Path, n_points: int) -> None:
    """Start an export in a process of its own, and kill it when it has logged so many points."""
    command = [sys.executable, "-c", dedent(EXPORT), str(source.folder), uri, str(home)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, bufsize=1, **pipes) as process:  # type: ignore[call-overload]
        while True:
            told = process.stdout.readline()
            assert told, "it ended before"
            if int(told) >= n_points:
                break
            process.stdin.write("\n")
        process.kill()
    assert process.returncode == -signal.SIGKILL


def list_all(store: RunStore) -> list[RunRecord]:
    return list(store.list_runs(RunQuery(include_children=True, limit=500)).runs)


def check_copy(source: RunStore, run_id: str, uri: str, home: Path) -> RunRecord:
    """See that there is one copy, and that it is what the run is, for somebody who never saw it before."""
    with opened(uri, home) as reader:
        (found,) = list_all(reader)
        copy = find_copy(source, run_id, reader, [found])
        assert facts_of(reader, copy.run_id) == facts_of(source, run_id)
        assert are_in_one_order(source, run_id, reader, copy.run_id)
    return copy


def takes_nothing(gateway: Gateway) -> None:
    gateway.refuse = lambda method, path: 503 if path.endswith("log-batch") else None


def keep_first_waiting(gateway: Gateway) -> None:
    requests = count()
    gateway.silent = lambda method, path: path.endswith("log-batch") and next(requests) == 0


def test_it_waits_for_what_another_process_still_sends(
    source: SqliteRunStore, gateway: Gateway, server: TrackingServer, tmp_path: Path
) -> None:
    run_id, home = long_run(source), tmp_path / "home"
    takes_nothing(gateway)
    export_and_kill(source, gateway.uri, home, 2_000)
    gateway.refuse = lambda method, path: None
    keep_first_waiting(gateway)

    with opened(gateway.uri, home) as other, opened(gateway.uri, home) as target:
        other._outbox.look_for_left()
        assert gateway.waiting.wait(WAIT_SECONDS)

        def tell(progress: Progress) -> None:
            if progress.unsent:
                gateway.speak()

        done = transfer(source, target, on_progress=tell)
        gateway.speak()
        (copy,) = list_all(target)
        assert other.wait_until_sent(copy.run_id, WAIT_SECONDS) == 0

    assert (done.copied, done.failed) == (1, {})
    check_copy(source, run_id, server.uri, tmp_path / "elsewhere")


@pytest.mark.parametrize("n_points", [500, 1_500, 3_000, 4_000])
def test_killed_anywhere_it_goes_on_in_the_order_it_began(
    source: SqliteRunStore, server: TrackingServer, tmp_path: Path, n_points: int
) -> None:
    run_id, home = long_run(source), tmp_path / "home"
    export_and_kill(source, server.uri, home, n_points)

    with opened(server.uri, home) as target:
        done = transfer(source, target)
        again = transfer(source, target)
        assert target.list_runs(RunQuery(view=RunView.TRASH)).runs == (), "it was gone on with"

    assert (done.copied, done.failed) == (1, {})
    assert (again.copied, again.known) == (0, 1)
    check_copy(source, run_id, server.uri, tmp_path / "elsewhere")


def test_what_waits_on_another_machine_comes_into_no_copy(
    source: SqliteRunStore, gateway: Gateway, server: TrackingServer, tmp_path: Path
) -> None:
    run_id, home = long_run(source), tmp_path / "home"
    takes_nothing(gateway)
    export_and_kill(source, gateway.uri, home, 2_000)
    gateway.refuse = lambda method, path: None

    with opened(server.uri, tmp_path / "other_home") as target:
        done = transfer(source, target)
    with opened(gateway.uri, home) as late:
        (begun,) = late.list_runs(RunQuery(view=RunView.TRASH)).runs
        assert late.outgoing.wait(begun.run_id, WAIT_SECONDS) == 0
        again = transfer(source, late)

    assert (done.copied, done.failed) == (1, {})
    assert (again.copied, again.known) == (0, 1)
    check_copy(source, run_id, server.uri, tmp_path / "elsewhere")


def test_a_copy_that_a_process_that_lives_may_log_to_is_begun_anew(
    source: SqliteRunStore, server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_lines, "TAKE_SECONDS", 0.2)
    monkeypatch.setattr(transfer_points, "BATCH", 500)
    run_id, home = long_run(source), tmp_path / "home"

    def stop(progress: Progress) -> None:
        if progress.points == 1_000:
            raise KeyboardInterrupt

    with opened(server.uri, home) as interrupted, opened(server.uri, home) as target:
        with pytest.raises(KeyboardInterrupt):
            transfer(source, interrupted, on_progress=stop)
        done = transfer(source, target)

    assert (done.copied, done.failed) == (1, {})
    check_copy(source, run_id, server.uri, tmp_path / "elsewhere")


@pytest.mark.parametrize("late_at_ms", [1_000, 500_000, 999_000, 1_000_500, 2_000_000])
@pytest.mark.parametrize("is_ours_too", [False, True])
def test_an_import_goes_on_with_what_is_still_the_beginning_where_points_came_late(
    server: TrackingServer,
    client: MlflowClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    late_at_ms: int,
    is_ours_too: bool,
) -> None:
    monkeypatch.setattr(transfer_points, "BATCH", 500)
    points = [Metric("loss", float("nan") if step % 7 == 0 else step / 3, 1_000 * step, step) for step in range(1_500)]
    if is_ours_too:
        with opened(server.uri, tmp_path / "writer") as writer:
            run_id = new_run(writer).run_id
            writer.log_points(run_id, [NewPoint("loss", -1.0, step, step / 3) for step in range(0, 600, 3)])
            assert writer.wait_until_sent(run_id, WAIT_SECONDS) == 0
            writer.set_status(run_id, RunStatus.COMPLETED)
    else:
        run_id = client.create_run("0").info.run_id
        client.set_terminated(run_id)
    for start in range(0, len(points), 1_000):
        client.log_batch(run_id, metrics=points[start : start + 1_000])
    target = SqliteRunStore.open(tmp_path / "target")

    def stop(progress: Progress) -> None:
        if progress.points == 1_000:
            raise KeyboardInterrupt

    with opened(server.uri, tmp_path / "home") as interrupted, pytest.raises(KeyboardInterrupt):
        transfer(interrupted, target, on_progress=stop)
    (begun,) = list_all(target)
    copied_until = target.read_history(begun.run_id, "loss").times[-1]
    client.log_metric(run_id, "loss", -7.5, timestamp=late_at_ms, step=9)
    with opened(server.uri, tmp_path / "home") as source:
        done = transfer(source, target)

        assert (done.copied, done.failed) == (1, {})
        (copy,) = list_all(target)
        assert facts_of(target, copy.run_id)["points"] == facts_of(source, run_id)["points"]
        assert list(target.read_history(copy.run_id, "loss").values).count(-7.5) == 1
    assert (copy.run_id == begun.run_id) == (late_at_ms / 1_000 > copied_until)
    target.close()


def test_the_process_that_was_interrupted_goes_on_itself(
    source: SqliteRunStore, server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer_points, "BATCH", 500)
    run_id = long_run(source)

    def stop(progress: Progress) -> None:
        if progress.points == 1_000:
            raise KeyboardInterrupt

    with opened(server.uri, tmp_path / "home") as target:
        with pytest.raises(KeyboardInterrupt):
            transfer(source, target, on_progress=stop)
        (begun,) = list_all(target)
        done = transfer(source, target)

    assert (done.copied, done.failed) == (1, {})
    assert check_copy(source, run_id, server.uri, tmp_path / "elsewhere").run_id == begun.run_id


def test_killed_between_a_run_and_its_params_it_brings_them(
    source: SqliteRunStore, gateway: Gateway, server: TrackingServer, tmp_path: Path
) -> None:
    run_id = new_run(source, params={"depth": "3", "größe": "7"}).run_id
    source.set_status(run_id, RunStatus.COMPLETED)
    gateway.silent = lambda method, path: path.endswith("log-batch")
    command = [sys.executable, "-c", dedent(EXPORT), str(source.folder), gateway.uri, str(tmp_path / "home")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert gateway.waiting.wait(WAIT_SECONDS)
        process.kill()
    is_refused = Event()

    def refuse(_: str, path: str) -> int | None:
        if path.endswith("log-batch"):
            is_refused.set()
            return 503
        return None

    gateway.refuse = refuse  # what was on its way never arrives
    gateway.speak()
    assert is_refused.wait(WAIT_SECONDS)
    gateway.refuse = lambda method, path: None

    with opened(gateway.uri, tmp_path / "home") as target:
        (begun,) = list_all(target)
        assert transfer(source, target).copied == 1
        assert [record.run_id for record in list_all(target)] == [begun.run_id]

    check_copy(source, run_id, server.uri, tmp_path / "elsewhere")


def test_a_server_that_is_lost_ends_it_and_the_next_one_goes_on(
    source: SqliteRunStore, own_server: TrackingServer, tmp_path: Path
) -> None:
    run_ids = [long_run(source, 100) for _ in range(3)]

    def stop(progress: Progress) -> None:
        if progress.runs == 1 and progress.points == 3_500:
            own_server.stop()

    with opened(own_server.uri, tmp_path / "home") as target:
        done = transfer(source, target, on_progress=stop)
    own_server.start()

    assert (done.copied, list(done.failed), done.left) == (1, run_ids[1:2], 1)
    with opened(own_server.uri, tmp_path / "home") as target:
        again = transfer(source, target)
        assert (again.copied, again.known, again.failed) == (2, 1, {})
        for run_id in run_ids:
            copy = find_copy(source, run_id, target, list_all(target))
            assert facts_of(target, copy.run_id) == facts_of(source, run_id)


def test_one_server_under_two_addresses_gets_nothing_twice(
    source: SqliteRunStore, gateway: Gateway, server: TrackingServer, tmp_path: Path
) -> None:
    long_run(source, 10)
    with opened(server.uri, tmp_path / "home") as one, opened(gateway.uri, tmp_path / "home") as other:
        assert transfer(source, one).copied == 1
        assert (transfer(source, other).copied, transfer(source, other).known) == (0, 1)
        assert (transfer(one, other).copied, transfer(one, other).known) == (0, 1)

        target = SqliteRunStore.open(tmp_path / "target")
        assert transfer(one, target).copied == 1
        assert (transfer(other, target).copied, transfer(other, target).known) == (0, 1)
        target.close()


def test_copies_are_known_however_they_are_called_on_the_server(
    source: SqliteRunStore, store: MlflowStore, client: MlflowClient
) -> None:
    first = long_run(source, 10)
    assert transfer(source, store).copied == 1
    (copy,) = list_all(store)

    client.rename_experiment(copy.experiment_id, "theirs")
    client.update_run(copy.run_id, name="called otherwise")
    second = long_run(source, 20)
    done = transfer(source, store)

    assert (done.copied, done.known, done.failed) == (1, 1, {})
    assert {record.experiment_id for record in list_all(store)} == {copy.experiment_id}
    client.delete_experiment(copy.experiment_id)
    assert (transfer(source, store).copied, transfer(source, store).known) == (0, 2)
    assert find_copy(source, first, store, list_all(store)).run_id == copy.run_id
    assert find_copy(source, second, store, list_all(store)).experiment_name == "theirs"
