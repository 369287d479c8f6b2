"""How metrics are kept and read."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Union

MetricValue = Union[float, int, bool, str, None]
"""What can be logged under a name: a machine number, or text, a truth value, None or an int of any size."""


class MetricKind(str, Enum):
    """What a metric's points are."""

    SCALAR = "scalar"  # `log` and `log_list`
    ROW = "row"  # `log_row` and `log_table`: columns that share their sequence
    IMAGE = "image"  # this and the kinds below hold the URI of an artifact
    CONFUSION_MATRIX = "confusion_matrix"
    ACCURACY_TABLE = "accuracy_table"
    RESIDUALS = "residuals"
    PREDICTIONS = "predictions"

    __str__ = str.__str__


class MetricAspect(str, Enum):
    """Which number of a series: the one written last, or the smallest or largest that is not NaN."""

    LAST = "last"
    LOW = "low"
    HIGH = "high"

    __str__ = str.__str__


class MetricKey(NamedTuple):
    """Which series of a run: the metric's name and, for rows and tables, the column."""

    name: str
    column: str | None = None


class MetricSummary(NamedTuple):
    """What is known of a series without reading its history (a tuple, because a list of runs shows hundreds).

    `low` and `high` are the smallest and largest number that is not NaN, None where there is none. `first` and `last` are the
    values written first and last, whatever they are; both are None for a series without points.
    """

    key: MetricKey
    kind: MetricKind
    description: str
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    first: MetricValue = None
    last: MetricValue = None
    low: float | int | None = None
    high: float | int | None = None
    nonfinite_count: int = 0  # how many of the points are NaN or infinite
    last_step: int | None = None
    last_logged_at: float | None = None


class NewPoint(NamedTuple):
    """One value to log. Without `step`: one after the metric's last; without `logged_at`: now."""

    name: str
    value: MetricValue
    step: int | None = None
    logged_at: float | None = None


class LatestMetric(NamedTuple):
    """The value logged last to a series, and how many there are."""

    key: MetricKey
    kind: MetricKind
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    last: MetricValue = None
    last_step: int | None = None
    last_logged_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricHistory:
    """Points of one series, in the order they were written; all columns have the same length (n_points,).

    Attributes
    ----------
    seqs : range or array of int64
        Place in the run's order of writing, ascending. Columns of one row share it.
    steps : range or array of int64
        Place on the x axis. Any order, any repetition. A range where they count up by one.
    values : array of float64, array of int64, or list
        An array where all points are floats, or all are 64-bit integers; else a list that keeps each value's own type.
    times : array of float64
        Seconds since the epoch, UTC.
    """

    seqs: range | array[int]
    steps: range | array[int]
    values: array[float] | array[int] | list[MetricValue]
    times: array[float]

    def __len__(self) -> int:
        return len(self.seqs)


class Bucket(NamedTuple):
    """Consecutive numbers of a series, summed up (a tuple, because a picture is made of a thousand of them).

    `first` and `last` are the numbers written first and last, whatever they are. `low` and `high` are the extremes of the
    finite numbers, NaN where there is none: an infinity hides no spike behind it.
    """

    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    first_seq: int
    last_seq: int
    first_step: int
    last_step: int
    low_step: int  # smallest step in the bucket, and below the largest: steps need not ascend
    high_step: int
    first_logged_at: float
    last_logged_at: float
    first: float | int
    last: float | int
    low: float | int
    high: float | int
    nan_count: int = 0
    plus_count: int = 0  # of +inf
    minus_count: int = 0  # of -inf


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricNews:
    """What is new in one series.

    On opening (no cursor) a long series comes as `buckets` in order, that together cover all its numbers up to
    `points`; later only `points` come, to be appended, or another opening where they are very many. `is_opening` says that what is
    given replaces all that was known of the series.
    A metric that is first logged after the cursor comes as points like any other, and may be new to the viewer.
    """

    key: MetricKey
    kind: MetricKind
    points: MetricHistory
    buckets: Sequence[Bucket] = ()
    is_opening: bool = False
    summary: MetricSummary | None = None  # given on opening only: later a viewer counts on from there by itself
