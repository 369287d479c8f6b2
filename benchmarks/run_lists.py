"""What the run browser's lists cost the store: with ten thousand runs, and when nothing happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.records import (
    MetricAspect,
    MetricOrder,
    NewRun,
    RunOrder,
    RunOrderKey,
    RunQuery,
    RunRecord,
    RunView,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.run_search import parse_search
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore
from benchmarks.figure import Figure, best_of, compare, timed

_NAMES = ["loss", "accuracy", "lr"]
_PAGE = 100
_LIVE = 5

_ACTIVE = RunQuery(view=RunView.ACTIVE, limit=_PAGE)
_PAGES = {
    "newest first": _ACTIVE,
    "running first": RunQuery(view=RunView.ACTIVE, limit=_PAGE, running_first=True),
    "by name": RunQuery(view=RunView.ACTIVE, limit=_PAGE, order_by=RunOrder(by=RunOrderKey.NAME)),
    "by duration": RunQuery(
        view=RunView.ACTIVE, limit=_PAGE, order_by=RunOrder(by=RunOrderKey.DURATION, is_descending=True)
    ),
    "by status": RunQuery(view=RunView.ACTIVE, limit=_PAGE, order_by=RunOrder(by=RunOrderKey.STATUS)),
    "by lowest loss": RunQuery(
        view=RunView.ACTIVE, limit=_PAGE, order_by=MetricOrder(name="loss", of=MetricAspect.LOW, ascending=True)
    ),
}


def _fill(folder: Path, count: int) -> tuple[SqliteRunStore, list[RunRecord]]:
    """Make runs of which a few go on, with the properties that a notebook's runs have."""
    store = SqliteRunStore.open(folder)
    experiment = store.open_experiment("bench")
    runs = []
    for i in range(count):
        run = store.create_run(
            NewRun(
                experiment_id=experiment.experiment_id,
                status=RunStatus.RUNNING,
                display_name=f"trial {i * 7919 % count}",
                tags={"model": "ridge", "fold": str(i % 5)},
                properties={
                    "aml_widgets.notebook_path": f"work/notebook-{i // 100}.ipynb",
                    "aml_widgets.packages": '{"numpy": "2.0.0", "scikit-learn": "1.5.0", "torch": "2.4.0"}',
                    "azureml.git.commit": "0123456789abcdef0123456789abcdef01234567",
                },
            )
        )
        for step in range(3):
            store.log_metrics(run.run_id, dict.fromkeys(_NAMES, (i * 7919 % count) / count + step))
        if i < count - _LIVE:
            store.set_status(run.run_id, RunStatus.COMPLETED if i % 9 else RunStatus.FAILED)
        runs.append(run)
    return store, runs


def _first_page(store: SqliteRunStore, query: RunQuery) -> Callable[[], None]:
    """Ask for all that the first page of a list is made of."""

    def read() -> None:
        cursor = store.run_list_changes().cursor
        page = store.list_runs(query)
        summaries = store.summarize_runs([run.run_id for run in page.runs], ["loss"])
        assert cursor
        assert len(page.runs) == len(summaries)
        if isinstance(query.order_by, MetricOrder):  # to count those that have a metric is a figure of its own
            assert len(page.runs) > _PAGE / 2
        else:
            assert len(page.runs) == min(_PAGE, store.count_runs(query))

    return read


def _read_all_texts(folder: Path) -> None:
    connection = sqlite3.connect(folder / DATABASE_NAME)
    rows = connection.execute("select run_id, display_name, description, tags, properties from run").fetchall()
    assert len(rows) == 10_000
    connection.close()


def _pairs_after_changes(
    stores: tuple[SqliteRunStore, SqliteRunStore], run_ids: tuple[str, str], query: RunQuery
) -> list[tuple[float, float]]:
    """Time first pages that are asked for when something has just changed, so that nothing of them is known already."""
    pairs = []
    for turn in range(7):
        times: list[float] = []
        for store, run_id in zip(stores, run_ids, strict=True):
            seconds = []
            for i in range(5):
                store.update_run(run_id, tags={"turn": f"{turn} {i}"})
                seconds.append(timed(_first_page(store, query)))
            times.append(min(seconds) * 1e3)
        pairs.append((times[0], times[1]))
    return pairs


def _pairs(
    turns: int, ours: Callable[[], object], theirs: Callable[[], object], unit: float
) -> list[tuple[float, float]]:
    return [(best_of(5, ours) * unit, best_of(5, theirs) * unit) for _ in range(turns)]


def run_lists(folder: Path) -> list[Figure]:
    """The first page, a search and an idle poll: of 10,000 runs against 100."""
    many, many_runs = _fill(folder / "many", 10_000)
    few, few_runs = _fill(folder / "few", 100)
    figures = []
    for name, query in _PAGES.items():
        pairs = _pairs_after_changes((many, few), (many_runs[0].run_id, few_runs[0].run_id), query)
        figures.append(compare(f"first page of 10,000 runs, {name}", "the same of 100", 2, pairs, unit="ms"))
    for name, query, found in (
        ("a word that none has", parse_search("trial-none").narrow(_ACTIVE), 0),
        ("a number that few have", parse_search("loss < 2.01 status:failed").narrow(_ACTIVE), None),
        ("those that have a metric", _PAGES["by lowest loss"], 10_000),
        ("the runs of a notebook", RunQuery(properties={"aml_widgets.notebook_path": "work/notebook-3.ipynb"}), 100),
    ):
        pairs = []
        for _ in range(5):
            many.update_run(many_runs[0].run_id, tags={"turn": clock.new_id()})
            ours = timed(lambda query=query: many.count_runs(query))  # type: ignore[misc]  # mypy cannot infer a lambda's default
            pairs.append((ours * 1e3, best_of(3, lambda: _read_all_texts(folder / "many")) * 1e3))
            assert found in (None, many.count_runs(query))
        figures.append(compare(f"search 10,000 runs: {name}", "reading their texts with sqlite3", 8, pairs, unit="ms"))

    cursors = {store: store.run_list_changes().cursor for store in (many, few)}

    def idle(store: SqliteRunStore) -> Callable[[], None]:
        def ask() -> None:
            for _ in range(20):
                assert store.run_list_changes(cursors[store]).runs == ()

        return ask

    pairs = _pairs(7, idle(many), idle(few), 1e6 / 20)
    figures.append(compare(f"idle poll of 10,000 runs, {_LIVE} go on", "the same of 100", 1.5, pairs, unit="us"))
    many.close()
    few.close()
    return figures
