"""The view as static HTML and as text, for where widgets do not live: saved notebooks, exports, a plain prompt."""

from __future__ import annotations

import base64

from aml_widgets.core.records import MetricValue
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets.curves import chart_of, notes_of
from aml_widgets.widgets.panels.header import gone_writer_text
from aml_widgets.widgets.panels.status import duration_seconds
from aml_widgets.widgets.pictures import COLOURS, HEIGHT, MAX_LINES, WIDTH, picture_of
from aml_widgets.widgets.text import (
    count_text,
    duration_text,
    escape,
    exact_text,
    name_text,
    shorten,
    time_text,
    value_text,
)
from aml_widgets.widgets.view_state import MetricState, ViewState, is_charted

MAX_HTML_BYTES = 120_000
_MAX_ROWS = 100
_MAX_TABLE_BYTES = 30_000
_MAX_TEXT_LINES = 40

_COLOURS = {RunStatus.COMPLETED: "#2a9d4a", RunStatus.FAILED: "#e5484d", RunStatus.RUNNING: "#2f81d6"}
_COLOUR = "#808a94"
# What stands for a line in the legend: whole, dashed, dotted, as the picture draws them.
_KEYS = ("&#9632;", "&#9477;&#9477;", "&#9481;&#9481;")


def fallback_html(state: ViewState) -> str:
    """Write the view as HTML: no script, no style sheet, nothing from elsewhere, all text escaped, at most 120 KB.

    Pictures and rows of the table are drawn as long as there is room.
    """
    head, table, error = _head_html(state), _table_html(state), _error_html(state)
    room = MAX_HTML_BYTES - len((head + table + error).encode()) - 500
    pictures = []
    charted = [metric for metric in state.metrics.values() if is_charted(metric)]
    max_points = 160 if len(charted) <= 12 else 60
    for metric in charted:
        picture = _picture_html(metric, max_points)
        if len(picture.encode()) > room:
            break
        room -= len(picture.encode())
        pictures.append(picture)
    n_more = len(charted) - len(pictures)
    more = f"<p>{count_text(n_more, 'more chart', 'more charts')} in the live view.</p>" if n_more else ""
    return f'<div style="font-family:sans-serif;font-size:13px">{head}{error}{"".join(pictures)}{more}{table}</div>'


def fallback_text(state: ViewState) -> str:
    """Write the view as plain text."""
    run = state.run
    if run is None:
        return f"Run {state.run_id}: {state.silence.reason if state.silence else 'not read yet'}"
    lines = [
        f"{run.display_name or f'Run {run.number}'}: {run.status}{_as_of(state)}",
        f"experiment {run.experiment_name}, run {run.number}, id {run.run_id}",
    ]
    lines += [", ".join(_times(state))]
    if run.status is RunStatus.NOT_RESPONDING:
        lines.append(f"{gone_writer_text(run)} run.complete() or run.fail() ends it.")
    if run.error is not None:
        lines.append(f"error {run.error.code}: {shorten(run.error.message, 1000)}")
    for metric in list(state.metrics.values())[:_MAX_TEXT_LINES]:
        lines.append(f"  {name_text(metric.name, 80)}: {shorten(_latest_text(metric), 120)}{_count(metric)}")
    n_more = len(state.metrics) - _MAX_TEXT_LINES
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
    name = run.display_name or f"Run {run.number}"
    colour = _COLOURS.get(run.status, _COLOUR)
    gone = ""
    if run.status is RunStatus.NOT_RESPONDING:
        gone = f"<br>{escape(gone_writer_text(run))} <code>run.complete()</code> or <code>run.fail()</code> ends it."
    return (
        f'<p style="margin:0 0 4px"><b style="color:{colour}">{escape(run.status)}</b> '
        f'<b style="font-size:16px">{escape(name_text(name, 200))}</b>{escape(_as_of(state))}</p>'
        f'<p style="margin:0 0 8px">Experiment <b>{escape(shorten(run.experiment_name, 200))}</b>, run {run.number}, '
        f"id <code>{escape(shorten(run.run_id, 300))}</code><br>{escape(', '.join(_times(state)))}{gone}</p>"
    )


def _error_html(state: ViewState) -> str:
    error = state.run.error if state.run is not None else None
    if error is None:
        return ""
    traceback = (
        f"<details><summary>Traceback</summary><pre>{escape(error.traceback[-8_000:])}</pre></details>"
        if error.traceback
        else ""
    )
    return (
        f'<div style="border-left:4px solid #e5484d;padding:4px 10px;margin:0 0 8px"><b>{escape(shorten(error.code, 200))}</b>: '
        f"{escape(shorten(error.message, 2_000))}{traceback}</div>"
    )


def _picture_html(metric: MetricState, max_points: int) -> str:
    chart = chart_of(metric)
    # As an image, because JupyterLab strips SVG from notebooks that are not trusted, and ids in it cannot clash.
    source = base64.b64encode(picture_of(chart, max_points=max_points).encode()).decode("ascii")
    notes = "; ".join(notes_of(chart))
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
        room -= len(row.encode())
        if room < 0:
            break
        rows.append(row)
    n_more = len(state.metrics) - len(rows)
    more = f"<p>and {count_text(n_more, 'more metric', 'more metrics')}</p>" if n_more > 0 else ""
    return (
        '<table><thead><tr><th style="text-align:left">Metric</th><th style="text-align:left">Latest</th>'
        f'<th style="text-align:right">Points</th></tr></thead><tbody>{"".join(rows)}</tbody></table>{more}'
    )


def _latest_text(metric: MetricState) -> str:
    if metric.point_count == 0:
        return "empty"
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
