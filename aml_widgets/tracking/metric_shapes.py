"""The shapes in which `Run.get_metrics` gives what was logged: they depend on how many values there are."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Union

from aml_widgets.core.records import LatestMetric, MetricHistory, MetricKey, MetricKind, MetricSummary, MetricValue
from aml_widgets.store.protocol import RunStore

_MAX_EXACT_INT = 2**53

Summary = Union[MetricSummary, LatestMetric]

Populate = Callable[[MetricKind, str], object]


def read_metrics(
    store: RunStore,
    run_id: str,
    name: str | None = None,
    *,
    summaries: Iterable[Summary] | None = None,
    populate: Populate | None = None,
) -> dict[str, object]:
    """Read the metrics of a run by name, in the order they were first logged.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    run_id : str
        The run.
    name : str, optional
        Only this metric.
    summaries : iterable of MetricSummary or LatestMetric, optional
        What is known already, to spare a question to the store.
    populate : callable, optional
        What to give for a metric that holds files, from its kind and the first URI. Without it, that URI.

    Returns
    -------
    dict of str to object
        One value alone, several as a list, rows as a dict of columns.
    """
    if summaries is None:
        summaries = store.summarize_metrics(run_id)
    by_name: dict[str, list[Summary]] = {}
    for summary in summaries:
        if name is None or summary.key.name == name:
            is_without_file = summary.count == 0 and summary.kind not in (MetricKind.SCALAR, MetricKind.ROW)
            if not is_without_file:
                by_name.setdefault(summary.key.name, []).append(summary)
    long = [metric for metric, series in by_name.items() if len(series) > 1 or series[0].count != 1]
    histories = store.read_histories(run_id, long) if long else {}
    return {metric: _shape(series, histories, populate) for metric, series in by_name.items()}


class Rows:
    """Rows from columns that may have gaps: a row that was logged without a column has no point there."""

    def __init__(self, histories: dict[str | None, MetricHistory]) -> None:
        seqs = {tuple(history.seqs) for history in histories.values()}
        self.is_even = len(seqs) == 1
        self.seqs: Sequence[int] = next(iter(seqs)) if self.is_even else sorted({seq for each in seqs for seq in each})
        self._histories = histories

    def __len__(self) -> int:
        return len(self.seqs)

    def columns(self) -> dict[str, list[MetricValue]]:
        """Give the rows by column, all equally long."""
        return {str(column): self._fill(history, to_list(history)) for column, history in self._histories.items()}

    def steps_and_times(self) -> tuple[list[int], list[float]]:
        """Give the step and time of each row."""
        by_seq: dict[int, tuple[int, float]] = {}
        for history in self._histories.values():
            for seq, step, time in zip(history.seqs, history.steps, history.times, strict=True):
                by_seq.setdefault(seq, (step, time))
        ordered = [by_seq[seq] for seq in self.seqs]
        return [step for step, _ in ordered], [time for _, time in ordered]

    def _fill(self, history: MetricHistory, values: list[MetricValue]) -> list[MetricValue]:
        if self.is_even:
            return values
        by_seq = dict(zip(history.seqs, values, strict=True))
        return [by_seq.get(seq) for seq in self.seqs]


def to_list(history: MetricHistory) -> list[MetricValue]:
    """Give the values of a series as a list that is the caller's own."""
    values = history.values
    return list(values.tolist()) if isinstance(values, array) else list(values)


def _shape(series: list[Summary], histories: Mapping[MetricKey, MetricHistory], populate: Populate | None) -> object:
    first = series[0]
    if first.kind == MetricKind.ROW:
        if len(series) == 1 and first.count == 1:
            return {str(first.key.column): first.last}
        rows = Rows({summary.key.column: histories[summary.key] for summary in series})
        columns = rows.columns()
        return {column: cells[0] for column, cells in columns.items()} if len(rows) == 1 else columns
    if first.kind != MetricKind.SCALAR:
        # v1 gives the first of several
        uri = str(first.last if first.count == 1 else histories[first.key].values[0])
        return uri if populate is None else populate(first.kind, uri)
    if first.count == 1:
        return first.last
    return _follow_first(to_list(histories[first.key]))


def _follow_first(values: list[MetricValue]) -> list[MetricValue]:
    """Make all numbers floats where the first is one, as v1 does, unless that would round or there are other values."""
    if not values or type(values[0]) is not float:
        return values
    kinds = set(map(type, values))
    if kinds != {float, int}:
        return values
    if any(type(value) is int and not -_MAX_EXACT_INT <= value <= _MAX_EXACT_INT for value in values):
        return values
    return [float(value) for value in values if isinstance(value, (float, int))]
