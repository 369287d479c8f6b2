"""The charts of a view: which cards exist, what is sent for them, and what each control does."""

from __future__ import annotations

import csv
import io
import logging
import math
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import bqplot
import ipywidgets
import pytest

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import MetricHistory, MetricKey, MetricKind, MetricValue
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing.seeded_documents import accuracy_table, log_document
from aml_widgets.widgets import settings as settings_module
from aml_widgets.widgets.chart_csv import csv_chunks, time_cell
from aml_widgets.widgets.panels import charts
from aml_widgets.widgets.panels.card_grid import MAX_CARDS
from aml_widgets.widgets.panels.chart_card import ChartCard
from aml_widgets.widgets.panels.chart_controls import slider_place, smoothing_at
from aml_widgets.widgets.panels.charts import ChartsPanel
from aml_widgets.widgets.panels.figure import MetricFigure
from aml_widgets.widgets.panels.sections import NameFilter, arrange
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.watcher import Watcher
from tests.widgets.building import history, running

HOSTILE = "<img src=x onerror=alert(1)>\"'&"

Sent = list[tuple[str, str]]


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    yield
    ipywidgets.Widget.close_all()
    settings_module._holders.clear()


@pytest.fixture
def store() -> MemoryRunStore:
    return MemoryRunStore()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The traits that are sent to the browser, each with the class of its model."""
    found: Sent = []
    send = ipywidgets.Widget.send_state

    def note(self: ipywidgets.Widget, key: object = None) -> None:
        names = [key] if isinstance(key, str) else sorted(key or ())  # type: ignore[call-overload]  # a set of names
        found.extend((type(self).__name__, name) for name in names)
        send(self, key)

    monkeypatch.setattr(ipywidgets.Widget, "send_state", note)
    return found


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """All cards are drawn at once, however slow the machine is."""
    monkeypatch.setattr(charts, "_UPDATE_SECONDS", math.inf)
    monkeypatch.setattr(charts, "_HANDLER_SECONDS", math.inf)


class Shown:
    """The charts of a view that is refreshed by hand, and what its user does."""

    def __init__(self, store: MemoryRunStore, run_id: str) -> None:
        self.view = RunView(store, run_id, watcher=Watcher())
        self.view.widget  # noqa: B018 - makes the widget
        self.view.refresh()
        assert self.view._parts is not None
        panels = [panel for tab in self.view._parts.tabs._tabs for panel in tab.panels]
        (self.panel,) = [panel for panel in panels if isinstance(panel, ChartsPanel)]
        self.page = self.panel._host.page

    def do(self, verb: str, argument: str = "", value: str = "") -> None:
        """Use a control."""
        with self.panel._host.lock:
            self.page._handlers[verb](argument, value)

    def filter(self, text: str) -> None:
        self.do("chart-filter", str(self.panel._field_number), text)

    def html(self) -> str:
        found: list[str] = []

        def collect(widget: ipywidgets.Widget) -> None:
            if widget.layout.display == "none":
                return
            if isinstance(widget, ipywidgets.HTML):
                found.append(widget.value)
            for child in getattr(widget, "children", ()):
                collect(child)

        collect(self.panel.widget)
        return "\n".join(found)

    def cards(self) -> list[ChartCard]:
        """The cards that can be seen, in the order in which they are."""
        slots = [slot.card for slot in self.panel._grid.slots.values() if slot.card.widget.layout.display != "none"]
        return sorted(cast("list[ChartCard]", slots), key=lambda card: int(card.widget.layout.order))

    def names(self) -> list[str | None]:
        return [card.name for card in self.cards()]

    def card(self, name: str) -> ChartCard:
        (card,) = [card for card in self.cards() if card.name == name]
        return card


def line(figure: MetricFigure) -> bqplot.Lines:
    return figure.marks[0]


def log(store: MemoryRunStore, run_id: str, names: Sequence[str], values: Sequence[float] = (3.0, 2.0, 1.0)) -> None:
    for name in names:
        store.log_columns(run_id, name, {None: array("d", values)})


def models() -> int:
    return len(ipywidgets.widgets.widget._instances)


def figures() -> int:
    return sum(isinstance(widget, bqplot.Figure) for widget in ipywidgets.widgets.widget._instances.values())


def test_nothing_is_sent_when_nothing_changed_and_only_the_marks_of_what_did(store: MemoryRunStore, sent: Sent) -> None:
    run_id = running(store)
    log(store, run_id, ["loss", "val/loss"], [3.0, float("nan"), 1.0])
    log(store, run_id, ["lr"], [float("inf"), 1.0, 2.0])
    shown = Shown(store, run_id)
    state = shown.view.state

    sent.clear()
    shown.panel.update(state)
    assert sent == []

    store.log_metric(run_id, "loss", 2.0)
    shown.view.refresh()
    of_marks = {(model, trait) for model, trait in sent if model not in ("HTML", "Layout")}
    assert (
        of_marks
        == {("MetricLines", trait) for trait in ("x", "y", "aml_steps", "aml_times")}
        | {("LinearScale", "max"), ("MetricFigure", "aml_info"), ("Scatter", "x"), ("Scatter", "y")} & of_marks
    )
    assert [name for name in sent if name == ("MetricLines", "y")] == [("MetricLines", "y")]
    assert line(shown.card("loss").figure).y.tolist()[-1] == 2.0


def test_sections_stand_in_order_and_a_heading_folds_them(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, ["train/loss", "lr", "val/loss", "train/acc"])
    shown = Shown(store, run_id)
    assert shown.names() == ["lr", "train/loss", "train/acc", "val/loss"]

    shown.do("chart-section", "/train")

    assert shown.names() == ["lr", "val/loss"]
    assert 'aria-expanded="false"' in shown.html()
    shown.do("chart-section", "/train")
    assert shown.names() == ["lr", "train/loss", "train/acc", "val/loss"]


def test_at_most_so_many_figures_exist_and_the_pager_shows_the_rest(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, [f"metric {place}" for place in range(100)])
    shown = Shown(store, run_id)
    children = shown.panel._grid.widget.children
    n_models = models()
    assert figures() == MAX_CARDS == 30

    for where, first, last in (("next", 31, 60), ("last", 91, 100), ("previous", 61, 90), ("first", 1, 30)):
        shown.do("chart-page", where)
        assert f"Charts {first}\N{EN DASH}{last} of 100" in shown.html()
        assert shown.names() == [f"metric {place}" for place in range(first - 1, last)]

    assert figures() == MAX_CARDS
    assert models() == n_models
    assert shown.panel._grid.widget.children == children  # nothing is drawn anew by the browser


def test_cards_of_two_figures_have_one_where_there_would_be_too_many(store: MemoryRunStore) -> None:
    run_id = running(store)
    run = store.get_run(run_id)
    for name in ("fold 1", "fold 2"):
        log_document(store, run, MetricKind.ACCURACY_TABLE, name, accuracy_table(2))
    log(store, run_id, [f"metric {place}" for place in range(26)])
    shown = Shown(store, run_id)
    assert figures() == MAX_CARDS

    log(store, run_id, ["metric 26"])
    shown.view.refresh()
    assert figures() == 29

    log(store, run_id, [f"more {place}" for place in range(10)])
    shown.view.refresh()
    shown.do("chart-page", "next")
    shown.do("chart-page", "first")
    assert figures() == MAX_CARDS


def test_a_filter_finds_charts_and_a_wrong_expression_keeps_the_last_good_one(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, ["train/loss", "val/loss", "lr"])
    shown = Shown(store, run_id)

    shown.filter("LOSS")
    assert shown.names() == ["train/loss", "val/loss"]
    assert "2 of 3 charts" in shown.html()

    shown.do("chart-filter-regex", "", "1")
    shown.filter("^val")
    assert shown.names() == ["val/loss"]
    shown.filter("^val(")
    assert shown.names() == ["val/loss"]
    assert "This is no regular expression" in shown.html()

    shown.filter(f"{HOSTILE}zzz")
    assert shown.names() == []
    assert "<img" not in shown.html()
    assert "no regular expression" not in shown.html()
    shown.do("chart-filter-clear")
    assert len(shown.names()) == 3
    shown.do("chart-filter", "0", "typed before it was cleared")
    assert len(shown.names()) == 3


def test_a_pinned_chart_comes_first_and_settings_are_those_of_the_next_view(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, ["lr", "train/loss"])
    shown = Shown(store, run_id)

    shown.do("chart-pin", shown.card("train/loss").card_id)
    shown.do("chart-smoothing", "", "50")
    shown.do("chart-columns", "", "2")
    shown.do("chart-size", "", "large")
    shown.filter("l")

    again = Shown(store, run_id)
    assert again.names() == shown.names() == ["train/loss", "lr"]
    assert 'aria-pressed="true"' in again.html()
    assert {"aml-columns-2", "aml-size-large"} <= set(again.panel._grid.widget._dom_classes)
    assert 'value="l"' in again.html()
    again.do("chart-pin", again.card("train/loss").card_id)
    assert again.names() == ["lr", "train/loss"]
    again.do("chart-defaults")
    assert again.panel._host.settings.value.smoothing == 0


def test_what_is_out_of_sight_is_drawn_when_it_comes_into_sight(
    store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = running(store)
    log(store, run_id, ["a", "b"])
    shown = Shown(store, run_id)
    page = shown.page
    callbacks: list[Callable[[], None]] = [shown.panel._catch_up]
    monkeypatch.setattr(type(page), "visible_cards", frozenset({shown.card("a").card_id}), raising=False)
    monkeypatch.setattr(type(page), "hears_while_busy", True, raising=False)
    for name in ("visible_cards", "hears_while_busy"):
        page.__dict__.pop(name, None)

    store.log_metrics(run_id, {"a": 9.0, "b": 9.0})
    shown.view.refresh()
    assert [line(shown.card(name).figure).y.tolist()[-1] for name in "ab"] == [9.0, 1.0]

    monkeypatch.setattr(type(page), "visible_cards", frozenset({shown.card("b").card_id}), raising=False)
    for callback in callbacks:
        callback()
    assert line(shown.card("b").figure).y.tolist()[-1] == 9.0

    monkeypatch.setattr(type(page), "hears_while_busy", False, raising=False)
    store.log_metrics(run_id, {"a": 8.0})
    shown.view.refresh()
    assert line(shown.card("a").figure).y.tolist()[-1] == 8.0


def test_an_axis_that_turns_logarithmic_changes_the_figure_where_it_is(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, ["loss"], [100.0, 10.0, 1.0])
    n_models = models()
    shown = Shown(store, run_id)
    figure = shown.card("loss").figure
    linear = {"x": figure.axes[0].scale, "y": figure.axes[1].scale}
    users = bqplot.Lines(x=[0, 1], y=[10, 20], scales=linear)
    figure.marks = [*figure.marks, users]

    shown.do("chart-y-log", "", "1")

    assert shown.card("loss").figure is figure
    assert figure.marks[-1] is users
    logarithmic = figure.axes[1].scale
    assert isinstance(logarithmic, bqplot.LogScale)
    assert figure.axes[0].scale is linear["x"]
    assert [mark.scales for mark in figure.marks] == [{"x": linear["x"], "y": logarithmic}] * len(figure.marks)
    assert figure.aml_info["y_log"]

    shown.do("chart-y-log", "", "")
    assert [mark.scales for mark in figure.marks] == [linear] * len(figure.marks)
    shown.view.close()
    assert models() == n_models


def test_a_zoom_stays_while_points_come_and_goes_with_another_axis(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, ["loss"])
    shown = Shown(store, run_id)
    card = shown.card("loss")
    full = card.figure.aml_info["full"]

    shown.do("chart-zoom", card.card_id, "[0.5, 1.5, 1, 2]")
    store.log_metric(run_id, "loss", 0.5)
    shown.view.refresh()

    scale = card.figure.axes[0].scale
    assert (scale.min, scale.max) == (0.5, 1.5)
    assert card.figure.aml_info["is_zoomed"]
    assert card.figure.aml_info["full"] == full
    shown.do("chart-zoom", card.card_id, "")
    assert (scale.min, scale.max) == (0, 3)
    shown.do("chart-zoom", card.card_id, "[0.5, 1.5, 1, 2]")
    shown.do("chart-x", "", "relative")
    assert not card.figure.aml_info["is_zoomed"]


@pytest.mark.parametrize("value", ["[1, 2]", "[2, 1, 0, 1]", "[0, NaN, 0, 1]", "{}", "x"])
def test_a_zoom_that_is_no_range_is_refused(store: MemoryRunStore, value: str) -> None:
    run_id = running(store)
    log(store, run_id, ["loss"])
    shown = Shown(store, run_id)

    with pytest.raises((ValueError, TypeError)):
        shown.do("chart-zoom", shown.card("loss").card_id, value)


def test_a_line_of_the_legend_hides_and_shows(store: MemoryRunStore) -> None:
    run_id = running(store)
    columns: Mapping[str | None, Sequence[int]] = {"a": [1, 2], "b": [3, 4], HOSTILE: [1, 2]}
    store.log_columns(run_id, "rows", columns, kind=MetricKind.ROW)
    shown = Shown(store, run_id)
    card = shown.card("rows")

    shown.do("chart-line", f"{card.card_id} 1")

    assert line(card.figure).opacities == [1.0, 0.0, 1.0]
    assert card.figure.aml_info["hidden"] == [1]
    assert "<img" not in shown.html()
    shown.do("chart-line", f"{card.card_id} 1")
    assert line(card.figure).opacities == []


def test_a_figure_is_given_by_name_also_one_of_another_page(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, [f"metric {place}" for place in range(40)])
    shown = Shown(store, run_id)

    figure = shown.view.figure("metric 35")

    assert figure.aml_info["title"] == "metric 35"
    assert figures() == MAX_CARDS + 1  # nothing on the page gives way for it
    with pytest.raises(UserError, match="Do you mean 'metric 35'"):
        shown.view.figure("metrc 35")
    with pytest.raises(UserError, match="There are 40, among them 'metric 0'"):
        shown.view.figure("zzz")
    store.log_metric(run_id, "once", 1.0)
    with pytest.raises(UserError, match="No chart shows 'once'"):
        shown.view.figure("once")


def test_a_figure_that_was_given_goes_on_showing_its_metric_and_takes_no_place_of_the_page(
    store: MemoryRunStore,
) -> None:
    run_id = running(store)
    log(store, run_id, [f"metric {place}" for place in range(100)])
    shown = Shown(store, run_id)
    names = shown.names()

    figure = shown.view.figure("metric 35")
    shown.panel._catch_up()  # a scroll
    store.log_metric(run_id, "metric 35", 9.0)
    shown.view.refresh()

    assert shown.names() == names
    assert shown.view.figure("metric 35") is figure
    assert line(figure).y.tolist()[-1] == 9.0
    for where in ("next", "last", "first", "next"):
        shown.do("chart-page", where)
        assert figure.aml_info["title"] == "metric 35"
        assert figure.comm is not None
        assert len(shown.names()) == (10 if where == "last" else MAX_CARDS)
    assert shown.card("metric 35").figure is figure
    assert figures() == MAX_CARDS + 1


def test_a_figure_that_was_given_stays_when_its_metric_is_charted_no_more(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, ["loss"])
    shown = Shown(store, run_id)
    figure = shown.view.figure("loss")

    grid = shown.panel._grid
    grid.place(arrange({"loss": "table"}, wanted=NameFilter(), page_size=MAX_CARDS), {"loss": "table"})

    assert figure.comm is not None
    assert [slot.kind for slot in grid.slots.values()] == ["table"]
    shown.view.close()
    assert figure.comm is None


@pytest.mark.parametrize(
    ("verb", "argument", "value"),
    [
        ("chart-smoothing", "", "x"),
        ("chart-line", "{id} x", ""),
        ("chart-line", "{id} 7", ""),
        ("chart-line", "{id} -1", ""),
        ("chart-zoom", "{id}", "[1,2]"),
        ("chart-zoom", "{id}", "[null,1,0,1]"),
        ("visible", "one", "5"),
        ("nested-back", "x", ""),
    ],
)
def test_a_wrong_argument_of_a_control_is_answered_quietly(
    store: MemoryRunStore, caplog: pytest.LogCaptureFixture, verb: str, argument: str, value: str
) -> None:
    run_id = running(store)
    log(store, run_id, ["loss"])
    shown = Shown(store, run_id)
    card_id = shown.card("loss").card_id
    answers: list[dict[str, object]] = []
    shown.page.widget.send = lambda content, _buffers=None: answers.append(content)

    message = {"n": "1", "page": "one", "do": verb, "with": argument.format(id=card_id), "value": value}
    with caplog.at_level(logging.INFO):
        shown.page._on_message(None, message, [])

    assert answers[-1] == {"done": "1", "error": "This was not understood."}
    assert caplog.records == []


def test_an_axis_needs_a_metric_and_its_prefix(store: MemoryRunStore) -> None:
    shown = Shown(store, running(store))
    with pytest.raises(UserError, match="there are no charts yet"):
        shown.do("chart-x", "", "typed")

    run_id = running(store)
    log(store, run_id, ["loss"])
    shown = Shown(store, run_id)
    with pytest.raises(ValueError, match="axis"):
        shown.do("chart-x", "", "loss")
    assert shown.panel._host.settings.value.x == "step"


def test_csv_is_read_when_the_browser_asks_for_it_and_without_the_lock(
    store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = running(store)
    log(store, run_id, ["val/loss"])
    shown = Shown(store, run_id)
    sent: list[tuple[str, Iterator[bytes]]] = []
    reads: list[str] = []
    read = store.read_histories

    def note(of: str, names: Sequence[str]) -> Mapping[MetricKey, MetricHistory]:
        reads.append(of)
        return read(of, names)

    monkeypatch.setattr(store, "read_histories", note)
    monkeypatch.setattr(shown.page, "send_file", lambda name, _, chunks: sent.append((name, chunks)))

    shown.do("chart-csv", shown.card("val/loss").card_id)

    assert reads == []
    ((name, chunks),) = sent
    assert name == "val_loss.csv"
    assert b"".join(chunks).startswith(b'seq,step,time,"value"\r\n1,0,')


def test_an_axis_that_no_metric_is_is_refused(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, ["loss", "epoch"])
    shown = Shown(store, run_id)

    shown.do("chart-x", "", "metric:epoch")
    assert shown.panel._host.settings.value.x == "metric:epoch"
    with pytest.raises(UserError, match="Do you mean 'epoch'"):
        shown.do("chart-x-name", "0", "epch")


def test_with_many_metrics_the_axis_is_typed(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, [f"m{place}" for place in range(201)])
    shown = Shown(store, run_id)
    assert "chart-x-name" not in shown.html()

    shown.do("chart-x", "", "typed")
    shown.do("chart-x-name", "0", "m200")

    assert shown.panel._host.settings.value.x == "metric:m200"
    assert 'value="m200"' in shown.html()
    assert shown.html().count("<option") < 30


def test_a_thousand_turns_leave_nothing_behind(store: MemoryRunStore) -> None:
    run_id = running(store)
    log(store, run_id, [f"metric {place}" for place in range(70)])
    store.log_columns(run_id, "table", {"who": ["me", "you"]}, kind=MetricKind.ROW)
    before = models()
    shown = Shown(store, run_id)
    for _ in range(3):
        shown.do("chart-page", "next")
    n_models = models()

    for place in range(30):
        shown.do("chart-page", "next" if place % 2 else "first")
        shown.filter("metric 1" if place % 2 else "")
        shown.filter("table")
        shown.filter("")

    assert models() <= n_models + 20
    assert figures() <= MAX_CARDS
    shown.view.close()
    assert models() == before


def test_the_slider_is_finer_near_one() -> None:
    assert smoothing_at(0) == 0
    assert smoothing_at(50) == 0.9
    assert smoothing_at(100) == 0.99
    assert smoothing_at(99) > 0.989
    for place in range(101):
        assert slider_place(smoothing_at(place)) == pytest.approx(place, abs=1)
    assert smoothing_at(float("nan")) == 0
    assert smoothing_at(1e9) == 0.99


def rows_of(columns: Sequence[tuple[str, object]]) -> str:
    return b"".join(csv_chunks(columns)).decode()  # type: ignore[arg-type]  # histories


def test_csv_keeps_every_value_exactly_and_tells_text_from_numbers() -> None:
    values: list[MetricValue] = [0.1 + 0.2, float("nan"), float("-inf"), 10**30, None, True, "1.5", 'say "hi", all', ""]

    lines = rows_of([("value", history(values))]).split("\r\n")

    assert lines[0] == 'seq,step,time,"value"'
    cells = [row.split(",", 3)[3] for row in lines[1:-1]]
    assert cells == [
        "0.30000000000000004",
        "nan",
        "-inf",
        "1000000000000000000000000000000",
        "",
        "True",
        '"1.5"',
        '"say ""hi"", all"',
        '""',
    ]
    assert lines[1].startswith("0,0,1970-01-01T00:00:00.000000Z,")


def test_csv_puts_columns_side_by_side_by_their_row() -> None:
    first, second = history([1.0, 2.0]), history(["x"], first_seq=1)

    rows = list(csv.reader(io.StringIO(rows_of([("a,b", first), ('c"\n', second)]))))

    assert rows[0] == ["seq", "step", "time", "a,b", 'c"\n']
    assert [row[3:] for row in rows[1:]] == [["1.0", ""], ["2.0", "x"]]


def test_csv_of_a_long_history_comes_in_pieces() -> None:
    chunks = list(csv_chunks([("value", history([0.5] * 50_000))]))

    assert len(chunks) == 4
    assert b"".join(chunks).count(b"\r\n") == 50_001


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_a_moment_that_is_none_is_empty(seconds: float) -> None:
    assert time_cell(seconds) == ""
    assert time_cell(1e300) == "1e+300"
