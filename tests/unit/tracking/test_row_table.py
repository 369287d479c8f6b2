"""Rows of a metric: the columns of its history put side by side."""

from __future__ import annotations

import pytest

from aml_widgets.core.records import MetricKind
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import new_run
from aml_widgets.tracking.row_table import MISSING, RowTable


@pytest.fixture
def store() -> MemoryRunStore:
    return MemoryRunStore()


def table_of(store: RunStore, run_id: str) -> RowTable:
    histories = store.read_histories(run_id, ["table"])
    return RowTable({key.column: history for key, history in histories.items()})


def test_rows_of_sparse_columns_are_joined_by_their_place_in_the_order_of_writing(store: MemoryRunStore) -> None:
    run_id = new_run(store).run_id
    store.log_columns(run_id, "table", {"a": [1.0]}, kind=MetricKind.ROW)
    store.log_columns(run_id, "table", {"a": [2.0], "b": ["x"]}, kind=MetricKind.ROW)
    store.log_columns(run_id, "table", {"b": [None]}, kind=MetricKind.ROW)

    table = table_of(store, run_id)
    rows = table.rows(0, 10)

    assert rows.total == 3
    assert list(rows.cells) == [(1.0, MISSING), (2.0, "x"), (MISSING, None)]
    assert table.rows(1, 2).cells == [(2.0, "x")]
    assert table.seqs(0, 10) == sorted(set(table.seqs(0, 10)))
    assert table.seqs(1, 2) == table.seqs(0, 10)[1:2]
    assert table.seqs(3, 3) == []


def test_dense_columns_share_their_places(store: MemoryRunStore) -> None:
    run_id = new_run(store).run_id
    store.log_columns(run_id, "table", {"a": [1, 2], "b": [3, 4]}, kind=MetricKind.ROW)

    table = table_of(store, run_id)

    assert table.rows(0, 2).cells == [(1, 3), (2, 4)]
    assert len(table.seqs(0, 9)) == 2


def test_a_metric_that_nobody_logged_has_no_rows() -> None:
    table = RowTable({})

    assert (table.total, table.seqs(0, 5), list(table.rows(0, 5).cells)) == (0, [], [])
