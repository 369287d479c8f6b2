from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from aml_widgets.core.errors import RunIsTerminal
from aml_widgets.core.records import MetricKind, MetricValue, NewPoint
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.testing import RunStoreContract
from aml_widgets.testing.facts_histories import check_all_summaries, wild_value
from aml_widgets.testing.facts_repeats import RepeatFacts
from aml_widgets.testing.support import Viewer, check_buckets, exact, new_run, read_all, values_of


class TestSqliteRunStore(RunStoreContract, RepeatFacts):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[RunStore]:
        store = SqliteRunStore.open(tmp_path / "workspace")
        yield store
        store.close()


class TestTwoStoresOfOneFolder:
    """Two processes that write to one workspace, as far as one process can play both."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[tuple[SqliteRunStore, SqliteRunStore]]:
        first, second = SqliteRunStore.open(tmp_path), SqliteRunStore.open(tmp_path)
        yield first, second
        first.close()
        second.close()

    @pytest.mark.parametrize("turn_length", [1, 3, 700, 1_024])
    def test_writers_take_turns_and_lose_nothing(self, stores: tuple[RunStore, RunStore], turn_length: int) -> None:
        run_id = new_run(stores[0]).run_id
        viewer = Viewer(stores[1], run_id)
        expected: dict[str, list[tuple[str, object]]] = {}
        for i in range(2_600):
            store = stores[i // turn_length % 2]
            values: dict[str, MetricValue] = {"number": i / 2}
            if i % 5 == 0:
                values |= {"wild": wild_value(i), "int": i}
            if i % 2:
                store.log_metric(run_id, "single", i)
                expected.setdefault("single", []).append(exact(i))
            store.log_metrics(run_id, values)
            for name, value in values.items():
                expected.setdefault(name, []).append(exact(value))
            if i % 400 == 0:
                viewer.look()
            if i == 1_300:
                store.log_columns(run_id, "number", {None: [float(j) for j in range(2_000)]})
                expected["number"] += [exact(float(j)) for j in range(2_000)]
        viewer.look()

        for reader in stores:
            for name, values_expected in expected.items():
                history = reader.read_history(run_id, name)
                assert values_of(history) == values_expected
                assert list(history.steps) == list(range(len(values_expected)))
                for max_buckets in (2, 50, 1_000):
                    check_buckets(reader.read_envelope(run_id, name, max_buckets=max_buckets), history, max_buckets)
            check_all_summaries(reader, run_id)
        assert viewer.points == read_all(stores[0], run_id)

    def test_an_end_reaches_the_other_writer(self, stores: tuple[RunStore, RunStore]) -> None:
        first, second = stores
        run_id = new_run(first).run_id
        for store in stores:
            store.log_metric(run_id, "loss", 1.0)
            store.log_metrics(run_id, {"loss": 1.0, "other": 2.0})
        first.set_status(run_id, RunStatus.COMPLETED)

        for _ in range(2):
            with pytest.raises(RunIsTerminal):
                second.log_metric(run_id, "loss", 2.0)
            with pytest.raises(RunIsTerminal):
                second.log_metrics(run_id, {"loss": 2.0, "other": 2.0})
            with pytest.raises(RunIsTerminal):
                second.log_columns(run_id, "loss", {None: [2.0]})
        assert len(second.read_history(run_id, "loss")) == 4

    def test_a_name_has_one_kind_for_both(self, stores: tuple[RunStore, RunStore]) -> None:
        first, second = stores
        run_id = new_run(first).run_id
        second.log_metric(run_id, "a", 1.0)
        first.log_metric(run_id, "a", 2.0)
        first.log_columns(run_id, "rows", {"x": [1]}, kind=MetricKind.ROW)

        second.log_columns(run_id, "rows", {"x": [2], "y": [3]}, kind=MetricKind.ROW)

        assert list(first.read_history(run_id, "rows", "x").values) == [1, 2]
        assert list(first.read_history(run_id, "rows", "y").values) == [3]
        assert list(second.read_history(run_id, "a").values) == [1.0, 2.0]
        assert len(first.summarize_metrics(run_id)) == 3

    @pytest.mark.parametrize("turn_length", [1, 3, 700])
    def test_what_one_writer_has_stored_is_known_to_the_other(
        self, stores: tuple[SqliteRunStore, SqliteRunStore], turn_length: int
    ) -> None:
        run_id = new_run(stores[0]).run_id
        for i in range(2_600):
            mine, other = stores if i // turn_length % 2 else stores[::-1]
            batch = [NewPoint("number", i / 2, i, float(i)), NewPoint("constant", 1.0, 0, float(i))]
            if i > 1_500:  # a name that the other has not heard of yet
                batch.append(NewPoint("late", i, i, float(i)))
            mine.log_new_points(run_id, batch)
            if i % 3 == 0:
                mine.log_metric(run_id, "single", i, i, i / 2)
            if i % 300 == 0:  # enough to be sealed, and far behind what is in the tail
                mine.log_columns(run_id, "list", {None: [float(j) for j in range(1_200)]}, logged_at=float(i))
            other.log_new_points(run_id, [*batch, NewPoint("single", i // 3 * 3, i // 3 * 3, i // 3 * 3 / 2)])

        counts = {one.key.name: one.count for one in stores[0].summarize_metrics(run_id)}
        assert counts == {"number": 2_600, "constant": 2_600, "late": 1_099, "single": 867, "list": 9 * 1_200}
        check_all_summaries(stores[1], run_id)

    def test_of_one_batch_sent_twice_at_once_one_is_kept(self, stores: tuple[SqliteRunStore, SqliteRunStore]) -> None:
        run_id = new_run(stores[0]).run_id
        batches = [[NewPoint("loss", i / 7, i, float(i)) for i in range(n, n + 10)] for n in range(0, 300, 10)]
        barrier = threading.Barrier(4)

        def send(store: SqliteRunStore) -> None:
            for batch in batches:
                barrier.wait(60)
                store.log_new_points(run_id, batch)

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(send, store) for store in (*stores, *stores)]:
                done.result(120)

        assert list(stores[0].read_history(run_id, "loss").steps) == list(range(300))


def test_to_find_a_repeat_costs_no_more_where_the_history_is_long(tmp_path: Path) -> None:
    store = SqliteRunStore.open(tmp_path)
    costs = []
    for n_blocks in (20, 400):
        run_id = new_run(store).run_id
        store.log_columns(run_id, "loss", {None: [0.5] * (n_blocks * 1_024)}, logged_at=1.0)
        point = NewPoint("loss", 0.5, n_blocks * 1_024, 2.0)
        old = NewPoint("loss", 0.5, n_blocks * 1_024 - 1, 1.0)
        costs.append([_count_instructions(store, run_id, one) for one in (point, point, old)])

        assert len(store.read_history(run_id, "loss")) == n_blocks * 1_024 + 1
    store.close()

    short, long = costs
    assert long == pytest.approx(short, rel=0.1)


def _count_instructions(store: SqliteRunStore, run_id: str, point: NewPoint) -> int:
    """Count what SQLite's machine does to log a point, which is the same at every load of this one."""
    count = 0

    def note() -> None:
        nonlocal count
        count += 1

    writer = store._database.writer()
    writer.set_progress_handler(note, 1)
    try:
        store.log_new_points(run_id, [point])
    finally:
        writer.set_progress_handler(None, 0)
    return count
