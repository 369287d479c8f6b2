"""What a writer must know of a run's metrics to check a call and to count steps: kinds and last steps, no points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from aml_widgets.core.errors import InvalidMetric
from aml_widgets.core.records import MetricKey, MetricKind, MetricSummary, MetricValue, NewPoint
from aml_widgets.store.memory.run_metrics import RunMetrics
from aml_widgets.store.memory.series import check_name, check_step, check_value
from aml_widgets.store.mlflow.exact_values import Column, Columns, Row


class MetricHeads:
    """Turns calls into records, each of which is checked as a whole before anything is counted.

    Parameters
    ----------
    known : iterable of MetricSummary, optional
        The series that the run has already.
    others_steps : mapping, optional
        The highest steps of metrics that other programs log to MLflow, which need not be among those series.
    """

    def __init__(
        self, known: Iterable[MetricSummary] = (), others_steps: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        self._kinds: dict[str, MetricKind] = {}
        self._next_steps: dict[MetricKey, int] = {}
        for one in known:
            self._kinds[one.key.name] = one.kind
            self._next_steps[one.key] = 0 if one.last_step is None else one.last_step + 1
        for name, step in others_steps.items():
            self._kinds.setdefault(name, MetricKind.SCALAR)
            self._next_steps[MetricKey(name)] = max(self._next_steps.get(MetricKey(name), 0), step + 1)

    def to_row(self, values: Mapping[str, MetricValue], step: int | None, logged_at: float) -> Row | None:
        """Make a record of one point to each of some scalar metrics, None where there is none."""
        steps: dict[str, int] = {}
        checked: dict[str, MetricValue] = {}
        for given, value in values.items():
            self._check_kind(given, MetricKind.SCALAR)
            name = str(given)
            place = self._next_steps.get(MetricKey(name), 0) if step is None else step
            steps[name] = check_step(name, place)
            checked[name] = check_value(name, value)
        for name, place in steps.items():
            self._kinds.setdefault(name, MetricKind.SCALAR)
            self._next_steps[MetricKey(name)] = place + 1
        return Row(float(logged_at), checked, list(steps.values())) if checked else None

    def check_points(self, points: Iterable[NewPoint]) -> None:
        """Refuse points as a whole where one of them cannot be logged."""
        trial = MetricHeads()
        trial._kinds, trial._next_steps = dict(self._kinds), dict(self._next_steps)
        for one in points:
            trial.to_row({one.name: one.value}, one.step, 0.0)

    def to_columns(
        self,
        name: str,
        columns: Mapping[str | None, Sequence[MetricValue]],
        kind: MetricKind,
        description: str,
        logged_at: float,
    ) -> Columns | None:
        """Make a record of many points under one name, None where there is no column."""
        self._check_kind(name, kind)
        RunMetrics().append_columns(name, {column: values[:0] for column, values in columns.items()}, kind, "", 0.0)
        _check_lengths(name, columns)
        made = []
        for column, values in columns.items():
            checked = [check_value(name, value) for value in values]
            first_step = self._next_steps.get(MetricKey(name, column), 0)
            check_step(name, first_step + max(0, len(checked) - 1))
            made.append(Column(None if column is None else str(column), first_step, checked))
        if not made:
            return None
        self._kinds.setdefault(str(name), kind)
        for one in made:
            self._next_steps[MetricKey(name, one.name)] = one.first_step + len(one.values)
        return Columns(float(logged_at), str(name), kind, str(description), made)

    def _check_kind(self, name: str, kind: MetricKind) -> None:
        check_name(name, "Metric name")
        known = self._kinds.get(name, kind)
        if known != kind:
            raise InvalidMetric(
                f"Metric {name!r} is of kind {known!s} and takes nothing of kind {kind!s}. Choose another name.",
                value=name,
            )


def _check_lengths(name: str, columns: Mapping[str | None, Sequence[MetricValue]]) -> None:
    lengths = {column: len(values) for column, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{column!r} has {length}" for column, length in lengths.items())
        raise InvalidMetric(
            f"The columns of metric {name!r} must be equally long; {shown}. Fill the short ones with None.", value=name
        )
