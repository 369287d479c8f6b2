"""The copies of what is logged that plain MLflow shows: floats under names that it takes.

Text, None, infinities, rows and pictures have none: MLflow has no place for them, or shows something misleading. Neither have names
that it refuses. Truth values are 0 and 1. The reader computes the same copies again, to tell them from what other programs logged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from aml_widgets.core.records import MetricKind, MetricValue
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.entities import to_ms
from aml_widgets.store.mlflow.exact_values import Columns, Record, Row

_MAX_MS = 2**62


class PlainPoint(NamedTuple):
    """One point as MLflow keeps it."""

    key: str
    value: float
    timestamp_ms: int
    step: int


def to_plain_points(record: Record) -> Iterator[PlainPoint]:
    """Give the points that go to MLflow's own metrics."""
    if isinstance(record, Row):
        for (name, value), step in zip(record.values.items(), record.steps, strict=True):
            point = to_plain_point(name, value, step, record.logged_at)
            if point is not None:
                yield point
    elif isinstance(record, Columns) and record.kind is MetricKind.SCALAR:
        for column in record.columns:
            for step, value in enumerate(column.values, start=column.first_step):
                point = to_plain_point(record.name, value, step, record.logged_at)
                if point is not None:
                    yield point


def to_plain_point(name: str, value: MetricValue, step: int, logged_at: float) -> PlainPoint | None:
    """Give the point that goes to MLflow, None where there is none."""
    if value is None or isinstance(value, str) or not names.is_key(name) or not math.isfinite(logged_at):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    timestamp_ms = to_ms(logged_at)
    if math.isinf(number) or not 0 <= timestamp_ms < _MAX_MS:
        return None
    return PlainPoint(name, number, timestamp_ms, step)
