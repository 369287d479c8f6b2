"""The children of the run: how they stand, a table of them, and a chart that lays one metric of theirs together."""

from __future__ import annotations

import json
import re
import time

import ipywidgets

from aml_widgets.core import clock
from aml_widgets.core.records import RunRecord
from aml_widgets.widgets import children as kin
from aml_widgets.widgets.child_reader import ChildReader
from aml_widgets.widgets.panels.children_chart import ChildrenChart
from aml_widgets.widgets.panels.children_rows import (
    TICK_SECONDS,
    metric_html,
    pager_html,
    parent_html,
    statuses_html,
    table_html,
)
from aml_widgets.widgets.panels.controls import text_html
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.panels.status import duration_seconds
from aml_widgets.widgets.text import escape, shorten
from aml_widgets.widgets.view_state import ViewState

_PAGE_NUMBER = re.compile(r"[0-9]{1,9}")
TABLE_CARD, CHART_CARD = "children-table", "children"
CHEAP_READS = 50
"""So many children that go on are read at each refresh even when they are out of sight."""
DRAW_SECONDS = 1.0
"""While many children are read, the table is written anew so often at most."""


class ChildrenPanel:
    """The children of the run.

    What they logged is read by a `ChildReader`, in parts; the table shows at once what is known. What there is to see is made
    when the first child is.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._reader = ChildReader(host, self._on_read)
        self._state = ViewState(run_id=host.run_id)
        self._page = 0
        self._parts: _Parts | None = None
        self._drawn: object = None
        self._drawn_at = 0.0
        self._parent = markup("aml-children-parent")
        self._empty = markup("aml-empty")
        self.widget = ipywidgets.VBox([self._parent, self._empty])
        self.widget.add_class("aml-children")
        host.page.on("child-open", self._open)
        host.page.on("child-parent", self._open_parent)
        host.page.on("child-sort", self._sort)
        host.page.on("child-metric", self._choose_metric)
        host.page.on("child-goal", self._choose_goal)
        host.page.on("child-filter", self._filter)
        host.page.on("child-page", self._turn)
        host.page.on_visible(self._on_visible)

    def update(self, state: ViewState) -> None:
        """Show a state, and have read what children have logged since."""
        before, self._state = self._state, state
        parent = state.run.parent_run_id if state.run is not None else None
        set_markup(self._parent, parent_html(parent) if parent else "")
        set_markup(self._empty, "This run has no children." if not state.children and state.run is not None else "")
        if not state.children and self._parts is None:
            return
        if state.children is not before.children and not before.children.keys() <= state.children.keys():
            self._reader.forget(state.children.keys())
        self._want(again=True)
        self._draw()

    # -- what the user does

    def _open(self, child_id: str, _value: str) -> None:
        if child_id in self._state.children:
            self._host.open_run(child_id)

    def _open_parent(self, _argument: str, _value: str) -> None:
        run = self._state.run
        if run is not None and run.parent_run_id is not None:
            self._host.open_run(run.parent_run_id)

    def _sort(self, column: str, _value: str) -> None:
        if column not in kin.COLUMNS:
            return
        _, goal, sorted_by, is_descending = self._chosen()
        turned = not is_descending if column == sorted_by else kin.first_direction(column, goal)
        self._page = 0
        self._host.settings.change(children_sort=column, children_descending=turned)
        self._draw()

    def _choose_metric(self, _argument: str, metric: str) -> None:
        try:
            name = json.loads(metric)
        except (ValueError, RecursionError):
            return
        if isinstance(name, str) and name in kin.metric_names(self._reader.numbers.values()):
            self._change_order(children_metric=name, children_goal="")

    def _choose_goal(self, _argument: str, goal: str) -> None:
        if goal in (kin.MINIMIZE, kin.MAXIMIZE):
            self._change_order(children_goal=goal)

    def _change_order(self, **fields: str) -> None:
        """Take over another metric or goal; a table sorted by the metric has the best first again."""
        settings = self._host.settings.change(**fields)
        if settings.children_sort in (kin.BEST, kin.LAST):
            goal = self._chosen()[1]
            self._host.settings.change(children_descending=kin.first_direction(kin.BEST, goal))
        self._page = 0
        self._draw()

    def _filter(self, _argument: str, text: str) -> None:
        self._page = 0
        self._host.settings.change(children_filter=text)
        self._draw()

    def _turn(self, page: str, _value: str) -> None:
        if page in ("previous", "next"):
            self._page += 1 if page == "next" else -1
        elif _PAGE_NUMBER.fullmatch(page):
            self._page = int(page)
        self._draw()

    # -- what is read

    def _want(self, *, again: bool) -> None:
        """Ask for what children logged: of each once, of those that go on again."""
        known = self._reader.numbers
        new = [child for child in self._state.children.values() if child.run_id not in known]
        active = []
        if again:
            active = [
                child
                for child in self._state.children.values()
                if child.run_id in known and not self._reader.is_known(child) and _may_log(child)
            ]
            if len(active) > CHEAP_READS and not self._is_visible(TABLE_CARD):
                # Those that have ended since are read all the same: it is the last time.
                active = [child for child in active if child.status.is_terminal]
        self._reader.want([*new, *active])

    def _on_read(self, is_all: bool) -> None:
        if self.widget.comm is None:  # closed in the meantime
            return
        if is_all or time.monotonic() - self._drawn_at >= DRAW_SECONDS:
            self._draw()
        else:
            self._write_note()

    def _on_visible(self) -> None:
        if self._parts is not None and self.widget.comm is not None:
            self._draw()

    def _is_visible(self, card_id: str) -> bool:
        cards = self._host.page.visible_cards
        return cards is None or card_id in cards

    # -- what is shown

    def _chosen(self) -> tuple[str, str, str, bool]:
        """Give the metric, the goal, the column that is sorted by, and whether in descending order."""
        settings = self._host.settings.value
        metric = settings.children_metric or kin.default_metric(self._reader.numbers.values())
        goal = settings.children_goal or kin.goal_of(metric)
        if settings.children_sort:
            return metric, goal, settings.children_sort, settings.children_descending
        if metric:
            return metric, goal, kin.BEST, goal == kin.MAXIMIZE
        return metric, goal, kin.NUMBER, False

    def _draw(self) -> None:
        """Write what differs. Nothing is done where all that it is made of is as it was."""
        metric, goal, column, is_descending = self._chosen()
        settings = self._host.settings.value
        now = clock.now()
        rows = [
            kin.row_of(child, duration_seconds(child, now), self._reader.numbers.get(child.run_id), metric, goal)
            for child in self._state.children.values()
        ]
        sorted_rows = kin.sort_rows(
            kin.filter_rows(rows, settings.children_filter), column, is_descending=is_descending
        )
        page = kin.page_of(sorted_rows, self._page)
        self._page = page.page
        parts = self._parts = self._parts or _Parts(self._host, self._reader, self.widget)
        set_markup(parts.statuses, statuses_html(kin.count_statuses(self._state.children.values())))
        set_markup(parts.metric, metric_html(kin.metric_names(self._reader.numbers.values()), metric, goal))
        parts.show_filter(settings.children_filter)
        is_visible = self._is_visible(CHART_CARD)
        if not self._reader.is_reading:  # else the best are not known yet
            parts.chart.update(sorted_rows, metric, goal, is_visible=is_visible)
        self._write_note(n_found=len(sorted_rows), n_all=len(rows))
        content = (
            [(row.run, row.best, row.last, row.last_step) for row in page.rows],
            (metric, goal, column, is_descending, page.start, page.total),
            dict(parts.chart.places),
        )
        # A NaN is no news either, though it differs from itself: texts are compared.
        drawn = repr(content)
        has_clock = any(kin.is_active(row.run.status) for row in page.rows)
        is_old = has_clock and time.monotonic() - self._drawn_at > TICK_SECONDS / 2
        if drawn != self._drawn or is_old:
            self._drawn, self._drawn_at = drawn, time.monotonic()
            table = table_html(
                page,
                metric=metric,
                column=column,
                is_descending=is_descending,
                places=parts.chart.places,
                has_numbers=any(row.run.number for row in rows),
            )
            set_markup(parts.table, table if page.rows else '<div class="aml-note">No child run matches.</div>')
            set_markup(parts.pager, pager_html(page))

    def _write_note(self, *, n_found: int | None = None, n_all: int | None = None) -> None:
        if self._parts is None:
            return
        n_children = len(self._state.children)
        n_read = sum(child_id in self._reader.numbers for child_id in self._state.children)
        notes = []
        if self._reader.problem is not None:
            reason = escape(shorten(self._reader.problem, 500))
            notes.append(f'<b class="aml-look-warn">What the children logged cannot be read</b>: {reason}')
        elif n_read < n_children:
            notes.append(f"Reading what they logged: {n_read:,} of {n_children:,}")
        if n_found is not None and n_all is not None and n_found < n_all:
            notes.append(f"{n_found:,} of {n_all:,} match")
        set_markup(self._parts.note, f'<div class="aml-note">{" &middot; ".join(notes)}</div>' if notes else "")


class _Parts:
    """What is on the page once there are children."""

    def __init__(self, host: Host, reader: ChildReader, box: ipywidgets.VBox) -> None:
        self.statuses = markup("aml-children-statuses")
        self.metric = markup("aml-children-metric")
        self.filter = markup("aml-children-filter")
        self.note = markup("aml-children-note")
        self.chart = ChildrenChart(host, reader, CHART_CARD)
        self.table = markup()
        self.pager = markup()
        bar = ipywidgets.HBox([self.metric, self.filter])
        bar.add_class("aml-children-tools")
        # A card, so that the page says when it is in sight.
        card = ipywidgets.VBox([self.table])
        card.add_class("aml-card")
        card.add_class("aml-children-list")
        card.add_class(f"aml-card-id-{TABLE_CARD}")
        self._has_filter = False
        box.children = (*box.children, self.statuses, bar, self.note, self.chart.widget, card, self.pager)

    def show_filter(self, text: str) -> None:
        """Write the search field once: somebody may be typing in it."""
        if not self._has_filter:
            self._has_filter = True
            self.filter.value = text_html(
                "Filter the child runs",
                "child-filter",
                text,
                placeholder="Filter by name, id, status, tag",
            )


def _may_log(child: RunRecord) -> bool:
    return kin.is_active(child.status) or child.status.is_terminal
