"""What the facts about stores are stated with."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from aml_widgets.core.records import (
    Bucket,
    MetricHistory,
    MetricKey,
    MetricSummary,
    MetricValue,
    NewRun,
    RunChanges,
    RunQuery,
    RunRecord,
    WriterProcess,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore

Point = tuple[int, int, object, float]
"""Seq, step, exact value, time."""


def new_run(
    store: RunStore, status: RunStatus = RunStatus.RUNNING, experiment: str = "facts", **facts: object
) -> RunRecord:
    """Create a run."""
    experiment_id = store.open_experiment(experiment).experiment_id
    return store.create_run(NewRun(experiment_id=experiment_id, status=status, **facts))  # type: ignore[arg-type]


def describe_process(pid: int) -> WriterProcess:
    """Describe a running process of this machine as the writer of a run."""
    import psutil

    me = this_process()
    started_at = psutil.Process(pid).create_time()
    return WriterProcess(host=me.host, namespace=me.namespace, pid=pid, process_started_at=started_at)


def gone_process() -> WriterProcess:
    """Describe a process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    me = this_process()
    return WriterProcess(
        host=me.host, namespace=me.namespace, pid=process.pid, process_started_at=me.process_started_at + 1
    )


def wait_until(is_so: Callable[[], bool], timeout_seconds: float = 30.0) -> None:
    """Poll until something is so; fail when it does not come to be."""
    deadline = time.monotonic() + timeout_seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {timeout_seconds} s"
        time.sleep(0.02)


def exact(value: MetricValue) -> tuple[str, object]:
    """Give something that is equal for the same value of the same type alone; NaN equals NaN, and 0.0 not -0.0."""
    if type(value) is float:
        return ("float", "nan" if math.isnan(value) else value.hex())
    return (type(value).__name__, value)


def points_of(history: MetricHistory) -> list[Point]:
    """Turn the columns of a history into comparable points."""
    values = [exact(value) for value in history.values]
    return list(zip(history.seqs, history.steps, values, history.times, strict=True))


def values_of(history: MetricHistory) -> list[tuple[str, object]]:
    """Give the values alone, comparable."""
    return [exact(value) for value in history.values]


def read_all(store: RunStore, run_id: str) -> dict[MetricKey, list[Point]]:
    """Read the history of every series of a run."""
    keys = [summary.key for summary in store.summarize_metrics(run_id)]
    return {key: points_of(store.read_history(run_id, key.name, key.column)) for key in keys}


def is_number(value: MetricValue) -> bool:
    """Whether a value is a float or an int of 64 bits."""
    return type(value) is float or (type(value) is int and -(2**63) <= value < 2**63)


def check_summary(summary: MetricSummary, history: MetricHistory) -> None:
    """Compare a summary with what its history sums up to."""
    values = list(history.values)
    numbers = [value for value in values if is_number(value)]
    real = [value for value in numbers if not math.isnan(value)]  # type: ignore[arg-type]

    assert summary.count == len(values)
    assert exact(summary.first) == exact(values[0] if values else None)
    assert exact(summary.last) == exact(values[-1] if values else None)
    assert summary.low == min(real, default=None)  # type: ignore[type-var]
    assert summary.high == max(real, default=None)  # type: ignore[type-var]
    assert summary.nonfinite_count == sum(not math.isfinite(value) for value in numbers)  # type: ignore[arg-type]
    assert summary.last_step == (history.steps[-1] if values else None)
    assert summary.last_logged_at == (history.times[-1] if values else None)


def check_buckets(buckets: Sequence[Bucket], history: MetricHistory, max_buckets: int) -> None:
    """Compare buckets with the numbers that they sum up: all of the history's, in order, each once."""
    numbers = [
        (seq, step, value, at)
        for seq, step, value, at in zip(history.seqs, history.steps, history.values, history.times, strict=True)
        if is_number(value)
    ]
    assert len(buckets) <= max_buckets
    assert sum(bucket.count for bucket in buckets) == len(numbers)
    start = 0
    for bucket in buckets:
        assert bucket.count > 0
        part = numbers[start : start + bucket.count]
        start += bucket.count
        check_bucket(bucket, part)


def check_bucket(bucket: Bucket, part: Sequence[tuple[int, int, MetricValue, float]]) -> None:
    """Compare one bucket with the points that it sums up."""
    seqs, steps, values, times = zip(*part, strict=True)
    finite = [value for value in values if math.isfinite(value)]
    assert (bucket.count, bucket.first_seq, bucket.last_seq) == (len(part), seqs[0], seqs[-1])
    assert (bucket.first_step, bucket.last_step) == (steps[0], steps[-1])
    assert (bucket.low_step, bucket.high_step) == (min(steps), max(steps))
    assert (bucket.first_logged_at, bucket.last_logged_at) == (times[0], times[-1])
    assert exact(bucket.first) == exact(values[0])
    assert exact(bucket.last) == exact(values[-1])
    assert bucket.low == min(finite) if finite else math.isnan(bucket.low)
    assert bucket.high == max(finite) if finite else math.isnan(bucket.high)
    assert bucket.nan_count == sum(math.isnan(value) for value in values)
    assert (bucket.plus_count, bucket.minus_count) == (values.count(math.inf), values.count(-math.inf))


class Viewer:
    """Follows a run by its cursor, as a view does, and keeps all that it was told."""

    def __init__(
        self, store: RunStore, run_id: str, *, max_buckets: int = 10**6, max_new_points: int | None = None
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._max_buckets = max_buckets
        self._max_new_points = max_new_points
        self._cursor: str | None = None
        self._counts: dict[MetricKey, int] = {}
        self.points: dict[MetricKey, list[Point]] = {}
        self.bucket_counts: dict[MetricKey, int] = {}

    def look(self) -> RunChanges:
        """Ask what is new, and take it in."""
        changes = self._store.changes_since(
            self._run_id, self._cursor, max_buckets=self._max_buckets, max_new_points=self._max_new_points
        )
        is_first = self._cursor is None
        self._cursor = changes.cursor
        for news in changes.metrics:
            before = self._counts.get(news.key, 0)
            count = before + len(news.points) if news.summary is None else news.summary.count
            is_too_long = self._max_new_points is not None and count - before > self._max_new_points
            assert news.is_opening == (is_first or is_too_long)
            assert (news.summary is not None) == news.is_opening
            self._counts[news.key] = count
            if news.is_opening:
                self.points[news.key] = []
                self.bucket_counts[news.key] = sum(bucket.count for bucket in news.buckets)
            else:
                assert not news.buckets
                assert len(news.points) or not self.points.get(news.key)  # an empty metric is news, too
            self.points.setdefault(news.key, []).extend(points_of(news.points))
        return changes


def names(records: Iterable[RunRecord]) -> list[str | None]:
    """Give the display names of runs."""
    return [record.display_name for record in records]


def kinds_of_values() -> Mapping[str, MetricValue]:
    """Give a value of every sort that can be logged, by a word for it."""
    return {
        "zero": 0.0,
        "minus zero": -0.0,
        "tenth": 0.1,
        "smallest": 5e-324,
        "largest": 1.7976931348623157e308,
        "nan": math.nan,
        "inf": math.inf,
        "minus inf": -math.inf,
        "int": 3,
        "int zero": 0,
        "int64 max": 2**63 - 1,
        "int64 min": -(2**63),
        "above int64": 2**63,
        "below int64": -(2**63) - 1,
        "no float has it": 2**53 + 1,
        "huge": 10**5000,
        "minus huge": -(10**5000),
        "true": True,
        "false": False,
        "none": None,
        "empty": "",
        "text": "relu",
        "number as text": "1.5",
        "nul": "a\0b",
        "long": "x" * 100_000,
        "emoji": "λ 🚀 e\u0301",
        "lone surrogate": "\ud800 x",
        "markup": "<b>&amp;</b>",
    }


def list_names(store: RunStore, **conditions: object) -> list[str | None]:
    """List runs that a page holds, by their display names."""
    page = store.list_runs(RunQuery(**conditions))  # type: ignore[arg-type]
    assert page.next_page_token is None
    return names(page.runs)


def page_through(store: RunStore, query: RunQuery) -> list[RunRecord]:
    """List runs, one page after the other."""
    runs: list[RunRecord] = []
    token = None
    for _ in range(1_000):  # a store whose pages never end fails, and does not hang
        page = store.list_runs(replace(query, page_token=token))
        assert len(page.runs) <= query.limit
        runs += page.runs
        token = page.next_page_token
        if token is None:
            return runs
    raise AssertionError("the pages have no end")
