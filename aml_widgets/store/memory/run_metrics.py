"""The metrics of one run in memory: which names it has, of which kind, and their order of writing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from aml_widgets.core.errors import InvalidMetric
from aml_widgets.core.records import (
    LatestMetric,
    MetricKey,
    MetricKind,
    MetricNews,
    MetricSummary,
    MetricValue,
    NewPoint,
)
from aml_widgets.store.memory.series import Series, check_name, check_step, check_value
from aml_widgets.store.repeats import NEWEST_COMPARED, Candidates, identity_of


class RunMetrics:
    """All that was logged to one run.

    Each call checks everything before it changes anything.
    """

    def __init__(self) -> None:
        self._seq = 0  # the last place in the run's order of writing
        self._kinds: dict[str, MetricKind] = {}
        self._descriptions: dict[str, str] = {}
        self._series: dict[MetricKey, Series] = {}

    @property
    def seq(self) -> int:
        """The last place in the run's order of writing, 0 before anything was logged."""
        return self._seq

    def append_row(self, values: Mapping[str, MetricValue], step: int | None, logged_at: float) -> None:
        """Append one point to each of some scalar metrics."""
        points = []
        for name, value in values.items():
            self._check_kind(name, MetricKind.SCALAR)
            place = self.find(MetricKey(name)).next_step if step is None else step
            points.append((MetricKey(name), check_step(name, place), check_value(name, value)))
        if not points:
            return
        self._seq += 1
        for key, place, value in points:
            self._open(key, MetricKind.SCALAR).append(self._seq, place, value, logged_at)

    def append_points(self, new_points: Sequence[NewPoint], now: float) -> None:
        """Append points to scalar metrics, each with a step of its own; neighbours of one step and time share their place."""
        next_steps: dict[str, int] = {}
        points = []
        for name, value, step, logged_at in new_points:
            self._check_kind(name, MetricKind.SCALAR)
            place = next_steps.get(name, self.find(MetricKey(name)).next_step) if step is None else step
            next_steps[name] = place + 1
            points.append((name, check_step(name, place), check_value(name, value), logged_at, step))
        names: set[str] = set()
        before: object = None
        for name, place, value, logged_at, step in points:
            if name in names or before != (step, logged_at):
                self._seq += 1
                names.clear()
            before = (step, logged_at)
            names.add(name)
            at = now if logged_at is None else logged_at
            self._open(MetricKey(name), MetricKind.SCALAR).append(self._seq, place, value, at)

    def pick_new(self, new_points: Sequence[NewPoint]) -> list[NewPoint]:
        """Give those of some points that are not there yet (`RepeatSkippingStore`)."""
        candidates = Candidates([one._replace(value=check_value(one.name, one.value)) for one in new_points])
        for name in candidates.by_name:
            newest = islice(self.find(MetricKey(name)).iterate_back(), NEWEST_COMPARED)
            candidates.drop(name, [identity_of(step, at, value) for _, step, value, at in newest])
        return candidates.rest()

    def append_columns(
        self,
        name: str,
        columns: Mapping[str | None, Sequence[MetricValue]],
        kind: MetricKind,
        description: str,
        logged_at: float,
    ) -> None:
        """Append many points under one name."""
        self._check_kind(name, kind)
        _check_columns(name, columns, kind)
        checked = {column: [check_value(name, value) for value in values] for column, values in columns.items()}
        count = max(map(len, checked.values()), default=0)
        for column in checked:
            check_step(name, self.find(MetricKey(name, column)).next_step + max(0, count - 1))
        self._kinds.setdefault(name, kind)
        if description:
            self._descriptions[name] = description
        for column, values in checked.items():
            series = self._open(MetricKey(name, column), kind)
            for place, value in enumerate(values, start=1):
                series.append(self._seq + place, series.next_step, value, logged_at)
        self._seq += (
            max(count, 1) if checked else 0
        )  # an empty metric takes a place as well, or nobody with a cursor would hear of it
        for column in checked:
            self._series[MetricKey(name, column)].logged_seq = self._seq

    def find(self, key: MetricKey) -> Series:
        """Give a series, an empty one where there is none."""
        return self._series.get(key) or Series(key, MetricKind.SCALAR)

    def summarize(self) -> list[MetricSummary]:
        """Sum up every series, in the order they were first logged."""
        return [self._summary(series) for series in self._series.values()]

    def latest(self) -> list[LatestMetric]:
        """Give the last value of every series."""
        return [
            LatestMetric(one.key, one.kind, one.count, one.last, one.last_step, one.last_logged_at)
            for one in self.summarize()
        ]

    def opening_news(self, max_buckets: int, keys: Collection[MetricKey] | None = None) -> list[MetricNews]:
        """Give a first picture of every series, or of some."""
        return [
            self._opening(series, max_buckets) for series in self._series.values() if keys is None or series.key in keys
        ]

    def news_since(self, seq: int, max_buckets: int, max_new_points: int | None) -> list[MetricNews]:
        """Give the points that were written after a place in the order of writing; of a series with too many, a first picture."""
        news = []
        for series in self._series.values():
            count = series.count_after(seq)
            is_new_and_empty = len(series) == 0 and series.logged_seq > seq
            if max_new_points is not None and count > max_new_points:
                news.append(self._opening(series, max_buckets))
            elif count or is_new_and_empty:
                news.append(MetricNews(key=series.key, kind=series.kind, points=series.history_after(seq)))
        return news

    def _opening(self, series: Series, max_buckets: int) -> MetricNews:
        is_long = len(series) > max_buckets
        return MetricNews(
            key=series.key,
            kind=series.kind,
            points=series.newest_non_numbers(max_buckets) if is_long else series.history(),
            buckets=series.buckets(max_buckets) if is_long else (),
            is_opening=True,
            summary=self._summary(series),
        )

    def _summary(self, series: Series) -> MetricSummary:
        return series.summarize(self._descriptions.get(series.key.name, ""))

    def _open(self, key: MetricKey, kind: MetricKind) -> Series:
        """Give the series to write to, made if it is new."""
        self._kinds.setdefault(key.name, kind)
        return self._series.setdefault(key, Series(key, kind))

    def _check_kind(self, name: str, kind: MetricKind) -> None:
        check_name(name, "Metric name")
        known = self._kinds.get(name, kind)
        if known != kind:
            raise InvalidMetric(
                f"Metric {name!r} is of kind {known!s} and takes nothing of kind {kind!s}. Choose another name.",
                value=name,
            )


def _check_columns(name: str, columns: Mapping[str | None, Sequence[MetricValue]], kind: MetricKind) -> None:
    if kind == MetricKind.ROW:
        for column in columns:
            if column is None:
                raise InvalidMetric(f"Metric {name!r} holds rows, and a column of it has no name. Name it.", value=name)
            check_name(column, "Column name", may_be_empty=True)
    elif set(columns) != {None}:
        raise InvalidMetric(
            f"Metric {name!r} of kind {kind!s} has the columns {list(columns)!r}, and its kind has the one column None. "
            "Log it as rows.",
            value=name,
        )
    lengths = {column: len(values) for column, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{column!r} has {length}" for column, length in lengths.items())
        raise InvalidMetric(
            f"The columns of metric {name!r} must be equally long; {shown}. Fill the short ones with None.", value=name
        )
