"""Both stores list the same: one is plain Python, the other SQL over indexes."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aml_widgets.core import clock
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
    RunView,
    TagCondition,
    TextCondition,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.testing.support import new_run, page_through

_EXPERIMENTS = ["ridge", "Größe", "other"]
_NAMES = ["a", "A", "b", "ab", "Größe", "a%b", None]
_VALUES: list[MetricValue] = [0.5, 1, 2, 2.0, -3, math.nan, math.inf, 2**62, "text", None]


def _fill(store: RunStore) -> None:
    """Make the same runs in any store: of every sort, in every place."""
    dice = random.Random(7)
    ids: list[str] = []
    for i in range(70):
        parent = dice.choice(ids) if ids and dice.random() < 0.3 else None
        run = new_run(
            store,
            dice.choice([RunStatus.RUNNING, RunStatus.RUNNING, RunStatus.QUEUED, RunStatus.NOT_STARTED]),
            experiment=dice.choice(_EXPERIMENTS),
            run_id=f"run-{i}",
            display_name=dice.choice(_NAMES),
            description=dice.choice([None, "A text", "größer"]),
            run_type=dice.choice([None, "script"]),
            tags={key: dice.choice(["1", "Ridge", None]) for key in ("t", "T u", 'q"') if dice.random() < 0.5},
            properties={key: dice.choice(["1", '"p": "1"']) for key in ("p", "q") if dice.random() < 0.5},
            parent_run_id=parent,
        )
        ids.append(run.run_id)
        for name in ("x", "y z"):
            if dice.random() < 0.7:
                values: list[MetricValue] = [dice.choice(_VALUES) for _ in range(dice.randint(0, 4))]
                store.log_columns(run.run_id, name, {None: values})
        if dice.random() < 0.3:
            store.log_columns(run.run_id, "rows", {"c": [dice.choice([1, 2.5])]}, kind=MetricKind.ROW)
        if dice.random() < 0.8:
            store.set_status(run.run_id, dice.choice([RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED]))
    for run_id in ids:
        if dice.random() < 0.2:
            store.archive_run(run_id, is_archived=True)
        below = page_through(store, RunQuery(parent_run_id=run_id, include_children=True))
        is_over = all(run.status.is_terminal for run in (store.get_run(run_id), *below))
        if is_over and dice.random() < 0.2:
            store.trash_run(run_id)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunStore, RunStore]]:
    """Make both stores hold the same, their clocks ticking alike."""
    sqlite = SqliteRunStore.open(tmp_path_factory.mktemp("lists"))
    both: tuple[RunStore, RunStore] = (MemoryRunStore(), sqlite)
    with pytest.MonkeyPatch.context() as patch:
        for store in both:
            ticks = iter(range(1_000_000, 10_000_000))
            patch.setattr(clock, "now", lambda ticks=ticks: float(next(ticks)))
            _fill(store)
        patch.setattr(clock, "now", lambda: 2_000_000.0)
        yield both
    sqlite.close()


_TEXTS = st.sampled_from(["a", "RIDGE", "größ", "run-1", "text", "1", "", "%", "zz"])
_ASPECTS = st.sampled_from(MetricAspect)
_METRICS = st.sampled_from([("x", None), ("y z", None), ("rows", "c"), ("rows", None), ("nothing", None)])
_ORDERS = st.one_of(
    st.none(),
    st.builds(RunOrder, by=st.sampled_from(RunOrderKey), is_descending=st.booleans()),
    st.builds(
        lambda metric, of, ascending: MetricOrder(name=metric[0], column=metric[1], of=of, ascending=ascending),
        _METRICS,
        _ASPECTS,
        st.booleans(),
    ),
)
_CONDITIONS = st.builds(
    lambda metric, operator, number, of, is_negated: MetricCondition(
        name=metric[0], column=metric[1], operator=operator, number=number, of=of, is_negated=is_negated
    ),
    _METRICS,
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
    st.sampled_from([0.5, 1, 2.0, -3, math.inf, 2**62, 2**62 + 1, 10**400]),
    _ASPECTS,
    st.booleans(),
)
_QUERIES = st.builds(
    RunQuery,
    run_type=st.none() | st.just("script"),
    statuses=st.none() | st.frozensets(st.sampled_from(RunStatus)),
    tags=st.dictionaries(
        st.sampled_from(["t", 'q"']),
        st.just(...) | st.none() | st.just("1") | st.just(frozenset({"1", None})),
        max_size=1,
    ),
    properties=st.dictionaries(
        st.sampled_from(["p"]), st.just(...) | st.just('"p": "1"') | st.just(frozenset({"1", "2"})), max_size=1
    ),
    parent_run_id=st.none() | st.sampled_from(["run-0", "run-3"]),
    include_children=st.booleans(),
    view=st.sampled_from(RunView),
    text=st.lists(_TEXTS, max_size=1).map(tuple),
    texts=st.lists(
        st.builds(TextCondition, text=_TEXTS, field=st.sampled_from(RunField), is_negated=st.booleans()), max_size=1
    ).map(tuple),
    tag_conditions=st.lists(
        st.builds(
            TagCondition,
            key=st.sampled_from(["T", "t U"]),
            value=st.sampled_from([None, "ridge", ""]),
            is_negated=st.booleans(),
        ),
        max_size=1,
    ).map(tuple),
    conditions=st.lists(_CONDITIONS, max_size=1).map(tuple),
    order_by=_ORDERS,
    running_first=st.booleans(),
    limit=st.sampled_from([1, 7, 100]),
)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(query=_QUERIES, experiment=st.none() | st.sampled_from(_EXPERIMENTS))
def test_both_stores_list_the_same(stores: tuple[RunStore, RunStore], query: RunQuery, experiment: str | None) -> None:
    listed = []
    for store in stores:
        of = None if experiment is None else store.open_experiment(experiment).experiment_id
        asked = replace(query, experiment_id=of)
        runs = page_through(store, asked)
        ids = [run.run_id for run in runs]
        assert len(ids) == len(set(ids)) == store.count_runs(asked)
        assert store.which_fit([f"run-{i}" for i in range(70)], asked) == set(ids)
        listed.append(ids)

    if isinstance(query.order_by, MetricOrder):  # which of equal numbers comes first is the store's choice
        assert set(listed[0]) == set(listed[1])
    else:
        assert listed[0] == listed[1]


def test_the_lists_are_worth_comparing(stores: tuple[RunStore, RunStore], tmp_path: Path) -> None:
    for store in stores:
        for view in RunView:
            assert store.count_runs(RunQuery(view=view)) > 3
            assert store.count_runs(RunQuery(view=view, include_children=True)) > store.count_runs(RunQuery(view=view))
