"""A metric as a table: rows with text in them, and texts that were logged often."""

from __future__ import annotations

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import MetricKind
from aml_widgets.tracking.images import safe_file_name
from aml_widgets.tracking.row_table import Rows
from aml_widgets.widgets.chart_csv import CSV_TYPE, metric_csv
from aml_widgets.widgets.pages_of_rows import ROWS_PER_PAGE, page_count
from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.card_parts import (
    ALL_PLACES,
    CardBox,
    action_html,
    head_html,
    is_pinned,
    pin_html,
    trouble_html,
)
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.panels.row_reader import RowReader
from aml_widgets.widgets.panels.table_html import rows_html, width_of
from aml_widgets.widgets.text import count_text, escape
from aml_widgets.widgets.view_state import MetricState, ViewState

_WIDTH_OF_ONE_PLACE, _WIDTH_OF_TWO_PLACES = 38, 80  # characters
_LONG_TEXT = "Reading many rows\N{HORIZONTAL ELLIPSIS}"


class TableCard:
    """Pages of rows. Rows of a table begin with the first one; of repeated texts the newest page is followed.

    Parameters
    ----------
    host : Host
        The view.
    card_id : str
        The card's name on the page.
    """

    def __init__(self, host: Host, card_id: str) -> None:
        self._host = host
        self._card_id = card_id
        self._reader = RowReader(host, self._draw)
        self._metric: MetricState | None = None
        self._page: int | None = 0  # None: the last one, whichever that is
        self._total = 0
        self._is_pinned = False
        self._is_in_trouble = False
        self._places = 1
        self._shown: Rows | None = None
        self._head = markup("aml-card-head")
        self._table = markup("aml-rows")
        self._foot = markup("aml-card-foot")
        self._box = CardBox(host, card_id, self._answer, [self._head, self._table, self._foot])
        self.widget = self._box.widget

    def draw(self, metric: MetricState, state: ViewState) -> None:  # noqa: ARG002 - what all cards are told
        """Show the rows of a metric on the page that is open."""
        is_pinned_now = is_pinned(self._host, metric.name)
        is_same = metric is self._metric and is_pinned_now == self._is_pinned
        if is_same and not self._is_in_trouble and not self._reader.is_behind(metric):
            return
        self._is_pinned = is_pinned_now
        if self._metric is None or self._metric.name != metric.name:
            self._page = 0 if metric.kind is MetricKind.ROW else None
            self._shown = None
        self._metric = metric
        self._draw()

    def close(self) -> None:
        """Free the card's widgets. May be called twice."""
        self._reader.forget()
        self._box.close()

    @property
    def takes_row(self) -> bool:
        """Whether it lies across the whole grid."""
        return self._box.takes_row

    def _answer(self, action: str, _value: str) -> None:
        last = page_count(self._total) - 1
        now = last if self._page is None else self._page
        if action == "csv":
            self._send_csv()
            return
        wanted = {"first": 0, "previous": now - 1, "next": now + 1, "last": last}.get(action, now)
        wanted = min(max(0, wanted), last)
        is_list = self._metric is not None and self._metric.kind is not MetricKind.ROW
        self._page = None if is_list and wanted == last else wanted
        self._draw()

    def _send_csv(self) -> None:
        metric = self._metric
        if metric is not None:
            name = f"{safe_file_name(metric.name)}.csv"
            self._host.page.send_file(name, CSV_TYPE, metric_csv(self._host.store, self._host.run_id, metric))

    def _draw(self) -> None:
        metric = self._metric
        if metric is None:
            return
        try:
            rows = self._rows(metric)
            self._is_in_trouble = False
        except AmlWidgetsError as error:
            self._is_in_trouble = True  # perhaps not for long
            self._head.value = head_html(metric.name, "", pin_html(self._host, self._card_id, metric.name))
            set_markup(self._table, trouble_html("These rows cannot be read now", error.message))
            return
        if rows is None:
            self._say_waiting(metric)
            return
        self._shown = rows
        self._total = rows.total
        self._head.value = head_html(
            metric.name, count_text(rows.total, "row", "rows"), pin_html(self._host, self._card_id, metric.name)
        )
        width = width_of(rows)
        places = 1 if width <= _WIDTH_OF_ONE_PLACE else 2 if width <= _WIDTH_OF_TWO_PLACES else ALL_PLACES
        if places > self._places:  # it stays so: no page makes the card jump
            self._places = places
            self._box.take_places(places)
        set_markup(self._table, rows_html(rows, metric.name, self._card_id))
        set_markup(self._foot, self._pager_html(rows))

    def _say_waiting(self, metric: MetricState) -> None:
        if self._shown is None:
            self._head.value = head_html(metric.name, "", pin_html(self._host, self._card_id, metric.name))
            set_markup(self._foot, f'<div class="aml-note" role="status">{_LONG_TEXT}</div>')
        else:
            set_markup(self._foot, self._pager_html(self._shown, _LONG_TEXT))

    def _rows(self, metric: MetricState) -> Rows | None:
        if self._page is not None:
            rows = self._reader.rows(metric, self._page * ROWS_PER_PAGE, (self._page + 1) * ROWS_PER_PAGE)
            if rows is None or rows.cells or self._page == 0:
                return rows
        newest = self._reader.rows(metric, -1, 0)
        if newest is None:
            return None
        start = (page_count(newest.total) - 1) * ROWS_PER_PAGE
        return self._reader.rows(metric, start, start + ROWS_PER_PAGE)

    def _pager_html(self, rows: Rows, note: str = "") -> str:
        last = page_count(rows.total) - 1
        now = rows.start // ROWS_PER_PAGE
        pager = ""
        if last:
            shown = note or f"rows {rows.start + 1:,}\N{EN DASH}{rows.start + len(rows.cells):,} of {rows.total:,}"
            is_first, is_last = now == 0, now == last
            pager = (
                action_html(self._card_id, "first", "First rows", icon=icons.FIRST, is_disabled=is_first)
                + action_html(self._card_id, "previous", "Rows before", icon=icons.PREVIOUS, is_disabled=is_first)
                + f'<span class="aml-note aml-number" role="status">{escape(shown)}</span>'
                + action_html(self._card_id, "next", "Rows after", icon=icons.NEXT, is_disabled=is_last)
                + action_html(self._card_id, "last", "Last rows", icon=icons.LAST, is_disabled=is_last)
            )
        csv = action_html(self._card_id, "csv", "CSV", title="Save all rows as CSV")
        return f'<div class="aml-card-bar">{pager}<span class="aml-spring"></span>{csv}</div>'
