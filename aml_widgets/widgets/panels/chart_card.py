"""The card of a metric that is drawn as lines: its name and latest value, the figure, its legend and what there is to say."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import NamedTuple

import ipywidgets

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import Bucket, MetricHistory
from aml_widgets.widgets.chart import Chart, Window
from aml_widgets.widgets.curves import ChartLook, CurveMemory, draw_metric, notes_of, reads_all
from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.controls import button_html, menu_html, picture_entries_html
from aml_widgets.widgets.panels.figure import COLOURS, N_COLOURS, ChartFigure, MetricFigure
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import close_tree, markup, set_markup
from aml_widgets.widgets.settings import X_METRIC
from aml_widgets.widgets.text import escape, name_text, shorten, value_text
from aml_widgets.widgets.view_state import MetricState, ViewState

_MAX_LEGEND = 60


class ChartCard:
    """One figure with all that belongs to it. It is told of another metric when the page of charts is turned.

    Parameters
    ----------
    host : Host
        The view.
    card_id : str
        By which the page names the card.
    """

    def __init__(self, host: Host, card_id: str) -> None:
        self.card_id = card_id
        self._host = host
        self._reader = _StoreReader(host)
        self._name: str | None = None
        self._drawn: tuple[object, ...] = ()
        self._chart: Chart | None = None
        self._memory = CurveMemory()
        self._window: Window | None = None
        self._full: tuple[float, ...] | None = None
        self._hidden: frozenset[int] = frozenset()
        self._problem = ""
        self._is_pinned = False
        self._has_noted = False
        self._head = markup("aml-card-head")
        self._value = markup("aml-card-value")
        self._figure = ChartFigure(host, card_id)
        self._foot = markup("aml-card-foot")
        self.widget = ipywidgets.VBox([self._head, self._value, self._figure.widget, self._foot])
        self.widget.add_class("aml-card")
        self.widget.add_class("aml-chart-card")
        self.widget.add_class(f"aml-card-id-{card_id}")

    @property
    def figure(self) -> MetricFigure:
        """The figure on the page."""
        return self._figure.figure

    @property
    def name(self) -> str | None:
        """The metric that is shown."""
        return self._name

    def draw(self, metric: MetricState, state: ViewState) -> None:
        """Show a metric, unless it is what is shown already."""
        plan = self.plan(metric, state)
        if plan is not None:
            self.finish(plan, plan.work())

    def plan(self, metric: MetricState, state: ViewState) -> Plan | None:
        """Say what there is to draw; None where it is drawn already."""
        settings = self._host.settings.value
        look = ChartLook(
            x=settings.x,
            x_log=settings.x_log,
            y_log=settings.y_log,
            smoothing=settings.smoothing,
            cuts_outliers=settings.cuts_outliers,
        )
        if metric.name != self._name:
            self._forget(metric.name)
        before = self._drawn[1] if self._drawn else look
        assert isinstance(before, ChartLook)
        if (before.x, before.x_log) != (look.x, look.x_log):
            self._window = None  # it was in the units of another axis
        elif before.y_log != look.y_log and self._window is not None:
            self._window = replace(self._window, y_low=None, y_high=None)
        over = state.metrics.get(look.x.removeprefix(X_METRIC)) if look.x.startswith(X_METRIC) else None
        started_at = state.run.started_at if state.run is not None else None
        wanted = (metric, look, over, self._window, self._hidden, started_at)
        if self._is_drawn(wanted):
            if self._is_pinned != (metric.name in settings.pinned):
                self.write()
            return None
        return Plan(wanted, metric, state, look, self._window, self._memory, self._reader)

    def finish(self, plan: Plan, outcome: tuple[Chart, str]) -> None:
        """Show what was worked out, unless something else is wanted by now."""
        if (plan.memory, plan.window, plan.wanted[4]) != (self._memory, self._window, self._hidden):
            return
        chart, self._problem = outcome
        x_range, y_range = chart.x_range, chart.y_range
        if self._window is None:
            self._full = (*x_range, *y_range) if x_range and y_range else None
        self._figure.draw(chart, full=self._full, is_zoomed=self._window is not None, hidden=self._hidden)
        self._chart = chart
        self._drawn = plan.wanted
        self.write()

    def write(self) -> None:
        """Write what stands around the figure."""
        chart = self._chart
        if chart is None:
            return
        self._is_pinned = chart.name in self._host.settings.value.pinned
        self._head.value = _head_html(
            chart, self.card_id, is_pinned=self._is_pinned, is_zoomed=self._window is not None
        )
        self._value.value = _value_html(chart)
        notes = [*notes_of(chart), *([self._problem] if self._problem else [])]
        if notes:
            self._has_noted = True
        elif self._has_noted:
            notes = ["\N{NO-BREAK SPACE}"]  # its place stays, so that nothing moves when a zoom makes a chart exact
        set_markup(self._foot, _foot_html(chart, notes, self.card_id, self._hidden))

    def zoom(self, value: str) -> None:
        """Take the part that the page shows, as JSON; empty for all. It is drawn with the next `draw`.

        Raises
        ------
        ValueError
            If it is no range.
        """
        self._window = _window_from(value) if value else None

    def toggle(self, place: int) -> None:
        """Hide a line, or show it again.

        Raises
        ------
        IndexError
            If there is no such line.
        """
        n_lines = len(self._chart.lines) if self._chart is not None else 0
        if not 0 <= place < n_lines:
            raise IndexError(f"There is no line {place} among {n_lines:,}.")
        self._hidden ^= {place}

    def close(self) -> None:
        """Free the figure and all the rest. May be called twice."""
        self._figure.close()
        close_tree(self.widget)

    def _forget(self, name: str) -> None:
        self._name, self._drawn, self._chart = name, (), None
        self._memory = CurveMemory()
        self._has_noted = False
        self._window, self._full, self._hidden = None, None, frozenset()

    def _is_drawn(self, wanted: tuple[object, ...]) -> bool:
        # States and windows are compared by identity where they are large: what did not change is the same object.
        drawn = self._drawn
        return bool(drawn) and all(
            one is other or (place not in (0, 2) and one == other)
            for place, (one, other) in enumerate(zip(drawn, wanted, strict=True))
        )


class Plan(NamedTuple):
    """What a card is to show, and all that is needed to work it out, in any thread."""

    wanted: tuple[object, ...]
    metric: MetricState
    state: ViewState
    look: ChartLook
    window: Window | None
    memory: CurveMemory
    reader: _StoreReader

    @property
    def is_long(self) -> bool:
        """Whether it takes longer than a user should wait for an answer."""
        return reads_all(self.metric, self.look, self.memory)

    def work(self) -> tuple[Chart, str]:
        """Work out the chart; a problem is said in the second place."""
        metric, state, look, window = self.metric, self.state, self.look, self.window
        try:
            return draw_metric(metric, state, look, window=window, memory=self.memory, reader=self.reader), ""
        except AmlWidgetsError as error:  # what the view holds can be drawn all the same
            return draw_metric(metric, state, look, window=window), f"not all points could be read: {error.message}"


class _StoreReader:
    """Reads the histories of the view's run, for curves that need more than the view holds."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def read_history(self, name: str, column: str | None) -> MetricHistory:
        return self._host.store.read_history(self._host.run_id, name, column)

    def read_envelope(
        self, name: str, column: str | None, *, first_step: int | None, last_step: int | None
    ) -> list[Bucket]:
        return self._host.store.read_envelope(
            self._host.run_id, name, column, first_step=first_step, last_step=last_step
        )


def _window_from(value: str) -> Window:
    places = json.loads(value)
    if not isinstance(places, list) or len(places) != 4:
        raise ValueError(f"A part of a chart is given by four numbers, got {shorten(value, 80)}.")
    x_low, x_high, y_low, y_high = (float(place) for place in places)
    if not (all(map(math.isfinite, (x_low, x_high, y_low, y_high))) and x_low < x_high and y_low < y_high):
        raise ValueError(f"A part of a chart goes from low to high, got {shorten(value, 80)}.")
    return Window(x_low=x_low, x_high=x_high, y_low=y_low, y_high=y_high)


def _head_html(chart: Chart, card_id: str, *, is_pinned: bool, is_zoomed: bool) -> str:
    of = f' <span class="aml-note">{escape(shorten(chart.y_label, 60))}</span>' if chart.y_label else ""
    name = name_text(chart.name, 200)
    pin_title = "Take it from the top" if is_pinned else "Pin to the top"
    tools = [
        button_html(
            f"{pin_title}: {name}", "chart-pin", card_id, title=pin_title, is_pressed=is_pinned, icon=icons.PIN
        ),
        _menu_html(card_id, name),
    ]
    if is_zoomed:
        reset = button_html(
            f"Show all of {name} again", "", card_id, title="Show all again", icon=icons.WHOLE, local="chart-reset"
        )
        tools.insert(0, reset)
    return (
        f'<span class="aml-name" title="{escape(chart.name)}">{_name_html(name)}{of}</span>'
        f'<span class="aml-card-tools">{"".join(tools)}</span>'
    )


def _name_html(name: str) -> str:
    """Write a name in two parts: where there is no room, the prefix gives way, since the section's heading has it too."""
    prefix, slash, rest = name.rpartition("/")
    if not (slash and prefix and rest):
        return f'<span class="aml-name-end">{escape(name)}</span>'
    return (
        f'<span class="aml-name-start">{escape(prefix)}</span><span>/</span>'
        f'<span class="aml-name-end">{escape(rest)}</span>'
    )


def _menu_html(card_id: str, name: str) -> str:
    entries = [
        picture_entries_html(card_id),
        button_html("Save all points as CSV", "chart-csv", card_id),
    ]
    return menu_html(
        f"Save {name}", "".join(entries), f"chart {card_id}", icon=icons.SAVE, title="Save", classes="aml-to-left"
    )


def _value_html(chart: Chart) -> str:
    if len(chart.lines) != 1:
        return ""
    text = shorten(value_text(chart.lines[0].last), 40)
    return f'<span class="aml-number" title="latest value">{escape(text)}</span>'


def _foot_html(chart: Chart, notes: list[str], card_id: str, hidden: frozenset[int]) -> str:
    legend = ""
    if len(chart.lines) > 1:
        entries = [
            _key_html(place, line.label, value_text(line.last), card_id, is_hidden=place in hidden)
            for place, line in enumerate(chart.lines[:_MAX_LEGEND])
        ]
        n_more = len(chart.lines) - _MAX_LEGEND
        more = f'<span class="aml-note">and {n_more:,} more</span>' if n_more > 0 else ""
        legend = f'<div class="aml-legend" data-aml-key="legend {escape(card_id)}">{"".join(entries)}{more}</div>'
    return legend + (f'<div class="aml-note">{escape("; ".join(notes))}</div>' if notes else "")


def _key_html(place: int, label: str, last: str, card_id: str, *, is_hidden: bool) -> str:
    with_place = escape(f"{card_id} {place}")
    return (
        f'<button type="button" class="aml-key" data-aml-do="chart-line" data-aml-with="{with_place}" '
        f'data-aml-key="chart-line {with_place}" aria-pressed="{"false" if is_hidden else "true"}" '
        f'title="{escape(shorten(label, 400))}: click to {"show" if is_hidden else "hide"} the line">'
        f'<span class="aml-swatch aml-dash-{place // N_COLOURS}" style="--aml-swatch:{COLOURS[place % N_COLOURS]}"></span>'
        f'{escape(name_text(label, 60))} <span class="aml-number">{escape(shorten(last, 40))}</span></button>'
    )
