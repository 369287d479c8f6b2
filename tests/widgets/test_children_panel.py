"""The children of a run on the page: what is read, what is sent, and the view of one of them inside."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import ipywidgets
import pytest

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import MetricSummary
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import seeded_children as seeds
from aml_widgets.tracking.signals import status_changed
from aml_widgets.widgets import settings
from aml_widgets.widgets.children import NAME, ChildRow, page_of
from aml_widgets.widgets.panels.children import CHART_CARD, TABLE_CARD, ChildrenPanel
from aml_widgets.widgets.panels.children_rows import table_html
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.watcher import Watched, Watcher


class CountingStore(MemoryRunStore):
    """A store that counts what is asked of it, and can be told not to answer."""

    summary_count = 0
    reason: str | None = None

    def summarize_metrics(self, run_id: str, *, is_look: bool = False) -> list[MetricSummary]:
        self.summary_count += 1
        if self.reason is not None:
            raise StoreUnavailable(self.reason)
        return super().summarize_metrics(run_id, is_look=is_look)


class HandWatcher(Watcher):
    """A watcher without a thread: a test has its turns done."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Watched] = []
        self.views: list[RunView] = []

    def add(self, view: Watched) -> None:
        if isinstance(view, RunView):
            self.views.append(view)
        elif view not in self.waiting:
            self.waiting.append(view)

    def work(self) -> None:
        while self.waiting:
            view = self.waiting.pop()
            if view.refresh():
                self.waiting.append(view)


class Shown:
    """A view that is refreshed by hand, and its panel."""

    def __init__(self, store: CountingStore, run_id: str) -> None:
        self.store = store
        self.watcher = HandWatcher()
        self.view = RunView(store, run_id, watcher=self.watcher)
        self.root = self.view.widget
        self.refresh()

    @property
    def panel(self) -> ChildrenPanel:
        assert self.view._parts is not None
        return next(panel for panel in self.view._parts.panels if isinstance(panel, ChildrenPanel))

    def refresh(self) -> bool:
        goes_on = self.view.refresh()
        self.watcher.work()
        return goes_on

    def do(self, verb: str, argument: str = "", value: str = "") -> None:
        self.panel._host.page._handlers[verb](argument, value)
        self.watcher.work()

    def inner(self) -> RunView | None:
        """Give the view that is shown inside of this one."""
        assert self.view._nest is not None
        view = self.view._nest._view
        assert view is None or isinstance(view, RunView)
        return view

    @property
    def html(self) -> str:
        return html_of(self.panel.widget)

    @property
    def numbers(self) -> list[int]:
        """The run numbers in the table, from top to bottom."""
        return [int(number) for number in re.findall(r"<tr data-aml-do[^>]*><td>(\d+)</td>", self.html)]


def html_of(widget: ipywidgets.Widget) -> str:
    if isinstance(widget, ipywidgets.HTML):
        return str(widget.value)
    return "\n".join(html_of(child) for child in getattr(widget, "children", ()))


def wait_until(is_so: Callable[[], bool]) -> None:
    """Give the watcher's thread time for what it has to do."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def count_models() -> int:
    return sum(isinstance(widget, ipywidgets.DOMWidget) for widget in ipywidgets.widgets.widget._instances.values())


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    """No test leaves a model or a setting behind."""
    yield
    ipywidgets.Widget.close_all()
    settings._holders.clear()


def test_without_children_it_says_so_and_makes_nothing_else(store: CountingStore) -> None:
    shown = Shown(store, seeds.start_child(store, None, "alone").run_id)

    assert "This run has no children." in shown.html
    assert len(shown.panel.widget.children) == 2


def test_ended_children_are_read_once_and_an_idle_refresh_sends_nothing(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = seeds.run_with_children(store, 60, n_steps=4)
    n_active = sum(child.status is RunStatus.RUNNING for child in store.changes_since(run.run_id).children)
    shown = Shown(store, run.run_id)
    assert store.summary_count == 60
    shown.refresh()
    sent: list[object] = []
    monkeypatch.setattr(ipywidgets.Widget, "_send", lambda *args, **_: sent.append(args))

    shown.panel.update(shown.view.state)
    shown.watcher.work()

    assert store.summary_count == 60 + 2 * n_active
    assert sent == []


def test_the_best_come_first_and_another_metric_turns_the_order(store: CountingStore) -> None:
    run = seeds.start_child(store, None, "parent")
    for loss in (0.5, 0.2, 0.9):
        child = seeds.start_child(store, run.run_id, None)
        store.log_metrics(child.run_id, {"loss": loss, "accuracy": loss})
    seeds.start_child(store, run.run_id, "nothing logged")

    shown = Shown(store, run.run_id)

    assert shown.numbers == [3, 2, 4, 5]
    shown.do("child-metric", "", json.dumps("accuracy"))
    assert shown.numbers == [4, 2, 3, 5]
    shown.do("child-goal", "", "min")
    assert shown.numbers == [3, 2, 4, 5]
    shown.do("child-sort", "number")
    assert shown.numbers == [2, 3, 4, 5]
    shown.do("child-sort", "number")
    assert shown.numbers == [5, 4, 3, 2]
    again = Shown(store, run.run_id)
    assert again.numbers == [5, 4, 3, 2]


def test_new_children_and_new_points_are_shown(store: CountingStore) -> None:
    run = seeds.start_child(store, None, "parent")
    shown = Shown(store, run.run_id)
    child = seeds.start_child(store, run.run_id, "first")
    store.log_metric(child.run_id, "loss", 3.0)

    shown.refresh()

    assert ">first<" in shown.html
    assert ">3<" in shown.html
    store.log_metric(child.run_id, "loss", 2.0)
    store.set_status(child.run_id, RunStatus.COMPLETED)
    shown.refresh()
    assert ">2<" in shown.html
    assert "1 completed" in shown.html
    assert "This run has no children." not in shown.html


def test_children_are_followed_after_their_parent_has_ended(store: CountingStore) -> None:
    run = seeds.start_child(store, None, "parent")
    child = seeds.start_child(store, run.run_id, "late")
    store.set_status(run.run_id, RunStatus.COMPLETED)

    shown = Shown(store, run.run_id)

    assert shown.refresh()
    store.set_status(child.run_id, RunStatus.COMPLETED)
    assert not shown.refresh()


def test_out_of_sight_many_running_children_are_left_alone_and_nothing_is_drawn(store: CountingStore) -> None:
    run = seeds.start_child(store, None, "parent")
    children = [seeds.start_child(store, run.run_id, None) for _ in range(51)]
    for child in children:
        seeds.log_child(store, child, 0, 3)
    shown = Shown(store, run.run_id)
    page = shown.panel._host.page
    page.visible_cards = frozenset()
    count, curves = store.summary_count, dict(shown.panel._reader.curves)
    for child in children:
        seeds.log_child(store, child, 0, 2, first_step=3)

    shown.refresh()

    assert store.summary_count == count
    assert shown.panel._reader.curves == curves
    page.visible_cards = frozenset({TABLE_CARD, CHART_CARD})
    shown.refresh()
    assert store.summary_count == count + 51
    assert all(len(steps) == 5 for steps, _ in shown.panel._reader.curves.values())


def test_the_end_of_a_child_is_shown_at_once(store: CountingStore) -> None:
    run = seeds.start_child(store, None, "parent")
    child = seeds.start_child(store, run.run_id, "first")
    view = RunView(store, run.run_id, refresh_seconds=3_600)
    root = view.widget
    view.refresh_now()
    try:
        wait_until(lambda: "1 running" in html_of(root))

        store.set_status(child.run_id, RunStatus.COMPLETED)
        status_changed.emit(child.run_id, store)

        wait_until(lambda: "1 completed" in html_of(root))
    finally:
        view.close()


def test_what_cannot_be_read_is_said_and_tried_again(store: CountingStore) -> None:
    run = seeds.run_with_children(store, 5, n_steps=3)
    store.reason = "the disk <b>went</b> away"

    shown = Shown(store, run.run_id)

    assert "the disk &lt;b&gt;went&lt;/b&gt; away" in shown.html
    store.reason = None
    shown.refresh()
    assert "cannot be read" not in shown.html
    assert "24" not in shown.html.split("child-metric")[0]
    assert len(shown.panel._reader.numbers) == 5


def test_a_child_is_shown_inside_and_the_way_back_frees_it(store: CountingStore) -> None:
    run = seeds.run_with_grandchildren(store)
    shown = Shown(store, run.run_id)
    first = next(iter(shown.view.state.children))
    shown.do("child-open", "not a child")
    assert shown.inner() is None
    shown.do("child-open", first)
    shown.do("nested-back", "0")  # the bar stays once it was made
    n_models = count_models()

    shown.do("child-open", first)

    inner = shown.inner()
    assert inner is not None
    assert inner in shown.watcher.views
    assert "aml-is-nesting" in shown.root._dom_classes
    inner.refresh()
    inner._open_run(next(iter(inner.state.children)))
    assert shown.view._nest is not None
    bar = html_of(shown.view._nest.widget.children[0])
    assert [name in bar for name in ("search", "fold 1", "seed 1", "Back to fold 1")] == [True] * 4
    assert inner._nest is not None
    deepest = inner._nest._view
    assert isinstance(deepest, RunView)
    deepest._open_run(run.run_id)  # is on the way here already
    assert shown.inner() is None
    assert deepest.refresh() is False
    assert inner.refresh() is False
    assert "aml-is-nesting" not in shown.root._dom_classes
    assert count_models() == n_models


def test_closing_the_parent_closes_the_child(store: CountingStore) -> None:
    run = seeds.run_with_grandchildren(store)
    shown = Shown(store, run.run_id)
    shown.do("child-open", next(iter(shown.view.state.children)))
    inner = shown.inner()
    assert inner is not None

    shown.view.close()

    assert inner.refresh() is False
    assert count_models() == 0


def test_the_parent_is_a_click_away(store: CountingStore) -> None:
    run = seeds.run_with_grandchildren(store)
    child = store.changes_since(run.run_id).children[0]
    shown = Shown(store, child.run_id)

    shown.do("child-parent")

    parent = shown.inner()
    assert parent is not None
    assert parent.run_id == run.run_id


def test_nothing_of_a_run_is_markup(store: CountingStore) -> None:
    shown = Shown(store, seeds.run_with_hostile_children(store).run_id)

    assert "<img" not in shown.html
    assert "<script" not in shown.html
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown.html


@pytest.mark.parametrize("metric", ["5", "[1]", "null", "{}", '"no metric of a child"', "no JSON", "[" * 5_000, ""])
def test_a_metric_that_no_child_has_is_not_taken(store: CountingStore, metric: str) -> None:
    run = seeds.run_with_children(store, 3, n_steps=2)
    shown = Shown(store, run.run_id)

    shown.do("child-metric", "", metric)

    assert shown.panel._host.settings.value.children_metric == settings.ViewSettings().children_metric
    shown.refresh()
    Shown(store, run.run_id)


def test_a_page_of_children_that_is_none_changes_nothing(store: CountingStore) -> None:
    shown = Shown(store, seeds.run_with_children(store, 3, n_steps=2).run_id)
    before = shown.html

    shown.do("child-page", "x")
    shown.do("child-page", "9" * 5_000)

    assert shown.html == before


@pytest.mark.parametrize("has_numbers", [True, False])
def test_a_column_of_numbers_is_seen_only_where_a_child_has_one(store: CountingStore, has_numbers: bool) -> None:
    run = seeds.run_with_children(store, 3, n_steps=1)
    children = [replace(child, number=1 if has_numbers else 0) for child in store.changes_since(run.run_id).children]
    page = page_of([ChildRow(run=child) for child in children], 0)

    table = table_html(page, metric="", column=NAME, is_descending=False, places={}, has_numbers=has_numbers)

    assert ("aml-has-no-numbers" in table) is not has_numbers
