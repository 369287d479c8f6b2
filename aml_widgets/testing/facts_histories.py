"""Facts about histories and their summaries: order, length, many writers."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Sequence

import pytest

from aml_widgets.core.records import MetricKey, MetricKind, MetricValue
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import check_summary, exact, new_run, points_of, read_all, values_of

MANY = 3_500
"""Crosses the thousand or so points at which a store may rearrange what it has, several times."""


def check_all_summaries(store: RunStore, run_id: str) -> None:
    """Compare the summary of every series with its history."""
    for summary in store.summarize_metrics(run_id):
        check_summary(summary, store.read_history(run_id, summary.key.name, summary.key.column))


def wild_value(i: int) -> MetricValue:
    """Give floats mostly, with all other sorts among them."""
    odd: dict[int, MetricValue] = {
        3: i,
        11: math.nan,
        17: f"text {i}",
        23: None,
        29: 2**64 + i,
        31: i % 2 == 0,
        37: math.inf,
        41: -math.inf,
    }
    return odd.get(i % 43, i / 8)


class HistoryFacts:
    """What holds for the points of a run in the order they were written."""

    def test_what_was_never_logged_has_no_points(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 1.0)

        assert len(store.read_history(run.run_id, "other")) == 0
        assert len(store.read_history(run.run_id, "loss", "column")) == 0
        assert len(store.read_history(run.run_id, "loss", "")) == 0
        assert store.read_envelope(run.run_id, "other") == []
        assert store.summarize_metrics(new_run(store).run_id) == []

    def test_what_was_logged_can_be_read_at_once(self, store: RunStore) -> None:
        run = new_run(store)

        for i in range(50):
            store.log_metric(run.run_id, "loss", float(i))
            assert store.read_history(run.run_id, "loss").values[-1] == i
            assert store.summarize_metrics(run.run_id)[0].last == i

    def test_several_histories_are_read_at_once(self, store: RunStore) -> None:
        run = new_run(store)
        for i in range(1_500):  # some sealed, some not
            store.log_metrics(run.run_id, {"a": float(i), "b": i, "left out": 0.5})
        store.log_columns(run.run_id, "rows", {"x": [1, 2], "y": ["p", None]}, kind=MetricKind.ROW)
        store.log_columns(run.run_id, "empty", {None: []})

        histories = store.read_histories(run.run_id, ["rows", "a", "empty", "unknown"])

        keys = [MetricKey("a"), MetricKey("rows", "x"), MetricKey("rows", "y"), MetricKey("empty")]
        assert list(histories) == keys
        for key, history in histories.items():
            assert points_of(history) == points_of(store.read_history(run.run_id, key.name, key.column))

    def test_a_call_takes_one_place_and_a_row_one(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "a", 1.0)  # 1
        store.log_metrics(run.run_id, {"a": 1.0, "b": "x"})  # 2
        store.log_columns(run.run_id, "a", {None: [1.0, None, 2.0]})  # 3, 4, 5
        store.log_columns(run.run_id, "rows", {"x": [1, 2], "y": ["p", 2.0]}, kind=MetricKind.ROW)  # 6, 7
        store.log_columns(run.run_id, "rows", {"y": [3], "z": [4]}, kind=MetricKind.ROW)  # 8
        store.log_metric(run.run_id, "b", None)  # 9

        places = {key: [point[0] for point in points] for key, points in read_all(store, run.run_id).items()}

        assert places == {
            MetricKey("a"): [1, 2, 3, 4, 5],
            MetricKey("b"): [2, 9],
            MetricKey("rows", "x"): [6, 7],
            MetricKey("rows", "y"): [6, 7, 8],
            MetricKey("rows", "z"): [8],
        }
        steps = {key: [point[1] for point in points] for key, points in read_all(store, run.run_id).items()}
        assert steps[MetricKey("rows", "y")] == [0, 1, 2]
        assert steps[MetricKey("rows", "z")] == [0]

    def test_each_run_has_its_own_order(self, store: RunStore) -> None:
        runs = [new_run(store) for _ in range(3)]
        for i in range(30):
            store.log_metric(runs[i % 3].run_id, "loss", float(i))

        for first, run in enumerate(runs):
            history = store.read_history(run.run_id, "loss")
            assert list(history.seqs) == list(range(1, 11))
            assert list(history.values) == [float(i) for i in range(first, 30, 3)]

    def test_series_are_listed_as_they_were_first_logged(self, store: RunStore) -> None:
        run = new_run(store)
        for name in ("zebra", "ant", "middle"):
            store.log_metric(run.run_id, name, 1.0)
        store.log_columns(run.run_id, "beetle", {"z": [1], "a": [1]}, kind=MetricKind.ROW)
        store.log_metrics(run.run_id, {"ant": 1.0, "wasp": 1.0})

        keys = [one.key for one in store.summarize_metrics(run.run_id)]

        assert [key.name for key in keys] == ["zebra", "ant", "middle", "beetle", "beetle", "wasp"]
        assert [key.column for key in keys if key.name == "beetle"] == ["z", "a"]

    @pytest.mark.parametrize("is_ended", [False, True], ids=["running", "ended"])
    def test_a_long_metric_keeps_every_point(self, store: RunStore, is_ended: bool) -> None:
        run = new_run(store)
        for i in range(MANY):
            store.log_metric(run.run_id, "loss", i / 8, logged_at=float(i))
        if is_ended:
            store.set_status(run.run_id, RunStatus.COMPLETED)

        history = store.read_history(run.run_id, "loss")

        assert list(history.values) == [i / 8 for i in range(MANY)]
        assert list(history.steps) == list(range(MANY))
        assert list(history.seqs) == list(range(1, MANY + 1))
        assert list(history.times) == list(map(float, range(MANY)))
        check_all_summaries(store, run.run_id)

    @pytest.mark.parametrize("is_ended", [False, True], ids=["running", "ended"])
    def test_a_long_metric_of_all_sorts_keeps_every_point(self, store: RunStore, is_ended: bool) -> None:
        run = new_run(store)
        for i in range(MANY):
            step = (None, i, MANY - i, 7)[i % 4]  # counted, ascending, descending, repeated
            store.log_metric(run.run_id, "wild", wild_value(i), step)
        if is_ended:
            store.set_status(run.run_id, RunStatus.COMPLETED)

        history = store.read_history(run.run_id, "wild")

        assert values_of(history) == [exact(wild_value(i)) for i in range(MANY)]
        assert [history.steps[i] for i in range(MANY) if i % 4] == [
            (i, MANY - i, 7)[i % 4 - 1] for i in range(MANY) if i % 4
        ]
        assert [history.steps[i] for i in range(4, MANY, 4)] == [8] * len(range(4, MANY, 4))  # one after the repeated 7
        assert list(history.seqs) == list(range(1, MANY + 1))
        check_all_summaries(store, run.run_id)

    def test_sparse_metrics_and_those_that_come_and_go(self, store: RunStore) -> None:
        run = new_run(store)
        expected: dict[str, list[tuple[int, int, object]]] = {}
        for i in range(MANY):
            values: dict[str, MetricValue] = {"dense": i / 2}
            if i % 7 == 0:
                values["sparse"] = i
            if i % 900 == 5:
                values["rare"] = wild_value(i)
            if 1_500 <= i < 2_600:
                values["late, gone"] = -i / 4
            if i == 2_000:
                values["once"] = "here"
            store.log_metrics(run.run_id, values, i)
            for name, value in values.items():
                expected.setdefault(name, []).append((i + 1, i, exact(value)))

        for name, points in expected.items():
            assert [point[:3] for point in points_of(store.read_history(run.run_id, name))] == points
        assert len(store.summarize_metrics(run.run_id)) == len(expected)
        check_all_summaries(store, run.run_id)

        store.set_status(run.run_id, RunStatus.COMPLETED)

        for name, points in expected.items():
            assert [point[:3] for point in points_of(store.read_history(run.run_id, name))] == points
        check_all_summaries(store, run.run_id)

    def test_a_wide_run_keeps_every_point(self, store: RunStore) -> None:
        run = new_run(store)
        for step in range(1_100):
            store.log_metrics(run.run_id, {f"metric {i}": step + i / 64 for i in range(50)}, step)

        summaries = store.summarize_metrics(run.run_id)

        assert [one.key.name for one in summaries] == [f"metric {i}" for i in range(50)]
        for i in (0, 17, 49):
            history = store.read_history(run.run_id, f"metric {i}")
            assert list(history.values) == [step + i / 64 for step in range(1_100)]
            check_summary(summaries[i], history)

    def test_a_metric_that_changes_its_type_keeps_every_value(self, store: RunStore) -> None:
        run = new_run(store)
        values: list[MetricValue] = [*range(1_500), *(i / 2 for i in range(1_500)), "end", *range(100)]
        for i, value in enumerate(values):
            if i % 2:
                store.log_metric(run.run_id, "a", value)
            else:
                store.log_metrics(run.run_id, {"a": value, "b": value})

        assert values_of(store.read_history(run.run_id, "a")) == [exact(value) for value in values]
        assert values_of(store.read_history(run.run_id, "b")) == [exact(value) for value in values[::2]]
        check_all_summaries(store, run.run_id)

    @pytest.mark.parametrize("kind", ["floats", "ints", "list of floats", "wild"])
    def test_a_long_list_is_kept_between_single_points(self, store: RunStore, kind: str) -> None:
        run = new_run(store)
        lists: dict[str, Sequence[MetricValue]] = {
            "floats": array("d", [i / 8 for i in range(5_000)]),
            "ints": array("q", range(5_000)),
            "list of floats": [i / 8 for i in range(5_000)],
            "wild": [wild_value(i) for i in range(5_000)],
        }
        values = lists[kind]
        store.log_metric(run.run_id, "a", -1.0, 99)
        store.log_columns(run.run_id, "a", {None: values}, logged_at=5.0)
        store.log_metric(run.run_id, "a", -2.0)
        store.log_columns(run.run_id, "a", {None: values[:10]})

        history = store.read_history(run.run_id, "a")

        assert values_of(history) == [exact(value) for value in (-1.0, *values, -2.0, *values[:10])]
        assert list(history.steps) == list(range(99, 99 + 5_012))
        assert list(history.seqs) == list(range(1, 5_013))
        assert set(history.times[1:5_001]) == {5.0}
        check_all_summaries(store, run.run_id)

    def test_a_long_table_keeps_its_rows_together(self, store: RunStore) -> None:
        run = new_run(store)
        x = [i / 8 for i in range(5_000)]
        label = [f"row {i}" if i % 3 else i for i in range(5_000)]
        store.log_metric(run.run_id, "other", 0.0)
        store.log_columns(run.run_id, "table", {"x": x, "label": label}, kind=MetricKind.ROW)
        store.log_columns(run.run_id, "table", {"label": ["last"]}, kind=MetricKind.ROW)

        of_x = store.read_history(run.run_id, "table", "x")
        of_label = store.read_history(run.run_id, "table", "label")

        assert list(of_x.values) == x
        assert values_of(of_label) == [exact(value) for value in (*label, "last")]
        assert list(of_x.seqs) == list(range(2, 5_002))
        assert list(of_label.seqs) == list(range(2, 5_003))
        check_all_summaries(store, run.run_id)

    def test_many_rows_one_by_one(self, store: RunStore) -> None:
        run = new_run(store)
        for i in range(1_300):
            columns: dict[str | None, list[MetricValue]] = {"x": [i]}
            if i % 3 == 0:
                columns["y"] = [wild_value(i)]
            store.log_columns(run.run_id, "rows", columns, kind=MetricKind.ROW)

        assert list(store.read_history(run.run_id, "rows", "x").values) == list(range(1_300))
        of_y = store.read_history(run.run_id, "rows", "y")
        assert values_of(of_y) == [exact(wild_value(i)) for i in range(0, 1_300, 3)]
        assert list(of_y.seqs) == list(range(1, 1_301, 3))
        assert list(of_y.steps) == list(range(len(of_y)))
        check_all_summaries(store, run.run_id)

    def test_many_threads_lose_nothing(self, store: RunStore) -> None:
        run = new_run(store)
        errors: list[BaseException] = []

        def write(worker: int) -> None:
            try:
                own = new_run(store, display_name=f"own {worker}")
                for i in range(150):
                    store.log_metric(run.run_id, f"metric {worker}", float(i))
                    store.log_metrics(run.run_id, {"shared": worker * 1_000 + i, "wide": 1.0})
                    store.log_metric(own.run_id, "own", i)
                assert list(store.read_history(own.run_id, "own").values) == list(range(150))
            except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
                errors.append(error)

        threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert errors == []
        shared = store.read_history(run.run_id, "shared")
        assert len(shared) == 8 * 150
        assert len(set(shared.seqs)) == 8 * 150
        assert list(shared.steps) == list(range(8 * 150))
        for worker in range(8):
            assert list(store.read_history(run.run_id, f"metric {worker}").values) == [float(i) for i in range(150)]
            assert [value for value in shared.values if value // 1_000 == worker] == [  # type: ignore[operator]
                worker * 1_000 + i for i in range(150)
            ]
        check_all_summaries(store, run.run_id)
