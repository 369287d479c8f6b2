from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import RunIsTerminal
from aml_widgets.core.records import MetricKind, MetricValue
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.testing import RunStoreContract
from aml_widgets.testing.facts_histories import check_all_summaries, wild_value
from aml_widgets.testing.support import Viewer, check_buckets, exact, new_run, read_all, values_of


class TestSqliteRunStore(RunStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[RunStore]:
        store = SqliteRunStore.open(tmp_path / "workspace")
        yield store
        store.close()


class TestTwoStoresOfOneFolder:
    """Two processes that write to one workspace, as far as one process can play both."""

    @pytest.fixture
    def stores(self, tmp_path: Path) -> Iterator[tuple[RunStore, RunStore]]:
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
