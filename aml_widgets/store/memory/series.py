"""One metric series in memory: its points, what they sum up to, and which values may be logged at all."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeGuard, cast

from aml_widgets.core.errors import InvalidMetric, InvalidName
from aml_widgets.core.records import (
    Bucket,
    MetricAspect,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricSummary,
    MetricValue,
)

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1


class Series:
    """The points of one metric, or of one of its columns, in the order they were written."""

    def __init__(self, key: MetricKey, kind: MetricKind) -> None:
        self.key = key
        self.kind = kind
        self.logged_seq = 0  # when it was last logged to by `log_columns`, also without a point
        self._seqs: list[int] = []
        self._steps: list[int] = []
        self._values: list[MetricValue] = []
        self._times: list[float] = []
        self._low: float | int | None = None
        self._high: float | int | None = None
        self._nonfinite_count = 0
        self._number_count = 0

    def __len__(self) -> int:
        return len(self._seqs)

    @property
    def next_step(self) -> int:
        """The step that a point without one is given."""
        return self._steps[-1] + 1 if self._steps else 0

    @property
    def begins_at(self) -> tuple[float, int]:
        """Time and step of the first point."""
        return (self._times[0], self._steps[0])

    @property
    def latest_number(self) -> float | int | None:
        """The machine number written last."""
        return next((value for value in reversed(self._values) if is_machine_number(value)), None)

    def find_number(self, of: MetricAspect) -> float | int | None:
        """Give the latest, smallest or largest machine number, NaN where all of them are, None where there is none."""
        latest = self.latest_number
        if latest is None or of is MetricAspect.LAST:
            return latest
        extreme = self._low if of is MetricAspect.LOW else self._high
        return math.nan if extreme is None else extreme

    def append(self, seq: int, step: int, value: MetricValue, logged_at: float) -> None:
        """Append one checked point."""
        self._seqs.append(seq)
        self._steps.append(step)
        self._values.append(value)
        self._times.append(logged_at)
        if is_machine_number(value):
            self._number_count += 1
            self._nonfinite_count += not math.isfinite(value)
            if not math.isnan(value):
                self._low = value if self._low is None else min(self._low, value)
                self._high = value if self._high is None else max(self._high, value)

    def summarize(self, description: str) -> MetricSummary:
        """Sum up the series."""
        return MetricSummary(
            key=self.key,
            kind=self.kind,
            description=description,
            count=len(self),
            first=self._values[0] if self._values else None,
            last=self._values[-1] if self._values else None,
            low=self._low,
            high=self._high,
            nonfinite_count=self._nonfinite_count,
            last_step=self._steps[-1] if self._steps else None,
            last_logged_at=self._times[-1] if self._times else None,
        )

    def history(self) -> MetricHistory:
        """Give all points."""
        return self._pick(range(len(self)))

    def iterate_back(self) -> Iterator[tuple[int, int, MetricValue, float]]:
        """Give place in the order of writing, step, value and time of each point, the newest first."""
        return zip(
            reversed(self._seqs), reversed(self._steps), reversed(self._values), reversed(self._times), strict=True
        )

    def count_after(self, seq: int) -> int:
        """Count the points that were written after a place in the run's order."""
        return len(self) - bisect_right(self._seqs, seq)

    def history_after(self, seq: int) -> MetricHistory:
        """Give the points that were written after a place in the run's order."""
        return self._pick(range(len(self) - self.count_after(seq), len(self)))

    def newest_non_numbers(self, max_points: int) -> MetricHistory:
        """Give the latest points that no bucket covers."""
        if self._number_count == len(self):
            return self._pick(())
        places = [place for place, value in enumerate(self._values) if not is_machine_number(value)]
        return self._pick(places[-max_points:])

    def buckets(self, max_buckets: int, first_step: int | None = None, last_step: int | None = None) -> list[Bucket]:
        """Sum up the machine numbers, or those under a range of steps."""
        places: Sequence[int] = range(len(self))
        if self._number_count < len(self) or first_step is not None or last_step is not None:
            places = [
                place
                for place, (step, value) in enumerate(zip(self._steps, self._values, strict=True))
                if is_machine_number(value)
                and (first_step is None or step >= first_step)
                and (last_step is None or step <= last_step)
            ]
        width = max(1, math.ceil(len(places) / max_buckets))
        return [self._bucket(places[start : start + width]) for start in range(0, len(places), width)]

    def _bucket(self, places: Sequence[int]) -> Bucket:
        first, last = places[0], places[-1]
        is_run = last - first == len(places) - 1  # neighbours, which are copied at once
        steps = self._steps[first : last + 1] if is_run else [self._steps[place] for place in places]
        values = self._values[first : last + 1] if is_run else [self._values[place] for place in places]
        numbers = cast("list[float | int]", values)  # `places` are those of machine numbers
        finite = numbers if self._nonfinite_count == 0 else [value for value in numbers if math.isfinite(value)]
        return Bucket(
            count=len(numbers),
            first_seq=self._seqs[first],
            last_seq=self._seqs[last],
            first_step=steps[0],
            last_step=steps[-1],
            low_step=min(steps),
            high_step=max(steps),
            first_logged_at=self._times[first],
            last_logged_at=self._times[last],
            first=numbers[0],
            last=numbers[-1],
            low=min(finite, default=math.nan),
            high=max(finite, default=math.nan),
            nan_count=0 if finite is numbers else sum(map(math.isnan, numbers)),
            plus_count=0 if finite is numbers else numbers.count(math.inf),
            minus_count=0 if finite is numbers else numbers.count(-math.inf),
        )

    def _pick(self, places: Sequence[int]) -> MetricHistory:
        return MetricHistory(
            seqs=array("q", [self._seqs[place] for place in places]),
            steps=array("q", [self._steps[place] for place in places]),
            values=_pack([self._values[place] for place in places]),
            times=array("d", [self._times[place] for place in places]),
        )


def is_machine_number(value: object) -> TypeGuard[float | int]:
    """Whether a value is a float or an integer of 64 bits, which alone can be summed up and drawn."""
    return type(value) is float or (type(value) is int and INT64_MIN <= value <= INT64_MAX)


def check_value(name: str, value: MetricValue) -> MetricValue:
    """Give back a value that can be logged, as exactly one of the types that are stored."""
    if value is None or isinstance(value, bool):
        return value
    for stored_type in (float, int, str):  # a subclass, such as NumPy's float64, is stored as what it is a kind of
        if isinstance(value, stored_type):
            return stored_type(value)
    raise InvalidMetric(
        f"Value {value!r} of metric {name!r} is a {type(value).__name__}; "
        "float, int, bool, str and None can be logged. Convert it to one of them.",
        value=value,
    )


def check_step(name: str, step: int) -> int:
    """Give back a step that fits the 64 bits that are kept of it."""
    if not isinstance(step, int) or not INT64_MIN <= step <= INT64_MAX:
        # Python refuses to write out an int of thousands of digits.
        shown = f"of {step.bit_length()} bits" if isinstance(step, int) else repr(step)
        raise InvalidMetric(
            f"Step {shown} of metric {name!r} is no integer of 64 bits. Leave it out to count by itself.", value=step
        )
    return int(step)


def check_name(name: str, what: str, *, may_be_empty: bool = False) -> str:
    """Give back the name of a metric or column, which may be any Unicode text."""
    if not isinstance(name, str) or (not name and not may_be_empty):
        raise InvalidName(f"{what} {name!r} is no text with at least one character. Give it a name.", value=name)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InvalidName(
            f"{what} {name!a} holds half of a surrogate pair, which is no Unicode character. Leave it out.",
            value=name,
        ) from error
    return str(name)


def _pack(values: list[MetricValue]) -> array[float] | array[int] | list[MetricValue]:
    floats = [value for value in values if type(value) is float]
    if len(floats) == len(values):
        return array("d", floats)
    ints = [value for value in values if type(value) is int and is_machine_number(value)]
    if len(ints) == len(values):
        return array("q", ints)
    return values
