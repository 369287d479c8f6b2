"""Facts about lists of runs as a browser shows them: searched, ordered, counted."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import ExperimentNotFound, RunNotFound, UserError
from aml_widgets.core.records import (
    MetricAspect,
    MetricCondition,
    MetricKind,
    MetricOrder,
    MetricValue,
    RunField,
    RunOrder,
    RunOrderKey,
    RunQuery,
    RunRecord,
    RunView,
    TagCondition,
    TextCondition,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import list_names, names, new_run, page_through


def check_count(store: RunStore, query: RunQuery) -> None:
    """Compare what is listed with what is counted and what is said to fit."""
    listed = {run.run_id for run in page_through(store, query)}
    every = [
        run.run_id
        for view in (RunView.ALL, RunView.TRASH)
        for run in page_through(store, RunQuery(include_children=True, view=view))
    ]

    assert store.count_runs(query) == len(listed)
    assert store.which_fit(every, query) == listed


class RunListFacts:
    """What holds for lists of runs that are searched, ordered and counted."""

    # -- words and conditions

    def test_words_are_found_anywhere_in_what_a_person_wrote(self, store: RunStore) -> None:
        new_run(store, display_name="Ridge one", run_id="run-alpha")
        new_run(store, RunStatus.COMPLETED, display_name="two", description="with a RIDGE in it", experiment="Größe")
        new_run(store, RunStatus.FAILED, display_name="three", tags={"model": "ridge", "Baseline": None})
        new_run(store, display_name="four", properties={"p": "ridge"}, run_type="ridge", target="ridge")
        new_run(store, RunStatus.COMPLETED)

        assert list_names(store, text=("ridge",)) == ["three", "two", "Ridge one"]
        assert list_names(store, text=("ridge", "wITH")) == ["two"]
        assert list_names(store, text=("baseline",)) == ["three"]
        assert list_names(store, text=("ALPHA",)) == ["Ridge one"]
        assert list_names(store, text=("GRÖSSE",)) == ["two"]
        assert list_names(store, text=("a ridge in",)) == ["two"]
        assert list_names(store, text=("%",)) == []
        assert list_names(store, text=("one\ntwo",)) == []
        assert list_names(store, text=("\ud800",)) == []

    def test_words_are_not_found_across_what_was_written(self, store: RunStore) -> None:
        new_run(store, RunStatus.COMPLETED, run_id="run-1", display_name="ab", description="cd", tags={"ef": "gh"})

        for text in ("bc", "b c", "abcd", "fg", "ef gh", "ef=gh", '"', "{"):
            assert list_names(store, text=(text,)) == []

    def test_text_is_found_in_one_place_and_can_be_left_out(self, store: RunStore) -> None:
        new_run(store, RunStatus.COMPLETED, display_name="apple", experiment="pear", run_id="fig-1")
        new_run(store, display_name="pear", experiment="apple", run_id="fig-2")
        new_run(store, RunStatus.FAILED, experiment="apple pie", run_id="apple-3")

        def found(field: RunField, text: str, *, is_negated: bool = False) -> list[str]:
            condition = TextCondition(text=text, field=field, is_negated=is_negated)
            return [run.run_id for run in store.list_runs(RunQuery(texts=(condition,))).runs]

        assert found(RunField.DISPLAY_NAME, "APPLE") == ["fig-1"]
        assert found(RunField.EXPERIMENT_NAME, "apple") == ["apple-3", "fig-2"]
        assert found(RunField.RUN_ID, "apple") == ["apple-3"]
        assert found(RunField.ANYWHERE, "apple") == ["apple-3", "fig-2", "fig-1"]
        assert found(RunField.ANYWHERE, "pear", is_negated=True) == ["apple-3"]
        assert found(RunField.DISPLAY_NAME, "apple", is_negated=True) == ["apple-3", "fig-2"]

    def test_tags_are_found_whatever_their_case(self, store: RunStore) -> None:
        new_run(store, display_name="a", tags={"Model": "Ridge"})
        new_run(store, RunStatus.COMPLETED, display_name="b", tags={"model": "lasso", "baseline": None})
        new_run(store, RunStatus.COMPLETED, display_name="c")

        def found(key: str, value: str | None = None, *, is_negated: bool = False) -> list[str | None]:
            return list_names(store, tag_conditions=(TagCondition(key=key, value=value, is_negated=is_negated),))

        assert found("MODEL") == ["b", "a"]
        assert found("model", "ridge") == ["a"]
        assert found("model", "ridg") == []
        assert found("baseline", "") == ["b"]
        assert found("model", "") == []
        assert found("model", "RIDGE", is_negated=True) == ["c", "b"]
        assert found("model", is_negated=True) == ["c"]

    def test_a_value_can_be_one_of_several(self, store: RunStore) -> None:
        for name, status in (("a", RunStatus.RUNNING), ("b", RunStatus.COMPLETED), ("c", RunStatus.FAILED)):
            new_run(store, status, display_name=name, tags={"t": name}, properties={"p": f'"{name}, "'})

        assert list_names(store, tags={"t": frozenset({"a", "c", "x"})}) == ["c", "a"]
        assert list_names(store, properties={"p": frozenset({'"b, "', '"c, "'})}) == ["c", "b"]
        assert list_names(store, properties={"p": frozenset()}) == []
        assert list_names(store, properties={"p": '"c, "'}) == ["c"]

    def test_keys_and_values_are_not_mixed_up(self, store: RunStore) -> None:
        new_run(
            store, RunStatus.COMPLETED, display_name="a", properties={'x", "key': "value", "other": '"key": "value"'}
        )

        assert list_names(store, properties={"key": "value"}) == []
        assert list_names(store, properties={"key": ...}) == []
        assert list_names(store, properties={'x", "key': "value"}) == ["a"]

    @pytest.mark.parametrize("is_ended", [False, True])
    def test_numbers_are_compared(self, store: RunStore, is_ended: bool) -> None:
        values: dict[str, list[MetricValue]] = {
            "one": [5, 1],
            "two": [2.0],
            "big": [2**62 + 1],
            "inf": [math.inf],
            "nan": [3.0, math.nan],
            "all nan": [math.nan],
            "text": ["2"],
            "then text": [2, "two"],
            "none": [],
        }
        for name, logged in values.items():
            run = new_run(store, display_name=name)
            store.log_columns(run.run_id, "x", {None: logged})
            if is_ended:
                store.set_status(run.run_id, RunStatus.COMPLETED)

        def found(operator: str, number: float, of: MetricAspect = MetricAspect.LAST) -> set[str | None]:
            condition = MetricCondition(name="x", operator=operator, number=number, of=of)
            return set(list_names(store, conditions=(condition,)))

        assert found("<", 2) == {"one"}
        assert found("<=", 2.0) == {"one", "two", "then text"}
        assert found(">", 2) == {"big", "inf"}
        assert found(">=", 2**62 + 1) == {"big", "inf"}
        assert found("=", 2**62) == set()
        assert found("=", 2**62 + 1) == {"big"}
        assert found("=", math.inf) == {"inf"}
        assert found("<", 10**500) == {"one", "two", "big", "then text"}
        assert found("!=", 2) == {"one", "big", "inf", "nan", "all nan"}
        assert found("=", math.nan) == {"nan", "all nan"}
        assert found("!=", math.nan) == {"one", "two", "big", "inf", "then text"}
        assert found("<", 2, MetricAspect.LOW) == {"one"}
        assert found("=", 3, MetricAspect.LOW) == {"nan"}
        assert found(">=", 5, MetricAspect.HIGH) == {"one", "big", "inf"}
        assert found("=", math.nan, MetricAspect.HIGH) == {"all nan"}

    @pytest.mark.parametrize("is_ended", [False, True])
    def test_a_condition_turned_around_holds_for_those_without_the_number(
        self, store: RunStore, is_ended: bool
    ) -> None:
        for name, value in {"low": 1.0, "high": 9.0, "nan": math.nan}.items():
            run = new_run(store, display_name=name)
            store.log_metric(run.run_id, "x", value)
            if is_ended:
                store.set_status(run.run_id, RunStatus.COMPLETED)
        new_run(store, RunStatus.COMPLETED, display_name="without")

        condition = MetricCondition(name="x", operator=">", number=5, is_negated=True)

        assert set(list_names(store, conditions=(condition,))) == {"low", "nan", "without"}

    def test_numbers_of_a_column_are_compared(self, store: RunStore) -> None:
        for name, x in {"a": 1, "b": 2}.items():
            run = new_run(store, display_name=name)
            store.log_columns(run.run_id, "rows", {"x": [x]}, kind=MetricKind.ROW)

        assert list_names(store, conditions=(MetricCondition(name="rows", column="x", operator=">", number=1),)) == [
            "b"
        ]
        assert list_names(store, conditions=(MetricCondition(name="rows", operator=">", number=0),)) == []

    def test_a_comparison_that_there_is_not_is_refused(self, store: RunStore) -> None:
        for condition in (
            MetricCondition(name="x", operator="~", number=1),
            MetricCondition(name="x", operator="<", number=math.nan),
        ):
            query = RunQuery(conditions=(condition,))
            with pytest.raises(UserError, match="x"):
                store.list_runs(query)
            with pytest.raises(UserError, match="x"):
                store.count_runs(query)
            with pytest.raises(UserError, match="x"):
                store.which_fit([], query)

    # -- orders

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_runs_are_ordered_by_name(self, store: RunStore, limit: int) -> None:
        for i, name in enumerate(["b", "B", "a", "_", "ä", "C", "b"]):
            new_run(store, RunStatus.COMPLETED if i % 2 else RunStatus.RUNNING, display_name=name, tags={"i": str(i)})
        new_run(store, run_id="Bb")

        def listed(*, is_descending: bool) -> list[str | None]:
            order = RunOrder(by=RunOrderKey.NAME, is_descending=is_descending)
            runs = page_through(store, RunQuery(order_by=order, limit=limit))
            return [run.tags.get("i", run.run_id) for run in runs]

        assert listed(is_descending=False) == ["3", "2", "6", "1", "0", "Bb", "5", "4"]
        assert listed(is_descending=True) == ["4", "5", "Bb", "6", "1", "0", "2", "3"]

    def test_runs_are_ordered_by_status(self, store: RunStore) -> None:
        for i, status in enumerate(
            [
                RunStatus.FAILED,
                RunStatus.RUNNING,
                RunStatus.COMPLETED,
                RunStatus.QUEUED,
                RunStatus.CANCELED,
                RunStatus.FAILED,
            ]
        ):
            new_run(store, status, display_name=f"{status} {i}")

        up = list_names(store, order_by=RunOrder(by=RunOrderKey.STATUS))
        down = list_names(store, order_by=RunOrder(by=RunOrderKey.STATUS, is_descending=True))

        assert up == ["Queued 3", "Running 1", "Completed 2", "Failed 5", "Failed 0", "Canceled 4"]
        assert down == ["Canceled 4", "Failed 5", "Failed 0", "Completed 2", "Running 1", "Queued 3"]

    def test_runs_are_ordered_by_how_long_they_took(self, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 1_000.0
        monkeypatch.setattr(clock, "now", lambda: now)
        runs = {
            name: new_run(store, RunStatus.NOT_STARTED, display_name=name)
            for name in ("never", "long", "live", "short")
        }
        for name in ("long", "live", "short"):
            store.set_status(runs[name].run_id, RunStatus.RUNNING)
            now += 10
        store.set_status(runs["short"].run_id, RunStatus.COMPLETED)
        now += 60
        store.set_status(runs["long"].run_id, RunStatus.FAILED)
        now += 5

        assert list_names(store, order_by=RunOrder(by=RunOrderKey.DURATION)) == ["short", "live", "long", "never"]
        assert list_names(store, order_by=RunOrder(by=RunOrderKey.DURATION, is_descending=True)) == [
            "long",
            "live",
            "short",
            "never",
        ]

    def test_runs_are_ordered_by_when_they_were_made(self, store: RunStore) -> None:
        for i in range(6):
            new_run(store, RunStatus.COMPLETED if i % 2 else RunStatus.RUNNING, display_name=str(i))
        order = RunOrder(by=RunOrderKey.CREATED)

        assert names(page_through(store, RunQuery(order_by=order, limit=2))) == list("012345")
        assert list_names(store, order_by=RunOrder(by=RunOrderKey.CREATED, is_descending=True)) == list("543210")

    @pytest.mark.parametrize("limit", [1, 2, 100])
    def test_those_that_go_on_come_first_when_asked_for(self, store: RunStore, limit: int) -> None:
        for i in range(6):
            run = new_run(store, display_name=str(i))
            store.log_metric(run.run_id, "score", float((i * 5) % 6))
            if i % 2:
                store.set_status(run.run_id, RunStatus.COMPLETED)

        def listed(order: MetricOrder | RunOrder | None) -> list[str | None]:
            return names(page_through(store, RunQuery(order_by=order, running_first=True, limit=limit)))

        assert listed(None) == list("420531")
        assert listed(RunOrder(by=RunOrderKey.NAME)) == list("024135")
        assert listed(RunOrder(by=RunOrderKey.STATUS, is_descending=True)) == list("420531")
        assert listed(MetricOrder(name="score")) == list("240135")

    def test_runs_are_ordered_by_extremes_of_a_metric(self, store: RunStore) -> None:
        history: dict[str, list[MetricValue]] = {
            "a": [3.0, 9.0, 4.0],
            "b": [5, 1, 6],
            "c": [2.5, math.nan],
            "nan": [math.nan],
            "text": ["x"],
        }
        for name, values in history.items():
            run = new_run(store, display_name=name)
            store.log_columns(run.run_id, "score", {None: values})
            if name in ("a", "nan"):
                store.set_status(run.run_id, RunStatus.COMPLETED)

        def listed(of: MetricAspect, *, ascending: bool) -> list[str | None]:
            return list_names(store, order_by=MetricOrder(name="score", of=of, ascending=ascending))

        assert listed(MetricAspect.LOW, ascending=True) == ["b", "c", "a", "nan"]
        assert listed(MetricAspect.LOW, ascending=False) == ["a", "c", "b", "nan"]
        assert listed(MetricAspect.HIGH, ascending=False) == ["a", "b", "c", "nan"]

    # -- counts and fits

    def test_what_is_counted_and_what_fits_is_what_is_listed(self, store: RunStore) -> None:
        for query in self._queries(store):
            check_count(store, query)

    def _queries(self, store: RunStore) -> Iterator[RunQuery]:
        root = self._fill(store)
        yield RunQuery()
        yield RunQuery(limit=2)
        yield RunQuery(include_children=True)
        yield RunQuery(parent_run_id=root.run_id)
        yield RunQuery(parent_run_id=root.run_id, include_children=True)
        yield RunQuery(experiment_id=root.experiment_id)
        yield RunQuery(statuses=frozenset({RunStatus.COMPLETED, RunStatus.RUNNING}))
        yield RunQuery(statuses=frozenset({RunStatus.RUNNING}), include_children=True)
        yield RunQuery(statuses=frozenset())
        yield RunQuery(run_type="script")
        yield RunQuery(tags={"odd": ...}, include_children=True)
        yield RunQuery(text=("1",), include_children=True)
        yield RunQuery(texts=(TextCondition(text="run 1", is_negated=True),))
        yield RunQuery(conditions=(MetricCondition(name="score", operator=">", number=3),))
        for of in MetricAspect:
            yield RunQuery(order_by=MetricOrder(name="score", of=of))
        for view in RunView:
            yield RunQuery(view=view)
            yield RunQuery(view=view, include_children=True, running_first=True)
            yield RunQuery(view=view, experiment_id=root.experiment_id, order_by=RunOrder(by=RunOrderKey.NAME))

    def _fill(self, store: RunStore) -> RunRecord:
        root = new_run(store, display_name="root")
        child = new_run(store, parent_run_id=root.run_id, display_name="child 1", tags={"odd": None})
        new_run(store, RunStatus.COMPLETED, parent_run_id=child.run_id, display_name="grandchild")
        for i in range(12):
            run = new_run(
                store,
                experiment=f"experiment {i % 2}",
                display_name=f"run {i}",
                run_type="script" if i % 3 else None,
                tags={"odd": None} if i % 2 else {},
            )
            if i % 4:
                store.log_metric(run.run_id, "score", float(i))
            if i % 3:
                store.set_status(run.run_id, RunStatus.COMPLETED if i % 2 else RunStatus.FAILED)
            if i in (1, 2, 6):
                store.archive_run(run.run_id, is_archived=True)
            if i in (2, 8):
                store.trash_run(run.run_id)
        return root

    def test_what_is_not_there_fits_nothing(self, store: RunStore) -> None:
        run = new_run(store)

        assert store.which_fit(["nowhere", run.run_id], RunQuery()) == {run.run_id}
        assert store.which_fit([], RunQuery()) == frozenset()
        with pytest.raises(ExperimentNotFound):
            store.count_runs(RunQuery(experiment_id="nowhere"))
        with pytest.raises(RunNotFound):
            store.which_fit([run.run_id], RunQuery(parent_run_id="nowhere"))
