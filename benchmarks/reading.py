"""What reading costs: in a new process, after a long history, as a first picture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.bare import BareLog, BareStore
from benchmarks.figure import Figure, best_of, compare
from benchmarks.writing import start_run

_COLD = """
import gc, json, sys, time
from pathlib import Path
folder, what = Path(sys.argv[1]), sys.argv[2]
run_id = (folder / "run_id").read_text()
from aml_widgets.store.sqlite.store import SqliteRunStore
from benchmarks.bare import BareStore
times = []
for turn in range(2):
    # each side opens its file and reads; whoever goes first changes from process to process
    if (turn == 0) == (sys.argv[3] == "ours first"):
        store = SqliteRunStore.open(folder / "workspace", create=False)
        store.get_info()
        gc.collect()  # what was allocated before is not to be collected while we look at the clock
        start = time.perf_counter()
        if what == "last":
            found = [s.last for s in store.latest_metrics([run_id])[run_id]]
        else:
            found = store.read_history(run_id, "metric 0")
        ours = time.perf_counter() - start
        assert len(found) == int(sys.argv[4]), len(found)
    else:
        bare = BareStore(folder / "bare.db")
        bare.db.execute("select count(*) from sqlite_schema").fetchone()
        gc.collect()
        start = time.perf_counter()
        found = bare.last_values(range(10)) if what == "last" else bare.rows(0)
        theirs = time.perf_counter() - start
        assert len(found) == int(sys.argv[4]), len(found)
print(json.dumps([ours, theirs]))
"""


def _fill(folder: Path, count: int, metrics: int) -> None:
    bare = BareStore(folder / "bare.db")
    run = start_run(folder / "workspace")
    (folder / "run_id").write_text(run.id)
    for metric in range(metrics):
        values = [(i * 31 + metric) % 1_000 / 7 for i in range(count)]
        bare.log_many([(metric, i, i, 0.5, value) for i, value in enumerate(values)])
        run.log_list(f"metric {metric}", values)
    for i in range(500):  # a run that goes on: half a tail, as there is on average, is not sealed
        for metric in range(metrics):
            bare.log(metric, count + i, i / 7)
        run.log_metrics({f"metric {metric}": i / 7 for metric in range(metrics)})
    run.experiment.workspace.store.close()
    bare.close()


def cold(folder: Path) -> list[Figure]:
    """Histories and last values, read by a process that has only just opened the file."""
    figures = []
    for name, what, count, metrics, found, limit in (
        ("cold: history of 10,000", "history", 9_500, 1, 10_000, 0.5),
        ("cold: history of 10^6 as arrays", "history", 999_500, 1, 1_000_000, 0.2),
        ("cold: last value of 10 metrics", "last", 9_500, 10, 10, 5),
    ):
        place = folder / name.replace(":", "").replace(" ", "_")
        place.mkdir()
        _fill(place, count, metrics)
        pairs = []
        for turn in range(7):
            order = "ours first" if turn % 2 else "bare first"
            output = subprocess.run(
                [sys.executable, "-c", _COLD, str(place), what, order, str(found)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            ours, theirs = json.loads(output)
            pairs.append((ours * 1e3, theirs * 1e3))
        figures.append(compare(name, "rows from sqlite3", limit, pairs, unit="ms"))
    return figures


def changes(folder: Path) -> list[Figure]:
    """What 100 new points cost a reader with a cursor, after a long and after a short history."""
    pairs, lengths = [], []
    for turn in range(5):
        cost = {}
        for count in (1_000_000, 1_000):
            run = start_run(folder / f"changes{turn}_{count}")
            store = run.experiment.workspace.store
            run.log_list("loss", [i / 7 for i in range(count)])
            cursor = store.changes_since(run.id).cursor
            for i in range(100):
                run.log("loss", i / 7)
            news = store.changes_since(run.id, cursor)
            assert len(news.metrics[0].points) == 100
            cost[count] = best_of(30, lambda store=store, run=run, cursor=cursor: store.changes_since(run.id, cursor))
            run.complete()
            run.experiment.workspace.store.close()
        bare = BareLog(folder / f"changes{turn}.db")
        bare.log_many(i / 7 for i in range(1_000_100))
        assert len(bare.since(1_000_000)) == 100
        theirs = best_of(30, lambda bare=bare: bare.since(1_000_000))
        pairs.append((cost[1_000_000] * 1e6, theirs * 1e6))
        lengths.append((cost[1_000_000] * 1e6, cost[1_000] * 1e6))
        bare.db.close()
    return [
        compare("changes: 100 new points after 10^6", "rowid-range read", 4, pairs, unit="us"),
        compare("changes: after 10^6", "the same after 10^3", 1.5, lengths, unit="us"),
    ]


def envelope(folder: Path) -> Figure:
    """The first picture of a million points."""
    count = 1_000_000
    bare = BareStore(folder / "envelope.db")
    values = [(i * 31) % 1_000 / 7 for i in range(count)]
    bare.log_many([(0, i, i, 0.5, value) for i, value in enumerate(values)])
    run = start_run(folder / "envelope")
    store = run.experiment.workspace.store
    run.log_list("loss", values)
    pairs = []
    for _ in range(7):
        ours = best_of(5, lambda: store.read_envelope(run.id, "loss"))
        theirs = best_of(5, lambda: bare.every_thousandth(0, count))
        pairs.append((ours * 1e3, theirs * 1e3))
    buckets = store.read_envelope(run.id, "loss")
    assert len(buckets) <= 1_000
    assert sum(bucket.count for bucket in buckets) == count
    assert max(bucket.high for bucket in buckets) == max(values)
    run.complete()
    bare.close()
    return compare("envelope of 10^6, at most 1,000 buckets", "every 1,000th row by key", 1, pairs, unit="ms")
