"""The points of one metric in the order in which a server gives its history: by time, step and value."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator

from aml_widgets.store.mlflow.plain_points import PlainPoint

OrderedPoint = tuple[int, int, float]
"""Milliseconds, step, value: what a server orders a history by."""


def to_ordered(point: PlainPoint) -> OrderedPoint:
    """Give what a point is ordered by. A server keeps NaN as zero beside a mark."""
    return (point.timestamp_ms, point.step, 0.0 if math.isnan(point.value) else point.value)


class PointOrder:
    """Points in a server's order, in 24 bytes each.

    A server that orders otherwise is followed in its order; only to find a point takes longer then.
    """

    def __init__(self) -> None:
        self._times_ms = array("q")
        self._steps = array("q")
        self._values = array("d")
        self._is_ascending = True

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, place: int) -> OrderedPoint:
        return (self._times_ms[place], self._steps[place], self._values[place])

    def __iter__(self) -> Iterator[OrderedPoint]:
        return zip(self._times_ms, self._steps, self._values, strict=True)

    def append(self, point: OrderedPoint) -> None:
        """Put a point behind the others."""
        if self and point < self[-1]:
            self._is_ascending = False
        self._insert(len(self), point)

    def add(self, point: OrderedPoint) -> None:
        """Put a point where it belongs, unless it is there."""
        place = self._find_place(point)
        if place == len(self) or self[place] != point:
            self._insert(place, point)

    def find(self, point: OrderedPoint) -> int | None:
        """Give the place of a point, None where it is not there."""
        if not self._is_ascending:
            return next((place for place, known in enumerate(self) if known == point), None)
        place = self._find_place(point)
        return place if place < len(self) and self[place] == point else None

    def cut(self, count: int) -> None:
        """Forget what is behind so many."""
        del self._times_ms[count:]
        del self._steps[count:]
        del self._values[count:]

    def _insert(self, place: int, point: OrderedPoint) -> None:
        time_ms, step, value = point
        self._times_ms.insert(place, time_ms)
        self._steps.insert(place, step)
        self._values.insert(place, value)

    def _find_place(self, point: OrderedPoint) -> int:
        low, high = 0, len(self)
        if high == 0 or self[-1] < point:
            return high
        while low < high:
            middle = (low + high) // 2
            if self[middle] < point:
                low = middle + 1
            else:
                high = middle
        return low
