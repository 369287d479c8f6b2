"""Facts about what may be logged: values, names, steps, shapes."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from enum import IntEnum

import pytest

from aml_widgets.core.errors import InvalidMetric, InvalidName
from aml_widgets.core.records import MetricKey, MetricKind, MetricValue
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import check_summary, exact, kinds_of_values, new_run, values_of

VALUES = kinds_of_values()

NAMES = (
    "loss",
    " blank around ",
    "Loss",
    "größe/λ 🚀",
    "e\u0301",
    "é",
    "x" * 256,
    "x" * 5_000,
    "nul\0inside",
    "\0",
    "line\nbreak",
    "<img src=x onerror=alert(1)>",
    "'; drop table run; --",
    "a.b[0]",
    "None",
)

BAD_NAMES = ("", "\ud800", "half \udfff pair")


class ValueFacts:
    """What holds for every value, name and step that is logged."""

    @pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
    @pytest.mark.parametrize("is_ended", [False, True], ids=["running", "ended"])
    def test_a_value_comes_back_exactly(self, store: RunStore, value: MetricValue, is_ended: bool) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "one", value)
        store.log_metrics(run.run_id, {"two": value, "three": value})
        store.log_columns(run.run_id, "list", {None: [value, value]})
        store.log_columns(run.run_id, "rows", {"x": [value], "": [value]}, kind=MetricKind.ROW)
        if is_ended:
            store.set_status(run.run_id, RunStatus.COMPLETED)

        for key, count in {
            MetricKey("one"): 1,
            MetricKey("two"): 1,
            MetricKey("three"): 1,
            MetricKey("list"): 2,
            MetricKey("rows", "x"): 1,
            MetricKey("rows", ""): 1,
        }.items():
            history = store.read_history(run.run_id, key.name, key.column)
            assert values_of(history) == [exact(value)] * count
        for summary in store.summarize_metrics(run.run_id):
            check_summary(summary, store.read_history(run.run_id, summary.key.name, summary.key.column))

    def test_values_of_all_sorts_share_a_metric(self, store: RunStore) -> None:
        run = new_run(store)
        for value in VALUES.values():
            store.log_metric(run.run_id, "any", value)
        for value in reversed(list(VALUES.values())):
            store.log_metrics(run.run_id, {"any": value, "other": 1})

        history = store.read_history(run.run_id, "any")

        expected = [exact(value) for value in VALUES.values()]
        assert values_of(history) == expected + expected[::-1]
        assert list(history.steps) == list(range(2 * len(VALUES)))

    def test_numbers_of_one_type_come_as_arrays(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "floats", {None: [1.0, math.nan, -0.0]})
        store.log_columns(run.run_id, "ints", {None: [1, 2**63 - 1, -(2**63)]})
        store.log_columns(run.run_id, "both", {None: [1, 2.0]})
        store.log_columns(run.run_id, "big", {None: [1, 2**63]})
        store.log_columns(run.run_id, "truths", {None: [True, False]})

        def packing(name: str) -> str:
            values = store.read_history(run.run_id, name).values
            return values.typecode if isinstance(values, array) else "list"

        assert [packing(name) for name in ("floats", "ints", "both", "big", "truths")] == [
            "d",
            "q",
            "list",
            "list",
            "list",
        ]

    def test_a_value_of_a_subclass_is_stored_as_what_it_is_a_kind_of(self, store: RunStore) -> None:
        class Celsius(float):
            pass

        class Level(IntEnum):
            HIGH = 3

        run = new_run(store)
        odd: list[MetricValue] = [Celsius(20.5), Level.HIGH, RunStatus.RUNNING, 1.0]
        for value in odd:
            store.log_metric(run.run_id, "one", value)
            store.log_metrics(run.run_id, {"two": value, "three": value})
        store.log_columns(run.run_id, "list", {None: odd})

        expected = [exact(20.5), exact(3), exact("Running"), exact(1.0)]
        for name in ("one", "two", "three", "list"):
            assert values_of(store.read_history(run.run_id, name)) == expected

    @pytest.mark.parametrize("value", [object(), [1.0], b"bytes", 1j, (1,)], ids=lambda value: type(value).__name__)
    def test_what_is_no_value_is_refused(self, store: RunStore, value: object) -> None:
        run = new_run(store)
        store.log_metrics(run.run_id, {"a": 1.0, "b": 1.0})
        calls: list[Callable[[], None]] = [
            lambda: store.log_metric(run.run_id, "a", value),  # type: ignore[arg-type]
            lambda: store.log_metrics(run.run_id, {"a": 2.0, "b": value}),  # type: ignore[dict-item]
            lambda: store.log_columns(run.run_id, "a", {None: [2.0, value]}),  # type: ignore[list-item]
        ]

        for call in calls:
            with pytest.raises(InvalidMetric, match=type(value).__name__):
                call()

        assert [one.count for one in store.summarize_metrics(run.run_id)] == [1, 1]

    @pytest.mark.parametrize("length", [3, 3_000])
    def test_a_column_may_be_any_sequence(self, store: RunStore, length: int) -> None:
        run = new_run(store)
        columns: dict[str, Sequence[MetricValue]] = {
            "range": range(length),
            "tuple": tuple(range(length)),
            "float32": array("f", range(length)),
            "int32": array("i", range(length)),
            "truths": [True] * length,
        }
        for name, values in columns.items():
            store.log_columns(run.run_id, name, {None: values})

        for name, values in columns.items():
            assert values_of(store.read_history(run.run_id, name)) == [exact(value) for value in values]

    def test_an_array_may_change_after_it_was_logged(self, store: RunStore) -> None:
        run = new_run(store)
        values = array("d", [1.0] * 3_000)
        store.log_columns(run.run_id, "a", {None: values})

        values[0] = 2.0
        store.read_history(run.run_id, "a").values[1] = 3.0  # type: ignore[call-overload]  # it is one of floats

        assert set(store.read_history(run.run_id, "a").values) == {1.0}

    @pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:40])
    def test_any_name_is_taken_and_kept(self, store: RunStore, name: str) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, name, 1.0)
        store.log_metrics(run.run_id, {name: 2.0, f"{name} too": 3.0})
        store.log_columns(run.run_id, f"{name} rows", {name: [1], f"{name} too": [2]}, kind=MetricKind.ROW)

        keys = [summary.key for summary in store.summarize_metrics(run.run_id)]

        assert keys == [
            MetricKey(name),
            MetricKey(f"{name} too"),
            MetricKey(f"{name} rows", name),
            MetricKey(f"{name} rows", f"{name} too"),
        ]
        assert list(store.read_history(run.run_id, name).values) == [1.0, 2.0]
        assert list(store.read_history(run.run_id, f"{name} rows", name).values) == [1]

    def test_names_that_look_alike_are_kept_apart(self, store: RunStore) -> None:
        run = new_run(store)
        for i, name in enumerate(NAMES):
            store.log_metric(run.run_id, name, i)

        assert {one.key.name: one.last for one in store.summarize_metrics(run.run_id)} == {
            name: i for i, name in enumerate(NAMES)
        }

    @pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
    def test_a_name_that_is_no_text_is_refused(self, store: RunStore, name: str) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "good", 1.0)  # what a store learns from the first call is not to weaken its checks
        calls: list[Callable[[], None]] = [
            lambda: store.log_metric(run.run_id, name, 1.0),
            lambda: store.log_metrics(run.run_id, {"good": 2.0, name: 1.0}),
            lambda: store.log_metrics(run.run_id, {name: "text"}),
            lambda: store.log_columns(run.run_id, name, {None: [1.0]}),
        ]

        for call in calls:
            with pytest.raises(InvalidName) as caught:
                call()
            assert caught.value.value == name

        assert [(one.key.name, one.count) for one in store.summarize_metrics(run.run_id)] == [("good", 1)]

    def test_a_column_may_be_unnamed_but_not_half_a_character(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "rows", {"": [1]}, kind=MetricKind.ROW)

        with pytest.raises(InvalidName):
            store.log_columns(run.run_id, "rows", {"\ud800": [1]}, kind=MetricKind.ROW)

        assert [one.key for one in store.summarize_metrics(run.run_id)] == [MetricKey("rows", "")]

    # -- steps

    def test_steps_count_by_themselves_from_the_last(self, store: RunStore) -> None:
        run = new_run(store)
        for step in (None, None, 10, None, 3, None, -7, None):
            store.log_metric(run.run_id, "loss", 1.0, step)

        assert list(store.read_history(run.run_id, "loss").steps) == [0, 1, 10, 11, 3, 4, -7, -6]

    def test_each_series_counts_for_itself(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "a", 1.0, 5)
        store.log_metrics(run.run_id, {"a": 1.0, "b": 1.0})
        store.log_metrics(run.run_id, {"b": 1.0, "text": "x"}, 100)
        store.log_metrics(run.run_id, {"a": 1.0, "b": 1.0, "text": "y"})
        store.log_columns(run.run_id, "a", {None: [1.0, "z", 2.0]})
        store.log_metric(run.run_id, "a", None)

        assert list(store.read_history(run.run_id, "a").steps) == [5, 6, 7, 8, 9, 10, 11]
        assert list(store.read_history(run.run_id, "b").steps) == [0, 100, 101]
        assert list(store.read_history(run.run_id, "text").steps) == [100, 101]

    def test_steps_go_on_where_another_hand_left_off(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 1.0, 41)
        store.close()  # a store that opens again has forgotten what it kept in memory

        store.log_metric(run.run_id, "loss", 1.0)

        assert list(store.read_history(run.run_id, "loss").steps) == [41, 42]

    @pytest.mark.parametrize("step", [0, -1, 2**31, 2**62, 2**63 - 1, -(2**63)])
    @pytest.mark.parametrize("value", [1.0, "text"])
    def test_a_step_of_64_bits_is_kept(self, store: RunStore, step: int, value: MetricValue) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "one", value, step)
        store.log_metrics(run.run_id, {"two": value, "three": 1.0}, step)
        store.set_status(run.run_id, RunStatus.COMPLETED)

        for name in ("one", "two", "three"):
            assert list(store.read_history(run.run_id, name).steps) == [step]

    @pytest.mark.parametrize("step", [2**63, -(2**63) - 1, 10**5000], ids=["above", "below", "huge"])
    def test_a_step_beyond_64_bits_is_refused(self, store: RunStore, step: int) -> None:
        run = new_run(store)
        store.log_metrics(run.run_id, {"a": 1.0, "b": 1.0})

        for value in (1.0, "text"):
            with pytest.raises(InvalidMetric, match="tep"):
                store.log_metric(run.run_id, "a", value, step)
            with pytest.raises(InvalidMetric, match="tep"):
                store.log_metrics(run.run_id, {"a": 1.0, "b": value}, step)

        assert [one.count for one in store.summarize_metrics(run.run_id)] == [1, 1]

    def test_counting_ends_where_64_bits_end(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metrics(run.run_id, {"a": 1.0, "b": 1.0}, 2**63 - 1)
        calls: list[Callable[[], None]] = [
            lambda: store.log_metric(run.run_id, "a", 1.0),
            lambda: store.log_metrics(run.run_id, {"a": 1.0, "b": 1.0}),
            lambda: store.log_columns(run.run_id, "a", {None: [1.0, "x"]}),
            lambda: store.log_columns(run.run_id, "a", {None: [1.0] * 3_000}),
        ]

        for call in calls:
            with pytest.raises(InvalidMetric, match="tep"):
                call()

        store.log_metric(run.run_id, "a", 2.0, 0)
        assert list(store.read_history(run.run_id, "a").steps) == [2**63 - 1, 0]

    def test_times_are_given_or_now(self, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
        from aml_widgets.core import clock

        run = new_run(store)
        monkeypatch.setattr(clock, "now", lambda: 1234.5)
        store.log_metric(run.run_id, "a", 1.0)
        store.log_metric(run.run_id, "a", 1.0, logged_at=7.25)
        store.log_metrics(run.run_id, {"a": 1.0, "b": "x"}, logged_at=8.5)
        store.log_columns(run.run_id, "a", {None: [1.0, None]}, logged_at=9.5)
        store.log_columns(run.run_id, "a", {None: [1.0]})

        assert list(store.read_history(run.run_id, "a").times) == [1234.5, 7.25, 8.5, 9.5, 9.5, 1234.5]
        assert list(store.read_history(run.run_id, "b").times) == [8.5]

    # -- kinds and shapes

    def test_a_metric_has_one_kind(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "scalar", 1.0)
        store.log_columns(run.run_id, "rows", {"x": [1]}, kind=MetricKind.ROW)
        store.log_columns(run.run_id, "image", {None: ["uri"]}, kind=MetricKind.IMAGE)
        calls: list[tuple[str, str, Callable[[], None]]] = [
            ("row", "scalar", lambda: store.log_metric(run.run_id, "rows", 1.0)),
            ("image", "scalar", lambda: store.log_metric(run.run_id, "image", 1.0)),
            ("row", "scalar", lambda: store.log_metrics(run.run_id, {"scalar": 2.0, "rows": 1.0})),
            ("row", "scalar", lambda: store.log_columns(run.run_id, "rows", {None: [1.0]})),
            ("row", "image", lambda: store.log_columns(run.run_id, "rows", {None: ["u"]}, kind=MetricKind.IMAGE)),
            ("scalar", "row", lambda: store.log_columns(run.run_id, "scalar", {"x": [1]}, kind=MetricKind.ROW)),
            ("image", "row", lambda: store.log_columns(run.run_id, "image", {"": [1]}, kind=MetricKind.ROW)),
            ("scalar", "image", lambda: store.log_columns(run.run_id, "scalar", {None: ["u"]}, kind=MetricKind.IMAGE)),
        ]

        for known, given, call in calls:
            with pytest.raises(InvalidMetric) as caught:
                call()
            assert known in str(caught.value)
            assert given in str(caught.value)

        assert [(one.kind, one.count) for one in store.summarize_metrics(run.run_id)] == [
            (MetricKind.SCALAR, 1),
            (MetricKind.ROW, 1),
            (MetricKind.IMAGE, 1),
        ]

    def test_the_kind_of_another_run_does_not_matter(self, store: RunStore) -> None:
        store.log_metric(new_run(store).run_id, "a", 1.0)
        other = new_run(store)

        store.log_columns(other.run_id, "a", {"x": [1]}, kind=MetricKind.ROW)

        assert [one.kind for one in store.summarize_metrics(other.run_id)] == [MetricKind.ROW]

    def test_columns_of_unequal_length_are_refused(self, store: RunStore) -> None:
        run = new_run(store)

        with pytest.raises(InvalidMetric) as caught:
            store.log_columns(run.run_id, "rows", {"x": [1, 2], "why": [1]}, kind=MetricKind.ROW)

        assert "why" in str(caught.value)
        assert sum(one.count for one in store.summarize_metrics(run.run_id)) == 0

    def test_columns_that_do_not_fit_the_kind_are_refused(self, store: RunStore) -> None:
        run = new_run(store)

        with pytest.raises(InvalidMetric):
            store.log_columns(run.run_id, "a", {"x": [1]})
        with pytest.raises(InvalidMetric):
            store.log_columns(run.run_id, "a", {None: [1], "x": [1]})
        with pytest.raises(InvalidMetric):
            store.log_columns(run.run_id, "a", {None: [1]}, kind=MetricKind.ROW)

        assert sum(one.count for one in store.summarize_metrics(run.run_id)) == 0

    def test_a_metric_without_points_exists(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "empty", {None: []}, description="nothing yet")
        store.log_columns(run.run_id, "no rows", {"x": [], "y": []}, kind=MetricKind.ROW)

        summaries = store.summarize_metrics(run.run_id)

        assert [one.key for one in summaries] == [
            MetricKey("empty"),
            MetricKey("no rows", "x"),
            MetricKey("no rows", "y"),
        ]
        for summary in summaries:
            history = store.read_history(run.run_id, summary.key.name, summary.key.column)
            assert len(history) == 0
            assert list(history.values) == []
            check_summary(summary, history)
        assert summaries[0].description == "nothing yet"
        store.log_metric(run.run_id, "empty", 1.0)
        assert list(store.read_history(run.run_id, "empty").steps) == [0]

    def test_a_description_replaces_the_last_unless_it_is_empty(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: [1.0]}, description="first")
        store.log_columns(run.run_id, "a", {None: [1.0]}, description="second")
        store.log_columns(run.run_id, "a", {None: [1.0]})
        store.log_metric(run.run_id, "a", 1.0)

        assert [one.description for one in store.summarize_metrics(run.run_id)] == ["second"]

    def test_a_call_without_metrics_changes_nothing(self, store: RunStore) -> None:
        run = new_run(store)

        store.log_metrics(run.run_id, {})

        assert store.summarize_metrics(run.run_id) == []
