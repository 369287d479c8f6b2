"""What a view shows now. Pure values: no widget is imported here, and nothing is changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aml_widgets.core.records import ArtifactRecord, MetricKind, MetricValue, RunChanges, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets.series import FloatArray, SeriesState, advance_series, outline, outline_over


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
    """

    run_id: str
    cursor: str | None = None
    run: RunRecord | None = None
    metrics: Mapping[str, MetricState] = field(default_factory=dict)
    artifacts: Mapping[str, ArtifactRecord] = field(default_factory=dict)
    children: Mapping[str, RunRecord] = field(default_factory=dict)
    heard_at: float | None = None
    silence: Silence | None = None

    @property
    def expects_more(self) -> bool:
        """Whether somebody is known to write this run, or may begin to."""
        return not self.has_ended and (self.run is None or self.run.status is not RunStatus.NOT_RESPONDING)

    @property
    def has_ended(self) -> bool:
        """Whether the run is known to have ended, so that nothing more will come."""
        return self.run is not None and self.run.status.is_terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart."""

    label: str
    x: FloatArray
    y: FloatArray
    last: MetricValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What is drawn for one metric.

    Attributes
    ----------
    x_is_whole : bool
        Whether x counts steps or rows, so that ticks between them would mean nothing.
    number_count : int
        How many numbers lie behind the longest line.
    is_exact : bool
        Whether each of them is drawn; else the lines are envelopes.
    nonfinite_count, other_count : int
        How many values are NaN or infinite, and how many are no number: they are gaps in the lines.
    """

    name: str
    x_label: str
    y_label: str
    x_is_whole: bool
    lines: tuple[Line, ...]
    number_count: int
    is_exact: bool
    nonfinite_count: int
    other_count: int


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
    )


def fall_silent(state: ViewState, reason: str, *, at: float) -> ViewState:
    """Note that the store did not answer. What was known stays, and so does the time since when it is silent."""
    since = state.silence.since if state.silence else at
    return replace(state, silence=Silence(since=since, reason=reason))


def is_charted(metric: MetricState) -> bool:
    """Whether a metric is drawn as a chart: a scalar, list, row or table with more than one number in a column."""
    return metric.kind in (MetricKind.SCALAR, MetricKind.ROW) and any(
        series.number_count > 1 for series in metric.columns.values()
    )


def chart_of(metric: MetricState) -> Chart:
    """Say what to draw for a metric that is charted.

    Rows and tables with two numeric columns are drawn as the second over the first; with another number of them, each
    column is a line over the row.
    """
    numeric = {column: series for column, series in metric.columns.items() if series.number_count}
    names = list(numeric)
    if metric.kind is MetricKind.ROW and len(names) == 2:
        xs, ys = numeric[names[0]], numeric[names[1]]
        x, y = outline_over(xs, ys)
        x_label, y_label = names[0] or "", names[1] or ""
        x_is_whole = False
        lines = [Line(label=y_label, x=x, y=y, last=ys.last)]
    else:
        x_label, y_label = ("row" if metric.kind is MetricKind.ROW else "step"), ""
        x_is_whole = True
        lines = []
        for column, series in numeric.items():
            x, y = outline(series)
            lines.append(Line(label=column or metric.name, x=x, y=y, last=series.last))
        if metric.kind is MetricKind.ROW and len(lines) == 1:
            y_label = lines[0].label
    return Chart(
        name=metric.name,
        x_label=x_label,
        y_label=y_label,
        x_is_whole=x_is_whole,
        lines=tuple(lines),
        number_count=max(series.number_count for series in numeric.values()),
        is_exact=all(series.is_exact for series in numeric.values()),
        nonfinite_count=sum(series.nonfinite_count for series in numeric.values()),
        other_count=sum(series.other_count for series in numeric.values()),
    )
