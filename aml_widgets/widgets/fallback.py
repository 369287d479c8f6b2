"""The view as static HTML and as text, for where widgets do not live: saved notebooks, exports, a plain prompt."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace

from aml_widgets.core.records import MetricValue, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets.artifact_paths import artifact_path
from aml_widgets.widgets.chart import Chart
from aml_widgets.widgets.children import count_statuses
from aml_widgets.widgets.curves import chart_of, notes_of
from aml_widgets.widgets.kind_names import KIND_NAMES
from aml_widgets.widgets.panels.status import duration_seconds, gone_writer_text
from aml_widgets.widgets.pictures import COLOURS, HEIGHT, MAX_LINES, WIDTH, picture_of
from aml_widgets.widgets.run_names import name_of
from aml_widgets.widgets.text import (
    count_text,
    duration_text,
    escape,
    exact_text,
    name_text,
    shorten,
    size_text,
    time_text,
    value_text,
)
from aml_widgets.widgets.view_state import MetricState, ViewState, card_kind, is_charted

MAX_SAVED_BYTES = 120_000
"""So large is what a cell's outputs hold of a view at most, as they stand in the notebook's file."""

_MAX_ROWS = 100
_MAX_TABLE_BYTES = 26_000
_MAX_FACTS_BYTES = 6_000
_MAX_ERROR_BYTES = 16_000
_MAX_TEXT_BYTES = 10_000
_MAX_TEXT_LINES = 40
_MAX_TAGS = 30
_MAX_FILES = 10
_AROUND_BYTES = 2_000  # the outputs themselves, and the element and the rule that hide this view
_DOCUMENTS_BYTES = 40_000  # of these, documents and pictures take no more from the charts

_COLOURS = {RunStatus.COMPLETED: "#2a9d4a", RunStatus.FAILED: "#e5484d", RunStatus.RUNNING: "#2f81d6"}
_COLOUR = "#808a94"
_STATUS_WORDS = {RunStatus.NOT_RESPONDING: "not responding", RunStatus.CANCEL_REQUESTED: "cancel requested"}
# What stands for a line in the legend: whole, dashed, dotted, as the picture draws them.
_KEYS = ("&#9632;", "&#9477;&#9477;", "&#9481;&#9481;")


def fallback_html(state: ViewState, drawn: Sequence[str] | None = None) -> str:
    """Write the view as HTML: no script, no style sheet, nothing from elsewhere, all text escaped.

    Charts, documents, pictures and rows of the table are drawn as long as there is room: with `fallback_text` beside it, it
    takes at most `MAX_SAVED_BYTES` in a notebook.

    Parameters
    ----------
    state : ViewState
        What is known of the run.
    drawn : sequence of str, optional
        HTML of what lies in files; without it they are named.
    """
    head = _head_html(state) + _error_html(state) + _facts_html(state)
    table = _table_html(state)
    room = MAX_SAVED_BYTES - _AROUND_BYTES - sum(map(saved_size, (head, table, fallback_text(state))))
    files = drawn or ()
    charted = [metric for metric in state.metrics.values() if is_charted(metric)]
    kept_free = min(sum(map(saved_size, files)), _DOCUMENTS_BYTES, room // 2)
    charts = _fitting_charts(charted, room - kept_free)
    room -= sum(map(saved_size, charts))
    shown = []
    for html in files:
        if saved_size(html) <= room:
            room -= saved_size(html)
            shown.append(html)
    lines = []
    if len(charts) < len(charted):
        lines.append(f"{count_text(len(charted) - len(charts), 'more chart', 'more charts')} in the live view.")
    n_files = sum(card_kind(metric) in ("document", "image") for metric in state.metrics.values()) - len(shown)
    if drawn is not None and n_files:
        lines.append(
            f"{count_text(n_files, 'more document or picture', 'more documents and pictures')} in the live view."
        )
    more = f"<p>{' '.join(lines)}</p>" if lines else ""
    return (
        f'<div style="font-family:sans-serif;font-size:13px">{head}{"".join(charts)}{"".join(shown)}{more}{table}</div>'
    )


def saved_size(text: str) -> int:
    """Say how many bytes a text takes in a notebook's file, which is JSON."""
    return len(json.dumps(text)) - 2


def fallback_text(state: ViewState) -> str:
    """Write the view as plain text."""
    run = state.run
    if run is None:
        return f"Run {state.run_id}: {state.silence.reason if state.silence else 'not read yet'}"
    lines = [
        f"{name_of(run)}: {run.status}{_as_of(state)}",
        f"experiment {run.experiment_name}, {_number_text(run)}id {run.run_id}",
    ]
    lines += [", ".join(_times(state))]
    if run.status is RunStatus.NOT_RESPONDING:
        lines.append(f"{gone_writer_text(run)} run.complete() or run.fail() ends it.")
    if run.error is not None:
        lines.append(_cut(f"error {shorten(run.error.code, 200)}: {shorten(run.error.message, 1000)}", 4_000))
    lines += _fact_lines(state)
    n_shown, room = 0, _MAX_TEXT_BYTES - saved_size("\n".join(lines))
    for metric in list(state.metrics.values())[:_MAX_TEXT_LINES]:
        line = f"  {name_text(metric.name, 80)}: {shorten(_latest_text(metric), 120)}{_count(metric)}"
        room -= saved_size(line)
        if room < 0:
            break
        lines.append(line)
        n_shown += 1
    n_more = len(state.metrics) - n_shown
    if n_more > 0:
        lines.append(f"  and {count_text(n_more, 'more metric', 'more metrics')}")
    return "\n".join(line for line in lines if line)


def _as_of(state: ViewState) -> str:
    return f" (as of {time_text(state.heard_at)})" if state.heard_at is not None else ""


def _times(state: ViewState) -> list[str]:
    run = state.run
    assert run is not None
    times = [f"started {time_text(run.started_at)}" if run.started_at else f"created {time_text(run.created_at)}"]
    if run.ended_at is not None:
        times.append(f"ended {time_text(run.ended_at)}")
    seconds = duration_seconds(run, state.heard_at or run.created_at)
    if seconds is not None:
        times.append(f"duration {duration_text(seconds)}")
    return times


def _head_html(state: ViewState) -> str:
    run = state.run
    if run is None:
        return f"<p>{escape(fallback_text(state))}</p>"
    name = name_of(run)
    colour = _COLOURS.get(run.status, _COLOUR)
    gone = ""
    if run.status is RunStatus.NOT_RESPONDING:
        gone = f"<br>{escape(gone_writer_text(run))} <code>run.complete()</code> or <code>run.fail()</code> ends it."
    return (
        f'<p style="margin:0 0 4px"><b style="color:{colour}">{escape(run.status)}</b> '
        f'<b style="font-size:16px">{escape(name_text(name, 200))}</b>{escape(_as_of(state))}</p>'
        f'<p style="margin:0 0 8px">Experiment <b>{escape(shorten(run.experiment_name, 200))}</b>, {_number_text(run)}'
        f"id <code>{escape(shorten(run.run_id, 300))}</code><br>{escape(', '.join(_times(state)))}{gone}<br>"
        "<small>A picture of the run as it was then. Run the cell again for the live view.</small></p>"
    )


def _number_text(run: RunRecord) -> str:
    return f"run {run.number}, " if run.number else ""


def _error_html(state: ViewState) -> str:
    error = state.run.error if state.run is not None else None
    if error is None:
        return ""
    traceback = escape(_cut(error.traceback[-8_000:], _MAX_ERROR_BYTES, is_end=True)) if error.traceback else ""
    folded = f"<details><summary>Traceback</summary><pre>{traceback}</pre></details>" if traceback else ""
    message = escape(_cut(shorten(error.message, 2_000), _MAX_ERROR_BYTES // 2))
    return (
        '<div style="border-left:4px solid #e5484d;padding:4px 10px;margin:0 0 8px">'
        f"<b>{escape(shorten(error.code, 200))}</b>: {message}{folded}</div>"
    )


def _cut(text: str, max_bytes: int, *, is_end: bool = False) -> str:
    """Cut a text so that its HTML takes no more than so many bytes in a notebook's file."""
    while len(text) > 1 and saved_size(escape(text)) > max_bytes:
        half = len(text) * 3 // 4
        text = text[-half:] if is_end else text[:half]
    return text


def _facts_html(state: ViewState) -> str:
    lines = [f"{escape(line)}<br>" for line in _fact_lines(state)]
    while lines and sum(map(saved_size, lines)) > _MAX_FACTS_BYTES:
        lines.pop()
    return f'<p style="margin:0 0 8px">{"".join(lines)}</p>' if lines else ""


def _fact_lines(state: ViewState) -> list[str]:
    """Say what there is beside metrics: whether they are all there, tags, child runs and logs."""
    lines = []
    if state.has_more:
        lines.append(f"Still being read: {count_text(state.point_count, 'point', 'points')} so far.")
    tags = state.run.tags if state.run is not None else {}
    if tags:
        some = ", ".join(
            f"{name_text(key, 60)}: {shorten(value, 80)}" if value else name_text(key, 60)
            for key, value in list(tags.items())[:_MAX_TAGS]
        )
        lines.append(f"Tags: {_listed(_cut(some, 2_000), len(tags) - _MAX_TAGS)}")
    if state.children:
        counts = ", ".join(
            f"{count:,} {_STATUS_WORDS.get(status, str(status).lower())}"
            for status, count in count_statuses(state.children.values())
        )
        lines.append(f"{count_text(len(state.children), 'child run', 'child runs')}: {counts}")
    logs = [artifact for artifact in state.artifacts.values() if artifact.is_log]
    if logs:
        some = ", ".join(f"{shorten(log.path, 120)} ({size_text(log.size_bytes)})" for log in logs[:_MAX_FILES])
        lines.append(f"Logs: {_listed(_cut(some, 3_000), len(logs) - _MAX_FILES)}")
    return lines


def _listed(text: str, n_more: int) -> str:
    return f"{text} and {n_more:,} more" if n_more > 0 else text


def _fitting_charts(metrics: Sequence[MetricState], room: int) -> list[str]:
    """Draw charts: with fewer points where there are many, and as many as there is room for."""
    charts: list[str] = []
    for max_points in (480, 240, 120, 60, 30) if len(metrics) <= 30 else (60, 30):
        charts, left = [], room
        for metric in metrics:
            chart = _picture_html(metric, max_points)
            left -= saved_size(chart)
            if left < 0:
                break
            charts.append(chart)
        if len(charts) == len(metrics):
            break
    return charts


def _picture_html(metric: MetricState, max_points: int) -> str:
    chart = chart_of(metric)
    # As an image, because JupyterLab strips SVG from notebooks that are not trusted, and ids in it cannot clash.
    source = base64.b64encode(picture_of(chart, max_points=max_points).encode()).decode("ascii")
    notes = "; ".join(notes_of(_as_drawn(chart, max_points)))
    legend = ", ".join(
        f'<span style="color:{COLOURS[place % len(COLOURS)]}">{_KEYS[place // len(COLOURS)]}</span> '
        f"{escape(name_text(line.label, 40))}"
        for place, line in enumerate(chart.lines[:MAX_LINES])
    )
    if len(chart.lines) > MAX_LINES:
        legend += f" and {len(chart.lines) - MAX_LINES:,} more that are not drawn"
    caption = "<br>".join(part for part in (legend if len(chart.lines) > 1 else "", escape(notes)) if part)
    latest = escape(shorten(value_text(chart.lines[0].last), 40)) if len(chart.lines) == 1 else ""
    return (
        '<div style="display:inline-block;vertical-align:top;margin:0 12px 10px 0">'
        f"<b>{escape(name_text(metric.name, 48))}</b> {latest}<br>"
        f'<img width="{WIDTH}" height="{HEIGHT}" alt="{escape(shorten(_alternative(metric), 200))}" '
        f'src="data:image/svg+xml;base64,{source}">' + (f"<br><small>{caption}</small>" if caption else "") + "</div>"
    )


def _as_drawn(chart: Chart, max_points: int) -> Chart:
    """Say of a chart how many of its points the picture is made of."""
    n_drawn = min(max_points, max((len(line.x) for line in chart.lines), default=0))
    if chart.is_exact and n_drawn >= chart.number_count:
        return chart
    return replace(chart, is_exact=False, drawn_count=min(n_drawn, chart.number_count))


def _alternative(metric: MetricState) -> str:
    return f"Line chart of {name_text(metric.name, 80)}, {count_text(metric.point_count, 'point', 'points')}"


def _table_html(state: ViewState) -> str:
    if not state.metrics:
        return "<p>No metrics.</p>" if state.run is not None else ""
    rows: list[str] = []
    room = _MAX_TABLE_BYTES
    for metric in list(state.metrics.values())[:_MAX_ROWS]:
        row = (
            f'<tr><th style="text-align:left">{escape(name_text(metric.name, 100))}</th>'
            f'<td style="text-align:left">{escape(shorten(_latest_text(metric), 300))}</td>'
            f'<td style="text-align:right">{metric.point_count:,}</td></tr>'
        )
        room -= saved_size(row)
        if room < 0:
            break
        rows.append(row)
    n_more = len(state.metrics) - len(rows)
    more = f"<p>and {count_text(n_more, 'more metric', 'more metrics')}</p>" if n_more > 0 else ""
    return (
        '<table style="overflow-wrap:anywhere"><thead><tr><th style="text-align:left">Metric</th><th style="text-align:left">Latest</th>'
        f'<th style="text-align:right">Points</th></tr></thead><tbody>{"".join(rows)}</tbody></table>{more}'
    )


def _latest_text(metric: MetricState) -> str:
    if metric.point_count == 0:
        return "empty"
    if metric.kind in KIND_NAMES:
        path = artifact_path(metric)
        return KIND_NAMES[metric.kind] if path is None else f"{KIND_NAMES[metric.kind]} in {path}"
    if list(metric.columns) == [None]:
        last = metric.columns[None].last
        values = metric.columns[None].values
        if len(values) > 1 and not is_charted(metric):
            return ", ".join(_value_text(value) for value in values)
        return _value_text(last)
    return ", ".join(
        f"{shorten(column or '', 40)} {shorten(value_text(series.last), 40)}"
        for column, series in list(metric.columns.items())[:12]
    )


def _value_text(value: MetricValue) -> str:
    return exact_text(value) if isinstance(value, (str, int)) else value_text(value)


def _count(metric: MetricState) -> str:
    return f" ({count_text(metric.point_count, 'point', 'points')})" if metric.point_count > 1 else ""
