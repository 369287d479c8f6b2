from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_widgets import testing
from aml_widgets.core.records import MetricKind, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.testing.facts_histories import check_all_summaries
from aml_widgets.testing.seeded import tiny_png

SEEDS: dict[Callable[[RunStore], RunRecord], RunStatus] = {
    testing.empty_run: RunStatus.NOT_STARTED,
    testing.running_run: RunStatus.RUNNING,
    testing.finished_run: RunStatus.COMPLETED,
    testing.failed_run: RunStatus.FAILED,
    testing.wide_run: RunStatus.RUNNING,
    testing.long_run: RunStatus.RUNNING,
    testing.every_kind_run: RunStatus.COMPLETED,
    testing.hostile_run: RunStatus.FAILED,
    testing.nan_run: RunStatus.RUNNING,
    testing.run_with_logs: RunStatus.RUNNING,
}


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    store: RunStore = MemoryRunStore() if request.param == "memory" else SqliteRunStore.open(tmp_path / "workspace")
    yield store
    store.close()


@pytest.mark.parametrize(("seed", "status"), SEEDS.items(), ids=lambda seed: getattr(seed, "__name__", ""))
def test_a_seeded_run_is_what_its_name_says(
    store: RunStore, seed: Callable[[RunStore], RunRecord], status: RunStatus
) -> None:
    run = seed(store)

    assert run == store.get_run(run.run_id)
    assert run.status is status
    for artifact in store.list_artifacts(run.run_id):
        assert store.artifacts.size(run.run_id, artifact.path) == artifact.size_bytes
    check_all_summaries(store, run.run_id)


def test_every_seeded_run_stands_beside_the_others(store: RunStore) -> None:
    runs = [seed(store) for seed in SEEDS]

    assert [run.number for run in runs] == list(range(1, len(runs) + 1))


def test_the_widths_and_lengths_can_be_chosen(store: RunStore) -> None:
    wide = testing.wide_run(store, n_metrics=3, n_steps=2)
    long = testing.long_run(store, n_points=10)

    assert [one.count for one in store.summarize_metrics(wide.run_id)] == [2, 2, 2]
    assert [(one.count, one.high) for one in store.summarize_metrics(long.run_id)] == [(10, 10.0)]


def test_every_kind_is_there(store: RunStore) -> None:
    run = testing.every_kind_run(store)

    assert {one.kind for one in store.summarize_metrics(run.run_id)} == set(MetricKind)


def test_the_failed_run_has_its_traceback(store: RunStore) -> None:
    run = testing.failed_run(store)

    assert run.error is not None
    assert run.error.traceback is not None
    assert run.error.traceback.startswith("Traceback")


def test_the_tiny_picture_is_one() -> None:
    from io import BytesIO

    from PIL import Image

    with Image.open(BytesIO(tiny_png())) as image:
        image.load()
        assert image.size == (8, 8)
