"""Some points of a long metric, for charts of MLflow's."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlflow.entities import Metric
from mlflow.entities.metric import MetricWithRunId
from mlflow.exceptions import MlflowException


def check(start_step: int | None, end_step: int | None) -> None:
    """Raise MLflow's error for half an interval."""
    if (start_step is None) != (end_step is None):
        raise MlflowException.invalid_parameter_value(
            "Both start_step and end_step must be specified together, or neither may be specified."
        )


def in_time(points: Sequence[Metric], run_id: str) -> list[MetricWithRunId]:
    """Put points in the order of their times, steps and values."""
    return [MetricWithRunId(point, run_id) for point in sorted(points, key=_place_in_time)]


def sample(
    points: Sequence[Metric], run_id: str, max_results: int, start_step: int | None, end_step: int | None
) -> list[MetricWithRunId]:
    """Pick points by their steps, spread evenly; the first and the last stay, of one alone the last."""
    if start_step is not None and end_step is not None:
        points = [point for point in points if start_step <= point.step <= end_step]
    points = sorted(points, key=_place_by_step)
    count = max(1, max_results)
    if len(points) > count:
        last = len(points) - 1
        places = [last] if count == 1 else [i * last // (count - 1) for i in range(count)]
        points = [points[place] for place in places]
    return [MetricWithRunId(point, run_id) for point in points]


def _place_in_time(point: Metric) -> tuple[int, int, float]:
    return (point.timestamp, point.step, _comparable(point.value))


def _place_by_step(point: Metric) -> tuple[int, int, float]:
    return (point.step, point.timestamp, _comparable(point.value))


def _comparable(value: float) -> float:
    return 0.0 if math.isnan(value) else value
