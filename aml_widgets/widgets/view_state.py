"""What a view shows now. Pure values: no widget is imported here, and nothing is changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aml_widgets.core.records import ArtifactRecord, MetricKind, RunChanges, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets.series import SeriesState, advance_series


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricState:
    """All series under one name: one without a column, or the columns of rows and tables in their order."""

    name: str
    kind: MetricKind
    columns: Mapping[str | None, SeriesState]

    @property
    def point_count(self) -> int:
        """How many values, or rows, were logged."""
        return max((series.count for series in self.columns.values()), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Since when, and why, nothing could be heard from the store."""

    since: float
    reason: str
    is_missing: bool = False  # the store answered: it does not know the run


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewState:
    """Everything a view of one run shows.

    A metric that did not change is the same object in the next state, so panels find out by ``is`` what to redraw.

    Attributes
    ----------
    heard_at : float or None
        When the store answered last, in seconds since the epoch.
    silence : Silence or None
        Set while the store does not answer; all the rest is then as it was.
    has_more : bool
        The store has more already, and it is still being read.
    """

    run_id: str
    cursor: str | None = None
    run: RunRecord | None = None
    metrics: Mapping[str, MetricState] = field(default_factory=dict)
    artifacts: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    children: Mapping[str, RunRecord] = field(default_factory=dict)
    heard_at: float | None = None
    silence: Silence | None = None
    has_more: bool = False

    @property
    def expects_more(self) -> bool:
        """Whether somebody is known to write this run, or may begin to."""
        return not self.has_ended and (self.run is None or self.run.status is not RunStatus.NOT_RESPONDING)

    @property
    def has_ended(self) -> bool:
        """Whether the run is known to have ended, so that nothing more will come."""
        return self.run is not None and self.run.status.is_terminal

    @property
    def point_count(self) -> int:
        """How many values, or rows, of all metrics were read."""
        return sum(metric.point_count for metric in self.metrics.values())


def advance(state: ViewState, changes: RunChanges, *, heard_at: float | None = None) -> ViewState:
    """Take in what changed since the state's cursor.

    Parameters
    ----------
    state : ViewState
        What was known; it stays as it is.
    changes : RunChanges
        What the store answered.
    heard_at : float, optional
        When it answered, in seconds since the epoch.

    Returns
    -------
    ViewState
        What is known now. Cost and memory follow what is new and what fits on a screen, not the length of the history.
    """
    metrics = state.metrics
    if changes.metrics:
        changed = dict(metrics)
        for news in changes.metrics:
            key = news.key
            metric = changed.get(key.name)
            columns = dict(metric.columns) if metric else {}
            columns[key.column] = advance_series(columns.get(key.column), news)
            changed[key.name] = MetricState(name=key.name, kind=news.kind, columns=columns)
        metrics = changed
    artifacts = state.artifacts
    if changes.artifacts:
        artifacts = {**artifacts, **{artifact.path: artifact for artifact in changes.artifacts}}
    children = state.children
    if changes.children:
        children = {**children, **{child.run_id: child for child in changes.children}}
    return replace(
        state,
        cursor=changes.cursor,
        run=changes.run or state.run,
        metrics=metrics,
        artifacts=artifacts,
        children=children,
        heard_at=state.heard_at if heard_at is None else heard_at,
        silence=None,
        has_more=changes.has_more,
    )


def fall_silent(state: ViewState, reason: str, *, at: float, is_missing: bool = False) -> ViewState:
    """Note that the store did not answer. What was known stays, and so does the time since when it is silent."""
    since = state.silence.since if state.silence else at
    return replace(state, silence=Silence(since=since, reason=reason, is_missing=is_missing))


def step_reached(state: ViewState) -> int | None:
    """Say how far the run is: the largest last step of its scalar metrics, None where there are none."""
    steps = [
        series.last_step
        for metric in state.metrics.values()
        if metric.kind is MetricKind.SCALAR
        for series in metric.columns.values()
    ]
    return max((step for step in steps if step is not None), default=None)


def is_charted(metric: MetricState) -> bool:
    """Whether a metric is drawn as a chart: a scalar, list, row or table with more than one number in a column.

    Rows with a column of texts are no chart: a table shows what belongs to which text.
    """
    columns = metric.columns.values()
    if metric.kind is MetricKind.ROW and any(
        isinstance(series.last, str) and not series.number_count for series in columns
    ):
        return False
    return metric.kind in (MetricKind.SCALAR, MetricKind.ROW) and any(series.number_count > 1 for series in columns)


def card_kind(metric: MetricState) -> str:
    """Give the kind of card that shows a metric: ``line``, ``table``, ``document``, ``image`` or ``value``.

    A scalar that was logged once, whatever it is, is a value; text that was logged often, and rows without a course, are
    tables.
    """
    if metric.kind is MetricKind.IMAGE:
        return "image"
    if metric.kind not in (MetricKind.SCALAR, MetricKind.ROW):
        return "document"
    if is_charted(metric):
        return "line"
    return "value" if metric.kind is MetricKind.SCALAR and metric.point_count <= 1 else "table"
