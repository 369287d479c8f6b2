"""What logging costs."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from aml_widgets import Experiment, Run, Workspace
from benchmarks.bare import BareStore
from benchmarks.figure import Figure, compare, timed


def start_run(folder: Path) -> Run:
    """Open a workspace in a folder and start a run, without a snapshot of the current folder."""
    return Experiment(Workspace.open(folder), "bench").start_logging(snapshot_directory=None, outputs=False)


def one_call(folder: Path) -> Figure:
    """Median cost of one committed call."""
    count = 20_000
    pairs = []
    for turn in range(5):
        bare = BareStore(folder / f"one{turn}.db")
        run = start_run(folder / f"one{turn}")
        for i in range(500):  # both warm
            bare.log(0, i, 0.5)
            run.log("loss", 0.5)
        theirs, ours = [], []
        for i in range(500, count):
            start = time.perf_counter_ns()
            bare.log(0, i, i / 7)
            middle = time.perf_counter_ns()
            run.log("loss", i / 7)
            ours.append(time.perf_counter_ns() - middle)
            theirs.append(middle - start)
        run.complete()
        bare.close()
        pairs.append((statistics.median(ours) / 1e3, statistics.median(theirs) / 1e3))
    return compare("run.log, median of a call", "one-row committed INSERT", 2.5, pairs, unit="us")


def million_calls(folder: Path) -> tuple[Figure, Figure]:
    """10^6 calls until all is durable, and what they take on the disk."""
    count = 1_000_000
    pairs, sizes = [], []
    for turn in range(2):
        rows = [(0, i, i, time.time(), i / 7) for i in range(count)]

        def bare(
            path: Path = folder / f"million{turn}.db", rows: list[tuple[int, int, int, float, float]] = rows
        ) -> None:
            store = BareStore(path)
            store.log_many(rows)
            store.close()

        theirs = timed(bare)
        workspace = folder / f"million{turn}"
        run = start_run(workspace)

        def ours(run: Run = run) -> None:
            log = run.log
            for i in range(count):
                log("loss", i / 7)
            run.complete()
            run.experiment.workspace.store.close()

        pairs.append((timed(ours), theirs))
        sizes.append((sum(file.stat().st_size for file in workspace.glob("runs.db*")) / count, 1.0))
    return (
        compare("10^6 run.log, until durable", "executemany of the rows", 9, pairs),
        compare("bytes on disk a scalar point", "(absolute)", 28, sizes, unit="B"),
    )


def wide_calls(folder: Path) -> Figure:
    """10,000 calls of ten metrics."""
    count, names = 10_000, [f"metric {i}" for i in range(10)]
    pairs = []
    for turn in range(5):
        rows = [(m, i, i, time.time(), i / 7) for i in range(count) for m in range(10)]

        def bare(path: Path = folder / f"wide{turn}.db", rows: list[tuple[int, int, int, float, float]] = rows) -> None:
            store = BareStore(path)
            store.log_many(rows)
            store.close()

        run = start_run(folder / f"wide{turn}")

        def ours(run: Run = run) -> None:
            for i in range(count):
                value = i / 7
                run.log_metrics(dict.fromkeys(names, value))
            run.complete()
            run.experiment.workspace.store.close()

        pairs.append((timed(ours), timed(bare)))
    return compare("10,000 log_metrics of 10", "executemany of the rows", 2.5, pairs)


def long_list(folder: Path) -> Figure:
    """One call with 10^6 floats."""
    values = [i / 7 for i in range(1_000_000)]
    pairs = []
    for turn in range(3):
        rows = [(0, i, i, time.time(), value) for i, value in enumerate(values)]

        def bare(path: Path = folder / f"list{turn}.db", rows: list[tuple[int, int, int, float, float]] = rows) -> None:
            store = BareStore(path)
            store.log_many(rows)
            store.close()

        run = start_run(folder / f"list{turn}")

        def ours(run: Run = run) -> None:
            run.log_list("loss", values)
            run.complete()
            run.experiment.workspace.store.close()

        pairs.append((timed(ours), timed(bare)))
    return compare("log_list of 10^6 floats", "executemany of the rows", 1, pairs)
