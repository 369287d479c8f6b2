"""What was logged once: numbers as tiles, texts and truth values as a small table."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from aml_widgets.core.records import MetricValue
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.series import is_number
from aml_widgets.widgets.text import count_text, escape, exact_text, name_text, shorten, value_text
from aml_widgets.widgets.view_state import MetricState, ViewState, card_kind

MAX_TILES = 40
MAX_ROWS = 20
MAX_FOLDED = 2_000

_MAX_TEXT = 2_000
_MAX_SHORT_TEXT = 300


class ValuesPanel:
    """Metrics with a single value. Many of them fold behind the first ones."""

    def __init__(self, host: Host) -> None:  # noqa: ARG002 - what all panels are given
        self._shown: list[MetricState] = []
        self._tiles = markup("aml-values-tiles")
        self._more_tiles = markup("aml-values-more")
        self._rows = markup("aml-values-rows")
        self._more_rows = markup("aml-values-more")
        self._places = (self._tiles, self._more_tiles, self._rows, self._more_rows)
        self.widget = ipywidgets.VBox(self._places, layout=ipywidgets.Layout(display="none"))
        self.widget.add_class("aml-values")

    def update(self, state: ViewState) -> None:
        """Show the metrics that have a single value."""
        metrics = [metric for metric in state.metrics.values() if card_kind(metric) == "value"]
        if len(metrics) == len(self._shown) and all(
            one is other for one, other in zip(metrics, self._shown, strict=True)
        ):
            return
        self._shown = metrics
        numbers = [metric for metric in metrics if _is_tile(metric)]
        others = [metric for metric in metrics if not _is_tile(metric)]
        set_markup(self._tiles, tiles_html(numbers[:MAX_TILES]))
        set_markup(self._more_tiles, _folded_html("tiles", numbers[MAX_TILES:], "value", "values"))
        set_markup(self._rows, table_html(others[:MAX_ROWS]))
        set_markup(self._more_rows, _folded_html("rows", others[MAX_ROWS:], "text", "texts"))
        self.widget.layout.display = None if metrics else "none"


def tiles_html(metrics: Sequence[MetricState]) -> str:
    """Write single numbers as tiles."""
    tiles = "".join(
        f'<div class="aml-tile"><span class="aml-label" title="{escape(shorten(metric.name, 400))}">'
        f'{escape(name_text(metric.name, 120))}</span><span class="aml-number" '
        f'title="{escape(shorten(exact_text(value), 400))}">{escape(value_text(value))}</span></div>'
        for metric in metrics
        for value in (_value_of(metric),)
    )
    return f'<div class="aml-tiles">{tiles}</div>' if tiles else ""


def table_html(metrics: Sequence[MetricState]) -> str:
    """Write texts, truth values and what else is no number as a table of name and value."""
    rows = "".join(
        f'<tr><th scope="row" title="{escape(shorten(metric.name, 400))}">{escape(name_text(metric.name, 120))}</th>'
        f"<td>{_value_html(metric)}</td></tr>"
        for metric in metrics
    )
    return f'<table class="aml-table"><tbody>{rows}</tbody></table>' if rows else ""


def _folded_html(which: str, metrics: Sequence[MetricState], one: str, many: str) -> str:
    """Write what is behind the first ones; the browser opens it by itself."""
    if not metrics:
        return ""
    shown = metrics[:MAX_FOLDED]
    content = tiles_html(shown) if which == "tiles" else table_html(shown)
    n_left = len(metrics) - len(shown)
    left = f'<div class="aml-note">and {count_text(n_left, one, many)} that are not shown</div>' if n_left else ""
    return (
        f'<details class="aml-values-fold" data-aml-key="values more {which}">'
        f"<summary>and {len(metrics):,} more</summary>{content}{left}</details>"
    )


def _value_of(metric: MetricState) -> MetricValue:
    return next((series.last for series in metric.columns.values()), None)


def _is_tile(metric: MetricState) -> bool:
    return metric.point_count == 1 and is_number(_value_of(metric))


def _value_html(metric: MetricState) -> str:
    if not metric.point_count:
        return '<span class="aml-note">an empty list</span>'
    value = _value_of(metric)
    if not isinstance(value, str):
        return f'<span class="aml-text">{escape(value_text(value))}</span>'
    if not value:
        return '<span class="aml-note">empty text</span>'
    if len(value) <= _MAX_SHORT_TEXT:
        return f'<span class="aml-text">{escape(value)}</span>'
    short = escape(shorten(" ".join(value[:_MAX_SHORT_TEXT].split()), _MAX_SHORT_TEXT))
    return (
        f'<details class="aml-long" data-aml-key="value {escape(shorten(metric.name, 200))}">'
        f'<summary><span class="aml-text">{short}{"" if short.endswith("…") else "…"}</span></summary>'
        f'<div class="aml-text">{escape(shorten(value, _MAX_TEXT))}</div></details>'
    )
