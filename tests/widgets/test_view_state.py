"""What a view shows follows the store's answers, and is never changed in place."""

from __future__ import annotations

from aml_widgets.core.records import MetricKind
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.widgets.chart import XKind
from aml_widgets.widgets.curves import chart_of
from aml_widgets.widgets.view_state import ViewState, advance, card_kind, fall_silent, is_charted
from tests.widgets.building import changes, news, running

EMPTY = ViewState(run_id="r")


def test_what_did_not_change_is_the_same_object() -> None:
    before = advance(EMPTY, changes(news([1.0], name="loss"), news([2.0], name="accuracy")))

    after = advance(before, changes(news([3.0], name="loss", first_seq=2)))

    assert after.metrics["accuracy"] is before.metrics["accuracy"]
    assert after.metrics["loss"] is not before.metrics["loss"]
    assert before.metrics["loss"].point_count == 1
    assert list(after.metrics) == ["loss", "accuracy"]


def test_an_answer_without_news_keeps_all_but_the_cursor() -> None:
    before = advance(EMPTY, changes(news([1.0]), cursor="one"), heard_at=1.0)

    after = advance(before, changes(cursor="two"), heard_at=2.0)

    assert after.metrics is before.metrics
    assert (after.cursor, after.heard_at) == ("two", 2.0)


def test_the_state_that_follows_a_store_is_what_the_store_holds() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    state = ViewState(run_id=run_id)
    for place in range(5):
        store.log_metric(run_id, "loss", float(place))
        state = advance(state, store.changes_since(run_id, state.cursor))
    store.set_status(run_id, RunStatus.COMPLETED)

    state = advance(state, store.changes_since(run_id, state.cursor))

    assert state.has_ended
    assert chart_of(state.metrics["loss"]).lines[0].y.tolist() == [0, 1, 2, 3, 4]
    assert state.metrics["loss"].columns[None].last == 4.0


def test_a_series_that_is_opened_again_is_replaced_and_the_others_go_on() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    store.log_metrics(run_id, {"much": 0.5, "little": 0.5, "nothing": 0.5})
    before = advance(ViewState(run_id=run_id), store.changes_since(run_id))
    store.log_columns(run_id, "much", {None: [float(place) for place in range(3_000)]})
    store.log_metric(run_id, "little", 1.5)

    state = advance(before, store.changes_since(run_id, before.cursor, max_new_points=100))
    store.log_metric(run_id, "much", -1.0)
    state = advance(state, store.changes_since(run_id, state.cursor, max_new_points=100))

    much, little = (state.metrics[name].columns[None] for name in ("much", "little"))
    assert (much.count, much.number_count, much.last) == (3_002, 3_002, -1.0)
    assert much.origin is not before.metrics["much"].columns[None].origin
    assert little.values == (0.5, 1.5)
    assert little.origin is before.metrics["little"].columns[None].origin
    assert state.metrics["nothing"] is before.metrics["nothing"]


def test_silence_keeps_its_beginning_and_ends_with_the_next_answer() -> None:
    state = advance(EMPTY, changes(news([1.0])), heard_at=5.0)

    silent = fall_silent(fall_silent(state, "first reason", at=10.0), "second reason", at=20.0)

    assert silent.silence is not None
    assert (silent.silence.since, silent.silence.reason) == (10.0, "second reason")
    assert silent.metrics is state.metrics
    assert silent.heard_at == 5.0
    assert advance(silent, changes(), heard_at=30.0).silence is None


def test_a_number_logged_once_and_text_are_no_charts() -> None:
    state = advance(
        EMPTY, changes(news([1.0], name="once"), news(["a", "b"], name="text"), news([1.0, 2.0], name="line"))
    )

    assert [name for name, metric in state.metrics.items() if is_charted(metric)] == ["line"]


def test_rows_of_two_numeric_columns_are_the_second_over_the_first() -> None:
    row = MetricKind.ROW
    state = advance(
        EMPTY,
        changes(
            news([0.0, 0.5, 1.0], name="roc", column="fpr", kind=row),
            news(["a", "b", "c"], name="roc", column="label", kind=row),
            news([0.0, 0.8, 1.0], name="roc", column="tpr", kind=row),
        ),
    )

    chart = chart_of(state.metrics["roc"])

    assert (chart.x_label, chart.y_label) == ("fpr", "tpr")
    assert chart.lines[0].x.tolist() == [0.0, 0.5, 1.0]
    assert chart.lines[0].y.tolist() == [0.0, 0.8, 1.0]
    assert chart.x_kind is XKind.NUMBER


def test_rows_of_more_numeric_columns_are_a_line_each() -> None:
    columns = [news([1.0, 2.0], name="t", column=name, kind=MetricKind.ROW) for name in "abc"]

    chart = chart_of(advance(EMPTY, changes(*columns)).metrics["t"])

    assert [line.label for line in chart.lines] == ["a", "b", "c"]
    assert chart.x_label == "row"


def test_a_chart_counts_what_it_cannot_draw() -> None:
    state = advance(EMPTY, changes(news([1.0, float("nan"), "text", 2.0])))

    chart = chart_of(state.metrics["loss"])

    assert (chart.number_count, chart.nonfinite_count, chart.other_count) == (3, 1, 1)


def test_each_metric_has_its_kind_of_card() -> None:
    row = MetricKind.ROW
    state = advance(
        EMPTY,
        changes(
            news([1.0, 2.0], name="line"),
            news([1.0], name="number"),
            news(["a"], name="word"),
            news(["a", "b"], name="words"),
            news([], name="empty"),
            news([1.0, 2.0], name="course", column="a", kind=row),
            news([1.0], name="one row", column="a", kind=row),
            news(["a", "b"], name="text rows", column="a", kind=row),
            news(["path"], name="picture", kind=MetricKind.IMAGE),
            news(["path"], name="matrix", kind=MetricKind.CONFUSION_MATRIX),
        ),
    )

    assert {name: card_kind(metric) for name, metric in state.metrics.items()} == {
        "line": "line",
        "number": "value",
        "word": "value",
        "words": "table",
        "empty": "value",
        "course": "line",
        "one row": "table",
        "text rows": "table",
        "picture": "image",
        "matrix": "document",
    }
