"""Charts and other cards in sections, a page of them at a time, with the controls that say how they are drawn."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from functools import partial

import ipywidgets

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import MetricKind
from aml_widgets.widgets.chart_csv import CSV_TYPE, metric_csv
from aml_widgets.widgets.panels import chart_controls
from aml_widgets.widgets.panels.card_grid import LINE, MAX_CARDS, CardGrid
from aml_widgets.widgets.panels.chart_card import ChartCard, Plan
from aml_widgets.widgets.panels.figure import MetricFigure
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.later import Later, Piece
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.panels.sections import CardPage, NameFilter, arrange, name_filter
from aml_widgets.widgets.settings import X_METRIC, X_RELATIVE, X_STEP, X_WALL, ViewSettings
from aml_widgets.widgets.text import shorten
from aml_widgets.widgets.view_state import ViewState, card_kind

_HANDLER_SECONDS = 0.1  # a handler draws for so long, and leaves the rest to the watcher's thread
_UPDATE_SECONDS = 1.0

_VALUE = "value"


class ChartsPanel:
    """Cards of all metrics, and above them what says how and which.

    New points change the marks of a figure in place, and only those of metrics that changed.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._state: ViewState | None = None
        self._filter = NameFilter()
        self._field_number = 0
        self._kinds: dict[str, str] = {}
        self._kinds_of: object = None
        self._rows_taken: tuple[str, ...] = ()
        self._page: CardPage | None = None
        self._n_waiting = 0
        self._later = Later(host, self._next_piece)
        self._field = markup("aml-chart-filter")
        self._kind = markup()
        self._count = markup("aml-note")
        self._wrong = markup("aml-chart-wrong")
        self._controls = markup("aml-chart-controls")
        self._filter_bar = ipywidgets.HBox([self._field, self._kind, self._count])
        self._filter_bar.add_class("aml-chart-filter-bar")
        self._bar = ipywidgets.VBox(
            [self._controls, self._filter_bar, self._wrong], layout=ipywidgets.Layout(display="none")
        )
        self._bar.add_class("aml-chart-bar")
        self._pager = markup()
        self._grid = CardGrid(host)
        self._empty = markup("aml-empty")
        self.widget = ipywidgets.VBox([self._bar, self._pager, self._grid.widget, self._empty])
        self.widget.add_class("aml-section")
        self._read_filter(host.settings.value)
        self._write_field(host.settings.value)
        self._listen()

    def update(self, state: ViewState) -> None:
        """Draw what changed of the cards that are in sight."""
        self._show(state, _UPDATE_SECONDS)

    def _show(self, state: ViewState, seconds: float) -> None:
        self._state = state
        settings = self._host.settings.value
        if state.metrics is not self._kinds_of:
            kinds = ((name, card_kind(metric)) for name, metric in state.metrics.items())
            self._kinds = {name: kind for name, kind in kinds if kind != _VALUE}
            self._kinds_of = state.metrics
            self._tighten(sum(metric.kind is MetricKind.ACCURACY_TABLE for metric in state.metrics.values()))
        page = arrange(
            self._kinds,
            wanted=self._filter,
            pinned=settings.pinned,
            collapsed=settings.collapsed,
            page=settings.charts_page,
            page_size=MAX_CARDS,
        )
        self._write(page, settings, state)
        self._grid.place(page, self._kinds)
        self._page = page
        self._draw(state, seconds)

    def figure(self, name: str) -> MetricFigure:
        """Give the figure of a metric, made and drawn if it is not. It goes on following its metric, whatever the page shows.

        Raises
        ------
        UserError
            If no chart shows it, with the names that are like it.
        """
        state = self._state
        if state is None or self._kinds.get(name) != LINE:
            raise UserError(
                _no_chart_text(name, [one for one, kind in self._kinds.items() if kind == LINE]), value=name
            )
        card = self._grid.give(name)
        card.draw(state.metrics[name], state)
        return card.figure

    # -- what is on the page

    def _write(self, page: CardPage, settings: ViewSettings, state: ViewState) -> None:
        # First, because a figure measures itself when it is put there.
        has_any = page.total_count > 0
        self._bar.layout.display = None if has_any else "none"
        self._grid.widget.layout.display = None if page.sections else "none"
        empty = ""
        if not state.metrics and state.run is not None:
            empty = _empty_text(state)
        elif has_any and not page.matched_count:
            empty = chart_controls.nothing_found_html(settings)
        self.widget.layout.display = None if has_any or empty else "none"
        set_markup(self._empty, empty)
        self._kind.value = chart_controls.filter_kind_html(settings)
        needs_filter = chart_controls.needs_filter(page, settings)
        self._field.layout.display = self._kind.layout.display = None if needs_filter else "none"
        names = [
            name
            for name, metric in state.metrics.items()
            if metric.kind is MetricKind.SCALAR and self._kinds.get(name) == LINE
        ]
        self._controls.value = chart_controls.settings_html(settings, names, self._field_number)
        set_markup(self._pager, chart_controls.pager_html(page))
        self._grid.look_like(f"aml-columns-{settings.columns}", f"aml-size-{settings.size}")

    def _tighten(self, pair_count: int) -> None:
        """Let cards have two figures only while no more than `MAX_CARDS` figures can come of all metrics."""
        self._grid.tighten(is_tight=len(self._kinds) + pair_count > MAX_CARDS)

    def _draw(self, state: ViewState, seconds: float) -> None:
        """Draw cards in sight for a while; what takes longer is worked out soon, without the lock."""
        page = self._host.page
        visible = page.visible_cards if page.hears_while_busy else None
        ends_at = time.monotonic() + seconds
        was_waiting, self._n_waiting = self._n_waiting, 0
        for name, slot in self._grid.to_draw(visible):
            if self._kinds.get(name) != slot.kind:
                continue
            if page.hears_while_busy and isinstance(slot.card, ChartCard):
                plan = slot.card.plan(state.metrics[name], state)
                if plan is None:
                    continue
                if plan.is_long or time.monotonic() > ends_at or page.is_waited_for:
                    self._n_waiting += 1
                else:
                    slot.card.finish(plan, plan.work())
            else:
                slot.card.draw(state.metrics[name], state)
        if self._page is not None:
            set_markup(self._count, chart_controls.count_html(self._page, self._host.settings.value, self._n_waiting))
        if self._n_waiting and not was_waiting:
            self._later.begin()
        rows_taken = self._grid.rows_taken()
        if rows_taken != self._rows_taken and self._page is not None:  # only what is drawn knows its width
            self._rows_taken = rows_taken
            self._grid.place(self._page, self._kinds)

    def _next_piece(self) -> Piece | None:
        """Give the work for the next card in sight that waits."""
        state, page = self._state, self._host.page
        if state is None or self.widget.comm is None:  # closed in the meantime
            return None
        for name, slot in self._grid.to_draw(page.visible_cards):
            if isinstance(slot.card, ChartCard) and self._kinds.get(name) == slot.kind:
                plan = slot.card.plan(state.metrics[name], state)
                if plan is not None:
                    return partial(self._work, slot.card, plan)
        self._n_waiting = 0
        return None

    def _work(self, card: ChartCard, plan: Plan) -> Callable[[], None]:
        outcome = plan.work()

        def finish() -> None:
            card.finish(plan, outcome)
            if self._state is not None:
                self._draw(self._state, 0)  # says how many wait

        return finish

    # -- what the user does

    def _listen(self) -> None:
        page = self._host.page
        page.on("chart-filter", self._on_filter)
        page.on("chart-filter-regex", lambda _, value: self._set_filter(filter_is_regex=bool(value)))
        page.on("chart-filter-clear", lambda _, __: self._on_clear())
        page.on("chart-x", lambda _, value: self._set_x(value))
        page.on("chart-x-name", lambda _, value: self._set_x(f"{X_METRIC}{value}"))
        page.on("chart-x-log", lambda _, value: self._set(x_log=bool(value)))
        page.on("chart-y-log", lambda _, value: self._set(y_log=bool(value)))
        page.on("chart-smoothing", lambda _, value: self._set(smoothing=chart_controls.smoothing_at(float(value))))
        page.on("chart-outliers", lambda _, value: self._set(cuts_outliers=bool(value)))
        page.on("chart-columns", lambda _, value: self._set_columns(value))
        page.on("chart-size", lambda _, value: self._set_size(value))
        page.on("chart-defaults", lambda _, __: self._set(**chart_controls.unset_look()))
        page.on("chart-page", lambda argument, _: self._turn(argument))
        page.on("chart-section", lambda argument, _: self._fold(argument))
        page.on("chart-pin", lambda argument, _: self._pin(argument))
        page.on("chart-zoom", self._zoom)
        page.on("chart-line", lambda argument, _: self._toggle_line(argument))
        page.on("chart-csv", lambda argument, _: self._send_csv(argument))
        page.on_visible(self._catch_up)

    def _set(self, **fields: object) -> None:
        self._host.settings.change(**fields)
        if self._state is not None:
            self._show(self._state, _HANDLER_SECONDS)

    def _on_filter(self, argument: str, value: str) -> None:
        if argument == str(self._field_number):  # else it comes late, from a field that was cleared
            self._set_filter(filter_text=value)

    def _set_filter(self, **fields: object) -> None:
        self._read_filter(self._host.settings.change(**fields, charts_page=0))
        self._set()

    def _on_clear(self) -> None:
        self._field_number += 1
        self._write_field(self._host.settings.change(filter_text=""))
        self._set_filter(filter_text="")

    def _read_filter(self, settings: ViewSettings) -> None:
        wrong = ""
        try:
            self._filter = name_filter(settings.filter_text, is_regex=settings.filter_is_regex)
        except ValueError as error:
            wrong = chart_controls.wrong_filter_html(str(error))
        set_markup(self._wrong, wrong)

    def _write_field(self, settings: ViewSettings) -> None:
        self._field.value = chart_controls.filter_html(settings, self._field_number)

    def _set_x(self, value: str) -> None:
        lines = [name for name, kind in self._kinds.items() if kind == LINE]
        if value == chart_controls.TYPED and lines:
            value = f"{X_METRIC}{lines[0]}"
        if value.startswith(X_METRIC) or value == chart_controls.TYPED:
            name = value.removeprefix(X_METRIC)
            if name not in lines:
                raise UserError(_no_chart_text(name, lines), value=name)
        elif value not in (X_STEP, X_RELATIVE, X_WALL):
            raise ValueError(f"There is no x axis {shorten(value, 100)!r}.")
        self._set(x=value)

    def _set_columns(self, value: str) -> None:
        if value in {str(count) for count in range(chart_controls.MAX_COLUMNS + 1)}:
            self._set(columns=int(value))

    def _set_size(self, value: str) -> None:
        if value in chart_controls.SIZES:
            self._set(size=value)

    def _turn(self, where: str) -> None:
        if self._page is None:
            return
        number, last = self._page.number, self._page.page_count - 1
        places = {"first": 0, "previous": number - 1, "next": number + 1, "last": last}
        self._set(charts_page=min(max(0, places.get(where, number)), last))

    def _fold(self, key: str) -> None:
        self._set(collapsed=self._host.settings.value.collapsed ^ {key})

    def _pin(self, card_id: str) -> None:
        name, _ = self._grid.find(card_id)
        if name is not None:
            pinned = self._host.settings.value.pinned
            is_pinned = name in pinned
            self._set(pinned=tuple(one for one in pinned if one != name) if is_pinned else (*pinned, name))

    def _zoom(self, card_id: str, value: str) -> None:
        name, card = self._find_chart(card_id)
        if name is not None and card is not None and self._state is not None:
            card.zoom(value)
            self._draw(self._state, _HANDLER_SECONDS)

    def _toggle_line(self, argument: str) -> None:
        card_id, _, place = argument.partition(" ")
        name, card = self._find_chart(card_id)
        if name is not None and card is not None and self._state is not None:
            card.toggle(int(place))
            card.draw(self._state.metrics[name], self._state)

    def _send_csv(self, card_id: str) -> None:
        name, _ = self._grid.find(card_id)
        if name is None or self._state is None:
            return
        metric = self._state.metrics[name]
        self._host.page.send_file(
            f"{name.replace('/', '_')}.csv", CSV_TYPE, metric_csv(self._host.store, self._host.run_id, metric)
        )

    def _catch_up(self) -> None:
        if self._state is not None:
            self._draw(self._state, _HANDLER_SECONDS)

    def _find_chart(self, card_id: str) -> tuple[str | None, ChartCard | None]:
        """Give the metric and the card that an id belongs to; None for a card that is no chart of ours."""
        name, slot = self._grid.find(card_id)
        card = slot.card if slot is not None else None
        return (name, card) if isinstance(card, ChartCard) else (None, None)


def _no_chart_text(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return (
            f"No chart shows {shorten(name, 100)!r}. Do you mean {', '.join(repr(shorten(one, 100)) for one in close)}?"
        )
    if not names:
        return f"No chart shows {shorten(name, 100)!r}; there are no charts yet. One appears when a metric has two numbers."
    some = ", ".join(repr(shorten(one, 100)) for one in names[:5])
    return f"No chart shows {shorten(name, 100)!r}. There are {len(names):,}, among them {some}."


def _empty_text(state: ViewState) -> str:
    if not state.expects_more:
        return "This run has logged no metrics."
    return "No metrics yet. They appear here as the run logs them."
