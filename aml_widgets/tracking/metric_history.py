"""All points of one metric, as `Run.get_metric_history` gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Union

from aml_widgets.core.records import MetricValue

PointValue = Union[MetricValue, Mapping[str, MetricValue]]


class MetricPoint(NamedTuple):
    """One logged value.

    Attributes
    ----------
    step : int
        Place on the x axis.
    value : float, int, bool, str, None or dict
        What was logged; of a row, all its cells by column.
    logged_at : float
        Seconds since the epoch, UTC.
    """

    step: int
    value: PointValue
    logged_at: float


class PointHistory:
    """The points of one metric in the order they were logged.

    It is read as three equally long columns, or point by point: ``for step, value, logged_at in history``.

    Parameters
    ----------
    name : str
        The metric.
    steps : sequence of int
        Any order, any repetition.
    values : sequence
        Numbers come as an `array.array` where all are floats, or all 64-bit integers; `numpy.asarray` takes it as it is.
    times : sequence of float
        Seconds since the epoch, UTC.
    """

    def __init__(self, name: str, steps: Sequence[int], values: Sequence[PointValue], times: Sequence[float]) -> None:
        self.name = name
        self.steps = steps
        self.values = values
        self.times = times

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[MetricPoint]:
        return map(MetricPoint, self.steps, self.values, self.times)

    def __getitem__(self, place: int) -> MetricPoint:
        return MetricPoint(self.steps[place], self.values[place], self.times[place])

    def __repr__(self) -> str:
        shown = (
            "no point"
            if not len(self)
            else f"{len(self)} point(s), the last {self[-1].value!r} at step {self[-1].step}"
        )
        return f"PointHistory({self.name!r}: {shown})"
