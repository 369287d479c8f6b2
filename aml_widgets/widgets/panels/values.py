"""What was logged once, and what is no line: numbers as tiles, the rest as a table."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import PurePosixPath

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import MetricKind, MetricValue
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.series import SeriesState, is_number
from aml_widgets.widgets.text import count_text, escape, exact_text, name_text, shorten, value_text
from aml_widgets.widgets.view_state import MetricState, ViewState, is_charted

MAX_TILES = 60
MAX_ROWS = 200
MAX_PICTURES = 6
MAX_PICTURE_BYTES = 150_000
_MAX_TEXT = 2_000

_MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}


class ValuesPanel:
    """Metrics that are not charted."""

    def __init__(self, host: Host) -> None:
        self._read_artifact = host.read_artifact
        self._sources: dict[str, str] = {}
        self._shown: list[MetricState] | None = None
        self.widget = markup("aml-values")

    def update(self, state: ViewState) -> None:
        """Show the metrics that are not charted."""
        metrics = [metric for metric in state.metrics.values() if not is_charted(metric)]
        if self._shown is not None and [id(metric) for metric in metrics] == [id(metric) for metric in self._shown]:
            return
        pictures = self._pictures(metrics)
        figures = "".join(_figure_html(metric, source) for metric, source in pictures)
        pictured = [metric for metric, _ in pictures]
        rest = [metric for metric in metrics if all(metric is not one for one in pictured)]
        set_markup(
            self.widget,
            tiles_html(rest) + (f'<div class="aml-pictures">{figures}</div>' if figures else "") + table_html(rest),
        )
        self._shown = metrics

    def _pictures(self, metrics: Iterable[MetricState]) -> list[tuple[MetricState, str]]:
        """Give the pictures that can be shown, each with its source."""
        found: list[tuple[MetricState, str]] = []
        for metric in metrics:
            path = artifact_path(metric) if metric.kind is MetricKind.IMAGE else None
            source = self._picture(path) if path is not None and len(found) < MAX_PICTURES else ""
            if source:
                found.append((metric, source))
        return found

    def _picture(self, path: str) -> str:
        """Give a small picture as a data URI, empty where it is none, large or not there."""
        if path not in self._sources:
            media_type = _MEDIA_TYPES.get(PurePosixPath(path).suffix.lower())
            if media_type is None:
                return ""
            try:
                content = self._read_artifact(path, 0, MAX_PICTURE_BYTES + 1)
            except AmlWidgetsError:  # its path in the table is shown all the same
                return ""
            is_small = len(content) <= MAX_PICTURE_BYTES
            encoded = base64.b64encode(content).decode("ascii") if is_small else ""
            self._sources[path] = f"data:{media_type};base64,{encoded}" if is_small else ""
        return self._sources[path]


def _figure_html(metric: MetricState, source: str) -> str:
    caption = escape(name_text(metric.name, 120)) + (
        f" (last of {metric.point_count:,})" if metric.point_count > 1 else ""
    )
    title = escape(artifact_path(metric) or "")
    return (
        f'<figure class="aml-picture"><img src="{source}" alt="{escape(metric.name)}">'
        f'<figcaption title="{title}">{caption}</figcaption></figure>'
    )


def tiles_html(metrics: Iterable[MetricState]) -> str:
    """Write single numbers as tiles."""
    tiles: list[str] = []
    n_more = 0
    for metric in metrics:
        if not _is_tile(metric):
            continue
        if len(tiles) >= MAX_TILES:
            n_more += 1
            continue
        value = metric.columns[None].last
        tiles.append(
            f'<div class="aml-tile"><span class="aml-label" title="{escape(metric.name)}">{escape(name_text(metric.name, 200))}'
            f'</span><span class="aml-number" title="{escape(shorten(exact_text(value), 400))}">{escape(value_text(value))}'
            "</span></div>"
        )
    more = f'<div class="aml-note">and {count_text(n_more, "more value", "more values")}</div>' if n_more else ""
    return f'<div class="aml-tiles">{"".join(tiles)}</div>{more}' if tiles else ""


def table_html(metrics: Iterable[MetricState]) -> str:
    """Write text, rows and files as a table of name and value."""
    rows = [(metric.name, _value_html(metric)) for metric in metrics if not _is_tile(metric)]
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{escape(name_text(name, 200))}</th><td>{value}</td></tr>'
        for name, value in rows[:MAX_ROWS]
    )
    n_more = len(rows) - MAX_ROWS
    more = f'<div class="aml-note">and {count_text(n_more, "more row", "more rows")}</div>' if n_more > 0 else ""
    return f'<table class="aml-table"><tbody>{body}</tbody></table>{more}'


def artifact_path(metric: MetricState) -> str | None:
    """Give the path of the file behind a picture or another kind that is kept as a file, None for the others."""
    if metric.kind in (MetricKind.SCALAR, MetricKind.ROW):
        return None
    last = metric.columns[None].last if None in metric.columns else None
    if not isinstance(last, str):
        return None
    # v1 writes aml://artifactId/ExperimentRun/dcid.<run id>/<path>
    head, mark, rest = last.partition("/dcid.")
    return rest.partition("/")[2] if mark and head.startswith("aml://") else last


def _is_tile(metric: MetricState) -> bool:
    series = metric.columns.get(None)
    return metric.kind is MetricKind.SCALAR and series is not None and series.count == 1 and is_number(series.last)


def _value_html(metric: MetricState) -> str:
    path = artifact_path(metric)
    if path is not None:
        kind = metric.kind.replace("_", " ")
        return f'<code>{escape(shorten(path, 400))}</code> <span class="aml-note">{escape(kind)}{_times(metric)}</span>'
    if metric.point_count == 0:
        return '<span class="aml-note">empty</span>'
    if metric.kind is MetricKind.ROW:
        cells = "".join(
            f"<span class='aml-cell'><span class='aml-note'>{escape(shorten(column or '', 100))}</span> "
            f"{_series_value_html(series)}</span>"
            for column, series in metric.columns.items()
        )
        last = f'<span class="aml-note">last of {count_text(metric.point_count, "row", "rows")}</span>'
        return cells + (last if metric.point_count > 1 else "")
    if list(metric.columns) == [None] and len(metric.columns[None].values) > 1:  # a short list, such as of classes
        return ", ".join(_one_value_html(value) for value in metric.columns[None].values)
    return "".join(_series_value_html(series) for series in metric.columns.values()) + (
        f' <span class="aml-note">last of {count_text(metric.point_count, "value", "values")}</span>'
        if metric.point_count > 1
        else ""
    )


def _series_value_html(series: SeriesState) -> str:
    return _one_value_html(series.last)


def _one_value_html(value: MetricValue) -> str:
    full = shorten(exact_text(value), _MAX_TEXT)
    return f'<span class="aml-text" title="{escape(shorten(full, 400))}">{escape(shorten(value_text(value), _MAX_TEXT))}</span>'


def _times(metric: MetricState) -> str:
    return f", last of {metric.point_count:,}" if metric.point_count > 1 else ""
