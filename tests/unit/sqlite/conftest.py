"""A store on a real file, and a running run in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite.store import SqliteRunStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def store(folder: Path) -> Iterator[SqliteRunStore]:
    store = SqliteRunStore.open(folder)
    yield store
    store.close()


@pytest.fixture
def run(store: SqliteRunStore) -> RunRecord:
    return start_run(store)


def start_run(store: SqliteRunStore) -> RunRecord:
    experiment = store.open_experiment("ridge")
    return store.create_run(NewRun(experiment_id=experiment.experiment_id, status=RunStatus.RUNNING))
