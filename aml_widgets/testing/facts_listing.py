"""Facts about lists of runs."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import math

import pytest

from aml_widgets.core.errors import ExperimentNotFound, RunNotFound, UserError
from aml_widgets.core.records import MetricKind, MetricOrder, MetricValue, RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.facts_histories import wild_value
from aml_widgets.testing.support import check_summary, exact, list_names, names, new_run, page_through


class ListingFacts:
    """What holds for lists of runs and their latest metrics."""

    def test_an_empty_store_lists_nothing(self, store: RunStore) -> None:
        assert list_names(store) == []

    def test_runs_are_listed_newest_first(self, store: RunStore) -> None:
        for name in "abc":
            new_run(store, display_name=name, experiment=f"experiment {name}")

        assert list_names(store) == ["c", "b", "a"]

    def test_a_listed_run_is_the_run(self, store: RunStore) -> None:
        run = new_run(
            store, display_name="a", tags={"t": None}, properties={"p": "1"}, parent_run_id=new_run(store).run_id
        )

        (listed, _) = store.list_runs(RunQuery(include_children=True)).runs

        assert listed == run

    def test_runs_are_listed_by_what_they_are(self, store: RunStore) -> None:
        script = "azureml.scriptrun"
        first = new_run(store, display_name="a", run_type=script, tags={"m": "1", "n": None}, properties={"p": "1"})
        new_run(store, RunStatus.COMPLETED, display_name="b", tags={"m": "2"}, properties={"p": "1", "q": "2"})
        new_run(store, RunStatus.FAILED, display_name="c", experiment="other", run_type=script)

        assert list_names(store, experiment_id=first.experiment_id) == ["b", "a"]
        assert list_names(store, run_type=script) == ["c", "a"]
        assert list_names(store, statuses=frozenset({RunStatus.FAILED, RunStatus.RUNNING})) == ["c", "a"]
        assert list_names(store, statuses=frozenset()) == []
        assert list_names(store, tags={"m": ...}) == ["b", "a"]
        assert list_names(store, tags={"m": "1"}) == ["a"]
        assert list_names(store, tags={"n": None}) == ["a"]
        assert list_names(store, tags={"m": None}) == []
        assert list_names(store, tags={"x": ...}) == []
        assert list_names(store, properties={"p": "1"}) == ["b", "a"]
        assert list_names(store, properties={"p": "1", "q": ...}) == ["b"]
        assert list_names(store, properties={"p": "1"}, tags={"m": "1"}, run_type=script) == ["a"]

    @pytest.mark.parametrize("key", ["a.b", 'a"b', "a'b", "$[0]", "", "ü\0"], ids=ascii)
    def test_keys_of_tags_are_plain_text(self, store: RunStore, key: str) -> None:
        new_run(store, display_name="a", tags={key: "1"})
        new_run(store, display_name="b", tags={f"{key}x": "1"})

        assert list_names(store, tags={key: "1"}) == ["a"]

    def test_what_is_asked_of_what_is_not_there_is_not_found(self, store: RunStore) -> None:
        with pytest.raises(ExperimentNotFound):
            store.list_runs(RunQuery(experiment_id="nowhere"))
        with pytest.raises(RunNotFound):
            store.list_runs(RunQuery(parent_run_id="nowhere"))

    def test_children_are_listed_when_asked_for(self, store: RunStore) -> None:
        root = new_run(store, display_name="root")
        child = new_run(store, display_name="child", parent_run_id=root.run_id)
        new_run(store, RunStatus.COMPLETED, display_name="grandchild", parent_run_id=child.run_id)
        new_run(store, display_name="other")

        assert list_names(store) == ["other", "root"]
        assert list_names(store, include_children=True) == ["other", "grandchild", "child", "root"]
        assert list_names(store, parent_run_id=root.run_id) == ["child"]
        assert list_names(store, parent_run_id=root.run_id, include_children=True) == ["grandchild", "child"]
        assert list_names(
            store, parent_run_id=root.run_id, include_children=True, statuses=frozenset({RunStatus.COMPLETED})
        ) == ["grandchild"]

    @pytest.mark.parametrize("limit", [1, 3, 4, 10, 11, 100])
    def test_pages_give_every_run_once(self, store: RunStore, limit: int) -> None:
        for i in range(20):
            new_run(store, display_name=str(i), tags={"odd": None} if i % 2 else {})

        runs = page_through(store, RunQuery(limit=limit, tags={"odd": ...}))

        assert names(runs) == [str(i) for i in range(19, 0, -2)]

    def test_a_page_is_no_longer_than_asked_for(self, store: RunStore) -> None:
        for i in range(5):
            new_run(store, display_name=str(i))

        page = store.list_runs(RunQuery(limit=2))

        assert names(page.runs) == ["4", "3"]
        assert page.next_page_token is not None

    def test_a_new_run_does_not_shift_pages(self, store: RunStore) -> None:
        for i in range(4):
            new_run(store, display_name=str(i))
        page = store.list_runs(RunQuery(limit=2))

        new_run(store, display_name="new")

        rest = store.list_runs(RunQuery(limit=2, page_token=page.next_page_token))
        assert names(page.runs) + names(rest.runs) == ["3", "2", "1", "0"]

    def test_a_page_token_of_another_make_is_refused(self, store: RunStore) -> None:
        with pytest.raises(UserError):
            store.list_runs(RunQuery(page_token="no token"))  # noqa: S106 - where a page starts is no secret

    # -- by a metric

    def test_runs_are_ordered_by_their_latest_number(self, store: RunStore) -> None:
        history: dict[str, list[MetricValue]] = {
            "a": [9.0, 1.0],
            "b": [3],
            "c": [-math.inf],
            "d": [2.5, 7],
            "e": [math.inf],
        }
        for name, values in history.items():
            run = new_run(store, display_name=name)
            for value in values:
                store.log_metric(run.run_id, "score", value)
            if name in "bd":  # ended and running runs take part alike
                store.set_status(run.run_id, RunStatus.COMPLETED)
        no_numbers: dict[str, MetricValue] = {"text": "best", "none": None, "big": 2**70}
        for name, no_number in no_numbers.items():
            store.log_metric(new_run(store, display_name=name).run_id, "score", no_number)
        new_run(store, display_name="without")

        assert list_names(store, order_by=MetricOrder(name="score")) == ["e", "d", "b", "a", "c"]
        assert list_names(store, order_by=MetricOrder(name="score", ascending=True)) == ["c", "a", "b", "d", "e"]
        assert list_names(store, order_by=MetricOrder(name="nothing")) == []

    def test_a_number_stays_the_latest_when_text_follows(self, store: RunStore) -> None:
        run = new_run(store, display_name="a")
        store.log_columns(run.run_id, "score", {None: [1.0, 5.0, "over", None]})
        store.log_metric(new_run(store, display_name="b").run_id, "score", 3.0)

        assert list_names(store, order_by=MetricOrder(name="score")) == ["a", "b"]

    @pytest.mark.parametrize("is_ended", [False, True])
    def test_runs_whose_latest_number_is_nan_come_last(self, store: RunStore, is_ended: bool) -> None:
        for name, value in {"a": 1.0, "nan": math.nan, "b": 2.0}.items():
            run = new_run(store, display_name=name)
            store.log_metric(run.run_id, "score", value)
            if is_ended:
                store.set_status(run.run_id, RunStatus.COMPLETED)

        assert list_names(store, order_by=MetricOrder(name="score")) == ["b", "a", "nan"]
        assert list_names(store, order_by=MetricOrder(name="score", ascending=True)) == ["a", "b", "nan"]

    def test_runs_are_ordered_by_a_column(self, store: RunStore) -> None:
        for name, (x, y) in {"a": (1, 9), "b": (2, 8), "c": (3, 7)}.items():
            run = new_run(store, display_name=name)
            store.log_columns(run.run_id, "rows", {"x": [x], "y": [y]}, kind=MetricKind.ROW)

        assert list_names(store, order_by=MetricOrder(name="rows", column="x")) == ["c", "b", "a"]
        assert list_names(store, order_by=MetricOrder(name="rows", column="y")) == ["a", "b", "c"]
        assert list_names(store, order_by=MetricOrder(name="rows")) == []

    @pytest.mark.parametrize("limit", [1, 2, 5, 100])
    def test_ordered_runs_come_in_pages_too(self, store: RunStore, limit: int) -> None:
        for i in range(12):
            run = new_run(store, RunStatus.RUNNING, display_name=str(i), tags={"even": None} if i % 2 == 0 else {})
            store.log_metric(run.run_id, "score", float((i * 7) % 12))
            if i % 3:
                store.set_status(run.run_id, RunStatus.COMPLETED)

        runs = page_through(store, RunQuery(limit=limit, tags={"even": ...}, order_by=MetricOrder(name="score")))

        expected = sorted(range(0, 12, 2), key=lambda i: -((i * 7) % 12))
        assert names(runs) == [str(i) for i in expected]

    @pytest.mark.parametrize("n_points", [1, 30, 2_100])
    def test_the_latest_metrics_of_many_runs(self, store: RunStore, n_points: int) -> None:
        runs = [new_run(store) for _ in range(4)]
        for run in runs[:3]:
            for i in range(n_points):
                store.log_metrics(run.run_id, {"loss": 1.0 / (1 + i), "wild": wild_value(i)})
            store.log_metric(run.run_id, "once", math.nan)
            store.log_columns(run.run_id, "rows", {"x": [1, 2], "y": ["a", None]}, kind=MetricKind.ROW)
            store.log_columns(run.run_id, "empty", {None: []})
        store.set_status(runs[0].run_id, RunStatus.COMPLETED)

        latest = store.latest_metrics([run.run_id for run in runs])

        assert set(latest) == {run.run_id for run in runs}
        assert list(latest[runs[3].run_id]) == []
        for run in runs[:3]:
            expected = [
                (one.key, one.kind, one.count, exact(one.last), one.last_step, one.last_logged_at)
                for one in store.summarize_metrics(run.run_id)
            ]
            found = [
                (one.key, one.kind, one.count, exact(one.last), one.last_step, one.last_logged_at)
                for one in latest[run.run_id]
            ]
            assert found == expected
            assert len(found) == 6
        assert store.latest_metrics([]) == {}

    @pytest.mark.parametrize("n_points", [1, 30, 2_100])
    def test_summaries_of_many_runs(self, store: RunStore, n_points: int) -> None:
        runs = [new_run(store) for _ in range(4)]
        for run in runs[:3]:
            for i in range(n_points):
                store.log_metrics(run.run_id, {"loss": 1.0 / (1 + i), "other": i, **{f"m{j}": i for j in range(6)}})
            store.log_columns(run.run_id, "rows", {"x": [1, 2], "y": ["a", math.nan]}, kind=MetricKind.ROW)
            store.log_columns(run.run_id, "empty", {None: []})
        store.set_status(runs[0].run_id, RunStatus.COMPLETED)
        ids = [run.run_id for run in runs]

        for wanted in (["loss"], ["rows", "loss", "empty", "nothing"], [f"m{j}" for j in range(6)]):
            found = store.summarize_runs([*ids, "nowhere", ids[0]], wanted)

            assert set(found) == set(ids)
            for run_id in ids:
                expected = [one for one in store.summarize_metrics(run_id) if one.key.name in wanted]
                assert [one.key for one in found[run_id]] == [one.key for one in expected]
                for one in found[run_id]:
                    check_summary(one, store.read_history(run_id, one.key.name, one.key.column))
        assert store.summarize_runs([], ["loss"]) == {}
        assert store.summarize_runs(ids, []) == {run_id: [] for run_id in ids}

    def test_names_of_metrics_the_most_common_first(self, store: RunStore) -> None:
        for i in range(3):
            run = new_run(store, RunStatus.RUNNING)
            store.log_metric(run.run_id, "always", 1.0)
            if i:
                store.log_metric(run.run_id, "often", 1.0)
            store.log_columns(run.run_id, "rows", {"x": [1]}, kind=MetricKind.ROW)
        store.log_metric(new_run(store).run_id, "a once", "text")
        for _ in range(5):
            gone = new_run(store)
            store.log_metric(gone.run_id, "gone", 1.0)
            store.set_status(gone.run_id, RunStatus.COMPLETED)
            store.trash_run(gone.run_id)

        assert store.list_metric_names() == ["always", "often", "a once"]
        assert store.list_metric_names(limit=2) == ["always", "often"]
