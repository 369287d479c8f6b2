"""What lists of runs cost: steps of SQLite's machine, which do not depend on how busy a computer is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import (
    MetricAspect,
    MetricCondition,
    MetricOrder,
    NewRun,
    RunOrder,
    RunOrderKey,
    RunQuery,
    RunView,
    TextCondition,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite import list_changes
from aml_widgets.store.sqlite.store import SqliteRunStore

from .conftest import start_run

FEW, MANY = 60, 2_000
LIMIT = 20

ORDERS: list[MetricOrder | RunOrder | None] = [
    None,
    *(RunOrder(by=by, is_descending=is_descending) for by in RunOrderKey for is_descending in (False, True)),
    *(MetricOrder(name="loss", of=of, ascending=ascending) for of in MetricAspect for ascending in (False, True)),
]


def fill(folder: Path, count: int) -> SqliteRunStore:
    store = SqliteRunStore.open(folder)
    ids = [store.open_experiment(name).experiment_id for name in ("even", "odd")]
    for i in range(count):
        run = store.create_run(
            NewRun(experiment_id=ids[i % 2], status=RunStatus.RUNNING, display_name=f"run {i * 7919 % count}")
        )
        store.log_metric(run.run_id, "loss", float(i * 31 % count))
        if i < count - 3:
            store.set_status(run.run_id, RunStatus.FAILED if i % 5 else RunStatus.COMPLETED)
    return store


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqliteRunStore, SqliteRunStore]]:
    folder = tmp_path_factory.mktemp("lists")
    few, many = fill(folder / "few", FEW), fill(folder / "many", MANY)
    yield few, many
    few.close()
    many.close()


def steps(store: SqliteRunStore, ask: Callable[[SqliteRunStore], object]) -> int:
    """Count the steps of the machine that runs SQL statements."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection = store._database.reader()
    connection.set_progress_handler(count, 1)
    try:
        ask(store)
    finally:
        connection.set_progress_handler(None, 0)
    assert taken > 0
    return taken


# By a metric with those that go on first, all that have the metric are looked at: that costs more, and is not promised.
@pytest.mark.parametrize(
    ("order", "running_first"),
    [(order, is_so) for order in ORDERS for is_so in (False, True) if not (is_so and isinstance(order, MetricOrder))],
    ids=str,
)
def test_the_first_page_costs_the_same_among_many_runs(
    stores: tuple[SqliteRunStore, SqliteRunStore], order: MetricOrder | RunOrder | None, running_first: bool
) -> None:
    for view in (RunView.ACTIVE, RunView.ALL):
        query = RunQuery(view=view, order_by=order, running_first=running_first, limit=LIMIT)

        few, many = (
            steps(store, lambda store, query=query: store.list_runs(query))  # type: ignore[misc]  # mypy cannot infer a lambda's default
            for store in stores
        )

        assert many <= 1.5 * few


def test_the_first_page_of_an_experiment_costs_the_same_among_many_runs(
    stores: tuple[SqliteRunStore, SqliteRunStore],
) -> None:
    def ask(store: SqliteRunStore) -> None:
        experiment_id = store.open_experiment("odd").experiment_id
        for view in (RunView.ACTIVE, RunView.ALL):
            assert len(store.list_runs(RunQuery(experiment_id=experiment_id, view=view, limit=LIMIT)).runs) == LIMIT

    few, many = (steps(store, ask) for store in stores)

    assert many <= 1.5 * few


def test_asking_for_changes_costs_the_same_among_many_runs(stores: tuple[SqliteRunStore, SqliteRunStore]) -> None:
    cursors = {store: store.run_list_changes().cursor for store in stores}

    few, many = (steps(store, lambda store: store.run_list_changes(cursors[store])) for store in stores)

    assert many <= 1.2 * few


def test_a_list_that_nothing_happens_to_is_not_counted_again(stores: tuple[SqliteRunStore, SqliteRunStore]) -> None:
    _, store = stores
    for query in (RunQuery(), RunQuery(text=("run",)), RunQuery(order_by=MetricOrder(name="loss"))):
        first = steps(store, lambda store, query=query: store.count_runs(query))  # type: ignore[misc]  # as above
        again = steps(store, lambda store, query=query: store.count_runs(query))  # type: ignore[misc]  # as above

        assert again < first / 3
        assert store.count_runs(query) == MANY


def test_what_was_counted_is_forgotten_when_another_process_changes_something(
    store: SqliteRunStore, folder: Path
) -> None:
    other = SqliteRunStore.open(folder)
    query = RunQuery(texts=(TextCondition(text="gone", is_negated=True),))
    runs = []
    for i in range(4):
        assert (store.count_runs(query), store.count_runs(RunQuery())) == (i, i)
        runs.append(start_run(other))
    other.set_status(runs[0].run_id, RunStatus.COMPLETED)
    assert store.count_runs(query) == 4
    other.update_run(runs[0].run_id, description="gone")
    assert store.count_runs(query) == 3
    other.trash_run(runs[0].run_id)
    assert store.count_runs(RunQuery()) == 3
    other.restore_run(runs[0].run_id)
    assert store.count_runs(RunQuery()) == 4
    other.close()


def test_a_list_is_no_larger_than_its_moment(store: SqliteRunStore, folder: Path) -> None:
    """A page and its count from one look at the clock of another process: none is told twice or left out."""
    other = SqliteRunStore.open(folder)
    for _ in range(30):
        start_run(other)
    first = store.list_runs(RunQuery(limit=10))
    for _ in range(5):
        start_run(other)
    second = store.list_runs(RunQuery(limit=10, page_token=first.next_page_token))

    assert len({run.run_id for run in (*first.runs, *second.runs)}) == 20
    other.close()


def test_a_cursor_stays_short_however_many_runs_go_on(store: SqliteRunStore) -> None:
    for i in range(list_changes.MAX_MARKED + 50):
        run = start_run(store)
        if i % 50 == 0:
            store.log_columns(run.run_id, "loss", {None: [0.5] * 70_000})

    cursor = store.run_list_changes().cursor

    assert len(cursor) < 4_000
    told = store.run_list_changes(cursor).runs
    assert len(told) == 50  # those that it does not remember, each time


@pytest.mark.parametrize(
    "query",
    [
        RunQuery(conditions=(MetricCondition(name="\ud800", operator=">", number=1),)),
        RunQuery(order_by=MetricOrder(name="\ud800")),
        RunQuery(run_type="\ud800"),
    ],
    ids=["condition", "order", "type"],
)
def test_half_a_character_is_refused_and_not_a_fault(store: SqliteRunStore, query: RunQuery) -> None:
    start_run(store)

    for ask in (store.list_runs, store.count_runs, lambda query: store.which_fit(["a"], query)):
        with pytest.raises(UserError, match="surrogate"):
            ask(query)
    with pytest.raises(UserError, match="surrogate"):
        store.which_fit(["\ud800"], RunQuery())
    assert store.count_runs(RunQuery()) == 1
