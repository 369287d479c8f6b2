"""Many processes and threads at once, forks and kills: nothing is lost, nothing is raised."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from aml_widgets.core.records import MetricValue, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite.store import SqliteRunStore

from .conftest import start_run

WRITER = """
import sys
from pathlib import Path
from aml_widgets.store.sqlite.store import SqliteRunStore
folder, run_id, name, count = sys.argv[1:]
store = SqliteRunStore.open(Path(folder))
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(count)):
    store.log_metric(run_id, name, float(i))
print("done", flush=True)
"""

KILLED = """
import sys
from pathlib import Path
from aml_widgets.store.sqlite.store import SqliteRunStore
folder, run_id = sys.argv[1:]
store = SqliteRunStore.open(Path(folder))
i = 0
while True:
    store.log_metric(run_id, "loss", float(i))
    sys.stdout.write(f"{i}\\n")  # acknowledged
    sys.stdout.flush()
    i += 1
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("names", ["one name", "own names"])
def test_eight_processes_write_one_run(store: SqliteRunStore, run: RunRecord, folder: Path, names: str) -> None:
    count = 700
    writers = [
        start(WRITER, folder, run.run_id, "loss" if names == "one name" else f"loss {i}", count) for i in range(8)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    cursor = None
    seen: Counter[MetricValue] = Counter()
    while any(writer.poll() is None for writer in writers):  # a reader that looks on all the while
        changes = store.changes_since(run.run_id, cursor, max_buckets=100_000)
        cursor = changes.cursor
        for news in changes.metrics:
            seen.update(news.points.values)
    results = [writer.communicate()[0] for writer in writers]
    for news in store.changes_since(run.run_id, cursor).metrics:
        seen.update(news.points.values)

    assert results == ["done\n"] * 8
    assert [writer.returncode for writer in writers] == [0] * 8
    assert seen == Counter({float(i): 8 for i in range(count)})
    summaries = store.summarize_metrics(run.run_id)
    assert sum(summary.count for summary in summaries) == 8 * count
    if names == "one name":
        # steps counted by eight processes are those of one
        assert list(store.read_history(run.run_id, "loss").steps) == list(range(8 * count))


def test_threads_write_while_others_read(store: SqliteRunStore, run: RunRecord) -> None:
    faults: list[BaseException] = []

    def write(name: str) -> None:
        try:
            for i in range(1_500):
                store.log_metric(run.run_id, name, float(i))
                if i % 100 == 0:
                    store.update_run(run.run_id, tags={name: str(i)})
        except BaseException as fault:  # noqa: BLE001 - whatever it is, the test tells of it
            faults.append(fault)

    def read() -> None:
        try:
            for _ in range(60):
                store.changes_since(run.run_id)
                store.summarize_metrics(run.run_id)
        except BaseException as fault:  # noqa: BLE001 - whatever it is, the test tells of it
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(f"m{i}",)) for i in range(4)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    for i in range(4):
        history = store.read_history(run.run_id, f"m{i}")
        assert list(history.values) == [float(j) for j in range(1_500)]


def test_acknowledged_points_survive_a_kill(store: SqliteRunStore, folder: Path) -> None:
    chance = random.Random(7)
    for _ in range(5):
        run = start_run(store)
        writer = start(KILLED, folder, run.run_id)
        assert writer.stdout is not None
        last = 0
        for _ in range(chance.randrange(50, 3_000)):
            last = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        with writer:  # not `communicate`, which would miss what the reading above has buffered
            acknowledged = [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        last = acknowledged[-1] if acknowledged else last

        values = list(store.read_history(run.run_id, "loss").values)

        assert values[: last + 1] == [float(i) for i in range(last + 1)]
        assert len(values) <= last + 2  # the kill may have come between the commit and the word of it


def test_an_interrupted_write_leaves_no_lock_behind(store: SqliteRunStore, run: RunRecord, folder: Path) -> None:
    def begin_and_stop(connection: sqlite3.Connection) -> None:
        connection.execute("update run set display_name = 'half done'")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store._database.write(begin_and_stop)

    other = SqliteRunStore.open(folder)
    other.log_metric(run.run_id, "loss", 0.25)
    store.log_metric(run.run_id, "loss", 0.125)
    assert list(other.read_history(run.run_id, "loss").values) == [0.25, 0.125]
    assert other.get_run(run.run_id).display_name is None
    other.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_parent_and_forked_child_both_go_on(store: SqliteRunStore, run: RunRecord) -> None:
    store.log_metric(run.run_id, "parent", 0.0)
    child = multiprocessing.get_context("fork").Process(target=_log_many, args=(store, run.run_id, "child"))

    child.start()
    _log_many(store, run.run_id, "parent")
    child.join()

    assert child.exitcode == 0
    assert len(store.read_history(run.run_id, "parent")) == 2_001
    assert list(store.read_history(run.run_id, "child").values) == [float(i) for i in range(2_000)]


def _log_many(store: SqliteRunStore, run_id: str, name: str) -> None:
    for i in range(2_000):
        store.log_metric(run_id, name, float(i))


def test_many_processes_open_a_new_workspace_at_once(folder: Path) -> None:
    program = """
import sys
from pathlib import Path
from aml_widgets.store.sqlite.store import SqliteRunStore
sys.stdin.readline()
store = SqliteRunStore.open(Path(sys.argv[1]))
print(store.open_experiment("ridge").experiment_id, store.get_info()["workspace_id"])
"""
    openers = [start(program, folder) for _ in range(6)]
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("go\n")
        opener.stdin.flush()

    answers = {opener.communicate()[0] for opener in openers}

    assert [opener.returncode for opener in openers] == [0] * 6
    assert len(answers) == 1


def test_another_process_learns_that_a_run_has_ended(store: SqliteRunStore, run: RunRecord, folder: Path) -> None:
    writer = start(WRITER, folder, run.run_id, "loss", 10)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    store.set_status(run.run_id, RunStatus.COMPLETED)

    writer.communicate("go\n")

    assert writer.returncode == 1
    assert len(store.read_history(run.run_id, "loss")) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_waits_for_the_transaction_of_another_thread(store: SqliteRunStore, run: RunRecord) -> None:
    is_inside, is_forking = threading.Event(), threading.Event()
    os.register_at_fork(before=is_forking.set)  # comes before the store's own, which was registered earlier

    def hold(connection: sqlite3.Connection) -> None:
        connection.execute("update run set display_name = 'kept'")
        is_inside.set()
        is_forking.wait()

    thread = threading.Thread(target=store._database.write, args=(hold,))
    thread.start()
    is_inside.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if store.get_run(run.run_id).display_name == "kept" else 1)
    _, status = os.waitpid(child, 0)
    thread.join()

    assert status == 0
    store.log_metric(run.run_id, "loss", 0.5)
    assert store.get_run(run.run_id).display_name == "kept"
