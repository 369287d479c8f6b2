"""Metrics of runs in memory: written, summed up, read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from aml_widgets.core import clock
from aml_widgets.core.errors import UserError
from aml_widgets.core.records import (
    Bucket,
    LatestMetric,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricSummary,
    MetricValue,
    NewPoint,
)
from aml_widgets.store.memory import listing
from aml_widgets.store.memory.state import MemoryState, StoredRun, terminal_error
from aml_widgets.store.protocol import MAX_BUCKETS


class MemoryPoints(MemoryState):
    """The part of the store that keeps what is logged."""

    def log_metric(
        self, run_id: str, name: str, value: MetricValue, step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to a scalar metric. Without `step`: one after the metric's last, from 0."""
        self.log_metrics(run_id, {name: value}, step, logged_at)

    def log_metrics(
        self, run_id: str, values: Mapping[str, MetricValue], step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to each metric, in one transaction and at one time."""
        with self._lock:
            run = self._writable(run_id)
            now = clock.now()
            run.metrics.append_row(values, step, now if logged_at is None else logged_at)
            run.record = replace(run.record, last_seen_at=now)

    def log_columns(
        self,
        run_id: str,
        name: str,
        columns: Mapping[str | None, Sequence[MetricValue]],
        *,
        kind: MetricKind = MetricKind.SCALAR,
        description: str = "",
        logged_at: float | None = None,
    ) -> None:
        """Append many points under one name, in one transaction; the columns are equally long."""
        with self._lock:
            run = self._writable(run_id)
            now = clock.now()
            run.metrics.append_columns(name, columns, kind, description, now if logged_at is None else logged_at)
            run.record = replace(run.record, last_seen_at=now)

    def log_points(self, run_id: str, points: Sequence[NewPoint], *, even_if_ended: bool = False) -> None:
        """Append points, each with a step and time of its own."""
        with self._lock:
            run = self._run(run_id) if even_if_ended else self._writable(run_id)
            now = clock.now()
            run.metrics.append_points(points, now)
            if run.record.status.is_terminal:
                run.version = self._next_version() if points else run.version
            else:
                run.record = replace(run.record, last_seen_at=now)

    def _writable(self, run_id: str) -> StoredRun:
        run = self._run(run_id)
        if run.record.status.is_terminal:
            raise terminal_error(run.record, "takes no more points")
        return run

    def summarize_metrics(self, run_id: str, *, is_look: bool = False) -> list[MetricSummary]:  # noqa: ARG002 - all is known
        """Sum up every series of a run, in the order they were first logged, without reading histories."""
        with self._lock:
            return self._run(run_id).metrics.summarize()

    def summarize_runs(self, run_ids: Sequence[str], names: Collection[str]) -> Mapping[str, Sequence[MetricSummary]]:
        """Sum up the series of some metrics of some runs; a run that is not there is left out."""
        with self._lock:
            return {
                run_id: [one for one in self._runs[run_id].metrics.summarize() if one.key.name in names]
                for run_id in run_ids
                if run_id in self._runs
            }

    def list_metric_names(self, limit: int = 500) -> list[str]:
        """Name the metrics that were logged one value at a time, the most common ones first."""
        with self._lock:
            return listing.name_metrics(self._runs, limit)

    def latest_metrics(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[LatestMetric]]:
        """Give the last value of every series of some runs; a run without metrics has an empty sequence."""
        with self._lock:
            return {run_id: self._run(run_id).metrics.latest() for run_id in run_ids}

    def read_history(self, run_id: str, name: str, column: str | None = None) -> MetricHistory:
        """Read all points of a series; empty when there is none."""
        with self._lock:
            return self._run(run_id).metrics.find(MetricKey(name, column)).history()

    def read_histories(self, run_id: str, names: Collection[str]) -> Mapping[MetricKey, MetricHistory]:
        """Read all points of every series of some metrics, at one moment."""
        with self._lock:
            metrics = self._run(run_id).metrics
            return {one.key: metrics.find(one.key).history() for one in metrics.summarize() if one.key.name in names}

    def read_envelope(
        self,
        run_id: str,
        name: str,
        column: str | None = None,
        *,
        first_step: int | None = None,
        last_step: int | None = None,
        max_buckets: int = MAX_BUCKETS,
    ) -> list[Bucket]:
        """Sum up the numbers of a series, in order, in at most `max_buckets` buckets."""
        check_max_buckets(max_buckets)
        with self._lock:
            return self._run(run_id).metrics.find(MetricKey(name, column)).buckets(max_buckets, first_step, last_step)


def check_max_buckets(max_buckets: int) -> None:
    """Refuse to sum up in too few buckets. Raises UserError."""
    if max_buckets < 2:
        raise UserError(f"At most {max_buckets} buckets make no picture. Ask for at least 2.", value=max_buckets)
