"""Metrics as MLflow sees them: numbers under names, where the latest is the one of the largest step.

What is no number has no place in MLflow's metrics and is left out there. Columns of rows are metrics named ``rows/column``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mlflow.entities import Metric

from aml_widgets.core.records import LatestMetric, MetricHistory, MetricKey, MetricKind, MetricValue, NewPoint
from aml_widgets.mlflow_plugin.entities import to_milliseconds, to_seconds
from aml_widgets.store.protocol import RunStore

_MAX_REMEMBERED = 500_000

_KINDS = (MetricKind.SCALAR, MetricKind.ROW)


class Latest(NamedTuple):
    """The latest point of a metric, in the order by which MLflow compares points, behind the name."""

    step: int
    timestamp: int
    value: float


class Metrics:
    """The metrics of runs, for MLflow.

    Parameters
    ----------
    store : RunStore
        Keeps them.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store
        # By run and series, for how many points it holds: what was logged never changes, so as many points are the same points.
        self._known: dict[tuple[str, MetricKey], tuple[int, Latest | None]] = {}

    def latest(self, run_ids: Sequence[str]) -> dict[str, dict[str, Latest]]:
        """Give the latest point of each metric of some runs."""
        return {
            run_id: self._latest_of(run_id, metrics) for run_id, metrics in self._store.latest_metrics(run_ids).items()
        }

    def _latest_of(self, run_id: str, metrics: Sequence[LatestMetric]) -> dict[str, Latest]:
        found: dict[str, Latest] = {}
        unknown: dict[MetricKey, int] = {}
        for metric in metrics:
            if metric.kind not in _KINDS or metric.count == 0:
                continue
            point = self._quick(run_id, metric)
            if point is not None:
                _add(found, metric.key, point)
            elif (run_id, metric.key) not in self._known or self._known[run_id, metric.key][0] != metric.count:
                unknown[metric.key] = metric.count
        if unknown:
            histories = self._store.read_histories(run_id, {key.name for key in unknown})
            for key in unknown:
                history = histories.get(key)
                point = None if history is None else _find_latest(history)
                self._remember(run_id, key, 0 if history is None else len(history), point)
                if point is not None:
                    _add(found, key, point)
        return found

    def _quick(self, run_id: str, metric: LatestMetric) -> Latest | None:
        if metric.count == 1:
            return _to_latest(metric.last_step, metric.last_logged_at, metric.last)
        known = self._known.get((run_id, metric.key))
        return known[1] if known is not None and known[0] == metric.count else None

    def _remember(self, run_id: str, key: MetricKey, count: int, point: Latest | None) -> None:
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[run_id, key] = (count, point)

    def history(self, run_id: str, name: str) -> list[Metric]:
        """Give all points of a metric that MLflow can show, in the order they were written."""
        return self.history_page(run_id, name, 0, None)[0]

    def history_page(self, run_id: str, name: str, start: int, count: int | None) -> tuple[list[Metric], int]:
        """Give some of these points, and how many there are: entities are made of those that are given only."""
        for key in _keys_of(name):
            history = self._store.read_history(run_id, key.name, key.column)
            if len(history):
                values = history.values
                places: Sequence[int] = range(len(history))
                if isinstance(values, list):
                    places = [place for place in places if to_number(values[place]) is not None]
                end = None if count is None else start + count
                return [
                    Metric(name, number, to_milliseconds(history.times[place]), history.steps[place])
                    for place in places[start:end]
                    if (number := to_number(values[place])) is not None
                ], len(places)
        return [], 0


def to_metrics(latest: Mapping[str, Latest]) -> list[Metric]:
    """Make MLflow's entities of latest points."""
    return [Metric(name, point.value, point.timestamp, point.step) for name, point in latest.items()]


def to_points(metrics: Iterable[Metric]) -> list[NewPoint]:
    """Make points of MLflow's entities. An integer stays one; what NumPy or a framework calls a number becomes one."""
    return [
        NewPoint(
            metric.key,
            metric.value if type(metric.value) is int else float(metric.value),
            0 if metric.step is None else metric.step,
            to_seconds(metric.timestamp),
        )
        for metric in metrics
    ]


def to_number(value: MetricValue) -> float | None:
    """Give what MLflow can show of a value, None where it is nothing."""
    if isinstance(value, float):
        return value
    if not isinstance(value, int):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _to_latest(step: int | None, logged_at: float | None, value: MetricValue) -> Latest | None:
    number = to_number(value)
    return None if number is None else Latest(step or 0, to_milliseconds(logged_at or 0.0), number)


def _find_latest(history: MetricHistory) -> Latest | None:
    """Give the point of the largest step; of several the one of the latest time, and of these the largest."""
    if not len(history):
        return None
    top_step = max(history.steps)
    places: Iterable[int]
    if isinstance(history.steps, range):
        places = [history.steps.index(top_step)]
    else:
        places = [place for place, step in enumerate(history.steps) if step == top_step]
    points = [_to_latest(top_step, history.times[place], history.values[place]) for place in places]
    numbers = [point for point in points if point is not None]
    if numbers:
        # a NaN is neither larger nor smaller: MLflow's own store takes it for zero there
        return max(numbers, key=lambda point: (point.timestamp, 0.0 if math.isnan(point.value) else point.value))
    rest = [
        point
        for step, at, value in zip(history.steps, history.times, history.values, strict=True)
        if (point := _to_latest(step, at, value)) is not None
    ]
    return max(rest, default=None)


def _add(found: dict[str, Latest], key: MetricKey, point: Latest) -> None:
    if key.column is None:
        found[key.name] = point
    else:
        found.setdefault(f"{key.name}/{key.column}", point)


def _keys_of(name: str) -> Iterable[MetricKey]:
    """Give the series that a name of MLflow's may mean."""
    yield MetricKey(name)
    parts = name.split("/")
    for i in range(1, len(parts)):
        yield MetricKey("/".join(parts[:i]), "/".join(parts[i:]))
